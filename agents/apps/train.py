"""``timebank train``: self-play training of a policy network; a run that was interrupted goes on from its directory."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from agents.apps import train_holdem
from agents.apps.build import encoding_of, tree_of
from agents.apps.config import TrainConfig
from agents.apps.launch import launch
from agents.apps.run import Run
from agents.apps.training import train_reported, training_table
from agents.networks import NetworkPolicy
from agents.training import POLICY_FILE, DeepCFR, DeepCFRConfig, check_state
from games import PublicTree
from games.holdem.config import Bets


def check(config: TrainConfig, directory: Path) -> None:
    """Refuse bad values and another run's state; the trainer's settings refuse theirs when they are made."""
    if isinstance(config.game, Bets):
        train_holdem.check(config, directory)
        return
    check_training(config.game.game_string(), config.trainer, directory)


def check_training(game: str, trainer: object, directory: Path) -> None:
    """Refuse a trainer of hold'em, a game that no network can see, and another run's state."""
    if not isinstance(trainer, DeepCFRConfig):
        raise ValueError("trainer must be deep_cfr or deep_cfr_small for a game derived from OpenSpiel, got one of hold'em")
    check_state(directory, encoding_of(game).tree.game, trainer)


def run(config: TrainConfig, directory: Path) -> None:
    """Train and report."""
    if isinstance(config.game, Bets):
        train_holdem.run(config, directory)
        return
    game = config.game.game_string()
    with Run(directory, "train", game, config.seed) as result:
        train_derived(tree_of(game), config.trainer, directory, result)
        print(training_table(result.history, lambda e: f"{e:.4f}"))
        print(f"exploitability of the network alone, chips, exact; checkpoint: {directory / POLICY_FILE}")


def train_derived(tree: PublicTree, config: DeepCFRConfig, directory: Path, result: Run, searched: int = 0) -> NetworkPolicy:
    """Train on a tree derived from OpenSpiel, with progress; see ``train_reported``."""

    def fresh() -> DeepCFR:
        return DeepCFR(tree, config, encoding_of(tree.game))

    def strength(exploitability: float) -> dict[str, Any]:
        return {"value": exploitability, "unit": "chips"}

    return train_reported(fresh, directory, result, lambda e: f"{e:.3g} chips", strength, searched)


def main() -> None:
    """Run the command."""
    sys.argv = train_holdem.with_trainer(sys.argv)
    launch("train", check, run)


if __name__ == "__main__":
    main()
