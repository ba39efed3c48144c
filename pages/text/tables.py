"""A table as HTML: the one place where tables are built."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Cell(NamedTuple):
    """A cell that is unlike the others: its HTML, and its own attributes."""

    words: str
    attributes: str = ""


def table(  # noqa: PLR0913 - what a table has
    heads: Sequence[str],
    rows: Iterable[Sequence[str | Cell]],
    caption: str,
    kind: str,
    *,
    within: str = "",
    named: bool = False,
) -> str:
    """Return a table: the first of ``heads`` stands over the rows' own names, the first of each row.

    All is HTML. ``kind`` are its classes, and ``within`` those of a box in which it scrolls by itself where
    it is too wide; it is ``named`` by the caption, if that is only words, for who reads the screen aloud.
    """
    head = "".join(f'<th scope="col">{words}</th>' if words else "<td></td>" for words in heads)
    body = "".join(
        f'<tr><th scope="row">{name}</th>{"".join(map(_cell, cells))}</tr>' for name, *cells in rows
    )
    whole = (
        f'<table class="{kind}"><caption>{caption}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
    if not within:
        return whole
    name = f' role="region" aria-label="{caption}"' if named else ""
    return f'<div class="{within}" tabindex="0"{name}>{whole}</div>'


def _cell(cell: str | Cell) -> str:
    if isinstance(cell, str):
        return f"<td>{cell}</td>"
    return f"<td {cell.attributes}>{cell.words}</td>"
