"""``trainer=rebel`` from a command: what is refused before, progress, TensorBoard, result.json and table of a value network's training."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from agents.apps.build import Kind
from agents.apps.run import Progress, Run
from agents.reporting.tables import duration, table, write_csv
from agents.training.rebel import RebelConfig, RebelRow, RebelRun
from agents.training.rebel_files import readable, restore, train_values
from agents.training.run import tensorboard_writer
from games.derived import DerivedGame


def check_values(kind: Kind, trainer: Any, directory: Path) -> None:
    """Refuse a game whose tree is not in memory, settings that do not fit it, and another run's state."""
    if not isinstance(trainer, RebelConfig):
        raise ValueError(f"trainer must be rebel where agent.values=trained, got {getattr(trainer, 'name', trainer)}")
    if not isinstance(kind.game, DerivedGame):
        raise ValueError(f"trainer must be deep_cfr or mccfr in hold'em, got {trainer.name}")
    kind.check_infostates()
    readable(directory, kind.game.key, trainer)


def train_values_and_report(kind: Kind, trainer: RebelConfig, directory: Path, result: Run) -> Path:
    """Train with a progress bar; result.json always has the history so far. Return the value network's file."""
    infostates: Any = kind.infostates()
    run = RebelRun(infostates, trainer)
    directory.mkdir(parents=True, exist_ok=True)
    restore(run, directory)
    size = sum(parameter.numel() for parameter in run.network.parameters())
    memory = trainer.capacity * 4 * (run.encoding.length + 2 * sum(run.encoding.hands))
    print(f"a value network of {size:,} parameters; its replay buffer takes up to {memory / 1e6:.3g} MB", flush=True)
    result.write(trainer={"name": trainer.name, **asdict(trainer)}, parameters=size)

    def tell(iteration: int, history: list[RebelRow]) -> None:
        result.require_directory()
        progress.at(iteration, f"exploitability {kind.strength_text(history[-1].exploitability)}" if history else "")
        if len(history) != len(result.history):
            result.write(history=[asdict(row) for row in history])

    with Progress("training", trainer.iterations, "it") as progress, tensorboard_writer(directory / "tensorboard") as writer:
        path = train_values(run, directory, writer, tell)
    history = [asdict(row) for row in run.history]
    measured = kind.strength(run.history[-1].exploitability) | {"exact": True}
    result.write(history=history, values=str(path), search_exploitability=measured)
    write_csv(directory / "training.csv", history)
    rows = [
        [f"{r.iteration:,}", f"{r.rows:,}", duration(r.seconds), f"{r.loss:.2e}", kind.strength_text(r.exploitability)] for r in run.history
    ]
    print(table(["iteration", "states", "training time", "loss", "exploitability"], rows))
    print(f"exploitability of searches of {trainer.evaluate_iterations:,} iterations a decision with the network, exact; {path}")
    return path
