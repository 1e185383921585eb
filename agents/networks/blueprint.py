"""A learned blueprint of hold'em: a policy network asked at every infostate, kept on disk as tabular blueprints are."""

from __future__ import annotations

import time
from pathlib import Path

from agents.board_blueprint import BoardBlueprint, made_once
from agents.networks import load_policy, policy_metadata
from agents.networks.checkpoint import history_of
from agents.reporting.tables import Row
from games.holdem.rules import HoldemGame
from search import represent
from search.boards.trunk import Strategies
from search.representation import exploitability


def make_network_blueprint(game: HoldemGame, checkpoint: Path, directory: Path) -> tuple[BoardBlueprint, list[Row]]:
    """Fill a blueprint with what a network plays, unless it is there already; its size is the networks' number of parameters.

    Returns:
        the blueprint, and the history of the network's training: rows with ``compute`` in multiply-adds.

    Raises:
        CheckpointError: the checkpoint cannot be read, or is of another game.
        ValueError: another blueprint in the directory.
    """
    metadata = policy_metadata(checkpoint, game.key)
    history = [{"compute": row["multiply_adds"], **row} for row in history_of(metadata, checkpoint)]

    def written(about: Row) -> tuple[Row, Strategies]:
        begun, representation = time.perf_counter(), represent(game)
        policy = load_policy(checkpoint, representation.infostates)
        tables = policy.strategy().tables
        seconds = {"seconds": history[-1]["seconds"] if history else 0.0, "writing_seconds": time.perf_counter() - begun}
        return {"size": policy.size, "exploitability": exploitability(representation, tables), **seconds}, tables

    return made_once(game, directory, {"name": f"network:{metadata['digest'][:8]}"}, written), history
