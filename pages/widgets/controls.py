"""The widgets of the table in ``state``, each with its refusal below it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import streamlit as st

from core.table import written
from pages.state.chosen import State
from pages.state.control import MAX_CHARS
from pages.state.controls import MAX_LINK_DATA, TABLE, options_of, word_of
from pages.state.insides import Drawer, View
from pages.state.link import next_seed
from pages.state.operator_limits import limit
from pages.state.parsers import Refused
from pages.state.session import session
from pages.state.set_by_button import fill, is_old, place
from pages.text import Text, catalogue
from pages.text.numbers import count
from pages.words.refusals import alert, input_in_force, sentence, title, worded


def _key(state: State, name: str) -> str:
    """Return the key of a control's field, of which the browser then knows what stands in it.

    Streamlit says so to a field that the last run had not only if it is set in this one, and forgets at the
    next page what its fields held. Left alone, the field is blank, and its blank is taken for an entry.
    """
    now = session()
    now.drawn.add(name)
    if name not in now.on_screen:
        st.session_state[name] = st.session_state.get(name, written(state[name]))
    return name


def show(  # noqa: PLR0913 - a control, and what few of them need
    state: State,
    name: str,
    t: Text,
    *,
    placeholder: str = "",
    changed: Callable[[], None] | None = None,
    called: Callable[[str], str] | None = None,
) -> None:
    """Show a control: chosen from its options, or from its examples and typed, or typed alone.

    Whatever was typed stays there, right or wrong. ``changed`` is called once something else is chosen;
    ``called`` names what is in force and no example.
    """
    if name in state.hidden:
        return
    row = TABLE[name]
    known: dict[str, Any] = {
        "key": _key(state, name),
        "persist_state": "page",
        "disabled": name in state.fixed,
    }
    if row.options or row.examples:
        hint = f"control.{name}_help"
        options = options_of(name, state["scheme"]) or row.examples
        own = () if called is None or state[name] in options else (str(state[name]),)
        st.selectbox(
            t(f"control.{name}"),
            (*options, *own),
            format_func=lambda option: (
                called(option) if called and option in own else word_of(name, option, t)
            ),
            placeholder=placeholder or None,
            filter_mode=None if row.options else "fuzzy",
            accept_new_options=not row.options,
            help=t(hint) if hint in catalogue(t.language) else None,
            on_change=changed,
            **known,
        )
    else:
        label = title(state, name, t)
        st.text_input(label, max_chars=row.max_chars, placeholder=placeholder, **known)
    refusal(state, name, t)


#: Of an uploaded table that is refused, so many characters go into the field, to be mended there.
MENDABLE = 20_000


def data(state: State, t: Text) -> None:
    """Show the field for a visitor's own input, and a way to fill it from a file."""
    locked = "data" in state.fixed
    if "data" in state.hidden:
        return

    def upload() -> None:
        file = st.session_state["file"]
        session().file = None
        if file is None:
            return
        text = file.getvalue().decode("utf-8-sig", errors="replace")
        try:
            TABLE["data"].parse(text)
        except Refused as refused:
            if len(text) > MENDABLE:  # too much to send back and forth
                session().file = refused.refusal
                return
        place(data=text)

    st.text_area(
        t("control.data"),
        key=_key(state, "data"),
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
        max_upload_size=limit("UPLOAD"),
    )
    if (refused := session().file) is not None:
        facts = {**refused.facts, "used": input_in_force(state, t)}
        st.html(alert(worded(refused.code, facts, t("control.data"), t)))
    if len(str(state["data"])) > MAX_LINK_DATA:
        st.html(f'<p class="lab-hint">{t("control.data_long")}</p>')


def pair(state: State, names: tuple[str, str], t: Text) -> None:
    """Show two short typed fields in one row, their refusals below the row."""
    shown = [name for name in names if name not in state.hidden]
    if not shown:
        return
    with st.container(horizontal=True, wrap=False):
        for name in shown:
            st.text_input(
                t(f"control.{name}"),
                key=_key(state, name),
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
        place(seed=next_seed(state.values))

    with st.container(horizontal=True, wrap=False, vertical_alignment="bottom"):
        st.text_input(
            t("control.seed"),
            key=_key(state, "seed"),
            max_chars=MAX_CHARS,
            persist_state="page",
            disabled=locked,
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
        place(fan_in=str(fan_in), fan_out=str(fan_out))

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


def more(state: State, t: Text) -> Drawer | Bare:
    """Return the closed drawer for all that first sight does not need."""
    if "more" in state.hidden:
        return Bare(open=False)
    return st.expander(t("control.more"), key="more", on_change="rerun")


def tabs(state: State, t: Text, control: str = "tab") -> Sequence[View | Bare]:
    """Show the page's views, the options of ``control``, as tabs, of which only the open one is computed.

    A link that holds a page to one view leaves the tabs out.
    """
    if control in state.fixed:
        return [Bare(open=view == state[control]) for view in TABLE[control].options]
    labels = {t(f"tab.{name}"): name for name in TABLE[control].options}

    def opened() -> None:
        if not is_old("views"):
            place(**{control: labels.get(st.session_state["views"], TABLE[control].default)})

    fill(views=t(f"tab.{state[control]}"))
    return st.tabs(list(labels), key="views", on_change=opened)


def refusal(state: State, name: str, t: Text) -> None:
    """Say below a control why its entry is not used, what is allowed and what is used instead."""
    if name in state.refusals:
        state.said.add(name)
        st.html(alert(sentence(state, name, t)))
