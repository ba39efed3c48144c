"""What torch.save writes, held to the tensors themselves; nothing of a pickle is run."""

import argparse
import io
import math
import pickle
import struct
import sys
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from core.checkpoints import pickles, pytorch, sources
from core.checkpoints.file_formats import opened
from tests.support.checkpoints import (
    assert_holds,
    refused,
    some_tensors,
    torch_bytes,
    with_inner,
    written,
    zip_bytes,
)

NEWER = (
    torch.uint16,
    torch.uint32,
    torch.uint64,
    torch.float8_e4m3fn,
    torch.float8_e5m2,
    torch.float8_e8m0fnu,
)
OLDER = (torch.float64, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)


@pytest.mark.parametrize("zipped", [True, False])
def test_it_holds_the_tensors_that_were_saved(tmp_path: Path, *, zipped: bool) -> None:
    values = torch.arange(1, 21, dtype=torch.float32).reshape(4, 5)
    tensors = some_tensors() | {str(dtype): values.to(dtype) for dtype in (*NEWER, *OLDER)}
    text = torch_bytes(tensors, _use_new_zipfile_serialization=zipped)
    contents = opened(written(tmp_path, "a.pt", text))
    assert (contents.format, contents.skipped) == ("PyTorch", ())
    assert_holds(contents, tensors)


def test_nested_names_are_joined_by_points(tmp_path: Path) -> None:
    module = nn.Linear(3, 2)
    adam = {"step": torch.tensor(1.0), "exp_avg": torch.ones(2, 3), "exp_avg_sq": torch.zeros(2, 3)}
    optimizer = {"state": {0: adam}, "param_groups": [{"lr": 0.001, "betas": (0.9, 0.999), "params": [0]}]}
    saved = {"model": module.state_dict(), "optimizer": optimizer, "epoch": 3, "list": [module.weight]}
    wanted = {f"model.{name}": values for name, values in module.state_dict().items()}
    wanted |= {f"optimizer.state.0.{key}": each for key, each in adam.items()}
    contents = opened(written(tmp_path, "a.ckpt", torch_bytes(saved)))
    assert_holds(contents, wanted | {"list.0": module.weight.detach()})
    assert contents.skipped == ()
    places = {each.name: each.place for each in contents.tensors}
    assert places["list.0"] == places["model.weight"] != places["model.bias"]


def test_a_tensor_by_itself_is_called_as_its_file_is(tmp_path: Path) -> None:
    assert_holds(opened(written(tmp_path, "w.pt", torch_bytes(torch.ones(2, 3)))), {"w": torch.ones(2, 3)})


def _views() -> dict[str, torch.Tensor]:
    base = torch.randn(6, 4, 5, 3, generator=torch.Generator().manual_seed(1))
    return {
        "channels last": base.to(memory_format=torch.channels_last),
        "transposed": base.reshape(24, 15).t(),
        "every third": base.reshape(-1)[10:90:3],
        "permuted": base.permute(3, 0, 2, 1),
        "a corner": base.reshape(24, 15)[5:9, 2:6],
        "one row": base.reshape(24, 15)[5:6].t(),
    }


def test_views_are_given_in_row_major_order(tmp_path: Path) -> None:
    assert_holds(opened(written(tmp_path, "a.pt", torch_bytes(_views()))), _views())


@pytest.mark.parametrize("held", [8, 100, 1000])
@pytest.mark.parametrize("shape", [(30, 70), (3, 2000), (7, 11, 13, 5), (2, 1, 9)])
def test_so_are_those_that_are_not_held_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: tuple[int, ...], held: int
) -> None:
    monkeypatch.setattr(sources, "HELD", held)
    tensor = torch.arange(math.prod(shape), dtype=torch.int32).reshape(shape)
    saved = {
        "a": tensor.permute(*range(len(shape))[::-1]),
        "b": tensor.transpose(0, 1),
        "c": tensor[:, :, ::3] if len(shape) > 2 else tensor[:, ::3],
    }
    assert_holds(opened(written(tmp_path, "a.pt", torch_bytes(saved))), saved)


def test_numbers_that_would_be_read_one_by_one_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "HELD", 100)
    monkeypatch.setattr(sources, "_MOST_READS", 1000)
    saved = {"w": torch.arange(6000).reshape(2000, 3).t()}
    (left,) = opened(written(tmp_path, "a.pt", torch_bytes(saved))).skipped
    assert (left.name, left.code) == ("w", "checkpoint.layout")


def test_views_of_the_same_bytes_have_one_place_however_they_are_seen(tmp_path: Path) -> None:
    base = torch.randn(6, 4)
    saved = {"a": base, "b": base.t(), "c": base.reshape(-1), "d": base[:3], "e": base[3:], "f": base.clone()}
    places = {each.name: each.place for each in opened(written(tmp_path, "a.pt", torch_bytes(saved))).tensors}
    assert places["a"] == places["b"] == places["c"]
    assert len({places[name] for name in "adef"}) == 4


class Config:
    def __init__(self) -> None:
        self.width = torch.ones(2)


def test_what_would_have_to_be_run_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    saved = {
        "w": torch.ones(2),
        "args": argparse.Namespace(lr=1),
        "config": Config(),
        "array": np.ones(3),
        "sparse": torch.eye(3).to_sparse(),
        "complex": torch.ones(2, dtype=torch.complex64),
        "repeated": torch.ones(1).expand(5),
    }
    contents = opened(written(tmp_path, "a.pt", torch_bytes(saved)))
    assert_holds(contents, {"w": torch.ones(2)})
    left = {each.name: (each.code.partition(".")[2], str(each.facts)) for each in contents.skipped}
    assert left.keys() == saved.keys() - {"w"}
    assert {name for name, (code, _) in left.items() if code == "object"} == {
        "args",
        "config",
        "array",
        "sparse",
    }
    assert "argparse.Namespace" in left["args"][1]
    assert "Config" in left["config"][1]
    assert left["complex"][0] == "dtype"
    assert left["repeated"][0] == "layout"


def test_bytes_in_the_other_order_are_turned(tmp_path: Path) -> None:
    text = torch_bytes({"w": torch.arange(5.0)})
    other = "big" if sys.byteorder == "little" else "little"
    text = with_inner(text, "archive/byteorder", lambda _: other.encode())
    text = with_inner(text, "archive/data/0", lambda data: np.frombuffer(data, "f4").byteswap().tobytes())
    assert_holds(opened(written(tmp_path, "a.pt", text)), {"w": torch.arange(5.0)})


def test_an_archive_that_was_written_elsewhere_is_refused_where_a_member_is_compressed(
    tmp_path: Path,
) -> None:
    with zipfile.ZipFile(io.BytesIO(torch_bytes({"w": torch.ones(3)}))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    path = written(tmp_path, "a.pt", zip_bytes(members, zipfile.ZIP_DEFLATED))
    refused(path, "deflated")


def test_a_storage_that_is_not_there_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(torch_bytes({"w": torch.ones(3)}))) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if name != "archive/data/0"}
    assert "archive/data/0" in str(refused(written(tmp_path, "a.pt", zip_bytes(members)), "lacks"))


def test_torchscript_is_named_with_what_converts_it(tmp_path: Path) -> None:
    path = written(
        tmp_path, "a.pt", zip_bytes({"a/data.pkl": b"", "a/constants.pkl": b"", "a/code/x.py": b""})
    )
    error = refused(path, "foreign")
    assert "TorchScript" in str(error)
    assert "torch.jit.load(path).state_dict()" in str(error)


def test_a_file_that_was_cut_short_is_refused(tmp_path: Path) -> None:
    for zipped, code in ((True, "zip"), (False, "short")):
        text = torch_bytes({"w": torch.ones(1000)}, _use_new_zipfile_serialization=zipped)
        refused(written(tmp_path, "a.pt", text[:-100]), code)


#: A storage of one float32, and a tensor of it: what the opcodes of torch's are.
STORAGE = b"(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\x000X\3\0\0\0cpuK\1tQ"


def view(start: bytes = b"K\0", shape: bytes = b")", strides: bytes = b")") -> bytes:
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + STORAGE + start + shape + strides + b"\x89NtR"


def archive(text: bytes) -> bytes:
    return zip_bytes({"a/data.pkl": b"\x80\x02" + text, "a/data/0": struct.pack("<f", 1.5)})


def test_the_opcodes_by_hand_are_a_tensor(tmp_path: Path) -> None:
    assert_holds(opened(written(tmp_path, "w.pt", archive(view() + b"."))), {"w": torch.tensor(1.5)})


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (view(b"K\1"), "outside"),
        (view(b"J\xff\xff\xff\xff"), "shape"),
        (view(shape=b"K\2\x85", strides=b"K\1\x85"), "outside"),
        (view(shape=b"K\1K\1\x86", strides=b"K\1\x85"), "shape"),
        (view(shape=b"J\xff\xff\xff\xff\x85", strides=b"K\1\x85"), "shape"),
        (view(shape=b"\x8a\x09" + b"\xff" * 8 + b"\0\x85", strides=b"K\1\x85"), "shape"),
        (view(shape=b"X\1\0\0\0a\x85", strides=b"K\1\x85"), "shape"),
        (b"}X\3\0\0\0a.b" + view() + b"sX\1\0\0\0a}X\1\0\0\0b" + view() + b"ss", "duplicate"),
        (b"]q\0h\0a", "deep"),
        (b"]q\0(h\0" + view() + b"e", "deep"),
        (b"]" * 100 + view() + b"a" * 100, "deep"),
        (b"(" * 9_000, "pickle"),
        (b"(" * 11_000, "steps"),
        (b"ccollections\nOrderedDict\nq\0]q\1(" + b"(NNt" * 100 + b"e0" + b"h\0h\1\x85R" * 1000, "steps"),
        (b"K\1K\2", "none"),
        (b"s", "pickle"),
        (b"t", "pickle"),
        (b"h\5", "pickle"),
        (b"Pid\n", "pickle"),
        (b"\x97", "pickle"),
        (b"\x8b\xff\xff\xff\x7f", "pickle"),
        (b"\x8e" + b"\xff" * 8, "pickle"),
        (b"I" + b"9" * 5000 + b"\n", "pickle"),
        (b"(lp0\n" + b"g0\n" * 5 + b"a" * 5 + b"X\4\0\0\0\xff\xff\xff\xff", "pickle"),
    ],
)
def test_a_pickle_that_cannot_be_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes, code: str
) -> None:
    monkeypatch.setattr(pickles, "MOST_STEPS", 10_000)
    refused(written(tmp_path, "w.pt", archive(text + b".")), code)


def test_a_key_that_nests_past_the_processor_s_stack_is_no_key(tmp_path: Path) -> None:
    path = written(tmp_path, "w.pt", archive(b"}" + b")" + b"\x85" * 200_000 + view() + b"s."))
    assert [each.name for each in opened(path).tensors] == ["<tuple>"]


def test_containers_that_double_are_not_walked_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pytorch, "MOST_ENTRIES", 1000)
    doubled = b"".join(b"]q%c(h%ch%ce" % (i + 1, i, i) for i in range(25))
    refused(written(tmp_path, "w.pt", archive(view() + b"q\0" + doubled + b".")), "entries")
    refused(written(tmp_path, "w.pt", archive(b"]q\0" + doubled + b".")), "none")


def test_keys_and_names_that_grow_are_cut_before_they_fill_the_memory(tmp_path: Path) -> None:
    long = b"X" + struct.pack("<I", 1_000_000) + b"k" * 1_000_000 + b"q\0"
    path = written(tmp_path, "w.pt", archive(long + b"h\0h\0\x93" * 100 + view() + b"."))
    tracemalloc.start()
    try:
        assert [each.name for each in opened(path).tensors] == ["w"]
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    contents = opened(written(tmp_path, "w.pt", archive(b"}" + long + view() + b"s.")))
    assert [each.name for each in contents.tensors] == ["<str>"]


def test_views_of_one_storage_cannot_make_a_small_file_a_large_one(tmp_path: Path) -> None:
    base = torch.zeros(1000)
    saved = {f"{i}": base[i : 900 + i] for i in range(100)}
    refused(written(tmp_path, "a.pt", torch_bytes(saved)), "views")
    assert (
        len(opened(written(tmp_path, "a.pt", torch_bytes({str(i): base for i in range(100)}))).tensors) == 100
    )


class Evil:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_nothing_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    text = torch_bytes({"w": torch.ones(2), "evil": Evil(mark)})
    assert_holds(opened(written(tmp_path, "a.pt", text)), {"w": torch.ones(2)})
    assert not mark.exists()
    torch.load(tmp_path / "a.pt", weights_only=False)
    assert mark.exists()  # it was armed


@pytest.mark.parametrize("call", ["cos\nsystem\n", "cbuiltins\neval\n", "ctorch\nload\n"])
@pytest.mark.parametrize("by", ["\x85R", "\x85\x81", "\x85}\x92"])
def test_no_global_is_imported_by_any_opcode(tmp_path: Path, call: str, by: str) -> None:
    text = (call + "X\7\0\0\0echo hi" + by + ".").encode("latin-1")
    contents = opened(written(tmp_path, "w.pt", archive(text)))
    assert [(each.name, each.code) for each in contents.skipped] == [("w", "checkpoint.object")]


def test_a_plain_pickle_is_named_and_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    for protocol in range(2, 6):
        path = written(tmp_path, "a.pt", pickle.dumps(Evil(mark), protocol))
        assert "Python pickle" in str(refused(path, "foreign"))
    assert not mark.exists()
