"""A chart for the last row of a lecture hall: the same chart, all that is measured in pixels enlarged."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

#: What Plotly measures in pixels wherever it stands.
_ANYWHERE = {
    *("xshift", "yshift", "standoff", "ticklabelstandoff", "borderpad", "borderwidth", "ticklen"),
    *(
        "tickwidth",
        "gridwidth",
        "zerolinewidth",
        "thickness",
        "outlinewidth",
        "height",
        "dash",
        "ax",
        "ay",
        "arrowwidth",
    ),
}
#: What it measures in pixels in some parts alone: a bar's width is in the units of its axis.
_IN = {
    "size": {"font", "marker", "textfont", "tickfont"},
    "width": {"line"},
    **{side: {"margin"} for side in ("l", "r", "t", "b", "pad")},
}


def enlarged(part: Any, times: float, inside: str = "") -> Any:
    """Return a part of a figure with every length in pixels ``times`` as long; the data stay as they are.

    ``inside`` is the name of the part that holds this one.
    """
    if isinstance(part, Mapping):
        pixels = part.get("xsizemode") == "pixel"
        return {
            name: _scaled(value, times)
            if name in _ANYWHERE
            or inside in _IN.get(name, ())
            or (pixels and name in {"x0", "x1"})
            or (part.get("ysizemode") == "pixel" and name in {"y0", "y1"})
            else enlarged(value, times, name)
            for name, value in part.items()
        }
    if isinstance(part, list | tuple) and inside in {"data", "shapes", "annotations", "scatter"}:
        return [enlarged(item, times, inside) for item in part]
    return part


def _scaled(value: Any, times: float) -> Any:
    """Return a length, lengths, or a dash of lengths such as ``6px,4px``, ``times`` as long."""
    if isinstance(value, str):
        return re.sub(r"[\d.]+(?=px)", lambda found: f"{float(found[0]) * times:.3g}", value)
    if isinstance(value, Sequence):
        return [_scaled(item, times) for item in value]
    if isinstance(value, int):  # some lengths must be whole
        return round(value * times)
    return value * times if isinstance(value, float) else value
