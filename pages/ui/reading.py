"""What a draw says in words: the formula, the finding, the verdict and the table beside the chart."""

import math
import re
from html import escape
from typing import NamedTuple

from core import SCHEMES, referee, rounded
from core.laws import Band, Law
from core.schemes import number
from pages.figures.notation import plain
from pages.text import Text, count, expected_count, fixed, interval, probability, quantity
from pages.ui.cached import Drawn
from pages.ui.state import DTYPE_NAMES, State

#: Fewer weights than this settle little, and the verdict opens with that.
FEW = 100
#: Standard errors past which a row of the table carries the warning.
FAR = 4


class Row(NamedTuple):
    """One row of the table: what was drawn, what was expected, and how far apart they are."""

    name: str
    drawn: str
    expected: str
    errors: float = math.nan


def headline(text: str) -> str:
    """Return a page's headline; Chinese breaks after its punctuation, not inside a word."""
    parts = re.split(r"(?<=[，：。？])", text)
    broken = "".join(f"<span>{escape(part)}</span>" for part in parts if part)
    return f'<h1 class="lab-headline">{broken if len(parts) > 1 else escape(text)}</h1>'


def name(state: State, t: Text) -> str:
    """Return the chosen scheme's name."""
    return t(f"scheme.{state['scheme']}.name")


def hint(state: State, t: Text) -> str:
    """Return one line on what the chosen scheme is for."""
    return t(f"scheme.{state['scheme']}.hint")


def formula(law: Law) -> str:
    """Return the law with this layer's numbers put in, as inline LaTeX that wraps between steps."""
    first = law.parameters[0]
    if law.family == "point":
        chain = "" if first.symbolic == first.numeric else rf"={first.symbolic}"
        return rf"$W{chain}={first.numeric}$"
    if len(law.parameters) == 2:
        given = "".join(rf" $,\;{p.symbolic}={p.numeric}$" for p in law.parameters)
        name = r"\mathcal U(a,\,b)" if law.family == "uniform" else r"\mathcal N(\mu,\,\sigma^2)"
        return rf"$W\sim{name}$" + given
    symbol = "b" if law.family == "uniform" else r"\sigma"
    name = r"\mathcal U(-b,\,b)" if law.family == "uniform" else r"\mathcal N(0,\,\sigma^2)"
    steps = [first.symbolic, first.numeric, number(float(f"{first.value:.4g}"))]
    return rf"$W\sim{name},\;{symbol}$" + "".join(rf" ${{=}}\;{step}$" for step in steps)


def context(state: State, t: Text) -> str:
    """Return the line above the finding: what was drawn, where and from which seed."""
    n = math.prod(state.shape)
    layer = t("context.layer", fan_in=count(state["fan_in"]), fan_out=count(state["fan_out"]))
    draw = t("context.draw", seed=state["seed"], device=state.device, dtype=state["dtype"])
    return (
        f'<p class="lab-context"><b>{name(state, t)}</b> · {layer} · '
        f'{t("context.weights", n=count(n))}<span class="lab-wide"> · {draw}</span></p>'
    )


def finding(drawn: Drawn, state: State, t: Text) -> str:
    """Return the page's headline: the finding, with its number."""
    summary, law, verdict = drawn
    if not verdict.consistent:
        return f"▲ {t('verdict.against')} {_against(drawn, t)}"
    band, outside = _wall(drawn, state), summary.outside[0]
    n = count(summary.n)
    low, high = interval(band.low, band.high)
    if law.family == "point":
        return t("finding.point", n=n, value=low)
    if band.kind == "coverage":
        expected = expected_count(summary.n * (1 - band.probability))
        name = plain(band.formula)
        return t("finding.coverage", observed=count(outside), n=n, band=name, expected=expected)
    if band.low != -band.high:
        return t("finding.interval", low=low, high=high)
    exact = interval(*law.support)[1]
    facts = {"bound": high, "exact": exact, "dtype": state["dtype"]}
    return t("finding.wall" if high == exact else "finding.wall_rounded", **facts)


def alt(drawn: Drawn, state: State, t: Text) -> str:
    """Describe the chart to those who cannot see it: what is drawn, how many, and the finding."""
    key = "chart.alt" if drawn.law.random else "chart.alt_point"
    return t(key, n=count(drawn.summary.n), scheme=name(state, t), finding=finding(drawn, state, t))


def verdict(drawn: Drawn, state: State, t: Text) -> str:
    """Return whether sample and law agree, on what, how sure, and what this n could have seen."""
    summary, law, judged = drawn
    facts = {
        "n": count(summary.n),
        "p": probability(judged.p_value),
        "detectable": quantity(100 * judged.detectable, 100 * judged.detectable, 2),
        "dtype": state["dtype"],
    }
    if not judged.consistent:
        alarms = count(1 / referee.ALPHA)
        lead, why = t("verdict.against"), f"{_against(drawn, t)} {t('verdict.alarm', alarms=alarms)}"
        sentence = t("verdict.sentence", lead=f"▲ {lead}", why=why)
        return f'<p class="lab-verdict lab-against">{sentence}</p>'
    if not law.random:
        case, why = "exact", t("verdict.exact_why")
    elif not judged.judged:
        case, why = "grid", t("verdict.grid_why", **facts)
        if law.bands[0].kind == "support":
            why = t("verdict.grid_wall", why=why, **facts)
    else:
        case = "consistent" if summary.n >= FEW else "few" if summary.n > 1 else "one"
        why = t(f"verdict.{case}_why", checks=t(f"verdict.checks.{law.family}"), **facts)
    sentence = t("verdict.sentence", lead=t(f"verdict.{case}", **facts), why=why)
    return f'<p class="lab-verdict">{sentence}</p>'


def _against(drawn: Drawn, t: Text) -> str:
    """Say what contradicts the law: the check that fails worst."""
    summary, law, judged = drawn
    worst = min(judged.checks, key=lambda check: check.p_value)
    expected = summary.n * (1 - law.bands[0].probability)
    ratio = summary.std / law.std - 1 if law.random else 0.0
    return t(
        f"verdict.off.{worst.name}",
        observed=count(summary.outside[0]),
        expected=expected_count(expected),
        errors=fixed(abs(worst.statistic), 1),
        percent=quantity(abs(100 * ratio), 100 * ratio, 2),
        direction=t("verdict.off.large" if ratio > 0 else "verdict.off.small"),
        p=probability(judged.p_value),
    )


def evidence(drawn: Drawn, state: State, t: Text) -> str:
    """Return the table of drawn beside expected, with its note and the scheme's source."""
    law = drawn.law
    rows = _moments(drawn, state, t) if law.random else _values(drawn, state, t)
    errors = any(math.isfinite(row.errors) for row in rows)
    heads = ["", t("table.drawn"), t("table.expected")] + [t("table.off")] * errors
    body = "".join(_row(row, errors=errors) for row in rows)
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return (
        f'<table class="lab-table"><caption>{t("table.caption")}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        f'<p class="lab-note">{_note(law, state, t, errors=errors)}</p>'
    )


def _note(law: Law, state: State, t: Text, *, errors: bool) -> str:
    """Return how to read table and chart, and the scheme's source."""
    source = SCHEMES[state["scheme"]].source
    link = f'<a href="{source.url}" target="_blank" rel="noopener">{escape(source.citation)}</a>'
    kind = "note_point" if not law.random else "note" if errors else "note_grid"
    return t(f"table.{kind}", band=t("table.band"), source=link)


def _row(row: Row, *, errors: bool) -> str:
    cells = f"<td>{row.drawn}</td><td>{row.expected}</td>"
    if errors:
        shown = fixed(row.errors, 1, sign=True) if math.isfinite(row.errors) else ""
        cells += f'<td class="bad">{shown}</td>' if abs(row.errors) > FAR else f"<td>{shown}</td>"
    return f'<tr><th scope="row">{row.name}</th>{cells}</tr>'


def _moments(drawn: Drawn, state: State, t: Text) -> list[Row]:
    """Return the rows of a law that spreads."""
    summary, law, judged = drawn
    errors = referee.standard_errors(summary.n, law) if judged.judged else {}

    def off(name: str, drawn: float, expected: float) -> float:
        return (drawn - expected) / errors[name] if name in errors else math.nan

    rows = [
        Row(
            t(f"table.{name}"),
            quantity(getattr(summary, name), law.std),
            quantity(getattr(law, name), law.std, trim=getattr(law, name) == 0),
            off(name, getattr(summary, name), getattr(law, name)),
        )
        for name in ("mean", "std")
    ]
    kurtosis, theirs = summary.excess_kurtosis, law.excess_kurtosis
    shown = fixed(kurtosis, 3) if math.isfinite(kurtosis) else t("table.undefined")
    distance = off("excess_kurtosis", kurtosis, theirs)
    rows.append(Row(t("table.excess_kurtosis"), shown, fixed(theirs, 3), distance))
    wall = _wall(drawn, state)
    bounds = (wall.low, wall.high) if wall.kind == "support" else law.support
    for name, relation, bound in (("minimum", "≥", bounds[0]), ("maximum", "≤", bounds[1])):
        limit = f"{relation} {quantity(bound, law.std)}" if math.isfinite(bound) else ""
        value = quantity(getattr(summary, name), law.std)
        rows.append(Row(t(f"table.{name}"), value, limit or t("table.unbounded")))
    for band, outside in zip(law.bands, summary.outside, strict=True):
        missing = summary.n * (1 - band.probability)
        name = t(f"table.outside_{band.kind}", band=plain(band.formula))
        spread = math.sqrt(missing * band.probability)
        z = (outside - missing) / spread if spread > 0 and judged.judged else math.nan
        rows.append(Row(name, count(outside), expected_count(missing), z))
    return rows


def _values(drawn: Drawn, state: State, t: Text) -> list[Row]:
    """Return the rows of a law of one value."""
    summary, others = drawn.summary, drawn.summary.outside[0]
    wall = _wall(drawn, state)
    value, _ = interval(wall.low, wall.high)
    return [
        Row(t("table.equal", value=value), count(summary.n - others), count(summary.n)),
        Row(t("table.other"), count(others), "0"),
    ]


def _wall(drawn: Drawn, state: State) -> Band:
    """Return the law's first band as the chosen dtype rounds it."""
    return rounded(drawn.law.bands[0], DTYPE_NAMES[state["dtype"]])
