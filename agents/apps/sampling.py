"""``timebank train trainer=mccfr``: what is refused before, progress, TensorBoard and result.json of a sampled blueprint."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from agents.apps.build import Kind
from agents.apps.output import say
from agents.apps.run import PREPARING, Progress, Run
from agents.apps.training import followed
from agents.bucket_blueprint import ABOUT
from agents.reporting.tables import cores, duration, free_memory, memory_text, table, write_csv
from agents.training import train
from agents.training.mccfr import BlueprintRow, BlueprintRun, MCCFRConfig, saved_state


def check_sampling(kind: Kind, trainer: MCCFRConfig, directory: Path) -> None:
    """Refuse a game that cannot be sampled, settings that do not fit it, too little memory, and another run's state or a damaged one."""
    if not 1 <= trainer.threads <= cores():
        raise ValueError(f"trainer.threads must be in 1..{cores()} (the cores of this machine), got {trainer.threads}")
    game = trainer.abstract(kind.game)
    memory, free = trainer.bytes(game).memory, free_memory()
    if memory > 0.9 * free:
        raise ValueError(
            f"trainer.buckets must fit into memory ({memory_text(free)} are free), got {trainer.buckets}: {memory_text(memory)}"
        )
    saved_state(directory, game, trainer)


def sample_and_report(kind: Kind, trainer: MCCFRConfig, directory: Path, result: Run) -> None:
    """Make the blueprint with a progress bar; result.json always has the history so far."""
    needs = trainer.bytes(trainer.abstract(kind.game))
    memory, file, disk, most = map(memory_text, needs)
    say(f"a blueprint of {file}; making it takes about {memory} of memory and {most} of disk, {disk} of which stay")
    named = {f"{name}_bytes": count for name, count in needs._asdict().items()}
    result.write(**named)
    with Progress("preparing", 100, "%", PREPARING) as preparing:
        run = BlueprintRun(kind.game, trainer, directory, lambda what, share: preparing.at(round(100 * share), what))
    with followed(run, directory, result, partial(_strength, kind), "sampling") as (writer, tell):
        blueprint = train(run, directory, writer, tell)
    strength: dict[str, Any] = {"size": blueprint.size, "name": blueprint.name, "fingerprint": blueprint.digest}
    if (exact := run.history[-1].exploitability) is not None:
        strength["exploitability"] = kind.strength(exact) | {"exact": True}
    result.write(blueprint=strength, traversals=run.solver.traversals)
    write_csv(directory / "first_street.csv", blueprint.first_street())
    say(_table(kind, run.history))
    say(f"blueprint {blueprint.name}: {blueprint.size:,} {kind.size_unit}; {directory / ABOUT}")


def _strength(kind: Kind, row: BlueprintRow) -> str:
    """Return a row's strength as people read it."""
    if row.exploitability is not None:
        return f"exploitability {kind.strength_text(row.exploitability)} at {row.iteration:,}"
    if row.gain is None or row.gain_error is None:
        return ""
    return f"{kind.strength_text(row.gain)} ± {kind.strength_text(1.96 * row.gain_error)} better than the one before at {row.iteration:,}"


def _table(kind: Kind, history: list[BlueprintRow]) -> str:
    rows = [[f"{row.iteration:,}", f"{row.traversals:,}", duration(row.seconds), _strength(kind, row)] for row in history]
    return table(["iteration", "traversals", "time", "strength"], rows)
