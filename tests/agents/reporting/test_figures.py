"""Figures as their readers see them."""

import warnings

import numpy as np
import pytest

from agents import BlueprintAgent, UniformPolicy
from agents.match.deal import Competitor
from agents.match.report import decision_table
from agents.match.statistics import decision_row
from agents.reporting.figures import plot_ablation, plot_errors, plot_exchange, plot_trace, plot_training
from agents.reporting.tables import spoilt_note
from games import public_tree
from search import Budget


def test_ticks_of_one_axis_are_written_in_one_way(tmp_path):
    plot_trace([(10**i, 1.0, 0.1**i) for i in range(8)], "long", [tmp_path / "trace.svg"])
    drawn = (tmp_path / "trace.svg").read_text()
    assert all(f">{tick}</text>" in drawn for tick in ("10,000", "100,000", "1,000,000"))
    assert "1e+06" not in drawn


def row(line, seconds, value, **more):
    strength = {"value": value, "unit": "chips", "draws": [value]}
    timed = {"thinking_seconds": seconds, "thinking_iterations": None, "spent_seconds": seconds, "iterations": 5}
    return {"line": line, "exploitability": strength, **timed, **more}


@pytest.fixture
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize(
    ("values", "said"), [((0.5, 0.1), None), ((0.5, 0.0), "the lowest marks are 0"), ((0.0, 0.0), "0 throughout: nothing is exploitable")]
)
def test_what_is_not_exploitable_is_drawn_without_a_warning_and_named(tmp_path, no_warnings, values, said):
    points = [{"compute": 10.0**i, "exploitability": value, "seconds": 1.0} for i, value in enumerate(values)]
    plot_trace([(i + 1, 0.0, value) for i, value in enumerate(values)], "trace", [tmp_path / "trace.svg"])
    plot_training(points, "training", [tmp_path / "training.svg"])
    plot_ablation([row("still", 0, values[0]), row("search", 0.01, values[1])], "ablation", [tmp_path / "ablation.svg"])
    for name in ("trace", "training", "ablation"):
        drawn = (tmp_path / f"{name}.svg").read_text()
        for text in ("the lowest marks are 0", "0 throughout: nothing is exploitable"):
            assert (text in drawn) == (text == said)


def test_learning_curves_say_what_they_are_of_and_where_the_floor_is(tmp_path, no_warnings):
    rows = [{"compute": 9.0 * i, "rows": 64 * i, "exploitability": 1 / i, "seconds": 2.0 * i} for i in (1, 2, 4)]
    plot_training(rows, "policy", [tmp_path / "policy.svg"], size_floor=0.1)
    plot_training(rows, "values", [tmp_path / "values.svg"], "rows")
    policy, values = ((tmp_path / f"{name}.svg").read_text() for name in ("policy", "values"))
    assert "exploitability of the network alone, chips" in policy
    assert "floor of this size" in policy
    assert "exploitability of searches with the network, chips" in values
    assert "public belief states learned from" in values
    assert "floor of this size" not in values


def test_errors_by_source_name_the_sources_and_then_what_they_stand_beside(tmp_path, no_warnings):
    rows = [{"iteration": i, "play": 0.1 / i, "changed": 0.2 / i} for i in (1, 2, 4)]
    beside = {"checked_down": (0.3, 0.4), "floor": (0.01, 0.02)}
    plot_errors(rows, beside, ("play", "changed"), "a network", [tmp_path / "errors.svg"])
    text = (tmp_path / "errors.svg").read_text()
    places = [text.index(f">{label}</text>") for label in ("play", "changed", "checked down", "floor")]
    assert places == sorted(places)


def test_a_solve_without_an_iteration_has_a_figure_that_says_so(tmp_path, no_warnings):
    plot_trace([(0, 0.0, 2.0)], "NOT SOLVED: why\ngame", [tmp_path / "trace.svg"])
    drawn = (tmp_path / "trace.svg").read_text()
    assert all(f">{text}</text>" in drawn for text in ("NOT SOLVED: why", "game", "no iteration was done"))


def test_rows_whose_decisions_were_late_are_hollow_and_named(tmp_path, no_warnings):
    late = {"overruns": 93, "timed": 100, "spoilt": True, "running_share": 0.4}
    rows = [row("still", 0, 0.5), row("search", 0.01, 0.2, overruns=1, timed=100, spoilt=False, running_share=1.0)]
    assert spoilt_note(rows) == ""
    plot_ablation(rows, "quiet", [tmp_path / "quiet.svg"])
    rows.append(row("search", 0.1, 0.1, **late))
    plot_ablation(rows, "busy", [tmp_path / "busy.svg"])
    assert "hollow" not in (tmp_path / "quiet.svg").read_text()
    assert ">hollow: decisions late, machine busy</text>" in (tmp_path / "busy.svg").read_text()
    assert spoilt_note(rows) == (
        "93 % of decisions were late in 1 row (* in the table): this machine was busy (it ran this for 40 % of the time), "
        "so measure again on a quiet one"
    )


@pytest.mark.parametrize(("took", "spoilt"), [(0.0105, False), (0.05, True)])
def test_matches_mark_agents_whose_decisions_were_late(took, spoilt):
    competitor = Competitor("a", BlueprintAgent(UniformPolicy(public_tree("kuhn_poker"))), Budget(seconds=0.01))
    row = decision_row(competitor, 10, np.array([[took, 5.0, 0.0]] * 10))
    assert row["spoilt"] is spoilt
    assert ("10*" in decision_table([row])) is spoilt
    assert spoilt_note([row]).startswith("100 % of decisions were late in 1 row (* in the table): this machine was busy,") is spoilt


def test_an_exchange_rate_shows_what_is_searched_and_where_the_curve_is_extrapolated(tmp_path, no_warnings):
    curve = [{"compute": 10.0**i, "exploitability": 10.0**-i} for i in range(4)]
    inside = {"line": "search", "thinking_seconds": 0.01, "exploitability": 0.05, "equivalent_compute": 20.0, "extrapolated": False}
    outside = inside | {"thinking_seconds": 0.1, "exploitability": 1e-4, "equivalent_compute": 1e4, "extrapolated": True}
    plot_exchange(curve, [inside], "inside", [tmp_path / "inside.svg"], searched=(10.0, 0.1))
    plot_exchange(curve, [inside, outside], "outside", [tmp_path / "outside.svg"])
    inner, outer = ((tmp_path / f"{name}.svg").read_text() for name in ("inside", "outside"))
    assert ("network that is searched" in inner, "network that is searched" in outer) == (True, False)
    assert (">extrapolated</text>" in inner, ">extrapolated</text>" in outer) == (False, True)
