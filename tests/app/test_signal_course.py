"""What the signal page says became of a signal and of its gradient is what plain torch gives."""

import math
import re

import numpy as np
import pytest
import torch

from pages.state.controls import MEASURES
from tests.support.charts import decoded
from tests.support.plain_signal import LESSON, NET, first_place, middle_of, plain_run
from tests.support.screen import first_chart
from tests.support.signal_page import EN, curves_of, headline_of, key_of, name_of, opened_small, words_of


def test_the_headline_names_the_layer_in_which_the_signal_is_lost() -> None:
    app = opened_small(**NET)
    headline = headline_of(app)
    for scheme in LESSON[:2]:
        course = middle_of(plain_run(scheme).rms(plain_run(scheme).x))
        place = first_place(course < course[0] / 1000)
        assert EN("signal.signal.vanishes", name=name_of(scheme), place=place) in headline
    kept = middle_of(plain_run(LESSON[2]).rms(plain_run(LESSON[2]).x))
    assert np.abs(np.log(kept / kept[0])).max() < math.log(2)
    assert EN("signal.signal.kept", name=name_of("kaiming_normal")) in headline


@pytest.mark.parametrize("measure", MEASURES)
def test_the_lines_are_the_geometric_means_with_their_band(measure: str) -> None:
    app = opened_small(**NET, measure=measure)
    bands = [trace for trace in first_chart(app)["data"] if trace.get("fill") == "toself"]
    part, kind = measure.split("_")
    for scheme, curve, band in zip(LESSON, curves_of(app), bands, strict=True):
        net = plain_run(scheme)
        values = net.x if part == "activation" else net.h
        squares = values.square().mean((2, 3)) if kind == "rms" else values.var(3, correction=0).mean(2)
        logs = np.log(squares.numpy()) / (2 if kind == "rms" else 1)
        np.testing.assert_allclose(curve, np.exp(logs.mean(0)), rtol=1e-6)
        spread = logs.std(0, ddof=1)
        low, high = np.split(decoded(band["y"]), 2)
        np.testing.assert_allclose(low, np.exp(logs.mean(0) - spread), rtol=1e-6)
        np.testing.assert_allclose(high[::-1], np.exp(logs.mean(0) + spread), rtol=1e-6)


@pytest.mark.parametrize(
    ("link", "named"),
    [
        ({"sight": "forward"}, 1),
        ({"sight": "gradient"}, 1),
        ({"sight": "correlation"}, 1),
        ({"sight": "correlation", "between": "units"}, 0),
        ({"sight": "saturation"}, 0),
        ({"sight": "forward", "rows": "uniform"}, 0),  # whose mean is not 0
    ],
)
@pytest.mark.parametrize(("language", "words"), [("en", "– – infinite width"), ("zh", "– – 无限宽理论")])
def test_a_dashed_line_is_said_to_be_of_infinite_width(
    link: dict[str, str], named: int, language: str, words: str
) -> None:
    chart = first_chart(opened_small(lang=language, **link))
    dashed = [trace for trace in chart["data"] if trace.get("line", {}).get("dash")]
    assert bool(dashed) == bool(named)
    labels = [note["text"] for note in chart["layout"]["annotations"]]
    assert [label for label in labels if label.startswith("– –")] == [words] * named


@pytest.mark.parametrize("measure", ["activation_variance", "preactivation_variance"])
def test_a_variance_is_spoken_of_in_its_own_units(measure: str) -> None:
    """It falls a thousandfold where its root has fallen by √1000, and ends at its square."""
    app = opened_small(**NET, measure=measure)
    for scheme in LESSON[:2]:
        net = plain_run(scheme)
        values = net.x if measure.startswith("activation") else net.h
        course = middle_of(values.var(3, correction=0).mean(2).numpy())
        place = first_place(course < course[0] / 1000)
        assert EN("signal.signal.vanishes", name=name_of(scheme), place=place) in headline_of(app)


def test_what_falls_is_said_in_units_of_the_first_layer() -> None:
    app = opened_small(**{**NET, "depth": "9"}, measure="activation_variance", rows="xavier_normal")
    net = plain_run("xavier_normal", depth=9)
    course = middle_of(net.x.var(3, correction=0).mean(2).numpy())
    (factor,) = re.findall(r"0\.0\d+", headline_of(app))
    assert float(factor) == pytest.approx(course[-1] / course[0], rel=0.06)


def test_a_steady_rate_and_an_end_are_said_beside_the_lines() -> None:
    app = opened_small(**NET, activation="linear")
    phrases = key_of(app)
    assert list(phrases) == [name_of(scheme) for scheme in LESSON]
    for scheme in LESSON[::2]:
        course = middle_of(plain_run(scheme, "linear").rms(plain_run(scheme, "linear").x))
        rate = (course[-1] / course[0]) ** (1 / 29)
        said_rate = float(re.findall(r"[\d.]+", phrases[name_of(scheme)])[0])
        assert said_rate == pytest.approx(rate, rel=0.005)
    phrases = key_of(opened_small(**NET, activation="tanh"))
    course = middle_of(plain_run("xavier_normal", "tanh").rms(plain_run("xavier_normal", "tanh").x))
    assert float(re.findall(r"[\d.]+", phrases[name_of("xavier_normal")])[-1]) == pytest.approx(
        course[-1], rel=0.05
    )


def test_an_explosion_and_an_overflow_are_placed_where_plain_torch_has_them() -> None:
    half = {"dtype": torch.float16, "scale": 300.0}
    app = opened_small(
        **NET, rows="normal-normal(std=0.3)-kaiming_normal", dtype="float16", input_scale="300"
    )
    for scheme, name in (("normal", "Normal"), ("normal(std=0.3)", "Normal, std = 0.3")):
        rms = plain_run(scheme, **half).rms(plain_run(scheme, **half).x)
        place = first_place(~np.isfinite(rms).all(0))
        assert key_of(app)[name] == EN("signal.overflow_from", place=place)
        course = middle_of(rms[:, : place - 1])
        words = "overflows"
        if (course > 1000 * course[0]).any():
            words, place = "explodes", first_place(course > 1000 * course[0])
        assert EN(f"signal.signal.{words}", name=name, place=place, dtype="float16") in headline_of(app)
    assert "float16" in headline_of(app)
    app = opened_small(**NET, rows="normal")
    course = middle_of(plain_run("normal").rms(plain_run("normal").x))
    assert EN(
        "signal.signal.explodes", name="Normal", place=first_place(course > 1000 * course[0])
    ) in headline_of(app)


def test_a_signal_that_the_dtype_rounds_to_nothing_is_0_from_there_on() -> None:
    app = opened_small(**NET, rows="normal(std=0.0005)-zeros", dtype="float16")
    phrases = key_of(app)
    assert phrases["Zeros"] == EN("signal.zero_from", place=1)
    assert EN("signal.signal.lost", name="Zeros") in headline_of(app)
    net = plain_run("normal(std=0.0005)", dtype=torch.float16)
    place = first_place((net.rms(net.x) == 0).any(0))
    assert phrases["Normal, std = 0.0005"] == EN("signal.zero_from", place=place)
    curve = curves_of(app)[0]
    assert np.isfinite(curve[: place - 1]).all()
    assert np.isnan(curve[place - 1 :]).all()
    # what is said of the dtype's least number is true of all that were there
    before, _, after = EN("signal.reading_dtype", dtype="float16", most="65504", least="§").partition("§")
    least = words_of(app).partition(before)[2].partition(after)[0]
    mantissa, _, power = least.partition("×10")
    exponent = power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    smallest = float(net.x[net.x != 0].abs().min())
    assert float(mantissa) * 10.0 ** int(exponent or 0) <= 1.02 * smallest


def test_the_headline_names_the_layer_in_which_the_gradient_is_lost_on_its_way_back() -> None:
    app = opened_small(**NET, sight="gradient")
    chart = first_chart(app)
    low, high = chart["layout"]["xaxis"]["range"]
    assert low > high  # it is read from the last layer to the first
    for scheme, curve in zip(LESSON, curves_of(app), strict=True):
        course = middle_of(plain_run(scheme).rms(plain_run(scheme).gradient))
        np.testing.assert_allclose(curve, course, rtol=2e-5)
        back = course[::-1]
        if scheme != "kaiming_normal":
            layer = 30 - (first_place(back < back[0] / 1000) - 1)
            assert EN(
                "signal.gradient.vanishes", name=name_of(scheme), place=layer, steps=30 - layer
            ) in headline_of(app)
    # the loss is taken from the last pre-activations: there the gradient is N(0, 1) itself
    assert curves_of(app)[0][-1] == pytest.approx(1, abs=0.1)


def test_a_gradient_that_is_lost_is_0_from_there_down() -> None:
    """A tanh is flat where weights are so large; zeros let no signal get as far as to have a gradient."""
    app = opened_small(**NET, sight="gradient", rows="zeros-normal(std=1e7)", activation="tanh")
    assert key_of(app)["Zeros"] == EN("signal.no_signal", place=1)
    assert EN("signal.gradient.silent", name="Zeros", place=1) in headline_of(app)
    assert list(key_of(app).values())[1] == EN("signal.zero_down", place=29)
    for curve in curves_of(app):
        assert np.isfinite(curve).tolist() == [False] * 29 + [True]


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_gradient_through_a_signal_that_overflowed_is_none(activation: str) -> None:
    """Inputs of size 10⁶ are past float16's largest number, 65 504."""
    link = {**NET, "sight": "gradient", "rows": "xavier_normal", "dtype": "float16", "input_scale": "1e6"}
    app = opened_small(**link, activation=activation)
    words = EN("signal.gradient.unknown", name=name_of("xavier_normal"), place=1)
    assert EN("signal.is.unknown", parts=words) in headline_of(app)
    assert list(key_of(app).values()) == [EN("signal.signal_overflows", place=1)]


def test_a_gradient_that_explodes_is_placed_too() -> None:
    app = opened_small(**NET, sight="gradient", rows="normal")
    course = middle_of(plain_run("normal").rms(plain_run("normal").gradient))[::-1]
    layer = 30 - (first_place(course > 1000 * course[0]) - 1)
    assert EN("signal.gradient.explodes", name="Normal", place=layer, steps=30 - layer) in headline_of(app)


@pytest.mark.parametrize(("size", "told"), [(2, False), (8, False), (64, True)])
def test_a_finite_width_s_correction_is_told_where_it_is_right(size: int, *, told: bool) -> None:
    """Hanin & Nica 2020 have e^(−5·depth/4·width) of theory, against relu networks drawn by torch."""
    draws, generator = 600, torch.Generator().manual_seed(7)
    x = torch.randn(draws, size, 1, generator=generator)
    for _ in range(size):
        h = torch.randn(draws, size, size, generator=generator) * math.sqrt(2 / size) @ x
        x = h.relu()
    course = (h.square().mean((1, 2)) / 2).sqrt()
    lower = math.exp(-5 / 4)
    assert (abs(float(course.log().mean().exp()) / lower - 1) < 0.1) == told
    app = opened_small(depth=str(size), width=str(size), rows="kaiming_normal")
    assert ("Hanin" in words_of(app)) == told
