"""Write arrays, and read them as data: ``.npy``, ``.npz`` and safetensors files as this package writes them.

What a header claims is compared with the size of the file, and with what the caller expects, before there is an array. So no file takes
more memory than twice its size. Nothing is decompressed and nothing is unpickled.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, deserialize

from agents.reporting.tables import replacing
from agents.runtime.storage import DAMAGES, MOST_JSON_BYTES, brief, parse_json, require
from games.arrays import Array
from games.files import open_regular

NPY_START = b"\x93NUMPY\x01\x00"
NPY_HEADER = re.compile(
    rb"\{'descr': '([<|](?:b1|[iu][1248]|f[248]))', 'fortran_order': (True|False), "
    rb"'shape': \((|\d{1,18},|\d{1,18}(?:, \d{1,18})+)\), \} *\n"
)
SAFETENSORS = {"BOOL": "|b1"} | {f"{kind.upper()}{8 * size}": f"<{kind}{size}" for kind in "uif" for size in (1, 2, 4, 8)}
PIECE = 1 << 20  # bytes read at a time
MOST_LISTING = 1 << 18  # bytes of a zip file's list of members, which takes 15 times as much memory
BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError, *DAMAGES)  # what reading a bad zip may raise


class Header(NamedTuple):
    """What an array's header says."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool


def write_npy(path: Path, array: Array) -> None:
    """Write a ``.npy`` file, whole or not at all."""
    with replacing(path) as part, part.open("wb") as stream:
        np.save(stream, array)


def write_archive(path: Path, about: Any, arrays: Mapping[str, Array], name: str = "about") -> None:
    """Write arrays and, under ``name``, JSON as an uncompressed ``.npz`` file, whole or not at all."""
    with replacing(path) as part, part.open("wb") as stream:
        np.savez(stream, **{name: np.frombuffer(json.dumps(about).encode(), np.uint8), **arrays})  # type: ignore[arg-type]
        stream.flush()
        os.fsync(stream.fileno())  # else a power cut may leave the name without its content


def read_npy(path: Path | str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    """Return an array of a ``.npy`` file, which must have that shape and type.

    Raises:
        OSError: no such file, or it cannot be read.
        ValueError: another kind of file, another shape or type, or not as long as its header says.
    """
    with open_regular(path) as stream:
        return _content(stream, _fitting(_header(stream, os.fstat(stream.fileno()).st_size), shape, dtype))


def map_npy(path: Path | str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    """Return an array of a ``.npy`` file, mapped from disk and read-only; arguments and errors as of ``read_npy``."""
    with open_regular(path) as stream:
        header = _fitting(_header(stream, os.fstat(stream.fileno()).st_size), shape, dtype)
        if not math.prod(shape):
            return np.zeros(shape, header.dtype)  # nothing to map
        return np.memmap(stream, header.dtype, "r", stream.tell(), shape, "F" if header.fortran else "C")


class Archive:
    """The arrays of an open ``.npz`` file by name. Its methods raise ValueError for what is missing or damaged."""

    def __init__(self, stream: BinaryIO) -> None:
        require(zipfile.is_zipfile(stream), "it is no archive, or not a whole one")
        stream.seek(0)
        self._zip = zipfile.ZipFile(_Listing(stream))
        self._zip.fp = stream

    def has(self, name: str) -> bool:
        """Say whether there is an array of that name."""
        return f"{name}.npy" in self._zip.NameToInfo

    def header(self, name: str) -> Header:
        """Return what an array's header says, the array not read."""
        with self._member(name) as (stream, size):
            return _header(stream, size)

    def array(self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
        """Return an array of that shape and type."""
        with self._member(name) as (stream, size):
            array = _content(stream, _fitting(_header(stream, size), shape, dtype))
            require(not stream.read(1), f"{name} must end with its array")  # the sum of the bytes is checked here
            return array

    def json(self, name: str) -> Any:
        """Return JSON that was written as an array of bytes."""
        shape = self.header(name).shape
        require(len(shape) == 1 and shape[0] <= MOST_JSON_BYTES, f"{name} must be text of at most {MOST_JSON_BYTES:,} bytes, got {shape}")
        return parse_json(self.array(name, shape, np.uint8).tobytes().decode())

    @contextmanager
    def _member(self, name: str) -> Iterator[tuple[BinaryIO, int]]:
        """Open a member; its size comes with it."""
        try:
            entry = self._zip.getinfo(f"{name}.npy")
            require(entry.compress_type == zipfile.ZIP_STORED, f"{name} must not be compressed")
            require(entry.file_size == entry.compress_size, f"{name} must have one size, got {entry.file_size} and {entry.compress_size}")
            with self._zip.open(entry) as stream:
                yield stream, entry.file_size  # type: ignore[misc]  # it reads as files do
        except KeyError:
            raise ValueError(f"it must have an array named {name}") from None
        except BROKEN as error:
            raise ValueError(str(error) or type(error).__name__) from None


@contextmanager
def open_archive(path: Path | str, follow: bool = False) -> Iterator[Archive]:
    """Open a ``.npz`` file as ``numpy.savez`` writes it, uncompressed; ``follow`` as of ``games.files.open_regular``.

    Raises:
        OSError: no such file, or it cannot be read.
        ValueError: another kind of file, no archive, or not a whole one.
    """
    with open_regular(path, follow) as stream:
        try:
            archive = Archive(stream)
        except BROKEN as error:
            raise ValueError(str(error) or type(error).__name__) from None
        yield archive


def read_safetensors(path: Path | str, follow: bool = False) -> tuple[dict[str, Array], dict[str, str]]:
    """Return a safetensors file's arrays and its metadata; ``follow`` as of ``games.files.open_regular``.

    Raises:
        OSError: no such file, or it cannot be read.
        ValueError: another kind of file, too large for this machine's memory, or damaged.
    """
    with open_regular(path, follow) as stream:
        size = os.fstat(stream.fileno()).st_size
        length = stream.read(8)
        header = int.from_bytes(length, "little")
        require(0 < header <= min(size - 8, MOST_JSON_BYTES), f"its header must fit into its {size:,} bytes, got {header:,}")
        text = stream.read(header)
        entries = parse_json(text.decode())
        require(isinstance(entries, dict), "its header must be a mapping")
        metadata = entries.get("__metadata__", {})
        require(isinstance(metadata, dict) and all(isinstance(x, str) for x in metadata.values()), "its metadata must be texts")
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        require(2 * size <= memory, f"it must fit into memory twice, got {size:,} bytes")
        content = length + text + stream.read(size)
    try:
        tensors = deserialize(content)  # type: ignore[no-untyped-call]  # refuses tensors that overlap, leave gaps or are not as long as they say
        return {name: np.ndarray(t["shape"], SAFETENSORS[t["dtype"]], t["data"]) for name, t in tensors}, metadata
    except (SafetensorError, KeyError) as error:
        raise ValueError(f"its tensors must be of known types, one behind the other, got {brief(str(error), 200)}") from None


class _Listing(io.RawIOBase):
    """A file that gives no more than ``MOST_LISTING`` bytes at once: ``zipfile`` reads the list of members in one go."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        content = self._stream.read(MOST_LISTING + 1 if size < 0 else min(size, MOST_LISTING + 1))
        require(len(content) <= MOST_LISTING, f"it must have a list of members of at most {MOST_LISTING:,} bytes")
        return content


def _header(stream: BinaryIO, size: int) -> Header:
    """Read an array's header, the file standing at the array then; refuses one that claims another size than the file has.

    The header is matched with the text that numpy writes: numpy's own reader evaluates it, and fails in a dozen ways.
    """
    start = stream.read(len(NPY_START) + 2)
    require(start[:-2] == NPY_START, "an array must be of numpy's format 1.0")
    text = stream.read(int.from_bytes(start[-2:], "little"))
    match = NPY_HEADER.fullmatch(text)
    if match is None:
        raise ValueError(f"an array must have a header as numpy writes it, got {brief(text)}")
    shape = tuple(int(n) for n in re.findall(rb"\d+", match[3]))
    require(len(shape) <= 8, f"an array must have at most 8 axes, got {len(shape)}")
    header = Header(shape, np.dtype(match[1].decode()), match[2] == b"True")
    claimed, length = math.prod(shape) * header.dtype.itemsize, size - len(start) - len(text)
    require(claimed == length, f"an array must be as long as its header says ({claimed:,} bytes), got {length:,}")
    return header


def _fitting(header: Header, shape: tuple[int, ...], dtype: npt.DTypeLike) -> Header:
    wanted = np.dtype(dtype)
    fits = (header.shape, header.dtype) == (tuple(shape), wanted)
    require(fits, f"an array must be {wanted} {list(shape)}, got {header.dtype} {list(header.shape)}")
    return header


def _content(stream: BinaryIO, header: Header) -> Array:
    """Return the array that a file stands at."""
    array = np.empty(header.shape, header.dtype, "F" if header.fortran else "C")
    view, at = array.reshape(-1, order="A").view(np.uint8).data, 0
    while at < len(view):
        piece = stream.read(min(PIECE, len(view) - at))
        require(bool(piece), f"it must be whole, got {at:,} of {len(view):,} bytes")
        view[at : at + len(piece)] = piece
        at += len(piece)
    return array
