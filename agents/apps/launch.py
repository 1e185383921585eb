"""Between the shell and a command: overrides checked before any work, errors in one line, a run directory, resuming.

Hydra composes and runs; this module only looks at everything first, so that a bad value costs nothing and ends with status 2.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from agents.apps.config import register

CONF = Path(__file__).resolve().parents[2] / "conf"
VALUED_FLAGS = {"--cfg", "-c", "--package", "-p", "--info", "-i"}
HYDRA_FLAGS = {"--help", "-h", "--hydra-help", "--version", "--resolve", "--shell-completion"} | VALUED_FLAGS


class Refusal(Exception):  # noqa: N818  # it is the user's input that is wrong, not the program
    """A bad value, in one line that names the key, the rule and the value."""


def launch(command: str, check: Callable[[Any], None], run: Callable[[Any, Path], None]) -> None:
    """Compose ``conf/<command>.yaml`` with the shell's overrides, check it, run it in its directory.

    Args:
        command: name of the command and of its YAML.
        check: raises ValueError for a bad value; must be quick.
        run: does the work with the composed settings in the run's directory.
    """
    register(command)
    flags, overrides = _split(sys.argv[1:])
    try:
        if not HYDRA_FLAGS & {flag.split("=")[0] for flag in flags}:
            overrides = _resume(overrides)
            multirun = bool({"-m", "--multirun"} & set(flags))
            directory = None
            for one in _expand(overrides) if multirun else [overrides]:
                directory = _check(command, one, check, make=not multirun)
            if not multirun and directory is not None:
                overrides = [o for o in overrides if not o.startswith("hydra.run.dir=")] + [f"hydra.run.dir='{directory}'"]
    except (Refusal, ValueError, OSError) as error:
        _fail(str(error))

    def job(config: DictConfig) -> None:
        try:
            run(OmegaConf.to_object(config), Path(HydraConfig.get().runtime.output_dir))
        except (Refusal, ValueError, OSError) as error:
            if os.environ.get("TIMEBANK_TRACE"):
                raise
            _fail(str(error))
        except KeyboardInterrupt:
            raise SystemExit(130) from None

    sys.argv = [sys.argv[0], *flags, *overrides]
    hydra.main(config_path=str(CONF), config_name=command, version_base="1.3")(job)()


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Part Hydra's flags (with their values) from overrides."""
    flags: list[str] = []
    overrides: list[str] = []
    for argument in arguments:
        valued = bool(flags) and flags[-1] in VALUED_FLAGS and "=" not in argument
        (flags if argument.startswith("-") or valued else overrides).append(argument)
    return flags, overrides


def _resume(overrides: list[str]) -> list[str]:
    """Turn ``resume=DIR`` into the overrides that DIR was started with, in DIR."""
    given = [o for o in overrides if o.startswith("resume=")]
    if not given:
        return overrides
    directory = Path(given[-1].removeprefix("resume="))
    kept = directory / ".hydra" / "overrides.yaml"
    if not kept.is_file():
        raise Refusal(f"resume must be a run directory, got {directory} (no .hydra/overrides.yaml there)")
    before = [str(o) for o in OmegaConf.to_container(OmegaConf.load(kept)) or [] if not str(o).startswith("hydra.run.dir=")]
    return [*before, *(o for o in overrides if not o.startswith("resume=")), f"hydra.run.dir={directory}"]


def _expand(overrides: list[str]) -> Iterator[list[str]]:
    """Yield every combination of simple sweeps (``seed=1,2``), as Hydra's basic sweeper would run them."""
    choices = []
    for override in OverridesParser.create().parse_overrides(overrides):
        if override.is_sweep_override():
            choices.append([f"{override.key_or_group}={value}" for value in override.sweep_string_iterator()])
        else:
            choices.append([override.input_line or ""])
    yield from (list(combination) for combination in itertools.product(*choices))


def _check(command: str, overrides: list[str], check: Callable[[Any], None], make: bool) -> Path | None:
    """Compose and check; return the run's directory, made if asked for."""
    GlobalHydra.instance().clear()
    added = next((o for o in overrides if o.startswith("+") and not o.startswith(("+experiment=", "+lines"))), None)
    if added is not None:
        raise Refusal(f"{added.lstrip('+').split('=')[0]} must be a key of the settings, got {added!r}, which would add one")
    try:
        with hydra.initialize_config_dir(str(CONF), version_base="1.3", job_name=command):
            full = hydra.compose(command, overrides, return_hydra_config=True)
            directory = Path(OmegaConf.to_container(full.hydra.run, resolve=True)["dir"])  # type: ignore[call-overload, index]
            config = hydra.compose(command, overrides)
            check(OmegaConf.to_object(config))
    except (HydraException, OmegaConfBaseException) as error:
        raise Refusal(_one_line(error)) from None
    if not make:
        return None
    if not any(o.startswith("hydra.run.dir=") for o in overrides):
        base, number = directory, 2
        while directory.exists():  # two runs within one second
            directory, number = base.with_name(f"{base.name}-{number}"), number + 1
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise Refusal(f"hydra.run.dir must be a directory that can be written, got {directory} ({error.strerror})") from None
    return directory.resolve()


def _one_line(error: BaseException) -> str:
    """Return Hydra's and OmegaConf's several lines as one."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    cause = error.__cause__
    if cause is not None:
        lines += [line.strip() for line in str(cause).splitlines() if line.strip()]
    key = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("full_key:")), "")
    available = [i for i, line in enumerate(lines) if line.startswith("Available options in")]
    if available:
        group = lines[available[0]].split("'")[1]
        got = lines[0].split("Could not find '")[-1].split("'")[0].split("/")[-1]
        names = [n for n in lines[available[0] + 1 :] if " " not in n and not n.endswith("_schema")]
        return f"{group} must be one of {', '.join(dict.fromkeys(names))}, got {got!r}"
    wrong = next((line for line in lines if line.startswith("Value ")), "")
    if wrong:
        return f"{key} must have the right type: {wrong}"
    missing = next((line for line in lines if "is not in struct" in line or "not in '" in line), "")
    if missing:
        return f"{key or missing.split(chr(39))[1]} must be a key of the settings, got an unknown one ({missing})"
    return "; ".join(line for line in lines if not line.startswith(("full_key:", "object_type=", "reference_type=", "To append")))


def _fail(message: str) -> None:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    raise SystemExit(2)
