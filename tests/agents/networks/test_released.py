"""Networks that come with the package: half precision, what is refused, and cards that say what their runs' files say."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agents.apps.fitting import fitting
from agents.networks import CheckpointError, load_policy, load_tensors, save_policy, save_tensors
from agents.networks.half import halved
from agents.networks.residual import residual_layers
from agents.networks.start_values import (
    START_VALUES,
    StartNetworkConfig,
    load_start_values,
    make_start_network,
    require_start,
    save_start_values,
)
from agents.reporting.card import card_text, page_text
from agents.reporting.card_decisions import check_decisions, decisions_of
from agents.runtime import released
from agents.runtime.released import CARD, FOLDER, RECORD, WEIGHTS, is_released, network_file, record_of, released_for, released_names
from agents.training.start_labels import MENUS
from agents.training.start_values import trained_for
from games.game import find_decision
from games.holdem.config import Spot
from games.holdem.subgame import subgame_of
from tests.catalogue import KUHN
from tests.learners import infostates_of, make_policy, same
from tests.running import ROOT
from tests.spots import GAME

MOST_BYTES = 16 * 10**6


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """A folder of released networks of its own."""
    monkeypatch.setattr(released, "FOLDER", tmp_path)
    return tmp_path


def written(folder, name="small_river", **about):
    """Write a network of rivers in half precision; return it as it was."""
    network = make_start_network(StartNetworkConfig(hidden=8, layers=2, buckets=4), 0)
    save_start_values(folder / "whole.safetensors", network, trained_for("river") | {"purpose": "a test"} | about)
    tensors, header = load_tensors(folder / "whole.safetensors", START_VALUES)
    (folder / "whole.safetensors").unlink()
    save_tensors(folder / f"{name}.safetensors", {key: array.astype(np.float16) for key, array in tensors.items()}, header, START_VALUES)
    return network


def test_weights_in_half_precision_change_outputs_by_no_more_than_is_allowed():
    tensors = {"a": np.array([1.0, 1e-3, 3.0003], np.float32)}
    halves, by = halved(tensors, lambda rounded: float(np.abs(rounded["a"] - tensors["a"]).max()))
    assert halves["a"].dtype == np.float16
    assert by == pytest.approx(3.0003 - 3.0, rel=1e-3)
    with pytest.raises(ValueError, match=r"outputs must change by at most 0\.001 in half precision, got 0\.0012"):
        halved(tensors, lambda rounded: 0.0012)
    with pytest.raises(ValueError, match=r"outputs must change by at most 0\.001 in half precision, got nan"):
        halved(tensors, lambda rounded: float("nan"))
    with pytest.raises(ValueError, match="weights must be at most 65,504 in half precision, got larger ones in a"):
        halved({"a": np.array([1e5], np.float32)}, lambda rounded: 0.0)


def test_what_changes_outputs_most_stays_in_single_precision():
    tensors = {"a": np.array([3.0003], np.float32), "b": np.array([1.0], np.float32), "c": np.array([5.0011], np.float32)}

    def change(rounded):
        return sum(float(np.abs(rounded[name] - tensors[name]).max()) for name in tensors)

    halves, by = halved(tensors, change, spare=True)
    assert {name for name, array in halves.items() if array.dtype == np.float32} == {"c"}
    assert by == change({name: array.astype(np.float32) for name, array in halves.items()}) <= 1e-3
    with pytest.raises(ValueError, match="outputs must change by at most"):
        halved(tensors, change)


def test_a_network_is_loaded_by_its_name_in_single_precision(folder, monkeypatch):
    network = written(folder)
    again, about = load_start_values("small_river")
    assert about["street"] == "river"
    for one, other in zip(again.parameters(), network.parameters(), strict=True):
        np.testing.assert_array_equal(one.detach().numpy(), other.detach().numpy().astype(np.float16).astype(np.float32))
    assert residual_layers(again).layers[0][0].dtype == np.float32
    assert is_released("small_river")
    assert released_names() == ("small_river",)
    monkeypatch.chdir(folder)
    assert network_file("./small_river") == Path("small_river")  # a file of the user's
    for name in ("no_such", "../small_river", "small_river.safetensors", ""):
        assert not is_released(name)


def test_a_policy_in_half_precision_is_loaded(tmp_path):
    policy = make_policy(KUHN)
    save_policy(tmp_path / "policy", policy, {"purpose": "kuhn_poker"})
    tensors, header = load_tensors(tmp_path / "policy", "policy")
    save_tensors(tmp_path / "policy", {key: array.astype(np.float16) for key, array in tensors.items()}, header, "policy")
    found = load_policy(tmp_path / "policy", infostates_of(KUHN))
    assert not same(found.networks, policy.networks)
    for p in (0, 1):
        for one, other in zip(found.tables(p), policy.tables(p), strict=True):
            np.testing.assert_allclose(one, other, atol=2e-3)
    with pytest.raises(CheckpointError, match=r"must be for game leduc_poker, got one for kuhn_poker in .* \(it is for kuhn_"):
        load_policy(tmp_path / "policy", infostates_of("leduc_poker"))
    with pytest.raises(CheckpointError, match=r"kind 'start values', got 'policy' in .* \(it is for kuhn_poker\)"):
        load_start_values(tmp_path / "policy")
    save_tensors(tmp_path / "policy", tensors, header | {"encoding": 7}, "policy")
    with pytest.raises(CheckpointError, match="must have encoding 1, got 7"):
        load_policy(tmp_path / "policy", infostates_of(KUHN))


def test_a_network_of_a_street_is_refused_where_it_was_not_trained_for(folder):
    written(folder)
    about = load_start_values("small_river")[1]
    (river,), near = MENUS[5]
    betting = {"menus": (river,), "add_allin": near, "pot": 100, "behind": 500}

    def spot(**changed):
        given = betting | changed
        game = Spot(board="Ks8h3d2c9c", pot=given["pot"], stack=given["behind"], ranges=["full", "full"]).build()
        return replace(game, betting=replace(game.betting, menus=given["menus"], add_allin=given["add_allin"]))

    require_start(about, "river", spot(), "small_river")
    require_start({"street": "river"}, "river", spot(add_allin=1.0), "older")  # says no more
    for given, error in (
        ({"add_allin": 2.0}, "checkpoint must be for the sizes "),
        ({"menus": (MENUS[4][0][1],)}, "checkpoint must be for the sizes "),
        ({"behind": 7000}, "checkpoint must be for 70 pots behind, got one for up to 60"),
    ):
        with pytest.raises(CheckpointError, match=rf"^{error}.* \(it is for a test\)$"):
            require_start(about, "river", spot(**given), "small_river")
    with pytest.raises(CheckpointError, match="checkpoint must be for turns, got one for rivers in small_river"):
        require_start(about, "turn", spot(), "small_river")


def test_the_river_of_a_turn_has_its_own_sizes():
    line = "raise 300 / call / 2c7d9h / check / check / Jd"
    state = find_decision(GAME, line, "line")
    (river,), near = MENUS[5]
    rules = replace(GAME, betting=replace(GAME.betting, add_allin=near))
    full = np.ones(len(GAME.hands))
    turn = subgame_of(rules, state, (full, full), ((MENUS[4][0][0]), river))
    require_start(trained_for("river"), "river", turn, "x")
    with pytest.raises(CheckpointError, match="sizes"):
        require_start(trained_for("turn"), "turn", turn, "x")


def test_a_games_network_is_the_first_that_fits(folder):
    written(folder, "b_river")
    written(folder, "a_river")
    for name, game, kind in (("b_river", "leduc_poker", "policy"), ("a_river", "leduc_poker", "values")):
        (folder / f"{name}{RECORD}").write_text(json.dumps({"kind": kind, "game": game}))
    assert released_for("leduc_poker", "policy") == "b_river"
    assert released_for("leduc_poker", "start values") is None
    assert released_for("kuhn_poker", "policy") is None


@pytest.mark.parametrize(
    ("command", "given", "added"),
    [
        ("ablate", [], ["agent.checkpoint=a_policy", "agent.solve_from=turn", "agent.gadget=refined", "budgets=[0,0.01]"]),
        ("ablate", ["budgets=[0,1]"], ["agent.checkpoint=a_policy", "agent.solve_from=turn", "agent.gadget=refined"]),
        ("ablate", ["agent.solve_from=flop"], ["agent.checkpoint=a_policy"]),
        ("ablate", ["agent=network"], ["agent.checkpoint=a_policy"]),
        ("ablate", ["+lines.turn={solve_from: turn}"], ["agent.checkpoint=a_policy"]),
        ("ablate", ["agent=street"], []),
        ("ablate", ["agent.policy=uniform"], []),
        ("ablate", ["agent.checkpoint=trained"], []),
        ("ablate", ["trainer.iterations=3"], []),
        ("ablate", ["trainer=deep_cfr_small"], []),
        ("ablate", ["game.stack=100"], []),
        ("ablate", ["experiment=ms3_search"], []),
        ("match", ["agent@agents.b=network", "agent@agents.a=tabular"], ["agents.b.checkpoint=a_policy"]),
        ("match", ["agent@agents.b=network", "agents.b.checkpoint=x"], []),
        ("play", ["agent=network"], ["agent.checkpoint=a_policy"]),
        ("play", [], []),
        ("solve", [], []),
        ("train", [], []),
    ],
)
def test_commands_take_a_games_policy_where_no_other_and_no_training_is_named(folder, command, given, added):
    written(folder, "a_policy")
    (folder / f"a_policy{RECORD}").write_text(json.dumps({"kind": "policy", "game": "ms3f1t1r1h5", "big_blind": 2}))
    assert fitting(command, ["game=ms3f1t1r1h5", *given]) == added
    assert fitting(command, ["game=kuhn_poker", *given]) == []


DECISIONS = {"network": "x", "title": "Turns", "command": "c", "columns": ["a", "b"], "rows": [["1", "2"]], "note": "n"}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"more": 1}, "decisions must be a mapping of network, title"),
        ({"rows": [["1"]]}, "decisions must have columns, and rows of as many texts"),
        ({"rows": [[1, 2]]}, "decisions must have columns"),
        ({"columns": "ab"}, "decisions must have columns"),
        ({"note": 3}, "decisions must have a network's digest"),
    ],
)
def test_decisions_of_another_form_are_refused(change, error):
    assert check_decisions(DECISIONS) is DECISIONS
    with pytest.raises(ValueError, match=error):
        check_decisions(DECISIONS | change)


def row(line, iterations, strength, **more):
    exploitability = {"value": strength / 500, "mbb_per_game": strength, "exact": True}
    spent = {"thinking_iterations": iterations, "thinking_seconds": None if iterations else 0, "spent_seconds": 1e-4 * (iterations or 0)}
    return {"line": line, "exploitability": exploitability} | spent | more


def test_decisions_are_those_of_an_ablation_of_the_network():
    rows = [row("network alone", None, 232.66), row("turn", 50, 60.0), row("turn", 200, 32.6), row("flop", 200, 16.1)]
    result = {"rows": rows, "blueprints": [{"name": "network:12345678"}], "version": {"git": "abcdef0123"}, "machine": {"cpu": "a CPU"}}
    found = check_decisions(decisions_of(result, ["game=x", "unit=iterations"], "12345678ff"))
    assert found["title"] == "Exploitability with thinking on top, mbb/g"
    assert found["command"] == "timebank ablate game=x unit=iterations"
    assert found["columns"] == ["agent", "no thinking", "50 iterations", "200 iterations"]
    assert found["rows"] == [
        ["network alone", "232.7", "-", "-"], ["turn", "-", "60 (5 ms)", "32.6 (20 ms)"], ["flop", "-", "-", "16.1 (20 ms)"],
    ]  # fmt: skip
    for other, digest in ((result, "99"), (result | {"rows": []}, "12345678ff"), ({}, "12345678ff")):
        with pytest.raises(ValueError, match="decisions must be of an ablation of network:"):
            decisions_of(other, [], digest)


# What the package has.


def test_every_network_has_its_three_files_and_fits():
    names = {path.stem for path in FOLDER.glob("*")}
    assert {path.name for path in FOLDER.glob("*")} == {f"{name}{ending}" for name in names for ending in (WEIGHTS, RECORD, CARD)}
    assert sum(path.stat().st_size for path in FOLDER.glob(f"*{WEIGHTS}")) <= MOST_BYTES


@pytest.mark.parametrize("name", released_names())
def test_cards_are_what_their_runs_files_say(name):
    record = record_of(name)
    assert (FOLDER / f"{name}{CARD}").read_text() == card_text(record)
    tensors, header = load_tensors(name, record["kind"])
    assert [key for key in sorted(tensors) if tensors[key].dtype != np.float16] == record["file"]["single"]
    assert (header["name"], header["purpose"], header["network"]) == (name, record["purpose"], record["network"])
    assert (header["digest"], header["released_from"]) == (record["file"]["digest"], record["file"]["released_from"])
    assert record["file"]["bytes"] == (FOLDER / f"{name}{WEIGHTS}").stat().st_size
    assert record["file"]["parameters"] == sum(array.size for array in tensors.values())
    assert record["file"]["change"]["value"] <= 1e-3
    assert record["run"]["status"] == "complete"
    assert header["trainer"] == record["run"]["trainer"]["name"]
    assert "/" not in "".join(record["overrides"])  # no path of somebody's machine


def test_the_page_has_all_cards():
    assert (ROOT / "docs/reference/networks.md").read_text() == page_text([record_of(name) for name in released_names()])
