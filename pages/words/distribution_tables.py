"""What was drawn beside what the law expects, in tables."""

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from core import SCHEMES, Law, rounded
from core.weights import referee, referee_checks
from core.weights.laws import Band
from core.weights.rounding import Rounded, rounded_law
from pages.figures.notation import plain
from pages.jobs.distribution import Drawn
from pages.state.chosen import State
from pages.text import Text, sentences
from pages.text.numbers import count, expected_count, quantity
from pages.text.tables import Cell, table
from pages.words.common import excess, folded, moving

#: Standard errors past which a row of the table carries the warning.
FAR_OFF = 4


class Row(NamedTuple):
    """One row of the table: what was drawn, what was expected, and how far apart they are."""

    name: str
    drawn: str
    expected: str
    errors: float = math.nan
    #: what a browser calls its numbers, if it can follow a hand with them
    key: str = ""


def evidence(drawn: Drawn, state: State, t: Text, checked: str) -> str:
    """Return the table of drawn beside expected, with its note, the scheme's source and what was checked."""
    law = drawn.law
    rows = _moments(drawn, t) if law.continuous is not None else _values(drawn, t)
    note = t(_note(drawn), band=t("table.band") if law.independent else "", source=_source(state))
    return beside_law(rows, t, note=sentences(checked, note))


def beside_law(rows: Sequence[Row], t: Text, *, note: str, drawn: str = "") -> str:
    """Return a table of drawn, or what is called so, beside expected, with a note below it."""
    errors = any(math.isfinite(row.errors) for row in rows)
    heads = ["", drawn or t("table.drawn"), t("table.expected")] + [t("table.off")] * errors
    body = [_row(row, errors=errors) for row in rows]
    return f"{table(heads, body, t('table.caption'), 'lab-table')}{folded(note, t)}"


def _note(drawn: Drawn) -> str:
    """Return the key of the note on how to read table and chart."""
    if drawn.law.continuous is None:
        return "table.note_point"
    return "table.note"


def _source(state: State) -> str:
    """Return a link to the scheme's source."""
    source = SCHEMES[state["scheme"]].source
    return f'<a href="{source.url}" target="_blank">{escape(source.citation)}</a>'


def _row(row: Row, *, errors: bool) -> list[str | Cell]:
    pair = row.drawn, row.expected
    if row.key:
        pair = moving(row.key, row.drawn), moving(f"{row.key}_law", row.expected)
    cells: list[str | Cell] = [row.name, *pair]
    if errors:
        shown = quantity(row.errors, digits=3, sign=True) if math.isfinite(row.errors) else ""
        shown = moving(f"{row.key}_off", shown) if shown and row.key else shown
        cells.append(Cell(shown, 'class="bad"') if abs(row.errors) > FAR_OFF else shown)
    return cells


def expected_of(drawn: Drawn) -> Law | Rounded:
    """Return the law's moments as the dtype rounds them."""
    law = drawn.law
    return rounded_law(law, drawn.summary.dtype) if law.independent else law


def errors_off(drawn: Drawn) -> dict[str, float]:
    """Return how many standard errors mean, std and excess kurtosis are off, where that can be told."""
    summary, law, _ = drawn
    expected = expected_of(drawn)
    return {
        name: (getattr(summary, name) - getattr(expected, name)) / error
        for name, error in referee.standard_errors(summary.n, law, summary.dtype).items()
        if error
    }


def _moments(drawn: Drawn, t: Text) -> list[Row]:
    """Return the rows of a law that spreads; expected is what the dtype makes of the law."""
    summary, law, _ = drawn
    expected, off = expected_of(drawn), errors_off(drawn)
    rows = [
        Row(
            t(f"table.{name}"),
            quantity(getattr(summary, name), law.std),
            quantity(getattr(expected, name), law.std),
            off.get(name, math.nan),
            name,
        )
        for name in ("mean", "std")
    ]
    kurtosis = excess(summary.excess_kurtosis, t), excess(expected.excess_kurtosis, t)
    z = off.get("excess_kurtosis", math.nan)
    rows.append(Row(t("table.excess_kurtosis"), *kurtosis, z, "excess_kurtosis"))
    wall = wall_of(drawn)
    bounds = (wall.low, wall.high) if wall is not None else law.support
    for name, relation, bound in (("minimum", "≥", bounds[0]), ("maximum", "≤", bounds[1])):
        limit = f"{relation} {quantity(bound, law.std)}" if math.isfinite(bound) else ""
        value = quantity(getattr(summary, name), law.std)
        rows.append(Row(t(f"table.{name}"), value, limit or t("table.unbounded"), key=name))
    for atom, times in summary.atoms:
        expected_times = expected_count(dict(law.atoms)[atom] * summary.n)
        rows.append(Row(t("table.equal", value=quantity(atom, trim=True)), count(times), expected_times))
    for band, outside in zip(law.bands, summary.outside, strict=True):
        missing = expected_beyond(drawn, band)
        mixed = bool(law.atoms) and band.kind == "coverage"  # the band is of the part that varies
        kind = "others" if mixed else band.kind
        name = t(f"table.outside_{kind}", band=plain(band.formula))
        spread = math.sqrt(missing * (1 - missing / summary.n)) if law.family != "orthogonal" else 0.0
        z = (outside - missing) / spread if spread > 0 else math.nan
        rows.append(Row(name, count(outside), expected_count(missing), z, "outside"))
    return rows


def expected_beyond(drawn: Drawn, band: Band) -> float:
    """Return how many weights should lie outside ``band``, as the dtype rounds them."""
    return referee_checks.expected_outside(drawn.summary.n, drawn.law, band, drawn.summary.dtype)


def _values(drawn: Drawn, t: Text) -> list[Row]:
    """Return the rows of a law of single values."""
    summary, law, _ = drawn
    rows = []
    for (value, times), (_, p) in zip(summary.atoms, law.atoms, strict=True):
        shown = quantity(value, value, trim=True)
        spread = math.sqrt(summary.n * p * (1 - p)) if law.random else 0.0
        z = (times - summary.n * p) / spread if spread > 0 else math.nan
        rows.append(Row(t("table.equal", value=shown), count(times), expected_count(summary.n * p), z))
    others = summary.n - sum(times for _, times in summary.atoms)
    return [*rows, Row(t("table.other"), count(others), "0")]


def wall_of(drawn: Drawn) -> Band | None:
    """Return the law's walls as the weights' dtype rounds them, if it has any."""
    walls = [band for band in drawn.law.bands if band.kind == "support"]
    return rounded(walls[0], drawn.summary.dtype) if walls else None


def yardstick_of(drawn: Drawn) -> tuple[Band, int] | None:
    """Return the law's coverage band, if it has one, and the number of weights outside it."""
    pairs = zip(drawn.law.bands, drawn.summary.outside, strict=True)
    return next(((band, outside) for band, outside in pairs if band.kind == "coverage"), None)
