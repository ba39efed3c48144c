"""Numbers from text: a CSV file, or what was pasted from a spreadsheet."""

import csv
import math
import re
from collections.abc import Sequence

from .checks import number_in
from .errors import TableError

Rows = tuple[tuple[float, ...], ...]

#: The wide characters of a Chinese keyboard as those of ASCII.
HALF_WIDTH = {0xFF01 + at: 0x21 + at for at in range(94)}
#: The same in a table or a list, where its own comma and its wide space stand between cells too.
WIDE_MARKS = HALF_WIDTH | {ord("、"): ",", ord("\u3000"): " "}

#: Rows of one table.
MAX_ROWS = 1024


def read_table(text: str) -> Rows:
    """Return the rows of numbers in ``text``.

    Blank lines are skipped, and so is a first line in which no cell begins as a number, if others follow:
    it names the columns. Cells are divided by semicolons, tabs, commas or spaces, whichever the first row
    of numbers has, in this order; a mark at the end of every line is left out. A comma within a cell is a
    decimal comma: ``1,5;2,5`` and ``"1,5","2,5"``, also ``1,5 2,5``, but ``1,2,3`` is three numbers. So
    ``1,000;2,000`` is 1 and 2: nothing tells such decimals from thousands. A table has decimal commas or
    decimal points, and no marks of thousands: ``1.234,5`` could be two numbers. The wide characters of a
    Chinese keyboard, ``１，２；``, are read as those of ASCII.

    Raises:
        TableError: if it is no text, there is no row, there are more than ``MAX_ROWS``, rows differ in
            length, a cell is no finite number that a double holds or has a mark of thousands, or some cells
            have a decimal comma and others a point; ``facts["row"]`` is the line and ``facts["column"]`` the
            cell, from 1.
    """
    if not isinstance(text, str):
        raise TableError("table.type", kind=type(text).__name__)
    text = text.removeprefix("\ufeff")
    if not text.isascii():
        text = text.translate(WIDE_MARKS)
    if (rows := _filled(text)) > 2 * MAX_ROWS:  # before any work on them
        raise TableError("table.rows", rows=rows, most=MAX_ROWS)
    filled = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if len(filled) > 1 and _names(filled[0][1]):
        del filled[0]
    mark = _mark(filled[0][1]) if filled else " "
    cells = [(number, _cells(line, mark, number)) for number, line in filled]
    if all(len(row) > 1 and not row[-1] for _, row in cells):  # each line ends with a mark
        cells = [(number, row[:-1]) for number, row in cells]
    if not cells:
        raise TableError("table.empty")
    if len(cells) > MAX_ROWS:
        raise TableError("table.rows", rows=len(cells), most=MAX_ROWS)
    width = len(cells[0][1])
    for number, row in cells:
        if len(row) != width:
            raise TableError("table.ragged", row=number, cells=len(row), wanted=width)
    table = tuple(
        tuple(_number(cell, number, column) for column, cell in enumerate(row, start=1))
        for number, row in cells
    )
    _check_marks(cells)
    return table


def written_table(rows: Sequence[Sequence[float]]) -> str:
    """Write numbers as ``read_table`` reads them.

    Raises:
        TableError: if they are no rows of finite numbers.
    """
    try:
        numbers = [[float(value) for value in row] for row in rows]
    except Exception:  # noqa: BLE001 - whatever it is may raise anything
        numbers = [[math.nan]]
    if not all(math.isfinite(value) for row in numbers for value in row):
        raise TableError("table.numbers")
    return "\n".join(",".join(map(written, row)) for row in numbers)


def written(value: float | str) -> str:
    """Write a value so that reading it back gives the same: a number with all its digits, 2.0 as 2."""
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


#: What ends a line, and what else is blank, in ASCII: as str.splitlines and str.strip have it.
_ENDS, _BLANKS = bytes.maketrans(b"\r\v\f\x1c\x1d\x1e", b"\n" * 6), b"\t \x1f"


def _filled(text: str) -> int:
    """Return how many lines are not blank; megabytes of short ones are counted without making each."""
    if not text.isascii():
        return sum(map(bool, map(str.strip, text.splitlines())))
    lines = text.encode("ascii").translate(_ENDS, _BLANKS)
    while b"\n\n" in lines:
        lines = lines.replace(b"\n\n", b"\n")
    lines = lines.strip(b"\n")
    return lines.count(b"\n") + 1 if lines else 0


def _mark(line: str) -> str:
    parts = [part for part in line.split(" ") if part]
    if len(parts) > 1 and "," in line and all(map(_either, parts)):
        return " "
    return next((mark for mark in ";\t," if mark in line), " ")


def _names(line: str) -> bool:
    """Tell whether a line names columns: no cell of it begins as a number."""
    return not any(_NUMERIC.match(cell) for cell in _cells(line, _mark(line), 1))


def _cells(line: str, mark: str, number: int) -> list[str]:
    try:
        cells = next(csv.reader([line], delimiter=mark, skipinitialspace=True))
    except csv.Error:
        raise TableError("table.cell", row=number, column=1, cell=line[:24]) from None
    return [cell.strip() for cell in cells if cell.strip() or mark != " "]


#: How a cell begins that is meant as a number, and no column's name.
_NUMERIC = re.compile(r"[\d.+−-]|(nan|inf|infinity)$", re.IGNORECASE)
#: A number with a decimal comma, or a point, or neither.
_DECIMAL = re.compile(r"[+−-]?\d+(?:[.,]\d+)?(?:[eE][+−-]?\d+)?", re.ASCII)
#: Groups of three digits with marks between them; more than one mark, or one that is no decimal mark.
_THOUSANDS = re.compile(r"[+−-]?\d{1,3}(?:[.,'’ \u00a0\u202f]\d{3})+(?:[.,]\d+)?", re.ASCII)


def _number(cell: str, row: int, column: int) -> float:
    plain = cell.replace("−", "-").replace("_", " ")  # 1_000 is Python's writing, not a table's
    if "," in plain and _DECIMAL.fullmatch(plain):
        plain = plain.replace(",", ".")
    elif _THOUSANDS.fullmatch(cell) and not _DECIMAL.fullmatch(cell):
        raise TableError("table.thousands", row=row, column=column, cell=cell[:24])
    try:
        value = number_in(plain)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise TableError("table.cell", row=row, column=column, cell=cell[:24])
    return value


def _either(cell: str) -> bool:
    return bool(_DECIMAL.fullmatch(cell) or _THOUSANDS.fullmatch(cell))


def _check_marks(cells: list[tuple[int, list[str]]]) -> None:
    """Check that not some numbers have a decimal comma and others a point."""
    found: dict[str, str] = {}
    for number, row in cells:
        for column, cell in enumerate(row, start=1):
            found |= {mark: cell[:24] for mark in ",." if mark in cell and mark not in found}
            if len(found) > 1:
                comma, point = found[","], found["."]
                raise TableError("table.marks", row=number, column=column, comma=comma, point=point)
