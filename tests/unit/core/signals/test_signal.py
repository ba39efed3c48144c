"""A run through a network against the same run in plain torch and autograd, and what it leaves alone."""

import threading
from typing import Any

import numpy as np
import pytest
import torch

from core import Cancelled
from core.signals import trace_run
from core.signals.trace import trace
from core.signals.trace_run import SignalTrace
from tests.support.plain_networks import FILLS, SIZE, mean_square, plain, traced
from tests.support.products import assert_like, rounding

CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("kaiming_normal", "relu", {}),
    ("kaiming_normal", "relu", {"batch": 7, "bias": "torch"}),
    ("kaiming_uniform", "gelu", {"batch": 3, "bias": 0.3, "input": "uniform"}),
    ("xavier_uniform", "tanh", {"batch": 5, "input": "pixels", "input_scale": 2.5}),
    ("normal", "sigmoid", {"batch": 4, "bias": 0.1, "input": "ones"}),
    ("trunc_normal", "silu", {"batch": 6}),
    ("orthogonal", "hard_tanh", {"batch": 2, "bias": "torch"}),
    ("sparse", "leaky_relu", {"batch": 3, "bias": 0.2}),
    ("eye", "tanh", {"batch": 2, "bias": 0.5, "input_scale": 0.2}),
    ("constant", "linear", {"batch": 2, "bias": "torch"}),
    ("normal", "z*tanh(z) - 1", {"batch": 3}),
]
cases = pytest.mark.parametrize(("scheme", "phi", "given"), CASES)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@cases
@pytest.mark.products
def test_it_is_the_network_that_plain_torch_runs(
    scheme: str, phi: str, given: dict[str, Any], dtype: torch.dtype
) -> None:
    """The same draws and the same products, whose terms may be added in another order."""
    seeds = (3, -1, 2**64 - 1)
    found = traced(scheme, phi, seeds=seeds, dtype=dtype, **SIZE, **given)
    assert found.seeds == seeds
    close = {"rtol": 2 * rounding(dtype, **SIZE), "atol": 0}
    # there and back: twice as many products
    back_too = {"rtol": 2 * close["rtol"], "atol": 0}
    for row, seed in enumerate(seeds):
        net = plain(scheme, phi, seed=seed, dtype=dtype, **SIZE, **given)
        np.testing.assert_allclose(found.preactivation_mean_square[row], mean_square(net.h), **close)
        np.testing.assert_allclose(found.activation_mean_square[row], mean_square(net.x), **close)
        for variance, values in (
            (found.preactivation_variance, net.h),
            (found.activation_variance, net.x),
        ):
            expected = values.var(2, correction=0).mean(1).numpy()
            largest = mean_square(values).max()
            np.testing.assert_allclose(
                variance[row], expected, rtol=close["rtol"], atol=close["rtol"] * largest
            )
        np.testing.assert_allclose(found.gradient_mean_square[row], mean_square(net.gradient), **back_too)
        if given.get("batch", 1) == 1:
            of_weights = net.weight_gradient.square().mean((1, 2)).numpy()[1:]
            np.testing.assert_allclose(found.weight_gradient_mean_square[row], of_weights, **back_too)


@cases
@pytest.mark.products
def test_a_forward_only_run_gives_the_same_forward_values(
    scheme: str, phi: str, given: dict[str, Any]
) -> None:
    both, there = (
        traced(scheme, phi, seeds=2, backward=backward, **SIZE, **given) for backward in (True, False)
    )
    assert_same_way_there(both, there, batch=given.get("batch", 1))
    assert np.isnan(there.gradient_mean_square).all()
    assert there.gradient_mean_square.shape == (2, SIZE["depth"])
    assert np.isnan(there.weight_gradient_mean_square).all()


def assert_same_way_there(one: SignalTrace, other: SignalTrace, *, batch: int) -> None:
    """Assert it but for rounding, which may put one number of a layer to the other side of an edge."""
    for name in ("preactivation_mean_square", "activation_mean_square"):
        assert getattr(other, name).shape == (2, SIZE["depth"])
        assert_like(getattr(one, name), getattr(other, name), torch.float32, **SIZE)
    for name in ("preactivation_variance", "activation_variance"):
        squares = getattr(one, name.replace("variance", "mean_square"))
        error = 2 * rounding(torch.float32, **SIZE) * squares.max()
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=0, atol=error)
    for name, each in (("saturated", 1 / batch / SIZE["width"]), ("dead", 1 / SIZE["width"])):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=0, atol=1.01 * each)
    assert (abs(one.first.counts - other.first.counts).sum(1) <= 2).all()


@cases
@pytest.mark.products
def test_weights_drawn_again_give_the_same_run(
    scheme: str, phi: str, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = traced(scheme, phi, seeds=2, **SIZE, **given)
    monkeypatch.setattr(trace_run, "HELD", SIZE["depth"] * SIZE["width"] ** 2 * 4 - 1)
    again = traced(scheme, phi, seeds=2, **SIZE, **given)
    assert_same_way_there(held, again, batch=given.get("batch", 1))
    assert_like(held.gradient_mean_square, again.gradient_mean_square, torch.float32, depth=12, width=33)


def test_one_layer_goes_there_and_back() -> None:
    found = traced("kaiming_normal", "relu", depth=1, width=5, seeds=1, batch=2)
    net = plain("kaiming_normal", "relu", depth=1, width=5, seed=0, batch=2)
    # what is sent back was drawn, and no product has touched it
    assert found.gradient_mean_square == pytest.approx(mean_square(net.gradient)[None], rel=1e-12)
    assert found.weight_gradient_mean_square.shape == (1, 0)
    assert traced("kaiming_normal", "relu", depth=1, width=1, seeds=1).saturated.shape == (1, 1)


def test_what_it_returns_says_what_it_is_and_cannot_be_written_over() -> None:
    found = traced("kaiming_normal", "relu", depth=2, width=4, seeds=[5])
    assert (found.scheme, found.activation, found.seeds) == ("kaiming_normal", "relu", (5,))
    assert trace("normal", " z ^ 2", depth=1, width=2, seeds=1).activation == "z^2"
    for name in ("preactivation_mean_square", "gradient_mean_square", "dead"):
        array = getattr(found, name)
        assert array.dtype == np.float64
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1


# --- what a run leaves alone ------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", FILLS)
def test_it_moves_no_global_generator(scheme: str, global_generator_stays: None) -> None:  # noqa: ARG001
    traced(scheme, "relu", depth=2, width=6, seeds=2, batch=2, bias="torch")


def test_a_run_leaves_the_caller_s_subnormal_numbers_alone() -> None:
    small, half = torch.tensor([1e-38]), 0.5
    assert float((small * half)[0]) > 0
    traced("kaiming_normal", "relu", depth=2, width=6, seeds=1)
    assert float((small * half)[0]) > 0
    with pytest.raises(Cancelled):
        trace("normal", "relu", depth=2, width=6, seeds=1, progress=lambda *_: False)
    assert float((small * half)[0]) > 0


@pytest.mark.products
def test_it_runs_the_same_where_gradients_are_off() -> None:
    given = {"depth": 3, "width": 6, "seeds": 1}
    on = traced("kaiming_normal", "gelu", **given)
    with torch.no_grad():
        off = traced("kaiming_normal", "gelu", **given)
    with torch.inference_mode():
        inference = traced("kaiming_normal", "gelu", **given)
    for other in (off, inference):
        assert_like(other.gradient_mean_square, on.gradient_mean_square, torch.float32, depth=6, width=6)


@pytest.mark.products
def test_runs_side_by_side_are_the_runs_one_by_one() -> None:
    given = {"depth": 4, "width": 40, "seeds": 3}
    alone = [traced(scheme, "tanh", **given) for scheme in ("sparse", "orthogonal")]
    found: dict[int, SignalTrace] = {}

    def run(at: int, scheme: str) -> None:
        found[at] = traced(scheme, "tanh", **given)

    threads = [threading.Thread(target=run, args=(at, ("sparse", "orthogonal")[at % 2])) for at in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for at, together in found.items():
        expected = alone[at % 2].gradient_mean_square
        assert_like(together.gradient_mean_square, expected, torch.float32, depth=8, width=40)
    assert len(found) == 6
