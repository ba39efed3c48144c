"""NumPy's files, held to what NumPy writes; and archives that claim more than they have."""

import io
import math
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from core import CheckpointError
from core.checkpoints import tensor_entry
from core.checkpoints.file_formats import opened
from core.checkpoints.stored_tensor import PART
from tests.support.checkpoints import assert_holds, npy_bytes, npz_bytes, refused, written, zip_bytes

WEIGHT = np.random.default_rng(1).normal(size=(6, 7, 5))
ARRAYS = {
    "plain": WEIGHT.astype("f4"),
    "columns": np.asfortranarray(WEIGHT),
    "reversed": WEIGHT.astype(">f8"),
    "reversed columns": np.asfortranarray(WEIGHT.astype(">i2")),
    "half": WEIGHT.astype("f2"),
    "mask": WEIGHT > 0,
    "byte": WEIGHT.astype("u1"),
    "scalar": np.array(2.5, "f4"),
    "none": np.zeros((0, 3), "f4"),
    "one": np.asfortranarray(WEIGHT[:1, :, :1]),
}
UNREAD = {
    "objects": np.array([None, {}], dtype=object),
    "complex": WEIGHT.astype("c8"),
    "long": WEIGHT.astype(np.longdouble),
    "text": np.array(["a"]),
    "fields": np.zeros(2, [("a", "f4")]),
}


@pytest.mark.parametrize("compressed", [False, True])
def test_an_archive_holds_what_numpy_wrote(tmp_path: Path, *, compressed: bool) -> None:
    path = written(tmp_path, "a.npz", npz_bytes({**ARRAYS, **UNREAD}, compressed=compressed))
    contents = opened(path)
    assert contents.format == "NumPy"
    assert_holds(contents, ARRAYS)
    assert {each.name: each.code for each in contents.skipped} == dict.fromkeys(UNREAD, "checkpoint.dtype")
    assert len({each.place for each in contents.tensors}) == len(ARRAYS)


@pytest.mark.parametrize("name", ARRAYS)
def test_a_file_of_one_array_is_called_as_the_file_is(tmp_path: Path, name: str) -> None:
    assert_holds(opened(written(tmp_path, f"{name}.npy", npy_bytes(ARRAYS[name]))), {name: ARRAYS[name]})


@pytest.mark.parametrize("name", UNREAD)
def test_one_of_no_numbers_is_named(tmp_path: Path, name: str) -> None:
    contents = opened(written(tmp_path, "a.npy", npy_bytes(UNREAD[name])))
    assert contents.tensors == ()
    assert [each.code for each in contents.skipped] == ["checkpoint.dtype"]


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_version_of_the_header_is_read(tmp_path: Path, version: tuple[int, int]) -> None:
    path = tmp_path / "w.npy"
    with path.open("wb") as file:
        np.lib.format.write_array(file, ARRAYS["plain"], version)
    assert_holds(opened(path), {"w": ARRAYS["plain"]})


def _headed(words: str, data: bytes = b"") -> bytes:
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(words)) + words.encode() + data


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "short"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", "size"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-3,), }", "npy"),
        (f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({2**62},), }}", "shape"),
        (f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({2**32}, {2**32}), }}", "shape"),
        (f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({'9' * 5000},), }}", "npy"),
        (f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({'1,' * 65}), }}", "shape"),
        ("{'descr': '<f4', 'fortran_order': 0, 'shape': (3,), }", "npy"),
        ("{'descr': '<f4', 'shape': (3,), }", "npy"),
        ("__import__('os').system('echo hi')", "npy"),
        ("(" * 60_000, "npy"),
    ],
)
def test_a_header_that_cannot_be_is_refused(tmp_path: Path, words: str, code: str) -> None:
    refused(written(tmp_path, "a.npy", _headed(words, bytes(8))), code)
    if code != "short":
        refused(written(tmp_path, "a.npz", zip_bytes({"a.npy": _headed(words, bytes(8))})), code)


def test_a_header_longer_than_any_is_refused_unread(tmp_path: Path) -> None:
    refused(written(tmp_path, "a.npy", b"\x93NUMPY\2\0" + struct.pack("<I", 2**31) + b"{"), "header")
    refused(written(tmp_path, "a.npy", b"\x93NUMPY\7\0" + bytes(99)), "npy")


def test_a_bomb_stops_at_what_its_header_declares(tmp_path: Path) -> None:
    """Thirty million zeros in thirty thousand bytes, and a header of three numbers."""
    words = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }"
    text = zip_bytes({"a.npy": _headed(words, bytes(3 * 10**7))}, zipfile.ZIP_DEFLATED)
    tracemalloc.start()
    try:
        refused(written(tmp_path, "a.npz", text), "size")
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


def test_a_large_array_is_decompressed_in_little_memory(tmp_path: Path) -> None:
    path = written(tmp_path, "a.npz", npz_bytes({"w": np.zeros(2_000_000, "f4")}, compressed=True))
    (tensor,) = opened(path).tensors
    tracemalloc.start()
    try:
        assert sum(len(part) for part in tensor.source.parts(PART)) == 2_000_000
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_a_member_cannot_claim_more_than_its_bytes_can_give(tmp_path: Path) -> None:
    text = npz_bytes({"w": np.zeros(1000, "f4")}, compressed=True)
    at = text.rindex(b"PK\1\2")
    for size, code in ((2**31, "expands"), (4000, "size")):
        changed = text[: at + 24] + struct.pack("<I", size) + text[at + 28 :]
        refused(written(tmp_path, "a.npz", changed), code)


def test_what_is_not_as_it_was_written_is_found_by_its_checksum(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, 4000, dtype="u1")  # which deflate leaves as it is
    text = bytearray(npz_bytes({"w": noise}, compressed=True))
    text[2000] ^= 1
    (tensor,) = opened(written(tmp_path, "a.npz", bytes(text))).tensors
    with pytest.raises(CheckpointError, match=r"'w' in 'a\.npz' is damaged"):
        list(tensor.source.parts(PART))


def test_compressed_columns_too_large_to_be_turned_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensor_entry, "MOST_TURNED", math.prod(WEIGHT.shape) - 1)
    text = npz_bytes({"a": ARRAYS["columns"], "b": ARRAYS["plain"]}, compressed=True)
    contents = opened(written(tmp_path, "a.npz", text))
    assert_holds(contents, {"b": ARRAYS["plain"]})
    assert [(each.name, each.code) for each in contents.skipped] == [("a", "checkpoint.layout")]


def test_an_archive_must_be_whole(tmp_path: Path) -> None:
    text = npz_bytes(ARRAYS)
    for changed in (text[:-1], text[:-30], text[:500], b"PK\3\4" + bytes(100)):
        refused(written(tmp_path, "a.npz", changed), "zip")
    for place in (4, 6, 12, 16):  # volumes, and where the directory is
        at = text.rindex(b"PK\5\6") + place
        refused(written(tmp_path, "a.npz", text[:at] + b"\xf0\xf0" + text[at + 2 :]), "zip")


def test_so_must_each_member(tmp_path: Path) -> None:
    text = npz_bytes(ARRAYS)
    at = text.rindex(b"PK\1\2")
    for place, code in ((8, "zip"), (42, "zip"), (0, "zip")):  # encrypted; elsewhere; no entry
        refused(written(tmp_path, "a.npz", text[: at + place] + b"\xf1" + text[at + place + 1 :]), code)


def test_a_name_that_occurs_twice_is_refused(tmp_path: Path) -> None:
    text = zip_bytes({"a.npy": npy_bytes(WEIGHT), "b.npy": npy_bytes(WEIGHT)})
    refused(written(tmp_path, "a.npz", text.replace(b"b.npy", b"a.npy")), "duplicate")
    refused(written(tmp_path, "a.npz", zip_bytes({"a.npy": npy_bytes(WEIGHT), "a": b""})), "foreign")


def _ended(text: bytes, members: int, size: int, begin: int) -> bytes:
    """Return an archive's members and directory with an end as of one past 4 GB."""
    end = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, members, members, size, begin)
    end += struct.pack("<4sLQL", b"PK\6\7", 0, len(text), 1)
    return text + end + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, *[0xFFFF] * 2, *[2**32 - 1] * 2, 0)


def test_an_archive_past_4_gb_has_another_end(tmp_path: Path) -> None:
    text = npz_bytes(ARRAYS)
    begin, end = text.index(b"PK\1\2"), text.rindex(b"PK\5\6")
    assert_holds(
        opened(written(tmp_path, "a.npz", _ended(text[:end], len(ARRAYS), end - begin, begin))), ARRAYS
    )
    refused(written(tmp_path, "a.npz", _ended(text[:end], len(ARRAYS), 2**63, begin)), "zip")
    refused(written(tmp_path, "a.npz", _ended(text[:end], len(ARRAYS), end - begin, 2**64 - 1)), "zip")


def test_sizes_past_4_gb_stand_beside_the_name(tmp_path: Path) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive, archive.open("a.npy", "w", force_zip64=True) as file:
        file.write(npy_bytes(WEIGHT))
    text = target.getvalue()
    at = text.rindex(b"PK\1\2")
    size, begin = len(npy_bytes(WEIGHT)), text.rindex(b"PK\5\6")
    entry = bytearray(text[at:begin])
    entry[20:28] = b"\xff" * 8
    entry[30:32] = struct.pack("<H", 20)
    extra = struct.pack("<2H2Q", 1, 16, size, size)
    changed = _ended(text[:at] + bytes(entry) + extra, 1, len(entry) + 20, at)
    assert_holds(opened(written(tmp_path, "a.npz", changed)), {"a": WEIGHT})


def test_an_archive_of_a_million_members_is_refused_by_its_end_alone(tmp_path: Path) -> None:
    refused(written(tmp_path, "a.npz", _ended(b"PK\3\4", 10**6, 0, 4)), "entries")
