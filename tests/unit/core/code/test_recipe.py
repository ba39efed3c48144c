"""The code that a page shows, run as it stands."""

import contextlib
import io
from typing import cast

import pytest
import torch
from torch import nn

from core import DTYPES, draw, pytorch_code
from tests.support.cases import CASES, Case, Shape, case_id
from tests.support.marks import generator_stays
from tests.support.products import assert_drawn_alike

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
