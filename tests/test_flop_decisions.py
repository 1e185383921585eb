"""``benchmarks/flop_decisions.py``: from a command to bounds of a trunk loss, on 24 cards."""

from __future__ import annotations

import re
import sys

import pytest

from tests.compiling import compiled
from tests.running import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
import flop_decisions

SHORT = ("--spot", "QhJh9c", "--threads", "1")


def run(monkeypatch, *given):
    monkeypatch.setattr(sys, "argv", ["flop_decisions.py", *given])
    flop_decisions.main()


@compiled
@pytest.mark.long
def test_a_way_is_measured(monkeypatch, capsys):
    found = []
    for iterations in ("2", "40"):
        run(monkeypatch, *SHORT, "--way", "runouts", "--iterations", iterations, "--gap", "5")
        said = capsys.readouterr().out
        low, high = map(float, re.search(r"trunk loss of QhJh9c: (-?[0-9.]+) to ([0-9.]+) % of the pot", said).groups())
        assert low <= high <= low + 5
        found.append((low, high))
    assert found[0][0] > found[1][1]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((*SHORT, "--way", "runouts"), "error: --seconds or --iterations must be given, got neither"),
        ((*SHORT, "--iterations", "5"), "error: --way and --spot must be given"),
        ((*SHORT, "--way", "runouts", "--iterations", "5", "--rivers", "-1"), "error: rivers must be at least 1, got -1"),
        (
            (*SHORT, "--way", "runouts", "--iterations", "5", "--turn", "2x"),
            "error: sizes must be sizes such as 50%, a, e (only raises are multiples of the bet faced), got '2x' (entry 1)",
        ),
    ],
)
def test_bad_settings_are_refused_in_one_line(monkeypatch, given, message):
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, *given)
    assert stopped.value.code == message


def test_a_spot_that_does_not_fit_into_memory_is_refused(monkeypatch):
    monkeypatch.setattr(flop_decisions, "free_memory", lambda: 10**9)
    with pytest.raises(SystemExit) as stopped:
        run(monkeypatch, "--spot", "Ks8h3d", "--way", "runouts", "--seconds", "1")
    assert stopped.value.code == "error: spot must fit into memory (1 GB are free), got Ks8h3d, which takes 14.4 GB"
