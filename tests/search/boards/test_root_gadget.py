"""Bounds that an answer leaves for the subgames below it, and gadgets above the root of a game of its own."""

from __future__ import annotations

import numpy as np
import pytest

from games.game import find_decision
from games.holdem.cards import unblocked
from games.holdem.config import Holdem
from games.holdem.subgame import state_in, subgame_of
from games.public_tree import TERMINAL
from search import BoardSolver, variant
from search.boards.root_gadget import RootGadget, best_responses
from search.boards.strategy import BoardStrategy, place_of

GAME = Holdem(
    ranks="TJQKA", deals=[0, 1, 1], blinds=[1, 2], stack=60, min_bet=2, bets="50%,100%", raises="100%", raise_cap=2, amounts="any"
).build()
ROOT = find_decision(GAME, "raise 6 / call / Kc", "line")
LATER = ["check / check / Kd", "bet 6 / call / Tc", "check / bet 12 / call / As", "bet 6 / raise 30 / call / Ad"]


def below(line):
    return find_decision(GAME, f"raise 6 / call / Kc / {line}", "line")


@pytest.fixture(scope="module", params=[0, 1])
def solved(request):
    """A subgame's solver, a copy of its answer and what a player's hands can get at most against it."""
    rng = np.random.default_rng(request.param)
    full = np.ones(len(GAME.hands))
    solver = BoardSolver(subgame_of(GAME, ROOT, (rng.random(len(full)), full if request.param else rng.random(len(full)))), variant("dcfr"))
    solver.run(300)
    answer = solver.answer()
    copied = BoardStrategy(answer.game, answer.tree, (answer.average[0].copy(), answer.average[1].copy()))
    return copied, best_responses(solver, copied, request.param)


def filled(game, answer, root):
    """Return a solver of a subgame of one street that plays what an answer of a larger one plays there."""
    solver = BoardSolver(game, variant("dcfr"))

    def write(state, played, reach):
        if game.player(state) == TERMINAL:
            return
        policy, player = answer.at(played), game.player(state)
        solver.answer().put(*place_of(game, state), policy * reach[player])
        for row, action in zip(policy, game.actions(state), strict=True):
            write(
                game.child(state, action), answer.game.child(played, action), [r * row if p == player else r for p, r in enumerate(reach)]
            )

    write(game.root, root, [np.ones(len(game.hands))] * 2)
    return solver


def values_at_most(solver, player, reach):
    """Return [H], what a player's hands can get at most against a solver's answer, and which hands meet somebody."""
    cards = solver.game.root.cards
    cfvs = solver.best_cfvs(player, range(1))[0][:1]
    alive = ~np.isin(GAME.hands, cards).any(axis=1)
    met = unblocked(GAME.deck, np.where(alive, reach, 0.0))
    found = solver.answer().of_all_hands(cfvs, player, 0, np.arange(4, dtype=np.uint8))[0]
    return found / np.maximum(met, 1e-9), alive & (met > 1e-6)


def subgame_with(root, player, reach, least):
    """Return the subgame at a root where each of a player's hands has at least some weight."""
    ranges = [np.maximum(reach[p], least) if p == player else reach[p] for p in (0, 1)]
    return subgame_of(GAME, root, (ranges[0], ranges[1]))


@pytest.mark.parametrize("line", LATER)
def test_values_where_the_second_street_begins_are_those_of_the_subgame_there(solved, line):
    answer, responses = solved
    player, root = responses.player, below(line)
    here = state_in(answer.game, ROOT, root)
    reach = answer.reach(*place_of(answer.game, here))
    solver = filled(subgame_with(root, player, reach, 1.0), answer, here)
    expected, alive = values_at_most(solver, player, reach[1 - player])
    assert alive.sum() > 50
    np.testing.assert_allclose(responses.at(here)[alive], expected[alive], atol=1e-3)


def test_the_value_of_the_first_decision_is_that_of_the_root():
    full = np.ones(len(GAME.hands))
    solver = BoardSolver(subgame_of(GAME, ROOT, (full, full)), variant("dcfr"))
    solver.run(30)
    player, here = GAME.player(ROOT), state_in(solver.game, ROOT, ROOT)
    responses = best_responses(solver, solver.answer(), player)
    expected, alive = values_at_most(solver, player, full)
    np.testing.assert_allclose(responses.at(here)[alive], expected[alive], atol=1e-4)


@pytest.mark.parametrize("kind", ["resolve", "refined", "maxmargin"])
@pytest.mark.parametrize("line", LATER[:2])
def test_a_gadget_holds_hands_to_what_they_could_get(solved, line, kind):
    answer, responses = solved
    player, root = responses.player, below(line)
    here = state_in(answer.game, ROOT, root)
    reach, bound = answer.reach(*place_of(answer.game, here)), responses.at(here)
    game, excess = subgame_with(root, player, reach, 1e-6), []
    for gadget in (None, RootGadget(kind, player, bound)):
        solver = BoardSolver(game, variant("default_holdem"), gadget=gadget)
        solver.run(1000)
        values, alive = values_at_most(solver, player, reach[1 - player])
        excess.append(float(np.maximum(values - bound, 0.0)[alive].max()))
    assert excess[1] < excess[0] / 2, excess
