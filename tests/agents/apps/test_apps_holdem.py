"""``timebank solve`` on hold'em: what it writes and what it refuses."""

from __future__ import annotations

import csv
import errno
import json
import os
import re

import numpy as np
import pytest

from agents.apps import holdem as kind
from agents.evaluation import solving
from agents.evaluation.solving import BoardSolving, work_text
from agents.reporting.tables import cores
from games.holdem.config import LibratusEndgame, Spot
from search import Budget, variant
from tests.running import (
    RIVER,
    refused,
    result_of,
    solve_river,
    timebank,
)

RIVER_BOARD = "game=spot game.board=Td9d6hQc4s"


REFUSED = [
    ("game=spot budget.iterations=1", "game.board must be given"),
    ("game=spot game.board=null", "game.board must be given, got null"),
    ("game=spot game.board=Td9d6h game.bets=[50%,a]", "game.bets must be text, in quotes where it has commas, got [50%,a]"),
    ("game=spot game.board=Td9d6h game.ranges=AA", "game.ranges must be a list in [ ], got 'AA' (as in "),
    ("game=spot game.board=Td9d6h load=[1]", "load must be text, in quotes where it has commas, or null, got [1]"),
    ("game=spot game.board=Td9d6h threads=null", "threads must be given, got null"),
    ("game=spot game.board=Td9d6h game.menu=3", "game.menu must be settings in { }, got 3"),
    ("game=spot game.board=Td9d6hQd9d", "game.board must be distinct cards, got '9d' twice in 'Td9d6hQd9d'"),
    ("game=spot game.board=Td9d6x", "game.board must be cards such as Td9d6h, got '6x' in 'Td9d6x'"),
    ("game=spot game.board=Td9d", "game.board must have 3, 4 or 5 cards, got 2 in 'Td9d'"),
    ("game=spot game.board=Td9d6h game.ranges=[QZ+,full]", "game.ranges[0] must be hands such as QQ+, A5s-A2s, AhKh:0.5, got 'QZ+'"),
    ("game=spot game.board=Td9d6h game.ranges=[full,QQ:1.5]", "game.ranges[1] must have weights in 0..1, got 'QQ:1.5'"),
    ("game=spot game.board=Td9d6h game.ranges=[TdTh,full]", "game.ranges[0] must leave a hand that the board does not hold, got 'TdTh'"),
    ("game=spot game.board=Td9d6h game.ranges=[AsAh,AsAh]", "game.ranges must leave two hands that share no card"),
    (
        "game=spot game.board=Td9d6h game.ranges=['AsAh,KK:1e-7','AsAh']",
        "game.ranges must leave 0.0001 of their pairs of hands that share no card, got ['AsAh,KK:1e-7', 'AsAh']",
    ),
    ("game=spot game.board=Td9d6h game.ranges=[T9s+,full]", "game.ranges[0] must have no connector with a plus, got 'T9s+' at character 0"),
    ("game=spot game.board=Td9d6h game.ranges=[full]", "game.ranges must be two, got 1"),
    ("game=spot game.board=Td9d6h game.stack=0", "game.stack must be above 0 chips, got 0"),
    ("game=spot game.board=Td9d6h game.pot=0", "game.pot must be above 0 chips, got 0"),
    ("game=spot game.board=Td9d6h game.bets=50", "game.bets must be sizes such as 50%, 2.5x (raises), a, e, got '50' (entry 1)"),
    ("game=spot game.board=Td9d6h game.bets=0%", "game.bets must have sizes above 0%, got '0%' (entry 1)"),
    ("game=spot game.board=Td9d6h game.menu.ip.river.raises=7z", "game.menu.ip.river.raises must be sizes such as"),
    ("game=spot game.board=Td9d6h game.min_bet=0", "game.min_bet must be above 0 chips, got 0"),
    ("game=spot game.board=Td9d6h game.merging=-1", "game.merging must be at least 0, got -1.0 (a share: 0.1 for 10 %)"),
    ("game=spot game.board=Td9d6h threads=-1", "threads must be at least 0, got -1"),
    ("game=spot game.board=Td9d6h threads=20000", f"threads must be in 0..{cores()} (the cores of this machine"),
    ("game=spot game.board=Td9d6h load=nowhere.npz", "load must be a file that save=true wrote, got nowhere.npz"),
    ("game=spot game.board=Td9d6h load=", "load must be a file that save=true wrote, got ''"),
    ("game=heads_up_no_limit", "game must fit into memory"),
    ("game=heads_up_limit", "boards: use a lower game.max_raises or fewer game.deals"),
    ("game=holdem5 game.ranks=TJX", "game.ranks must be distinct ranks of 23456789TJQKA, got 'TJX'"),
    ("game=holdem5 game.suits=cdcd", "game.suits must be distinct suits of cdhs, got 'cdcd'"),
    ("game=spot game.board=Td9d6h game.ranges=[AsAh:1e-200,AsAh:1e-200]", "game.ranges must leave two hands that share no card"),
    ("game=spot game.board=Td9d6h game.stack=2000000000", "game.stack must be at most 1,000,000,000 chips, got 2,000,000,000"),
    (f"game=spot game.board=Td9d6h game.stack=1{'0' * 400}", "game.stack must be at most 1,000,000,000 chips, got about 10^400"),
    (f"game=spot game.board=Td9d6h game.pot=1{'0' * 400}", "game.pot must be at most 1,000,000,000 chips, got about 10^400"),
    (f"game=spot game.board=Td9d6h game.min_bet=1{'0' * 400}", "game.min_bet must be at most 1,000,000,000 chips, got about 10^400"),
    (f"game=ms1f1 game.blinds=[1,1{'0' * 400}]", "game.blinds[1] must be at most 1,000,000,000 chips, got about 10^400"),
    (f"game=flop_holdem game.limit=[1,1{'0' * 400}]", "game.limit[1] must be at most 1,000,000,000 chips, got about 10^400"),
    (f"game=flop_holdem game.stack=1{'0' * 400}", "game.stack must be at most 1,000,000,000 chips, got about 10^400"),
    (
        f"{RIVER_BOARD} game.menu.oop.flop.bets=garbage",
        "game.menu.oop.flop.bets must be left out in a game that has no flop, got 'garbage'",
    ),
    (f"{RIVER_BOARD} game.menu.ip.river.donks=50%", "game.menu.ip.river.donks must be left out in position, got '50%'"),
    (f"{RIVER_BOARD} game.menu.oop.river.donks=50%", "game.menu.oop.river.donks must be left out on the first street, got '50%'"),
    (f"{RIVER_BOARD} game.donks=50%", "game.donks must be left out in a game of one street, got '50%'"),
    ("game=spot game.board=Td9d6hQc game.donks=garbage", "game.donks must be sizes such as"),
    ("game=flop_holdem game.bets=50%", "game.bets must be left out in a limit game, got '50%'"),
    ("game=flop_holdem game.raise_cap=2", "game.raise_cap must be left out in a limit game, got 2"),
    ("game=flop_holdem game.menu.oop.flop.raises=a", "game.menu.oop.flop.raises must be left out in a limit game, got 'a'"),
    (
        'game=spot game.board=Td9d6hQc4s game.stack=50000 game.bets="33%,50%,100%,a" game.raises="30%,50%,75%,80%,100%,a"',
        "game.bets and game.raises must be few, or game.raise_cap low enough: the betting tree must have at most 200,000 nodes, got ",
    ),
    ("game=holdem5 game.blinds=[2,1]", "game.blinds must be a small and a larger big one, got [2, 1]"),
    ("game=flop_holdem game.deals=[0]", "game.deals must be 0 and then one to three positive numbers of cards, got [0]"),
    ("game=flop_holdem game.deals=[0,4,4]", "game.deals must leave cards in the deck and sum to at most 5, got [0, 4, 4]"),
    ("game=libratus_endgame game.file=nowhere.txt", "game.file must be a Libratus endgame, got nowhere.txt"),
    (f"{RIVER_BOARD} show=check/fold", "show must go on after 'check' with check, bet 50, bet 100 or all-in 500, got 'fold'"),
    ("game=spot game.board=Td9d6hQc show=[check,check/check/Qc]", "show[1] must go on after 'check / check' with 1 card that is not on "),
    (f"{RIVER_BOARD} show=7", "show must be a line such as 'check / bet 50' or a list of them, got 7"),
    ("game=kuhn_poker show=pass", "show must be left out for a game derived from OpenSpiel, got pass"),
    ("game=kuhn_poker storage=16", "storage must be 32 for a game derived from OpenSpiel (only hold'em has a choice), got 16"),
    (f"{RIVER_BOARD} game.merging=12", "game.merging must be below 1, got 12.0 (a share: 0.1 for 10 %)"),
    (f"{RIVER_BOARD} game.add_allin=200", "game.add_allin must be at most 20, got 200.0 (a share: 0.1 for 10 %)"),
    (f"{RIVER_BOARD} game.force_allin=15", "game.force_allin must be at most 1, got 15.0 (a share: 0.1 for 10 %)"),
    (f"{RIVER_BOARD} storage=8", "storage must be one of 32, 16, got 8 (bits of each regret and average)"),
]


@pytest.mark.long
def test_what_is_taken_otherwise_than_written_is_said(monkeypatch, tmp_path, capsys):
    given = ["game=spot", "game.board='Td,9d,6h,Qc,4s'", "game.ranges=['AA,KK:1e-40','QQ']", "budget.iterations=1"]
    assert timebank(monkeypatch, "solve", *given, f"hydra.run.dir={tmp_path}") == 0
    note = "game.ranges[0]: 6 hands with 1e-40 of the range are taken as 0 (below 1e-12 of the largest weight)"
    assert f"note: {note}\n" in capsys.readouterr().err
    assert result_of(tmp_path)["notes"] == [note]


@pytest.mark.parametrize(("overrides", "message"), REFUSED)
def test_bad_values_are_refused_in_one_line(monkeypatch, tmp_path, capsys, overrides, message):
    monkeypatch.chdir(tmp_path)
    given = [*overrides.split(), *([] if "budget" in overrides else ["budget.iterations=1"])]
    assert message in refused(monkeypatch, capsys, "solve", *given)


def endgame(directory, pot, first, second):
    """Write a file with one hand of positive reach for each player, or none."""
    reaches = np.zeros(2652)
    for hand, player in ((first, 0), (second, 1)):
        if hand is not None:
            reaches[1326 * player + hand] = 1.0
    file = directory / "endgame.txt"
    file.write_text(f"-round 4\n-board 4s8hTc9h2s\n-pot {pot}\n-reach {' '.join(map(str, reaches))}\n")
    return file


@pytest.mark.parametrize(
    ("pot", "hands", "message"),
    [
        (500, (None, None), "game.file must leave a hand that the board does not hold, got the first 1,326 reaches of "),
        (500, (1325, None), "game.file must leave a hand that the board does not hold, got the last 1,326 reaches of "),
        (500, (1325, 1325), "game.file must leave two hands that share no card, got reaches of "),
        (0, (1325, 1320), "game.file must be a Libratus endgame, got "),
        ("1" + "0" * 400, (1325, 1320), "(its pot must be positive and at most 1,000,000,000, got about 10^400)"),
    ],
)
def test_endgame_files_that_cannot_be_played_are_refused(monkeypatch, tmp_path, capsys, pot, hands, message):
    monkeypatch.chdir(tmp_path)
    file = endgame(tmp_path, pot, *hands)
    assert message in refused(monkeypatch, capsys, "solve", "game=libratus_endgame", f"game.file={file}", "budget.iterations=1")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("-board 4s8hTc9h2s\n-pot 500\n-reach 1e308", "(2,652 reaches in 0..1 and a board of 4 or 5 cards are needed)"),
        ("-board 4s8hTc9h2s\n-pot 500\n-pot 5\n-reach 0.5", "(it must have one -pot, got another)"),
        ("-pot 500\n-reach 0.5", "(it must have a -board, got none)"),
        ("-\n-board\n-pot 500\n-reach 0.5", "(it must have a -board, got an empty one)"),
        ("-board 4s8hTc9h2x\n-pot 500\n-reach 0.5", "(its board must be cards such as Td9d6h, got '2x' in '4s8hTc9h2x')"),
        ("-board 4s8hTc9h2s\n-pot much\n-reach 0.5", "(its pot must be a whole number, got 'much')"),
    ],
)
def test_endgame_files_that_say_something_else_are_refused_with_the_reason(tmp_path, lines, message):
    file = tmp_path / "endgame.txt"
    head, reach = lines.rsplit(" ", 1)
    file.write_text(f"{head} {' '.join([reach] * 2652)}\n")
    with pytest.raises(ValueError, match=f"^{re.escape(f'game.file must be a Libratus endgame, got {file} {message}')}$"):
        LibratusEndgame(file=str(file)).build()


def test_training_on_a_game_that_does_not_fit_is_refused(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(kind, "free_memory", lambda: 10**8)
    assert timebank(monkeypatch, "train", "game=holdem5") == 2
    assert capsys.readouterr().err.startswith(
        "error: game must fit into memory to be trained on (0.1 GB are free), got about 18 GB for 16,361 boards"
    )


@pytest.mark.parametrize(("workers", "needed", "fix"), [(1, 6.1, "a smaller game"), (2, 6.2, "executor.workers=1 or a smaller game")])
def test_measuring_what_does_not_fit_is_refused(monkeypatch, tmp_path, capsys, workers, needed, fix):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(kind, "free_memory", lambda: 5 * 10**9)
    sizes = ["agent.buckets=[0,0,0,200]"] if workers == 1 else []
    assert timebank(monkeypatch, "ablate", "game=holdem5", "agent=tabular", f"executor.workers={workers}", *sizes) == 2
    assert capsys.readouterr().err == (
        f"error: game must fit into memory (5 GB are free), got about {needed} GB for 16,361 boards: use {fix}\n"
    )


def test_a_river_is_solved_and_reported(monkeypatch, tmp_path, capsys):
    status, result = solve_river(monkeypatch, tmp_path / "run", "budget.exploitability=0.2", drawn=True)
    assert status in (0, None)
    strength = result["exploitability"]
    assert strength["value"] <= 0.2
    assert strength["pot_fraction"] == pytest.approx(strength["value"] / 200)
    assert sum(result["values"]) == 0
    assert sum(result["ev"]) == pytest.approx(200)
    assert [v + 100 for v in result["values"]] == pytest.approx(result["ev"])
    root = result["root"]
    assert root["actions"][0] == "check"
    assert sum(root["frequencies"]) == pytest.approx(1)
    hand = root["hands"]["QsQh"]
    assert sum(hand["strategy"]) == pytest.approx(1)
    assert hand["ev"] > result["ev"][0]  # the best hand has more than the range
    assert "QcQh" not in root["hands"]  # the board holds it
    for key in ("algorithm", "iterations", "seconds", "threads", "memory_bytes", "compile_seconds", "build_seconds", "check_seconds"):
        assert key in result, key
    with (tmp_path / "run" / "root.csv").open() as file:
        assert len(list(csv.DictReader(file))) == len(root["hands"])
    for name in ("root.png", "root.svg", "trace.png", "trace.csv"):
        assert (tmp_path / "run" / name).stat().st_size > 0
    assert "% of pot" in capsys.readouterr().out


def test_without_an_iteration_there_is_nothing_to_show(monkeypatch, tmp_path, capsys):
    assert timebank(monkeypatch, "solve", *RIVER, "budget.iterations=0", "show=check", f"hydra.run.dir={tmp_path}") == 2
    more = "(give a larger budget.seconds or budget.iterations)"
    assert capsys.readouterr().err == f"error: show must be left out of a solve without an iteration, got 'check' {more}\n"
    assert not list(tmp_path.iterdir())
    status, result = solve_river(monkeypatch, tmp_path, "budget.seconds=0", "show=check")
    reason = "no iteration was done, so this is uniform play"
    assert (result["solved"], result["not_solved"], result["root"], result["nodes"]) == (False, reason, None, [])
    shown, error = capsys.readouterr()
    assert status == 2
    last = error.splitlines()[-1]  # a first run says before that it compiles
    assert last == f"error: show must have an iteration to show, got none in 0 {more}; see {tmp_path}"
    lines = shown.splitlines()
    assert lines[-1] == f"NOT SOLVED: {reason}"
    assert not any(line.startswith(("player", "EV", "check")) for line in lines)
    assert not [*tmp_path.glob("root*"), *tmp_path.glob("node*")]
    assert "NOT SOLVED" in (tmp_path / "trace.svg").read_text()


def test_what_is_far_from_solved_says_so_in_every_figure(monkeypatch, tmp_path, capsys):
    _, result = solve_river(monkeypatch, tmp_path / "far", "budget.iterations=1", "show=check")
    share = result["exploitability"]["pot_fraction"]
    assert share > 0.25
    assert result["not_solved"] == f"exploitability is {100 * share:.3g} % of the pot, above 25 %"
    assert capsys.readouterr().out.splitlines()[-1] == f"NOT SOLVED: {result['not_solved']}"
    for name in ("trace", "root", "node_0"):
        assert f"NOT SOLVED: {result['not_solved']}" in (tmp_path / "far" / f"{name}.svg").read_text()
    _, result = solve_river(monkeypatch, tmp_path / "near", "budget.exploitability=2")
    assert (result["solved"], result["not_solved"]) == (True, None)
    assert "NOT SOLVED" not in (tmp_path / "near" / "root.svg").read_text() + capsys.readouterr().out


def test_a_large_game_says_first_which_street_costs_most():
    game = Spot(board="Td9d6hQc", ranges=["AA,KK", "QQ,JJ"], pot=20, stack=90).build()
    spot = BoardSolving(game, variant("default_holdem"), threads=1)
    needed = spot.memory_bytes()

    def text(free, budget):
        spot.free = free
        return work_text(spot, budget, 0.01, lambda e: f"{100 * e / game.pot:.3g} % of pot")

    assert re.fullmatch(
        r"\S+ [kM]B; 12 and 9 hands, \d+ boards, \d+ nodes of betting; "
        "about 10 ms an iteration on this machine, 1 s for 100 iterations",
        text(3 * needed, Budget(iterations=100)),
    )
    assert text(3 * needed, Budget(exploitability=0.2)).endswith("; until 0.2 chips, 1 % of pot")
    large = text(needed + 1, Budget(iterations=100))
    assert re.search(r"B of \S+ [kM]B free, 9\d % of it for the river: use fewer sizes \(game\.bets", large)


def test_a_whole_game_reports_thousandths_of_a_big_blind(monkeypatch, tmp_path):
    directory = tmp_path / "run"
    timebank(monkeypatch, "solve", "game=ms2f1t1h5", "budget.iterations=5", f"hydra.run.dir={directory}")
    result = json.loads((directory / "result.json").read_text())
    assert result["exploitability"]["mbb_per_game"] == pytest.approx(500 * result["exploitability"]["value"])
    assert "ev" not in result
    assert set(result["root"]["actions"]) == {"fold", "call", "raise 6"}


@pytest.mark.parametrize("name", ["solution.npz", "root.png", "trace.csv"])
def test_a_file_that_cannot_be_written_is_named_and_leaves_nothing(monkeypatch, tmp_path, capsys, name):
    replace = os.replace

    def full(source, target):
        if target.name == name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    assert timebank(monkeypatch, "solve", *RIVER, "budget.iterations=1", "save=true", f"hydra.run.dir={tmp_path}") == 1
    error = capsys.readouterr().err
    assert error == f"error: {tmp_path / name} must be a file that can be written, got No space left on device\n"
    assert result_of(tmp_path)["status"] == "failed"
    assert {path.name for path in tmp_path.glob(".*")} <= {".hydra", ".lock"}
    assert not (tmp_path / name).exists()


def test_memory_that_runs_out_while_a_game_is_built_ends_in_one_line(monkeypatch, tmp_path, capsys):
    def exhausted(*_, **__):
        raise MemoryError

    monkeypatch.setattr(solving, "BoardSolver", exhausted)
    assert timebank(monkeypatch, "solve", *RIVER, "budget.iterations=1", f"hydra.run.dir={tmp_path}") == 1
    error = capsys.readouterr().err
    assert error.startswith("error: game must fit into memory")
    assert "game.bets" in error
    assert error.count("\n") == 1


def test_a_game_that_fits_in_16_bits_alone_is_refused_with_that_way_out(monkeypatch, capsys):
    monkeypatch.setattr(kind, "free_memory", lambda: 2_500_000_000)
    assert timebank(monkeypatch, "solve", "game=holdem5", "budget.iterations=1") == 2
    assert "boards: storage=16 takes 1." in capsys.readouterr().err


@pytest.mark.parametrize(("stack", "said"), [(10, False), (10**9, True)])
def test_rounding_that_the_evs_show_is_said(monkeypatch, tmp_path, capsys, stack, said):
    """A stack of 10^9 against a pot of 1: float32 leaves the players' values 8 % of the pot apart."""
    given = [*RIVER[:3], "game.pot=1", f"game.stack={stack}", "budget.iterations=300", f"hydra.run.dir={tmp_path}"]
    assert timebank(monkeypatch, "solve", *given) == 0
    missed = result_of(tmp_path)["rounding_pot_fraction"]
    assert (missed > 1e-3) == said
    assert (f"rounding: the EVs miss the pot by {missed:.1%} of it" in capsys.readouterr().out) == said
