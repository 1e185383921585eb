import numpy as np
import pytest
import torch

from agents.networks import NetworkPolicy, PolicyNetworkConfig, encode, make_network
from search import check_strategy
from tests.conftest import DICE, KUHN, LEDUC, case_of


def make_policy(tree, seed=0, config=None):
    encoding = encode(tree)
    config = config or PolicyNetworkConfig(hidden=24, layers=3, embedding=5)
    return NetworkPolicy(encoding, (make_network(config, encoding, 0, seed), make_network(config, encoding, 1, seed + 1)))


def torch_probabilities(policy, player):
    """The module's softmax over legal actions, [K, A, H]."""
    encoding = policy.encoding
    legal = torch.from_numpy(encoding.legal[player])
    with torch.inference_mode():
        outputs = policy.networks[player](
            torch.from_numpy(encoding.public[player]), torch.from_numpy(encoding.hand[player]), legal.to(torch.float32)
        )
        return torch.softmax(outputs.masked_fill(~legal[:, :, None], -torch.inf), dim=1).numpy()


@pytest.mark.parametrize("game", [KUHN, LEDUC, DICE])
def test_the_policy_is_the_modules_softmax(game):
    tree = case_of(game).tree
    policy = make_policy(tree)
    strategy = policy.strategy()
    check_strategy(strategy)
    for p in (0, 1):
        assert strategy.tables[p].dtype == np.float64
        hands = tree.num_hands(p)
        wanted = policy.encoding.table(p, torch_probabilities(policy, p))[:, :hands]
        np.testing.assert_allclose(strategy.tables[p][:, :hands], wanted, atol=1e-6)


@pytest.mark.parametrize("game", [KUHN, LEDUC, DICE])
def test_every_subgame_gets_its_part_of_the_whole(game):
    tree = case_of(game).tree
    policy = make_policy(tree)
    whole = policy.strategy()
    for node in range(tree.num_nodes):
        part = policy.strategy(node)
        assert part.span == tree.subgame(node)
        check_strategy(part)
        for x, y in zip(part.tables, whole.below(node).tables, strict=True):
            np.testing.assert_allclose(x, y, atol=1e-6)


def test_outputs_of_illegal_actions_are_zero(dice):
    encoding = encode(dice.tree)
    network = make_network(PolicyNetworkConfig(hidden=8), encoding, 0, 0)
    legal = torch.from_numpy(encoding.legal[0].astype(np.float32))
    outputs = network(torch.from_numpy(encoding.public[0]), torch.from_numpy(encoding.hand[0]), legal)
    assert outputs.shape == (*legal.shape, dice.tree.num_hands(0))
    assert (outputs.detach().numpy()[~encoding.legal[0]] == 0).all()


def test_columns_are_the_games_actions(leduc):
    encoding = encode(leduc.tree)
    assert encoding.actions.tolist() == [0, 1, 2]  # fold, call, raise
    for p in (0, 1):
        for k, node in enumerate(leduc.tree.sequences[p].node):
            legal = [int(leduc.tree.action[child]) for child in leduc.tree.children(int(node))]
            assert encoding.actions[encoding.legal[p][k]].tolist() == legal


def test_dense_and_table_are_inverse(leduc):
    encoding, rng = encode(leduc.tree), np.random.default_rng(0)
    for p in (0, 1):
        table = np.zeros((leduc.tree.num_rows(p) - 1, leduc.tree.padded_hands(p)))
        table[:, : leduc.tree.num_hands(p)] = rng.random((len(table), leduc.tree.num_hands(p)))
        np.testing.assert_array_equal(encoding.table(p, encoding.dense(p, table)), table)


def test_weights_come_from_the_seed_alone(kuhn):
    encoding, config = encode(kuhn.tree), PolicyNetworkConfig(hidden=8)
    before = torch.get_rng_state()
    one, same, other = (make_network(config, encoding, 0, seed) for seed in (1, 1, 2))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(one.first.weight, same.first.weight)
    assert not torch.equal(one.first.weight, other.first.weight)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_in_weights_is_refused_by_name(kuhn, bad):
    encoding, config = encode(kuhn.tree), PolicyNetworkConfig(hidden=8)
    networks = (make_network(config, encoding, 0, 0), make_network(config, encoding, 1, 0))
    with torch.no_grad():
        networks[1].last.weight[0, 0] = bad
    with pytest.raises(ValueError, match=r"weights must be finite, got NaN or infinity in last.weight of player 1"):
        NetworkPolicy(encoding, networks)


def test_overflow_in_outputs_names_the_public_node(leduc):
    encoding, config = encode(leduc.tree), PolicyNetworkConfig(hidden=8)
    networks = (make_network(config, encoding, 0, 0), make_network(config, encoding, 1, 0))
    with torch.no_grad():
        networks[0].first.bias.fill_(1e30)
        networks[0].last.weight.fill_(1e30)
    policy = NetworkPolicy(encoding, networks)
    node = int(leduc.tree.sequences[0].node[5])
    with pytest.raises(ValueError, match="network must give finite logits, got") as caught:
        policy.strategy(node)
    assert repr(leduc.tree.text(node)) in str(caught.value)


def test_multiply_adds_count_the_weights(leduc):
    encoding = encode(leduc.tree)
    network = make_network(PolicyNetworkConfig(hidden=8, layers=2, embedding=4), encoding, 0, 0)
    trunk = encoding.public[0].shape[1] * 8 + 8 * 8 + 8 * 12
    assert network.multiply_adds(10, 6) == 10 * (trunk + 3 * 4 * 6) + 6 * 6 * 4


@pytest.mark.parametrize("key", ["hidden", "layers", "embedding"])
def test_sizes_are_checked(key):
    with pytest.raises(ValueError, match=f"network.{key} must be at least 1, got 0"):
        PolicyNetworkConfig(**{key: 0})
