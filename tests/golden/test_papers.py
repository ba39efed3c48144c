"""What papers and courses print of signals in deep networks, run again.

A published run has a seed that nobody knows. So a figure is held to the law over seeds: the logarithm of a
layer's mean square after L layers N wide is about normal, with mean −cL/2N and variance cL/N, where c is 5
for relu and 2 without an activation. A root mean square has half of each.
"""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import optimize

from core import SCHEMES, draw
from core.signals import fate as outlook
from core.signals.fate import Setting
from core.signals.trace import trace
from core.signals.trace_run import SignalTrace

Array = np.ndarray


def logs(mean_squares: Array) -> Array:
    """Logarithms of root mean squares."""
    return np.log(mean_squares) / 2


# --- He et al. 2015, "Delving Deep into Rectifiers" -------------------------------------------------------


def test_he_2015_a_fixed_std_loses_17_000_of_the_gradient() -> None:
    """Section 2.2: model B of VGG has 3×3 filters, 64 in one layer, 128 and 256 in two each, 512 in four.

    Each should have a std of .059, .042, .029 and .021; "if the std is initialized as 0.01, the std of the
    gradient propagated from conv10 to conv2 will be 1/(5.9 × 4.2² × 2.9² × 2.1⁴) = 1/(1.7 × 10⁴) of what
    we derive".
    """
    layers = {64: (0.059, 1), 128: (0.042, 2), 256: (0.029, 2), 512: (0.021, 4)}
    lost = 1.0
    for filters, (std, times) in layers.items():
        law = SCHEMES["kaiming_normal"].law((filters, 48, 3, 3), mode="fan_out")
        assert round(law.std, 3) == std
        lost *= (law.std / 0.01) ** times
        # a layer of 9·filters units sums as many gradients
        for scheme, params, kept in (
            ("kaiming_normal", {"nonlinearity": "relu"}, 1.0),
            ("normal", {"std": 0.01}, 0.01 / std),
        ):
            given = outlook.setting(scheme, 9 * filters, **params)
            assert given is not None
            gradient = outlook.expected(given, "relu", depth=2).gradient_mean_square
            assert math.sqrt(gradient[0]) == pytest.approx(kept, rel=0.02)
    assert f"{lost:.1e}" == "1.7e+04"


def test_he_2015_xavier_is_1_over_root_2_to_the_l_of_he() -> None:
    """Section 2.2, "Comparisons with Xavier": its std √(1/n) makes it 1/√2^L of theirs, at L = 22 and 30.

    The same seed draws the same directions, so that this holds of each network, to rounding. Theirs keeps
    the signal's size, and the gradient's.
    """
    he, xavier = (
        trace(scheme, "relu", depth=31, width=256, seeds=40, **params)
        for scheme, params in (("kaiming_normal", {"nonlinearity": "relu"}), ("xavier_normal", {}))
    )
    for layers in (22, 30):
        for name, at in (("preactivation_mean_square", layers - 1), ("gradient_mean_square", -1 - layers)):
            ratio = np.sqrt(getattr(xavier, name)[:, at] / getattr(he, name)[:, at])
            assert ratio == pytest.approx(np.full(40, math.sqrt(0.5) ** layers), rel=1e-4), (name, layers)
    steps = np.diff(np.log(he.preactivation_mean_square))
    assert steps.mean() == pytest.approx(-5 / 512, abs=3 * math.sqrt(5 / 256 / steps.size))
    steps = np.diff(np.log(xavier.preactivation_mean_square))
    assert steps.mean() == pytest.approx(-math.log(2) - 5 / 512, abs=3 * math.sqrt(5 / 256 / steps.size))
    end = logs(he.preactivation_mean_square[:, -1]).mean()
    assert end == pytest.approx(-5 * 31 / 1024 + math.log(2) / 2, abs=3 * math.sqrt(5 * 31 / 1024 / 40))


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


# --- a hundred layers of 512: fast.ai 2019 and Dellinger 2019 ---------------------------------------------
#
# fast.ai's course, part 2 of 2019, notebook nbs/dl2/02b_initializing of fastai/course-v3, and J. Dellinger's
# "Weight Initialization in Neural Networks: A Journey From the Basics to Kaiming", Towards Data Science 2019,
# run x = torch.randn(512) through 100 layers. The first multiplies by one matrix over and over, which
# changes no figure here; the second draws each anew, as a network does. Figures marked R are printed by
# readers who published their own run of its code.


def hundred(scheme: str, activation: str, seeds: int = 8, **params: float) -> SignalTrace:
    return trace(scheme, activation, depth=100, width=512, seeds=seeds, backward=False, **params)


def deviations(mean_squares: Array, variances: Array) -> Array:
    """Standard deviations over the last layer's units, as ``x.std()`` has them."""
    assert np.isfinite(mean_squares).all()
    return np.sqrt(variances[:, -1])


def test_fast_ai_and_dellinger_2019_it_is_nan_after_29_layers() -> None:
    """Both print i = 28, counted from 0, for the first layer whose std is nan: the 29th.

    After l layers a unit has the std 512^(l/2), which reaches float32's end, 3.4e38, at l = 28.4. At 28 it
    is 8.6e37, a fourth of the end, and some of 512 units pass that in 3 of 100 networks, or a few more as
    the std itself varies by a factor e^0.17; at 29 it is 1.9e39.
    """
    found = hundred("normal", "linear", std=1.0)
    lost = (~np.isfinite(found.preactivation_mean_square)).argmax(1) + 1
    assert set(lost.tolist()) <= {28, 29}
    assert np.median(lost) == 29
    told = outlook.fate(found.preactivation_mean_square)
    assert told.kind == "explodes"
    assert told.lost in {28, 29}
    assert told.overflow
    # 22.6, 512, 11 585: more than a thousand times the first layer's from the fourth on
    assert told.place == 4
    assert told.rate == pytest.approx(math.sqrt(512), rel=0.05)


def test_fast_ai_and_dellinger_2019_a_std_of_a_hundredth_leaves_nothing() -> None:
    """Both print (tensor(0.), tensor(0.)).

    Each layer multiplies by 0.01·√512 = 0.2263, so that layer 59 or 60 is below 1.2e-38, float32's smallest
    normal number.
    """
    found = hundred("normal", "linear", std=0.01)
    assert (found.activation_mean_square[:, -1] == 0).all()
    told = outlook.fate(found.activation_mean_square)
    assert (told.kind, told.overflow) == ("vanishes", False)
    assert 57 <= told.lost <= 62
    assert told.rate == pytest.approx(0.2263, rel=0.05)


def test_fast_ai_2019_one_layer_s_mean_squares() -> None:
    """Over 100 draws, mean squares of 513.9999 for a @ x, 252.0349 after relu, 0.9950² at a std of √(2/512).

    By theory 512, 256 and 1; one draw's varies by √(4/512) without relu (input and weights each 2/N), and by
    √(7/512) with it.
    """
    for activation, std, printed, theory, c in (
        ("linear", 1.0, 513.9999124145507, 512, 4),
        ("relu", 1.0, 252.03490020751954, 256, 7),
        ("relu", math.sqrt(2 / 512), 0.9949513308564638**2, 1, 7),
    ):
        found = trace("normal", activation, depth=1, width=512, seeds=100, std=std, backward=False)
        mean = float(found.activation_mean_square.mean())
        error = math.sqrt(c / 512 / 100)
        assert mean / theory == pytest.approx(1, abs=3 * error)
        assert printed / mean == pytest.approx(1, abs=3 * math.sqrt(2) * error)


#: scheme, parameters, activation, the last layer's std that readers printed, c, and the median by theory
RUNS = [
    # /√512: 1 after any number of layers
    ("lecun_normal", {}, "linear", [1.1058, 1.2810, 0.8416], 2, 1.0),
    # √(2/512) and relu: a mean square of 1, of which 1 − 1/π is variance
    (
        "kaiming_normal",
        {"nonlinearity": "relu"},
        "relu",
        [0.4670, 0.6989, 1.2431],
        5,
        math.sqrt(1 - 1 / math.pi),
    ),
    # Xavier's bound √(6/1024) and relu: half of it is left a layer
    ("xavier_uniform", {}, "relu", [5.6924e-16], 5, math.sqrt(1 - 1 / math.pi) * 2.0**-50),
    ("xavier_normal", {}, "relu", [6.7154e-16], 5, math.sqrt(1 - 1 / math.pi) * 2.0**-50),
]


@pytest.mark.parametrize(("scheme", "params", "activation", "printed", "c", "theory"), RUNS)
def test_dellinger_2019_the_hundredth_layer(
    scheme: str, params: dict[str, str], activation: str, printed: list[float], c: float, *, theory: float
) -> None:
    """R. A network's std is e^(−100c/4N) of theory in the middle, and varies by a factor e^√(100c/4N).

    relu's varies by 1.6 from seed to seed, so that 0.47 and 1.24 are both its figure.
    """
    found = hundred(scheme, activation, **params)
    ours = np.log(deviations(found.activation_mean_square, found.activation_variance))
    middle, deviation = math.log(theory) - 100 * c / 4 / 512, math.sqrt(100 * c / 4 / 512)
    assert ours.mean() == pytest.approx(middle, abs=3 * deviation / math.sqrt(8))
    assert (abs(ours - middle) < 3 * deviation).all()
    for figure in printed:
        assert abs(math.log(figure) - middle) < 3 * deviation
        assert abs(math.log(figure) - ours.mean()) < 3 * deviation * math.sqrt(1 + 1 / 8)


def test_dellinger_2019_tanh_is_down_to_6_or_9_hundredths() -> None:
    """R: 0.0549 and 0.0879 with normal weights, 0.0794 and 0.0935 with Xavier's uniform ones.

    q falls by q_next = q − 2q², to 1/(2l): a std of √(1/200) = 0.07. A difference in ln q shrinks by 2q a
    layer, where each adds a variance of 2/N, so that dV/dl = −2V/l + 2/N and V = 2l/(3N): after 100 layers
    ln std varies by √(100/(6·512)) = 0.18.
    """
    printed = {"lecun_normal": [0.0549, 0.0879], "xavier_uniform": [0.0794, 0.0935]}
    given = outlook.setting("lecun_normal", 512)
    assert given is not None
    theory = math.sqrt(outlook.expected(given, "tanh", depth=100).activation_mean_square[-1])
    assert theory == pytest.approx(0.07, rel=0.05)
    deviation = math.sqrt(100 / 6 / 512)
    for scheme, figures in printed.items():
        found = hundred(scheme, "tanh")
        ours = np.log(deviations(found.activation_mean_square, found.activation_variance))
        assert ours.mean() == pytest.approx(math.log(theory), abs=3 * deviation / math.sqrt(8) + 0.1)
        for figure in figures:
            assert abs(math.log(figure) - ours.mean()) < 3 * deviation * math.sqrt(1 + 1 / 8)
        told = outlook.fate(found.activation_mean_square)
        assert told.kind == "falls"
        assert math.isnan(told.rate)


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


# --- Klambauer et al. 2017, "Self-Normalizing Neural Networks" --------------------------------------------


def selu_map(sigma_w2: float) -> Callable[[float], float]:
    """q to σ_w²·E[selu²] of the paper's λ01 and α01, section 2, by the midpoint rule; less q."""
    z = (np.arange(400_000) + 0.5) / 400_000 * 20 - 10
    density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * (20 / 400_000)

    def excess(q: float) -> float:
        x = math.sqrt(q) * z
        values = 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0)))
        return float(sigma_w2 * (density @ values**2) - q)

    return excess


def test_klambauer_2017_selu_keeps_0_and_1_and_torch_s_gain_does_not() -> None:
    """Section 2: with weights of variance 1/n, mean 0 and variance 1 are a fixed point, and attract others.

    Over 50 layers, also from inputs three times as large. ``calculate_gain("selu")`` is 3/4: with it the
    variance rests elsewhere.
    """
    for scale in (1.0, 3.0):
        found = trace("lecun_normal", "selu", depth=50, width=512, seeds=6, input_scale=scale, backward=False)
        last = slice(30, None)
        assert found.activation_mean_square[:, last].mean() == pytest.approx(1, abs=0.08)
        means = found.activation_mean_square[:, last] - found.activation_variance[:, last]
        # a mean of 512 has the mean square 1/512
        assert means.mean() == pytest.approx(0, abs=0.02)
    assert selu_map(1.0)(1.0) == pytest.approx(0, abs=1e-6)
    rest = float(optimize.brentq(selu_map(9 / 16), 1e-3, 0.9))
    assert rest < 0.3
    torch_s = trace(
        "kaiming_normal", "selu", depth=50, width=512, seeds=6, nonlinearity="selu", backward=False
    )
    assert torch_s.preactivation_mean_square[:, 30:].mean() == pytest.approx(rest, rel=0.15)
    # x is h·4/3 of the next layer
    assert torch_s.activation_mean_square[:, 30:].mean() == pytest.approx(rest * 16 / 9, rel=0.15)
    assert torch_s.activation_variance[:, -1].max() < 0.6
