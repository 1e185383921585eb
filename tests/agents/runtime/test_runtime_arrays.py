"""Arrays as data: what this package writes comes back, and whatever else is in a file ends in one error within the file's size."""

from __future__ import annotations

import io
import json
import tracemalloc
import zipfile

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from agents.runtime.arrays import MOST_LISTING, map_npy, open_archive, read_npy, read_safetensors

SHAPES = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
TYPES = st.sampled_from([bool, np.uint8, np.int64, np.uint32, np.float16, np.float32, np.float64])
ANY = arrays.arrays(TYPES, SHAPES)
X = np.arange(12, dtype=np.float32).reshape(3, 4)


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def archive(path, compression=zipfile.ZIP_STORED, **members):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("arrays")


@given(array=ANY, fortran=st.booleans())
def test_npy_files_come_back_read_and_mapped(folder, array, fortran):
    array = np.asfortranarray(array) if fortran else array
    np.save(folder / "a.npy", array)
    for read in (read_npy, map_npy):
        np.testing.assert_array_equal(read(folder / "a.npy", array.shape, array.dtype), array)


@given(st.dictionaries(st.sampled_from(["x", "regret_0", "Ω"]), ANY, min_size=1))
def test_archives_come_back(folder, content):
    about = np.frombuffer(json.dumps({"of": ["Ω", 1]}).encode(), np.uint8)
    np.savez(folder / "a.npz", about=about, **content)
    with open_archive(folder / "a.npz") as saved:
        assert saved.json("about") == {"of": ["Ω", 1]}
        for name, array in content.items():
            assert saved.header(name)[:2] == (array.shape, array.dtype)
            np.testing.assert_array_equal(saved.array(name, array.shape, array.dtype), array)


@given(st.dictionaries(st.text(max_size=5), ANY, min_size=1), st.dictionaries(st.text(max_size=5), st.text()))
def test_safetensors_come_back_as_the_library_writes_them(folder, content, metadata):
    (folder / "a.safetensors").write_bytes(safetensors.numpy.save(content, metadata))
    found, about = read_safetensors(folder / "a.safetensors")
    assert about == metadata
    assert found.keys() == content.keys()
    for name, array in content.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype
        assert found[name].flags.writeable


HEADERS = {
    "claims": b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 8), }\n",
    "objects": b"{'descr': '|O', 'fortran_order': False, 'shape': (3, 4), }\n",
    "fields": b"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (12,), }\n",
    "code": b"{'descr': '<f4', 'fortran_order': False, 'shape': (__import__('os').getpid(),), }\n",
    "deep": b"(" * 9000 + b")" * 9000 + b"\n",
    "unfinished": b"{'descr': '<f4', 'shape",
    "negative": b"{'descr': '<f4', 'fortran_order': False, 'shape': (-3, 4), }\n",
    "digits": b"{'descr': '<f4', 'fortran_order': False, 'shape': (" + b"1" * 60_000 + b",), }\n",
    "axes": b"{'descr': '<f4', 'fortran_order': False, 'shape': (" + b"1, " * 40 + b"1), }\n",
    "none": b"",
}


def with_header(text):
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + X.tobytes()


@pytest.mark.parametrize("name", HEADERS)
def test_a_damaged_header_is_refused(folder, name):
    (folder / "bad.npy").write_bytes(with_header(HEADERS[name]))
    archive(folder / "bad.npz", x=with_header(HEADERS[name]))
    for read in (read_npy, map_npy):
        with pytest.raises(ValueError, match="an array must"):
            read(folder / "bad.npy", X.shape, X.dtype)
    with open_archive(folder / "bad.npz") as saved, pytest.raises(ValueError, match="an array must"):
        saved.array("x", X.shape, X.dtype)


@pytest.mark.parametrize(("shape", "dtype"), [((4, 3), np.float32), ((3, 4), np.float64), ((12,), np.float32)])
def test_another_shape_or_type_is_refused(folder, shape, dtype):
    np.save(folder / "a.npy", X)
    with pytest.raises(ValueError, match=r"^an array must be .*, got float32 \[3, 4\]$"):
        read_npy(folder / "a.npy", shape, dtype)


@pytest.mark.parametrize("change", [b"", b"no archive", npy(X)[:-1], npy(X) + b"1", b"\x93NUMPY\x03\x00" + npy(X)[8:]])
def test_a_cut_or_lengthened_file_is_refused(folder, change):
    (folder / "a.npy").write_bytes(change)
    for read in (read_npy, map_npy):
        with pytest.raises(ValueError, match="an array must be"):
            read(folder / "a.npy", X.shape, X.dtype)


def test_a_compressed_member_is_refused_before_it_is_unpacked(folder):
    path = archive(folder / "bomb.npz", zipfile.ZIP_DEFLATED, x=with_header(HEADERS["none"]) + bytes(300_000_000))
    assert path.stat().st_size < 1_000_000
    tracemalloc.start()
    with open_archive(path) as saved, pytest.raises(ValueError, match=r"^x must not be compressed$"):
        saved.array("x", X.shape, X.dtype)
    assert tracemalloc.get_traced_memory()[1] < 10e6
    tracemalloc.stop()


def test_a_list_of_a_million_members_is_refused(folder):
    entry = b"PK\x01\x02" + bytes(24) + b"\x01\x00" + bytes(16) + b"a"
    entries = entry * (MOST_LISTING // len(entry) + 1)
    end = b"PK\x05\x06" + bytes(4) + b"\xff\xff\xff\xff" + len(entries).to_bytes(4, "little") + bytes(6)
    (folder / "many.npz").write_bytes(entries + end)
    with pytest.raises(ValueError, match="list of members of at most"), open_archive(folder / "many.npz"):
        pass


def test_a_missing_member_is_named(folder):
    with open_archive(archive(folder / "a.npz", x=npy(X))) as saved, pytest.raises(ValueError, match="must have an array named about"):
        saved.json("about")


def test_a_flipped_bit_is_found(folder):
    path = archive(folder / "a.npz", x=npy(X))
    data = bytearray(path.read_bytes())
    data[data.index(X.tobytes()) + 5] ^= 1
    path.write_bytes(data)
    with open_archive(path) as saved, pytest.raises(ValueError, match="CRC"):
        saved.array("x", X.shape, X.dtype)


def tensors(header, data=b"", head=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if head is None else head).to_bytes(8, "little") + text + data


def entry(shape, begin, end, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "header must fit"),
        (b"12345678", "header must fit"),
        (tensors({}, head=2**63), "header must fit"),
        (tensors(b"[" * 5000), "nested"),
        (tensors(b"\xff\xfe"), "utf-8"),
        (tensors([]), "must be a mapping"),
        (tensors({"x": 3}), "invalid type"),
        (tensors({"x": entry([2], 0, 2, "F8_E4M3")}, bytes(2)), "tensors must be of known types.*F8_E4M3"),
        (tensors({"x": entry([10**12], 0, 8)}, bytes(8)), "invalid shape, data type, or offset"),
        (tensors({"x": entry([2**63, 4], 0, 8)}, bytes(8)), "overflow"),
        (tensors({"x": entry([0] * 100, 0, 0)}), "dimension"),
        (tensors({"x": entry([-2], 0, 8)}, bytes(8)), "invalid value: integer `-2`"),
        (tensors({"x": entry([[2]], 0, 8)}, bytes(8)), "invalid type: sequence"),
        (tensors({"x": entry([2], 0, 80)}, bytes(8)), "invalid shape, data type, or offset"),
        (tensors({"x": entry([2], 8, 0)}, bytes(8)), "invalid offset"),
        (tensors({"x": entry([2], 0, 8), "y": entry([2], 4, 12)}, bytes(12)), "invalid offset for tensor `y`"),
        (tensors({"x": entry([2], 0, 8)}, bytes(9)), "not fully covered"),
        (tensors({"__metadata__": {"a": 1}}), "metadata must be texts"),
        (tensors({"__metadata__": []}), "metadata must be texts"),
    ],
)
def test_bad_safetensors_are_refused(folder, content, rule):
    (folder / "bad.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match=rule):
        read_safetensors(folder / "bad.safetensors")


@given(data=st.data())
def test_any_change_is_refused_or_read(folder, data):
    """Changed bytes end in an answer or in ValueError, and take no more than twice the file and a little."""
    kind = data.draw(st.sampled_from(["npy", "npz", "safetensors"]))
    path = folder / f"changed.{kind}"
    if kind == "npz":
        archive(path, x=npy(X), about=npy(np.frombuffer(b'{"a": 1}', np.uint8)))
    else:
        path.write_bytes(npy(X) if kind == "npy" else safetensors.numpy.save({"x": X, "y": X[:1]}, {"a": "b"}))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
        content = content or bytearray(1)
    path.write_bytes(content)
    tracemalloc.start()
    try:
        if kind == "npy":
            read_npy(path, X.shape, X.dtype)
        elif kind == "safetensors":
            read_safetensors(path)
        else:
            with open_archive(path) as saved:
                saved.json("about")
                saved.array("x", X.shape, X.dtype)
    except ValueError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 2e6
