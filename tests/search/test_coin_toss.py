"""Coin Toss (Brown & Sandholm 2017, arXiv 1705.02955): the smallest game in which gadgets differ.

A coin lands; player 0 alone sees it and may Sell it, or Play: then player 1 guesses, player 0 winning 1 if the guess is wrong and losing 1
if it is right. The subgame is the guess. With p the probability of guessing Heads, Play is worth to player 0

    Heads: v_H = 1 - 2p        Tails: v_T = 2p - 1        so v_H + v_T = 0, whatever p.

Selling for +1/2 (Heads) and -1/2 (Tails), equilibrium makes both coins indifferent: 1 - 2p = 1/2, p = 1/4.

*Maxmargin* makes the lesser of the margins b_H - v_H and b_T - v_T as large as can be; they are equal at

    b_H - 1 + 2p = b_T - 2p + 1,        p = 1/2 + (b_T - b_H) / 4.

Bounds that come from a blueprint guessing Heads with q are b_H = 1 - 2q and b_T = 2q - 1, hence p = q: no other guess gives either coin
less without giving the other more, and resolve stays at q for the same reason. *Reach-maxmargin* raises the bound of a coin to the
price it sells for where that is more: the gift. The published figures, Heads 5/8 with maxmargin and 3/4 with reach-maxmargin, therefore
take a blueprint of q = 5/8 (b_H = -1/4, b_T = 1/4) and gifts with g_T - g_H = 1/2. Prices of 1/2 and -1/2, in either order, do not give
them; Tails at 3/4 and Heads at -1/2 do: g_T = 3/4 - 1/4, g_H = 0, p = 1/2 + (3/4 + 1/4) / 4 = 3/4. That is an equilibrium of this game:
player 0 gets max(-1/2, -1/2) / 2 + max(3/4, 1/2) / 2 = 1/8, and Heads cannot be brought below its price.
"""

import numpy as np
import pytest

from games import CHANCE, TERMINAL
from search import Evaluator, Solver, Subgame, cf_reach_at, full_ranges, gifts, uniform, variant
from tests.naive.synthetic import build_game
from tests.naive.tables import replace
from tests.searching import safe_gadget

SELL, PLAY = 0, 1
SAFE = ("resolve", "maxmargin", "reach_maxmargin")


def coin_toss(prices, subgames=1):
    """Return the game's tree and its guesses' nodes; several subgames are dealt evenly by public chance after Play."""
    deals = np.array([[0.5], [0.5]])
    right, wrong = np.array([[-1.0], [1.0]]), np.array([[1.0], [-1.0]])  # the guess is Heads, Tails
    if subgames == 1:
        shape = [(-1, 0), (0, TERMINAL), (0, 1), (2, TERMINAL), (2, TERMINAL)]
        guesses, chance = [2], {}
    else:
        shape, guesses = [(-1, 0), (0, TERMINAL), (0, CHANCE)], [3 + 3 * i for i in range(subgames)]
        for node in guesses:
            shape += [(2, 1), (node, TERMINAL), (node, TERMINAL)]
        chance = {2: np.full(subgames, 1 / subgames)}
    matrices = np.array([np.array(prices)[:, None], right / subgames, wrong / subgames]) * deals
    return build_game(shape, deals, matrices, [(0, 1.0)] + subgames * [(1, 1.0), (2, 1.0)], chance).tree, guesses


def blueprint_of(tree, guesses, heads, play):
    """Return the strategy that guesses Heads with ``heads`` everywhere and plays Heads and Tails with probabilities ``play``."""
    strategy = uniform(tree)
    strategy.at(0)[:] = 1 - np.array(play), play
    for node in guesses:
        strategy.at(node)[:, 0] = heads, 1 - heads
    return strategy


def searched(tree, guesses, blueprint, kind, iterations=2000):
    """Return player 1's probability of Heads in each subgame after searching it alone, and what player 0 then gets at best."""
    solver, evaluator, glued = Solver(tree, variant("default")), Evaluator(tree), blueprint
    for node in guesses:
        ranges = blueprint.ranges(node, full_ranges(tree))
        gift = gifts(evaluator, blueprint, 0, np.ones(1), node)
        gadget = safe_gadget(kind, evaluator, blueprint.below(node), 0, ranges[1], gift)
        solver.start(Subgame(tree, node, ranges, gadget))
        solver.run(iterations)
        glued = replace(glued, solver.answer(), (1,))
    return [float(glued.at(node)[0, 0]) for node in guesses], evaluator.best_response_value(glued, 0)


def test_the_equilibrium_guesses_heads_with_a_quarter():
    tree, guesses = coin_toss((0.5, -0.5))
    solver = Solver(tree, variant("default"))
    solver.run(2000)
    assert solver.answer().at(guesses[0])[0, 0] == pytest.approx(1 / 4, abs=1e-3)
    assert solver.evaluator.values(solver.answer())[0] == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize(
    ("kind", "heads", "worth"), [("resolve", 5 / 8, 1 / 4), ("maxmargin", 5 / 8, 1 / 4), ("reach_maxmargin", 3 / 4, 1 / 8)]
)
def test_the_published_figures(kind, heads, worth):
    """Player 0 gets 1/4 against the blueprint: -1/4 with Heads, 3/4 with Tails. See the module's text."""
    tree, guesses = coin_toss((-0.5, 0.75))
    blueprint = blueprint_of(tree, guesses, 5 / 8, (1.0, 0.5))
    assert Evaluator(tree).best_response_value(blueprint, 0) == pytest.approx(1 / 4)
    evaluator, one = Evaluator(tree), np.ones(1)
    values = evaluator.best_response_cfvs(blueprint.below(guesses[0]), 0, one) / cf_reach_at(tree, guesses[0], 0, one)
    np.testing.assert_allclose(values, [-1 / 4, 1 / 4])
    np.testing.assert_allclose(gifts(evaluator, blueprint, 0, one, guesses[0]), [0, 1 / 2], atol=1e-15)
    found, value = searched(tree, guesses, blueprint, kind)
    assert found[0] == pytest.approx(heads, abs=1e-3)
    assert value == pytest.approx(worth, abs=1e-3)


@pytest.mark.parametrize(
    ("prices", "heads", "play"),
    [
        ((0.5, -0.5), 1 / 4, (0.5, 1.0)),
        ((0.5, -0.5), 1 / 4, (1.0, 0.5)),
        ((-0.5, 0.75), 3 / 4, (0.5, 1.0)),
        ((-0.5, 0.75), 3 / 4, (1.0, 0.5)),
        ((-0.5, 0.75), 5 / 8, (0.5, 1.0)),
    ],
)
def test_unsafe_search_is_worse_than_its_blueprint(prices, heads, play):
    """Player 0 plays one coin more often, so guessing that coin always is best against it; whoever knows plays the other."""
    tree, guesses = coin_toss(prices)
    blueprint = blueprint_of(tree, guesses, heads, play)
    before = Evaluator(tree).best_response_value(blueprint, 0)
    found, value = searched(tree, guesses, blueprint, "unsafe")
    assert found[0] == pytest.approx(0.0 if play == (0.5, 1.0) else 1.0, abs=1e-3)
    assert value > before + 0.1
    for kind in SAFE:
        assert searched(tree, guesses, blueprint, kind)[1] <= before + 1e-3


def test_subgames_share_a_gift():
    """Both guess Heads with 1/2, Heads sells for 1/2: its gift is 1/2 wherever chance leads, b = (1/2, 0), p = 3/8.

    Both subgames then give Heads 1/4, less than its price, though each was solved as if it were the only one.
    """
    tree, guesses = coin_toss((0.5, -0.5), subgames=2)
    blueprint = blueprint_of(tree, guesses, 1 / 2, (0.5, 0.5))
    assert Evaluator(tree).best_response_value(blueprint, 0) == pytest.approx(1 / 4)
    for node in guesses:
        np.testing.assert_allclose(gifts(Evaluator(tree), blueprint, 0, np.ones(1), node), [0.5, 0.0], atol=1e-12)
    found, value = searched(tree, guesses, blueprint, "reach_maxmargin")
    assert found == pytest.approx([3 / 8, 3 / 8], abs=1e-3)
    assert value == pytest.approx((1 / 2 - 1 / 4) / 2, abs=1e-3)
