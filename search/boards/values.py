"""What histories and actions of hold'em are worth when both players go on with some strategies: the value function of AIVAT on boards.

With v_p(h) = cfv_p(h) / (what h can meet), player p's expected chips with hand h at a public state when both play the strategies and the
opponent's range is theirs there,

* before an action of player p's its outcomes are valued by v_p of p's hand;
* before cards the boards are valued by (v_0(h_0) - v_1(h_1)) / 2, and so are the hands before they are dealt.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from games.holdem.board_tree import BoardTree
from games.holdem.cards import CARDS
from games.holdem.isomorphism import hand_permutation, permute_card
from games.holdem.layout import betting_streets
from games.holdem.rules import HoldemGame, HoldemState
from games.holdem.subtree import Lines, entering, street_lines, subtree
from games.kernels import LANES
from games.kernels.boards import CHILD, CHILD_END, PARENT, ROWS, STREET
from games.kernels.evaluator import board_strengths
from games.public_tree import TERMINAL
from search.beliefs import Beliefs, Float
from search.boards.strategy import BoardStrategy, image_of_hands, place_of
from search.boards.sweeps import BoardSweeps, Rows
from search.boards.trunk import Strategies, Trunk, above, cf_reach_at, row_reach
from search.kernels.streets import VALUE

KEPT_BYTES = 2e8  # of values of boards, about
ALIKE = 1e-6  # of the largest: ranges that suits should not change differ by rounding

Belief = tuple[Float, Float]


class RowValues(NamedTuple):
    """What a board's rows are worth to each player, and what its own strategy comes to them with: [rows, hands of the board] each."""

    cfv: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
    reach: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


class BoardValueFunction:
    """See ``search.representation.ValueFunction``; a belief is both players' own reach, [H] each.

    Args:
        game: whole.
        tree: its board tree.
        strategies: per player [stored rows, 8].
    """

    def __init__(self, game: HoldemGame, tree: BoardTree, strategies: Strategies) -> None:
        self.game, self.tree, self.strategy = game, tree, BoardStrategy(game, tree, strategies)
        self._find = lru_cache(maxsize=4096)(self.strategy.find)
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

    def dealt(self, held: tuple[int | None, int | None]) -> tuple[Belief, Sequence[float]]:
        """See ``search.representation.ValueFunction``."""
        belief = np.array(self.game.ranges[0]), np.array(self.game.ranges[1])
        for own, hand in zip(belief, held, strict=True):
            if hand is not None:
                own[np.arange(len(own)) != hand] = 0.0
        if held == (None, None):
            return belief, []
        worth, alive = self._root
        before, after = (self._worth(worth, alive, ranges) for ranges in (self.game.ranges, belief))
        return belief, [float(before[0][0] / before[1][0] - after[0][0] / after[1][0])]

    def revealed(
        self, belief: Belief, state: HoldemState, child: HoldemState, random: np.random.Generator
    ) -> tuple[Belief, Sequence[float]]:
        """See ``search.representation.ValueFunction``."""
        node, cards = place_of(self.game, child)
        line = self._entering[int(self.game.bets.round[node])].index(node)
        board, permutation = self._find(state.cards)
        here = self._renamed(permutation, belief)
        first, children = int(self.tree.boards[board, CHILD]), slice(*self.tree.boards[board, CHILD : CHILD_END + 1].tolist())
        values, alive = self._children(board)
        total = float((here[0] * self._met(here[1])).sum())
        weights = self.tree.weight[children].astype(np.float64)
        images, counts = self._images(board, here)
        expected = np.average([weights @ self._worth(values[:, :, line], alive, own)[0] for own in images], weights=counts) / total
        number, permutation = self._find(cards)
        there = slice(number - first, number - first + 1)
        worth, cf_reach = self._worth(values[there, :, line], alive[there], self._renamed(permutation, belief))
        dead = np.isin(self.game.hands, cards).any(axis=1)
        found = np.where(dead, 0.0, belief[0]), np.where(dead, 0.0, belief[1])
        return found, [float(expected - worth[0] / cf_reach[0])]

    def acted(self, belief: Belief, state: HoldemState, child: HoldemState, policy: Float) -> tuple[Belief, Sequence[float]]:
        """See ``search.representation.ValueFunction``."""
        node, cards = place_of(self.game, state)
        player = int(self.game.bets.player[node])
        taken = self.game.bets.children(node).index(place_of(self.game, child).node)
        cf_reach = belief[player] * self._met(belief[1 - player])
        worth, here = self._action_values(node, cards), cf_reach * policy
        expected = (here * worth).sum() / cf_reach.sum()
        got = (here[taken] * worth[taken]).sum() / here[taken].sum()
        own = belief[player] * policy[taken]
        found = (own, belief[1]) if player == 0 else (belief[0], own)
        return found, [float(expected - got) * (1 if player == 0 else -1)]

    def payoff(self, belief: Belief, state: HoldemState) -> float:
        """See ``search.representation.ValueFunction``."""
        bets, (node, cards) = self.game.bets, place_of(self.game, state)
        assert bets.player[node] == TERMINAL
        folded = int(bets.folded[node])
        if folded >= 0:
            return float(bets.contribution[node, folded]) * (1 if folded == 1 else -1)
        live = [np.flatnonzero(own) for own in belief]
        power = [board_strengths(cards, self.game.hands[own]).astype(np.int64) for own in live]
        apart = self._apart[np.ix_(*live)]
        wins = np.sign(power[0][:, None] - power[1]) * apart
        first, second = belief[0][live[0]], belief[1][live[1]]
        return float(bets.contribution[node, 0]) * float(first @ wins @ second / (first @ apart @ second))

    def action_values(self, state: HoldemState, range_: Float) -> Float:
        """See ``search.representation.ValueFunction``."""
        return values_against(self.strategy, *place_of(self.game, state), range_)

    def _renamed(self, permutation: npt.NDArray[np.uint8], belief: Belief) -> Belief:
        """Return a belief with other names of the suits."""
        found, index = (np.zeros_like(belief[0]), np.zeros_like(belief[1])), image_of_hands(permutation.tobytes(), self.game.deck)
        for renamed, own in zip(found, belief, strict=True):
            renamed[index] = own
        return found

    def _met(self, reach: Float) -> Float:
        """Return [..., H], for each hand the reach of hands that share no card with it."""
        met: Float = np.maximum(reach.sum(axis=-1, keepdims=True) - (reach @ self._holds) @ self._holds.T + reach, 0.0)
        return met

    def _action_values(self, node: int, cards: tuple[int, ...]) -> Float:
        """Return [A, H], v of the acting player's hands after each of its actions."""
        board, permutation = self._find(cards)
        player, s = int(self.game.bets.player[node]), int(self.tree.boards[board, STREET])
        values, street = self._values(board), self._streets[s]
        other = values.reach[1 - player][street[1 - player].row[node]].astype(np.float64)
        cf_reach = cf_reach_at(self.tree, player, board, other[:, None])[:, 0]
        rows = [street[player].row[child] for child in self.game.bets.children(node)]
        worth = values.cfv[player][rows] / np.where(cf_reach > 0, cf_reach, np.inf)
        full = np.zeros((len(rows), len(self.game.hands)))
        full[:, self.tree.hands_at(player, board)] = worth
        return full[:, image_of_hands(permutation.tobytes(), self.game.deck)]

    @cached_property
    def _root(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """Return [1, players, H] v before the first action, and [1, H] the hands that the game's own board leaves."""
        values = self._starting_values(0, len(self._entering[0]))[:, 0]
        alive = np.array([~np.isin(self.game.hands, self.tree.cards[0]).any(axis=1)])
        return values[None], alive

    def _worth(self, values: npt.NDArray[np.float32], alive: npt.NDArray[np.bool_], reach: Belief) -> tuple[Float, Float]:
        """Return [boards] each, the sum of both hands' joint reach times (v_0 - v_1) / 2 on some boards, and that of their reach.

        Args:
            values: [boards, players, H] v.
            alive: [boards, H] hands that the boards' cards leave.
            reach: [H] each.
        """
        live = [np.flatnonzero(own) for own in reach]
        if min(map(len, live)) == 1:  # a bot's hand: few pairs, which need no sums by card
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

    def _images(self, board: int, reach: Belief) -> tuple[list[Belief], list[int]]:
        """Return the ranges as a board's symmetries make them, and how many make each; a range that all leave alike is taken as it is."""
        images = [own[self._group(board)] for own in reach]
        alike = [np.abs(images[p] - reach[p]).max() <= ALIKE * reach[p].max() for p in (0, 1)]
        found: dict[bytes, list[Belief]] = {}
        for own in zip(*images, strict=True):
            pair = reach[0] if alike[0] else own[0], reach[1] if alike[1] else own[1]
            found.setdefault(pair[0].tobytes() + pair[1].tobytes(), []).append(pair)
        return [pairs[0] for pairs in found.values()], [len(pairs) for pairs in found.values()]

    def _entered(self, board: int) -> Beliefs:
        """Return how the strategies come to a board, hands in its order."""
        if board == 0:
            start = self._trunk.start(0)
            return start._replace(reach=(start.reach[0][above(self.tree, 0, 0)], start.reach[1][above(self.tree, 1, 0)]))
        return self._trunk.enter(board, self._left(int(self.tree.boards[board, PARENT])))

    def _leaving(self, board: int) -> Beliefs:
        """Return how the strategies leave a board's street."""
        return self._trunk.leave(self._entry(board))

    def _valued(self, board: int) -> RowValues:
        """Evaluate what lies at and below a board, from the reach that the strategies come there with."""
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
            part.take(p, self.strategy.average[p], own[p])
            sweeps.reach[p][:] = 0
            sweeps.reach[p][above(tree, p, board), : entry.reach[p].shape[1]] = entry.reach[p]
        sweeps.evaluate((own[0], own[1]), VALUE)
        cfv = [sweeps.watched(p).astype(np.float32) for p in (0, 1)]
        reach = [row_reach(tree, p, self.strategy.average[p], board, entry.reach[p]).astype(np.float32) for p in (0, 1)]
        return RowValues((cfv[0], cfv[1]), (reach[0], reach[1]))

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
            cf_reach = cf_reach_at(tree, p, board, entry.reach[1 - p])
            full = np.zeros((lines, len(self.game.hands)))
            full[:, tree.hands_at(p, board)] = found.cfv[p][:lines] / np.where(cf_reach > 0, cf_reach, np.inf).T
            values[p] = full[:, self._group(board)].mean(axis=1)
        return values


def values_against(strategy: BoardStrategy, node: int, cards: tuple[int, ...], range_: Float) -> Float:
    """Return the cfvs of a decision's actions against a range of the opponent's, both playing a strategy from there on.

    The street is evaluated from its start, with everybody on it made to come to the decision with all that he has.

    Args:
        strategy: of the whole game.
        node: a decision of ``game.bets``.
        cards: the public cards there.
        range_: [H] over all hands of the deck, what the opponent comes to the decision with.

    Returns:
        [A, H] over all hands of the deck, chips weighted by ``range_``; 0 for hands that cannot be there.
    """
    game, tree, bets = strategy.game, strategy.tree, strategy.game.bets
    player, dtype = int(bets.player[node]), strategy.tree.weight.dtype
    board, permutation = strategy.find(cards)
    way = [node]
    while way[0] > 0 and bets.round[bets.parent[way[0]]] == bets.round[node]:
        way.insert(0, int(bets.parent[way[0]]))
    part = subtree(tree, street_lines(game, way[:1], dtype), board)
    stored: list[Rows] = [np.zeros((rows, LANES), dtype) for rows in part.tree.stored_rows]
    for p in (0, 1):
        part.take(p, strategy.average[p], stored[p])
    for before, after in pairwise(way):
        actor = int(bets.player[before])
        actions, tiled = part.tree.rows_of[before], part.tree.tiled(actor, 0, stored[actor])
        tiled[:, actions] = 0
        tiled[:, actions.start + bets.children(before).index(after)] = 1
    sweeps = BoardSweeps(part.tree, 1, dtype)
    there = np.zeros(len(game.hands))
    there[hand_permutation(permutation, game.hands)] = range_
    for p in (0, 1):
        sweeps.reach[p][above(tree, p, board), 0] = 1.0 if p == player else there[tree.hands_at(p, board)]
    sweeps.evaluate((stored[0], stored[1]), VALUE, only=player)
    cfvs = sweeps.watched(player)[part.tree.lines_of(player, 0) :]
    return strategy.of_all_hands(cfvs[part.tree.rows_of[node]], player, board, permutation)
