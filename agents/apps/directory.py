"""A run's directory: new, or its own run's again; never another run's."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from agents.apps.errors import UsageError
from agents.apps.plain_yaml import read_plain_yaml
from agents.apps.renamed import renamed
from agents.reporting.tables import make_new
from agents.runtime.storage import brief, printable, read_json, require
from games.files import require_regular

RESUMABLE = ("train", "ablate", "match")
PLAYED = ("game", "search")  # settings that make the hands of a table belong together
# Keys of a match that change no hand of it: how many there are, where they are played, what is worked out besides.
SAME_HANDS = ("hands", "precision", "executor", "exact", "draws", "limit_seconds", "phh", "stop", "margin", "alpha", "beta")
CLIENT = ("host", "port", "wait_seconds")  # keys of an agent that say where it connects, and no more
SOLUTION = "solution.npz"  # hold'em's of ``save=true``
OF_A_RUN = ("load", "lock", "show", "save", "threads", "budget", "executor")  # keys of a solve that change nothing of what is solved
VIEW = "view.npz"  # hold'em's of ``save=view``
REPORT, BOARDS = "boards.csv", "game.boards="  # of a report over boards: a file, and the key that asks for it
ANSWERS = (SOLUTION, VIEW, "policy.json")
LOCK = ".lock"
# Folders that runs write to.
FOLDERS = re.compile(r"\.hydra|training|tensorboard|measurements|hands|tables|boards|blueprints|uniform|(network|own)-.*|[0-9-]+")
FILES = ("hands.jsonl", "program.log")  # that runs add to; others are replaced whole
LONGEST_OVERRIDE = 1 << 16  # characters; ranges of all hands have 20,000
RESOLVER = re.compile(r"\$\{[^}]*:")  # an interpolation that calls something, such as ${oc.env:NAME}


def resumed(command: str, overrides: list[str]) -> list[str]:
    """Turn ``resume=DIR`` into the overrides that DIR was started with, in DIR; overrides given besides come last and win.

    Raises:
        UsageError: DIR holds no run of this command.
    """
    given = [o for o in overrides if o.startswith("resume=")]
    if not given:
        return overrides
    directory = Path(given[-1].removeprefix("resume="))
    before = started_with(directory)
    if command not in RESUMABLE:
        raise UsageError(f"resume must be given to {', '.join(RESUMABLE[:-1])} or {RESUMABLE[-1]}, got it for {command}, which starts anew")
    if before is None:
        raise UsageError(f"resume must be a run directory, got {directory} (no .hydra/overrides.yaml there)")
    if _command(directory) not in (command, None):
        raise UsageError(f"resume must be a directory of {command}, got {directory}, which is one of {_command(directory)}")
    return [*before, *(o for o in overrides if not o.startswith("resume=")), directory_override(directory)]


def lock(directory: Path) -> BinaryIO:
    """Return the open lock of a run's directory; the process has it until it closes the file or ends.

    Nothing is written to the file: it may be a link to another one under another name.

    Raises:
        UsageError: another process has it, or it is no regular file.
    """
    path = directory / LOCK
    try:
        with suppress(FileNotFoundError):
            require_regular(os.lstat(path))  # before it is opened: a pipe would be waited for
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666), "r+b")
    except ValueError as error:
        raise UsageError(f"hydra.run.dir must have a {LOCK} of its own, got {path} ({error})") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise UsageError(f"hydra.run.dir must not be in use, got {directory}, where another process is running") from None
    return file


def check_folders(directory: Path) -> None:
    """Refuse a directory whose folders are links: what a run writes there would end up elsewhere.

    Raises:
        UsageError: a folder that commands write to is a link, or a file that they write over is.
    """
    links = [directory / name for name in FILES if (directory / name).is_symlink()]
    for folder, folders, files in os.walk(directory):
        here = Path(folder)
        if here == directory:
            folders[:] = [name for name in folders if FOLDERS.fullmatch(name)]
        links += [here / name for name in (*folders, *(files if here.name == ".hydra" else ())) if (here / name).is_symlink()]
    if links:
        raise UsageError(f"hydra.run.dir must be a directory without links in it, got {links[0]}, which leads elsewhere")


def claim(command: str, directory: Path, overrides: list[str], settings: dict[str, Any], again: bool) -> Path:
    """Make a run's directory, or accept it if it holds this very run.

    Args:
        command: that will run there.
        directory: as composed.
        overrides: of the run; without a ``hydra.run.dir`` of the user's a directory that exists is passed by for one with a number.
        settings: of the run, composed.
        again: the user said ``resume=``.

    Raises:
        UsageError: it holds another run, is in use, or cannot be written.
    """
    try:
        if any(o.startswith("hydra.run.dir=") for o in overrides):
            before = started_with(directory)
            other = before is not None and before != _without_directory(overrides) and not again
            kept = _command(directory)
            if kept not in (command, None) or (other and command in RESUMABLE):
                more = f"timebank {kept or command} resume= goes on with it" if (kept or command) in RESUMABLE else "use another directory"
                raise UsageError(f"hydra.run.dir must be new or of the same run, got {directory}, which holds another ({more})")
            if command == "solve":
                again = before == _without_directory(overrides)  # the very command: its result is made anew, what it saved is not
                keep_answer(directory, settings.get("load"), again=again)
                _keep_report(directory, before, overrides)
            elif command not in RESUMABLE and _of_other(directory, settings):
                raise UsageError(
                    f"hydra.run.dir must be new or of the same game and search, got {directory}, which holds a result of other ones"
                )
            made(directory, "hydra.run.dir")
            check_folders(directory)
            if os.path.lexists(directory / LOCK):
                lock(directory).close()  # before Hydra writes there
        else:
            directory.parent.mkdir(parents=True, exist_ok=True)
            directory = made(_new(directory), "hydra.run.dir")
    except OSError as error:
        text = f"hydra.run.dir must be a directory that can be written, got {directory} ({error.strerror or error})"
        raise UsageError(text) from None
    return directory.resolve()


def made(directory: Path, key: str) -> Path:
    """Return a directory that is there and can be written.

    Raises:
        UsageError: it cannot be made or written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        make_new(probe := directory / ".writable")
        probe.unlink()
    except OSError as error:
        raise UsageError(f"{key} must be a directory that can be written, got {directory} ({error.strerror or error})") from None
    return directory


def solution_file(load: str) -> Path:
    """Return the file that ``load`` names: itself, or in a run's directory its solution, or its view where it has no solution."""
    path = Path(load)
    if not path.is_dir():
        return path
    return path / VIEW if (path / VIEW).is_file() and not (path / SOLUTION).exists() else path / SOLUTION


def keep_answer(directory: Path, load: str | None, key: str = "hydra.run.dir", again: bool = False) -> None:
    """Refuse to solve where there is a result or a solution, which would be replaced, unless it is the one to go on from.

    Args:
        directory: of the run to be.
        load: the file or run that it goes on from, if any.
        key: that names the directory.
        again: the directory is of the same command, whose result may be replaced if it saved nothing.

    Raises:
        UsageError: there is one.
    """
    solution = directory / SOLUTION
    if solution.exists():
        if load is None or not solution.samefile(solution_file(load)):
            raise UsageError(f"{key} must be new, got {directory}, which holds a solution (load={solution} goes on with it)")
    elif any((directory / name).exists() for name in ANSWERS) or ("exploitability" in result_in(directory) and not again):
        raise UsageError(f"{key} must be new, got {directory}, which holds a result that would be lost (use another directory)")


def _keep_report(directory: Path, before: list[str] | None, overrides: list[str]) -> None:
    """Refuse to replace a report over boards by anything but the same one, maybe of other boards or with other workers.

    Args:
        directory: of the run to be.
        before: what it was started with, if that is known.
        overrides: of the run to be.

    Raises:
        UsageError: it would be replaced.
    """
    if (directory / REPORT).exists() and (before is None or _of_report(before) != _of_report(overrides)):
        rule = "be new or of the same report over boards"
        raise UsageError(f"hydra.run.dir must {rule}, got {directory}, which holds a report of other settings (use another directory)")


def _of_report(overrides: list[str]) -> tuple[bool, list[str]]:
    """Return whether overrides are of a report over boards, and those that every row of it depends on."""
    others = [o for o in _without_directory(overrides) if re.split(r"[.=]", o)[0] != "executor" and not o.startswith(BOARDS)]
    return any(o.startswith(BOARDS) for o in overrides), others


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


def directory_override(directory: Path, key: str = "hydra.run.dir") -> str:
    """Return the override that says where a run is, quoted for Hydra's grammar whatever the path holds."""
    path = str(directory).replace("'", "\\'")
    return f"{key}='{path}'"


def _without_directory(overrides: list[str]) -> list[str]:
    return [o for o in overrides if not o.startswith("hydra.run.dir=")]


def started_with(directory: Path) -> list[str] | None:
    """Return the overrides of the run in a directory, None if there is none. Settings of Hydra itself are not taken from a file.

    Raises:
        UsageError: the file is no list of texts, or a text asks for something of this machine, such as a variable of its environment.
    """
    path = directory / ".hydra" / "overrides.yaml"
    try:
        return checked_overrides(_read_yaml(path), path)
    except OSError:
        return None
    except ValueError as error:
        raise UsageError(str(error)) from None


def checked_overrides(kept: Any, path: Path) -> list[str]:
    """Return overrides that were read from a file, without settings of Hydra itself, by today's names.

    Raises:
        ValueError: as of ``started_with``.
    """
    require(isinstance(kept, list) and all(isinstance(o, str) for o in kept), f"{path} must be a list of texts, got {brief(kept)}")
    longest = max(map(len, kept), default=0)
    require(longest <= LONGEST_OVERRIDE, f"{path} must have texts of at most {LONGEST_OVERRIDE:,} characters, got {longest:,}")
    own = [renamed(o) for o in kept if not o.lstrip("+~").startswith("hydra")]
    calling = next((o for o in own if RESOLVER.search(o)), None)
    if calling is not None:  # what it asks for would be shown, and kept
        key = printable(calling.partition("=")[0], 80)
        raise ValueError(
            f"{path} must not ask for anything of this machine, got {key}=${{...:...}} (give {key}= yourself, or hydra.run.dir=)"
        )
    return own


def of_game(overrides: list[str]) -> list[str]:
    """Return the overrides of a solve that say what is solved, and by which variant: those that its solution carries."""
    return [o for o in overrides if re.split(r"[.=]", o)[0] not in OF_A_RUN and not o.startswith(BOARDS)]


def _read_yaml(path: Path) -> Any:
    """Return a YAML file's content: plain data, without references, which could repeat a small text a billion times.

    Raises:
        OSError: no such file, or it cannot be read.
        ValueError: it is no such YAML.
    """
    try:
        return read_plain_yaml(path)
    except ValueError as error:
        raise ValueError(f"{path} must be YAML as this program writes it, got one that is not ({error})") from None


def _of_other(directory: Path, settings: dict[str, Any]) -> bool:
    """Say whether a directory holds a result that is not known to be of these settings."""
    if result_in(directory).get("status") not in ("complete", "interrupted"):
        return False
    try:
        kept = _read_yaml(directory / ".hydra" / "config.yaml")
    except (OSError, ValueError):  # not known to be the same
        return True
    return not isinstance(kept, dict) or any(kept.get(key) != settings[key] for key in PLAYED)


def check_same_match(kept: dict[str, Any], given: dict[str, Any], directory: Path) -> None:
    """Refuse settings that would make another match than the one in a directory, whose result would be replaced; agents may be added.

    Args:
        kept: as the match in the directory was started, composed.
        given: as it is to go on.
        directory: for the error.

    Raises:
        UsageError: names the key that differs.
    """
    theirs, ours = ({key: value for key, value in whole.items() if key not in SAME_HANDS} for whole in (kept, given))
    for key, before, now in _differences(theirs, ours):
        raise UsageError(f"{key} must be {_typed(before)} as in {directory}, got {_typed(now)} (another match takes another directory)")


def _differences(one: dict[str, Any], other: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield the keys that both mappings have with unlike values, and these values."""
    for key in [key for key in one if key in other and not (above and key in CLIENT)]:
        a, b = one[key], other[key]
        if isinstance(a, dict) and isinstance(b, dict):
            yield from _differences(a, b, f"{above}{key}.")
        elif a != b:
            yield f"{above}{key}", a, b


def _typed(value: Any) -> str:
    """Return a value as it is typed after a key, short."""
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else brief(value)


def _command(directory: Path) -> str | None:
    command = result_in(directory).get("command")
    return None if command is None else str(command)


def result_in(directory: Path) -> dict[str, Any]:
    """Return a run's result; nothing where there is none, and of one that cannot be read that it is a result all the same."""
    if not os.path.lexists(path := directory / "result.json"):
        return {}
    try:
        found = read_json(path)
    except (OSError, ValueError):
        found = None
    return found if isinstance(found, dict) else {"status": "complete", "exploitability": None}
