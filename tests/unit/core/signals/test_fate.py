"""What became of a signal over its layers and seeds: its fate, its rate and its spread, of paths by hand."""

import math
from typing import Any

import numpy as np
import pytest

from core.signals.fate import (
    FAR,
    NEAR,
    STILL,
    Fate,
    Setting,
    expected,
    fate,
    setting,
    spread,
)

# --- several seeds ----------------------------------------------------------------------------------------


def test_the_spread_is_that_of_logarithms() -> None:
    rows = np.array([[1.0, 4.0, 1e-200], [16.0, 4.0, 1e-300], [4.0, 4.0, 1e-100]])
    found = spread(rows)
    # ln √ of 1, 16, 4 is 0, 2 ln 2, ln 2: mean ln 2, and with n − 1 the deviation is ln 2
    assert found.middle == pytest.approx([2, 2, 1e-100])
    assert found.low == pytest.approx([1, 2, 1e-125])
    assert found.high == pytest.approx([4, 2, 1e-75])
    random = np.random.default_rng(1).lognormal(size=(7, 5))
    logs = np.log(np.sqrt(random))
    assert np.log(spread(random).high / spread(random).low) == pytest.approx(2 * logs.std(0, ddof=1))
    assert spread(random).middle == pytest.approx(np.prod(np.sqrt(random), axis=0) ** (1 / 7))


def test_one_seed_has_no_spread() -> None:
    found = spread(np.array([[9.0, 4.0]]))
    assert found.middle.tolist() == found.low.tolist() == found.high.tolist() == pytest.approx([3.0, 2.0])


@pytest.mark.parametrize("lost", [0.0, math.inf, math.nan])
def test_where_one_seed_is_lost_there_is_no_middle(lost: float) -> None:
    found = spread(np.array([[1.0, lost], [1.0, 1.0]]))
    for row in found:
        assert row == pytest.approx([1.0, math.nan], nan_ok=True)
    assert np.isnan(spread(np.array([[lost]])).middle).all()


# --- what became of a signal ------------------------------------------------------------------------------


def of(*path: float) -> Fate:
    """The fate of one seed with these root mean squares."""
    return fate(np.array([path]) ** 2)


def test_the_thresholds_are_those_that_the_wording_assumes() -> None:
    assert (FAR, NEAR, STILL) == (1000, 2, 1.1)


KINDS = [
    ("kept", [5.0]),
    ("kept", [1.0, 1.9, 0.51]),
    ("kept", [1.0] * 50),
    ("grows", [1.0, 2.01]),
    ("falls", [1.0, 0.49]),
    ("falls", [1.0, 3.0, 0.9]),
    ("grows", [1.0, 1000.0]),
    ("explodes", [1.0, 1001.0]),
    ("vanishes", [1.0, 1 / 1001]),
    ("falls", [1.0, 1 / 999]),
    # half of the way in rest
    ("settles", [1.0, 0.5, 0.4, 0.3, 0.3, 0.3, 0.3, 0.3]),
    ("settles", [1.0, 4.0, 2.6, 2.9, 3.0, 3.1, 3.05, 2.95]),
    # moves by a factor 1.12 in the second half, though its ends are the same
    ("grows", [1.0, 4.0, 2.6, 2.9, 3.0, 3.36, 3.1, 3.0]),
    ("falls", [1.0, 0.3, 0.3, 0.3]),
    ("falls", [1.0, 0.5, 0.4, 0.3, 0.3, 0.3, 0.3]),
    # where it first went
    ("explodes", [1.0, 2000.0, 1e-9]),
    ("vanishes", [1.0, 1e-4, 1.0]),
]


@pytest.mark.parametrize(("kind", "path"), KINDS)
def test_each_kind_is_what_its_word_says(kind: str, path: list[float]) -> None:
    found = of(*path)
    assert found.kind == kind
    assert found.factor == pytest.approx(path[-1] / path[0])
    assert (found.lost, found.overflow) == (0, False)
    far = [at for at, value in enumerate(path, 1) if max(value / path[0], path[0] / value) > 1000]
    assert found.place == (far[0] if far else 0)


@pytest.mark.parametrize(
    ("path", "kind", "place", "lost", "overflow"),
    [
        ([0.0], "lost", 0, 1, False),
        ([0.0, 0.0, 0.0], "lost", 0, 1, False),
        ([math.nan, 1.0], "lost", 0, 1, True),
        ([math.inf], "lost", 0, 1, True),
        ([1.0, 0.0], "vanishes", 0, 2, False),
        ([1.0, math.inf], "explodes", 0, 2, True),
        ([1.0, 30.0, math.nan, 0.0], "explodes", 0, 3, True),
        ([1.0, 0.1, 1e-4, 1e-5, 0.0, 0.0], "vanishes", 3, 5, False),
        ([1.0, 1e4, 1e8, math.inf, math.nan], "explodes", 2, 4, True),
    ],
)
def test_where_and_how_a_signal_is_lost_or_explodes_is_reported(
    path: list[float], kind: str, place: int, lost: int, *, overflow: bool
) -> None:
    found = of(*path)
    assert found[:2] == (kind, place)
    assert math.isnan(found.factor)
    assert (found.lost, found.overflow) == (lost, overflow)


def test_of_several_seeds_one_that_overflows_is_enough_to_say_so() -> None:
    """Where at the same place another is 0, or goes on."""
    for beside in (3.0, 0.0, 1e-9):
        for rows in (
            [[1.0, 10.0, math.inf], [1.0, 2.0, beside]],
            [[1.0, 2.0, beside], [1.0, 10.0, math.inf]],
        ):
            found = fate(np.array(rows))
            assert (found.kind, found.lost, found.overflow) == ("explodes", 3, True)
    one_is_0 = fate(np.array([[1.0, 0.5, 0.0], [1.0, 0.4, 0.2]]))
    assert (one_is_0.kind, one_is_0.lost, one_is_0.overflow) == ("vanishes", 3, False)


def test_of_several_seeds_the_first_that_is_lost_counts() -> None:
    found = fate(np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]]))
    assert (found.kind, found.lost, found.overflow) == ("vanishes", 3, False)
    assert fate(np.array([[1.0, 1e6], [1.0, 1e-6]])).kind == "kept"
    assert fate(np.array([[1.0, 1e16], [1.0, 1e-6]])).factor == pytest.approx(10**2.5)


@pytest.mark.parametrize("length", [5, 6, 9, 50, 101, 400])
@pytest.mark.parametrize("rate", [math.sqrt(0.5), 0.99, 1.0, 1.02, 3.0])
def test_a_steady_rate_is_found(rate: float, length: int) -> None:
    path = rate ** np.arange(min(length, 300) if rate == 3 else length)
    assert of(*path).rate == pytest.approx(rate, rel=1e-9)


@pytest.mark.parametrize(("slower", "steady"), [(0.93, True), (0.91, True), (0.88, False), (0.5, False)])
def test_a_rate_is_steady_if_both_halves_agree_to_a_tenth(slower: float, steady: object) -> None:
    path = np.cumsum([0.0] + [0.5] * 20 + [0.5 * slower] * 20)
    for way in (path, -path, path[::-1]):
        found = of(*np.exp(way)).rate
        assert math.isnan(found) != steady
        if steady:
            assert found == pytest.approx(math.exp((way[-1] - way[0]) / 40))


def test_a_rate_is_given_only_if_both_halves_change_by_nearly_the_same_factor() -> None:
    """Up by e^0.04 and down again: the halves differ by e^0.08, less than STILL; at e^0.1, by e^0.2."""
    for move, steady in ((0.04, True), (0.1, False)):
        path = np.concatenate([np.linspace(0, move, 21), np.linspace(move, 0, 21)[1:]])
        assert math.isnan(of(*np.exp(path)).rate) != steady


def test_a_short_way_has_no_rate() -> None:
    assert math.isnan(of(1, 2, 4, 8).rate)
    assert math.isnan(of(0.0).rate)
    assert of(1, 2, 4, 8, 16, 0).rate == pytest.approx(2)


@pytest.mark.parametrize("depth", [5, 8, 20, 50, 100, 200, 500, 1000])
def test_what_slows_down_for_ever_has_no_rate_and_never_settles(depth: int) -> None:
    """tanh at σ_w² = 1: q_next = q − 2q² + …, so that q is 1/(2l) and the root mean square 1/√(2l).

    Between the middle and the end it still falls by √2, however deep.
    """
    found = of(*(1 / np.sqrt(2 * np.arange(1, depth + 1))))
    assert found.kind == "falls"
    assert math.isnan(found.rate)
    theory = expected(Setting(1.0, 0.0), "tanh", depth=depth).activation_mean_square
    found = fate(theory[None])
    assert found.kind == ("kept" if depth == 5 else "falls")
    assert math.isnan(found.rate)


@pytest.mark.parametrize("scale", [0.3, 1.0, 2.0, 5.0, 20.0])
@pytest.mark.parametrize("start", [0.01, 0.2, 5.0, 900.0])
@pytest.mark.parametrize("depth", [8, 30, 100])
def test_what_settles_is_where_it_stays(depth: int, start: float, scale: float) -> None:
    """Towards a fixed point of 1 as e^(−l/ξ), as to every attracting one: settled is within 5 % of it."""
    far, left = abs(math.log(start)), [math.exp(-at / scale) for at in (depth // 2, depth - 1)]
    if far * (1 - left[1]) < math.log(2):
        kind = "kept"
    elif far * (left[0] - left[1]) < math.log(1.1):
        kind = "settles"
    else:
        kind = "grows" if start < 1 else "falls"
    path = np.exp(math.log(start) * np.exp(-np.arange(depth) / scale))
    assert of(*path).kind == kind
    assert kind != "settles" or path[-1] == pytest.approx(1, rel=0.05)


def test_the_lesson_s_schemes_have_the_fates_that_their_papers_give_them() -> None:
    def fate_of(scheme: str, phi: str, depth: int, **params: Any) -> Fate:
        given = setting(scheme, 512, **params)
        assert given is not None
        return fate(expected(given, phi, depth=depth).preactivation_mean_square[None])

    def told(found: Fate) -> tuple[str, int]:
        return found.kind, found.place

    # He et al. 2015: relu halves the variance a layer, and 2/fan_in makes up for it
    he = fate_of("kaiming_normal", "relu", 100, nonlinearity="relu")
    assert told(he) == ("kept", 0)
    assert (he.factor, he.rate) == pytest.approx((1, 1))
    # 2^(−l/2) is less than 1/1000 after 20 steps: 2^−10 = 1/1024
    xavier = fate_of("xavier_normal", "relu", 100)
    assert told(xavier) == ("vanishes", 21)
    assert (xavier.factor, xavier.rate) == pytest.approx((2**-49.5, math.sqrt(0.5)), rel=1e-6)
    # √512 a layer: 22.6, 512, 11 585
    ones = fate_of("normal", "linear", 30, std=1.0)
    assert told(ones) == ("explodes", 4)
    assert (ones.factor, ones.rate) == pytest.approx((512**14.5, math.sqrt(512)), rel=1e-6)
    assert told(fate_of("lecun_normal", "selu", 50)) == ("kept", 0)
    assert told(fate_of("xavier_normal", "tanh", 100)) == ("falls", 0)
