"""Value networks trained by a command: what is refused before, progress, TensorBoard, result.json and table of a training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from agents.apps.build import Kind
from agents.apps.output import say
from agents.apps.run import PREPARING, Progress, Run
from agents.apps.training import draw_training, followed
from agents.reporting.tables import duration, table
from agents.runtime.executor import Pool
from agents.training import check_state, open_run, train
from agents.training.rebel import RebelConfig, RebelRun
from agents.training.street_values import StreetValuesConfig, StreetValuesRun, check_streets
from agents.training.value_run import ValueRow
from games.derived import DerivedGame
from games.holdem.rules import HoldemGame


def check_values(kind: Kind, trainer: Any, directory: Path) -> None:
    """Refuse a trainer or a game that do not fit each other, a game that is not in memory, and another run's state."""
    derived = isinstance(kind.game, DerivedGame)
    known, where = (RebelConfig, "games derived from OpenSpiel") if derived else (StreetValuesConfig, "hold'em")
    if not isinstance(trainer, known):
        raise ValueError(f"trainer must be {known.name} to train values in {where}, got {getattr(trainer, 'name', trainer)}")
    kind.check_infostates()
    if isinstance(kind.game, HoldemGame):
        check_streets(kind.game)
    check_state(directory, kind.game.key, trainer)


def train_values_and_report(
    kind: Kind, trainer: RebelConfig | StreetValuesConfig, directory: Path, result: Run, make_pool: Callable[..., Pool]
) -> Path:
    """Train with a progress bar; result.json always has the history so far. Return the file of the networks.

    ``make_pool`` starts the processes that generate, see ``agents.training.generation``.
    """
    made: Any
    if isinstance(trainer, StreetValuesConfig):
        game: Any = kind.game
        with Progress("ranges", trainer.range_iterations, "it", PREPARING) as preparing:
            made = StreetValuesRun(game, trainer, progress=preparing.at)
    else:
        infostates: Any = kind.infostates()
        made = RebelRun(infostates, trainer)
    made.generation.make_pool = make_pool
    run = open_run(made, directory)
    size, memory = (sum(numbers) for numbers in zip(*((one.parameters, one.memory_bytes()) for one in run.learners), strict=True))
    say(f"value networks of {size:,} parameters; what they learn from takes up to {memory / 1e9:.2g} GB")
    result.write(parameters=size)

    def strength(row: ValueRow) -> str:
        return f"exploitability {kind.strength_text(row.exploitability)}"

    with followed(run, directory, result, strength) as (writer, tell):
        path: Path = train(run, directory, writer, tell)
    if run.generation.deaths:
        say(f"processes that generate died {run.generation.deaths} times (killed, or out of memory); their work was done again")
    measured = kind.strength(run.history[-1].exploitability) | {"exact": True}
    result.write(values=str(path), search_exploitability=measured)
    rows = [
        [f"{r.iteration:,}", f"{r.rows:,}", duration(r.seconds), f"{r.loss:.2e}", f"{r.new_loss:.2e}", kind.strength_text(r.exploitability)]
        for r in run.history
    ]
    draw_training(run, directory, result, "rows")
    say(table(["iteration", "states", "training time", "loss", "of new states", "exploitability"], rows))
    say(f"exploitability of searches of {trainer.evaluate_iterations:,} iterations a decision with the network, exact; {path}")
    return path
