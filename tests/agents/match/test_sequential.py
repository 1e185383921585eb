"""The stopping rule of matches: its ratios, its least numbers, and how often it is wrong."""

import numpy as np
import pytest
from scipy.stats import norm

from agents.match.sequential import EVEN, FIRST, LEAST_DEALS, SECOND, SPRT, UNDECIDED, decide, look, next_look
from tests.running import ROOT


def test_ratios_are_those_of_normal_likelihoods():
    scores = np.random.default_rng(0).standard_t(4, 700) + 0.1

    def likelihood(mean):
        return norm.logpdf(scores, mean, np.sqrt(np.mean((scores - mean) ** 2))).sum()

    ratios = look(SPRT(0.3), scores).ratios
    assert ratios == pytest.approx([likelihood(0.3) - likelihood(0), likelihood(-0.3) - likelihood(0)])
    assert look(SPRT(0.3), -scores).ratios == pytest.approx(ratios[::-1])


def test_bounds_are_walds():
    one_sided = SPRT(1, alpha=0.1, beta=0.05)  # 0.05 on each side
    assert (one_sided.lower, one_sided.upper) == (pytest.approx(-2.944, abs=5e-4), pytest.approx(2.944, abs=5e-4))  # as chess engines' are


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"margin": 0.0}, "margin must be above 0 chips a hand, got 0"),
        ({"margin": np.inf}, "margin must be above 0 chips a hand, got inf"),
        ({"margin": 1.0, "alpha": 0.5}, "alpha must be above 0 and below 0.5, got 0.5"),
        ({"margin": 1.0, "beta": 0.0}, "beta must be above 0 and below 0.5, got 0"),
    ],
)
def test_what_is_no_rule_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        SPRT(**settings)


def test_looks_are_at_multiples_of_fifty_and_grow_by_a_hundredth():
    looks = [0]
    while looks[-1] < 100_000:
        looks.append(next_look(looks[-1]))
    steps = np.diff(looks)
    assert set(np.array(looks) % 50) == {0}
    assert set(steps[: 9_950 // 50]) == {50}
    assert steps[-1] == 950
    assert (np.diff(steps) >= 0).all()


def test_few_deals_and_few_that_differ_decide_nothing():
    random = np.random.default_rng(0)
    clear = 5 + random.standard_normal(LEAST_DEALS)
    assert look(SPRT(1), clear).decision == FIRST
    assert look(SPRT(1), clear[1:]).decision == UNDECIDED
    few = np.where(np.arange(LEAST_DEALS) % 50 == 0, clear, 0.0)  # ten deals make all of the variance
    assert look(SPRT(0.01), few).effective < 15
    assert look(SPRT(0.01), few).decision == UNDECIDED
    alike = 5 + 1e-12 * random.standard_normal(10_000)
    assert look(SPRT(1), alike).decision == UNDECIDED
    assert look(SPRT(1), np.zeros(10_000)).decision == UNDECIDED


@pytest.mark.parametrize(("mean", "decision"), [(5.0, FIRST), (-5.0, SECOND), (0.0, EVEN), (0.2, EVEN)])
def test_scores_that_are_the_mean_itself_decide_at_once(mean, decision):
    assert look(SPRT(1), np.full(50, mean), exact=True).decision == decision
    assert look(SPRT(1), np.full(50, mean)).decision == UNDECIDED


def test_samples_are_decided_at_their_first_look_that_decides():
    random = np.random.default_rng(0)
    samples = random.standard_normal((40, 3000)) + random.choice([-0.2, 0, 0.2], (40, 1))
    decisions, deals = decide(SPRT(0.2), samples)
    assert {FIRST, SECOND, EVEN} <= set(decisions)
    for sample, decision, n in zip(samples, decisions, deals, strict=True):
        each = [int(look(SPRT(0.2), sample[:count]).decision) for count in range(50, n + 1, 50)]
        assert each[-1] == decision
        assert decision == UNDECIDED or set(each[:-1]) <= {UNDECIDED}


def test_a_longer_match_is_decided_where_a_shorter_one_was():
    samples = np.random.default_rng(1).standard_normal((40, 2000))
    decisions, deals = decide(SPRT(0.2), samples)
    again, same = decide(SPRT(0.2), samples[:, :1000])
    short = deals <= 1000
    assert short.sum() > 20
    assert (again[short] == decisions[short]).all()
    assert (same[short] == deals[short]).all()


@pytest.fixture
def errors(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import sequential_errors

    return sequential_errors


MATCHES = 400  # a rate of 5 % has an error of 1.1 % there
CASES = ("normal", "Student's t, 3 degrees", "few pots", "few pots, one wins")


@pytest.mark.parametrize("case", CASES)
def test_it_is_wrong_no_more_often_than_it_says(errors, case):
    """Of scores of mean 0 no winner is right; of scores whose mean is the margin, the first is. Seeds are fixed."""
    null, real = (errors.simulate(errors.CASES[case], mean, 0.1, MATCHES, seed)[:, 0] for seed, mean in enumerate((0.0, 0.1)))
    assert np.isin(null, (FIRST, SECOND)).mean() <= 0.05
    assert np.isin(real, (EVEN, SECOND)).mean() <= 0.05
    if case == "normal":
        assert (null == EVEN).mean() > 0.9
        assert (real == FIRST).mean() > 0.9


def test_looking_again_and_again_at_an_interval_would_be_wrong_more_often(errors, monkeypatch):
    """The simulation sees a rule that is broken: as soon as a 95 % interval excludes 0, somebody wins."""

    def naive(rule, samples):
        decided = np.zeros(len(samples), int)
        for n in range(50, samples.shape[1], 50):
            mean, error = samples[:, :n].mean(axis=1), samples[:, :n].std(axis=1) / n**0.5
            decided = np.where(decided == UNDECIDED, np.select([mean > 1.96 * error, mean < -1.96 * error], [FIRST, SECOND], 0), decided)
        return decided, np.full(len(samples), samples.shape[1])

    monkeypatch.setattr(errors, "decide", naive)
    assert np.isin(errors.simulate(errors.CASES["normal"], 0.0, 0.1, 100)[:, 0], (FIRST, SECOND)).mean() > 0.2


def test_without_the_least_numbers_large_pots_would_fool_it(errors, monkeypatch):
    monkeypatch.setattr("agents.match.sequential.LEAST_DEALS", 50)
    monkeypatch.setattr("agents.match.sequential.LEAST_EFFECTIVE", 1)
    null = errors.simulate(errors.CASES["few pots, one wins"], 0.0, 0.1, MATCHES)[:, 0]
    assert np.isin(null, (FIRST, SECOND)).mean() > 0.1


@pytest.mark.parametrize("case", [*CASES, "rarer pots, one wins", "few differ"])
def test_simulated_scores_have_mean_0_and_deviation_1(errors, case):
    scores = errors.CASES[case](np.random.default_rng(0), (1000, 2000))
    assert abs(scores.mean()) < 4 / scores.size**0.5
    assert scores.std() == pytest.approx(1, rel=0.05)
