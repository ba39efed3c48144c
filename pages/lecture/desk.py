"""Teaching with a page: its result covered until it was predicted, and steps to the schemes beside this one.

Keys do it on every page; in the projector view there are buttons too, and those that go through a lecture
plan while one is held.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import streamlit as st

from core import SCHEMES, Comparison, Entry, InitLabError
from core.networks.network import LINEAR_SCHEMES
from core.teaching.broken import EXAMPLES
from pages.lecture import held_plan, presenter
from pages.lecture.held_plan import held
from pages.lecture.predict import reveal, waits
from pages.state.chosen import State
from pages.state.controls import stepped_on
from pages.state.link import next_seed
from pages.state.parsers import Value
from pages.state.session import session
from pages.state.set_by_button import place
from pages.text import Text


def actions(state: State, page: str) -> tuple[str, ...]:
    """Return what a key, or the desk, does on this page; nothing of what its link holds fast."""
    stepped = stepped_on(page)
    names: list[str] = []
    if stepped and stepped not in state.fixed:
        names += ["previous", "next"]
    if "seed" in state.names and "seed" not in state.fixed:
        names.append("again")
    if "predict" not in state.fixed and page != "teach":  # which has nothing to cover
        names.append("predict_first")
    return tuple(names)


def act(name: str) -> None:
    """Do what a key or a button of the desk asks for; the page then runs."""
    now = session().good
    if name in {"next", "previous"}:
        _step(1 if name == "next" else -1)
    elif name == "again":  # the next seed
        place(seed=next_seed(now))
    elif name == "predict_first":
        place(predict="off" if now["predict"] == "on" else "on")
    elif name == "leave":
        place(view="page")


def desk(state: State, page: str, t: Text) -> None:
    """Show what a lecturer presses, at the foot of the projector view; a held plan's ways in any view."""
    session().came_from = page
    if state.presents:
        presenter.panel(t)
        return
    if not state.far and held() is None:
        return
    with st.container(key="desk", horizontal=True, gap="small"):
        held_plan.ways(state, page, t)
        if not state.far:
            presenter.beside(t)
            return
        names = [name for name in actions(state, page) if held() is None or name == "again"]
        for name in names:
            shown = "show" if name == "predict_first" and state["predict"] == "on" else name
            own = "_example" if page == "checkpoint" and name in {"previous", "next"} else ""
            st.button(t(f"desk.{shown}{own}"), key=name, on_click=act, args=(name,))
        st.button(t("desk.leave"), key="leave", on_click=act, args=("leave",))
        keys = f'<button type="button" data-lab-keys class="lab-button">{t("desk.keys")}</button>'
        st.html(keys, width="content")


def _step(by: int) -> None:
    """Go to the next scheme, or the one before; but first uncover what waits."""
    now = session()
    page, values = now.page, now.good
    if by > 0 and waits(page, values):
        reveal()
        return
    control = stepped_on(page)
    steps: Mapping[str, Callable[[Mapping[str, Value], int], str]] = {
        "scheme": _scheme,
        "rows": _rows,
        "net": _net,
        "example": _example,
    }
    place(**{control: steps[control](values, by)})


def _scheme(values: Mapping[str, Value], by: int) -> str:
    """Return the next scheme that can fill the layer with its own parameters."""
    shape = State(dict(values)).shape
    return _next(tuple(SCHEMES), str(values["scheme"]), by, lambda key: SCHEMES[key].law(shape))


def _rows(values: Mapping[str, Value], by: int) -> str:
    """Return the comparison with another first scheme, one that is not there yet."""
    now = State(dict(values))
    first, *rest = now.comparison.entries
    there = {entry.scheme for entry in rest}
    scheme = _next(
        tuple(key for key in SCHEMES if key not in there),
        first.scheme,
        by,
        lambda key: replace(first, scheme=key, params=()).law(now.layer),
    )
    return str(Comparison((Entry(scheme, fans=first.fans), *rest)))


def _net(values: Mapping[str, Value], by: int) -> str:
    """Return the network with all its weights drawn by another scheme."""
    network = State(dict(values)).network
    scheme = _next(tuple(LINEAR_SCHEMES), network.layers[0].scheme, by, lambda _: None)
    same = tuple(replace(dense, scheme=scheme, params=()) for dense in network.layers)
    return str(replace(network, layers=same))


def _example(values: Mapping[str, Value], by: int) -> str:
    """Return the next example; what was given by hand gives way to it."""
    place(report="")
    return _next(tuple(EXAMPLES), str(values["example"]), by, lambda _: None)


def _next(keys: tuple[str, ...], now: str, by: int, fits: Callable[[str], object]) -> str:
    """Return the key ``by`` places on from ``now``, in a ring, leaving out what does not fit."""
    at = keys.index(now) if now in keys else 0
    for step in range(1, len(keys) + 1):
        key = keys[(at + by * step) % len(keys)]
        try:
            fits(key)
        except InitLabError:
            continue
        return key
    return now
