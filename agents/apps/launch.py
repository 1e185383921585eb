"""Between the shell and a command: overrides checked before any work, errors in one line, a run directory, resuming.

Hydra composes; this module looks at everything first, so that a bad value costs nothing and ends with status 2. A single run with no
settings of Hydra's own then starts from what was composed: Hydra's ``main`` would compose it twice more, which takes longer than small
games do. With TIMEBANK_TRACE=1 in the environment, errors that come up during the work show their traceback.
"""

from __future__ import annotations

import gc
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
from hydra.core.override_parser.types import ValueType
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from agents.apps.config import register
from agents.apps.directory import claim, directory_override, keep_answer, resumed
from agents.apps.refusal import Refusal, fail, one_line
from agents.report import write_text

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
    try:
        _launch(command, check, run)
    except KeyboardInterrupt:
        for number in (signal.SIGINT, signal.SIGTERM):  # it is ending: another Ctrl-C would only add the interpreter's own complaints
            signal.signal(number, signal.SIG_IGN)
        raise SystemExit(130) from None


def _launch(command: str, check: Callable[[Any, Path], None], run: Callable[[Any, Path], None]) -> None:
    register(command)
    gc.set_threshold(20_000)  # what is imported stays: to look through it again and again would be a tenth of a short run
    flags, given = _split(sys.argv[1:])
    overrides, swept = given, bool({"-m", "--multirun"} & set(flags))

    def job(config: DictConfig, directory: Path) -> None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # a batch system's stop is a Ctrl-C
        try:
            if command == "solve" and swept:
                keep_answer(directory, config.load, "hydra.sweep.dir")
            run(OmegaConf.to_object(config), directory)
        except (Refusal, ValueError, OSError) as error:
            if os.environ.get("TIMEBANK_TRACE"):
                raise
            fail(str(error), status=1 if isinstance(error, OSError) else 2)

    single = None
    try:
        if not HYDRA_FLAGS & {flag.split("=")[0] for flag in flags}:
            overrides = resumed(command, given)
            if swept:
                for one in _expand(overrides):
                    _composed(command, one, check)
            else:
                config, own, directory = _composed(command, overrides, check)
                settings = dict[str, Any](OmegaConf.to_container(config))  # type: ignore[arg-type]
                directory = claim(command, directory, overrides, settings, again=overrides is not given)
                if not flags and all(o.startswith("hydra.run.dir=") for o in overrides if o.lstrip("+~").startswith("hydra")):
                    single = config, own, directory
                overrides = [o for o in overrides if not o.startswith("hydra.run.dir=")] + [directory_override(directory)]
    except (Refusal, ValueError, OSError) as error:
        fail(str(error))
    if single is not None:
        try:
            _record(*single)
        except OSError as error:
            fail(str(error), status=1)
        job(single[0], single[2])
        return
    if "--hydra-help" in flags:  # of no command: Hydra takes no keys there
        overrides = []
    sys.argv = [sys.argv[0], *flags, *overrides]
    main = hydra.main(config_path=str(CONF), config_name=command, version_base="1.3")
    main(lambda config: job(config, Path(HydraConfig.get().runtime.output_dir)))()


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
    try:
        parsed = OverridesParser.create().parse_overrides(overrides)
    except HydraException as error:
        raise Refusal(one_line(error)) from None
    for override in parsed:
        key, line = override.key_or_group, override.input_line or ""
        if override.is_discrete_sweep() and override.value_type is not ValueType.GLOB_CHOICE_SWEEP:
            choices.append([f"{key}={one}" for one in override.sweep_string_iterator()])
        elif override.is_sweep_override():
            raise Refusal(f"{key} must be choices with commas between or a range() to be swept over, got {line.partition('=')[2]!r}")
        else:
            choices.append([line])
    yield from (list(combination) for combination in itertools.product(*choices))


def _composed(command: str, overrides: list[str], check: Callable[[Any, Path], None]) -> tuple[DictConfig, DictConfig, Path]:
    """Compose and check; return the run's settings, Hydra's own and the run's directory."""
    GlobalHydra.instance().clear()
    changed = next((o for o in overrides if o.startswith(("~", "command="))), None)
    if changed is not None:
        raise Refusal(f"{changed.lstrip('~').split('=')[0]} must stay as it is, got {changed!r}")
    added = next((o for o in overrides if o.startswith("+") and not o.startswith(("+experiment=", "+lines", "+agent@agents."))), None)
    if added is not None:
        raise Refusal(f"{added.lstrip('+').split('=')[0]} must be a key of the settings, got {added!r}, which would add one")
    try:
        with hydra.initialize_config_dir(str(CONF), version_base="1.3", job_name=command):
            config = hydra.compose(command, overrides, return_hydra_config=True)
            if isinstance(config.get("seed"), int) and config.seed < 0:  # before it is another's key by interpolation
                raise Refusal(f"seed must be at least 0, got {config.seed}")
            own = OmegaConf.masked_copy(config, "hydra")
            directory = Path(OmegaConf.to_container(config.hydra.run, resolve=True)["dir"])  # type: ignore[call-overload, index]
            with open_dict(config):
                del config.hydra
            check(OmegaConf.to_object(config), directory)
            return config, own, directory
    except (HydraException, OmegaConfBaseException) as error:
        raise Refusal(one_line(error)) from None


def _record(config: DictConfig, own: DictConfig, directory: Path) -> None:
    """Write what a run was started with where Hydra would."""
    kept = directory / ".hydra"
    kept.mkdir(exist_ok=True)
    for name, content in (("config", config), ("hydra", own), ("overrides", own.hydra.overrides.task)):
        write_text(kept / f"{name}.yaml", OmegaConf.to_yaml(content))
