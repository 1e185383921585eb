import numpy as np
import pytest

from agents import solved_policy
from agents.evaluation.lbr import ACTION_SETS, lbr_exploitability
from agents.evaluation.learned_response import ResponseConfig, learned_exploitability, learned_response
from agents.training.regression import FitConfig
from games import public_tree
from search import Evaluator, Strategy, check_strategy, uniform, variant
from tests.test_aivat import random_strategy

KUHN, LEDUC = public_tree("kuhn_poker"), public_tree("leduc_poker(suit_isomorphism=true)")
DICE = public_tree("liars_dice(numdice=1,dice_sides=3)")
QUICK = ResponseConfig(rounds=6, hands=2000, fit=FitConfig(steps=30, learning_rate=0.01, final_rate=0.1))


@pytest.mark.parametrize("tree", [KUHN, DICE, LEDUC], ids=["kuhn", "dice", "leduc"])
def test_it_never_wins_more_than_a_best_response(tree):
    for strategy in (random_strategy(tree, 1), solved_policy(tree, variant("cfr"), 50).strategy()):
        for seat in (0, 1):
            assert learned_response(tree, seat, strategy.tables[1 - seat], QUICK)[1] <= Evaluator(tree).best_response_value(strategy, seat)


@pytest.mark.parametrize("tree", [KUHN, DICE, LEDUC], ids=["kuhn", "dice", "leduc"])
def test_against_uniform_play_it_finds_nearly_all_there_is(tree):
    strategy = uniform(tree)
    exact = Evaluator(tree).exploitability(strategy)
    found = learned_exploitability(tree, strategy.tables, QUICK)
    assert 0.93 * exact < found <= exact


def test_it_sees_what_takes_more_than_one_step():
    strategy = uniform(LEDUC)
    looked = max(lbr_exploitability(LEDUC, strategy.tables, actions) for actions in ACTION_SETS)
    assert learned_exploitability(LEDUC, strategy.tables, QUICK) > looked


def test_what_it_returns_is_a_strategy_that_wins_that_much_and_is_the_same_for_the_same_seed():
    table = solved_policy(KUHN, variant("cfr"), 3).strategy().tables[0]
    found, value = learned_response(KUHN, 1, table, QUICK)
    strategy = Strategy(KUHN, KUHN.subgame(), (table, found))
    check_strategy(strategy)
    assert set(np.unique(found)) == {0.0, 1.0}
    assert value == pytest.approx(Evaluator(KUHN).values(strategy)[1])
    again, same = learned_response(KUHN, 1, table, QUICK)
    np.testing.assert_array_equal(again, found)
    assert same == value


def test_what_cannot_be_learned_with_is_refused():
    for key, value in (("rounds", 0), ("hands", 0)):
        with pytest.raises(ValueError, match=f"{key} must be at least 1, got 0"):
            ResponseConfig(**{key: value})
    with pytest.raises(ValueError, match="exploring must be above 0 and at most 1, got 0"):
        ResponseConfig(exploring=0.0)
