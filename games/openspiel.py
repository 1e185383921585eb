"""OpenSpiel's games by name: the one module of games that imports OpenSpiel."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyspiel

from games.modules import module_of
from games.settings import nearest


class UnsuitableGameError(ValueError):
    """The game is not poker-style; the message names the rule and the first offending history."""


class UnknownGameError(ValueError):
    """OpenSpiel has no such game or parameter."""


def load_game(game: str) -> Any:
    """Return the pyspiel game named by a game string, checked for what can be told without playing.

    Blanks beside brackets, commas and the names of parameters do not count. OpenSpiel's Python games (``python_kuhn_poker``) are games,
    too. ``module:game`` is a game of your own, which the module registers with OpenSpiel, see ``games.modules``.

    Raises:
        ValueError: a module that is not allowed or cannot be imported.
        UnknownGameError: no such game or parameter.
        UnsuitableGameError: not a sequential two-player zero-sum game with information states.
    """
    game = tidy(game)
    own = _registered(game) if re.match(r"[\w.]+:", game) else game
    with in_memory(game), silent(), openspiel_errors(game, "be one that OpenSpiel knows"):
        spiel = _load(own)
    kind = spiel.get_type()
    rules = (
        (kind.dynamics == pyspiel.GameType.Dynamics.SEQUENTIAL, "moves must be sequential", kind.dynamics),
        (spiel.num_players() == 2, "there must be two players", spiel.num_players()),
        (kind.utility == pyspiel.GameType.Utility.ZERO_SUM, "utilities must be zero-sum", kind.utility),
        (kind.chance_mode != pyspiel.GameType.ChanceMode.SAMPLED_STOCHASTIC, "chance must be explicit", kind.chance_mode),
        (kind.provides_information_state_string, "information state strings must be provided", "none"),
    )
    for holds, rule, got in rules:
        if not holds:
            raise unsuitable(game, f"{rule}, got {got} (at the start)")
    return spiel


def _registered(game: str) -> str:
    """Import the module of ``module:game`` and return the game's string, which OpenSpiel knows then."""
    module, own = module_of("game", game).__name__, game.partition(":")[2]
    if (name := own.partition("(")[0]) not in pyspiel.registered_names():
        raise UnknownGameError(f"game must be one that {module} registers with OpenSpiel, got {name!r}")
    return own


def _load(game: str) -> Any:
    if re.search(r"\bpython_", game):
        import open_spiel.python.games  # noqa: F401  # registers them; takes two seconds
    known = {kind.short_name: kind for kind in pyspiel.registered_games()}
    _check(game, {"name": game.partition("(")[0]}, known)
    if "(" in game and not game.endswith(")"):
        raise UnknownGameError(f"game must end with the bracket of its parameters, got {game!r}")
    with openspiel_errors(game, "have parameters such as (key=1,other=false), whole numbers below 2^31"):
        parameters = pyspiel.game_parameters_from_string(game)
    _check(game, parameters, known)
    return pyspiel.load_game(game)


def _check(game: str, parameters: dict[str, Any], known: dict[str, Any]) -> None:
    """Check the names of a game and of its parameters, those of games inside it included."""
    name = parameters["name"]
    if name not in known:
        where = "" if name == game else f" in {game!r}"
        raise UnknownGameError(f"game must be one that OpenSpiel knows, got {name!r}{where}{nearest(name, known)}")
    keys = sorted(known[name].parameter_specification) if len(parameters) > 1 else []
    for key, value in parameters.items():
        if key != "name" and key not in keys:
            rule = f"game parameters of {name} must be among {', '.join(keys) or 'none'}"
            raise UnknownGameError(f"{rule}, got {key!r}{nearest(key, keys)}")
        if isinstance(value, dict):
            _check(game, value, known)


def tidy(game: str) -> str:
    """Return a game string without the blanks that do not count."""
    return re.sub(r"([(,])(\w+)\s*=\s*", r"\1\2=", re.sub(r"\s*([(),])\s*", r"\1", game.strip()))


def unsuitable(game: str, rule: str) -> UnsuitableGameError:
    """Return the error of a game that breaks a rule."""
    return UnsuitableGameError(f"{game} is not suitable: {rule}")


@contextmanager
def openspiel_errors(game: str, rule: str) -> Iterator[None]:
    """Turn OpenSpiel's errors into an UnknownGameError: in one line, without the place in its source."""
    try:
        yield
    except (UnknownGameError, UnsuitableGameError):
        raise
    except (pyspiel.SpielError, RuntimeError, ValueError, ImportError) as error:
        reason = re.sub(r"^\S+\.(cc|h):\d+ ", "", " ".join(str(error).split()))
        raise UnknownGameError(f"game must {rule}, got {game!r}: {reason}") from None


@contextmanager
def in_memory(game: str) -> Iterator[None]:
    """Refuse a game that does not fit into memory; OpenSpiel's ``std::bad_alloc`` is a MemoryError here."""
    try:
        yield
    except MemoryError:
        raise unsuitable(game, "it must fit into memory, got more than was free") from None


@contextmanager
def silent() -> Iterator[None]:
    """Close the standard error meanwhile: OpenSpiel prints its errors there, lists of all its games among them, before it raises them."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
