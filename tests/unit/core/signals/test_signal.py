"""A run through a network against the same run in plain torch, autograd, closed forms and brute force."""

import gc
import math
import re
import threading
from collections.abc import Callable, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from scipy import special
from torch import Tensor, nn
from torch.nn import functional as F

from core import Cancelled, InitLabError, ParameterError, SizeError, devices
from core.signals import trace_run
from core.signals.trace import trace
from core.signals.trace_run import INPUTS, SignalTrace
from tests.support.products import assert_like, rounding

Array = np.ndarray
THREE = 3.0

#: scheme, parameters → the call of torch.nn.init that its documentation names
FILLS: Mapping[str, tuple[dict[str, Any], Callable[[Tensor], Tensor]]] = {
    "kaiming_normal": ({"nonlinearity": "relu"}, lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu")),
    "kaiming_uniform": ({"mode": "fan_out"}, lambda w: nn.init.kaiming_uniform_(w, mode="fan_out")),
    "xavier_uniform": ({"gain": 1.5}, lambda w: nn.init.xavier_uniform_(w, gain=1.5)),
    "normal": ({"std": 0.2, "mean": 0.01}, lambda w: nn.init.normal_(w, 0.01, 0.2)),
    "trunc_normal": (
        {"std": 0.2, "a": -0.3, "b": 0.5},
        lambda w: nn.init.trunc_normal_(w, 0, 0.2, -0.3, 0.5),
    ),
    "orthogonal": ({"gain": 1.2}, lambda w: nn.init.orthogonal_(w, gain=1.2)),
    "sparse": ({"sparsity": 0.4, "std": 0.3}, lambda w: nn.init.sparse_(w, sparsity=0.4, std=0.3)),
    "eye": ({}, nn.init.eye_),
    "constant": ({"val": 0.03}, lambda w: nn.init.constant_(w, 0.03)),
}
PHI: Mapping[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda z: z * 1,
    "relu": torch.relu,
    "leaky_relu": F.leaky_relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "hard_tanh": F.hardtanh,
    "gelu": F.gelu,
    "silu": F.silu,
    "z*tanh(z) - 1": lambda z: z * torch.tanh(z) - 1,
    "-tanh(3*z)": lambda z: -torch.tanh(3 * z),
}


class Plain(NamedTuple):
    """One network as one would write it by hand: (depth, batch, width) each, as float64."""

    h: Tensor
    x: Tensor
    #: of Σ g·h in the last layer, by autograd through the whole network
    gradient: Tensor
    #: of each weight, (depth, width, width)
    weight_gradient: Tensor


def plain(
    scheme: str,
    phi: str,
    *,
    depth: int,
    width: int,
    seed: int,
    batch: int = 1,
    bias: str | float = "none",
    input: str = "normal",
    input_scale: float = 1.0,
    dtype: torch.dtype = torch.float32,
) -> Plain:
    """Draw on the global generator, as a script does: input, weights and biases, what comes back."""
    weights, hs, xs = [], [], []
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        x = torch.empty(batch, width, dtype=dtype)
        fill = {
            "normal": x.normal_,
            "uniform": lambda: x.uniform_(-math.sqrt(3), math.sqrt(3)),
            "pixels": lambda: x.uniform_(0, 1),
            "ones": lambda: x.fill_(1),
        }[input]
        x = fill() * input_scale
        for _ in range(depth):
            weight = FILLS[scheme][1](torch.empty(width, width, dtype=dtype)).requires_grad_()
            b = None
            if bias == "torch":
                b = torch.empty(width, dtype=dtype).uniform_(-1 / math.sqrt(width), 1 / math.sqrt(width))
            elif bias != "none":
                b = torch.empty(width, dtype=dtype).normal_(0, bias)
            h = F.linear(x, weight, b)
            h.retain_grad()
            x = PHI[phi](h)
            weights.append(weight)
            hs.append(h)
            xs.append(x)
        back = torch.empty(batch, width, dtype=dtype).normal_()
    hs[-1].backward(back)

    def stacked(tensors: list[Any]) -> Tensor:
        return torch.stack([t.detach().double() for t in tensors])

    return Plain(
        stacked(hs), stacked(xs), stacked([h.grad for h in hs]), stacked([weight.grad for weight in weights])
    )


def traced(scheme: str, phi: str, **given: Any) -> SignalTrace:
    return trace(scheme, phi, **given, **FILLS[scheme][0])


def mean_square(values: Tensor) -> Array:
    """Over units, then over samples."""
    return values.square().mean(2).mean(1).numpy()


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
SIZE = {"depth": 6, "width": 33}


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


# --- dtypes -----------------------------------------------------------------------------------------------


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


# --- measures by brute force ------------------------------------------------------------------------------

#: |z| or z from which on a slope is less than 1 % of the steepest, by solving for it
FLAT: Mapping[str, Callable[[Array], Array]] = {
    "relu": lambda z: z <= 0,
    "hard_tanh": lambda z: abs(z) >= 1,
    # 1 − t² = 0.01
    "tanh": lambda z: abs(z) > math.atanh(math.sqrt(0.99)),
    # s(1 − s) = 0.0025
    "sigmoid": lambda z: abs(z) > special.logit((1 + math.sqrt(0.99)) / 2),
    "linear": np.isnan,
    # leaky_relu's lower slope is 0.01: not less than 1 %
    "leaky_relu": np.isnan,
    # the slope σ(1 + z(1 − σ)) is 1.0998 at most and −0.0998 at least: flat about its zero and far below
    "silu": lambda z: abs(special.expit(z) * (1 + z * special.expit(-z))) < 0.010998,
    "-tanh(3*z)": lambda z: abs(3 * z) > math.atanh(math.sqrt(0.99)),
}


@pytest.mark.parametrize("phi", FLAT)
@pytest.mark.products
def test_saturated_and_dead_are_counted_one_by_one(phi: str) -> None:
    """With weights as wide as these, many units are flat, and some for all three samples."""
    depth, width, batch = 4, 60, 3
    generator = torch.Generator().manual_seed(4)
    x = torch.empty(batch, width, dtype=torch.float64).normal_(generator=generator)
    saturated, dead = [], []
    for _ in range(depth):
        weight = torch.empty(width, width, dtype=torch.float64).normal_(0, 0.6, generator=generator)
        h = x @ weight.T
        flat = FLAT[phi](h.numpy())
        saturated.append(flat.mean())
        dead.append(flat.all(0).mean())
        x = PHI[phi](h)
    found = trace(
        "normal", phi, depth=depth, width=width, seeds=[4], batch=batch, std=0.6, dtype=torch.float64
    )
    assert found.saturated[0] == pytest.approx(saturated, abs=1e-12)
    assert found.dead[0] == pytest.approx(dead, abs=1e-12)
    if phi not in {"linear", "leaky_relu"}:
        assert min(saturated) > 0.005
        assert max(saturated) < 1


@pytest.mark.parametrize("input_scale", [1.0, 3.0])
@pytest.mark.parametrize("batch", [1, 2, 9])
@pytest.mark.parametrize(("phi", "input"), [("tanh", "pixels"), ("relu", "normal"), ("linear", "uniform")])
@pytest.mark.products
def test_the_first_seed_s_layers_are_counted_and_correlated(
    phi: str, input: str, batch: int, input_scale: float
) -> None:
    given = {
        "batch": batch,
        "input": input,
        "input_scale": input_scale,
        "bias": "torch",
        "depth": 4,
        "width": 21,
    }
    first = traced("xavier_uniform", phi, seeds=[8, 9], **given).first
    net = plain("xavier_uniform", phi, seed=8, **given)
    root_mean_square = {"normal": 1.0, "uniform": 1.0, "pixels": math.sqrt(1 / 3), "ones": 1.0}[input]
    np.testing.assert_allclose(
        first.edges, 4 * input_scale * root_mean_square * np.linspace(-1, 1, 82), atol=1e-12
    )
    for layer in range(4):
        x, h = net.x[layer].numpy(), net.h[layer].numpy()
        edges = np.r_[-np.inf, first.edges, np.inf]
        step = abs(x).max() * rounding(torch.float32, depth=4, width=21)
        at_an_edge = (abs(x.ravel()[:, None] - first.edges) < step).sum()  # rounding may decide
        assert abs(first.counts[layer] - np.histogram(x, edges)[0]).sum() <= 2 * at_an_edge
        assert at_an_edge <= 3
        assert first.counts[layer].sum() == x.size
        cosines = [a @ b / math.sqrt(a @ a) / math.sqrt(b @ b) for a, b in combinations(h, 2)]
        correlations = [np.corrcoef(a, b)[0, 1] for a, b in combinations(h.T, 2)] if batch > 1 else []
        for measured, pairs in (
            (first.sample_correlation[layer], cosines),
            (first.unit_correlation[layer], correlations),
        ):
            if pairs:
                assert measured == pytest.approx(
                    np.mean(pairs), abs=rounding(torch.float32, depth=4, width=21)
                )
            else:
                assert math.isnan(measured)


def test_an_activation_past_the_edges_is_counted_at_its_side_and_nan_nowhere() -> None:
    given = {"depth": 3, "width": 1, "seeds": 1, "input": "ones", "backward": False}
    for val, bin_ in ((-9.0, 0), (9.0, -1), (0.0, 41)):
        counts = trace("constant", "linear", val=val, **given).first.counts
        assert counts[0, bin_] == 1
        assert counts.sum() == 3
    # 1e30² overflows float32 to inf, and inf − inf is nan
    lost = trace("constant", "z - relu(z)", val=-1e30, **given).first.counts
    assert lost.sum() < 3
    assert lost[0].sum() == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.products
def test_samples_that_are_alike_have_no_correlation_of_units(dtype: torch.dtype) -> None:
    """Seven times the same input: what varies is how a product of matrices is rounded."""
    first = trace(
        "normal", "tanh", depth=5, width=33, seeds=1, batch=7, input="ones", dtype=dtype, std=0.2
    ).first
    assert np.isnan(first.unit_correlation).all()
    assert first.sample_correlation == pytest.approx(np.ones(5), abs=1e-6)


def test_samples_that_become_alike_lose_their_correlation_of_units() -> None:
    """Deep in the ordered phase only rounding tells samples apart."""
    first = trace("normal", "tanh", depth=60, width=33, seeds=1, batch=7, std=0.1, bias=0.5).first
    assert np.isfinite(first.unit_correlation[:10]).all()
    assert np.isnan(first.unit_correlation[-20:]).all()
    assert first.sample_correlation[-1] == pytest.approx(1, abs=1e-6)


def test_units_with_equal_weights_are_fully_correlated() -> None:
    """Equal weights make all units of a layer the same: no variance over them, correlation 1."""
    for dtype in (torch.float32, torch.float64):
        found = trace("constant", "tanh", depth=3, width=33, seeds=1, batch=5, val=0.1, dtype=dtype)
        assert (found.preactivation_variance == 0).all()
        assert (found.activation_variance == 0).all()
        assert found.first.unit_correlation == pytest.approx(np.ones(3), abs=1e-6)


def test_samples_and_units_of_nothing_are_left_out_of_correlations() -> None:
    """One relu lets half of the samples through: the rest are 0 from there on, or alike in sign."""
    found = trace("constant", "relu", depth=3, width=1, seeds=1, batch=12, val=1.0)
    alive = round(float(1 - found.saturated[0, 0]) * 12)
    assert 2 <= alive <= 10
    pairs, same = 12 * 11, alive * (alive - 1) + (12 - alive) * (11 - alive)
    assert found.first.sample_correlation[0] == pytest.approx((2 * same - pairs) / pairs)
    assert found.first.sample_correlation[1:] == pytest.approx([1, 1])


def test_zero_weights_let_no_signal_and_no_gradient_through() -> None:
    found = trace("zeros", "relu", depth=3, width=4, seeds=2, batch=2)
    assert not found.preactivation_mean_square.any()
    assert not found.activation_variance.any()
    assert (found.saturated == 1).all()
    assert (found.dead == 1).all()
    assert (found.gradient_mean_square[:, :-1] == 0).all()
    assert (found.gradient_mean_square[:, -1] > 0).all()
    assert np.isnan(found.first.sample_correlation).all()
    assert np.isnan(found.first.unit_correlation).all()


@pytest.mark.parametrize("input", INPUTS)
def test_inputs_have_the_moments_that_are_said_of_them(input: str) -> None:
    """Through an identity: U(±√3) has E[x⁴] = 9/5, U(0, 1) has E[x²] = 1/3, E[x] = 1/2."""
    entry, n = INPUTS[input], 400 * 300
    fourth = {"normal": 3.0, "uniform": 1.8, "pixels": 1 / 5, "ones": 1.0}[input]
    spread = {"normal": 1.0, "uniform": 1.0, "pixels": 1 / 12, "ones": 0.0}[input]
    found = trace("eye", "linear", depth=1, width=400, seeds=1, batch=300, input=input, input_scale=2.0)
    error = math.sqrt((fourth - entry.mean_square**2) / n)
    assert found.activation_mean_square[0, 0] / 4 == pytest.approx(
        entry.mean_square, abs=THREE * error + 1e-12
    )
    assert found.activation_variance[0, 0] / 4 == pytest.approx(spread, abs=4 * error + spread / 400 * 2)
    assert entry.mean_square - entry.squared_mean == pytest.approx(spread, abs=1e-15)
    # 300 samples make 44 850 pairs, of which each cosine of random ones varies by 1/√400
    cosine = {"normal": 0.0, "uniform": 0.0, "pixels": 3 / 4, "ones": 1.0}[input]
    assert entry.correlation == pytest.approx(cosine, abs=1e-15)
    assert found.first.sample_correlation[0] == pytest.approx(cosine, abs=0.002)


# --- laws over seeds --------------------------------------------------------------------------------------


def log_half_chi(n: int) -> float:
    """E[ln(χ²_K)] where K, how many of n normal units are positive, is binomial (n, ½), and not 0."""
    k = np.arange(1, n + 1)
    weights = np.exp(
        special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1) - n * math.log(2)
    )
    return float(weights @ (special.digamma(k / 2) + math.log(2)) / weights.sum())


N = 64
CHI = special.digamma(N / 2) + math.log(2)
#: scheme, its parameters, activation, r, c, and E[ln(q_next/q)] exactly
LAWS = {
    "he": ("kaiming_normal", {"nonlinearity": "relu"}, "relu", 1.0, 5, math.log(2 / N) + log_half_chi(N)),
    "half": ("xavier_normal", {}, "relu", 0.5, 5, math.log(1 / N) + log_half_chi(N)),
    "linear": ("normal", {"std": 0.125 * math.sqrt(1.3)}, "linear", 1.3, 2, math.log(1.3 / N) + CHI),
    "orthogonal": ("orthogonal", {"gain": 1.4}, "relu", 0.98, 3, math.log(1.96) + log_half_chi(N) - CHI),
}


@pytest.mark.parametrize("name", LAWS)
def test_each_layer_s_mean_square_is_multiplied_as_theory_has_it(name: str) -> None:
    """Of 120 networks of 31 layers, batch 1: ln(q_next/q) has mean ln r − c/2N and variance c/N.

    Each step is independent of those before: it turns the signal to a direction that is uniform. So the
    error of the mean of 120·30 steps is √(c/N/3600). Back from the last layer it is multiplied by χ₁ = r.
    """
    scheme, params, phi, r, c, exact = LAWS[name]
    found = trace(scheme, phi, depth=31, width=N, seeds=120, **params)
    assert exact == pytest.approx(math.log(r) - c / (2 * N), abs=8 / N**2)
    steps = np.diff(np.log(found.preactivation_mean_square))
    error = math.sqrt(c / N / steps.size)
    assert steps.mean() == pytest.approx(exact, abs=THREE * error)
    assert steps.var() == pytest.approx(c / N, rel=0.15)
    total = np.log(found.preactivation_mean_square[:, -1] / found.preactivation_mean_square[:, 0])
    assert total.mean() == pytest.approx(30 * exact, abs=THREE * math.sqrt(30 * c / N / 120))
    back = -np.diff(np.log(found.gradient_mean_square))
    assert back.mean() == pytest.approx(math.log(r) - c / (2 * N), abs=THREE * error + 8 / N**2)


def test_the_mean_over_many_seeds_is_the_theory_s_where_their_logarithms_are_not() -> None:
    """One step: the mean of q/q₀ is r itself, and its error √(c/N/n)."""
    found = trace("kaiming_normal", "relu", depth=2, width=N, seeds=1000, nonlinearity="relu", backward=False)
    ratio = found.preactivation_mean_square[:, 1] / found.preactivation_mean_square[:, 0]
    assert ratio.mean() == pytest.approx(1, abs=THREE * math.sqrt(5 / N / 1000))
    assert np.log(ratio).mean() < -0.02


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


# --- progress and size ------------------------------------------------------------------------------------


@pytest.mark.parametrize("backward", [True, False])
def test_progress_is_told_after_each_layer(*, backward: bool) -> None:
    told: list[tuple[int, int]] = []
    found = traced(
        "kaiming_normal",
        "relu",
        depth=3,
        width=4,
        seeds=2,
        backward=backward,
        progress=lambda done, total: told.append((done, total)),
    )
    total = 2 * 3 * (2 if backward else 1)
    assert told == [(done, total) for done in range(1, total + 1)]
    assert np.isfinite(found.activation_mean_square).all()


@pytest.mark.parametrize("at", [1, 4, 7])
def test_progress_can_stop_it_at_once(at: int) -> None:
    told: list[int] = []

    def progress(done: int, _: int) -> bool:
        told.append(done)
        return done < at

    with pytest.raises(Cancelled):
        traced("kaiming_normal", "relu", depth=3, width=4, seeds=2, progress=progress)
    assert told == list(range(1, at + 1))


def test_what_progress_raises_reaches_the_caller() -> None:
    def progress(*_: int) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        traced("kaiming_normal", "relu", depth=3, width=4, seeds=2, progress=progress)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="counts pages as Linux does")
def test_memory_on_the_way_there_does_not_grow_with_depth() -> None:
    """A signal is 4 MiB, of which 40 layers would make 160 or more if they stayed."""
    page, resident = 4096, []

    def progress(*_: int) -> None:
        resident.append(int(Path("/proc/self/statm").read_text().split()[1]) * page)

    trace(
        "kaiming_normal",
        "tanh",
        depth=60,
        width=64,
        batch=16_384,
        seeds=1,
        backward=False,
        progress=progress,
    )
    assert len(resident) == 60
    # the first layers fill what the allocator keeps at hand
    assert max(resident[20:]) - max(resident[:20]) < 80 * 2**20


def test_no_tensor_of_a_layer_stays_on_the_way_there() -> None:
    """Not even a small one: between large ones it keeps the allocator from using their place again."""
    numbers: dict[int, int] = {}

    def progress(done: int, _: int) -> None:
        if done in {4, 20, 30}:
            numbers[done] = sum(issubclass(type(found), Tensor) for found in gc.get_objects())

    gc.collect()
    traced("kaiming_normal", "tanh", depth=15, width=4, batch=2, seeds=2, backward=False, progress=progress)
    assert numbers[4] == numbers[20] == numbers[30]


def stop(*_: object) -> None:
    raise AssertionError("it began to compute")


def test_a_run_too_large_is_refused_before_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Held are width² weights a layer, batch·width slopes a layer, and a handful of signals."""
    monkeypatch.setattr(trace_run.Run, "over", stop)
    monkeypatch.setattr(devices, "free_bytes", lambda _: 10**7)
    given = {"width": 100, "seeds": 1, "batch": 1000}
    with pytest.raises(SizeError, match=r"would hold 0\.04\d\d GB, and 0\.01 GB are free\.") as e:
        traced("kaiming_normal", "relu", depth=100, **given)
    assert e.value.code == "size.signal"
    assert e.value.facts["memory"] == 10**7
    assert 100 * (100**2 + 1000 * 100) * 4 <= e.value.facts["needed"] <= 1.1 * 100 * (100**2 + 1000 * 100) * 4
    with pytest.raises(AssertionError, match="began"):
        traced("kaiming_normal", "relu", depth=100, backward=False, **given)
    monkeypatch.setattr(trace_run, "HELD", 0)
    with pytest.raises(SizeError) as e:
        traced("kaiming_normal", "relu", depth=100, **given)
    assert e.value.facts["needed"] < 100 * 1000 * 100 * 4 * 1.1


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32, np.int64])
def test_numpy_s_whole_numbers_do_not_overflow(kind: type) -> None:
    one, other = (
        traced("kaiming_normal", "relu", depth=of(3), width=of(100), batch=of(100), seeds=of(2))
        for of in (kind, int)
    )
    assert_like(one.gradient_mean_square, other.gradient_mean_square, torch.float32, depth=6, width=100)
    assert type(one.seeds[0]) is int
    assert trace("eye", "tanh", depth=1, width=2, seeds=kind(3) * np.ones(2, kind)).seeds == (3, 3)


WHOLE = [0, -1, 1.5, 2.0, True, "3", None, math.nan, 10**9, [2], np.float64(2)]
BAD = [
    *(("depth", value) for value in WHOLE),
    *(("width", value) for value in WHOLE if value != [2]),
    *(("batch", value) for value in WHOLE),
    *(("seeds", value) for value in WHOLE if value not in ([2], "3")),
    *(("seeds", value) for value in ([], [1.5], [True], "3", [2**64], [-(2**63) - 1], range(1001), [None])),
    *(("bias", value) for value in ("x", -1, math.nan, math.inf, None, True, [1.0], np.ones(2), "1", 1e31)),
    *(("input", value) for value in ("x", None, 3, ["normal"], np.ones(2))),
    *(("input_scale", value) for value in (0, -1, math.nan, math.inf, "1", None, True, [1.0])),
    *(("dtype", value) for value in (torch.int32, "float32", None)),
    *(("device", value) for value in ("gpu", "meta", None)),
]


@pytest.mark.parametrize(("name", "value"), BAD, ids=lambda value: re.sub(r"\s+", " ", repr(value)))
def test_a_bad_argument_is_refused_before_anything_is_computed(
    name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_run.Run, "over", stop)
    given: dict[str, Any] = {"depth": 2, "width": 4, "seeds": 1, name: value}
    with pytest.raises(InitLabError) as e:
        trace("kaiming_normal", "relu", **given)
    assert str(e.value).endswith(".")
    assert e.value.code
    if name not in {"dtype", "device", "seeds"}:
        assert isinstance(e.value, ParameterError)
        assert str(e.value).startswith(f"{name} must be ")
        assert e.value.facts["name"] == name


@pytest.mark.parametrize(
    ("scheme", "activation", "params", "code"),
    [
        ("he", "relu", {}, "scheme.unknown"),
        ("dirac", "relu", {}, "shape."),
        ("normal", "relu", {"gain": 1}, "parameter.unknown"),
        ("normal", "relu", {"std": -1}, "parameter.number"),
        ("normal", "ReLU6", {}, "formula."),
        ("normal", "", {}, "formula."),
        ("normal", None, {}, "formula.type"),
        ("normal", "1/z", {}, "formula.division"),
        ("orthogonal", "relu", {"dtype": torch.float16}, "dtype.orthogonal"),
        ("normal", "relu", {"dtype": torch.float16, "std": 1e9}, "dtype.range"),
    ],
)
def test_an_unknown_scheme_activation_or_parameter_is_refused(
    scheme: str, activation: Any, params: dict[str, Any], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace_run.Run, "over", stop)
    with pytest.raises(InitLabError) as e:
        trace(scheme, activation, depth=2, width=4, seeds=1, **params)
    assert e.value.code.startswith(code)
