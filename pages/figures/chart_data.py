"""What a chart draws, as numbers: columns under stable English names, for a file and for a table."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from itertools import islice, zip_longest
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go

from pages.text import Text, catalogue
from pages.text.numbers import count, quantity
from pages.text.tables import table

Column = npt.NDArray[Any] | Sequence[Any]
#: Holds a chart's name together on its line; unseen, and in a file in the way of whoever looks for the name.
_JOINER = "\u2060"


class Series(NamedTuple):
    """One set of points, bars or cells of a chart: columns of one length, the first of which say where."""

    name: str
    columns: Mapping[str, Column]
    #: True if all series of the chart run along the same first column
    shared: bool = False

    @property
    def rows(self) -> int:
        """The number of its rows."""
        return len(next(iter(self.columns.values())))


#: Called only when someone asks, so that a chart that is only looked at costs nothing more.
Source = Callable[[], list[Series]]


def attach(chart: go.Figure, source: Source) -> go.Figure:
    """Keep beside a chart what tells its numbers; nothing of it travels to the browser."""
    chart._numbers = source
    return chart


def numbers(chart: go.Figure) -> list[Series]:
    """Return what a chart draws, at the precision of its inputs, in the order of its parts.

    Raises:
        LookupError: if the chart was not made by a function of ``pages.figures``, or is a copy of one.
    """
    source: Source | None = getattr(chart, "_numbers", None)
    if source is None:
        raise LookupError("Only a chart as pages.figures returned it knows its numbers.")
    return source()


def grid(rows: str, columns: str, matrix: npt.NDArray[Any], *, first: int = 0) -> dict[str, Column]:
    """Return a matrix as columns ``columns_0``, ``columns_1`` …, after one of its row numbers."""
    height, width = matrix.shape
    numbered: dict[str, Column] = {rows: np.arange(first, first + height)}
    return numbered | {f"{columns}_{first + at}": matrix[:, at] for at in range(width)}


def flat(
    x: tuple[str, Column], y: tuple[str, Column], name: str, cells: npt.NDArray[Any]
) -> dict[str, Column]:
    """Return the cells of a map, shape (len(y), len(x)), one a row, with where each stands."""
    (across, xs), (down, ys) = x, y
    return {down: np.repeat(ys, len(xs)), across: np.tile(xs, len(ys)), name: cells.ravel()}


def as_csv(series: Sequence[Series]) -> str:
    """Write one table: plain columns of one series; side by side what shares its first column.

    Other series stand below each other, with their names in a first column ``series``. Numbers have all
    their digits; nan leaves its cell empty.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    for row in _table(series):
        writer.writerow(row)
    return file.getvalue().replace(_JOINER, "")


def _table(series: Sequence[Series]) -> Iterator[Sequence[str]]:
    """Return the rows of the file, the names of the columns first."""
    if len(series) == 1 or _side_by_side(series):
        columns = _beside(series)
        yield [f"{name}: {key}" if name else key for name, key, _ in columns]
        yield from zip(*(map(_cell, column) for _, _, column in columns), strict=True)
        return
    keys = list(dict.fromkeys(key for part in series for key in part.columns))
    yield ["series", *keys]
    for part in series:
        columns_of = [map(_cell, part.columns.get(key, ())) for key in keys]
        for _, *cells in zip_longest(range(part.rows), *columns_of, fillvalue=""):
            yield [part.name, *map(str, cells)]


def _side_by_side(series: Sequence[Series]) -> bool:
    return len(series) > 1 and all(part.shared for part in series)


def _beside(series: Sequence[Series]) -> list[tuple[str, str, Column]]:
    """Return the columns of series that share their first: whose, which, and the numbers."""
    several = len(series) > 1
    place, *_ = series[0].columns.items()
    columns = [("", *place)]
    for part in series:
        own = islice(part.columns.items(), 1, None)
        columns += [(part.name if several else "", key, column) for key, column in own]
    return columns


def _cell(value: Any) -> str:
    """Write a value so that it reads back the same; what is not there as nothing."""
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return ""
    return str(value)


def as_table(series: Sequence[Series], t: Text, limit: int = 200, widest: int = 100) -> str:
    """Return the numbers as HTML tables of ``limit`` rows at most in all, and a note where that cuts them.

    What shares its first column stands in one table if that has no more than ``widest`` columns; other
    series have one each, cut to as many columns. Names are escaped.
    """
    parts = [(_name(part.name, t), _beside([part]), part.rows) for part in series]
    if _side_by_side(series) and len(_beside(series)) <= widest:
        parts = [(t("export.numbers"), _beside(series), series[0].rows)]
    budget = _shared_out([rows for _, _, rows in parts], limit)
    tables = []
    for (caption, columns, rows), shown in zip(parts, budget, strict=True):
        tables.append(_html(caption, columns[:widest], shown, t))
        if shown < rows or len(columns) > widest:
            sizes = {"rows": count(rows), "columns": count(len(columns))}
            note = t("export.cut", shown=count(shown), wide=count(min(widest, len(columns))), **sizes)
            tables.append(f'<p class="lab-note">{note}</p>')
    return "".join(tables).replace(_JOINER, "")


def _shared_out(rows: Sequence[int], limit: int) -> list[int]:
    """Return how many rows of each table are shown: the short ones whole, the others as many each."""
    shown = [0] * len(rows)
    left = limit
    for done, at in enumerate(sorted(range(len(rows)), key=rows.__getitem__)):
        shown[at] = min(rows[at], max(1, left // (len(rows) - done)))
        left -= shown[at]
    return shown


def _html(caption: str, columns: Sequence[tuple[str, str, Column]], shown: int, t: Text) -> str:
    heads = [(f"{escape(name)}<br>" if name else "") + _word(key, t) for name, key, _ in columns]
    rows = zip(*(map(_number, islice(column, shown)) for _, _, column in columns), strict=True)
    return table(heads, rows, caption, "lab-table lab-layers lab-export", within="lab-scroll", named=True)


def _name(name: str, t: Text) -> str:
    """Return a series' name in words; a name that has none, such as a scheme's, stands as it is."""
    known = f"export.series.{name}" in catalogue(t.language)
    return t(f"export.series.{name}") if known else escape(name)


def _word(key: str, t: Text) -> str:
    """Return a column's heading: its word, and its number where it has one, as ``input_3`` has."""
    word, number = re.fullmatch(r"(input|unit)_(\d+)|.*", key).groups()  # type: ignore[union-attr]
    return f"{t(f'export.column.{word}')} {number}" if word else t(f"export.column.{key}")


def _number(value: Any) -> str:
    """Write a value for reading: whole numbers in full, others to five digits."""
    if value is None or isinstance(value, str):
        return escape(value or "–")
    if isinstance(value, int | np.integer):
        return count(int(value))
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    return quantity(float(value), float(value), 5, trim=True)
