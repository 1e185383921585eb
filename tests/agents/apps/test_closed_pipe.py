"""Commands whose reader has seen enough, as in ``timebank match ... | head -1``: they end their work as else, without a word."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from agents import apps
from tests.running import HANG_SECONDS, result_of, start, start_code

SERIAL = ("executor=serial", "executor.workers=1")
TINY = ("trainer.iterations=2", "trainer.advantage.steps=5", "trainer.policy.steps=20")
TINY_MATCH = ("agent@agents.a=tabular", "agent@agents.b=uniform", "agents.a.iterations=20", "hands=40", "precision=1")
COMMANDS = {
    "solve": ("budget.iterations=20",),
    "match": (*TINY_MATCH, *SERIAL),
    "train": TINY,
    "ablate": ("unit=iterations", "budgets=[0,5]", *TINY, *SERIAL),
}
TALKING = ("play", "bot")  # with somebody who reads all that they write, and ends them


@pytest.mark.long
@pytest.mark.parametrize("command", COMMANDS)
def test_a_reader_that_has_seen_enough_changes_nothing_of_the_work(command, tmp_path):
    process = start(command, "game=kuhn_poker", *COMMANDS[command], f"hydra.run.dir={tmp_path}")
    process.stdout.close()
    process.wait(timeout=HANG_SECONDS)
    errors = process.stderr.read()
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert "Broken pipe" not in errors
    assert result_of(tmp_path)["status"] == "complete"


@pytest.mark.long
@pytest.mark.parametrize(
    "arguments", [("help",), ("solve", "--help"), ("show", "--help"), ("match", "--cfg", "job"), ("solve", "--hydra-help"), ("--version",)]
)
def test_help_too(arguments):
    process = start_code("from agents.apps.cli import main; main()", *arguments)
    process.stdout.close()
    process.wait(timeout=HANG_SECONDS)
    assert (process.returncode, process.stderr.read()) == (0, "")


def test_commands_print_by_one_function():
    """It is the one that knows of readers who have gone."""
    for path in sorted(Path(apps.__file__).parent.glob("*.py")):
        if path.stem in (*TALKING, "output"):
            continue
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        prints = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]
        wrong = [call.lineno for call in prints if not any(keyword.arg == "file" for keyword in call.keywords)]
        assert not wrong, f"{path}: lines {wrong} print without agents.apps.output.say"
