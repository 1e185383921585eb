"""A run's directory may be somebody else's: nothing is written outside it, nothing in it is believed unread, and it may vanish."""

from __future__ import annotations

import errno
import json
import os
import shutil
from functools import partial

import pytest

import agents.evaluation.ablation
from agents.apps import directory as run_directory
from agents.apps.directory import check_folders, lock
from agents.apps.errors import UsageError, told
from agents.apps.run import Run
from agents.policy import policy_from_file
from agents.reporting.tables import remove_leftovers, replacing
from agents.training import DeepCFR
from tests.running import error_line, result_of, timebank

TRAIN = ("train", "game=kuhn_poker", "trainer=deep_cfr_small", "trainer.iterations=4")
ABLATE = ("ablate", "game=kuhn_poker", "agent=tabular", "agent.iterations=3", "unit=iterations", "budgets=[0,1]", "executor=serial")


@pytest.fixture
def ran(tmp_path):
    """Return a directory as a run leaves it, as far as it matters here."""
    directory = tmp_path / "run"
    (directory / ".hydra").mkdir(parents=True)
    (directory / ".hydra" / "overrides.yaml").write_text("".join(f"- {text}\n" for text in TRAIN[1:]))
    (directory / "result.json").write_text('{"command": "train", "status": "interrupted", "seconds": 2.5}')
    return directory


def test_a_lock_that_is_a_link_empties_nothing(monkeypatch, ran, tmp_path, capsys):
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (ran / ".lock").symlink_to(precious)
    assert timebank(monkeypatch, "train", f"resume={ran}") == 2
    assert "must have a .lock of its own" in error_line(capsys)
    assert precious.read_text() == "mine"


def test_a_lock_under_two_names_empties_nothing(ran, tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("mine")
    os.link(precious, ran / ".lock")
    lock(ran).close()
    assert precious.read_text() == "mine"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_lock_that_is_no_file_hangs_nothing(tmp_path, make):
    make(tmp_path / ".lock")
    with pytest.raises(UsageError, match=r"must have a \.lock of its own, got .* \(it must be a regular file, got a "):
        lock(tmp_path)


@pytest.mark.parametrize(
    "name", ["tensorboard", "training", "boards", ".hydra", "measurements/x.partial", ".hydra/config.yaml", "hands.jsonl"]
)
def test_links_in_a_directory_are_refused_before_anything_is_written(tmp_path, name):
    outside, link = tmp_path / "outside", tmp_path / "run" / name
    outside.mkdir()
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)
    with pytest.raises(UsageError, match="must be a directory without links in it, got"):
        check_folders(tmp_path / "run")


def test_other_links_in_a_directory_are_nobodys_business(tmp_path):
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "lib64").symlink_to("lib")
    (tmp_path / "notes").symlink_to(tmp_path)
    check_folders(tmp_path)


def test_a_command_writes_nothing_through_a_link(monkeypatch, ran, tmp_path, capsys):
    outside = tmp_path / "outside"
    outside.mkdir()
    (ran / "tensorboard").symlink_to(outside)
    assert timebank(monkeypatch, "train", f"resume={ran}", "trainer.iterations=6") == 2
    assert "without links in it" in error_line(capsys)
    assert not list(outside.iterdir())


def test_a_half_written_file_of_somebody_elses_is_no_way_out(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (tmp_path / f".result.{os.getpid()}.part.json").symlink_to(precious)
    with replacing(tmp_path / "result.json") as temporary:
        temporary.write_text("{}")
    assert precious.read_text() == "mine"
    assert (tmp_path / "result.json").read_text() == "{}"


@pytest.mark.parametrize("content", ["[]", "3", "{", '{"seconds": -1}', '{"history": {"a": 1}}', "[" * 5000, '{"seconds": 1e999}'])
def test_a_result_that_is_none_is_set_aside(ran, content, caplog):
    (ran / "result.json").write_text(content)
    with Run(ran, "train", "kuhn_poker", 0):
        assert result_of(ran)["status"] == "running"
    assert (ran / "result.json.damaged").read_text() == content
    assert "is damaged" in caplog.text


def test_a_result_is_gone_on_with(ran):
    with Run(ran, "train", "kuhn_poker", 0):
        assert result_of(ran)["seconds"] > 2.5


def test_a_result_that_cannot_be_read_is_not_lost(monkeypatch, tmp_path, capsys):
    (tmp_path / "result.json").write_text("[")
    assert timebank(monkeypatch, "solve", "game=kuhn_poker", "budget.iterations=3", f"hydra.run.dir={tmp_path}") == 2
    assert "which holds a result that would be lost" in error_line(capsys)
    assert (tmp_path / "result.json").read_text() == "["


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "must be a list of texts, got None"),
        ("- {a: b}", "must be a list of texts"),
        ("game: x", "must be a list of texts"),
        ("- 3", "must be a list of texts"),
        ("[" * 1000, "nested few times"),
        ("- &a x\n- *a", "must be plain"),
        ("- !!python/object/apply:os.abort []", "must be YAML as this program writes it"),
        ("\x00", "must be YAML"),
        ("- '" + "x" * 70_000 + "'", "must have texts of at most 65,536 characters"),
        ("- '" + "x" * 300_000 + "'", "must have at most 262,144 bytes"),
        ("- seed=${oc.env:TIMEBANK_SECRET}", r"must not ask for anything of this machine, got seed=${...:...}"),
        ("- \"\\e[2Jseed=${a.${oc.env:TIMEBANK_SECRET}}\"", r"got \x1b[2Jseed=${...:...}"),
    ],
)  # fmt: skip
def test_overrides_that_are_none_are_refused(monkeypatch, ran, text, rule):
    monkeypatch.setenv("TIMEBANK_SECRET", "hunter2")
    (ran / ".hydra" / "overrides.yaml").write_text(text)
    with pytest.raises(UsageError) as caught:
        run_directory.resumed("train", [f"resume={ran}"])
    assert rule in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_command_refuses_overrides_that_ask_for_secrets(monkeypatch, ran, capsys):
    monkeypatch.setenv("TIMEBANK_SECRET", "hunter2")
    (ran / ".hydra" / "overrides.yaml").write_text("- trainer.seed=${oc.env:TIMEBANK_SECRET}")
    assert timebank(monkeypatch, "train", f"resume={ran}") == 2
    assert "hunter2" not in error_line(capsys)


def test_a_pipe_in_place_of_settings_hangs_nothing(tmp_path):
    (tmp_path / ".hydra").mkdir()
    os.mkfifo(tmp_path / ".hydra" / "overrides.yaml")
    with pytest.raises(UsageError, match="must be a regular file, got a pipe"):
        run_directory.resumed("train", [f"resume={tmp_path}"])


def test_leftovers_of_killed_processes_are_removed_below_the_directory_too(tmp_path):
    left = [tmp_path / name for name in (".result.12.part.json", "a/.row.3.part.json", "a/b/.boards_000000.44.part.npz")]
    kept = [tmp_path / name for name in ("a/row.json", "a/.hidden", ".hydra/config.yaml")]
    for path in (*left, *kept):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    remove_leftovers(tmp_path)
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in kept)


def vanish(monkeypatch, owner, name, directory):
    """Let a directory be deleted while a function is called for the second time."""
    function, calls = getattr(owner, name), []

    def deleting(*arguments):
        calls.append(1)
        if len(calls) == 2:
            shutil.rmtree(directory)
        return function(*arguments)

    monkeypatch.setattr(owner, name, deleting)


@pytest.mark.long
@pytest.mark.parametrize(
    ("command", "owner", "name"), [(TRAIN, DeepCFR, "step"), (ABLATE, agents.evaluation.ablation, "measure")], ids=["train", "ablate"]
)
def test_a_run_whose_directory_is_deleted_ends_with_one_line(monkeypatch, tmp_path, capsys, command, owner, name):
    directory = tmp_path / "run"
    vanish(monkeypatch, owner, name, directory)
    assert timebank(monkeypatch, *command, f"hydra.run.dir={directory}") == 1
    error = capsys.readouterr().err
    (last,) = [text for text in error.splitlines() if not text.startswith(("training:", "measuring:"))]
    assert last.startswith("error: ")
    assert str(directory) in last
    assert not directory.exists()


def write_after_a_move(directory, target, again):
    with Run(directory, "train", "kuhn_poker", 0) as run:
        directory.rename(target)
        if again:
            directory.mkdir()
            with Run(directory, "train", "kuhn_poker", 0):
                pass
        run.write(more=1)


@pytest.mark.parametrize("again", [False, True])
def test_a_result_is_not_written_into_another_directory_of_that_name(tmp_path, again):
    directory = tmp_path / "run"
    directory.mkdir()
    with pytest.raises(OSError, match="must stay where it is while the run lives"):
        write_after_a_move(directory, tmp_path / "moved", again)
    assert "more" not in json.loads((tmp_path / "moved" / "result.json").read_text())


@pytest.mark.parametrize("probability", [None, [], {}, "0.5", True, float("nan"), float("inf"), -0.5, 10**30])
def test_a_table_of_anything_but_probabilities_is_refused(kuhn, tmp_path, probability):
    table = {f"{card}{play}": {"0": 0.5, "1": 0.5} for card in "012" for play in ("", "p", "b", "pb")}
    (tmp_path / "table.json").write_text(json.dumps(table | {"1p": {"0": probability, "1": 0.5}}))
    with pytest.raises(ValueError, match="must have probabilities that sum to one at information state '1p', got"):
        policy_from_file(tmp_path / "table.json", kuhn.tree)


def test_a_table_larger_than_the_game_is_refused_unread(kuhn, tmp_path):
    (tmp_path / "table.json").write_text(json.dumps({str(i): {} for i in range(10_000)}))
    with pytest.raises(ValueError, match=r"kuhn_poker, got it must have at most [0-9,]+ (bytes|items)"):
        policy_from_file(tmp_path / "table.json", kuhn.tree)


def test_a_full_disk_is_told_with_its_place(tmp_path):
    full = partial(OSError, errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert told(full(), tmp_path) == (
        f"{tmp_path} and the cache of compiled kernels must be places that can be written, got No space left on device"
    )
    assert told(full("file"), tmp_path) == "[Errno 28] No space left on device: 'file'"
    assert told(ValueError("rule"), tmp_path) == "rule"
