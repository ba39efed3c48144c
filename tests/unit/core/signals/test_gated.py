"""Gated units: their gains by closed forms, by scipy's integrals, and by a run of plain torch."""

import math
from typing import Any

import pytest
import torch
from scipy import integrate, stats
from torch.nn import functional as F

from core import ACTIVATIONS, InitLabError, gated

TORCH = {"glu": torch.sigmoid, "reglu": torch.relu, "geglu": F.gelu, "swiglu": F.silu}


def test_relu_s_are_exact() -> None:
    """E[relu²] = q/2 and E[relu′²] = 1/2: the mean square is q²/2."""
    assert gated.mean_square("reglu", 3.0) == pytest.approx(4.5, rel=1e-12)
    assert gated.gains("reglu") == pytest.approx((math.sqrt(2), 1), rel=1e-12)
    assert gated.gains("reglu", 4.0) == pytest.approx((math.sqrt(1 / 2), 1 / 2), rel=1e-12)
    assert gated.length_slope("reglu", 1.0, sigma_w2=2.0) == pytest.approx(2, rel=1e-9)


@pytest.mark.parametrize("q", [0.25, 1.0, 4.0])
@pytest.mark.parametrize("key", gated.GATED)
def test_the_mean_square_is_the_integral_over_both_halves(key: str, q: float) -> None:
    def phi(z: float) -> float:
        return float(TORCH[key](torch.tensor(z, dtype=torch.float64)))

    def density(z: float) -> float:
        return float(stats.norm.pdf(z, scale=math.sqrt(q)))

    def mean(of: Any) -> float:
        reach = 12 * math.sqrt(q)
        return float(integrate.quad(lambda z: of(z) * density(z), -reach, reach, points=[0.0])[0])

    assert gated.mean_square(key, q) == pytest.approx(mean(lambda z: phi(z) ** 2) * mean(lambda u: u * u))


@pytest.mark.parametrize("key", gated.GATED)
def test_a_wide_layer_of_torch_keeps_what_it_is_said_to_keep(key: str) -> None:
    """A layer with the forward gain keeps the mean square, one with the backward gain the gradient's.

    relu(z)²u² has a variance of 17 times its squared mean, so that of 64 rows of 1024 units the mean is known
    to 1.6 %, and the largest rows' own lengths add as much: 8 % is five standard errors of it.
    """
    n, generator = 1024, torch.Generator().manual_seed(1)

    def run(gain: float) -> tuple[float, float]:
        x = torch.randn(64, n, generator=generator).requires_grad_()
        first = [torch.randn(n, n, generator=generator) * gain / math.sqrt(n) for _ in range(2)]
        z, u = (x / gain @ weight.T for weight in first)  # of mean square 1
        y = TORCH[key](z) * u
        after = y @ (torch.randn(n, n, generator=generator) * gain / math.sqrt(n)).T
        (back,) = torch.autograd.grad(y, x, torch.randn(64, n, generator=generator))
        return after.square().mean().item(), (back * gain).square().mean().item()

    forward, backward = gated.gains(key)
    assert run(forward)[0] == pytest.approx(1, rel=0.08)
    assert run(backward)[1] == pytest.approx(1, rel=0.08)


def test_a_row_s_gate_is_an_activation_and_its_slope_one_more_than_by_itself() -> None:
    for key, gate in gated.GATED.items():
        assert gate.activation in ACTIVATIONS
        step, forward = 1e-4, gated.gains(key).mean_square
        ends = [gated.mean_square(key, 1 + x) for x in (step, -step)]
        slope = gated.length_slope(key, 1.0, sigma_w2=forward**2)
        assert slope == pytest.approx(forward**2 * (ends[0] - ends[1]) / (2 * step), rel=1e-5)


def test_what_is_no_gated_unit_is_refused_with_those_there_are() -> None:
    for key in ("silu", "SwiGLU", 3, None):
        with pytest.raises(InitLabError, match="glu, reglu, geglu, swiglu"):
            gated.gains(key)  # type: ignore[arg-type]
    with pytest.raises(InitLabError):
        gated.mean_square("glu", -1)
    with pytest.raises(InitLabError):
        gated.length_slope("glu", 0.0, sigma_w2=1.0)
