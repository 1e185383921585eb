"""AIVAT in hold'em; see ``agents.evaluation.aivat`` for what it is.

The value function comes from a pair of blueprints B: with v_p(h) = cfv_p(h) / (what h can meet), player p's expected chips with hand h at a
public state when both play B and the opponent's range is B's there,

* before an action of player p's its outcomes are valued by v_p of p's hand;
* before cards the boards are valued by (v_0(h_0) - v_1(h_1)) / 2, and so are the hands before a stranger's is dealt.

Corrections are zero on average whatever values are taken, also if they differ from step to step. A match of the very blueprints has none
of its spread left.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from agents.evaluation.aivat import Step
from games.game import line_of
from games.holdem.board_tree import BoardTree
from games.holdem.cards import CARDS
from games.holdem.isomorphism import permute_card
from games.holdem.layout import betting_streets
from games.holdem.rules import HoldemGame, HoldemState, Place
from games.holdem.subtree import Lines, entering, street_lines, subtree
from games.kernels import LANES
from games.kernels.boards import CHILD, CHILD_END, PARENT, ROWS, STREET
from games.kernels.evaluator import board_strengths
from games.public_tree import CHANCE, TERMINAL
from search.boards.strategy import BoardStrategy, image_of_hands
from search.boards.sweeps import BoardSweeps
from search.boards.trunk import Arrival, Float, Strategies, Trunk, above, mass_at, row_reach
from search.kernels.streets import VALUE

KEPT_BYTES = 2e8  # of values of boards, about
ALIKE = 1e-6  # of the largest: ranges that suits should not change differ by rounding


class BoardValues(NamedTuple):
    """What a board's rows are worth to each player, and what its own blueprint comes to them with: [rows, hands of the board] each."""

    cfv: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
    reach: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


class HoldemAivat:
    """The value function of a pair of blueprints, and the estimates that it makes.

    Args:
        game: whole.
        tree: its board tree.
        strategies: per player [stored rows, 8], what each plays without thinking.
    """

    def __init__(self, game: HoldemGame, tree: BoardTree, strategies: Strategies) -> None:
        self.game, self.tree, self.strategies = game, tree, strategies
        self._find = lru_cache(maxsize=4096)(BoardStrategy(game, tree, strategies).find)
        self._trunk = Trunk(game, tree, strategies, len(game.deals))
        self._streets = betting_streets(game.bets, (0,))
        self._lines: dict[int, Lines] = {}
        self._sweeps: dict[int, BoardSweeps] = {}
        rows = sum(int(forest.table[:, ROWS].max()) for forest in tree.forests)
        kept = max(16, int(KEPT_BYTES / (8 * rows * len(game.hands))))
        self._entry, self._values = lru_cache(maxsize=kept)(self._entered), lru_cache(maxsize=kept)(self._valued)
        self._left, self._children = lru_cache(maxsize=kept)(self._leaving), lru_cache(maxsize=kept)(self._children_values)
        self._group = cache(self._symmetries)
        self._entering = [entering(game, s) for s in range(len(game.deals))]
        self._holds = np.zeros((len(game.hands), CARDS))  # [H, cards]
        np.put_along_axis(self._holds, game.hands.astype(np.int64), 1.0, axis=1)
        self._apart = self._holds @ self._holds.T == 0

    def estimate(self, steps: Sequence[Step], held: tuple[int | None, int | None] = (None, None), end: float | None = None) -> float:
        """See ``agents.evaluation.aivat.Aivat``."""
        bets = self.game.bets
        reach = [np.array(live) for live in self.game.ranges]
        for p, hand in enumerate(held):
            if hand is not None:
                reach[p][np.arange(len(reach[p])) != hand] = 0.0
        estimate = self._deal_correction(reach) if held != (None, None) else 0.0
        last: HoldemState = self.game.root
        for step in steps:
            last, place = step.child, self._locate(step.state)
            player = int(bets.player[place.node])
            if player == CHANCE:
                estimate += self._card_correction(step, reach)
                dead = np.isin(self.game.hands, step.child.cards).any(axis=1)
                reach = [np.where(dead, 0.0, own) for own in reach]
            elif step.policy is not None:
                taken = bets.children(place.node).index(self._locate(step.child).node)
                mass = reach[player] * self._met(reach[1 - player])
                worth = self._action_values(place.node, place.cards)
                here = mass * step.policy
                expected = (here * worth).sum() / mass.sum()
                got = (here[taken] * worth[taken]).sum() / here[taken].sum()
                estimate += float(expected - got) * (1 if player == 0 else -1)
                reach[player] = reach[player] * step.policy[taken]
            elif held[player] is None:
                raise ValueError(f"steps must carry the policy of player {player}, which is known, got none at {place}")
        return estimate + (self._paid(*self._locate(last), reach) if end is None else end)

    def _locate(self, state: HoldemState) -> Place:
        place = self.game.locate(state)
        if place is None:
            raise ValueError(f"bets must be of the game's menus, got {' / '.join(line_of(self.game, state))}")
        return place

    def _met(self, reach: Float) -> Float:
        """Return [..., H], for each hand the reach of hands that share no card with it."""
        met: Float = np.maximum(reach.sum(axis=-1, keepdims=True) - (reach @ self._holds) @ self._holds.T + reach, 0.0)
        return met

    def _paid(self, node: int, cards: tuple[int, ...], reach: list[Float]) -> float:
        """Return player 0's mean chips at a terminal."""
        bets = self.game.bets
        assert bets.player[node] == TERMINAL
        folded = int(bets.folded[node])
        if folded >= 0:
            return float(bets.contribution[node, folded]) * (1 if folded == 1 else -1)
        live = [np.flatnonzero(own) for own in reach]
        power = [board_strengths(cards, self.game.hands[own]).astype(np.int64) for own in live]
        apart = self._apart[np.ix_(*live)]
        wins = np.sign(power[0][:, None] - power[1]) * apart
        first, second = reach[0][live[0]], reach[1][live[1]]
        return float(bets.contribution[node, 0]) * float(first @ wins @ second / (first @ apart @ second))

    def _action_values(self, node: int, cards: tuple[int, ...]) -> Float:
        """Return [A, H], v of the acting player's hands after each of its actions."""
        board, permutation = self._find(cards)
        player, s = int(self.game.bets.player[node]), int(self.tree.boards[board, STREET])
        values, street = self._values(board), self._streets[s]
        other = values.reach[1 - player][street[1 - player].row[node]].astype(np.float64)
        mass = mass_at(self.tree, player, board, other[:, None])[:, 0]
        rows = [street[player].row[child] for child in self.game.bets.children(node)]
        worth = values.cfv[player][rows] / np.where(mass > 0, mass, np.inf)
        full = np.zeros((len(rows), len(self.game.hands)))
        full[:, self.tree.hands_at(player, board)] = worth
        return full[:, image_of_hands(permutation.tobytes(), self.game.deck)]

    def _deal_correction(self, reach: list[Float]) -> float:
        """Return what was expected before the hands were dealt less what is expected with strangers' hands as they are in ``reach``."""
        worth, alive = self._root
        before, after = (self._worth(worth, alive, list(own)) for own in (self.game.ranges, reach))
        return float(before[0][0] / before[1][0] - after[0][0] / after[1][0])

    @cached_property
    def _root(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """Return [1, players, H] v before the first action, and [1, H] the hands that the game's own board leaves."""
        values = self._starting_values(0, len(self._entering[0]))[:, 0]
        alive = np.array([~np.isin(self.game.hands, self.tree.cards[0]).any(axis=1)])
        return values[None], alive

    def _card_correction(self, step: Step, reach: list[Float]) -> float:
        """Return what was expected before the cards of a street less what is expected after them."""
        place, hands = self._locate(step.child), self.game.hands
        s = int(self.game.bets.round[place.node])
        line = self._entering[s].index(place.node)
        board, permutation = self._find(step.state.cards)
        index = image_of_hands(permutation.tobytes(), self.game.deck)
        here = [np.zeros(len(hands)) for _ in (0, 1)]
        for p in (0, 1):
            here[p][index] = reach[p]
        first, children = int(self.tree.boards[board, CHILD]), slice(*self.tree.boards[board, CHILD : CHILD_END + 1].tolist())
        values, alive = self._children(board)
        total = float((here[0] * self._met(here[1])).sum())
        weights = self.tree.weight[children].astype(np.float64)
        images, counts = self._images(board, here)
        expected = np.average([weights @ self._worth(values[:, :, line], alive, own)[0] for own in images], weights=counts) / total
        child, permutation = self._find(place.cards)
        index, k = image_of_hands(permutation.tobytes(), self.game.deck), slice(child - first, child - first + 1)
        there = [np.zeros(len(hands)) for _ in (0, 1)]
        for p in (0, 1):
            there[p][index] = reach[p]
        worth, mass = self._worth(values[k, :, line], alive[k], there)
        return float(expected - worth[0] / mass[0])

    def _worth(self, values: npt.NDArray[np.float32], alive: npt.NDArray[np.bool_], reach: list[Float]) -> tuple[Float, Float]:
        """Return [boards] each, the sum of both hands' joint reach times (v_0 - v_1) / 2 on some boards, and that of their reach.

        Args:
            values: [boards, players, H] v.
            alive: [boards, H] hands that the boards' cards leave.
            reach: [H] each.
        """
        live = [np.flatnonzero(own) for own in reach]
        if min(map(len, live)) == 1:  # a stranger's hand: few pairs, which need no sums by card
            first, second = (alive[:, live[p]] * reach[p][live[p]] for p in (0, 1))
            apart = self._apart[np.ix_(*live)].astype(np.float64)
            joint, worth = [first * (second @ apart.T), second * (first @ apart)], [values[:, p, live[p]] for p in (0, 1)]
        else:
            joint, worth = [alive * reach[p] * self._met(alive * reach[1 - p]) for p in (0, 1)], [values[:, p] for p in (0, 1)]
        return ((joint[0] * worth[0]).sum(axis=1) - (joint[1] * worth[1]).sum(axis=1)) / 2, joint[0].sum(axis=1)

    def _symmetries(self, board: int) -> npt.NDArray[np.uint32]:
        """Return [symmetries, H], the images of all hands under the suit permutations that leave a board's streets as they are."""
        cards, counts = self.tree.cards[board], np.cumsum([len(self.tree.cards[0]), *self.game.deals[1:]]).tolist()
        streets = [set(cards[low:high]) for low, high in zip([0, *counts], counts, strict=False)]
        fitting = [g for g in self.tree.group if all({permute_card(g, card) for card in street} == street for street in streets)]
        return np.array([image_of_hands(g.tobytes(), self.game.deck) for g in fitting])

    def _images(self, board: int, reach: list[Float]) -> tuple[list[list[Float]], list[int]]:
        """Return the ranges as a board's symmetries make them, and how many make each; a range that all leave alike is taken as it is."""
        images = [own[self._group(board)] for own in reach]
        alike = [np.abs(images[p] - reach[p]).max() <= ALIKE * reach[p].max() for p in (0, 1)]
        made = [[reach[p] if alike[p] else images[p][g] for p in (0, 1)] for g in range(len(images[0]))]
        found: dict[bytes, list[list[Float]]] = {}
        for pair in made:
            found.setdefault(pair[0].tobytes() + pair[1].tobytes(), []).append(pair)
        return [pairs[0] for pairs in found.values()], [len(pairs) for pairs in found.values()]

    def _entered(self, board: int) -> Arrival:
        """Return how the blueprints come to a board, hands in its order."""
        if board == 0:
            start = self._trunk.start(0)
            return start._replace(reach=(start.reach[0][above(self.tree, 0, 0)], start.reach[1][above(self.tree, 1, 0)]))
        return self._trunk.enter(board, self._left(int(self.tree.boards[board, PARENT])))

    def _leaving(self, board: int) -> Arrival:
        """Return how the blueprints leave a board's street."""
        return self._trunk.leave(self._entry(board))

    def _valued(self, board: int) -> BoardValues:
        """Evaluate what lies at and below a board, from the reach that the blueprints come there with."""
        tree, s, entry = self.tree, int(self.tree.boards[board, STREET]), self._entry(board)
        if s not in self._lines:
            self._lines[s] = street_lines(self.game, self._entering[s], tree.weight.dtype)
        part = subtree(tree, self._lines[s], board)
        if s not in self._sweeps:
            self._sweeps[s] = BoardSweeps(part.tree, 1, tree.weight.dtype)
        sweeps = self._sweeps[s]
        sweeps.look_at(part.tree)
        own = [np.zeros((part.tree.stored_rows[p], LANES), tree.weight.dtype) for p in (0, 1)]
        for p in (0, 1):
            part.take(p, self.strategies[p], own[p])
            sweeps.reach[p][:] = 0
            sweeps.reach[p][above(tree, p, board), : entry.reach[p].shape[1]] = entry.reach[p]
        sweeps.evaluate((own[0], own[1]), VALUE)
        cfv = [sweeps.watched(p).astype(np.float32) for p in (0, 1)]
        reach = [row_reach(tree, p, self.strategies[p], board, entry.reach[p]).astype(np.float32) for p in (0, 1)]
        return BoardValues((cfv[0], cfv[1]), (reach[0], reach[1]))

    def _children_values(self, board: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """Return, of the boards below one, [boards, players, lines, H] v at the start of the street, and [boards, H] the hands left."""
        tree, hands = self.tree, self.game.hands
        boards = range(*tree.boards[board, CHILD : CHILD_END + 1].tolist())
        lines = len(self._entering[int(tree.boards[board, STREET]) + 1])
        values = np.array([self._starting_values(child, lines) for child in boards])
        alive = np.array([~np.isin(hands, tree.cards[child]).any(axis=1) for child in boards])
        return values, alive

    def _starting_values(self, board: int, lines: int) -> npt.NDArray[np.float32]:
        """Return [players, lines, H] v of a board at the start of its street."""
        tree, found, entry = self.tree, self._values(board), self._entry(board)
        values = np.zeros((2, lines, len(self.game.hands)), np.float32)
        for p in (0, 1):
            mass = mass_at(tree, p, board, entry.reach[1 - p])
            full = np.zeros((lines, len(self.game.hands)))
            full[:, tree.hands_at(p, board)] = found.cfv[p][:lines] / np.where(mass > 0, mass, np.inf).T
            values[p] = full[:, self._group(board)].mean(axis=1)
        return values
