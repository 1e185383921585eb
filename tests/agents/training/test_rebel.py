"""ReBeL on small games: what a network sees and says, resumed runs, and searches that get better by training."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.numpy import save

from agents.networks import CheckpointError
from agents.networks.checkpoint import digest_of, network_arrays
from agents.networks.value import NetworkLeaves, ValueConfig, encoding_of, load_values, make_value_network
from agents.training import load_state, save_state, train
from agents.training.rebel import RebelConfig, RebelRun, SelfPlay, States
from agents.training.value_learner import Replay, Rows
from games.derived import derived_game
from search import variant
from search.tree.continuations import Continuation
from search.tree.depth_limit import round_ends
from search.tree.infostates import TreeInfostates
from search.tree.strategy import uniform
from tests.catalogue import DICE, KUHN, LEDUC, case_of
from tests.running import refused, timebank

SHORT = RebelConfig(
    iterations=4, leaves=3, solve_iterations=6, label_iterations=5, steps=3, batch_size=8, evaluate_from=100, evaluate_iterations=4
)


def infostates(game):
    return TreeInfostates(case_of(game).tree)


@pytest.fixture
def leaves():
    seen = infostates(LEDUC)
    encoding = encoding_of(seen, ValueConfig(hidden=16))
    found = NetworkLeaves(make_value_network(ValueConfig(hidden=16), encoding, 0), encoding)
    found.enter(round_ends(seen.tree, 0, dealt=True))
    return found


def drawn(leaves, count=30):
    rng = np.random.default_rng(0)
    return rng.random((count, 6)), rng.random((count, 6))


def test_values_are_zero_sum_and_nothing_for_hands_that_cannot_be_there(leaves):
    reach = drawn(leaves)
    first, second = (leaves.cfvs(p, reach) for p in (0, 1))
    np.testing.assert_allclose((first * reach[0]).sum(axis=1) + (second * reach[1]).sum(axis=1), 0.0, atol=1e-12)
    dead = leaves.states.weights.max(axis=2) == 0
    assert dead.sum() == 30
    assert (first[dead] == 0).all()


def test_cfvs_grow_with_the_other_players_range_alone(leaves):
    """The network sees shares: with a larger range all is met more often, and is worth the same each time."""
    first, second = drawn(leaves)
    np.testing.assert_allclose(leaves.cfvs(0, (7 * first, 3 * second)), 3 * leaves.cfvs(0, (first, second)), atol=1e-9)


def test_an_empty_range_is_met_by_nobody(leaves):
    first, second = drawn(leaves)
    second[4] = 0.0
    values = leaves.cfvs(0, (first, second))
    assert (values[4] == 0).all()
    assert np.isfinite(leaves.cfvs(1, (first, second))).all()


def test_values_that_are_no_numbers_are_refused(leaves):
    leaves._layers[-1][1][:] = np.nan
    with pytest.raises(ValueError, match="network must give finite values, got NaN or infinity"):
        leaves.cfvs(0, drawn(leaves))


def test_the_network_in_numpy_is_the_module(leaves):
    network = make_value_network(ValueConfig(hidden=16), leaves.encoding, 0)
    seen = leaves.states.seen(drawn(leaves), 0.02)
    with torch.inference_mode():
        expected = network(torch.from_numpy(seen)).numpy()
    np.testing.assert_allclose(leaves.values(seen), expected, atol=1e-6)


def test_a_network_corrects_what_hands_are_worth_under_uniform_play():
    config, seen = ValueConfig(hidden=16, tremble=0.0), infostates(LEDUC)
    encoding = encoding_of(seen, config)
    network = make_value_network(config, encoding, 0)
    with torch.no_grad():
        network.layers[-1].weight.zero_()
        network.layers[-1].bias.zero_()
    found, expected, nodes = NetworkLeaves(network, encoding), Continuation(uniform(seen.tree)), round_ends(seen.tree, 0, dealt=True)
    for each in (found, expected):
        each.enter(nodes)
    first, second = drawn(found)
    ranges = first * found.states.live[0], second * found.states.live[1]
    for player in (0, 1):
        np.testing.assert_allclose(found.cfvs(player, ranges), expected.cfvs(player, ranges), atol=1e-6)


@pytest.mark.parametrize(("game", "most"), [(LEDUC, 13.0), (KUHN, 2.0), (DICE, 1.0)])
def test_stakes_are_the_most_that_can_be_won(game, most):
    encoding = encoding_of(infostates(game), ValueConfig())
    assert encoding.stakes[0] == most
    payoffs = derived_game(encoding.tree)
    for node in np.flatnonzero(encoding.tree.player == -4)[:20].tolist():
        assert encoding.stakes[node] == pytest.approx(np.abs(payoffs.payoffs(node)).max())


def test_of_liars_dices_bids_the_last_one_counts_and_players_are_alike():
    seen = infostates(DICE)
    encoding, tree, looks = encoding_of(seen, ValueConfig()), seen.tree, {}
    first, second = np.random.default_rng(0).random((2, 1, encoding.hands[0]))
    for node in np.flatnonzero(tree.player >= 0).tolist():
        ranges = (first, second) if tree.player[node] == 0 else (second, first)
        looks.setdefault(tree.labels[node] if node else "", []).append(encoding.states([node]).seen(ranges).copy())
    for alike in looks.values():
        np.testing.assert_allclose(np.array(alike), [alike[0]] * len(alike), atol=1e-6)
    assert len({alike[0].tobytes() for alike in looks.values()}) == len(looks)


def test_the_oldest_rows_make_room():
    replay = Replay(3, 1, 1)
    for i in range(5):
        replay.add(Rows(np.array([[i]], np.float32), np.array([[i]]), np.ones((1, 1))))
    assert sorted(replay.arrays["features"][:3, 0].tolist()) == [2, 3, 4]
    assert (replay.size, replay.seen) == (3, 5)
    rows = np.array([[5.0], [6.0]], np.float32)
    replay.add(Rows(rows, rows, np.ones((2, 1))))
    assert sorted(replay.arrays["values"][:3, 0].tolist()) == [4, 5, 6]


@pytest.mark.parametrize(("game", "more"), [(LEDUC, {}), (DICE, {"depth": 2, "targets": "bootstrap"})])
def test_a_run_that_was_stopped_goes_on_to_the_same_bits(tmp_path, game, more):
    seen, config = infostates(game), replace(SHORT, **more)
    whole = RebelRun(seen, config)
    for _ in range(4):
        whole.step()
    half = RebelRun(seen, config)
    half.step()
    half.step()
    save_state(half, tmp_path)
    other = RebelRun(seen, config)
    load_state(other, tmp_path)
    other.step()
    other.step()
    for a, b in zip(whole.network.parameters(), other.network.parameters(), strict=True):
        assert torch.equal(a, b)
    assert (whole.learner.replay.seen, whole.learner.loss) == (other.learner.replay.seen, other.learner.loss)


def test_searches_ask_the_mean_of_the_weights_so_far():
    run = RebelRun(infostates(LEDUC), replace(SHORT, averaging=0.75))
    weights = []
    for _ in range(6):
        run.step()
        weights.append([parameter.detach().clone() for parameter in run.network.parameters()])
    for i, mean in enumerate(run.mean.parameters()):
        expected = sum(w[i] for w in weights[:4]) / 4
        for later in weights[4:]:
            expected = 0.75 * expected + 0.25 * later[i]
        np.testing.assert_allclose(mean.detach(), expected, atol=1e-6)
    assert run.leaves.fingerprint() == NetworkLeaves(run.mean, run.encoding).fingerprint()


def test_another_runs_state_or_a_damaged_one_is_refused(tmp_path):
    seen = infostates(LEDUC)
    run = RebelRun(seen, SHORT)
    run.step()
    save_state(run, tmp_path)
    with pytest.raises(CheckpointError, match=r"trainer.steps must be 3 as in .*, got 4"):
        load_state(RebelRun(seen, replace(SHORT, steps=4)), tmp_path)
    with pytest.raises(CheckpointError, match=r"checkpoint must be for game"):
        load_state(RebelRun(infostates(KUHN), replace(SHORT, depth=1)), tmp_path)
    path = tmp_path / "training.safetensors"
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(CheckpointError, match="got a damaged one"):
        load_state(RebelRun(seen, SHORT), tmp_path)


def test_a_state_where_no_two_hands_meet_is_worth_finite_numbers():
    play, only = SelfPlay(infostates(LEDUC), SHORT, variant("default")), np.eye(6)[:1]
    for other in (only, np.eye(6)[1:2]):
        states = States([0], (only, other))
        rows = play._rows(states, play._solved(states))
        assert len(rows.features) == 1
        assert all(np.isfinite(array).all() for array in rows)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"format": 3}, "checkpoint must have format 2, got 3"),
        ({"kind": "policy"}, "checkpoint must have kind 'values', got 'policy'"),
        (
            {"network": {"hidden": 8, "layers": 2, "tremble": 0.02}},
            r"tensor values.layers.0.weight must be float32 \[8, .*, got float32 \[16",
        ),
        ({"network": {"hidden": 16, "layers": 99, "tremble": 0.02}}, "checkpoint must name a valid network"),
        ({"game": "leduc_poker(players=3)"}, r"checkpoint must be for game leduc_poker, got one for leduc_poker\(players=3\)"),
    ],
)
def test_a_value_network_of_another_version_size_or_game_is_refused(tmp_path, leaves, change, error):
    network, path = make_value_network(ValueConfig(hidden=16), leaves.encoding, 0), tmp_path / "values.safetensors"
    about = {"game": "leduc_poker", "network": vars(network.config)} | change
    content = json.dumps(
        about | {"digest": digest_of(tensors := network_arrays({"values": network})), "format": 2, "kind": "values"} | change
    )
    path.write_bytes(save(tensors, {"timebank": content}))
    with pytest.raises(CheckpointError, match=error):
        load_values(path, infostates(LEDUC))


def test_a_loss_that_is_no_number_ends_the_run():
    run = RebelRun(infostates(LEDUC), SHORT)
    run.step()
    run.learner.replay.arrays["values"][:] = np.nan
    with pytest.raises(ValueError, match=r"training loss must be finite, got nan at iteration 2: lower trainer.learning_rate"):
        run.step()


def test_training_makes_the_search_stronger_and_the_network_is_kept(tmp_path):
    seen = infostates(LEDUC)
    config = RebelConfig(iterations=24, steps=40, evaluate_from=1, evaluate_growth=100, evaluate_iterations=60, label_iterations=100)
    run = RebelRun(seen, config)
    path = train(run, tmp_path)
    first, last = run.history
    assert last.exploitability < 0.5 * first.exploitability
    assert load_values(path, seen).fingerprint() == run.leaves.fingerprint()
    with pytest.raises(CheckpointError, match=r"checkpoint must be for game"):
        load_values(path, infostates(KUHN))


def test_it_trains_no_policy_and_the_commands_that_want_one_say_so(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    error = "trainer must be one that trains a policy here, got rebel, which trains values for searches"
    assert error in refused(monkeypatch, capsys, "ablate", "trainer=rebel")
    error = "trainer must be rebel to train values in games derived from OpenSpiel, got deep_cfr"
    assert error in refused(
        monkeypatch, capsys, "ablate", "game=leduc_poker", "agent.policy=uniform", "agent.values=trained", "agent.solve_from=root"
    )


@pytest.mark.parametrize(("command", "key"), [("play", "agent"), ("match", "agents.a")])
def test_only_ablations_train_values(monkeypatch, tmp_path, capsys, command, key):
    monkeypatch.chdir(tmp_path)
    given = [
        f"agent{'' if command == 'play' else '@agents.a'}=search",
        f"{key}.policy=uniform",
        f"{key}.values=trained",
        "budget.iterations=9",
    ]
    more = [] if command == "play" else ["agent@agents.b=uniform"]
    assert f"{key}.values must be continuations or a file" in refused(monkeypatch, capsys, command, "game=leduc_poker", *given, *more)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (["game=leduc_poker", "agent.depth=2"], "agent.depth must be left out without agent.values, got 2"),
        (
            ["game=leduc_poker", "agent.values=none"],
            "agent.values must be continuations or a file that timebank train trainer=rebel wrote, got none",
        ),
        (
            ["game=ms1f1", "agent.policy=tabular", "agent.values=trained"],
            "agent.solve_from must be flop where agent.values ends searches, got 'decision'",
        ),
    ],
)
def test_values_and_depths_that_do_not_fit_are_refused(monkeypatch, tmp_path, capsys, given, error):
    monkeypatch.chdir(tmp_path)
    assert error in refused(monkeypatch, capsys, "ablate", *given)


@pytest.mark.long
@pytest.mark.parametrize(
    ("experiment", "more"),
    [("rebel_leduc", []), ("rebel_liars_dice", ["game.dice_sides=3", "trainer.leaves=4", "trainer.evaluate_from=3"])],
)
def test_the_experiments_train_and_measure(monkeypatch, tmp_path, capsys, experiment, more):
    given = ["trainer.iterations=3", "trainer.steps=3", "trainer.leaves=8", "budgets=[20]", "executor=serial", f"hydra.run.dir={tmp_path}"]
    assert timebank(monkeypatch, "ablate", f"experiment={experiment}", *given, *more) == 0
    result = json.loads((tmp_path / "result.json").read_text())
    assert {row["line"] for row in result["rows"]} >= {"value network", "value network, maxmargin", "value network, unsafe"}
    assert (tmp_path / "training/values.safetensors").is_file()
    assert "value network" in capsys.readouterr().out
