"""What was found in a file of weights, in a visitor's language: sentences of core's findings, and names."""

import math
from collections.abc import Mapping
from html import escape
from typing import Any

from core import SCHEMES, Finding, Fit, InitLabError, Law, Row
from core.checkpoints.finding import KINDS
from core.checkpoints.report_text import printable
from pages.text import Text, sentences
from pages.text.numbers import count, factor, percent, quantity

#: Kinds with the same refutation: other bits in the file; the same tensors at an earlier step; another run.
_SHARED: Mapping[str, str] = {
    "not_finite": "exact",
    "fresh_among_trained": "once",
    "signal_vanishes": "signal_vanishes",
}
#: Letters of a name in a sentence: of a longer one its ends.
LETTERS = 60


def name(text: str) -> str:
    """Return a tensor's name as HTML: whatever it holds, it is only a name, and turns nothing round."""
    return f"<bdi>{escape(printable(text))}</bdi>"


def short(text: str, most: int = LETTERS) -> str:
    """Return a name that a sentence has room for, as plain text."""
    text = printable(text)
    return text if len(text) <= most else f"{text[: most // 2]}…{text[-most // 2 :]}"


def names(finding: Finding, t: Text) -> str:
    """Return the names of some of a finding's tensors, as plain text."""
    shown = t("verdict.and").join(short(each, 40) for each in finding.tensors[:2])
    more = len(finding.tensors) - 2
    return t("checkpoint.more_names", names=shown, n=count(more)) if more > 0 else shown


def sentence(finding: Finding, t: Text) -> str:
    """Return what was found, with its numbers."""
    alone = f"_{finding.alone}" if finding.alone else ""
    facts = _facts(finding, t)
    likewise = t("found.likewise", likewise=facts["likewise"]) if "likewise" in facts else ""
    return sentences(t(f"found.{finding.kind}{alone}", **facts), likewise)


def refuted(finding: Finding, t: Text) -> str:
    """Return what would prove it wrong."""
    return t(f"refutes.{_refutation(finding.kind)}", **_facts(finding, t))


def _refutation(kind: str) -> str:
    """Return by which key a kind's refutation stands: that of the first that has the same."""
    shared = (key for first, key in _SHARED.items() if KINDS[first].refuted == KINDS[kind].refuted)
    return next(shared, kind)


def kind(finding: str, t: Text) -> str:
    """Return a kind of finding in a few words."""
    return t(f"found_name.{finding}")


def _facts(finding: Finding, t: Text) -> dict[str, str]:
    facts = {key: _fact(key, value) for key, value in finding.evidence.items()}
    if "scheme" in facts:
        facts["scheme"] = t(f"scheme.{facts['scheme']}.name")
    if "gate" in facts:
        facts["gate"] = t(f"checkpoint.{facts['gate']}_gate")
    for key in facts.keys() & {"word", "along", "what"}:
        facts[key] = t(f"checkpoint.{facts[key]}")
    return facts


def _fact(key: str, value: Any) -> str:
    if isinstance(value, bool | str):
        return short(str(value))
    if isinstance(value, int):
        return count(value)
    return percent(value) if key == "room" else quantity(value, value, 3, trim=True)


def law(fit: Fit, t: Text) -> str:
    """Return the best of the laws that fit, in a few words."""
    key, params = fit.schemes[0]
    numbers = {n: quantity(v, v, 3, trim=True) for n, v in params.items() if isinstance(v, float)}
    if key == "normal" and not params.get("mean"):
        return f"𝒩(0, {factor(numbers.get('std', '1'))}²)"
    if key == "uniform" and numbers.keys() == {"a", "b"}:
        return f"𝒰({numbers['a']}, {numbers['b']})"
    if key in {"zeros", "ones"}:
        return t("checkpoint.all_equal", value=0 if key == "zeros" else 1)
    if key == "constant":
        return t("checkpoint.all_equal", value=numbers.get("val", "0"))
    given = ", ".join(f"{n}={numbers.get(n, printable(str(v)))}" for n, v in params.items())
    return t(f"scheme.{key}.name") + (f" ({given})" if given else "")


def law_of(row: Row) -> Law | None:
    """Return the best of the laws that fit a tensor; None if a report that was given names no law."""
    if row.init is None:
        return None
    key, params = row.init.schemes[0]
    try:
        return SCHEMES[key].law(row.init.shapes[0], **params)
    except InitLabError:
        return None


def number(value: float, scale: float = 0.0) -> str:
    """Write a number of a tensor; what there is not as a dash."""
    return quantity(value, scale if math.isfinite(scale) else 0.0)
