"""What a network's parameters are: where each weight sits in its law, and what it learns first."""

import math
from collections.abc import Sequence

from core import Band, Network
from core.weights import referee_checks
from pages.figures.model_parameters import Strip
from pages.figures.notation import plain
from pages.jobs.model import SHOWN, DrawnParameter, LayerGradient
from pages.state.chosen import State
from pages.text import Text, sentences
from pages.text.numbers import count, expected_count, interval, quantity
from pages.text.tables import table
from pages.words.common import folded
from pages.words.model import edited, numbers


def strips_of(rows: Sequence[DrawnParameter]) -> list[Strip]:
    """Return the parameters as the chart of bounds takes them."""
    return [Strip(r.name, r.law, r.values, r.summary.minimum, r.summary.maximum) for r in rows]


def sits(rows: Sequence[DrawnParameter], t: Text) -> str:
    """Return how the parameters sit in their bounds: none past a wall, some past 3σ, or constant."""
    walled = beyond = spread = outside = constant = 0
    expected = 0.0
    for row in rows:
        kinds = [band.kind for band in row.law.bands]
        if row.law.family == "point" and not any(row.summary.outside):
            constant += row.summary.n
        elif "support" in kinds:
            walled += row.summary.n
            beyond += row.summary.outside[kinds.index("support")]
        elif "coverage" in kinds:
            at = kinds.index("coverage")
            spread += row.summary.n
            outside += row.summary.outside[at]
            expected += _expected(row, at)
    words = []
    if walled:
        words.append(t("held.beyond" if beyond else "held.within", n=count(walled), beyond=count(beyond)))
    if spread:
        facts = {"outside": count(outside), "expected": expected_count(expected)}
        words.append(t("held.spread", n=count(spread), **facts))
    if constant:
        words.append(t("held.constant", n=count(constant)))
    return sentences(*words)


def bounds(rows: Sequence[DrawnParameter], state: State, t: Text) -> str:
    """Return the table of parameters: how each starts, its bounds, and how it sits in them."""
    keys = ("name", "shape", "starts", "bounds", "minimum", "maximum", "outside")
    network = state.network
    body = [_bounds_row(row, network, t) for row in rows]
    kinds = {band.kind for row in rows for band in row.law.bands if band.low < band.high}
    notes = [t(f"held.note_{kind}") for kind in ("support", "coverage") if kind in kinds]
    if any(dense.bias == "default" for dense in network.layers):
        notes.append(t("held.note_bias"))
    if any(max(row.shape) > SHOWN for row in rows):
        notes.append(t("held.first", n=SHOWN))
    if any(edit.is_weight for edit in state.edits):
        notes += [edited(state, t), t("held.edited")]
    heads = [t(f"held.{key}") for key in keys]
    whole = table(heads, body, t("held.caption"), "lab-table lab-held", within="lab-sideways")
    return whole + folded(sentences(*notes), t)


def _bounds_row(row: DrawnParameter, network: Network, t: Text) -> Sequence[str]:
    law, summary = row.law, row.summary
    layer, what = row.name.split(".")
    dense = network.layers[network.names.index(layer)]
    scheme = dense.scheme if what == "weight" else "zeros" if dense.bias == "zeros" else "classic_uniform"
    start = t(f"scheme.{scheme}.name")
    limits = "; ".join(_band(band) for band in law.bands)
    limits = limits or ", ".join(quantity(value, value, trim=True) for value, _ in law.atoms)
    outside = ", ".join(
        t("held.expected", n=count(n), expected=expected_count(_expected(row, i)))
        for i, n in enumerate(summary.outside)
    )
    size = law.std or abs(summary.maximum) or 1.0
    return (
        row.name,
        " × ".join(map(count, row.shape)),
        start,
        limits,
        quantity(summary.minimum, size),
        quantity(summary.maximum, size),
        outside or "–",
    )


def _band(band: Band) -> str:
    """Return a band's formula and its ends, or the one value that it allows."""
    low, high = interval(band.low, band.high)
    if band.low == band.high:
        return f"= {high}"
    if band.low == -band.high:
        end = plain(band.ends[1]).lstrip("+")
        return f"±{high}" if end == high else f"±{end} = ±{high}"
    return f"{low} … {high}"


def _expected(row: DrawnParameter, band: int) -> float:
    return referee_checks.expected_outside(row.summary.n, row.law, row.law.bands[band], row.summary.dtype)


def learns(loss: float, rows: Sequence[LayerGradient], t: Text) -> str:
    """Return the headline of the way back: what this step of gradient descent can do, in one sentence."""
    if not math.isfinite(loss) or any(row.broken for row in rows):
        return f"▲ {t('gradient.broken')}"
    if rows[-1].units == 1:
        return t("gradient.one_class")
    if all(row.weight_norm == 0 for row in rows):
        return t("gradient.none")
    first, *_ = [*_found(rows, t), t("gradient.moves")]
    return first


def gradients(loss: float, rows: Sequence[LayerGradient], t: Text) -> str:
    """Return the loss, what the gradients show, and their norms as a table."""
    heads = [t("count.layer"), *(t(f"gradient.{key}") for key in ("weight", "bias", "units", "alike"))]
    body = [
        (
            row.layer,
            quantity(row.weight_norm, row.weight_norm, 4),
            "–" if row.bias_norm is None else quantity(row.bias_norm, row.bias_norm, 4),
            t("gradient.of", n=count(row.different), units=count(row.units)),
            _different(row, t),
        )
        for row in rows
    ]
    whole = table(heads, body, t("gradient.caption"), "lab-table lab-gradients", within="lab-sideways")
    learning = f'<p class="lab-verdict">{_learning(loss, rows, t)}</p>'
    return learning + whole + folded(t("gradient.note"), t)


def _different(row: LayerGradient, t: Text) -> str:
    if row.broken:
        return "–"
    return t("gradient.of", n=count(row.different_gradients), units=count(row.units))


def _learning(loss: float, rows: Sequence[LayerGradient], t: Text) -> str:
    """Say what this step of gradient descent can do, as far as these rows show it."""
    if not math.isfinite(loss) or any(row.broken for row in rows):
        return f"▲ {t('gradient.broken')}"
    said = t("gradient.loss", loss=quantity(loss, loss, 5))
    if rows[-1].units == 1:
        return sentences(said, t("gradient.one_class"))
    return sentences(said, *_found(rows, t)[1:])  # the first is the headline


def _found(rows: Sequence[LayerGradient], t: Text) -> list[str]:
    """Return what holds learning back, the worst first, or that nothing does."""
    hidden = [row for row in rows[:-1] if row.units > 1]
    layers = {
        "dead": [row.layer for row in rows if row.weight_norm == 0],
        "same": [row.layer for row in hidden if row.interchangeable],
        "parted": [row.layer for row in hidden if row.different == 1 < row.different_gradients],
    }
    comma = t("verdict.and")
    words = [t(f"gradient.{key}", layers=comma.join(names)) for key, names in layers.items() if names]
    still = [row for row in rows if 0 < row.still < row.units]
    words += [t("gradient.still", n=count(r.still), units=count(r.units), layer=r.layer) for r in still]
    if not layers["same"] and hidden and all(row.different == row.units for row in hidden):
        words.append(t("gradient.different"))
    return words


def pair(row: LayerGradient, t: Text) -> str:
    """Return a layer's parameters and their gradients side by side, a row a unit, the bias last."""
    last = "b" if row.bias_norm is not None else ""
    columns = row.inputs + bool(last)
    shown = ((row.values, "gradient.values"), (row.gradient, "gradient.gradients"))
    tables = (
        numbers(values, f"<b>{t(key, layer=row.layer)}</b>", shape=(row.units, columns), last=last)
        for values, key in shown
    )
    return f'<div class="lab-pair">{"".join(tables)}</div>'
