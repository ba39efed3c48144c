"""A signal is computed in its dtype, and leaves that dtype's range where plain torch's does."""

import math

import numpy as np
import pytest
import torch

from core.signals.trace import trace
from tests.support.plain_networks import SIZE, mean_square, plain, traced
from tests.support.products import assert_like


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize(
    ("scheme", "phi", "batch"), [("kaiming_normal", "relu", 4), ("xavier_uniform", "tanh", 1)]
)
@pytest.mark.products
def test_half_precision_is_computed_in_half_precision(
    scheme: str, phi: str, batch: int, dtype: torch.dtype
) -> None:
    found = traced(scheme, phi, seeds=1, batch=batch, dtype=dtype, **SIZE)
    net = plain(scheme, phi, seed=0, batch=batch, dtype=dtype, **SIZE)
    assert_like(found.preactivation_mean_square[0], mean_square(net.h), dtype, **SIZE)
    assert_like(found.activation_mean_square[0], mean_square(net.x), dtype, **SIZE)
    assert_like(found.gradient_mean_square[0], mean_square(net.gradient), dtype, depth=12, width=33)


@pytest.mark.parametrize(
    ("dtype", "layer"), [(torch.float16, 8), (torch.bfloat16, 64), (torch.float32, 64), (torch.float64, 256)]
)
def test_the_layer_that_leaves_the_dtype_is_the_first_that_is_infinite(
    dtype: torch.dtype, layer: int
) -> None:
    """A weight of 4 makes layer l exactly 4^l. float16 ends at 2^16, bfloat16 and float32 at 2^128.

    float64 holds 4^256 = 2^512, but not its square.
    """
    found = trace(
        "constant", "linear", depth=300, width=1, seeds=1, input="ones", dtype=dtype, val=4.0, backward=False
    )
    exact = [math.inf if at >= layer else 16.0**at for at in range(1, 301)]
    assert found.preactivation_mean_square[0].tolist() == exact
    assert found.activation_mean_square[0].tolist() == exact


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_signal_that_overflows_does_so_where_plain_torch_s_does(dtype: torch.dtype) -> None:
    given = {"depth": 30, "width": 40, "batch": 2, "input_scale": 30.0, "dtype": dtype}
    found = traced("xavier_uniform", "linear", seeds=2, **given)
    for row in range(2):
        finite = np.isfinite(mean_square(plain("xavier_uniform", "linear", seed=row, **given).h))
        assert finite.all() == (dtype == torch.bfloat16)
        assert np.array_equal(np.isfinite(found.preactivation_mean_square[row]), finite)


def test_squares_leave_float32_long_before_the_signal_does() -> None:
    found = trace("constant", "linear", depth=3, width=1, seeds=1, input="ones", val=1e12, backward=False)
    assert found.preactivation_mean_square[0] == pytest.approx([1e24, 1e48, 1e72], rel=1e-6)
    tiny = trace("constant", "linear", depth=3, width=1, seeds=1, input="ones", val=1e-12, backward=False)
    assert tiny.preactivation_mean_square[0] == pytest.approx([1e-24, 1e-48, 1e-72], rel=1e-6)


def test_numbers_below_the_normal_range_count_as_0() -> None:
    """1e-37 is normal in float32, 1e-39 is not."""
    given = {"depth": 3, "width": 1, "seeds": 1, "input": "ones", "backward": False}
    found = trace("constant", "linear", val=1e-13, **given)
    assert found.preactivation_mean_square[0, 1] == pytest.approx(1e-52, rel=1e-6)
    assert found.preactivation_mean_square[0, 2] == 0
