"""What the browser's scripts count of a file, run by node, beside what core reads of it."""

import json
import math
import subprocess
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save
from torch import Tensor

from core import CheckpointError, Report, scan
from core.checkpoints.counted_elsewhere import report_of_counts
from core.teaching import broken
from pages.live import browser
from tests.support.checkpoints import (
    npy_bytes,
    npz_bytes,
    safetensors_of,
    some_tensors,
    torch_bytes,
    zip_bytes,
)
from tests.support.node import NODE

SCRIPT = Path(__file__).parents[3] / "support" / "counted.mjs"
FLOATS = [torch.float64, torch.float32, torch.bfloat16, torch.float16]
EIGHTS = [torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz]
WHOLE = [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint64, torch.uint32, torch.uint16]


def _saved(tensors: Mapping[str, Tensor]) -> bytes:
    return save({name: tensor.clone().contiguous() for name, tensor in tensors.items()})


def _rng() -> torch.Generator:
    return torch.Generator().manual_seed(7)


def _drawn(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(*shape, generator=_rng(), dtype=torch.float64).to(dtype)


def _every_dtype() -> dict[str, Tensor]:
    found = {}
    for dtype in (*FLOATS, *EIGHTS):
        for shape in ((40, 27), (64, 3, 5, 5), (300,), (9000, 4), (12_345,), (2, 300_000)):
            found[f"{dtype} {shape}"] = _drawn(*shape, dtype=dtype)
    for dtype in WHOLE:
        bits = torch.randint(-(2**62), 2**62, (9_001,), generator=_rng())
        found[str(dtype)] = bits.view(torch.uint8)[: 9_000 * dtype.itemsize].view(dtype)
    return found | {"mask": _drawn(77, 5) > 0, "none": torch.empty(0, 9), "one": torch.tensor(2.5)}


def _odd_numbers() -> dict[str, Tensor]:
    found = {}
    for dtype in FLOATS:
        tensor = _drawn(50, 40, dtype=dtype)
        tensor[3, 5], tensor[4, 0], tensor[4, 1], tensor[9] = math.nan, math.inf, -math.inf, 0
        tensor[10, 2], tensor[10, 3] = -0.0, torch.finfo(dtype).smallest_normal / 4
        tensor[11] = tensor[12]
        found[str(dtype)] = tensor
        found[f"{dtype} nan"] = torch.full((4, 9), math.nan, dtype=dtype)
        found[f"{dtype} large"] = torch.full(
            (4, 9), torch.finfo(dtype).max / 64, dtype=dtype
        )  # whose sum is finite
        found[f"{dtype} eye"] = torch.eye(20, 30, dtype=dtype)
    found["dirac"] = torch.nn.init.dirac_(torch.empty(12, 8, 3, 3))
    found["cast"], found["cast 16"] = _drawn(60, 50).bfloat16().float(), _drawn(60, 50).half().float()
    found["far"] = 1e6 + _drawn(500, 700)
    return found


def _spare() -> Tensor:
    """Return an embedding that was trained but for some rows."""
    table = 3 + _drawn(800, 96).cumsum(0)
    table[300:420] = 0.02 * torch.randn(120, 96, generator=_rng())
    return table


def _tied() -> dict[str, Any]:
    weight = torch.nn.Parameter(_drawn(30, 20))
    return {
        "epoch": 3,
        "model": {
            "a.weight": weight,
            "b.weight": weight,
            "turned": weight.t(),
            "part": weight[3:9, 4:],
            "spread": torch.ones(5).expand(4, 5),
            "none": torch.empty(0, 3),
        },
        "optimizer": {"state": {0: {"exp_avg": _drawn(30, 20), "step": torch.tensor(5.0)}}, "lr": 1e-3},
        "history": [1.5, None, True, "text", (1, 2), b"bytes"],
    }


#: Keys of a pickle, as Python writes each.
KEYS = {True: "True", False: "False", 7: "7", -7: "-7", 2**40: "1099511627776", "True ": "True "}


FILES: Mapping[str, Callable[[], bytes]] = {
    "every.safetensors": lambda: _saved(_every_dtype()),
    "odd.safetensors": lambda: _saved(_odd_numbers()),
    "some.safetensors": lambda: _saved(some_tensors()),
    "truth.safetensors": lambda: safetensors_of(
        b'{"a":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}}', b"\0\1\7"
    ),
    "names.safetensors": lambda: _saved(
        {"<b>" * 100: torch.ones(3), "__proto__": torch.ones(4), "名": torch.ones(2)}
    ),
    "complex.safetensors": lambda: safetensors_of(
        b'{"a":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}}', bytes(8)
    ),
    "tied.pt": lambda: torch_bytes(_tied()),
    "keys.pt": lambda: torch_bytes({key: torch.full((3,), n) for n, key in enumerate(KEYS)}),
    "every.pt": lambda: torch_bytes({name.replace(" ", "_"): each for name, each in _every_dtype().items()}),
    "module.pt": lambda: torch_bytes(torch.nn.Linear(9, 8).state_dict()),
    "one.npy": lambda: npy_bytes(_drawn(30, 40).numpy()),
    "fortran.npy": lambda: npy_bytes(np.asfortranarray(_drawn(30, 40, dtype=torch.float64).numpy())),
    "deep.npy": lambda: npy_bytes(np.asfortranarray(_drawn(5, 4, 30).numpy())[::1]),
    "many.safetensors": lambda: _saved({f"layers.{i}.bias": torch.ones(3) * i for i in range(600)}),
    "spare.safetensors": lambda: _saved({"wte.weight": _spare()}),
    **{
        f"{name}.safetensors": partial(lambda name: _saved(broken.tensors(name)), name)
        for name in broken.EXAMPLES
    },
}
REFUSED: Mapping[str, Callable[[], bytes]] = {
    "empty.safetensors": lambda: b"",
    "short.safetensors": lambda: _saved(some_tensors())[:-3],
    "long.safetensors": lambda: _saved(some_tensors()) + b"!",
    "json.safetensors": lambda: safetensors_of(b'{"a":'),
    "list.safetensors": lambda: safetensors_of(b"{}x"),
    "header.safetensors": lambda: b"\xff" * 7 + b"\0{" + b" " * 9,
    "size.safetensors": lambda: safetensors_of(
        b'{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}', bytes(8)
    ),
    "apart.safetensors": lambda: safetensors_of(
        b'{"a":{"dtype":"U8","shape":[3],"data_offsets":[5,8]}}', bytes(8)
    ),
    "twice.safetensors": lambda: safetensors_of(
        b'{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[3],"data_offsets":[2,5]}}',
        bytes(5),
    ),
    "outside.safetensors": lambda: safetensors_of(
        b'{"a":{"dtype":"U8","shape":[3],"data_offsets":[5,2]}}', bytes(8)
    ),
    "entry.safetensors": lambda: safetensors_of(b'{"a":{"dtype":"U8","shape":[3]}}'),
    "null.safetensors": lambda: safetensors_of(b'{"a":null}'),
    "shape.safetensors": lambda: safetensors_of(
        b'{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,8]}}', bytes(8)
    ),
    "none.safetensors": lambda: safetensors_of(b"{}"),
    "page.safetensors": lambda: b"\xef\xbb\xbf\r\n<!DOCTYPE html><html></html>",
    "xml.npy": lambda: b"<?xml version='1.0'?><Error>AccessDenied</Error>",
    "pointer.pt": lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 7\n",
}
#: Facts that both write alike, beside all numbers.
CALLED = {"file", "entry", "dtype"}
#: What a browser does not read by itself: the server's reader does, or says what it is.
UNREAD: Mapping[str, Callable[[], bytes]] = {
    "old.pt": lambda: torch_bytes({"a": torch.ones(3)}, _use_new_zipfile_serialization=False),
    "some.npz": lambda: npz_bytes({"a": np.ones(3)}),
    "some.gguf": lambda: b"GGUF" + bytes(60),
    "cut.pt": lambda: torch_bytes({"a": torch.ones(300)})[:-40],
    "zip.pt": lambda: zip_bytes({"a/data.pkl": b"\x80\x02junk", "a/data/0": b""}),
    "endless.pt": lambda: zip_bytes({"a/data.pkl": b"\x80\x02" + b"N0" * 300_000 + b".", "a/version": b"3"}),
    "objects.npy": lambda: npy_bytes(np.array(["a"])),
}


#: What the script takes away once its header has been read.
GONE = "gone.safetensors"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of all these files, counted by the browser's scripts, twice where core asks for it."""
    folder = tmp_path_factory.mktemp("counted")
    for name, make in {**FILES, **REFUSED, **UNREAD}.items():
        (folder / name).write_bytes(make())
    (folder / GONE).write_bytes(_saved({"a": _drawn(3000, 1000), "b": _drawn(500, 999)}))
    _count(folder)
    for name in FILES:
        asked = report_of_counts((folder / f"{name}.told").read_bytes())
        if not isinstance(asked, Report):
            again = [{"tensor": each.tensor, "rows": each.rows} for each in asked]
            (folder / f"{name}.again").write_text(json.dumps(again))
    assert [*folder.glob("*.again")], "no rows were asked for once more"
    _count(folder)
    return folder


def _count(folder: Path) -> None:
    scripts = Path(browser.__file__).parent
    subprocess.run([NODE, SCRIPT, scripts, folder], check=True, timeout=120)


@pytest.mark.parametrize("name", FILES)
def test_a_file_s_counts_are_judged_as_the_file(folder: Path, name: str) -> None:
    told = folder / f"{name}.told2"
    if not told.exists():
        told = folder / f"{name}.told"
    found, wanted = report_of_counts(told.read_bytes()), scan(folder / name)
    assert isinstance(found, Report)
    exact = "name file dtype shape n zeros nan inf quantiles flags dead repeated digest equal_to"
    for row, own in zip(found.rows, wanted.rows, strict=True):
        for field in exact.split():
            np.testing.assert_equal(getattr(row, field), getattr(own, field), err_msg=f"{row.name} {field}")
        for field in ("minimum", "maximum"):  # −0 is 0
            np.testing.assert_equal(getattr(row, field) + 0.0, getattr(own, field) + 0.0, err_msg=row.name)
        np.testing.assert_array_equal(row.counts, own.counts, err_msg=row.name)
        size = own.singular_values.max(initial=0)
        np.testing.assert_allclose(row.singular_values, own.singular_values, atol=1e-7 * size, rtol=1e-9)
        assert (row.row_norms is None) == (own.row_norms is None), row.name
        if row.row_norms and own.row_norms:  # a norm at an edge may fall to either side
            np.testing.assert_allclose(row.row_norms.edges, own.row_norms.edges, rtol=1e-6)
            assert abs(row.row_norms.counts - own.row_norms.counts).sum() <= 2, row.name
        assert (row.init and row.init.schemes) == (own.init and own.init.schemes), row.name
        assert (row.spare and row.spare.number) == (own.spare and own.spare.number), row.name
        for field in ("mean", "std", "excess_kurtosis"):
            one, other = getattr(row, field), getattr(own, field)
            scale = max(abs(own.std), 1e-300) if field == "mean" else 1
            np.testing.assert_allclose(
                one, other, rtol=1e-9, atol=1e-9 * scale, err_msg=f"{row.name} {field}"
            )
    assert [(each.kind, each.tensors) for each in found.problems] == [
        (each.kind, each.tensors) for each in wanted.problems
    ]
    assert [(each.name, each.code) for each in found.coverage.skipped] == [
        (each.name, each.code) for each in wanted.coverage.skipped
    ]
    assert (found.format, found.state, found.ties) == (wanted.format, wanted.state, wanted.ties)


def test_a_tensor_s_key_is_called_as_python_writes_it(folder: Path) -> None:
    report = report_of_counts((folder / "keys.pt.told").read_bytes())
    assert isinstance(report, Report)
    assert {row.name: row.minimum for row in report.rows} == {KEYS[key]: n for n, key in enumerate(KEYS)}


@pytest.mark.parametrize("name", REFUSED)
def test_what_core_refuses_is_refused_by_the_same_code(folder: Path, name: str) -> None:
    told = json.loads((folder / f"{name}.told").read_bytes())
    with pytest.raises(CheckpointError) as caught:
        scan(folder / name)
    assert told["code"] == caught.value.code, told
    assert not str(CheckpointError(told["code"], **told["facts"])).startswith("checkpoint.")
    assert told["facts"].keys() == caught.value.facts.keys()
    same = {key: fact for key, fact in caught.value.facts.items() if isinstance(fact, int) or key in CALLED}
    if told["code"] == "checkpoint.json":
        same["offset"] = 8  # where the object begins: how far it was read, a browser does not tell
    for key, fact in same.items():  # a size past 2⁵³ is no double, and no file has it
        assert told["facts"][key] == (fact if isinstance(fact, str) else pytest.approx(fact, rel=1e-15)), key


def test_a_file_that_changes_while_it_is_read_is_refused(folder: Path) -> None:
    told = json.loads((folder / GONE).with_suffix(".safetensors.told").read_bytes())
    assert told == {"code": "checkpoint.changed", "facts": {"file": f"'{GONE}'"}, "stack": ""}


@pytest.mark.parametrize("name", UNREAD)
def test_what_is_read_elsewhere_is_left_to_the_server(folder: Path, name: str) -> None:
    assert json.loads((folder / f"{name}.told").read_bytes())["code"] is None
