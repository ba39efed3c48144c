"""What the checkpoint page says of a file of weights: its headline, what was found, a tensor's numbers."""

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from urllib.parse import quote, urlencode

from core import SCHEMES, Finding, Law, Report, Row
from core.checkpoints.report_text import printable
from pages.figures.checkpoint_map import MARKS, Band, Tile, look_of, tells_little
from pages.jobs.checkpoint import Overview, Seen, has_chart, law_key, mark_of, overview
from pages.state.chosen import State
from pages.text import Text, sentences
from pages.text.numbers import count, interval, percent, quantity
from pages.text.tables import Cell, table
from pages.words import findings, refusals
from pages.words.common import cause as cause_line
from pages.words.common import excess, fielded
from pages.words.distribution_tables import Row as Pair
from pages.words.distribution_tables import beside_law

#: Laws that the table beside the map names; and rows of a table of tensors or changes.
LAWS, SHEET = 3, 50
#: How a tensor's tile may look.
LOOKS = ("fits", "constant", "unknown", "other")


def context(seen: Seen, state: State, t: Text, *, waits: bool) -> str:
    """Return the line above the headline: the file, and what was read of it; no more of what waits."""
    report = seen.report
    words = t(
        "checkpoint.context_waits" if waits else "checkpoint.context",
        tensors=count(len(report.rows)),
        numbers=count(report.coverage.numbers),
        state=t(f"checkpoint.state_brief.{report.state}"),
    )
    kept = t("checkpoint.example_line" if seen.example else "checkpoint.kept_line")
    of = fielded(f" · {kept}", state, "example") if seen.example else f" · {kept}"
    unfold = f'<button type="button" class="lab-inline" data-lab-unfold>{t("checkpoint.own")}</button>'
    own = "" if "report" in state.fixed else f'<span class="lab-narrow"> · {unfold}</span>'
    return f'<p class="lab-context"><b>{escape(findings.short(seen.file))}</b> · {words}{of}{own}</p>'


def headline(report: Report, t: Text) -> str:
    """Return the worst of what was found, or else whether it has been trained."""
    if report.worst is not None:
        mark = MARKS[mark_of(report.worst)]
        return f"{mark} {findings.sentence(report.worst, t)}"
    by_chance = report.state == "trained" and any(row.decides and row.init for row in report.rows)
    return t("checkpoint.state.trained_most" if by_chance else f"checkpoint.state.{report.state}")


def cause(report: Report, t: Text) -> str:
    """Return where that was found and what would prove it wrong, and what else there is."""
    worst = report.worst
    if worst is None:
        return cause_line(escape(t(f"checkpoint.state_why.{report.state}")))
    where = t("checkpoint.where", names=findings.names(worst, t))
    return cause_line(escape(sentences(where, t("checkpoint.refutes", what=findings.refuted(worst, t)))))


def _flag(finding: Finding) -> str:
    """Return a finding's mark as HTML."""
    return f'<i class="lab-flag">{MARKS[mark_of(finding)]}</i>'


def start(row: Row, t: Text) -> str:
    """Return what a tensor starts as, in a few words."""
    if tells_little(row):
        return t("checkpoint.few")
    if row.init is not None:
        return findings.law(row.init, t)
    if row.quantised:
        return t("checkpoint.quantised", kind=findings.short(row.quantised))
    if not row.n:
        return t("checkpoint.empty")
    return t("checkpoint.no_law" if look_of(row) == "unknown" else "checkpoint.no_weight")


def shape(row: Row) -> str:
    """Return a tensor's shape."""
    return " × ".join(map(count, row.shape)) or "1"


class Tiles:
    """What a tile is, for who does not see it or points at it."""

    def __init__(self, seen: Overview, t: Text) -> None:
        self._seen, self._t = seen, t

    def __call__(self, tile: Tile) -> str:
        """Return it in plain text."""
        t, name = self._t, findings.short(tile.name)
        if tile.tensors > 1:
            return t("checkpoint.tile_block", name=name, tensors=count(tile.tensors), numbers=count(tile.n))
        row = self._seen.rows[tile.name]
        words = t("checkpoint.tile", name=name, shape=shape(row), start=start(row, t))
        kinds = t("verdict.and").join(findings.kind(each.kind, t) for each in self._seen.of(row))
        return f"{words} {MARKS[tile.mark]} {kinds}" if kinds else words


def unknown(name: str, t: Text) -> str:
    """Say that the tensor that is asked for is not in this file; '' if none is asked for."""
    return f'<p class="lab-note">{t("checkpoint.unknown_tensor", name=escape(name))}</p>' if name else ""


def tally(report: Report, t: Text) -> str:
    """Return a table of what was found and what fits, with how many tensors there are of each."""
    lines = [*_tally(report, t)]
    rows = [[words, count(n)] for words, n in lines]
    return table(
        [t("checkpoint.finding"), t("checkpoint.tensors")],
        rows,
        t("checkpoint.tally"),
        "lab-table lab-tally",
        within="lab-scroll lab-short",
    )


def _tally(report: Report, t: Text) -> Iterator[tuple[str, int]]:
    kinds: dict[str, set[str]] = {}
    for finding in report.problems:
        kinds.setdefault(finding.kind, set()).update(finding.tensors)
    marks = {finding.kind: MARKS[mark_of(finding)] for finding in report.problems}
    for kind, tensors in kinds.items():
        yield f'<i class="lab-flag">{marks[kind]}</i> {findings.kind(kind, t)}', len(tensors)
    seen = overview(report)
    for row, n in seen.laws[:LAWS]:
        yield t("checkpoint.fits", law=escape(start(row, t))), n
    if rest := sum(n for _, n in seen.laws[LAWS:]):
        yield t("checkpoint.fits_others"), rest
    for look in ("constant", "unknown", "other"):
        if seen.looks[look]:
            yield t(f"checkpoint.look.{look}"), seen.looks[look]
    if report.ties:
        yield t("checkpoint.tied"), sum(map(len, report.ties))
    if report.coverage.skipped:
        yield t("checkpoint.skipped"), len(report.coverage.skipped)


def legend(bands: Sequence[Band], t: Text) -> str:
    """Return how the map is read: what there is on it."""
    tiles = [tile for band in bands for tile in band.tiles]
    looks = [each for each in LOOKS if each in {tile.look for tile in tiles}]
    keys = "".join(
        f'<span><i class="lab-swatch lab-{look}"></i>{t(f"checkpoint.look.{look}")}</span>' for look in looks
    )
    there = sorted({tile.mark for tile in tiles} - {0}, reverse=True)
    marks = "".join(f"<span><b>{MARKS[at]}</b> {t(f'checkpoint.mark{at}')}</span>" for at in there)
    return f'<p class="lab-legend">{t("checkpoint.width")}{keys}{marks}</p>'


# --- one tensor


def first(seen: Overview, report: Report) -> Row | None:
    """Return the first tensor of the worst finding of which there is a chart; without any, the largest."""
    worst = report.worst.tensors if report.worst else ()
    named = (seen.rows[name] for name in worst if name in seen.rows)
    return next(filter(has_chart, named), seen.largest)


def meant(row: Row, found: Sequence[Finding]) -> Law | None:
    """Return the law that a tensor was to start by, where a finding says which."""
    for each in found:
        expected = float(each.evidence.get("expected", 0.0))
        if each.kind == "residual_scale":
            return SCHEMES["normal"].law(row.shape, std=expected)
        if each.kind == "swapped_fans":
            return SCHEMES["uniform"].law(row.shape, a=-expected, b=expected)
    return None


def opened(row: Row, link: "Link") -> str:
    """Return a tensor's name as the way to all of its numbers."""
    return f'<p class="lab-tensor-name">{link.to(row.name)} · {shape(row)}</p>'


def tensor(row: Row, found: Sequence[Finding], t: Text, back: str) -> str:
    """Return a tensor's name, the way back to all, and in a sentence what it is."""
    close = f'<a href="{escape(back)}" data-lab-page>{t("checkpoint.all_tensors")}</a>'
    of = f"<b>{findings.name(row.name)}</b> · {shape(row)} · {row.dtype}"
    head = f'<p class="lab-tensor-name">{of} {close}</p>'
    said = "".join(f"{_flag(each)} {findings.kind(each.kind, t)}<br>" for each in found)
    return f'{head}<p class="lab-verdict">{said}{escape(verdict(row, t))}</p>'


def verdict(row: Row, t: Text) -> str:
    """Return whether a known law fits, how well, and what would have refuted it."""
    fit, look = row.init, look_of(row)
    if look == "constant" and (fit is None or row.n == 1):  # counters and steps follow no law
        number = float(row.minimum)
        value = count(number) if abs(number) < 1e9 and number.is_integer() else quantity(number, trim=True)
        alike = value if row.n == 1 else t("checkpoint.all_equal", value=value)
        return t("checkpoint.verdict.constant", n=count(row.n), law=alike)
    if fit is None:
        return t(f"checkpoint.verdict.{look}")
    name = findings.law(fit, t)
    if look == "constant" or not fit.would_refute[0]:
        return t("checkpoint.verdict.constant", n=count(row.n), law=name)
    if tells_little(row):
        return t("checkpoint.verdict.few", n=count(row.n), law=name)
    others = len(fit.schemes) - 1
    facts = {
        "distance": quantity(fit.distance, fit.distance, 3),
        "limit": quantity(fit.would_refute[0], fit.would_refute[0], 3),
        "scale": percent(fit.would_refute[1]),
    }
    more = t("checkpoint.others", n=count(others)) if others else ""
    return sentences(t("checkpoint.verdict.fits", law=name, **facts), more)


def numbers(row: Row, t: Text) -> str:
    """Return a tensor's numbers beside those of the law that it fits."""
    law = findings.law_of(row)
    spread = row.std if row.std > 0 else abs(row.mean)
    rows = [
        Pair(t(f"table.{name}"), quantity(getattr(row, name), spread), _expected(law, name, spread))
        for name in ("mean", "std")
    ]
    kurtosis = excess(law.excess_kurtosis, t) if law else "–"
    rows.append(Pair(t("table.excess_kurtosis"), excess(row.excess_kurtosis, t), kurtosis))
    walls = interval(*law.support) if law and math.isfinite(law.support[1]) else ()
    ends = interval(row.minimum, row.maximum)
    rows.append(
        Pair(
            t("checkpoint.range_of"),
            " … ".join(ends),
            " … ".join(walls) or (t("table.unbounded") if law else "–"),
        )
    )
    rows += [Pair(t(f"checkpoint.{name}"), count(n), "–") for name, n in _odd(row)]
    return beside_law(rows, t, note=t("checkpoint.note"), drawn=t("checkpoint.in_file"))


def _expected(law: object, name: str, spread: float) -> str:
    value = getattr(law, name, math.nan)
    return quantity(value, spread) if math.isfinite(value) else "–"


def _odd(row: Row) -> Iterator[tuple[str, int]]:
    """Yield what there is of zeros, of what is not finite, and of rows that are 0, repeat, or never moved."""
    found = {
        "zeros": row.zeros,
        "nan": row.nan,
        "inf": row.inf,
        "dead": row.dead[0],
        "repeated": row.repeated.number,
        "spare": row.spare.number if row.spare else 0,
    }
    yield from ((name, n) for name, n in found.items() if n)


def alt(row: Row, t: Text) -> str:
    """Describe a tensor's chart to those who cannot see it."""
    return sentences(t("checkpoint.alt", name=findings.short(row.name), n=count(row.n)), verdict(row, t))


# --- the other views


def problems(report: Report, link: "Link", t: Text) -> str:
    """Return what was found as a table, worst first, each with its tensors and what would refute it."""
    rows: list[list[str | Cell]] = [
        [
            f"{_flag(each)} {findings.kind(each.kind, t)}",
            Cell(escape(findings.sentence(each, t)) + _where(each, link, t), 'class="lab-words"'),
            Cell(escape(findings.refuted(each, t)), 'class="lab-words"'),
        ]
        for each in report.problems[:SHEET]
    ]
    heads = [t(f"checkpoint.head.{name}") for name in ("found", "says", "refuted")]
    whole = table(heads, rows, t("checkpoint.tally"), "lab-table lab-findings") if rows else ""
    return (whole or f'<p class="lab-verdict">{t("checkpoint.none_found")}</p>') + rest(
        len(report.problems), t
    )


def _where(finding: Finding, link: "Link", t: Text) -> str:
    shown = ", ".join(link.to(each) for each in finding.tensors[:3])
    more = t("checkpoint.more", n=count(len(finding.tensors) - 3)) if len(finding.tensors) > 3 else ""
    return f'<br><span class="lab-of">{sentences(shown, more)}</span>'


def rest(n: int, t: Text) -> str:
    """Say how many more there are than a table has rows."""
    words = t("checkpoint.more", n=count(n - SHEET)) if n > SHEET else ""
    return f'<p class="lab-note">{words}</p>' if words else ""


def skipped(report: Report, t: Text) -> str:
    """Return what was left unread, and why; '' if nothing was."""
    left = report.coverage.skipped
    if not left:
        return ""
    lines = "".join(
        f"<li>{findings.name(each.name)}: {escape(_why(each.code, each.facts, t))}</li>"
        for each in left[:SHEET]
    )
    title = t("checkpoint.left_unread", n=count(len(left)))
    return f'<p class="lab-group lab-plain">{title}</p><ul class="lab-left-out">{lines}</ul>' + rest(
        len(left), t
    )


def _why(code: str, facts: Mapping[str, object], t: Text) -> str:
    written = {
        key: printable(str(value)) if isinstance(value, str) else value for key, value in facts.items()
    }
    return refusals.worded(code.replace(".", "_"), written, "", t)


class Link:
    """Links to the tensors of what is looked at, with all else as it is chosen."""

    def __init__(self, state: State, **changed: str) -> None:
        kept = {name: value for name, value in state.query().items() if name not in {"tensor", *changed}}
        self._query = {"v": "1", **kept, **{name: value for name, value in changed.items() if value}}

    @property
    def back(self) -> str:
        """The page without a tensor, as a link of the page itself."""
        return f"?{urlencode(self._query)}"

    def __call__(self, name: str) -> str:
        return f"{self.back}&tensor={quote(name, safe='')}"

    def to(self, name: str) -> str:
        """Return a link to a tensor as HTML."""
        return f'<a href="{escape(self(name))}" data-lab-page>{findings.name(name)}</a>'


def chosen(report: Report, state: State, seen: Overview) -> list[Row]:
    """Return the tensors that are asked for, in their order."""
    asked, only = str(state["search"]).casefold(), state["only"]
    rows = [row for row in report.rows if asked in row.name.casefold()]
    if only == "wrong":
        rows = [row for row in rows if seen.mark(row)]
    elif only != "all":
        rows = [row for row in rows if look_of(row) == only]
    keys = {
        "name": lambda row: row.name,
        "size": lambda row: -row.n,
        "std": lambda row: -row.std if row.std == row.std else math.inf,
        "law": lambda row: repr(law_key(row)),
    }
    return sorted(rows, key=keys[state["sort"]]) if state["sort"] in keys else rows


def tensors(rows: Sequence[Row], first: int, seen: Overview, link: Link, t: Text) -> str:
    """Return one sheet of the table of tensors, from row ``first`` on."""
    heads = [
        t(f"checkpoint.head.{name}") for name in ("tensor", "shape", "dtype", "mean", "std", "start", "found")
    ]
    body: list[list[str | Cell]] = [
        [
            link.to(row.name),
            shape(row),
            escape(row.quantised or row.dtype),
            findings.number(row.mean, row.std),
            findings.number(row.std),
            escape(start(row, t)),
            _kinds(seen.of(row), t),
        ]
        for row in rows[first : first + SHEET]
    ]
    return table(heads, body, t("tab.tensors"), "lab-table lab-tensors", within="lab-scroll")


def _kinds(found: Sequence[Finding], t: Text) -> str:
    return "<br>".join(f"{MARKS[mark_of(each)]} {findings.kind(each.kind, t)}" for each in found)


def ties(report: Report, link: Link, t: Text) -> str:
    """Return which names are one tensor in the file, and which tensors are the same to the bit elsewhere."""
    groups = [f"<li>{' = '.join(link.to(name) for name in group)}</li>" for group in report.ties[:SHEET]]
    alike = [row for row in report.rows if row.equal_to]
    same = [f"<li>{link.to(row.name)} = {link.to(row.equal_to)}</li>" for row in alike[:SHEET]]
    parts = []
    for name, lines, n in (("ties", groups, len(report.ties)), ("equal", same, len(alike))):
        words = t(f"checkpoint.{name}", n=count(n)) if n else t(f"checkpoint.no_{name}")
        parts.append(
            f'<p class="lab-verdict">{words}</p><ul class="lab-left-out">{"".join(lines)}</ul>' + rest(n, t)
        )
    return "".join(parts)
