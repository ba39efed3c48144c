"""What the signal page gives as theory is the closed forms: courses, the edge of chaos, and gains."""

import json
import math
import re
from collections.abc import Mapping

import numpy as np
import pytest
from scipy import integrate
from torch import nn

from core import ACTIVATIONS
from core.signals import meanfield
from pages.figures.palette import LIGHT
from pages.jobs import signal_theory
from pages.text.numbers import quantity
from tests.support.charts import decoded
from tests.support.plain_signal import NET
from tests.support.screen import first_chart, said, stands
from tests.support.signal_page import EN, MANY, cells_of, headline_of, name_of, opened_small, short, words_of

#: How far off a number may be that is drawn in float32.
HALF_A_STEP = 2.0**-24


def _indexed(words: str) -> str:
    """Return words as a headline has them, whose indices stand low."""
    return words.replace("σ_", "σ")


def test_theory_is_the_closed_form_that_halves() -> None:
    """Relu hands on half the mean square, and half of what comes back, q₁ being σ_w²."""
    app = opened_small(**{**NET, "depth": "6"}, sight="figures")
    cells = cells_of(app)
    for layer in (1, 2, 3, 5, 6):
        theory = [float(re.findall("<i>(.*?)</i>", cell)[0]) for cell in cells[str(layer)]]
        expected = [(variance / 2) ** (layer / 2) for variance in (1 / 3, 1, 2)]
        assert theory == pytest.approx(expected, rel=6e-4)
    for sight, first in (("forward", 1), ("gradient", 0)):
        chart = first_chart(opened_small(**{**NET, "depth": "6"}, sight=sight))
        dashed = [decoded(t["y"]) for t in chart["data"] if t.get("line", {}).get("dash")]
        for course, variance in zip(dashed, (1 / 3, 1, 2), strict=True):
            halves = [(variance / 2) ** ((first + layer) / 2) for layer in range(6)]
            np.testing.assert_allclose(
                course, halves if sight == "forward" else halves[::-1], rtol=HALF_A_STEP
            )


def test_a_variance_s_theory_takes_the_mean_away() -> None:
    """Of relu's activations: q/2 − q/(2π); of pre-activations, whose mean is 0: q."""
    for measure, of in (("activation_variance", 0.5 - 0.5 / math.pi), ("preactivation_variance", 1.0)):
        chart = first_chart(opened_small(measure=measure))
        dashed = [decoded(t["y"]) for t in chart["data"] if t.get("line", {}).get("dash")]
        for course, variance in zip(dashed, (1 / 3, 1, 2), strict=True):
            q = [variance * (variance / 2) ** layer for layer in range(7)]
            np.testing.assert_allclose(course, of * np.array(q), rtol=HALF_A_STEP)


def test_weights_with_a_mean_have_no_theory_and_the_page_says_so() -> None:
    app = opened_small(rows="ones-kaiming_normal")
    assert len([t for t in first_chart(app)["data"] if t.get("line", {}).get("dash")]) == 1
    assert short("signal.reading_silent") in words_of(app)
    assert short("signal.reading_silent") not in words_of(opened_small())


def test_two_alike_inputs_stay_alike_by_theory_under_relu() -> None:
    """c ↦ (√(1 − c²) + (π − arccos c)·c)/π (Cho & Saul 2009), from pixels' 3/4 on."""
    chart = first_chart(opened_small(sight="correlation", input="pixels"))
    dashed = [decoded(t["y"]) for t in chart["data"] if t.get("line", {}).get("dash")]
    c, path = 0.75, []
    for _ in range(7):
        path.append(c)
        c = (math.sqrt(1 - c * c) + (math.pi - math.acos(c)) * c) / math.pi
    for course in dashed:
        np.testing.assert_allclose(course, path, rtol=HALF_A_STEP)


# --- theory's tables --------------------------------------------------------------------------------------

WITH_BIAS = {"sight": "chaos", "bias": "normal", "sigma_b": "0.5"}
THOUSANDFOLD = math.log(10**6)  # of a root, so of its square a millionfold
#: activation → scheme → phase, q*, χ₁, 6ξ and the layers until a thousandfold; χ₁ is σ_w² times the mean
#: square slope, ½ for relu, q* = σ_b²/(1 − χ₁), and 1/ξ = −ln χ₁
BY_HAND: Mapping[str, Mapping[str, tuple[str, float, float, float, float]]] = {
    "relu": {
        "classic_uniform": ("ordered", 0.25 * 6 / 5, 1 / 6, 6 / math.log(6), THOUSANDFOLD / math.log(6)),
        "xavier_normal": ("ordered", 0.5, 1 / 2, 6 / math.log(2), THOUSANDFOLD / math.log(2)),
        "kaiming_normal": ("edge", math.inf, 1.0, math.inf, math.inf),
    },
    "linear": {
        "classic_uniform": ("ordered", 0.25 * 3 / 2, 1 / 3, 6 / math.log(3), THOUSANDFOLD / math.log(3)),
        "xavier_normal": ("edge", math.inf, 1.0, math.inf, math.inf),
        # a length without end drowns the bias, and every correlation stays what it is
        "kaiming_normal": ("chaotic", math.inf, 2.0, math.inf, THOUSANDFOLD / math.log(2)),
    },
}


@pytest.mark.parametrize("activation", BY_HAND)
def test_the_edge_of_chaos_is_tabled_as_by_hand(activation: str) -> None:
    app = opened_small(activation=activation, **WITH_BIAS)
    cells = cells_of(app)
    for scheme, (phase, *expected) in BY_HAND[activation].items():
        sigma_w2, *numbers = (math.inf if c == "∞" else float(c) for c in cells[name_of(scheme)])
        assert sigma_w2 == pytest.approx(
            {"classic_uniform": 1 / 3, "xavier_normal": 1}.get(scheme, 2), rel=2e-3
        )
        assert numbers == pytest.approx(expected, rel=6e-3)
        assert re.search(
            rf"{re.escape(name_of(scheme))}<br><i>{EN(f'chaos.phase.{phase}')}</i>",
            said(app).replace("\u2060", ""),
        )
        assert EN(f"chaos.{phase}_part", name=name_of(scheme), value=f"{sigma_w2:.3g}") in headline_of(app)


@pytest.mark.parametrize(("activation", "edge"), [("tanh", "1"), ("relu", "2"), ("linear", "1")])
def test_the_edge_without_a_bias_is_where_the_papers_have_it(activation: str, edge: str) -> None:
    app = opened_small(activation=activation, sight="chaos")
    assert _indexed(EN("chaos.turns", activation=activation, floor="0", edge=edge)) in headline_of(app)
    chart = first_chart(app)
    line = next(t for t in chart["data"] if t.get("line", {}).get("color") == LIGHT.ink)
    x, y = decoded(line["x"]), decoded(line["y"])
    assert (x[0], y[0]) == (pytest.approx(float(edge), abs=1e-6), 0)
    (dots,) = (t for t in chart["data"] if t.get("mode") == "markers")
    assert dots["x"] == pytest.approx([1 / 3, 1, 2])
    assert dots["y"] == [0, 0, 0]


def test_beside_the_plane_are_relu_s_lengths() -> None:
    """A layer makes σ_w²·q/2 of a length q, so that the third is 2, 2, 2; 1, ½, ¼; and a third of that."""
    app = opened_small(sight="chaos")
    chart = json.loads(app.get("plotly_chart")[1].proto.spec)
    _, *ways, rests, lasts = chart["data"]
    for map_, course, variance in zip(ways[::2], ways[1::2], (1 / 3, 1, 2), strict=True):
        before, layers = decoded(map_["x"]), decoded(course["x"])
        np.testing.assert_allclose(decoded(map_["y"]), variance / 2 * before, rtol=1e-6)
        np.testing.assert_allclose(
            decoded(course["y"]), variance * (variance / 2) ** (layers - 1.0), rtol=1e-6
        )
    assert rests["x"] == pytest.approx([1e-37, 1e-37, 2])
    assert lasts["y"] == pytest.approx([1 / 3 / 6 ** (lasts["x"][0] - 1), 2.0 ** (1 - lasts["x"][0]), 2])


def test_lengths_that_a_large_bias_makes_lie_within_both_axes() -> None:
    """Where relu's lengths rest is σ_b²/(1 − σ_w²/2): 120 and 200 here, and with Kaiming's nowhere."""
    app = opened_small(sight="chaos", bias="normal", sigma_b="10")
    chart = json.loads(app.get("plotly_chart")[1].proto.spec)
    *_, rests, lasts = chart["data"]
    assert rests["x"][:2] == pytest.approx([120, 200])
    # Kaiming's grow by σ_b² a layer, from σ_w² + σ_b² on
    assert lasts["y"][2] == pytest.approx(2 + 100 * lasts["x"][2])
    for axis in ("xaxis", "yaxis", "yaxis2"):
        low, high = chart["layout"][axis]["range"]
        assert low < math.log10(120)
        assert math.log10(lasts["y"][2]) < high
        assert rests["y"] == rests["x"]


def test_the_maps_name_their_lines_below() -> None:
    for rows in ("", MANY):
        app = opened_small(sight="maps", **({"rows": rows} if rows else {}))
        (marks,) = re.findall('<p class="lab-marks">(.*?)</p>', said(app))
        lines = [
            t
            for t in first_chart(app)["data"]
            if t.get("mode") != "markers" and t["line"]["color"] != LIGHT.ink2
        ]
        colours = [LIGHT.series.index(line["line"]["color"]) + 1 for line in lines[::2]]
        assert list(map(int, re.findall(r"--series(\d)", marks))) == colours


def test_a_scheme_without_theory_has_its_line_in_the_table() -> None:
    app = opened_small(sight="chaos", rows="ones-xavier_normal")
    assert cells_of(app)["Ones"] == [EN("chaos.silent")]
    assert len(cells_of(app)[name_of("xavier_normal")]) == 5


def test_of_zeros_there_is_no_correlation_to_compute() -> None:
    """Their q* is 0, which is known exactly; of exp(z) it is infinite."""
    still = "With Zeros every pre-activation is 0: nothing is left of which a correlation could be taken."
    lost = "The correlation map with Kaiming normal cannot be computed"
    words = words_of(opened_small(sight="maps", rows="zeros-kaiming_normal", activation="relu"))
    assert still in words
    assert "cannot be computed" not in words
    words = words_of(opened_small(sight="maps", rows="zeros-kaiming_normal", activation="exp(z)"))
    assert still in words
    assert lost in words


@pytest.mark.parametrize("sight", ["maps", "chaos"])
@pytest.mark.parametrize("rows", ["ones", "constant-eye"])
def test_where_no_scheme_has_a_theory_the_activation_is_not_blamed(rows: str, sight: str) -> None:
    """Relu's means are known; it is the weights that have none, or no chance."""
    app = opened_small(sight=sight, rows=rows)
    stands(app)
    assert EN("chaos.unknown", activation="relu") not in words_of(app)


def _gain(square: float) -> str:
    return f"{1 / math.sqrt(square):#.4g}"


#: activation → E[φ²] and E[φ′²] over N(0, 1)
SQUARES = {
    "linear": (1, 1),
    "relu": (1 / 2, 1 / 2),
    "leaky_relu": ((1 + 1e-4) / 2, (1 + 1e-4) / 2),
    "erf": (2 / math.pi * math.asin(2 / 3), 4 / math.pi / math.sqrt(5)),  # Williams 1997
    "sin(z)": ((1 - math.exp(-2)) / 2, (1 + math.exp(-2)) / 2),
    "max(z,0)^2": (3 / 2, 2),
}


def _erf_s_slope() -> str:
    """Of E[erf²(√q z)] = 2/π·asin(2q/(1 + 2q)), in units of its value at 1."""
    slope = 2 / math.pi * (2 / 9) / math.sqrt(1 - (2 / 3) ** 2)
    return f"{slope / SQUARES['erf'][0]:.4f}"  # four digits


#: Dauphin et al. 2017; Shazeer 2020, equation 5
GATED = ("glu: sigmoid(z)·u", "reglu: relu(z)·u", "geglu: gelu(z)·u", "swiglu: silu(z)·u")


def _sine_s_slope() -> str:
    """Of E[sin²(√q z)] = (1 − e^(−2q))/2, in units of its value at 1."""
    return f"{2 * math.exp(-2) / (1 - math.exp(-2)):.4f}"


@pytest.mark.parametrize("activation", SQUARES)
def test_gains_are_the_closed_forms(activation: str) -> None:
    app = opened_small(sight="gains", activation=activation)
    forward, backward = map(_gain, SQUARES[activation])
    cells = cells_of(app)
    # the length map's slope where the gain holds it: q ↦ q, but q² where φ is squared
    slope = {"max(z,0)^2": "2.000", "erf": _erf_s_slope(), "sin(z)": _sine_s_slope()}.get(activation, "1.000")
    assert cells[activation][1:4] == [forward, backward, slope]
    headline = headline_of(app)
    own = ACTIVATIONS[activation].gain if activation in ACTIVATIONS else None
    facts = {"activation": activation, "forward": forward, "backward": backward}
    if own is None:
        assert headline == EN("gains.none", **facts)
        assert cells[activation][0] == "–"
    else:
        # torch's own, as its documentation has it
        documented = {"linear": 1, "relu": math.sqrt(2), "leaky_relu": math.sqrt(2 / (1 + 1e-4))}[activation]
        assert cells[activation][0] == f"{documented:.3f}"
        assert headline == EN("gains.same", torch=f"{documented:.3f}", **facts)
    # each is on the list, a visitor's own on top, gated units below
    own_first = [activation] if activation not in ACTIVATIONS else []
    assert list(cells) == [*own_first, *ACTIVATIONS, *GATED]
    # of relu's E[φ²] = E[φ′²] = 1/2: back come both halves; q ↦ q² where the gain holds it
    assert cells["reglu: relu(z)·u"] == ["–", "1.414", "1.000", "2.000", "Shazeer 2020"]


def test_gains_of_selu_and_tanh_are_the_papers_and_not_torch_s() -> None:
    cells = cells_of(opened_small(sight="gains"))
    assert cells["selu"][:2] == ["0.7500", "1.000"]  # it was made to hold 1 (Klambauer et al. 2017)
    forward = integrate.quad(lambda z: math.tanh(z) ** 2 * math.exp(-z * z / 2), -12, 12)[0]
    assert cells["tanh"][:2] == ["1.667", _gain(forward / math.sqrt(2 * math.pi))]
    words = headline_of(opened_small(sight="gains", activation="tanh"))
    assert words.startswith(
        EN(
            "gains.differs",
            activation="tanh",
            torch="1.667",
            forward=cells["tanh"][1],
            backward=cells["tanh"][2],
        )[:20]
    )


def test_a_formula_s_gains_are_its_means() -> None:
    def gelu(z: float) -> float:
        return z / (1 + math.exp(-1.702 * z))

    square = integrate.quad(lambda z: gelu(z) ** 2 * math.exp(-z * z / 2), -12, 12)[0] / math.sqrt(
        2 * math.pi
    )
    assert cells_of(opened_small(sight="gains", activation="z*sigmoid(1.702*z)"))["z*sigmoid(1.702*z)"][
        1
    ] == _gain(square)


@pytest.mark.parametrize(
    ("activation", "gain"),
    [("1e160*z", "1.000×10⁻¹⁶⁰"), ("1e300*z", "1.000×10⁻³⁰⁰"), ("1e-300*z", "1.000×10³⁰⁰")],
)
def test_gains_whose_squares_are_past_the_doubles_are_said(activation: str, gain: str) -> None:
    app = opened_small(sight="gains", activation=activation)
    named = activation.replace("1e1", "1e+1").replace("1e3", "1e+3")
    assert headline_of(app) == EN("gains.none", activation=named, forward=gain, backward=gain)
    assert cells_of(app)[named][1:3] == [gain, gain]


def test_an_activation_that_passes_almost_nothing_is_nowhere_chaotic() -> None:
    app = opened_small(sight="chaos", activation="relu(z-40)")
    assert headline_of(app).startswith(_indexed(EN("chaos.no_edge", activation="relu(z-40)", floor="0")))


@pytest.mark.parametrize(
    ("activation", "square"),
    [("z^3", 15), ("z^5", 945), ("relu(z)^4", 105 / 2), ("z^16", math.prod(range(1, 32, 2)))],
)
def test_a_leap_is_where_a_power_s_lengths_grow(activation: str, square: float) -> None:
    """E[z^{2n}] is (2n − 1)!!; from q = 1, past σ_w² = 1/E[φ²] a power's lengths grow without end."""
    app = opened_small(sight="chaos", activation=activation)
    edge = quantity(1 / square, digits=3, trim=True)
    assert headline_of(app).startswith(
        _indexed(EN("chaos.leaps", activation=activation, floor="0", edge=edge))
    )


def test_gelu_leaps_where_the_page_has_it() -> None:
    leap = signal_theory.leap("gelu", 4.0, 0.0)
    for share, chaotic in ((0.998, False), (1.002, True)):
        q = meanfield.fixed_point("gelu", sigma_w2=share * leap)
        assert (meanfield.chi1("gelu", min(q, 1e60), sigma_w2=share * leap) > 1) == chaotic


@pytest.mark.parametrize(
    ("activation", "name"), [("z", "linear"), ("relu(z)", "relu"), ("leaky_relu(z,0.2)", "leaky_relu")]
)
def test_torch_s_gain_is_said_of_a_formula_that_is_its_function(activation: str, name: str) -> None:
    app = opened_small(sight="gains", activation=activation)
    torch_s = nn.init.calculate_gain(name, 0.2 if name == "leaky_relu" else None)
    cells = cells_of(app)[activation]
    assert cells[0] == cells[1] == f"{torch_s:#.4g}"
    facts = {"activation": activation, "torch": cells[0], "backward": cells[2]}
    assert headline_of(app) == EN("gains.same", **facts)
