"""Units that start alike get one gradient, and are told from others by more than rounding."""

import pytest
import torch

from core import Net, Network
from core.networks.module import backward, different_units, seeded_input
from tests.support.marks import dtypes, generator_stays
from tests.support.plain_network import LABELS

pytestmark = generator_stays

ULP = 2.0**-23


@pytest.mark.parametrize(
    ("rows", "different"),
    [
        ([[1.0, 2.0]], 1),
        ([[1.0, 2.0]] * 5, 1),
        ([[0.0, 0.0]] * 3, 1),
        ([[0.0, -0.0], [-0.0, 0.0]], 1),
        ([[1.0, 2.0], [2.0, 1.0]], 2),
        ([[1.0, 2.0], [2.0, 1.0], [1.0, 2.0]], 2),
        ([[1.0, 2.0], [1.0, 2.0], [1.0, 2.1]], 2),
        ([[1.0, 2.0], [1.0 + ULP, 2.0]], 1),
        ([[1.0, 2.0], [1.0 + ULP, 2.0 - 2 * ULP], [1.0 - ULP, 2.0]], 1),
        ([[1.0, 2.0], [1.0 + 64 * ULP, 2.0]], 2),
        ([[1e-30, 2e-30], [1e-30, 3e-30]], 2),
        ([[1e30, 2e30], [1e30, 3e30]], 2),
        ([[1.0], [2.0], [3.0], [4.0]], 4),
        # equal but for rounding, beside one that differs
        ([[1.0, 2.0], [1.0 + ULP, 2.0], [5.0, 6.0]], 2),
        ([[5.0, 6.0], [1.0, 2.0], [1.0, 2.0 + 2 * ULP], [1.0, 2.0]], 2),
    ],
    ids=str,
)
def test_different_units_are_rows_that_differ_by_more_than_rounding(
    rows: list[list[float]], different: int
) -> None:
    assert different_units(torch.tensor(rows)) == different
    assert different_units(torch.tensor(rows[::-1], requires_grad=True)) == different


@dtypes
def test_rounding_is_the_dtype_s_own(dtype: torch.dtype) -> None:
    step = torch.finfo(dtype).eps
    rows = torch.tensor([[1.0, 1.0], [1.0, 1.0 + 2 * step]], dtype=dtype)
    assert not torch.equal(rows[0], rows[1])
    assert different_units(rows) == 1
    assert different_units(rows.double()) == (1 if dtype == torch.float64 else 2)


@dtypes
def test_it_goes_as_far_as_is_said(dtype: torch.dtype) -> None:
    """16 units of the last place, in half precision 2: one more is a difference."""
    places = 2 if dtype in {torch.float16, torch.bfloat16} else 16
    step = torch.finfo(dtype).eps
    for more, different in ((places, 1), (places + 1, 2)):
        assert different_units(torch.tensor([[1.0, 1.0], [1.0, 1 + more * step]], dtype=dtype)) == different


@pytest.mark.parametrize("scheme", ["constant(val=0.5)", "ones", "constant(val=-0.1)"])
@pytest.mark.parametrize("follows", ["tanh", "sigmoid", "linear", "gelu"])
def test_units_that_start_alike_get_the_same_gradient(scheme: str, follows: str) -> None:
    net = Net(Network.of(f"4-64.{scheme}.zeros_bias.{follows}-3.constant(val=0.2).softmax"), seed=8)
    assert different_units(net.linear1.weight) == 1
    gradient = backward(net, seeded_input(7, 4, seed=4), LABELS).gradients[0].weight
    assert gradient.abs().max() > 0 or scheme == "ones"
    assert different_units(gradient) == 1
    torch.testing.assert_close(gradient, gradient[:1].expand(64, 4), rtol=1e-4, atol=1e-8)


def test_units_that_start_apart_stay_apart() -> None:
    net = Net(Network.of("4-64.xavier_normal.tanh-3.softmax"), seed=8)
    assert different_units(net.linear1.weight) == 64
    assert different_units(backward(net, seeded_input(7, 4, seed=4), LABELS).gradients[0].weight) == 64


def test_zeros_let_no_gradient_through() -> None:
    net = Net(Network.of("4-6.zeros.zeros_bias.tanh-3.zeros.zeros_bias.softmax"), seed=8)
    hidden, last = backward(net, seeded_input(7, 4, seed=4), LABELS).gradients
    assert not hidden.weight.any()
    assert hidden.bias is not None
    assert not hidden.bias.any()
    assert not last.weight.any()
    assert last.bias is not None
    share = torch.tensor([2, 2, 3]) / 7  # of each label
    torch.testing.assert_close(last.bias, 1 / 3 - share)
