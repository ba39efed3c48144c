"""What each framework's documentation says of a call.

No framework but torch is installed. ``eval`` of a call in ``_world`` gives what the published formula of
that initializer says of a weight: its family, mean, std before any cut, and its walls.
"""

import math
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from scipy import stats

from core.code.rosetta import equivalents
from core.code.rosetta_rows import Equivalent
from core.weights.laws import Law
from tests.support.shapes import FANS, Shape
from tests.support.truths import SQRT3

INF = math.inf
#: std of a standard normal law cut at ±2, by its closed form: 1 − 4·φ(2)/(Φ(2) − Φ(−2))
CUT = math.sqrt(1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2)))


class Said(NamedTuple):
    """What a framework's documentation says of a weight."""

    family: str
    mean: float = 0.0
    #: before any cut
    std: float = 0.0
    low: float = -INF
    high: float = INF


def said_normal(std: float, mean: float = 0.0) -> Said:
    return Said("normal", mean, std) if std else said_point(mean)


def said_uniform(low: float, high: float) -> Said:
    return Said("uniform", (low + high) / 2, (high - low) / math.sqrt(12), low, high)


def said_cut(std: float, low: float, high: float, mean: float = 0.0) -> Said:
    return Said("truncated_normal", mean, std, low, high)


def said_point(value: float) -> Said:
    return Said("point", value, 0.0, value, value)


def _scaled(shape: Shape, scale: float, mode: str, distribution: str) -> Said:
    """std = √(scale/n) in any case; a normal law that is to be cut starts out wider, at std/CUT."""
    fan_in, fan_out = FANS[shape]
    n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    std = math.sqrt(scale / n)
    if std == 0:
        return said_point(0.0)
    if distribution == "uniform":
        return said_uniform(-SQRT3 * std, SQRT3 * std)
    if distribution == "truncated_normal":
        return said_cut(std / CUT, -2 * std / CUT, 2 * std / CUT)
    return said_normal(std)


def _world(shape: Shape) -> dict[str, Any]:
    """Return the frameworks' modules as their documentation describes them, for a weight of ``shape``."""

    def named(scale: float, mode: str, distribution: str) -> Any:
        return lambda: _scaled(shape, scale, mode, distribution)

    def keras_scaling(*, scale: float, mode: str, distribution: str) -> Said:
        assert scale > 0  # Keras raises
        kinds = {"truncated_normal": "truncated_normal", "untruncated_normal": "normal", "uniform": "uniform"}
        return _scaled(shape, scale, mode, kinds[distribution])

    def keras_cut(*, stddev: float, mean: float = 0.0) -> Said:
        return said_cut(stddev, mean - 2 * stddev, mean + 2 * stddev, mean)

    def in_place(w: str, **given: Any) -> Said:
        assert w == "w"
        return _scaled(shape, **given)

    fans = {"He": (2.0, "fan_in"), "Glorot": (1.0, "fan_avg"), "Lecun": (1.0, "fan_in")}
    laws = {"Normal": "truncated_normal", "Uniform": "uniform"}
    classes = {f"{name}{law}": named(*fans[name], laws[law]) for name in fans for law in laws}
    functions = {f"{n.lower()}_{law.lower()}": classes[f"{n}{law}"] for n in fans for law in laws}
    keras = SimpleNamespace(
        **classes,
        VarianceScaling=keras_scaling,
        RandomNormal=lambda *, stddev, mean=0.0: said_normal(stddev, mean),
        RandomUniform=lambda *, minval, maxval: said_uniform(minval, maxval),
        TruncatedNormal=keras_cut,
        Constant=lambda *, value: said_point(value),
        Zeros=lambda: said_point(0.0),
        Ones=lambda: said_point(1.0),
        Orthogonal=lambda *, gain=1.0: Said("orthogonal", std=gain),
        Identity=lambda: Said("indicator"),
    )
    jax = SimpleNamespace(
        **functions,
        variance_scaling=lambda *, scale, mode, distribution: _scaled(shape, scale, mode, distribution),
        normal=lambda *, stddev: said_normal(stddev),
        uniform=lambda *, scale: said_uniform(0.0, scale),
        truncated_normal=lambda *, stddev, lower, upper: said_cut(stddev, lower * stddev, upper * stddev),
        constant=said_point,
        zeros=said_point(0.0),
        ones=said_point(1.0),
        orthogonal=lambda *, scale=1.0: Said("orthogonal", std=scale),
    )
    timm = SimpleNamespace(
        variance_scaling_=in_place,
        lecun_normal_=lambda w: in_place(w, scale=1.0, mode="fan_in", distribution="truncated_normal"),
        trunc_normal_=lambda _, std=1.0, mean=0.0, a=-2.0, b=2.0: said_cut(std, a, b, mean),
    )
    return {
        "keras": SimpleNamespace(initializers=keras),
        "jax": SimpleNamespace(nn=SimpleNamespace(initializers=jax)),
        "timm": SimpleNamespace(layers=timm),
        "w": "w",
    }


def said(call: str, shape: Shape) -> Said:
    found = eval(call, _world(shape))  # noqa: S307 - the table's own code
    assert isinstance(found, Said)
    return found


def assert_law(law: Law, says: Said, shape: Shape) -> None:
    """Hold a law to what is said, by scipy's distributions of the same numbers."""
    assert law.family == says.family
    if says.family == "orthogonal":
        rows, columns = shape[0], math.prod(shape[1:])
        assert law.std == pytest.approx(says.std / math.sqrt(max(rows, columns)), rel=1e-9)
        return
    if says.family == "indicator":
        ones, n = min(shape), math.prod(shape)
        assert law.atoms == ((0.0, pytest.approx(1 - ones / n)), (1.0, pytest.approx(ones / n)))
        return
    mean, std = says.mean, says.std
    if says.family == "truncated_normal":
        theirs = stats.truncnorm((says.low - mean) / std, (says.high - mean) / std, mean, std)
        mean, std = float(theirs.mean()), float(theirs.std())
    assert law.mean == pytest.approx(mean, rel=1e-9, abs=1e-9 * std)
    assert law.std == pytest.approx(std, rel=1e-9)
    assert law.support == pytest.approx((says.low, says.high), rel=1e-9)


def by_framework(key: str, shape: Shape, **params: Any) -> dict[str, Equivalent]:
    return {row.framework: row for row in equivalents(key, shape, **params)}
