"""How spots are drawn: hands of a blueprint against itself, one spot a hand.

*The rule.* Hands are dealt and played by the blueprint's own policy, both seats, all randomness from (seed, street, number of the hand).
A hand qualifies if it has a decision on the street at which

* the pot is at least ``LEAST_POT`` big blinds, a bet that is faced included, so somebody has raised or bet;
* nobody is all-in, and what is left behind the bets is at least a quarter of the pot;
* each player's range has at least ``LEAST_HANDS`` hands once it is quantised.

One of those decisions is drawn, each as likely. It belongs to a cell: whether the player acts first, after a check or facing a bet, and
which of ``POTS`` its pot is in. Each of the nine cells takes as many spots as the others, give or take one; what would be more is passed
over. So positions and pots are spread by rule, and everything within a cell is as the blueprint's play has it.

*Starts* of a street are drawn likewise, one a hand, without cells: the first decision on the street, if it qualifies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from agents.bucket_blueprint import BucketBlueprint
from agents.yardstick.spots import LEVELS, STREETS, Spot, quantised
from games.arrays import Float
from games.game import drawn, find_decision, line_of
from games.holdem.rules import HoldemGame, HoldemState
from games.public_tree import CHANCE

LEAST_POT = 6.0  # big blinds
LEAST_BEHIND = 0.25  # of the pot
LEAST_HANDS = 20
MOST_HANDS = 10_000  # in a row without one that qualifies
POTS = (0.0, 15.0, 50.0, np.inf)  # big blinds: ends of three intervals
ACTS = ("first", "after a check", "facing a bet")
CELLS = len(ACTS) * (len(POTS) - 1)


class Seen(NamedTuple):
    """A decision on a hand's way: its state in the blueprint's game, and both ranges [H] there."""

    state: HoldemState
    ranges: tuple[Float, Float]


class Start(NamedTuple):
    """The first decision on a street.

    Attributes:
        number: of the hand that it was drawn from.
        line: of play that leads there.
        state: there, in the whole game.
        ranges: [H] of both players, in steps of 1 / ``LEVELS`` of the likeliest hand.
    """

    number: int
    line: str
    state: HoldemState
    ranges: tuple[Float, Float]


def draw_starts(game: HoldemGame, blueprint: BucketBlueprint, street: str, count: int, seed: int) -> list[Start]:
    """Return some starts of a street, see the module.

    Args:
        game: whole.
        blueprint: of the same game with a menu of its own; plays both seats.
        street: by name, one after the first.
        count: how many.
        seed: of all that is drawn.

    Raises:
        ValueError: hands hardly ever come there.
    """
    starts, number, round_ = list[Start](), 0, game.rounds.index(street)
    while len(starts) < count:
        seen = _played(blueprint, street, np.random.default_rng([seed, round_, number]))
        if seen and _qualifies(blueprint.game, seen[0]):
            first, second = (quantised(range_) / LEVELS for range_ in seen[0].ranges)
            line = " / ".join(line_of(blueprint.game, seen[0].state))
            starts.append(Start(number, line, find_decision(game, line, "line"), (first, second)))
        elif number - (starts[-1].number if starts else 0) > MOST_HANDS:
            raise ValueError(f"game must have hands that come to the {street} as docs/how-to/spots.md says, got none of {MOST_HANDS:,}")
        number += 1
    return starts


def draw(game: HoldemGame, blueprint: BucketBlueprint, street: str, count: int, seed: int, drawn_so_far: Sequence[Spot]) -> Iterator[Spot]:
    """Yield the spots of a street that are not yet drawn, see the module.

    Args:
        game: whole, that spots are of.
        blueprint: of the same game with a menu of its own; plays both seats.
        street: of the spots.
        count: how many there shall be in all.
        seed: of all that is drawn.
        drawn_so_far: the first ones, as an earlier call with the same arguments yielded them.
    """
    left = [count // CELLS + (cell < count % CELLS) for cell in range(CELLS)]
    for spot in drawn_so_far:
        left[cell_of(spot.whole, spot.state)] -= 1
    number = max((spot.number + 1 for spot in drawn_so_far), default=0)
    while any(left):
        random = np.random.default_rng([seed, STREETS.index(street), number])
        qualifying = [seen for seen in _played(blueprint, street, random) if _qualifies(blueprint.game, seen)]
        if qualifying:
            state, ranges = qualifying[int(random.integers(len(qualifying)))]
            cell = cell_of(blueprint.game, state)
            if left[cell]:
                left[cell] -= 1
                levels = np.array([quantised(range_) for range_ in ranges])
                yield Spot(game, street, " / ".join(line_of(blueprint.game, state)), levels, number)
        number += 1


def spread(spots: Sequence[Spot]) -> list[int]:
    """Return the order of a street's spots in which the first few are of as many cells as can be."""
    cells = [cell_of(spot.whole, spot.state) for spot in spots]
    ranks = [cells[:i].count(cell) for i, cell in enumerate(cells)]
    return sorted(range(len(spots)), key=lambda i: (ranks[i], cells[i]))


def cell_of(game: HoldemGame, state: HoldemState) -> int:
    """Return the cell of a decision: 3 times the place of what is acted after in ``ACTS``, and the place of its pot."""
    betting, pot = state.betting, sum(game.chips(state).paid) / (game.big_blind or 1.0)
    faced = betting.street_0 != betting.street_1
    acts = 2 if faced else 1 if betting.acted else 0
    return acts * (len(POTS) - 1) + int(np.searchsorted(POTS, pot, side="right")) - 1


def _qualifies(game: HoldemGame, seen: Seen) -> bool:
    """Say whether a decision may become a spot."""
    chips = game.chips(seen.state)
    pot, behind = sum(chips.paid), min(chips.behind or (0.0, 0.0))
    hands = min(int(np.count_nonzero(quantised(range_))) for range_ in seen.ranges)
    return pot >= LEAST_POT * (game.big_blind or 1.0) and behind >= LEAST_BEHIND * pot and behind > 0 and hands >= LEAST_HANDS


def _played(blueprint: BucketBlueprint, street: str, random: np.random.Generator) -> list[Seen]:
    """Play a hand until its street is over; return the street's decisions."""
    game, seen = blueprint.game, list[Seen]()
    wanted, state, hands = game.rounds.index(street), game.root, game.deal(float(random.random()))
    ranges = game.ranges
    while not game.settled(state) and game.round(state) <= wanted:
        player = game.player(state)
        if player == CHANCE:
            state = game.chance(state, hands, float(random.random()))
            if game.round(state) <= wanted:
                dead = np.isin(game.hands, state.cards).any(axis=1)
                ranges = np.where(dead, 0.0, ranges[0]), np.where(dead, 0.0, ranges[1])
            continue
        if game.round(state) == wanted:
            seen.append(Seen(state, ranges))
        policy, actions = blueprint.at(state), game.actions(state)
        taken = drawn(policy[:, hands[player]].tolist(), float(random.random()))
        moved = ranges[player] * policy[taken]
        ranges = (moved / moved.max(), ranges[1]) if player == 0 else (ranges[0], moved / moved.max())
        state = game.child(state, actions[taken])
    return seen
