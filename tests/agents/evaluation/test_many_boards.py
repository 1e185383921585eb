"""One spot on many boards: which they are, what each comes to, and what they say together."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from agents.evaluation.many_boards import (
    SUBSET_FLOPS,
    Board,
    boards_of,
    equity,
    solve_board,
    solve_boards,
    tasks_of,
    texture,
    texture_rows,
    turn_texture,
)
from agents.reporting.hand_grid import decision
from agents.runtime.executor import Serial
from games.game import find_decision
from games.holdem.cards import parse_cards
from games.holdem.config import Spot
from search import BoardSolver, Budget, variant

DCFR = variant("default_holdem")
SIZES = {"pot": 200, "stack": 300, "bets": "50%", "raises": "a"}
RANGES = ["QQ,AKs,76s", "KK-JJ,ATs"]
ALIKE = Spot(ranges=RANGES).weights()
RIVERS = [Board(cards, weight) for cards, weight in (("Td9d6hQc4s", 1.0), ("2c2d2hAsKs", 3.0), ("3c5c8cJcKd", 2.0))]


def game_on(cards):
    return Spot(board=cards, ranges=RANGES, **SIZES).build()


def tasks(folder, boards=RIVERS, budget=None):
    return tasks_of(boards, game_on, DCFR, budget or Budget(iterations=30), np.float32, folder)


def test_all_flops_are_those_that_suits_do_not_make_equal():
    boards = boards_of("all_flops", "", ALIKE)
    assert len(boards) == 1755
    assert sum(board.weight for board in boards) == 22_100
    uneven = Spot(ranges=["AhKh", "QQ"]).weights()
    assert 1755 < len(boards_of("all_flops", "", uneven)) < 22_100


def test_a_subset_has_the_textures_of_all_flops():
    boards, drawn = boards_of("all_flops", "", ALIKE), boards_of("subset", "", ALIKE)
    assert len(drawn) == SUBSET_FLOPS
    assert drawn == boards_of("subset", "", ALIKE)
    assert sum(board.weight for board in drawn) == pytest.approx(22_100)
    for name in ("rainbow, unpaired", "two-tone, unpaired", "monotone, unpaired"):
        shares = [sum(board.weight for board in some if texture(board.cards) == name) / 22_100 for some in (boards, drawn)]
        assert shares[0] == pytest.approx(shares[1], abs=1 / SUBSET_FLOPS)


def test_turns_are_the_cards_that_may_come():
    turns = boards_of("turns", "2c7d9h", ALIKE)
    assert len(turns) == 49
    assert {board.cards[:6] for board in turns} == {"2c7d9h"}
    fewer = boards_of("turns", "2c7c9c", ALIKE)
    assert sum(board.weight for board in fewer) == 49
    assert len(fewer) < 49


@pytest.mark.parametrize(
    ("cards", "name"),
    [
        ("2c7d9h", "rainbow, unpaired"), ("2c7c9h", "two-tone, unpaired"), ("2c7c9c", "monotone, unpaired"), ("2c2d9h", "rainbow, paired"),
        ("2c2d9c", "two-tone, paired"), ("2c2d2hAsKs", "rainbow, trips"),
    ],
)  # fmt: skip
def test_textures_are_those_of_the_flop(cards, name):
    assert texture(cards) == name


def test_turns_of_a_flop_are_sorted_by_what_the_card_does():
    names = {board.cards[6:]: board.texture for board in boards_of("turns", "2c7c9h", ALIKE)}
    assert names["Ac"] == "third of its suit, overcard"
    assert names["7h"] == "second of its suit, pairs the board"
    assert names["3d"] == "first of its suit, no overcard"
    assert turn_texture("2c7c9c5c") == "fourth of its suit, no overcard"
    assert boards_of(["2c7c9hAc"], "", ALIKE)[0].texture == "two-tone, unpaired"


@pytest.mark.parametrize(
    ("asked", "board", "error"),
    [
        ("flops", "", r"^game.boards must be all_flops, subset, turns or a list of at most 1,755 boards in \[ \], got 'flops'$"),
        ([], "", r"^game.boards must be all_flops, subset, turns or a list of at most 1,755 boards in \[ \], got \[\]$"),
        ([1], "", "^game.boards must be all_flops"),
        (["2c7d9h", "2c7d9h"], "", "^game.boards must be different boards of 3, 4 or 5 cards, all of one street"),
        (["2c7d9h", "9h2c7d"], "", "^game.boards must be different boards of 3, 4 or 5 cards, all of one street"),
        (["2c7d9h", "2c7d9hTs"], "", "^game.boards must be different boards"),
        (["2c7d"], "", "^game.boards must be different boards"),
        (["2c7dXX"], "", "^game.boards must"),
        ("turns", "", "^game.board must be a flop where game.boards=turns, got ''$"),
        ("turns", "2c7d9hTs", "^game.board must be a flop where game.boards=turns"),
        ("all_flops", "2c7d9h", "^game.board must be left out where game.boards=all_flops, got '2c7d9h'$"),
    ],
)
def test_boards_that_cannot_be_are_refused(asked, board, error):
    with pytest.raises(ValueError, match=error):
        boards_of(asked, board, ALIKE)


def test_a_row_is_that_of_a_solve(tmp_path):
    row = solve_board(tasks(tmp_path / "rows")[0])
    solver = BoardSolver(game_on(RIVERS[0].cards), DCFR)
    solver.run(30)
    shown = decision(solver)
    assert row["frequencies"] == dict(zip(shown["actions"], shown["frequencies"], strict=True))
    assert row["ev_oop"] == pytest.approx(solver.values()[0] + 100, abs=1e-4)
    assert row["ev_oop"] + row["ev_ip"] == pytest.approx(200)
    assert row["exploitability"] == pytest.approx(solver.exploitability())
    assert (row["iterations"], row["weight"], row["board"]) == (30, 1.0, "Td9d6hQc4s")


@pytest.mark.parametrize("cards", ["Td9d6hQc4s", "3c5c8cJcKd"])
def test_equity_is_what_is_won_at_showdown(cards):
    game = game_on(cards)
    state = find_decision(game, "", "line")
    for _ in range(2):
        state = game.child(state, game.action(state, "check"))
    total = won = 0.0
    dead = set(parse_cards(cards))
    for first, second in itertools.product(np.flatnonzero(game.ranges[0]).tolist(), np.flatnonzero(game.ranges[1]).tolist()):
        held = [*game.hands[first].tolist(), *game.hands[second].tolist()]
        if len(set(held)) == 4 and not dead & set(held):
            total += 1
            won += (game.payoff(state, (first, second)) + 100) / 200
    assert equity(game, DCFR) == pytest.approx(won / total, abs=1e-6)


def test_rows_are_kept_and_made_anew_where_something_else_was_asked(tmp_path):
    folder, solved = tmp_path / "rows", []

    class Counting(Serial):
        def map(self, function, some):
            solved.append(len(some))
            return super().map(function, some)

    first = list(solve_boards(tasks(folder), Counting()))
    assert list(solve_boards(tasks(folder), Counting())) == first
    list(solve_boards(tasks(folder, RIVERS[:2]), Counting()))
    list(solve_boards(tasks(folder, budget=Budget(iterations=20)), Counting()))
    next(folder.glob("Td9d6hQc4s-*.json")).write_text("{")
    list(solve_boards(tasks(folder), Counting()))
    assert solved[:4] == [3, 0, 0, 3]
    assert solved[4] in (0, 1)  # the damaged row was of these settings or of the others


def test_means_by_texture_are_weighted(tmp_path):
    rows = list(solve_boards(tasks(tmp_path / "rows"), Serial()))
    actions = list(rows[0]["frequencies"])
    means = texture_rows(rows, actions)
    assert [row["texture"] for row in means][-1] == "all boards"
    assert sum(row["boards"] for row in means[:-1]) == means[-1]["boards"] == 3
    counts = [row["weight"] * game_on(row["board"]).deal_mass for row in rows]
    expected = sum(count * row["ev_oop"] for count, row in zip(counts, rows, strict=True)) / sum(counts)
    assert len({count / row["weight"] for count, row in zip(counts, rows, strict=True)}) > 1  # the ranges have other hands on each
    assert means[-1]["ev_oop"] == pytest.approx(expected)
    assert sum(means[-1]["frequencies"].values()) == pytest.approx(1.0)


def test_the_mean_of_all_turns_is_what_the_flop_is_worth(tmp_path):
    """Where nobody bets, a flop's EV is its equity: the mean over turns of theirs, each as often as it comes."""
    ranges = ["AA,KsQs", "TT,98s"]
    sizes = {"pot": 200, "stack": 300, "bets": "", "raises": ""}
    flop = Spot(board="As9c8d", ranges=ranges, **sizes).build()

    def on(cards):
        return Spot(board=cards, ranges=ranges, **sizes).build()

    boards = boards_of("turns", "As9c8d", Spot(ranges=ranges).weights())
    rows = list(solve_boards(tasks_of(boards, on, DCFR, Budget(iterations=1), np.float32, tmp_path / "rows"), Serial()))
    mean = texture_rows(rows, list(rows[0]["frequencies"]))[-1]
    assert mean["ev_oop"] == pytest.approx(BoardSolver(flop, DCFR).values()[0] + 100, abs=1e-3)
    assert mean["equity_oop"] == pytest.approx(mean["ev_oop"] / 200, abs=1e-5)
    assert mean["ev_oop"] != pytest.approx(np.average([row["ev_oop"] for row in rows], weights=[row["weight"] for row in rows]), abs=1e-2)


def test_boards_that_leave_a_range_no_hand_are_left_out():
    narrow = Spot(ranges=["AA", "KK"]).weights()
    boards = boards_of("all_flops", "", narrow)
    assert len(boards) == 1753  # neither three aces nor three kings
    assert not {"AcAdAh", "KcKdKh"} & {board.cards for board in boards}
    assert len(boards_of("subset", "", narrow)) == SUBSET_FLOPS
    with pytest.raises(ValueError, match=r"^game\.boards must leave both ranges hands that share no card, got AcAdAh$"):
        boards_of(["2c7d9h", "AcAdAh"], "", narrow)
    same = Spot(ranges=["AsAh", "AsKs"]).weights()
    with pytest.raises(ValueError, match=r"^game\.ranges must leave two hands that share no card on one of the boards, got none for"):
        boards_of("all_flops", "", same)
