"""Long draws: progress, a way to stop, and what stands there once stopped."""

from collections.abc import Callable

import streamlit as st

from core import Cancelled
from pages.text import Text, count
from pages.ui import cached
from pages.ui.cached import Drawn, Job
from pages.ui.state import State

#: Seconds between two looks at how far a draw is; below a fifth of a second it seems to move.
LOOK = 0.15


#: writes HTML onto the page
Write = Callable[[str], object]


def drawn(state: State, t: Text) -> tuple[Drawn | None, Write]:
    """Return the draw that ``state`` asks for, showing how far it is; None if it was stopped.

    With it comes what writes HTML in the progress's place. What says the result belongs there: at any
    other, a browser may show it beside the one before it until the run has ended.
    """
    asked = cached.request(state), state["bins"]
    if st.session_state.get("_stopped") == asked:
        _stopped(asked, t)
        return None, st.html
    st.session_state.pop("_stopped", None)
    job = cached.job(*asked)
    write = st.html if job.wait(0) else _watch(job, asked, t)
    try:
        return job.result(), write
    except Exception as error:  # a failure is not kept for the next visitor
        cached.job.clear(*asked)
        if isinstance(error, Cancelled):  # by another visitor, the moment before this one came
            st.rerun()
        raise


def _watch(job: Job, asked: object, t: Text) -> Write:
    """Show how far ``job`` is until it is done, with a button to stop it; return what writes there."""

    def stop() -> None:
        st.session_state["_stopped"] = asked

    slot = st.empty()
    with job.watched(), slot.container(key="waiting", horizontal=True, vertical_alignment="center"):
        line = st.empty()
        st.button(t("waiting.cancel"), key="cancel", on_click=stop)
        while not job.wait(LOOK):
            line.html(_progress(job, t))
    return slot.html


def _progress(job: Job, t: Text) -> str:
    key = "some" if job.done else "none" if job.begun else "queued"
    words = t(f"waiting.{key}", done=count(job.done), n=count(job.total))
    value = f' value="{job.done / job.total:.3f}"' if job.done else ""
    return (
        f'<p class="lab-context">{words}</p><progress class="lab-bar"{value} aria-label="{words}"></progress>'
    )


def _stopped(asked: tuple[cached.Request, int], t: Text) -> None:
    """Say that the draw was stopped, and offer it again."""

    def go_on() -> None:
        st.session_state.pop("_stopped", None)

    st.html(f'<p class="lab-verdict">{t("waiting.stopped", n=count(asked[0].size))}</p>')
    st.button(t("waiting.draw"), key="draw", on_click=go_on)
