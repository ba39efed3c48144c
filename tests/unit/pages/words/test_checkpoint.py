"""What is said of a tensor of a file, in numbers that follow from how many numbers it has."""

import math

import pytest

from pages.text import Text
from pages.words import checkpoint as words
from tests.support.charts import some_row
from tests.support.words import text_of


@pytest.mark.parametrize("shape", [(256, 512), (64, 128), (40, 50)])
def test_what_would_refute_a_law_is_a_distance_and_percents_of_its_std(shape: tuple[int, int]) -> None:
    """Once in 1000 D√n is above 1.94947 (Kolmogorov 1933), and a std 3.29053 of σ/√(2n) off."""
    n = math.prod(shape)
    limit, percent = 1.94947 / math.sqrt(n), 100 * 3.29053 / math.sqrt(2 * n)
    said = text_of(words.verdict(some_row(shape), Text("en")))
    assert f"refuted from D = {limit:.3g} on, or by a std {percent:.3g} % off." in said
