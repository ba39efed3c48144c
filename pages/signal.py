"""A signal through a deep network and back: why the weights' scale matters, layer by layer."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core import ACTIVATIONS
from core.formula import activation_of
from core.recipe import signal_code
from pages.figures.chaos import chaos, maps
from pages.figures.layers import depth_map, ridges
from pages.figures.signal import by_layer, shares_by_layer
from pages.ui import controls, layerwise, outcomes, reading, rows, signals, theory
from pages.ui.frame import Frame, plot, show
from pages.ui.signals import Followed, Foretold
from pages.ui.state import DTYPE_NAMES
from pages.ui.waiting import Write

#: Views that look at the way back too, and those that need no run.
_BACK = {"gradient", "figures"}
_UNRUN = {"maps", "chaos", "gains", "code"}
#: Formulas to try: GELU's approximation by a sigmoid, a squared relu, a sine.
_OWN = ("z*sigmoid(1.702*z)", "max(z, 0)^2", "sin(z)")


# numbers past the dtype's largest are what this page is about: they are no fault of its own arithmetic
@np.errstate(over="ignore", invalid="ignore")
def body(frame: Frame) -> None:
    """Ask for a network and its schemes, run them, show what became of the signal."""
    t, state = frame.t, frame.state
    with st.sidebar:
        _controls(frame)
    views: dict[str, tuple[Callable[..., str], Callable[[Frame, Any], None]]] = {
        "forward": (outcomes.finding, _forward),
        "gradient": (outcomes.gradient_finding, _gradient),
        "saturation": (layerwise.saturation_finding, _saturation),
        "layers": (layerwise.layers_finding, _layers),
        "correlation": (layerwise.correlation_finding, _correlation),
        "maps": (theory.maps_finding, _maps),
        "chaos": (theory.chaos_finding, _chaos),
        "gains": (theory.gains_finding, _gains),
        "figures": (outcomes.finding, _figures),
        "code": (outcomes.code_finding, _code),
    }
    head = st.container()  # above the tabs, which stand while something runs, and after it was stopped
    tabs = controls.tabs(state, t, "sight")
    with head:
        write: Write = st.html
        if state["sight"] in _UNRUN:
            schemes: Sequence[Foretold] = signals.foretold(state, t)
        else:
            schemes, write = signals.followed(state, t, backward=state["sight"] in _BACK)
        if not schemes:  # the run was stopped
            return
        say, _ = views[state["sight"]]
        words = reading.headline(say(schemes, state, t))
        write(
            outcomes.context(state, t) + words.replace("σ_w", "σ<sub>w</sub>").replace("σ_b", "σ<sub>b</sub>")
        )
    for view, tab in zip(views, tabs, strict=True):
        if tab.open:
            with tab:
                views[view][1](frame, schemes)


def _controls(frame: Frame) -> None:
    """The schemes in a drawer, the activation, the network's size and the seed; the rest in More."""
    t, state = frame.t, frame.state
    rows.editor(state, t, fans=False)
    controls.activation(state, t)
    controls.group(t("control.group.network"))
    controls.pair(state, ("depth", "width"), t)
    controls.group(t("control.group.draw"))
    controls.seed(state, t)
    controls.choose(state, "device", t)
    with controls.more(t) as more:
        if more.open:
            controls.pair(state, ("seeds", "samples"), t)
            controls.choose(state, "bias", t, names="option.bias.{}")
            if state["bias"] == "normal":
                controls.enter(state, "sigma_b", t)
            controls.choose(state, "input", t, names="option.input.{}")
            controls.enter(state, "input_scale", t)
            controls.choose(state, "measure", t, names="option.measure.{}")
            controls.choose(state, "dtype", t)


def _forward(frame: Frame, followed: Sequence[Followed]) -> None:
    t, state = frame.t, frame.state
    lines = outcomes.lines(followed, state["measure"], t)
    title = t(f"signal.y.{state['measure']}")
    chart = by_layer(lines, t, frame.look, y_title=title, theory=t("signal.theory"))
    _shown(frame, chart, outcomes.finding(followed, state, t), outcomes.key(lines))
    st.html(outcomes.reading(followed, state, t))


def _shown(frame: Frame, chart: go.Figure, finding: str, key: str, *, lower: bool = False) -> None:
    """Show a chart by layer; on a phone, where its names have no room, they stand below."""
    plot(chart, f"{frame.t('signal.alt')} {finding}", key="signal_lower" if lower else "signal")
    st.html(key)


def _gradient(frame: Frame, followed: Sequence[Followed]) -> None:
    t, state = frame.t, frame.state
    lines = outcomes.gradient_lines(followed, t)
    title = t("signal.y.gradient")
    chart = by_layer(lines, t, frame.look, y_title=title, theory=t("signal.theory"), back=True)
    _shown(frame, chart, outcomes.gradient_finding(followed, state, t), outcomes.key(lines))
    st.html(outcomes.gradient_reading(followed, state, t))


def _saturation(frame: Frame, followed: Sequence[Followed]) -> None:
    t, state = frame.t, frame.state
    lines = layerwise.share_lines(followed, t)
    chart = shares_by_layer(lines, t, frame.look, y_title=t("signal.y.saturated"), percent=True)
    _shown(frame, chart, layerwise.saturation_finding(followed, state, t), outcomes.key(lines))
    st.html(layerwise.saturation_note(followed, state, t))


def _layers(frame: Frame, followed: Sequence[Followed]) -> None:
    t, state = frame.t, frame.state
    _beside_note(frame, "picture", "option.picture.{}", layerwise.layers_note(followed, state, t))
    draw = ridges if state["picture"] == "ridges" else depth_map
    chart = draw(layerwise.pictured(followed), t, frame.look)
    plot(
        chart,
        f"{t('signal.alt_layers')} {layerwise.layers_finding(followed, state, t)}",
        key="panels_by_layer",
    )


def _beside_note(frame: Frame, control: str, names: str, note: str) -> None:
    """Show a control that changes the view, with what it means beside it."""
    left, right = st.columns([1, 3.4], gap="medium", vertical_alignment="bottom")
    with left:
        controls.choose(frame.state, control, frame.t, names=names)
    right.html(note)


def _correlation(frame: Frame, followed: Sequence[Followed]) -> None:
    t, state = frame.t, frame.state
    lines = layerwise.correlation_lines(followed, state, t)
    _beside_note(frame, "between", "option.between.{}", layerwise.correlation_note(lines, state, t))
    title = t(f"signal.y.{state['between']}")
    theory = t("signal.theory") if state["between"] == "samples" else ""
    chart = shares_by_layer(lines, t, frame.look, y_title=title, theory=theory)
    _shown(frame, chart, layerwise.correlation_finding(followed, state, t), outcomes.key(lines), lower=True)


def _maps(frame: Frame, schemes: Sequence[Foretold]) -> None:
    t, state = frame.t, frame.state
    curves = theory.curves(schemes, state)
    if not curves:  # the headline says so
        return
    words = f"{t('signal.alt_maps')} {theory.maps_finding(schemes, state, t)}"
    plot(maps(curves, t, frame.look), words, key="maps_pair")
    st.html(theory.key(curves) + f'<p class="lab-note">{t("signal.maps_note")}</p>')


def _chaos(frame: Frame, schemes: Sequence[Foretold]) -> None:
    t, state = frame.t, frame.state
    dots = theory.dots(schemes)
    phases = theory.charted(state, dots)
    if phases is None:  # the headline says so
        return
    chart = chaos(dots, phases, t, frame.look)
    with st.container(key="chaos", horizontal=True, gap="medium"):
        plot(chart, f"{t('chaos.alt')} {theory.chaos_finding(schemes, state, t)}")
        st.html(theory.chaos_table(schemes, state, t) + f'<p class="lab-note">{t("chaos.note")}</p>')


def _gains(frame: Frame, _: Sequence[Foretold]) -> None:
    t, state = frame.t, frame.state
    phi = activation_of(state["activation"])
    st.markdown(rf"$\phi(z) = {phi.formula}$")
    left, right = st.columns([1.6, 1], gap="large")
    left.html(theory.gains_table(state, t))
    with right:
        st.html(f'<p class="lab-note">{t("gains.note")}</p>')
        st.html(f'<p class="lab-note">{t("gains.try")}</p>')
        for at, formula in enumerate(_OWN):
            st.button(f"`{formula}`", key=f"own_{at}", on_click=_choose, args=(formula,))
        if state["activation"] not in ACTIVATIONS:
            st.button(t("gains.back"), key="own_back", on_click=_choose, args=("relu",))


def _choose(activation: str) -> None:
    st.session_state["activation"] = activation


def _figures(frame: Frame, followed: Sequence[Followed]) -> None:
    t, state = frame.t, frame.state
    left, right = st.columns([2.4, 1], gap="medium")
    left.html(outcomes.figures(followed, state, t))
    with right:
        st.download_button(
            t("numbers.download"),
            lambda: outcomes.as_csv(followed),
            file_name="signal.csv",
            mime="text/csv",
            key="csv",
        )
        st.html(f'<p class="lab-note">{t("signal.figures_note")}</p>')


def _code(frame: Frame, schemes: Sequence[Foretold]) -> None:
    t, state = frame.t, frame.state
    code = signal_code(
        [(row.entry.scheme, dict(row.entry.params)) for row in schemes],
        state["activation"],
        depth=state["depth"],
        width=state["width"],
        seeds=signals.seeds(state),
        batch=state["samples"],
        bias=state.bias,
        input=state["input"],
        input_scale=state["input_scale"],
        device=state.device,
        dtype=DTYPE_NAMES[state["dtype"]],
    )
    st.html(f'<p class="lab-note">{t("signal.code")}</p>')
    st.code(code, language="python")


show("signal", body)
