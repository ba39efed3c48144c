"""Charts of wide layers' theory: length and correlation maps, and the edge of chaos with schemes on it."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from pages.figures.chart_data import Series, flat
from pages.figures.compare import DASHES
from pages.figures.palette import FONT, FONT_SIZE, Palette
from pages.figures.signal import LINE, SYMBOLS, THEORY
from pages.figures.template import Part, figure, label, pointed_number, short
from pages.text import Text

Array = npt.NDArray[np.float64]


class Curves(NamedTuple):
    """One scheme's length map and correlation map: what a layer makes of a length, and of a likeness."""

    name: str
    series: int
    #: what goes in and what comes out, arrays of one length each
    lengths: tuple[Array, Array]
    correlations: tuple[Array, Array]
    #: where each comes to rest; nan if nowhere
    length: float
    correlation: float


def maps(schemes: Sequence[Curves], t: Text, look: Palette) -> go.Figure:
    """Draw length map and correlation map side by side, the diagonal dashed, fixed points as rings."""
    reach = float(max(scheme.lengths[0][-1] for scheme in schemes))
    panels = ({"xaxis": "x", "yaxis": "y"}, reach), ({"xaxis": "x2", "yaxis": "y2"}, 1.0)
    diagonal = {"color": look.ink2, "width": THEORY, "dash": "6px,4px"}
    traces: list[Part] = [
        {"x": [0, short(end)], "y": [0, short(end)], "line": diagonal, **axes} for axes, end in panels
    ]
    for scheme in schemes:
        maps = (scheme.lengths, scheme.length), (scheme.correlations, scheme.correlation)
        for (axes, end), (curve, rest) in zip(panels, maps, strict=True):
            traces += [{**part, **axes} for part in _curve(scheme.series, curve, rest, end, look)]
    labels = [
        label(t(panel), x, 1, look.ink2, xref="paper", xanchor="left", yshift=8)
        for panel, x in zip(_PANELS, (0, 0.56), strict=True)
    ]
    if look.times > 1 or look.font != FONT:  # a page has the names in a list below
        labels += _key(schemes, look)
    right = [float(scheme.correlations[1][0]) for scheme in schemes]
    low = min(0.0, *(c for c in right if math.isfinite(c)), 0.0)
    top = 1.05 * reach
    plain: Part = {"fixedrange": True, "zeroline": False, "ticklabelstandoff": 6, "nticks": 6}
    plain["showgrid"] = False
    plain["range"] = [short(low), 1.03]
    title = {"text": t("signal.correlation_before"), "font": {"size": FONT_SIZE}}
    return figure(
        traces,
        look,
        x={"range": [0, short(top)], "nticks": 6, "domain": [0, 0.46]},
        y={"range": [0, short(top)]},
        x_title=t("signal.length_before"),
        y_title="",
        labels=labels,
        margin={"l": 56, "r": 16, "t": 48 if len(labels) == len(_PANELS) else 76, "b": 48},
        series=lambda: [part for scheme in schemes for part in _series(scheme)],
        xaxis2={**plain, "domain": [0.56, 1], "anchor": "y2", "title": title},
        yaxis2={**plain, "anchor": "x2", "showgrid": True, "gridcolor": look.rule},
    )


def _curve(series: int, curve: tuple[Array, Array], rest: float, end: float, look: Palette) -> Iterator[Part]:
    """Yield a scheme's map, and a ring where it comes to rest, if that is up to ``end``."""
    before, after = (part.astype(np.float32) for part in curve)
    yield {
        "x": before,
        "y": after,
        "line": {"color": look.series[series], "width": LINE, "dash": DASHES[series]},
    }
    if math.isfinite(rest) and rest <= end:
        yield _mark(rest, rest, series, 12, look)


def _mark(x: float, y: float, series: int, size: int, look: Palette) -> Part:
    """Return a scheme's sign at a place, set off by a rim of paper."""
    mark: Part = {"symbol": SYMBOLS[series], "size": size, "color": look.series[series]}
    mark["line"] = {"color": look.paper, "width": 2}
    return {"mode": "markers", "x": [short(x)], "y": [short(y)], "marker": mark, "cliponaxis": False}


def _series(scheme: Curves) -> list[Series]:
    """Return a scheme's two maps, and where each comes to rest."""
    (q, q_next), (c, c_next) = scheme.lengths, scheme.correlations
    rest = {"q_rest": [scheme.length], "c_rest": [scheme.correlation]}
    columns = ({"q": q, "q_next": q_next}, {"c": c, "c_next": c_next}, rest)
    return [Series(scheme.name, part) for part in columns]


#: The maps' titles.
_PANELS = ("signal.length_map", "signal.correlation_map")


def _key(schemes: Sequence[Curves], look: Palette) -> list[Part]:
    """Return the schemes' names in a row above the plots, each in its line's colour, with its mark."""
    marks = {"circle": "●", "square": "■", "diamond": "◆", "triangle-up": "▲", "triangle-down": "▼"}
    words = [f"{marks.get(SYMBOLS[scheme.series], '✕')} <b>{scheme.name}</b>" for scheme in schemes]
    return [
        label(word, at / len(words), 1, look.series[scheme.series], xref="paper", xanchor="left", yshift=36)
        for at, (word, scheme) in enumerate(zip(words, schemes, strict=True))
    ]


class Dot(NamedTuple):
    """Where one scheme lies on the plane."""

    name: str
    series: int
    sigma_w2: float
    sigma_b2: float


class Phases(NamedTuple):
    """χ₁ over (σ_w², σ_b²), and the edge: chi1 (m, n), sigma_w2 (n,), sigma_b2 and edge (m,)."""

    sigma_w2: Array
    sigma_b2: Array
    chi1: Array
    #: σ_w² at which χ₁ is 1, for each σ_b²; nan where it is nowhere
    edge: Array


def chaos(dots: Sequence[Dot], phases: Phases, t: Text, look: Palette) -> go.Figure:
    """Draw χ₁ over the plane, the edge where it is 1, and where the schemes lie.

    Colours go by log₂ χ₁, from ordered over the paper's own at 1 to chaotic.
    """
    sigma_w2, sigma_b2, chi1, edge = phases
    here = np.isfinite(edge) & (edge <= sigma_w2[-1])
    line = {"color": look.ink, "width": 3}
    shown = {"x": edge[here].astype(np.float32), "y": sigma_b2[here].astype(np.float32), "line": line}
    width, height = float(sigma_w2[-1]), float(sigma_b2[-1])
    marks = [_mark(min(dot.sigma_w2, width), min(dot.sigma_b2, height), dot.series, 15, look) for dot in dots]
    across = {"text": t("chaos.sigma_w2"), "font": {"size": FONT_SIZE}, "standoff": 14}
    return figure(
        [_plane(phases, look), shown, *marks],
        look,
        x={"range": [0, short(width)], "nticks": 7, "title": across},
        y={"range": [0, short(height)], "nticks": 5},
        x_title=t("chaos.sigma_w2"),
        y_title=t("chaos.sigma_b2"),
        labels=[*_sides(phases, t, look), *_edge_name(phases, here, t, look), *_names(dots, phases, look)],
        hovermode="closest",
        series=lambda: [
            *(Series(dot.name, {"sigma_w2": [dot.sigma_w2], "sigma_b2": [dot.sigma_b2]}) for dot in dots),
            Series("edge", {"sigma_w2": edge[here], "sigma_b2": sigma_b2[here]}),
            Series("map", flat(("sigma_w2", sigma_w2), ("sigma_b2", sigma_b2), "chi1", chi1)),
        ],
    )


def _plane(phases: Phases, look: Palette) -> Part:
    """Return the plane in colours."""
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.clip(np.log2(phases.chi1), -1, 1)  # of which a colour shows no more than a float16 has
    ordered, chaotic = look.diverging
    return {
        "type": "heatmap",
        "x": phases.sigma_w2.astype(np.float32),
        "y": phases.sigma_b2.astype(np.float32),
        "z": z.astype(np.float32),
        "zmin": -1,
        "zmax": 1,
        "zsmooth": "best",
        "colorscale": [[0, ordered], [0.5, look.paper], [1, chaotic]],
        "opacity": 0.55,
        "showscale": False,
        **pointed_number(phases.chi1, "z", "σ_w² = %{{x:.3~r}}, σ_b² = %{{y:.3~r}}: χ₁ = {}".format),
    }


def _sides(phases: Phases, t: Text, look: Palette) -> list[Part]:
    """Name the two sides of the edge, if there are two."""
    sides = [label(t("chaos.ordered"), 0, 0.55, look.ink, xref="paper", xanchor="left", xshift=8)]
    if np.nanmax(phases.chi1) > 1:
        sides.append(label(t("chaos.chaotic"), 1, 0.55, look.ink, xref="paper", xanchor="right", xshift=-8))
    return sides


def _edge_name(phases: Phases, here: npt.NDArray[np.bool_], t: Text, look: Palette) -> list[Part]:
    """Name the edge at its upper end, if it is ``here``."""
    if not here.any():
        return []
    at = np.flatnonzero(here)[-1]
    x, y = float(phases.edge[at]), 0.985 * float(phases.sigma_b2[at])
    right = x > 0.6 * float(phases.sigma_w2[-1])
    side = {"xanchor": "right", "xshift": -8} if right else {"xanchor": "left", "xshift": 8}
    words = f"<b>{t('chaos.edge')}</b> χ₁ = 1"
    return [label(words, x, y, look.ink, yref="y", yanchor="top", bgcolor=look.paper, **side)]


def _names(dots: Sequence[Dot], phases: Phases, look: Palette) -> Iterator[Part]:
    """Name the schemes over their signs; an arrow points to one that lies further out."""
    width, height = float(phases.sigma_w2[-1]), float(phases.sigma_b2[-1])
    lifts = _lifts([min(dot.sigma_w2, width) / width for dot in dots])
    for dot, lift in zip(dots, lifts, strict=True):
        x, y = min(dot.sigma_w2, width), min(dot.sigma_b2, height)
        sign = " →" if dot.sigma_w2 > width else ""
        place: Part = {"yref": "y", "bgcolor": look.paper, "showarrow": True, "arrowhead": 0, "arrowwidth": 1}
        place |= {"ax": 0, "ay": -22 - 22 * lift, "arrowcolor": look.series[dot.series]}
        place["xanchor"] = "right" if x > 0.75 * width else "left" if x < 0.25 * width else "center"
        place["name"] = f"dot_{dot.series}"  # by which a hand finds it
        yield label(f"<b>{dot.name}</b>{sign}", x, y, look.series[dot.series], **place)


def _lifts(places: Sequence[float]) -> list[int]:
    """Return on which line above its dot each name stands, so that near ones do not meet."""
    lifts: list[int] = []
    for i, place in enumerate(places):
        taken = {lifts[j] for j in range(i) if abs(places[j] - place) < 0.5}
        lifts.append(next(n for n in range(len(places)) if n not in taken))
    return lifts
