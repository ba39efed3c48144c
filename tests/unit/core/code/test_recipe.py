"""The code that a page shows, run as it stands."""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from torch import nn

from core import DTYPES, InitLabError, Net, Network, draw, network_code, pytorch_code, signal_code
from core.networks.module import seeded_input
from tests.support.cases import CASES, Case, case_id
from tests.support.marks import generator_stays
from tests.support.products import assert_drawn_alike
from tests.support.shapes import Shape
from tests.support.stream import ROOT

pytestmark = generator_stays
SHAPES = ((3, 5), (33, 64, 5), (12, 5, 4), (128, 64), (1, 7))


#: what can be drawn, in each of the shapes that a case has
DRAWN = [
    pytest.param(case, dtype, shapes, id=f"{case_id(case)}-{dtype}")
    for case in CASES
    for dtype in DTYPES
    if (shapes := sorted(set(SHAPES) & set(case.shapes))) and (case.half or dtype.itemsize > 2)
]


def test_every_case_is_drawn() -> None:
    assert {case_id(param.values[0]) for param in DRAWN} == {case_id(case) for case in CASES}


@pytest.mark.parametrize(("case", "dtype", "shapes"), DRAWN)
def test_the_code_draws_the_same_tensor(case: Case, dtype: torch.dtype, shapes: list[Shape]) -> None:
    for shape in shapes:
        code = pytorch_code(case.key, shape, seed=40, dtype=dtype, **case.params)
        names: dict[str, object] = {}
        # some code may use the global generator, as its reader's own is free to
        with contextlib.redirect_stdout(io.StringIO()) as printed, torch.random.fork_rng([]):
            exec(code, names)  # noqa: S102
        expected = draw(case.key, shape, seed=40, dtype=dtype, **case.params)
        weight = cast("torch.Tensor", names["weight"])
        assert_drawn_alike(weight, expected, case.key)
        assert printed.getvalue() == f"{weight}\n"


def test_the_code_names_the_device_of_tensor_and_generator() -> None:
    code = pytorch_code("kaiming_normal", (3, 5), seed=1, device="cuda", nonlinearity="relu")
    assert 'torch.Generator(device="cuda")' in code
    assert 'torch.empty(3, 5, device="cuda")' in code
    assert "nonlinearity='relu'" in code


def test_code_for_zeros_that_come_from_the_global_generator_seeds_that_one() -> None:
    code = pytorch_code("sparse", (3, 5), seed=-7, std=0.5)
    assert "torch.manual_seed(-7)" in code
    assert "Generator(" not in code
    assert "nn.init.sparse_(weight, sparsity=0.1, std=0.5)" in code


@pytest.mark.parametrize(
    ("key", "shape", "params", "line"),
    [
        ("normal", (3, 5), {}, "nn.init.normal_(weight, generator=generator)"),
        ("eye", (3, 5), {}, "nn.init.eye_(weight)"),
        ("constant", (3, 5), {}, "nn.init.constant_(weight, val=5.0)"),
        ("dirac", (4, 5, 3), {"groups": 2}, "nn.init.dirac_(weight, groups=2)"),
        ("dirac", (4, 5, 3), {}, "nn.init.dirac_(weight)"),
        ("mup_output", (3, 5), {}, "nn.init.normal_(weight, std=0.2, generator=generator)"),
    ],
)
def test_what_equals_torch_s_defaults_is_left_out(
    key: str, shape: Shape, params: dict[str, float], line: str
) -> None:
    assert line in pytorch_code(key, shape, seed=1, **params).splitlines()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64], ids=str)
def test_a_cast_orthogonal_matrix_is_drawn_in_float32_in_code_too(dtype: torch.dtype) -> None:
    """Half precision is float32's matrix, rounded; the wider dtypes are drawn as they are."""
    drawn = draw("orthogonal_cast", (6, 9), seed=5, dtype=dtype, gain=0.5)
    wide = torch.empty(6, 9, dtype=torch.promote_types(dtype, torch.float32))
    nn.init.orthogonal_(wide, 0.5, generator=torch.Generator().manual_seed(5))
    assert torch.equal(drawn, wide.to(dtype))
    names: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(pytorch_code("orthogonal_cast", (6, 9), seed=5, dtype=dtype, gain=0.5), names)  # noqa: S102
    assert torch.equal(names["weight"], drawn)  # type: ignore[arg-type]


#: A script in an interpreter of its own, with torch's own number of threads; what it made is saved.
_ELSEWHERE = """
import sys
names = {"__name__": "__main__", "print": lambda *_: None}
exec(open(sys.argv[1]).read(), names)
import torch
found = [value for name, value in names.items() if name in {"weight", "output"}]
torch.save(found, sys.argv[2])
"""


@pytest.mark.parametrize(
    ("code", "made"),
    [
        (pytorch_code("orthogonal", (256, 128), seed=3), lambda: draw("orthogonal", (256, 128), seed=3)),
        (
            network_code(Network.of("784-128.relu-10"), seed=3, batch=64, data_seed=4),
            lambda: Net(Network.of("784-128.relu-10"), seed=3)(seeded_input(64, 784, seed=4)),
        ),
    ],
    ids=["orthogonal", "network"],
)
def test_what_is_made_of_products_is_the_same_however_many_threads_there_are(
    code: str, made: Callable[[], torch.Tensor], tmp_path: Path
) -> None:
    script, found = tmp_path / "script.py", tmp_path / "found.pt"
    script.write_text(code, encoding="utf-8")
    environment = {**os.environ, "OMP_NUM_THREADS": "4"}
    command = [sys.executable, "-c", _ELSEWHERE, str(script), str(found)]
    subprocess.run(command, env=environment, check=True, cwd=ROOT)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        (theirs,) = torch.load(found, weights_only=True)
        assert torch.equal(theirs.detach(), made().detach())
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize(
    ("key", "shape", "given"),
    [
        ("normal", (3, 5), {"seed": 40, "dtype": "float32"}),
        ("normal", (3, 5), {"seed": "40\nimport os", "dtype": torch.float32}),
        ("normal", (3, 5), {"seed": 1, "std": 1e30, "dtype": torch.float16}),
        ("orthogonal", (3, 5), {"seed": 1, "dtype": torch.bfloat16}),
        ("trunc_normal", (3, 5), {"seed": 1, "a": 4.0, "b": 5.0, "dtype": torch.float16}),
        ("normal", (3, 5), {"seed": 1, "device": "mps", "dtype": torch.float64}),
        ("dirac", (3, 5), {"seed": 1}),
    ],
)
def test_no_code_is_written_for_what_cannot_be_drawn(key: str, shape: Shape, given: dict[str, Any]) -> None:
    with pytest.raises(InitLabError) as refused:
        pytorch_code(key, shape, **given)
    if given.get("device") is None:  # else it is refused for the device's absence
        with pytest.raises(InitLabError) as same:
            draw(key, shape, **given)
        assert str(refused.value) == str(same.value)
    params = {name: value for name, value in given.items() if name not in {"seed", "dtype", "device"}}
    seeds, dtype = [given["seed"]], given.get("dtype", torch.float32)
    device = given.get("device", "cpu")
    with pytest.raises(InitLabError):
        signal_code([(key, params)], "relu", depth=2, width=5, seeds=seeds, device=device, dtype=dtype)
