"""``timebank train``: self-play training of a policy network; a run that was interrupted goes on from its directory."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import torch

from agents.apps.build import tree_of
from agents.apps.config import TrainConfig
from agents.apps.launch import launch
from agents.apps.run import Progress, Run
from agents.figures import plot_training
from agents.networks import NetworkPolicy
from agents.report import duration, table, write_csv
from agents.training import POLICY_FILE, DeepCFRConfig, HistoryRow, check_state, tensorboard_writer, train
from games import PublicTree


def check(config: TrainConfig, directory: Path) -> None:
    """Refuse bad values and another run's state; the trainer's settings refuse theirs when they are made."""
    check_state(directory, tree_of(config.game.game_string()), config.trainer)


def run(config: TrainConfig, directory: Path) -> None:
    """Train and report."""
    game = config.game.game_string()
    with Run(directory, "train", game, config.seed) as result:
        train_reported(tree_of(game), config.trainer, directory, result)
        heads = ["iteration", "time", "multiply-adds", "exploitability"]
        rows = [[str(r["iteration"]), duration(r["seconds"]), f"{r['compute']:.2e}", f"{r['exploitability']:.4f}"] for r in result.history]
        print(table(heads, rows))
        print(f"exploitability of the network alone, chips, exact; checkpoint: {directory / POLICY_FILE}")


def train_reported(tree: PublicTree, config: DeepCFRConfig, directory: Path, result: Run) -> NetworkPolicy:
    """Train with a progress bar; result.json always has the history so far, and compute in multiply-adds."""
    torch.set_num_threads(1)  # the same bits on every machine; networks here are too small to gain from more
    progress = Progress("training", config.iterations, "it")

    def tell(iteration: int, history: list[HistoryRow]) -> None:
        progress.at(iteration, f"exploitability {history[-1].exploitability:.3g} chips" if history else "")
        if len(history) != len(result.history):
            result.write(history=[_plain(row) for row in history])

    writer = tensorboard_writer(directory / "tensorboard")
    try:
        trained = train(tree, config, directory, writer, tell)
    finally:
        progress.close()
        writer.close()
    history = [_plain(row) for row in trained.history]
    strength = {"value": history[-1]["exploitability"], "unit": "chips", "exact": True}
    result.write(history=history, checkpoint=str(directory / POLICY_FILE), network_exploitability=strength)
    write_csv(directory / "training.csv", history)
    plot_training(history, f"{tree.game}, Deep CFR, network alone", [directory / f"training.{kind}" for kind in ("png", "svg")])
    return trained.policy


def _plain(row: HistoryRow) -> dict[str, float]:
    entries = asdict(row)
    return {"compute": entries.pop("multiply_adds"), **entries}


def main() -> None:
    """Run the command."""
    launch("train", check, run)


if __name__ == "__main__":
    main()
