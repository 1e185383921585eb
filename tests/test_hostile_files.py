"""Somebody else's file is data: whatever stands in it, reading it ends soon, in an answer or one error, in little memory, and runs nothing.

Every kind of file that commands read is written honestly once, then changed: bytes, values in its JSON, numbers in its arrays.
"""

from __future__ import annotations

import copy
import io
import json
import math
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents import BlueprintAgent, Serial, UniformPolicy, ablate, play_matches
from agents.apps import directory as run_directory
from agents.apps import run as run_result
from agents.apps.errors import UsageError
from agents.apps.overrides import parsed
from agents.apps.settings_file import file_overrides
from agents.board_blueprint import ABOUT, load_blueprint
from agents.evaluation import ablation
from agents.evaluation.solved_view import SolvedView
from agents.match import exact_value
from agents.match.deal import Competitor
from agents.match.match import Match, _HandFiles
from agents.networks import NetworkConfig, load_policy, load_tensors, policy_metadata, save_tensors
from agents.networks.checkpoint import history_of
from agents.policy import policy_from_file
from agents.reporting import tables as report
from agents.runtime.solution_file import check_solution, load_solution, save_solution
from agents.runtime.sweep_journal import SweepJournal
from agents.runtime.view_file import save_view
from agents.search_agent import SearchAgent
from agents.training import DeepCFR, DeepCFRConfig, FitConfig, load_state, save_state
from agents.yardstick.exchange import losses_of_answers
from agents.yardstick.file import load_spots, save_spots
from games import public_tree
from games.files import read_text
from games.holdem import config as holdem_config
from search import BoardSolver, Budget, represent, variant
from search.resolving import ResolveConfig
from search.tree.infostates import TreeInfostates
from tests.agents.test_street_agent import DCFR, blueprint
from tests.catalogue import UNEVEN, small
from tests.running import ROOT, refused
from tests.spots import GAME, spot_set

KUHN = "kuhn_poker"
RIVER = holdem_config.Spot(board="Td9d6hQc4s", ranges=["QQ,AKs", "KK,JJ"], pot=20, stack=90, bets="a", raises="a").build()
CASES = int(os.environ.get("TIMEBANK_FUZZ_CASES", "0"))  # of each kind; the slow test below sets it
MOST_SECONDS, MOST_GROWTH = 30, 200e6
WORDS = ("", "\x1b[31m", "__import__('os')", "${oc.env:HOME}", "NaN", "\ud800", "x" * 5000)
NUMBERS = (0, -1, 1, 2**31, 2**63, -(2**63), 10**39, 0.5, -0.5, 1e300, -1e300, math.nan, math.inf, -math.inf)
DEEP: Any = []
for _ in range(45):
    DEEP = [DEEP]
ODD = st.sampled_from([None, True, *NUMBERS, *WORDS, [], {}, [[]], [None] * 3, {"a": 1}, DEEP, list(range(1000))])
LITERALS = (
    b"9" * 400,
    b"[" * 5000,
    b'{"a":' * 5000,
    b"1e999",
    b"nul",
    b"\xff\xfe",
    b"\x00",
    b"!!python/object/apply:os.abort []",
    b"&a [*a]",
)


class Kind(NamedTuple):
    """One kind of file."""

    name: str  # of the file
    honest: bytes
    read: Callable[[Path], object]
    form: str  # text, json, lines, npy, npz or safetensors


def drawn_json(data, content):
    """Return JSON with a value replaced, removed or added somewhere."""
    content = copy.deepcopy(content)
    places = [(None, None)]
    level = [content]
    while level:
        own = [(x, key) for x in level for key in (x if isinstance(x, dict) else range(len(x)) if isinstance(x, list) else ())]
        places += own
        level = [x[key] for x, key in own]
    inside, key = data.draw(st.sampled_from(places))
    if inside is None:
        return data.draw(ODD)
    action = data.draw(st.sampled_from(["replace", "remove", "add"]))
    if action == "remove":
        del inside[key]
    elif action == "add" and isinstance(inside, dict):
        inside[data.draw(st.sampled_from(WORDS))] = data.draw(ODD)
    else:
        inside[key] = data.draw(ODD)
    return content


def drawn_bytes(data, content):
    """Return bytes with some of them replaced, removed, repeated or added."""
    content = bytearray(content)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content)))
        size = data.draw(st.sampled_from([0, 1, 2, 8, 100, len(content)]))
        content[at : at + size] = data.draw(st.sampled_from([b"", content[at : at + 50] * 2, *LITERALS]) | st.binary(max_size=8))
    return bytes(content)


def drawn_arrays(data, arrays):
    """Return arrays with one removed, of another shape or type, or with an odd number in it."""
    arrays = {name: np.array(array) for name, array in arrays.items()}
    name = data.draw(st.sampled_from(sorted(arrays)))
    action = data.draw(st.sampled_from(["number", "remove", "shape", "type", "none"]))
    array = arrays[name]
    if action == "remove":
        del arrays[name]
    elif action == "shape":
        arrays[name] = data.draw(st.sampled_from([array.reshape(-1), array[None], array[:0], np.append(array, array)]))
    elif action == "type":
        arrays[name] = array.astype(data.draw(st.sampled_from([np.float64, np.float16, np.uint8, bool])))
    elif action == "number" and array.size:
        with np.errstate(all="ignore"):
            odd = np.array([data.draw(st.sampled_from([math.nan, math.inf, -1.0, 1e30]))]).astype(array.dtype)
        array.reshape(-1)[data.draw(st.integers(0, array.size - 1))] = odd[0]
    return arrays


def drawn(data, kind, folder):
    """Return a changed file of a kind."""
    if kind.form == "text" or data.draw(st.booleans()):
        return drawn_bytes(data, kind.honest)
    if kind.form == "json":
        return json.dumps(drawn_json(data, json.loads(kind.honest))).encode()
    if kind.form == "lines":
        lines = kind.honest.splitlines()
        at = data.draw(st.integers(0, len(lines) - 1))
        return b"\n".join([*lines[:at], json.dumps(drawn_json(data, json.loads(lines[at]))).encode(), *lines[at + 1 :]])
    stream = io.BytesIO()
    with np.errstate(all="ignore"):
        if kind.form == "npy":
            np.save(stream, *drawn_arrays(data, {"x": np.load(io.BytesIO(kind.honest))}).values() or [np.array(object())])
            return stream.getvalue()
        if kind.form == "npz":
            found = dict(np.load(io.BytesIO(kind.honest)))
            if data.draw(st.booleans()):
                about = next(name for name, array in found.items() if array.dtype == np.uint8)
                text = json.dumps(drawn_json(data, json.loads(found[about].tobytes())))
                np.savez(stream, **found | {about: np.frombuffer(text.encode(), np.uint8)})
            else:
                np.savez(stream, **drawn_arrays(data, found))
            return stream.getvalue()
    path = folder / "honest.safetensors"
    path.write_bytes(kind.honest)
    name = "policy" if "policy" in kind.name else "deep_cfr"
    tensors, metadata = load_tensors(path, name)
    if data.draw(st.booleans()):
        metadata = drawn_json(data, metadata)
        metadata = metadata if isinstance(metadata, dict) else {"x": metadata}
    else:
        tensors = drawn_arrays(data, tensors)
    save_tensors(path, tensors, metadata, name)  # with the right digest
    content = path.read_bytes()
    path.unlink()
    return content


def checkpoint(folder):
    path, tree = folder / "policy.safetensors", public_tree(KUHN)
    infostates, fit = TreeInfostates(tree), FitConfig(steps=2)
    config = DeepCFRConfig(iterations=2, network=NetworkConfig(hidden=4, embedding=2), advantage=fit, policy=fit)
    run = DeepCFR(infostates, config)
    run.step()
    run.evaluate()
    run.save_policy(path)
    save_state(run, folder)

    def read(file):
        history_of(policy_metadata(file), file)
        assert load_policy(file, infostates).name.isprintable()

    yield Kind(path.name, path.read_bytes(), read, "safetensors")
    state = folder / "training.safetensors"

    def resume(file):
        again = DeepCFR(infostates, config)
        load_state(again, file.parent)
        again.step()

    yield Kind(state.name, state.read_bytes(), resume, "safetensors")


def tables(folder):
    tree = public_tree(KUHN)
    path = folder / "policy.json"
    report.write_json(path, {f"{c}{h}": {"0": 0.5, "1": 0.5} for c in "012" for h in ("", "p", "b", "pb")})
    yield Kind(path.name, path.read_bytes(), lambda file: policy_from_file(file, tree), "json")
    competitors = tuple(Competitor(name, BlueprintAgent(UniformPolicy(tree)), Budget(seconds=0)) for name in ("a", "b"))
    match = Match((competitors[0], competitors[1]))
    list(play_matches([match], 20, Serial(), folder))
    hands = next(folder.rglob("*.jsonl"))
    shelf = _HandFiles(match, folder)
    yield Kind(hands.name, hands.read_bytes(), shelf._read, "lines")
    exact_value.exact_values([match], 1, Serial(), folder / "tables")
    table = next((folder / "tables").glob("*seat0.npy"))
    yield Kind("table.npy", table.read_bytes(), partial(exact_value._read, representation=represent(match.game), seat=0), "npy")
    list(ablate({"a": (competitors[0].agent, [Budget(seconds=0)])}, directory=folder / "measurements"))
    measured = next((folder / "measurements").glob("*.json"))
    yield Kind("measured.json", measured.read_bytes(), partial(ablation._read, most=2.0), "json")


def results(folder):
    content = {"command": "train", "seconds": 1.5, "history": [{"compute": 1, "exploitability": 0.5}], "rows": [{"line": "a"}]}
    yield Kind("result.json", json.dumps(content).encode(), run_result._read, "json")
    yield Kind("result.json", json.dumps(content).encode(), lambda file: run_directory.result_in(file.parent), "json")
    texts = b"- game=kuhn_poker\n- budget.iterations=3\n"
    (folder / ".hydra").mkdir()
    read = run_directory.started_with
    yield Kind(".hydra/overrides.yaml", texts, lambda file: read(file.parent.parent), "text")
    yield Kind(".hydra/config.yaml", b"game:\n  name: x\n  stack: 1.0e-05\nseed: 0\n", run_directory._read_yaml, "text")
    spot = (ROOT / "docs" / "how-to" / "turn.yaml").read_bytes()
    yield Kind("turn.yaml", spot, lambda file: [parsed(override) for override in file_overrides("solve", file)], "text")


def read_view(game, file):
    view = SolvedView(game, variant("dcfr"), file)
    assert view.decision(game.root)[0]["hands"]


def holdem(folder):
    game = small([0, 1], ranges=UNEVEN)
    solver, row = BoardSolver(game, variant("dcfr")), variant("dcfr")
    solver.run(2)
    save_solution(solver, folder / "solution.npz")

    def read(file):
        check_solution(file, game, row)
        load_solution(solver, file)

    yield Kind("solution.npz", (folder / "solution.npz").read_bytes(), read, "npz")
    for name, other in (("view.npz", game), ("shares.npz", RIVER)):
        looked_at = BoardSolver(other, row)
        looked_at.run(2)
        save_view(looked_at, folder / name)
        yield Kind(name, (folder / name).read_bytes(), partial(read_view, other), "npz")
    own = blueprint(folder / "own")
    about = json.loads((own.directory / ABOUT).read_text())
    asked = {key: about[key] for key in about.keys() - {"size", "exploitability", "seconds"}}

    def found(file):
        for name in (ABOUT, "average_0.npy", "average_1.npy"):
            if name != file.name:
                shutil.copy(own.directory / name, file.parent)
        kept = load_blueprint(own.game, file.parent, asked)
        if kept is not None:
            assert all(float(rows.min()) >= 0 for rows in kept.strategies())

    yield Kind(ABOUT, (own.directory / ABOUT).read_bytes(), found, "json")
    yield Kind("average_0.npy", (own.directory / "average_0.npy").read_bytes(), found, "npy")
    agent, tree = SearchAgent(own, DCFR, "flop", ResolveConfig("unsafe")), own.tree
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report, "KEEP_SECONDS", 0.0)
        agent.strategies(0, Budget(iterations=2), folder=folder / "kept")
    batch = min((folder / "kept" / "flop").glob("*.npz"))
    out = tuple(np.array(rows) for rows in own.strategies())
    journal = SweepJournal(own.game, tree, 1, folder / "kept" / "flop")
    yield Kind(batch.name, batch.read_bytes(), lambda file: journal._read(file, (out[0], out[1])), "npz")
    endgame = f"-round 4\n-board 4s8hTc9h2s\n-pot 100\n-reach {' '.join(['0.5'] * 2652)}\n".encode()
    yield Kind("endgame.txt", endgame, lambda file: holdem_config._endgame(read_text(file, holdem_config.MOST_FILE_BYTES)), "text")


def spots(folder):
    path, entries = folder / "spots.npz", spot_set().entries
    save_spots(path, spot_set())
    yield Kind(path.name, path.read_bytes(), lambda file: load_spots(file, GAME), "npz")
    lines = [
        {"spot": i, "policy": {GAME.hand_text(0, int(hand)): [1, *[0] * (len(one.actions) - 1)] for hand in one.hands}}
        for i, (one, _) in enumerate(entries)
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    yield Kind("answers.jsonl", text.encode(), lambda file: losses_of_answers(file, entries), "lines")


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    """Return every kind by name."""
    found = {}
    for make in (checkpoint, tables, results, holdem, spots):
        for kind in make(tmp_path_factory.mktemp(make.__name__)):
            found[f"{make.__name__}:{kind.name}" + ("" if f"{make.__name__}:{kind.name}" not in found else ":again")] = kind
    return found


NAMES = [
    "checkpoint:policy.safetensors", "checkpoint:training.safetensors", "tables:policy.json", "tables:000000000.jsonl", "tables:table.npy",
    "tables:measured.json", "results:result.json", "results:result.json:again", "results:.hydra/overrides.yaml",
    "results:.hydra/config.yaml", "results:turn.yaml", "holdem:solution.npz", "holdem:view.npz", "holdem:shares.npz", f"holdem:{ABOUT}",
    "holdem:average_0.npy", "holdem:boards_000000.npz", "holdem:endgame.txt", "spots:spots.npz", "spots:answers.jsonl",
]  # fmt: skip


def fresh(folder, kind):
    """Return where a file of a kind stands in a new folder of its own."""
    inside = folder / "inside"
    shutil.rmtree(inside, ignore_errors=True)
    path = inside / kind.name
    path.parent.mkdir(parents=True)
    return path


def test_every_kind_is_here_and_is_read_as_it_was_written(kinds, tmp_path):
    assert sorted(kinds) == sorted(NAMES)
    for kind in kinds.values():
        path = fresh(tmp_path, kind)
        path.write_bytes(kind.honest)
        kind.read(path)


def too_long(number, frame):
    raise AssertionError("reading must end")


@pytest.mark.parametrize("name", NAMES)
def test_any_change_ends_in_an_answer_or_an_error(kinds, name, tmp_path, caplog):
    kind, largest = kinds[name], [0]
    path = fresh(tmp_path, kind)
    path.write_bytes(kind.honest)
    kind.read(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    others = sorted(tmp_path.parent.rglob("*"))

    @settings(max_examples=CASES or 25, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.data())
    def check(data):
        path = fresh(tmp_path, kind)
        content = drawn(data, kind, path.parent)
        path.write_bytes(content)
        largest[0] = max(largest[0], len(content))
        caplog.clear()
        signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS)
        try:
            kind.read(path)
        except (ValueError, OSError, UsageError) as error:
            str(error)
        except (KeyError, TypeError, IndexError, AttributeError, ArithmeticError, EOFError):  # of load_or_set_aside's, which catches them
            assert name in SET_ASIDE
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        shutil.rmtree(tmp_path / "inside")

    handler = signal.signal(signal.SIGALRM, too_long)
    try:
        check()
    finally:
        signal.signal(signal.SIGALRM, handler)
    (tmp_path / "inside").mkdir()
    assert [p for p in sorted(tmp_path.parent.rglob("*")) if "inside" not in p.parts] == [p for p in others if "inside" not in p.parts]
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    assert grown <= 2 * largest[0] + MOST_GROWTH


SET_ASIDE = ("tables:000000000.jsonl", "tables:table.npy", "tables:measured.json", "results:result.json", "holdem:boards_000000.npz")


@pytest.mark.slow
def test_twenty_thousand_changes(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TIMEBANK_FUZZ_CASES": str(20_000 // len(NAMES) + 1)}
    command = [sys.executable, "-m", "pytest", "-q", "-k", "any_change", __file__, "--basetemp", str(tmp_path / "base")]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert f"{len(NAMES)} passed" in done.stdout


# through the commands: one line, status 2, and nothing written


FILES = ("/dev/zero", "pipe", "link", "folder", "text", "deep", "bomb", "none")


def hostile(folder, kind):
    """Make a file that means harm; return its path."""
    path = folder / f"file.{kind}"
    if kind == "/dev/zero":
        return Path(kind)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    elif kind == "deep":
        path.write_text("[" * 100_000)
    elif kind == "bomb":
        np.savez_compressed(path.with_suffix(".npz"), about=np.zeros(10**8, np.uint8))
        return path.with_suffix(".npz")
    elif kind == "text":
        path.write_text("\x1b[31m{")
    return path


@pytest.mark.parametrize("kind", FILES)
def test_commands_refuse_files_that_mean_harm(monkeypatch, capsys, tmp_path, kind):
    monkeypatch.chdir(tmp_path)
    file, out = hostile(tmp_path, kind), f"hydra.run.dir={tmp_path / 'out'}"
    signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, 120)
    try:
        refused(monkeypatch, capsys, "solve", "game=libratus_endgame", f"game.file='{file}'", "budget.iterations=1", out)
        refused(monkeypatch, capsys, "solve", "game=ms1f1", f"load='{file}'", "budget.iterations=1", out)
        refused(monkeypatch, capsys, "play", "game=kuhn_poker", "agent=network", f"agent.checkpoint='{file}'", "budget.iterations=1", out)
        refused(monkeypatch, capsys, "play", "game=kuhn_poker", "agent=table", f"agent.table='{file}'", out)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
