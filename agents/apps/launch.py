"""Between the shell and a command: settings checked before any work, errors in one line, a run directory, resuming.

``agents.apps.compose`` composes; this module looks at everything first, so that a bad value costs nothing and ends with status 2. A
single run with no settings of Hydra's own then starts from what was composed: Hydra's ``main`` would compose it twice more, which takes
longer than small games do. With TIMEBANK_TRACE=1 in the environment, errors that come up during the work show their traceback.
"""

from __future__ import annotations

import gc
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import hydra
from hydra._internal.utils import get_args_parser
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from agents.apps.build import SHIPPED, blueprint_directory
from agents.apps.compose import CONF, Composed, compose, directory_of, layered, with_bare_numbers
from agents.apps.config import register
from agents.apps.directory import check_same_match, claim, directory_override, keep_answer, made, resumed, started_with
from agents.apps.errors import UsageError, fail, told
from agents.apps.fitting import fitting
from agents.apps.help import help_text
from agents.apps.output import say
from agents.apps.overrides import expanded
from agents.apps.renamed import renamed, warnings
from agents.apps.settings_file import error_text, file_overrides, file_text, laid_under, settings_file
from agents.reporting.tables import version_text, write_text
from agents.runtime.released import is_released
from games.settings import nearest, shown
from search.boards.sweeps import STOPS

FLAGS = {  # all that a command knows, by the name that the code uses
    **dict.fromkeys(("-m", "--multirun"), "sweep"),
    **dict.fromkeys(("-h", "--help"), "help"),
    **dict.fromkeys(("-c", "--cfg"), "show"),
    "--resolve": "resolve",
    "--hydra-help": "hydra",
    "--version": "version",
}
SHOWN = ("job", "hydra", "all", "file")  # of --cfg

Check = Callable[[Any, Path], None]


def launch(command: str, check: Check, run: Callable[[Any, Path], None], arguments: Sequence[str]) -> None:
    """Compose ``conf/<command>.yaml`` with the shell's overrides, check it, run it in its directory.

    Args:
        command: name of the command and of its YAML.
        check: raises ValueError for a bad value, or for a directory that holds what does not fit; must be quick and write nothing.
        run: does the work with the composed settings in the run's directory.
        arguments: flags and overrides, as typed after the command.
    """
    try:
        _launch(command, check, run, arguments)
    except KeyboardInterrupt:
        for number in STOPS:  # it is ending: another Ctrl-C would only add the interpreter's own complaints
            signal.signal(number, signal.SIG_IGN)
        raise SystemExit(130) from None


def prepare(command: str, overrides: list[str], check: Check) -> Composed:
    """Compose and check one run; write nothing.

    Raises:
        UsageError: a bad key or value.
    """
    composed = compose(command, overrides)
    try:
        check(composed.settings, composed.directory)
    except (ValueError, OSError) as error:
        raise UsageError(str(error)) from None
    return composed


TAKEN = "taken for this game where nothing else is given"


def _launch(command: str, check: Check, run: Callable[[Any, Path], None], arguments: Sequence[str]) -> None:
    register(command)
    gc.set_threshold(20_000)  # what is imported stays: to look through it again and again would be a tenth of a short run
    added, settings, file = list[str](), list[str](), None
    try:
        flags, given = _split(arguments)
        file, given = settings_file(command, given)
        settings = [] if file is None else file_overrides(command, file)
        given = laid_under(settings, given)
        for line in dict.fromkeys(line for override in given for line in warnings(override)):
            print(f"warning: {line}", file=sys.stderr)
        given = [renamed(override) for override in given]
        added = fitting(command, given)
        given = [*added, *given]
        swept = "sweep" in flags
        if _shown(command, flags, given):
            return
        given = [_absolute(override) for override in given]
        overrides = resumed(command, given)
        if swept and overrides is not given:
            raise UsageError("resume must be given without -m, got both")
        for one in expanded(overrides) if swept else [overrides]:
            composed = prepare(command, one, check)
        if swept:
            key = "hydra.sweep.dir"
            directory = made(directory_of(composed.own, "sweep.dir"), key)
        else:
            key, plain = "hydra.run.dir", _plain(composed)
            if command == "match" and overrides is not given and len(given) > 1:  # more than resume=: compared as this version composes it
                before = [*(started_with(composed.directory) or []), directory_override(composed.directory)]
                check_same_match(_plain(compose(command, before)), plain, composed.directory)
            directory = claim(command, composed.directory, overrides, plain, again=overrides is not given)
    except (UsageError, ValueError, OSError) as error:
        text = error_text(error, file, lambda: prepare(command, settings, check))
        fail(f"{text} ({TAKEN}: {' '.join(added)})" if added else text)

    def job(settings: Any, directory: Path) -> None:
        listen()
        try:
            if command == "solve" and swept:
                keep_answer(directory, settings.load, "hydra.sweep.dir")
            run(settings, directory)
        except (UsageError, ValueError, OSError) as error:
            if os.environ.get("TIMEBANK_TRACE"):
                raise
            fail(told(error, directory), status=1 if isinstance(error, OSError) else 2)

    if added:
        print(f"{TAKEN}: {' '.join(added)}", file=sys.stderr)
    own = [override for override in overrides if not override.startswith(f"{key}=")]
    if swept or any(override.startswith("hydra") for override in own):
        with _application(command) as application:
            start = application.multirun if swept else application.run
            task = lambda config: job(OmegaConf.to_object(config), Path(HydraConfig.get().runtime.output_dir))  # noqa: E731
            start(command, task, [*(with_bare_numbers(composed.config, override) for override in own), directory_override(directory, key)])
        return
    try:
        _record(composed, directory)
    except OSError as error:
        fail(str(error), status=1)
    job(composed.settings, directory)


def listen() -> None:
    """Take a batch system's stop and a closed terminal for a Ctrl-C."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    hangup = getattr(signal, "SIGHUP", None)
    if hangup is None or signal.getsignal(hangup) == signal.SIG_IGN:  # as nohup leaves it
        return
    terminals = [number for number in (1, 2) if os.isatty(number)]

    def hung_up(number: int, frame: Any) -> None:
        signal.signal(number, signal.SIG_IGN)  # the shell tells it, and the kernel once more: what is being saved shall be saved
        for terminal in terminals:
            if not os.isatty(terminal):  # writing there would fail; what is still told goes nowhere
                os.dup2(os.open(os.devnull, os.O_WRONLY), terminal)
        signal.default_int_handler(number, frame)

    signal.signal(hangup, hung_up)


@contextmanager
def _application(command: str) -> Iterator[Any]:
    """Give Hydra's own application, for what is done by it: sweeps, runs with settings of Hydra's, and its help."""
    with hydra.initialize_config_dir(str(CONF), version_base="1.3", job_name=command):
        yield GlobalHydra.instance().hydra


def _shown(command: str, flags: dict[str, str], overrides: list[str]) -> bool:
    """Print what a flag asks for; return whether there was one.

    Raises:
        UsageError: bad overrides.
    """
    if "version" in flags:
        say(version_text())
    elif "show" in flags:
        say(_yaml(command, overrides, flags), end="")
    elif "help" in flags:
        say(help_text(command, overrides))
    elif "hydra" in flags:
        parser = get_args_parser()
        with _application(command) as application:
            with redirect_stdout(StringIO()) as text:
                application.hydra_help(command, parser, parser.parse_args([]))  # of no command: it takes no keys
            say(text.getvalue(), end="")
    else:
        return False
    return True


def _absolute(override: str) -> str:
    """Return an override that names an agent's file or blueprint with its whole path, so that the run can be resumed from anywhere."""
    key, _, path = override.partition("=")
    if re.fullmatch(r"agents?(\.\w+)?\.(checkpoint|table)", key) and not is_released(path) and Path(path).is_file():
        return f"{key}='{Path(path).resolve()}'"
    if re.fullmatch(r"agents?(\.\w+)?\.blueprint", key) and path not in SHIPPED and blueprint_directory(path).is_dir():
        return f"{key}='{blueprint_directory(path).resolve()}'"
    return override


def _plain(composed: Composed) -> dict[str, Any]:
    """Return composed settings as plain data; those that are other keys' values, such as ``${seed}``, as they stand."""
    return dict(OmegaConf.to_container(composed.config))  # type: ignore[arg-type]


def _split(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Part flags, by the name that the code uses and with their values, from overrides.

    Raises:
        UsageError: a flag that there is not.
    """
    flags: dict[str, str] = {}
    overrides: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if not argument.startswith("-"):
            overrides.append(argument)
            continue
        flag, _, value = argument.partition("=")
        if flag not in FLAGS or (value and FLAGS[flag] != "show"):
            raise UsageError(f"a flag must be one of {', '.join(FLAGS)}, got {shown(argument)}{nearest(flag, FLAGS)}")
        if FLAGS[flag] == "show":
            value = value or next(rest, "")
            if value not in SHOWN:
                raise UsageError(f"{flag} must be one of {', '.join(SHOWN)}, got {shown(value)}")
        flags[FLAGS[flag]] = value
    if "resolve" in flags and "show" not in flags:
        raise UsageError("--resolve must be given with --cfg, got it alone")
    return flags, overrides


def _yaml(command: str, overrides: list[str], flags: dict[str, str]) -> str:
    """Return what ``--cfg`` prints.

    Raises:
        UsageError: bad overrides, or ``--resolve`` of values that are not known before the work.
    """
    if flags["show"] == "file":
        return file_text(command, overrides)
    config = layered(command, overrides)
    keys = [str(key) for key in config]
    parts = {"job": [key for key in keys if key != "hydra"], "hydra": ["hydra"], "all": keys}
    try:
        return OmegaConf.to_yaml(OmegaConf.masked_copy(config, parts[flags["show"]]), resolve="resolve" in flags)
    except OmegaConfBaseException as error:
        raise UsageError(f"--resolve must be given where all values are known, got {error.full_key}, which is not") from None


def _record(composed: Composed, directory: Path) -> None:
    """Write what a run was started with where Hydra would."""
    kept = directory / ".hydra"
    kept.mkdir(exist_ok=True)
    own = composed.own
    for name, content in (
        ("config", composed.config),
        ("hydra", OmegaConf.masked_copy(own, "hydra")),
        ("overrides", own.hydra.overrides.task),
    ):
        write_text(kept / f"{name}.yaml", OmegaConf.to_yaml(content))
