import math
from dataclasses import replace

import numpy as np
import pytest

from agents import BlueprintAgent, SearchAgent, Serial, solved_policy
from agents.match.bank import MOST_SHARES, SESSION_HANDS, Bank, BankRule
from agents.match.deal import Competitor
from agents.match.exact_value import exact_values
from agents.match.match import Match, play_matches
from agents.match.statistics import Tally, describe
from games import public_tree
from search import Budget, variant
from search.resolving import ResolveConfig
from search.stopping import SECOND

LEDUC = public_tree("leduc_poker")


@pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf])
def test_banks_that_are_none_are_refused(seconds):
    with pytest.raises(ValueError, match=rf"^budget\.bank_seconds must be a number above 0, got {seconds}$"):
        BankRule(seconds)


@pytest.mark.parametrize("seconds", [-1, math.nan, math.inf])
def test_increments_that_are_none_are_refused(seconds):
    with pytest.raises(ValueError, match=rf"^budget\.increment_seconds must be a number of at least 0, got {seconds}$"):
        BankRule(1.0, seconds)


def play(bank, takes, sessions, searches=2):
    """Play sessions; ``takes`` says how long a search takes at a price. Returns what each session's searches took."""
    spent = []
    for _ in range(sessions):
        bank.begin()
        taken = []
        for _ in range(SESSION_HANDS):
            bank.deal()
            for _ in range(searches):
                budget = bank.budget(Budget())
                assert budget.price.unit == SECOND
                assert 0 <= budget.seconds <= bank.left
                taken.append(min(takes(budget.price.chips), budget.seconds))
                bank.spend(taken[-1], True)
        spent.append(taken)
    return np.array(spent)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_price_is_moved_until_the_bank_lasts_and_is_used(scale):
    """Searches whose curves are c / t, c of many sizes, stop where c / t^2 is the price: whatever the scale of c, wherever it begins."""
    random = np.random.default_rng(1)
    bank = Bank(BankRule(20.0), stake=1.0)
    spent = play(bank, lambda price: math.sqrt(scale * random.lognormal(0, 1.5) / price), 6)
    assert (spent.sum(axis=1) <= 20.0 + 1e-9).all()
    assert spent[2:].sum(axis=1) == pytest.approx(np.full(4, 20.0), rel=0.15)
    late, early = spent[3:, 150:].mean(), spent[3:, :50].mean()
    assert 0.5 < late / early < 2.0  # it does not run dry at the end


def test_increments_count_with_what_is_left():
    bank = Bank(BankRule(1.0, 0.1), stake=1.0)
    spent = play(bank, lambda price: math.sqrt(1e-3 / price), 6)
    assert spent[2:].sum(axis=1) == pytest.approx(np.full(4, 1.0 + 0.1 * 2 * SESSION_HANDS), rel=0.15)


def test_one_decision_cannot_take_the_bank():
    bank = Bank(BankRule(100.0), stake=1.0)
    bank.deal()
    share = bank.share
    assert bank.budget(Budget()).seconds == pytest.approx(MOST_SHARES * share, rel=0.2)
    assert bank.budget(Budget(seconds=1e-3, iterations=7)) == Budget(seconds=1e-3, iterations=7, price=bank.budget(Budget()).price)


def test_an_empty_bank_gives_nothing_and_decisions_without_a_search_say_nothing_of_the_price():
    bank = Bank(BankRule(1.0), stake=1.0)
    bank.deal()
    before = bank.log_price
    bank.spend(3.0, False)
    assert bank.left == 0.0
    assert bank.log_price == before
    assert bank.budget(Budget()).seconds == 0.0
    bank.begin()
    assert bank.left == 1.0


def test_a_bank_too_small_for_any_search_keeps_a_price_that_is_a_number():
    bank = Bank(BankRule(1e-3), stake=13.0)
    for _ in range(50):
        play(bank, lambda price: 1.0, 1)
    assert 0 < math.exp(bank.log_price) < math.inf
    for _ in range(50):
        bank.begin()
        bank.spend(0.0, True)
    assert bank.budget(Budget()).price.chips > 0


def bank_match(seconds=0.4, **settings):
    policy = solved_policy(LEDUC, variant("cfr"), 30)
    agent = SearchAgent(policy, variant("default"), "round", ResolveConfig("refined"))
    players = Competitor("a", agent, Budget(), BankRule(seconds, 1e-3)), Competitor("b", BlueprintAgent(policy), Budget(seconds=0))
    return Match(players, 5, **settings)


def test_a_session_never_takes_more_than_its_bank():
    match = bank_match()
    assert match.part_hands == SESSION_HANDS
    parts = [records for _, records, _ in play_matches([match], 300)]
    assert [len(records) for records in parts] == [100, 100, 100]
    for records in parts:
        decisions = [d for r in records for d in r["decisions"] if d[0] == 0]
        clocks = [c for r in records for d, c in zip(r["decisions"], r["clocks"], strict=True) if d[0] == 0]
        assert all(asked >= 0 for asked, _ in clocks)
        assert {stopped for _, stopped in clocks} <= {None, "price", "seconds", "iterations"}
        late = 2e-3 * len(decisions)  # of a busy machine
        assert sum(seconds for _, seconds, *_ in decisions) <= 0.4 + 1e-3 * len(decisions) + late
        asked_of_others = [c for r in records for d, c in zip(r["decisions"], r["clocks"], strict=True) if d[0] == 1]
        assert all(clock == [None, None] for clock in asked_of_others)


def test_hands_with_a_bank_are_kept_and_told(tmp_path):
    match, tally = bank_match(), Tally(bank_match())
    for _, records, new in play_matches([match], 200, directory=tmp_path / "hands"):
        assert new
        tally.add(records)
    assert all(not new for _, _, new in play_matches([match], 200, directory=tmp_path / "hands"))
    stops = tally.stops()
    assert {row["agent"] for row in stops} == {"a"}
    assert sum(row["decisions"] for row in stops) > 50
    assert any(row["stopped"] == "price" for row in stops)
    assert describe([match])[0]["budget"] == "a bank of 400 ms for 100 hands and 1 ms a decision"
    assert match.fingerprint() not in {bank_match(0.5).fingerprint(), Match(without_bank(match), 5).fingerprint()}


def without_bank(match):
    return tuple(replace(competitor, bank=None) for competitor in match.competitors)


def test_decisions_of_a_bank_are_made_anew_and_have_no_exact_value():
    match = bank_match()
    assert not match.competitors[0].steady
    assert exact_values([match], 1, Serial()) == [None]
