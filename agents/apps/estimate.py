"""What solving a spot takes, before anything is built: memory, and about how long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.apps.web import SMALL, configured
from agents.reporting.tables import cores, duration, memory_text
from games.holdem.board_tree import game_size
from games.holdem.rules import HoldemGame
from search import memory_needed, useful_threads

# Rows of eight hands that an iteration goes through in a second with two threads, in caches and in memory, and iterations until a best
# response wins 1 % of the pot (python benchmarks/page_speed.py). To a share x of that they took about x^-0.65 times as many.
ROWS_PER_SECOND, ROWS_PER_SECOND_IN_MEMORY, CACHED_BYTES = 25e6, 15e6, 1e8
ITERATIONS, POWER = 80, 0.65


def estimated(asked: Mapping[str, str]) -> dict[str, Any]:
    """Return what a spot takes, or a small game: ``text``, and of a spot ``memory_bytes``, ``iterations``, ``seconds`` and ``stops_after``.

    All but the memory is about: the pace is that of one machine, and the iterations are those of other spots.

    Args:
        asked: see ``agents.apps.web.configured``.

    Raises:
        ValueError: settings that do not fit, as ``timebank solve`` refuses them.
    """
    config, kind, variant = configured(asked)
    if asked["game"] in SMALL:
        return {"text": "small: less than a minute"}
    game = kind.game
    assert isinstance(game, HoldemGame)
    threads = useful_threads(game, cores())
    boards, needed = memory_needed(game, variant, threads)
    budget = config.budget.build()
    assert budget.exploitability is not None
    assert budget.seconds is not None
    left = budget.exploitability / game.pot
    iterations = ITERATIONS * (0.01 / left) ** POWER
    pace = (ROWS_PER_SECOND if needed < CACHED_BYTES else ROWS_PER_SECOND_IN_MEMORY) * threads / 2
    seconds = max(iterations * sum(game_size(game).rows) / pace, 1e-3)
    size = f"{memory_text(needed)} of memory at most, {boards:,} board{'s' * (boards != 1)}"
    what = f"about {iterations:,.0f} iterations, about {duration(float(f'{seconds:.1g}'))} to {100 * left:g} % of the pot"
    most = duration(budget.seconds)
    text = f"{size}; {what}; " + (f"it stops after {most}, before that" if seconds > budget.seconds else f"{most} at most")
    return {"text": text, "memory_bytes": needed, "iterations": round(iterations), "seconds": seconds, "stops_after": budget.seconds}
