"""What marks a row of a table, and what is said of the layers of a network, at their edges."""

import math

import numpy as np
import pytest

from pages.jobs.model import LayerGradient
from pages.text import Text
from pages.text.tables import Cell, table
from pages.words import compare, distribution_tables, model_parameters
from pages.words.distribution_tables import Row
from tests.support.words import text_of


@pytest.mark.parametrize(
    ("errors", "is_marked"), [(-9.0, 1), (9.0, 1), (4.5, 1), (-4.5, 1), (3.9, 0), (-3.9, 0), (0.0, 0)]
)
def test_a_row_far_from_what_was_expected_is_marked_on_either_side(errors: float, is_marked: int) -> None:
    """Beyond four standard errors: once in 15 000 for a normal deviation (erfc(4/√2) = 6.3·10⁻⁵)."""
    *_, last = distribution_tables._row(Row("Mean", "0.1", "0", errors), errors=True)
    assert isinstance(last, Cell) == bool(is_marked)
    assert not isinstance(last, Cell) or 'class="bad"' in last


@pytest.mark.parametrize(
    ("errors", "shown"), [(2.5, "+2.50"), (-2.5, "−2.50"), (0.01234, "+0.0123"), (0.0, "0"), (math.nan, "")]
)
def test_how_far_off_a_row_is_has_its_sign_and_three_digits(errors: float, shown: str) -> None:
    """Above what was expected or below it: beside a minus a plus is not to be guessed."""
    *_, last = distribution_tables._row(Row("Mean", "0.1", "0", errors), errors=True)
    assert last == shown


@pytest.mark.parametrize(
    ("share", "expected", "shown"),
    [
        (1 / 16, 0.0027, "6.250"),
        (0.0027, 0.0027, "0.270"),
        (1 / 3, 0.0027, "33.333"),
        (1 / 3, 0.0, "33.3"),
        (1e-5, 0.0027, "0.00100"),
    ],
)
def test_a_share_has_the_decimals_of_the_one_below_it(share: float, expected: float, shown: str) -> None:
    """Three digits of what is expected, so that the two can be told apart; never fewer of its own."""
    assert text_of(compare._share(share, expected, Text("en"))).split() == [shown, "%"]
    assert compare._share(0.0, expected, Text("en")) == "0"


def test_a_table_says_what_heads_what_and_its_box_is_reached_by_keys() -> None:
    """WCAG 1.3.1 and 2.1.1: its first column heads rows, and what scrolls by itself takes the focus."""
    rows = [["mean", "1", Cell("2", 'class="bad"')]]
    assert table(["", "drawn", "off"], rows, "It", "lab-two", within="lab-scroll", named=True) == (
        '<div class="lab-scroll" tabindex="0" role="region" aria-label="It">'
        '<table class="lab-two"><caption>It</caption>'
        '<thead><tr><td></td><th scope="col">drawn</th><th scope="col">off</th></tr></thead>'
        '<tbody><tr><th scope="row">mean</th><td>1</td><td class="bad">2</td></tr></tbody></table></div>'
    )


def _gradient(layer: str, units: int, different: int, **given: object) -> LayerGradient:
    """Return a layer of a network that learns, with so many units that differ in weights and gradients."""
    nothing = np.zeros((1, 1))
    told = {"inputs": 3, "weight_norm": 1.0, "bias_norm": 1.0, "still": 0, "broken": False}
    told |= {"different_gradients": different, "interchangeable": different == 1}
    return LayerGradient(
        **{  # type: ignore[arg-type]
            "layer": layer,
            "units": units,
            "different": different,
            "values": nothing,
            "gradient": nothing,
            **told,
            **given,
        }
    )


def _said(*rows: LayerGradient) -> str:
    """Return the headline and what stands below it."""
    says = (model_parameters.learns, model_parameters._learning)
    return " ".join(say(0.7, rows, Text("en")) for say in says)


def test_a_hidden_layer_of_one_unit_has_none_to_be_told_apart() -> None:
    """Units are interchangeable with each other; one alone is not, and what is said is said of the others."""
    alone, three, last = _gradient("l1", 1, 1), _gradient("l2", 3, 3), _gradient("out", 2, 2)
    said = _said(alone, three, last)
    assert "interchangeable" not in said
    assert "No two units of a hidden layer start alike" in said
    said = _said(alone, _gradient("l2", 3, 1), last)
    assert "The units of l2 are interchangeable" in said
    assert "l1" not in said
