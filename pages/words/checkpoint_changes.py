"""What the checkpoint page says of two files: how the tensors of one differ from the other's."""

import math
from collections import Counter
from html import escape

from pages.jobs.checkpoint import Seen
from pages.state.chosen import State
from pages.state.controls import TABLE
from pages.text import Text
from pages.text.numbers import count
from pages.text.tables import table
from pages.words import findings
from pages.words.checkpoint import SHEET, Link, rest


def changes(seen: Seen, other: Seen, link: Link, t: Text) -> str:
    """Return how the tensors differ from those of another file: how many of each way, and the largest."""
    found = other.report.compare(seen.report)
    tallied = Counter(change.status for change in found)
    said = t("verdict.and").join(
        t(f"checkpoint.changed.{status}", n=count(n)) for status, n in tallied.most_common()
    )
    names = {"one": findings.short(seen.file), "other": findings.short(other.file)}
    head = f'<p class="lab-verdict">{escape(t("checkpoint.compared", **names, said=said))}</p>'
    telling = sorted((c for c in found if c.status != "equal"), key=lambda c: -_size(c.std_ratio))
    body = [
        [
            link.to(change.name) if change.status != "removed" else findings.name(change.name),
            t(f"checkpoint.status.{change.status}"),
            findings.number(change.std_ratio),
            findings.number(change.mean_shift),
        ]
        for change in telling[:SHEET]
    ]
    heads = [t(f"checkpoint.head.{name}") for name in ("tensor", "change", "ratio", "shift")]
    whole = table(heads, body, t("tab.against"), "lab-table lab-changes", within="lab-scroll") if body else ""
    return head + whole + rest(len(telling), t)


def swap(state: State, t: Text) -> str:
    """Return the link that compares the two files the other way round; '' where one of them is held fast."""
    if {"report", "example", "against"} & state.fixed:
        return ""
    one, other = state["report"] or state["example"], str(state["against"])
    as_what = "example" if other in TABLE["example"].options else "report"
    link = Link(state, **{"report": "", "example": "", as_what: other, "against": str(one)})
    way = f'<a href="{escape(link.back)}" target="_self" data-lab-page>{t("checkpoint.swap")}</a>'
    return f'<p class="lab-note">{way}</p>'


def _size(ratio: float) -> float:
    return abs(math.log(ratio)) if ratio > 0 else math.inf if ratio == 0 else -1.0
