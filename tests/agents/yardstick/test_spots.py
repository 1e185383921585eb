"""Spots, their exact answers and EV loss."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

import agents
from agents.agent import Decision
from agents.bucket_blueprint import load_blueprint
from agents.no_limit.agent import NoLimitAgent
from agents.runtime.arrays import open_archive, write_archive
from agents.yardstick import making
from agents.yardstick.drawing import CELLS, cell_of, draw, spread
from agents.yardstick.exchange import losses_of_answers, write_spots
from agents.yardstick.file import SHIPPED, SpotSet, load_spots, save_spots
from agents.yardstick.measure import measure, uniform_row
from agents.yardstick.report import with_error, write_loss_report
from agents.yardstick.solving import solved
from agents.yardstick.spots import LEVELS, STREETS, ev_loss, quantised
from games.game import Kind
from games.holdem.config import Holdem
from games.holdem.ranges import parse_range
from search import BoardSolver, Budget, variant
from search.outcome import Outcome
from tests.spots import GAME, GAP, LINES, VARIANT, spot, spot_set


@pytest.fixture(scope="module")
def blueprint():
    return load_blueprint(GAME, Path(agents.__file__).parent / "blueprints" / "small")


def answer_of(name):
    return spot_set().entries[list(LINES).index(name)][1]


def policy_of(name, shares):
    """Return one policy for all hands."""
    return np.repeat(np.array(shares, float)[:, None], 1326, axis=1)


def test_a_fold_and_a_call_are_worth_what_is_counted_by_hand():
    faced, answer = spot("faced"), answer_of("faced")
    values = answer.best - answer.losses
    assert [action.kind for action in faced.actions[:2]] == [Kind.FOLD, Kind.PASS]
    np.testing.assert_allclose(values[0], 0, atol=1e-6)
    called = faced.whole.child(faced.state, faced.actions[1])
    cfvs = called_cfvs = faced.whole.cfvs(called, faced.player, faced.ranges[1 - faced.player])
    paid = faced.whole.chips(faced.state).paid[faced.player]
    expected = (called_cfvs[faced.hands] / faced.met[faced.hands] + paid) / faced.pot
    assert cfvs[faced.hands].any()
    np.testing.assert_allclose(values[1], expected, atol=1e-5)


@pytest.mark.parametrize("name", LINES)
def test_the_best_values_are_those_of_another_solve(name):
    one, answer = spot(name), answer_of(name)
    solver = BoardSolver(one.subgame, variant("cfr_plus"))
    gap = solver.solve(Budget(exploitability=GAP * one.pot)).exploitability / one.pot
    value = (solver.values()[one.player] + one.whole.chips(one.state).paid[one.player]) / one.pot
    assert abs(answer.best @ one.chances - value) < 2 * (answer.gap + gap)
    assert ev_loss(one, answer, solver.answer().at_node(0)) < 2 * (answer.gap + gap)
    assert 0 < answer.gap <= GAP


@pytest.mark.parametrize("name", LINES)
def test_the_best_actions_lose_nothing_and_the_worst_ones_most(name):
    one, answer = spot(name), answer_of(name)
    best, worst, even = (np.zeros((len(one.actions), 1326)) for _ in range(3))
    places = np.arange(len(one.hands))
    best[answer.losses.argmin(axis=0)[places], one.hands] = 1
    worst[answer.losses.argmax(axis=0)[places], one.hands] = 1
    even[:] = 1 / len(one.actions)
    losses = [ev_loss(one, answer, policy) for policy in (best, even, worst)]
    assert losses[0] == 0 < losses[1] < losses[2]
    assert losses[1] == pytest.approx(answer.losses.mean(axis=0) @ one.chances)


def test_a_policy_of_other_actions_or_without_a_sum_of_1_is_refused():
    one, answer = spot("first"), answer_of("first")
    for wrong in (np.ones((2, 1326)) / 2, policy_of("first", [1, 1, 0, 0]), policy_of("first", [2, -1, 0, 0]), np.full((4, 1326), np.nan)):
        with pytest.raises(ValueError, match="policy must be shares"):
            ev_loss(one, answer, wrong)


def test_ranges_come_in_steps():
    levels = quantised(np.array([0.0, 0.5, 0.25, 1e-3, 2e-3]))
    assert levels.tolist() == [0, 200, 100, 0, 1]
    assert levels.dtype == np.uint8


def test_drawing_keeps_to_its_rule_and_goes_on_where_it_stopped(blueprint):
    drawn = [*draw(GAME, blueprint, "river", 4, 3, [])]
    again = [*draw(GAME, blueprint, "river", 4, 3, drawn[:2])]
    assert [one.line for one in drawn[2:]] == [one.line for one in again]
    assert all((a.levels == b.levels).all() for a, b in zip(drawn[2:], again, strict=True))
    assert [one.line for one in islice(draw(GAME, blueprint, "river", 4, 4, []), 2)] != [one.line for one in drawn[:2]]
    assert sorted(cell_of(one.whole, one.state) for one in drawn) == [0, 1, 2, 3]
    for one in drawn:
        chips = one.whole.chips(one.state)
        assert one.pot >= 600
        assert min(chips.behind) >= one.pot / 4
        assert one.levels.max(axis=1).tolist() == [LEVELS, LEVELS]
        assert (one.levels > 0).sum(axis=1).min() >= 20
        assert not one.levels[:, np.isin(GAME.hands, one.state.cards).any(axis=1)].any()
        assert len(one.state.cards) == 5


def test_a_set_begins_with_one_spot_of_each_cell():
    spots = [spot("first"), spot("first", 1), spot("faced"), spot("first", 2), spot("faced", 1)]
    assert spread(spots) == [0, 2, 1, 4, 3]


def test_a_file_gives_back_what_was_written(tmp_path):
    save_spots(tmp_path / "spots.npz", spot_set())
    read = load_spots(tmp_path / "spots.npz", GAME)
    assert read.digest == spot_set().digest
    for (one, answer), (other, kept) in zip(spot_set().entries, read.entries, strict=True):
        assert (one.line, one.hands.tolist()) == (other.line, other.hands.tolist())
        assert (one.levels == other.levels).all()
        np.testing.assert_allclose(kept.losses, answer.losses, rtol=1 / 2048, atol=1e-7)
        np.testing.assert_allclose(kept.best, answer.best, rtol=1 / 2048, atol=1e-7)
    assert len(read.of("river")) == 2
    assert len(read.of("river", 1)) == 1


def changed(path, change):
    """Write a file with its JSON changed, or its data."""
    save_spots(path, spot_set())
    with open_archive(path) as saved:
        about, data = saved.json("about"), saved.array("data", saved.header("data").shape, np.uint8)
    write_archive(path, *change(about, {"data": data}))


DAMAGES = {
    "bytes": lambda about, data: (about | {"bytes": about["bytes"] + 1}, data),
    "claim": lambda about, data: (about | {"bytes": 1 << 40}, data),
    "format": lambda about, data: (about | {"format": 2}, data),
    "digest": lambda about, data: (about | {"digest": "0" * 16}, data),
    "spot less": lambda about, data: (about | {"spots": about["spots"][1:]}, data),
    "another line": lambda about, data: (about | {"spots": [about["spots"][0] | {"line": "fold"}, *about["spots"][1:]]}, data),
    "other actions": lambda about, data: (about | {"spots": [about["spots"][0] | {"actions": ["check"]}, *about["spots"][1:]]}, data),
    "no data": lambda about, data: (about, {"data": data["data"][:50]}),
    "no zlib": lambda about, data: (about, {"data": data["data"][::-1].copy()}),
    "no mapping": lambda about, data: ([], data),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_one_error(damage, tmp_path):
    path = tmp_path / "spots.npz"
    changed(path, DAMAGES[damage])
    with pytest.raises(ValueError, match="file must be a file of spots that timebank spots make=true wrote, got") as error:
        load_spots(path, GAME)
    assert "\n" not in str(error.value)


def test_any_other_file_is_one_error_too(tmp_path):
    (tmp_path / "text").write_text("no archive")
    for path in (tmp_path / "text", tmp_path / "none", tmp_path):
        with pytest.raises(ValueError, match="file must be a file of spots"):
            load_spots(path, GAME)


def test_spots_of_another_game_are_refused(tmp_path):
    save_spots(tmp_path / "spots.npz", spot_set())
    other = Holdem(blinds=[50, 100], stack=10_000, min_bet=100, amounts="any", name="heads_up_no_limit").build()
    with pytest.raises(ValueError, match="file must be of the game that is set, heads_up_no_limit"):
        load_spots(tmp_path / "spots.npz", other)


def test_the_set_that_comes_with_the_package():
    shipped = load_spots(SHIPPED, GAME)
    assert SHIPPED.stat().st_size <= 2_000_000
    assert {street: len(shipped.of(street)) for street in STREETS} == {"river": 200, "turn": 100}
    for street, most in (("river", 1e-5), ("turn", 1e-4)):
        cells = [cell_of(one.whole, one.state) for one, _ in shipped.of(street)]
        assert len(set(cells[:CELLS])) == CELLS
        assert max(answer.gap for _, answer in shipped.of(street)) <= most
        assert all((answer.losses.min(axis=0) == 0).all() for _, answer in shipped.of(street))


@pytest.mark.parametrize("street", STREETS)
def test_answers_of_the_package_are_those_of_a_new_solve(street):
    (one, answer), *_ = load_spots(SHIPPED, GAME).of(street)[2:]
    fresh = solved(one, VARIANT, 2e-4)
    assert abs((fresh.best - answer.best) @ one.chances) < 2 * (fresh.gap + answer.gap)
    even = np.full((len(one.actions), 1326), 1 / len(one.actions))
    assert ev_loss(one, fresh, even) == pytest.approx(ev_loss(one, answer, even), abs=0.02)


def test_making_goes_on_and_gives_the_same_file(blueprint, tmp_path, monkeypatch):
    monkeypatch.setattr(making, "solved", lambda one, row, workspace: solved(one, row, 0.05, workspace))
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    counts = {"river": 2, "turn": 1}
    made = making.make_spots(GAME, blueprint, VARIANT, counts, 1, whole, lambda *_: None)

    def stop(done, *_):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        making.make_spots(GAME, blueprint, VARIANT, counts, 1, parts, stop)
    with pytest.raises(ValueError, match="got others"):
        making.make_spots(GAME, blueprint, VARIANT, counts, 2, parts, stop)
    again = making.make_spots(GAME, blueprint, VARIANT, counts, 1, parts, lambda *_: None)
    assert again.digest == made.digest
    assert [path.name for path in parts.iterdir()] == [making.FILE]
    assert (parts / making.FILE).read_bytes() == (whole / making.FILE).read_bytes()


def test_more_thinking_loses_less(blueprint):
    agent, alone = (NoLimitAgent(GAME, blueprint, VARIANT, solve_from) for solve_from in ("turn+river", None))
    agent.load()
    asked = []
    for street in STREETS:
        entries = spot_set().of(street)
        rows = [*measure(agent, "agent", street, entries, [Budget(iterations=10), Budget(iterations=300)], lambda: asked.append(1))]
        rows += measure(alone, "alone", street, entries, [Budget(seconds=0)], lambda: asked.append(1))
        losses = [row["ev_loss"]["value"] for row in rows]
        assert losses[1] < losses[0] < uniform_row(street, entries)["ev_loss"]["value"]
        assert losses[1] < 2e-3
        assert losses[1] < losses[2]
        assert [row["iterations"] for row in rows] == [10, 300, 0]
    assert len(asked) == 3 * len(spot_set().entries)


class Late:
    """Takes a second, and has searched or not."""

    def __init__(self, outcome):
        self.outcome = outcome

    def decide_from(self, state, ranges, actions, budget):
        policy = np.zeros((len(actions), 1326))
        policy[0] = 1
        return Decision(policy, None, 1.0, 0, outcome=self.outcome)


def test_late_decisions_are_counted(tmp_path):
    for outcome, counted in ((Outcome.SEARCHED, (2, 2, True)), (Outcome.NO_TIME, (2, 0, False))):
        (row,) = measure(Late(outcome), "late", "river", spot_set().of("river"), [Budget(seconds=0.1)], lambda: None)
        assert (row["overruns"], row["searched_late"], row["spoilt"]) == counted
        assert row["slowest_decision_seconds"] == 1.0
        assert "late" in write_loss_report([row], "late", tmp_path)
    assert "busy" in write_loss_report([row | {"spoilt": True, "timed": 2}], "late", tmp_path)


def test_a_decision_from_given_ranges_falls_back_on_the_blueprint(blueprint):
    agent, alone = NoLimitAgent(GAME, blueprint, VARIANT), NoLimitAgent(GAME, blueprint, VARIANT, None)
    agent.load()
    one = spot("first")
    short, still = (who.decide_from(one.state, one.ranges, one.actions, Budget(seconds=0)) for who in (agent, alone))
    assert (short.outcome.value, still.outcome.value) == ("no_time", "not_due")
    np.testing.assert_array_equal(short.policy, still.policy)
    np.testing.assert_allclose(still.policy.sum(axis=0), 1)


def test_spots_can_be_written_and_answered_by_others(tmp_path):
    entries, path = spot_set().entries, tmp_path / "spots.jsonl"
    write_spots(path, entries)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    policies = []
    for number, (line, (one, _)) in enumerate(zip(lines, entries, strict=True)):
        assert line["spot"] == number
        assert line["actions"] == [action.text for action in one.actions]
        for text, levels in zip(line["ranges"], one.levels, strict=True):
            np.testing.assert_array_equal(quantised(parse_range(text)), levels)
        shares = [1.0, *[0.0] * (len(one.actions) - 1)]
        policies.append({"spot": number, "policy": {GAME.hand_text(0, int(hand)): shares for hand in one.hands}})
    answers = tmp_path / "answers.jsonl"
    answers.write_text("".join(json.dumps(policy) + "\n" for policy in policies))
    assert losses_of_answers(answers, entries) == [pytest.approx(answer.losses[0] @ one.chances) for one, answer in entries]
    held = GAME.hand_text(0, int(entries[0][0].hands[0]))
    wrong = {
        "none for 1, the first is 2": policies[:2],
        "line 1 must have a spot in 0..2": [policies[0] | {"spot": 3}],
        "every hand of the range": [{"spot": 0, "policy": {}}],
        "shares that sum to 1": [{"spot": 0, "policy": {held: [1, 1, 0, 0]}}],
        "4 shares": [{"spot": 0, "policy": {held: [1]}}],
    }
    for text, content in wrong.items():
        answers.write_text("".join(json.dumps(policy) + "\n" for policy in content))
        with pytest.raises(ValueError, match=f"answers must be policies .*{text}"):
            losses_of_answers(answers, entries)


def test_sets_differ_by_their_answers():
    (one, answer), *others = spot_set().entries
    assert SpotSet(0, "by hand", ((one, replace(answer, losses=2 * answer.losses)), *others)).digest != spot_set().digest


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [(0.1465, 0.0131, "15 ± 1"), (5.74e-6, 2.3e-7, "0.00057 ± 0.00002"), (0.0, 0.0, "0 ± 0"), (0.0123, None, "1.2 one spot")],
)
def test_means_are_written_to_the_first_digit_of_their_error(value, error, text):
    assert " ".join(with_error({"ev_loss": {"value": value, "standard_error": error}})) == text
