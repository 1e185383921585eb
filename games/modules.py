"""Code of your own: ``module:name`` in a setting, of a module that the environment variable ``TIMEBANK_MODULES`` names.

A settings file may be somebody else's and must not run code. So the environment alone says which modules may run. They are looked for
where Python looks, and last in the working directory.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from games.settings import OWN, nearest, shown

MODULES = "TIMEBANK_MODULES"  # names, with commas between
BOTS = "TIMEBANK_BOTS"  # likewise, of modules for bots alone: the older name
TRACE = "TIMEBANK_TRACE"  # where it is set, an error in a module of your own shows its traceback


def own(key: str, text: str, kind: str, fits: Callable[[Any], bool]) -> Any:
    """Return what ``module:name`` names.

    Args:
        key: of the setting, for errors.
        text: its value.
        kind: what it must be, for errors: ``a search.Variant``.
        fits: says whether it is that.

    Raises:
        ValueError: the module is not allowed, cannot be imported or has no such name, or what it has is something else.
    """
    found = named(key, text)
    if not fits(found):
        raise ValueError(f"{key} must be {kind}, got {text!r}, which is of type {type(found).__name__}")
    return found


def made(key: str, text: str, kind: str, members: tuple[str, ...], *arguments: Any) -> Any:
    """Return what the function ``module:name`` returns for some arguments.

    Args:
        key: of the setting, for errors.
        text: its value.
        kind: what it must return, for errors: ``an agent``.
        members: that this must have.
        arguments: of the function.

    Raises:
        ValueError: as of ``own``; the function raises something, or returns something else.
    """
    make = own(key, text, f"a function that returns {kind}", callable)
    found = guarded(lambda: make(*arguments), f"{key} must return {kind}, got {text!r}, which raised")
    missing = [member for member in members if not hasattr(found, member)]
    if missing:
        raise ValueError(f"{key} must return {kind}, got {text!r}, which returned a {type(found).__name__} without {', '.join(missing)}")
    return found


def check_allowed(key: str, text: str, *variables: str) -> None:
    """Refuse ``module:name`` of a module that neither ``TIMEBANK_MODULES`` nor another environment variable names.

    Raises:
        ValueError: names the rule, and how to allow the module.
    """
    name, allowed = text.partition(":")[0], _allowed(MODULES, *variables)
    if name not in allowed:
        how = f" ({MODULES}={','.join([*allowed, name])} before the command allows it)" if name.replace(".", "").isidentifier() else ""
        raise ValueError(f"{key} must be of a module that the environment variable {MODULES} names, got {shown(text)}{how}")


def module_of(key: str, text: str, *variables: str) -> ModuleType:
    """Return the module of ``module:name``, imported.

    Raises:
        ValueError: it is not allowed, see ``check_allowed``, or cannot be imported.
    """
    check_allowed(key, text, *variables)
    _look_here()
    name = text.partition(":")[0]
    found: ModuleType = guarded(lambda: importlib.import_module(name), f"{key} must be of a module that can be imported, got {text!r}:")
    return found


def named(key: str, text: str, *variables: str) -> Any:
    """Return what ``module:name`` names.

    Raises:
        ValueError: as of ``module_of``; the module has no such name.
    """
    module, name = module_of(key, text, *variables), text.partition(":")[2]
    if not hasattr(module, name):
        raise ValueError(f"{key} must be {OWN}, got {text!r}: {module.__name__} has no {name!r}{nearest(name, vars(module))}")
    return getattr(module, name)


def guarded(work: Callable[[], Any], rule: str) -> Any:
    """Return what somebody's code returns; whatever it raises is an error of one line."""
    try:
        return work()
    except (Exception, SystemExit) as error:
        if os.environ.get(TRACE):
            raise
        text = next(iter(str(error).splitlines()), "")
        raise ValueError(f"{rule} {type(error).__name__}: {text}") from None


def sources(*texts: str) -> str:
    """Return a digest of the source files of modules of your own, "" of none: kept work must agree with it.

    Args:
        texts: which modules: each ``module:name``; without any, all that this process has imported. Only those that ``TIMEBANK_MODULES``
            names count, so a module that yours imports counts if it is named, too.
    """
    _look_here()
    wanted = {text.partition(":")[0] for text in texts} or sys.modules.keys()
    names, found = sorted(wanted & set(_allowed(MODULES, BOTS))), hashlib.sha256()
    for name in names:
        with suppress(ImportError, ValueError):  # it is nowhere
            spec = importlib.util.find_spec(name)
            found.update(Path(spec.origin).read_bytes() if spec and spec.has_location and spec.origin else b"")
    return found.hexdigest()[:10] if names else ""


def _allowed(*variables: str) -> list[str]:
    return [name for variable in variables for name in os.environ.get(variable, "").split(",") if name]


def _look_here() -> None:
    """Let modules be found in the working directory, too, after all other places."""
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
