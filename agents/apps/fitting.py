"""Defaults that fit a game: what a command takes by itself where a game's other agents cannot play it."""

from __future__ import annotations

from collections.abc import Sequence

from agents.apps.overrides import parsed

# By game and command: who plays, by the override that would choose another one, and what goes along where somebody is taken by itself.
AGENTS: dict[str, dict[str, dict[str, tuple[str, ...]]]] = {
    "heads_up_no_limit": {
        "play": {"agent": ("agent=no_limit",)},
        "match": {"agent@agents.a": ("agent@agents.a=no_limit",), "agent@agents.b": ("agent@agents.b=no_limit", "agents.b.think=false")},
    }
}
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
    added = [override for key, those in taken.items() if key not in given for override in those]
    if added:
        added += [override for key, override in BESIDE[command].items() if not any(g == key or g.startswith(f"{key}.") for g in given)]
    return added
