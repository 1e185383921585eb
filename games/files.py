"""Read files that somebody else may have written: regular files only, and no more bytes than the caller allows."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

KINDS = {
    stat.S_IFLNK: "a link", stat.S_IFDIR: "a directory", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}  # fmt: skip


def require_regular(status: os.stat_result) -> None:
    """Refuse a file that is a link, a directory, a pipe or a device.

    Args:
        status: of the file.

    Raises:
        ValueError: it is one; the text names no path.
    """
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"it must be a regular file, got {KINDS.get(stat.S_IFMT(status.st_mode), 'another kind')}")


def open_regular(path: Path | str, follow: bool = False) -> BinaryIO:
    """Open a regular file to read; never wait for a pipe and never touch a device.

    Args:
        path: of the file.
        follow: take the file that a link points to. True only for a path that the user gave: links in a directory may be anybody's.

    Raises:
        OSError: no such file, or it cannot be read.
        ValueError: it is no regular file.
    """
    require_regular(os.stat(path, follow_symlinks=follow))  # before it is opened: to open a device may do something
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW))
    stream = os.fdopen(descriptor, "rb")
    try:
        require_regular(os.fstat(descriptor))  # it may be another one by now
    except ValueError:
        stream.close()
        raise
    return stream


def read_bytes(path: Path | str, limit: int, follow: bool = False) -> bytes:
    """Return a regular file's content; its size is checked first.

    Args:
        path: of the file.
        limit: bytes.
        follow: as of ``open_regular``.

    Raises:
        OSError: as of ``open_regular``.
        ValueError: it is no regular file, is larger than ``limit``, or changes while it is read.
    """
    with open_regular(path, follow) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > limit:
            raise ValueError(f"it must have at most {limit:,} bytes, got {size:,}")
        content = stream.read(size + 1)
    if len(content) != size:
        raise ValueError(f"it must stay as it is while it is read, got {len(content):,} of {size:,} bytes")
    return content


def read_text(path: Path | str, limit: int, follow: bool = False) -> str:
    """Return a regular file's content as UTF-8; see ``read_bytes``.

    Raises:
        OSError: as of ``read_bytes``.
        ValueError: likewise, or it is no UTF-8.
    """
    return read_bytes(path, limit, follow).decode()
