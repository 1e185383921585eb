"""The private deals of an OpenSpiel game: the histories up to its first decision."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from games.openspiel import load_game, openspiel_errors, silent, tidy, unsuitable
from games.size_estimate import estimate_histories

Progress = Callable[[str, int, float], None]  # what is counted, how many so far, about how many in all
MAX_HISTORIES = 20_000_000  # a minute or so, at 2 us each
MAX_DEALS = 1_000_000  # orders of the cards or dice counted apart: a quarter of a minute, at 17 us each
LOOK_SECONDS = 1.0  # work before the size of a game is estimated
TELL_SECONDS = 0.5  # between two calls of a progress
Hands = tuple[list[str], list[str]]  # information states of each player after the deal, in order
DEALING = "be one that OpenSpiel can deal"


@dataclass
class Deal:
    """One way to deal the private hands; deals that differ only in what nobody can tell are one.

    Attributes:
        state: OpenSpiel's state at the first decision.
        hands: numbers of the hands, as in the public tree.
        weight: probability.
    """

    state: Any
    hands: tuple[int, int]
    weight: float

    @property
    def history(self) -> tuple[int, ...]:
        """Chance outcomes from the start of the game to its first decision."""
        return tuple(self.state.history())


def deals(game: str) -> list[Deal]:
    """Return the private deals of a game.

    Raises:
        UnknownGameError: no such game or parameter.
        UnsuitableGameError: as for ``public_tree``, as far as the deals go.
    """
    game = tidy(game)
    return list_deals(game, load_game(game), MAX_HISTORIES)[0]


def list_deals(game: str, spiel: Any, max_histories: int, progress: Progress | None = None) -> tuple[list[Deal], Hands]:
    """Return the private deals of a loaded game, and each player's hands.

    Raises:
        UnknownGameError: OpenSpiel cannot deal it, e.g. no dice.
        UnsuitableGameError: as of ``deals``.
    """
    with openspiel_errors(game, DEALING), silent():
        first = spiel.new_initial_state()
        size = estimate_histories([first], deals_only=True, draws=1)
    if size.histories > MAX_DEALS or not size.whole:
        got = size if size.histories > MAX_DEALS else "too many to count within a second"
        raise unsuitable(game, f"at most {MAX_DEALS:,} private deals can be listed, got {got}")
    found: dict[str, Deal] = {}
    index: tuple[dict[str, int], dict[str, int]] = ({}, {})
    listed, told, looked = 0, time.perf_counter() + LOOK_SECONDS, 0

    def look() -> None:
        """Refuse a game of which the deals so far have too many histories, asked whenever they have doubled; tell how far it is."""
        nonlocal told, looked
        if len(found) >= 2 * looked:
            looked = len(found)
            below = estimate_histories([deal.state for deal in found.values()])._replace(whole=looked == size.histories)
            if below.histories > max_histories:
                raise unsuitable(game, f"at most {max_histories:,} histories can be derived, got {below}")
        if progress is not None:
            progress("private deals", listed, size.histories)
        told = time.perf_counter() + TELL_SECONDS

    def visit(state: Any, weight: float) -> None:
        nonlocal listed
        if state.is_chance_node():
            for outcome, probability in state.chance_outcomes():
                visit(state.child(outcome), weight * probability)
            return
        if state.is_terminal():
            raise unsuitable(game, f"somebody must act after the deal, got an end at history {state.history()}")
        texts = [state.information_state_string(p) for p in (0, 1)]
        hands = (index[0].setdefault(texts[0], len(index[0])), index[1].setdefault(texts[1], len(index[1])))
        deal = found.setdefault(f"{texts[0]}\n{texts[1]}\n{state}", Deal(state, hands, 0.0))  # dice in another order look alike in full
        deal.weight += weight
        listed += 1
        if time.perf_counter() >= told:
            look()

    with openspiel_errors(game, DEALING):
        visit(first, 1.0)
    hands = (sorted(index[0]), sorted(index[1]))
    place = [{index[p][text]: h for h, text in enumerate(hands[p])} for p in (0, 1)]
    for deal in found.values():
        deal.hands = (place[0][deal.hands[0]], place[1][deal.hands[1]])
    return list(found.values()), hands
