"""What all charts share: type, axes, lines and labels, and no decoration."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from pages.figures.palette import FONT, FONT_SIZE, Palette

Part = dict[str, Any]


def figure(  # noqa: PLR0913 - a chart has these parts, named at the call
    traces: Sequence[Part],
    look: Palette,
    *,
    x: Part,
    y: Part,
    y_title: str,
    shapes: Sequence[Part] = (),
    labels: Sequence[Part] = (),
) -> go.Figure:
    """Assemble a chart from plain parts; ``y_title`` stands upright above the axis.

    The parts go to Plotly in one piece: it checks each as it would one by one, in a third of the time.
    """
    axis: Part = {
        "fixedrange": True,
        "zeroline": False,
        "ticks": "",
        "ticklabelstandoff": 6,
        "tickfont": {"color": look.ink2},
        "title": {"font": {"color": look.ink2, "size": FONT_SIZE}},
    }
    heading = label(y_title, 0, 1, look.ink2, xref="paper", yref="paper", xanchor="left", yshift=34)
    heading["xshift"] = -54
    layout = {
        "template": {},  # or Plotly sends its own, 4 kB that say nothing
        "font": {"family": FONT, "size": FONT_SIZE, "color": look.ink},
        "paper_bgcolor": look.paper,
        "plot_bgcolor": look.paper,
        "margin": {"l": 56, "r": 12, "t": 62, "b": 48},
        "bargap": 0,
        "showlegend": False,
        "dragmode": False,
        "hovermode": "x",
        "hoverlabel": {"bgcolor": look.paper, "bordercolor": look.axis, "font": {"color": look.ink}},
        "xaxis": _merged(axis, {"showgrid": False}, x),
        "yaxis": _merged(axis, {"gridcolor": look.rule, "nticks": 5}, y),
        "shapes": list(shapes),
        "annotations": [heading, *labels],
    }
    return go.Figure({"data": list(traces), "layout": layout})


def label(text: str, x: float, y: float, color: str, **more: Any) -> Part:
    """Return a text at (x, y), by default in data coordinates, its foot on y."""
    place = {"x": x, "y": y, "yanchor": "bottom", "showarrow": False}
    return {"text": text, "font": {"color": color}, **place, **more}


def vertical(x: float, color: str, *, width: float, dash: str = "solid", top: float = 1) -> Part:
    """Return a vertical line through the whole height of the plot."""
    ends = {"x0": x, "x1": x, "y0": 0, "y1": top, "yref": "paper"}
    return {"type": "line", "line": {"color": color, "width": width, "dash": dash}, **ends}


def _merged(*parts: Part) -> Part:
    """Merge mappings, one level deep, the last one winning."""
    merged: Part = {}
    for part in parts:
        for key, value in part.items():
            old = merged.get(key)
            merged[key] = {**old, **value} if isinstance(old, dict) else value
    return merged
