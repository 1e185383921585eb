"""Hold'em as a public game: two private cards each, public boards street by street, and a tree of bets.

``HoldemGame`` is the rules of one game or one spot; ``board_tree`` multiplies its betting by its boards.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import comb, prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from games.betting import Betting, BettingTree, betting_tree
from games.betting_forest import betting_forest, betting_streets
from games.board_tree import BoardTree
from games.cards import CARDS, FULL_DECK, Deck, cards_text, hole_hands
from games.isomorphism import Permutation, canonical_deals, hand_permutation, permute_card, symmetries
from games.kernels import LANES
from games.kernels.boards import BOARD_COLUMNS, ORBIT, ORBIT_END, Hands, Orbits
from games.kernels.evaluator import board_strengths

Weights = npt.NDArray[np.float64]
STREETS = ("preflop", "flop", "turn", "river")


@dataclass(frozen=True, eq=False)
class HoldemGame:
    """One hold'em game, or one spot of it. Games are equal if their descriptions are.

    Attributes:
        name: for people.
        betting: the rules of the bets, one round per street.
        deals: [R] public cards that are dealt before each round; 0 before a spot's first, whose cards are in ``board``.
        board: cards on the table before the first round, street by street.
        weights: [H] each, both players' weights of hands (see ``games.cards.hole_hands``).
        deck: the cards that there are.
        big_blind: chips, where the game has blinds.
        notes: what of the settings was taken otherwise than written, a line each; no part of what the game is.
    """

    name: str
    betting: Betting
    deals: tuple[int, ...]
    board: tuple[tuple[int, ...], ...]
    weights: tuple[Weights, Weights]
    deck: Deck = FULL_DECK
    big_blind: float | None = None
    notes: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HoldemGame) and self.description() == other.description()

    def __hash__(self) -> int:
        return hash(self.description())

    @property
    def pot(self) -> float:
        """Chips in the pot before the first action."""
        return sum(self.betting.start)

    @property
    def streets(self) -> tuple[str, ...]:
        """Names of the rounds: from preflop on where there are blinds, else up to the river."""
        rounds = len(self.deals)
        return STREETS[:rounds] if self.betting.blinds else STREETS[len(STREETS) - rounds :]

    def cards_on(self, street: int) -> int:
        """Return how many public cards there are on a street."""
        return sum(map(len, self.board)) + sum(self.deals[1 : street + 1])

    def description(self) -> str:
        """Return all that makes this game, as one line; games are the same if these are."""
        ranges = [hashlib.sha256(w.tobytes()).hexdigest()[:16] for w in self.live]
        parts = (cards_text(self.deck.cards().tolist()), "|".join(map(cards_text, self.board)), self.deals, self.betting, ranges)
        return " ".join(map(str, parts))

    @cached_property
    def bets(self) -> BettingTree:
        """The tree of bets."""
        return betting_tree(self.betting)

    @cached_property
    def hands(self) -> npt.NDArray[np.uint8]:
        """All hands of the deck [H, 2]."""
        return hole_hands(self.deck)

    @cached_property
    def live(self) -> tuple[Weights, Weights]:
        """Both players' weights, 0 for hands that hold a card of the board."""
        dead = np.isin(self.hands, [card for street in self.board for card in street]).any(axis=1)
        return np.where(dead, 0.0, self.weights[0]), np.where(dead, 0.0, self.weights[1])

    def met(self, player: int) -> Weights:
        """Return [H], for each hand the weight of the other player's hands that share no card with it."""
        other = self.live[1 - player]
        by_card = np.zeros(CARDS)
        for column in (0, 1):
            np.add.at(by_card, self.hands[:, column], other)
        met: Weights = other.sum() - by_card[self.hands].sum(axis=1) + other
        return met

    @cached_property
    def deal_mass(self) -> float:
        """Sum over both players' hands that share no card of the product of their weights: what values are divided by."""
        return float(self.live[0] @ self.met(0))


class Size(NamedTuple):
    """How large a game is, told without building it.

    Attributes:
        boards: canonical boards of all streets, exactly.
        rows: of eight hands, of both players' regrets; exact where every hand of the deck is in the ranges, else somewhat too many.
        tree_bytes: the boards and their hands, at most.
        street_rows: of both players, street by street.
    """

    boards: int
    rows: tuple[int, int]
    tree_bytes: int
    street_rows: tuple[int, ...]


def game_size(game: HoldemGame) -> Size:
    """Count boards and rows; takes no longer than the tree of bets."""
    rounds = len(game.deals)
    rows = np.zeros((2, rounds), np.int64)  # a row per action
    above = game.bets.parent[1:]
    acting = game.bets.player[above] >= 0
    np.add.at(rows, (game.bets.player[above][acting], game.bets.round[above][acting]), 1)
    group = symmetries([s for s in game.board if s], game.live, game.hands, game.deck)
    dead = [card for street in game.board for card in street]
    sequences = np.array([_fixed_sequences(g, dead, game.deals[1:], game.deck) for g in group])
    boards = sequences.sum(axis=0) // len(group)  # Burnside's lemma: orbits are the mean number of what a permutation leaves as it is
    hands = np.array([_most_hands(game, p, np.cumsum([0, *game.deals[1:]])) for p in (0, 1)])
    tiles = -(-hands // LANES)
    by_street = boards * tiles * rows
    stored = by_street.sum(axis=1)
    below, inner = int((boards * tiles).sum()) * LANES, int((boards * tiles)[:, :-1].sum()) * LANES
    # A board's table and weight; of a hand two cards, three indices and a tie at most; its images under the symmetries, and its orbit.
    tree = 160 * int(boards.sum()) + (14 if len(group) > 1 else 10) * below + 2 * (len(group) - 1) * inner
    return Size(int(boards.sum()), (int(stored[0]), int(stored[1])), tree, tuple(by_street.sum(axis=0).tolist()))


def _fixed_sequences(permutation: Permutation, dead: list[int], deals: Sequence[int], deck: Deck) -> list[int]:
    """Return, street by street, how many sequences of deals a suit permutation leaves as they are, street by street as sets.

    Such a set is a union of cycles of the live cards, so only the number of cycles of each length counts.
    """
    cycles = [0] * (len(permutation) + 1)
    seen = set(dead)
    for card in deck.cards().tolist():
        length = 0
        while card not in seen:
            seen.add(card)
            card, length = permute_card(permutation, card), length + 1
        cycles[length] += length > 0
    ways = {tuple(cycles[1:]): 1}
    found = [1]
    for count in deals:
        after: dict[tuple[int, ...], int] = {}
        for left, number in ways.items():
            for taken in itertools.product(*(range(min(n, count // length) + 1) for length, n in enumerate(left, 1))):
                if sum(length * t for length, t in enumerate(taken, 1)) == count:
                    key = tuple(n - t for n, t in zip(left, taken, strict=True))
                    after[key] = after.get(key, 0) + number * prod(map(comb, left, taken))
        ways = after
        found.append(sum(ways.values()))
    return found


def _most_hands(game: HoldemGame, player: int, dealt: npt.NDArray[np.int64]) -> list[int]:
    """Return how many of a player's hands are left at most after so many more cards: exact where all hands are in the range."""
    hands = game.hands[game.live[player] > 0]
    degree = np.bincount(hands.ravel(), minlength=CARDS)  # hands that hold a card
    dead = [card for street in game.board for card in street]
    fewest = np.sort(degree[np.setdiff1d(game.deck.cards(), dead)])
    return [len(hands) - max(0, int(fewest[:k].sum()) - comb(int(k), 2)) for k in dealt]


class _Board(NamedTuple):
    street: int
    parent: int
    cards: tuple[int, ...]
    group: list[Permutation]
    weight: float


def _boards(game: HoldemGame, rounds: int) -> tuple[list[_Board], list[tuple[int, int]]]:
    """Return all boards street by street, and of each the range of its children."""
    dealt = tuple(card for street in game.board for card in street)
    group = symmetries([s for s in game.board if s], game.live, game.hands, game.deck)
    boards = [_Board(0, -1, dealt, group, 1.0)]
    children = []
    size = len(game.deck.cards())
    for b in range(2**62):
        if b == len(boards):
            break
        board = boards[b]
        first = len(boards)
        if board.street + 1 < rounds:
            count = game.deals[board.street + 1]
            ways = comb(size - len(board.cards) - 4, count)
            for cards, multiplicity in canonical_deals(board.group, set(board.cards), count, game.deck):
                same = [g for g in board.group if {permute_card(g, c) for c in cards} == set(cards)]
                boards.append(_Board(board.street + 1, b, board.cards + cards, same, multiplicity / ways))
        children.append((first, len(boards)))
    return boards, children


def board_tree(game: HoldemGame, dtype: Any = np.float32) -> BoardTree:
    """Return a game's arrays.

    Args:
        game: what is played.
        dtype: of amounts and weights; regrets and values have the same.
    """
    streets = betting_streets(game.bets, (0,))
    rounds = len(streets)
    boards, children = _boards(game, rounds)
    roots = [np.flatnonzero(w) for w in game.live]
    nowhere = max(-(-len(root) // LANES) for root in roots) * LANES
    forests = (betting_forest(streets, 0, dtype), betting_forest(streets, 1, dtype))
    table = np.zeros((len(boards), BOARD_COLUMNS), np.int64)
    lists: list[list[list[npt.NDArray[Any]]]] = [[[] for _ in Hands._fields] for _ in (0, 1)]
    orbits: list[list[npt.NDArray[np.int64]]] = [[], []]
    hand_at, tie_at, image_at, stored = [0, 0], 0, [0, 0], [0, 0]
    before: dict[int, list[npt.NDArray[Any]]] = {-1: roots}
    permutations = {bytes(g): hand_permutation(g, game.hands) for g in boards[0].group}
    position = np.full(len(game.hands), nowhere, np.int64)
    for b, board in enumerate(boards):
        last = board.street == rounds - 1
        new = set(board.cards) - (set(boards[board.parent].cards) if board.parent >= 0 else set())
        there = []
        for p in (0, 1):
            hands = before[board.parent][p]
            keep = np.flatnonzero(~np.isin(game.hands[hands], list(new)).any(axis=1)) if board.parent >= 0 else np.arange(len(hands))
            there.append((hands[keep], keep))
        table[b, :2] = board.street, board.parent
        table[b, 2:4] = children[b]
        if last:
            power = [board_strengths(board.cards, game.hands[hands]) for hands, _ in there]
            orders = [np.argsort(x, kind="stable") for x in power]
            there = [(hands[order], keep[order]) for (hands, keep), order in zip(there, orders, strict=True)]
            ranks = np.unique(np.concatenate(power))
            for p in (0, 1):
                lists[p][5].append(np.searchsorted(power[p][orders[p]], ranks, side="right"))
            table[b, 10:12] = tie_at, tie_at + len(ranks)
            tie_at += len(ranks)
        for p in (0, 1):
            hands, keep = there[p]
            padding = -len(hands) % LANES
            position[there[1 - p][0]] = np.arange(len(there[1 - p][0]))
            columns = (game.hands[hands, 0], game.hands[hands, 1], keep, position[hands], hands)
            position[there[1 - p][0]] = nowhere
            for column, fill, values in zip(range(5), (0, 0, nowhere, nowhere, 0), columns, strict=True):
                lists[p][column].append(np.append(values, np.full(padding, fill)))
            table[b, 4 + p], table[b, 6 + p], table[b, 8 + p] = hand_at[p], len(hands), stored[p]
            table[b, 12 + p] = image_at[p]
            hand_at[p] += len(hands) + padding
            stored[p] += (len(hands) + padding) // LANES * (streets[board.street][p].rows - streets[board.street][p].lines)
            position[hands] = np.arange(len(hands))
            images = [position[permutations[bytes(g)][hands]] for g in board.group[1:]]
            position[hands] = nowhere
            table[b, ORBIT + p] = len(orbits[p])
            orbits[p] += _orbits(images)
            table[b, ORBIT_END + p] = len(orbits[p])
            if not last:
                lists[p][6] += [np.append(image, np.full(padding, nowhere)) for image in images]
                image_at[p] += len(images) * (len(hands) + padding)
        table[b, 14] = 0 if last else len(board.group) - 1
        if not last:
            before[b] = [hands for hands, _ in there]
    kinds: list[Any] = [np.uint8, np.uint8, np.uint16, np.uint16, np.uint16, np.uint16, np.uint16]
    sides = [Hands(*(np.concatenate([np.zeros(0), *c]).astype(kind) for c, kind in zip(lists[p], kinds, strict=True))) for p in (0, 1)]
    weight = np.array([board.weight for board in boards], dtype)
    decisions = [np.array([node for street in streets for node in street[p].decisions], np.uint32) for p in (0, 1)]
    alike = [
        Orbits(np.cumsum([0, *map(len, own)]).astype(np.uint32), np.concatenate([np.zeros(0), *own]).astype(np.uint16)) for own in orbits
    ]
    return BoardTree(
        forests, (sides[0], sides[1]), (alike[0], alike[1]), table, weight, tuple(board.cards for board in boards),
        tuple(boards[0].group), nowhere, (stored[0], stored[1]), (decisions[0], decisions[1]),
    )  # fmt: skip


def _orbits(images: Sequence[npt.NDArray[np.int64]]) -> list[npt.NDArray[np.int64]]:
    """Return the hands of each orbit of more than one, of what every symmetry but the identity makes of each hand."""
    if not images:
        return []
    least = np.minimum(np.arange(len(images[0])), np.min(images, axis=0))
    order = np.argsort(least, kind="stable")
    ends = np.flatnonzero(np.diff(least[order])) + 1
    return [orbit for orbit in np.split(order, ends) if len(orbit) > 1]
