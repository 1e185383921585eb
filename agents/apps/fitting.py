"""Defaults that fit a game: what a command takes by itself where a game's other agents cannot play it, or a network comes with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agents.apps.overrides import parsed
from agents.runtime.released import record_of, released_for

# By game and command: who plays, by the override that would choose another one, and what goes along where somebody is taken by itself.
AGENTS: dict[str, dict[str, dict[str, tuple[str, ...]]]] = {
    "heads_up_no_limit": {
        "play": {"agent": ("agent=no_limit",)},
        "match": {"agent@agents.a": ("agent@agents.a=no_limit",), "agent@agents.b": ("agent@agents.b=no_limit", "agents.b.think=false")},
    }
}
NETWORKS = ("search", "network")  # agents whose policy is a network, as conf/agent has them
COMMANDS = ("ablate", "match", "play", "bot")  # that have them
PLAYER = "agent@agents."  # of a match, before its name
POLICY = "policy"  # kind of a network's file
# What an ablation of hold'em takes besides a released policy, where nothing says how it thinks: its games have too many decisions.
TURN = ("agent.solve_from=turn", "agent.gadget=refined", "budgets=[0,0.01]")
BESIDE = {"play": {"budget": "budget.seconds=1"}, "match": {"budget": "budget.seconds=0.3", "hands": "hands=1000"}}


def fitting(command: str, overrides: Sequence[str]) -> list[str]:
    """Return the overrides that a command adds to a user's for the game that they choose, see ``AGENTS`` and ``BESIDE``.

    Raises:
        UsageError: an override that cannot be read.
    """
    if any(override.startswith("resume=") for override in overrides):  # its directory has them all
        return []
    given = {override.get_key_element().lstrip("+"): override.value() for override in map(parsed, overrides)}
    taken = AGENTS.get(str(given.get("game")), {}).get(command, {})
    if given.get("experiment", "none") != "none" or given.get("game.amounts") == "menu":
        return []  # the one chooses who plays, the other makes another game
    if networks := released(command, given):
        return networks
    added = [override for key, those in taken.items() if key not in given for override in those]
    if added:
        added += [override for key, override in BESIDE[command].items() if not any(g == key or g.startswith(f"{key}.") for g in given)]
    return added


def released(command: str, given: Mapping[str, object]) -> list[str]:
    """Return the overrides that let networks of a command play what comes with the package, where no other and no training is asked for.

    Args:
        command: one whose agents may be networks.
        given: a user's overrides by key.
    """
    game, changed = given.get("game"), any(key.startswith(("game.", "trainer", "searched_iterations")) for key in given)
    players = {f"agents.{key.removeprefix(PLAYER)}": value for key, value in given.items() if key.startswith(PLAYER)}
    if command != "match":
        players = {"agent": given.get("agent", "search" if command == "ablate" else None)}
    playing = [key for key, value in players.items() if value in NETWORKS and not {f"{key}.policy", f"{key}.checkpoint"} & given.keys()]
    name = released_for(game, POLICY) if isinstance(game, str) and playing and not changed and command in COMMANDS else None
    if name is None:
        return []
    added = [f"{key}.checkpoint={name}" for key in playing]
    bare = command == "ablate" and players["agent"] == "search" and not any(key.startswith(("lines", "agent.")) for key in given)
    if bare and record_of(name).get("big_blind"):
        added += [override for override in TURN if override.partition("=")[0] not in given]
    return added
