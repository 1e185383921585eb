"""What version 0.1.0 of commit 516f6ac left behind still loads and goes on. ``old/README.md`` says how the runs were made."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from tests.goldens.results import values_of
from tests.running import result_of, timebank

OLD = Path(__file__).parent / "old"
RIVER = ("game=spot", "game.board=Td9d6hQc4s", 'game.ranges=["QQ,AKs,76s","KK-JJ,ATs"]', "game.pot=200", "game.stack=900")
SERIAL = ("executor=serial", "executor.workers=1")
GAMES = {"leduc": ("game=leduc_poker",), "ms1f1": ("game=ms1f1", "game.ranks=9TJQKA")}


def close(value):
    """Return what a value of the older version equals: searches are made again, and rounding may differ (see ``results.py``)."""
    return pytest.approx(value, rel=1e-5, abs=1e-6) if isinstance(value, float) else value


@pytest.fixture
def old(monkeypatch, tmp_path):
    """Return a function that unpacks an old run into the current directory, which is empty."""
    monkeypatch.chdir(tmp_path)

    def unpack(name):
        with tarfile.open(OLD / f"{name}.tar.xz") as archive:
            archive.extractall(tmp_path, filter="data")
        return tmp_path / name

    return unpack


@pytest.mark.parametrize("storage", [32, 16])
def test_solving_goes_on_from_an_old_solution(storage, old, monkeypatch, capsys):
    before = result_of(old("solve_river" if storage == 32 else "solve_river_16"))
    solution = next(Path().glob("solve_river*")) / "solution.npz"
    shared = (*RIVER, f"storage={storage}", f"load={solution}")
    assert timebank(monkeypatch, "solve", *shared, "hydra.run.dir=same") == 0
    assert timebank(monkeypatch, "solve", *shared, "budget.iterations=200", "hydra.run.dir=on") == 0
    same, on = result_of(Path("same")), result_of(Path("on"))
    assert same["iterations"] == before["iterations"] == 50
    assert same["exploitability"]["value"] == pytest.approx(before["exploitability"]["value"], abs=1000 * 2**-23)
    assert on["iterations"] == 200
    assert on["exploitability"]["value"] < before["exploitability"]["value"]


def test_an_old_strategy_file_plays(old, monkeypatch, capsys):
    table = old("solve_kuhn") / "policy.json"
    players = ("agent@agents.a=table", f"agents.a.table={table}", "agent@agents.b=uniform")
    assert timebank(monkeypatch, "match", "game=kuhn_poker", *players, *SERIAL, "hands=20", "hydra.run.dir=match") == 0
    assert result_of(Path("match"))["rows"][0]["exact"]["value"] > 0


@pytest.mark.parametrize("game", GAMES)
def test_an_old_match_goes_on(game, old, monkeypatch, capsys):
    run = old(f"match_{game}")
    before = {path: value for path, value in values_of(run).items() if path.startswith("hands:")}
    assert timebank(monkeypatch, "match", f"resume={run}", "hands=40") == 0
    after = values_of(run)
    assert result_of(run)["rows"][0]["hands"] == 40
    assert {path: after[path] for path in before} == {path: close(value) for path, value in before.items()}


@pytest.mark.parametrize("game", GAMES)
def test_an_old_ablation_goes_on(game, old, monkeypatch, capsys):
    run = old(f"ablate_{game}")
    before = {(row["line"], row["thinking_iterations"]): row["exploitability"]["value"] for row in result_of(run)["rows"]}
    assert timebank(monkeypatch, "ablate", f"resume={run}", "budgets=[0,5,10]") == 0
    after = {(row["line"], row["thinking_iterations"]): row["exploitability"]["value"] for row in result_of(run)["rows"]}
    assert {key: after[key] for key in before} == {key: close(value) for key, value in before.items()}
    assert len(after) > len(before)


@pytest.mark.parametrize("game", GAMES)
def test_old_training_goes_on(game, old, monkeypatch, capsys):
    run = old(f"train_{game}")
    before = result_of(run)["history"]
    assert timebank(monkeypatch, "train", f"resume={run}", "trainer.iterations=3") == 0
    after = result_of(run)["history"]
    assert json.dumps(after[: len(before)]) == json.dumps(before)
    assert after[-1]["iteration"] == 3


@pytest.mark.parametrize("game", GAMES)
def test_an_old_network_plays_as_it_did(game, old, monkeypatch, capsys):
    run = old(f"train_{game}")
    network = ("agent=network", f"agent.checkpoint={run / 'policy.safetensors'}", "unit=iterations", "budgets=[0]")
    assert timebank(monkeypatch, "ablate", *GAMES[game], *network, *SERIAL, "hydra.run.dir=ablate") == 0
    row = next(row for row in result_of(Path("ablate"))["rows"] if row["line"] != "uniform")
    assert row["exploitability"]["value"] == pytest.approx(result_of(run)["history"][-1]["exploitability"], rel=1e-5)
