"""Measure somebody's program: some hands of each spot, drawn from the range of the player who acts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np

from agents.opponents.sandbox import FaultError
from agents.reporting.tables import Row
from agents.yardstick.measure import Entries, loss_row, seconds_of
from agents.yardstick.program import Reply, position_text
from agents.yardstick.spots import STREETS, Spot
from search import Budget

MOST_LOSSES = 3  # times in a row that a program is started anew


class Asked(Protocol):
    """What is asked, see ``agents.yardstick.program.TextProgram``."""

    def start(self) -> None:
        """Start it anew, and wait until it is ready."""

    def answer(self, spot: Spot, position: str, budget: Budget) -> Reply:
        """Return what it answers for a hand; raises FaultError."""


def ask(
    program: Asked, line: str, street: str, entries: Entries, hands: int, budgets: Sequence[Budget], seed: int, tell: Callable[[], None]
) -> Iterator[Row]:
    """Yield a row for each budget.

    A hand whose answer is a fault counts with the action that loses the most.

    Args:
        program: started.
        line: what its rows are called.
        street: of the spots.
        entries: spots with their answers.
        hands: of each spot, see ``drawn_hands``.
        budgets: of an answer, seconds or iterations each.
        seed: of the hands; every budget has the same ones.
        tell: is called after each answer.

    Raises:
        ChildProcessError: the program is lost too often in a row.
    """
    for budget in budgets:
        losses, seconds, faults, last, lost = list[float](), list[float](), Counter[str](), "", 0
        for number, (spot, answer) in enumerate(entries):
            random = np.random.default_rng([seed, STREETS.index(street), number])
            places = drawn_hands(spot, hands, random)
            of_spot = list[float]()
            for place in places:
                try:
                    reply = program.answer(spot, position_text(spot, int(spot.hands[place])), budget)
                    of_spot.append(float(reply.shares @ answer.losses[:, place]))
                    seconds.append(reply.seconds)
                    lost = 0
                except FaultError as fault:
                    faults[fault.kind] += 1
                    last = str(fault)
                    of_spot.append(float(answer.losses[:, place].max()))
                    if fault.kind in ("late", "died"):
                        lost += 1
                        if lost > MOST_LOSSES:
                            raise ChildProcessError(f"program must answer, got {lost} times in a row: {last}") from None
                        program.start()
                tell()
            losses.append(float(np.mean(of_spot)))
        row = loss_row(line, street, losses, budget) | {"hands": hands, "faults": dict(faults), "last_fault": last or None}
        yield row | (seconds_of(seconds, budget) if seconds else {})


def drawn_hands(spot: Spot, count: int, random: np.random.Generator) -> list[int]:
    """Return the places in ``Spot.hands`` of some hands.

    They are drawn systematically: one number sets equally spaced marks on the cumulated probabilities. So the mean over them estimates the
    mean over the range without bias, with less variance than independent draws. A hand that is likelier than 1 / count may come twice.
    """
    marks = (float(random.random()) + np.arange(count)) / count
    ends = np.cumsum(spot.chances)
    places: list[int] = np.minimum(np.searchsorted(ends, marks * ends[-1], side="right"), len(ends) - 1).tolist()
    return places
