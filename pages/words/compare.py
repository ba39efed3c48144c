"""What a comparison says: its finding, its panels and its figures."""

import math
from collections.abc import Sequence
from html import escape

from core import ACTIVATIONS, Entry, Law, Layer, ParameterError, Summary
from core.signals import comparison
from core.weights import referee_checks
from core.weights.laws import Band
from pages.figures.compare import Panel
from pages.jobs.compare import Compared, drawn
from pages.state.chosen import State
from pages.state.controls import MAX_WIDTH
from pages.state.link import link_with
from pages.text import Text, sentences
from pages.text.numbers import apart, count, factor, interval, quantity
from pages.text.tables import table
from pages.words import common
from pages.words.common import Onward, brief, layer_name, moving

#: Digits of the parameters in the schemes' names: as few as tell these apart.
DIGITS = (4, 8, 17)


def compared(state: State, t: Text) -> list[Compared]:
    """Return what is compared, drawn, in the order asked for."""
    entries = state.comparison.entries
    schemes = [entry.scheme for entry in entries]
    rows = []
    for place, (entry, name) in enumerate(zip(entries, names(entries, t), strict=True)):
        called = name if schemes.count(entry.scheme) > 1 else t(f"scheme.{entry.scheme}.name")
        rows.append(Compared(place, entry, entry.layer(state.layer), name, called, drawn(entry, state)))
    if state["order"] == "std":
        rows = [rows[place] for place in comparison.ordered([row.drawn.law for row in rows])]
    return rows


def names(entries: Sequence[Entry], t: Text) -> list[str]:
    """Name entries by their schemes and by what sets them apart, with as few digits as do so."""
    for digits in DIGITS:
        found = [_named(entry, t, digits) for entry in entries]
        if len(set(found)) == len(set(entries)):
            break
    return found


def _named(entry: Entry, t: Text, digits: int) -> str:
    given = [f"{name} = {_short(value, digits)}" for name, value in entry.params]
    if entry.fans:
        given.append(t("context.fans", fan_in=count(entry.fans[0]), fan_out=count(entry.fans[1])))
    return t("verdict.and").join([t(f"scheme.{entry.scheme}.name"), *given])


def _short(value: float | str, digits: int) -> str:
    return value if isinstance(value, str) else quantity(value, value, digits, trim=True)


def context(state: State, t: Text) -> str:
    """Return the line above the finding: which layer, where and from which seed."""
    n = len(state.comparison.entries)
    seed, layer = moving("seed", state["seed"]), moving("layer", escape(layer_name(state, t)))
    draw = t("context.draw", seed=seed, device=state.device, dtype=state["dtype"])
    words = t("compare.context" if n > 1 else "compare.context_one", n=n, layer=layer)
    return f'<p class="lab-context">{words}<span class="lab-wide"> · {draw}</span>{moving("here", "")}</p>'


def finding(rows: Sequence[Compared], t: Text) -> str:
    """Return the headline: how far the stds lie apart, or which draw is not of its law."""
    against = [row for row in rows if not row.drawn.verdict.consistent]
    if against:
        return t("compare.against", name=against[0].name)
    spread = [row for row in rows if row.drawn.law.std > 0]
    if not spread:
        return t("compare.no_spread")
    low, high = (f(spread, key=lambda row: row.drawn.law.std) for f in (min, max))
    ratio = high.drawn.law.std / low.drawn.law.std
    facts = {"low": _std(low, ratio), "high": _std(high, ratio), "narrow": low.brief, "wide": high.brief}
    if len(rows) == 1:
        return t("compare.one", **facts)
    if len(spread) == 1:
        return t("compare.alone", **facts)
    if ratio < 1 + 1e-9:
        return t("compare.equal" if len(spread) == len(rows) else "compare.equal_some", **facts)
    return t("compare.finding", ratio=apart(ratio, 1), **facts)


def cause(rows: Sequence[Compared], t: Text) -> str:
    """Return why the widest is wider than the narrowest; '' where they are as wide, or of other layers."""
    spread = [row for row in rows if row.drawn.law.std > 0 and row.drawn.law.mean == 0]
    if len(spread) < 2 or len({row.layer.shape for row in spread}) > 1:
        return ""
    low, high = (f(spread, key=lambda row: row.drawn.law.std) for f in (min, max))
    ratio = high.drawn.law.std / low.drawn.law.std
    if ratio < 1 + 1e-9:
        return ""
    fan_in = low.layer.fans.fan_in
    wide, narrow = (fan_in * row.drawn.law.std**2 for row in (high, low))
    facts = {"wide": escape(high.brief), "narrow": escape(low.brief), "ratio": apart(ratio, 1)}
    products = {"wide_product": _told_apart(wide, ratio**2), "narrow_product": _told_apart(narrow, ratio**2)}
    quotient = "/".join(map(factor, products.values()))
    return common.cause(t("cause.apart", **facts, **products, quotient=quotient))


def onward(rows: Sequence[Compared], state: State, t: Text) -> Onward | None:
    """Lead on to what these schemes do to a signal; None where they are not of one linear layer."""
    if not state.is_linear or any(row.entry.fans or row.entry.scheme == "dirac" for row in rows):
        return None
    width = min(int(state["fan_in"]), MAX_WIDTH)
    return Onward(
        t("onward.signal"), "signal", link_with(rows=state["rows"], width=width, seed=state["seed"])
    )


def finding_templates(t: Text) -> dict[str, str]:
    """Return what can be found of stds, with {names} where their numbers go."""
    numbers = {name: f"{{{name}}}" for name in ("ratio", "low", "high", "narrow", "wide")}
    return {
        "finding": t("compare.finding", **numbers),
        "one": t("compare.one", **numbers),
        "alone": t("compare.alone", **numbers),
        "equal": t("compare.equal", **numbers),
        "equal_some": t("compare.equal_some", **numbers),
    }


def _std(row: Compared, ratio: float) -> str:
    """Write a std so that it can be told from one that is ``ratio`` times as large."""
    return _told_apart(row.drawn.law.std, ratio)


def _told_apart(value: float, ratio: float) -> str:
    """Write a number with the digits that give its ``ratio`` to another, however near."""
    near = 1e-9 < ratio - 1 < 0.1
    return quantity(value, value * (ratio - 1) if near else value, trim=True)


def alt(rows: Sequence[Compared], t: Text) -> str:
    """Return the charts in words."""
    names = t("verdict.and").join(f"{row.name} (σ = {_std(row, math.inf)})" for row in rows)
    return sentences(t("compare.alt", names=names), finding(rows, t))


def panels(rows: Sequence[Compared], t: Text, guess: object = None) -> list[Panel]:
    """Return what the charts show; ``guess`` is the place of the one that was guessed, as text."""
    return [
        Panel(
            brief(row.name),  # a panel is narrow on a phone
            phrase(row.drawn.law, t),
            row.drawn.summary,
            row.drawn.law,
            row.place,
            guessed=str(row.place) == guess,
        )
        for row in rows
    ]


def phrase(law: Law, t: Text) -> str:
    """Say a law in a few signs: its std, and its wall or yardstick."""
    ends = _ends(law.bands[0]) if law.bands else {}
    return phrase_template(law, t).format(std=quantity(law.std, law.std, trim=True), **ends)


def phrase_template(law: Law, t: Text) -> str:
    """Return the phrase with {std}, and {bound} or {low} and {high}, where its numbers go."""
    if law.continuous is None:
        return "σ = {std}"
    return "σ = {std}" + t("signal.listed") + _bounds_template(law, t)


def _bounds(law: Law, t: Text) -> str:
    return _bounds_template(law, t).format(**_ends(law.bands[0]))


def _bounds_template(law: Law, t: Text) -> str:
    """Name a law's wall, or where three std end: in a mixture, those of the part that varies."""
    band = law.bands[0]
    where = "±{bound}" if band.low == -band.high else "{low} … {high}"
    if band.kind == "support":
        return t("compare.support", where=where)
    if law.atoms:
        return t("compare.of_others", where=where)
    return f"{'±' if law.mean == 0 else 'μ ± '}3σ = {where}"


def _ends(band: Band) -> dict[str, str]:
    low, high = interval(band.low, band.high)
    return {"bound": quantity(band.high, trim=True), "low": low, "high": high}


def figures(rows: Sequence[Compared], state: State, t: Text) -> str:
    """Return the table of what was drawn, over what the law expects, of each scheme."""
    heads = ["", *(t(f"compare.{name}") for name in ("std", "band", "kurtosis", "outside", "largest"))]
    name = state["activation"]
    activated = f"{name}(z)" if name in ACTIVATIONS else name  # a formula has its z
    heads += [t("compare.before"), t("compare.after", activated=activated)]
    body = [_figures(row, state["activation"], t) for row in rows]
    note = sentences(t("compare.note"), t("compare.signal_note"))
    overflowed = common.infinite([row.drawn.summary for row in rows], t)
    whole = table(heads, body, t("compare.caption"), "lab-table lab-two", within="lab-scroll")
    return whole + (f'<p class="lab-note">{overflowed}</p>' if overflowed else "") + common.folded(note, t)


def _figures(row: Compared, activation: str, t: Text) -> list[str]:
    """Return a scheme's name and its cells: what was drawn over what is expected, or that alone."""
    summary, law, _ = row.drawn
    band = law.bands[0]
    wall = t("compare.no_wall") + "<br>" if band.kind == "coverage" else ""
    bounds = wall + _bounds(law, t) if law.continuous is not None else "–"
    beyond = referee_checks.expected_outside(summary.n, law, band, summary.dtype) / summary.n
    cells = [
        (quantity(summary.std, law.std), quantity(law.std, law.std)),
        ("", bounds),
        (common.excess(summary.excess_kurtosis, t), common.excess(law.excess_kurtosis, t)),
        (_share(summary.outside[0] / summary.n, beyond, t), _share(beyond, beyond, t)),
        _largest(summary, law, t),
    ]
    if row.layer.kind == "Embedding":  # which looks a row up and sums nothing
        cells += [("", "–")] * 2
    else:
        before, after = _signal(law, row.layer, activation)
        known = t("compare.no_mean") if math.isnan(after) else quantity(after, after, trim=True)
        cells += [("", quantity(before, before, trim=True)), ("", known)]
    return [
        escape(row.name),
        *((f"{drawn}<br>" if drawn else "") + f"<i>{expected}</i>" for drawn, expected in cells),
    ]


def _signal(law: Law, layer: Layer, activation: str) -> comparison.Signal:
    """Return what a layer makes of a signal; nan after an activation too steep or too quick for a mean."""
    try:
        return comparison.signal(law, layer, activation)
    except ParameterError:
        return comparison.signal(law, layer, "linear")._replace(activation=math.nan)


def _share(share: float, expected: float, t: Text) -> str:
    """Write a share of weights in percent, with the decimals of the expected one."""
    if share == 0:
        return "0"
    return t("percent", n=quantity(100 * share, 100 * (expected or share), 3))


def _largest(summary: Summary, law: Law, t: Text) -> tuple[str, str]:
    expected = comparison.expected_largest(law, summary.n)

    def write(value: float) -> str:
        return quantity(value, law.std) if law.std else quantity(value, trim=True)

    return write(summary.maximum), t("compare.unknown") if expected is None else write(expected)
