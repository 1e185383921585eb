"""Training from a command: progress, TensorBoard and result.json of every trainer's run; what else there is of one that trains a policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from agents.apps.build import Kind
from agents.apps.output import say
from agents.apps.run import Progress, Run
from agents.networks import NetworkPolicy, load_policy
from agents.reporting.figures import plot_training
from agents.reporting.tables import write_csv
from agents.training import POLICY_FILE, HistoryRow, TrainingRun, check_state, open_run, tensorboard_writer, train

Tell = Callable[[int, list[Any]], None]  # an iteration, and the history so far


@contextmanager
def followed(
    run: TrainingRun[Any, Any],
    directory: Path,
    result: Run,
    strength: Callable[[Any], str],
    what: str = "training",
    plain: Callable[[Any], dict[str, Any]] = asdict,
) -> Iterator[tuple[Any, Tell]]:
    """Give what draws and tells a run's progress; result.json always has the history so far, and training.csv has it at the end.

    ``strength`` is of a row as people read it, and ``plain`` what is reported of one.
    """
    lowered = {"lowered": run.lowered} if run.lowered else {}
    result.write(trainer={"name": run.config.name, **asdict(run.config), **lowered})

    def tell(iteration: int, history: list[Any]) -> None:
        result.require_directory()
        progress.at(iteration, strength(history[-1]) if history else "")
        if len(history) != len(result.history):
            result.write(history=[plain(row) for row in history])

    with Progress(what, run.config.iterations, "it") as progress, tensorboard_writer(directory / "tensorboard") as writer:
        yield writer, tell
    result.write(history=[plain(row) for row in run.history])
    write_csv(directory / "training.csv", result.history)


def draw_training(
    run: TrainingRun[Any, Any], directory: Path, result: Run, across: str = "compute", size_floor: float | None = None
) -> None:
    """Draw the learning curve of a run; ``across`` and ``size_floor`` as ``plot_training`` has them."""
    title = f"{result.result['game']}, {getattr(run.config, 'title', run.config.name)}"
    plot_training(result.history, title, [directory / f"training.{kind}" for kind in ("png", "svg")], across, size_floor)


FLOOR = "floor of this size, a baseline and no result: {} for the same networks fitted to {:,} iterations of CFR, which have {}"


class Learned(NamedTuple):
    """A trained policy to be played or searched.

    Attributes:
        policy: itself.
        checkpoint: its file.
        iterations: after how many it was kept; 0 for the last one, also of shorter trainings.
    """

    policy: NetworkPolicy
    checkpoint: Path
    iterations: int

    def row(self, history: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the policy's row of a training history."""
        return next((row for row in history if row["iteration"] == self.iterations), history[-1])


def check_training(kind: Kind, trainer: Any, directory: Path) -> None:
    """Refuse settings that do not fit the game, a game that cannot be trained on, and another run's state."""
    kind.check_infostates()
    check_state(directory, kind.game.key, trainer.filled(kind.deep))
    trainer.check(kind.infostates)


def train_and_report(kind: Kind, trainer: Any, directory: Path, result: Run, searched: int = 0) -> Learned:
    """Train with a progress bar; result.json always has the history so far, and compute in multiply-adds.

    Args:
        kind: of the game.
        trainer: settings of the training.
        directory: of the training; a state that is there is resumed.
        result: of the command's run.
        searched: iterations after which the policy is kept that is returned; 0 for the last one. Where an older version's training was past
            it, the last one is taken, and a line says so.
    """
    new = trainer.start(kind.infostates())
    result.require_directory()  # the next lines would make a new one
    run = open_run(new, directory)

    def strength(row: HistoryRow) -> str:
        return f"exploitability {kind.strength_text(row.exploitability)} at {row.iteration:,}"

    earlier = directory / f"policy_{searched}.safetensors"
    with followed(run, directory, result, strength, plain=_plain) as (writer, tell):
        if run.iteration < searched < run.config.iterations:
            train(run, directory, writer, tell, lambda: run.iteration >= searched)
        if 0 < run.iteration == searched:
            run.save_policy(earlier)
        trained = train(run, directory, writer, tell)
    alone = kind.strength(trained.history[-1].exploitability) | {"exact": True}
    result.write(checkpoint=str(directory / POLICY_FILE), network_exploitability=alone)
    if (floor := run.floor()) is not None:
        result.write(floor=kind.strength(floor.exploitability) | {"exact": True} | floor._asdict())
        say(FLOOR.format(kind.strength_text(floor.exploitability), floor.solve_iterations, kind.strength_text(floor.solution)))
    draw_training(run, directory, result, size_floor=None if floor is None else floor.exploitability)
    if not 0 < searched < run.config.iterations:
        return Learned(trained.policy, directory / POLICY_FILE, 0)
    if not earlier.is_file():
        say(f"training was past iteration {searched} when its network was first asked for, so the last one is searched")
        return Learned(trained.policy, directory / POLICY_FILE, 0)
    return Learned(load_policy(earlier, trained.policy.infostates), earlier, searched)


def _plain(row: HistoryRow) -> dict[str, Any]:
    entries = asdict(row)
    return {"compute": entries.pop("multiply_adds"), **entries}
