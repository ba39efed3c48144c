"""The map of a model: a row a block, a tile a tensor in the file's order, as wide as its share of the row.

It is HTML, as a tile is a link that keys reach. Fill, outline and mark say the same as the colours do.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import groupby
from typing import NamedTuple

from core.checkpoints.report_row import Row

#: Of more tensors than these, or longer names in all, a tile stands for a block; of more blocks for several.
MOST_TILES, MOST_LETTERS = 600, 60_000
#: Tiles in a row, at most.
ACROSS = 40
#: What a tile says by its mark: nothing, worth knowing, wrong.
MARKS = ("", "△", "▲")
#: A law that only such a distance would refute is one of many that fit: of some 50 numbers, or fewer.
LITTLE = 0.3


class Tile(NamedTuple):
    """A tensor, or a block of them: its numbers, how it looks, and its mark (0, 1 or 2)."""

    name: str
    n: int
    look: str
    mark: int
    #: tensors that it stands for; 1 is the tensor itself
    tensors: int = 1
    #: of several blocks the last one's name
    last: str = ""


class Band(NamedTuple):
    """A row of the map."""

    label: str
    tiles: Sequence[Tile]


def tells_little(row: Row) -> bool:
    """Tell whether a law fits only as numbers so few, or so coarse, refute hardly any."""
    return row.init is not None and row.init.would_refute[0] > LITTLE


def look_of(row: Row) -> str:
    """Return how a tensor's tile is filled: by what is known of its start."""
    if row.flags & {"constant", "zeros"} or (row.n == 1 and math.isfinite(row.minimum)):
        return "constant"
    if tells_little(row):
        return "other"
    if row.init is not None:
        return "fits"
    judged = row.is_float and row.n and not row.quantised and not row.flags & {"nan", "inf", "uninitialised"}
    return "unknown" if judged else "other"


def block_of(name: str) -> str:
    """Return the part of a name that counts a layer, up to its first number; '' if it has none."""
    parts = name.split(".")
    for at, part in enumerate(parts):
        if part.isdigit():
            return ".".join(parts[: at + 1])
    return ""


def bands(rows: Sequence[Row], mark_of: Callable[[Row], int]) -> list[Band]:
    """Return the rows of the map, in the file's order."""
    whole = len(rows) > MOST_TILES or sum(len(row.name) for row in rows) > MOST_LETTERS
    if not whole:
        return [band for block, members in _blocks(rows) for band in _band(block, members, mark_of)]
    tiles = [_together(block, members, mark_of) for block, members in _blocks(rows)]
    while len(tiles) > MOST_TILES:
        tiles = [_merged(tiles[at : at + 10]) for at in range(0, len(tiles), 10)]
    cut = _cut(tiles, ACROSS // 2)
    return [Band(_ends(some[0].name, some[-1].last or some[-1].name), some) for some in cut]


def _blocks(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    for (_, block), members in groupby(rows, lambda row: (row.file, block_of(row.name))):
        yield block, list(members)


def _band(block: str, members: Sequence[Row], mark_of: Callable[[Row], int]) -> Iterator[Band]:
    for some in _cut([Tile(row.name, row.n, look_of(row), mark_of(row)) for row in members], ACROSS):
        ends = (tile.name.rpartition(".")[0] or tile.name for tile in (some[0], some[-1]))
        yield Band(block or _ends(*ends), some)


def _cut(tiles: Sequence[Tile], most: int) -> Iterator[Sequence[Tile]]:
    for at in range(0, len(tiles), most):
        yield tiles[at : at + most]


def _ends(first: str, last: str) -> str:
    """Return what a row without a block of its own is called: its first part, and its last.

    Of layers of one list, as "model.layers.0" and "model.layers.19", that is "layers.0 … 19".
    """
    if first == last:
        return first
    (within, _, start), (other, _, end) = first.rpartition("."), last.rpartition(".")
    if not within or within != other:
        return f"{first} … {last}"
    return f"{within.rpartition('.')[2]}.{start} … {end}"


def _together(block: str, members: Sequence[Row], mark_of: Callable[[Row], int]) -> Tile:
    looks = [look_of(row) for row in members]
    return Tile(
        block or members[0].name,
        sum(row.n for row in members),
        max(dict.fromkeys(looks), key=looks.count),
        max(map(mark_of, members)),
        len(members),
    )


def _merged(tiles: Sequence[Tile]) -> Tile:
    looks = [tile.look for tile in tiles]
    look = max(dict.fromkeys(looks), key=looks.count)
    total = sum(tile.n for tile in tiles), sum(tile.tensors for tile in tiles)
    last = tiles[-1].last or tiles[-1].name
    return Tile(tiles[0].name, total[0], look, max(tile.mark for tile in tiles), total[1], last)


def drawing(  # noqa: PLR0913 - a map has these parts, named at the call
    rows: Sequence[Band],
    chosen: str,
    *,
    label: str,
    href: Callable[[Tile], str],
    words: Callable[[Tile], str],
    name: Callable[[str], str],
) -> str:
    """Return the map as HTML; ``words`` say what a tile is to who does not see it, ``name`` writes a name."""
    lines = []
    for band in rows:
        tiles = "".join(_tile(tile, chosen, href, words) for tile in band.tiles)
        lines.append(f'<div class="lab-band"><span>{name(band.label)}</span><div>{tiles}</div></div>')
    rows_of = f'style="--rows:{len(lines)}" aria-label="{escape(label)}"'
    return f'<nav class="lab-map" data-lab-map {rows_of}>{"".join(lines)}</nav>'


def _tile(tile: Tile, chosen: str, href: Callable[[Tile], str], words: Callable[[Tile], str]) -> str:
    said = escape(words(tile))
    here = ' aria-current="true"' if tile.name == chosen else ""
    marked, named = (f" lab-mark{tile.mark}", f' aria-label="{said}"') if tile.mark else ("", "")
    return (
        f'<a href="{escape(href(tile))}" data-lab-page class="lab-{tile.look}{marked}"'
        f' style="flex-grow:{max(1, tile.n)}" title="{said}"{named}{here}>{MARKS[tile.mark]}</a>'
    )
