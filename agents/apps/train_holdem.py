"""``timebank train`` on hold'em."""

from __future__ import annotations

import re
from pathlib import Path

from agents.apps.compose import CONF
from agents.apps.config import TrainConfig
from agents.apps.run import Run
from agents.apps.solve_holdem import free_memory, smaller_game, strength, strength_text
from agents.apps.training import train_reported, training_table
from agents.board_blueprint import tree_of
from agents.networks.holdem_policy import HoldemPolicy
from agents.training import POLICY_FILE, HoldemDeepCFR, HoldemDeepCFRConfig, check_state
from games.holdem.board_tree import game_size
from games.holdem.rules import HoldemGame
from games.kernels import LANES

TABLES = 12  # arrays of the size of a player's regrets, at most: what sweeps hold, the memories, and what is on its way between them
SCHEMAS = ("holdem_schema", "spot_schema", "libratus_endgame_schema")  # of the games that are hold'em


def with_trainer(arguments: list[str]) -> list[str]:
    """Add ``trainer=holdem_deep_cfr`` for a game of hold'em, where none is given: Hydra has one default for all games."""
    given = dict(argument.partition("=")[::2] for argument in arguments)
    name = given.get("game", "")
    game = CONF / "game" / f"{name}.yaml"
    if (
        "trainer" in given
        or not re.fullmatch(r"\w{1,100}", name)
        or not game.is_file()
        or not any(schema in game.read_text() for schema in SCHEMAS)
    ):
        return arguments
    return [*arguments, "trainer=holdem_deep_cfr"]


def check(config: TrainConfig, directory: Path) -> None:
    """Refuse bad values and another run's state."""
    check_training(config.game.build(), config.trainer, directory)


def check_training(game: HoldemGame, trainer: object, directory: Path) -> None:
    """Refuse a trainer that does not fit and another run's state."""
    if not isinstance(trainer, HoldemDeepCFRConfig):
        raise ValueError("trainer must be holdem_deep_cfr on hold'em, got one for games derived from OpenSpiel")
    size, free = game_size(game), free_memory()
    needed = TABLES * sum(size.rows) * LANES * 4
    if needed > 0.9 * free:
        raise ValueError(
            f"game must fit into memory to be trained on ({free / 1e9:.3g} GB are free), got about {needed / 1e9:.2g} GB for "
            f"{size.boards:,} boards: {smaller_game(game)}"
        )
    check_state(directory, game.key, trainer, HoldemDeepCFR.kind)


def run(config: TrainConfig, directory: Path) -> None:
    """Train and report."""
    game: HoldemGame = config.game.build()
    with Run(directory, "train", game.name, config.seed, game.notes) as result:
        policy = train_holdem(game, config.trainer, directory, result)
        print(training_table(result.history, lambda e: strength_text(game, e)))
        print(f"exploitability of the network alone ({policy.size:,} parameters), exact; checkpoint: {directory / POLICY_FILE}")


def train_holdem(game: HoldemGame, config: HoldemDeepCFRConfig, directory: Path, result: Run, searched: int = 0) -> HoldemPolicy:
    """Train on a hold'em game, with progress; see ``train_reported``."""
    return train_reported(
        lambda: HoldemDeepCFR(game, tree_of(game), config),
        directory,
        result,
        lambda e: strength_text(game, e),
        lambda e: strength(game, e),
        searched,
    )
