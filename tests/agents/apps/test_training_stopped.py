"""Trainings of every kind that are stopped at random moments, again and again, come to what they would have come to."""

import random
import resource
import signal

import numpy as np
import pytest

from agents.bucket_blueprint import SHARES
from agents.networks import load_tensors
from agents.training import STATE_FILE
from agents.training.mccfr import STATE
from tests.running import cpu_seconds, finish, result_of, start, start_code, timebank, wait_for

STOPS = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGKILL]
INTERRUPTED = 130, -signal.SIGINT  # where exec() was interrupted, Python ends itself by the signal; shells say 130 of both
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
from agents.apps.train import main
main(sys.argv[2:])
"""
OFTEN = "trainer.save_seconds=0.05"
TRAININGS = {
    "deep_cfr": (
        "game=leduc_poker", "trainer.iterations=40", "trainer.advantage.steps=10", "trainer.policy.steps=30", "trainer.evaluate_from=3",
        OFTEN,
    ),
    "rebel": (
        "game=leduc_poker", "trainer=rebel", "trainer.iterations=60", "trainer.label_iterations=30", "trainer.solve_iterations=30",
        "trainer.leaves=6", "trainer.steps=30", "trainer.batch_size=64", "trainer.evaluate_from=3", "trainer.evaluate_iterations=10", OFTEN,
    ),
    "mccfr": (
        "game=ms2f1t1h5", "game.ranks=QKA", "game.suits=cdh", "trainer=mccfr", "trainer.buckets=[5,8]", "trainer.deals=2048",
        "trainer.iterations=900", "trainer.evaluate_from=3", OFTEN,
    ),
}  # fmt: skip


def begun(directory, *arguments):
    """Start a training; return it when it has the directory."""
    result = directory / "result.json"
    before = result.stat().st_mtime_ns if result.exists() else 0
    process = start("train", *arguments)
    wait_for(lambda: result.is_file() and result.stat().st_mtime_ns > before, process)
    return process


def outcome(directory):
    """Return what a training came to: its history and its last figures without times, and the numbers of what it made."""
    result = result_of(directory)
    figures = {key: result.get(key) for key in ("status", "network_exploitability", "search_exploitability", "blueprint", "traversals")}
    history = [{key: value for key, value in row.items() if key != "seconds"} for row in result["history"]]
    files = {"policy": "policy.safetensors", "values": "values.safetensors"}
    made = [load_tensors(directory / name, kind)[1]["digest"] for kind, name in files.items() if (directory / name).exists()]
    return figures, history, made or [np.load(directory / SHARES).tobytes()]


def assert_a_full_disk_keeps_the_state(directory):
    """Go on where no file may be half as large as the state: that ends in one line, and the state stays."""
    state = next(path for path in directory.iterdir() if path.name in (STATE_FILE, STATE))
    content = state.read_bytes()
    _, error = finish(start_code(LIMITED, str(len(content) // 2), f"resume={directory}"))
    (line,) = [text for text in error.splitlines() if text.startswith("error:")]
    assert line.endswith("must be a file that can be written, got File too large")
    assert result_of(directory)["status"] == "failed"
    assert state.read_bytes() == content
    assert not list(directory.glob(".*.part*"))


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAININGS)
def test_training_that_is_stopped_again_and_again_comes_to_the_same(monkeypatch, tmp_path, name):
    whole, stopped, rng = tmp_path / "whole", tmp_path / "stopped", random.Random(name)
    before = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    process = begun(whole, *TRAININGS[name], f"hydra.run.dir={whole}")
    ready = cpu_seconds(process)
    finish(process)
    assert process.returncode == 0
    work = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - before - ready  # CPU seconds of a run from there on
    numbers, ended = rng.sample(STOPS, len(STOPS)), []
    for i, number in enumerate(numbers):
        process = begun(stopped, *([f"resume={stopped}"] if i else [*TRAININGS[name], f"hydra.run.dir={stopped}"]))
        moment = cpu_seconds(process) + rng.uniform(0, work * (0.6 if i else 0.9))
        wait_for(lambda process=process, moment=moment: process.poll() is not None or cpu_seconds(process) >= moment)
        process.send_signal(number)
        _, error = finish(process)
        assert process.returncode in (0, *((-number,) if number == signal.SIGKILL else INTERRUPTED)), error
        assert "Traceback" not in error
        ended.append(process.returncode != 0)
    assert sum(ended) >= len(numbers) - 1
    assert_a_full_disk_keeps_the_state(stopped)
    assert timebank(monkeypatch, "train", f"resume={stopped}") == 0
    assert outcome(stopped) == outcome(whole)
