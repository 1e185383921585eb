"""``timebank train``: self-play training of a policy network; a run that was interrupted goes on from its directory."""

from __future__ import annotations

from pathlib import Path

from agents.apps.config import TrainConfig
from agents.apps.launch import launch
from agents.apps.run import Run
from agents.apps.training import check_training, train_and_report, trainable
from agents.reporting.tables import duration, table


def check(config: TrainConfig, directory: Path) -> None:
    """Refuse bad values and another run's state; the trainer's settings refuse theirs when they are made."""
    check_training(config.game, config.trainer, directory)


def run(config: TrainConfig, directory: Path) -> None:
    """Train and report."""
    found = trainable(config.game)
    with Run(directory, "train", found.game.name, config.seed, found.notes) as result:
        learned = train_and_report(config.game, config.trainer, directory, result)
        heads = ["iteration", "time", "multiply-adds", "exploitability"]
        points = [
            (str(r["iteration"]), duration(r["seconds"]), f"{r['compute']:.2e}", found.text(r["exploitability"])) for r in result.history
        ]
        print(table(heads, [list(point) for point in points]))
        print(f"exploitability of the network alone ({learned.policy.size:,} parameters), exact; checkpoint: {learned.checkpoint}")


def main() -> None:
    """Run the command."""
    launch("train", check, run)


if __name__ == "__main__":
    main()
