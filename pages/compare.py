"""Schemes side by side: on one axis, in one plot, in numbers, on other layers, in other frameworks."""

from collections.abc import Callable, Sequence

import streamlit as st

from pages.figures.comparison import PANEL, multiples, overlaid
from pages.ui import comparing, controls, elsewhere, reading, rows
from pages.ui.comparing import Compared
from pages.ui.frame import Frame, plot, show

#: Up to so many panels share one screen.
FEW = 4


def body(frame: Frame) -> None:
    """Ask which schemes on which layer, draw each once, show them side by side."""
    t, state = frame.t, frame.state
    with st.sidebar:
        _controls(frame)
    compared = comparing.compared(state, t)
    findings: dict[str, Callable[[], str]] = {
        "inspector": lambda: elsewhere.inspection(state.layer, t),
        "rosetta": lambda: elsewhere.translation(state, t),
    }
    finding = findings.get(state["aspect"], lambda: comparing.finding(compared, t))()
    st.html(comparing.context(state, t) + reading.headline(finding))
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
    rows.editor(state, t)
    shown = state["aspect"] == "inspector"  # which has the layer's field beside its fans
    linear = not state["layer"] and "layer" not in state.refusals
    if linear or not shown:
        controls.group(t("control.group.layer"))
    if linear:
        controls.pair(state, ("fan_in", "fan_out"), t)
    elif not shown:
        controls.layer(state, t)
    controls.group(t("control.group.draw"))
    controls.seed(state, t)
    controls.choose(state, "device", t)
    with controls.more(t) as more:
        if more.open:
            if linear and not shown:
                controls.layer(state, t)
            controls.choose(state, "order", t, names="option.order.{}")
            controls.choose(state, "dtype", t)


def _multiples(frame: Frame, compared: Sequence[Compared]) -> None:
    t = frame.t
    panels = comparing.panels(compared, t)
    if len(panels) <= FEW:
        plot(multiples(panels, t, frame.look), comparing.alt(compared, t))
    else:
        height = PANEL * len(panels) + 60
        chart = multiples(panels, t, frame.look, height=height)
        plot(chart, comparing.alt(compared, t), key="panels", height=height)
    st.html(f'<p class="lab-note">{t("compare.reading")}</p>')


def _overlaid(frame: Frame, compared: Sequence[Compared]) -> None:
    t = frame.t
    plot(overlaid(comparing.panels(compared, t), t, frame.look), comparing.alt(compared, t))


def _figures(frame: Frame, compared: Sequence[Compared]) -> None:
    t, state = frame.t, frame.state
    left, right = st.columns([1, 3], gap="medium", vertical_alignment="bottom")
    with left:
        controls.activation(state, t)
    right.html(f'<p class="lab-note">{t("compare.activation_note")}</p>')
    st.html(comparing.figures(compared, state, t))


def _inspector(frame: Frame, _: Sequence[Compared]) -> None:
    t, state = frame.t, frame.state
    left, right = st.columns([1, 1.6], gap="medium", vertical_alignment="bottom")
    with left:
        controls.layer(state, t)
    right.html(f'<p class="lab-note">{t("inspector.intro")}</p>')
    st.html(elsewhere.inspected(state, t))


def _rosetta(frame: Frame, _: Sequence[Compared]) -> None:
    st.html(elsewhere.elsewhere(frame.state, frame.t))


show("compare", body)
