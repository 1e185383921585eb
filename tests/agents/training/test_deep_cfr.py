"""Deep CFR on both families of games: the algorithm, its settings, search from what it learns, and its commands on hold'em."""

import math

import numpy as np
import pytest
import torch

from agents import tabulate
from agents.networks import NetworkConfig
from agents.networks.blueprint import make_network_blueprint
from agents.search_agent import SearchAgent
from agents.training import POLICY_FILE, DeepCFR, DeepCFRConfig, FitConfig
from search import Budget, variant
from search.infostates import uniform_tables
from search.resolving import ResolveConfig
from tests.catalogue import DICE, KUHN
from tests.learners import BOTH, EVERY, HOLDEM, assert_same, infostates_of, make_run, same, stepped, weights
from tests.running import result_of, timebank

both = pytest.mark.parametrize("name", BOTH)


@pytest.mark.long
@pytest.mark.parametrize("name", EVERY)
def test_self_play_strategies_are_probabilities(name):
    run = make_run(name)
    for _ in range(2):
        run.step()
        for p in (0, 1):
            for tables in (run.played(p), run.policy().tables(p)):
                for table, part in zip(tables, run.infostates.blocks[p], strict=True):
                    assert (table >= 0).all()
                    np.testing.assert_allclose(np.add.reduceat(table, part.first_row[:-1], axis=1), 1, rtol=1e-5)


def test_without_a_positive_advantage_the_highest_is_played():
    run = stepped(KUHN, 1)
    with torch.no_grad():
        run.advantages[0].last.weight.zero_()
        run.advantages[0].hands.weight.zero_()
        run.advantages[0].hands.bias.fill_(1.0)
        run.advantages[0].last.bias.copy_(torch.tensor([-2.0] * 4 + [-1.0] * 4))
    np.testing.assert_array_equal(run.played(0)[0], np.tile([0.0, 1.0], (3, 2)))


LEARNS = {  # exploitability after 64 iterations, in chips; of hold'em after 6, as a share of uniform play's
    (KUHN, None): 0.02, (KUHN, "private"): 0.05, (DICE, None): 0.1, (HOLDEM, None): 0.5,
}  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize(("name", "deep"), [pytest.param(*case, marks=pytest.mark.slow if DICE in case else ()) for case in LEARNS])
def test_small_games_are_learnt(name, deep):
    fits = {"advantage": FitConfig(steps=20, learning_rate=0.01), "policy": FitConfig(steps=300, learning_rate=0.01, final_rate=0.01)}
    run = stepped(name, 6 if name == HOLDEM else 64, network=NetworkConfig(hidden=64, deep=deep), batch_size=64 * (name == HOLDEM), **fits)
    uniform = uniform_tables(run.infostates, 0), uniform_tables(run.infostates, 1)
    scale = run.infostates.exploitability(uniform) if name == HOLDEM else 1
    assert run.evaluate().exploitability < LEARNS[name, deep] * scale


@pytest.mark.long
def test_minibatches_of_samples_learn_too():
    run = stepped(KUHN, 48, batch_size=64, policy=FitConfig(steps=300, learning_rate=0.01, final_rate=0.01))
    assert run.evaluate().exploitability < 0.1


@pytest.mark.long
@both
def test_asking_for_policies_changes_nothing(name):
    asked, plain = make_run(name, batch_size=8), make_run(name, batch_size=8)
    for _ in range(4):
        asked.step()
        asked.evaluate()
        plain.step()
    assert_same(asked, plain)
    assert asked.multiply_adds == plain.multiply_adds
    assert [row.iteration for row in asked.history] == [1, 2, 3, 4]


@both
def test_the_seed_decides(name):
    one, again, other = (stepped(name, 1, seed=seed) for seed in (1, 1, 2))
    assert_same(one, again)
    assert one.evaluate().exploitability == again.evaluate().exploitability
    assert not same(one.advantages, other.advantages)


def test_compute_counts_both_trainings():
    run = stepped(KUHN, 2)
    forward = run.advantages[0].multiply_adds(2, 3)
    assert run.multiply_adds == 2 * 2 * 3 * 10 * forward
    assert run.evaluate().multiply_adds == run.multiply_adds + 2 * 3 * 20 * forward


def test_a_policy_needs_an_iteration():
    with pytest.raises(ValueError, match="at least 1 iteration"):
        make_run(KUHN).policy()


BAD = {
    "trainer.iterations must be at least 1, got 0": {"iterations": 0},
    "trainer.evaluate_growth must be above 1, got 1.0": {"evaluate_growth": 1.0},
    "trainer.batch_size must be at least 0, got -1": {"batch_size": -1},
    "trainer.seed must be at least 0, got -1": {"seed": -1},
    "trainer.evaluate_from must be at least 1, got 0": {"evaluate_from": 0},
    "trainer.save_seconds must be at least 0 seconds, got -1": {"save_seconds": -1},
}


@pytest.mark.parametrize("message", BAD)
def test_bad_numbers_are_refused(message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        DeepCFRConfig(**BAD[message])


@pytest.mark.parametrize(
    ("key", "bad", "message"),
    [
        ("learning_rate", math.nan, "learning_rate must be a finite number, got nan"),
        ("steps", 0, "steps must be at least 1, got 0"),
        ("final_rate", 2.0, "final_rate must be at most 1, got 2.0"),
    ],
)
def test_bad_numbers_of_a_fit_are_refused(key, bad, message):
    with pytest.raises(ValueError, match=message):
        FitConfig(**{key: bad})


def test_a_fit_needs_its_numbers():
    with pytest.raises(ValueError, match="steps, learning_rate and final_rate must be given, got "):
        FitConfig(steps=3).rates()


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        (
            HOLDEM,
            {"network": NetworkConfig(deep="public")},
            r"trainer.network.deep must be private where bets .*, got public",
        ),
        (HOLDEM, {"capacity": 1000}, r"trainer.capacity must be left out where the private side has the trunk: all is kept, got 1,000"),
        (KUHN, {"network": NetworkConfig(bets=8)}, r"trainer.network.bets must be left out where the public side has the trunk, got 8"),
    ],
)
def test_settings_that_do_not_fit_the_game_are_refused(name, changes, message):
    with pytest.raises(ValueError, match=message):
        DeepCFR(infostates_of(name), DeepCFRConfig(**changes))


def test_defaults_are_given_by_the_game():
    derived, holdem = (DeepCFR(infostates_of(name)).config for name in BOTH)
    assert (derived.iterations, derived.network.layers, derived.advantage.steps, derived.policy.learning_rate) == (256, 2, 60, 0.01)
    assert (holdem.iterations, holdem.network.layers, holdem.advantage.steps, holdem.policy.learning_rate) == (128, 3, 20, 0.003)
    given = DeepCFR(infostates_of(HOLDEM), DeepCFRConfig(iterations=3, policy=FitConfig(steps=7))).config
    assert (given.iterations, given.policy.steps, given.policy.learning_rate) == (3, 7, 0.003)


# search from a network


@pytest.mark.long
def test_search_from_a_networks_blueprint_improves_it(tmp_path):
    own = stepped(HOLDEM, 6, policy=FitConfig(steps=60, learning_rate=0.01, final_rate=0.01), batch_size=64)
    own.evaluate()
    own.save_policy(tmp_path / "policy")
    game = own.infostates.game
    blueprint, history = make_network_blueprint(game, tmp_path / "policy", tmp_path / "blueprint")
    assert blueprint.size == sum(w.size for w in weights(own.policy().networks))
    assert blueprint.exploitability == pytest.approx(own.history[-1].exploitability, rel=1e-5)
    assert 0 < blueprint.row()["writing_seconds"] < 600
    assert blueprint.written().startswith("; asked at every infostate in ")
    assert [row["iteration"] for row in history] == [6]
    again, _ = make_network_blueprint(game, tmp_path / "policy", tmp_path / "blueprint")
    assert again == blueprint
    searched = SearchAgent(blueprint, variant("default_holdem"), "flop", ResolveConfig("maxmargin"))
    reports = [tabulate(searched, seat, Budget(iterations=100)) for seat in (0, 1)]
    assert sum(r.opponent_best_response for r in reports) / 2 < 0.9 * blueprint.exploitability
    own.step()
    own.evaluate()
    own.save_policy(tmp_path / "policy")
    with pytest.raises(ValueError, match="must be the one asked for"):
        make_network_blueprint(game, tmp_path / "policy", tmp_path / "blueprint")


# on hold'em by command; tests/agents/apps/test_apps_train_ablate.py has the rest

COMMAND = [
    "game=ms2f1t1h5", "game.ranks=QKA", "game.suits=cdh", "trainer.iterations=3", "trainer.evaluate_from=1", "trainer.network.hidden=16",
    "trainer.advantage.steps=5", "trainer.policy.steps=20",
]  # fmt: skip


@pytest.mark.long
def test_train_and_ablate_on_holdem(monkeypatch, tmp_path, capsys):
    assert timebank(monkeypatch, "train", *COMMAND, f"hydra.run.dir={tmp_path / 'a'}") == 0
    result = result_of(tmp_path / "a")
    assert [row["iteration"] for row in result["history"]] == [1, 2, 3]
    assert result["network_exploitability"]["mbb_per_game"] == pytest.approx(500 * result["history"][-1]["exploitability"])
    assert "mbb/g" in capsys.readouterr().out
    more = [*COMMAND[:3], "agent=search", "agent.solve_from=turn", "executor=serial", "unit=iterations", "budgets=[0,20]"]
    checkpoint = f"agent.checkpoint={tmp_path / 'a' / POLICY_FILE}"
    assert timebank(monkeypatch, "ablate", *more, checkpoint, f"hydra.run.dir={tmp_path / 'b'}") == 0
    result = result_of(tmp_path / "b")
    alone, turn = result["rows"]
    assert alone["exploitability"]["value"] == pytest.approx(result["history"][-1]["exploitability"], rel=1e-5)
    assert turn["exploitability"]["value"] < alone["exploitability"]["value"]
    assert alone["train_compute"] == {"value": result["history"][-1]["compute"], "unit": "multiply-adds"}


REFUSED = {
    "trainer.network.deep=public": "trainer.network.deep must be private where bets differ in size",
    "agent.checkpoint=/nowhere": "agent.checkpoint must be a checkpoint file, got /nowhere",
    "agent.buckets=[0,5,5]": "agent.buckets must be left out but for a tabular policy",
}


@pytest.mark.parametrize("override", REFUSED)
def test_ablate_refuses_what_no_network_can_be_made_of(monkeypatch, tmp_path, capsys, override):
    assert timebank(monkeypatch, "ablate", *COMMAND[:3], "agent=network", override, f"hydra.run.dir={tmp_path / 'a'}") == 2
    assert REFUSED[override] in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


def test_the_older_name_of_the_trainer_of_holdem_is_understood(monkeypatch, tmp_path):
    short = ("trainer.iterations=1", "trainer.advantage.steps=1", "trainer.policy.steps=1")
    assert timebank(monkeypatch, "train", *COMMAND[:3], "trainer=holdem_deep_cfr", *short, f"hydra.run.dir={tmp_path / 'a'}") == 0
    assert [row["iteration"] for row in result_of(tmp_path / "a")["history"]] == [1]
