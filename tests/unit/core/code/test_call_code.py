"""The one call of torch that fills a weight is as one would write it, and fills what is drawn."""

import itertools
from typing import Any

import pytest
import torch
from torch import nn

from core import ParameterError, draw
from core.code.draw import call_code
from core.errors import InitLabError
from tests.support.cases import Case
from tests.support.marks import cases, generator_stays
from tests.support.products import assert_drawn_alike

pytestmark = generator_stays


@pytest.mark.parametrize(
    ("key", "params", "code"),
    [
        ("uniform", {}, "nn.init.uniform_(w)"),
        ("uniform", {"a": -1.0}, "nn.init.uniform_(w, a=-1.0)"),
        ("normal", {"std": 0.02}, "nn.init.normal_(w, std=0.02)"),
        ("zeros", {}, "nn.init.zeros_(w)"),
        ("constant", {}, "nn.init.constant_(w, val=5.0)"),
        ("kaiming_normal", {}, "nn.init.kaiming_normal_(w)"),
        (
            "kaiming_uniform",
            {"mode": "fan_out", "nonlinearity": "relu"},
            "nn.init.kaiming_uniform_(w, nonlinearity='relu', mode='fan_out')",
        ),
        ("xavier_normal", {"gain": 2.0}, "nn.init.xavier_normal_(w, gain=2.0)"),
        ("classic_uniform", {}, "nn.init.kaiming_uniform_(w, a=2.23606797749979)"),
        ("lecun_normal", {}, "nn.init.kaiming_normal_(w, nonlinearity='linear')"),
        ("mup_output", {}, "nn.init.normal_(w, std=0.2)"),
        ("sparse", {}, "nn.init.sparse_(w, sparsity=0.1)"),
    ],
)
def test_the_call_as_one_would_write_it(key: str, params: dict[str, Any], code: str) -> None:
    assert call_code(key, (3, 5), **params) == code


@cases
def test_the_call_after_a_seed_fills_what_is_drawn(case: Case) -> None:
    """In half precision too, where an orthogonal matrix is drawn in float32 and cast."""
    dtypes = [torch.float32, *([torch.bfloat16, torch.float16] if case.half else [])]
    for shape, dtype in itertools.product({(3, 5), (12, 5, 4)} & set(case.shapes), dtypes):
        w = torch.empty(shape, dtype=dtype)
        with torch.random.fork_rng([]):
            torch.manual_seed(40)
            exec(call_code(case.key, shape, **case.params), {"nn": nn, "w": w})  # noqa: S102
        assert_drawn_alike(w, draw(case.key, shape, seed=40, dtype=dtype, **case.params), case.key)


def test_a_call_of_no_scheme_is_refused() -> None:
    with pytest.raises(InitLabError) as refused:
        call_code("bogus", (3, 5))
    assert refused.value.code == "scheme.unknown"
    with pytest.raises(ParameterError):
        call_code("zeros", (3, 5), val=1.0)
