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
def test_a_way_is_measured_and_the_games_value_is_kept(monkeypatch, tmp_path, capsys):
    given = (*SHORT, "--way", "runouts", "--iterations", "5", "--counts", "4,1", "--gap", "5", "--kept", str(tmp_path))
    found = []
    for _ in range(2):
        run(monkeypatch, *given)
        said = capsys.readouterr().out
        low, high = map(float, re.search(r"trunk loss: (-?[0-9.]+) to ([0-9.]+) % of the pot", said).groups())
        assert low <= high
        assert high > 5  # four turns and one river after each: hands cannot tell what they are worth
        found.append((low, high, "value: 10 iterations" in said))
    assert found[0][:2] == found[1][:2]
    assert [new for *_, new in found] == [True, False]
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((*SHORT, "--way", "runouts"), "error: --seconds or --iterations must be given, got neither"),
        ((*SHORT, "--iterations", "5"), "error: --way and --spot must be given"),
        (
            (*SHORT, "--way", "runouts", "--iterations", "5", "--counts", "4,0"),
            "error: run-outs must be 2 positive numbers of cards, got [4, 0]",
        ),
        (
            (*SHORT, "--way", "runouts", "--iterations", "5", "--river", "2x"),
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
