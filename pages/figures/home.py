"""The miniatures on the doors of the home page: small drawings, as pictures in HTML."""

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple
from urllib.parse import quote

from pages.figures.checkpoint_map import Band
from pages.figures.palette import Palette

#: Pixels of a miniature, and what its lines keep from its edges: left, right, top, foot.
WIDE, HIGH = 200, 96
LEFT, RIGHT, TOP, FOOT = 4, 62, 8, 8
#: Pixels that names at the lines' ends keep from each other.
APART = 15


class Course(NamedTuple):
    """One line: its name, and positive numbers from the first layer on."""

    name: str
    values: Sequence[float]


def courses(lines: Sequence[Course], look: Palette) -> str:
    """Draw how numbers go from layer to layer, on a log scale, each line with its name at its end."""
    logs = [[math.log10(value) for value in line.values] for line in lines]
    low, high = min(map(min, logs)), max(map(max, logs))
    across, down = WIDE - LEFT - RIGHT, HIGH - TOP - FOOT
    parts, last = [], -math.inf
    ends = zip(lines, logs, look.series, strict=False)
    for line, log, color in sorted(ends, key=lambda each: -each[1][-1]):  # names from above
        points = [
            (LEFT + across * place / (len(log) - 1), TOP + down * (high - value) / (high - low))
            for place, value in enumerate(log)
        ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        last = max(points[-1][1], last + APART)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2.5"/>')
        place = f'x="{WIDE - RIGHT + 6}" y="{last + 4:.1f}"'
        parts.append(f'<text {place} fill="{color}">{escape(line.name)}</text>')
    return _picture(parts)


def spreads(rows: Sequence[tuple[str, float, str]], look: Palette) -> str:
    """Draw stds as bars from 0 on, each with its name above and its number behind it."""
    most = max(std for _, std, _ in rows)
    each = HIGH / len(rows)
    parts = []
    for at, (name, std, written) in enumerate(rows):
        top, width = at * each, (WIDE - 56) * std / most
        parts.append(f'<text x="0" y="{top + 12:.1f}" fill="{look.ink}">{escape(name)}</text>')
        parts.append(f'<rect x="0" y="{top + 16:.1f}" width="{width:.1f}" height="8" fill="{look.law}"/>')
        parts.append(
            f'<text x="{width + 6:.1f}" y="{top + 24:.1f}" fill="{look.ink2}">{escape(written)}</text>'
        )
    return _picture(parts)


def blocks(rows: Sequence[Band], look: Palette) -> str:
    """Draw the map of a model: a row a block, a tile a tensor; what is wrong has an outline and a mark."""
    high, gap = HIGH / len(rows), 2
    fills = {"fits": look.bars, "constant": look.edge}
    parts = []
    for at, row in enumerate(rows):
        left, total = 0.0, sum(tile.n for tile in row.tiles)
        room = WIDE - gap * len(row.tiles)
        for tile in row.tiles:
            wide = room * tile.n / total
            box = f'x="{left + 1:.1f}" y="{at * high + 1:.1f}" width="{wide:.1f}" height="{high - 4:.1f}"'
            line = f' stroke="{look.warning}" stroke-width="1.5"' if tile.mark else ""
            parts.append(f'<rect {box} fill="{fills.get(tile.look, look.paper)}"{line}/>')
            if tile.mark:
                place = f'x="{left + wide / 2 - 3:.1f}" y="{(at + 0.5) * high + 2:.1f}"'
                parts.append(f'<text {place} fill="{look.warning}" font-size="9">▲</text>')
            left += wide + gap
    return _picture(parts)


def listing(lines: Sequence[str], printed: str) -> str:
    """Show lines of code, and the first that they print."""
    code = "\n".join(map(escape, lines))
    return f'<pre class="lab-mini" aria-hidden="true">{code}\n<i>{escape(printed)}</i></pre>'


def _picture(parts: Sequence[str]) -> str:
    """Return a drawing as a picture, since Streamlit takes drawings out of HTML."""
    size = f'width="{WIDE}" height="{HIGH}"'
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" {size} '
        f'font-family="system-ui,sans-serif" font-size="12">{"".join(parts)}</svg>'
    )
    return f'<img class="lab-mini" alt="" {size} src="data:image/svg+xml,{quote(drawing)}">'
