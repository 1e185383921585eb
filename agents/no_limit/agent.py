"""The agent of no-limit hold'em with any amount: a blueprint of a menu, both ranges along the hand, and a subgame for each late street.

*Beliefs.* Both ranges are followed over all hands along the line of play, by Bayes' rule: the agent's own by the policies that it really
played from, the opponent's by the last solve that has the state in its tree, the blueprint before any. A bet that neither offers counts
for the sizes around it, in the shares of ``search.off_tree.pseudo_harmonic``. Where the model gives an action to no hand at all, the action
tells nothing and the range stays as it was (``HandMemory.surprises`` counts that).

*Search.* With a street of ``solve_from`` a subgame begins that is rooted where the street began, with the real chips, and with the amounts
that were really bet in its tree; it is solved to the end of the hand. A flop's is solved in one of the ways of ``search.boards.flop_ways``,
and only its flop is played from. Its answer is played from until the street ends or the opponent bets an amount that is not in its tree:
then it is solved anew from the same root, with that amount. Elsewhere the blueprint plays, and where the clock allowed too few iterations
(``agents.no_limit.street_search``).

*What is safe.* The first solve of a hand takes both ranges for granted: it is unsafe, and right where the opponent's range is the model's.
Later ones may be held to the last one's bounds by a gadget, where that solve has some (``Solved.bound``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from agents.agent import BaseAgent, Decision
from agents.no_limit.hand import Blueprint, Hand, HandMemory, Ranges, Solved, StreetAnswer
from agents.no_limit.plan import Ladder
from agents.no_limit.street_search import TRANSLATE, Searched, StreetSearch
from agents.reporting.hand_grid import LEAST_MET, LEAST_REACH
from games.arrays import Float
from games.game import Action, Kind
from games.holdem.rules import HoldemGame, HoldemState
from games.holdem.subgame import Menus, state_in
from games.public_tree import CHANCE
from search import Budget, Deadline, Variant
from search.boards.flop_ways import CHOICES, FLOP, OFF
from search.gadgets import UNSAFE
from search.outcome import Outcome
from search.resolver import rounds_of, subgame_root

BOUNDED = (UNSAFE, "resolve", "maxmargin", "refined")  # reach_maxmargin and combined want gifts or the model
TRANSLATION = "mean of lines"  # part of the fingerprint: it was one drawn line before


class Valued(NamedTuple):
    """A decision of a solve.

    Attributes:
        game: that was solved.
        state: the decision in it.
        evs: [A, H] net chips that a deal brings after each action, if the player goes on as well as can be against the opponent's average
            strategy; NaN of hands that are not in the solve, or hardly meet the opponent there (``agents.reporting.hand_grid.LEAST_MET``).
    """

    game: HoldemGame
    state: HoldemState
    evs: Float


class NoLimitAgent(BaseAgent):
    """See the module.

    Args:
        game: with any amount; its menu is what the agent itself bets.
        blueprint: of the same game with a menu.
        variant: of CFR.
        solve_from: streets with which subgames begin, by name with + between; None to play the blueprint alone.
        menus: sizes of both players in subgames, by street of the whole game; unless given, ``agents.no_limit.plan`` chooses them for the
            time of each decision.
        threads: kernel threads of a solve.
        gadget: above a subgame for which the last solve of the hand has bounds, one of ``search.gadgets.GADGETS``; the first solve of a
            hand is ``unsafe``.
        off_tree: how amounts are met that a solve's tree lacks: ``insert`` solves anew with them, ``translate`` takes them for others.
        flop: how the flop is solved, one of ``search.boards.flop_ways.CHOICES``; ``off`` leaves it to ``solve_from``.

    Raises:
        ValueError: a ``solve_from`` that names no street after the first, no such gadget, or no such way.
    """

    def __init__(
        self,
        game: HoldemGame,
        blueprint: Blueprint,
        variant: Variant,
        solve_from: str | None = "turn+river",
        menus: Menus | None = None,
        threads: int = 1,
        gadget: str = UNSAFE,
        off_tree: str = "insert",
        flop: str = OFF,
    ) -> None:
        if gadget not in BOUNDED:
            raise ValueError(f"gadget must be one of {', '.join(BOUNDED)}, got {gadget!r}")
        if flop not in CHOICES:
            raise ValueError(f"flop must be one of {', '.join(CHOICES)}, got {flop!r}")
        if flop != OFF and len(game.rounds) < 3:
            raise ValueError(f"flop must be off in a game without a turn, got {flop!r}")
        self.gadget, self.off_tree, self.flop = gadget, off_tree, flop
        self.game, self.blueprint, self.variant, self.solve_from = game, blueprint, variant, solve_from
        self.menus, self.threads, self.thinks = menus, threads, solve_from is not None
        rounds = () if solve_from is None else rounds_of(solve_from, game.rounds)
        if rounds is None or 0 in rounds:
            raise ValueError(f"solve_from must be rounds after the first by name, with + between, got {solve_from!r}")
        self.rounds = rounds if flop == OFF or not self.thinks else tuple(sorted({*rounds, FLOP}))
        self.name = blueprint.name if solve_from is None else f"{blueprint.name}+{solve_from}:{gadget}:{variant.label}"
        self.name += ":translate" if off_tree == TRANSLATE and self.thinks else ""
        self.name += f":flop {flop}" if flop != OFF and self.thinks else ""
        self.search, self._loaded = StreetSearch(game, variant, menus, threads, gadget, off_tree, flop, self.rounds), False

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_loaded": False}

    def fingerprint(self) -> bytes:
        """See ``Agent``."""
        settings = self.rounds, TRANSLATION, *self.search.settings(self.rounds)
        fingerprint: bytes = repr((self.game.key, self.name, *settings)).encode() + self.blueprint.fingerprint()
        return fingerprint

    def load(self) -> None:
        """See ``Agent``: load every kernel by a solve of one iteration on each street, and learn how long subgames take to be built."""
        if self._loaded:
            return
        self._loaded = True
        self._hand(None).follow(self._checked_down(len(self.game.rounds) - 1))  # what the blueprint needs is compiled, too
        for street in self.rounds:
            state, hand = self._checked_down(street), self._hand(None)
            hand.follow(state)
            self.search.learn(hand, state)

    def _checked_down(self, street: int) -> HoldemState:
        """Return the first decision of a street in a hand in which nobody bets."""
        state, hands = self.game.root, self.game.deal(0.5)
        while self.game.round(state) < street or self.game.player(state) == CHANCE:
            if self.game.player(state) == CHANCE:
                state = self.game.chance(state, hands, 0.5)
            else:
                state = self.game.child(state, next(a for a in self.game.actions(state) if a.kind == Kind.PASS))
        return state

    def decide(self, seat: int, state: HoldemState, memory: HandMemory | None, budget: Budget) -> Decision:
        """See ``Agent``."""
        clock = Deadline(budget.seconds)
        hand = self._hand(memory)
        hand.follow(state)
        root = self._due(hand, seat, state)
        done = Searched(Outcome.NOT_DUE) if root is None else self.search.run(hand, root, state, budget, clock)
        policy = hand.model(state) if hand.policy is None else hand.policy
        played = hand.played | {state: policy}
        knows = HandMemory(state, hand.lines, hand.ranges[state], hand.solved, hand.surprises, hand.street, played)
        solved = root if done.outcome == Outcome.SEARCHED else None
        return Decision(
            policy, knows, clock.spent(), done.iterations, solved, done.outcome, spent=done.spent, plan=done.plan, stopped=done.stopped
        )

    def _due(self, hand: Hand, seat: int, state: HoldemState) -> HoldemState | None:
        """Return where the subgame begins that is due; None if the last answer, or the blueprint, is played on."""
        covered = hand.answer(state) is not None
        if not covered and self.game.round(state) in self.rounds:
            same = hand.solved is not None and hand.solved.root == hand.street[0]
            return None if same and self.off_tree == TRANSLATE else hand.street[0]  # the same tree would lack the line again
        return subgame_root(self.game, self.rounds, seat, state, self.game.round(hand.solved.root) if hand.solved and covered else None)

    def decide_from(self, state: HoldemState, ranges: Ranges, actions: Sequence[Action], budget: Budget) -> Decision:
        """Decide at a public state where both ranges are given and nothing else is known of the hand.

        The subgame begins at the state itself, in the street's usual tree. Elsewhere than on the agent's streets, and where time is too
        short, the blueprint is played.

        Args:
            state: a decision.
            ranges: [H] of both players there.
            actions: legal ones, which the policy [A, H] is over: each action of the tree counts for the nearest of them.
            budget: of the decision.
        """
        ladder = self.search.ladder(self.game.round(state))
        return self._from_ranges(state, ranges, actions, budget, Ladder((ladder.rungs[ladder.usual],)))[0]

    def decide_street(self, state: HoldemState, ranges: Ranges, budget: Budget) -> tuple[Decision, StreetAnswer]:
        """Decide at the start of a street where both ranges are given; also return what either seat plays on all of it.

        As ``decide_from``, but in the tree that the time allows, as ``decide`` chooses it.
        """
        return self._from_ranges(state, ranges, self.game.actions(state), budget, self.search.ladder(self.game.round(state)))

    def _from_ranges(
        self, state: HoldemState, ranges: Ranges, actions: Sequence[Action], budget: Budget, ladder: Ladder
    ) -> tuple[Decision, StreetAnswer]:
        clock, hand = Deadline(budget.seconds), self._hand(None)
        hand.ranges, hand.street, done = {state: ranges}, (state, ranges), Searched(Outcome.NOT_DUE)
        if self.thinks and self.game.round(state) in self.rounds:
            done = self.search.run(hand, state, state, budget, clock, ladder)
        lines = hand
        if hand.solved is None:  # nor does it know what came before the state, which the blueprint's lines need
            lines = self._hand(None)
            lines.follow(state)
        answer = StreetAnswer(self.game, state, hand.solved, lines.lines)
        known = list(actions) == self.game.actions(state)  # the search has read its answer out for those on offer
        policy = hand.policy if known and hand.policy is not None else answer.at(state, actions)
        assert policy is not None  # every tree has its root
        solved = state if done.outcome == Outcome.SEARCHED else None
        decision = Decision(policy, None, clock.spent(), done.iterations, solved, done.outcome, spent=done.spent, plan=done.plan)
        return decision, answer

    def valued_with(self, child: HoldemState, memory: HandMemory | None, budget: Budget) -> Valued | None:
        """Solve a street anew with a bet or raise in its tree that an answer lacked, and return the decision above it, see ``valued``.

        None where the time is too short, and where a gadget holds solves: it would stand on the wrong side.

        Args:
            child: behind the bet.
            memory: of the agent's decision before the one at hand; None where that is its first one.
            budget: of the solve.
        """
        clock, hand, state = Deadline(budget.seconds), self._hand(memory), child.above
        if state is None or self.game.round(state) not in self.rounds or self.gadget != UNSAFE:
            return None
        hand.follow(state)
        done = self.search.run(hand, hand.street[0], child, budget, clock)
        return self._valued(state, hand.solved) if done.outcome == Outcome.SEARCHED else None

    def valued(self, state: HoldemState, memory: HandMemory) -> Valued | None:
        """Return a decision as the last solve has it, with what each action is worth to each hand.

        The hand plays a best response below each action: the solve's own strategy means nothing behind an action that it never takes.
        None where no solve covers the decision, where the agent has solved something else since, and without ``search.keeps_solver``.

        Args:
            state: a decision.
            memory: of the agent's decision there.
        """
        return self._valued(state, memory.solved)

    def _valued(self, state: HoldemState, solved: Solved | None) -> Valued | None:
        solver = None if solved is None else self.search.last(solved)
        if solved is None or solver is None:
            return None
        try:
            located = state_in(solver.game, solved.root, state)
        except ValueError:
            return None
        place = solver.game.locate(located)
        if place is None or (solved.strategy.game.streets or len(self.game.rounds)) <= solver.game.round(located):
            return None
        game, player = solver.game, solver.game.player(located)
        opponent = solver.answer().reach(*place)[1 - player]
        cf_reach = game.cf_reach(located, player, opponent)
        meeting = (game.ranges[player] > 0) & (cf_reach > max(LEAST_MET * opponent.sum(), LEAST_REACH * game.ranges[1 - player].max()))
        values = solver.action_values(*place, best=True)
        return Valued(game, located, np.where(meeting, values / np.where(meeting, cf_reach, 1.0), np.nan))

    def beliefs(self, state: HoldemState, memory: HandMemory | None) -> Ranges:
        """Return both players' ranges [H] at a state of a hand, as a seat sees them whose last decision left ``memory``."""
        hand = self._hand(memory)
        hand.follow(state)
        return hand.ranges[state]

    def _hand(self, memory: HandMemory | None) -> Hand:
        return Hand(self.game, self.blueprint, memory)
