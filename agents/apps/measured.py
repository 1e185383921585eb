"""``timebank spots`` without ``make=true``: who is measured, and how."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from agents.apps.build import STILL, Kind, build_budgets, build_variant
from agents.apps.config import SpotsConfig
from agents.apps.run import LOADING, Progress, Run, compiling
from agents.reporting.tables import Row
from agents.yardstick.asking import ask
from agents.yardstick.exchange import losses_of_answers, write_spots
from agents.yardstick.file import SHIPPED, SpotSet, load_spots
from agents.yardstick.measure import Entries, loss_row, measure, uniform_row
from agents.yardstick.program import TextProgram
from agents.yardstick.spots import STREETS
from search import Budget


def loaded(config: SpotsConfig, game: Any) -> SpotSet:
    """Return the set that is measured with; refuses a file that is none."""
    return load_spots(SHIPPED if config.file is None else Path(config.file), game)


def chosen(config: SpotsConfig, spots: SpotSet) -> dict[str, Entries]:
    """Return the spots by street."""
    most = {"river": config.rivers, "turn": config.turns}
    return {street: entries for street in STREETS if (entries := spots.of(street, most[street]))}


def check_measured(config: SpotsConfig, game: Any) -> None:
    """Refuse files that cannot be read, and two that shall be measured at once."""
    if config.program is not None and config.answers is not None:
        raise ValueError(f"answers must be left out beside a program, got {config.answers}")
    if config.program is not None:
        try:
            words = shlex.split(config.program)
        except ValueError as error:
            raise ValueError(f"program must be a command as a shell parts it, got {config.program!r} ({error})") from None
        if not words:
            raise ValueError("program must be a command, got ''")
    spots = chosen(config, loaded(config, game))
    if not spots:
        raise ValueError("file must have a spot of a street that is wanted, got none")
    if config.answers is not None:
        losses_of_answers(Path(config.answers), _listed(spots))


def _listed(spots: dict[str, Entries]) -> Entries:
    return [entry for entries in spots.values() for entry in entries]


def measured(config: SpotsConfig, kind: Kind, directory: Path, result: Run) -> list[Row]:
    """Measure with a progress bar; result.json always has the rows so far."""
    every = loaded(config, kind.game)
    spots, rows = chosen(config, every), list[Row]()
    about = {"digest": every.digest, "seed": every.seed, "blueprint": every.blueprint}
    result.write(spots=about | {street: len(entries) for street, entries in spots.items()})
    if config.write:
        write_spots(directory / "spots.jsonl", _listed(spots))
    with Progress("measuring", None, "answer", LOADING) as progress:
        done = 0

        def tell(count: int) -> None:
            nonlocal done
            done += count
            progress.at(done, f"{rows[-1]['line']}: {100 * rows[-1]['ev_loss']['value']:.3g} % of the pot" if rows else "")

        measurer = _answers if config.answers else _program if config.program else _agent
        for row in measurer(config, kind, directory, spots, build_budgets(config.budgets, config.unit), tell):
            rows.append(row)
            result.write(rows=rows)
    return rows


def _agent(
    config: SpotsConfig, kind: Kind, directory: Path, spots: dict[str, Entries], budgets: Sequence[Budget], tell: Any
) -> Iterator[Row]:
    variant = build_variant(config, kind)
    blueprint = kind.blueprint(config.agent, variant, directory, config.seed)
    thinks, alone = (kind.agent(replace(config.agent, think=think), blueprint, variant) for think in (True, False))
    made: Any = [(alone, [STILL]), *([(thinks, budgets)] if config.agent.think else [])]
    with compiling():
        for agent, _ in made:
            agent.load()
    for street, entries in spots.items():
        yield uniform_row(street, entries)
        for agent, given in made:
            yield from measure(agent, agent.name, street, entries, given, tell)


def _program(
    config: SpotsConfig, kind: Kind, directory: Path, spots: dict[str, Entries], budgets: Sequence[Budget], tell: Any
) -> Iterator[Row]:
    with closing(TextProgram(str(config.program), config.limit_seconds, directory / "program.log")) as program:
        program.start()
        for street, entries in spots.items():
            yield uniform_row(street, entries)
            yield from ask(program, Path(program.command[0]).name, street, entries, config.hands, budgets, config.seed, tell)


def _answers(
    config: SpotsConfig, kind: Kind, directory: Path, spots: dict[str, Entries], budgets: Sequence[Budget], tell: Any
) -> Iterator[Row]:
    losses = losses_of_answers(Path(str(config.answers)), _listed(spots))
    for street, entries in spots.items():
        yield uniform_row(street, entries)
        yield loss_row(Path(str(config.answers)).name, street, losses[: len(entries)], Budget())
        losses = losses[len(entries) :]
