"""A link that a lecturer prepares: what of a page students see, what of it they can change, what it holds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from urllib.parse import urlencode

import streamlit as st

from core.networks.network import LESSON
from pages.state.chosen import State
from pages.state.control import IN_LINK, MORE, OPEN, PARAMETER, UNTIL_GIVEN, VIEWS, Place, within
from pages.state.controls import (
    CONTROLS,
    FRAME,
    PAGES,
    PARTS_OF_PAGES,
    TABLE,
    VERSION,
    default_of,
    rows_of,
    views_of,
    word_of,
)
from pages.state.link import link_to
from pages.state.parsers import Refused, Value
from pages.text import LANGUAGES, Text
from pages.words import refusals

#: The pages that a link can be prepared for: all but the one that prepares them.
_PREPARED = tuple(page for page in PAGES if page != "teach")
#: Letters of a value that its words repeat.
_SHOWN = 60


def settled(page: str, query: Mapping[str, str]) -> State:
    """Return what a page's link chooses, the defaults where it says nothing or nothing that can be read."""
    values: dict[str, Value] = {}
    for name, control in TABLE.items():
        default = default_of(name, str(values.get("scheme", TABLE["scheme"].default)))
        try:
            values[name] = control.parse(query[name]) if name in query else default
        except Refused:
            values[name] = default
    return State(values, page)


def places(page: str, state: State) -> dict[str, list[Place]]:
    """Return where each control stands that the page has as ``state`` opens it, in the order of the table."""
    idle = state.idle
    found = {
        name: [here for place in TABLE[name].on[page] if (here := _resolved(place, name, state)) is not None]
        for name in CONTROLS[page]
        if name not in idle
    }
    if page == "model" and state.network.same_sizes(LESSON):
        found["weights"].append(within("parameters"))  # a button there loads the printed ones
    return {name: where for name, where in found.items() if where}


def _resolved(place: Place, name: str, state: State) -> Place | None:
    """Return a place that follows from what was chosen; None where the control is not on the screen."""
    if place == UNTIL_GIVEN:
        return OPEN if state[name] else MORE
    if place == PARAMETER:  # the scheme's own: others are idle
        return OPEN if name in rows_of(state["scheme"])[0] else MORE
    return None if place == IN_LINK else OPEN if place == VIEWS else place


@dataclass(frozen=True)
class Prepared:
    """A link in the making."""

    page: str
    #: what the visitor has chosen on that page
    held: Mapping[str, str]
    hide: tuple[str, ...] = ()
    lock: tuple[str, ...] = ()
    predict: bool = False
    view: str = "page"
    lang: str = ""

    @cached_property
    def places(self) -> Mapping[str, list[Place]]:
        """The page's controls and where they stand."""
        return places(self.page, settled(self.page, self.held))

    @property
    def parts(self) -> tuple[str, ...]:
        """What of the page itself can be hidden; the home page and the lesson have no drawer."""
        drawer = any(place.drawer for where in self.places.values() for place in where)
        return tuple(part for part in PARTS_OF_PAGES if part != "more" or drawer)

    @property
    def shown(self) -> tuple[str, ...]:
        """The controls that students see, on the first view or on others that they can go to."""
        views = views_of(self.page)
        fixed = {*self.hide, *self.lock}
        at = self.held.get(views) or (TABLE[views].default if views else "")

        def seen(place: Place) -> bool:
            if place.drawer and "more" in self.hide:
                return False
            return not place.views or views not in fixed or at in place.views

        # tabs that cannot be changed are left out; the lesson's steps are a list, which stands there locked
        tabs = {views} & fixed if views != "step" else set()
        gone = {*self.hide, *tabs}
        return tuple(
            name for name, where in self.places.items() if name not in gone and any(map(seen, where))
        )

    @property
    def locked(self) -> tuple[str, ...]:
        """The controls that are held, but not hidden."""
        return tuple(name for name in self.places if name in self.lock and name not in self.hide)

    @property
    def query(self) -> dict[str, str]:
        """The link's parameters; one at least, so that who opens it brings nothing else along."""
        own = {
            "predict": "on" if self.predict else "",
            "hide": ",".join(self.hide),
            "lock": ",".join(self.lock),
            "view": self.view if self.view != TABLE["view"].default else "",
            "lang": self.lang,
        }
        return {"v": VERSION, **self.held} | {name: value for name, value in own.items() if value}

    def address(self, here: str) -> str:
        """Return the link's address on the server that has the page ``here``, and beside it all others."""
        path = "" if self.page == "home" else self.page
        return f"{here.partition('?')[0].rpartition('/')[0]}/{path}?{urlencode(self.query, safe=',')}"


def held(page: str) -> dict[str, str]:
    """Return what this visitor has chosen for a page, without how it is shown to them."""
    # what every page has is here the lecturer's to say, whatever their own page has
    return {n: value for n, value in link_to(page).items() if n not in FRAME and n != "v"}


def label(name: str, state: State, t: Text) -> str:
    """Return what a control or a part of the page is called."""
    if name in PARTS_OF_PAGES:
        return t(f"teach.part.{name}")
    own = {"rows": "rows.title", "net": "layers.title"}
    return t(own[name]) if name in own else refusals.title(state, name, t)


def holding(link: Prepared, t: Text) -> str:
    """Say what a link holds, as HTML: each choice that is not the page's own."""
    if not link.held:
        return t("teach.holds_none")
    state = settled(link.page, link.held)
    parts = []
    for name, raw in link.held.items():
        value = word_of(name, raw, t) if raw in TABLE[name].options else raw
        short = value if len(value) <= _SHOWN else f"{value[: _SHOWN - 1]}…"
        parts.append(f"{escape(label(name, state, t))} <b>{escape(short)}</b>")
    return t("teach.holds", choices=" · ".join(parts))


def finding(link: Prepared, t: Text) -> str:
    """Say how much of the page students see, and how much of that is theirs to change."""
    shown, locked, all_ = len(link.shown), len(link.locked), len(link.places)
    if not shown:
        return t("teach.finding_none", all=all_)
    if locked:
        return t("teach.finding", shown=shown, all=all_, locked=locked)
    if shown < all_:
        return t("teach.finding_hidden", shown=shown, all=all_)
    return t("teach.finding_open", all=all_)


def choose_page(came_from: str | None) -> None:
    """Begin with the page that the visitor comes from, and with what they chose here before."""
    session = st.session_state
    if came_from is not None or session.get("prepare_page") not in _PREPARED:
        session["prepare_page"] = came_from if came_from in _PREPARED else "distribution"


def chosen() -> Prepared:
    """Return the link as the widgets stand, as far as it fits the page."""
    session = st.session_state
    page = str(session["prepare_page"])
    link = Prepared(
        page,
        held(page),
        predict=bool(session.get("prepare_predict")),
        view=str(session.get("prepare_view") or TABLE["view"].default),
        lang=str(session.get("prepare_lang") or ""),
    )
    for kind, options in (("hide", (*link.places, *link.parts)), ("lock", tuple(link.places))):
        key = f"prepare_{kind}_{page}"
        picked = session.get(key, [])
        if not set(picked) <= set(options):  # the page has changed since: it has no such control now
            session[key] = [name for name in picked if name in options]
    hide, lock = (tuple(session.get(f"prepare_{kind}_{page}", ())) for kind in ("hide", "lock"))
    return Prepared(page, link.held, hide, lock, link.predict, link.view, link.lang)


def widgets(link: Prepared, t: Text) -> None:
    """Ask for the page, for what it hides and holds, and for how it opens."""
    state = settled(link.page, link.held)

    def called(name: str) -> str:
        return label(name, state, t)

    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            t("teach.page"),
            _PREPARED,
            format_func=lambda page: t(f"nav.{page}"),
            key="prepare_page",
            persist_state="session",
            filter_mode=None,
        )
        st.toggle(t("teach.predict"), key="prepare_predict", persist_state="session")
    st.html(f'<p class="lab-hint">{holding(link, t)}</p>')
    for kind, options in (("hide", (*link.places, *link.parts)), ("lock", tuple(link.places))):
        st.multiselect(
            t(f"teach.{kind}"),
            options,
            format_func=called,
            key=f"prepare_{kind}_{link.page}",
            persist_state="session",
            placeholder=t("teach.nothing"),
            select_all=False,  # its words are Streamlit's own, in English alone
        )
    looks: dict[str, Callable[[str], str]] = {
        "view": lambda view: t(f"teach.view.{view}"),
        "lang": lambda language: LANGUAGES.get(language) or t("teach.lang_own"),
    }
    with st.container(horizontal=True, wrap=False):
        for name, named in looks.items():
            st.selectbox(
                t(f"control.{name}"),
                [option for option in TABLE[name].options if option != "presenter"],
                format_func=named,
                key=f"prepare_{name}",
                persist_state="session",
                filter_mode=None,
            )
