"""``timebank train``: self-play training of a policy network; a run that was interrupted goes on from its directory."""

from __future__ import annotations

import sys
from pathlib import Path

from agents.apps.build import build_kind
from agents.apps.compose import with_trainer
from agents.apps.config import TrainConfig
from agents.apps.launch import launch
from agents.apps.run import Run
from agents.apps.training import training_table
from agents.training import POLICY_FILE


def check(config: TrainConfig, directory: Path) -> None:
    """Refuse bad values and another run's state; the trainer's settings refuse theirs when they are made."""
    build_kind(config.game).check_training(config.trainer, directory)


def run(config: TrainConfig, directory: Path) -> None:
    """Train and report."""
    kind = build_kind(config.game)
    with Run(directory, "train", kind.game.name, config.seed, kind.notes) as result:
        policy = kind.train(config.trainer, directory, result)
        print(training_table(result.history, kind.strength_text))
        size = f" ({policy.size:,} parameters)" if kind.size_unit is not None else ""
        print(f"exploitability of the network alone{size}, exact; checkpoint: {directory / POLICY_FILE}")


def main() -> None:
    """Run the command."""
    sys.argv = with_trainer(sys.argv)
    launch("train", check, run)


if __name__ == "__main__":
    main()
