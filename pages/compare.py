"""Schemes side by side: on one axis, in one plot, in numbers, on other layers, in other frameworks."""

from collections.abc import Callable, Sequence

import streamlit as st

from pages.figures.compare import PANEL, multiples, overlaid
from pages.jobs import compare
from pages.jobs.compare import Compared
from pages.shell.frame import Frame, Offer
from pages.shell.page import show
from pages.widgets import comparison_editor, controls
from pages.words import asks, common, compare_layers, compare_moving, compare_rosetta
from pages.words import compare as words

#: Up to so many panels share one screen.
FEW = 4


def body(frame: Frame) -> None:
    """Ask which schemes on which layer, draw each once, show them side by side."""
    t, state = frame.t, frame.state
    with st.sidebar:
        _controls(frame)
    compared = words.compared(state, t)
    findings: dict[str, Callable[[], str]] = {
        "inspector": lambda: compare_layers.inspection(state.layer, t),
        "rosetta": lambda: compare_rosetta.translation(state, t),
    }
    finding = findings.get(state["aspect"], lambda: words.finding(compared, t))()
    frame.html(words.context(state, t) + common.headline(finding))
    frame.ask(asks.compare(compared, t))
    if state["aspect"] not in findings:
        frame.why(words.cause(compared, t), words.onward(compared, state, t))
    if frame.moves and state["aspect"] == "multiples":
        frame.live = compare_moving.told(compared, state, t)
    frame.code = lambda: compare.code(compared, state)
    frame.tensors = lambda: [
        Offer.drawn(str(row.entry), compare.request(row.entry, state)) for row in compared
    ]
    views: dict[str, Callable[[Frame, Sequence[Compared]], None]] = {
        "multiples": _multiples,
        "overlaid": _overlaid,
        "figures": _figures,
        "inspector": _inspector,
        "rosetta": _rosetta,
    }
    for view, tab in zip(views, controls.tabs(state, t, "aspect"), strict=True):
        if tab.open:
            with tab:
                views[view](frame, compared)


def _controls(frame: Frame) -> None:
    """The schemes in a drawer, the layer that they share, seed and device; the rest in More."""
    t, state = frame.t, frame.state
    comparison_editor.editor(state, t)
    shown = state["aspect"] == "inspector"  # which has the layer's field beside its fans
    if state.is_linear or not shown:
        controls.group(state, "layer", t, "layer", "fan_in", "fan_out")
    if state.is_linear:
        controls.pair(state, ("fan_in", "fan_out"), t)
    elif not shown:
        controls.show(state, "layer", t)
    controls.group(state, "draw", t, "seed", "device")
    controls.seed(state, t)
    controls.show(state, "device", t)
    with controls.more(state, t) as more:
        if more.open:
            if state.is_linear and not shown:
                controls.show(state, "layer", t)
            controls.show(state, "order", t)
            controls.show(state, "dtype", t)


def _multiples(frame: Frame, compared: Sequence[Compared]) -> None:
    t = frame.t
    panels = words.panels(compared, t, frame.guesses.get("widest"))
    if len(panels) <= FEW:
        frame.plot(lambda look: multiples(panels, t, look), words.alt(compared, t))
    else:
        height = PANEL * len(panels) + 60
        frame.plot(
            lambda look: multiples(panels, t, look, height=height),
            words.alt(compared, t),
            key="panels",
            height=height,
        )
    frame.html(f'<p class="lab-note">{t("compare.reading")}</p>')


def _overlaid(frame: Frame, compared: Sequence[Compared]) -> None:
    t = frame.t
    panels = words.panels(compared, t, frame.guesses.get("widest"))
    frame.plot(lambda look: overlaid(panels, t, look), words.alt(compared, t))


def _figures(frame: Frame, compared: Sequence[Compared]) -> None:
    t, state = frame.t, frame.state
    left, right = st.columns([1, 3], gap="medium", vertical_alignment="bottom")
    with left:
        controls.show(state, "activation", t)
    frame.aside(f'<p class="lab-note">{t("compare.activation_note")}</p>', right.html)
    frame.html(words.figures(compared, state, t))


def _inspector(frame: Frame, _: Sequence[Compared]) -> None:
    t, state = frame.t, frame.state
    left, _right = st.columns([1, 1.6], gap="medium")
    with left:
        controls.show(state, "layer", t)
    frame.html(compare_layers.inspected(state, t))


def _rosetta(frame: Frame, _: Sequence[Compared]) -> None:
    frame.html(compare_rosetta.elsewhere(frame.state, frame.t))


show("compare", body)
