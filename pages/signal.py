"""A signal through a deep network and back: why the weights' scale matters, layer by layer."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core import ACTIVATIONS
from core.code.signal import signal_code
from core.signals.formula import activation_of
from pages.figures.palette import Palette
from pages.figures.signal import by_layer, shares_by_layer
from pages.figures.signal_layers import depth_map, ridges
from pages.figures.signal_theory import chaos, lengths, maps
from pages.jobs import signal as jobs
from pages.jobs.signal import Followed, Foretold
from pages.shell.frame import Frame, Picture
from pages.shell.page import show
from pages.state.chosen import State
from pages.state.controls import DTYPE_NAMES
from pages.state.set_by_button import place
from pages.text import Text, sentences
from pages.text.numbers import count
from pages.widgets import comparison_editor, controls, waiting
from pages.widgets.waiting import Write
from pages.words import (
    asks,
    common,
    guesses,
    signal_causes,
    signal_layers,
    signal_moving,
    signal_onward,
    signal_theory,
)
from pages.words import signal as words
from pages.words.compare import names

#: Views that look at the way back too, that draw a seed's lines early, and that need no run.
_BACK = {"gradient", "figures"}
_SKETCHED = {"forward", "gradient", "saturation"}
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
        "forward": (words.finding, _forward),
        "gradient": (words.gradient_finding, _gradient),
        "saturation": (signal_layers.saturation_finding, _saturation),
        "layers": (signal_layers.layers_finding, _layers),
        "correlation": (signal_layers.correlation_finding, _correlation),
        "maps": (signal_theory.maps_finding, _maps),
        "chaos": (signal_theory.chaos_finding, _chaos),
        "gains": (signal_theory.gains_finding, _gains),
        "figures": (words.finding, _figures),
        "code": (words.code_finding, _code),
    }
    head = st.container()  # above the tabs, which stand while something runs, and after it was stopped
    tabs = controls.tabs(state, t, "sight")
    with head:
        write: Write = st.html
        if state["sight"] in _UNRUN:
            schemes: Sequence[Foretold] = jobs.foretold(state, names(state.comparison.entries, t))
        else:
            early = partial(_sketch, frame, tabs[[*views].index(state["sight"])])
            schemes, write = waiting.followed(state, t, backward=state["sight"] in _BACK, early=early)
        if not schemes:  # the run was stopped
            return
        say, _ = views[state["sight"]]
        said = _set(common.headline(say(schemes, state, t)))
        if state["sight"] == "chaos" and frame.moves:
            frame.live = signal_moving.told(schemes, state, t)
        frame.html(words.context(state, t) + said, write)
        frame.ask(asks.signal(schemes, state, t))
        cause = _set(signal_causes.cause(schemes, state, t))
        frame.why(cause, signal_onward.onward(schemes, state, t))
    frame.code = _maker(state, schemes)
    for view, tab in zip(views, tabs, strict=True):
        if tab.open:
            with tab:
                views[view][1](frame, schemes)


def _set(words: str) -> str:
    """Set the indices of σ_w and σ_b as such."""
    return words.replace("σ_w", "σ<sub>w</sub>").replace("σ_b", "σ<sub>b</sub>")


def _controls(frame: Frame) -> None:
    """The schemes in a drawer, the activation, the network's size and the seed; the rest in More."""
    t, state = frame.t, frame.state
    comparison_editor.editor(state, t, fans=False)
    controls.show(state, "activation", t)
    controls.group(state, "network", t, "depth", "width")
    controls.pair(state, ("depth", "width"), t)
    controls.group(state, "draw", t, "seed", "device")
    controls.seed(state, t)
    controls.show(state, "device", t)
    with controls.more(state, t) as more:
        if more.open:
            controls.pair(state, ("seeds", "samples"), t)
            controls.show(state, "bias", t)
            if state["bias"] == "normal":
                controls.show(state, "sigma_b", t)
            controls.show(state, "input", t)
            controls.show(state, "input_scale", t)
            controls.show(state, "measure", t)
            controls.show(state, "dtype", t)


class Course(NamedTuple):
    """A chart by layer: what draws it, in words, and the names of its lines."""

    draw: Picture
    alt: str
    key: str


def _course(frame: Frame, followed: Sequence[Followed], so_far: str = "") -> Course:
    """Return the chart of a view by layer; ``so_far`` says of which seeds it is, where more are to come."""
    t, state, sight = frame.t, frame.state, frame.state["sight"]
    makers: dict[str, tuple[Callable[..., list[Any]], Callable[..., str]]] = {
        "forward": (partial(words.lines, measure=state["measure"]), words.finding),
        "gradient": (words.gradient_lines, words.gradient_finding),
        "saturation": (signal_layers.share_lines, signal_layers.saturation_finding),
    }
    make, finding = makers[sight]
    lines = guesses.marked(make(followed, t=t), frame.asked, frame.guesses, t)
    unit = 0.01 if sight == "saturation" else 1.0
    numbers = guesses.of_schemes(frame.asked, frame.guesses, unit)
    name = {"forward": state["measure"], "saturation": "saturated"}.get(sight, sight)
    title = t(f"signal.y.{name}")
    alt = _alt(title, finding(followed, state, t), t)
    given: dict[str, Any] = {"y_title": title + so_far}
    if sight == "saturation":
        given["guesses"] = numbers
        return Course(partial(_by_share, lines, t, given), alt, words.key(lines))
    given |= {"theory": t("signal.theory"), "back": sight == "gradient", "guesses": numbers}
    return Course(lambda look: by_layer(lines, t, look, **given), alt, words.key(lines))


def _by_share(lines: Sequence[Any], t: Text, given: dict[str, Any], look: Palette) -> go.Figure:
    return shares_by_layer(lines, t, look, percent=True, **given)


def _sketch(frame: Frame, tab: Any, followed: Sequence[Followed]) -> None:
    """Show the lines of the first seed, in views that have such, until those of all seeds are there."""
    if frame.state["sight"] not in _SKETCHED:
        return
    so_far = frame.t("signal.first_of", seed=frame.state["seed"], n=count(frame.state["seeds"]))
    drawn = _course(frame, followed, f" · {so_far}")
    with tab:
        frame.sketch(drawn.draw, drawn.alt, key="signal")


def _forward(frame: Frame, followed: Sequence[Followed]) -> None:
    _shown(frame, _course(frame, followed))
    frame.html(words.reading(followed, frame.state, frame.t))


def _alt(title: str, finding: str, t: Text) -> str:
    """Return a chart by layer in words: what is drawn, as its axis says, and the finding."""
    return sentences(t("signal.alt", what=re.sub(r"<[^>]+>", "", title)), finding)


def _shown(frame: Frame, course: Course, *, lower: bool = False) -> None:
    """Show a chart by layer; on a phone, where its names have no room, they stand below."""
    frame.plot(course.draw, course.alt, key="signal_lower" if lower else "signal")
    frame.aside(course.key)


def _gradient(frame: Frame, followed: Sequence[Followed]) -> None:
    _shown(frame, _course(frame, followed))
    frame.html(words.gradient_reading(followed, frame.state, frame.t))


def _saturation(frame: Frame, followed: Sequence[Followed]) -> None:
    _shown(frame, _course(frame, followed))
    frame.html(signal_layers.saturation_note(followed, frame.state, frame.t))


def _layers(frame: Frame, followed: Sequence[Followed]) -> None:
    t, state = frame.t, frame.state
    _beside_note(frame, "picture", signal_layers.layers_note(followed, state, t))
    draw = ridges if state["picture"] == "ridges" else depth_map
    pictured = signal_layers.pictured(followed)
    frame.plot(
        lambda look: draw(pictured, t, look),
        sentences(t("signal.alt_layers"), signal_layers.layers_finding(followed, state, t)),
        key="panels_by_layer",
    )


def _beside_note(frame: Frame, control: str, note: str) -> None:
    """Show a control that changes the view, with what it means beside it."""
    left, right = st.columns([1, 3.4], gap="medium", vertical_alignment="bottom")
    with left:
        controls.show(frame.state, control, frame.t)
    frame.aside(note, right.html)


def _correlation(frame: Frame, followed: Sequence[Followed]) -> None:
    t, state = frame.t, frame.state
    lines = signal_layers.correlation_lines(followed, state, t)
    _beside_note(frame, "between", signal_layers.correlation_note(lines, state, t))
    title = t(f"signal.y.{state['between']}")
    theory = t("signal.theory") if state["between"] == "samples" else ""
    numbers = guesses.of_schemes(frame.asked, frame.guesses)
    course = Course(
        lambda look: shares_by_layer(lines, t, look, y_title=title, theory=theory, guesses=numbers),
        _alt(title, signal_layers.correlation_finding(followed, state, t), t),
        words.key(lines),
    )
    _shown(frame, course, lower=True)


def _maps(frame: Frame, schemes: Sequence[Foretold]) -> None:
    t, state = frame.t, frame.state
    curves = signal_theory.curves(schemes, state)
    if not curves:  # the headline says so
        return
    said = sentences(t("signal.alt_maps"), signal_theory.maps_finding(schemes, state, t))
    frame.plot(lambda look: maps(curves, t, look), said, key="maps_pair")
    guessed = guesses.words(frame.asked, frame.guesses, t)
    frame.html(signal_theory.key(curves, guessed) + common.folded(signal_theory.maps_note(curves, t), t))


def _chaos(frame: Frame, schemes: Sequence[Foretold]) -> None:
    t, state = frame.t, frame.state
    dots = signal_theory.dots(schemes)
    phases = signal_theory.charted(state, dots)
    ways = signal_theory.lengths(schemes, state)
    said = signal_theory.chaos_finding(schemes, state, t)
    with st.container(key="chaos", horizontal=True, gap="medium"):
        if phases is not None:  # the headline says so
            frame.plot(lambda look: chaos(dots, phases, t, look), sentences(t("chaos.alt"), said))
        with st.container(key="beside"):
            if ways:
                frame.plot(lambda look: lengths(ways, t, look), t("chaos.alt_lengths"), key="lengths")
            guessed = guesses.words(frame.asked, frame.guesses, t)
            table = signal_theory.chaos_table(schemes, state, t, guessed)
            frame.html(table + common.folded(t("chaos.note"), t))
            if frame.live:
                frame.aside(signal_moving.theory(state))


def _gains(frame: Frame, _: Sequence[Foretold]) -> None:
    t, state = frame.t, frame.state
    phi = activation_of(state["activation"])
    frame.formula(rf"$\phi(z) = {phi.formula}$")
    left, right = st.columns([1.6, 1], gap="large")
    mark = partial(guesses.beside, asked=frame.asked, guesses=frame.guesses, t=t)
    frame.html(signal_theory.gains_table(state, t, mark), left.html)
    with right:
        frame.aside(common.folded(t("gains.note"), t))
        frame.aside(f'<p class="lab-note">{t("gains.try")}</p>')
        if "activation" in state.fixed:
            return
        for at, formula in enumerate(_OWN):
            st.button(f"`{formula}`", key=f"own_{at}", on_click=_choose, args=(formula,))
        if state["activation"] not in ACTIVATIONS:
            st.button(t("gains.back"), key="own_back", on_click=_choose, args=("relu",))


def _choose(activation: str) -> None:
    place(activation=activation)


def _figures(frame: Frame, followed: Sequence[Followed]) -> None:
    t, state = frame.t, frame.state
    left, right = st.columns([2.4, 1], gap="medium")
    frame.html(words.figures(followed, state, t), left.html)
    with right:
        st.download_button(
            t("numbers.download"),
            lambda: words.as_csv(followed),
            file_name="signal.csv",
            mime="text/csv",
            key="csv",
            on_click="ignore",
        )
        frame.aside(common.folded(t("signal.figures_note"), t))


def _maker(state: State, schemes: Sequence[Foretold]) -> Callable[[], str] | None:
    """Return what makes the code of what is shown: the run's, or theory's; None where theory is silent."""
    if state["sight"] not in {"maps", "chaos", "gains"}:
        return lambda: _script(state, schemes)
    code = signal_theory.code(schemes, state)
    return None if code is None else lambda: code


def _script(state: State, schemes: Sequence[Foretold]) -> str:
    """Return the script that runs the networks."""
    return signal_code(
        [(row.entry.scheme, dict(row.entry.params)) for row in schemes],
        state["activation"],
        depth=state["depth"],
        width=state["width"],
        seeds=jobs.seeds(state),
        batch=state["samples"],
        bias=state.bias,
        input=state["input"],
        input_scale=state["input_scale"],
        device=state.device,
        dtype=DTYPE_NAMES[state["dtype"]],
    )


def _code(frame: Frame, schemes: Sequence[Foretold]) -> None:
    frame.aside(f'<p class="lab-note">{frame.t("signal.code")}</p>')
    frame.script(_script(frame.state, schemes))


show("signal", body)
