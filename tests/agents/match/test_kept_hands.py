"""Hands and tables that a match keeps: taken again where they fit, set aside where damaged, left where they are another match's."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from agents import SearchAgent, Serial, UniformPolicy
from agents.match.deal import Competitor
from agents.match.exact_value import exact_values
from agents.match.match import Match, play_matches
from agents.match.statistics import match_row
from search import Budget, variant
from tests.matching import KUHN, LEDUC, blueprint, searcher, tallied, uniform, without_times


def test_hands_of_other_settings_are_not_taken_and_a_line_says_so(family, tmp_path, caplog):
    match = Match((family.search, family.weak))
    list(play_matches([match], 20, directory=tmp_path))
    assert not any(new for *_, new in play_matches([match], 20, directory=tmp_path))
    (place,) = tmp_path.iterdir()
    list(play_matches([Match((family.weak, family.strong))], 20, directory=tmp_path))
    assert not caplog.text
    for other in (
        Match((family.search, family.weak), seed=1),
        Match((replace(family.search, budget=Budget(iterations=6)), family.weak)),
        Match((replace(family.strong, name="search"), family.weak)),
        Match((family.search, family.weak), duplicate=False),
        Match((family.search, family.weak), values="uniform"),
    ):
        caplog.clear()
        assert all(new for *_, new in play_matches([other], 20, directory=tmp_path))
        assert f"the hands in {place} are of other settings, or of a version with other rules" in caplog.text


def test_what_was_played_is_kept_and_not_played_again(tmp_path):
    match = Match((searcher("a"), uniform("b")), seed=2)
    whole = list(play_matches([match], 2400, directory=tmp_path))
    files = sorted(tmp_path.rglob("*.jsonl"))
    assert [len(f.read_text().splitlines()) for f in files] == [1000, 1000, 400]
    files[1].write_text(files[1].read_text()[:-30])  # damaged: played anew
    again = list(play_matches([match], 2400, directory=tmp_path))
    assert [new for *_, new in again] == [False, False, True]
    assert without_times(again) == without_times(whole)
    more = list(play_matches([match], 3000, directory=tmp_path))  # the last chunk is longer now
    assert sum(new for *_, new in more) == 1
    assert without_times(play_matches([match], 3000)) == without_times(more)


def test_an_interrupted_match_goes_on_to_the_same_table(tmp_path):
    match = Match((searcher("a", LEDUC), uniform("b", LEDUC)))
    stopped = play_matches([match], 3000, directory=tmp_path)
    next(stopped)
    stopped.close()
    assert len(list(tmp_path.rglob("*.jsonl"))) == 1
    resumed = tallied(match, 3000, directory=tmp_path)
    whole = tallied(match, 3000)
    np.testing.assert_array_equal(resumed.scores(), whole.scores())
    for part in ("estimates", "seats", "rounds", "hands", "faults"):
        assert match_row(resumed, 0.01, None)[part] == match_row(whole, 0.01, None)[part]


def test_kept_hands_of_parts_that_were_small_files_are_taken(tmp_path):
    clocked = Competitor("a", SearchAgent(UniformPolicy(KUHN), variant("cfr")), Budget(seconds=1e-3))
    match = Match((clocked, uniform("b")))
    list(play_matches([match], 100, directory=tmp_path))
    (path,) = tmp_path.rglob("*.jsonl")
    lines = path.read_text().splitlines(keepends=True)
    path.unlink()
    for first in (0, 12, 24):  # as an earlier version kept them: the parts of one file were files
        path.with_name(f"{first:09d}.jsonl").write_text("".join(lines[2 * first : 2 * (first + 12)]))
    again = list(play_matches([match], 100, directory=tmp_path))
    assert [(len(records), new) for _, records, new in again] == [(24, False)] * 3 + [(28, True)]
    assert [new for *_, new in play_matches([match], 100, directory=tmp_path)] == [False] * 4


@pytest.mark.parametrize("lost", [0, 7, 19])
def test_a_file_of_kept_hands_that_lost_a_line_is_not_replaced(tmp_path, lost):
    match = Match((blueprint("a"), uniform("b")))
    whole = list(play_matches([match], 20, directory=tmp_path))
    (path,) = tmp_path.rglob("*.jsonl")
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:lost] + lines[lost + 1 :]))
    for _ in range(2):  # what was played again is kept, too
        again = list(play_matches([match], 20, directory=tmp_path))
        assert sorted(len(records) for _, records, _ in again) == [1, 19]
        assert path.read_text().splitlines(keepends=True) == lines[:lost] + lines[lost + 1 :]
        assert sum(len(f.read_text().splitlines()) for f in tmp_path.rglob("*.jsonl")) == 20
        assert without_times(again) == without_times(whole)


def test_short_parts_share_files(tmp_path, monkeypatch):
    monkeypatch.setattr("agents.match.match.PART_DEALS", 20)
    match = Match((blueprint("a"), uniform("b")))
    list(play_matches([match], 2600, directory=tmp_path))
    files = sorted(tmp_path.rglob("*.jsonl"))
    assert [len(f.read_text().splitlines()) for f in files] == [1000, 1000, 600]
    assert [f.name for f in files] == ["000000000.jsonl", "000000500.jsonl", "000001000.jsonl"]


def test_a_directory_that_is_deleted_on_the_way_ends_the_match(tmp_path):
    match = Match((blueprint("a"), uniform("b")))
    played = play_matches([match], 4000, directory=tmp_path / "hands")
    next(played)
    shutil.rmtree(tmp_path / "hands")
    with pytest.raises(OSError, match=r"hands/.*jsonl must be a file that can be written, got No such file or directory"):
        next(played)
    assert not (tmp_path / "hands").exists()


def damages(lines):
    """Whole JSON that does not hold the part's hands."""
    records = [json.loads(line) for line in lines]
    first = records[0]
    yield [*lines[:1], "[]", *lines[2:]]
    yield [*lines[:1], "{}", *lines[2:]]
    yield [*lines[:1], "[" * 100_000, *lines[2:]]
    wrongs = [
        {"chips": "much"}, {"chips": None}, {"chips": 1e6}, {"chips": -first["chips"]}, {"chips": float("inf")}, {"chips": 10**400},
        {"aivat": float("nan")}, {"aivat": 1e300}, {"aivat": None}, {"aivat": 1e4},
        {"asked": [1]}, {"asked": [99, 99]}, {"round": 0.5}, {"round": 99}, {"round": -1}, {"round": True},
        {"decisions": [[0, 1.0]]}, {"decisions": [[0, -1.0, 1, 0]]}, {"decisions": [[2, 0.0, 1, 0]]}, {"decisions": [[0, 0.0, -1, 0]]},
        {"decisions": [[0, 0.0, 1, 2]]}, {"decisions": 50 * [[0, 0.0, 1, 0]]}, {"decisions": None}, {"decisions": [[0, 1e9, 1, 0]]},
        {"seconds": -1.0}, {"seconds": float("nan")}, {"seconds": None},
        {"deal": 1}, {"deal": -1}, {"deal": 0.0}, {"deal": 10**30}, {"deal": "0"},
        {"seats": ["b", "a"]}, {"seats": ["a", "a"]}, {"seats": []}, {"seats": None},
        {"hands": first["hands"][::-1]}, {"hands": ["9", "9"]},
        {"play": []}, {"play": first["play"][:-1]}, {"play": [*first["play"], "Pass"]}, {"play": ["Fold"]}, {"play": None}, {"play": [[]]},
        {"fault": {"who": "nobody", "kind": "late", "text": ""}}, {"fault": {"who": "a", "kind": "late", "text": ""}}, {"fault": None},
        {"load_seconds": [-1.0, 0.0]}, {"load_seconds": [1.0]}, {"load_seconds": "long"}, {"load_seconds": None}, {"more": 1},
    ]  # fmt: skip
    for wrong in wrongs:
        yield [json.dumps(first | wrong), *lines[1:]]
    for key in sorted(first.keys() - {"load_seconds"}):  # which hands after the first one, and those of older versions, have not
        yield [json.dumps({k: v for k, v in first.items() if k != key}), *lines[1:]]


def test_kept_hands_that_are_none_are_set_aside_and_played_again(family, tmp_path, caplog):
    holdem = family.weak.game.spiel is None
    match = Match((family.weak, family.strong) if holdem else (searcher("a"), uniform("b")))
    whole = list(play_matches([match], 40, directory=tmp_path))
    path = next(tmp_path.rglob("*.jsonl"))
    lines = path.read_text().splitlines()
    for damaged in list(damages(lines))[:: 5 if holdem else 1]:  # whose tables take longer to load
        path.write_text("\n".join(damaged))
        caplog.clear()
        again = list(play_matches([match], 40, directory=tmp_path))
        assert [new for *_, new in again] == [True]
        assert without_times(again) == without_times(whole)
        assert f"{path} is damaged" in caplog.text
        assert path.with_name(path.name + ".damaged").read_text() == "\n".join(damaged)
    assert [new for *_, new in play_matches([match], 40, directory=tmp_path)] == [False]


def test_kept_tables_that_are_none_are_set_aside_and_made_again(tmp_path, caplog):
    match = Match((searcher("a"), uniform("b")))
    exact = exact_values([match], 1, Serial(), tmp_path)
    path = next(tmp_path.glob("a-*-seat0.npy"))
    table = np.load(path)
    for wrong in (table[:-1], table.astype(np.float32), table * np.nan, table * 2, -table, np.array(["?"])):
        np.save(path, wrong)
        caplog.clear()
        assert exact_values([match], 1, Serial(), tmp_path) == exact
        assert f"{path} is damaged" in caplog.text
        np.testing.assert_array_equal(np.load(path), table)
    caplog.clear()
    assert exact_values([match], 1, Serial(), tmp_path) == exact
    assert not caplog.text
