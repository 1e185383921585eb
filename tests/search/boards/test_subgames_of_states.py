"""Subgames from public states, solved: the values of the bigger game, of a spot that is the same, and of the naive twin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from games.game import find_decision
from games.holdem.board_tree import game_size
from games.holdem.config import Spot
from games.holdem.subgame import state_in, subgame_of
from games.public_tree import TERMINAL
from search import BoardSolver, BoardStrategy, memory_needed, variant
from tests.catalogue import UNEVEN, game_of, small
from tests.compiling import compiled
from tests.naive.holdem import SubgameTwin, Twin
from tests.playing import alone
from tests.search.boards.test_holdem import interior

pytestmark = [compiled, pytest.mark.kernels]


def close(found, expected, tolerance):
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def uneven(game, seed):
    """Return random ranges, zeros among them, whose largest weight is 1; no suits alike."""
    rng = np.random.default_rng(seed)
    ranges = [rng.random(len(game.hands)) * (rng.random(len(game.hands)) < 0.8) for _ in (0, 1)]
    return tuple(weights / weights.max() for weights in ranges)


SMALL = {
    "one-card flop and turn": small([0, 1, 1], ranges=UNEVEN, bets="61%,a", raises="73%,a", raise_cap=2),
    "two cards at once": small([0, 2, 1], ranks="JQKA", ranges=UNEVEN, raise_cap=1),
    "20 cards": small([0, 1, 1], ranks="TJQKA", suits="cdhs"),
    "ms3f1t1r1h5": game_of("ms3f1t1r1h5"),
}
LINES = [
    ("one-card flop and turn", "raise 17"),
    ("one-card flop and turn", "raise 17 / call / Qd"),
    ("one-card flop and turn", "raise 17 / call / Qd / check / all-in 24"),
    ("one-card flop and turn", "call / check / Qd / check / bet 9 / call / Ah / bet 20"),
    ("two cards at once", "call / check / QdKh / bet 9"),
    ("20 cards", "call / check / Ts / check / check / Ah / bet 9"),
    ("ms3f1t1r1h5", "raise 6 / call / Ts / check / check / Ah / check / bet 12"),
    ("ms3f1t1r1h5", "call / check / Ts / bet 4 / call / Ah / check / check / Kd / check"),
]


@pytest.mark.parametrize(("name", "line"), LINES)
def test_iterations_are_those_of_the_part_of_the_whole_tree(name, line):
    """The naive twin walks the whole game's tree below the state, with the same ranges."""
    game = SMALL[name]
    state = find_decision(game, line, "line")
    place, ranges = game.locate(state), uneven(game, 2)
    subgame = subgame_of(game, state, ranges)
    solver = BoardSolver(subgame, variant("dcfr"), dtype=np.float64)
    even = [weights / weights.max() for weights in subgame.ranges]  # as solvers have them
    twin = SubgameTwin(game, variant("dcfr"), place.node, place.cards, even)
    interior(solver, twin, place.node)
    for _ in range(3):
        solver.run(1)
        twin.iterate()
    answer, regret = solver.answer(), BoardStrategy(subgame, solver.tree, solver.regret)
    assert {node - place.node for node, _ in twin.average} == set(np.flatnonzero(subgame.bets.player >= 0).tolist())
    for (node, cards), sums in twin.average.items():
        there = subgame.ranges[int(game.bets.player[node])] * twin.alive(cards) > 0
        close(answer.sums(node - place.node, cards)[:, there], sums[:, there], 1e-9)
        close(regret.sums(node - place.node, cards)[:, there], twin.regret[node, cards][:, there], 1e-9)


def test_strategies_have_the_values_that_they_have_in_the_whole_game():
    """The average strategies of a whole game, written into the subgame of a state that they come to with their ranges."""
    game = SMALL["one-card flop and turn"]
    whole = BoardSolver(game, variant("dcfr"), dtype=np.float64)
    whole.run(20)
    answer = whole.answer()
    for line in ("raise 17 / call / Qd / check", "call / check / Qd / check / bet 9"):
        state = find_decision(game, line, "line")
        node, cards = game.locate(state)
        ranges = answer.reach(node, cards)
        subgame = subgame_of(game, state, ranges)
        solver = BoardSolver(subgame, variant("dcfr"), dtype=np.float64)
        own = BoardStrategy(subgame, solver.tree, (solver.average[0], solver.average[1]))
        for below in range(len(subgame.bets.player)):
            player, street = int(subgame.bets.player[below]), int(subgame.bets.round[below])
            for board in solver.tree.on_street(street) if player >= 0 else ():
                shown = solver.tree.cards[board]
                own.put(below, shown, answer.at_node(node + below, shown))
        scale = np.prod([weights.max() for weights in subgame.ranges])
        found, expected = solver.action_values(0), whole.action_values(node, cards)
        player = game.player(state)
        there = subgame.cf_reach(subgame.root, player, subgame.ranges[1 - player]) > 0
        np.testing.assert_allclose(found[:, there], expected[:, there], rtol=1e-9, atol=1e-9 * scale)


def test_the_start_of_a_street_is_solved_as_a_spot_to_the_bit():
    whole = Spot(board="Td9d6h", pot=101, stack=960, bets="50%,a", raises="100%,a", min_bet=7).build()
    state = find_decision(whole, "check / bet 51 / call / Qc / check / check / 4s", "line")
    hands = {"ranges": ["66+,A8s+,KQo", "QQ-22,AQs-A2s"], "board": "Td9d6hQc4s"}
    spot = Spot(**hands, pot=203, stack=909, bets="50%,a", raises="100%,a", min_bet=7).build()
    solvers = [BoardSolver(game, variant("default")) for game in (spot, subgame_of(whole, state, spot.weights))]
    for solver in solvers:
        solver.run(20)
    for name, rows in solvers[0].state().items():
        np.testing.assert_array_equal(solvers[1].state()[name], rows)
    assert solvers[0].exploitability() == solvers[1].exploitability()
    assert solvers[0].values() == solvers[1].values()


def test_a_subgame_of_no_limit_has_its_value_whoever_acts_first():
    """In the whole game player 0 is in position; in a spot player 1 is."""
    whole = game_of("heads_up_no_limit")
    state = find_decision(whole, "raise 300 / call / Td9d6h / check / check / Qc / check / check / 4s", "line")
    spot = Spot(board="Td9d6hQc4s", ranges=["66+,A8s+,KQo", "QQ-22,AQs-A2s"], pot=600, stack=19_700, min_bet=100).build()
    menus = tuple(own[::-1] for own in spot.betting.menus)
    subgame = subgame_of(whole, state, spot.weights[::-1], menus)
    first, second = (BoardSolver(game, variant("default_holdem"), dtype=np.float64) for game in (spot, subgame))
    for solver in (first, second):
        solver.run(2_000)
    gap = first.exploitability() + second.exploitability()
    assert gap < 2
    assert first.values()[0] == pytest.approx(-second.values()[0], abs=2 * gap)


@pytest.mark.parametrize(("name", "line"), LINES)
def test_size_and_memory_are_told_before_a_subgame_is_there(name, line):
    game = SMALL[name]
    subgame = subgame_of(game, find_decision(game, line, "line"), uneven(game, 7))
    size, solver = game_size(subgame), BoardSolver(subgame, variant("default"))
    boards, most = memory_needed(subgame, variant("default"))
    assert size.boards == boards == len(solver.tree.cards)
    assert all(there <= told for there, told in zip(solver.tree.stored_rows, size.rows, strict=True))
    assert solver.memory_bytes() <= most


@pytest.mark.parametrize("line", ["all-in 41", "raise 17 / call / Qd / check / all-in 24"])
def test_called_all_ins_are_worth_their_equity(line):
    """Nobody decides any more; what a hand is worth is its mean over the boards that may come."""
    game = SMALL["one-card flop and turn"]
    state = find_decision(game, line, "line")
    state = game.child(state, game.action(state, "call"))
    ranges = uneven(game, 5)
    subgame = subgame_of(game, state, ranges)
    assert subgame.settled(subgame.root)
    solver, twin = BoardSolver(subgame, variant("dcfr"), dtype=np.float64), Twin(subgame, variant("dcfr"))
    solver.run(2)
    assert solver.exploitability() == pytest.approx(0, abs=1e-12)
    assert solver.values()[0] == pytest.approx(twin.worth(0, False), abs=1e-12)
    for player in (0, 1):
        hands = solver.tree.hands_at(player, 0)
        np.testing.assert_allclose(solver.board_values(player).cfvs[0], twin.walk_uniform(player)[hands], rtol=1e-9, atol=1e-12)


def test_a_subgame_between_two_streets_begins_with_the_next_cards():
    game = SMALL["one-card flop and turn"]
    state = find_decision(game, "raise 17 / call / Qd / check", "line")
    state = game.child(state, game.action(state, "check"))
    subgame = subgame_of(game, state, uneven(game, 6))
    solver, twin = BoardSolver(subgame, variant("dcfr"), dtype=np.float64), Twin(subgame, variant("dcfr"))
    for _ in range(2):
        solver.run(1)
        twin.iterate()
    assert solver.exploitability() == pytest.approx(twin.exploitability(), abs=1e-9)


def test_cfvs_at_terminals_are_those_of_the_game():
    """A river bet that the menus do not offer, inserted: what each hand has at the fold and at the showdown below it."""
    whole = game_of("heads_up_no_limit")
    root = find_decision(whole, "raise 300 / call / Td9d6h / check / check / Qc / check / check / 4s", "line")
    state = whole.child(root, whole.action(root, "bet 437"))
    spot = Spot(board="Td9d6hQc4s", ranges=["66+,A8s+,KQo", "QQ-22,AQs-A2s"], pot=600, stack=19_700, min_bet=100).build()
    subgame = subgame_of(whole, state, spot.weights, spot.betting.menus, root)
    solver = BoardSolver(subgame, variant("dcfr"), dtype=np.float64)
    here = state_in(subgame, root, state)
    values = solver.action_values(subgame.locate(here).node)
    player = whole.player(state)
    arriving = spot.weights[1 - player] / len(subgame.actions(subgame.root))  # both play uniformly before the first iteration
    for action in whole.actions(state)[:2]:
        child = whole.child(state, action)
        assert whole.player(child) == TERMINAL
        expected = whole.cfvs(child, player, arriving)
        found = values[[a.text for a in subgame.actions(here)].index(action.text)]
        there = subgame.ranges[player] > 0
        close(found[there], expected[there], 1e-9)


def test_two_hands_win_what_they_win_in_the_game():
    """One hand against one: the value of a subgame without bets is the payoff at its end."""
    whole = game_of("heads_up_no_limit")
    state = find_decision(whole, "raise 333 / call / Td9d6h / bet 251 / call / Qc / check / check / 4s", "line")
    names = {whole.hand_text(0, hand): hand for hand in range(len(whole.hands))}
    hands = names["AsAh"], names["KsKh"]
    none = replace(whole.betting.menus[0][0], bets=(), raises=())
    subgame = subgame_of(whole, state, (alone(whole, 0, hands[0]), alone(whole, 1, hands[1])), ((none, none),))
    assert BoardSolver(subgame, variant("dcfr")).values() == (584.0, -584.0)
