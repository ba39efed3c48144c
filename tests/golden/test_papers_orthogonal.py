"""What Saxe et al. 2014 say of orthogonal weights in deep linear networks, run again."""

import math

import numpy as np
import pytest
import torch

from core.signals.trace import trace

# --- Saxe, McClelland & Ganguli 2014, "Exact solutions to the nonlinear dynamics of learning …" -----------


@pytest.mark.parametrize(("dtype", "rounding"), [(torch.float64, 1e-12), (torch.float32, 1e-4)])
def test_saxe_2014_orthogonal_weights_keep_every_norm_at_any_depth(
    dtype: torch.dtype, rounding: float
) -> None:
    """Section 3: a product of orthogonal matrices is orthogonal, "all of its singular values are 1".

    So no length, gradient or angle changes in a linear network 100 deep. With Gaussian weights of the same
    variance they do: the logarithm of a mean square varies by 2·99/N from network to network.
    """
    orthogonal, gaussian = (
        trace(scheme, "linear", depth=100, width=64, seeds=20, batch=3, dtype=dtype)
        for scheme in ("orthogonal", "lecun_normal")
    )
    for name in ("preactivation_mean_square", "activation_mean_square", "gradient_mean_square"):
        rows = getattr(orthogonal, name)
        np.testing.assert_allclose(rows, rows[:, :1] * np.ones(100), rtol=rounding)
    cosines = orthogonal.first.sample_correlation
    assert cosines == pytest.approx(np.full(100, cosines[0]), abs=rounding)
    single = trace("lecun_normal", "linear", depth=100, width=64, seeds=60, dtype=dtype)
    grown = np.log(single.preactivation_mean_square[:, -1] / single.preactivation_mean_square[:, 0])
    # the standard error of a variance of 60 is √(2/59) of it
    assert grown.var(ddof=1) == pytest.approx(2 * 99 / 64, rel=3 * math.sqrt(2 / 59))
    assert abs(gaussian.first.sample_correlation[-1] - gaussian.first.sample_correlation[0]) > 0.1
