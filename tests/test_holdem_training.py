"""Deep CFR on hold'em: its networks, checkpoints, resuming, the blueprint it becomes, and search from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from agents import tabulate
from agents.network_blueprint import make_network_blueprint
from agents.networks import CheckpointError
from agents.networks.holdem_checkpoint import load_holdem_policy, save_holdem_policy
from agents.networks.holdem_features import encode_holdem
from agents.networks.holdem_policy import HoldemNetworkConfig, HoldemPolicy, make_holdem_network, matched
from agents.search_agent import SearchAgent
from agents.training import FitConfig, HoldemDeepCFR, HoldemDeepCFRConfig, carry_on, open_run
from agents.training.holdem_deep_cfr import uniform_tables
from agents.training.state import fill_run, save_state
from games.holdem.board_tree import board_tree
from search import Budget, variant
from search.boards.regrets import BoardRegrets
from search.boards.strategy import BoardStrategy
from search.resolving import ResolveConfig
from tests.running import result_of, timebank
from tests.test_holdem import UNEVEN, small

GAME = small([0, 1, 1], ranges=UNEVEN)
TREE = board_tree(GAME)
ENCODING = encode_holdem(GAME, TREE)
SIZE = HoldemNetworkConfig(hidden=16, layers=2, embedding=8, bets=16)
COMMAND = [
    "game=ms2f1t1h5", "game.ranks=QKA", "game.suits=cdh", "trainer.iterations=3", "trainer.evaluate_from=1", "trainer.network.hidden=16",
    "trainer.advantage.steps=5", "trainer.policy.steps=20",
]  # fmt: skip


def config(**more):
    fits = {"advantage": FitConfig(steps=10, learning_rate=0.01), "policy": FitConfig(steps=60, learning_rate=0.01, final_rate=0.01)}
    return HoldemDeepCFRConfig(**{"iterations": 6, "network": SIZE, "batch_size": 64, "evaluate_from": 2, **fits, **more})


def run(**more):
    return HoldemDeepCFR(GAME, TREE, config(**more), ENCODING)


def stepped(iterations, **more):
    found = run(**more)
    for _ in range(iterations):
        found.step()
    return found


def weights(networks):
    return [parameter.detach().numpy().copy() for network in networks for parameter in network.parameters()]


def test_a_network_starts_from_its_seed_and_leaves_torchs_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    networks = [make_holdem_network(SIZE, ENCODING, seed) for seed in (0, 0, 1)]
    assert torch.rand(1) == expected
    same, again, other = (weights([network]) for network in networks)
    assert all(np.array_equal(a, b) for a, b in zip(same, again, strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(same, other, strict=True))


def test_what_networks_play_sums_to_one_at_every_infostate():
    networks = (make_holdem_network(SIZE, ENCODING, 0), make_holdem_network(SIZE, ENCODING, 1))
    policy = HoldemPolicy(ENCODING, networks)
    for p in (0, 1):
        for tables in (policy.tables(p), matched(networks[p], ENCODING, p), uniform_tables(ENCODING, p)):
            for table, street in zip(tables, ENCODING.streets[p], strict=True):
                assert (table >= 0).all()
                np.testing.assert_allclose(np.add.reduceat(table, street.first_row[:-1], axis=1), 1, rtol=1e-5)
    with torch.no_grad():
        networks[1].last.bias[0] = np.nan
    with pytest.raises(ValueError, match="network must give finite outputs, got NaN or infinity for player 1"):
        policy.tables(1)


def test_a_networks_rows_are_its_tables_at_boards_and_hands():
    policy = HoldemPolicy(ENCODING, (make_holdem_network(SIZE, ENCODING, 0), make_holdem_network(SIZE, ENCODING, 1)))
    strategy = BoardStrategy(GAME, TREE, (policy.rows(0), policy.rows(1)))
    board = len(TREE.cards) - 1
    for p in (0, 1):
        street, table = ENCODING.streets[p][2], policy.tables(p)[2]
        first, decisions = street.first_row, len(street.first_row) - 1
        node = int(TREE.decisions[p][-decisions])
        hands = TREE.hands_at(p, board)
        classes = street.classes[street.classes >= 0][-len(hands) :]
        np.testing.assert_allclose(strategy.at(node, TREE.cards[board])[:, hands], table[classes, first[0] : first[1]].T, rtol=1e-5)


def test_training_lowers_exploitability_and_is_the_same_for_the_same_seed():
    one, two, other = stepped(6), stepped(6), stepped(1, seed=1)
    uniform = (uniform_tables(ENCODING, 0), uniform_tables(ENCODING, 1))
    assert one.evaluate().exploitability < 0.5 * BoardRegrets(GAME, TREE, ENCODING.buckets).exploitability(uniform)
    assert one.evaluate().exploitability == two.evaluate().exploitability
    assert all(np.array_equal(a, b) for a, b in zip(weights(one.policy().networks), weights(two.policy().networks), strict=True))
    assert not np.array_equal(weights(one.advantages)[0], weights(other.advantages)[0])
    assert one.describe()["samples"] == 6 * ENCODING.infostates


def test_measuring_changes_nothing():
    measured, plain = run(), run()
    for _ in range(3):
        measured.step()
        measured.evaluate()
        plain.step()
    assert all(np.array_equal(a, b) for a, b in zip(weights(measured.advantages), weights(plain.advantages), strict=True))
    assert measured.multiply_adds == plain.multiply_adds


def test_a_resumed_run_has_the_same_bits(tmp_path):
    whole = stepped(4)
    save_state(stepped(2), tmp_path)
    resumed = run()
    fill_run(resumed, tmp_path)
    assert resumed.iteration == 2
    resumed.step()
    resumed.step()
    assert all(np.array_equal(a, b) for a, b in zip(weights(whole.advantages), weights(resumed.advantages), strict=True))
    assert whole.evaluate().exploitability == resumed.evaluate().exploitability


def test_another_run_is_not_resumed(tmp_path):
    save_state(stepped(1), tmp_path)
    with pytest.raises(CheckpointError, match=r"trainer\.seed must be 0"):
        open_run(run(seed=1), tmp_path)
    other = small([0, 1], ranges=UNEVEN)
    with pytest.raises(CheckpointError, match="checkpoint must be for game"):
        open_run(HoldemDeepCFR(other, board_tree(other), config()), tmp_path)


def test_a_run_in_a_directory_leaves_a_policy_that_is_loaded_the_next_time(tmp_path):
    trained = carry_on(open_run(run(iterations=3), tmp_path), tmp_path)
    assert [row.iteration for row in trained.history] == [2, 3]
    written = (tmp_path / "policy.safetensors").stat().st_mtime_ns
    again = carry_on(open_run(run(iterations=3), tmp_path), tmp_path)
    assert (tmp_path / "policy.safetensors").stat().st_mtime_ns == written
    assert all(np.array_equal(a, b) for a, b in zip(weights(trained.policy.networks), weights(again.policy.networks), strict=True))
    assert carry_on(open_run(run(iterations=4), tmp_path), tmp_path).history[-1].iteration == 4
    assert (tmp_path / "policy.safetensors").stat().st_mtime_ns != written


def test_a_checkpoint_of_another_game_or_with_nan_is_refused(tmp_path):
    policy = stepped(1).policy()
    save_holdem_policy(tmp_path / "a", policy)
    np.testing.assert_array_equal(load_holdem_policy(tmp_path / "a", ENCODING).rows(0), policy.rows(0))
    other = small([0, 1, 1])
    with pytest.raises(CheckpointError, match="checkpoint must be for game"):
        load_holdem_policy(tmp_path / "a", encode_holdem(other, board_tree(other)))
    with torch.no_grad():
        policy.networks[0].first.weight[0, 0] = np.nan
    save_holdem_policy(tmp_path / "b", policy)
    with pytest.raises(CheckpointError, match=r"tensor policy\.0\.first\.weight must be finite"):
        load_holdem_policy(tmp_path / "b", ENCODING)


def test_search_from_a_networks_blueprint_improves_it(tmp_path):
    own = stepped(6)
    own.evaluate()
    own.save_policy(tmp_path / "policy")
    blueprint, history = make_network_blueprint(GAME, tmp_path / "policy", tmp_path / "blueprint")
    assert blueprint.size == sum(w.size for w in weights(own.policy().networks))
    assert blueprint.exploitability == pytest.approx(own.history[-1].exploitability, rel=1e-5)
    assert 0 < blueprint.row()["writing_seconds"] < 600
    assert blueprint.written().startswith("; asked at every infostate in ")
    assert [row["iteration"] for row in history] == [6]
    again, _ = make_network_blueprint(GAME, tmp_path / "policy", tmp_path / "blueprint")
    assert again == blueprint
    searched = SearchAgent(blueprint, variant("default_holdem"), "flop", ResolveConfig("maxmargin"))
    reports = [tabulate(searched, seat, Budget(iterations=100)) for seat in (0, 1)]
    assert sum(r.opponent_best_response for r in reports) / 2 < 0.9 * blueprint.exploitability
    own.step()
    own.evaluate()
    own.save_policy(tmp_path / "policy")
    with pytest.raises(ValueError, match="must be the one asked for"):
        make_network_blueprint(GAME, tmp_path / "policy", tmp_path / "blueprint")


def test_bad_settings_are_refused_by_name():
    for key, bad in (
        ("iterations", 0),
        ("batch_size", 0),
        ("seed", -1),
        ("evaluate_from", 0),
        ("save_seconds", -1),
        ("evaluate_growth", 1),
    ):
        with pytest.raises(ValueError, match=rf"trainer\.{key} must be"):
            replace(config(), **{key: bad})
    with pytest.raises(ValueError, match=r"network\.bets must be at least 1, got 0"):
        HoldemNetworkConfig(bets=0)


def test_train_and_ablate_on_holdem(monkeypatch, tmp_path, capsys):
    assert timebank(monkeypatch, "train", *COMMAND, f"hydra.run.dir={tmp_path / 'a'}") == 0
    result = result_of(tmp_path / "a")
    assert [row["iteration"] for row in result["history"]] == [1, 2, 3]
    assert result["network_exploitability"]["mbb_per_game"] == pytest.approx(500 * result["history"][-1]["exploitability"])
    assert "mbb/g" in capsys.readouterr().out
    more = [*COMMAND[:3], "agent=search", "agent.solve_from=turn", "executor=serial", "unit=iterations", "budgets=[0,20]"]
    checkpoint = f"agent.checkpoint={tmp_path / 'a' / 'policy.safetensors'}"
    assert timebank(monkeypatch, "ablate", *more, checkpoint, f"hydra.run.dir={tmp_path / 'b'}") == 0
    result = result_of(tmp_path / "b")
    alone, turn = result["rows"]
    assert alone["exploitability"]["value"] == pytest.approx(result["history"][-1]["exploitability"], rel=1e-5)
    assert turn["exploitability"]["value"] < alone["exploitability"]["value"]
    assert alone["train_compute"] == {"value": result["history"][-1]["compute"], "unit": "multiply-adds"}


REFUSED = {
    "trainer=deep_cfr": "trainer must be holdem_deep_cfr on hold'em",
    "agent=uniform": "agent.policy must be tabular or network on hold'em, got 'uniform'",
    "agent.checkpoint=/nowhere": "agent.checkpoint must be a checkpoint file, got /nowhere",
    "agent.buckets=[0,5,5]": "agent.buckets must be left out but for a tabular policy",
}


@pytest.mark.parametrize("override", REFUSED)
def test_ablate_refuses_what_no_network_can_be_made_of(monkeypatch, tmp_path, capsys, override):
    assert timebank(monkeypatch, "ablate", *COMMAND[:3], "agent=network", override, f"hydra.run.dir={tmp_path / 'a'}") == 2
    assert REFUSED[override] in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


def test_trainers_are_refused_for_games_that_they_do_not_know(monkeypatch, capsys):
    assert timebank(monkeypatch, "train", "game=kuhn_poker", "trainer=holdem_deep_cfr") == 2
    assert "trainer must be deep_cfr or deep_cfr_small" in capsys.readouterr().err
