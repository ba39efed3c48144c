"""What the signal page says of each layer is counted in plain torch: flat slopes, correlations."""

import re
from itertools import combinations

import numpy as np
import pytest
import torch

from tests.support.charts import decoded
from tests.support.plain_signal import LESSON, NET, plain_run
from tests.support.screen import first_chart
from tests.support.signal_page import EN, curves_of, headline_of, key_of, name_of, opened_small, words_of
from tests.support.written import read


def _percents(words: str) -> list[float]:
    return [float(number) for number in re.findall("([\\d.]+)\u00a0%", words)]


def test_flat_slopes_are_counted_and_the_worst_layer_is_named() -> None:
    rows = "normal(std=0.5)-xavier_normal"
    app = opened_small(**NET, sight="saturation", activation="tanh", rows=rows)
    of_seeds = [
        (plain_run(scheme, "tanh").slope.abs() < 0.01).double().mean((2, 3)) for scheme in rows.split("-")
    ]
    shares = [of_seed.mean(0).numpy() for of_seed in of_seeds]
    for share, curve in zip(shares, curves_of(app), strict=True):
        np.testing.assert_allclose(curve, share, atol=1e-9)
    bands = [decoded(trace["y"]) for trace in first_chart(app)["data"] if trace.get("fill") == "toself"]
    for of_seed, band in zip(of_seeds, bands, strict=True):
        # torch's std of a sample; a share goes from 0 to 1
        ends = [(of_seed.mean(0) + side * of_seed.std(0)).clip(0, 1) for side in (-1, 1)]
        np.testing.assert_allclose(band, torch.cat([ends[0], ends[1].flip(0)]), atol=1e-6)
    layer, share = int(shares[0].argmax()) + 1, shares[0].max()
    assert share > 0.1
    headline = headline_of(app)
    most, least = _percents(headline)
    assert most == pytest.approx(100 * share, abs=0.51)
    assert least == pytest.approx(100 * shares[1].max(), abs=0.051)
    assert f"layer {layer} " in headline or f"layer {layer}." in headline or f"layer {layer}," in headline
    assert headline.index("Normal, std = 0.5") < headline.index(name_of("xavier_normal"))
    assert _percents(key_of(app)["Normal, std = 0.5"])[0] == pytest.approx(100 * shares[0][-1], abs=0.51)


def test_dead_units_are_those_flat_for_every_input() -> None:
    app = opened_small(**NET, sight="saturation", rows="xavier_normal")
    flat = plain_run("xavier_normal").slope == 0
    dead = float(flat.all(2).double().mean(2).mean(0)[-1])
    assert dead > 0.1
    assert _percents(words_of(app).partition("where little gradient passes.")[2])[0] == pytest.approx(
        100 * dead, abs=0.51
    )


def test_activations_near_0_are_counted_in_the_last_layer() -> None:
    app = opened_small(**NET, sight="layers")
    width = 4 / 81  # half a bin of 81 over ±4 input RMS
    shares = [float((plain_run(s).x[0, -1].abs() <= width).double().mean()) for s in LESSON]
    headline = headline_of(app)
    assert _percents(headline) == pytest.approx([100 * share for share in shares], abs=0.51)
    assert str(round(width, 3)) in headline


def test_all_units_of_a_constant_network_say_the_same() -> None:
    app = opened_small(**NET, sight="correlation", between="units", rows="constant(val=0.2)-xavier_normal")
    constant, drawn = curves_of(app)
    assert constant == pytest.approx(np.ones(30), abs=1e-9)
    assert np.nanmax(drawn) < 0.9
    assert EN("signal.alike_part", name="Constant, val = 0.2", value="1") in headline_of(app)
    assert EN("signal.same_units", names="Constant, val = 0.2") in words_of(app)


@pytest.mark.parametrize("between", ["samples", "units"])
def test_correlations_are_those_of_every_pair(between: str) -> None:
    app = opened_small(**{**NET, "depth": "5"}, sight="correlation", between=between, activation="tanh")
    for scheme, curve in zip(LESSON, curves_of(app), strict=True):
        h = plain_run(scheme, "tanh", depth=5).h[0]  # of the first seed
        for layer, known in enumerate(curve):
            rows = h[layer] if between == "samples" else (h[layer] - h[layer].mean(0)).T
            cosines = [float(torch.cosine_similarity(a, b, dim=0)) for a, b in combinations(rows, 2)]
            assert known == pytest.approx(np.mean(cosines), abs=1e-6)
        (value,) = re.findall(rf"(\S+) with {re.escape(name_of(scheme))}", headline_of(app))
        assert read(value) == pytest.approx(curve[-1], rel=5e-3, abs=0)
