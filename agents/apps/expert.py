"""``timebank train trainer=expert_iteration``: what is refused before, progress, result.json and table."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from agents.apps.build import Kind, blueprint_directory
from agents.apps.output import say
from agents.apps.run import PREPARING, Progress, Run
from agents.apps.starts import check_workers, full_game_blueprint
from agents.apps.training import followed
from agents.bucket_blueprint import POLICIES
from agents.reporting.tables import duration, free_memory, memory_text, table
from agents.runtime.executor import Executor
from agents.training import check_state, open_run, train
from agents.training.decision_labels import decision_files, decision_shard
from agents.training.expert_iteration import ExpertIterationConfig, ExpertIterationRun, ExpertRow, label_folder
from agents.training.start_labels import STREETS
from search.off_tree import MenuPolicy


def check_expert(kind: Kind, trainer: ExpertIterationConfig, directory: Path) -> None:
    """Refuse another game than full no-limit hold'em, another game's blueprint, too little memory, and another run's state or labels."""
    _, table_ = full_game_blueprint(kind.game, trainer.blueprint)
    check_workers(trainer.workers)
    needed, free = trainer.memory, free_memory()
    if needed > 0.9 * free:
        sizes = f"{trainer.turn_labels:,} and {trainer.river_labels:,} labels in {trainer.rounds:,} rounds: {memory_text(needed)}"
        raise ValueError(f"trainer.turn_labels, river_labels and rounds must fit into memory ({memory_text(free)} are free), got {sizes}")
    check_state(directory, table_.game.key, trainer)
    for street in STREETS:
        decision_files(table_.digest, trainer.labelling(street)).check(label_folder(directory, street, 0), trainer.parts(street, 0))


def train_expert_and_report(kind: Kind, trainer: ExpertIterationConfig, directory: Path, result: Run, executor: Executor) -> None:
    """Make labels where ``executor`` says and train, round by round, with progress bars; result.json always has the history so far."""
    result.require_directory()
    _, sampled = full_game_blueprint(kind.game, trainer.blueprint)

    def make(street: str, number: int, policy: MenuPolicy, digest: str) -> None:
        labelling, parts = trainer.labelling(street), trainer.parts(street, number)
        made, folder = partial(decision_shard, policy, labelling), label_folder(directory, street, number)
        with Progress(f"{street}s, round {number + 1}", sum(part.size for part in parts), "decision", PREPARING) as progress:
            decision_files(digest, labelling).make(made, parts, folder, executor, progress.at)

    run = open_run(ExpertIterationRun(trainer, sampled, directory, make, blueprint_directory(trainer.blueprint)), directory)
    say(f"networks of {run.parameters:,} parameters, on top of {sampled.name}")
    result.write(parameters=run.parameters)
    with followed(run, directory, result, lambda row: f"EV loss {row.turn_ev:.4f} and {row.river_ev:.4f} pot") as (writer, tell):
        blueprint = train(run, directory, writer, tell)
    alike = run.anchors()
    result.write(blueprint=blueprint.row(), alike=alike)
    heads = ["iteration", "training time", "loss", "turns: loss", "EV loss", "rivers: loss", "EV loss"]
    rows = [[*_cells(row)] for row in run.history]
    rows.append(["all alike", "-", "-", "-", f"{alike['turn']:.4f}", "-", f"{alike['river']:.4f}"])
    say(table(heads, rows))
    say(f"losses are of held-out flops, EV losses shares of the pot; agent.blueprint={directory} plays it ({directory / POLICIES})")


def _cells(row: ExpertRow) -> list[str]:
    losses = [f"{row.turn_loss:.3f}", f"{row.turn_ev:.4f}", f"{row.river_loss:.3f}", f"{row.river_ev:.4f}"]
    return [f"{row.iteration:,}", duration(row.seconds), f"{row.loss:.3f}", *losses]
