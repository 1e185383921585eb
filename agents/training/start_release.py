"""A network of a street's start as it comes with the package: in half precision, measured on states with held-out flops."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from agents.bucket_blueprint import BucketBlueprint
from agents.networks.checkpoint import CheckpointError, Tensors, load_weights, weights_of
from agents.networks.half import halved
from agents.networks.residual import ResidualLayers
from agents.networks.start_values import ENCODING, START_VALUES
from agents.runtime.storage import brief
from agents.training.label_files import Part, label_cost
from agents.training.release import Released, header_of
from agents.training.start_errors import by_source, state_errors
from agents.training.start_labels import SOURCES, Shard, shard, start_files
from agents.training.start_values import LABELS, StartValuesConfig, trained_for
from games.arrays import Float, Float32
from games.holdem.cards import cards_text

BEHIND = (1.0, 3.0, 10.0, 30.0)  # pots, where bins of states end
WORST = 5  # states that are named
TIMED = 12  # labels that are made once more where nobody wrote down what theirs took


def release_starts(path: Path, directory: Path, config: StartValuesConfig, blueprint: BucketBlueprint) -> Released:
    """Return a network of a street's start in half precision: no output may change by a thousandth of the pot on held-out states.

    Args:
        path: of the run's file.
        directory: of the run, with its labels.
        config: of the run.
        blueprint: that played to its states.

    Raises:
        CheckpointError: no such network, or one of another street.
        ValueError: half precision changes too much, or labels are missing.
    """
    tensors, about = load_weights(path, START_VALUES, ENCODING)
    today = trained_for(config.street)
    if (got := (about.get("street"), about.get("menu"))) != (config.street, today["menu"]):
        raise CheckpointError(f"checkpoint must be of {config.street}s in today's sizes, got {brief(got)} in {path}")
    parts = [part for part in config.parts if part.held]
    held = start_files(blueprint.digest, config.labelling).all(directory / LABELS, parts)
    seen, layers = held.features.astype(np.float32), config.network.layers
    whole, rounded = start_layers(tensors, layers)(seen), np.zeros((0, 0), np.float32)

    def change(weights: Tensors) -> float:
        nonlocal rounded
        rounded = start_layers(weights, layers)(seen)
        return float(np.abs(rounded - whole).max())

    halves, by = halved(tensors, change, spare=True)
    change(weights_of(halves))
    text = f"{config.street}s of full no-limit hold'em, sizes {today['menu']}, at most {today['most_behind']:g} pots behind"
    header = header_of(about, text, ENCODING) | today
    changed = {"value": by, "unit": "pots", "of": "outputs on states with held-out flops", "states": len(seen)}
    measured = start_measured(held, config.network.buckets, rounded) | {"labelling": labelling_of(blueprint, directory, config)}
    return Released(START_VALUES, halves, header, changed, measured)


def labelling_of(blueprint: BucketBlueprint, directory: Path, config: StartValuesConfig) -> dict[str, Any]:
    """Return what a run's labels took: CPU seconds of those whose time is known, and of one label as it is timed here.

    Args:
        blueprint: that played.
        directory: of the run.
        config: of the run.
    """
    cost, each = label_cost(directory / LABELS, config.parts), 0.0
    if cost.timed < cost.labels:
        shard(blueprint, config.labelling, Part(False, 0, 1))  # compiles
        begun = time.process_time()
        shard(blueprint, config.labelling, Part(False, 0, TIMED))
        each = (time.process_time() - begun) / TIMED
    return {**cost._asdict(), "each_seconds": each}


def start_layers(tensors: Tensors, layers: int) -> ResidualLayers:
    """Return what a network of a street's start says, in numpy."""
    names = ("first", *(f"hidden.{i}" for i in range(layers - 1)), "last")
    weights = ((np.ascontiguousarray(tensors[f"values.{name}.weight"].T), tensors[f"values.{name}.bias"]) for name in names)
    return ResidualLayers(tuple(weights))


def start_measured(held: Shard, buckets: int, said: Float32) -> dict[str, Any]:
    """Return errors of what a network said of held-out states, and what they stand beside: shares of the pot, weighted by ranges."""
    errors = state_errors(held, buckets, said)
    beside: dict[str, Float] = {
        "zero": state_errors(held, buckets, None),
        "checked_down": state_errors(held, buckets, np.zeros_like(said)),
        "floor": state_errors(held, buckets, held.targets.astype(np.float32)),
    }
    behind = held.chips[:, 1] / held.chips[:, 0]
    bins = np.digitize(behind, BEHIND)
    by_behind = [
        {"most_behind": (*BEHIND, None)[b], "states": int((bins == b).sum()), "network": float(errors[bins == b].mean())}
        | {name: float(other[bins == b].mean()) for name, other in beside.items()}
        for b in range(len(BEHIND) + 1)
        if (bins == b).any()
    ]
    worst = [
        {
            "board": cards_text(held.cards[i].tolist()),
            "source": SOURCES[held.source[i]],
            "behind": float(behind[i]),
            "error": float(errors[i]),
        }
        for i in np.argsort(-errors)[:WORST].tolist()
    ]
    return {
        "states": [int((held.source == source).sum()) for source in range(len(SOURCES))],
        "sources": list(SOURCES),
        "errors": {"network": list(by_source(held, errors))} | {name: list(by_source(held, other)) for name, other in beside.items()},
        "label_gap": float(held.gap.mean()),
        "by_behind": by_behind,
        "worst": worst,
    }
