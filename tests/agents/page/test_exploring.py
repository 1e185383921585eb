"""A spot that is solved and looked at meanwhile: a decision is shown as a solve of so many iterations has it."""

from __future__ import annotations

import json
import threading
from concurrent.futures import Future

import numpy as np
import pytest

from agents.evaluation.solving import BoardSolving
from agents.page import exploring
from agents.page.exploring import SHARE_STEPS, Exploration
from agents.reporting.hand_grid import decision
from games.game import find_decision
from games.holdem.config import Spot
from search import BoardSolver, Budget, variant

DCFR = variant("default_holdem")
SIZES = {"pot": 200, "stack": 900, "bets": "50%,a", "raises": "75%"}
RIVER = Spot(board="Td9d6hQc4s", ranges=["QQ,AKs,76s,JTo", "KK-JJ,ATs,A9o"], **SIZES).build()
TURN = Spot(board="Td9d6hQc", ranges=["QQ,AKs,76s", "KK-JJ,ATs"], **SIZES).build()


def exploration(game=RIVER, budget=None):
    return Exploration(lambda: (BoardSolving(game, DCFR, 1), budget or Budget(iterations=200)), game.name)


def solved(game=RIVER, budget=None):
    at = exploration(game, budget)
    at.work()
    return at


def node(at, line="", number=None):
    future = at.ask(line, number)
    at.serve()
    return future.result(0)


def after(game, iterations, line=""):
    """Return what a solve of so many iterations answers at a decision."""
    solver = BoardSolver(game, DCFR)
    solver.run(iterations)
    return decision(solver, *game.locate(find_decision(game, line, "line")))


@pytest.mark.parametrize(
    ("game", "line"),
    [
        (RIVER, ""),
        (RIVER, "check / bet 100"),
        (TURN, "check / check / 2c"),
        (TURN, "bet 100 / call / Kh / check"),
    ],
)
def test_every_kept_answer_is_that_of_a_solve_of_so_many_iterations(game, line):
    at = solved(game, Budget(iterations=60))
    kept = at.view()["kept"]
    assert [one["iterations"] for one in kept] == sorted({one["iterations"] for one in kept})
    assert kept[0]["iterations"] == 1
    assert kept[-1]["iterations"] == 60
    for number in (0, len(kept) // 2, len(kept) - 1, None):
        shown = node(at, line, number)
        expected = after(game, kept[-1 if number is None else number]["iterations"], line)
        hands = expected["hands"]
        assert shown["hands"] == list(hands)
        strategy = [hand["strategy"] for hand in hands.values()]
        np.testing.assert_allclose(np.array(shown["strategy"]) / SHARE_STEPS, strategy, atol=0.5 / SHARE_STEPS + 1e-9)
        evs = [[value["ev"], ev] for value, ev in zip(hands.values(), shown["evs"], strict=True) if value["ev"] is not None]
        np.testing.assert_allclose(*np.transpose(evs), atol=0.006)
        assert shown["frequencies"] == expected["frequencies"]


def test_looking_back_changes_nothing_of_what_is_solved():
    at = solved()
    before = node(at)
    node(at, "", 0)
    assert node(at) == before


def test_exploitabilities_are_those_of_the_kept_answers():
    kept = solved().view()["kept"]
    for one in kept[:: len(kept) // 3]:
        solver = BoardSolver(RIVER, DCFR)
        solver.run(one["iterations"])
        assert one["exploitability"] == pytest.approx(solver.exploitability(), rel=1e-5)


def test_nodes_are_read_out_while_it_solves_and_a_stop_keeps_the_answer_so_far():
    at = exploration(budget=Budget(seconds=3600.0))
    thread = threading.Thread(target=at.work)
    thread.start()
    try:
        futures = [at.ask("", None) for _ in range(3)]
        shown = [future.result(600) for future in futures]
        assert at.view()["status"] == "solving"
        assert at.view()["progress"]["iterations"] > 0
    finally:
        at.stop()
        thread.join(600)
    assert all(one["hands"] == shown[0]["hands"] for one in shown)
    view = at.view()
    assert view["status"] == "done"
    assert view["kept"][-1]["iterations"] == view["iterations"]
    assert node(at)["hands"] == shown[0]["hands"]


def test_kept_answers_fit_into_memory(monkeypatch):
    size = sum(average.nbytes for average in BoardSolver(RIVER, DCFR).average)
    monkeypatch.setattr(exploring, "MOST_BYTES", 6 * size)
    kept = solved(budget=Budget(iterations=3000)).view()["kept"]
    assert 3 <= len(kept) <= 6
    assert kept[-1]["iterations"] == 3000


def test_a_decision_of_all_hands_is_a_small_frame():
    everything = Spot(board="Td9d6hQc4s", ranges=["random", "random"], pot=200, stack=900, bets="33%,75%,a", raises="75%").build()
    shown = node(solved(everything, Budget(iterations=20)))
    assert len(shown["hands"]) == 1081
    assert len(json.dumps(shown, separators=(",", ":"))) <= 60_000


@pytest.mark.parametrize(
    ("line", "number", "error"),
    [
        ("jump", None, "^line must begin with check, bet 100 or all-in 900, got 'jump'$"),
        ("check / check", None, "^line must end at a decision"),
        ("", 99, r"^kept must be the number of one of \d+ kept answers, got 99$"),
        ("", -1, r"^kept must be the number of one of \d+ kept answers, got -1$"),
    ],
)
def test_what_is_not_there_is_refused(line, number, error):
    at = solved()
    with pytest.raises(ValueError, match=error):
        node(at, line, number)
    assert node(at)["actions"]


def test_a_spot_that_cannot_be_built_is_told_in_one_line():
    def broken():
        raise OSError("game must fit into memory\nand more")

    at = Exploration(broken, "none")
    future = at.ask("", None)
    assert isinstance(future, Future)
    at.work()
    assert (at.view()["status"], at.view()["error"]) == ("failed", "game must fit into memory")
    with pytest.raises(ValueError, match=r"^line must wait until the spot is built, got ''$"):
        future.result(0)
