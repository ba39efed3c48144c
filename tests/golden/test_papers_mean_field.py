"""What Poole et al. 2016 and Schoenholz et al. 2017 say of lengths, correlations and gradients, run again."""

import math

import numpy as np
import pytest
from scipy import optimize

from core.signals import fate as outlook
from core.signals.fate import Setting
from core.signals.trace import trace

Array = np.ndarray


# --- Poole et al. 2016, "Exponential expressivity …", and Schoenholz et al. 2017 --------------------------


#: a sum over equal steps, whose error for tanh(4z), with poles at ±iπ/8, is e^(−2π·(π/8)/0.053) = 1e-20
NODES = np.linspace(-8, 8, 301)
WEIGHTS = np.exp(-NODES * NODES / 2)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def tanh_maps(sigma_w: float, sigma_b: float, depth: int) -> tuple[Array, Array]:
    """q and c of Poole et al. 2016, equations 3 and 5, for inputs that are N(0, 1)."""
    q = [sigma_w**2 + sigma_b**2]
    c = [sigma_b**2 / q[0]]
    for _ in range(depth - 1):
        width = math.sqrt(q[-1])
        square = WEIGHTS @ np.tanh(width * NODES) ** 2
        other = c[-1] * NODES[:, None] + math.sqrt(1 - c[-1] ** 2) * NODES
        product = WEIGHTS @ (np.tanh(width * NODES)[:, None] * np.tanh(width * other)) @ WEIGHTS
        q.append(float(sigma_w**2 * square + sigma_b**2))
        c.append(float(sigma_w**2 * product + sigma_b**2) / q[-1])
    return np.array(q), np.array(c)


@pytest.mark.parametrize(("sigma_w", "chaotic"), [(1.3, False), (2.5, True), (4.0, True)])
def test_poole_2016_lengths_and_correlations_are_those_of_the_maps(sigma_w: float, chaotic: object) -> None:
    """Figures 1 and 2: tanh networks 1000 wide with σ_w of 1.3, 2.5 and 4, σ_b of 0.3, against the maps.

    The maps are written out here; ``outlook`` has the same. A network's length has a relative error of
    √(4.5/N) at most: 2/N from the input, 2/N from the weights, and what is left of that from layers before.
    """
    depth, seeds, width = 12, 8, 1000
    q, c = tanh_maps(sigma_w, 0.3, depth)
    given = outlook.setting("normal", width, bias=0.3, std=sigma_w / math.sqrt(width))
    assert given == pytest.approx((sigma_w**2, 0.09))
    assert given is not None
    assert outlook.expected(given, "tanh", depth=depth).preactivation_mean_square == pytest.approx(
        q, rel=1e-9
    )
    assert outlook.expected_correlation(given, "tanh", depth=depth) == pytest.approx(c, abs=1e-8)
    runs = [
        trace(
            "normal",
            "tanh",
            depth=depth,
            width=width,
            seeds=[seed],
            batch=2,
            bias=0.3,
            backward=False,
            std=sigma_w / math.sqrt(width),
        )
        for seed in range(seeds)
    ]
    lengths = np.concatenate([run.preactivation_mean_square for run in runs])
    assert lengths.mean(0) == pytest.approx(q, rel=3 * math.sqrt(4.5 / width / seeds))
    cosines = np.array([run.first.sample_correlation for run in runs])
    error = cosines.std(0, ddof=1) / math.sqrt(seeds)
    assert error.max() < 0.03
    assert (abs(cosines.mean(0) - c) < 4 * error + 0.005).all()
    # order: any two inputs become one, if slowly; chaos: they stay apart
    far = tanh_maps(sigma_w, 0.3, 250)[1][-1]
    assert far < 0.8 if chaotic else far > 0.999


def test_schoenholz_2017_gradients_grow_by_chi_1_a_layer() -> None:
    """Section 4: the variance of gradients goes as χ₁^L, here at the length that the map rests at."""
    sigma_w, sigma_b, width, depth = 1.9, 0.2, 600, 16

    def excess(q: float) -> float:
        return float(sigma_w**2 * (WEIGHTS @ np.tanh(math.sqrt(q) * NODES) ** 2) + sigma_b**2 - q)

    q = float(optimize.brentq(excess, 0.1, 10))
    chi1 = sigma_w**2 * float(WEIGHTS @ np.cosh(math.sqrt(q) * NODES) ** -4)
    found = trace(
        "normal", "tanh", depth=depth, width=width, seeds=10, bias=sigma_b, std=sigma_w / math.sqrt(width)
    )
    # the last layers forward rest at q*, and back through them each step is χ₁
    rest = np.diff(np.log(found.gradient_mean_square[:, 4:]))
    error = rest.std(ddof=1) / math.sqrt(rest.size)
    assert error < 0.02
    assert -rest.mean() == pytest.approx(math.log(chi1), abs=3 * error + 3 / width)
    assert chi1 > 1.1
    theory = outlook.expected(Setting(sigma_w**2, sigma_b**2), "tanh", depth=depth).gradient_mean_square
    assert theory[-4] / theory[-3] == pytest.approx(chi1, rel=1e-4)
