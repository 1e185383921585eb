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

from games.kernels import kernel
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


@kernel
def traverse(
    bets: Any,
    regret: Any,
    deals: Any,
    numbers: Any,
    traverser: int,
    weight: float,
    pruning: Any,
    space: Any,
    regrets: Log,
    averages: Log,
    most: Any,
    used: Any,
) -> None:
    """Traverse deals for one player, and log what is to be added to the regrets and to the opponent's average strategy.

    At the traverser's decisions it logs weight * (value of the action - value of the decision) for each action; at the opponent's, which
    are come to as often as the opponent plays to them, weight * the strategy there. It stops before a deal for which a log may be too
    short.

    Args:
        bets: the tree.
        regret: [rows] f4, not changed.
        deals: all of this iteration and thread.
        numbers: (seed u8, iteration, number of the first deal): random numbers depend on nothing else.
        traverser: 0 or 1.
        weight: of the iteration.
        pruning: (share, threshold): in that share of traversals actions with a regret below the threshold are not looked at, but on the
            last street, where they end the hand, and where no action has a positive regret (Brown & Sandholm 2019, Superhuman AI for
            multiplayer poker, supplement).
        space: room to work in.
        regrets: log for the traverser.
        averages: log for the opponent.
        most: (regrets, averages), what one traversal logs at most.
        used: [4] i8, in place: the next deal, additions in ``regrets`` and in ``averages``, decisions visited. The first is also read.
    """
    seed, iteration, first_deal = numbers
    share, threshold = pruning
    streets, opponent = len(bets.table_start), 1 - traverser
    start = np.zeros((2, streets), np.int64)
    iteration_key = number_of(number_of(seed, 0), iteration)
    zero, scale = np.float32(0.0), np.float32(weight)
    logged, averaged, visited = 0, 0, used[3]
    deal = used[0]
    while deal < len(deals.sign):
        if logged + most[0] > len(regrets.row) or averaged + most[1] > len(averages.row):
            break
        key = number_of(number_of(iteration_key, first_deal + deal), TRAVERSALS + traverser)
        prune = share_of(number_of(key, len(bets.player))) < share
        for p in range(2):
            for s in range(streets):
                width = bets.first_slot[s + 1] - bets.first_slot[s]
                start[p, s] = bets.table_start[s] + np.int64(deals.bucket[deal, p, s]) * width - bets.first_slot[s]
        sign = np.float64(deals.sign[deal])
        own = 1.0 - 2.0 * traverser
        space.decision[0], space.up[0] = 0, 0
        waiting, taken, acting, values = 1, 0, 0, np.int64(1)
        while taken < waiting:
            d, up = np.int64(space.decision[taken]), space.up[taken]
            taken += 1
            street = np.int64(bets.street[d])
            slot = np.int64(bets.slot[d])
            count = np.int64(bets.slot[d + 1]) - slot
            total = zero
            if bets.player[d] == traverser:
                row = start[traverser, street] + slot
                for a in range(count):
                    positive = max(regret[row + a], zero)
                    space.strategy[values + a] = positive
                    total += positive
                rare = prune and total > zero and street < streets - 1
                for a in range(count):
                    space.strategy[values + a] = space.strategy[values + a] / total if total > zero else np.float32(1.0) / np.float32(count)
                    child = np.int64(bets.child[slot + a])
                    if child < 0:
                        space.value[values + a] = own * (bets.payoff[-1 - child, 0] + bets.payoff[-1 - child, 1] * sign)
                    elif rare and regret[row + a] < threshold:
                        space.strategy[values + a] = SKIPPED
                    else:
                        space.decision[waiting], space.up[waiting] = child, values + a
                        waiting += 1
                space.acting[acting, 0], space.acting[acting, 1], space.acting[acting, 2] = row, values, up
                space.actions[acting] = count
                acting += 1
                values += count
            else:
                row = start[opponent, street] + slot
                for a in range(count):
                    total += max(regret[row + a], zero)
                left = share_of(number_of(key, d)) * (total if total > zero else np.float32(count))
                chosen, final = -1, 0
                for a in range(count):
                    part = max(regret[row + a], zero) if total > zero else np.float32(1.0)
                    averages.row[averaged] = row + a
                    averages.amount[averaged] = scale * (part / (total if total > zero else np.float32(count)))
                    averaged += 1
                    if part > zero:
                        final = a
                    left -= part
                    if chosen < 0 and left < zero:
                        chosen = a
                child = np.int64(bets.child[slot + (chosen if chosen >= 0 else final)])
                if child < 0:
                    space.value[up] = own * (bets.payoff[-1 - child, 0] + bets.payoff[-1 - child, 1] * sign)
                else:
                    space.decision[waiting], space.up[waiting] = child, up
                    waiting += 1
        visited += waiting
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
        deal += 1
    used[0], used[1], used[2], used[3] = deal, logged, averaged, visited


@kernel
def add_log(log: Log, count: int, floor: float, table: Any) -> None:
    """Add the first ``count`` entries of a log to a table [rows] f4, one after the other; no sum ends below ``floor``."""
    least = np.float32(floor)
    for i in range(count):
        row = log.row[i]
        table[row] = max(table[row] + log.amount[i], least)
