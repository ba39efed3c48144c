"""What all charts share: type, axes, lines and labels, and no decoration."""

import importlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from pages.figures.chart_data import Source, attach
from pages.figures.palette import FONT_SIZE, Palette
from pages.figures.projector import enlarged
from pages.text.numbers import LEAST, quantity

# Plotly looks at pandas where it is loaded, as Streamlit does at some time: half loaded by another
# visitor's run, it would break this one's chart.
importlib.import_module("pandas")

Part = dict[str, Any]

#: The arrays that plotly.js takes as bytes.
_TYPED = {"i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8"}

_AXIS = {"fixedrange": True, "zeroline": False, "ticklabelstandoff": 6, "exponentformat": "power"}
#: The most numbers of a chart that are written for the pointer: they travel beside what is drawn.
WRITTEN = 1 << 12
#: What all our charts share, said once; Plotly's own template is 4 kB that we would undo.
_TEMPLATE = {
    "layout": {
        "annotationdefaults": {"showarrow": False, "yanchor": "bottom", "yref": "paper"},
        "shapedefaults": {"type": "line", "yref": "paper", "y0": 0, "y1": 1},
        "xaxis": {**_AXIS, "hoverformat": f".{LEAST}~r"},
        "yaxis": _AXIS,
    },
    "data": {"scatter": [{"mode": "lines", "hoverinfo": "skip"}]},
}


def figure(  # noqa: PLR0913 - a chart has these parts, named at the call
    traces: Sequence[Part],
    look: Palette,
    *,
    x: Part,
    y: Part,
    x_title: str,
    y_title: str,
    y2: Part | None = None,
    y2_title: str = "",
    shapes: Sequence[Part] = (),
    labels: Sequence[Part] = (),
    head: int = 1,
    series: Source = list,
    **layout_too: Any,
) -> go.Figure:
    """Assemble a chart from plain parts; ``y_title`` stands upright above the axis.

    ``y2`` is a second vertical axis, at the right. ``head`` is the number of lines above the plot beside
    the bounds' own. ``series`` tells the numbers that are drawn, when someone asks for them. What else
    is given goes into the layout.

    The parts go to Plotly unchecked, as its own express charts do: the check takes longer than all
    else on a page, and the tests do it for every chart.
    """
    layout: dict[str, Any] = {
        "template": _TEMPLATE,
        "font": {"family": look.font, "size": FONT_SIZE, "color": look.ink2},
        "paper_bgcolor": look.paper,
        "plot_bgcolor": look.paper,
        "margin": {"l": 56, "r": 12, "t": 66 if head == 1 else 82, "b": 48},
        "separators": ".\u202f",
        "showlegend": False,
        "dragmode": False,
        "hovermode": "x",
        "hoverlabel": {
            "bgcolor": look.paper,
            "bordercolor": look.line,
            "font": {"family": look.font, "size": FONT_SIZE, "color": look.ink},
        },
        "xaxis": {"showgrid": False, "title": {"text": x_title, "font": {"size": FONT_SIZE}}, **x},
        "yaxis": {"gridcolor": look.rule, "nticks": 5, **y},
        "shapes": list(shapes),
        "annotations": [*_headings(y_title, "" if y2 is None else y2_title, look), *labels],
    }
    if y2 is not None:
        layout["yaxis2"] = {**_AXIS, "overlaying": "y", "side": "right", "showgrid": False, **y2}
        layout["margin"] = {**layout["margin"], "r": 44}
    parts = {"data": [{"type": "scatter", **trace} for trace in traces], "layout": layout | layout_too}
    if look.times != 1:
        parts = enlarged(parts, look.times)
    return attach(Parts(parts), series)


def _headings(left: str, right: str, look: Palette) -> Iterator[Part]:
    """Yield the titles of the axes at the left and at the right, upright above them."""
    if left:
        yield label(left, 0, 1, look.ink2, xref="paper", xanchor="left", yshift=40, xshift=-54)
    if right:
        yield label(right, 1, 1, look.ink2, xref="paper", xanchor="right", yshift=40, xshift=34)


class Parts(go.Figure):  # type: ignore[misc]
    """A chart as plain parts, which travel as they are: a page only shows it.

    Plotly's own objects, for which it copies every part three times, are made once someone looks into them.
    """

    def __init__(self, parts: Part) -> None:
        self._parts = parts

    def __getattr__(self, name: str) -> Any:
        """Make Plotly's objects, all of which are missing until then."""
        if (parts := self.__dict__.pop("_parts", None)) is None:
            raise AttributeError(name)
        super().__init__(parts, _validate=False)
        return getattr(self, name)

    def to_dict(self) -> Part:
        """Return the parts as plotly.js reads them; the layout is the chart's own, to be read only."""
        if (parts := self.__dict__.get("_parts")) is None:
            return dict(super().to_dict())
        return {"data": _packed(parts["data"]), "layout": parts["layout"]}


def _packed(part: Any) -> Any:
    """Return a copy of a part of a trace, its arrays in Plotly's typed form."""
    if isinstance(part, dict):
        return {name: _packed(value) for name, value in part.items()}
    if isinstance(part, list | tuple):
        return [_packed(value) for value in part]
    return _typed(part) if isinstance(part, np.ndarray) else part


def _typed(array: npt.NDArray[Any]) -> Any:
    """Return an array as the bytes that plotly.js reads; as a list where it takes none."""
    kind = f"{array.dtype.kind}{array.dtype.itemsize}"
    if kind not in _TYPED or not array.size:
        return array.tolist()
    shape = {"shape": str(array.shape)[1:-1]} if array.ndim > 1 else {}
    return {"dtype": kind, "bdata": b64encode(array.tobytes()).decode(), **shape}


def label(text: str, x: float, y: float, color: str, **more: Any) -> Part:
    """Return a text at (x, y), its foot on y: x as in the data, y from 0 to 1 as in the plot.

    ``xref`` and ``yref`` say otherwise, as Plotly has them.
    """
    return {"text": text, "font": {"color": color}, "x": short(x), "y": short(y), **more}


def pointed(words: str, **more: Any) -> Part:
    """Return what the pointer reads of a trace: these words, and nothing of Plotly's own."""
    return {"hoverinfo": "all", "hovertemplate": f"{words}<extra></extra>", **more}


def pointed_number(values: npt.NDArray[Any], axis: str, number: Callable[[str], str], cells: int = 0) -> Part:
    """Return what the pointer reads of numbers, each put into words by ``number``.

    They are written as the page writes numbers; where they, or the chart's ``cells``, are more than
    ``WRITTEN``, the browser writes what stands on the ``axis``, to as many digits but without powers of ten.
    """
    if max(values.size, cells) > WRITTEN:
        return pointed(number(f"%{{{axis}:.{LEAST}~r}}"))
    texts = np.array([quantity(value, value, LEAST) for value in values.ravel().tolist()], dtype=object)
    return pointed(number("%{customdata}"), customdata=texts.reshape(values.shape).tolist())


def drawn(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return numbers that are only drawn, in half the bytes: in float32, where that holds each of them."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    kind = np.finfo(np.float32)
    fits = not sizes.size or (sizes.min() >= kind.tiny and sizes.max() <= kind.max)
    return values.astype(np.float32) if fits else values


def short(value: float) -> float:
    """Return ``value`` to twelve digits: fewer would shift a narrow law far from 0, more say nothing."""
    number = float(f"{value:.12g}")
    return int(number) if number.is_integer() else number


def vertical(x: float, color: str, *, width: float, dash: str = "") -> Part:
    """Return a vertical line through the whole height of the plot."""
    line = {"color": color, "width": width} | ({"dash": dash} if dash else {})
    return {"line": line, "x0": short(x), "x1": short(x)}


def diverging(look: Palette) -> list[list[Any]]:
    """Return the colour scale from negative over 0, which is paper, to positive."""
    negative, positive = look.diverging
    return [[0, negative], [0.5, look.paper], [1, positive]]
