"""The names of schemes on the map of chaos: those that lie beyond its edge say so."""

import numpy as np
import pytest

from pages.figures import signal_theory
from pages.figures.palette import LIGHT
from pages.figures.signal_theory import Dot, Phases


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
    """The map reaches to σ_w² = 4 and σ_b² = 0.5."""
    grid = np.ones((3, 4))
    across, up = np.linspace(0.1, 4.0, 4), np.linspace(0.0, 0.5, 3)
    phases = Phases(chi1=grid, sigma_w2=across, sigma_b2=up, edge=np.ones(3))
    (shown,) = signal_theory._names([Dot("He", 0, sigma_w2, sigma_b2)], phases, LIGHT)
    assert shown["text"] == name
    assert (shown["x"], shown["y"]) == (x, min(sigma_b2, 0.5))
