"""``timebank spots`` without ``make=true``: who is measured, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from agents.apps.build import STILL, Kind, build_budgets, build_variant
from agents.apps.config import SpotsConfig
from agents.apps.run import LOADING, Progress, Run, compiling
from agents.reporting.tables import Row
from agents.yardstick.asking import ask
from agents.yardstick.exchange import losses_of_answers, write_spots
from agents.yardstick.file import SHIPPED, SpotSet, load_spots
from agents.yardstick.measure import Entries, listed, loss_row, measure, uniform_row
from agents.yardstick.program import TextProgram, words_of
from search import Budget


class Work(NamedTuple):
    """What is to be measured, with which spots by street."""

    config: SpotsConfig
    kind: Kind
    directory: Path
    spots: dict[str, Entries]
    budgets: Sequence[Budget]
    tell: Callable[[], None]


def chosen(config: SpotsConfig, game: Any) -> tuple[SpotSet, dict[str, Entries]]:
    """Return the set that is measured with, and its spots by street; refuses a file that is none."""
    spots = load_spots(SHIPPED if config.file is None else Path(config.file), game)
    return spots, {**spots.by_street({"river": config.rivers, "turn": config.turns})}


def check_measured(config: SpotsConfig, game: Any) -> None:
    """Refuse files that cannot be read, and two that shall be measured at once."""
    if config.program is not None:
        words_of(config.program)
        if config.answers is not None:
            raise ValueError(f"answers must be left out beside a program, got {config.answers}")
    if not (spots := chosen(config, game)[1]):
        raise ValueError("file must have a spot of a street that is wanted, got none")
    if config.answers is not None:
        losses_of_answers(Path(config.answers), listed(spots))


def measured(config: SpotsConfig, kind: Kind, directory: Path, result: Run) -> list[Row]:
    """Measure with a progress bar; result.json always has the rows so far."""
    (whole, spots), rows, done = chosen(config, kind.game), list[Row](), count(1)
    result.write(spots=whole.row() | {street: len(entries) for street, entries in spots.items()})
    if config.write:
        write_spots(directory / "spots.jsonl", listed(spots))
    with Progress("measuring", None, "answer", LOADING) as progress:

        def tell() -> None:
            progress.at(next(done), f"{rows[-1]['line']}: {100 * rows[-1]['ev_loss']['value']:.3g} % of the pot" if rows else "")

        measurer = _answers if config.answers else _program if config.program else _agent
        for row in measurer(Work(config, kind, directory, spots, build_budgets(config.budgets, config.unit), tell)):
            rows.append(row)
            result.write(rows=rows)
    return rows


def _agent(work: Work) -> Iterator[Row]:
    config, kind, variant = work.config, work.kind, build_variant(work.config, work.kind)
    blueprint = kind.blueprint(config.agent, variant, work.directory, config.seed)
    thinks, alone = (kind.agent(replace(config.agent, think=think), blueprint, variant) for think in (config.agent.think, False))
    made: Any = [(alone, [STILL]), *[(thinks, work.budgets)] * config.agent.think]
    with compiling():
        alone.load()
        thinks.load()
    for street, entries in work.spots.items():
        yield uniform_row(street, entries)
        for agent, given in made:
            yield from measure(agent, agent.name, street, entries, given, work.tell)


def _program(work: Work) -> Iterator[Row]:
    config = work.config
    with closing(TextProgram(words_of(str(config.program)), config.limit_seconds, work.directory / "program.log")) as program:
        program.start()
        for street, entries in work.spots.items():
            yield uniform_row(street, entries)
            yield from ask(program, program.name, street, entries, config.hands, work.budgets, config.seed, work.tell)


def _answers(work: Work) -> Iterator[Row]:
    path = Path(str(work.config.answers))
    losses = losses_of_answers(path, listed(work.spots))
    for street, entries in work.spots.items():
        yield uniform_row(street, entries)
        yield loss_row(path.name, street, losses[: len(entries)], Budget())
        losses = losses[len(entries) :]
