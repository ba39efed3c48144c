"""The signal page: every view, links good and bad, and what it says beside plain torch and closed forms."""

import contextlib
import csv
import gc
import io
import math
import re
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pytest
import streamlit
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox
from torch import nn
from torch.nn import functional as F

import core.signals.trace
from core import ACTIVATIONS, Cancelled, SizeError
from core.signals.formula_functions import NAMES
from core.signals.trace_run import SignalTrace
from pages.figures.palette import LIGHT
from pages.jobs import signal as signals
from pages.jobs.cache import Job
from pages.state.controls import MEASURES, SIGHTS, TABLE
from pages.text import LANGUAGES, Text
from pages.text.numbers import count
from pages.widgets import waiting
from tests.support.charts import decoded
from tests.support.marks import languages
from tests.support.screen import (
    bare,
    few,
    first_chart,
    headline,
    menu,
    opened,
    own_buttons,
    query,
    refusals,
    said,
    stands,
)
from tests.support.torch_calls import CALLS
from tests.support.written import read

sights = pytest.mark.parametrize("sight", SIGHTS)
EN = Text("en")
#: Small enough to run while the page waits.
SMALL = {"depth": "7", "width": "12", "seeds": "2", "samples": "3"}
MANY = "uniform-normal(std=0.5)-zeros-orthogonal-sparse-trunc_normal-kaiming_uniform(a=2)-eye"
#: Views that draw, and those whose numbers a run gives.
CHARTS = ("forward", "gradient", "saturation", "layers", "correlation", "maps", "chaos")
RUN = ("forward", "gradient", "saturation", "layers", "correlation", "figures")


@pytest.fixture(scope="module", autouse=True)
def typed() -> Iterator[None]:
    """The harness takes a select box for a closed list; a browser sends what was typed into it, too."""

    def sent(box: Selectbox[str]) -> WidgetState:
        return WidgetState(id=box.id, string_value=str(box.format_func(box.value)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Selectbox, "_widget_state", property(sent))
        yield


def _opened(**link: str) -> AppTest:
    return opened("signal", **{**SMALL, **link})


def _words(app: AppTest) -> str:
    """Return what the page says, as plain text; names hold no breaks between words."""
    html = re.sub("<style>.*?</style>", "", said(app), flags=re.DOTALL)
    return bare(html).replace("\u2060", "")


def _headline(app: AppTest) -> str:
    return headline(app).replace("\u2060", "")


def _indexed(words: str) -> str:
    """Return words as a headline has them, whose indices stand low."""
    return words.replace("σ_", "σ")


def _key(app: AppTest) -> dict[str, str]:
    """Return each line's phrase by its name."""
    lines = re.findall(r"<li><i[^>]*>.</i> <b>(.*?)</b> (.*?)</li>", said(app))
    return {name.replace("\u2060", ""): phrase for name, phrase in lines}


def _cells(app: AppTest) -> dict[str, list[str]]:
    """Return the cells of the table's rows by the first line of their head."""
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', said(app))
    return {
        re.sub("<br>.*|</?b>", "", head).replace("\u2060", ""): re.findall(r"<td[^>]*>(.*?)</td>", row)
        for head, row in rows
    }


def _curves(app: AppTest) -> list[np.ndarray]:
    """Return the lines of a chart by layer, in the order of the schemes."""
    lines = [trace for trace in first_chart(app)["data"] if trace.get("mode") == "lines+markers"]
    return [decoded(line["y"]) for line in lines]


def _name(scheme: str, language: str = "en") -> str:
    """Return a scheme's name as charts and headlines have it, without the person."""
    return re.sub(r"\s*[(（].*?[)）]$", "", Text(language)(f"scheme.{scheme}.name"))


def _short(name: str, **facts: Any) -> str:
    return bare(EN(name, **facts))


# --- plain torch ------------------------------------------------------------------------------------------

TYPED = (
    "xavier_normal",
    "kaiming_normal",
    "normal",
    "normal(std=0.5)",
    "normal(std=0.0005)",
    "normal(std=0.3)",
    "constant(val=0.2)",
    "orthogonal",
    "zeros",
)
#: scheme → torch's own call
FILLS: Mapping[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "classic_uniform": lambda w: nn.init.kaiming_uniform_(w, a=math.sqrt(5)),
    **{name: CALLS[name] for name in TYPED},
}
LESSON = ("classic_uniform", "xavier_normal", "kaiming_normal")


class Plain(NamedTuple):
    """Networks written by hand, a seed each: (seeds, depth, samples, width), in float64."""

    h: torch.Tensor
    x: torch.Tensor
    slope: torch.Tensor
    #: of Σ g·h in the last layer, by autograd through the whole network
    gradient: torch.Tensor

    def rms(self, values: torch.Tensor) -> np.ndarray:
        """(seeds, depth)"""
        return values.square().mean((2, 3)).sqrt().numpy()


@cache
def _plain(
    scheme: str,
    activation: str = "relu",
    *,
    depth: int = 30,
    width: int = 48,
    seeds: tuple[int, ...] = (40, 41, 42),
    samples: int = 4,
    scale: float = 1.0,
    dtype: torch.dtype = torch.float32,
) -> Plain:
    found: list[list[torch.Tensor]] = [[], [], [], []]
    phi = {"relu": torch.relu, "tanh": torch.tanh, "linear": lambda z: z * 1, "sigmoid": torch.sigmoid}
    for seed in seeds:
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            x = torch.empty(samples, width, dtype=dtype).normal_() * scale
            hs, xs = [], []
            for _ in range(depth):
                h = F.linear(x, FILLS[scheme](torch.empty(width, width, dtype=dtype)))
                h.requires_grad_() if not hs else h.retain_grad()
                x = phi[activation](h)
                hs.append(h)
                xs.append(x)
            back = torch.empty(samples, width, dtype=dtype).normal_()
        hs[-1].backward(back)
        slopes = []
        for h in hs:
            z = h.detach().requires_grad_()
            (slope,) = torch.autograd.grad(phi[activation](z).sum(), z)
            slopes.append(slope)
        for into, values in zip(found, (hs, xs, slopes, [h.grad for h in hs]), strict=True):
            into.append(torch.stack([value.detach().double() for value in values]))
    return Plain(*(torch.stack(values) for values in found))


NET = {"depth": "30", "width": "48", "seeds": "3", "samples": "4"}


def _middle(rms: np.ndarray) -> np.ndarray:
    """Return the geometric mean over seeds, (depth,)."""
    return np.exp(np.log(rms).mean(0))


def _first(where: np.ndarray) -> int:
    """Return the first place, counted from 1, where it is so."""
    assert where.any()
    return int(np.flatnonzero(where)[0]) + 1


# --- every view -------------------------------------------------------------------------------------------


@languages
@sights
@pytest.mark.parametrize("rows", ["", MANY])
def test_every_view_stands_in_every_language(rows: str, sight: str, language: str) -> None:
    app = _opened(sight=sight, lang=language, **({"rows": rows} if rows else {}))
    stands(app)
    assert refusals(app) == []
    t = Text(language)
    assert t("nav.signal") in menu(app)
    assert [tab.label for tab in app.tabs] == [t(f"tab.{name}") for name in SIGHTS]
    assert _headline(app)
    if sight in CHARTS:
        assert len(app.get("plotly_chart")) == 1


@sights
def test_schemes_without_theory_have_every_view(sight: str) -> None:
    app = _opened(sight=sight, rows="constant-eye")
    stands(app)
    assert refusals(app) == []
    assert app.get("plotly_chart") or sight not in RUN or sight == "figures"


@sights
def test_one_layer_one_unit_one_seed_and_one_input_break_no_view(sight: str) -> None:
    app = _opened(sight=sight, depth="1", width="1", seeds="1", samples="1")
    stands(app)
    assert refusals(app) == []


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_has_its_run_and_its_theory(activation: str) -> None:
    for sight in ("gradient", "chaos"):
        app = _opened(activation=activation, sight=sight, bias="normal", rows="kaiming_normal-orthogonal")
        stands(app)
        assert refusals(app) == []
        assert activation in _headline(app)


@pytest.mark.parametrize(
    "link",
    [
        *({"measure": measure} for measure in MEASURES),
        *({"sight": "layers", "picture": picture} for picture in ("ridges", "map")),
        *({"sight": "correlation", "between": between} for between in ("samples", "units")),
        *({"input": kind, "input_scale": "3"} for kind in core.signal.INPUTS),
        *({"bias": bias, "sight": "gradient"} for bias in ("none", "torch", "normal")),
        *({"dtype": dtype, "sight": "figures"} for dtype in ("float16", "bfloat16", "float64")),
        {"seed": "4294967295"},
        {"rows": "zeros-zeros-zeros", "sight": "correlation"},
        {"rows": "normal(std=1e10)-normal(std=1e-10)", "sight": "gradient"},
        {"rows": "normal(std=1e10)-normal(std=1e-10)", "sight": "chaos"},
        {"rows": "normal(std=1e10)", "sight": "saturation", "dtype": "bfloat16"},
        {"rows": "normal(std=1e20)", "sight": "maps"},
        *({"activation": "z^3", "measure": measure, "depth": "50"} for measure in MEASURES),
        {"bias": "normal", "sigma_b": "1000", "sight": "chaos"},
        {"bias": "normal", "sigma_b": "0", "sight": "maps"},
    ],
    ids=str,
)
def test_every_choice_stands(link: dict[str, str]) -> None:
    app = _opened(**link)
    stands(app)
    assert refusals(app) == []
    for name, value in link.items():
        if name != "sigma_b" and TABLE[name].default != TABLE[name].parse(value):
            assert query(app)[name] == str(TABLE[name].parse(value)) or name == "input_scale"


def test_first_sight_is_a_question_with_few_controls_and_its_answer() -> None:
    app = opened("signal")
    stands(app)
    assert query(app) == {}
    fields = [*app.selectbox, *app.text_input]
    assert [field.key for field in app.text_input] == ["depth", "width", "seed"]
    assert len(fields) + 1 <= 6  # and the drawer with the schemes
    assert own_buttons(app) == {"redraw"}
    # a chart of three lines with their bands and theory; a moved control sends no more of it
    assert len(app.get("plotly_chart")[0].proto.spec) < 60_000
    halves = {"classic_uniform": 1 / math.sqrt(6), "xavier_normal": math.sqrt(1 / 2)}
    headline = _headline(app)
    assert EN("signal.signal.kept", name=_name("kaiming_normal")) in headline
    for scheme, rate in halves.items():  # by theory; seeds differ by less than a layer
        place = math.ceil(1 + math.log(1000) / -math.log(rate))
        words = [EN("signal.signal.vanishes", name=_name(scheme), place=place + off) for off in (-1, 0, 1)]
        assert any(each in headline for each in words)


# --- what became of the signal ----------------------------------------------------------------------------


def test_the_headline_names_the_layer_in_which_the_signal_is_lost() -> None:
    app = _opened(**NET)
    headline = _headline(app)
    for scheme in LESSON[:2]:
        course = _middle(_plain(scheme).rms(_plain(scheme).x))
        place = _first(course < course[0] / 1000)
        assert EN("signal.signal.vanishes", name=_name(scheme), place=place) in headline
    kept = _middle(_plain(LESSON[2]).rms(_plain(LESSON[2]).x))
    assert np.abs(np.log(kept / kept[0])).max() < math.log(2)
    assert EN("signal.signal.kept", name=_name("kaiming_normal")) in headline


@pytest.mark.parametrize("measure", MEASURES)
def test_the_lines_are_the_geometric_means_with_their_band(measure: str) -> None:
    app = _opened(**NET, measure=measure)
    bands = [trace for trace in first_chart(app)["data"] if trace.get("fill") == "toself"]
    part, kind = measure.split("_")
    for scheme, curve, band in zip(LESSON, _curves(app), bands, strict=True):
        net = _plain(scheme)
        values = net.x if part == "activation" else net.h
        squares = values.square().mean((2, 3)) if kind == "rms" else values.var(3, correction=0).mean(2)
        logs = np.log(squares.numpy()) / (2 if kind == "rms" else 1)
        np.testing.assert_allclose(curve, np.exp(logs.mean(0)), rtol=1e-6)
        spread = logs.std(0, ddof=1)
        low, high = np.split(decoded(band["y"]), 2)
        np.testing.assert_allclose(low, np.exp(logs.mean(0) - spread), rtol=1e-6)
        np.testing.assert_allclose(high[::-1], np.exp(logs.mean(0) + spread), rtol=1e-6)


@pytest.mark.parametrize("measure", ["activation_variance", "preactivation_variance"])
def test_a_variance_is_spoken_of_in_its_own_units(measure: str) -> None:
    """It falls a thousandfold where its root has fallen by √1000, and ends at its square."""
    app = _opened(**NET, measure=measure)
    for scheme in LESSON[:2]:
        net = _plain(scheme)
        values = net.x if measure.startswith("activation") else net.h
        course = _middle(values.var(3, correction=0).mean(2).numpy())
        place = _first(course < course[0] / 1000)
        assert EN("signal.signal.vanishes", name=_name(scheme), place=place) in _headline(app)


def test_what_falls_is_said_in_units_of_the_first_layer() -> None:
    app = _opened(**{**NET, "depth": "9"}, measure="activation_variance", rows="xavier_normal")
    net = _plain("xavier_normal", depth=9)
    course = _middle(net.x.var(3, correction=0).mean(2).numpy())
    (factor,) = re.findall(r"0\.0\d+", _headline(app))
    assert float(factor) == pytest.approx(course[-1] / course[0], rel=0.06)


def test_a_steady_rate_and_an_end_are_said_beside_the_lines() -> None:
    app = _opened(**NET, activation="linear")
    phrases = _key(app)
    assert list(phrases) == [_name(scheme) for scheme in LESSON]
    for scheme in LESSON[::2]:
        course = _middle(_plain(scheme, "linear").rms(_plain(scheme, "linear").x))
        rate = (course[-1] / course[0]) ** (1 / 29)
        said_rate = float(re.findall(r"[\d.]+", phrases[_name(scheme)])[0])
        assert said_rate == pytest.approx(rate, rel=0.005)
    phrases = _key(_opened(**NET, activation="tanh"))
    course = _middle(_plain("xavier_normal", "tanh").rms(_plain("xavier_normal", "tanh").x))
    assert float(re.findall(r"[\d.]+", phrases[_name("xavier_normal")])[-1]) == pytest.approx(
        course[-1], rel=0.05
    )


def test_an_explosion_and_an_overflow_are_placed_where_plain_torch_has_them() -> None:
    half = {"dtype": torch.float16, "scale": 300.0}
    app = _opened(**NET, rows="normal-normal(std=0.3)-kaiming_normal", dtype="float16", input_scale="300")
    for scheme, name in (("normal", "Normal"), ("normal(std=0.3)", "Normal, std = 0.3")):
        rms = _plain(scheme, **half).rms(_plain(scheme, **half).x)
        place = _first(~np.isfinite(rms).all(0))
        assert _key(app)[name] == EN("signal.overflow_from", place=place)
        course = _middle(rms[:, : place - 1])
        words = "overflows"
        if (course > 1000 * course[0]).any():
            words, place = "explodes", _first(course > 1000 * course[0])
        assert EN(f"signal.signal.{words}", name=name, place=place, dtype="float16") in _headline(app)
    assert "float16" in _headline(app)
    app = _opened(**NET, rows="normal")
    course = _middle(_plain("normal").rms(_plain("normal").x))
    assert EN("signal.signal.explodes", name="Normal", place=_first(course > 1000 * course[0])) in _headline(
        app
    )


def test_a_signal_that_the_dtype_rounds_to_nothing_is_0_from_there_on() -> None:
    app = _opened(**NET, rows="normal(std=0.0005)-zeros", dtype="float16")
    phrases = _key(app)
    assert phrases["Zeros"] == EN("signal.zero_from", place=1)
    assert EN("signal.signal.lost", name="Zeros") in _headline(app)
    net = _plain("normal(std=0.0005)", dtype=torch.float16)
    place = _first((net.rms(net.x) == 0).any(0))
    assert phrases["Normal, std = 0.0005"] == EN("signal.zero_from", place=place)
    curve = _curves(app)[0]
    assert np.isfinite(curve[: place - 1]).all()
    assert np.isnan(curve[place - 1 :]).all()
    # what is said of the dtype's least number is true of all that were there
    before, _, after = EN("signal.reading_dtype", dtype="float16", most="65504", least="§").partition("§")
    least = _words(app).partition(before)[2].partition(after)[0]
    mantissa, _, power = least.partition("×10")
    exponent = power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    smallest = float(net.x[net.x != 0].abs().min())
    assert float(mantissa) * 10.0 ** int(exponent or 0) <= 1.02 * smallest


def test_the_headline_names_the_layer_in_which_the_gradient_is_lost_on_its_way_back() -> None:
    app = _opened(**NET, sight="gradient")
    chart = first_chart(app)
    low, high = chart["layout"]["xaxis"]["range"]
    assert low > high  # it is read from the last layer to the first
    for scheme, curve in zip(LESSON, _curves(app), strict=True):
        course = _middle(_plain(scheme).rms(_plain(scheme).gradient))
        np.testing.assert_allclose(curve, course, rtol=2e-5)
        back = course[::-1]
        if scheme != "kaiming_normal":
            layer = 30 - (_first(back < back[0] / 1000) - 1)
            assert EN("signal.gradient.vanishes", name=_name(scheme), place=layer) in _headline(app)
    # the loss is taken from the last pre-activations: there the gradient is N(0, 1) itself
    assert _curves(app)[0][-1] == pytest.approx(1, abs=0.1)


def test_a_gradient_that_is_lost_is_0_from_there_down() -> None:
    """A tanh is flat where weights are so large; zeros let no signal get as far as to have a gradient."""
    app = _opened(**NET, sight="gradient", rows="zeros-normal(std=1e7)", activation="tanh")
    assert _key(app)["Zeros"] == EN("signal.no_signal", place=1)
    assert EN("signal.gradient.silent", name="Zeros", place=1) in _headline(app)
    assert list(_key(app).values())[1] == EN("signal.zero_down", place=29)
    for curve in _curves(app):
        assert np.isfinite(curve).tolist() == [False] * 29 + [True]


def test_a_gradient_that_explodes_is_placed_too() -> None:
    app = _opened(**NET, sight="gradient", rows="normal")
    course = _middle(_plain("normal").rms(_plain("normal").gradient))[::-1]
    layer = 30 - (_first(course > 1000 * course[0]) - 1)
    assert EN("signal.gradient.explodes", name="Normal", place=layer) in _headline(app)


def test_theory_is_the_closed_form_that_halves() -> None:
    """Relu hands on half the mean square, and half of what comes back, q₁ being σ_w²."""
    app = _opened(**{**NET, "depth": "6"}, sight="figures")
    cells = _cells(app)
    for layer in (1, 2, 3, 5, 6):
        theory = [float(re.findall("<i>(.*?)</i>", cell)[0]) for cell in cells[str(layer)]]
        expected = [(variance / 2) ** (layer / 2) for variance in (1 / 3, 1, 2)]
        assert theory == pytest.approx(expected, rel=6e-4)
    for sight, first in (("forward", 1), ("gradient", 0)):
        chart = first_chart(_opened(**{**NET, "depth": "6"}, sight=sight))
        dashed = [decoded(t["y"]) for t in chart["data"] if t.get("line", {}).get("dash")]
        for course, variance in zip(dashed, (1 / 3, 1, 2), strict=True):
            halves = [(variance / 2) ** ((first + layer) / 2) for layer in range(6)]
            np.testing.assert_allclose(course, halves if sight == "forward" else halves[::-1], rtol=1e-9)


def test_a_variance_s_theory_takes_the_mean_away() -> None:
    """Of relu's activations: q/2 − q/(2π); of pre-activations, whose mean is 0: q."""
    for measure, of in (("activation_variance", 0.5 - 0.5 / math.pi), ("preactivation_variance", 1.0)):
        chart = first_chart(_opened(measure=measure))
        dashed = [decoded(t["y"]) for t in chart["data"] if t.get("line", {}).get("dash")]
        for course, variance in zip(dashed, (1 / 3, 1, 2), strict=True):
            q = [variance * (variance / 2) ** layer for layer in range(7)]
            np.testing.assert_allclose(course, of * np.array(q), rtol=1e-9)


def test_weights_with_a_mean_have_no_theory_and_the_page_says_so() -> None:
    app = _opened(rows="ones-kaiming_normal")
    assert len([t for t in first_chart(app)["data"] if t.get("line", {}).get("dash")]) == 1
    assert _short("signal.reading_silent") in _words(app)
    assert _short("signal.reading_silent") not in _words(_opened())


# --- flat slopes, each layer, correlation -----------------------------------------------------------------


def _percents(words: str) -> list[float]:
    return [float(number) for number in re.findall("([\\d.]+)\u00a0%", words)]


def test_flat_slopes_are_counted_and_the_worst_layer_is_named() -> None:
    rows = "normal(std=0.5)-xavier_normal"
    app = _opened(**NET, sight="saturation", activation="tanh", rows=rows)
    shares = [
        (_plain(scheme, "tanh").slope.abs() < 0.01).double().mean((2, 3)).mean(0).numpy()
        for scheme in rows.split("-")
    ]
    for share, curve in zip(shares, _curves(app), strict=True):
        np.testing.assert_allclose(curve, share, atol=1e-9)
    layer, share = int(shares[0].argmax()) + 1, shares[0].max()
    assert share > 0.1
    headline = _headline(app)
    most, least = _percents(headline)
    assert most == pytest.approx(100 * share, abs=0.51)
    assert least == pytest.approx(100 * shares[1].max(), abs=0.051)
    assert f"layer {layer} " in headline or f"layer {layer}." in headline or f"layer {layer}," in headline
    assert headline.index("Normal, std = 0.5") < headline.index(_name("xavier_normal"))
    assert _percents(_key(app)["Normal, std = 0.5"])[0] == pytest.approx(100 * shares[0][-1], abs=0.51)


def test_dead_units_are_those_flat_for_every_input() -> None:
    app = _opened(**NET, sight="saturation", rows="xavier_normal")
    flat = _plain("xavier_normal").slope == 0
    dead = float(flat.all(2).double().mean(2).mean(0)[-1])
    assert dead > 0.1
    assert _percents(_words(app).partition("30,")[2])[0] == pytest.approx(100 * dead, abs=0.51)


def test_activations_near_0_are_counted_in_the_last_layer() -> None:
    app = _opened(**NET, sight="layers")
    width = 4 / 81  # half a bin of 81 over ±4 input RMS
    shares = [float((_plain(s).x[0, -1].abs() <= width).double().mean()) for s in LESSON]
    headline = _headline(app)
    assert _percents(headline) == pytest.approx([100 * share for share in shares], abs=0.51)
    assert str(round(width, 3)) in headline


def test_all_units_of_a_constant_network_say_the_same() -> None:
    app = _opened(**NET, sight="correlation", between="units", rows="constant(val=0.2)-xavier_normal")
    constant, drawn = _curves(app)
    assert constant == pytest.approx(np.ones(30), abs=1e-9)
    assert np.nanmax(drawn) < 0.9
    assert EN("signal.alike_part", name="Constant, val = 0.2", value="1") in _headline(app)
    assert EN("signal.same_units", names="Constant, val = 0.2") in _words(app)


@pytest.mark.parametrize("between", ["samples", "units"])
def test_correlations_are_those_of_every_pair(between: str) -> None:
    app = _opened(**{**NET, "depth": "5"}, sight="correlation", between=between, activation="tanh")
    for scheme, curve in zip(LESSON, _curves(app), strict=True):
        h = _plain(scheme, "tanh", depth=5).h[0]  # of the first seed
        for layer, known in enumerate(curve):
            rows = h[layer] if between == "samples" else (h[layer] - h[layer].mean(0)).T
            cosines = [float(torch.cosine_similarity(a, b, dim=0)) for a, b in combinations(rows, 2)]
            assert known == pytest.approx(np.mean(cosines), abs=1e-6)
        (value,) = re.findall(rf"(\S+) with {re.escape(_name(scheme))}", _headline(app))
        assert read(value) == pytest.approx(curve[-1], rel=5e-3, abs=0)


def test_two_alike_inputs_stay_alike_by_theory_under_relu() -> None:
    """c ↦ (√(1 − c²) + (π − arccos c)·c)/π (Cho & Saul 2009), from pixels' 3/4 on."""
    chart = first_chart(_opened(sight="correlation", input="pixels"))
    dashed = [decoded(t["y"]) for t in chart["data"] if t.get("line", {}).get("dash")]
    c, path = 0.75, []
    for _ in range(7):
        path.append(c)
        c = (math.sqrt(1 - c * c) + (math.pi - math.acos(c)) * c) / math.pi
    for course in dashed:
        np.testing.assert_allclose(course, path, rtol=1e-8)


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
    app = _opened(activation=activation, **WITH_BIAS)
    cells = _cells(app)
    for scheme, (phase, *expected) in BY_HAND[activation].items():
        sigma_w2, *numbers = (math.inf if c == "∞" else float(c) for c in cells[_name(scheme)])
        assert sigma_w2 == pytest.approx(
            {"classic_uniform": 1 / 3, "xavier_normal": 1}.get(scheme, 2), rel=2e-3
        )
        assert numbers == pytest.approx(expected, rel=6e-3)
        assert re.search(
            rf"{re.escape(_name(scheme))}<br><i>{EN(f'chaos.phase.{phase}')}</i>",
            said(app).replace("\u2060", ""),
        )
        assert EN(f"chaos.{phase}_part", name=_name(scheme), value=f"{sigma_w2:.3g}") in _headline(app)


@pytest.mark.parametrize(("activation", "edge"), [("tanh", "1"), ("relu", "2"), ("linear", "1")])
def test_the_edge_without_a_bias_is_where_the_papers_have_it(activation: str, edge: str) -> None:
    app = _opened(activation=activation, sight="chaos")
    assert _indexed(EN("chaos.turns", activation=activation, floor="0", edge=edge)) in _headline(app)
    chart = first_chart(app)
    line = next(t for t in chart["data"] if t.get("line", {}).get("color") == LIGHT.ink)
    x, y = decoded(line["x"]), decoded(line["y"])
    assert (x[0], y[0]) == (pytest.approx(float(edge), abs=1e-6), 0)
    dots = [(t["x"][0], t["y"][0]) for t in chart["data"] if t.get("mode") == "markers"]
    assert dots == [(pytest.approx(v), 0) for v in (1 / 3, 1, 2)]


def test_the_maps_name_their_lines_below() -> None:
    for rows in ("", MANY):
        app = _opened(sight="maps", **({"rows": rows} if rows else {}))
        (marks,) = re.findall('<p class="lab-marks">(.*?)</p>', said(app))
        lines = [
            t
            for t in first_chart(app)["data"]
            if t.get("mode") != "markers" and t["line"]["color"] != LIGHT.ink2
        ]
        colours = [LIGHT.series.index(line["line"]["color"]) + 1 for line in lines[::2]]
        assert list(map(int, re.findall(r"--series(\d)", marks))) == colours


def test_a_scheme_without_theory_has_its_line_in_the_table() -> None:
    app = _opened(sight="chaos", rows="ones-xavier_normal")
    assert _cells(app)["Ones"] == [EN("chaos.silent")]
    assert len(_cells(app)[_name("xavier_normal")]) == 5


@pytest.mark.parametrize("sight", ["maps", "chaos"])
@pytest.mark.parametrize("rows", ["ones", "constant-eye"])
def test_where_no_scheme_has_a_theory_the_activation_is_not_blamed(rows: str, sight: str) -> None:
    """Relu's means are known; it is the weights that have none, or no chance."""
    app = _opened(sight=sight, rows=rows)
    stands(app)
    assert EN("chaos.unknown", activation="relu") not in _words(app)


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


def _sine_s_slope() -> str:
    """Of E[sin²(√q z)] = (1 − e^(−2q))/2, in units of its value at 1."""
    return f"{2 * math.exp(-2) / (1 - math.exp(-2)):.4f}"


@pytest.mark.parametrize("activation", SQUARES)
def test_gains_are_the_closed_forms(activation: str) -> None:
    app = _opened(sight="gains", activation=activation)
    forward, backward = map(_gain, SQUARES[activation])
    cells = _cells(app)
    # the length map's slope where the gain holds it: q ↦ q, but q² where φ is squared
    slope = {"max(z,0)^2": "2.000", "erf": _erf_s_slope(), "sin(z)": _sine_s_slope()}.get(activation, "1.000")
    assert cells[activation][1:4] == [forward, backward, slope]
    headline = _headline(app)
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
    # each is on the list, a visitor's own on top
    assert list(cells) == [*([activation] if activation not in ACTIVATIONS else []), *ACTIVATIONS]


def test_gains_of_selu_and_tanh_are_the_papers_and_not_torch_s() -> None:
    cells = _cells(_opened(sight="gains"))
    assert cells["selu"][:2] == ["0.7500", "1.000"]  # it was made to hold 1 (Klambauer et al. 2017)
    forward = integrate.quad(lambda z: math.tanh(z) ** 2 * math.exp(-z * z / 2), -12, 12)[0]
    assert cells["tanh"][:2] == ["1.667", _gain(forward / math.sqrt(2 * math.pi))]
    words = _headline(_opened(sight="gains", activation="tanh"))
    assert words.startswith(
        EN(
            "gains.differs",
            activation="tanh",
            torch="1.667",
            forward=cells["tanh"][1],
            backward=cells["tanh"][2],
        )[:20]
    )


# --- a visitor's own activation ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "sight"),
    [
        *(("z*sigmoid(1.702*z)", sight) for sight in SIGHTS),
        *(
            (formula, sight)
            for formula in ("max(z, 0)^2", "sin(z)")
            for sight in ("gradient", "maps", "chaos")
        ),
    ],
)
def test_a_formula_has_every_view(formula: str, sight: str) -> None:
    app = _opened(sight=sight, activation=formula)
    stands(app)
    assert refusals(app) == []
    own = formula.replace(" ", "")
    assert query(app)["activation"] == own
    assert own in (_headline(app) + _words(app))
    if sight in CHARTS:
        assert len(app.get("plotly_chart")) == 1


def test_a_formula_s_gains_are_its_means() -> None:
    def gelu(z: float) -> float:
        return z / (1 + math.exp(-1.702 * z))

    square = integrate.quad(lambda z: gelu(z) ** 2 * math.exp(-z * z / 2), -12, 12)[0] / math.sqrt(
        2 * math.pi
    )
    assert _cells(_opened(sight="gains", activation="z*sigmoid(1.702*z)"))["z*sigmoid(1.702*z)"][1] == _gain(
        square
    )


def test_a_formula_that_is_an_activation_written_out_gives_the_same_numbers() -> None:
    for formula, own in (("max(z,0)", "relu"), ("z", "linear")):
        lines = [_curves(_opened(activation=activation, sight="gradient")) for activation in (formula, own)]
        np.testing.assert_array_equal(*lines)


@pytest.mark.parametrize("own", [0, 1, 2])
def test_formulas_to_try_are_one_click_away_and_relu_too(own: int) -> None:
    app = _opened(sight="gains")
    button = app.button(key=f"own_{own}")
    formula = button.label.strip("`").replace(" ", "")
    button.click().run()
    assert query(app)["activation"] == formula
    assert refusals(app) == []
    assert formula in _headline(app)
    app.button(key="own_back").click().run()
    assert "activation" not in query(app)


#: formulas whose means cannot be had at any length, at some, or up to q = 2, and one that is nearly a step
THEORYLESS = ("cos(1e9*z)", "sin(30*z)", "exp(z^2/8)")


@pytest.mark.parametrize(
    ("formula", "sight"),
    [
        *(
            (formula, sight)
            for formula in THEORYLESS
            for sight in ("gradient", "correlation", "maps", "chaos")
        ),
        ("cos(1e9*z)", "gains"),
        ("cos(1e9*z)", "forward"),
        ("tanh(1e6*z)", "chaos"),
    ],
)
def test_a_formula_without_theory_stands_all_the_same(formula: str, sight: str) -> None:
    app = _opened(sight=sight, activation=formula, rows="xavier_normal-kaiming_normal", depth="3")
    stands(app)
    assert refusals(app) == []
    if sight in RUN:
        assert len(app.get("plotly_chart")) == 1
    assert "nan" not in _words(app)


def test_a_formula_without_theory_is_said_to_have_none() -> None:
    said = {
        "maps": "The maps of cos(1000000000*z) are out of reach: E[φ²] over N(0, q) ",
        "chaos": "The edge of chaos of cos(1000000000*z) is out of reach: it takes E[φ²] and E[φ′²] ",
        "gains": "Not every gain of cos(1000000000*z) can be had: over N(0, 1), E[φ²], E[φ′²] ",
    }
    for sight, words in said.items():
        assert _headline(_opened(sight=sight, activation="cos(1e9*z)")).startswith(words)
    # the weights are not to blame
    assert _short("signal.reading_silent") not in _words(_opened(activation="cos(1e9*z)"))


#: what is typed → the sentence's key, and its facts
BAD = {
    "": ("formula_empty", {}),
    "2z": ("formula_operator", {"left": "2", "right": "z", "column": 2}),
    "z z": ("formula_operator", {"left": "z", "right": "z", "column": 3}),
    "z+*2": ("formula_operand", {"column": 3}),
    "swoosh(z)": ("formula_name", {"word": "swoosh", "column": 1, "names": ", ".join(NAMES)}),
    "z.real": ("formula_name", {"word": "z.real", "column": 1, "names": ", ".join(NAMES)}),
    "z=3": ("formula_character", {"word": "=", "column": 2}),
    "elu(z,slope=1)": (
        "formula_keyword",
        {"word": "elu", "argument": "slope", "names": "input, alpha", "column": 1},
    ),
    "clamp(z,max=1,0)": ("formula_names", {}),
    "celu(z,0)": ("formula_parameter", {"word": "celu(z,0)", "function": "celu"}),
    "hardtanh(z,1,2,3)": (
        "formula_arguments",
        {"word": "hardtanh", "expected": "1–3", "found": 4, "column": 1},
    ),
    "sign(z)": ("formula_jump", {"z": 0}),
    "__import__('os')": ("formula_character", {"word": "'", "column": 12}),
    "z*x": ("formula_variables", {}),
    "1e999*z": ("formula_number", {"word": "1e999", "column": 1}),
    "(z": ("formula_bracket", {"word": "(", "column": 1}),
    "sin z": ("formula_call", {"word": "sin", "column": 1}),
    "3,5*z": ("formula_comma", {"column": 2}),
    "max(z)": ("formula_arguments", {"word": "max", "expected": 2, "found": 1, "column": 1}),
    "clip(z,2,1)": ("formula_bounds", {"word": "clip(z,2,1)"}),
    "z^z": ("formula_exponent", {"word": "z"}),
    "z^99": ("formula_power", {"word": "99", "most": 16}),
    "3": ("formula_constant", {}),
    "log(z)": ("formula_undefined", {"part": "log(z)", "argument": "z", "z": -30, "value": -30}),
    "1/z": ("formula_division", {"part": "z", "z": 0}),
    "sqrt(abs(z))": ("formula_slope", {"part": "sqrt(abs(z))", "z": 0}),
    "(" * 40 + "z" + ")" * 40: ("formula_deep", {"most": 32}),
    "+".join(["sin(z)"] * 30): ("formula_long", {"most": 200, "length": 201}),
    "abs(sin(50*z))": ("formula_breaks", {"most": 64}),
}


@pytest.mark.parametrize("typed", BAD)
def test_a_bad_formula_is_answered_and_relu_stays(typed: str) -> None:
    code, facts = BAD[typed]
    app = _opened(activation=typed)
    stands(app)
    (sentence,) = refusals(app)
    expected = EN(f"refused.{code}", **{"was": typed, "used": "relu", **facts})
    if code in {
        "formula_undefined",
        "formula_long",
        "formula_breaks",
        "formula_power",
    }:  # numbers of core's own
        numberless = [re.sub(r"[−-]?\d+(\.\d+)?", "#", words) for words in (sentence, expected)]
        assert numberless[0] == numberless[1]
    else:
        assert sentence == expected
    assert "activation" not in query(app)
    assert app.session_state["activation"] == typed[: TABLE["activation"].max_chars]  # to be mended
    assert _curves(app)[0] == pytest.approx(_curves(_opened())[0], abs=0)


def test_a_formula_that_was_right_stays_in_force_while_the_next_is_wrong() -> None:
    app = _opened(activation="sin(z)")
    app.session_state["activation"] = "sin(z"
    app.run()
    stands(app)
    assert "sin(z)" in refusals(app)[0]
    assert query(app)["activation"] == "sin(z)"
    assert "sin(z)" in _headline(app)


def test_nothing_typed_is_sent_as_html() -> None:
    app = _opened(activation="<b>z</b>", rows="<i>x</i>", seeds="<u>1</u>")
    bodies = "".join(element.proto.body for element in app.get("html"))
    assert not [tag for tag in ("<b>z", "<i>x", "<u>1") if tag in bodies]
    app = _opened(activation="max(z,0)*(1+0*exp(-z^2))", sight="chaos")
    stands(app)


# --- what is refused --------------------------------------------------------------------------------------


def test_layers_of_a_scheme_s_own_are_left_out_with_a_sentence() -> None:
    rows = "xavier_normal.7x5-kaiming_normal-zeros.9x9"
    app = _opened(rows=rows)
    stands(app)
    assert refusals(app) == [EN("refused.signal_fans", was="xavier_normal.7x5")]
    assert query(app)["rows"] == "xavier_normal-kaiming_normal-zeros"
    assert list(_key(app)) == [_name("xavier_normal"), _name("kaiming_normal"), "Zeros"]


class Counted:
    """Runs are counted, and made small, so that none takes long."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, small: bool = False) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        real = core.signal.trace

        def counted(scheme: str, activation: str, **given: Any) -> SignalTrace:
            self.calls.append((scheme, given))
            if small:
                given = {**given, "width": 2, "batch": 2, "seeds": [0, 1], "progress": None}
            return real(scheme, activation, **given)

        monkeypatch.setattr(core.signal, "trace", counted)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch)


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counted]:
    signals.job.clear()
    yield Counted(monkeypatch, small=True)
    signals.job.clear()  # what was pretended is no run's result


#: Weights over all seeds, multiplications, numbers kept; a scheme that torch draws in steps counts 32-fold
LIMITS = {"signal_weights": 2**33, "signal_products": 2**40, "signal_kept": 2**25}
#: A size at a limit, and what takes it over
OVER = [
    ({"depth": "128", "width": "2048", "seeds": "16", "samples": "128"}, {}, ""),
    ({"depth": "128", "width": "2048", "seeds": "17", "samples": "1"}, {}, "signal_weights"),
    ({"depth": "128", "width": "2048", "seeds": "16", "samples": "129"}, {}, "signal_products"),
    ({"depth": "32", "width": "1024", "seeds": "1", "samples": "1024"}, {}, ""),
    ({"depth": "33", "width": "1024", "seeds": "1", "samples": "1024"}, {}, "signal_kept"),
    ({"depth": "64", "width": "512", "seeds": "16", "samples": "1"}, {"rows": "trunc_normal"}, ""),
    (
        {"depth": "64", "width": "512", "seeds": "17", "samples": "1"},
        {"rows": "trunc_normal"},
        "signal_weights",
    ),
    ({"depth": "200", "width": "2048", "seeds": "50", "samples": "1024"}, {}, "signal_weights"),
]


@pytest.mark.parametrize(("size", "more", "code"), OVER, ids=str)
def test_a_run_too_large_is_refused_before_anything_is_drawn(
    size: dict[str, str], more: dict[str, str], code: str, pretended: Counted
) -> None:
    app = _opened(**size, **more, seed="4242")
    stands(app)
    for _, run in pretended.calls:
        weights = run["depth"] * run["width"] ** 2 * len(run["seeds"])
        assert weights <= LIMITS["signal_weights"]
        assert weights * run["batch"] <= LIMITS["signal_products"]
        assert run["depth"] * run["width"] * run["batch"] <= LIMITS["signal_kept"]
    assert len(pretended.calls) == (1 if more else 3)
    if not code:
        assert refusals(app) == []
        return
    (sentence,) = refusals(app)
    depth, width, seeds, samples = map(int, size.values())
    weights = depth * width**2 * seeds
    amounts = {"weights": weights, "products": weights * samples, "kept": depth * width * samples}
    n = amounts[code.removeprefix("signal_")]
    limit = LIMITS[code] // (32 if more else 1)
    used = sentence.partition(count(limit))[2]
    assert sentence.startswith(
        EN(f"refused.{code}", n=count(n), limit=count(limit), used="§").partition("§")[0]
    )
    # what is used instead is named, and is in force
    kept = {name: query(app).get(name, str(TABLE[name].default)) for name in size}
    changed = {name for name in size if kept[name] != size[name]}
    assert changed
    assert all(f"{EN(f'control.{name}')} = {kept[name]}" in used for name in changed)


@pytest.mark.parametrize(
    ("rows", "kept", "out"),
    [
        ("kaiming_normal-dirac(groups=2)", "kaiming_normal", ["dirac(groups=2)"]),
        (
            "dirac-zeros-eye(a=1)-nothing-xavier_normal",
            "zeros-xavier_normal",
            ["dirac", "eye(a=1)", "nothing"],
        ),
        ("orthogonal-zeros-constant(val=70000)", "zeros", ["orthogonal", "constant(val=70000)"]),
    ],
)
def test_a_row_that_cannot_run_falls_out_alone_and_is_named(
    rows: str,
    kept: str,
    out: list[str],
    pretended: Counted,  # noqa: ARG001
) -> None:
    dtype = {"dtype": "float16"} if "70000" in rows else {}
    for language in LANGUAGES:
        app = _opened(rows=rows, lang=language, **dtype)
        stands(app)
        (sentence,) = refusals(app)
        assert all(f"“{row}”" in sentence for row in out)
        assert query(app)["rows"] == kept


REFUSED = [
    ({"rows": "dirac"}, "rows", "classic_uniform-xavier_normal-kaiming_normal"),
    ({"rows": "orthogonal", "dtype": "bfloat16"}, "dtype", "float32"),
    ({"rows": "constant(val=70000)", "dtype": "float16"}, "dtype", "float32"),
    ({"rows": "uniform(a=2,b=1)"}, "rows", ""),
    ({"rows": "kaiming"}, "rows", ""),
    ({"depth": "0"}, "depth", "50"),
    ({"depth": "201"}, "depth", "50"),
    ({"width": "2049"}, "width", "256"),
    ({"width": "1.5"}, "width", "256"),
    ({"seeds": "51"}, "seeds", "10"),
    ({"samples": "1025"}, "samples", "64"),
    ({"samples": "many"}, "samples", "64"),
    ({"input_scale": "0"}, "input_scale", "1"),
    ({"input_scale": "nan"}, "input_scale", "1"),
    ({"bias": "normal", "sigma_b": "-1"}, "sigma_b", "0.1"),
    ({"bias": "0.5"}, "bias", "none"),
    ({"input": "images"}, "input", "normal"),
    ({"measure": "mean"}, "measure", "activation_rms"),
    ({"sight": "backward"}, "sight", "forward"),
    ({"picture": "x"}, "picture", "ridges"),
    ({"between": "x"}, "between", "samples"),
]


@pytest.mark.parametrize(("link", "at", "used"), REFUSED, ids=str)
def test_every_objection_names_what_is_used_instead(
    link: dict[str, str],
    at: str,
    used: str,
    pretended: Counted,  # noqa: ARG001
) -> None:
    app = _opened(**link, lang=list(LANGUAGES)[len(str(link)) % 2], seed="77")
    stands(app)
    (sentence,) = refusals(app)
    assert used in sentence
    assert at not in query(app)
    assert app.get("plotly_chart")


def test_orthogonal_matrices_multiply_as_they_are_made(pretended: Counted) -> None:
    """A QR decomposition takes some four products of the matrix with itself."""
    size = {"depth": "16", "width": "512", "seeds": "32", "samples": "1"}  # 2²⁷ weights
    app = _opened(**size, rows="orthogonal", seed="4242")
    assert refusals(app) == []
    app = _opened(**{**size, "width": "1024", "depth": "8", "seeds": "32"}, rows="orthogonal", seed="4242")
    weights = 8 * 1024**2 * 32  # 2²⁸, and 2⁴⁰ products with 4 · 1024 rows
    assert weights * 4097 > 2**40
    assert refusals(app)[0].startswith(
        EN("refused.signal_products", n=count(weights * 4097), limit=count(2**40), used="§").partition("§")[0]
    )
    assert all(run["width"] < 1024 or run["depth"] < 8 for _, run in pretended.calls)


# --- links ------------------------------------------------------------------------------------------------

texts = st.text(max_size=12)
formulas = st.sampled_from(["tanh", "z^3", "sin(z", "cos(1e9*z)", "abs(z)", "exp(z)", "1e-30*z", "<b>", ""])
entries = st.sampled_from(
    [*FILLS, "dirac", "sparse", "eye.3x3", "normal(std=1e4)", "ones", "uniform(a=-1)", "normal(", "x", ""]
)
sizes = st.sampled_from(["1", "2", "5", "0", "-1", "x", "9"])
options = {
    name: st.sampled_from([*TABLE[name].options, "x"])
    for name in ("bias", "input", "measure", "picture", "between", "sight", "dtype", "device", "lang")
}
links = st.fixed_dictionaries(
    {"depth": sizes, "width": sizes, "seeds": sizes, "samples": sizes},
    optional={
        "activation": formulas | texts,
        "rows": st.lists(entries, max_size=9).map("-".join),
        "seed": st.sampled_from(["0", "4294967295", "4294967296"]),
        "sigma_b": st.sampled_from(["0", "1e3", "-1", "nan"]),
        "input_scale": st.sampled_from(["1e-6", "1e6", "0", "inf"]),
        "fan_in": texts,
        **options,
    },
)


@few
@given(link_=links)
def test_any_link_opens(link_: dict[str, str]) -> None:
    with _small():
        app = _opened(**link_)
        stands(app)
        again = _opened(**{**dict.fromkeys(SMALL, ""), **_sizes(app), **query(app)})
        assert query(again) == query(app)
        assert refusals(again) == [] or {"device"} & set(link_)


@few
@given(
    moves=st.lists(
        st.one_of(
            st.tuples(st.just("activation"), formulas),
            st.tuples(st.just("rows"), st.lists(entries, min_size=1, max_size=3).map("-".join)),
            st.tuples(st.sampled_from(["depth", "width", "seeds", "samples"]), sizes),
            *(
                st.tuples(st.just(name), st.sampled_from(TABLE[name].options))
                for name in ("sight", "measure", "bias", "dtype", "input", "picture", "between")
            ),
        ),
        min_size=2,
        max_size=5,
    )
)
def test_any_walk_through_the_controls_stands(moves: list[tuple[str, str]]) -> None:
    with _small():
        app = _opened()
        for name, value in moves:
            app.session_state[name] = value
            app.run()
            stands(app)


def _sizes(app: AppTest) -> dict[str, str]:
    return {name: query(app).get(name, str(TABLE[name].default)) for name in SMALL}


@contextlib.contextmanager
def _small() -> Iterator[None]:
    """Let no run have more than a few units, whatever it was asked for."""
    with pytest.MonkeyPatch.context() as patch:
        real = core.signal.trace

        def small(scheme: str, activation: str, **given: Any) -> SignalTrace:
            given = {**given, "width": min(given["width"], 9), "batch": min(given["batch"], 5)}
            return real(scheme, activation, **{**given, "seeds": given["seeds"][:3]})

        patch.setattr(core.signal, "trace", small)
        try:
            yield
        finally:
            signals.job.clear()  # these were not what was asked for


def test_a_link_reproduces_the_page() -> None:
    app = _opened(activation="tanh", rows="orthogonal-normal(std=0.5)-zeros", bias="torch", dtype="float64")
    app.text_input(key="depth").set_value("11").run()
    app.button(key="redraw").click().run()
    app.session_state["sight"] = "gradient"
    app.run()
    assert query(app) == {
        "v": "1",
        **SMALL,
        "depth": "11",
        "activation": "tanh",
        "rows": "orthogonal-normal(std=0.5)-zeros",
        "bias": "torch",
        "dtype": "float64",
        "seed": "41",
        "sight": "gradient",
    }
    again = opened("signal", **query(app))
    assert again.get("plotly_chart")[0].proto.spec == app.get("plotly_chart")[0].proto.spec
    assert _words(again) == _words(app)
    assert query(again) == query(app)


def test_what_no_run_reads_is_no_part_of_the_link() -> None:
    assert "sigma_b" not in query(_opened(sigma_b="3"))
    assert query(_opened(sigma_b="3", bias="normal"))["sigma_b"] == "3"
    sentences = refusals(_opened(fan_in="3"))
    assert sentences == [EN("refused.unknown", was="fan_in")]


# --- one run for all --------------------------------------------------------------------------------------


def test_the_second_visitor_of_a_link_runs_nothing(counted: Counted) -> None:
    link = {"seed": "90001"}
    _opened(**link)
    assert len(counted.calls) == 3
    for more in (
        {},
        {"lang": "zh"},
        {"measure": "preactivation_variance"},
        {"sight": "saturation"},
        {"sight": "layers"},
        {"sight": "correlation"},
        {"sight": "chaos"},
        {"sight": "code"},
    ):
        stands(_opened(**link, **more))
    assert len(counted.calls) == 3


def test_a_visitor_who_adds_a_scheme_causes_one_run(counted: Counted) -> None:
    app = _opened(seed="90002")
    assert [scheme for scheme, _ in counted.calls] == list(LESSON)
    app.session_state["schemes"] = True
    app.run()
    app.button(key="add").click().run()
    stands(app)
    assert [scheme for scheme, _ in counted.calls[3:]] == ["kaiming_uniform"]
    # so does one who takes it away again, or puts them in another order: none
    _opened(seed="90002", rows="kaiming_normal-kaiming_uniform")
    assert len(counted.calls) == 4


def test_what_needs_no_run_causes_none(counted: Counted) -> None:
    for sight in set(SIGHTS) - set(RUN):
        stands(_opened(sight=sight, seed="90003"))
    assert counted.calls == []


def test_a_run_is_asked_for_what_the_page_says(counted: Counted) -> None:
    _opened(
        seed="4294967295",
        activation="tanh",
        rows="normal(std=0.02)",
        bias="normal",
        sigma_b="0.25",
        input="pixels",
        input_scale="2",
        dtype="bfloat16",
        sight="gradient",
    )
    ((scheme, given_),) = counted.calls
    given_.pop("progress")
    assert scheme == "normal"
    assert given_.pop("mean", 0) == 0
    assert given_ == {
        "depth": 7,
        "width": 12,
        "seeds": [2**32 - 1, 0],  # after the last comes the first
        "batch": 3,
        "bias": 0.25,
        "input": "pixels",
        "input_scale": 2.0,
        "device": "cpu",
        "dtype": torch.bfloat16,
        "backward": True,
        "std": 0.02,
    }


def test_there_and_back_the_numbers_are_the_same() -> None:
    app = _opened()
    before = _curves(app)
    for sight in ("gradient", "figures", "saturation", "forward"):
        app.session_state["sight"] = sight
        app.run()
        stands(app)
        if sight == "figures":
            shown = [[re.sub("<br>.*", "", cell) for cell in row] for row in _cells(app).values()]
    np.testing.assert_array_equal(_curves(app), before)
    layers = (1, 2, 3, 5, 7)
    for row, layer in zip(shown, layers, strict=True):
        assert [float(cell) for cell in row] == pytest.approx(
            [course[layer - 1] for course in before], rel=6e-4
        )


# --- numbers to take along --------------------------------------------------------------------------------


@pytest.fixture
def file(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], str]]:
    """Return what the download button would hand over, once a page has shown it."""
    offered: dict[str, Callable[[], str]] = {}
    monkeypatch.setattr(
        streamlit,
        "download_button",
        lambda _label, data, *, file_name, **_: offered.update({file_name: data}),
    )
    return offered


def test_the_file_has_every_seed_and_layer_in_full(file: dict[str, Callable[[], str]]) -> None:
    rows = "normal(std=0.5)-constant(val=0.2)"
    app = _opened(sight="figures", rows=rows, activation="tanh", bias="normal", seed="7", depth="4")
    stands(app)
    read = list(csv.DictReader(io.StringIO(file["signal.csv"]())))
    assert len(read) == 2 * 2 * 4
    names = (
        *("preactivation_mean_square", "preactivation_variance"),
        *("activation_mean_square", "activation_variance"),
        *("gradient_mean_square", "saturated", "dead"),
    )
    for scheme, params, text in (
        ("normal", {"std": 0.5}, "normal(std=0.5)"),
        ("constant", {"val": 0.2}, "constant(val=0.2)"),
    ):
        traced = core.signal.trace(
            scheme, "tanh", depth=4, width=12, seeds=(7, 8), batch=3, bias=0.1, **params
        )
        for at, seed in enumerate((7, 8)):
            own = [row for row in read if (row["scheme"], row["seed"]) == (text, str(seed))]
            assert [row["layer"] for row in own] == ["1", "2", "3", "4"]
            for name in names:
                expected = getattr(traced, name)[at].tolist()
                assert [float(row[name]) for row in own] == expected  # to the last digit
        theory = [row["expected_preactivation_mean_square"] for row in read if row["scheme"] == text]
        if scheme == "constant":
            assert set(theory) == {""}
        else:
            assert float(theory[0]) == pytest.approx(12 * 0.25 + 0.01, rel=1e-12)


def test_the_script_on_the_page_prints_what_the_file_has(
    file: dict[str, Callable[[], str]], capsys: pytest.CaptureFixture[str]
) -> None:
    link = {"rows": "classic_uniform-kaiming_normal", "activation": "z*sigmoid(1.702*z)", "seed": "5"}
    _opened(sight="figures", **link)
    read = list(csv.DictReader(io.StringIO(file["signal.csv"]())))
    (code,) = (block.value for block in _opened(sight="code", **link).code)
    with torch.random.fork_rng([]):
        try:
            exec(code, {"__name__": "signal"})  # noqa: S102
        finally:
            torch.set_flush_denormal(False)
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [len(line) for line in printed].count(3) == 14
    for at, scheme in enumerate(("classic_uniform", "kaiming_normal")):
        assert printed[8 * at][0] == scheme
        for layer, *numbers in printed[8 * at + 1 : 8 * at + 8]:
            own = [row for row in read if (row["scheme"], row["layer"]) == (scheme, layer)]
            for number, name in zip(numbers, ("activation_mean_square", "gradient_mean_square"), strict=True):
                logs = [math.log(float(row[name])) / 2 for row in own]
                assert float(number) == pytest.approx(math.exp(sum(logs) / len(logs)), rel=1e-12)


# --- work that takes its time -----------------------------------------------------------------------------


class Slow:
    """A run that goes on until it is told to stop, or to end."""

    def __init__(self) -> None:
        self.begun, self.end, self.given_up = threading.Event(), threading.Event(), threading.Event()
        self.holds: list[weakref.ref[Any]] = []

    def __call__(self, progress: Callable[[int, int], bool | None]) -> str:
        held = torch.zeros(1 << 16)  # as a run holds its weights
        self.holds.append(weakref.ref(held))
        self.begun.set()
        for done in range(1, 10**6):
            if progress(min(done, 99), 100) is False:
                self.given_up.set()
                raise Cancelled
            if self.end.wait(0.005):
                break
        return f"{held.sum():g}"


def _until(what: Callable[[], bool]) -> bool:
    until = time.monotonic() + 3
    while not what() and time.monotonic() < until:
        time.sleep(0.005)
    return what()


def test_long_work_goes_on_as_long_as_someone_watches() -> None:
    work = Slow()
    job = _watched_and_left(work)
    assert _until(lambda: gc.collect() >= 0 and work.holds[0]() is None and job() is None)


def _watched_and_left(work: Slow) -> "weakref.ref[Job[str]]":
    """Watch a job as two visitors do, until both have left; return what is left of it."""
    forgotten: list[int] = []
    job: Job[str] = Job(100, work, quick=False, forget=lambda: forgotten.append(1))
    with job.watched():
        assert work.begun.wait(3)
        assert not job.wait(0.02)
        assert 1 < job.done < 100
        with job.watched():  # another visitor comes and goes
            assert forgotten == []
        assert not work.given_up.is_set()
    assert work.given_up.wait(3)  # the last has left
    assert forgotten == [1]
    with pytest.raises(Cancelled):
        job.result()
    return weakref.ref(job)


def test_work_that_ends_while_it_is_watched_is_kept() -> None:
    work, forgotten = Slow(), []
    job: Job[str] = Job(100, work, quick=False, forget=lambda: forgotten.append(1))
    with job.watched():
        work.end.set()
        assert job.wait(3)
    assert (job.result(), forgotten) == ("0", [])


def test_quick_work_is_done_at_once_in_its_asker_s_thread() -> None:
    threads = []
    job = Job(1, lambda _: threads.append(threading.get_ident()), quick=True, forget=list)
    assert job.wait(0)
    assert threads == [threading.get_ident()]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    """Let every run on the page take its time, until ``end`` is set."""
    work, real = Slow(), core.signal.trace

    def trace(scheme: str, activation: str, *, progress: Any, **given: Any) -> SignalTrace:
        work(progress)
        return real(scheme, activation, **given)

    monkeypatch.setattr(core.signal, "trace", trace)
    monkeypatch.setattr(signals, "QUICK", 0)
    monkeypatch.setattr(waiting, "PATIENCE", 0.0)
    monkeypatch.setattr(waiting, "LOOK", 0.02)
    yield work
    work.end.set()  # whatever goes on still


class Watcher:
    """What a visitor sees while the page waits, who may then press Cancel."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, then: Callable[[str], None]) -> None:
        self.seen: list[str] = []
        self.cancel: Callable[[], None] = lambda: None
        button, progress = streamlit.button, waiting._progress

        def noted(label: str, *, key: str = "", **more: Any) -> bool:
            if key == "cancel":
                self.cancel = more["on_click"]
            return button(label, key=key, **more)

        def looked(*of: Any) -> str:
            html = progress(*of)
            self.seen.append(html)
            then(html)
            return html

        monkeypatch.setattr(streamlit, "button", noted)
        monkeypatch.setattr(waiting, "_progress", looked)


@languages
def test_a_long_run_says_how_far_it_is_in_layers(
    language: str, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(html: str) -> None:
        if 'value="' in html:
            slow.end.set()

    watcher = Watcher(monkeypatch, end)
    app = _opened(seed=f"910{list(LANGUAGES).index(language)}0", lang=language, sight="gradient")
    stands(app)
    assert app.get("plotly_chart")
    t, n = Text(language), 3 * 2 * 7 * 2  # schemes, seeds, layers, both ways
    last = watcher.seen[-1]
    share = float(re.findall('value="(.*?)"', last)[0])
    (done,) = re.findall(
        re.escape(t("signal.waiting.some", done="@", n=count(n))).replace("@", r"(\d+)"), last
    )[:1]
    assert share == pytest.approx(int(done) / n, abs=0.001)
    assert all('aria-label="' in html for html in watcher.seen)
    assert "<progress" not in said(app)  # the headline has taken its place
    assert _headline(app)


def test_a_run_that_is_cancelled_gives_up_is_forgotten_and_can_be_run_after_all(
    slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(html: str) -> None:
        if 'value="' in html and not slow.end.is_set():  # it has begun
            watcher.cancel()
            streamlit.rerun()  # as pressing the button does

    watcher = Watcher(monkeypatch, stop)
    app = _opened(seed="91001", rows="normal-zeros")
    stands(app)
    layers = count(2 * 2 * 7)
    assert EN("signal.waiting.stopped", n=layers) in said(app)
    assert app.get("plotly_chart") == []
    assert slow.given_up.wait(3)
    assert query(app)["seed"] == "91001"
    # nothing is left of it: its memory, and its place in the cache; and nothing else was begun
    assert _until(lambda: gc.collect() >= 0 and all(held() is None for held in slow.holds))
    begun = len(slow.holds)
    assert begun <= 2
    app.run()  # still stopped
    assert EN("signal.waiting.stopped", n=layers) in said(app)
    assert len(slow.holds) == begun
    slow.end.set()
    (button,) = (button for button in app.button if button.key == "draw")
    assert button.label == EN("signal.waiting.draw")
    button.click().run()
    stands(app)
    assert len(slow.holds) == begun + 2
    assert app.get("plotly_chart")
    # what came of it is kept for the next visitor
    stands(_opened(seed="91001", rows="normal-zeros"))
    assert len(slow.holds) == begun + 2


def test_a_visitor_who_asks_for_something_else_is_not_kept_stopped(
    slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(html: str) -> None:
        if 'value="' in html:
            watcher.cancel()
            streamlit.rerun()

    with monkeypatch.context() as patched:
        watcher = Watcher(patched, stop)
        app = _opened(seed="91002", rows="normal")
    assert app.get("plotly_chart") == []
    slow.end.set()
    app.text_input(key="depth").set_value("3").run()
    stands(app)
    assert len(_curves(app)[0]) == 3


def test_a_run_that_fails_is_said_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for quick in (signals.QUICK, 0):
        monkeypatch.setattr(signals, "QUICK", quick)
        with monkeypatch.context() as patched:
            patched.setattr(core.signal, "trace", lambda *_, **__: 1 / 0)
            assert refusals(_opened(seed=f"9100{3 + bool(quick)}")) == [EN("error.unexpected")]
        stands(_opened(seed=f"9100{3 + bool(quick)}"))


def test_what_this_machine_cannot_hold_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> SignalTrace:
        raise SizeError("too much", code="size.signal", needed=2e12, memory=1e9)

    monkeypatch.setattr(core.signal, "trace", refuse)
    assert len(refusals(_opened(seed="91005"))) == 1
