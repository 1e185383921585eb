"""From what was typed to settings: one guarded composition for all commands.

Hydra composes the groups. Single values are laid over them here, one by one, so that each error has a key, a rule and a value. Overrides
may come from somebody else's directory (``resume=``), so they are data: a group is a name in conf/, no path, list, mapping or
interpolation; a value is plain or that of another key (``${seed}``), and calls no resolver: none reads the environment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import hydra
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, ListConfig, OmegaConf, open_dict
from omegaconf._utils import split_key
from omegaconf.errors import ConfigAttributeError, ConfigKeyError

from agents.apps.errors import UsageError
from agents.apps.overrides import line_of, parsed, quoting_hint, value_of
from agents.apps.own import KINDS, add_option
from games.settings import MOST, OWN, Bounds, check_bounds, check_value, nearest, shown

CONF = Path(__file__).resolve().parents[2] / "conf"
FIXED = ("command", "hydra.mode", "hydra.callbacks", "hydra.searchpath")  # what a command is, and what could run somebody's code
NUMBER = int, float  # types of a number that may be whole, and is shown so then
QUOTED = re.compile(r"""(['"])(.*?)\1""")  # a text in a value
PLAIN = re.compile(r"\$\{\w+(\.\w+)*\}")  # another key's value


@dataclass(frozen=True)
class Composed:
    """Settings that keep every rule that can be told without building anything.

    Attributes:
        config: the command's, as Hydra composes them.
        own: Hydra's own.
        settings: the command's as dataclasses.
        directory: of the run.
    """

    config: DictConfig
    own: DictConfig
    settings: Any
    directory: Path


def compose(command: str, arguments: Sequence[str]) -> Composed:
    """Compose and check a command's settings; write nothing.

    Args:
        command: whose conf/<command>.yaml is composed.
        arguments: overrides such as ``seed=1``, without sweeps.

    Raises:
        UsageError: a bad key or value, in one line.
    """
    config = layered(command, arguments)
    own = OmegaConf.masked_copy(config, ["hydra", "command"])  # directories name the command
    directory = directory_of(config, "run.dir")
    with open_dict(config):
        del config.hydra
    missing = sorted(OmegaConf.missing_keys(config))
    if missing:
        raise UsageError(f"{missing[0]} must be given, got nothing")
    settings = _built(config, "")
    try:
        check_bounds(settings)
    except ValueError as error:
        raise UsageError(str(error)) from None
    return Composed(config, own, settings, directory)


def layered(command: str, arguments: Sequence[str]) -> DictConfig:
    """Return a command's settings and Hydra's own with overrides laid over them; values may still be missing or out of bounds.

    Raises:
        UsageError: as of ``compose``.
    """
    overrides = [parsed(argument) for argument in arguments]
    choosing = [_chooses(o, command) for o in overrides]
    config = _grouped(command, [line_of(o) for o, chooses in zip(overrides, choosing, strict=True) if chooses])
    values = [o for o, chooses in zip(overrides, choosing, strict=True) if not chooses]
    for override in values:
        _lay(config, override)
    for override in values:
        if "${" in line_of(override):
            _check_reference(config, override)
    config.hydra.overrides.task = [a for a in arguments if not a.lstrip("+").startswith(("hydra.", "hydra/"))]
    return config


def directory_of(config: DictConfig, which: str) -> Path:
    """Return Hydra's ``run.dir`` or ``sweep.dir``.

    Raises:
        UsageError: it is none.
    """
    try:
        found = OmegaConf.select(config.hydra, which, throw_on_missing=True)
    except Exception as error:  # an interpolation may end anyhow
        raise UsageError(f"hydra.{which} must be a directory, got {_first_line(error)}") from None
    if not isinstance(found, str) or not found.strip() or not found.isprintable():
        raise UsageError(f"hydra.{which} must be the name of a directory, got {shown(found)}")
    return Path(found)


@lru_cache(maxsize=8)
def groups_of(command: str) -> dict[str, tuple[str, ...]]:
    """Return the groups that a command composes, with their options."""
    listed = [entry for entry in OmegaConf.load(CONF / f"{command}.yaml").defaults if isinstance(entry, DictConfig)]
    names = [str(key).split("@")[0] for entry in listed for key in entry]
    return {n: tuple(sorted(p.stem for p in (CONF / n).glob("*.yaml"))) for n in names if not n.startswith("override ")}


def _chooses(override: Override, command: str) -> bool:
    """Say whether an override chooses of a group; refuse what none may be."""
    groups = groups_of(command)
    key, value, line = override.key_or_group, override.value(), line_of(override)
    if override.is_delete() or any(key == fixed or key.startswith(f"{fixed}.") for fixed in FIXED):
        raise UsageError(f"{key} must stay as it is, got {shown(line)}")
    if override.is_sweep_override():
        raise UsageError(f"{key} must be one value (-m sweeps over several), got {value_of(override)}{quoting_hint(line)}")
    if key not in groups:
        if override.is_add() and not (key.split(".")[0] == "lines" and command == "ablate"):
            near = _meant(_grouped(command, []), key)
            raise UsageError(f"{key} must be a key of the settings, got {shown(line)}, which would add one{near}")
        if override.package is not None:
            raise UsageError(f"{key}@{override.package} must be a group of the settings ({', '.join(groups)}), got {shown(line)}")
        return key.startswith("hydra/")
    where = key if override.package is None else f"{key}@{override.package}"
    if override.package is not None and not (key == "agent" and re.fullmatch(r"agents\.\w{1,60}", override.package)):
        raise UsageError(f"{where} must be {key}, or agent@agents.<name> with letters, digits and _ for a name, got {shown(line)}")
    if override.is_add() and key not in ("experiment", "agent"):
        raise UsageError(f"{key} must be given without +, got {shown(line)}")
    if key in KINDS and isinstance(value, str) and re.match(r"[\w.]+:\w", value):
        try:
            add_option(key, where, value)
        except ValueError as error:
            raise UsageError(str(error)) from None
    elif not isinstance(value, str) or value not in groups[key]:
        got = shown(value) if isinstance(value, str) else value_of(override)
        near = nearest(value, groups[key]) if isinstance(value, str) else ""
        own = f", {OWN}" if key in KINDS else ""
        raise UsageError(f"{where} must be one of {', '.join(groups[key])}{own}, got {got}{near}")
    return True


def _grouped(command: str, choices: list[str]) -> DictConfig:
    """Return what Hydra composes of groups; where it refuses, the first choice that makes it do so is to blame."""
    GlobalHydra.instance().clear()
    with hydra.initialize_config_dir(str(CONF), version_base="1.3", job_name=command):
        for number in [len(choices), *range(len(choices))]:
            try:
                config = hydra.compose(command, choices[:number], return_hydra_config=True)
            except Exception as error:  # Hydra's many
                reason = _first_line(error)
                continue
            if number == len(choices):
                return config
            refused = choices[number]
        key, _, value = refused.partition("=")
        added = " (+ before it adds an agent)" if refused.startswith("agent@") else ""
        raise UsageError(f"{key.lstrip('+')} must fit the other settings of {command}, got {value}: {reason}{added}")


def _lay(config: DictConfig, override: Override) -> None:
    """Set one value."""
    key, value = override.key_or_group, override.value()
    for text in _texts(value):
        if "${" in text and not key.startswith("hydra.") and (not PLAIN.fullmatch(text) or text.startswith("${hydra.")):
            raise UsageError(
                f"{key} must be a plain value or one other key's, as ${{seed}} is, got {value_of(override)} (let the shell fill it in)"
            )
    kind = _type_at(config, key)[0]
    value = _whole_or_not(value) if get_args(kind) == NUMBER else value
    try:
        if isinstance(value, int | float) and value not in (0, 1) and kind is bool:
            raise TypeError  # OmegaConf takes any number for true
        OmegaConf.update(config, key, value, merge=True, force_add=override.is_add())
    except Exception as error:  # OmegaConf's, and Python's
        wrong = str(getattr(error, "full_key", None) or key)
        if isinstance(error, ConfigKeyError | ConfigAttributeError | IndexError) or key.startswith(f"{wrong}."):
            unknown = key if key.startswith(wrong) else wrong
            raise UsageError(f"{unknown} must be a key of the settings, got an unknown one{_meant(config, unknown)}") from None
        got = shown(value) if isinstance(value, str) else shown(value_of(override))[1:-1]
        raise UsageError(f"{wrong} must {_rule(config, wrong, value)}, got {got}{_advice(config, wrong, override)}") from None
    if not any("${" in text for text in _texts(value)) and not key.startswith("hydra."):
        found = OmegaConf.select(config, key, throw_on_missing=False)
        try:
            check_value(OmegaConf.to_container(found) if OmegaConf.is_config(found) else found, key, _type_at(config, key)[1])
        except ValueError as error:
            raise UsageError(str(error)) from None


def _whole_or_not(value: Any) -> Any:
    """Return a number, or a text that is one, as a whole number where it is one; anything else as it is."""
    try:
        found = float(value) if isinstance(value, str | float) else value
    except ValueError:
        return value
    return int(found) if isinstance(found, float) and abs(found) <= MOST and found == int(found) else found


def with_bare_numbers(config: DictConfig, override: str) -> str:
    """Return an override as Hydra itself can lay it: ``game.stack='97.50'`` as ``game.stack=97.5``, for numbers that may be whole or not.

    Args:
        config: the command's.
        override: that has been checked.
    """
    key, _, value = override.partition("=")
    if get_args(_type_at(config, key)[0]) != NUMBER:
        return override
    return f"{key}={QUOTED.sub(lambda text: str(_whole_or_not(text[2])), value)}"


def _meant(config: DictConfig, unknown: str) -> str:
    """Return a hint at what an unknown key was to be."""
    above, name = unknown.split(".")[:2] if "." in unknown else (unknown, "")
    if above == "lines" and above in config:
        return f" (+{unknown} adds a line)"
    if above == "agents" and above in config and name not in config.agents:
        return f" (+agent@agents.{name}=... adds an agent)"
    keys = _keys(config)
    return nearest(unknown, keys) or nearest(unknown.split(".")[-1], {key.split(".")[-1] for key in keys})


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a value."""
    if isinstance(value, dict):
        for name, entry in value.items():
            yield str(name)
            yield from _texts(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _texts(entry)
    elif isinstance(value, str):
        yield value


def _check_reference(config: DictConfig, override: Override) -> None:
    """Refuse a value that refers to a key that there is not, to itself, or to one of another type."""
    key = override.key_or_group
    try:
        found = OmegaConf.select(config, key, throw_on_resolution_failure=True)
        if OmegaConf.is_config(found):
            OmegaConf.to_container(found, resolve=True)
    except (Exception, RecursionError):
        raise UsageError(f"{key} must refer to a key of its type, got {value_of(override)}") from None


def _built(config: DictConfig, key: str) -> Any:
    """Return settings as dataclasses, the innermost ones first, so that their own errors name the key."""
    for name, node in config.items_ex(resolve=False):
        inner = ".".join(filter(None, (key, str(name))))
        if isinstance(node, DictConfig | ListConfig) and node._is_interpolation():
            raise UsageError(f"{inner} must be given as it is, not as another key's value, got {node._value()}")
        if isinstance(node, DictConfig):
            _built(node, inner)
    try:
        return OmegaConf.to_object(config)
    except ValueError as error:
        text = str(error).removeprefix(f"{key}.").removeprefix(f"{key.split('.')[-1]}.")
        raise UsageError(f"{key}.{text}" if key else text) from None


def _keys(config: DictConfig) -> list[str]:
    """Return the keys of all settings but Hydra's own."""
    found = []
    for name, node in config.items_ex(resolve=False):
        if name != "hydra":
            found.append(str(name))
            found += [f"{name!s}.{inner}" for inner in _keys(node)] if isinstance(node, DictConfig) else []
    return found


def _type_at(config: DictConfig, key: str) -> tuple[Any, Bounds]:
    """Return the type of a key, as its schema declares it, and its bounds; of a key that there is not, any."""
    *above, last = split_key(key)
    parent: Any = config
    for part in above:
        try:
            parent = parent._get_node(int(part) if isinstance(parent, ListConfig) else part)
        except (AttributeError, ConfigKeyError, ConfigAttributeError, ValueError, IndexError):  # a key through a value
            return Any, Bounds()
    if isinstance(parent, ListConfig | DictConfig):
        kind = OmegaConf.get_type(parent)
        if isinstance(kind, type) and is_dataclass(kind) and last in (hints := get_type_hints(kind)):
            metadata = next(f.metadata for f in fields(kind) if f.name == last)
            return hints[last], metadata.get("bounds", Bounds())
        return parent._metadata.element_type, _type_at(config, ".".join(above))[1] if above else Bounds()
    return Any, Bounds()


def _rule(config: DictConfig, key: str, value: Any) -> str:
    """Return the rule of a key's type that a value breaks."""
    kind, bounds = _type_at(config, key)
    optional = type(None) in get_args(kind)
    kind = next((k for k in get_args(kind) if k is not type(None)), kind) if optional or get_origin(kind) is Union else kind
    if value is None and not optional:
        return "be given"
    unit = f" of {bounds.unit}" if bounds.unit else ""
    if get_args(kind) == NUMBER:
        return f"be a number{unit}"
    names = {int: f"be a whole number{unit}", float: f"be a number{unit}", bool: "be true or false"}
    names |= {str: "be text, in quotes where it has commas" + "," * optional}
    if kind in names:
        return names[kind] + (" or null" if optional else "")
    if get_origin(kind) is list or kind is list:
        inner = {int: "of whole numbers ", float: "of numbers "}.get(next(iter(get_args(kind)), None), "")  # type: ignore[arg-type]
        return f"be a list {inner}in [ ]"
    return "be settings in { }" if is_dataclass(kind) or get_origin(kind) is dict else "have the right type"


def _advice(config: DictConfig, key: str, override: Override) -> str:
    """Return how a list is typed where one text was given."""
    rule = _rule(config, key, override.value())
    return f' (as in "{key}=[{value_of(override)}]")' if rule.startswith("be a list") and isinstance(override.value(), str) else ""


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
