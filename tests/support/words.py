"""What a page says, as a reader has it: plain words, numbers by their value, tables by their headings."""

import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import NamedTuple

from streamlit.testing.v1 import AppTest

from tests.support.screen import said

_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
#: 131 072, −0.5, 3.4×10³⁸, 10⁻²⁰; thousands are set apart by a thin space
NUMBER = r"[−+]?(?:\d{1,3}(?:\u202f\d{3})+|\d+)(?:\.\d+)?(?:×10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+|(?<=10)[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?"


def plain(app: AppTest) -> str:
    """Return all that a page wrote itself, without its marks."""
    return text_of(said(app))


def text_of(marked: str) -> str:
    """Return the words of HTML; a break or a cell's end is a space."""
    words = re.sub(r"<style.*?</style>|<script.*?</script>", "", marked, flags=re.DOTALL)
    words = html.unescape(
        re.sub(r"<[^>]+>", "", re.sub(r"<(?:br|td|th|tr|/td|/th|/p|/h1)\b[^>]*>", " ", words))
    )
    words = words.replace("\u00a0", " ").replace("\u202f%", " %").replace("\u2060", "")
    return re.sub(r"[ \n]+", " ", words)


def value(written: str) -> tuple[float, float]:
    """Return a written number, and half a unit of its last digit; a whole number is exact."""
    digits, _, power = written.replace("\u202f", "").replace("−", "-").partition("×10")
    if not power and (bare := re.fullmatch(r"([+-]?)10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", digits)):
        digits, power = f"{bare[1]}1", bare[2]
    scale = 10.0 ** int(power.translate(_POWERS) or 0) if power else 1.0
    decimals = len(digits.partition(".")[2])
    half = 0.5 * 10.0**-decimals if decimals else 0.0005 if power else 0.0
    return float(digits) * scale, half * scale


def numbers(text: str) -> list[float]:
    """Return all numbers of a text, in their order."""
    return [value(found)[0] for found in re.findall(NUMBER, text)]


def says(text: str, expected: str) -> bool:
    """Tell whether a text has these words, their numbers, written ``<0.0625>``, to the digits that both have.

    So a page may write more digits or fewer, and none that are wrong; ``<*>`` is any number.
    """
    parts = re.split(r"<([^<>]+)>", expected)
    pattern = f"({NUMBER})".join(re.escape(words) for words in parts[::2])
    return any(all(map(_same, found.groups(), parts[1::2])) for found in re.finditer(f"(?={pattern})", text))


def _same(written: str, wanted: str) -> bool:
    if wanted == "*":
        return True
    (ours, half), (theirs, other) = value(written), value(wanted.replace(" ", "\u202f"))
    return abs(ours - theirs) <= (half + other) * 1.001


def unsaid(text: str, *expected: str) -> list[str]:
    """Return what of ``expected`` a text does not say."""
    assert expected
    return [words for words in expected if not says(text, words)]


def alts(app: AppTest) -> list[str]:
    """Return the descriptions of a page's charts."""
    return [text_of(chart.proto.alt) for chart in app.get("plotly_chart")]


class Table(NamedTuple):
    """A table as it is read: ``cells[row][heading]``."""

    kind: str
    caption: str
    headings: list[str]
    cells: dict[str, dict[str, str]]


def tables(app: AppTest) -> list[Table]:
    """Return a page's tables, each cell under its heading."""
    return [table for element in app.get("html") for table in _read(element.proto.body)]


def table(app: AppTest, *headings: str) -> dict[str, dict[str, str]]:
    """Return the rows of the one table with exactly these headings, in this order, over what it says."""
    found = [each for each in tables(app) if each.headings[1:] == list(headings)]
    assert len(found) == 1, [each.headings for each in tables(app)]
    return found[0].cells


def first_table(app: AppTest, kind: str = "lab-table") -> dict[str, dict[str, str]]:
    """Return the rows of the first table of a kind, each under the first line of its head."""
    found = next(each for each in tables(app) if kind in each.kind)
    assert all(len(row) == len(found.headings) - 1 for row in found.cells.values()), found
    return {name.partition(" | ")[0]: row for name, row in found.cells.items()}


def _read(marked: str) -> Iterator[Table]:
    reader = _Reader()
    reader.feed(marked)
    for kind, caption, (head, *body) in reader.tables:
        assert body, caption
        assert all(len(row) == len(head) for row in body if not row[-1].spans), (head, body)
        yield Table(kind, caption, [c.text for c in head], {row[0].text: _cells(head, row) for row in body})


def _cells(head: "list[_Cell]", row: "list[_Cell]") -> dict[str, str]:
    return {heading.text: cell.text for heading, cell in zip(head[1:], row[1:], strict=False)}


class _Cell:
    def __init__(self, *, spans: bool) -> None:
        self.text, self.spans = "", spans


class _Reader(HTMLParser):
    """Reads tables: their captions, and their rows of cells."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[tuple[str, str, list[list[_Cell]]]] = []
        self._within = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append((dict(attrs).get("class") or "", "", []))
        elif tag == "tr":
            self.tables[-1][2].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][2][-1].append(_Cell(spans="colspan" in dict(attrs)))
            self._within = tag
        elif tag == "caption":
            self._within = tag
        elif tag == "br":
            self.handle_data(" | ")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._within:
            self._within = ""

    def handle_data(self, data: str) -> None:
        data = data.replace("\u00a0", " ").replace("\u2060", "")
        if self._within == "caption":
            kind, caption, rows = self.tables[-1]
            self.tables[-1] = (kind, caption + data, rows)
        elif self._within:
            self.tables[-1][2][-1][-1].text += data
