"""The widgets of the table in ``state``, each with its refusal below it."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Self

import streamlit as st
from streamlit.elements.lib.mutable_expander_container import ExpanderContainer
from streamlit.elements.lib.mutable_tab_container import TabContainer

from core import ACTIVATIONS, SCHEMES
from core.weights.schemes import LARGEST, SMALLEST
from pages.state.limits import FORCE
from pages.state.table import (
    LAYERS,
    MAX_CHARS,
    MAX_LINK_DATA,
    TABLE,
    Refusal,
    Refused,
    State,
    Value,
    next_seed,
    options_of,
)
from pages.text import LANGUAGES, Text, count, interval, quantity, sentences


def choose(state: State, name: str, t: Text, *, names: str = "", none: str = "") -> None:
    """Show a control that has options.

    ``names`` is the catalogue's pattern for their names, where they are words; ``none`` names the
    option "none".
    """
    if name in state.hidden:
        return

    def label(key: str) -> str:
        if none and key == "none":
            return none
        return t(names.format(key)) if names else key

    st.selectbox(
        t(f"control.{name}"),
        options_of(name, state["scheme"]),
        format_func=label,
        key=name,
        persist_state="page",
        filter_mode=None,
        help=t("control.dtype_help") if name == "dtype" else None,
        disabled=name in state.fixed,
    )
    refusal(state, name, t)


def layer(state: State, t: Text) -> None:
    """Show the layer: chosen from examples, or typed as a model writes it."""
    if "layer" in state.hidden:
        return
    st.selectbox(
        t("control.layer"),
        LAYERS,
        format_func=lambda text: text or t("option.layer.linear"),
        key="layer",
        persist_state="page",
        accept_new_options=True,
        help=t("control.layer_help"),
        disabled="layer" in state.fixed,
    )
    refusal(state, "layer", t)


def activation(state: State, t: Text) -> None:
    """Show the activation: chosen, or typed as a formula of z."""
    if "activation" in state.hidden:
        return
    st.selectbox(
        t("control.activation"),
        tuple(ACTIVATIONS),
        key="activation",
        persist_state="page",
        accept_new_options=True,
        help=t("control.activation_help"),
        disabled="activation" in state.fixed,
    )
    refusal(state, "activation", t)


def enter(state: State, name: str, t: Text, *, placeholder: str = "") -> None:
    """Show a control that is typed; whatever was typed stays there, right or wrong."""
    if name in state.hidden:
        return
    st.text_input(
        title(state, name, t),
        key=name,
        max_chars=TABLE[name].max_chars,
        persist_state="page",
        placeholder=placeholder,
        disabled=name in state.fixed,
    )
    refusal(state, name, t)


#: Of an uploaded table that is refused, so many characters go into the field, to be mended there.
MENDABLE = 20_000


def data(state: State, t: Text) -> None:
    """Show the field for a visitor's own input, and a way to fill it from a file."""
    session, locked = st.session_state, "data" in state.fixed
    if "data" in state.hidden:
        return

    def upload() -> None:
        file = session["file"]
        session.pop("_file", None)
        if file is None:
            return
        text = file.getvalue().decode("utf-8-sig", errors="replace")
        try:
            TABLE["data"].parse(text)
        except Refused as refused:
            if len(text) > MENDABLE:  # too much to send back and forth
                session["_file"] = refused.refusal
                return
        session["data"] = text

    st.text_area(
        t("control.data"),
        key="data",
        persist_state="page",
        help=t("control.data_help"),
        height=110,
        disabled=locked,
    )
    refusal(state, "data", t)
    if locked:
        return
    st.file_uploader(
        t("control.file"),
        ["csv", "tsv", "txt"],
        key="file",
        on_change=upload,
        max_upload_size=FORCE["INIT_LAB_UPLOAD"],
    )
    if "_file" in session:
        refused = session["_file"]
        st.html(
            alert(worded(refused.code, {**refused.facts, "used": _input(state, t)}, t("control.data"), t))
        )
    if len(str(state["data"])) > MAX_LINK_DATA:
        st.html(f'<p class="lab-hint">{t("control.data_long")}</p>')


def _input(state: State, t: Text) -> str:
    """Name the input in force, for a refusal that says what is used instead."""
    if not state["data"]:
        return t("option.data.drawn")
    return t("option.data.own", rows=count(state.batch), inputs=count(state.network.inputs))


def pair(state: State, names: tuple[str, str], t: Text) -> None:
    """Show two short typed fields in one row, their refusals below the row."""
    shown = [name for name in names if name not in state.hidden]
    if not shown:
        return
    with st.container(horizontal=True, wrap=False):
        for name in shown:
            st.text_input(
                t(f"control.{name}"),
                key=name,
                max_chars=MAX_CHARS,
                persist_state="page",
                disabled=name in state.fixed,
            )
    for name in shown:
        refusal(state, name, t)


def seed(state: State, t: Text) -> None:
    """Show the seed, and a button that goes on to the next one."""
    if "seed" in state.hidden:
        return
    locked = "seed" in state.fixed

    def go_on() -> None:
        st.session_state["seed"] = next_seed(state.values)

    with st.container(horizontal=True, wrap=False, vertical_alignment="bottom"):
        st.text_input(
            t("control.seed"), key="seed", max_chars=MAX_CHARS, persist_state="page", disabled=locked
        )
        st.button(
            t("control.redraw"),
            key="redraw",
            on_click=go_on,
            help=t("control.redraw_help"),
            width="stretch",
            disabled=locked,
        )
    refusal(state, "seed", t)


def use_largest(state: State, t: Text) -> None:
    """Offer the largest fan_out that fits beside the fan_in that was asked for."""
    facts = state.refusals["fan_out"].facts
    if "fit" in facts and not state.fixed & {"fan_in", "fan_out"}:
        _sizes_button(facts["columns"], facts["fit"], t("refused.fit_button", **_grouped(facts)))


def shrink(state: State, t: Text, limit: int) -> None:
    """Offer the layer cut down to ``limit`` on each side, if it is given by its fans."""
    if state["layer"] or state.fixed & {"fan_in", "fan_out"}:
        return
    rows, columns = (min(state[name], limit) for name in ("fan_out", "fan_in"))
    _sizes_button(columns, rows, t("matrix.shrink", columns=columns, rows=rows))


def _grouped(facts: Mapping[str, Any]) -> dict[str, str]:
    return {"columns": count(facts["columns"]), "rows": count(facts["fit"])}


def _sizes_button(fan_in: int, fan_out: int, label: str) -> None:
    """Show a button that sets both fans."""

    def sizes() -> None:
        st.session_state["fan_in"], st.session_state["fan_out"] = str(fan_in), str(fan_out)

    st.button(label, key="sizes", on_click=sizes)


def group(state: State, name: str, t: Text, *controls: str) -> None:
    """Open a group of these controls with a hairline and a small label, unless all are hidden."""
    if not state.hidden.issuperset(controls):
        st.html(f'<p class="lab-group">{t(f"control.group.{name}")}</p>')


@dataclass(frozen=True)
class Bare:
    """A drawer or tab that a link has hidden: nothing stands around what it holds, if anything."""

    open: bool

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def more(state: State, t: Text) -> ExpanderContainer | Bare:
    """Return the closed drawer for all that first sight does not need."""
    if "more" in state.hidden:
        return Bare(open=False)
    return st.expander(t("control.more"), key="more", on_change="rerun")


def tabs(state: State, t: Text, control: str = "tab") -> Sequence[TabContainer | Bare]:
    """Show the page's views, the options of ``control``, as tabs, of which only the open one is computed.

    A link that holds a page to one view leaves the tabs out.
    """
    if control in state.fixed:
        return [Bare(open=view == state[control]) for view in TABLE[control].options]
    labels = {t(f"tab.{name}"): name for name in TABLE[control].options}

    def opened() -> None:
        st.session_state[control] = labels.get(st.session_state["views"], TABLE[control].default)

    here = t(f"tab.{state[control]}")
    if st.session_state.get("views") != here:  # a tab that is open already may just be being left
        st.session_state["views"] = here
    return st.tabs(list(labels), key="views", on_change=opened)


def refusal(state: State, name: str, t: Text) -> None:
    """Say below a control why its entry is not used, what is allowed and what is used instead."""
    if name in state.refusals:
        state.said.add(name)
        st.html(alert(sentence(state, name, t)))


def alert(words: str) -> str:
    """Return a sentence that says what is wrong, as HTML, whatever stands in it."""
    return f'<p class="lab-refusal" role="alert">▲ {escape(words)}</p>'


def again(words: str) -> str:
    """Return such a sentence for where the control that says it is folded away."""
    return f'<p class="lab-refusal lab-again">▲ {escape(words)}</p>'


def title(state: State, name: str, t: Text) -> str:
    """Return a control's name; torch has two parameters called ``a``."""
    slope = name == "a" and "nonlinearity" in SCHEMES[state["scheme"]].params
    return t("control.slope") if slope else t(f"control.{name}")


def sentence(state: State, name: str, t: Text) -> str:
    """Return the refusal of the control ``name`` as a sentence."""
    refusal = state.refusals[name]
    if name == "layer" and refusal.facts["used"] == "":
        refusal = Refusal(refusal.code, {**refusal.facts, "used": t("option.layer.linear")})
    facts = dict(refusal.facts)
    if name == "rows" and "out" in facts:
        return sentences(*_rows_left(refusal, title(state, name, t), t))
    if name == "data":
        facts["used"] = _input(state, t)
    elif "used" in facts:
        facts["used"] = _used(state, facts["used"], t) or LANGUAGES[t.language]  # '' is the browser's own
    return worded(refusal.code, facts, title(state, name, t), t)


def _rows_left(refusal: Refusal, name: str, t: Text) -> list[str]:
    """Say why an entry of a comparison is not used, and which are left out, if any is left."""
    facts, out = {**refusal.facts, "used": t("refused.rows_rest")}, refusal.facts["out"]
    words = [worded(refusal.code, facts, name, t)]
    if not out:
        return [*words, t("refused.rows_stay")]
    return [*words, t("refused.rows_out", rows=t("verdict.and").join(f"“{row[:60]}”" for row in out))]


def worded(code: str, refused: Mapping[str, Any], name: str, t: Text) -> str:
    """Return the sentence of a refusal with its facts, in which ``name`` is the control's."""
    facts: dict[str, str] = {
        key: quantity(value, value, trim=True) if isinstance(value, float) else _listed(value)
        for key, value in refused.items()
    }
    for key in ("n", "limit", "low", "high", "most", "rows", "wanted"):
        if isinstance(refused.get(key), int):
            facts[key] = count(refused[key])
    if isinstance(refused.get("low"), float) and isinstance(refused.get("high"), float):
        facts["low"], facts["high"] = interval(refused["low"], refused["high"])
    if code == "order":
        facts["a"], facts["b"] = interval(refused["a"], refused["b"])
    facts |= {
        "name": name,
        "smallest": quantity(SMALLEST, SMALLEST, trim=True),
        "largest": facts.get("largest", "") or quantity(LARGEST, LARGEST, trim=True),
    }
    if "at" in refused:
        facts["at"] = t("layers.place", at=refused["at"]) if refused["at"] else t("layers.place_input")
    if "scheme" in facts:
        facts["scheme"] = t(f"scheme.{facts['scheme']}.name")
    if code in {"choice", "listed"} and facts["options"].count(",") > MANY:
        asked = facts["was"] if code == "choice" else facts["unknown"].split(", ")[0]
        facts["options"] = _near(asked, facts["options"].split(", "))
    return t(f"refused.{code}", **facts)


def _listed(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


#: Of more options than this, a refusal names those that resemble what was asked for.
MANY = 12


def _near(was: str, options: Sequence[str]) -> str:
    near = difflib.get_close_matches(was, options, cutoff=0.4) or options[:3]
    return ", ".join([*near, "…"])


def _used(state: State, used: Value | dict[str, Value], t: Text) -> str:
    if isinstance(used, dict):
        used = {name: t(f"option.weights.{v}") if name == "weights" else v for name, v in used.items()}
        words = {name: _used(state, value, t) or t("option.layer.linear") for name, value in used.items()}
        return ", ".join(f"{title(state, name, t)} = {value}" for name, value in words.items())
    return quantity(used, used, trim=True) if isinstance(used, float) else str(used)
