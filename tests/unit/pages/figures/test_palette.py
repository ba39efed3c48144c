"""Colours as a browser reads them: a mixture lies between its ends, what is translucent stays its own."""

import re

import pytest

from pages.figures.palette import DARK, LIGHT, PROJECTOR_DARK, PROJECTOR_LIGHT, Palette, mixed, translucent


def _seen(color: str) -> tuple[int, ...]:
    """Return red, green and blue as a browser reads them, of #RRGGBB or rgba(r,g,b,a)."""
    if color.startswith("#"):
        return tuple(bytes.fromhex(color[1:]))
    return tuple(int(part) for part in re.findall(r"\d+", color)[:3])


@pytest.mark.parametrize(
    ("color", "share", "css"),
    [("#102030", 0.18, "rgba(16,32,48,0.18)"), ("#FF0001", 1, "rgba(255,0,1,1)")],
)
def test_a_translucent_colour_keeps_its_red_green_and_blue(color: str, share: float, css: str) -> None:
    assert translucent(color, share) == css


@pytest.mark.parametrize(
    ("share", "color"), [(0, "#102030"), (1, "#506000"), (0.25, "#203024"), (0.75, "#40500C")]
)
def test_a_mixture_has_its_share_of_the_other(share: float, color: str) -> None:
    """Of #102030 and #506000: 0x10 + 0x40·share, 0x20 + 0x40·share, 0x30 − 0x30·share."""
    assert mixed("#102030", "#506000", share) == color


@pytest.mark.parametrize("look", [LIGHT, DARK, PROJECTOR_LIGHT, PROJECTOR_DARK])
def test_the_band_is_the_law_s_blue_and_the_shade_is_ink(look: Palette) -> None:
    assert _seen(look.noise) == _seen(look.law)
    assert _seen(look.beyond) == _seen(look.ink)
    assert look.series[0] == look.law
