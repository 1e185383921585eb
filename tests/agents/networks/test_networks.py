"""Both network bodies, and the policy that networks play on both families of games."""

import numpy as np
import pytest
import torch

from agents.networks import NetworkConfig, NetworkPolicy, make_network
from search import check_strategy
from tests.catalogue import DICE, KUHN, LEDUC
from tests.learners import BOTH, EVERY, HOLDEM, infostates_of, make_policy, weights

TREES = [KUHN, LEDUC, DICE]
CASES = [*((name, deep) for name in TREES for deep in ("public", "private")), (HOLDEM, "private")]
both = pytest.mark.parametrize("name", BOTH)


def torch_probabilities(policy, player, b):
    """The module's softmax over each decision's actions, [C, R]."""
    block, network = policy.infostates.blocks[player][b], policy.networks[player]
    with torch.inference_mode():
        if network.config.deep == "public":
            outputs = network(*map(torch.from_numpy, (block.public, block.private, block.legal))).numpy()
            logits = block.table(outputs).T
        else:
            logits = network(torch.from_numpy(block.private), torch.from_numpy(block.rows)).numpy().T
    parts = [torch.softmax(torch.from_numpy(part.copy()), dim=0) for part in np.split(logits, block.first_row[1:-1])]
    return torch.cat(parts).numpy().T


@pytest.mark.parametrize(("name", "deep"), CASES)
def test_the_policy_is_the_modules_softmax(name, deep):
    policy = make_policy(name, deep=deep)
    for p in (0, 1):
        for b, table in enumerate(policy.tables(p)):
            np.testing.assert_allclose(table, torch_probabilities(policy, p, b), atol=1e-6)


@pytest.mark.parametrize(("name", "deep"), CASES[:-1])
def test_every_subgame_and_every_node_gets_its_part_of_the_whole(name, deep):
    policy = make_policy(name, deep=deep)
    whole, tree = policy.strategy(), policy.tree
    check_strategy(whole)
    assert all(table.dtype == np.float64 for table in whole.tables)
    for node in range(tree.num_nodes):
        part = policy.strategy(node)
        assert part.span == tree.subgame(node)
        check_strategy(part)
        for x, y in zip(part.tables, whole.below(node).tables, strict=True):
            np.testing.assert_allclose(x, y, atol=1e-6)
        if tree.player[node] >= 0:
            np.testing.assert_allclose(policy.at(node), whole.at(node), atol=1e-6)


def test_a_state_of_holdem_gets_its_part_of_the_whole():
    policy = make_policy(HOLDEM, embedding=8, bets=16)
    whole, game = policy.strategy(), policy.infostates.game
    for node in np.flatnonzero(game.bets.player >= 0).tolist():
        cards = tuple(game.deck.cards()[::-1][: game.bets.round[node]].tolist())
        asked = policy.at(game.state_at(node, cards))
        there = ~np.isin(game.hands, cards).any(axis=1) & (game.ranges[game.bets.player[node]] > 0)
        np.testing.assert_allclose(asked.sum(axis=0), 1, rtol=1e-6)
        np.testing.assert_allclose(asked[:, there], whole.at_node(node, cards)[:, there], atol=1e-6)
        np.testing.assert_allclose(asked[:, ~there], 1 / len(asked))
    with pytest.raises(ValueError, match="state must be None"):
        policy.strategy(game.root)


def test_outputs_of_illegal_actions_are_zero():
    infostates = infostates_of(DICE)
    (block,) = infostates.blocks[0]
    network = make_network(NetworkConfig(hidden=8), infostates, 0, 0)
    outputs = network(*map(torch.from_numpy, (block.public, block.private, block.legal)))
    assert outputs.shape == (*block.legal.shape, len(block.private))
    assert (outputs.detach().numpy()[block.legal == 0] == 0).all()


@both
def test_weights_come_from_the_seed_alone(name):
    before = torch.get_rng_state()
    one, again, other = (weights([make_network(NetworkConfig(hidden=8), infostates_of(name), 0, seed)]) for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert all((x == y).all() for x, y in zip(one, again, strict=True))
    assert any((x != y).any() for x, y in zip(one, other, strict=True))


@both
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_in_weights_is_refused_by_name(name, bad):
    networks = make_policy(name).networks
    with torch.no_grad():
        networks[1].last.weight[0, 0] = bad
    with pytest.raises(ValueError, match=r"weights must be finite, got NaN or infinity in last.weight of player 1"):
        NetworkPolicy(infostates_of(name), networks)


@pytest.mark.parametrize("name", EVERY)
def test_overflow_in_outputs_names_the_decision(name):
    networks, infostates = make_policy(name).networks, infostates_of(name)
    with torch.no_grad():
        networks[0].first.bias.fill_(1e30)
        networks[0].last.weight.fill_(1e30)
    policy = NetworkPolicy(infostates, networks)
    with pytest.raises(ValueError, match="network must give finite logits, got") as caught:
        policy.tables(0)
    assert repr(infostates.text(0, 0, 0)) in str(caught.value)
    if name == LEDUC:
        node = int(policy.tree.sequences[0].node[5])
        with pytest.raises(ValueError, match="network must give finite logits, got") as caught:
            policy.at(node)
        assert repr(policy.tree.text(node)) in str(caught.value)


def test_multiply_adds_count_the_weights():
    infostates = infostates_of(LEDUC)
    (block,) = infostates.blocks[0]
    seen, held, rows = block.public.shape[1], block.private.shape[1], block.rows.shape[1]
    public = make_network(NetworkConfig(hidden=8, layers=2, embedding=4), infostates, 0, 0)
    assert public.multiply_adds(10, 6) == 10 * (seen * 8 + 8 * 8 + 8 * 12 + 3 * 4 * 6) + 6 * held * 4
    private = make_network(NetworkConfig(deep="private", hidden=8, layers=2, embedding=4, bets=7), infostates, 0, 0)
    assert private.multiply_adds(6, 10) == 6 * (held * 8 + 8 * 8 + 8 * 4 + 10 * 4) + 10 * (rows * 7 + 7 * 5)


@pytest.mark.parametrize("key", ["hidden", "layers", "embedding", "bets"])
def test_sizes_are_checked(key):
    with pytest.raises(ValueError, match=f"network.{key} must be at least 1, got 0"):
        NetworkConfig(**{key: 0})
