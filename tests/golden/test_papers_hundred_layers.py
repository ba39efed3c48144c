"""What courses and readers of 2019 print of a hundred layers of 512, run again.

A published run has a seed that nobody knows. So a figure is held to the law over seeds: the logarithm of a
layer's mean square after L layers N wide is about normal, with mean −cL/2N and variance cL/N, where c is 5
for relu and 2 without an activation. A root mean square has half of each.
"""

import math

import numpy as np
import pytest

from core.signals import fate as outlook
from core.signals.trace import trace
from core.signals.trace_run import SignalTrace

Array = np.ndarray


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
