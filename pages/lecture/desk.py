"""Teaching with a page: its result covered until it was predicted, and steps to the schemes beside this one.

Keys do it on every page; in the projector view there are buttons too, and those that go through a lecture
plan while one is held.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from html import escape
from typing import Any, NamedTuple, NoReturn

import streamlit as st

from core import SCHEMES, Comparison, Entry, InitLabError
from core.networks.network import LINEAR_SCHEMES
from pages.lecture import links as preparing
from pages.lecture import plans
from pages.lecture.plans import Plan, Step
from pages.state.table import CONTROLS, OWN_LOOK, PAGES, State, Value, next_seed
from pages.text import Text
from pages.words import compare as comparing

#: Controls that show the same result otherwise: a change of theirs does not cover it again.
_LOOKS = {
    *OWN_LOOK,
    *("predict", "hide", "lock", "bins", "overlay", "order", "picture", "between"),
    *("tab", "aspect", "sight", "part"),
}
#: The control that steps change on each page, and where it stands.
_STEPPED = {"home": "scheme", "distribution": "scheme", "compare": "rows", "signal": "rows", "model": "net"}


def covered(state: State, page: str) -> bool:
    """Tell whether this page's result waits to be predicted first; the lesson covers its own."""
    return page in _STEPPED and _waits(page, state.values)


def _waits(page: str, values: Mapping[str, Value]) -> bool:
    return bool(values["predict"] == "on" and st.session_state.get("_revealed") != _place(page, values))


def cover(state: State, page: str, t: Text) -> None:
    """Stand before the result, if it waits: ask what it will be, and uncover it."""
    if not covered(state, page):
        return
    level = "h2" if page == "home" else "h1"  # the result's own headline is hidden with it
    with st.container(key="cover"):
        st.html(f'<{level} class="lab-headline">{t(f"predict.{page}")}</{level}>')
        if page in {"compare", "signal"}:  # whose schemes stand in a drawer
            names = comparing.names(state.comparison.entries, t)
            st.html(f'<p class="lab-verdict">{escape(" · ".join(names))}</p>')
        st.html(f'<p class="lab-verdict">{t("predict.waits")}</p>')
        st.button(t("predict.reveal"), key="reveal", on_click=_reveal, type="primary")


def actions(state: State, page: str) -> tuple[str, ...]:
    """Return what a key, or the desk, does on this page; nothing of what its link holds fast."""
    stepped = _STEPPED.get(page)
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
    now = st.session_state["_good"]
    if name in {"next", "previous"}:
        _step(1 if name == "next" else -1)
    elif name == "again":  # the next seed
        st.session_state["seed"] = next_seed(now)
    elif name == "predict_first":
        st.session_state["predict"] = "off" if now["predict"] == "on" else "on"
    elif name == "leave":
        st.session_state["view"] = "page"


def desk(state: State, page: str, t: Text) -> None:
    """Show what a lecturer presses, at the foot of the projector view; a held plan's steps in any view."""
    st.session_state["_from"] = page
    if not state.far and held() is None:
        return
    with st.container(key="desk", horizontal=True, gap="small"):
        _steps(t)
        for name in actions(state, page):
            shown = "show" if name == "predict_first" and state["predict"] == "on" else name
            st.button(t(f"desk.{shown}"), key=name, on_click=act, args=(name,))
        st.button(t("desk.leave"), key="leave", on_click=act, args=("leave",))
        st.html(f'<button type="button" data-lab-keys class="lab-button">{t("desk.keys")}</button>')


class Held(NamedTuple):
    """The plan that is gone through, and the place of its step, from 0."""

    plan: Plan
    at: int
    #: what the control ``plan`` calls it; '' for one's own
    name: str = ""


def held() -> Held | None:
    """Return the plan that this visitor goes through, if any."""
    found: Held | None = st.session_state.get("_plan")
    return found


def follow(state: State, page: str, language: str) -> None:
    """Hold the step that a link names, as after a reload, and have the page's own link name what is held.

    One's own plan is in no link, so none takes its place.
    """
    now, linked = held(), str(state["at"])
    if state.arrived:
        name, _, number = linked.rpartition("-")
        if linked and (now is None or now.name):
            again = now is not None and now.name == name
            plan = now.plan if now and again else plans.parse(plans.ready(name, language))
            now = Held(plan, int(number) - 1, name)
        elif now is not None:
            now = now._replace(at=_found(now, state, page))
        if now is not None:
            st.session_state["_plan"] = now
    at = "" if now is None else _place_in(now.name, now.at)
    state.values["at"] = st.session_state["_good"]["at"] = at
    if "at" not in state.refusals:
        st.session_state["at"] = at


def go(plan: Plan, at: int, name: str = "") -> NoReturn:
    """Hold a plan and open one of its steps; this ends the run, so no callback can do it."""
    st.session_state["_plan"] = Held(plan, at, name)
    step = plan.steps[at]
    st.switch_page(PAGES[step.page], query_params=_params(step, _place_in(name, at)))


def params(step: Step, at: int, name: str) -> dict[str, str]:
    """Return what opens the step at a place of a plan, seen as now where the step does not say how.

    It starts no plan, and goes on in the one that is held.
    """
    now = held()
    if now is not None and now.name != name:
        name, at = now.name, now.at
    return _params(step, _place_in(name, at) if now is not None else "")


def _params(step: Step, at: str) -> dict[str, str]:
    kept: Mapping[str, str] = st.session_state.get("_kept", {})
    look = {name: kept[name] for name in OWN_LOOK if name in kept and name != "at"}
    return step.params(look | ({"at": at} if at else {}))


def _place_in(name: str, at: int) -> str:
    """Return a plan's step as links name it: none of one's own plan."""
    return f"{name}-{at + 1}" if name else ""


def end() -> None:
    """Let go of the plan."""
    st.session_state.pop("_plan", None)
    st.session_state["at"] = ""


def _steps(t: Text) -> None:
    """Show the ways to the plan's step before and the next, by their numbers, and out of the plan."""
    now = held()
    if now is None:
        return
    last = len(now.plan.steps)
    before, after = max(now.at, 1), min(now.at + 2, last)
    back = st.button(f"‹ {before}/{last}", key="plan_previous", disabled=now.at == 0)
    on = st.button(f"{after}/{last} ›", key="plan_next", disabled=now.at + 1 == last)
    st.button(t("plan.end"), key="plan_end", on_click=end)
    if back or on:
        go(now.plan, now.at + (1 if on else -1), now.name)


def _found(now: Held, state: State, page: str) -> int:
    """Return the place of the nearest step that shows this page: the browser's own ways go anywhere."""

    def chosen(of: State) -> dict[str, str]:
        return {name: value for name, value in of.query().items() if name not in (*OWN_LOOK, "v")}

    here = chosen(state)
    places = [
        at
        for at, step in enumerate(now.plan.steps)
        if step.page == page and chosen(preparing.settled(page, dict(step.query))) == here
    ]
    return min(places, key=lambda at: abs(at - now.at), default=now.at)


def _reveal() -> None:
    session = st.session_state
    session["_revealed"] = _place(session["_page"], session["_good"])


def _place(page: str, values: Mapping[str, Value]) -> tuple[Any, ...]:
    """Return what the result depends on: a change of it is predicted anew."""
    return (page, *(values[name] for name in CONTROLS[page] if name not in _LOOKS))


def _step(by: int) -> None:
    """Go to the next scheme, or the one before; but first uncover what waits."""
    session = st.session_state
    page, values = session["_page"], session["_good"]
    if by > 0 and _waits(page, values):
        _reveal()
        return
    control = _STEPPED[page]
    steps: Mapping[str, Callable[[Mapping[str, Value], int], str]] = {
        "scheme": _scheme,
        "rows": _rows,
        "net": _net,
    }
    session[control] = steps[control](values, by)


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
