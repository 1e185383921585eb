"""Files as data: whatever is in a file, reading it ends at once, within its size, with its content or with one of two errors."""

from __future__ import annotations

import json
import math
import os
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.runtime import storage
from agents.runtime.storage import apart, brief, finite, load_or_set_aside, parse_json, printable, read_json
from games.files import read_bytes, read_text

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.text(),
    lambda x: st.lists(x) | st.dictionaries(st.text(), x),
)


def special(folder, kind):
    """Make a file of a kind that no run writes."""
    path = folder / kind
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "link":
        (folder / "target").write_text("{}")
        path.symlink_to(folder / "target")
    else:
        with path.open("wb") as file:
            file.truncate(1 << 40)  # takes no place on the disk
    return path


@pytest.mark.parametrize("kind", ["pipe", "directory", "device", "link", "sparse"])
def test_special_files_are_refused_at_once(tmp_path, kind):
    path = special(tmp_path, kind)
    for read in (lambda p: read_bytes(p, 1000), lambda p: read_text(p, 1000), read_json):
        with pytest.raises(ValueError, match=r"^it must (be a regular file|have at most [0-9,]+ bytes), got "):
            read(path)


def test_a_link_that_the_user_gave_is_followed_but_not_to_a_device(tmp_path):
    assert read_json(special(tmp_path, "link"), follow=True) == {}
    with pytest.raises(ValueError, match=r"^it must be a regular file, got a device$"):
        read_bytes(special(tmp_path, "device"), 1000, follow=True)


def test_a_missing_file_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_bytes(tmp_path / "none", 10)


def test_a_file_that_lies_about_its_size_is_refused():
    with pytest.raises(ValueError, match=r"^it must stay as it is while it is read"):
        read_bytes("/proc/self/maps", 10**9)


@given(PLAIN)
def test_json_comes_back(content):
    text = json.dumps(content)
    if "NaN" not in text:
        assert parse_json(text) == content


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("[" * 100_000, "nested at most 50 deep"),
        ("[" * 51 + "]" * 51, "nested at most 50 deep"),
        ('{"a":' * 60 + "1" + "}" * 60, "nested at most 50 deep"),
        ("9" * 400, "at most 40 digits, got 400"),
        ("[" + "[]," * 1_000_000 + "[]]", "at most 1,000,000 items"),
        ("{", "property name"),
        ("", "Expecting value"),
    ],
)
def test_json_that_costs_too_much_is_refused(text, rule):
    with pytest.raises(ValueError, match=rule):
        parse_json(text)


def test_the_state_of_a_generator_and_infinities_are_read():
    assert parse_json("[340282366920938463463374607431768211455, Infinity, 1e999]") == [2**128 - 1, math.inf, math.inf]


def test_marks_within_strings_are_no_items():
    text = json.dumps({"[Observer: 0][Private: 1],{" + chr(34): ["a,b,c"] * 3})
    assert parse_json(text, items=4) == json.loads(text)
    with pytest.raises(ValueError, match="at most 3 items, got 4"):
        parse_json(text, items=3)


@pytest.mark.parametrize("item", ["[]", "{}", "1.5", '{"a1":{}}', '"ab"', '"Ω"'])
def test_an_item_of_json_takes_at_most_200_bytes_besides_its_text(item):
    """So ``MOST_JSON_ITEMS`` of them take at most 200 MB."""
    text = "[" + ",".join([item] * 20_000) + "]"
    tracemalloc.start()
    parse_json(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak <= 2 * len(text.encode()) + 200 * sum(text.count(mark) for mark in ",[{")
    assert storage.MOST_JSON_ITEMS <= 1_000_000


@pytest.mark.parametrize("error", storage.DAMAGES)
def test_damaged_work_is_set_aside_and_named(tmp_path, caplog, error):
    path = tmp_path / "kept\x1b[31m.json"
    path.write_text("mine")

    def read(_):
        raise error("\x1b]0;title\x07 bad\nworse")

    assert load_or_set_aside(path, read) is None
    assert path.with_name(path.name + ".damaged").read_text() == "mine"
    assert not path.exists()
    assert caplog.messages[0].isprintable()
    assert "\\x1b]0;title\\x07" in caplog.text


def test_a_link_is_set_aside_and_its_target_stays(tmp_path):
    path = special(tmp_path, "link")
    assert load_or_set_aside(path, read_json) is None
    assert (tmp_path / "target").read_text() == "{}"
    assert path.with_name("link.damaged").is_symlink()


def test_a_link_to_nowhere_is_set_aside(tmp_path):
    path = tmp_path / "kept"
    path.symlink_to(tmp_path / "nowhere")
    assert load_or_set_aside(path, read_json) is None
    assert not os.path.lexists(path)


def test_nothing_kept_is_no_damage(tmp_path, caplog):
    assert load_or_set_aside(None, read_json) is None
    assert load_or_set_aside(tmp_path / "none", read_json) is None
    assert caplog.text == ""


@given(st.text(), st.integers(2, 100))
def test_printable_text_moves_no_cursor(text, most):
    line = printable(text, most)
    assert line.isprintable()
    assert len(line) <= most
    line.encode()


def test_a_value_in_an_error_is_short():
    assert brief("\x1b[2J") == r"'\x1b[2J'"
    assert brief(list(range(1000)), 20) == "[0, 1, 2, 3, 4, 5, …"


def test_long_strings_are_shown_where_they_differ():
    assert apart("leduc", "kuhn") == ("leduc", "kuhn")
    first, second = apart("a" * 100 + "stack=300" + "b" * 100, "a" * 100 + "stack=301" + "b" * 100, 20)
    assert first == "…aastack=300bbbbbbbbb…"
    assert second == first.replace("300", "301")
    assert apart("a" * 100, "a" * 101)[1].endswith("a")


def test_numbers_are_numbers():
    assert [finite(x) for x in (1, 1.5, 10**39, math.nan, math.inf, True, None, "1", [1])] == [True] * 3 + [False] * 6
