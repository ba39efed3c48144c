"""A page's link: read into the widgets, and written back from the values in force."""

from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

from core import (
    SCHEMES,
    ParameterError,
)
from core.table import written
from pages.state import carried_over, set_by_button
from pages.state.chosen import State, versioned
from pages.state.control import MAX_CHARS, Control
from pages.state.controls import (
    CONTROLS,
    FRAME,
    MAX_LINK_DATA,
    MAX_SEED,
    TABLE,
    VERSION,
    default_of,
    options_of,
)
from pages.state.parsers import Refusal, Refused, Value, no_option, outside, patched
from pages.state.reconnect import told
from pages.state.session import session


def read(page: str) -> State:
    """Return the values of a page's controls, from the widgets or from a link just opened."""
    set_by_button.stand()
    shown, now = CONTROLS[page], session()
    link = st.query_params.to_dict()
    if not link and now.page not in {"", page}:  # by the menu, which takes all choices along
        kept = link_to(page)
        link = versioned(kept | carried_over.carried(page, now.kept))
    elif not now.page:
        link |= told(shown)
    typed = _typed(shown)
    # A stale URL with a changed widget is a visitor faster than the network, not a link.
    moved = now.page == page and _moved(typed)
    arrived = now.page != page or (link != now.link and not moved)
    if arrived:
        _load(link, shown)
        typed = _typed(shown)
    now.page = page

    state = State({}, page, arrived=arrived, unknown=now.unknown, linked=now.linked, version=now.version)
    good, before = now.good, now.scheme
    for name, control in TABLE.items():
        scheme = str(state.values.get("scheme", TABLE["scheme"].default))
        raw = typed.get(name) if name in shown else None
        if raw is not None and name != "scheme" and not arrived:
            raw = _follow(name, raw, before, scheme)
        if raw is None:
            last = _last_good(control, good, scheme) if name in shown else default_of(name, scheme)
            state.values[name] = last
            continue
        if name in now.refused and raw != default_of(name, scheme):
            del now.refused[name]  # the visitor has chosen since
        try:
            state.values[name] = _parsed(control, str(raw), scheme)
            if name in now.refused:
                raise no_option(options_of(name, scheme))
        except Refused as refused:
            facts = dict(refused.refusal.facts)
            fallback = _last_good(control, good, scheme) if refused.keep is None else refused.keep
            if name == "rows" and (mended := patched(str(raw), str(good.get(name, "")))):
                fallback, facts["out"] = mended, ()
            state.values.setdefault(name, fallback)
            was = now.refused.get(name, str(raw))
            facts |= {"was": was, "used": state.values[name]}
            state.refusals[name] = Refusal(refused.refusal.code, facts)
    now.scheme = str(state.values["scheme"])
    return state


def _typed(names: Iterable[str]) -> dict[str, Any]:
    """Return what stands in the widgets."""
    return {name: st.session_state.get(name) for name in names}


def _moved(typed: Mapping[str, Any]) -> bool:
    """Tell whether a widget has changed since the run before; what Streamlit has forgotten has not."""
    before = session().typed or {}
    return any(value is not None and value != before.get(name) for name, value in typed.items())


def _parsed(control: Control, raw: str, scheme: str) -> Value:
    """Return the value of ``raw``, which a scheme may hold to more than the table does."""
    value = control.parse(raw)
    if isinstance(value, float) and control.name in SCHEMES[scheme].params:
        domain = SCHEMES[scheme].domain(control.name)
        try:
            domain.checked(control.name, value)
        except ParameterError:
            raise outside(domain) from None
    return value


def _last_good(control: Control, good: Mapping[str, Value], scheme: str) -> Value:
    """Return the value that was last in force, if it is one for this scheme, or else the default."""
    default = default_of(control.name, scheme)
    try:
        return _parsed(control, written(good.get(control.name, default)), scheme)
    except Refused:
        return default


def _follow(name: str, raw: Any, before: str, scheme: str) -> Any:
    """When the scheme changes, move a control that stood at the old scheme's default to the new one's.

    Return what stands in it.
    """
    if before != scheme and raw == written(default_of(name, before)):
        set_by_button.place(**{name: (raw := written(default_of(name, scheme)))})
    elif (options := options_of(name, scheme)) and raw not in options:
        set_by_button.place(**{name: (raw := default_of(name, scheme))})
    return raw


def _load(link: Mapping[str, str], shown: tuple[str, ...]) -> None:
    """Put a link's parameters into the widgets, as if they had been typed there."""
    now = session()
    values: dict[str, Any] = {}
    refused: dict[str, str] = {}
    scheme = str(TABLE["scheme"].default)
    link = {name: _cut(TABLE[name], raw) if name in shown else raw for name, raw in link.items()}
    now.linked = {name: raw for name, raw in link.items() if name in shown}
    for name in shown:
        control, raw = TABLE[name], link.get(name)
        if name == "nonlinearity" and raw is None and _slope(link, scheme):
            raw = "leaky_relu"  # as torch, and a scheme written as text, read a alone
        default = default_of(name, scheme)
        if control.options:
            if raw is not None and raw not in options_of(name, scheme):
                refused[name] = raw[:MAX_CHARS]
                raw = None
            values[name] = default if raw is None else raw
        else:
            if name == "data" and raw is None and len(now.data) > MAX_LINK_DATA:
                raw = now.data  # it was left behind here, as no link can carry it
            values[name] = written(default) if raw is None else raw
        if name == "scheme":
            scheme = str(values[name])
    set_by_button.place(**values)
    now.good, now.wrong, now.refused = {}, {}, refused
    now.unknown = tuple(n[:MAX_CHARS] for n in link if n not in shown and n != "v")[:3]
    now.twice = tuple(n for n in now.linked if len({*st.query_params.get_all(n)}) > 1)
    now.version = link.get("v", VERSION)[:MAX_CHARS]


def _cut(control: Control, raw: str) -> str:
    """Cut what a link holds to what its field takes; half a number is another number, so it is made none."""
    if len(raw) <= control.max_chars:
        return raw
    return f"{raw[: MAX_CHARS - 1]}…" if control.max_chars == MAX_CHARS else raw[: control.max_chars]


def _slope(link: Mapping[str, str], scheme: str) -> bool:
    """Tell whether a link gives a slope to a scheme that has one."""
    if not {"a", "nonlinearity"} <= SCHEMES[scheme].params.keys():
        return False
    try:
        return bool(_parsed(TABLE["a"], link.get("a", "0"), scheme))
    except Refused:
        return False


def next_seed(values: Mapping[str, Value]) -> str:
    """Return the seed after the one in force, as its field has it."""
    return written((int(values["seed"]) + 1) % (MAX_SEED + 1))


def link_to(page: str) -> dict[str, str]:
    """Return the URL parameters of ``page`` with what this visitor has chosen on any page.

    A link of the menu needs none: a page that is reached without any finds these by itself.
    """
    kept = session().kept
    return versioned({name: kept[name] for name in CONTROLS[page] if name in kept})


def link_with(**values: Value) -> dict[str, str]:
    """Return the URL parameters that open a page with these values, looked at as now, else with defaults."""
    scheme = str(values.get("scheme", TABLE["scheme"].default))
    kept = session().kept
    look = {name: kept[name] for name in FRAME if name in kept}
    return {"v": VERSION, **look} | {n: written(v) for n, v in values.items() if v != default_of(n, scheme)}


def write(state: State) -> None:
    """Put the values in force into the URL, and keep them for links to other pages."""
    query, now = state.query(), session()
    kept = {n: v for n, v in now.kept.items() if n not in state.names}
    now.kept = kept | {n: v for n, v in query.items() if n != "v"}
    # a browser that was faster than the network tells of the URL before the one that it was given last
    if st.query_params.to_dict() != query or now.link not in (None, query):
        st.query_params.from_dict(query)
    now.link = query
    carried_over.note(state)


def remember(state: State) -> None:
    """Note what stands in the widgets, at both ends of a run, to know what moves before the next."""
    now = session()
    now.typed = _typed(state.names)
    if "data" in state.names:
        now.data = st.session_state["data"]


def say_in(language: str) -> None:
    """Have the browser say what is chosen in the language of this run.

    It knows an option by its words, and keeps those of the language before unless it is told again.
    """
    now, widgets = session(), st.session_state
    if now.language not in {"", language}:
        for name, value in widgets.to_dict().items():
            if isinstance(value, str | list) or type(value) is int:  # no button: none may be set
                widgets[name] = value
    now.language = language


def leave() -> None:
    """Note at the end of a run which fields it had."""
    now = session()
    now.on_screen, now.drawn = now.drawn, set()
