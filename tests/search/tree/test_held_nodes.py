"""Held decisions of small games: beside best responses over histories, and known values of Kuhn poker."""

import numpy as np
import pytest

from games.derived import derived_game
from games.game import find_decision
from search import Solver, Subgame, uniform, variant, whole_game
from search.variants import VARIANTS
from tests.catalogue import KUHN, LEDUC, case_of
from tests.naive import best_response as naive
from tests.naive.histories import expected_value, random_policy
from tests.naive.tables import to_policy, to_strategy


def every_hand(policy):
    return policy, np.ones(policy.shape[1], np.bool_)


def held_of(case, policy, player):
    """Return all decisions of a player as a policy by information state has them."""
    strategy = to_strategy(case.tree, case.strings, policy)
    return {node: every_hand(strategy.at(node).copy()) for node in np.flatnonzero(case.tree.player == player).tolist()}


@pytest.mark.parametrize("game", [KUHN, LEDUC])
@pytest.mark.parametrize("player", [0, 1])
def test_a_player_held_everywhere_meets_a_best_response(game, player):
    case, rng = case_of(game), np.random.default_rng(4)
    policy = random_policy(case.root, rng, 0.3)
    solver = Solver(case.tree, variant("dcfr"))
    solver.hold(held_of(case, policy, player))
    solver.run(2000)
    best = naive.best_response_value(case.root, policy, 1 - player)
    assert solver.best_response_values(solver.answer())[1 - player] == pytest.approx(best, abs=1e-9)
    value = solver.evaluator.values(solver.answer())[1 - player]
    assert value == pytest.approx(best, abs=2e-3)
    assert solver.exploitability() < 1e-3
    assert solver.best_response_values(solver.answer())[player] == pytest.approx(-value, abs=1e-9)  # it decides nothing
    played = to_policy(solver.answer(), case.strings)
    for name in (name for k in case.strings[player] for name in k if name):
        np.testing.assert_allclose(played[name], policy[name], atol=1e-12)


def test_always_betting_in_kuhn_costs_what_it_is_known_to_cost():
    """Player 1 calls with the king, folds the jack, and loses as much with the queen either way.

    Of six deals: with a king opposite player 0 loses 2 in both; a jack opposite folds, twice, and brings 1 each; a queen opposite folds and
    brings 1 each, or calls, and brings 2 of a king and -2 of a jack. That is (-4 + 2 + 2) / 6 if it folds, (-4 + 2) / 6 if it calls.
    """
    tree = case_of(KUHN).tree
    solver = Solver(tree, variant("cfr_plus"))
    bets = [text == "Bet" for text in (tree.labels[child] for child in tree.children(0))]
    solver.hold({0: every_hand(np.repeat(np.array(bets, float)[:, None], 3, axis=1))})
    solver.run(1000)
    assert solver.exploitability() < 1e-4
    assert solver.evaluator.values(solver.answer())[0] == pytest.approx(-1 / 3, abs=1e-3)
    facing = find_decision(derived_game(tree), "Bet", "line")
    call = [tree.labels[child] for child in tree.children(facing)].index("Bet")
    assert solver.answer().at(facing)[call] == pytest.approx([0, 1, 1], abs=1e-2)


@pytest.mark.parametrize("name", VARIANTS)
def test_part_of_a_strategy_is_held_and_the_rest_is_solved(name):
    """Whoever best responds plays what is held: by brute force over all that both Kuhn players can choose otherwise."""
    case = case_of(KUHN)
    rng = np.random.default_rng(7)
    solver, nodes = Solver(case.tree, variant(name)), np.flatnonzero(case.tree.player >= 0).tolist()
    held = {}
    for node in nodes[::2]:
        hands = np.array([True, False, True])
        share = rng.random(3)
        held[node] = np.array([share, 1 - share]), hands
    solver.hold(held)
    solver.run(40)
    answer = solver.answer()
    played = to_policy(answer, case.strings)
    for p in (0, 1):
        free = [(node, h) for node in nodes if case.tree.player[node] == p for h in range(3) if node not in held or not held[node][1][h]]
        most = -np.inf
        for bits in range(2 ** len(free)):
            strategy = to_strategy(case.tree, case.strings, played)
            for i, (node, h) in enumerate(free):
                strategy.at(node)[:, h] = [bits >> i & 1, 1 - (bits >> i & 1)]
            value = expected_value(case.root, to_policy(strategy, case.strings))
            most = max(most, value if p == 0 else -value)
        assert solver.best_response_values(answer)[p] == pytest.approx(most, abs=1e-12)
    for node, (policy, hands) in held.items():
        np.testing.assert_allclose(answer.at(node)[:, hands], policy[:, hands], atol=1e-12)


def test_leduc_with_held_decisions_is_solved_and_free_again():
    tree = case_of(LEDUC).tree
    solver, free = Solver(tree, variant("default")), Solver(tree, variant("default"))
    held = {node: every_hand(uniform(tree).at(node).copy()) for node in np.flatnonzero(tree.player == 0).tolist()[:5]}
    solver.hold(held)
    solver.run(1000)
    assert solver.exploitability() < 1e-3
    assert solver.best_response_values(solver.answer(), free=True)[0] > solver.best_response_values(solver.answer())[0] + 0.01
    solver.hold({})
    for one in (solver, free):
        one.start(whole_game(tree))
        one.run(50)
    for own, other in zip(solver.answer().tables, free.answer().tables, strict=True):
        np.testing.assert_array_equal(own, other)


def test_subgames_hold_nothing():
    tree = case_of(KUHN).tree
    solver = Solver(tree, variant("cfr"))
    solver.hold({0: every_hand(np.full((2, 3), 0.5))})
    node = next(node for node in range(1, tree.num_nodes) if tree.player[node] >= 0)
    with pytest.raises(ValueError, match="subgame must be the whole game where decisions are held"):
        solver.start(Subgame(tree, node, (np.ones(3), np.ones(3))))
