"""A report of a page: what it said, its charts, formulas, numbers, code and versions, in one file."""

import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from html import escape
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import plotly.graph_objects as go
from latex2mathml.converter import convert

from pages.figures.chart_data import as_table, numbers
from pages.shell.files import document, figure_html
from pages.shell.frame import Formula
from pages.text import Text

#: What computes and draws, as its makers' packages are called.
PACKAGES = ("torch", "numpy", "scipy", "plotly", "streamlit")
#: Rows of all tables of one chart together, and columns that a sheet of paper has room for.
ROWS, COLUMNS = 200, 9
#: Characters of LaTeX that stay together on a line.
WHOLE = 48
_LATEX = r"\$([^$]*)\$"


class Picture(NamedTuple):
    """A chart, drawn in ``palette.PRINT``, with what it shows in words."""

    chart: go.Figure
    alt: str
    #: pixels, unless the chart has its own
    height: int = 400


class Report(NamedTuple):
    """The parts of a report. Only the strings of ``said`` are HTML; all else is plain text."""

    title: str
    #: where the page can be seen again
    link: str
    #: what the page says, in its order: HTML as it shows it, and formulas
    said: Sequence[str | Formula] = ()
    pictures: Sequence[Picture] = ()
    code: Sequence[str] = ()
    #: when it was made; None is now
    made: datetime | None = None


def report(parts: Report, t: Text) -> str:
    """Return a report as one HTML file that opens and prints without a network."""
    charts = [picture.chart for picture in parts.pictures]
    head = "".join(piece if isinstance(piece, str) else _equations(piece.markdown) for piece in parts.said)
    head = head.replace("<details", "<details open")  # paper unfolds nothing
    title = "" if "<h1" in head else f"<h1>{escape(parts.title)}</h1>"
    sections = [
        f"<main>{_meta(parts, t)}{title}{head}",
        _section(t("export.pictures"), _pictures(parts.pictures, t)),
        _section(t("export.code"), "".join(f"<pre>{escape(code)}</pre>" for code in parts.code)),
        _section(t("export.tables"), _tables(parts.pictures, t)),
        _section(t("export.versions"), _listed(versions())),
        "</main>",
    ]
    return document(parts.title, "".join(sections), charts, t, kind="report")


def _meta(parts: Report, t: Text) -> str:
    """Return when the report was made, and the way back to the page."""
    made = (parts.made or datetime.now(UTC)).astimezone(UTC)
    link = escape(parts.link)
    if re.match(r"https?://", parts.link):  # nothing else is a page
        link = f'<a href="{link}">{link}</a>'
    words = t("export.made", date=f"{made:%Y-%m-%d %H:%M}")
    return f'<p class="meta">{words}<br>{t("export.again", link=link)}</p>'


def _section(heading: str, body: str) -> str:
    return f"<section><h2>{heading}</h2>{body}</section>" if body else ""


def _pictures(pictures: Sequence[Picture], t: Text) -> str:
    return "".join(
        _number(at, pictures, t) + figure_html(picture.chart, picture.alt, at, height=picture.height)
        for at, picture in enumerate(pictures)
    )


def _tables(pictures: Sequence[Picture], t: Text) -> str:
    return "".join(
        _number(at, pictures, t) + as_table(numbers(picture.chart), t, ROWS, COLUMNS)
        for at, picture in enumerate(pictures)
    )


def _number(at: int, pictures: Sequence[Picture], t: Text) -> str:
    """Return a heading that names one of several charts."""
    return f"<h3>{t('export.chart', n=at + 1)}</h3>" if len(pictures) > 1 else ""


def _listed(facts: Mapping[str, str]) -> str:
    rows = (f"<dt>{escape(name)}</dt><dd>{escape(fact)}</dd>" for name, fact in facts.items())
    return f"<dl>{''.join(rows)}</dl>"


@cache
def versions() -> Mapping[str, str]:
    """Return what computed and drew: Init Lab where its project file is at hand, Python, and packages."""
    python = ".".join(map(str, sys.version_info[:3]))
    found = {"Python": python} | {name: metadata.version(name) for name in PACKAGES}
    project = Path(__file__).parents[2] / "pyproject.toml"
    if not project.exists():  # as in a container that holds only what runs
        return found
    own = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"]
    return {"Init Lab": own} | found


def _equations(markdown: str) -> str:
    """Return each paragraph of formulas as a line of its own, which may wrap between their steps."""
    lines = []
    for text in re.split(r"\n{2,}", markdown):
        if "$" in text:
            lines.append(f'<p class="law">{mathml(re.sub(_LATEX, _stepwise, text))}</p>')
        elif text.strip():
            lines.append(f'<p class="lab-note">{escape(text)}</p>')
    return "".join(lines)


def _stepwise(found: re.Match[str]) -> str:
    """Return a long formula as several, each sum's term and each equation's side one: no line ends inside."""
    latex: str = found[1]
    if len(latex) <= WHOLE:
        return found[0]
    ends, depth = [0], 0
    for at, sign in enumerate(latex):
        depth += (sign in "{(") - (sign in ")}")
        if sign in "+=" and depth == 0 and latex[ends[-1] : at].strip():
            ends.append(at)
    terms = [latex[low:high].strip() for low, high in zip(ends, [*ends[1:], None], strict=True)]
    return " ".join("$" + re.sub(r"^([+=])", r"{\1}\\;", term) + "$" for term in terms)


def mathml(formula: str) -> str:
    """Return LaTeX between dollar signs as MathML, and the text between as HTML."""
    pieces = re.split(_LATEX, formula)
    return "".join(_math(piece) if at % 2 else escape(piece) for at, piece in enumerate(pieces))


#: What the converter leaves that MathML Core, which browsers know, has otherwise; relations need their room.
_RELATIONS = {"&#x0007E;": "∼", "&#x000B1;": "±"}
_LETTERS = r'<mi mathvariant="(?:normal|script|sans-serif)">([^<]*)</mi>'


def _math(latex: str) -> str:
    """Return one formula as an element of MathML, which a browser draws by itself."""
    # core writes ±g as \pmg, which no LaTeX reads
    words = convert(re.sub(r"\\pm(?=[A-Za-z])", r"\\pm ", latex))
    words = words.replace(' xmlns="http://www.w3.org/1998/Math/MathML"', "")
    for code, sign in _RELATIONS.items():
        words = words.replace(f"<mi>{code}</mi>", f"<mo>{sign}</mo>")
    # a name is one identifier, upright as it is long; 𝒩 is not in every reader's fonts
    words = re.sub(r"<mo>(max|min)</mo>", r"<mi>\1</mi>", words)
    words = words.replace("<mo>&#x0002F;</mo>", '<mo lspace="0" rspace="0">/</mo>')
    return re.sub(rf"(?:{_LETTERS})+", _upright, words)


def _upright(letters: re.Match[str]) -> str:
    name = "".join(re.findall(_LETTERS, letters[0])).replace("&#x0005F;", "_")
    return f'<mi mathvariant="normal">{name}</mi>' if len(name) == 1 else f"<mi>{name}</mi>"
