"""Saturated and dead units, histograms and correlations are those counted one by one."""

import math
from collections.abc import Callable, Mapping
from itertools import combinations

import numpy as np
import pytest
import torch
from scipy import special

from core.signals.trace import trace
from tests.support.plain_networks import PHI, plain, traced
from tests.support.products import rounding

Array = np.ndarray

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
