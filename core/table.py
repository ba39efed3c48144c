"""Numbers from text: a CSV file, or what was pasted from a spreadsheet."""

import csv
import math
import re
from collections.abc import Sequence

from core.errors import TableError

Rows = tuple[tuple[float, ...], ...]

#: Rows of one table.
MAX_ROWS = 1024


def read_table(text: str) -> Rows:
    """Return the rows of numbers in ``text``.

    Blank lines are skipped, and so is a first line in which no cell begins as a number, if others follow:
    it names the columns. Cells are divided by semicolons, tabs, commas or spaces, whichever the first row
    of numbers has, in this order; a mark at the end of every line is left out.

    Raises:
        TableError: if there is no row, there are more than ``MAX_ROWS``, rows differ in length, or a
            cell is no finite number; ``facts["row"]`` is the line and ``facts["column"]`` the cell, from 1.
    """
    lines = enumerate(text.removeprefix("\ufeff").splitlines(), start=1)
    filled = [(number, line) for number, line in lines if line.strip()]
    if len(filled) > 2 * MAX_ROWS:  # before any work on them
        raise _too_many(len(filled))
    if len(filled) > 1 and _names(filled[0][1]):
        del filled[0]
    mark = _mark(filled[0][1]) if filled else " "
    cells = [(number, _cells(line, mark, number)) for number, line in filled]
    if all(len(row) > 1 and not row[-1] for _, row in cells):  # each line ends with a mark
        cells = [(number, row[:-1]) for number, row in cells]
    if not cells:
        raise TableError("There is no row of numbers.", code="table.empty")
    if len(cells) > MAX_ROWS:
        raise _too_many(len(cells))
    width = len(cells[0][1])
    for number, row in cells:
        if len(row) != width:
            raise TableError(
                f"Every row must have as many numbers: line {number} has {len(row)}, the first {width}.",
                code="table.ragged",
                row=number,
                cells=len(row),
                wanted=width,
            )
    return tuple(
        tuple(_number(cell, number, column) for column, cell in enumerate(row, start=1))
        for number, row in cells
    )


def written_table(rows: Sequence[Sequence[float]]) -> str:
    """Write numbers as ``read_table`` reads them."""
    return "\n".join(",".join(written(float(value)) for value in row) for row in rows)


def written(value: float | str) -> str:
    """Write a value so that reading it back gives the same: a number with all its digits, 2.0 as 2."""
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _mark(line: str) -> str:
    return next((mark for mark in ";\t," if mark in line), " ")


def _names(line: str) -> bool:
    """Tell whether a line names columns: no cell of it begins as a number."""
    return not any(_NUMERIC.match(cell) for cell in _cells(line, _mark(line), 1))


def _cells(line: str, mark: str, number: int) -> list[str]:
    try:
        cells = next(csv.reader([line], delimiter=mark, skipinitialspace=True))
    except csv.Error:
        raise _no_number(line, number, 1) from None
    return [cell.strip() for cell in cells if cell.strip() or mark != " "]


#: How a cell begins that is meant as a number, and no column's name.
_NUMERIC = re.compile(r"[\d.+−-]|(nan|inf|infinity)$", re.IGNORECASE)


def _number(cell: str, row: int, column: int) -> float:
    try:
        value = float(cell.replace("−", "-").replace("_", " "))  # 1_000 is Python's writing, not a table's
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise _no_number(cell, row, column)
    return value


def _no_number(cell: str, row: int, column: int) -> TableError:
    return TableError(
        f"Every cell must be a number; line {row}, cell {column} is {cell[:24]!r}.",
        code="table.cell",
        row=row,
        column=column,
        cell=cell[:24],
    )


def _too_many(rows: int) -> TableError:
    return TableError(
        f"A table may have {MAX_ROWS} rows; this one has {rows}.", code="table.rows", rows=rows, most=MAX_ROWS
    )
