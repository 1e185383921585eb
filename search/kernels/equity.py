"""What a card abstraction knows of hands: their strength on the last board, and how it is spread over the boards that may still come.

All hands of one board are worked out at once. The *strength* of a hand is the share of opponents' hands that it beats, ties counting half,
hands that share a card with it left out.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from games.kernels import inner_kernel, kernel
from games.kernels.evaluator import strengths

_CARDS, _DIGIT, _PASSES = 52, 10, 3  # strengths have 30 bits: three digits of ten
_NUMBER = np.uint64(11)  # bits of a hand's number


class EquitySpace(NamedTuple):
    """Room to work in, for one thread."""

    power: npt.NDArray[np.int32]  # [H] strengths as the evaluator gives them
    keys: npt.NDArray[np.uint64]  # [2, H]
    digits: npt.NDArray[np.uint32]  # [3, 1024]
    counts: npt.NDArray[np.int32]  # [52]
    by_card: npt.NDArray[np.float32]  # [2, 52]
    share: npt.NDArray[np.float32]  # [G, H]
    board: npt.NDArray[np.uint8]  # [5]
    rest: npt.NDArray[np.uint8]  # [52]
    spread: npt.NDArray[np.float32]  # [H, bins]
    feature: npt.NDArray[np.float32]  # [H, features]


def equity_space(hands: int, groups: int, bins: int) -> EquitySpace:
    """Return room for so many hands, groups of opponents' hands and bins."""
    single = np.float32
    return EquitySpace(
        power=np.zeros(hands, np.int32),
        keys=np.zeros((2, hands), np.uint64),
        digits=np.zeros((_PASSES, 1 << _DIGIT), np.uint32),
        counts=np.zeros(_CARDS, np.int32),
        by_card=np.zeros((2, _CARDS), single),
        share=np.zeros((groups, hands), single),
        board=np.zeros(5, np.uint8),
        rest=np.zeros(_CARDS, np.uint8),
        spread=np.zeros((hands, bins), single),
        feature=np.zeros((hands, max(groups, bins)), single),
    )


@inner_kernel
def sort_hands(power: Any, keys: Any, digits: Any) -> Any:
    """Sort the hands that can be held from weak to strong into ``keys[1]``, and return how many there are; a radix sort.

    A key is a hand's strength, and its number in the eleven lowest bits.
    """
    one, mask = np.uint64(1), np.uint64((1 << _DIGIT) - 1)
    for p in range(_PASSES):
        for digit in range(1 << _DIGIT):
            digits[p, digit] = 0
    live = np.uint64(0)
    for h in range(len(power)):
        if power[h] >= 0:
            strength = np.uint64(power[h])
            keys[0, live] = (strength << _NUMBER) | np.uint64(h)
            live += one
            for p in range(_PASSES):
                digits[p, (strength >> np.uint64(_DIGIT * p)) & mask] += 1
    for p in range(_PASSES):
        start = np.uint32(0)
        for digit in range(1 << _DIGIT):
            size = digits[p, digit]
            digits[p, digit] = start
            start += size
        source, shift = p & 1, _NUMBER + np.uint64(_DIGIT * p)
        for i in range(np.int64(live)):
            key = keys[source, i]
            digit_ = (key >> shift) & mask
            place = digits[p, digit_]
            keys[1 - source, place] = key
            digits[p, digit_] = place + np.uint32(1)
    return np.int64(live)


@inner_kernel
def _shares_of_all(keys: Any, live: int, hands: Any, by_card: Any, possible: float, share: Any) -> None:
    """Write the strength of every hand against all hands; see ``board_features``.

    Hands are walked from weak to strong. ``by_card`` counts the hands that hold a card, twice each once they are beaten: those of the same
    strength are counted once, before it is looked at. The hand itself is counted once, too, in both of its cards.

    Args:
        keys: [live] u8, see ``sort_hands``.
        live: hands that can be held.
        hands: [H, 2] u1.
        by_card: [52] i4, room to work in.
        possible: hands that share no card with a hand.
        share: [H] f4, in place.
    """
    scale, mask = np.float32(0.5 / possible), np.uint64((1 << 11) - 1)
    for c in range(_CARDS):
        by_card[c] = 0
    first = 0
    while first < live:
        strength, last = keys[first] >> _NUMBER, first
        while last < live and keys[last] >> _NUMBER == strength:
            h = keys[last] & mask
            by_card[hands[h, 0]] += 1
            by_card[hands[h, 1]] += 1
            last += 1
        twice = first + last  # 2 * weaker + equal
        for i in range(first, last):
            h = keys[i] & mask
            share[h] = scale * np.float32(twice + 1 - by_card[hands[h, 0]] - by_card[hands[h, 1]])
        for i in range(first, last):
            h = keys[i] & mask
            by_card[hands[h, 0]] += 1
            by_card[hands[h, 1]] += 1
        first = last


@inner_kernel
def _shares_of_group(keys: Any, live: int, hands: Any, weights: Any, by_card: Any, share: Any) -> None:
    """Write the strength of every hand against a group of hands with these weights [H]; see ``board_features``."""
    half, mask = np.float32(0.5), np.uint64((1 << 11) - 1)
    total, less = np.float32(0.0), np.float32(0.0)
    for c in range(_CARDS):
        by_card[0, c] = by_card[1, c] = np.float32(0.0)
    for i in range(live):
        h = keys[i] & mask
        total += weights[h]
        by_card[0, hands[h, 0]] += weights[h]
        by_card[0, hands[h, 1]] += weights[h]
    first = 0
    while first < live:
        strength, last = keys[first] >> _NUMBER, first
        while last < live and keys[last] >> _NUMBER == strength:  # half of a tie counts as beaten
            h = keys[last] & mask
            weight = half * weights[h]
            less += weight
            by_card[1, hands[h, 0]] += weight
            by_card[1, hands[h, 1]] += weight
            last += 1
        for i in range(first, last):
            h = keys[i] & mask
            low, high, weight = hands[h, 0], hands[h, 1], weights[h]
            possible = total - by_card[0, low] - by_card[0, high] + weight
            beaten = less - by_card[1, low] - by_card[1, high] + half * weight
            share[h] = beaten / possible if possible > 0 else half
        for i in range(first, last):
            h = keys[i] & mask
            weight = half * weights[h]
            less += weight
            by_card[1, hands[h, 0]] += weight
            by_card[1, hands[h, 1]] += weight
        first = last


@inner_kernel
def _shares(board: Any, hands: Any, groups: Any, used: int, space: Any) -> None:
    """Write the strength of every hand against each of the first ``used`` groups into ``space.share``; see ``board_features``."""
    strengths(board, hands, space.power)
    live = sort_hands(space.power, space.keys, space.digits)
    cards = (1.0 + np.sqrt(1.0 + 8.0 * live)) / 2.0  # that are not on the board
    _shares_of_all(space.keys[1], live, hands, space.counts, (cards - 2) * (cards - 3) / 2, space.share[0])
    for g in range(1, used):
        _shares_of_group(space.keys[1], live, hands, groups[g], space.by_card, space.share[g])


@inner_kernel
def _features(board: Any, deck: Any, missing: int, hands: Any, groups: Any, bins: int, space: Any, out: Any) -> None:
    """Write one board's features; see ``board_features``."""
    if missing == 0:
        _shares(board, hands, groups, len(groups), space)
        for h in range(len(hands)):
            for g in range(len(groups)):
                out[h, g] = space.share[g, h] if space.power[h] >= 0 else np.float32(0.0)
        return
    shown, left = len(board), 0
    full, rest = space.board[: shown + missing], space.rest
    for i in range(shown):
        full[i] = board[i]
    for i in range(len(deck)):
        free = True
        for j in range(shown):
            free = free and deck[i] != board[j]
        if free:
            rest[left] = deck[i]
            left += 1
    for h in range(len(hands)):
        out[h, 0] = np.float32(0.0)
        for k in range(bins):
            space.spread[h, k] = np.float32(0.0)
    drawn = np.zeros(missing, np.int64)
    for i in range(missing):
        drawn[i] = i
    while True:
        for i in range(missing):
            full[shown + i] = rest[drawn[i]]
        _shares(full, hands, groups, 1, space)
        for h in range(len(hands)):
            if space.power[h] >= 0:
                share = space.share[0, h]
                out[h, 0] += share
                space.spread[h, min(np.int64(share * bins), bins - 1)] += np.float32(1.0)
        i = missing - 1  # the next set of cards
        while i >= 0 and drawn[i] == left - missing + i:
            i -= 1
        if i < 0:
            break
        drawn[i] += 1
        for j in range(i + 1, missing):
            drawn[j] = drawn[j - 1] + 1
    for h in range(len(hands)):
        count, below = np.float32(0.0), np.float32(0.0)
        for k in range(bins):
            count += space.spread[h, k]
        scale = np.float32(1.0) / count if count > 0 else np.float32(0.0)
        out[h, 0] *= scale
        for k in range(bins - 1):
            below += space.spread[h, k]
            out[h, k + 1] = below * scale


@kernel
def board_features(boards: Any, deck: Any, missing: int, hands: Any, groups: Any, bins: int, space: Any, out: Any) -> None:
    """Write what the abstraction knows of every hand on some boards of one street.

    Args:
        boards: [n, b] u1, at least one card.
        deck: [cards] u1.
        missing: public cards that are still to come.
        hands: [H, 2] u1, all of the deck.
        groups: [G, H] f4, weights of opponents' hands; the first group is all of them, with weight 1.
        bins: of the spread of strengths.
        space: room to work in.
        out: [n, H, features] f4, in place; zeros for hands that hold a card of the board. On the last street the strength against each
            group. Before, over all cards that may come: the mean strength against the first group, and the shares of strengths below
            1/bins, 2/bins .. 1 - 1/bins: the distances of such shares are those of the distributions (Cramér's).
    """
    for b in range(len(boards)):
        _features(boards[b], deck, missing, hands, groups, bins, space, out[b])


@inner_kernel
def _nearest(point: Any, centres: Any) -> Any:
    """Return the row of the centre that is nearest to a point, the first of several; centres ascend in their first column.

    It looks on both sides of the point's own first column, as far as the first column alone does not rule a centre out.
    """
    low, high = 0, len(centres)
    while low < high:
        middle = (low + high) >> 1
        if centres[middle, 0] < point[0]:
            low = middle + 1
        else:
            high = middle
    least, best = np.float32(np.inf), 0
    down, up = low - 1, low
    while down >= 0 or up < len(centres):
        below = (point[0] - centres[down, 0]) ** 2 if down >= 0 else np.float32(np.inf)
        above = (centres[up, 0] - point[0]) ** 2 if up < len(centres) else np.float32(np.inf)
        if min(below, above) > least:
            break
        if below < above:
            k = down
            down -= 1
        else:
            k = up
            up += 1
        distance = np.float32(0.0)
        for f in range(centres.shape[1]):
            distance += (point[f] - centres[k, f]) ** 2
        if distance < least or (distance == least and k < best):
            least, best = distance, k
    return best


@kernel
def fill_buckets(boards: Any, deck: Any, missing: int, hands: Any, groups: Any, bins: int, centres: Any, space: Any, out: Any) -> None:
    """Write the bucket of every hand on some boards of one street: the row of the nearest centre.

    Args:
        boards: [n, b] u1, at least one card.
        deck: [cards] u1.
        missing: public cards that are still to come.
        hands: [H, 2] u1, all of the deck.
        groups: [G, H] f4, see ``board_features``.
        bins: of the spread of strengths.
        space: room to work in.
        centres: [K, features] f4, ascending in the first column.
        out: [n, H] u2, in place; of hands that hold a card of the board the number means nothing.
    """
    for b in range(len(boards)):
        _features(boards[b], deck, missing, hands, groups, bins, space, space.feature)
        for h in range(len(hands)):
            out[b, h] = _nearest(space.feature[h, : centres.shape[1]], centres)
