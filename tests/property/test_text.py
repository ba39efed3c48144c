"""Numbers as they are written: read back, each is within half a unit of its third digit of the true one."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.text.numbers import THIN, apart, count, expected_count, interval, percent, probability, quantity
from tests.support.written import read

#: Half a unit of the third digit, of a number that begins with 1.
HALF = 5e-3

signs = st.sampled_from([1.0, -1.0])
#: 600 powers of ten, all digits
sizes = st.builds(lambda m, e: float(f"{m}e{e}"), st.floats(1, 9.9999), st.integers(-300, 299))
numbers = st.builds(lambda size, sign: size * sign, sizes, signs)


def _close(text: str, value: float, tolerance: float = HALF) -> bool:
    return read(text) == pytest.approx(value, rel=tolerance, abs=0)


@given(
    value=numbers,
    scale=numbers,
    digits=st.integers(1, 6),
    style=st.fixed_dictionaries({"trim": st.booleans(), "sign": st.booleans()}),
)
def test_a_quantity_has_three_digits_whatever_its_column_is(
    value: float, scale: float, digits: int, style: dict[str, bool]
) -> None:
    text = quantity(value, scale, digits, **style)
    assert _close(text, value)
    assert text.startswith("+") == (style["sign"] and value > 0)
    assert not re.search(r"[-e]", text)
    # and alone, the digits that it was asked for
    assert _close(quantity(value, digits=digits), value, 5 * 10.0 ** -max(digits, 3))


@given(value=numbers, scale=sizes)
def test_a_column_s_decimals_are_a_lower_bound(value: float, scale: float) -> None:
    """Each number is as exact as the fourth digit of its column's scale, as far as doubles are."""
    text = quantity(value, scale)
    assert abs(read(text) - value) <= 0.501e-3 * scale + 1e-15 * abs(value)


@given(value=numbers)
def test_only_0_reads_0(value: float) -> None:
    assert quantity(0.0, value) == expected_count(0) == apart(0, 1) == percent(0) == "0"
    for text in (
        quantity(value),
        quantity(value, 1),
        quantity(value, 1e30),
        apart(value, 1),
        apart(value, 100),
    ):
        assert read(text) != 0
    assert read(expected_count(abs(value))) != 0


@given(
    exponent=st.integers(-8, -1), mantissa=st.floats(1, 9.99), sign=signs, point=st.sampled_from([1.0, 100.0])
)
def test_the_distance_from_a_point_can_be_read(
    exponent: int, mantissa: float, sign: float, point: float
) -> None:
    value = point * (1 + sign * mantissa * 10.0**exponent)
    assert read(apart(value, point)) - point == pytest.approx(value - point, rel=HALF)


@given(low=numbers, gap=st.floats(1e-6, 1e6))
def test_two_ends_can_be_told_apart(low: float, gap: float) -> None:
    high = low + abs(low) * gap
    first, second = (read(end) for end in interval(low, high))
    assert second - first == pytest.approx(high - low, rel=HALF)
    assert _close(interval(low, high)[0], low)
    assert _close(interval(low, high)[1], high)


@given(value=st.one_of(st.floats(1e-300, 1e15), st.builds(float, st.integers(0, 10**15))))
def test_an_expected_count_has_three_digits(value: float) -> None:
    assert _close(expected_count(value), value)
    if value == int(value):
        assert read(expected_count(value)) == value


@given(share=st.floats(1e-300, 1))
def test_a_percentage_has_three_digits(share: float) -> None:
    assert _close(percent(share), 100 * share)
    assert share == 1 or read(percent(share)) != 100 or math.isclose(share, 1, rel_tol=1e-8)


@given(value=st.integers(-(10**18), 10**18))
def test_a_count_is_whole(value: int) -> None:
    assert int(count(value).replace(THIN, "").replace("−", "-")) == value


@given(p=st.floats(0, 1))
def test_a_p_value_is_a_number_or_a_true_relation(p: float) -> None:
    relation, number = probability(p).split("\u00a0")
    truth = {"=": p == pytest.approx(read(number), rel=HALF), "<": p < read(number), ">": p > read(number)}
    assert truth[relation]
