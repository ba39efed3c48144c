"""Numbers, depths and correlations that mean-field theory cannot take are refused by name."""

import math
from collections.abc import Callable

import pytest

from core import ParameterError
from core.signals.meanfield import (
    chi1,
    correlation_fixed_point,
    correlation_map,
    critical_line,
    critical_sigma_w2,
    depth_scales,
    fixed_point,
    gains,
    lengths,
    mean,
    plane,
    slope_square,
    width_constant,
)

BAD = [-1, math.inf, math.nan, True, "1", None, 1j]


@pytest.mark.parametrize("value", BAD, ids=repr)
def test_bad_numbers_are_refused(value: object) -> None:
    refused: list[Callable[[], object]] = [
        lambda: mean("relu", value),
        lambda: slope_square("relu", value),
        lambda: width_constant("relu", value),
        lambda: gains("relu", value),
        lambda: chi1("relu", 1, sigma_w2=value),
        lambda: lengths("relu", value, 3, sigma_w2=1),
        lambda: lengths("relu", 1, value, sigma_w2=1),
        lambda: fixed_point("relu", sigma_w2=value),
        lambda: fixed_point("relu", sigma_w2=1, sigma_b2=value),
        lambda: fixed_point("relu", sigma_w2=1, start=value),
        lambda: correlation_map("relu", 0.1, q=value, sigma_w2=1),
        lambda: correlation_fixed_point("relu", sigma_w2=value),
        lambda: depth_scales("relu", sigma_w2=value),
        lambda: critical_sigma_w2("relu", value),
        lambda: critical_line("relu", [value]),
        lambda: plane("relu", [value], [0.1]),
        lambda: plane("relu", [0.1], [value]),
    ]
    for ask in refused:
        with pytest.raises(ParameterError) as e:
            ask()
        assert e.value.code == "parameter.number"


@pytest.mark.parametrize("depth", [0, 2.5, "3", None, True, math.nan])
def test_a_bad_depth_is_refused(depth: object) -> None:
    with pytest.raises(ParameterError, match=r"^depth must be a whole number of 1 or more; it was ") as e:
        lengths("relu", 1, depth, sigma_w2=1)  # type: ignore[arg-type]
    assert e.value.facts == {"name": "depth", "value": depth, "minimum": 1.0} or depth != depth  # noqa: PLR0124


@pytest.mark.parametrize("c", [1.0000001, -2, math.nan, "1", None, True])
def test_a_bad_correlation_is_refused(c: object) -> None:
    with pytest.raises(ParameterError, match=r"^c must be a number from −1 to 1; it was ") as e:
        correlation_map("relu", c, q=1, sigma_w2=1)  # type: ignore[arg-type]
    assert e.value.code == "parameter.number"
    assert (e.value.facts["minimum"], e.value.facts["maximum"]) == (-1, 1)


def test_a_plane_too_far_out_is_refused_at_once() -> None:
    with pytest.raises(ParameterError) as e:
        correlation_map("relu", 0.5, q=1e300, sigma_w2=1)
    assert e.value.code == "parameter.mean"
