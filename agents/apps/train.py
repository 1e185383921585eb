"""``timebank train``: train a network by self-play, or sample a blueprint; an interrupted run goes on from its directory."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from agents.apps.build import build_kind
from agents.apps.config import TrainConfig
from agents.apps.expert import check_expert, train_expert_and_report
from agents.apps.launch import launch
from agents.apps.output import say
from agents.apps.run import Run
from agents.apps.sampling import check_sampling, sample_and_report
from agents.apps.starts import check_starts, train_starts_and_report
from agents.apps.training import check_training, train_and_report
from agents.apps.values import check_values, train_values_and_report
from agents.reporting.tables import training_table
from agents.training.expert_iteration import ExpertIterationConfig
from agents.training.mccfr import MCCFRConfig
from agents.training.rebel import RebelConfig
from agents.training.start_values import StartValuesConfig
from agents.training.street_values import StreetValuesConfig

WAYS: dict[type, tuple[Any, Any]] = {  # what refuses, and what trains and reports, of trainers that make no policy of a game written out
    MCCFRConfig: (check_sampling, sample_and_report),
    StartValuesConfig: (check_starts, train_starts_and_report),
    ExpertIterationConfig: (check_expert, train_expert_and_report),
    RebelConfig: (check_values, train_values_and_report),
    StreetValuesConfig: (check_values, train_values_and_report),
}
# What training one policy takes differs from time to time, so a row may have less time than the one above it.
TIME = "training time: the iterations up to the row, of all sessions, and training that row's policy networks, not those of rows above"


def check(config: TrainConfig, directory: Path) -> None:
    """Refuse bad values and another run's state; the trainer's settings refuse theirs when they are made."""
    check, _ = WAYS.get(type(config.trainer), (check_training, None))
    check(build_kind(config.game), config.trainer, directory)


def run(config: TrainConfig, directory: Path) -> None:
    """Train and report."""
    kind = build_kind(config.game)
    with Run(directory, "train", kind.game.name, config.seed, kind.notes) as result:
        _, train_and_tell = WAYS.get(type(config.trainer), (None, None))
        if train_and_tell is not None:
            train_and_tell(kind, config.trainer, directory, result)
            return
        learned = train_and_report(kind, config.trainer, directory, result)
        say(training_table(result.history, kind.strength_text))
        say(TIME)
        say(f"exploitability of the network alone ({learned.policy.size:,} parameters), exact; checkpoint: {learned.checkpoint}")


def main(arguments: list[str]) -> None:
    """Run the command."""
    launch("train", check, run, arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
