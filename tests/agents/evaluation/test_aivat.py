import numpy as np
import pytest

from agents.evaluation.aivat import Aivat, Step
from agents.policy import solved_policy
from games import CHANCE, TERMINAL, public_tree
from games.derived import derived_game
from search import Evaluator, uniform, variant
from search.tree.values import TreeValues, history_values
from tests.strategies import random_strategy

GAMES = ("kuhn_poker", "leduc_poker(suit_isomorphism=true)", "liars_dice(numdice=1,dice_sides=3)")
KNOWN = [(True, True), (True, False), (False, True), (False, False)]


def deals_played(tree, strategy, known):
    """Yield (probability, hands, steps, payoff to player 0) of everything that can happen."""
    game = derived_game(tree)

    def walk(node, hands, probability, steps):
        player = tree.player[node]
        if player == TERMINAL:
            yield probability, hands, steps, game.payoff(node, hands)
            return
        for a, child in enumerate(tree.children(node)):
            policy = None
            if player == CHANCE:
                weights = [tree.chance_weights[tree.chance_of[n]][hands] for n in (node, child)]
                p = weights[1] / weights[0]
            else:
                policy = strategy.at(node) if known[player] else None
                p = strategy.at(node)[a, hands[player]]
            if p > 0:
                yield from walk(child, hands, probability * p, [*steps, Step(node, child, policy)])

    for hands in zip(*np.nonzero(tree.deal_weights), strict=True):
        yield from walk(0, hands, tree.deal_weights[hands], [])


def estimate(tree, values, hands, steps, known, end=None):
    held = tuple(None if own else int(hand) for own, hand in zip(known, hands, strict=True))
    return Aivat(derived_game(tree), TreeValues(tree, values)).estimate(steps, held, end)


@pytest.mark.parametrize("game", GAMES)
def test_values_of_histories_add_up_to_the_exact_value(game):
    tree = public_tree(game)
    for strategy in (uniform(tree), random_strategy(tree, 1), solved_policy(tree, variant("cfr"), 20).strategy()):
        values = history_values(strategy)
        assert (tree.deal_weights * values[0]).sum() == pytest.approx(Evaluator(tree).values(strategy)[0], abs=1e-12)
        assert not values[0][tree.deal_weights == 0].any()


@pytest.mark.parametrize("known", KNOWN)
@pytest.mark.parametrize("game", GAMES)
def test_it_is_unbiased_whatever_the_value_function_and_whoever_is_a_stranger(game, known):
    tree = public_tree(game)
    strategy = random_strategy(tree, 2)
    exact = Evaluator(tree).values(strategy)[0]
    wild = history_values(random_strategy(tree, 3))
    inner = tree.player != TERMINAL
    wild[inner] += np.random.default_rng(4).normal(size=wild[inner].shape)  # a value function may say anything but of terminals
    played = list(deals_played(tree, strategy, known))
    assert sum(p for p, *_ in played) == pytest.approx(1.0, abs=1e-12)
    for values in (wild, history_values(uniform(tree))):
        mean = sum(p * estimate(tree, values, hands, steps, known) for p, hands, steps, _ in played)
        assert mean == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("known", KNOWN)
def test_a_good_value_function_leaves_less_variance_and_the_very_one_none(known):
    tree = public_tree("leduc_poker(suit_isomorphism=true)")
    strategy = solved_policy(tree, variant("cfr"), 30).strategy()
    exact = Evaluator(tree).values(strategy)[0]
    played = list(deals_played(tree, strategy, known))

    def variance(values):
        return sum(p * (estimate(tree, values, hands, steps, known) - exact) ** 2 for p, hands, steps, _ in played)

    raw = sum(p * (paid - exact) ** 2 for p, _, _, paid in played)
    very, coarse = history_values(strategy), history_values(uniform(tree))
    assert variance(very) <= variance(coarse) < raw
    if all(known):
        assert variance(very) < 1e-24


def test_a_deal_that_ends_early_pays_what_it_is_told_to():
    tree = public_tree("kuhn_poker")
    node = tree.children(0)[1]
    values = np.zeros((tree.num_nodes, 3, 3))
    assert estimate(tree, values, (0, 1), [Step(0, node)], (False, False), -2.0) == -2.0


def test_a_known_player_must_tell():
    tree = public_tree("kuhn_poker")
    with pytest.raises(ValueError, match="steps must carry the policy of player 0, which is known, got none at the start"):
        estimate(tree, history_values(uniform(tree)), (0, 1), [Step(0, 1)], (True, True))
