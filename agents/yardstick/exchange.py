"""Spots for other programs, and their policies: a line of JSON each. The answers are not in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agents.reporting.tables import Row, write_text
from agents.runtime.storage import DAMAGES, brief, first_line, number_in, parse_json, require, whole_in
from agents.yardstick.measure import Entries
from agents.yardstick.program import range_text
from agents.yardstick.spots import NEAR_ALLIN, NEAR_ONE, SIZES, Spot, ev_loss
from games.arrays import Float
from games.files import read_text
from games.holdem.cards import hand_indices, parse_cards

MOST_BYTES = 1 << 28  # of somebody's answers: 300 spots take some 10 MB


def spot_line(number: int, spot: Spot) -> Row:
    """Return what is written of a spot."""
    game, state, player = spot.whole, spot.state, spot.player
    chips = game.chips(state)
    sizes = [{"bets": bets, "raises": raises, "raises_of_raises": raises if again else ""} for bets, raises, again in SIZES[spot.street]]
    return {
        "spot": number, "street": spot.street, "line": spot.line, "board": game.board_text(state), "player": player, "pot": spot.pot,
        "call": chips.paid[1 - player] - chips.paid[player], "behind": list(chips.behind or ()),
        "sizes": sizes, "all_in_up_to_pots": NEAR_ALLIN[spot.street], "actions": [action.text for action in spot.actions],
        "ranges": [range_text(game, levels) for levels in spot.levels],
    }  # fmt: skip


def write_spots(path: Path, entries: Entries) -> None:
    """Write spots without their answers."""
    write_text(path, "".join(json.dumps(spot_line(number, spot)) + "\n" for number, (spot, _) in enumerate(entries)))


def losses_of_answers(path: Path, entries: Entries) -> list[float]:
    """Return the EV losses of somebody's policies, a line ``{"spot": 0, "policy": {"AsAh": [0.5, 0.5], …}}`` for each spot.

    Raises:
        ValueError: the file cannot be read, a spot is missing, or a policy is none; the message names the line.
    """
    losses = dict[int, float]()
    place = "it"
    try:
        for number, line in enumerate(read_text(path, MOST_BYTES, follow=True).splitlines(), 1):
            place = f"line {number}"
            one = parse_json(line)
            require(
                isinstance(one, dict) and whole_in(one.get("spot"), 0, len(entries) - 1),
                f"{place} must have a spot in 0..{len(entries) - 1}",
            )
            spot, answer = entries[one["spot"]]
            losses[one["spot"]] = ev_loss(spot, answer, _policy(spot, one.get("policy"), place))
        missing = [number for number in range(len(entries)) if number not in losses]
        require(not missing, f"it must answer every spot, got none for {len(missing)}, the first is {missing[0] if missing else 0}")
    except DAMAGES as error:
        raise ValueError(f"answers must be policies as docs/how-to/spots.md has them, got {path} ({first_line(error)})") from None
    return [losses[number] for number in range(len(entries))]


def _policy(spot: Spot, hands: Any, place: str) -> Float:
    """Return [A, H]; hands that are not held have 0."""
    require(isinstance(hands, dict), f"{place} must have a policy by hand")
    index, actions = hand_indices(spot.game.hands), len(spot.actions)
    policy = np.zeros((actions, spot.levels.shape[1]))
    for text, shares in hands.items():
        cards = parse_cards(text, "a hand")
        require(len(cards) == 2, f"{place} must have hands of two cards, got {brief(text)}")
        fits = isinstance(shares, list) and len(shares) == actions and all(number_in(share, 0, 1 + NEAR_ONE) for share in shares)
        require(
            fits and abs(sum(shares) - 1) < NEAR_ONE, f"{place} must have {actions} shares that sum to 1 for {text}, got {brief(shares)}"
        )
        policy[:, int(index[cards])] = shares
    without: Sequence[int] = [int(hand) for hand in spot.hands if not policy[:, hand].any()]
    require(not without, f"{place} must have every hand of the range, got none for {spot.game.hand_text(0, without[0]) if without else ''}")
    return policy
