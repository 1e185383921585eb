"""Results stay as stored, to 1e-5 relative: the width of vectors changes the order of sums and so their last bits."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from tests.goldens.cases import GOLDENS
from tests.goldens.results import arguments_of, stored, values_in, values_of
from tests.running import timebank

STORED = Path(__file__).parent / "stored"


@pytest.mark.parametrize("golden", [pytest.param(g, id=g.name, marks=pytest.mark.slow if g.slow else ()) for g in GOLDENS])
def test_results_are_those_stored(golden, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    for arguments in arguments_of(golden):
        monkeypatch.setattr("sys.stdin", io.StringIO(golden.typed))
        assert timebank(monkeypatch, *arguments) == 0, capsys.readouterr().err
    kept = json.loads((STORED / f"{golden.name}.json").read_text())
    assert kept["commands"] == list(golden.commands)
    found = stored(values_in(tmp_path))
    differing = [
        f"{path}: {value} stored, got {found.get(path)}"
        for path, value in kept["values"].items()
        if not alike(golden, path, value, found.get(path))
    ]
    assert not differing, f"{len(differing)} of {len(kept['values'])} columns:\n" + "\n".join(line[:600] for line in differing[:10])
    if golden.equal:
        first, second = (without_the_way(values_of(tmp_path / folder)) for folder in golden.equal)
        assert first == second


def without_the_way(values):
    """Return values but for those of how a run came there: what it looked at on the way, and what it did not have to decide again."""
    return {path: value for path, value in values.items() if not path.startswith("result:trace") and ".decisions" not in path}


def alike(golden, path, value, got):
    """Say whether a value is the stored one but for rounding."""
    if isinstance(value, dict):
        return isinstance(got, dict) and all(alike(golden, path, value[key], got.get(key)) for key in value)
    if isinstance(value, list):
        return isinstance(got, list) and len(value) == len(got) and all(alike(golden, path, *pair) for pair in zip(value, got, strict=True))
    if isinstance(value, float) and isinstance(got, int | float):
        return abs(got - value) <= golden.relative * abs(value) + golden.floor(path)
    return value == got and type(value) is type(got)
