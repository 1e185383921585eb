"""Release a trained network with the package: half precision, a card that is made from its run, the page of all cards.

    python benchmarks/release.py RUN NAME                    # RUN: the directory of a finished timebank train
    python benchmarks/release.py RUN NAME --decisions FILE   # with what was measured of decisions, see docs/how-to/release.md: a file, or
                                                             # the directory of a timebank ablate of the released network
    python benchmarks/release.py --cards                     # writes all cards and the page again, where their text has changed

It writes NAME.safetensors, NAME.json (what the card is made of: the run's result.json without paths, its overrides, what was measured anew)
and NAME.md into agents/networks/released, and docs/reference/networks.md. It refuses a network that half precision changes by more than a
thousandth of the pot, one that another version sees otherwise, and more than 16 MB in all.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agents.apps.build import blueprint_directory, build_kind
from agents.apps.compose import compose
from agents.apps.config import register
from agents.apps.directory import result_in, started_with
from agents.apps.errors import UsageError
from agents.bucket_blueprint import load_blueprint
from agents.networks.checkpoint import load_tensors, save_tensors
from agents.reporting.card import card_text, page_text
from agents.reporting.card_decisions import check_decisions, decisions_of
from agents.reporting.tables import memory_text, write_json, write_text
from agents.runtime.released import CARD, FOLDER, NAME, RECORD, WEIGHTS
from agents.runtime.storage import read_json
from agents.training import POLICY_FILE
from agents.training.release import Released, release_policy, release_streets
from agents.training.start_release import release_starts
from agents.training.start_values import VALUES_FILE, StartValuesConfig
from agents.training.street_values import StreetValuesConfig

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "networks.md"
MOST_BYTES = 16 * 10**6  # of all networks together
KEPT = (  # of result.json: everything that says what was done, and no path
    "command", "game", "seed", "version", "machine", "notes", "status", "seconds", "parameters", "trainer", "history", "floor",
    "network_exploitability", "search_exploitability", "sources", "checked_down", "label_gap", "labelling",
)  # fmt: skip
MACHINE = ("cpu", "cores", "python")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="?", type=Path)
    parser.add_argument("name", nargs="?")
    parser.add_argument("--decisions", type=Path)
    parser.add_argument("--cards", action="store_true")
    given = parser.parse_args(arguments)
    try:
        if not given.cards:
            if given.run is None or given.name is None:
                raise ValueError("a run's directory and a name must be given, or --cards")
            release(given.run, given.name, given.decisions)
        write_cards()
    except (UsageError, ValueError, OSError) as error:
        sys.exit(f"error: {error}")


def release(directory: Path, name: str, decisions: Path | None = None) -> None:
    """Write the files of a network.

    Raises:
        ValueError: a name that there cannot be, a run that is not finished or cannot be released.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"name must be small letters, digits and _, a letter first, 40 at most, got {name!r}")
    told = None if decisions is None or decisions.is_dir() else check_decisions(read_json(decisions, follow=True))
    result, overrides = result_in(directory), started_with(directory)
    if result.get("command") != "train" or result.get("status") != "complete" or overrides is None:
        raise ValueError(f"run must be the directory of a finished timebank train, got {directory}")
    released = made(directory, overrides, result)
    if decisions is not None and decisions.is_dir():
        told = decisions_of(result_in(decisions), started_with(decisions) or [], released.digest)
    if told is not None and told["network"] not in digests(released):
        raise ValueError(f"decisions must be those of this network, {released.header['released_from']}, got those of {told['network']}")
    size = sum(array.nbytes for array in released.tensors.values())
    if (total := size + sum(path.stat().st_size for path in FOLDER.glob(f"*{WEIGHTS}") if path.stem != name)) > MOST_BYTES:
        raise ValueError(f"networks must take at most {memory_text(MOST_BYTES)} together, got {memory_text(total)}")
    FOLDER.mkdir(exist_ok=True)
    weights = FOLDER / f"{name}{WEIGHTS}"
    save_tensors(weights, released.tensors, released.header | {"name": name}, released.kind)
    run = {key: result[key] for key in KEPT if key in result}
    run["machine"] = {key: run["machine"][key] for key in MACHINE}
    record = {
        "name": name,
        "kind": released.kind,
        "game": result["game"],
        "purpose": released.header["purpose"],
        "network": released.header["network"],
        "big_blind": released.measured.get("big_blind"),
        "overrides": overrides,  # of all sessions: of a key the last one counts
        "run": run,
        "file": {
            "bytes": weights.stat().st_size,
            "parameters": sum(array.size for array in released.tensors.values()),
            "digest": load_tensors(weights, released.kind)[1]["digest"],
            "released_from": released.header["released_from"],
            "single": sorted(name for name, array in released.tensors.items() if array.dtype != np.float16),
            "change": released.change,
        },
        "measured": released.measured,
        "decisions": told,
    }
    write_json(FOLDER / f"{name}{RECORD}", record)


def made(directory: Path, overrides: list[str], result: dict[str, Any]) -> Released:
    """Return what is released of a run."""
    register("train")
    settings = compose("train", overrides).settings
    kind, trainer = build_kind(settings.game), settings.trainer
    if isinstance(trainer, StartValuesConfig):
        game: Any = kind.game
        blueprint = load_blueprint(game, blueprint_directory(trainer.blueprint))
        return release_starts(directory / VALUES_FILE, directory, trainer, blueprint)
    if isinstance(trainer, StreetValuesConfig):
        return release_streets(directory / VALUES_FILE, directory, kind.game)
    if result.get("network_exploitability") is None:
        raise ValueError(f"run must be of a trainer of policies, start_values or street_values, got {trainer.name}")
    kind.check_infostates()
    return release_policy(directory / POLICY_FILE, kind.infostates(), float(result["network_exploitability"]["value"]))


def digests(released: Released) -> tuple[str, ...]:
    """Return the digests that decisions may name: of the run's file, and of the one that is released."""
    return (released.header["released_from"], released.digest)


def records() -> list[dict[str, Any]]:
    """Return the records of all networks."""
    return [read_json(path) for path in sorted(FOLDER.glob(f"*{RECORD}"))]


def write_cards() -> None:
    """Write the card of each network, and the page."""
    for record in records():
        write_text(FOLDER / f"{record['name']}{CARD}", card_text(record))
    write_text(PAGE, page_text(records()))
    print(f"{len(records())} networks in {FOLDER}, and their page {PAGE}")


if __name__ == "__main__":
    main()
