"""The lesson's three-layer network, run and taken apart; and any other that is stacked like it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import streamlit as st

from core.code.network import network_code
from core.networks.network import LESSON
from pages.figures.model import drawing
from pages.figures.model_parameters import maps, strips
from pages.jobs import model as jobs
from pages.jobs.model import NetworkRun, Ran
from pages.shell.frame import Frame, Offer
from pages.shell.page import show
from pages.state.chosen import State
from pages.state.controls import DTYPE_NAMES
from pages.state.set_by_button import place
from pages.text import sentences
from pages.widgets import audit, controls, network_editor
from pages.words import asks, common, guesses, model_findings, model_moving, model_parameters
from pages.words import model as words


def body(frame: Frame) -> None:
    """Ask for a network and its input, run it once, show it and what it is made of."""
    t, state = frame.t, frame.state
    with st.sidebar:
        _controls(frame)
    asked = jobs.asked(state)
    run = jobs.ran(asked)
    said = model_findings.headline(asked, run, state, t)
    frame.html(words.context(state, t) + common.headline(said))
    frame.ask(asks.model(asked, run, state, t))
    frame.why(model_findings.cause(asked, run, state, t), model_findings.onward(state, t))
    if state["part"] == "counting":
        frame.formula(words.formula(run))
    if overflow := words.overflow(run, t):
        frame.html(overflow)
    frame.code = lambda: _script(state, asked)
    labels = state.labels if state["part"] == "backward" else None
    frame.tensors = lambda: [Offer.of(*named) for named in jobs.tensors(asked, labels).items()]
    views: dict[str, Callable[[Frame, NetworkRun, Ran], None]] = {
        "network": _network,
        "forward": _forward,
        "counting": _counting,
        "parameters": _parameters,
        "backward": _backward,
        "code": _code,
    }
    for view, tab in zip(views, controls.tabs(state, t, "part"), strict=True):
        if tab.open:
            with tab:
                views[view](frame, asked, run)


def _controls(frame: Frame) -> None:
    """The layers in a drawer, the weights' seed and the input's, the device; the rest in More."""
    t, state = frame.t, frame.state
    network_editor.editor(state, t)
    controls.group(state, "weights", t, "seed", "weights")
    _unedit(state, frame)
    if state["weights"] == "seeded":
        controls.seed(state, t)
    else:
        frame.aside(f'<p class="lab-hint">{t("model.printed_hint")}</p>')
        controls.refusal(state, "seed", t)
    audit.way(jobs.asked(state), t)
    controls.group(state, "input", t, "batch", "data_seed", "data")
    if state["data"]:
        frame.aside(f'<p class="lab-hint">{t("model.own_hint")}</p>')
    else:
        controls.pair(state, ("batch", "data_seed"), t)
    controls.show(state, "device", t)
    with controls.more(state, t) as more:
        if more.open:
            controls.show(state, "weights", t)
            controls.show(state, "edits", t, placeholder="w1.2.3=0.5,x1.2=-1")
            if "edits" not in state.hidden:
                frame.aside(f'<p class="lab-hint">{t("model.edits_hint")}</p>')
            controls.data(state, t)
            controls.show(state, "dtype", t)


def _unedit(state: State, frame: Frame) -> None:
    """Offer the way back from what is set by hand."""
    if not state.edits or "edits" in state.fixed:
        return

    def unedit() -> None:
        place(edits="")

    st.button(frame.t("model.unedit"), key="unedit", on_click=unedit, width="stretch")


def _network(frame: Frame, asked: NetworkRun, run: Ran) -> None:
    t, state = frame.t, frame.state
    followed = jobs.traced(asked, state["sample"])
    with st.container(key="network", horizontal=True, gap="medium"):
        columns = words.columns(run, followed, state.network, state["sample"], t, state.edits)
        if frame.moves:
            frame.live = model_moving.told(asked, columns, state, frame.look, t)
        with st.container(key="drawn"):
            frame.plot(
                lambda look: drawing(columns, t, look, hover=not frame.live),
                words.alt(state.network, model_findings.headline(asked, run, state, t), t),
            )
            if frame.live:  # written by the browser, of the unit that is chosen there
                frame.aside('<p class="lab-worked"></p><p class="lab-worked-bar"></p>')
        with st.container(key="summary"):
            if frame.live:  # of the row, written by the browser, too
                frame.aside('<div class="lab-row"></div>')
            frame.listing(run.summary)
            frame.html(common.folded(words.output(run, t), t))


def _forward(frame: Frame, asked: NetworkRun, run: Ran) -> None:
    t, state = frame.t, frame.state
    frame.html(f'<p class="lab-note">{words.silent(run, state, t)}</p>')
    if words.cut(run):
        pictures = words.pictures(run, t)
        alt = sentences(t("maps.alt"), words.output(run, t))
        frame.plot(lambda look: maps(pictures, t, look), alt, key="maps")
        frame.html(f'<p class="lab-note">{words.first_only(run, t)}</p>')
    frame.html(words.walk(run, t))
    frame.aside(f'<p class="lab-group">{t("model.follow")}</p>')
    left, right = st.columns([1, 5], gap="medium", vertical_alignment="bottom")
    with left:
        controls.show(state, "sample", t)
    frame.aside(f'<p class="lab-note">{t("model.follow_note")}</p>', right.html)
    for title, sums in words.sums(jobs.traced(asked, state["sample"]), state.network, t):
        frame.html(f"<h2 class='lab-layer'>{title}</h2>")
        frame.formula(sums)


def _counting(frame: Frame, _: NetworkRun, run: Ran) -> None:
    t = frame.t
    with st.container(key="count", horizontal=True, gap="medium"):
        with st.container(key="summary"):
            frame.listing(run.summary)
        mark = partial(guesses.beside, asked=frame.asked, guesses=frame.guesses, t=t)
        frame.html(words.counted(run, t, mark) + f'<p class="lab-note">{t("count.note")}</p>')


def _parameters(frame: Frame, asked: NetworkRun, _: Ran) -> None:
    t, state = frame.t, frame.state
    _load_printed(state, frame)
    rows, printed = jobs.parameters(asked)
    frame.plot(
        lambda look: strips(model_parameters.strips_of(rows), t, look),
        sentences(t("strips.alt"), model_parameters.sits(rows, t)),
        key="strips" if len(rows) <= 2 * len(LESSON.layers) else "many_strips",  # the style sheet fits few
        height=100 + 38 * len(rows),
    )
    frame.html(model_parameters.bounds(rows, state, t))
    frame.listing(printed)


def _load_printed(state: State, frame: Frame) -> None:
    """Offer the weights that the lesson prints, where they fit, and the way back."""
    if not state.network.same_sizes(LESSON) or "weights" in state.fixed:
        return
    other = "printed" if state["weights"] == "seeded" else "seeded"

    def load() -> None:
        place(weights=other)

    st.button(frame.t(f"model.load_{other}"), key="load", on_click=load)


def _backward(frame: Frame, asked: NetworkRun, _: Ran) -> None:
    t, state = frame.t, frame.state
    left, right = st.columns([1, 2], gap="medium", vertical_alignment="bottom")
    with left:
        controls.show(state, "labels", t, placeholder=",".join(map(str, state.labels[:12])))
    free = "net" not in state.fixed
    with right, st.container(horizontal=True, vertical_alignment="bottom", key="alike"):
        for key, scheme, layers_ in _ALIKE:
            label, help_ = t(f"gradient.all_{key}"), t("gradient.all_help")
            st.button(
                label,
                key=f"all_{key}",
                on_click=_all,
                args=(state, scheme, layers_),
                help=help_,
                disabled=not free,
            )
    loss, rows = jobs.gradients(asked, state.labels)
    frame.html(model_parameters.gradients(loss, rows, t))
    pairs = "".join(model_parameters.pair(row, t) for row in rows)
    frame.html(f'<div class="lab-steps">{pairs}</div>')


#: Ways to start units alike: the button's key, the scheme, and which layers (all, or all but the last).
_ALIKE = (
    ("zeros", "zeros", None),
    ("ones", "ones", None),
    ("constant", "constant", None),
    ("hidden", "constant", -1),
)


def _all(state: State, scheme: str, end: int | None) -> None:
    """Start the weights of the first layers the same, and their biases at 0: else they tell units apart."""
    params = (("val", 0.5),) if scheme == "constant" else ()
    own = state.network.layers
    same = tuple(
        replace(dense, scheme=scheme, params=params, bias="none" if dense.bias == "none" else "zeros")
        for dense in own[:end]
    )
    place(
        net=str(replace(state.network, layers=(*same, *own[len(same) :]))),
        weights="seeded",
        edits=",".join(str(edit) for edit in state.edits if not edit.is_weight),
    )


def _script(state: State, asked: NetworkRun) -> str:
    """Return the script that builds and runs the network."""
    return network_code(
        state.network,
        seed=asked.seed or 0,
        batch=state.batch,
        data_seed=state["data_seed"],
        rows=state.rows,
        values=asked.values,
        edits=state.edits,
        device=state.device,
        dtype=DTYPE_NAMES[asked.dtype],
    )


def _code(frame: Frame, asked: NetworkRun, _: Ran) -> None:
    t, state = frame.t, frame.state
    code = _script(state, asked)
    frame.aside(f'<p class="lab-note">{t("model.code")}</p>')
    with st.container(horizontal=True):
        st.download_button(
            t("model.download_py"), code, "model.py", "text/x-python", key="py", on_click="ignore"
        )
        st.download_button(
            t("model.download_weights"),
            lambda: jobs.weights_file(asked),
            "model.safetensors",
            "application/octet-stream",
            key="safetensors",
            on_click="ignore",
        )
    frame.script(code)


show("model", body)
