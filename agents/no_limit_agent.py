"""The agent of no-limit hold'em with any amount: a blueprint of a menu, both ranges along the hand, and a subgame for each late street.

*Beliefs.* Both ranges are followed over all hands along the line of play, by Bayes' rule: the agent's own by the policies that it really
played from, the opponent's by the last solve that has the state in its tree, the blueprint before any. A bet that neither offers counts
for the sizes around it, in the shares of ``search.off_tree.pseudo_harmonic``. Where the model gives an action to no hand at all, the action
tells nothing and the range stays as it was (``HandMemory.surprises`` counts that).

*Search.* With a street of ``solve_from`` a subgame begins that is rooted where the street began, with the real chips, and with the amounts
that were really bet in its tree; it is solved to the end of the hand. Its answer is played from until the street ends or the opponent bets
an amount that is not in its tree: then a new one begins at that decision. Elsewhere the blueprint plays, and where the clock allowed fewer
than ``LEAST_ITERATIONS``, or on the last street ``MIN_TRUSTED_ITERATIONS``, whose answer may be far worse.

*What is safe.* These solves take both ranges for granted: they are unsafe. They are right where the opponent's range is the model's.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Protocol, cast

import numpy as np

from agents.agent import BaseAgent, Decision
from games.arrays import Float
from games.game import Kind, path
from games.holdem.menus import Menu, Size
from games.holdem.rules import HoldemGame, HoldemState
from games.holdem.subgame import state_in, subgame_of
from games.public_tree import CHANCE
from search import BoardSolver, BoardStrategy, Budget, Deadline, Spent, Variant
from search.boards.root_gadget import BestResponses, RootGadget, best_responses
from search.boards.workspace import Workspace
from search.budget import SPARE, Pace
from search.gadgets import UNSAFE
from search.off_tree import Translation, carried, likely_row
from search.outcome import Outcome
from search.resolver import rounds_of, subgame_root
from search.resolving import MIN_TRUSTED_ITERATIONS

# Sizes in subgames that begin above the last street, on their first street and on those below. Such a subgame is solved on up to 48 boards,
# so its tree must be small. An all-in stands beside these sizes where it is no more than NEAR_ALLIN pots: one of many pots, which is hardly
# ever right, makes solves take several times as many iterations (docs/notebook/holdem.md, "Turns of full no-limit hold'em").
FIRST_SIZES = Menu((Size("%", 75.0),), (Size("%", 100.0),), reraises=((),))
LATER_SIZES = Menu((Size("%", 75.0),), ())
NEAR_ALLIN = 2.0
LEAST_ITERATIONS = 8  # of a subgame above the last street: its answer is then less exploitable than a blueprint of buckets
TRIALS = 3  # solves of each street when the agent is loaded
LEAST_SHARE = 1e-9  # of a range that an action must leave to be believed
UNEXPECTED = 1e-6  # weight beside the likeliest hand of one that the model does not expect, where a gadget decides about it
BOUNDED = (UNSAFE, "resolve", "maxmargin", "refined")  # reach_maxmargin and combined want gifts or the model
Ranges = tuple[Float, Float]
Menus = tuple[tuple[Menu, Menu], ...]


@dataclass(frozen=True)
class Solved:
    """The last solve of a hand.

    Attributes:
        root: where its subgame begins, in the whole game.
        strategy: both players' answer.
        opponent: what the other player's hands can get against it; None where nobody will ask.
        translation: of amounts that its tree has not got; None where they are solved anew.
    """

    root: HoldemState
    strategy: BoardStrategy
    opponent: BestResponses | None
    translation: Translation | None

    def locate(self, state: HoldemState) -> HoldemState | None:
        """Return a state of the whole game in the subgame; None where its tree has not got it."""
        try:
            if self.translation is not None:
                way, taken = path(self.translation.game, state), cast("HoldemState | None", self.strategy.game.root)
                for above, child in pairwise(way[way.index(self.root) :]):
                    taken = self.translation.follow(taken, above, child)
                return taken
            located = state_in(self.strategy.game, self.root, state)
        except ValueError:
            return None
        return None if self.strategy.game.locate(located) is None else located

    def bound(self, root: HoldemState) -> Float | None:
        """Return [H] chips a deal, what the opponent's hands could get where another subgame begins; None where this solve cannot tell.

        It can where its tree has the root, and where the opponent has just bet an amount that its tree lacks: then a hand is held to what
        it could get without that bet.
        """
        if self.opponent is None or root.above is None:
            return None
        game, begun, above = self.strategy.game, self.locate(root), self.locate(root.above)
        if begun is not None:
            return self.opponent.at(begun) if game.round(begun) == 1 and game.player(root.above) == CHANCE else None
        if above is not None and game.round(above) == 0 and game.player(above) == self.opponent.player:
            return self.opponent.at(above)
        return None


@dataclass(frozen=True)
class HandMemory:
    """What the agent knows after a decision.

    Attributes:
        state: the decision.
        taken: what the blueprint takes it for; None where its menu has no such line.
        ranges: [H] of both players there, before the action.
        policy: [A, H] that was played from.
        solved: the last solve.
        surprises: actions that the model gave to no hand, so far.
    """

    state: HoldemState
    taken: HoldemState | None
    ranges: Ranges
    policy: Float
    solved: Solved | None
    surprises: int


class MenuPolicy(Protocol):
    """A blueprint of the game's menu: asked, never written out whole."""

    @property
    def name(self) -> str:
        """What reports call it."""

    @property
    def game(self) -> HoldemGame:
        """With the menu's sizes alone."""

    def fingerprint(self) -> bytes:
        """Return what kept measurements of this policy must agree with."""

    def at(self, state: HoldemState, /) -> Float:
        """Return the acting player's [A, H] at a decision of its tree."""


class NoLimitAgent(BaseAgent):
    """See the module.

    Args:
        game: with any amount; its menu is what the agent itself bets.
        blueprint: of the same game with a menu.
        variant: of CFR.
        solve_from: streets with which subgames begin, by name with + between; None to play the blueprint alone.
        menus: sizes of both players in subgames, by street of the whole game. Unless given, a subgame of the last street has the game's own
            menu, and one that begins above it ``FIRST_SIZES``, ``LATER_SIZES`` and near all-ins.
        threads: kernel threads of a solve.
        seed: of the translation.
        gadget: above a subgame for which the last solve of the hand has bounds, one of ``search.gadgets.GADGETS``; the first solve of a
            hand is ``unsafe``.
        off_tree: how amounts are met that a solve's tree lacks: ``insert`` solves anew with them, ``translate`` takes them for others.

    Raises:
        ValueError: a ``solve_from`` that names no street after the first, or no such gadget.
    """

    def __init__(
        self,
        game: HoldemGame,
        blueprint: MenuPolicy,
        variant: Variant,
        solve_from: str | None = "turn+river",
        menus: Menus | None = None,
        threads: int = 1,
        seed: int = 0,
        gadget: str = UNSAFE,
        off_tree: str = "insert",
    ) -> None:
        if gadget not in BOUNDED:
            raise ValueError(f"gadget must be one of {', '.join(BOUNDED)}, got {gadget!r}")
        self.gadget, self.off_tree = gadget, off_tree
        self.game, self.blueprint, self.variant, self.solve_from = game, blueprint, variant, solve_from
        self.menus, self.threads, self.thinks = menus, threads, solve_from is not None
        self.translation = Translation(game, blueprint.game, seed)
        rounds = () if solve_from is None else rounds_of(solve_from, game.rounds)
        if rounds is None or 0 in rounds:
            raise ValueError(f"solve_from must be rounds after the first by name, with + between, got {solve_from!r}")
        self.rounds = rounds
        self.name = blueprint.name if solve_from is None else f"{blueprint.name}+{solve_from}:{gadget}:{variant.label}"
        self.name += ":translate" if off_tree == "translate" and self.thinks else ""
        self._start()

    def _start(self) -> None:
        """Make what each process has of its own."""
        self._loaded, self._workspace = False, Workspace()
        # Seconds by street: from ranges to a solver, of an iteration by row, and of what comes after the solve.
        self._building, self._iterating, self._answering = ([Pace() for _ in self.game.rounds] for _ in range(3))

    def __getstate__(self) -> dict[str, Any]:
        return {
            key: value for key, value in vars(self).items() if key not in ("_loaded", "_workspace", "_building", "_iterating", "_answering")
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()

    def fingerprint(self) -> bytes:
        """See ``Agent``."""
        settings = self.variant, self.rounds, self.menus, self.threads, self.translation.seed, self.gadget
        fingerprint: bytes = repr((self.game.key, self.name, *settings)).encode() + self.blueprint.fingerprint()
        return fingerprint

    def load(self) -> None:
        """See ``Agent``: load every kernel by a solve of one iteration on each street, and learn how long subgames take to be built."""
        if self._loaded:
            return
        self._loaded = True
        Hand(self, None).follow(self._checked_down(len(self.game.rounds) - 1))  # what the blueprint needs is compiled, too
        for street in self.rounds:
            state, hand = self._checked_down(street), Hand(self, None)
            hand.follow(state)
            for _ in range(TRIALS):
                self._search(hand, state, state, Budget(iterations=1), Deadline(None))
            for pace in (self._building[street], self._iterating[street], self._answering[street]):
                pace.settle()

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
        hand = Hand(self, memory)
        hand.follow(state)
        begun = None if hand.solved is None or hand.located(state) is None else self.game.round(hand.solved.root)
        root = subgame_root(self.game, self.rounds, seat, state, begun)
        outcome, iterations, spent = Outcome.NOT_DUE, 0, Spent()
        if root is not None:
            outcome, iterations, spent = self._search(hand, root, state, budget, clock)
        policy = hand.model(state) if hand.policy is None else hand.policy
        knows = HandMemory(state, hand.taken, hand.ranges[state], policy, hand.solved, hand.surprises)
        solved = root if outcome == Outcome.SEARCHED else None
        return Decision(policy, knows, clock.spent(), iterations, solved, outcome, spent=spent)

    def beliefs(self, state: HoldemState, memory: HandMemory | None) -> Ranges:
        """Return both players' ranges [H] at a state of a hand, as a seat sees them whose last decision left ``memory``."""
        hand = Hand(self, memory)
        hand.follow(state)
        return hand.ranges[state]

    def _search(self, hand: Hand, root: HoldemState, state: HoldemState, budget: Budget, clock: Deadline) -> tuple[Outcome, int, Spent]:
        """Solve the subgame at ``root``, and follow the ranges to ``state`` anew by its answer."""
        street, seat, begun = self.game.round(root), self.game.player(state), time.perf_counter()
        building, answering = self._building[street], self._answering[street]
        limit = clock.sooner(SPARE * answering.expected)
        if limit.remaining() < building.expected:
            building.heal()
            answering.heal()
            return Outcome.NO_TIME, 0, Spent()
        try:
            game, menus = self._offers_from(street)
            bound = None if hand.solved is None else hand.solved.bound(root)
            ranges = hand.ranges[root] if bound is None else self._with_all_hands(hand.ranges[root], seat)
            subgame = subgame_of(game, root if self.off_tree == "translate" else state, ranges, menus, root)
        except ValueError:  # no two hands of the ranges can meet
            return Outcome.UNREACHED, 0, Spent()
        gadget = None if bound is None else RootGadget(self.gadget, 1 - seat, bound)
        solver = BoardSolver(subgame, self.variant, self.threads, workspace=self._workspace, gadget=gadget)
        solver.pace = self._iterating[street]
        built = time.perf_counter()
        building.learn(built - begun)
        solution = solver.solve(budget, limit)
        done = time.perf_counter()
        least = MIN_TRUSTED_ITERATIONS if street + 1 == len(self.game.rounds) else LEAST_ITERATIONS
        if solution.iterations < (least if budget.iterations is None else 1):
            return Outcome.NO_TIME, solution.iterations, Spent(built - begun, done - built, 0.0)
        first, second = solution.strategy.average  # the next solver takes the arrays over
        answer = replace(solution.strategy, average=(first.copy(), second.copy()))
        opponent = None if self.gadget == UNSAFE else best_responses(solver, answer, 1 - seat)
        translation = Translation(self.game, subgame, self.translation.seed) if self.off_tree == "translate" else None
        hand.solved = Solved(root, answer, opponent, translation)
        hand.follow_from(root, state)
        hand.policy = hand.model(state)
        answered = time.perf_counter()
        answering.learn(answered - done)
        return Outcome.SEARCHED, solution.iterations, Spent(built - begun, done - built, answered - done)

    def _with_all_hands(self, ranges: Ranges, seat: int) -> Ranges:
        """Return both ranges, the opponent's with a trifle of the hands that the model does not expect: the gadget decides about them."""
        first, second = (reach if player == seat else np.maximum(reach, UNEXPECTED * reach.max()) for player, reach in enumerate(ranges))
        return first, second

    def _offers_from(self, street: int) -> tuple[HoldemGame, Menus | None]:
        """Return the rules of a subgame that begins with a street, and its menus; None for the game's own."""
        left = len(self.game.rounds) - street
        if self.menus is not None:
            return self.game, self.menus[street:]
        if left == 1:
            return self.game, None
        betting = replace(self.game.betting, add_allin=NEAR_ALLIN)
        return replace(self.game, betting=betting), ((FIRST_SIZES, FIRST_SIZES), *[(LATER_SIZES, LATER_SIZES)] * (left - 1))


class Hand:
    """A hand while a decision is made: what was known at the last one, brought to the state at hand."""

    def __init__(self, agent: NoLimitAgent, memory: HandMemory | None) -> None:
        self.agent, self.game, self.memory = agent, agent.game, memory
        if memory is None:
            start, ranges = self.game.root, self.game.ranges
            self.taken: HoldemState | None = agent.translation.menu.root
        else:
            start, ranges, self.taken = memory.state, memory.ranges, memory.taken
        self.ranges: dict[HoldemState, Ranges] = {start: ranges}
        self.policy: Float | None = None  # of the state at hand, once a solve has answered
        self.solved = None if memory is None else memory.solved
        self.surprises = 0 if memory is None else memory.surprises

    def follow(self, state: HoldemState) -> None:
        """Bring ranges and the blueprint's line to a state."""
        way, start = path(self.game, state), next(iter(self.ranges))
        for above, child in pairwise(way[way.index(start) :]):
            played = self.memory.policy if self.memory is not None and above == self.memory.state else None
            self._step(above, child, played)
            self.taken = self.agent.translation.follow(self.taken, above, child)

    def follow_from(self, root: HoldemState, state: HoldemState) -> None:
        """Bring the ranges from a root to a state anew."""
        way = path(self.game, state)
        for above, child in pairwise(way[way.index(root) :]):
            self._step(above, child, None)

    def _step(self, above: HoldemState, child: HoldemState, played: Float | None) -> None:
        """Follow both ranges over one action or card; ``played`` is what was really played from."""
        ranges, player = list(self.ranges[above]), self.game.player(above)
        if player == CHANCE:
            dead = np.isin(self.game.hands, child.cards).any(axis=1)
            ranges = [np.where(dead, 0.0, reach) for reach in ranges]
        else:
            row = self._row(above, child, played)
            left = ranges[player] * row
            if left.sum() > LEAST_SHARE * ranges[player].sum():
                ranges[player] = left / left.max()
            else:
                self.surprises += 1
        self.ranges[child] = ranges[0], ranges[1]

    def _row(self, above: HoldemState, child: HoldemState, played: Float | None) -> Float:
        """Return [H], the model's probability of the action between two states."""
        if played is not None:
            return likely_row(self.game, above, played, self.game, above, child.label)
        located = self.located(above)
        if located is not None:
            assert self.solved is not None
            return likely_row(self.solved.strategy.game, located, self.solved.strategy.at(located), self.game, above, child.label)
        if self.taken is None or self.agent.translation.menu.player(self.taken) < 0:
            return np.ones(len(self.game.hands))
        return likely_row(self.agent.translation.menu, self.taken, self.agent.blueprint.at(self.taken), self.game, above, child.label)

    def located(self, state: HoldemState) -> HoldemState | None:
        """Return the state in the last solve's subgame, None if it is not there."""
        return None if self.solved is None else self.solved.locate(state)

    def model(self, state: HoldemState) -> Float:
        """Return [A, H], what is played at a state: the last solve's answer, else the blueprint's; a call where neither has it."""
        located, menu = self.located(state), self.agent.translation.menu
        if located is not None:
            assert self.solved is not None
            return carried(self.solved.strategy.game, located, self.solved.strategy.at(located), self.game, state)
        if self.taken is not None and menu.player(self.taken) >= 0:
            return carried(menu, self.taken, self.agent.blueprint.at(self.taken), self.game, state)
        actions = self.game.actions(state)
        policy = np.zeros((len(actions), len(self.game.hands)))
        policy[next(i for i, action in enumerate(actions) if action.kind == Kind.PASS)] = 1.0
        return policy
