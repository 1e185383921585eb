import json
import math
from dataclasses import replace

import pytest

from agents import BlueprintAgent, Local, SearchAgent, Serial, UniformPolicy, ablate, exchange_rate, solved_policy
from agents.reporting.tables import ablation_table
from games import public_tree
from search import Budget, variant
from search.outcome import Stop

KUHN = public_tree("kuhn_poker")


def lines(iterations=(5, 20)):
    policy = solved_policy(KUHN, variant("cfr"), 20)
    search = SearchAgent(policy, variant("default"))
    return {
        "alone": (BlueprintAgent(policy), [Budget(seconds=0)]),
        "search": (search, [Budget(iterations=n) for n in iterations]),
    }


def without_times(rows):
    parts = ("preparing_seconds", "iterating_seconds", "judging_seconds")
    timed = ("spent_seconds", "asked_seconds", *parts, "slowest_decision_seconds", "late_p99_seconds", "running_share")
    return sorted(([(k, v) for k, v in row.items() if k not in timed] for row in rows), key=str)


def test_rows_hold_what_the_contract_names():
    rows = list(ablate(lines()))
    assert [row["line"] for row in rows] == ["alone", "search", "search"]
    alone, few, many = rows
    assert alone["thinking_seconds"] == 0
    assert alone["exploitability"]["exact"] is True
    assert few["thinking_iterations"] == 5
    assert many["exploitability"]["value"] < few["exploitability"]["value"] < 1.0
    for key in (
        "game",
        "agent",
        "spent_seconds",
        "iterations",
        "decisions",
        "slowest_decision_seconds",
        "overruns",
        "fallbacks",
        "kept",
        "skipped",
    ):
        assert key in few


class Timed(BlueprintAgent):
    """An agent whose decisions are said to have taken so long."""

    def __init__(self, policy, took):
        super().__init__(policy)
        self.took = took

    def decide(self, seat, node, memory, budget):
        return replace(super().decide(seat, node, memory, budget), seconds=self.took)


@pytest.mark.parametrize(("took", "spoilt"), [(0.0015, False), (0.02, True)])
def test_rows_are_marked_where_decisions_were_late(took, spoilt):
    row = next(ablate({"timed": (Timed(UniformPolicy(KUHN), took), [Budget(seconds=1e-3)])}, sweeps=1))
    assert row["timed"] == row["decisions"] > 0
    assert row["overruns"] == spoilt * row["timed"]
    assert row["spoilt"] is spoilt
    assert row["running_share"] > 0
    assert (f"{row['overruns']}*" in ablation_table([row])) is spoilt


def test_processes_and_this_process_agree():
    assert without_times(ablate(lines(), executor=Local(2))) == without_times(ablate(lines(), executor=Serial()))


def test_clock_budgets_report_the_mean_of_several_draws():
    policy = UniformPolicy(KUHN)
    rows = list(ablate({"search": (SearchAgent(policy, variant("cfr")), [Budget(seconds=2e-4)])}, sweeps=3))
    strength = rows[0]["exploitability"]
    assert len(strength["draws"]) == 3
    assert strength["value"] == pytest.approx(sum(strength["draws"]) / 3)
    assert "exact" not in strength


def test_what_was_measured_is_not_measured_again(tmp_path):
    class Counting(Serial):
        def map(self, function, tasks):
            self.__dict__["seen"] = len(tasks)
            return super().map(function, tasks)

    first = Counting()
    rows = list(ablate(lines(), directory=tmp_path, executor=first))
    assert first.seen == 6
    victim = next(tmp_path.glob("search-*-20its-0-seat1.json"))
    victim.write_text(victim.read_text()[:20])  # a truncated file is measured anew
    second = Counting()
    again = list(ablate(lines(), directory=tmp_path, executor=second))
    assert second.seen == 1
    assert without_times(again) == without_times(rows)


def test_measurements_of_another_agent_are_not_taken(tmp_path):
    list(ablate(lines(), directory=tmp_path))
    other = {"alone": (BlueprintAgent(UniformPolicy(KUHN)), [Budget(seconds=0)])}
    row = next(iter(ablate(other, directory=tmp_path)))
    assert row["exploitability"]["value"] == pytest.approx(11 / 24)  # uniform Kuhn: NashConv 11/12


def test_an_interrupted_sweep_goes_on(tmp_path):
    stopped = ablate(lines(), directory=tmp_path)
    next(stopped)
    stopped.close()
    kept = {p.name: json.loads(p.read_text()) for p in tmp_path.glob("*.json")}
    assert 0 < len(kept) < 6
    rows = list(ablate(lines(), directory=tmp_path))
    assert without_times(rows) == without_times(ablate(lines()))
    for name, content in kept.items():
        assert json.loads((tmp_path / name).read_text()) == content


def test_measurements_of_older_versions_are_read(tmp_path):
    rows = without_times(ablate(lines(), directory=tmp_path))
    for path in tmp_path.glob("*.json"):
        content = json.loads(path.read_text())
        fallbacks = content.pop("fallbacks")
        older = {"kept": sum(fallbacks.values()), "skipped": fallbacks.get("no_time", 0)}
        lacking = ("bound_violation", "chances", "work", "stops")
        path.write_text(json.dumps({k: v for k, v in content.items() if k not in lacking} | older))
    again = without_times(ablate(lines(), directory=tmp_path))
    unknown = {"bound_violation": None, "asked_iterations": None, "asked_work": None, "stops": dict.fromkeys(Stop, 0)}
    assert again == [[(key, unknown.get(key, value)) for key, value in row] for row in rows]
    assert not list(tmp_path.glob("*.damaged"))


def test_measurements_of_other_settings_stay_and_a_warning_counts_them(tmp_path, caplog):
    rows = without_times(ablate(lines(), directory=tmp_path))
    assert not caplog.text
    (tmp_path / "search-of-another-version.json").write_text("{}")
    assert without_times(ablate(lines(), directory=tmp_path)) == rows
    assert f"1 of the measurements in {tmp_path} are of other settings" in caplog.text
    assert (tmp_path / "search-of-another-version.json").exists()


def test_kept_measurements_that_are_none_are_set_aside_and_made_again(tmp_path, caplog):
    rows = without_times(ablate(lines(), directory=tmp_path))
    path = min(tmp_path.glob("search*.json"))
    content = json.loads(path.read_text())
    damages = [
        [],
        {},
        content | {"opponent_best_response": None},
        content | {"seconds": [1.0]},
        content | {"fallbacks": "no"},
        content | {"spent": 1},
        content | {"opponent_best_response": 1e6},  # Kuhn's stakes are 2
        content | {"opponent_best_response": -2.01},
        content | {"against_blueprint": 3.0},
        content | {"solver_error": 1e300},
        content | {"seconds": [-1.0] * len(content["seconds"])},
        content | {"iterations": [1.5] * len(content["iterations"])},
        content | {"solves": content["decisions"] + 1},
        content | {"decisions": -1},
        content | {"spent": content["spent"] | {"iterating": -1.0}},
        content | {"fallbacks": content["fallbacks"] | {"no_time": -1}},
        content | {"fallbacks": {"tired": 1}},
        {k: v for k, v in content.items() if k != "fallbacks"} | {"kept": 1, "skipped": 2},  # an older version's keys
        content | {"loading": "long"},
        content | {"chances": [2.0] * len(content["chances"])},
        content | {"chances": content["chances"][1:]},
        content | {"work": [-1.0] * len(content["work"])},
        content | {"work": content["work"][1:]},
        content | {"stops": {"tired": 1}},
    ]
    newer = ("chances", "work", "stops")  # an older version's measurements have none of them
    for damaged in [
        *damages,
        *({k: v for k, v in content.items() if k != key} for key in content if key not in newer),
    ]:
        path.write_text(json.dumps(damaged))
        caplog.clear()
        assert without_times(ablate(lines(), directory=tmp_path)) == rows
        assert f"{path} is damaged" in caplog.text
        assert json.loads(path.with_name(path.name + ".damaged").read_text()) == damaged


class Broken(BlueprintAgent):
    def decide(self, seat, node, memory, budget):
        raise ValueError("network gives NaN")


def test_a_task_that_fails_is_raised_not_lost():
    with pytest.raises(ValueError, match="network gives NaN"):
        list(ablate({"broken": (Broken(UniformPolicy(KUHN)), [Budget(seconds=0)])}))


def test_sweeps_must_be_positive():
    with pytest.raises(ValueError, match="sweeps must be at least 1, got 0"):
        list(ablate(lines(), sweeps=0))


def row(seconds, value):
    return {"line": "search", "thinking_seconds": seconds, "exploitability": {"value": value}}


def test_exchange_rate_interpolates_and_says_where_it_extrapolates():
    # A training curve with exploitability = 1 / sqrt(compute): to be k times better costs k^2 times the compute.
    training = [{"compute": 10.0**k, "exploitability": 10.0 ** (-k / 2)} for k in range(1, 5)]
    inside, outside = exchange_rate(training, [row(0.001, 10.0**-1.25), row(0.01, 1e-3)])
    assert inside["equivalent_compute"] == pytest.approx(10**2.5)
    assert inside["extrapolated"] is False
    assert outside["equivalent_compute"] == pytest.approx(1e6)
    assert outside["times_the_training_done"] == pytest.approx(100)
    assert outside["extrapolated"] is True


def test_exchange_rate_is_in_units_of_the_network_that_is_searched():
    training = [{"compute": 10.0**k, "exploitability": 10.0 ** (-k / 2)} for k in range(1, 5)]
    (rate,) = exchange_rate(training, [row(0.001, 10.0**-1.25)], done=100.0)
    assert rate["times_the_training_done"] == pytest.approx(10**0.5)
    assert rate["extrapolated"] is False


def test_exchange_rate_uses_the_best_so_far_and_leaves_out_what_has_no_answer():
    training = [{"compute": c, "exploitability": e} for c, e in ((1.0, 1.0), (10.0, 2.0), (100.0, 0.1))]
    rates = exchange_rate(training, [row(0.01, 0.1), row(0, 0.5), row(0.01, 0.0)])
    assert len(rates) == 1
    assert math.isclose(rates[0]["equivalent_compute"], 100.0)
    assert exchange_rate(training[:1], [row(0.01, 0.1)]) == []


def test_errors_are_shown_in_the_unit_of_what_they_belong_to():
    strength = {"value": 0.5, "mbb_per_game": 250.0, "standard_error": 0.01, "unit": "chips", "draws": [0.49, 0.51]}
    (row,) = ablate({"alone": (BlueprintAgent(UniformPolicy(KUHN)), [Budget(seconds=0)])})
    text = ablation_table([row | {"exploitability": strength}])
    assert "250" in text
    assert "± 5" in text
