"""``timebank match values_river=...``: which networks AIVAT's values may be made of, and a match that is valued by one."""

import numpy as np
import pytest

from agents.networks import CheckpointError
from agents.networks.start_values import StartNetworkConfig, make_start_network, save_start_values, start_file
from games.holdem.cards import parse_cards
from search.boards.run_outs import boards_of
from search.boards.street_starts import BegunStreet
from tests.compiling import compiled
from tests.running import refused, result_of, timebank
from tests.spots import GAME

FULL = ("game=heads_up_no_limit", "agents.a.think=false", "executor=serial", "exact=false")


def network(path, street="river", seed=0):
    made = make_start_network(StartNetworkConfig(hidden=4, layers=1, buckets=8), seed)
    with np.errstate(all="ignore"):
        made.last.weight.data += 0.01 * (1 + seed)  # a new one says nothing
    save_start_values(path, made, {"street": street, "menu": "any"})
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("game=leduc_poker", "values_river={river}"), "values_river must be left out but in full no-limit hold'em of any amount"),
        (("game=ms1f1", "agent@agents.a=tabular", "agent@agents.b=tabular", "values_turn={turn}"), "values_turn must be left out but in"),
        (("game=heads_up_no_limit", "values_river=nowhere"), "values_river: checkpoint must be a file, got none at nowhere"),
        (("game=heads_up_no_limit", "values_river={turn}"), "values_river: checkpoint must be of values of the river, got 'turn' in"),
        (("game=heads_up_no_limit", "values_turn={river}"), "values_turn: checkpoint must be of values of the turn, got 'river' in"),
        (("game=heads_up_no_limit", "values=none", "values_river={river}"), "values_river must be left out but for values=blueprint"),
        (("game=heads_up_no_limit", "values_river={text}"), "values_river: checkpoint must be a whole safetensors file"),
    ],
)
def test_networks_that_have_no_use_are_refused(monkeypatch, tmp_path, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    files = {street: network(tmp_path / f"{street}.safetensors", street) for street in ("turn", "river")} | {"text": tmp_path / "text"}
    files["text"].write_text("?")
    line = refused(monkeypatch, capsys, "match", *(argument.format(**files) for argument in arguments), f"hydra.run.dir={tmp_path}/run")
    assert message in line


@compiled
def test_a_file_that_changed_is_refused_where_it_is_loaded(tmp_path):
    path = tmp_path / "river.safetensors"
    file = start_file(network(path), "river")
    start = BegunStreet(400.0, 800.0, (np.ones(1326), np.random.default_rng(0).random(1326)))
    (value,) = file.load(GAME).bets(boards_of(GAME, parse_cards("Ks8h3d2c", "board"), 5)[:1], [start])[0]
    assert value != 0
    assert file.cards == 5
    network(path, seed=1)
    with pytest.raises(CheckpointError, match=f"checkpoint must have digest {file.digest} as before, got"):
        file.load(GAME)


@compiled
@pytest.mark.long
def test_a_match_is_valued_by_a_network_and_keeps_its_hands_for_it_alone(monkeypatch, tmp_path, capsys, caplog):
    river, other = (network(tmp_path / f"{seed}.safetensors", seed=seed) for seed in (0, 1))
    run, files = tmp_path / "run", (f"values_river={river}", f"values_turn={network(tmp_path / 'turn.safetensors', 'turn')}")
    assert timebank(monkeypatch, "match", *FULL, "hands=4", *files, f"hydra.run.dir={run}") == 0
    assert result_of(run)["rows"][0]["best"] == "aivat"
    capsys.readouterr()
    assert timebank(monkeypatch, "match", f"resume={run}", f"values_river={other}") == 2
    assert "values_river must be" in capsys.readouterr().err
    network(tmp_path / "0.safetensors", seed=1)  # the same name, another network
    assert timebank(monkeypatch, "match", f"resume={run}") == 0
    assert "are of other settings" in caplog.text
