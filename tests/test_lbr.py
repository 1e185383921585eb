import numpy as np
import pytest

from agents import SearchAgent, solved_policy, tabulate
from agents.evaluation.lbr import ACTION_SETS, ActionSet, calling, lbr_exploitability, local_best_response
from agents.match.exact_value import table_value
from games import public_tree
from search import Budget, Evaluator, Strategy, uniform, variant
from tests.test_aivat import random_strategy

KUHN, LEDUC = public_tree("kuhn_poker"), public_tree("leduc_poker(suit_isomorphism=true)")


def always_call(tree):
    tables = [np.zeros_like(t) for t in uniform(tree).tables]
    for node, child in calling(tree).items():
        player = int(tree.player[node])
        tables[player][int(tree.row[player, child]) - 1] = 1.0
    return Strategy(tree, tree.subgame(), (tables[0], tables[1]))


@pytest.mark.parametrize("actions", ACTION_SETS, ids=lambda a: a.name)
@pytest.mark.parametrize("tree", [KUHN, LEDUC], ids=["kuhn", "leduc"])
def test_it_never_wins_more_than_a_best_response(tree, actions):
    strategies = [uniform(tree), always_call(tree), *(random_strategy(tree, seed) for seed in range(5))]
    strategies += [solved_policy(tree, variant("cfr"), n).strategy() for n in (3, 100)]
    for strategy in strategies:
        exact = Evaluator(tree).exploitability(strategy)
        assert lbr_exploitability(tree, strategy.tables, actions) <= exact + 1e-12


def test_against_one_that_always_calls_it_finds_most_of_the_best_response():
    """No bet is ever folded to, so betting better hands is all there is; waiting for the board with it takes more than one step."""
    strategy = always_call(LEDUC)
    exact = Evaluator(LEDUC).exploitability(strategy)
    found = lbr_exploitability(LEDUC, strategy.tables, ActionSet(0))
    assert 0.9 * exact < found <= exact


def test_kuhn_by_hand():
    """Against always call (never bet): the best card bets and is called by both others, the middle one is indifferent."""
    table, value = local_best_response(KUHN, 0, always_call(KUHN).tables[1], ActionSet(0))
    assert value == pytest.approx(Evaluator(KUHN).best_response_value(always_call(KUHN), 0)) == pytest.approx(1 / 3)
    assert table[:2, 2].tolist() == [0.0, 1.0]  # the king bets


def test_more_actions_are_not_always_more_but_no_bets_leave_less_to_win_here():
    strategy = uniform(LEDUC)
    values = {a.name: lbr_exploitability(LEDUC, strategy.tables, a) for a in ACTION_SETS}
    assert values["fold, call"] < values["fold, call, raise from round 2"] < values["fold, call, raise"]
    assert list(values) == ["fold, call", "fold, call, raise", "fold, call, raise from round 2"]


def test_its_own_strategy_is_one_and_keeps_to_its_actions():
    table, value = local_best_response(LEDUC, 1, uniform(LEDUC).tables[0], ActionSet(None))
    raises = [row for row in range(1, LEDUC.num_rows(1)) if LEDUC.sequences[1].action[row] == 2]
    assert not table[np.array(raises) - 1, : LEDUC.num_hands(1)].any()
    assert value == pytest.approx(-table_value(LEDUC, uniform(LEDUC).tables[0], table))


def test_a_search_agent_is_tabulated_first():
    agent = SearchAgent(solved_policy(LEDUC, variant("cfr"), 5), variant("default"))
    tables = [tabulate(agent, seat, Budget(iterations=200)).table for seat in (0, 1)]
    strategy = Strategy(LEDUC, LEDUC.subgame(), (tables[0], tables[1]))
    assert max(lbr_exploitability(LEDUC, tables, a) for a in ACTION_SETS) <= Evaluator(LEDUC).exploitability(strategy)


def test_games_without_calls_are_refused():
    with pytest.raises(ValueError, match=r"local best response needs a check or call at every decision, got .* in liars_dice"):
        calling(public_tree("liars_dice(numdice=1,dice_sides=2)"))
