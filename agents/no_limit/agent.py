"""The agent of no-limit hold'em with any amount: a blueprint of a menu, both ranges along the hand, and a subgame for each late street.

*Beliefs.* Both ranges are followed over all hands along the line of play, by Bayes' rule: the agent's own by the policies that it really
played from, the opponent's by the last solve that has the state in its tree, the blueprint before any. A bet that neither offers counts
for the sizes around it, in the shares of ``search.off_tree.pseudo_harmonic``. Where the model gives an action to no hand at all, the action
tells nothing and the range stays as it was (``HandMemory.surprises`` counts that).

*Search.* With a street of ``solve_from`` a subgame begins that is rooted where the street began, with the real chips, and with the amounts
that were really bet in its tree; it is solved to the end of the hand. A flop's is solved in one of the ways of ``search.boards.flop_ways``,
and only its flop is played from. Its answer is played from until the street ends or the opponent bets
an amount that is not in its tree: then it is solved anew from the same root, with that amount. Elsewhere the blueprint plays, and where the
clock allowed fewer than ``LEAST_ITERATIONS``, or on the last street ``MIN_TRUSTED_ITERATIONS``, whose answer may be far worse.

*What is safe.* The first solve of a hand takes both ranges for granted: it is unsafe, and right where the opponent's range is the model's.
Later ones may be held to the last one's bounds by a gadget, where that solve has some (``Solved.bound``).
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from agents.agent import BaseAgent, Decision
from agents.no_limit.hand import Blueprint, Hand, HandMemory, Ranges, Solved
from agents.no_limit.plan import Ladder, Plan, Rung, ladder_of, menus_of, planned
from games.arrays import Float
from games.game import Action, Kind
from games.holdem.cards import cards_text
from games.holdem.menus import Menu
from games.holdem.rules import HoldemGame, HoldemState
from games.holdem.subgame import subgame_of
from games.public_tree import CHANCE
from search import BoardSolver, Budget, Deadline, Spent, Variant, memory_needed
from search.boards.flop_ways import (
    COUNTS,
    FLOP,
    ITERATIONS,
    MOST_RIVERS,
    OFF,
    RUN_OUTS,
    WAYS,
    counts_for,
    first_street_of,
    flop_menus,
    flop_solver,
    most_of_way,
    storage_of,
)
from search.boards.root_gadget import RootGadget, best_responses
from search.boards.workspace import Workspace
from search.budget import SPARE, Pace
from search.gadgets import UNSAFE
from search.off_tree import carried, lines_from
from search.outcome import Outcome
from search.resolver import rounds_of, subgame_root
from search.resolving import MIN_TRUSTED_ITERATIONS

LEAST_ITERATIONS = 8  # of a subgame above the last street: its answer is then less exploitable than a blueprint of buckets
TRIALS = 3  # solves of each street when the agent is loaded
UNEXPECTED = 1e-6  # weight beside the likeliest hand of one that the model does not expect, where a gadget decides about it
BOUNDED = (UNSAFE, "resolve", "maxmargin", "refined")  # reach_maxmargin and combined want gifts or the model
TRANSLATION = "mean of lines"  # part of the fingerprint: it was one drawn line before
Menus = tuple[tuple[Menu, Menu], ...]


class Searched(NamedTuple):
    """What a search came to; see ``Decision``."""

    outcome: Outcome
    iterations: int = 0
    spent: Spent = Spent()
    plan: str = ""


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
        flop: how the flop is solved, one of ``search.boards.flop_ways.WAYS``; ``off`` leaves it to ``solve_from``.

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
        if flop not in (OFF, *WAYS):
            raise ValueError(f"flop must be one of {', '.join((OFF, *WAYS))}, got {flop!r}")
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
        self.name += ":translate" if off_tree == "translate" and self.thinks else ""
        self.name += f":flop {flop}" if flop != OFF and self.thinks else ""
        self._start()

    def _start(self) -> None:
        """Make what each process has of its own."""
        self._loaded, self._workspace = False, Workspace()
        # Seconds by street: from ranges to a solver, and of what comes after the solve. By street and rung: of an iteration by row.
        self._building, self._answering = ([Pace() for _ in self.game.rounds] for _ in range(2))
        self._iterating = defaultdict[tuple[int, str], Pace](Pace)

    def __getstate__(self) -> dict[str, Any]:
        return {
            key: value for key, value in vars(self).items() if key not in ("_loaded", "_workspace", "_building", "_iterating", "_answering")
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()

    def fingerprint(self) -> bytes:
        """See ``Agent``."""
        ladders = [self._ladder(street) for street in self.rounds]
        settings: tuple[object, ...] = self.variant, self.rounds, TRANSLATION, ladders, self.threads, self.gadget
        if self.flop != OFF:
            settings += COUNTS, MOST_RIVERS, ITERATIONS, flop_menus(self.flop, len(self.game.rounds) - FLOP)
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
            for rung in self._ladder(street).rungs:
                for _ in range(TRIALS):
                    self._search(hand, state, state, Budget(iterations=1), Deadline(None), Ladder((rung,)))
                self._iterating[street, rung.name].settle()
            self._building[street].settle()
            self._answering[street].settle()

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
        done = Searched(Outcome.NOT_DUE) if root is None else self._search(hand, root, state, budget, clock)
        policy = hand.model(state) if hand.policy is None else hand.policy
        played = hand.played | {state: policy}
        knows = HandMemory(state, hand.lines, hand.ranges[state], hand.solved, hand.surprises, hand.street, played)
        solved = root if done.outcome == Outcome.SEARCHED else None
        return Decision(policy, knows, clock.spent(), done.iterations, solved, done.outcome, spent=done.spent, plan=done.plan)

    def _due(self, hand: Hand, seat: int, state: HoldemState) -> HoldemState | None:
        """Return where the subgame begins that is due; None if the last answer, or the blueprint, is played on."""
        covered = hand.answer(state) is not None
        if not covered and self.game.round(state) in self.rounds:
            same = hand.solved is not None and hand.solved.root == hand.street[0]
            return None if same and self.off_tree == "translate" else hand.street[0]  # the same tree would lack the line again
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
        clock, hand = Deadline(budget.seconds), self._hand(None)
        hand.ranges, hand.street = {state: ranges}, (state, ranges)
        street, done = self.game.round(state), Searched(Outcome.NOT_DUE)
        if self.thinks and street in self.rounds:
            ladder = self._ladder(street)
            done = self._search(hand, state, state, budget, clock, Ladder((ladder.rungs[ladder.usual],)))
        policy: Float | None
        if hand.solved is not None and hand.policy is not None:
            policy, strategy = hand.policy, hand.solved.strategy
            if list(actions) != self.game.actions(state):  # the search has read its answer out for those on offer
                policy = carried(strategy.game, strategy.game.root, strategy.at_node(0), self.game, state, actions)
        else:
            lines = self._hand(None)
            lines.follow(state)
            policy = lines.lines.at(state, actions)
        if policy is None:  # the blueprint has no such line
            policy = np.zeros((len(actions), len(self.game.hands)))
            policy[next(i for i, action in enumerate(actions) if action.kind == Kind.PASS)] = 1.0
        solved = state if done.outcome == Outcome.SEARCHED else None
        return Decision(policy, None, clock.spent(), done.iterations, solved, done.outcome, spent=done.spent, plan=done.plan)

    def beliefs(self, state: HoldemState, memory: HandMemory | None) -> Ranges:
        """Return both players' ranges [H] at a state of a hand, as a seat sees them whose last decision left ``memory``."""
        hand = self._hand(memory)
        hand.follow(state)
        return hand.ranges[state]

    def _hand(self, memory: HandMemory | None) -> Hand:
        return Hand(self.game, self.blueprint, memory)

    def _search(
        self, hand: Hand, root: HoldemState, state: HoldemState, budget: Budget, clock: Deadline, ladder: Ladder | None = None
    ) -> Searched:
        """Solve the subgame at ``root``, and follow the ranges to ``state`` anew by its answer; ``ladder`` in place of the street's own."""
        street, seat, begun = self.game.round(root), self.game.player(state), time.perf_counter()
        building, answering = self._building[street], self._answering[street]
        limit = clock.sooner(SPARE * answering.expected)
        if limit.remaining() < building.expected:
            building.heal()
            answering.heal()
            return Searched(Outcome.NO_TIME)
        try:
            bound = None if hand.solved is None else hand.solved.bound(root)
            hand.ranges.setdefault(*hand.street)
            ranges = hand.ranges[root] if bound is None else self._with_all_hands(hand.ranges[root], seat)
            plan = self._planned(ladder or self._ladder(street), root, root if self.off_tree == "translate" else state, ranges, limit)
        except ValueError:  # no two hands of the ranges can meet
            return Searched(Outcome.UNREACHED)
        gadget, flop = None if bound is None else RootGadget(self.gadget, 1 - seat, bound), self.flop != OFF and street == FLOP
        pace, name = self._iterating[street, plan.rung.name], plan.rung.name
        if flop:
            counts = counts_for(plan.game, limit.remaining(), pace.expected)
            name = f"{name} {' x '.join(map(str, counts))}" if self.flop == RUN_OUTS else name
            solver = flop_solver(plan.game, self.flop, self.variant, self.threads, self._workspace, counts)
        else:
            solver = BoardSolver(plan.game, self.variant, self.threads, workspace=self._workspace, gadget=gadget)
        solver.pace = pace
        built = time.perf_counter()
        building.learn(built - begun)
        solution = solver.solve(budget, limit)
        done = time.perf_counter()
        least = MIN_TRUSTED_ITERATIONS if street + 1 == len(self.game.rounds) else LEAST_ITERATIONS
        reached = budget.exploitability is not None and (solution.exploitability or math.inf) <= budget.exploitability
        if not reached and solution.iterations < min(least, budget.iterations or least):
            return Searched(Outcome.NO_TIME, solution.iterations, Spent(built - begun, done - built, 0.0), name)
        if flop:
            answer, opponent = first_street_of(solution.strategy), None
        else:
            first, second = solution.strategy.average  # the next solver takes the arrays over
            answer = replace(solution.strategy, average=(first.copy(), second.copy()))
            opponent = None if self.gadget == UNSAFE else best_responses(solver, answer, 1 - seat)
        lines = lines_from(self.game, answer) if self.off_tree == "translate" else None
        hand.solved = Solved(root, answer, bound, opponent, lines)
        hand.follow_from(root, state)
        hand.policy = hand.model(state)
        answered = time.perf_counter()
        answering.learn(answered - done)
        return Searched(Outcome.SEARCHED, solution.iterations, Spent(built - begun, done - built, answered - done), name)

    def _with_all_hands(self, ranges: Ranges, seat: int) -> Ranges:
        """Return both ranges, the opponent's with a trifle of the hands that the model does not expect: the gadget decides about them."""
        first, second = (reach if player == seat else np.maximum(reach, UNEXPECTED * reach.max()) for player, reach in enumerate(ranges))
        return first, second

    def _planned(self, ladder: Ladder, root: HoldemState, state: HoldemState, ranges: Ranges, clock: Deadline) -> Plan:
        """Return what is solved for a decision, from ``root`` on with what was bet there up to ``state``."""
        street = self.game.round(root)

        def subgame(rung: Rung) -> HoldemGame:
            game = self.game if rung.near is None else replace(self.game, betting=replace(self.game.betting, add_allin=rung.near))
            return subgame_of(game, state, ranges, menus_of(rung, (self.game.betting.menus or ())[street:]), root)

        def row_seconds(rung: Rung) -> float:
            return self._iterating[street, rung.name].expected

        plan = planned(ladder, subgame, clock.remaining() - self._building[street].expected, row_seconds)
        if plan.expected < math.inf:  # a rung that is never taken would never be timed again
            for rung in ladder.rungs[ladder.rungs.index(plan.rung) + 1 :]:
                self._iterating[street, rung.name].heal()
        return plan

    def _ladder(self, street: int) -> Ladder:
        """Return the trees that a street's subgame may have."""
        streets = len(self.game.rounds) - street
        if self.menus is not None:
            return Ladder((Rung("sizes that were given", self.menus[street:]),))
        if self.flop != OFF and street == FLOP:
            return Ladder((Rung(self.flop, flop_menus(self.flop, streets)),))
        return ladder_of(streets)


def flop_memory(game: HoldemGame, way: str, variant: Variant, threads: int) -> tuple[int, int]:
    """Return how many boards the largest flop has, and how many bytes its solve takes in one of the ways, at most.

    Raises:
        ValueError: a game whose flop cannot be solved so.
    """
    if len(game.rounds) < 3:
        raise ValueError(f"flop must be off in a game without a turn, got {way!r}")
    state = game.root
    while game.player(state) != CHANCE:
        state = game.child(state, next(action for action in game.actions(state) if action.kind == Kind.PASS))
    cards = game.deck.cards().reshape(len(game.deck.ranks), -1)
    suits = cards.shape[1]
    flop = [int(cards[i % len(cards), i % suits]) for i in range(game.deals[FLOP])]  # of different ranks and suits
    subgame = subgame_of(game, game.revealed(state, cards_text(flop)), game.ranges, flop_menus(way, len(game.rounds) - FLOP))
    return memory_needed(most_of_way(subgame, way), variant, threads, storage_of(way))
