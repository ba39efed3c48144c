"""One layer, one scheme: drawn weights beside their law."""

import csv
import io
import math
from collections.abc import Callable

import streamlit as st

from core import Summary
from core.code.draw import script
from core.weights.referee_checks import expected_counts
from pages.figures.distribution import heatmap, weights
from pages.figures.distribution_agreement import cumulative, extreme, quantiles
from pages.figures.histogram import edge
from pages.jobs import distribution as jobs
from pages.jobs.distribution import MATRIX_LIMIT, Drawn
from pages.shell.frame import Frame, Offer, Picture
from pages.shell.page import show
from pages.state.chosen import State
from pages.state.controls import ENDS, rows_of
from pages.state.operator_limits import limit
from pages.text import Text, sentences
from pages.text.numbers import count, expected_count
from pages.text.tables import table
from pages.widgets import controls, waiting
from pages.words import asks, common, distribution_causes, distribution_tables, moving
from pages.words import distribution as words
from pages.words.formulas import formula


def body(frame: Frame) -> None:
    """Ask what to draw, draw it once, show it beside its law, say what it means."""
    t, state = frame.t, frame.state
    with st.sidebar:
        _controls(frame)
    drawn, write = waiting.drawn(state, t)
    if drawn is None:
        return
    frame.html(words.context(state, t) + common.headline(words.finding(drawn, state, t)), write)
    frame.ask(asks.distribution(drawn, state, t))
    frame.why(distribution_causes.cause(drawn, state, t), distribution_causes.onward(state, t))
    live = moving.told(drawn, state, t) if frame.moves and state["tab"] == "histogram" else None
    shown, names = moving.marked(drawn, state, frame.look) if live else ("", [])
    frame.formula(formula(drawn.law), shown)
    frame.live = live and live | {"formula": names}
    draw = jobs.request(state)
    frame.code = lambda: script(draw)
    frame.tensors = lambda: [Offer.drawn("weight", draw)]
    views: dict[str, Callable[[Frame, Drawn], None]] = {
        "histogram": _histogram,
        "cumulative": _cumulative,
        "quantiles": _quantiles,
        "largest": _largest,
        "matrix": _matrix,
        "numbers": _numbers,
        "code": _code,
    }
    for view, tab in zip(views, controls.tabs(state, t), strict=True):
        if tab.open:
            with tab:
                views[view](frame, drawn)


def _controls(frame: Frame) -> None:
    """Six controls at first sight; the rest in More."""
    t, state = frame.t, frame.state
    main, *others = rows_of(state["scheme"]) or [()]
    controls.show(state, "scheme", t)
    if "scheme" not in state.hidden and (told := words.hint(state, t)):
        frame.aside(f'<p class="lab-hint">{told}</p>')
    _parameters(state, main, t)
    controls.group(state, "layer", t, "layer", "fan_in", "fan_out")
    if state.is_linear:
        controls.pair(state, ("fan_in", "fan_out"), t)
        if "size" in (refusal.code for refusal in state.refusals.values()):
            controls.use_largest(state, t)
    else:
        controls.show(state, "layer", t)
        if not {"layer"} & (state.refusals.keys() | state.hidden):
            frame.aside(common.folded(words.fans(state, t), t, summary=words.counted(state)))
    controls.group(state, "draw", t, "seed", "device")
    controls.seed(state, t)
    controls.show(state, "device", t)
    with controls.more(state, t) as more:
        if more.open:
            for row in others:
                _parameters(state, row, t)
            if state.is_linear:
                controls.show(state, "layer", t)
            controls.show(state, "dtype", t)
            controls.show(state, "bins", t)
            controls.show(state, "overlay", t)


def _parameters(state: State, row: tuple[str, ...], t: Text) -> None:
    """Show one parameter of the scheme, or both ends beside each other."""
    if row == ENDS:
        controls.pair(state, ENDS, t)
        return
    for name in {*row} - state.idle:  # torch does not read the slope of any nonlinearity but leaky_relu
        controls.show(state, name, t)


def _histogram(frame: Frame, drawn: Drawn) -> None:
    t, state = frame.t, frame.state
    overlay = words.overlay(state, t)
    _beside(
        frame,
        lambda look: weights(drawn.summary, drawn.law, t, look, overlay=overlay, guess=frame.guess),
        words.alt(drawn, state, t),
        words.verdict(drawn, t)
        + distribution_tables.evidence(drawn, state, t, words.checked(drawn, state, t)),
    )


def _beside(frame: Frame, draw: Picture, alt: str, said: str) -> None:
    """Show a chart with its description, and what it says in words beside it."""
    with st.container(key="view", horizontal=True, gap="medium"):
        frame.plot(draw, alt)
        frame.html(said)


def _cumulative(frame: Frame, drawn: Drawn) -> None:
    t, state = frame.t, frame.state
    said = words.cumulative(drawn, t)
    _beside(
        frame,
        lambda look: cumulative(drawn.summary, drawn.law, t, look),
        words.alt_of("cumulative", said, drawn, state, t),
        said,
    )


def _quantiles(frame: Frame, drawn: Drawn) -> None:
    t, state = frame.t, frame.state
    if drawn.law.continuous is None:
        frame.html(f'<p class="lab-note">{t("quantiles.none")}</p>')
        return
    said = words.quantiles(drawn, t)
    _beside(
        frame,
        lambda look: quantiles(drawn.summary, drawn.law, t, look),
        words.alt_of("quantiles", said, drawn, state, t),
        said,
    )


def _largest(frame: Frame, drawn: Drawn) -> None:
    t, state = frame.t, frame.state
    if drawn.law.continuous is None or drawn.law.family == "orthogonal":
        why = "largest.orthogonal" if drawn.law.random else "largest.none"
        frame.html(f'<p class="lab-note">{t(why)}</p>')
        return
    if overflowed := common.infinite([drawn.summary], t):
        frame.html(f'<p class="lab-note">{sentences(overflowed, t("largest.infinite"))}</p>')
        return
    said = words.largest(drawn, state, t)
    _beside(
        frame,
        lambda look: extreme(drawn.summary, drawn.law, t, look),
        words.alt_of("largest", said, drawn, state, t),
        said,
    )


def _matrix(frame: Frame, drawn: Drawn) -> None:
    t, state = frame.t, frame.state
    shape = state.shape
    rows, columns = shape[0], math.prod(shape[1:])
    intro = t("matrix.intro" if len(shape) == 2 else "matrix.intro_conv", shape=" × ".join(map(count, shape)))
    if math.prod(shape) > limit("HELD"):
        said = t("matrix.not_held", limit=count(limit("HELD")))
        frame.html(f'<p class="lab-note">{sentences(intro, said)}</p>')
        controls.shrink(state, t, MATRIX_LIMIT)
        return
    matrix = jobs.matrix(jobs.request(state))
    if matrix.small is None:
        frame.html(f'<p class="lab-note">{t("matrix.too_large", limit=MATRIX_LIMIT)}</p>')
        controls.shrink(state, t, MATRIX_LIMIT)
    frame.html(common.folded(intro, t))
    with st.container(key="matrix", horizontal=True, gap="medium"):
        frame.listing(matrix.printed)
        if (small := matrix.small) is not None:
            alt = t("chart.alt_matrix", rows=rows, columns=columns)
            found = words.finding(drawn, state, t)
            frame.plot(lambda look: heatmap(small, t, look), sentences(alt, found))


def _numbers(frame: Frame, drawn: Drawn) -> None:
    t, summary = frame.t, drawn.summary
    rows = _bins(drawn)
    heads = [t(f"numbers.{name}") for name in ("low", "high", "drawn", "expected")]
    step = float(summary.edges[1] - summary.edges[0])
    body = [
        (edge(low, step, 4), edge(high, step, 4), count(n), expected_count(expected))
        for low, high, n, expected in rows
    ]
    left, right = st.columns([1.75, 1], gap="medium")
    whole = table(heads, body, t("numbers.caption"), "lab-table lab-bins", within="lab-scroll")
    frame.html(whole, left.html)
    with right:
        st.download_button(
            t("numbers.download"),
            lambda: _as_csv(drawn),
            file_name=f"{frame.state['scheme']}_{frame.state['seed']}.csv",
            mime="text/csv",
            key="csv",
            on_click="ignore",
        )
        frame.aside(f'<p class="lab-note">{t("numbers.note")}</p>')


def _bins(drawn: Drawn) -> list[tuple[float, float, int, float]]:
    """Return (low, high, drawn, expected) of each bin."""
    summary: Summary = drawn.summary
    edges = summary.edges.tolist()
    expected = expected_counts(summary.n, summary.edges, drawn.law, summary.dtype).tolist()
    return list(zip(edges[:-1], edges[1:], summary.counts.tolist(), expected, strict=True))


def _as_csv(drawn: Drawn) -> str:
    """Write the bins with full precision, under headings that are the same in every language."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["low", "high", "drawn", "expected"])
    writer.writerows(_bins(drawn))
    return file.getvalue()


def _code(frame: Frame, drawn: Drawn) -> None:
    intro = frame.t("code.intro_orthogonal" if drawn.law.family == "orthogonal" else "code.intro")
    frame.html(common.folded(intro, frame.t, frame.t("code.lead")))
    frame.script(script(jobs.request(frame.state)), wrap=True)


show("distribution", body)
