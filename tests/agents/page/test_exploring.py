"""A spot that is solved and looked at meanwhile: a decision is shown as a solve of so many iterations has it."""

from __future__ import annotations

import json
import threading
from concurrent.futures import Future
from itertools import pairwise

import numpy as np
import pytest

from agents.evaluation.solving import BoardSolving, TreeSolving
from agents.page import exploring
from agents.page.exploring import SHARE_STEPS, STOPPED, Exploration
from agents.reporting.hand_grid import decision
from agents.reporting.made_hands import kinds_of
from agents.reporting.next_cards import cards_row, find_cards
from games import CHANCE, TERMINAL, public_tree
from games.derived import derived_game, tree_of
from games.game import children, find_decision, path
from games.holdem.config import Spot
from search import BoardSolver, Budget, Solver, variant

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


def test_evs_of_small_pots_have_digits_enough():
    game = Spot(board="Td9d6hQc4s", ranges=["QQ,AKs,76s,JTo", "KK-JJ,ATs,A9o"], pot=0.5, stack=1.75, min_bet=0.05, bets="50%,a").build()
    solver = BoardSolver(game, DCFR)
    solver.run(200)
    seen, row = node(solved(game)), decision(solver, *game.locate(game.root))
    np.testing.assert_allclose(seen["evs"], [hand["ev"] for hand in row["hands"].values()], atol=0.001 * 0.5)
    assert "-0.0" not in map(str, seen["evs"])


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


@pytest.mark.parametrize(("copies", "fewest"), [(6.0, 3), (2.0, 2), (1.9, 1), (0.1, 1)])
def test_kept_answers_fit_into_memory_and_their_exploitabilities_stay(monkeypatch, copies, fewest):
    every = [one["iterations"] for one in solved(budget=Budget(iterations=300)).view()["kept"]]
    size = sum(average.nbytes for average in BoardSolver(RIVER, DCFR).average)
    monkeypatch.setattr(exploring, "MOST_BYTES", copies * size)
    at = solved(budget=Budget(iterations=300))
    kept = at.view()["kept"]
    assert [one["iterations"] for one in kept] == every
    shown = [number for number, one in enumerate(kept) if one["shown"]]
    assert fewest <= len(shown) <= max(copies, 1)
    assert shown[-1] == len(kept) - 1
    assert sum(sum(table.nbytes for table in one.answer) for one in at._kept if one.answer) <= copies * size
    for number in shown:
        frequencies = after(RIVER, kept[number]["iterations"])["frequencies"]
        assert node(at, "", number)["frequencies"] == frequencies
    gone = next(number for number in range(len(kept)) if number not in shown)
    with pytest.raises(ValueError, match=f"^kept must be the number of an answer that is still there, got {gone}$"):
        node(at, "", gone)


def test_a_time_that_is_too_short_is_enough_for_one_iteration():
    at = solved(budget=Budget(seconds=1e-9))
    assert at.view()["status"] == "done"
    assert [one["iterations"] for one in at.view()["kept"]] == [1]


def test_a_question_that_is_taken_back_leaves_the_others():
    at = exploration()
    first, second = at.ask("", None), at.ask("", None)
    assert first.cancel()
    at.work()
    assert at.view()["status"] == "done"
    assert second.result(0)["actions"]


def test_a_stop_before_the_beginning_builds_nothing():
    at = Exploration(lambda: pytest.fail("it is built"), "none")
    at.stop()
    at.work()
    assert (at.view()["status"], at.view()["error"]) == ("failed", STOPPED)


def test_a_stop_while_it_is_built_is_told():
    def building():
        at.stop()
        return BoardSolving(RIVER, DCFR, 1), Budget(iterations=200)

    at = Exploration(building, "a river")
    at.work()
    assert (at.view()["status"], at.view()["error"], at.view()["kept"]) == ("failed", STOPPED, [])


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


@pytest.mark.parametrize(("name", "line"), [("kuhn_poker", ""), ("kuhn_poker", "Pass / Bet"), ("leduc_poker", "Call / Call / 4")])
def test_small_games_are_shown_as_solves_of_so_many_iterations_have_them(name, line):
    tree = public_tree(name)
    at = Exploration(lambda: (TreeSolving(tree, variant("default")), Budget(iterations=50)), name)
    at.work()
    game, kept = derived_game(tree), at.view()["kept"]
    assert kept[-1]["iterations"] == 50
    assert at.view()["pot"] is None
    line = line.replace("4", game.label(tree.children(find_chance(game))[1])) if "4" in line else line
    state = find_decision(game, line, "line")
    for number in (0, 5, None):
        solver = Solver(tree, variant("default"))
        solver.run(kept[-1 if number is None else number]["iterations"])
        strategy, player = solver.answer(), game.player(state)
        shown = node(at, line, number)
        assert shown["hands"] == [game.hand_name(player, hand) for hand in range(game.num_hands[player]) if shown_hand(game, state, hand)]
        hands = [hand for hand in range(game.num_hands[player]) if shown_hand(game, state, hand)]
        np.testing.assert_allclose(np.array(shown["strategy"]).T / SHARE_STEPS, strategy.at(state)[:, hands], atol=0.5 / SHARE_STEPS + 1e-9)
        for hand, ev in zip(hands, shown["evs"], strict=True):
            expected = expected_chips(game, strategy, state, player, hand)
            assert (ev is None) == (expected is None)
            assert ev is None or ev == pytest.approx(expected, abs=0.006)
    assert [reveals is not None for reveals in shown["reveals"]] == [follows == "cards" for follows in shown["next"]]


def find_chance(game):
    """Return where Leduc's public card comes after two checks."""
    state = game.root
    for _ in range(2):
        state = game.child(state, next(action for action in game.actions(state) if action.text == "Call"))
    return state


def shown_hand(game, state, hand):
    """Say whether a hand can be held at a state."""
    player = game.player(state)
    return game.cf_reach(state, player, game.ranges[1 - player])[hand] > 0


def expected_chips(game, strategy, state, player, hand):
    """Return what a hand wins on average from a decision on, deal by deal; None where it meets nobody."""
    total = won = 0.0
    for other in range(game.num_hands[1 - player]):
        hands = (hand, other) if player == 0 else (other, hand)
        weight = came(game, strategy, state, 1 - player, other)
        held = np.zeros(game.num_hands[1 - player])
        held[other] = weight
        weight = float(game.cf_reach(state, player, held)[hand])
        if weight > 0:
            total += weight
            won += weight * walk(game, strategy, state, hands) * (1 if player == 0 else -1)
    return won / total if total > 1e-12 else None


def came(game, strategy, state, player, hand):
    """Return how likely a player comes to a state with a hand, by its own actions."""
    likely, way = float(game.ranges[player][hand]), path(game, state)
    for above, child in pairwise(way):
        if game.player(above) == player:
            likely *= strategy.at(above)[children(game, above).index(child)][hand]
    return likely


def walk(game, strategy, state, hands):
    """Return player 0's chips on average from a state on."""
    player = game.player(state)
    if player == TERMINAL:
        return game.payoff(state, hands)
    if player == CHANCE:
        below = tree_of(game).children(state)
        likely = []
        for child in below:
            held = np.zeros(game.num_hands[1])
            held[hands[1]] = 1.0
            likely.append(float(game.cf_reach(child, 0, held)[hands[0]]))
        return sum(share * walk(game, strategy, child, hands) for share, child in zip(likely, below, strict=True) if share > 0) / sum(
            likely
        )
    shares = strategy.at(state)[:, hands[player]]
    return sum(share * walk(game, strategy, child, hands) for share, child in zip(shares, children(game, state), strict=True))


def test_equities_and_names_of_hands_are_those_of_the_decision():
    at = solved()
    shown, expected = node(at, "check / bet 100"), after(RIVER, 200, "check / bet 100")
    assert shown["seats"] == expected["seats"]
    assert shown["players"] == expected["players"]
    for name, equity, made in zip(shown["hands"], shown["equities"], shown["made"], strict=True):
        hand = expected["hands"][name]
        assert shown["classes"][made] == hand["made"]
        assert shown["kinds"][made] == kinds_of(hand["made"])
        assert equity == (None if hand["equity"] is None else round(1000 * hand["equity"]))


def test_equities_on_a_flop_are_told_if_asked_for():
    flop = Spot(board="Td9d6h", ranges=["QQ,AKs", "KK,ATs"], pot=200, stack=150, bets="50%", raises="a").build()
    at = solved(flop, Budget(iterations=2))
    assert node(at)["equities"] is None
    future = at.ask("", None, equity=True)
    at.serve()
    shown = future.result(0)
    assert len(shown["equities"]) == len(shown["hands"])
    assert sum(one["equity"] for one in shown["players"]) == pytest.approx(1.0)


def test_next_cards_are_told_of_now_and_of_kept_answers():
    at = solved(TURN, Budget(iterations=30))
    for number, iterations in ((None, 30), (0, 1)):
        future = at.ask_cards("check / check", number)
        at.serve()
        shown = future.result(0)
        solver = BoardSolver(TURN, DCFR)
        solver.run(iterations)
        expected = cards_row(solver, find_cards(TURN, "check / check"))
        assert len(shown["cards"]) == len(expected["cards"]) > 40
        for one, other in zip(shown["cards"], expected["cards"], strict=True):
            assert one["cards"] == other["cards"]
            assert one["ev"] == pytest.approx(other["ev"], abs=1e-3)
        assert shown["kept"] == number
    future = at.ask_cards("check", None)
    at.serve()
    with pytest.raises(ValueError, match=r"^line must end where one card comes and somebody acts behind it, got 'check'$"):
        future.result(0)


def test_a_small_game_has_no_table_of_cards():
    at = Exploration(lambda: (TreeSolving(public_tree("kuhn_poker"), variant("default")), Budget(iterations=2)), "kuhn_poker")
    at.work()
    future = at.ask_cards("Pass / Pass", None)
    at.serve()
    with pytest.raises(ValueError, match=r"^line must be of hold'em for a table of cards, got one of kuhn_poker$"):
        future.result(0)
