"""Keys and options whose names have changed: the old names work for one release, and a line says what they are now."""

from __future__ import annotations

import re
from collections.abc import Iterator

KEYS = {"spread": "bound_std", "enough": "target_exploitability"}  # of an agent
OPTIONS = {"trainer=holdem_deep_cfr": "trainer=deep_cfr"}
_OLD = "|".join(KEYS)
_AGENT = re.compile(rf"(\+{{0,2}}(?:agent|agents\.\w+|lines\.[^.=]+)\.)({_OLD})(=.*)", re.DOTALL)
_INSIDE = re.compile(rf"([{{,]\s*)({_OLD})(?=\s*:)")  # of an agent or a line that is given whole, in { }


def renamed(override: str) -> str:
    """Return an override by today's names."""
    if found := _AGENT.fullmatch(override):
        return found[1] + KEYS[found[2]] + found[3]
    if re.match(r"\+{0,2}(agents?|lines)\b[^=]*=\s*{", override):
        return _INSIDE.sub(lambda found: found[1] + KEYS[found[2]], override)
    return OPTIONS.get(override, override)


def warnings(override: str) -> Iterator[str]:
    """Yield a line for each older name in an override."""
    if override in OPTIONS:
        yield f"{override} is {OPTIONS[override]} now; the older name goes with the next release"
    elif renamed(override) != override:
        names = [found[2]] if (found := _AGENT.fullmatch(override)) else [inside[1] for inside in _INSIDE.findall(override)]
        for name in dict.fromkeys(names):
            yield f"agent.{name} is agent.{KEYS[name]} now; the older name goes with the next release"
