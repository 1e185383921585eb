"""``trainer=rebel`` from a command: what is refused before, progress, TensorBoard, result.json and table of a value network's training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agents.apps.build import Kind
from agents.apps.run import Run
from agents.apps.training import followed
from agents.reporting.tables import duration, table
from agents.training import check_state, open_run, train
from agents.training.rebel import RebelConfig, RebelRow, RebelRun
from games.derived import DerivedGame


def check_values(kind: Kind, trainer: Any, directory: Path) -> None:
    """Refuse a game whose tree is not in memory, settings that do not fit it, and another run's state."""
    if not isinstance(trainer, RebelConfig):
        raise ValueError(f"trainer must be rebel where agent.values=trained, got {getattr(trainer, 'name', trainer)}")
    if not isinstance(kind.game, DerivedGame):
        raise ValueError(f"trainer must be deep_cfr or mccfr in hold'em, got {trainer.name}")
    kind.check_infostates()
    check_state(directory, kind.game.key, trainer)


def train_values_and_report(kind: Kind, trainer: RebelConfig, directory: Path, result: Run) -> Path:
    """Train with a progress bar; result.json always has the history so far. Return the value network's file."""
    infostates: Any = kind.infostates()
    run = open_run(RebelRun(infostates, trainer), directory)
    size = sum(parameter.numel() for parameter in run.network.parameters())
    memory = trainer.capacity * 4 * (run.encoding.length + 2 * sum(run.encoding.hands))
    print(f"a value network of {size:,} parameters; its replay buffer takes up to {memory / 1e6:.3g} MB", flush=True)
    result.write(parameters=size)

    def strength(row: RebelRow) -> str:
        return f"exploitability {kind.strength_text(row.exploitability)}"

    with followed(run, directory, result, strength) as (writer, tell):
        path = train(run, directory, writer, tell)
    measured = kind.strength(run.history[-1].exploitability) | {"exact": True}
    result.write(values=str(path), search_exploitability=measured)
    rows = [
        [f"{r.iteration:,}", f"{r.rows:,}", duration(r.seconds), f"{r.loss:.2e}", kind.strength_text(r.exploitability)] for r in run.history
    ]
    print(table(["iteration", "states", "training time", "loss", "exploitability"], rows))
    print(f"exploitability of searches of {trainer.evaluate_iterations:,} iterations a decision with the network, exact; {path}")
    return path
