"""Card abstraction without a tree of boards: a hand's bucket is the nearest of some centres, worked out for any board when it is asked for.

Before the first public cards hands that suits make equal share a bucket: 169 classes of a full deck. On later streets a hand's features are
those of ``search.kernels.equity``, and its bucket is the centre that is nearest to them. The features depend on the set of cards on the
board alone, not on which fell when: the abstraction has imperfect recall (Waugh et al. 2009, "A practical use of imperfect recall").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from math import comb
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from games.arrays import Float32
from games.holdem.cards import CARDS, Cards, Deck, hole_hands
from games.holdem.isomorphism import Permutation, hand_permutation, permute_cards, suit_permutations
from search.kernels.card_sets import boards_of_keys, canonical_rows
from search.kernels.equity import board_features, equity_space, fill_buckets
from search.kernels.mccfr import Cards as CardArrays

BINS = 8  # of the spread of strengths
Buckets = npt.NDArray[np.uint16]


class BoardIndex(NamedTuple):
    """All boards of one street by key (see ``search.kernels.card_sets``), and those that stand for all that suits make equal."""

    sets: tuple[int, ...]  # cards of each set
    row: npt.NDArray[np.uint32]  # [keys] of the board that stands for it
    symmetry: npt.NDArray[np.uint8]  # [keys] which of ``suit_permutations`` leads there
    boards: Cards  # [rows, cards]


def board_index(deck: Deck, sets: tuple[int, ...]) -> BoardIndex:
    """Number the boards of one street.

    Args:
        deck: the cards that there are.
        sets: cards of each set of a board: (4,) for a turn without memory of the flop, (3, 1) for one with it; () for no cards.
    """
    cards = deck.cards()
    ways = [comb(len(cards), size) for size in sets]
    row, symmetry = np.zeros(int(np.prod(ways)), np.uint32), np.zeros(int(np.prod(ways)), np.uint8)
    if not sets:
        return BoardIndex(sets, row, symmetry, np.zeros((1, 0), np.uint8))
    position = np.zeros(CARDS, np.uint8)
    position[cards] = np.arange(len(cards))
    images = np.array([position[permute_cards(permutation, cards)] for permutation in suit_permutations(deck)])
    ends, binomial = np.array([*accumulate(sets)]), binomials(len(cards))
    rows = canonical_rows(ends, binomial, images, row, symmetry)
    keys = np.flatnonzero((symmetry == 0) & (row < rows))
    positions = np.zeros((rows, sum(sets)), np.uint8)
    boards_of_keys(keys, ends, binomial, positions)
    return BoardIndex(sets, row, symmetry, cards[positions])


def binomials(n: int) -> npt.NDArray[np.int64]:
    """Return [n + 1, 6], binomial(i, j)."""
    return np.array([[comb(i, j) for j in range(6)] for i in range(n + 1)], np.int64)


def card_arrays(deck: Deck, indices: Sequence[BoardIndex], buckets: npt.NDArray[Any]) -> CardArrays:
    """Return what deals are made of.

    Args:
        deck: the cards that there are.
        indices: of the boards of each street, the first without cards.
        buckets: unsigned, per street [rows, H], the bucket of each hand on each board that stands for others, street after street.
    """
    hands, cards, streets = hole_hands(deck), deck.cards(), len(indices)
    number = np.zeros((CARDS, CARDS), np.uint16)
    low, high = hands.T
    number[low, high] = number[high, low] = np.arange(len(hands))
    ends, sets = np.zeros((streets, streets), np.int64), np.array([len(index.sets) for index in indices])
    for s, index in enumerate(indices):
        ends[s, : sets[s]] = [*accumulate(index.sets)]
    return CardArrays(
        deck=cards,
        hand=number[np.ix_(cards, cards)],
        image=np.array([hand_permutation(p, hands) for p in suit_permutations(deck)]).astype(np.uint16),
        binomial=binomials(len(cards)),
        shown=np.array([sum(index.sets) for index in indices]),
        ends=ends,
        sets=sets,
        key_start=np.array([0, *accumulate(len(index.row) for index in indices)])[:-1],
        row=np.concatenate([index.row for index in indices]),
        symmetry=np.concatenate([index.symmetry for index in indices]),
        bucket_start=np.array([0, *accumulate(len(index.boards) * len(hands) for index in indices)])[:-1],
        bucket=buckets,
    )


@dataclass(frozen=True, eq=False)
class CardAbstraction:
    """Buckets of hands on every board of a game.

    Attributes:
        deck: the cards that there are.
        deals: [S] public cards that are dealt before each street; none before the first.
        groups: [G, H] f4, weights of opponents' hands against which strength is measured on the last street; the first is all hands.
        centres: of every street but the first [K, features] f4, ascending in the first column.
        second: [boards, H] u2, buckets of the street after the first, boards as ``board_index`` has them; None where each is to be worked
            out when it is asked for.
    """

    deck: Deck
    deals: tuple[int, ...]
    groups: Float32
    centres: tuple[Float32, ...]
    second: Buckets | None = None

    @cached_property
    def hands(self) -> Cards:
        """All hands of the deck [H, 2]."""
        return hole_hands(self.deck)

    @cached_property
    def classes(self) -> Buckets:
        """The class of each hand before the first public cards [H]: hands that suits make equal are of one."""
        least = np.min([hand_permutation(p, self.hands) for p in suit_permutations(self.deck)], axis=0)
        return np.unique(least, return_inverse=True)[1].reshape(-1).astype(np.uint16)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Buckets of each street."""
        return int(self.classes.max()) + 1, *(len(centres) for centres in self.centres)

    def buckets(self, cards: Sequence[int]) -> Buckets:
        """Return [H], the bucket of each hand on a board; of hands that hold one of its cards the number means nothing.

        Raises:
            ValueError: so many cards are on the board of no street.
        """
        counts = [*accumulate(self.deals)]
        if len(cards) not in counts:
            raise ValueError(f"cards must be as many as on a street, {', '.join(map(str, counts))}, got {len(cards)}")
        if not cards:
            return self.classes
        board, buckets = np.array(cards, np.uint8), np.zeros((1, len(self.hands)), np.uint16)
        images = [np.sort(permute_cards(permutation, board)) for permutation in self._symmetries]
        chosen = min(range(len(images)), key=lambda i: images[i][::-1].tolist())  # the one of least key, as in ``board_index``
        if self.second is not None and counts.index(len(cards)) == 1:
            buckets = self.second[self._second_rows[images[chosen].tobytes()]][None]
        else:
            self._fill(counts.index(len(cards)), images[chosen][None], buckets)
        renamed: Buckets = buckets[0, hand_permutation(self._symmetries[chosen], self.hands)]
        return renamed

    @cached_property
    def _second_rows(self) -> dict[bytes, int]:
        boards = board_index(self.deck, (self.deals[1],)).boards
        return {np.sort(board).tobytes(): row for row, board in enumerate(boards)}

    @cached_property
    def _symmetries(self) -> tuple[Permutation, ...]:
        return suit_permutations(self.deck)

    def _fill(self, street: int, boards: Cards, buckets: Buckets) -> None:
        """Write [n, H], the buckets on some boards of one street."""
        space = equity_space(len(self.hands), len(self.groups), BINS)
        missing, centres = sum(self.deals[street + 1 :]), self.centres[street - 1]
        fill_buckets(boards, self.deck.cards(), missing, self.hands, self.groups, BINS, centres, space, buckets)

    def indices(self) -> list[BoardIndex]:
        """Return all boards of each street by number."""
        return [board_index(self.deck, (count,) if count else ()) for count in accumulate(self.deals)]

    def tabulated(self, indices: Sequence[BoardIndex], threads: int = 1, progress: Callable[[float], None] | None = None) -> Buckets:
        """Return the bucket of every hand on every board up to suits, [rows of all streets * H]; ``progress`` is told the share done."""
        counts = [len(index.boards) for index in indices]
        flat = np.zeros(sum(counts) * len(self.hands), np.uint16)
        flat[: len(self.hands)] = self.classes
        tables = np.split(flat.reshape(-1, len(self.hands)), np.cumsum(counts)[:-1])
        pieces = [
            (street, index.boards[span], table[span])
            for street, (index, table) in enumerate(zip(indices, tables, strict=True))
            for span in _spans(len(table), 32)
            if street
        ]
        with ThreadPoolExecutor(threads) as pool:
            try:
                for done, _ in enumerate(pool.map(lambda piece: self._fill(*piece), pieces), 1):
                    if progress is not None:
                        progress(done / len(pieces))
            except BaseException:  # Ctrl-C does not wait for pieces that have not begun
                pool.shutdown(cancel_futures=True)
                raise
        return flat

    def arrays(self) -> CardArrays:
        """Return what deals are made of."""
        indices = self.indices()
        return card_arrays(self.deck, indices, self.tabulated(indices))


@dataclass(frozen=True, eq=False)
class LosslessBuckets:
    """A bucket for each hand of each board up to suits, boards remembered street by street: for games of a few thousand boards.

    Attributes:
        deck: the cards that there are.
        deals: [S] public cards that are dealt before each street; none before the first.
    """

    deck: Deck
    deals: tuple[int, ...]

    @cached_property
    def indices(self) -> list[BoardIndex]:
        """All boards of each street by number."""
        return [board_index(self.deck, tuple(self.deals[1 : street + 1])) for street in range(len(self.deals))]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Buckets of each street."""
        return tuple(len(index.boards) * len(hole_hands(self.deck)) for index in self.indices)

    def buckets(self, cards: Sequence[int]) -> npt.NDArray[np.int64]:
        """Return [H], the bucket of each hand on a board of a street, cards in the order in which they fell."""
        index = self.indices[[*accumulate(self.deals)].index(len(cards))]
        place = self.deck.cards().searchsorted(cards).tolist()
        key, count, first = 0, len(self.deck.cards()), 0
        for size in index.sets:
            ranked = enumerate(sorted(place[first : first + size]), 1)
            key = key * comb(count, size) + sum(comb(position, i) for i, position in ranked)
            first += size
        hands = hole_hands(self.deck)
        image = hand_permutation(suit_permutations(self.deck)[int(index.symmetry[key])], hands)
        return int(index.row[key]) * len(hands) + image.astype(np.int64)

    def arrays(self) -> CardArrays:
        """Return what deals are made of."""
        return card_arrays(self.deck, self.indices, np.concatenate([np.arange(size, dtype=np.uint32) for size in self.sizes]))


def _spans(count: int, parts: int) -> list[slice]:
    """Return slices that part ``range(count)`` evenly."""
    return [slice(first, last) for first, last in pairwise(np.linspace(0, count, parts + 1).astype(int).tolist())]


def features_of(deck: Deck, boards: Cards, missing: int, groups: Float32) -> Float32:
    """Return [n, H, features] on some boards of one street, see ``search.kernels.equity.board_features``."""
    hands = hole_hands(deck)
    features = np.zeros((len(boards), len(hands), BINS if missing else len(groups)), np.float32)
    board_features(boards, deck.cards(), missing, hands, groups, BINS, equity_space(len(hands), len(groups), BINS), features)
    return features
