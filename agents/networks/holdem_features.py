"""What a hold'em network sees: cards by class of hands that suits make equal, and bets by sequence, as two separate tables.

An infostate is a *class* (a board and a hand on it, up to the names of suits) at a *decision* of its street's betting. Neither depends on
the other, so a network can look at C classes and R sequences instead of C x R pairs.

* **Cards.** What suits make equal is one class: of all suit permutations that leave the game as it is (``BoardTree.group``) the one whose
  cards, as sets by group (the hand, then each street's public cards), come first is taken. Each group gives an indicator of its ranks
  (counts), suits and cards, so that a linear layer on it is the sum of a rank, a suit and a card embedding (Brown et al. 2019, arXiv
  1811.00164, section 5.1 and figure 1; theirs see the suits as they are). Beside them stand the strengths of ``agents.abstraction``, which
  the rules alone give: mean strength on each street so far, its second moment, and on the last street that against eight groups of hands.
* **Bets.** A sequence's row holds every action of the hand so far, street by street: that it was taken, its chips as a fraction of the pot
  before it, and whether it raised (as Brown et al. encode bets); pot, chips to call and chips behind; and the action that it ends with.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from agents.abstraction import hand_features
from games.holdem.betting_tree import BettingTree
from games.holdem.board_tree import BoardTree
from games.holdem.cards import CARDS
from games.holdem.isomorphism import Permutation, permute_cards
from games.holdem.layout import betting_streets
from games.holdem.rules import HoldemGame
from games.kernels import LANES
from games.kernels.boards import HANDS, STREET
from games.public_tree import TERMINAL
from search.boards.bucket_solver import Buckets

Float32 = npt.NDArray[np.float32]
Int = npt.NDArray[np.int64]
Bits = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class StreetFeatures:
    """One player's inputs on one street: C classes, R sequences (rows of a tile of ``BoardTree``), K decisions."""

    classes: Buckets  # [tiles, 8] class of each hand of each board, -1 for padding
    cards: Float32  # [C, D_cards]
    bets: Float32  # [R, D_bets]
    first_row: Int  # [K + 1] decision k's actions are rows first_row[k] : first_row[k + 1]
    codes: Bits  # [C, groups] the class's cards as sets of bits, the hand first


@dataclass(frozen=True)
class HoldemEncoding:
    """All inputs of one game, per player and street."""

    game: HoldemGame
    tree: BoardTree
    streets: tuple[tuple[StreetFeatures, ...], tuple[StreetFeatures, ...]]

    @property
    def widths(self) -> tuple[int, int]:
        """D_cards and D_bets."""
        first = self.streets[0][0]
        return first.cards.shape[1], first.bets.shape[1]

    @cached_property
    def buckets(self) -> tuple[list[Buckets], list[Buckets]]:
        """The classes as ``search.boards.bucket_solver`` takes them."""
        return [s.classes for s in self.streets[0]], [s.classes for s in self.streets[1]]

    @property
    def infostates(self) -> int:
        """Infostates of both players, those that suits make equal once."""
        return sum(len(s.cards) * (len(s.first_row) - 1) for side in self.streets for s in side)


def encode_holdem(game: HoldemGame, tree: BoardTree) -> HoldemEncoding:
    """Return a game's inputs.

    Args:
        game: whole game or spot.
        tree: its board tree.
    """
    sides = []
    for p in (0, 1):
        strengths = hand_features(game, tree, p)
        widest = len(tree.forests[p].table) + strengths[-1][0].shape[1]
        bets = bet_features(game, p)
        side = []
        for s, (rows, first_row) in enumerate(bets):
            boards = np.flatnonzero(tree.boards[:, STREET] == s)
            codes = _codes(game, tree, p, boards)
            found, first, inverse = np.unique(codes, axis=0, return_index=True, return_inverse=True)
            worth = _strength_columns(np.concatenate(strengths[s])[first], s, len(tree.forests[p].table), widest)
            cards = np.concatenate([_indicators(game, found), worth], axis=1).astype(np.float32)
            side.append(StreetFeatures(_tiles(tree, p, boards, inverse.reshape(-1)), cards, rows, first_row, found))
        sides.append(tuple(side))
    return HoldemEncoding(game, tree, (sides[0], sides[1]))


def _tiles(tree: BoardTree, player: int, boards: Int, classes: Int) -> Buckets:
    """Return [tiles, 8] from one class per hand, boards one after the other."""
    counts = tree.boards[boards, HANDS + player]
    ends = np.cumsum(counts)
    rows = [np.append(classes[end - n : end], np.full(-n % LANES, -1)) for n, end in zip(counts.tolist(), ends.tolist(), strict=True)]
    return np.concatenate(rows).astype(np.int32).reshape(-1, LANES)


def _codes(game: HoldemGame, tree: BoardTree, player: int, boards: Int) -> Bits:
    """Return [hands of these boards, groups], each hand's cards with the suits that come first; groups yet to come are empty."""
    hands = [game.hands[tree.hands_at(player, int(b))] for b in boards]
    public = np.repeat(np.array([tree.cards[int(b)] for b in boards], np.uint8).reshape(len(boards), -1), list(map(len, hands)), axis=0)
    cards = np.concatenate([np.concatenate(hands), public], axis=1)
    ends = np.cumsum([0, 2, *_groups(game)])
    best: Bits | None = None
    for permutation in tree.group:
        bits = _bits(cards, permutation, ends)
        if best is None:
            best = bits
            continue
        less, equal = np.zeros(len(bits), bool), np.ones(len(bits), bool)
        for column in range(bits.shape[1]):
            less |= equal & (bits[:, column] < best[:, column])
            equal &= bits[:, column] == best[:, column]
        best = np.where(less[:, None], bits, best)
    assert best is not None
    return best


def _groups(game: HoldemGame) -> list[int]:
    """Return how many public cards there are in each group: the streets that a spot begins with, then what each street deals."""
    return [n for n in (*map(len, game.board), *game.deals) if n]


def _bits(cards: npt.NDArray[np.uint8], permutation: Permutation, ends: Int) -> Bits:
    one = np.uint64(1) << permute_cards(permutation, cards).astype(np.uint64)
    groups = [one[:, low:high].sum(axis=1, dtype=np.uint64) for low, high in pairwise(ends)]
    return np.stack(groups, axis=1)


def _indicators(game: HoldemGame, codes: Bits) -> Float32:
    """Return [C, D]: of each group which cards it has, how many of each rank and how many of each suit."""
    deck = game.deck.cards().astype(np.uint64)
    here = (codes[:, :, None] >> deck & np.uint64(1)).astype(np.float32)  # [C, groups, cards of the deck]
    of_card = np.zeros((len(deck), CARDS // 4 + 4), np.float32)
    of_card[np.arange(len(deck)), deck.astype(np.int64) // 4] = 1
    of_card[np.arange(len(deck)), CARDS // 4 + deck.astype(np.int64) % 4] = 1
    of_card = of_card[:, of_card.any(axis=0)]
    return np.concatenate([here, here @ of_card], axis=2).reshape(len(codes), -1)


def _strength_columns(strengths: npt.NDArray[np.float64], street: int, streets: int, width: int) -> npt.NDArray[np.float64]:
    """Return [C, width]: each street's mean strength in its own column, then the rest; moved from about 1/2 to about 0, 0 if unknown."""
    found = np.zeros((len(strengths), width))
    found[:, : street + 1] = 4 * (strengths[:, : street + 1] - 0.5)
    rest = strengths[:, street + 1 :]
    found[:, streets : streets + rest.shape[1]] = 4 * (rest - 0.5)
    return found


def bet_features(game: HoldemGame, player: int) -> list[tuple[Float32, Int]]:
    """Return per street a player's [R, D_bets] and the first row of each decision [K + 1]; see the module's text."""
    bets, streets = game.bets, betting_streets(game.bets, (0,))
    slots = _longest(bets)
    found = []
    for s, pair in enumerate(streets):
        own = pair[player]
        first_row = np.array(own.first_row, np.int64) - own.lines
        rows: list[list[float]] = []
        for node in own.decisions:
            child = node + 1
            while child < bets.end[node]:
                rows.append([*_situation(game, node, s, len(streets)), *_past(bets, node, slots), *_action(bets, child)])
                child = int(bets.end[child])
        found.append((np.array(rows, np.float32).reshape(len(rows), -1), first_row))
    return found


def _longest(bets: BettingTree) -> list[int]:
    """Return the most actions that each street can have."""
    depth = np.zeros(len(bets.player), np.int64)  # actions of the street so far
    most = [0] * (int(bets.round.max()) + 1)
    for node in range(1, len(bets.player)):
        above = int(bets.parent[node])
        if bets.player[above] >= 0:
            depth[node] = (depth[above] if bets.round[above] == bets.round[node] else 0) + 1
        s = int(bets.round[above])
        most[s] = max(most[s], int(depth[node]))
    return most


def _action(bets: BettingTree, child: int) -> tuple[float, ...]:
    """Return what the action into a node is: chips by the pot, raise, fold."""
    above = int(bets.parent[child])
    player, pot = int(bets.player[above]), float(bets.contribution[above].sum())
    before, after = bets.contribution[above], bets.contribution[child]
    folded = bets.player[child] == TERMINAL and bets.folded[child] == player
    return (float(after[player] - before[player]) / pot, float(after[player] > before[1 - player]), float(folded))


def _past(bets: BettingTree, node: int, slots: list[int]) -> list[float]:
    """Return three numbers for each place of an action on each street: taken, chips by the pot, raise."""
    found: list[list[list[float]]] = [[] for _ in slots]
    while node > 0:
        above = int(bets.parent[node])
        if bets.player[above] >= 0:
            found[int(bets.round[above])].insert(0, [1.0, *_action(bets, node)[:2]])
        node = above
    padded = [street + [[0.0] * 3] * (most - len(street)) for street, most in zip(found, slots, strict=True)]
    return [x for street in padded for action in street for x in action]


def _situation(game: HoldemGame, node: int, street: int, streets: int) -> list[float]:
    """Return the street as an indicator, and the pot, chips to call and chips behind as fractions."""
    bets, player = game.bets, int(game.bets.player[node])
    own, other = float(bets.contribution[node, player]), float(bets.contribution[node, 1 - player])
    stakes = game.pot + 2 * game.betting.stack if not game.betting.blinds else 2 * game.betting.stack
    behind = (stakes - own - other) / (own + other)
    return [*np.eye(streets)[street].tolist(), (own + other) / stakes, (other - own) / (own + other), float(np.log1p(behind))]
