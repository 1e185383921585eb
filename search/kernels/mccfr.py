"""External-sampling MCCFR (Lanctot, Waugh, Zinkevich & Bowling 2009) on a tree of bets and buckets of hands.

Cards come into it only as a *deal*: both players' buckets on every street, and who has the better hand. One traversal of a deal for one
player follows all of that player's actions, and one sampled action of the opponent at each of the opponent's decisions. Strategies are
regret matching on a table that does not change meanwhile: what is to be added to it goes into a log, and logs are added in the order of
traversals. So the sums do not depend on how traversals are divided among threads.

A decision's actions are consecutive *slots*. Decisions are numbered street by street, so the slots of a street are consecutive, too, and a
table has, for each street and bucket, one run of that street's slots: what a traversal looks up on one street lies together.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from games.kernels import inlined_kernel, kernel
from games.kernels.evaluator import strengths
from search.kernels.card_sets import board_key
from search.kernels.random_numbers import number_of, share_of, whole_below

CARD_NUMBERS, TRAVERSALS = 0, 1  # streams of a deal: of its cards; of player p's traversal the second plus p
SKIPPED = np.float32(-1.0)  # in place of the probability of an action that is not looked at


class Bets(NamedTuple):
    """A tree of bets without its chance nodes: D decisions, street by street."""

    slot: npt.NDArray[np.uint32]  # [D + 1] the first slot of each
    player: npt.NDArray[np.uint8]  # [D] who acts
    street: npt.NDArray[np.uint8]  # [D]
    child: npt.NDArray[np.int32]  # [slots] the decision that follows, or -1 - the terminal
    payoff: npt.NDArray[np.float64]  # [terminals, 2] player 0's chips: after a fold; times 1, 0 or -1 at a showdown
    first_slot: npt.NDArray[np.int64]  # [S + 1] of each street
    table_start: npt.NDArray[np.int64]  # [S] where each street begins in a table


class Cards(NamedTuple):
    """What deals are made of, on S streets; positions are those in the deck."""

    deck: npt.NDArray[np.uint8]  # [n] cards
    hand: npt.NDArray[np.uint16]  # [n, n] number of the hand of two positions
    image: npt.NDArray[np.uint16]  # [symmetries, H] which hand each hand becomes
    binomial: npt.NDArray[np.int64]  # [n + 1, 6]
    shown: npt.NDArray[np.int64]  # [S] public cards on each street
    ends: npt.NDArray[np.int64]  # [S, S] see ``search.kernels.card_sets.board_key``
    sets: npt.NDArray[np.int64]  # [S]
    key_start: npt.NDArray[np.int64]  # [S] where each street's keys begin
    row: npt.NDArray[np.uint32]  # [keys]
    symmetry: npt.NDArray[np.uint8]  # [keys]
    bucket_start: npt.NDArray[np.int64]  # [S] where each street begins in ``bucket``
    bucket: npt.NDArray[Any]  # per street [rows, H], unsigned


class Deals(NamedTuple):
    """Deals that are traversed."""

    bucket: npt.NDArray[np.uint32]  # [n, 2, S] of each player on each street
    sign: npt.NDArray[np.int8]  # [n] 1 if player 0 has the better hand, 0 for a tie, else -1


class Space(NamedTuple):
    """Room for one thread's traversals."""

    decision: npt.NDArray[np.int32]  # [decisions visited] in the order in which they are come to
    up: npt.NDArray[np.int32]  # [decisions visited] where a decision's value goes
    acting: npt.NDArray[np.int64]  # [traverser's decisions, 3] first row in the table, first value, where its value goes
    actions: npt.NDArray[np.int32]  # [traverser's decisions] how many
    strategy: npt.NDArray[np.float32]  # [values]
    value: npt.NDArray[np.float64]  # [values] the root's, then those of the actions at the traverser's decisions


class Log(NamedTuple):
    """Additions to a table, in order."""

    row: npt.NDArray[np.uint32]
    amount: npt.NDArray[np.float32]


@kernel
def draw_deals(cards: Cards, seed: Any, iteration: int, first: int, deals: Deals) -> None:
    """Draw deals ``first``, ``first`` + 1, .. of an iteration, every deal with the same probability.

    Args:
        cards: of the game.
        seed: u8, key of all streams.
        iteration: of the solve.
        first: number of the first deal.
        deals: in place.
    """
    streets, dealt = len(cards.shown), 4 + cards.shown[len(cards.shown) - 1]
    position, board = np.zeros(dealt, np.uint8), np.zeros(dealt - 4, np.uint8)
    hands, power = np.zeros((2, 2), np.uint8), np.zeros(2, np.int32)
    hand_count = cards.image.shape[1]
    iteration_key = number_of(number_of(seed, 0), iteration)
    for i in range(len(deals.sign)):
        key = number_of(number_of(iteration_key, first + i), CARD_NUMBERS)
        taken, k = np.int64(0), 0
        for j in range(dealt):
            while True:
                card = whole_below(number_of(key, k), len(cards.deck))
                k += 1
                if not (taken >> card) & 1:
                    break
            taken |= np.int64(1) << card
            position[j] = card
        first_hand = np.int64(cards.hand[np.int64(position[0]), np.int64(position[1])])
        second_hand = np.int64(cards.hand[np.int64(position[2]), np.int64(position[3])])
        for s in range(streets):
            for j in range(cards.shown[s]):
                board[j] = position[4 + j]
            place = cards.key_start[s] + board_key(board, cards.ends[s], cards.sets[s], cards.binomial)
            row = cards.bucket_start[s] + np.int64(cards.row[place]) * hand_count
            image = cards.image[np.int64(cards.symmetry[place])]
            deals.bucket[i, 0, s] = cards.bucket[row + np.int64(image[first_hand])]
            deals.bucket[i, 1, s] = cards.bucket[row + np.int64(image[second_hand])]
        for p in range(2):
            hands[p, 0], hands[p, 1] = cards.deck[position[2 * p]], cards.deck[position[2 * p + 1]]
        for j in range(len(board)):
            board[j] = cards.deck[position[4 + j]]
        strengths(board, hands, power)
        deals.sign[i] = np.int8(power[0] > power[1]) - np.int8(power[0] < power[1])


@inlined_kernel
def _payoff(bets: Any, child: Any, own: float, sign: float) -> Any:
    """Return the traverser's chips at a terminal."""
    return own * (bets.payoff[-1 - child, 0] + bets.payoff[-1 - child, 1] * sign)


@inlined_kernel
def _sampled(regret: Any, row: Any, count: Any, number: Any, scale: Any, averages: Any, averaged: Any) -> Any:
    """Return an action that is drawn from the strategy at a decision, and log the strategy from entry ``averaged`` on."""
    zero, total = np.float32(0.0), np.float32(0.0)
    for a in range(count):
        total += max(regret[row + a], zero)
    whole = total if total > zero else np.float32(count)
    left, chosen, final = share_of(number) * whole, -1, 0
    for a in range(count):
        part = max(regret[row + a], zero) if total > zero else np.float32(1.0)
        averages.row[averaged + a] = row + a
        averages.amount[averaged + a] = scale * (part / whole)
        if part > zero:
            final = a
        left -= part
        if chosen < 0 and left < zero:
            chosen = a
    return chosen if chosen >= 0 else final


@inlined_kernel
def _forward(
    bets: Any, regret: Any, start: Any, sign: float, traverser: int, key: Any, threshold: Any, scale: Any, space: Any, averages: Any,
    averaged: Any,
) -> Any:  # fmt: skip
    """Come to all decisions of one traversal, first come first served, so that their rows are looked up without waiting for each other.

    Returns:
        Decisions of the traverser, entries of ``averages``, and decisions of both.
    """
    zero, last_street, own = np.float32(0.0), start.shape[1] - 1, 1.0 - 2.0 * traverser
    space.decision[0], space.up[0] = 0, 0
    waiting, taken, acting, values = 1, 0, 0, np.int64(1)
    while taken < waiting:
        d, up = np.int64(space.decision[taken]), space.up[taken]
        taken += 1
        street, slot, player = np.int64(bets.street[d]), np.int64(bets.slot[d]), np.int64(bets.player[d])
        count, row = np.int64(bets.slot[d + 1]) - slot, start[player, street] + slot
        if player != traverser:
            child = np.int64(bets.child[slot + _sampled(regret, row, count, number_of(key, d), scale, averages, averaged)])
            averaged += count
            if child < 0:
                space.value[up] = _payoff(bets, child, own, sign)
            else:
                space.decision[waiting], space.up[waiting] = child, up
                waiting += 1
            continue
        total = zero
        for a in range(count):
            total += max(regret[row + a], zero)
        for a in range(count):
            child, at = np.int64(bets.child[slot + a]), values + a
            space.strategy[at] = max(regret[row + a], zero) / total if total > zero else np.float32(1.0) / np.float32(count)
            if child < 0:
                space.value[at] = _payoff(bets, child, own, sign)
            elif regret[row + a] < threshold and total > zero and street < last_street:
                space.strategy[at] = SKIPPED
            else:
                space.decision[waiting], space.up[waiting] = child, at
                waiting += 1
        space.acting[acting, 0], space.acting[acting, 1], space.acting[acting, 2], space.actions[acting] = row, values, up, count
        acting += 1
        values += count
    return acting, averaged, waiting


@inlined_kernel
def _backward(acting: Any, scale: Any, space: Any, regrets: Any, logged: Any) -> Any:
    """Work out the values at the traverser's decisions, the last first, and log the regrets; return entries of ``regrets``."""
    zero = np.float32(0.0)
    for k in range(acting - 1, -1, -1):
        row, at, count = space.acting[k, 0], space.acting[k, 1], np.int64(space.actions[k])
        value = 0.0
        for a in range(count):
            if space.strategy[at + a] > zero:
                value += np.float64(space.strategy[at + a]) * space.value[at + a]
        space.value[space.acting[k, 2]] = value
        for a in range(count):
            if space.strategy[at + a] >= zero:
                regrets.row[logged] = row + a
                regrets.amount[logged] = scale * np.float32(space.value[at + a] - value)
                logged += 1
    return logged


@kernel
def traverse(
    bets: Any, regret: Any, deals: Any, numbers: Any, traverser: int, weight: float, pruning: Any, space: Any, regrets: Any, averages: Any,
    most: Any, used: Any,
) -> None:  # fmt: skip
    """Traverse deals for one player, and log what is to be added to the regrets and to the opponent's average strategy.

    At the traverser's decisions it logs weight * (value of the action - value of the decision) for each action; at the opponent's, which
    are come to as often as the opponent plays to them, weight * the strategy there. It stops before a deal for which a log may be too
    short.

    Args:
        bets: the tree, ``Bets``.
        regret: [rows] f4, not changed.
        deals: ``Deals``, all of this iteration and thread.
        numbers: (seed u8, iteration, number of the first deal): random numbers depend on nothing else.
        traverser: 0 or 1.
        weight: of the iteration.
        pruning: (share, threshold): in that share of traversals actions with a regret below the threshold are not looked at, but on the
            last street, where they end the hand, and where no action has a positive regret (Brown & Sandholm 2019, Superhuman AI for
            multiplayer poker, supplement).
        space: room to work in, ``Space``.
        regrets: ``Log`` for the traverser.
        averages: ``Log`` for the opponent.
        most: (regrets, averages), what one traversal logs at most.
        used: [4] i8, in place: the next deal, additions in ``regrets`` and in ``averages``, decisions visited. The first and the last are
            also read.
    """
    seed, iteration, first_deal = numbers
    share, threshold = pruning
    streets, scale = len(bets.table_start), np.float32(weight)
    start = np.zeros((2, streets), np.int64)
    iteration_key = number_of(number_of(seed, 0), iteration)
    logged, averaged, deal = 0, 0, used[0]
    while deal < len(deals.sign) and logged + most[0] <= len(regrets.row) and averaged + most[1] <= len(averages.row):
        key = number_of(number_of(iteration_key, first_deal + deal), TRAVERSALS + traverser)
        limit = threshold if share_of(number_of(key, len(bets.player))) < share else np.float32(-np.inf)
        for p in range(2):
            for s in range(streets):
                width = bets.first_slot[s + 1] - bets.first_slot[s]
                start[p, s] = bets.table_start[s] + np.int64(deals.bucket[deal, p, s]) * width - bets.first_slot[s]
        sign = np.float64(deals.sign[deal])
        acting, averaged, visited = _forward(bets, regret, start, sign, traverser, key, limit, scale, space, averages, averaged)
        logged = _backward(acting, scale, space, regrets, logged)
        used[3] += visited
        deal += 1
    used[0], used[1], used[2] = deal, logged, averaged


@kernel
def add_log(log: Log, count: int, floor: float, table: Any) -> None:
    """Add the first ``count`` entries of a log to a table [rows] f4, one after the other; no sum ends below ``floor``."""
    least = np.float32(floor)
    for i in range(count):
        row = log.row[i]
        table[row] = max(table[row] + log.amount[i], least)
