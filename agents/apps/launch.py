"""Between the shell and a command: overrides checked before any work, errors in one line, a run directory, resuming.

Hydra composes and runs; this module only looks at everything first, so that a bad value costs nothing and ends with status 2. With
TIMEBANK_TRACE=1 in the environment, errors that come up during the work show their traceback.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from agents.apps.config import register
from agents.apps.directory import claim, directory_override, resumed
from agents.apps.refusal import Refusal, fail, one_line

CONF = Path(__file__).resolve().parents[2] / "conf"
VALUED_FLAGS = {"--cfg", "-c", "--package", "-p", "--info", "-i"}
HYDRA_FLAGS = {"--help", "-h", "--hydra-help", "--version", "--resolve", "--shell-completion"} | VALUED_FLAGS


def launch(command: str, check: Callable[[Any, Path], None], run: Callable[[Any, Path], None]) -> None:
    """Compose ``conf/<command>.yaml`` with the shell's overrides, check it, run it in its directory.

    Args:
        command: name of the command and of its YAML.
        check: raises ValueError for a bad value, or for a directory that holds what does not fit; must be quick and write nothing.
        run: does the work with the composed settings in the run's directory.
    """
    register(command)
    flags, given = _split(sys.argv[1:])
    overrides = given
    try:
        if not HYDRA_FLAGS & {flag.split("=")[0] for flag in flags}:
            overrides = resumed(command, given)
            if {"-m", "--multirun"} & set(flags):
                for one in _expand(overrides):
                    _composed(command, one, check)
            else:
                directory, settings = _composed(command, overrides, check)
                directory = claim(command, directory, overrides, settings, again=overrides is not given)
                overrides = [o for o in overrides if not o.startswith("hydra.run.dir=")] + [directory_override(directory)]
    except (Refusal, ValueError, OSError) as error:
        fail(str(error))

    def job(config: DictConfig) -> None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # a batch system's stop is a Ctrl-C
        try:
            run(OmegaConf.to_object(config), Path(HydraConfig.get().runtime.output_dir))
        except (Refusal, ValueError, OSError) as error:
            if os.environ.get("TIMEBANK_TRACE"):
                raise
            fail(str(error), status=1 if isinstance(error, OSError) else 2)
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


def _expand(overrides: list[str]) -> Iterator[list[str]]:
    """Yield every combination of simple sweeps (``seed=1,2``), as Hydra's basic sweeper would run them."""
    choices = []
    for override in OverridesParser.create().parse_overrides(overrides):
        if override.is_sweep_override():
            choices.append([f"{override.key_or_group}={value}" for value in override.sweep_string_iterator()])
        else:
            choices.append([override.input_line or ""])
    yield from (list(combination) for combination in itertools.product(*choices))


def _composed(command: str, overrides: list[str], check: Callable[[Any, Path], None]) -> tuple[Path, dict[str, Any]]:
    """Compose and check; return the run's directory and its settings."""
    GlobalHydra.instance().clear()
    changed = next((o for o in overrides if o.startswith(("~", "command="))), None)
    if changed is not None:
        raise Refusal(f"{changed.lstrip('~').split('=')[0]} must stay as it is, got {changed!r}")
    added = next((o for o in overrides if o.startswith("+") and not o.startswith(("+experiment=", "+lines", "+agent@agents."))), None)
    if added is not None:
        raise Refusal(f"{added.lstrip('+').split('=')[0]} must be a key of the settings, got {added!r}, which would add one")
    try:
        with hydra.initialize_config_dir(str(CONF), version_base="1.3", job_name=command):
            full = hydra.compose(command, overrides, return_hydra_config=True)
            directory = Path(OmegaConf.to_container(full.hydra.run, resolve=True)["dir"])  # type: ignore[call-overload, index]
            with open_dict(full):
                del full.hydra
            check(OmegaConf.to_object(full), directory)
            return directory, dict[str, Any](OmegaConf.to_container(full))  # type: ignore[arg-type]
    except (HydraException, OmegaConfBaseException) as error:
        raise Refusal(one_line(error)) from None
