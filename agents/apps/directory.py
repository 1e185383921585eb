"""A run's directory: new, or its own run's again; never another run's."""

from __future__ import annotations

import json
from pathlib import Path

from omegaconf import OmegaConf

from agents.apps.refusal import Refusal

RESUMABLE = ("train", "ablate")


def resumed(command: str, overrides: list[str]) -> list[str]:
    """Turn ``resume=DIR`` into the overrides that DIR was started with, in DIR; overrides given besides come last and win.

    Raises:
        Refusal: DIR holds no run of this command.
    """
    given = [o for o in overrides if o.startswith("resume=")]
    if not given:
        return overrides
    directory = Path(given[-1].removeprefix("resume="))
    before = _started_with(directory)
    if command not in RESUMABLE:
        raise Refusal(f"resume must be given to {' or '.join(RESUMABLE)}, got it for {command}, which starts anew")
    if before is None:
        raise Refusal(f"resume must be a run directory, got {directory} (no .hydra/overrides.yaml there)")
    if _command(directory) not in (command, None):
        raise Refusal(f"resume must be a directory of {command}, got {directory}, which is one of {_command(directory)}")
    return [*before, *(o for o in overrides if not o.startswith("resume=")), directory_override(directory)]


def claim(command: str, directory: Path, overrides: list[str], again: bool) -> Path:
    """Make a run's directory, or accept it if it holds this very run.

    Args:
        command: that will run there.
        directory: as composed.
        overrides: of the run; without a ``hydra.run.dir`` of the user's a directory that exists is passed by for one with a number.
        again: the user said ``resume=``.

    Raises:
        Refusal: it holds another run, or cannot be written.
    """
    try:
        if any(o.startswith("hydra.run.dir=") for o in overrides):
            before = _started_with(directory)
            other = before is not None and before != _without_directory(overrides) and not again
            if _command(directory) not in (command, None) or (other and command in RESUMABLE):
                raise Refusal(
                    f"hydra.run.dir must be new or of the same run, got {directory}, which holds another (resume= goes on with it)"
                )
            directory.mkdir(parents=True, exist_ok=True)
        else:
            directory.parent.mkdir(parents=True, exist_ok=True)
            directory = _new(directory)
        probe = directory / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise Refusal(f"hydra.run.dir must be a directory that can be written, got {directory} ({error.strerror})") from None
    return directory.resolve()


def _new(directory: Path) -> Path:
    """Make a directory of that name, with a number if it is taken: two runs may start within one second."""
    base, number = directory, 1
    while True:
        try:
            directory.mkdir()
        except FileExistsError:
            number += 1
            directory = base.with_name(f"{base.name}-{number}")
        else:
            return directory


def directory_override(directory: Path) -> str:
    """Return the override that says where a run is, quoted for Hydra's grammar whatever the path holds."""
    path = str(directory).replace("'", "\\'")
    return f"hydra.run.dir='{path}'"


def _without_directory(overrides: list[str]) -> list[str]:
    return [o for o in overrides if not o.startswith("hydra.run.dir=")]


def _started_with(directory: Path) -> list[str] | None:
    """Return the overrides of the run in a directory, None if there is none. Settings of Hydra itself are not taken from a file."""
    try:
        kept = OmegaConf.to_container(OmegaConf.load(directory / ".hydra" / "overrides.yaml"))
    except (OSError, ValueError):
        return None
    return [str(o) for o in kept if not str(o).lstrip("+~").startswith("hydra")] if isinstance(kept, list) else None


def _command(directory: Path) -> str | None:
    try:
        command = json.loads((directory / "result.json").read_text()).get("command")
    except (OSError, ValueError, AttributeError):
        return None
    return None if command is None else str(command)
