"""Networks are released from runs, end to end, and commands take them by name."""

import importlib.util
import json
import sys

import numpy as np
import pytest

from agents.networks import load_tensors, save_tensors
from agents.networks.start_values import load_start_values
from agents.networks.street_values import END, load_street_values
from agents.reporting.card import card_text
from agents.runtime import released as released_module
from agents.runtime.released import record_of
from agents.training import train
from agents.training.release import release_streets
from agents.training.street_values import StreetValuesRun
from search import represent
from tests.agents.apps.test_apps_starts import TINY as STARTS
from tests.agents.apps.test_apps_train_ablate import SERIAL, TINY
from tests.agents.training.test_street_values import GAME, SHORT
from tests.compiling import compiled
from tests.running import ROOT, refused, result_of, timebank


@pytest.fixture
def release(monkeypatch, tmp_path):
    """Return a function that releases a run into a folder of its own by ``benchmarks/release.py``."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    spec = importlib.util.spec_from_file_location("benchmark_release", ROOT / "benchmarks/release.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    folder = tmp_path / "released"
    folder.mkdir()
    monkeypatch.setattr(module, "FOLDER", folder)
    monkeypatch.setattr(module, "PAGE", tmp_path / "networks.md")
    monkeypatch.setattr(released_module, "FOLDER", folder)
    return lambda *arguments: module.main(list(map(str, arguments)))


def refusal(release, *arguments):
    with pytest.raises(SystemExit) as caught:
        release(*arguments)
    return caught.value.code


@pytest.mark.long
def test_a_policy_is_released_and_taken_where_no_checkpoint_is_named(monkeypatch, tmp_path, capsys, release):
    run = tmp_path / "run"
    assert timebank(monkeypatch, "train", "game=kuhn_poker", *TINY, f"hydra.run.dir={run}") == 0
    assert refusal(release, run, "Bad-Name").startswith("error: name must be small letters, digits and _")
    assert "run must be the directory of a finished timebank train" in refusal(release, tmp_path, "kuhn")
    release(run, "kuhn")
    record, exploitability = record_of("kuhn"), result_of(run)["history"][-1]["exploitability"]
    assert record["measured"]["single_exploitability"] == pytest.approx(exploitability, rel=1e-4)
    assert record["file"]["change"]["value"] <= 1e-3
    card = (tmp_path / "released/kuhn.md").read_text()
    assert card == card_text(record)
    assert f"| in single precision | {exploitability:.4g} chips |" in card
    assert "`timebank train game=kuhn_poker trainer.iterations=4 " in card
    assert "| resumed |" not in card
    again = card_text(record | {"overrides": [*record["overrides"], "trainer.iterations=8"]})
    assert "| resumed | with changed settings: `trainer.iterations` 4, 8. " in again
    assert "`timebank train game=kuhn_poker trainer.iterations=8 " in again
    assert str(tmp_path) not in card + json.dumps(record)
    assert card.removeprefix("# kuhn") in (tmp_path / "networks.md").read_text()

    given = ("game=kuhn_poker", "unit=iterations", "budgets=[0,5]", *SERIAL)
    capsys.readouterr()
    assert timebank(monkeypatch, "ablate", *given, f"hydra.run.dir={tmp_path / 'a'}") == 0
    assert "taken for this game where nothing else is given: agent.checkpoint=kuhn\n" in capsys.readouterr().err
    alone = next(row for row in result_of(tmp_path / "a")["rows"] if row["line"] == "network alone")
    assert alone["exploitability"]["value"] == pytest.approx(record["measured"]["exploitability"], rel=1e-5)
    assert not (tmp_path / "a/training").exists()
    assert "decisions must be of an ablation of network:" in refusal(
        release, run, "kuhn", "--decisions", tmp_path / "a"
    )  # Kuhn has no names
    for more in (TINY, (*TINY, "agent.checkpoint=trained")):  # a trainer that is named trains
        directory = tmp_path / f"b{len(more)}"
        assert timebank(monkeypatch, "ablate", *given, *more, f"hydra.run.dir={directory}") == 0
        assert (directory / "training/policy.safetensors").is_file()
    monkeypatch.chdir(tmp_path)
    error = refused(monkeypatch, capsys, "ablate", "game=leduc_poker", "agent.checkpoint=kuhn")
    assert "agent.checkpoint must be for game leduc_poker, got one for kuhn_poker in " in error
    assert error.endswith(" (it is for kuhn_poker)\n")
    error = refused(monkeypatch, capsys, "ablate", "game=kuhn_poker", "agent=tabular", "agent.think=true", "agent.values=kuhn")
    assert "agent.values: checkpoint must have kind 'values', got 'policy' in " in error
    assert "(with the package come kuhn)" in refused(monkeypatch, capsys, "ablate", "game=kuhn_poker", "agent.checkpoint=nothing")
    assert "must name a network's checkpoint" in refused(
        monkeypatch, capsys, "play", "game=kuhn_poker", "agent=network", "agent.checkpoint=trained"
    )


def test_a_run_whose_network_plays_something_else_today_is_refused(monkeypatch, tmp_path, release):
    run = tmp_path / "run"
    assert timebank(monkeypatch, "train", "game=kuhn_poker", *TINY, f"hydra.run.dir={run}") == 0
    result = result_of(run)
    result["network_exploitability"]["value"] *= 1.01
    (run / "result.json").write_text(json.dumps(result))
    assert "chips exploitable as its run says, got " in refusal(release, run, "kuhn")
    assert not list((tmp_path / "released").iterdir())


@compiled
@pytest.mark.long
def test_a_network_of_rivers_is_released_with_its_errors(monkeypatch, tmp_path, release):
    run, decisions = tmp_path / "run", tmp_path / "decisions.json"
    assert timebank(monkeypatch, "train", *STARTS, f"hydra.run.dir={run}") == 0
    (run / "labels/seconds.json").unlink()  # as older versions left a run
    told = {"title": "Turns", "command": "c", "columns": ["below the turn", "loss"], "rows": [["a network", "1.5"]], "note": "A note."}
    decisions.write_text(json.dumps(told | {"network": "another"}))
    assert "decisions must be those of this network" in refusal(release, run, "river", "--decisions", decisions)
    digest = load_tensors(run / "values.safetensors", "start values")[1]["digest"]
    decisions.write_text(json.dumps(told | {"network": digest}))
    release(run, "river", "--decisions", decisions)
    record, result = record_of("river"), result_of(run)
    errors = record["measured"]["errors"]
    np.testing.assert_allclose(errors["checked_down"], result["checked_down"], rtol=1e-6)
    np.testing.assert_allclose(errors["floor"], result["floor"], rtol=1e-6)
    np.testing.assert_allclose(errors["network"], [result["history"][-1][source] for source in result["sources"]], atol=2e-3)
    assert sum(row["states"] for row in record["measured"]["by_behind"]) == sum(record["measured"]["states"]) == 6
    assert record["measured"]["labelling"]["timed"] == 0
    assert record["measured"]["labelling"]["each_seconds"] > 0
    card = (tmp_path / "released/river.md").read_text()
    assert "256 of 256 labels at " in card
    assert "| a network | 1.5 |" in card
    assert len(record["measured"]["worst"]) == 5
    network, about = load_start_values("river")
    assert network.config.hidden == 4
    assert about["most_behind"] == 60
    assert about["released_from"] == digest
    release("--cards")
    assert (tmp_path / "released/river.md").read_text() == card


@compiled
@pytest.mark.long
def test_values_of_a_small_deck_are_released(tmp_path):
    run = StreetValuesRun(GAME, SHORT)
    path = train(run, tmp_path)
    released = release_streets(path, tmp_path, GAME)
    assert released.change["value"] <= 1e-3
    assert released.change["states"] > 0
    save_tensors(tmp_path / "half.safetensors", released.tensors, released.header, released.kind)
    limit = load_street_values(tmp_path / "half.safetensors", GAME, represent(GAME).tree)
    one, other = limit.leaves._layers[0][0], run.leaves[END]._layers[0][0]
    assert one.dtype == np.float32
    np.testing.assert_allclose(one, other, atol=1e-3)
    with pytest.raises(ValueError, match="got a released one"):
        release_streets(tmp_path / "half.safetensors", tmp_path, GAME)
