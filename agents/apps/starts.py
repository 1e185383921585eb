"""``timebank train trainer=start_values``: what is refused before, progress, result.json and table of a network of a street's start."""

from __future__ import annotations

import time
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np

from agents.apps.build import Kind, blueprint_directory
from agents.apps.output import say
from agents.apps.run import PREPARING, Progress, Run
from agents.apps.training import followed
from agents.bucket_blueprint import BucketBlueprint, load_blueprint
from agents.reporting.figures import plot_errors
from agents.reporting.tables import cores, duration, free_memory, memory_text, table
from agents.runtime.executor import Executor
from agents.training import check_state, open_run, train
from agents.training.label_files import label_cost
from agents.training.start_labels import SOURCES, shard, start_files
from agents.training.start_values import LABELS, StartRow, StartValuesConfig, StartValuesRun
from games.holdem.cards import hole_hands
from games.holdem.rules import STREETS, HoldemGame

FULL_HANDS = len(hole_hands())


def check_starts(kind: Kind, trainer: StartValuesConfig, directory: Path) -> None:
    """Refuse another game than full no-limit hold'em, another game's blueprint, too little memory, and another run's state or labels."""
    _, blueprint = full_game_blueprint(kind.game, trainer.blueprint)
    check_workers(trainer.workers)
    needed, free = trainer.memory, free_memory()
    if needed > 0.9 * free:
        sizes = f"{trainer.labels:,} labels, {trainer.held_out:,} held out, steps of {trainer.batch_size:,}: {memory_text(needed)}"
        raise ValueError(f"trainer.labels, held_out and batch_size must fit into memory ({memory_text(free)} are free), got {sizes}")
    check_state(directory, kind.game.key, trainer)
    start_files(blueprint.digest, trainer.labelling).check(directory / LABELS, trainer.parts)


def check_workers(workers: int) -> None:
    """Refuse more processes for labels than the machine has cores."""
    if not 0 <= workers <= cores():
        raise ValueError(f"trainer.workers must be in 0..{cores()} (the cores of this machine), got {workers}")


def full_game_blueprint(game: object, name: str) -> tuple[HoldemGame, BucketBlueprint]:
    """Return full no-limit hold'em and its blueprint of a name; refuse another game."""
    full = isinstance(game, HoldemGame) and game.betting.blinds and game.betting.limit is None and len(game.hands) == FULL_HANDS
    if not (isinstance(game, HoldemGame) and full and game.rounds == STREETS):
        raise ValueError(f"game must be full no-limit hold'em to learn values of its streets, got {getattr(game, 'name', game)}")
    return game, load_blueprint(game, blueprint_directory(name))


def train_starts_and_report(kind: Kind, trainer: StartValuesConfig, directory: Path, result: Run, executor: Executor) -> Path:
    """Make labels where ``executor`` says and train, with progress bars; result.json always has the history so far.

    Return the network's file.
    """
    (game, blueprint), folder = full_game_blueprint(kind.game, trainer.blueprint), directory / LABELS
    result.require_directory()
    begun = time.perf_counter()
    with Progress("labels", trainer.labels + trainer.held_out, "state", PREPARING) as progress:
        files, made = start_files(blueprint.digest, trainer.labelling), partial(shard, blueprint, trainer.labelling)
        files.make(made, trainer.parts, folder, executor, progress.at)
    labelling = label_cost(folder, trainer.parts)._asdict() | {"seconds": time.perf_counter() - begun, "workers": executor.workers}
    run = open_run(StartValuesRun(game, trainer, blueprint.digest, folder), directory)
    anchors, gaps = run.anchors(), run.labels.gap
    say(f"a network of {run.parameters:,} parameters; labels are {100 * gaps.mean():.2f} % of the pot exploitable")
    result.write(
        parameters=run.parameters,
        sources=list(SOURCES),
        labelling=labelling,
        label_gap={"mean": float(gaps.mean()), "p90": float(np.quantile(gaps, 0.9)), "most": float(gaps.max())},
        **asdict(anchors),
    )
    with followed(run, directory, result, lambda row: f"error {row.play:.4f} pot") as (writer, tell):
        path: Path = train(run, directory, writer, tell)
    result.write(values=str(path))
    figures = [directory / f"training.{form}" for form in ("png", "svg")]
    plot_errors(result.history, asdict(anchors), SOURCES, f"{kind.game.name}, {trainer.title}: held-out flops", figures)
    heads = ["iteration", "training time", "loss", "of held-out flops", *(f"error, {source}" for source in SOURCES)]
    rows = [_cells(row) for row in run.history]
    for what, errors in asdict(anchors).items():
        rows.append([what.replace("_", " "), "-", "-", "-", *(f"{error:.4f}" for error in errors)])
    say(table(heads, rows))
    say(f"errors are shares of the pot on held-out flops, weighted by ranges (docs/concepts/depth-limits.md); {path}")
    return path


def _cells(row: StartRow) -> list[str]:
    errors = [f"{error:.4f}" for error in (row.play, row.changed, row.random)]
    return [f"{row.iteration:,}", duration(row.seconds), f"{row.loss:.2e}", f"{row.new_loss:.2e}", *errors]
