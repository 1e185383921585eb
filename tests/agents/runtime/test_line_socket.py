"""Lines over a socket: whole, within a time limit, and none of endless length."""

import socket
import time

import pytest

from agents.runtime.line_socket import MOST_LINE, LineSocket


def soon(seconds=10.0):
    return time.monotonic() + seconds


@pytest.fixture
def ends():
    """One end as lines, the other as bytes."""
    ours, theirs = socket.socketpair()
    lines = LineSocket(ours)
    yield lines, theirs
    lines.close()
    theirs.close()


def test_lines_end_with_lf_or_cr_lf_and_come_in_parts(ends):
    lines, theirs = ends
    theirs.sendall(b"one\ntwo\r\n\r\nthr")
    assert [lines.receive(soon()) for _ in range(3)] == ["one", "two", ""]
    assert lines.waiting()
    theirs.sendall(b"ee\r\n")
    assert lines.receive(soon()) == "three"
    assert not lines.waiting()


def test_a_line_is_sent_with_its_end(ends):
    lines, theirs = ends
    lines.send("hello", soon())
    assert theirs.recv(100) == b"hello\r\n"


def test_what_does_not_come_in_time(ends):
    lines, theirs = ends
    for deadline in (soon(0.05), soon(-1)):
        with pytest.raises(TimeoutError):
            lines.receive(deadline)
    theirs.sendall(b"half a line")
    with pytest.raises(TimeoutError):
        lines.receive(soon(0.05))


def test_what_is_not_taken_in_time(ends):
    lines, _ = ends
    with pytest.raises(TimeoutError):
        lines.send("x" * 50_000_000, soon(0.05))


def test_the_other_side_is_gone(ends):
    lines, theirs = ends
    theirs.close()
    assert lines.waiting()
    with pytest.raises(EOFError):
        lines.receive(soon())
    with pytest.raises(EOFError):
        lines.send("x" * 1_000_000, soon())


@pytest.mark.parametrize("data", [b"x" * (2 * MOST_LINE), b"x" * (MOST_LINE + 1) + b"\n", b"\xff\n", "é\n".encode()])
def test_lines_that_are_none(data, ends):
    lines, theirs = ends
    theirs.sendall(data)
    with pytest.raises(ValueError, match=r"a line must be at most 10,000 bytes of ASCII, got "):
        lines.receive(soon())
