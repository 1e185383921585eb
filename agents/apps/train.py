"""``timebank train``: train a network by self-play, or sample a blueprint; an interrupted run goes on from its directory."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agents.apps.build import build_executor, build_kind, build_pool
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
from agents.runtime.executor import Executor, Local, Pool
from agents.training.expert_iteration import ExpertIterationConfig
from agents.training.mccfr import MCCFRConfig
from agents.training.rebel import RebelConfig
from agents.training.start_values import StartValuesConfig
from agents.training.street_values import StreetValuesConfig

# What training one policy takes differs from time to time, so a row may have less time than the one above it.
TIME = "training time: the iterations up to the row, of all sessions, and training that row's policy networks, not those of rows above"


def check(config: TrainConfig, directory: Path) -> None:
    """Refuse bad values and another run's state; the trainer's settings refuse theirs when they are made."""
    check_executor(config)
    check, *_ = WAYS.get(type(config.trainer), (check_training,))
    check(build_kind(config.game), config.trainer, directory)


def check_executor(config: TrainConfig) -> None:
    """Refuse an executor that the trainer has no work for, and two numbers of processes."""
    kind, workers = config.executor.kind, config.executor.workers
    build_executor(config.executor)
    if kind == "serial":
        raise ValueError("executor must be local or ray for timebank train (trainer.generators=0 makes rows in this process), got serial")
    if kind == "local" and workers:
        rule = "must be left out where this machine trains (trainer.generators and trainer.workers say how many processes there are)"
        raise ValueError(f"executor.workers {rule}, got {workers}")
    spread = getattr(config.trainer, "generators", 0) or isinstance(config.trainer, (StartValuesConfig, ExpertIterationConfig))
    if kind == "ray" and not spread:
        rule = "must be local where one process trains (ray makes rows of trainer.generators, and labels)"
        raise ValueError(f"executor {rule}, got ray")


def labellers(config: TrainConfig) -> Executor:
    """Return where labels are made."""
    return build_executor(config.executor) if config.executor.kind == "ray" else Local(config.trainer.workers)


def generators(config: TrainConfig) -> Callable[..., Pool]:
    """Return what starts the processes that generate."""
    return build_pool(config.executor)


# Of trainers that make no policy of a game that is written out: what refuses, what trains and reports, and what says where its work runs.
WAYS: dict[type, tuple[Any, Any, Any]] = {
    MCCFRConfig: (check_sampling, sample_and_report, None),
    StartValuesConfig: (check_starts, train_starts_and_report, labellers),
    ExpertIterationConfig: (check_expert, train_expert_and_report, labellers),
    RebelConfig: (check_values, train_values_and_report, generators),
    StreetValuesConfig: (check_values, train_values_and_report, generators),
}


def run(config: TrainConfig, directory: Path) -> None:
    """Train and report."""
    kind = build_kind(config.game)
    with Run(directory, "train", kind.game.name, config.seed, kind.notes) as result:
        _, train_and_tell, work = WAYS.get(type(config.trainer), (None, None, None))
        if train_and_tell is not None:
            train_and_tell(kind, config.trainer, directory, result, *([] if work is None else [work(config)]))
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
