import io
import json
import os
import pty
import re
import select
import shutil
import signal
import stat
import subprocess
import sys

import pytest

from agents.apps import holdem as holdem_kind
from agents.apps.compose import layered
from agents.apps.config import register
from agents.apps.launch import prepare
from agents.apps.match import check
from agents.match.match import play_part
from tests.running import HANG_SECONDS, ROOT, contents, finish, refused, result_of, start, timebank, wait_for

KUHN = ("game=kuhn_poker", "agent@agents.a=tabular", "agent@agents.b=uniform", "agents.a.iterations=20", "executor=serial")


@pytest.mark.long
def test_a_match_reports_what_the_contract_names(monkeypatch, tmp_path, capsys):
    given = (
        *KUHN,
        "agents.a.think=true",
        "agents.a.budget.iterations=5",
        "hands=400",
        "precision=0.000001",
        f"hydra.run.dir={tmp_path}",
    )
    assert timebank(monkeypatch, "match", *given, drawn=True) == 0
    result = result_of(tmp_path)
    for key in ("command", "game", "seed", "version", "machine", "seconds", "agents", "rows", "playing"):
        assert key in result
    row = result["rows"][0]
    assert row["agents"] == ["a", "b"]
    assert row["hands"] == 400
    assert set(row["estimates"]) == {"raw", "duplicate", "aivat"}
    for e in row["estimates"].values():
        assert e["low"] <= e["mean"] <= e["high"]
    assert row["exact"]["standard_error"] == 0
    assert row["hands_needed"] > 0
    assert sum(seat["hands"] for seat in row["seats"]) == 400
    assert {d["agent"] for d in row["decisions"]} == {"a", "b"}
    lines = [json.loads(line) for f in (tmp_path / "hands").rglob("*.jsonl") for line in f.read_text().splitlines()]
    assert len(lines) == 400
    for name in ("rows.csv", "match.png", "match.svg"):
        assert (tmp_path / name).stat().st_size > 0
    shown = capsys.readouterr().out
    took = {d["agent"]: d["load_seconds"] for d in row["decisions"]}
    assert took["a"] > took["b"] == 0  # b does not think
    loaded = "loaded, outside of every decision's clock, in at most: a "
    for text in ("a - b", "aivat", "exact", "overruns", "more hands for ± 1e-06 chips", loaded):
        assert text in shown


@pytest.mark.long
def test_all_play_one_of_them_on_the_same_deals(monkeypatch, tmp_path, capsys):
    given = (
        *KUHN,
        "+agent@agents.c=tabular",
        "agents.c.iterations=200",
        "against=b",
        "hands=200",
        "exact=false",
        f"hydra.run.dir={tmp_path}",
    )
    assert timebank(monkeypatch, "match", *given) == 0
    result = result_of(tmp_path)
    assert [row["agents"] for row in result["rows"]] == [["a", "b"], ["c", "b"]]
    (row,) = result["differences"]
    assert (row["agents"], row["against"], row["hands"]) == (["c", "a"], "b", 200)
    first, second = (row["estimates"]["aivat"]["mean"] for row in result["rows"])
    assert row["mean"] == pytest.approx(second - first)
    assert "c less a" in capsys.readouterr().out
    monkeypatch.chdir(tmp_path)
    assert "against must be one of a, b, got 'z'" in refused(monkeypatch, capsys, "match", *KUHN, "against=z")


@pytest.mark.long
def test_everybody_plays_everybody(monkeypatch, tmp_path, capsys):
    given = (*KUHN, "+agent@agents.c=bot", "agents.c.bot=fixed_action_preference", "hands=100", f"hydra.run.dir={tmp_path}")
    assert timebank(monkeypatch, "match", *given) == 0
    rows = result_of(tmp_path)["rows"]
    assert [row["agents"] for row in rows] == [["a", "b"], ["a", "c"], ["b", "c"]]
    assert [row["exact"] is None for row in rows] == [False, True, True]
    assert "chips a hand, aivat" in capsys.readouterr().out


BOT = (*KUHN[:2], "agents.a.iterations=20", "agent@agents.b=bot", "agents.b.bot=uniform_random", "executor=serial", "hands=200")


def rows_without_times(directory):
    return [{key: value for key, value in row.items() if key not in ("decisions", "speed")} for row in result_of(directory)["rows"]]


@pytest.mark.long
def test_a_match_with_a_bot_tells_its_salt_at_the_end_and_is_played_again_by_it(monkeypatch, tmp_path, capsys):
    seen = []
    monkeypatch.setattr("agents.match.match.play_part", watched(seen, tmp_path / "a"))
    for name in ("a", "b"):
        assert timebank(monkeypatch, "match", *BOT, f"hydra.run.dir={tmp_path / name}") == 0
    salts = [result_of(tmp_path / name)["salt"] for name in ("a", "b")]
    assert salts[0] != salts[1]
    assert seen[:2] == [None, None]  # while it is played
    path = tmp_path / "a" / "hands" / "salt"
    assert path.read_text() == salts[0]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    rows = [rows_without_times(tmp_path / name) for name in ("a", "b")]
    assert rows[0] != rows[1]
    assert timebank(monkeypatch, "match", *BOT, f"salt={salts[0]}", f"hydra.run.dir={tmp_path / 'again'}") == 0
    assert rows_without_times(tmp_path / "again") == rows[0]
    seen.clear()
    assert timebank(monkeypatch, "match", f"resume={tmp_path / 'a'}", "hands=1600") == 0
    assert seen == [None] * len(seen) != []
    assert result_of(tmp_path / "a")["salt"] == salts[0]


def watched(seen, directory):
    """Playing that notes which salt can be read meanwhile."""

    def play(part):
        if directory.exists():
            seen.append(result_of(directory).get("salt"))
        return play_part(part)

    return play


def test_a_match_is_not_replaced_by_one_of_fewer_hands(monkeypatch, tmp_path, capsys):
    assert timebank(monkeypatch, "match", *KUHN, "hands=100", f"hydra.run.dir={tmp_path}") == 0
    before = (tmp_path / "result.json").read_text()
    capsys.readouterr()
    assert timebank(monkeypatch, "match", f"resume={tmp_path}", "hands=40") == 2
    assert capsys.readouterr().err == f"error: hands must be at least the 100 that {tmp_path} has, got 40\n"
    assert (tmp_path / "result.json").read_text() == before


OTHER = " (another match takes another directory)"


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (["seed=1"], "seed must be 0 as in {}, got 1" + OTHER),
        (["budget.seconds=0.1"], "budget.seconds must be null as in {}, got 0.1" + OTHER),
        (["agents.a.iterations=21"], "agents.a.iterations must be 20 as in {}, got 21" + OTHER),
        (["duplicate=false", "hands=200"], "duplicate must be true as in {}, got false" + OTHER),
        (["game=leduc_poker"], "game must be 'kuhn_poker' as in {}, got 'leduc_poker'"),
    ],
)
def test_a_match_goes_on_as_the_same_match_alone(monkeypatch, tmp_path, capsys, given, line):
    assert timebank(monkeypatch, "match", *KUHN, "hands=100", f"hydra.run.dir={tmp_path}") == 0
    before = contents(tmp_path)
    capsys.readouterr()
    assert timebank(monkeypatch, "match", f"resume={tmp_path}", *given) == 2
    assert capsys.readouterr().err == f"error: {line.format(tmp_path)}\n"
    assert contents(tmp_path) == before


def test_a_match_goes_on_with_what_changes_no_hand(monkeypatch, tmp_path, capsys):
    command = ("match", *KUHN, "hands=100", f"hydra.run.dir={tmp_path}")
    assert timebank(monkeypatch, *command) == 0
    assert timebank(monkeypatch, *command) == 0  # the very command again
    assert result_of(tmp_path)["playing"]["hands"] == 0
    free = ["hands=120", "executor=local", "executor.workers=1", "precision=0.5", "exact=false", "draws=2", "limit_seconds=3", "seed=0"]
    assert timebank(monkeypatch, "match", f"resume={tmp_path}", *free) == 0
    assert result_of(tmp_path)["playing"]["hands"] == 20
    assert timebank(monkeypatch, "match", f"resume={tmp_path}", "+agent@agents.c=uniform") == 0  # beside those that there are
    rows = result_of(tmp_path)["rows"]
    assert [row["agents"] for row in rows] == [["a", "b"], ["a", "c"], ["b", "c"]]
    assert result_of(tmp_path)["playing"]["hands"] == 240


def test_a_match_without_bots_takes_no_salt_and_keeps_none(monkeypatch, tmp_path, capsys):
    assert timebank(monkeypatch, "match", *KUHN, "hands=40", f"hydra.run.dir={tmp_path / 'a'}") == 0
    assert "salt" not in result_of(tmp_path / "a")
    assert not (tmp_path / "a" / "hands" / "salt").exists()
    assert timebank(monkeypatch, "match", *KUHN, "salt=s1", f"hydra.run.dir={tmp_path / 'b'}") == 2
    assert "error: salt must be left out where no bot plays, got 's1'" in capsys.readouterr().err
    assert timebank(monkeypatch, "match", *BOT, "salt=a/b", f"hydra.run.dir={tmp_path / 'b'}") == 2
    assert "error: salt must be one that a match's result.json has, got 'a/b'" in capsys.readouterr().err


def test_a_bot_that_ends_the_match_at_once_is_said_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("TIMEBANK_BOTS", "tests.bots")
    given = (*BOT, "agents.b.bot=tests.bots:without_licence", f"hydra.run.dir={tmp_path}")
    assert timebank(monkeypatch, "match", *given) == 1
    assert "error: tests.bots:without_licence must start, got: RuntimeError: no licence" in capsys.readouterr().err
    assert result_of(tmp_path)["status"] == "failed"
    assert "salt" not in result_of(tmp_path)


def test_a_match_whose_directory_is_deleted_ends_with_status_1(monkeypatch, tmp_path, capsys):
    def play(part):
        shutil.rmtree(tmp_path / "a")
        return play_part(part)

    monkeypatch.setattr("agents.match.match.play_part", play)
    assert timebank(monkeypatch, "match", *KUHN, "hands=40", f"hydra.run.dir={tmp_path / 'a'}") == 1
    error = capsys.readouterr().err
    assert "must be a file that can be written, got No such file or directory" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "a").exists()


def test_a_strategy_file_plays(monkeypatch, tmp_path, capsys):
    solved = ("game=kuhn_poker", "budget.iterations=20", "save=true", f"hydra.run.dir={tmp_path / 's'}")
    assert timebank(monkeypatch, "solve", *solved) == 0
    table = tmp_path / "s" / "policy.json"
    given = ("game=kuhn_poker", "agent@agents.a=tabular", "agents.a.iterations=20", "agent@agents.b=table", f"agents.b.table={table}")
    given = (*given, "hands=100", "executor=serial", "values=none", "precision=0.01")
    assert timebank(monkeypatch, "match", *given, f"hydra.run.dir={tmp_path / 'm'}") == 0
    row = result_of(tmp_path / "m")["rows"][0]
    assert row["exact"]["value"] == pytest.approx(0, abs=1e-12)  # it is the same strategy
    assert row["estimates"]["duplicate"]["high"] == 0
    shown = capsys.readouterr().out
    assert "more hands for ± 0.01 chips: not known, all 100 came out alike (duplicate)" in shown
    assert not {"aivat", "loaded,"} & set(shown.split("a - b")[1].split())
    assert re.search(r"^chips a hand to a +hands +raw$", shown, re.MULTILINE)


@pytest.mark.long
def test_a_network_is_trained_where_there_is_no_checkpoint(monkeypatch, tmp_path):
    tiny = ("trainer.iterations=2", "trainer.advantage.steps=5", "trainer.policy.steps=20")
    given = ("game=kuhn_poker", "budget.iterations=3", "hands=40", "executor=serial", *tiny, f"hydra.run.dir={tmp_path}")
    assert timebank(monkeypatch, "match", *given) == 0
    assert [a["agent"] for a in result_of(tmp_path)["agents"]] == ["network+decision:resolve:default", "network"]


def table_of(directory):
    rows = result_of(directory)["rows"]
    return [{k: row[k] for k in ("agents", "hands", "estimates", "seats", "rounds", "faults", "exact")} for row in rows]


LONG = (*KUHN[:-1], "agents.a.think=true", "agents.a.budget.iterations=5", "hands=8000", "executor.workers=2")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The table of a match of one process that nobody stopped."""
    directory = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        assert timebank(patch, "match", *LONG, "executor=serial", "executor.workers=1", f"hydra.run.dir={directory}") == 0
    return table_of(directory)


@pytest.mark.long
@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGINT], ids=["kill", "ctrl-c"])
def test_a_match_of_processes_that_was_stopped_goes_on_to_the_table_of_one_process(monkeypatch, tmp_path, whole, kind):
    process = start("match", *LONG, f"hydra.run.dir={tmp_path / 'a'}")
    wait_for(lambda: len(list((tmp_path / "a").rglob("*.jsonl"))) >= 2, process)
    process.send_signal(kind)
    error = finish(process)[1]
    if kind == signal.SIGINT and process.returncode == 130:  # it may have been done before
        assert "go on with resume=" in error
        assert result_of(tmp_path / "a")["rows"][0]["hands"] >= 1000
    assert timebank(monkeypatch, "match", f"resume={tmp_path / 'a'}", "executor=serial", "executor.workers=1") == 0
    assert table_of(tmp_path / "a") == whole


REFUSED = [
    (["hands=0"], "hands must be an even number from 4 to 1,000,000,000 (each seat plays half of them), got 0"),
    (["hands=1" + 30 * "0"], "hands must be at most 1,000,000,000, got about 10^30"),
    (["limit_seconds=0"], "limit_seconds must be above 0 seconds, got 0.0"),
    (["limit_seconds=inf"], "limit_seconds must be a finite number of seconds, got inf"),
    (["agent@agents.b=bot", "agents.b.bot=uniform_random", "agents.b.think=true"], "agents.b.think must be false for a bot, which decides"),
    (["agents.a.think=true", "agents.a.target_exploitability=-1"], "agents.a.target_exploitability must be above 0 chips, got -1.0"),
    (["agents.a.think=true", "agents.a.budget.seconds=-1"], "agents.a.budget.seconds must be at least 0 seconds, got -1.0"),
    (["budget.bank_seconds=0"], "budget.bank_seconds must be above 0 seconds, got 0.0"),
    (["budget.bank_seconds=-1"], "budget.bank_seconds must be above 0 seconds, got -1.0"),
    (["budget.bank_seconds=nan"], "budget.bank_seconds must be a finite number of seconds, got nan"),
    (["budget.bank_seconds=1", "budget.increment_seconds=-1"], "budget.increment_seconds must be at least 0 seconds, got -1.0"),
    (
        ["budget.increment_seconds=0.1"],
        "budget.increment_seconds must be left out without budget.bank_seconds, the bank that it is added to, got 0.1",
    ),
    (
        ["agents.a.budget.bank_seconds=9", "agents.a.price=0.1"],
        "agents.a.price must be left out with budget.bank_seconds, which sets the price, got 0.1",
    ),
    (
        ["agents.a.budget.bank_seconds=9", "agents.a.bounds=distributional"],
        "agents.a.budget.bank_seconds must be left out with agent.bounds=distributional, whose solves' exploitability is not known, got 9",
    ),
    (["seed=-1"], "seed must be at least 0, got -1"),
    (["hands=7"], "got 7"),
    (["seed=one"], "seed must be a whole number, got 'one'"),
    (["agents.a.checkpoint=nowhere.safetensors"], "agents.a.checkpoint must be a checkpoint file, got "),
    (["agent@agents.b=table", "agents.b.table=pyproject.toml", "agent@agents.a=uniform"], "must be a JSON file of information states"),
    (["agent@agents.b=bot", "agents.b.bot=stockfish", "agent@agents.a=uniform"], "agents.b.bot must be one of fixed_action_preference"),
    (["agent@agents.b=bot", "agents.b.bot=os:getcwd", "agent@agents.a=uniform"], "TIMEBANK_MODULES names, got 'os:getcwd'"),
    (["agents.a.gadget=magic"], "agents.a.gadget must be one of unsafe, resolve"),
    (["agents.a.budget.seconds=-1"], "agents.a.budget.seconds must be at least 0 seconds, got -1"),
    (
        ["agents.a.budgt.seconds=1"],
        "agents.a.budgt.seconds must be a key of the settings, got an unknown one",
    ),
    (
        ["+agent@agents.c=nobody"],
        "c must be one of acpc, bot, network, no_limit, search, street, table, tabular, uniform, module:name, got 'nobody'",
    ),
    (
        ["game=ms3f1t1r1h5"],
        "agents.a.solve_from must be round, root, preflop, flop, turn, river, or several rounds with + between, in a game",
    ),
    (
        ["game=ms1f1", "agent@agents.a=tabular", "agent@agents.b=bot", "agents.b.bot=fixed_action_preference"],
        "agents.b.bot must be one of check_call, fold_to_bets, all_in, random_amounts, least_raise, uniform_random, acpc, or "
        "module:function, on hold'em, got 'fixed_action_preference'",
    ),
    (
        ["game=ms1f1", "agent@agents.a=tabular", "agent@agents.b=table"],
        "agents.b.policy must be tabular, network, uniform, sampled, bot or module:name on hold'em, got 'table'",
    ),
    (
        ["game=ms1f1", "agent@agents.a=tabular", "agent@agents.b=tabular", "agents.b.buckets=[3]"],
        "agents.b.buckets must be a number from 0 to 10,000,000 for each of 2 streets, got [3]",
    ),
    (["precision=0"], "precision must be above 0 chips a hand, got 0"),
    (["stop=elo", "margin=1"], "stop must be one of sprt, got 'elo'"),
    (["stop=sprt"], "margin must be given for stop=sprt, got none (the smallest difference that matters, chips a hand)"),
    (["margin=0.1"], "margin must be left out (margin=null) but for stop=sprt, got 0.1"),
    (["stop=sprt", "margin=0"], "margin must be above 0 chips a hand, got 0"),
    (["stop=sprt", "margin=1", "alpha=0.5"], "alpha must be below 0.5, got 0.5"),
    (["stop=sprt", "margin=1", "beta=0"], "beta must be above 0, got 0"),
    (["stop=sprt", "margin=1", "hands=998"], "hands must be at least 1,000 for stop=sprt, the least that decide, got 998"),
    (["stop=sprt", "margin=1", "+agent@agents.even=uniform"], "agents must have other names than even for stop=sprt"),
    (["values=none", "draws=0"], "draws must be at least 1, got 0"),
    (["limit_seconds=0", "agent@agents.b=bot", "agent@agents.a=uniform"], "limit_seconds must be above 0 seconds, got 0"),
]


@pytest.mark.parametrize(("overrides", "message"), REFUSED, ids=[" ".join(o) for o, _ in REFUSED])
def test_bad_values_are_refused_in_one_line_with_status_2(monkeypatch, tmp_path, capsys, overrides, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    assert message in refused(monkeypatch, capsys, "match", *overrides)


def test_an_agent_of_another_game_is_refused(monkeypatch, tmp_path, capsys):
    solved = ("game=leduc_poker", "budget.iterations=2", "save=true", f"hydra.run.dir={tmp_path / 's'}")
    assert timebank(monkeypatch, "solve", *solved) == 0
    given = (*KUHN, "agent@agents.b=table", f"agents.b.table={tmp_path / 's' / 'policy.json'}", f"hydra.run.dir={tmp_path / 'm'}")
    capsys.readouterr()
    assert timebank(monkeypatch, "match", *given) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: agents.b.table: ")
    assert "policy.json must be a JSON file of information states of kuhn_poker" in error


def test_a_full_disk_is_one_line_and_hands_are_kept(monkeypatch, tmp_path, capsys):
    import agents.match.match

    written = []

    def full(path, text):
        if written:
            raise OSError(f"{path} must be a file that can be written, got No space left on device")
        written.append(path)
        path.write_text(text)

    monkeypatch.setattr(agents.match.match, "write_text", full)
    assert timebank(monkeypatch, "match", *KUHN, "hands=3000", f"hydra.run.dir={tmp_path}") == 1
    assert "must be a file that can be written, got No space left on device" in capsys.readouterr().err
    assert result_of(tmp_path)["status"] == "failed"
    assert result_of(tmp_path)["rows"][0]["hands"] == 1000
    monkeypatch.undo()
    assert timebank(monkeypatch, "match", f"resume={tmp_path}") == 0
    assert result_of(tmp_path)["rows"][0]["hands"] == 3000


@pytest.mark.long
def test_every_yaml_of_matches_composes():
    register("match")
    for path in (p for p in sorted((ROOT / "conf" / "experiment").glob("*.yaml")) if "_match" in p.stem):
        assert len(prepare("match", [f"experiment={path.stem}"], check).settings.agents) >= 5
    for path in sorted((ROOT / "conf" / "agent").glob("*.yaml")):
        layered("match", [f"agent@agents.a={path.stem}"])
    register("play")
    layered("play", [])


SPRT = (*KUHN, "hands=4000", "values=none", "stop=sprt", "margin=0.1")


def test_a_match_stops_when_it_is_decided_and_goes_on_without_the_rule(monkeypatch, tmp_path, capsys):
    assert timebank(monkeypatch, "match", *SPRT, "+agent@agents.c=uniform", f"hydra.run.dir={tmp_path}") == 0
    rows = result_of(tmp_path)["rows"]
    assert [row["stop"]["decided"] for row in rows[:2]] == ["a", "a"]  # each pair stops by itself
    assert all(row["hands"] == row["stop"]["hands"] < 4000 for row in rows[:2])
    assert f"a - b: decided after {rows[0]['hands']:,} hands: a wins (sprt: LLR a +" in capsys.readouterr().out
    assert timebank(monkeypatch, "match", f"resume={tmp_path}") == 0
    assert result_of(tmp_path)["playing"]["hands"] == 0
    assert [row["stop"] for row in result_of(tmp_path)["rows"]] == [row["stop"] for row in rows]
    assert timebank(monkeypatch, "match", f"resume={tmp_path}", "stop=null", "margin=null", "hands=4000") == 0
    assert [(row["hands"], "stop" in row) for row in result_of(tmp_path)["rows"]] == [(4000, False)] * 3


@pytest.mark.long
def test_a_match_of_processes_stops_at_the_same_deal(monkeypatch, tmp_path):
    for name, executor in (("a", ["executor=serial"]), ("b", ["executor=local", "executor.workers=2"])):
        assert timebank(monkeypatch, "match", *SPRT, "margin=0.005", *executor, f"hydra.run.dir={tmp_path / name}") == 0
    assert table_of(tmp_path / "a") == table_of(tmp_path / "b")
    one, other = (result_of(tmp_path / name)["rows"][0]["stop"] for name in ("a", "b"))
    assert one["decided"] == "a"
    assert {**one, "beyond_hands": 0} == {**other, "beyond_hands": 0}


PLAY = [sys.executable, "-m", "agents.apps.play", "game=leduc_poker", "agent.iterations=20", "seed=3"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def test_play_takes_piped_keys_and_saves_hands(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO("?\nc\nu\nr\n" + "c\n" * 30))
    assert timebank(monkeypatch, "play", *PLAY[3:], "hands=3", f"hydra.run.dir={tmp_path}") == 0
    assert "3 hands" in capsys.readouterr().out
    assert len((tmp_path / "hands.jsonl").read_text().splitlines()) == 3
    assert result_of(tmp_path)["hands"] == 3


def test_leaving_before_a_hand_is_over_saves_none(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO("q\n"))
    assert timebank(monkeypatch, "play", *PLAY[3:], f"hydra.run.dir={tmp_path}") == 0
    assert capsys.readouterr().out.endswith("no hands saved: none was played to its end\n")
    assert not (tmp_path / "hands.jsonl").read_text()


HOLDEM = ["game=ms2f1t1h5", "game.ranks=QKA", "game.suits=cdh", "agent.iterations=3", "seed=3"]
THINKING = ["agent.think=true", "agent.solve_from=flop+turn", "budget.iterations=5"]


def test_play_holdem_with_piped_keys(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO("?\nc\n?\nu\nr\n" + "?\nc\n" * 30))
    assert timebank(monkeypatch, "play", *HOLDEM, *THINKING, "hands=3", f"hydra.run.dir={tmp_path}") == 0
    shown = capsys.readouterr().out
    assert "3 hands" in shown
    assert "5 iterations" in shown
    assert "bb)" in shown
    saved = [json.loads(line) for line in (tmp_path / "hands.jsonl").read_text().splitlines()]
    assert result_of(tmp_path)["chips"] == sum(record["chips"] for record in saved)
    assert [len(record["hands"][0]) for record in saved] == [4] * 3


@pytest.mark.long
@pytest.mark.parametrize(("command", "leave"), [(PLAY[3:], "Ctrl-C"), ([*HOLDEM, *THINKING], "Ctrl-D")], ids=["leduc", "holdem"])
def test_play_in_a_terminal(tmp_path, command, leave):
    """A real one: a pseudo-terminal, keys typed as the prompts come, left with Ctrl-D or Ctrl-C."""
    parent, child = pty.openpty()
    command = [*PLAY[:3], *command, f"hydra.run.dir={tmp_path}"]
    process = subprocess.Popen(command, stdin=child, stdout=child, stderr=child, cwd=ROOT, env=ENVIRONMENT, close_fds=True)
    os.close(child)
    shown = b""

    def read_until(text):
        nonlocal shown
        before = len(shown)
        while text not in shown[before:]:
            assert select.select([parent], [], [], HANG_SECONDS)[0], shown
            shown += os.read(parent, 4096)

    try:
        read_until(b"> ")
        for key in (b"?\n", b"c\n"):
            os.write(parent, key)
            read_until(b"> ")
        if leave == "Ctrl-C":
            process.send_signal(signal.SIGINT)  # the terminal is not the child's controlling one
            while not select.select([parent], [], [], 1)[0]:  # one that falls between a prompt and its read is seen with the next
                process.send_signal(signal.SIGINT)
            read_until(str(tmp_path).encode())
        else:
            os.write(parent, b"\x04")
            read_until(b"hands saved")
        process.wait(timeout=HANG_SECONDS)
    finally:
        process.kill()
        process.wait()
        os.close(parent)
    text = shown.decode()
    assert any(suit in text for suit in "♣♦♥♠")
    assert "in your place it plays" in text
    if leave == "Ctrl-C":
        after = text.rpartition("> ")[2].replace("^C", "").strip()
        assert re.fullmatch(rf"interrupted; what there is so far is in {re.escape(str(tmp_path))}", after)
    assert process.returncode == (130 if leave == "Ctrl-C" else 0)
    assert result_of(tmp_path)["status"] == ("interrupted" if leave == "Ctrl-C" else "complete")


OF_A_TERMINAL = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); from agents.apps.cli import main; main()"


@pytest.mark.long
@pytest.mark.parametrize("command", ["play", "match"])
def test_a_terminal_that_is_closed_ends_a_command_as_ctrl_c_does(tmp_path, command):
    given = PLAY[3:] if command == "play" else [*KUHN, "agents.a.think=true", "agents.a.budget.iterations=5", "hands=1000000"]
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", OF_A_TERMINAL, command, *given, f"hydra.run.dir={tmp_path}"],
        stdin=child, stdout=child, stderr=child, cwd=ROOT, env=ENVIRONMENT, start_new_session=True,
    )  # fmt: skip
    os.close(child)
    shown = b""
    try:
        while (b"> " not in shown) if command == "play" else len(list(tmp_path.rglob("*.jsonl"))) < 2:
            if select.select([parent], [], [], 0.1)[0]:
                shown += os.read(parent, 4096)
            assert process.poll() is None, shown
        os.close(parent)
        process.wait(timeout=HANG_SECONDS)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130
    assert result_of(tmp_path)["status"] == "interrupted"
    if command == "match":
        assert result_of(tmp_path)["rows"][0]["hands"] >= 1000


@pytest.mark.long
@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["hands=0"], "hands must be at least 1, got 0"),
        (["agent=network"], "agent.checkpoint must name a network's checkpoint"),
        (["agent.think=true"], "budget must limit seconds or iterations of an agent that thinks, got none"),
        (["agent=bot"], "agent.policy must be one of uniform, tabular, network, table, module:name, got 'bot'"),
        (
            ["game=heads_up_no_limit", "agent=no_limit", "agent.blueprint=null", "budget.seconds=1"],
            "agent.blueprint must be small, standard or a directory that timebank train trainer=mccfr wrote, got None",
        ),
        (["game=ms1f1", "agent=table"], "agent.policy must be tabular, network, uniform, sampled or module:name on hold'em, got 'table'"),
        (["game=ms1f1", "agent=network"], "agent.checkpoint must name a network's checkpoint"),
        (
            ["game=ms3f1t1r1h5", "agent.think=true", "budget.iterations=5"],
            "more than 20,000 decisions, got decision in one of 54,064",
        ),
        (["seed=-3"], "seed must be at least 0, got -3"),
    ],
)
def test_play_refuses_bad_values(monkeypatch, tmp_path, capsys, overrides, message):
    monkeypatch.chdir(tmp_path)
    assert message in refused(monkeypatch, capsys, "play", *overrides)


HOLDEM_MATCH = (
    "game=ms1f1", "game.ranks=QKA", "game.suits=cdh", "agent@agents.a=tabular", "agents.a.iterations=4", "agents.a.think=true",
    "agents.a.solve_from=flop", "agents.a.budget.iterations=5", "agent@agents.b=uniform", "executor=serial",
)  # fmt: skip


def test_holdem_is_played_in_chips_and_blinds_and_resumed(monkeypatch, tmp_path, capsys):
    assert timebank(monkeypatch, "match", *HOLDEM_MATCH, "hands=40", f"hydra.run.dir={tmp_path}") == 0
    result = result_of(tmp_path)
    row = result["rows"][0]
    assert result["game"] == "ms1f1"
    assert [b["name"] for b in result["blueprints"]] == ["default_holdem:4", "uniform"]
    assert row["exact"]["value"] > 0
    assert row["mbb_per_game"]["exact"]["value"] == pytest.approx(row["exact"]["value"] * 1000 / 2)
    for kind, e in row["mbb_per_game"]["estimates"].items():
        assert e["mean"] == pytest.approx(row["estimates"][kind]["mean"] * 500)
    assert set(row["estimates"]) == {"raw", "duplicate", "aivat"}
    shown = capsys.readouterr().out
    assert "thousandths of a big blind a hand" in shown
    next((tmp_path / "hands").rglob("*.jsonl")).unlink()
    assert timebank(monkeypatch, "match", f"resume={tmp_path}") == 0  # blueprints and tables are found again
    assert result_of(tmp_path)["rows"][0]["estimates"] == row["estimates"]


def test_holdem_whose_tables_are_too_large_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("agents.match.exact_value.MOST_BYTES", 1000)
    assert timebank(monkeypatch, "match", *HOLDEM_MATCH, "hands=4", f"hydra.run.dir={tmp_path}") == 0
    assert "a - b: no exact value: tables would take" in capsys.readouterr().out
    assert result_of(tmp_path)["rows"][0]["exact"] is None


def test_play_refuses_a_game_that_does_not_fit_into_memory(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(holdem_kind, "free_memory", lambda: 1_000)
    assert timebank(monkeypatch, "play", *HOLDEM) == 2
    assert "game must fit into memory (1 kB are free), got" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
