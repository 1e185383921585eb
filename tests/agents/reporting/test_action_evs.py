"""EVs of actions, wherever they are read: what a hand wins that takes the action and goes on as the answer plays.

They are those of the answer itself, not a mean over iterations. So the hand's strategy, times these, is the hand's EV.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from agents.evaluation.solved_view import SolvedView
from agents.reporting.hand_grid import decision
from agents.runtime.solution_file import load_solution, save_solution
from agents.runtime.view_file import save_view
from games.game import find_decision
from games.holdem.cards import Deck, hand_text
from games.holdem.config import Spot
from search import BoardSolver, variant
from tests.naive.action_evs import action_evs

DCFR = variant("default_holdem")
VIEW_ROUNDING = 1e-3  # chips: a view has float32
RANGES = ["AKs,TT", "KK,ATs,JTs"]
SIZES = {"pot": 17, "stack": 40, "bets": "60%,a", "raises": "a"}
RIVER = Spot(board="Td9d6hQc4s", ranges=["QQ,AKs,76s", "KK-JJ,ATs"], **SIZES).build()


def turn():
    """Return a turn of a deck of 20 cards, tens to aces."""
    game, deck = Spot(board="QcKdAhTd", ranges=RANGES, **SIZES).build(), Deck("TJQKA", "cdhs")
    kept = np.isin(game.hands, deck.cards()).all(axis=1)
    return replace(game, deck=deck, weights=tuple(weights[kept] for weights in game.weights))


GAMES = {
    "river": (RIVER, ("", "check", "check / bet 10", "bet 10 / all-in")),
    "turn": (turn(), ("", "check", "bet 10 / all-in", "check / bet 10 / call / Jc", "check / check / Th / check")),
}


def close(found, exact, rounding=1e-6):
    """Say whether chips are equal but for rounding."""
    return found == pytest.approx(exact, abs=rounding)


@pytest.mark.parametrize("name", GAMES)
def test_evs_of_actions_are_those_of_the_average_strategies(tmp_path, name):
    """From a solver that has solved, from a solution's file, and from a view where it keeps the street; EVs of a hand are their mean."""
    game, lines = GAMES[name]
    solver, opened = (BoardSolver(game, DCFR, dtype=np.float64) for _ in range(2))
    solver.run(30)  # few: a mean over iterations is far off
    save_solution(solver, tmp_path / "solution.npz")
    save_view(solver, tmp_path / "view.npz")
    load_solution(opened, tmp_path / "solution.npz")
    view, compared = SolvedView(game, DCFR, tmp_path / "view.npz", np.float64), 0
    strategy = cache(lambda state: solver.answer().at_node(*game.locate(state)))
    for line in lines:
        state = find_decision(game, line, "line")
        row, again, small = decision(solver, *game.locate(state)), decision(opened, *game.locate(state)), view.decision(state)[0]
        assert again == row
        for entry in [*row["hands"].values(), *small["hands"].values()]:
            assert entry["ev"] is None or close(np.dot(entry["strategy"], entry["action_evs"]), entry["ev"])
        numbers = {hand_text(*pair): number for number, pair in enumerate(game.hands.tolist())}
        for hand, entry in list(row["hands"].items())[::2]:
            exact = action_evs(game, state, numbers[hand], strategy)
            if entry["ev"] is not None:
                assert close(entry["action_evs"], exact), (line, hand)
                kept_street = name == "turn" and game.round(state) == 0
                assert not kept_street or close(small["hands"][hand]["action_evs"], exact, VIEW_ROUNDING)
                compared += 1
    assert compared > 10
