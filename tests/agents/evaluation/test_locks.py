"""What people write of locked decisions, and what is refused."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

from agents.evaluation.lock_texts import read_locks
from agents.evaluation.locks import digest_of, held_decisions, lock_words, locks_of, mark_locked
from agents.reporting.hand_grid import decision, write_decision
from games.derived import derived_game
from games.game import find_decision
from games.holdem.config import Spot
from search import BoardSolver, variant
from tests.catalogue import KUHN, LEDUC, TINY, case_of

SPOT = Spot(board="Td9d6hQc4s", ranges=["AA,KQs,76s,22,AhKs", "TT-88,A5s,KQo"], pot=20, stack=60, bets="50%,a", raises="100%,a")
GAME = SPOT.build()
TURN = replace(SPOT, board="Td9d6h4s", ranges=["AA,KQs,77", "TT-88,A5s,KQo"]).build()
SMALL = derived_game(case_of(LEDUC).tree)


def lock(text, line="", game=GAME):
    (made,) = locks_of(game, {line: text})
    return made


def test_one_mix_is_every_hands():
    made = lock("fold 30%, call 70%", "check / bet 10")
    live = (GAME.ranges[0] > 0) & made.hands
    assert made.player == 0
    assert made.whole
    assert int(made.hands.sum()) == int((GAME.ranges[0] > 0).sum()) == int(live.sum())
    np.testing.assert_allclose(made.policy[:, live].T, [[0.3, 0.7, 0.0, 0.0]][: live.sum()] * int(live.sum()))
    assert not made.policy[:, ~live].any()


def test_an_action_is_named_by_its_first_word_where_one_alone_has_it_and_the_root_by_its_name():
    assert lock("all-in 100%", "root").policy[2].sum() == lock("all-in 60 100%").hands.sum()
    assert lock(" check  25% ,bet 10   75.0%").policy[:2, lock("check 100%").hands][:, 0].tolist() == [0.25, 0.75]


def test_players_are_called_as_tables_call_them():
    row = {"line": "", "strategy": "fold 100%", "hands": 3, "whole": False}
    whole, kuhn = TINY["one-card flop"], derived_game(case_of(KUHN).tree)
    for game, seats in ((GAME, ("out of position", "in position")), (kuhn, ("player 1", "player 2")),
                        (whole, ("in position (small blind)", "out of position (big blind)"))):  # fmt: skip
        for player, seat in enumerate(seats):
            assert lock_words(game, row | {"player": player}) == f"locked: the first decision: {seat}, 3 hands: fold 100%"


def test_groups_of_hands_and_the_rest():
    made = lock("AA, KQs: bet 10 100%; 22: check 50%, bet 10 50%; rest: check 100%")
    names = {GAME.hand_text(0, h): made.policy[:, h].tolist() for h in np.flatnonzero(made.hands)}
    assert made.whole
    assert names["AsAh"] == names["KdQd"] == [0, 1, 0]
    assert names["2h2c"] == [0.5, 0.5, 0]
    assert names["7s6s"] == names["KsAh" if "KsAh" in names else "AhKs"] == [1, 0, 0]


def test_hands_that_no_entry_names_are_free():
    made = lock("AA,22: bet 10 100%")
    assert not made.whole
    assert made.hands.sum() == 12
    row = mark_locked(GAME, [made], GAME.root, {"player": 0})
    assert row["locked"]
    assert sorted(name[0] for name in row["locked_hands"]) == ["2"] * 6 + ["A"] * 6


def test_small_games_have_hands_by_their_names():
    kuhn = derived_game(case_of(KUHN).tree)
    made = lock("J: Bet 100%; rest: Pass 100%", game=kuhn)
    bet = [action.text for action in kuhn.actions(0)].index("Bet")
    assert made.policy[bet].tolist() == [1, 0, 0]
    made = lock("J,Q♠: Call 100%", game=SMALL)
    assert [SMALL.hand_name(0, h) for h in np.flatnonzero(made.hands)] == ["J♠", "J♥", "Q♠"]
    board = locks_of(SMALL, {"Call / Call / K♥": "Call 100%"})[0]
    assert SMALL.hand_name(0, int(np.flatnonzero(~board.hands)[0])) == "K♥"
    assert board.whole


@pytest.fixture
def table(tmp_path):
    """Return the first decision of the river as ``solve`` writes it."""
    solver = BoardSolver(GAME, variant("dcfr"))
    solver.run(20)
    row = decision(solver)
    write_decision(row, GAME.deck, "title", tmp_path, "root")
    return tmp_path / "root.csv", row


def test_a_table_is_read_as_solve_writes_it(table):
    path, row = table
    made = lock(str(path))
    assert made.whole
    for h in np.flatnonzero(made.hands):
        np.testing.assert_allclose(made.policy[:, h], row["hands"][GAME.hand_text(0, h)]["strategy"], atol=1e-6)
    assert digest_of([made]) == digest_of([lock(str(path))]) != digest_of([lock("check 100%")])
    assert digest_of([]) == ""


def edited(path, change, name="edited.csv", **how):
    with path.open() as file:
        rows = list(csv.DictReader(file))
    rows = change(rows) or rows
    made = path.with_name(name)
    with made.open("w", newline="", encoding=how.pop("encoding", "utf-8")) as file:
        writer = csv.DictWriter(file, rows[0], **how)
        writer.writeheader()
        writer.writerows(rows)
    return made


def test_a_spreadsheets_table_is_read(table):
    """Semicolons, a byte order mark, decimal commas, percentages, and columns that it has no use for left out."""

    def change(rows):
        for row in rows:
            for name in [name for name in row if name in ("weight", "ev") or name.startswith("ev ")]:
                del row[name]
            row |= {"check": "12,5%", "bet 10": "0,875", "all-in 60": "0"}

    made = lock(str(edited(table[0], change, delimiter=";", encoding="utf-8-sig")))
    np.testing.assert_allclose(made.policy[:, made.hands], np.repeat([[0.125], [0.875], [0.0]], made.hands.sum(), axis=1))


@pytest.mark.parametrize(("encoding", "divider"), [("utf-8", ","), ("utf-8-sig", ";"), ("utf-16", "\t")])
def test_rows_and_columns_that_a_spreadsheet_left_empty_are_passed_by(table, encoding, divider):
    with table[0].open() as file:
        rows = [[*row, "", " "] for row in csv.reader(file)]
    empty = [""] * len(rows[0])
    made = table[0].with_name("saved.csv")
    made.write_text("\r\n".join(divider.join(row) for row in [*rows[:3], empty, *rows[3:], empty]), encoding=encoding)
    assert digest_of([lock(str(made))]) == digest_of([lock(str(table[0]))])
    rows[2][-1] = "a note"
    made.write_text("\n".join(divider.join(row) for row in rows), encoding=encoding)
    with pytest.raises(ValueError, match="must be a table of this decision"):
        lock(str(made))


@pytest.mark.parametrize("written", ["bet 2.8", "bet 2.80", "bet 2,8"])
@pytest.mark.parametrize("divider", [",", ";", "\t"])
def test_a_table_may_have_bets_in_big_blinds(tmp_path, written, divider):
    game = replace(SPOT, pot=5.5, stack=20, ranges=["AA,KQs", "TT"], bets="50%").build()
    solver = BoardSolver(game, variant("default"))
    solver.run(2)
    row = decision(solver, *game.locate(game.root))
    with (tmp_path / "root.csv").open("w", newline="") as file:
        csv.writer(file, delimiter=divider).writerows(
            [["hand", "check", written], *([hand, *map(str, entry["strategy"])] for hand, entry in row["hands"].items())]
        )
    made = lock(str(tmp_path / "root.csv"), game=game)
    for h in np.flatnonzero(made.hands):
        np.testing.assert_allclose(made.policy[:, h], row["hands"][game.hand_text(0, h)]["strategy"], atol=1e-6)
    (tmp_path / "twice.csv").write_text("hand;check;bet 2,8;bet 2.80\nAsAh;0;1;0\n")
    with pytest.raises(ValueError, match="must be a table of this decision"):
        lock(str(tmp_path / "twice.csv"), game=game)


def set_hand(name, **more):
    def change(rows):
        for row in rows:
            if row["hand"] == name:
                row |= more

    return change


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda rows: rows[1:], "must have a row for every hand, got none for"),
        (lambda rows: [*rows, rows[0]], "must have each hand once, got "),
        (set_hand("AsAh", check="0.9", **{"bet 10": "0.9", "all-in 60": "0"}), "must have shares that add up to 1, got 1.8 for AsAh"),
        (set_hand("AsAh", check="much"), "must have shares in 0..1, got 'much' for check of AsAh"),
        (set_hand("AsAh", check="-0.1"), "must have shares in 0..1, got '-0.1'"),
        (set_hand("AsAh", hand="KsKh"), "must have hands that out of position can hold there, got 'KsKh'"),
        (set_hand("AsAh", hand="aces"), "must have hands that out of position can hold there, got 'aces'"),
        (
            lambda rows: [{"bet 20" if k == "bet 10" else k: v for k, v in row.items()} for row in rows],
            "must be a table of this decision, ",
        ),
        (lambda rows: [{k: v for k, v in row.items() if k != "hand"} for row in rows], "must be a table of this decision, "),
    ],
)
def test_tables_that_do_not_fit_are_refused(table, change, error):
    with pytest.raises(ValueError, match="lock") as found:
        lock(str(edited(table[0], change)))
    assert error in str(found.value)
    assert "\n" not in str(found.value)


def test_a_table_of_another_decision_and_no_table_are_refused(table, tmp_path):
    with pytest.raises(ValueError, match="must be a table of this decision, with the columns hand, fold, call"):
        lock(str(table[0]), "check / bet 10")
    with pytest.raises(ValueError, match="must have hands that in position can hold there"):
        lock(str(table[0]), "check")
    with pytest.raises(ValueError, match="must be a CSV file that can be read, got"):
        lock(str(tmp_path / "none.csv"))
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(ValueError, match="must be a table with a header"):
        lock(str(tmp_path / "empty.csv"))
    (tmp_path / "ragged.csv").write_text("hand,check,bet 10,all-in 60\nAsAh,1,0,0,0,0\n")
    with pytest.raises(ValueError, match="as many columns in every row"):
        lock(str(tmp_path / "ragged.csv"))
    (tmp_path / "long.csv").write_text("hand,check,bet 10,all-in 60\n" + "x" * 200_000)
    with pytest.raises(ValueError, match="must be a table with a header"):
        lock(str(tmp_path / "long.csv"))


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"": ""}, "lock['root'] must say what is played, as in 'fold 30%, call 70%', or name a CSV file, got ''"),
        ({"jump": "check 100%"}, "lock must begin with check, bet 10 or all-in 60, got 'jump'"),
        ({"check / check": "check 100%"}, "lock must end at a decision, got 'check / check', where nobody acts"),
        ({"": "raise 100%"}, "lock['root'] must have actions among check, bet 10 or all-in 60, got 'raise'"),
        ({"": "check"}, "lock['root'] must have actions with percentages, as in 'check 100%', got 'check'"),
        ({"": "check 50%"}, "lock['root'] must have shares that add up to 100 %, got 50 % in 'check 50%'"),
        ({"": "check 60%, bet 10 60%"}, "must have shares that add up to 100 %, got 120 %"),
        ({"": "check 50%, check 50%"}, "lock['root'] must name each action once, got check again"),
        ({"": "AA: check 100%; AKo,AA: bet 10 100%"}, "lock['root'] must name each hand once, got "),
        ({"": "KK: check 100%"}, "lock['root'] must name hands that out of position can hold there, got 'KK: check 100%'"),
        ({"": "check 100%; rest: bet 10 100%"}, "lock['root'] must name hands that out of position can hold there, got 'rest: "),
        ({"": "AA:0.5: check 100%"}, "lock['root'] must name hands without weights, got 'AA:0.5'"),
        ({"": "Ax: check 100%"}, "lock['root'] must be hands such as"),
        ({"": "check 100%", "root": "check 100%"}, "lock must name each decision once, got 'root' again"),
        ({"check": "check 100%", " check ": "check 100%"}, "lock must name each decision once, got ' check ' again"),
    ],
)
def test_what_cannot_be_locked_is_refused_in_one_line(asked, error):
    with pytest.raises(ValueError) as found:  # noqa: PT011 the whole text is compared
        locks_of(GAME, asked)
    assert error in str(found.value)
    assert "\n" not in str(found.value)


def test_small_games_refuse_in_the_same_way():
    for asked, error in [
        ({"": "A: Call 100%"}, "lock['root'] must name hands among J♠, J♥, Q♠, Q♥, K♠ or K♥, got 'A'"),
        ({"": "Jump 100%"}, "lock['root'] must have actions among "),
        ({"Call / Call": "Call 100%"}, "lock must go on after 'Call / Call' with "),
    ]:
        with pytest.raises(ValueError) as found:  # noqa: PT011
            locks_of(SMALL, asked)
        assert error in str(found.value)


def test_something_must_be_left_to_solve():
    kuhn = derived_game(case_of(KUHN).tree)
    nodes = np.flatnonzero(kuhn.tree.player >= 0).tolist()
    lines = [" / ".join(kuhn.tree.labels[above] for above in kuhn.tree.path(node)[1:]) for node in nodes]
    asked = {line: f"{kuhn.actions(node)[0].text} 100%" for line, node in zip(lines, nodes, strict=True)}
    with pytest.raises(ValueError, match="lock must leave something to solve, got locks of all 4 decisions"):
        locks_of(kuhn, asked)
    asked[""] = "J: Pass 100%"
    assert len(locks_of(kuhn, asked)) == 4
    game = replace(SPOT, bets="", raises="").build()  # two decisions: to check, and to check behind
    with pytest.raises(ValueError, match="lock must leave something to solve"):
        locks_of(game, {"": "check 100%", "check": "check 100%"})


def test_suits_that_are_equal_stand_for_each_other():
    """On Td9d6h4s clubs alone are like no other suit; on Td9d6h with a river of clubs or of spades they are: see the flop below."""
    flop = replace(SPOT, board="Td9d6h", ranges=["AA,KQs", "TT-88,A5s"], stack=40, bets="50%", raises="").build()
    line = "check / check / {} / check / check / {}"
    first = locks_of(flop, {line.format("2c", "3s"): "AcKc,AA: check 100%"})[0]
    for other in (line.format("2s", "3c"),):
        with pytest.raises(ValueError, match="lock must name each decision once"):
            locks_of(flop, {line.format("2c", "3s"): "check 100%", other: "check 100%"})
        row = mark_locked(flop, [first], find_decision(flop, other, "line"), {})
        assert row["locked"]
        assert len(row["locked_hands"]) == 6
    assert mark_locked(flop, [first], find_decision(flop, line.format("2c", "3h"), "line"), {}) == {}
    with pytest.raises(ValueError, match="must treat hands alike that only suits tell apart on the board, got KcQc and KsQs apart"):
        locks_of(flop, {"": "KcQc: check 100%; rest: bet 10 100%"})
    with pytest.raises(ValueError, match="only suits tell apart"):
        locks_of(flop, {"": "KcQc: check 100%"})
    assert locks_of(flop, {"": "KcQc,KsQs: check 100%"})[0].hands.sum() == 2


def test_held_hands_of_equal_cards_are_renamed():
    """A lock on a river card and the same with suits exchanged hold the same rows, and show the same to who asks for either."""
    flop = replace(SPOT, board="Td9d6h", ranges=["AA,KQs", "TT-88,A5s"], stack=15, bets="50%", raises="").build()
    answers = []
    for card, hand in (("2c", "KcQc"), ("2s", "KsQs")):
        locks = locks_of(flop, {f"check / check / {card}": f"{hand}: bet 10 100%"})
        solver = BoardSolver(flop, variant("dcfr"))
        solver.hold(held_decisions(flop, locks))
        solver.run(3)
        answers.append(solver.answer().average[0].copy())
        for other, own in (("2c", "KcQc"), ("2s", "KsQs")):
            state = find_decision(flop, f"check / check / {other}", "line")
            assert mark_locked(flop, locks, state, {})["locked_hands"] == [own]
            shown = decision(solver, *flop.locate(state))["hands"][own]["strategy"]
            assert shown == [0.0, 1.0]
    np.testing.assert_array_equal(*answers)


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ("check", "must be lines with what is played there, as in {check: \"bet 50 100%\"}, got 'check'"),
        ({"check": 100}, "must be lines with what is played there"),
        (["check"], "must be lines with what is played there"),
        ('{"check": "a", "check": "b"}', "must name each decision once, got 'check' again"),
        ('["check"]', "must be lines with what is played there"),
    ],
)
def test_what_is_no_mapping_of_texts_is_refused(asked, error):
    with pytest.raises(ValueError) as found:  # noqa: PT011
        read_locks(asked)
    assert error in str(found.value)


def test_mappings_and_their_json_are_read():
    assert read_locks(None) == read_locks("") == read_locks({}) == {}
    assert read_locks({"check": "bet 50 100%"}) == read_locks('{"check": "bet 50 100%"}') == {"check": "bet 50 100%"}
    assert read_locks('{"": "root.csv"}') == {"": "root.csv"}
