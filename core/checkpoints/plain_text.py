"""A report for a terminal: what stands out, then a line for each tensor, as wide as there is room."""

import math
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from textwrap import wrap

from .changes import Change
from .finding import Finding
from .report import Report
from .report_text import NUMBERS, named, printable, table

#: What a severity means, and its colour where there are colours.
_SEVERITIES = {
    3: ("cannot be used as it is", 31),
    2: ("most likely a mistake", 33),
    1: ("worth knowing", 36),
}
CHANGES = ("tensor", "change", "std ratio", "mean shift", "norm ratio", "distance", "cosine")
#: Columns that are cut short where there is no room, down to so many letters.
_LONG, _LEAST = {"file", "tensor", "starts as", "flags"}, 12
_RIGHT = {*NUMBERS, *CHANGES[2:]}
_GAP = "  "
#: How many reasons are given for what was left unread.
_REASONS = 10


def plain_text(report: Report, width: int | None = None, *, coloured: bool = False) -> Iterator[str]:
    """Yield a report's lines, none wider than ``width``, where it is given."""
    yield from _wrapped(f"{report.format}: {report.state}. {report.coverage}", width)
    for finding in report.problems:
        yield ""
        yield from _problem(finding, width, coloured=coloured)
    skipped = report.coverage.skipped
    for each in skipped[:_REASONS]:
        yield from _wrapped(f"skipped: {each.why}", width)
    if len(skipped) > _REASONS:
        yield f"and {len(skipped) - _REASONS:,} more"
    if report.rows:
        yield ""
        yield from _columns(*table(report.rows), width)


def changes_text(changes: Sequence[Change], against: str, width: int | None = None) -> Iterator[str]:
    """Yield the lines that say how each tensor differs in another file."""
    counted = ", ".join(f"{n:,} {status}" for status, n in Counter(each.status for each in changes).items())
    yield from _wrapped(f"against {against}: {counted}", width)
    yield ""
    yield from _columns(CHANGES, [change_cells(each) for each in changes], width)


def change_cells(change: Change) -> tuple[str, ...]:
    """Return a change's name, status and numbers; nothing for a number that there is not."""
    numbers = (change.std_ratio, change.mean_shift, change.norm_ratio, change.distance, change.cosine)
    status = f"{change.status}, left its law" if change.left_law else change.status
    return change.name, status, *("" if math.isnan(x) else f"{x:.4g}" for x in numbers)


def _problem(finding: Finding, width: int | None, *, coloured: bool) -> Iterator[str]:
    means, colour = _SEVERITIES[finding.severity]
    first, *more = _wrapped(f"{finding.kind} ({means}): {finding}", width)
    yield first.replace(finding.kind, f"\033[1;{colour}m{finding.kind}\033[m", 1) if coloured else first
    yield from more
    yield from _wrapped(f"  tensors: {named(finding, str)}", width)
    yield from _wrapped(f"  would refute it: {finding.would_refute}", width)


def _wrapped(text: str, width: int | None) -> list[str]:
    """Return a text in lines, those after the first set in."""
    text = printable(text)
    return [text] if width is None else wrap(text, max(width, 20), subsequent_indent="    ")


def _columns(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> Iterator[str]:
    lines = [headings, *([printable(cell) for cell in row] for row in rows)]
    widths = _fitting(headings, [max(map(_wide, column)) for column in zip(*lines, strict=True)], width)
    for line in lines:
        cells = zip(headings, line, widths, strict=False)  # the last columns may be left out
        yield _GAP.join(_cell(text, size, right=name in _RIGHT) for name, text, size in cells).rstrip()


def _fitting(headings: Sequence[str], widths: list[int], room: int | None) -> list[int]:
    """Return the widths of the columns that fit: long ones are cut; where that is not enough, the last go."""
    if room is None:
        return widths
    least = [
        min(size, _LEAST) if name in _LONG else size for name, size in zip(headings, widths, strict=True)
    ]
    while len(least) > 1 and sum(least) + len(_GAP) * (len(least) - 1) > room:
        least.pop()
    widths = widths[: len(least)]
    over = sum(widths) + len(_GAP) * (len(widths) - 1) - room
    while over > 0 and widths != least:
        at = max(range(len(widths)), key=lambda i: (widths[i] > least[i], widths[i]))
        widths[at], over = widths[at] - 1, over - 1
    return widths


def _cell(text: str, size: int, *, right: bool) -> str:
    text = _cut(text, size)
    space = " " * (size - _wide(text))
    return space + text if right else text + space


def _cut(text: str, size: int) -> str:
    """Return a text with its middle left out, if it is wider than that: both ends of a name tell."""
    if _wide(text) <= size:
        return text
    head = tail = len(text) // 2
    while head + tail and _wide(text[:head]) + _wide(text[len(text) - tail :]) >= size:
        head, tail = (head - 1, tail) if head > tail else (head, tail - 1)
    return f"{text[:head]}…{text[len(text) - tail :]}"


def _wide(text: str) -> int:
    """Return how many letters' room a text takes: Chinese ones take two."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(x) else 1 + (unicodedata.east_asian_width(x) in "WF") for x in text)
