"""What must hold for any run, and for any course that a signal can take."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from core import ACTIVATIONS, SCHEMES
from core.signals import trace_run
from core.signals.fate import FAR, NEAR, Setting, expected, fate, spread
from core.signals.trace import trace
from core.signals.trace_run import INPUTS, SignalTrace

Array = NDArray[np.float64]

schemes = st.sampled_from(sorted(set(SCHEMES) - {"dirac"}))
#: root mean squares of several seeds, (seeds, places), of a few sizes or very many
courses = st.tuples(st.integers(1, 4), st.integers(1, 40), st.sampled_from([0.05, 0.3, 3.0])).flatmap(
    lambda size: st.lists(
        st.lists(st.floats(-size[2], size[2]), min_size=size[1], max_size=size[1]),
        min_size=size[0],
        max_size=size[0],
    )
)


def course(steps: list[list[float]]) -> Array:
    """Mean squares whose logarithms go by these steps, and so never leave the doubles."""
    return np.exp(2 * np.cumsum(steps, axis=1))


runs = st.fixed_dictionaries(
    {
        "depth": st.integers(1, 6),
        "width": st.integers(1, 12),
        "batch": st.integers(1, 4),
        "bias": st.one_of(st.sampled_from(["none", "torch"]), st.floats(0.01, 2)),
        "input": st.sampled_from(sorted(INPUTS)),
    }
)

MEASURED = (
    "preactivation_mean_square",
    "preactivation_variance",
    "activation_mean_square",
    "activation_variance",
    "gradient_mean_square",
    "saturated",
    "dead",
)
#: A product of 12 terms at most is rounded by 12 eps; 12 of them, there and back, each with a std of 1 at
#: most, multiply that by √12 each: 10⁻¹¹ and not more. A bias or a mean may cancel all but a thousandth.
ALIKE = 1e-8


def assert_alike(found: SignalTrace, other: SignalTrace) -> None:
    """Assert it of the seeds of ``other``, the last of ``found``, but for rounding.

    A variance is a difference of mean squares, and as exact as they are.
    """
    for name in MEASURED:
        one, two = getattr(found, name)[-len(other.seeds) :], getattr(other, name)
        square = getattr(other, name.replace("variance", "mean_square"))
        error = ALIKE * two + 1e-12 * square * name.endswith("variance")
        assert (abs(one - two) <= error).all(), name


@pytest.mark.products
@given(
    scheme=schemes,
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    run=runs,
    seeds=st.lists(st.integers(-(2**63), 2**64 - 1), min_size=1, max_size=3),
)
def test_a_run_measures_what_can_be(
    scheme: str, activation: str, run: dict[str, Any], seeds: list[int]
) -> None:
    depth, batch, width = run["depth"], run["batch"], run["width"]
    run = {**run, "dtype": torch.float64}  # so fine that rounding puts nothing to another side of an edge
    found = trace(scheme, activation, seeds=seeds, **run)
    held, trace_run.HELD = trace_run.HELD, 0
    try:
        again = trace(scheme, activation, seeds=seeds, **run)
    finally:
        trace_run.HELD = held
    for name in MEASURED:
        values = getattr(found, name)
        assert values.shape == (len(seeds), depth)
        assert (values >= 0).all()
    assert_alike(found, again)
    assert (found.preactivation_variance <= found.preactivation_mean_square * (1 + 1e-12)).all()
    assert (found.activation_variance <= found.activation_mean_square * (1 + 1e-12)).all()
    assert (found.dead <= found.saturated + 1e-12).all()
    assert (found.saturated <= 1).all()
    assert (found.first.counts.sum(1) == batch * width).all()
    for correlation in (found.first.unit_correlation, found.first.sample_correlation):
        known = correlation[~np.isnan(correlation)]
        assert (abs(known) <= 1 + 1e-9).all()
    # each seed stands alone: the same in any company
    last = trace(scheme, activation, seeds=seeds[-1:], **run)
    assert_alike(found, last)


@given(scale=st.floats(1e-3, 1e3), depth=st.integers(1, 8), sigma_w2=st.floats(0.1, 4))
def test_what_theory_expects_of_relu_and_of_no_activation_scales_with_the_input(
    scale: float, depth: int, sigma_w2: float
) -> None:
    for activation, kept in (("relu", 0.5), ("linear", 1.0)):
        found = expected(Setting(sigma_w2, 0.0), activation, depth=depth, input_scale=scale)
        steps = (sigma_w2 * kept) ** np.arange(depth)
        np.testing.assert_allclose(found.preactivation_mean_square, sigma_w2 * scale**2 * steps, rtol=1e-9)
        np.testing.assert_allclose(found.gradient_mean_square, steps[::-1], rtol=1e-9)


@given(steps=courses, scale=st.floats(1e-6, 1e6))
def test_a_fate_does_not_depend_on_units(steps: list[list[float]], scale: float) -> None:
    one, other = fate(course(steps)), fate(course(steps) * scale)
    assert math.isclose(one.factor, other.factor, rel_tol=1e-9)
    # on a threshold, rounding may decide
    if _clear(steps):
        assert one.kind == other.kind
        assert one.place == other.place


@given(steps=courses)
def test_the_reciprocal_of_a_course_has_the_opposite_fate(steps: list[list[float]]) -> None:
    up, down = fate(course(steps)), fate(1 / course(steps))
    assert math.isclose(up.factor * down.factor, 1, rel_tol=1e-9)
    opposite = {"explodes": "vanishes", "vanishes": "explodes", "grows": "falls", "falls": "grows"}
    if _clear(steps):
        assert down.kind == opposite.get(up.kind, up.kind)
        assert down.place == up.place
    if not math.isnan(up.rate) and not math.isnan(down.rate):
        assert math.isclose(up.rate * down.rate, 1, rel_tol=1e-9)


def _clear(steps: list[list[float]]) -> bool:
    """Whether no place lies on a threshold, to rounding."""
    path = np.mean(np.cumsum(steps, axis=1), axis=0)
    path = path - path[0]
    late = path[len(path) // 2 :]
    sizes = [*abs(path), np.ptp(late)]
    edges = (math.log(NEAR), math.log(FAR), math.log(1.1))
    return all(abs(size - edge) > 1e-9 for size in sizes for edge in edges) and abs(path[-1]) > 1e-9


@given(steps=courses)
def test_each_word_is_true_of_the_course(steps: list[list[float]]) -> None:
    found = fate(course(steps))
    middle = np.exp(np.mean(np.cumsum(steps, axis=1), axis=0))
    away = np.maximum(middle / middle[0], middle[0] / middle)
    if _clear(steps):
        assert (found.kind == "kept") == bool((away < NEAR).all())
        assert (found.kind in {"vanishes", "explodes"}) == bool((away > FAR).any())
        assert bool(found.place) == bool((away > FAR).any())
    if found.place:
        assert away[found.place - 1] > FAR * (1 - 1e-9)
        assert (away[: found.place - 1] < FAR * (1 + 1e-9)).all()
        assert (found.kind == "explodes") == (middle[found.place - 1] > middle[0])
    if found.kind in {"falls", "grows"}:
        assert (found.kind == "grows") == (found.factor >= 1 - 1e-12)
    if found.kind == "settles":
        late = middle[len(middle) // 2 :]
        assert late.max() / late.min() < 1.1 + 1e-9
        assert len(middle) >= 8
    if not math.isnan(found.rate):
        assert math.isclose(found.rate ** (len(middle) - 1), found.factor, rel_tol=1e-6)
    assert (found.lost, found.overflow) == (0, False)


@given(steps=courses, lost=st.sampled_from([0.0, math.inf, math.nan]), data=st.data())
def test_a_lost_seed_ends_the_course_there(
    steps: list[list[float]], lost: float, data: st.DataObject
) -> None:
    squares = course(steps)
    seed = data.draw(st.integers(0, squares.shape[0] - 1))
    at = data.draw(st.integers(0, squares.shape[1] - 1))
    squares[seed, at:] = lost
    found = fate(squares)
    assert (found.lost, found.overflow) == (at + 1, lost != 0)
    assert math.isnan(found.factor)
    before = fate(squares[:, :at]) if at else None
    if before is None:
        assert found.kind == "lost"
    elif before.place:
        assert found[:2] == before[:2]
    else:
        assert found.kind == ("explodes" if found.overflow else "vanishes")


@given(steps=courses, data=st.data())
def test_seeds_have_no_order(steps: list[list[float]], data: st.DataObject) -> None:
    squares = course(steps)
    rows = data.draw(st.permutations(range(len(squares))))
    for one, other in zip(spread(squares), spread(squares[rows]), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)
    middle, low, high = spread(squares)
    assert (low <= middle * (1 + 1e-12)).all()
    assert (middle <= high * (1 + 1e-12)).all()
    np.testing.assert_allclose(low * high, middle**2, rtol=1e-9)
