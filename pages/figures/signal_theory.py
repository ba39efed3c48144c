"""Charts of wide layers' theory: maps, lengths by layer, and the edge of chaos with schemes on it."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from pages.figures.chart_data import Series, flat
from pages.figures.compare import DASHES
from pages.figures.palette import FONT, FONT_SIZE, Palette, mixed
from pages.figures.signal import LINE, SYMBOLS, THEORY, powers
from pages.figures.template import Part, figure, label, pointed, short
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
    plain: Part = {**_PLAIN, "nticks": 6, "range": [short(low), 1.03]}
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
        yield _marks([rest], [rest], [series], 12, look)


def _marks(x: Sequence[float], y: Sequence[float], series: Sequence[int], size: int, look: Palette) -> Part:
    """Return several schemes' signs, each at its place."""
    mark: Part = {"symbol": [SYMBOLS[at] for at in series], "color": [look.series[at] for at in series]}
    mark |= {"size": size, "line": {"color": look.paper, "width": 2}}
    return {
        "mode": "markers",
        "x": [short(at) for at in x],
        "y": [short(at) for at in y],
        "marker": mark,
        "cliponaxis": False,
    }


def _series(scheme: Curves) -> list[Series]:
    """Return a scheme's two maps, and where each comes to rest."""
    (q, q_next), (c, c_next) = scheme.lengths, scheme.correlations
    rest = {"q_rest": [scheme.length], "c_rest": [scheme.correlation]}
    columns = ({"q": q, "q_next": q_next}, {"c": c, "c_next": c_next}, rest)
    return [Series(scheme.name, part) for part in columns]


#: What a second panel's axes share with the first's.
_PLAIN: Part = {"fixedrange": True, "zeroline": False, "ticklabelstandoff": 6, "showgrid": False}
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


class Lengths(NamedTuple):
    """One scheme's lengths: what a layer makes of each, where they come to rest, and theirs by layer."""

    name: str
    series: int
    #: q, evenly spaced in its logarithm, and q of the next layer
    map: tuple[Array, Array]
    rest: float
    #: of each layer, the first first
    by_layer: Array


#: Of more layers than both together a chart of lengths shows all of the first, and fewer than so many others.
_EACH, _OTHERS = 32, 18
#: The panel at the right.
_RIGHT: Part = {"xaxis": "x2", "yaxis": "y2"}
#: Lengths further out than a float32 has are drawn at its ends, far from any chart.
_ENDS = 1e-37, 1e38


def lengths(schemes: Sequence[Lengths], t: Text, look: Palette) -> go.Figure:
    """Draw the length map and, up the same axis, the lengths by layer that it leads to.

    The axes are logarithmic, and what they hold goes by the map's ends, so that they stand still while a
    scheme is moved. Signs show where lengths come to rest, and what they are in the last layer.
    """
    low, high = (round(math.log10(end), 6) for end in schemes[0].map[0][[0, -1]].tolist())
    layers = _layers(len(schemes[0].by_layer))
    diagonal = [short(10.0**low), short(10.0**high)]
    dashed = {"color": look.ink2, "width": THEORY, "dash": "6px,4px"}
    traces: list[Part] = [{"x": diagonal, "y": diagonal, "line": dashed}]
    traces += _ways(schemes, layers, look)
    axis: Part = {"type": "log", "range": [short(low), short(high)], **powers(low, high)}
    depth = int(layers[-1])
    return figure(
        traces,
        look,
        x={**axis, **powers(low, high, most=4), "domain": [0, 0.46]},
        y=axis,
        x_title=t("signal.length_before"),
        y_title="",
        labels=[
            label(t(panel), x, 1, look.ink2, xref="paper", xanchor="left", yshift=8)
            for panel, x in zip(("signal.length_map", "signal.length_by_layer"), (0, 0.54), strict=True)
        ],
        margin={"l": 40, "r": 12, "t": 34, "b": 44},
        series=lambda: [part for scheme in schemes for part in _lengths_series(scheme)],
        xaxis2={
            **_PLAIN,
            "range": [short(1 - 0.03 * depth), short(1.03 * depth)],
            "tickvals": sorted({1, (depth + 1) // 2, depth}),
            "domain": [0.54, 1],
            "anchor": "y2",
            "title": {"text": t("signal.layer"), "font": {"size": FONT_SIZE}},
        },
        yaxis2={**_PLAIN, **axis, "showgrid": True, "gridcolor": look.rule, "showticklabels": False}
        | {"anchor": "x2"},
    )


def _layers(depth: int) -> npt.NDArray[np.uint8]:
    """Return the layers whose lengths are drawn."""
    if depth <= _EACH + _OTHERS:
        return np.arange(1, depth + 1, dtype=np.uint8)
    others = np.geomspace(_EACH, depth, _OTHERS).round()[1:]
    return np.concatenate([np.arange(1, _EACH + 1), others]).astype(np.uint8)


def _ways(schemes: Sequence[Lengths], layers: npt.NDArray[np.uint8], look: Palette) -> Iterator[Part]:
    """Yield each scheme's map and its lengths by layer; then the signs of rest, and of the last layer."""
    for scheme in schemes:
        line = {"color": look.series[scheme.series], "width": LINE, "dash": DASHES[scheme.series]}
        before, after = scheme.map
        yield {"x": before.astype(np.float32), "y": _drawn(after), "line": line}
        yield {"x": layers, "y": _drawn(scheme.by_layer[layers - 1]), "line": line, **_RIGHT}
    series = [scheme.series for scheme in schemes]
    rests = np.clip([scheme.rest for scheme in schemes], *_ENDS).tolist()
    lasts = np.clip([scheme.by_layer[-1] for scheme in schemes], *_ENDS).tolist()
    yield _marks(rests, rests, series, 11, look)
    yield {**_marks([int(layers[-1])] * len(series), lasts, series, 9, look), **_RIGHT}


def _drawn(q: Array) -> npt.NDArray[np.float32]:
    return np.clip(q, *_ENDS).astype(np.float32)


def _lengths_series(scheme: Lengths) -> list[Series]:
    """Return a scheme's length map, where it comes to rest, and its lengths by layer."""
    q, q_next = scheme.map
    by_layer = {"layer": np.arange(1, len(scheme.by_layer) + 1), "q": scheme.by_layer}
    columns = ({"q": q, "q_next": q_next}, {"q_rest": [scheme.rest]}, by_layer)
    return [Series(scheme.name, part) for part in columns]


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


#: The share of the plane's width that a side needs for its name.
NAMED = 0.12


def chaos(dots: Sequence[Dot], phases: Phases, t: Text, look: Palette) -> go.Figure:
    """Draw χ₁ over the plane, the edge where it is 1, and where the schemes lie.

    Colours go by log₂ χ₁, from ordered over the paper's own at 1 to chaotic.
    """
    sigma_w2, sigma_b2, chi1, edge = phases
    here = np.isfinite(edge) & (edge <= sigma_w2[-1])
    line = {"color": look.ink, "width": 3}
    shown = {"x": edge[here].astype(np.float32), "y": sigma_b2[here].astype(np.float32), "line": line}
    width, height = float(sigma_w2[-1]), float(sigma_b2[-1])
    x, y = [min(dot.sigma_w2, width) for dot in dots], [min(dot.sigma_b2, height) for dot in dots]
    signs = _marks(x, y, [dot.series for dot in dots], 15, look)
    across = {"text": t("chaos.sigma_w2"), "font": {"size": FONT_SIZE}, "standoff": 14}
    return figure(
        [_plane(phases, look), shown, signs],
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
    """Return the plane in colours, which go by log₂ χ₁ between ½ and 2."""
    chi1 = phases.chi1.astype(np.float32)
    slope = "" if np.isinf(chi1).any() else ": χ₁ = %{z:.3~r}"
    ends = -1.0, 1.0
    low, high = (2.0**end for end in ends)
    ordered, chaotic = look.diverging
    scale = [
        [
            short((2.0**step - low) / (high - low)),
            mixed(look.paper, chaotic if step > 0 else ordered, abs(step)),
        ]
        for step in np.linspace(*ends, 17).tolist()
    ]
    return {
        "type": "heatmap",
        "x0": 0,
        "dx": short(float(phases.sigma_w2[1])),
        "y": phases.sigma_b2.astype(np.float32),
        "z": np.minimum(chi1, np.float32(1e30)),  # a heat map has no colour for what has no end
        "zmin": low,
        "zmax": high,
        "zsmooth": "best",
        "colorscale": scale,
        "opacity": 0.55,
        "showscale": False,
        **pointed(f"σ_w² = %{{x:.3~r}}, σ_b² = %{{y:.3~r}}{slope}"),
    }


def _sides(phases: Phases, t: Text, look: Palette) -> list[Part]:
    """Name the two sides of the edge, each if its name has room on it, as high as that stands."""
    up = 0.55
    chi1 = phases.chi1[round(up * (len(phases.chi1) - 1))]
    sides = (("ordered", chi1 <= 1, 0, "left", 8), ("chaotic", chi1 > 1, 1, "right", -8))
    return [
        label(t(f"chaos.{name}"), x, up, look.ink, xref="paper", xanchor=anchor, xshift=shift)
        for name, here, x, anchor, shift in sides
        if here.mean() >= NAMED
    ]


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
