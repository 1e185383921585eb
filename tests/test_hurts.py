"""Each of the five causes hurts, and its repair does not: rows of ``benchmarks/hurts.py`` on Leduc, and a small hold'em game."""

import importlib.util
import sys

import pytest

from agents.board_blueprint import make_blueprint
from agents.evaluation.strength import exploitability, tabulate
from agents.off_tree_agent import OffTreeAgent
from games.holdem.menus import Size
from search import Budget, variant
from search.resolving import ResolveConfig
from tests.catalogue import small
from tests.running import ROOT

REFINED = ResolveConfig("refined")


@pytest.fixture(scope="module")
def hurts():
    """Return benchmarks/hurts.py."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        spec = importlib.util.spec_from_file_location("benchmark_hurts", ROOT / "benchmarks" / "hurts.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # dataclasses look there
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))
    return module


@pytest.fixture(scope="module")
def leduc(hurts):
    return hurts.Leduc()


def test_each_cause_hurts_and_each_repair_does_not(hurts, leduc):
    measured = dict(leduc.rows())
    assert set(measured) == {cause for cause, game in hurts.SEARCHES if game == hurts.LEDUC}
    for cause, row in measured.items():
        assert row.alone == leduc.alone, cause
        assert row.hurt > 2 * row.alone, cause
        assert row.repaired <= row.alone, cause


def test_the_same_search_with_the_right_range_does_not_hurt(hurts, leduc):
    assert leduc.strength(leduc.search("round", REFINED), 300) < leduc.alone
    assert leduc.strength(leduc.believing(3, REFINED), 300) > 10 * leduc.alone


def test_more_iterations_repair_answers_that_are_not_judged(leduc):
    answers = leduc.search("round", ResolveConfig("resolve", judge=False))
    assert leduc.strength(answers, 10) > 2 * leduc.alone
    assert leduc.strength(answers, 1000) < leduc.alone


def test_an_agent_of_the_same_searches_is_not_forgetful_before_the_first(hurts, leduc):
    """On the first round it plays as the search that it is made of."""
    budget = Budget(iterations=20)
    forgetful, alone = leduc.forgetful(REFINED), leduc.search("root", REFINED)
    assert (forgetful.decide(0, 0, None, budget).policy == alone.decide(0, 0, None, budget).policy).all()


def test_the_errors_of_a_mistake_add_up(hurts, monkeypatch):
    """Whatever the order, and to what the agent loses with all faults: the rows are differences along a chain."""
    lost = {(): 1.0, ("decision",): 3.0, ("belief",): 2.0, ("sample",): 1.5}
    lost |= {("belief", "decision"): 9.0, ("belief", "sample"): 4.0, ("decision", "sample"): 2.5, ("belief", "decision", "sample"): 11.0}
    monkeypatch.setattr(hurts.Leduc, "corner", lambda self, faults: lost[tuple(faults)])
    rows = list(hurts.split(50))
    cells = [[float(cell) for cell in row[3:]] for row in rows]
    assert [row[:2] for row in rows] == [list(label) for label in hurts.SPLIT.labels[:2]]
    assert cells == [[1, 2, 6, 2, 11], [1, 7, 2.5, 0.5, 11]]


def test_sizes_outside_the_tree_hurt_a_search_that_trusts_the_range(tmp_path):
    """The rest of the hand, solved anew with the bet: without a gadget far worse than translation, with one better."""
    game, form = small([0, 1], blinds=[1, 2], stack=200, bets="50%,100%", raises="50%,100%", min_bet=2), variant("default_holdem")
    blueprint = make_blueprint(game, (), form, 300, tmp_path)

    def strength(config, iterations):
        agent = OffTreeAgent(blueprint, (Size("%", 75.0),), form, config)
        return exploitability(tuple(tabulate(agent, seat, Budget(iterations=iterations)) for seat in (0, 1)))

    translated = strength(None, 1)
    assert strength(ResolveConfig("unsafe"), 300) > 5 * translated
    assert strength(ResolveConfig("resolve"), 300) < translated
