"""A typed answer is read as the number that it means, exactly, and anything else is none."""

import math
from fractions import Fraction

import pytest

from core import FormulaError
from core.signals.formula import number_of
from pages.words.lesson_questions import number

#: text → the rational number that it is
RATIONAL = {
    "1/4": Fraction(1, 4),
    "1/sqrt(16)": Fraction(1, 4),
    "1/√16": Fraction(1, 4),
    "√(4/64)": Fraction(1, 4),
    "√（4／64）": Fraction(1, 4),
    "√0.0625": Fraction(1, 4),
    "√6,25/10": Fraction(1, 4),
    "Sqrt(4/64)": Fraction(1, 4),
    "0,25": Fraction(1, 4),
    "0，25": Fraction(1, 4),
    ".25": Fraction(1, 4),
    "2^-2": Fraction(1, 4),
    "2**−2": Fraction(1, 4),
    "25e-2": Fraction(1, 4),
    "1/2²": Fraction(1, 4),
    " 1 / 4 ": Fraction(1, 4),
    "51\u202f200": Fraction(51200),
    "9·11 + 12×4 + 5*9": Fraction(192),
    "(9+1)*11": Fraction(110),
    "−3": Fraction(-3),
    "1,5/3": Fraction(1, 2),
}
#: text → the number that its square is
ROOTS = {
    "√(2/64)": Fraction(2, 64),
    "sqrt(6/512)": Fraction(6, 512),
    "√2": Fraction(2),
    "0,5^0,5": Fraction(1, 2),
}
NONE = (
    "",
    "half",
    "z",
    "0*z",
    "relu",
    "1/0",
    "√(-1)",
    "(1",
    "1)",
    "1,2,3",
    "9^9^9^9",
    "nan",
    "inf",
    "5%",
    "1 +",
)


@pytest.mark.parametrize("text", RATIONAL)
def test_a_fraction_is_exactly_its_number(text: str) -> None:
    assert number(text) == RATIONAL[text]


#: text → the number that it is where a whole one is asked for
WHOLE = {
    "101,770": 101770,
    "１０１，７７０": 101770,
    "1,234,567": 1234567,
    "1'234": 1234,
    "1\u202f234": 1234,
    "784*128+1,418": 101770,
    "1.5": 1.5,
    "331,8": 331.8,
    "0,632": 0.632,
    "1,2345": 1.2345,
}


@pytest.mark.parametrize("text", WHOLE)
def test_where_a_whole_number_is_asked_for_commas_may_mark_thousands(text: str) -> None:
    assert number(text, whole=True) == WHOLE[text]


@pytest.mark.parametrize("text", ["1,234,56", "1,23,456", "1,234'567", "12,34,567"])
def test_marks_elsewhere_are_none_of_thousands(text: str) -> None:
    assert math.isnan(number(text, whole=True))


@pytest.mark.parametrize("text", ROOTS)
def test_the_square_of_a_root_is_what_it_is_of(text: str) -> None:
    found = Fraction(number(text))
    assert found > 0
    assert abs(found**2 / ROOTS[text] - 1) < Fraction(1, 2**51)


@pytest.mark.parametrize(
    "text", [*NONE, "__import__('os')", "-" * 80 + "1", "(" * 80 + "1" + ")" * 80, "1" * 400]
)
def test_what_is_no_number_is_none(text: str) -> None:
    assert math.isnan(number(text))


def test_core_reads_a_formula_without_z_and_says_what_is_wrong_with_others() -> None:
    assert number_of("1/sqrt(16) + pi - pi") == 0.25
    assert math.isnan(number_of("z/4"))
    with pytest.raises(FormulaError) as refused:
        number_of("1/0")
    assert refused.value.code == "formula.number"
