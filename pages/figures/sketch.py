"""A histogram as a visitor sketches it: empty axes to draw on, and the outline over the true chart."""

import math
from functools import cached_property
from html import escape
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from core import Law
from core.weights.laws import Array
from pages.figures.palette import Palette
from pages.figures.template import Part, label, short, vertical
from pages.text import Text
from pages.text.numbers import quantity

#: Bars that are raised, each in percent of the axes' height.
BARS = 40
#: How far out the axes go at least, in stds of a layer that keeps a signal, 1/√fan_in.
SIGMAS = 6
#: How far out a sketch is still drawn, in those of the law's own chart: further, the law would be a line.
WIDEST = 4
DASH, WIDTH = "7px,4px", 2.5


class Sketch:
    """Bars of equal width from −reach to reach."""

    def __init__(self, reach: float, bars: tuple[int, ...]) -> None:
        self.reach, self.bars = reach, np.array(bars, dtype=np.float64)

    @cached_property
    def edges(self) -> Array:
        """The ends of the bars."""
        return np.linspace(-self.reach, self.reach, len(self.bars) + 1)

    @property
    def density(self) -> Array:
        """The bars' heights with an area of 1: how high a sketch is says nothing."""
        return np.asarray(self.bars / (self.bars.sum() * (self.edges[1] - self.edges[0])))

    @property
    def ends(self) -> tuple[float, float]:
        """Between which no bar is 0 outside."""
        raised = np.flatnonzero(self.bars)
        return float(self.edges[raised[0]]), float(self.edges[raised[-1] + 1])

    @property
    def wall(self) -> float:
        """How far from 0 the furthest bar reaches."""
        return max(map(abs, self.ends))

    @property
    def mean(self) -> float:
        """The mean, as if each bar were of one density."""
        middles = (self.edges[:-1] + self.edges[1:]) / 2
        return float((self.bars * middles).sum() / self.bars.sum())

    @property
    def std(self) -> float:
        """The std, as if each bar were of one density: E[x²] of [a, b] is (a² + ab + b²)/3."""
        low, high = self.edges[:-1], self.edges[1:]
        square = (self.bars * (low**2 + low * high + high**2)).sum() / (3 * self.bars.sum())
        return math.sqrt(float(square) - self.mean**2)


def reach(law: Law, fan_in: int) -> float:
    """Return how far the empty axes go: the same for all schemes that fit there, so that it tells none.

    0 is of laws whose weights a sketch does not show: those with single values.
    """
    if law.continuous is None or law.atoms:
        return 0.0
    need = max(abs(end) if math.isfinite(end) else abs(law.mean) + 4 * law.std for end in law.support)
    own = _round(SIGMAS / math.sqrt(fan_in))
    return own if own / 15 <= need <= own else _round(1.2 * need)


def _round(value: float) -> float:
    """Return the next number of one digit that people count by."""
    size = 10.0 ** math.floor(math.log10(value))
    return short(next(size * times for times in (1, 2, 3, 5, 10) if value <= size * times * (1 + 1e-9)))


def axes(token: str, far: float, t: Text) -> str:
    """Return empty axes as HTML, on which ``pages/live/sketch.js`` has bars rise, kept by ``token``."""
    ticks = "".join(
        f'<span style="left:{50 * (1 + share):g}%">{quantity(share * far, far, trim=True)}</span>'
        for share in (-1, -0.5, 0, 0.5, 1)
    )
    facts = f'data-lab-sketch="{token}" data-bars="{BARS}" data-reach="{far}"'
    bar = escape(t("guess.bar", place="{place}", height="{height}"))
    return (
        f'<div class="lab-sketch"><div class="lab-bars" {facts} role="slider" tabindex="0" '
        f'aria-label="{escape(t("guess.axes"))}" aria-valuemin="0" aria-valuemax="100" aria-valuenow="0" '
        f'data-bar="{bar}"></div><div class="lab-ticks" aria-hidden="true">{ticks}</div>'
        f"<p>{t('chart.weight')}</p></div>"
    )


class Guess(NamedTuple):
    """What is drawn of a guess over the true chart, if anything."""

    #: weights at which its number is marked
    marks: tuple[float, ...] = ()
    sketch: Sketch | None = None

    def __bool__(self) -> bool:
        """Whether anything is."""
        return self != NONE

    def within(self, span: tuple[float, float]) -> tuple[float, float]:
        """Return an axis' ends that hold a guess too, as far as that leaves the law to be seen."""
        middle, half = sum(span) / 2, (span[1] - span[0]) / 2
        ends = [*span, *self.marks, *(self.sketch.ends if self.sketch else ())]
        room = 0.08 * (max(ends) - min(ends))
        low, high = (
            max(min(ends) - room, middle - WIDEST * half),
            min(max(ends) + room, middle + WIDEST * half),
        )
        return (low if min(ends) < span[0] else span[0], high if max(ends) > span[1] else span[1])


NONE = Guess()


def guessed(guess: Guess, unit: float, t: Text, look: Palette) -> tuple[list[Part], list[Part]]:
    """Return a guess as dashed lines, and its name above the plot, at the right.

    ``unit`` counts make a density of 1.
    """
    if not guess:
        return [], []
    lines = [vertical(x, look.second, width=WIDTH, dash=DASH) for x in guess.marks]
    if guess.sketch is not None:
        lines.append(_outline(guess.sketch, unit, look))
    return lines, [named(t, look)]


def named(t: Text, look: Palette, color: str = "") -> Part:
    """Return what guesses are called, above the plot at its right, in their colour if they have one."""
    words = f"<b>– – {t('guess.yours')}</b>"
    return label(words, 1, 1, color or look.second, xref="paper", xanchor="right", yshift=40)


def _outline(sketch: Sketch, unit: float, look: Palette) -> Part:
    """Return a sketch as a dashed line, with an area of 1."""
    corners = []
    for (low, high), height in zip(pairwise(sketch.edges), sketch.density * unit, strict=True):
        corners += [f"{low:.6g},{height:.6g}", f"{high:.6g},{height:.6g}"]
    first, last = (f"{end:.6g},0" for end in (-sketch.reach, sketch.reach))
    path = f"M{first}L{'L'.join(corners)}L{last}"
    line = {"color": look.second, "width": WIDTH, "dash": DASH}
    return {"type": "path", "path": path, "yref": "y", "line": line}
