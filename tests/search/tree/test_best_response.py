import numpy as np
import pyspiel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.holdem.config import Spot
from search import BoardSolver, Budget, Evaluator, full_ranges, uniform
from search.kernels.streets import BEST
from search.tree.evaluator import exploitability_of
from search.variants import variant
from tests.naive import best_response as naive
from tests.naive.histories import CHANCE, History, deals, expected_value, hands, random_policy, subgame, walk
from tests.naive.synthetic import random_game
from tests.naive.tables import random_range, random_strategy, to_policy, to_strategy


def tabular(root, policy):
    actions = {n.infostate: n.actions for n in walk(root) if n.player >= 0}
    return pyspiel.TabularPolicy({name: list(zip(actions[name], map(float, p), strict=True)) for name, p in policy.items()})


@pytest.mark.parametrize("zeros", [0.0, 0.6])
def test_exploitability_agrees_with_openspiel(case, zeros):
    rng = np.random.default_rng(17)
    evaluator, spiel = Evaluator(case.tree), pyspiel.load_game(case.game)
    for _ in range(2):
        policy = random_policy(case.root, rng, zeros)
        strategy, theirs = to_strategy(case.tree, case.strings, policy), tabular(case.root, policy)
        assert evaluator.exploitability(strategy) == pytest.approx(pyspiel.exploitability(spiel, theirs), abs=1e-9)
        assert evaluator.nash_conv(strategy) == pytest.approx(pyspiel.nash_conv(spiel, theirs), abs=1e-9)


def test_best_responses_agree_with_the_twin(golden_case):
    rng = np.random.default_rng(18)
    policy = random_policy(golden_case.root, rng, 0.3)
    strategy, evaluator = to_strategy(golden_case.tree, golden_case.strings, policy), Evaluator(golden_case.tree)
    for p in (0, 1):
        expected = naive.best_response_value(golden_case.root, policy, p)
        assert evaluator.best_response_value(strategy, p) == pytest.approx(expected, abs=1e-12)


def test_rounding_makes_no_exploitability_negative():
    assert exploitability_of(3.0, -1.0) == 1.0
    assert str(exploitability_of(1e-7, -3e-7)) == "0.0"
    assert np.isnan(exploitability_of(np.nan, 1.0))


def test_a_hand_with_nothing_to_decide_is_exploitable_by_nothing():
    """A turn without bets: the players' values are opposite but for rounding, which is below 0 on some of these boards."""
    noise = []
    for board in ("Td9d6hQc", "Ts9s5h4c", "AhKd7c2s", "8h8d3c3s"):
        game = Spot(board=board, ranges=["22+,A2+,K9s+,QTs+", "full"], pot=60, stack=2000, bets="", raises="").build()
        solver = BoardSolver(game, variant("default_holdem"))
        solution = solver.solve(Budget(iterations=4), trace=True)
        noise.append(sum(solver._values(BEST)))
        assert [row[2] for row in solution.trace] == [max(noise[-1] / 2, 0.0)] * len(solution.trace)
        assert solution.exploitability == max(noise[-1] / 2, 0.0) < 1e-5
    assert min(noise) < 0


@given(number=st.integers(0, 10**6), sizes=st.tuples(st.integers(1, 9), st.integers(1, 9)), zeros=st.sampled_from([0.0, 0.5]))
def test_random_games_agree_with_the_twin(number, sizes, zeros):
    tree, root, strings = random_game(number, sizes)
    evaluator = Evaluator(tree)
    strategy = random_strategy(tree, np.random.default_rng(number), zeros=zeros)
    policy = to_policy(strategy, strings)
    before = [t.copy() for t in strategy.tables]
    assert evaluator.values(strategy)[0] == pytest.approx(expected_value(root, policy), abs=1e-11)
    assert evaluator.exploitability(strategy) == pytest.approx(naive.exploitability(root, policy), abs=1e-11)
    for x, y in zip(strategy.tables, before, strict=True):
        np.testing.assert_array_equal(x, y)


def only_hand(root, player, h, strings):
    """Return the game with only those deals in which ``player`` holds h."""
    found = [(n, w) for n, w in deals(root) if hands(n, strings)[player] == h]
    return History(CHANCE, actions=list(range(len(found))), children=[n for n, _ in found], weights=[w for _, w in found])


@given(number=st.integers(0, 10**6), player=st.integers(0, 1))
def test_counterfactual_values_of_a_subgame_by_hand(number, player):
    """At a random public node: the value of each hand when chance deals all others by their ranges."""
    tree, root, strings = random_game(number, (4, 3))
    rng = np.random.default_rng(number)
    node = int(rng.choice(np.flatnonzero(tree.player >= 0)))
    ranges = [random_range(rng, tree.num_hands(p)) for p in (0, 1)]
    ranges[player] = np.ones(tree.num_hands(player))
    strategy = random_strategy(tree, rng, node)
    policy, evaluator = to_policy(strategy, strings), Evaluator(tree)
    plain = evaluator.cfvs(strategy, player, ranges[1 - player])
    best = evaluator.best_response_cfvs(strategy, player, ranges[1 - player])
    sign = 1 if player == 0 else -1
    for h in range(tree.num_hands(player)):
        one = [ranges[0].copy(), ranges[1].copy()]
        one[player] = np.eye(tree.num_hands(player))[h]
        part = subgame(root, strings, tree, node, one)
        assert plain[h] == pytest.approx(sign * expected_value(part, policy), abs=1e-11)
        assert best[h] == pytest.approx(naive.best_response_value(part, policy, player), abs=1e-11)
    assert (best >= plain - 1e-12).all()


def test_leducs_values_by_hand(leduc):
    policy = random_policy(leduc.root, np.random.default_rng(5))
    strategy, evaluator = to_strategy(leduc.tree, leduc.strings, policy), Evaluator(leduc.tree)
    found = evaluator.best_response_cfvs(strategy, 1, full_ranges(leduc.tree)[0])
    for h in range(6):
        part = only_hand(leduc.root, 1, h, leduc.strings)
        assert found[h] == pytest.approx(naive.best_response_value(part, policy, 1), abs=1e-12)


def test_values_of_the_uniform_policy(kuhn, leduc):
    """published.md, section 5: NashConv 11/12 and 4.747222."""
    assert Evaluator(kuhn.tree).nash_conv(uniform(kuhn.tree)) == pytest.approx(11 / 12, abs=1e-14)
    assert Evaluator(leduc.tree).nash_conv(uniform(leduc.tree)) == pytest.approx(4.747222, abs=5e-7)


def test_always_folding_kuhn(kuhn):
    """published.md, section 5: NashConv 2."""
    strategy = uniform(kuhn.tree)
    for node in np.flatnonzero(kuhn.tree.player >= 0):
        strategy.at(int(node))[:] = [[1.0], [0.0]]
    evaluator = Evaluator(kuhn.tree)
    assert evaluator.nash_conv(strategy) == pytest.approx(2.0, abs=1e-14)
    assert evaluator.values(strategy) == pytest.approx((0.0, 0.0), abs=1e-15)  # everybody checks: the showdown is even


@pytest.mark.parametrize("alpha", [0.0, 0.1, 1 / 3])
def test_kuhns_equilibria_are_not_exploitable(kuhn, alpha):
    """Kuhn 1950: the first player bets the jack with alpha, the king with 3 alpha, calls with the queen with alpha + 1/3."""
    tree = kuhn.tree
    bet = {"start": [alpha, 0, 3 * alpha], "Pass Bet": [0, alpha + 1 / 3, 1], "Pass": [1 / 3, 0, 1], "Bet": [0, 1 / 3, 1]}
    strategy = uniform(tree)
    for node in np.flatnonzero(tree.player >= 0):
        strategy.at(int(node))[:] = [1 - np.array(bet[tree.text(int(node))]), bet[tree.text(int(node))]]
    evaluator = Evaluator(tree)
    assert evaluator.exploitability(strategy) == pytest.approx(0, abs=1e-15)
    assert evaluator.values(strategy) == pytest.approx((-1 / 18, 1 / 18), abs=1e-15)


def test_an_evaluator_keeps_nothing_from_one_question_to_the_next(leduc):
    rng = np.random.default_rng(8)
    used, strategies = Evaluator(leduc.tree), [random_strategy(leduc.tree, rng, node) for node in (0, 100, 0, 260, 2)]
    for strategy in strategies:
        ranges = [random_range(rng, 6) for _ in (0, 1)]
        for p in (0, 1):
            for question in ("cfvs", "best_response_cfvs"):
                fresh = getattr(Evaluator(leduc.tree), question)(strategy, p, ranges[1 - p])
                np.testing.assert_array_equal(getattr(used, question)(strategy, p, ranges[1 - p]), fresh)


def test_a_nan_in_a_strategy_shows_in_its_value(leduc):
    strategy = uniform(leduc.tree)
    strategy.at(0)[0, 0] = np.nan
    assert np.isnan(Evaluator(leduc.tree).values(strategy)[0])
    assert np.isnan(Evaluator(leduc.tree).exploitability(strategy))
