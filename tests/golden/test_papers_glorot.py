"""What Glorot & Bengio 2010 print of their two initializations, run again."""

import math

import numpy as np
import pytest
import torch

from core import draw
from core.signals.trace import trace
from core.signals.trace_run import SignalTrace

# --- Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks" ----


STANDARD, NORMALIZED = "classic_uniform", "xavier_uniform"


@pytest.fixture(scope="module")
def glorot() -> dict[tuple[str, float], SignalTrace]:
    """Five hidden layers of 1000 tanh units, as theirs; with small inputs they are all but linear."""
    return {
        (scheme, scale): trace(scheme, "tanh", depth=5, width=1000, seeds=6, input_scale=scale)
        for scheme in (STANDARD, NORMALIZED)
        for scale in (0.01, 1.0)
    }


def test_glorot_2010_the_standard_initialization_keeps_a_third_of_the_variance_a_layer(
    glorot: dict[tuple[str, float], SignalTrace],
) -> None:
    """Equation 15: n·Var[W] = 1/3, by which equations 5 and 6 multiply activations and gradients a layer.

    With the normalized one, equation 16, it is 1 (equations 10 and 11). In the linear regime that both
    equations suppose. The error is that of 6 seeds · 4 steps of variance 2/N.
    """
    error = math.sqrt(2 / 1000 / 24)
    for scheme, kept in ((STANDARD, 1 / 3), (NORMALIZED, 1.0)):
        found = glorot[scheme, 0.01]
        up = np.diff(np.log(found.activation_variance))
        down = -np.diff(np.log(found.gradient_mean_square))
        for steps in (up, down):
            assert steps.mean() == pytest.approx(math.log(kept) - 1 / 1000, abs=3 * error)


def test_glorot_2010_gradients_get_smaller_downwards_but_those_of_weights_do_not(
    glorot: dict[tuple[str, float], SignalTrace],
) -> None:
    """Section 4.3, figures 6, 7 and 8, after the standard initialization.

    "The variance of the back-propagated gradients gets smaller as it is propagated downwards"; "using our
    normalized initialization we do not see such decreasing"; "the variance of the weights gradients is
    roughly constant across layers" (equation 14).
    """
    for scale in (0.01, 1.0):
        standard, normalized = (glorot[scheme, scale] for scheme in (STANDARD, NORMALIZED))
        assert (np.diff(np.log(standard.gradient_mean_square)) > math.log(2.5)).all()
        assert (np.diff(np.log(normalized.gradient_mean_square)) < math.log(2.5)).all()
        assert (np.diff(np.log(standard.activation_variance)) < -math.log(2.5)).all()
        assert (np.diff(np.log(normalized.activation_variance)) > -math.log(2.5)).all()
    of_weights = np.log(glorot[STANDARD, 0.01].weight_gradient_mean_square).mean(0)
    # up and down each have 3 steps of variance 2/N, over 6 seeds
    assert of_weights == pytest.approx(of_weights.mean(), abs=3 * math.sqrt(6 * 2 / 1000 / 6))


def test_glorot_2010_the_average_singular_values_are_0_8_and_0_5() -> None:
    """Section 4.2.2: of the Jacobian from layer to layer it "is around 0.8" with the normalized one.

    "With the standard initialization, it drops down to 0.5". In the linear regime it is that of the weights.
    """
    for scheme, average in ((STANDARD, 0.5), (NORMALIZED, 0.8)):
        weight = draw(scheme, (400, 400), seed=0)
        assert round(float(torch.linalg.svdvals(weight).mean()), 1) == average
