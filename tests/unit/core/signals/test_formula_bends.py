"""A formula bends where its parts do, and at no more places than allowed."""

import math

import pytest

from core.signals.formula import MAX_BREAKS, activation_of
from tests.support.refused_formulas import refused_formula


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("z^2 + gelu(z)", []),
        ("abs(z)", [0]),
        ("abs(z^2)", []),
        ("abs(1 + z^2)", []),
        ("max(z, z-1)", []),
        ("max(z, -z)", [0]),
        ("max(z, sin(z))", [0]),
        ("clip(z, -2, 1)", [-2, 1]),
        ("relu(3*z+2) + abs(z-1)", [-2 / 3, 1]),
        ("abs(z^2-2)", [-math.sqrt(2), math.sqrt(2)]),
        ("abs(z^3-z)", [-1, 0, 1]),
        ("abs(z-0.1) + abs(0.3-z-0.2)", [0.1]),
        ("min(exp(z), 3)", [math.log(3)]),
        ("abs(cos(z)-z)", [0.73908513321516064166]),
        ("abs(tanh(z)-1/2)", [math.atanh(0.5)]),
        ("max(exp(z), exp(2*z))", [0]),
        ("max(sin(z/1000), 0)", [1000 * k * math.pi for k in range(-3, 4)]),
        ("abs(z-9999) - abs(z+9999)", [-9999, 9999]),
        ("abs((z-0.1)*(z-0.1001))", [0.1, 0.1001]),  # both between two places of the grid
        ("max(0, 1-abs(z-0.3)*1e6)", [0.299999, 0.3, 0.300001]),
        ("hard_tanh(2*z+1)", [-1, 0]),
        ("softplus(2*z)", [10]),
        ("softsign(z-5)", [5]),
        ("selu(z^3-8) + elu(z) + leaky_relu(z+1)", [-1, 0, 2]),
        ("abs(abs(abs(z)-2)-1)", [-3, -2, -1, 0, 1, 2, 3]),
        ("abs(relu(z))", [0]),
        ("abs(z-clip(z, -1, 1))", [-1, 1]),
        ("max(max(z, 0), relu(z))", [0]),
        ("max(z*sigmoid(z), silu(z))", []),  # the same, but for rounding
        ("max(z, log(1+exp(z)))", []),  # the same above 37, but for rounding
        ("abs(z-0.123)^1.5", [0.123]),
        ("((z-0.125)^2)^1.5", [0.125]),
        ("relu(z)^2.5", [0]),
        ("(z^2)^1.5", [0]),
        ("abs(z^2-0.202*z+0.010201)", []),  # (z − 0.101)², but for rounding
        ("max(z, 1e300*z)", [0]),
        ("softplus(z, 100)", [0.2]),
        ("softplus(z, -2)", [-10]),
        ("hardswish(z)", [-3, 3]),
        ("hardsigmoid(2*z)", [-1.5, 1.5]),
        ("relu6(z - 1)", [1, 7]),
        ("hardtanh(z, -2, 2)", [-2, 2]),
        ("softshrink(z, 0.3)", [-0.3, 0.3]),
        ("elu(z, 1.5) + celu(z - 1, 2)", [0, 1]),
        ("threshold(z, 1, 1)", [1]),
        ("(z - 0.3)*sign(z - 0.3)", [0.3]),
        ("hardshrink(z)*relu(abs(z) - 0.5)", [-0.5, 0, 0.5]),
        ("z^2*sign(z^2 - 2)*(z^2 - 2)", [-math.sqrt(2), math.sqrt(2)]),
        ("tanh(1000*(z - 0.3))*sign(z - 0.3)", [0.3]),
        ("sin(3000*z)*sign(z)", [0]),
        ("1 + sin(3000*z) + relu(z - 0.3)*sign(z - 0.3)", [0.3]),
        ("softplus(z) - z", [20]),
        ("exp(softplus(z))", [20]),
    ],
)
def test_it_bends_where_its_parts_do(text: str, places: list[float]) -> None:
    breaks = activation_of(text).breaks
    assert all(type(place) is float for place in breaks)
    assert list(breaks) == sorted(breaks)
    assert len(breaks) == len(places)
    for found, place in zip(breaks, places, strict=True):
        assert found == pytest.approx(place, rel=1e-12, abs=1e-12)


def test_as_many_bends_as_allowed() -> None:
    """|sin(z/a)| bends at aπk; within ±1e4 lie 2⌊1e4/(aπ)⌋ + 1 of them."""
    within = activation_of("abs(sin(z/100))")
    assert len(within.breaks) == 2 * math.floor(100 / math.pi) + 1 == MAX_BREAKS - 1
    refused_formula("abs(sin(z/98))", "formula.breaks", {"most": MAX_BREAKS})
