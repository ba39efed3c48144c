"""The names of schemes on the map of chaos: those beyond its edge say so, and none covers another."""

from itertools import pairwise

import numpy as np
import pytest

from pages.figures import signal_theory
from pages.figures.palette import LIGHT
from pages.figures.signal_theory import Dot, Phases

#: A map that reaches to σ_w² = 4 and σ_b² = 0.5.
PHASES = Phases(
    chi1=np.ones((3, 4)),
    sigma_w2=np.linspace(0.1, 4.0, 4),
    sigma_b2=np.linspace(0.0, 0.5, 3),
    edge=np.ones(3),
)


@pytest.mark.parametrize(
    ("sigma_w2", "sigma_b2", "name", "x"),
    [
        (1.0, 0.1, "<b>He</b>", 1.0),
        (9.0, 0.1, "<b>He</b> →", 4.0),
        (1.0, 7.0, "<b>He</b>", 1.0),
        (9.0, 7.0, "<b>He</b> →", 4.0),
    ],
)
def test_a_scheme_that_lies_beyond_the_map_has_an_arrow_there(
    sigma_w2: float, sigma_b2: float, name: str, x: float
) -> None:
    (shown,) = signal_theory._names([Dot("He", 0, sigma_w2, sigma_b2)], PHASES, LIGHT)
    assert shown["text"] == name
    assert (shown["x"], shown["y"]) == (x, min(sigma_b2, 0.5))


@pytest.mark.parametrize(
    ("places", "lines"),
    [
        ((0.2, 1.6), [0, 1]),  # 35 % of the map apart: two names would meet
        ((0.2, 2.4), [0, 0]),
        ((0.2, 1.4, 3.0), [0, 1, 0]),
        ((2.0, 2.4, 1.6), [0, 1, 2]),
        ((5.0, 9.0), [0, 1]),  # both at the edge
    ],
)
def test_names_that_would_meet_stand_one_over_the_other(places: tuple[float, ...], lines: list[int]) -> None:
    dots = [Dot("He", at, place, 0.1) for at, place in enumerate(places)]
    heights = [-label["ay"] for label in signal_theory._names(dots, PHASES, LIGHT)]
    rows = sorted({*heights})
    assert [rows.index(height) for height in heights] == lines
    # a line of type takes 14 pixels, and what is around them
    assert all(higher - lower >= 20 for lower, higher in pairwise([0, *rows]))
