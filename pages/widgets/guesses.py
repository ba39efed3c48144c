"""What a visitor says of a result before it is revealed: a number, a choice, a sketch; or nothing."""

from collections.abc import Callable, Sequence
from functools import partial
from html import escape

import streamlit as st

from pages.figures.sketch import BARS, axes
from pages.live import browser
from pages.state.session import session
from pages.text import Text
from pages.widgets import questions
from pages.words.guesses import SKETCH, Asked, Guesses, unread

#: Results of which a visitor's guesses are kept.
MOST = 60
#: What a browser may tell of one: so many guesses, and of each so many letters.
_MOST_GUESSES, _MOST_LETTERS = 20, 64
#: Pixels of a field, for what it asks for to stand in a line above it.
FIELD = 340


def given(result: str) -> Guesses:
    """Return what was guessed of a result."""
    return session().guesses.get(result, {})


def _keep(result: str, name: str, guess: str | tuple[int, ...]) -> None:
    """Keep one guess of a result, with those that were made last of all."""
    kept = session().guesses
    own = kept.pop(result, {})
    kept[result] = {**own, name: guess}
    for oldest in [*kept][:-MOST]:
        del kept[oldest]


def draws(asked: Sequence[Asked]) -> bool:
    """Tell whether a sketch is asked for, and there are scripts with which one can be drawn."""
    return browser.SERVED and any(each.reach for each in asked)


def ask(asked: Sequence[Asked], result: str, reveal: Callable[[], None], t: Text) -> None:
    """Show what takes a guess, and what reveals the result: empty axes, fields, and buttons."""
    if draws(asked):
        st.html(axes(result, max(each.reach for each in asked), t))
    for each in asked:
        if each.choices:
            _choose(each, result)
    numbers = [each for each in asked if not each.choices]
    with st.container(key="guessed", horizontal=True, vertical_alignment="bottom"):
        for each in numbers:
            _type(each, result)
        shows = partial(_reveal, numbers, result, reveal, t)
        st.button(t("predict.reveal"), key="reveal", on_click=shows, type="primary")
    for each in numbers:
        if wrong := unread(each, given(result), t):
            st.html(wrong)


def _reveal(numbers: Sequence[Asked], result: str, reveal: Callable[[], None], t: Text) -> None:
    """Reveal the result, unless a number was typed that cannot be read: it is mended first."""
    for each in numbers:  # a field that is left by the press itself may tell of it only now
        _keep(result, each.name, st.session_state.get(_key(each, result), ""))
    if not any(unread(each, given(result), t) for each in numbers):
        reveal()


def _key(asked: Asked, result: str) -> str:
    return f"guess_{asked.name}_{result}"


def _type(asked: Asked, result: str) -> None:
    key = _key(asked, result)

    def kept() -> None:
        _keep(result, asked.name, st.session_state[key])

    st.session_state.setdefault(key, given(result).get(asked.name, ""))
    examples = {} if asked.of == "number" else {"placeholder": ""}
    questions.number(asked.what, key, width=FIELD, on_change=kept, **examples)


def _choose(asked: Asked, result: str) -> None:
    """Ask by buttons, as questions do; what was picked is bold, and the style sheet fills it."""
    picked = given(result).get(asked.name)
    with st.container(key=f"choose_{asked.name}", horizontal=True, vertical_alignment="center", gap="small"):
        st.html(f'<p class="lab-asked">{escape(asked.what)}</p>', width="content")
        for key, words in asked.choices.items():
            name = f"**{words}**" if key == picked else words
            chosen = partial(_keep, result, asked.name, key)
            st.button(name, key=f"pick_{asked.name}_{key}", on_click=chosen)


def sketched(told: object, result: str) -> None:
    """Keep what the browser tells of a sketch of this result; anybody may tell anything."""
    if isinstance(told, dict) and told.get("token") == result:
        _keep_bars(told.get("bars"), result)


def _keep_bars(bars: object, result: str) -> None:
    if not isinstance(bars, list) or len(bars) != BARS:
        return
    if all(isinstance(bar, int) and 0 <= bar <= 100 for bar in bars):
        _keep(result, SKETCH, tuple(bars))


def recall(told: object, result: str) -> None:
    """Keep the guesses that a browser had kept of this result; anybody may tell anything."""
    for name, guess in [*told.items()][:_MOST_GUESSES] if isinstance(told, dict) else ():
        if name == SKETCH:
            _keep_bars(guess, result)
        elif isinstance(guess, str):
            _keep(result, str(name)[:_MOST_LETTERS], guess[:_MOST_LETTERS])
