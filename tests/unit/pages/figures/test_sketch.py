"""A sketched histogram: what it says of a law, and that its empty axes say nothing of the answer."""

import math

import pytest

from core import SCHEMES
from pages.figures.sketch import BARS, WIDEST, Guess, Sketch, reach

BOX = Sketch(1.0, tuple(7 if 10 <= at < 30 else 0 for at in range(BARS)))
NARROW = Sketch(0.1, tuple(map(int, BOX.bars)))
RIGHT = Sketch(2.0, tuple(3 if at >= 30 else 0 for at in range(BARS)))
LEFT = Sketch(2.0, tuple(3 if at < 10 else 0 for at in range(BARS)))


def test_a_box_has_the_moments_and_ends_of_a_uniform_law() -> None:
    assert BOX.ends == pytest.approx((-0.5, 0.5))
    assert BOX.wall == pytest.approx(0.5)
    assert BOX.mean == pytest.approx(0.0)
    assert BOX.std == pytest.approx(0.5 / math.sqrt(3))
    for sketch, mean in ((RIGHT, 1.5), (LEFT, -1.5)):  # U(1, 2), and its mirror
        assert sketch.mean == pytest.approx(mean)
        assert sketch.std == pytest.approx(1 / math.sqrt(12))
        assert sketch.wall == pytest.approx(2.0)


@pytest.mark.parametrize(("sketch", "height"), [(BOX, 1.0), (RIGHT, 1.0), (LEFT, 1.0), (NARROW, 10.0)])
def test_a_sketch_has_the_area_of_a_histogram_however_high_it_was_drawn(
    sketch: Sketch, height: float
) -> None:
    assert sketch.density.max() == pytest.approx(height)
    higher = Sketch(sketch.reach, tuple(10 * int(bar) for bar in sketch.bars))
    assert higher.density.tolist() == pytest.approx(sketch.density.tolist())


@pytest.mark.parametrize("fan_in", [5, 64, 512, 784])
def test_empty_axes_do_not_tell_one_scheme_from_another(fan_in: int) -> None:
    keys = ("classic_uniform", "xavier_normal", "xavier_uniform", "kaiming_normal", "kaiming_uniform")
    (far,) = {reach(SCHEMES[key].law((fan_in + 3, fan_in)), fan_in) for key in keys}
    assert far >= 4 * math.sqrt(2 / fan_in)


@pytest.mark.parametrize(
    ("key", "params"), [("normal", {"std": 1e-6}), ("normal", {"std": 30.0}), ("uniform", {})]
)
def test_whatever_is_drawn_fits_on_the_axes(key: str, params: dict[str, float]) -> None:
    law = SCHEMES[key].law((256, 512), **params)
    far = reach(law, 512)
    most = 1.0 if key == "uniform" else 4 * params["std"]
    assert most <= far <= 20 * most


@pytest.mark.parametrize("key", ["zeros", "eye", "sparse"])
def test_single_values_are_not_sketched(key: str) -> None:
    assert reach(SCHEMES[key].law((4, 4)), 4) == 0.0


def test_axes_hold_a_guess_and_still_show_the_law() -> None:
    assert Guess().within((-1.0, 1.0)) == (-1.0, 1.0)
    assert Guess((-0.5, 0.5)).within((-1.0, 1.0)) == (-1.0, 1.0)
    low, high = Guess((-2.0, 2.0)).within((-1.0, 1.0))
    assert -WIDEST < low < -2.0
    assert 2.0 < high < WIDEST
    assert Guess((1000.0,)).within((-1.0, 1.0)) == (-1.0, WIDEST)
    assert Guess((), RIGHT).within((-1.0, 1.0))[1] > 2.0
