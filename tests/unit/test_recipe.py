"""The code that a page shows, run as it stands."""

import contextlib
import io

import pytest
import torch

from core import DTYPES, draw, pytorch_code
from tests.cases import CASES, Case, case_id


@pytest.mark.parametrize("case", CASES, ids=case_id)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(3, 5), (33, 64, 5)], ids=str)
def test_the_code_draws_the_same_tensor(case: Case, dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    code = pytorch_code(case.key, shape, seed=40, dtype=dtype, **case.params)
    names: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(code, names)  # noqa: S102
    assert torch.equal(names["weight"], draw(case.key, shape, seed=40, dtype=dtype, **case.params))  # type: ignore[arg-type]


def test_the_code_names_the_device_of_tensor_and_generator() -> None:
    code = pytorch_code("kaiming_normal", (3, 5), seed=1, device="cuda", nonlinearity="relu")
    assert 'torch.Generator(device="cuda")' in code
    assert 'torch.empty(3, 5, device="cuda")' in code
    assert "nonlinearity='relu'" in code
