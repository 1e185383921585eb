"""A trained network as it comes with the package: in half precision, measured again, with what its file must say.

What half precision changes is measured on all infostates (policies) and on the replay buffer of the run (``street_values``);
``agents.training.start_release`` has networks of a street's start. Policies are also measured anew, exactly: a run of an older version
whose network sees something else today is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from agents.networks.checkpoint import (
    ENCODING,
    POLICY,
    CheckpointError,
    Tensors,
    digest_of,
    load_tensors,
    load_weights,
    networks_of,
    require_game,
)
from agents.networks.half import halved
from agents.networks.policy import NetworkPolicy
from agents.networks.street_values import STREET_VALUES, StreetNetwork
from agents.networks.value import config_of
from agents.training.state import STATE_FILE
from games.arrays import Float32
from games.game import PublicGame
from search.infostates import Infostates

MOST_DIFFERENT = 1e-4  # relative, of an exploitability that was measured twice: float32 tables
MOST_ROWS = 20_000  # of a replay buffer


class Released(NamedTuple):
    """What is released of a run.

    Attributes:
        kind: of the file.
        tensors: in half precision.
        header: of the file, what ``agents.networks.checkpoint`` adds left out.
        change: what half precision changes: ``value``, ``unit``, and ``of`` how many ``states``.
        measured: of the network in half precision, for its card.
    """

    kind: str
    tensors: Tensors
    header: dict[str, Any]
    change: dict[str, Any]
    measured: dict[str, Any]

    @property
    def digest(self) -> str:
        """What ``agents.networks.checkpoint`` will say of the tensors."""
        return digest_of(self.tensors)


def header_of(about: Mapping[str, Any], purpose: str, encoding: int) -> dict[str, Any]:
    """Return the header of a released file: what the run's file says but its settings, and what it is for.

    Raises:
        CheckpointError: it was released before.
    """
    if "released_from" in about:
        raise CheckpointError("checkpoint must be one that a training wrote, got a released one")
    left_out = ("config", "digest", "format", "kind", "version", "lowered")
    header = {key: value for key, value in about.items() if key not in left_out}
    return header | {"released_from": about["digest"], "purpose": purpose, "encoding": encoding}


def release_policy(path: Path, infostates: Infostates, exploitability: float) -> Released:
    """Return a policy in half precision: what a best response wins may change by a thousandth of the first pot.

    Args:
        path: of the run's file.
        infostates: of its game.
        exploitability: chips, that the run measured.

    Raises:
        CheckpointError: no policy of the game, or one that plays something else today.
        ValueError: half precision changes too much.
    """
    tensors, about = load_weights(path, POLICY)
    pot, game = float(getattr(infostates.game, "pot", 1.0)), infostates.game

    def tables(weights: Tensors) -> tuple[list[Any], list[Any]]:
        policy = NetworkPolicy(infostates, networks_of(about, weights, infostates, path))
        return policy.tables(0), policy.tables(1)

    whole = tables(tensors)
    single = infostates.exploitability(whole)
    if not abs(single - exploitability) <= MOST_DIFFERENT * exploitability:
        raise CheckpointError(f"checkpoint must be {exploitability:.6g} chips exploitable as its run says, got {single:.6g} in {path}")
    half: dict[str, Any] = {}

    def change(weights: Tensors) -> float:
        rounded = tables(weights)
        half["exploitability"] = infostates.exploitability(rounded)
        pairs = [(a, b) for p in (0, 1) for a, b in zip(whole[p], rounded[p], strict=True)]
        half["largest_probability_change"] = max(float(np.abs(a - b).max()) for a, b in pairs)
        half["mean_probability_change"] = float(np.average([np.abs(a - b).mean() for a, b in pairs], weights=[a.size for a, _ in pairs]))
        return float(abs(half["exploitability"] - single) / pot)

    halves, by = halved(tensors, change)
    header = header_of(about, game.name, ENCODING)
    states = sum(table.size for player in whole for table in player)
    changed = {"value": by, "unit": "pots", "of": "exploitability", "states": states}
    measured = half | {"single_exploitability": single, "big_blind": getattr(game, "big_blind", None), "pot": pot}
    return Released(POLICY, halves, header, changed, measured)


def release_streets(path: Path, directory: Path, game: PublicGame[Any]) -> Released:
    """Return the networks of a street's end and the next one's start in half precision: no output may change by a thousandth of the pot.

    Args:
        path: of the run's file.
        directory: of the run, with its state, whose replay buffers have the states.
        game: of the run.

    Raises:
        CheckpointError: no such networks, those of another game, or no state.
        ValueError: half precision changes too much.
    """
    tensors, about = load_weights(path, STREET_VALUES)
    require_game(about, game.key, path)
    config, state = config_of(about, tensors, path), load_tensors(directory / STATE_FILE, str(about.get("trainer")))[0]
    kinds = sorted({name.split(".")[0] for name in tensors})
    seen = {kind: torch.from_numpy(state[f"replay {kind}.features"][-MOST_ROWS:].copy()) for kind in kinds}

    def outputs(weights: Tensors) -> Sequence[Float32]:
        return [_said(StreetNetwork(config, seen[kind].shape[1], _outputs(weights, kind)), kind, weights, seen[kind]) for kind in kinds]

    whole = outputs(tensors)

    def change(weights: Tensors) -> float:  # values are in what each player has put in, half of the pot
        return max(float(np.abs(a - b).max()) / 2 for a, b in zip(whole, outputs(weights), strict=True))

    halves, by = halved(tensors, change, spare=True)
    header = header_of(about, f"the flop's end and the turn's start of {about.get('game_name')}", ENCODING)
    states = sum(len(rows) for rows in seen.values())
    changed = {"value": by, "unit": "pots", "of": "outputs on the run's states", "states": states}
    return Released(STREET_VALUES, halves, header, changed, {"big_blind": getattr(game, "big_blind", None)})


def _outputs(weights: Tensors, kind: str) -> int:
    """Return how many values a network gives."""
    last = max(
        (name for name in weights if name.startswith(f"{kind}.") and name.endswith(".bias")), key=lambda name: int(name.split(".")[2])
    )
    return len(weights[last])


def _said(network: StreetNetwork, kind: str, weights: Tensors, seen: torch.Tensor) -> Float32:
    with torch.inference_mode():
        for name, parameter in network.named_parameters():
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(weights[f"{kind}.{name}"])))
        said: Float32 = network(seen).numpy()
    return said
