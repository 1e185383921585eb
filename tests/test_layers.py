"""Calls go one way, as imports do: games <- search <- the rooms of agents <- agents.apps.

Small runs of the commands are traced, on Leduc and on a tiny hold'em. A call from a lower layer up to a higher one is an error, unless
``CALLBACKS`` names it: the lower layer declares a protocol, or it was handed a function.
"""

from __future__ import annotations

import sys
import threading
import tomllib
from functools import cache

import pytest

from tests.running import ROOT, timebank

CALLBACKS = {  # (who calls, where the called function is, its name): why
    ("search", "agents.policy", "at"): "search asks the policy that it starts from",
    ("search", "agents.policy", "strategy"): "search asks the policy that it starts from",
    ("search", "agents.board_blueprint", "strategies"): "search asks the blueprint for its tables where they are needed",
    ("games", "search", "__getitem__"): "rows of a strategy, part of which was solved anew",
    ("search", "agents.search_agent", "strategies"): "where searched boards are kept",
    ("search", "agents.board_blueprint", "make_blueprint"): "progress",
    ("search", "agents.apps", "run"): "progress",
    ("agents.board_blueprint", "agents.apps", "at"): "progress",
    ("agents.evaluation", "agents.apps", "run"): "progress",
    ("agents.match", "agents.apps", "play_on"): "whether a match is decided",
    ("agents.match", "agents.apps", "values"): "progress",
    ("agents.runtime", "agents.evaluation", "ablate"): "progress",
    ("agents.runtime", "agents.evaluation", "measure"): "an executor does the tasks that it is given",
    ("agents.runtime", "agents.match", "_tabulated"): "an executor does the tasks that it is given",
    ("agents.runtime", "agents.match", "play_part"): "an executor does the tasks that it is given",
    ("agents.agent", "agents.blueprint", "decide"): "the protocol Agent",
    ("agents.agent", "agents.blueprint", "game"): "the protocol Agent",
    ("agents.agent", "agents.blueprint", "load"): "the protocol Agent",
    ("agents.agent", "agents.search_agent", "decide"): "the protocol Agent",
    ("agents.agent", "agents.search_agent", "game"): "the protocol Agent",
    ("agents.agent", "agents.search_agent", "load"): "the protocol Agent",
    ("agents.evaluation", "agents.search_agent", "game"): "the protocol Agent",
    ("agents.evaluation", "agents.search_agent", "load"): "the protocol Agent",
    ("agents.evaluation", "agents.search_agent", "tabulate"): "the protocol Agent",
    ("agents.evaluation", "agents.search_agent", "fingerprint"): "the protocol Agent",
    ("agents.evaluation", "agents.search_agent", "__getstate__"): "agents are sent to processes",
    ("agents.evaluation", "agents.search_agent", "__setstate__"): "agents are sent to processes",
}
THINKS = ("agents.a.think=true", "agents.a.budget.iterations=5", "agent@agents.b=uniform", "hands=8", "executor=serial")
GAMES = {
    "leduc": ("game=leduc_poker", "agent.solve_from=round", "agents.a.solve_from=decision"),
    "hold'em": ("game=ms1f1", "game.ranks=QKA", "game.suits=cdh", "agent.solve_from=flop", "agents.a.solve_from=flop"),
}
WALKS = {
    "solve": ("budget.iterations=5", "save=true"),
    "ablate": ("agent=tabular", "agent.iterations=4", "unit=iterations", "budgets=[0,5]", "executor=serial", "executor.workers=1"),
    "match": ("agent@agents.a=tabular", "agents.a.iterations=4", *THINKS),
}


def layers():
    """Return the height of every room, by the import contracts."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    floors = next(contract["layers"] for contract in contracts if contract.get("containers") == ["agents"])
    rooms = {f"agents.{room.strip()}": 2 + height for height, floor in enumerate(reversed(floors)) for room in floor.split("|")}
    return {"games": 0, "search": 1, **rooms}


HEIGHT = layers()


@cache
def room_of(filename):
    """Return the room that a file is in; None if it is not ours."""
    if not filename.startswith(f"{ROOT}/"):
        return None
    first, *more = filename.removeprefix(f"{ROOT}/").removesuffix(".py").split("/")
    if first == "agents":
        return None if more == ["__init__"] else f"agents.{more[0]}"
    return first if first in HEIGHT else None


class Calls:
    """What was called while it was entered, in any thread: the rooms visited, and calls that go up, (room, room, name)."""

    def __init__(self):
        self.rooms, self.up = set(), set()

    def __enter__(self):
        threading.setprofile(self._see)
        sys.setprofile(self._see)
        return self

    def __exit__(self, *_):
        sys.setprofile(None)
        threading.setprofile(None)

    def _see(self, frame, event, _):
        code, caller = frame.f_code, frame.f_back
        room = room_of(code.co_filename) if event == "call" and code.co_name != "<module>" else None
        if room is None:
            return
        self.rooms.add(room)
        while caller is not None and room_of(caller.f_code.co_filename) is None:  # libraries in between
            caller = caller.f_back
        if caller is not None and HEIGHT[below := room_of(caller.f_code.co_filename)] < HEIGHT[room]:
            self.up.add((below, room, code.co_qualname.split(".<locals>")[0].rpartition(".")[2]))


@pytest.fixture(scope="module")
def walks(tmp_path_factory):
    """The calls of each command on each game."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        for figure in ("evaluation.report.plot_ablation", "match.report.plot_matches"):
            patch.setattr(f"agents.{figure}", lambda *_, **__: None)
        patch.setattr("agents.runtime.progress.SECONDS", 0.001)
        for game, chosen in GAMES.items():
            for command, more in WALKS.items():
                own = {"solve": (), "ablate": ("agent.",), "match": ("agents.",)}[command]
                given = [o for o in chosen if o.startswith(("game", *own))]
                directory = f"hydra.run.dir={tmp_path_factory.mktemp(command)}"
                with Calls() as calls:
                    assert timebank(patch, command, *given, *more, directory) == 0
                found[command, game] = calls
    return found


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("command", WALKS)
def test_nothing_calls_up_but_named_callbacks(walks, command, game):
    calls = walks[command, game]
    assert {"games", "search", "agents.apps"} <= calls.rooms
    assert calls.up <= set(CALLBACKS)


def test_every_named_callback_is_called(walks):
    assert set(CALLBACKS) == set.union(*(calls.up for calls in walks.values()))


def test_a_call_from_games_up_to_search_is_seen():
    def made(file, text):
        names = {}
        exec(compile(text, str(ROOT / file), "exec"), names)
        return names["f"]

    lower, higher = made("games/lower.py", "def f(g): g()"), made("search/higher.py", "def f(): pass")
    with Calls() as calls:
        lower(higher)
    assert calls.up == {("games", "search", "f")}
