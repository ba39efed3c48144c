"""What the checkpoint page says of two files: how the tensors of one differ from the other's."""

import math
from collections import Counter
from collections.abc import Sequence
from html import escape

from core import Row
from core.checkpoints.changes import Change
from pages.jobs.checkpoint import Seen, has_chart, overview
from pages.state.chosen import State
from pages.state.controls import TABLE
from pages.text import Text
from pages.text.numbers import count
from pages.text.tables import table
from pages.words import findings
from pages.words.checkpoint import SHEET, Link, headline, rest


def in_both(found: Sequence[Change], seen: Seen, other: Seen, asked: str) -> tuple[Row, Row] | None:
    """Return the tensor that is asked for, or that changed most, in both files, if both can be drawn."""
    here, there = overview(seen.report).rows, overview(other.report).rows
    changed = [change for change in found if change.status != "equal" and change.name in here]
    changed.sort(key=lambda change: (-_size(change.std_ratio), -here[change.name].n))
    for name in (asked, *(change.name for change in changed)):
        if name in here and name in there and has_chart(here[name]) and has_chart(there[name]):
            return here[name], there[name]
    return None


def told(row: Row, other: Row, names: tuple[str, str], t: Text) -> str:
    """Say what the bars and the line of a chart of both are, and how wide each is."""
    facts = {"tensor": findings.short(row.name), "one": names[0], "other": names[1]}
    widths = {"std": findings.number(row.std), "other_std": findings.number(other.std)}
    return t("checkpoint.laid_over", **facts, **widths)


def files(seen: Seen, other: Seen) -> tuple[str, str]:
    """Return what the two files are called."""
    return findings.short(seen.file), findings.short(other.file)


def changes(found: Sequence[Change], seen: Seen, other: Seen, link: Link, t: Text) -> str:
    """Return how the tensors differ from those of another file: how many of each way, and the largest."""
    tallied = Counter(change.status for change in found)
    said = t("verdict.and").join(
        t(f"checkpoint.changed.{status}", n=count(n)) for status, n in tallied.most_common()
    )
    one, former = files(seen, other)
    head = f'<p class="lab-verdict">{escape(t("checkpoint.compared", one=one, other=former, said=said))}</p>'
    differing = sorted((c for c in found if c.status != "equal"), key=lambda c: -_size(c.std_ratio))
    body = [
        [
            link.to(change.name) if change.status != "removed" else findings.name(change.name),
            t(f"checkpoint.status.{'left' if change.left_law else change.status}"),
            findings.number(change.std_ratio),
            findings.number(change.mean_shift),
        ]
        for change in differing[:SHEET]
    ]
    heads = [t(f"checkpoint.head.{name}") for name in ("tensor", "change", "ratio", "shift")]
    whole = table(heads, body, t("tab.against"), "lab-table lab-changes", within="lab-scroll") if body else ""
    # what the page's headline says of the one
    verdict = escape(t("checkpoint.other_says", other=former, said=headline(other.report, t)))
    return head + f'<p class="lab-note">{verdict}</p>' + whole + rest(len(differing), t)


def swap(state: State, t: Text) -> str:
    """Return the link that compares the two files the other way round; '' where one of them is held fast."""
    if {"report", "example", "against"} & state.fixed:
        return ""
    one, other = state["report"] or state["example"], str(state["against"])
    as_what = "example" if other in TABLE["example"].options else "report"
    link = Link(state, **{"report": "", "example": "", as_what: other, "against": str(one)})
    way = f'<a href="{escape(link.back)}" data-lab-page>{t("checkpoint.swap")}</a>'
    return f'<p class="lab-note">{way}</p>'


def _size(ratio: float) -> float:
    return abs(math.log(ratio)) if ratio > 0 else math.inf if ratio == 0 else -1.0
