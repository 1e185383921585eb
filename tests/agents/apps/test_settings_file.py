"""``timebank solve spot.yaml``: a file stands for the overrides that it spells out, and is refused as they are."""

from __future__ import annotations

import os
import re
import string

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as some

from agents.apps.compose import compose, groups_of
from agents.apps.config import register
from agents.apps.overrides import parsed
from agents.apps.settings_file import _typed, file_overrides, file_text, laid_under
from tests.running import ROOT, error_line, result_of, timebank

TURN = ROOT / "docs" / "how-to" / "turn.yaml"
RIVER = """
game:
  board: Td9d6hQc4s
  ranges: ["QQ,AKs,76s", "KK-JJ,ATs"]
  pot: 200
  stack: 900
budget: {iterations: 3}
"""


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    register("solve")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def river(tmp_path):
    path = tmp_path / "river.yaml"
    path.write_text(RIVER)
    return path


def test_the_file_of_the_docs_is_solved_and_the_command_line_wins(monkeypatch, tmp_path, capsys):
    run = tmp_path / "run"
    assert timebank(monkeypatch, "solve", str(TURN), "budget.iterations=2", "threads=1", f"hydra.run.dir={run}") == 0
    result = result_of(run)
    assert (result["game"], result["iterations"], result["threads"]) == ("spot Td9d6hQc", 2, 1)
    assert [node["line"] for node in result["nodes"]] == yaml.safe_load(TURN.read_text())["show"]
    assert (run / "solution.npz").is_file()
    assert f"```{{literalinclude}} {TURN.name}" in (TURN.parent / "solve-a-spot.md").read_text()


def test_what_the_docs_lay_over_the_file_goes_with_it(monkeypatch, tmp_path):
    """Sizes are in lines as chips, so another pot needs another ``show``."""
    commands = re.findall(r"`timebank solve turn\.yaml ([^`]*)`", (TURN.parent / "solve-a-spot.md").read_text())
    assert commands
    for number, command in enumerate(commands):
        more = [part for part in command.split() if not part.startswith("budget.")]
        run = tmp_path / str(number)
        assert timebank(monkeypatch, "solve", str(TURN), *more, "budget.iterations=1", "threads=1", f"hydra.run.dir={run}") == 0


def test_a_run_knows_its_settings_after_the_file_is_gone(monkeypatch, river, tmp_path, capsys):
    run = tmp_path / "run"
    assert timebank(monkeypatch, "solve", "river.yaml", "save=true", f"hydra.run.dir={run}") == 0
    river.unlink()
    capsys.readouterr()
    assert timebank(monkeypatch, "show", str(run), "check") == 0
    assert "check" in capsys.readouterr().out
    started = yaml.safe_load((run / ".hydra" / "overrides.yaml").read_text())
    assert started[0] == "game=spot"
    assert "game.board='Td9d6hQc4s'" in started
    goes_on = [*started, f"load={run / 'solution.npz'}", "budget.iterations=5", f"hydra.run.dir={run}"]
    assert timebank(monkeypatch, "solve", *goes_on) == 0
    assert result_of(run)["iterations"] == 5


def test_keys_stand_below_their_group_or_with_dots(tmp_path):
    path = tmp_path / "any.yml"
    path.write_text(
        "budget.seconds: 1\ngame: {base: ms1f1, menu: {oop: {flop: {bets: 50%}}}, stack: 20}\nsearch: dcfr\nshow: [a, 'it''s']\n"
    )
    assert file_overrides("solve", path) == [
        "game=ms1f1", "search=dcfr", "budget.seconds=1", "game.menu.oop.flop.bets='50%'", "game.stack=20", "show=['a','it\\'s']",
    ]  # fmt: skip
    path.write_text("game.pot: 10\ngame.base: spot\nlock: {check / bet 5: {AA: [1, null]}}")
    assert file_overrides("solve", path) == ["game=spot", "game.pot=10", "lock={check\\ /\\ bet\\ 5: {AA: [1,null]}}"]


def test_what_the_command_line_sets_is_left_out_of_the_file():
    assert laid_under(["game=spot", "game.pot=10", "seed=1"], ["game=kuhn_poker", "seed=2"]) == ["game.pot=10", "game=kuhn_poker", "seed=2"]


plain = some.one_of(some.none(), some.booleans(), some.integers(-(10**12), 10**12), some.floats(allow_nan=False), some.text(max_size=8))
names = some.text(string.ascii_letters + string.digits + " /:%,={}[]()\\", min_size=1, max_size=8).filter(
    lambda name: name.strip() == name and not name[0].isdigit() and name.lower() not in ("null", "true", "false", "inf", "nan")
)


@given(some.recursive(plain, lambda inner: some.lists(inner, max_size=3) | some.dictionaries(names, inner, max_size=3), max_leaves=6))
def test_a_typed_value_is_read_as_it_was(value):
    assert parsed(f"key={_typed(value)}").value() == value


@pytest.mark.parametrize(
    "overrides",
    [
        ["game=spot", "game.board=Td9d6hQc", 'game.ranges=[AA,"22"]', "game.bets='60%,a'", "game.menu.ip.river.bets=a", "seed=${threads}"],
        ["game=flop_holdem", "search.gamma=2", "budget.seconds=1e-3", "threads=2"],
        ["game.name=mine", "search=cfr_plus", "search.gamma=1", "game.menu={oop: {flop: {bets: a}}}", "budget.iterations=3"],
        ["budget.iterations=5"],
        ["hydra.run.dir=x", "game=kuhn_poker", "budget.exploitability=0.1"],
    ],
)  # fmt: skip
def test_a_command_is_written_as_a_file_that_means_the_same(tmp_path, overrides):
    register("solve")
    if "game.name=mine" in overrides:
        overrides = ["game=ms1f1", *overrides]
    path = tmp_path / "written.yaml"
    path.write_text(file_text("solve", overrides))
    assert compose("solve", file_overrides("solve", path)).config == compose("solve", [o for o in overrides if o[:5] != "hydra"]).config


def test_the_command_prints_the_file(monkeypatch, tmp_path, capsys, river):
    assert timebank(monkeypatch, "solve", "river.yaml", "game.pot=300", "--cfg", "file") == 0
    content = yaml.safe_load(capsys.readouterr().out)
    assert content == yaml.safe_load(RIVER) | {"game": yaml.safe_load(RIVER)["game"] | {"pot": 300}}
    assert list(tmp_path.iterdir()) == [river]


REFUSED = {
    "a bad value": (RIVER.replace("200", "-5"), [], "river.yaml: game.pot must be above 0 chips, got -5"),
    "a wrong type": (RIVER.replace("200", "much"), [], "river.yaml: game.pot must be a number of chips, got 'much'"),
    "a typo": (RIVER.replace("stack", "stak"), [], "river.yaml: game.stak must be a key of the settings, got an unknown one"),
    "no such card": (RIVER.replace("Td9d6hQc4s", "Td9d6hQc4x"), [], "river.yaml: game.board must"),
    "no budget": (RIVER.replace("budget: {iterations: 3}", ""), [], "river.yaml: budget must limit"),
    "no mapping": ("- game=spot", [], "river.yaml must be a YAML file of settings, got one that cannot be taken (it must be a mapping"),
    "nothing": ("", [], "(it must be a mapping of keys to values, got None)"),
    "no YAML": ("game: [1", [], "(line 1: expected ',' or ']'"),
    "code": ("a: !!python/object/apply:os.abort []", [], "could not determine a constructor for the tag"),
    "a reference": ("a: &x [1]\nb: *x", [], "(it must be plain and nested few times, got a reference)"),
    "a deep one": ("[" * 60 + "]" * 60, [], "(it must be plain and nested few times, got more than 50)"),
    "a key twice": (RIVER + "budget: {iterations: 4}", [], "(its keys must stand once in a mapping, got budget again)"),
    "a key in two places": (RIVER + "game.pot: 4", [], "river.yaml: game.pot must be given once, got 4 besides"),
    "the environment": (RIVER.replace("Td9d6hQc4s", "${oc.env:HOME}"), [], "game.board must be a plain value or one other key's"),
    "a date": (RIVER + "seed: 2026-01-01", [], "river.yaml: seed must be a number, a text, true, false, null, a list or a mapping, got"),
    "quotes in a name": (RIVER + "show: {\"it's\": 1}", [], "river.yaml: show must be a mapping whose names have letters, digits, spaces"),
    "a directory": (RIVER + "hydra.run.dir: /tmp", [], "river.yaml: hydra.run.dir must be a key that a file may set, got '/tmp'"),
    "a strange key": (RIVER + "'+seed': 1", [], "river.yaml: +seed must be a key of the settings, got 1"),
    "no such game": ("game: spott", [], "river.yaml: game must be one of"),
    "no game at all": ("game:", [], "river.yaml: game must be one of"),
    "the user's": (RIVER, ["game.pot=-5"], "error: game.pot must be above 0 chips, got -5"),
    "two files": (RIVER, ["river.yaml"], "a file of settings must be given once, got 'river.yaml' and 'river.yaml'"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_file_is_refused_in_one_line_that_names_it(monkeypatch, capsys, river, case):
    content, more, message = REFUSED[case]
    river.write_text(content)
    assert timebank(monkeypatch, "solve", "river.yaml", *more) == 2
    assert message in error_line(capsys)
    assert [path.name for path in river.parent.iterdir()] == ["river.yaml"]


def test_only_a_regular_file_of_a_bounded_size_is_read(monkeypatch, capsys, tmp_path):
    os.mkfifo("pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "large.yaml").write_text("# " + "x" * 300_000)
    reasons = {"pipe": "got a pipe", "folder": "got a directory", "large": "at most 262,144 bytes", "none": "No such file or directory"}
    for name, reason in reasons.items():
        assert timebank(monkeypatch, "solve", f"{name}.yaml") == 2
        line = error_line(capsys)
        assert line.startswith(f"error: {name}.yaml must be a YAML file of settings, got one that cannot be taken (")
        assert reason in line


def test_other_commands_take_no_file(monkeypatch, capsys, river):
    assert timebank(monkeypatch, "match", "river.yaml") == 2
    assert error_line(capsys) == "error: a file of settings must be given to solve, got 'river.yaml' for match\n"
    assert timebank(monkeypatch, "solve", "river") == 2
    assert "river must be given as key=value" in error_line(capsys)


def test_a_sweep_takes_a_file(monkeypatch, tmp_path, river):
    assert timebank(monkeypatch, "solve", "-m", "river.yaml", "game.pot=100,200", f"hydra.sweep.dir={tmp_path / 'runs'}") == 0
    assert [sum(result_of(tmp_path / "runs" / str(n))["ev"]) for n in (0, 1)] == pytest.approx([100, 200])


def test_groups_of_a_file_are_those_of_the_command():
    assert set(groups_of("solve")) == {"game", "search", "budget", "executor"}  # what stands below other keys is a value as a whole
