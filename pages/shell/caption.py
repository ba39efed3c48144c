"""A picture that is taken home says in itself what it shows, of what, and where it is from."""

import re
from collections.abc import Sequence
from html import escape, unescape
from typing import NamedTuple
from unicodedata import east_asian_width

import plotly.graph_objects as go

from pages.figures.palette import PRINT
from pages.shell.frame import Chart, Formula

#: Letters in a line of the title, of what was drawn, and of the source. A Chinese one counts twice.
ACROSS = (78, 112, 124)
#: Pixels of type, and between lines.
SIZES, LINES = (17, 13, 12), (22, 18, 16)
#: Pixels between these and the chart.
ROOM = 10
#: Letters of the longest link that stands under a picture with all its choices.
LONGEST = 360


class Caption(NamedTuple):
    """What stands over a picture, and under it."""

    title: str
    of: str
    source: str


def caption(shown: Sequence[str | Formula | Chart], name: str, link: str) -> Caption:
    """Return the caption of a page's pictures: its finding, what was drawn, and ``name`` with the link."""
    words = "".join(piece for piece in shown if isinstance(piece, str))
    title, of = (_plain(words, tag) for tag in ('h[12] class="lab-headline"', 'p class="lab-context"'))
    where = link if len(link) <= LONGEST else link.partition("?")[0]
    return Caption(title, of, f"{name} · {where}" if where else name)


def _plain(words: str, tag: str) -> str:
    """Return the text of the last element that begins so."""
    found = re.findall(rf"<{tag}[^>]*>(.*?)</(?:h[12]|p)>", words, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", "", found[-1])).strip() if found else ""


def captioned(chart: go.Figure, said: Caption, height: int) -> int:
    """Write a caption into a chart, above and below what it has; return the height that it then needs."""
    parts = [_broken(text, most) if text else [] for text, most in zip(said, ACROSS, strict=True)]
    rows = [len(lines) * high for lines, high in zip(parts, LINES, strict=True)]
    head, foot = rows[0] + rows[1] + ROOM, rows[2] + 2 * ROOM
    margin = chart.layout.margin
    over, under, left = (margin[side] or 0 for side in ("t", "b", "l"))
    places = ((1, over + head - ROOM), (1, over + head - ROOM - rows[0]), (0, -under - ROOM))
    for lines, size, (y, shift) in zip(parts, SIZES, places, strict=True):
        if lines:
            text = "<br>".join(map(escape, lines))
            beside = {"x": 0, "xref": "paper", "xanchor": "left", "xshift": ROOM - left, "align": "left"}
            above = {"y": y, "yref": "paper", "yanchor": "top", "yshift": shift, "showarrow": False}
            type_ = {"size": size, "color": PRINT.ink, "weight": 600 if size == SIZES[0] else 400}
            chart.add_annotation(text=text, font=type_, **beside, **above)
    chart.update_layout(margin={"t": over + head, "b": under + foot}, height=height + head + foot)
    return height + head + foot


def _broken(text: str, most: int) -> list[str]:
    """Return a text in lines: broken at spaces, and between Chinese letters; a link anywhere."""
    lines, room = [""], most
    for word in re.findall(r"[\u2e80-\uffef]|[^\s\u2e80-\uffef]{1,60}\s*|\s+", text):
        wide = sum(2 if east_asian_width(letter) in "WF" else 1 for letter in word.rstrip())
        if wide > room and not re.match(r"[，。：；、）]", word):
            lines.append("")
            room = most
        lines[-1] += word
        room -= wide + len(word) - len(word.rstrip())
    return [line.rstrip() for line in lines]
