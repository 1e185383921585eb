"""Lines of text over a socket, each within a time limit and none of endless length."""

from __future__ import annotations

import math
import select
import socket
import time
from contextlib import suppress

MOST_LINE = 10_000  # bytes of a line; a match state has some 200
ENDING = b"\r\n"


class LineSocket:
    """One end of a connection that lines go over. A line ends with CR LF; one that ends with LF alone is read, too."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket, self._read = connection, bytearray()
        with suppress(OSError):  # a small line shall not wait for more to come
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # a machine that vanishes shall be noticed

    def send(self, line: str, deadline: float) -> None:
        """Send a line whole.

        Raises:
            TimeoutError: the other side did not take it before the deadline (of ``time.monotonic``).
            EOFError: the other side is gone.
        """
        try:
            self._socket.settimeout(_left(deadline))
            self._socket.sendall(line.encode() + ENDING)
        except TimeoutError:
            raise
        except OSError as error:
            raise EOFError(str(error)) from None

    def receive(self, deadline: float) -> str:
        """Return the next line, without its end.

        Raises:
            TimeoutError: it was not there, whole, before the deadline.
            EOFError: the other side is gone.
            ValueError: it is longer than ``MOST_LINE``, or not in ASCII.
        """
        while (end := self._read.find(b"\n")) < 0:
            if len(self._read) > MOST_LINE:
                raise ValueError(f"a line must be at most {MOST_LINE:,} bytes of ASCII, got more")
            self._socket.settimeout(_left(deadline))
            try:
                part = self._socket.recv(1 << 14)
            except TimeoutError:
                raise
            except OSError as error:
                raise EOFError(str(error)) from None
            if not part:
                raise EOFError("the other side is gone")
            self._read += part
        line = bytes(self._read[:end]).removesuffix(b"\r")
        del self._read[: end + 1]
        if len(line) > MOST_LINE or not line.isascii():
            raise ValueError(f"a line must be at most {MOST_LINE:,} bytes of ASCII, got {line[:60]!r}")
        return line.decode("ascii")

    def waiting(self) -> bool:
        """Say whether something is there that has not been read: a line, a part of one, or that the other side is gone."""
        return bool(self._read) or bool(select.select([self._socket], [], [], 0)[0])

    def close(self) -> None:
        """End the connection."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def _left(deadline: float) -> float | None:
    """Return the seconds until a deadline, None without one (inf); raises TimeoutError where there are none."""
    if deadline == math.inf:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left
