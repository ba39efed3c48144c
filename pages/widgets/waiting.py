"""Long work: progress, a way to stop, and what stands there once stopped."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from typing import Any, Generic, NamedTuple, TypeVar

import streamlit as st

from core import Cancelled, SizeError
from pages.jobs import distribution, queue, signal
from pages.jobs.cache import Job
from pages.jobs.distribution import Drawn
from pages.jobs.queue import Full
from pages.jobs.signal import Followed
from pages.state.chosen import State
from pages.state.session import session
from pages.text import Text
from pages.text.numbers import count, interval
from pages.words import refusals
from pages.words.compare import names

#: Seconds between two looks at how far the work is; below a fifth of a second it seems to move.
LOOK = 0.15
MB = 1e6
#: Seconds in which nobody misses a bar.
PATIENCE = 0.4

Result = TypeVar("Result")
#: writes HTML onto the page
Write = Callable[[str], object]


class Words(NamedTuple):
    """What is said of work under way: the catalogue's table, and the amount of all the work."""

    table: str
    n: int


def drawn(state: State, t: Text) -> tuple[Drawn | None, Write]:
    """Return the draw that ``state`` asks for; see ``finished``."""
    asked = distribution.request(state), state["bins"]
    results, write = finished(asked, lambda: [distribution.job(*asked)], Words("waiting", asked[0].size), t)
    return (results[0] if results else None), write


def followed(
    state: State, t: Text, *, backward: bool, early: Callable[[Sequence[Followed]], object]
) -> tuple[list[Followed], Write]:
    """Run the schemes that are compared, to the layers' end and ``backward``; see ``finished``.

    ``early`` is given each scheme's first seed where the others take longer.
    """
    entries = state.comparison.entries
    runs = [signal.asked(entry, state, backward=backward) for entry in entries]
    words = Words("signal.waiting", sum(run.total for run in runs))
    rows = signal.foretold(state, names(entries, t))

    def begin() -> Sequence[Job[Any]]:
        several = runs if state["seeds"] > 1 else ()
        return [signal.firsts(tuple(runs)), *(signal.rest(run) for run in several)]

    found, write = finished(runs, begin, words, t, early=lambda first: early(signal.followed(rows, first)))
    if not found:
        return [], write
    first, *rest = found
    traces = [signal.joined(*pair) for pair in zip(first, rest, strict=True)] if rest else first
    return signal.followed(rows, traces), write


def finished(
    asked: object,
    begin: Callable[[], Sequence[Job[Result]]],
    words: Words,
    t: Text,
    *,
    early: Callable[[Result], object] = lambda _: None,
) -> tuple[list[Result], Write]:
    """Return the results of the jobs that ``begin`` begins, showing how far they are; none if stopped.

    ``asked`` is what the jobs are for: it stays stopped, and is not begun, until it is asked for again.
    With the results comes a function that writes HTML in place of the progress bar. Words on the results
    belong there: anywhere else, a browser may show them beside the old ones until the run has ended.
    """
    if session().stopped == asked:
        _stopped(words, t)
        return [], st.html
    session().stopped = None
    try:
        jobs = begin()
    except (Full, SizeError) as error:
        _refused(error, words, t)
        return [], st.html
    sketch = Sketch(jobs, early)
    until = time.monotonic() + PATIENCE
    jobs[0].wait(PATIENCE)
    sketch.look()
    done = all(job.wait(max(0.0, until - time.monotonic())) for job in jobs)
    write = st.html if done else _watch(sketch, asked, words, t)
    try:
        return [job.result() for job in jobs], write
    except Exception as error:  # a failure is not kept for the next visitor
        for job in jobs:
            job.forget()
        if isinstance(error, Cancelled):  # by another visitor, the moment before this one came
            st.rerun()
        if isinstance(error, SizeError):
            _refused(error, words, t)
            return [], write
        raise


class Sketch(Generic[Result]):
    """Jobs of which the first one's result is shown ahead of the others', if they take longer."""

    def __init__(self, jobs: Sequence[Job[Result]], early: Callable[[Result], object]) -> None:
        self.jobs, self._early, self._drawn = jobs, early, False

    def look(self) -> None:
        """Show that result once it is there; why it failed is said where all are asked for theirs."""
        if self._drawn or not self.jobs[0].wait(0) or all(job.wait(0) for job in self.jobs):
            return
        self._drawn = True
        with suppress(Exception):
            self._early(self.jobs[0].result())


def _watch(sketch: Sketch[Any], asked: object, words: Words, t: Text) -> Write:
    """Show how far the jobs are until all are done, with a button to stop them; return what writes there."""

    def stop() -> None:
        session().stopped = asked

    slot, jobs = st.empty(), sketch.jobs
    with ExitStack() as stack:
        for job in jobs:
            stack.enter_context(job.watched())
        stack.enter_context(slot.container(key="waiting", horizontal=True, vertical_alignment="center"))
        line = st.empty()
        st.button(t("waiting.cancel"), key="cancel", on_click=stop)
        while not all(job.wait(LOOK) for job in jobs):
            line.html(_progress(jobs, words, t))
            sketch.look()
    return slot.html


def _progress(jobs: Sequence[Job[Any]], words: Words, t: Text) -> str:
    done, total = sum(job.done for job in jobs), sum(job.total for job in jobs)
    place = min((job.place for job in jobs if not job.wait(0)), default=0)
    key = "some" if done else "queued" if place else "none"
    at_once = count(queue.gate().workers)
    said = t(f"{words.table}.{key}", done=count(done), n=count(total), place=place, at_once=at_once)
    value = f' value="{done / total:.3f}"' if done else ""
    return (
        f'<p class="lab-context">{said}</p><progress class="lab-bar"{value} aria-label="{said}"></progress>'
    )


def no_room(error: Full | SizeError, t: Text) -> str:
    """Say why there is no room for a piece of work now: in the queue, or in the memory.

    What is too large at any time is refused before, at its control.
    """
    if isinstance(error, Full):
        return t("waiting.own" if error.own else "waiting.full", n=count(error.waiting))
    # as few digits as tell the two apart
    free, needed = interval(*(error.facts[name] / MB for name in ("memory", "needed")))
    return t("waiting.memory", needed=needed, free=free)


def _refused(error: Full | SizeError, words: Words, t: Text) -> None:
    """Say why nothing is drawn, and offer to try again: when others have ended there may be room."""
    st.html(refusals.alert(no_room(error, t)))
    st.button(t(f"{words.table}.draw"), key="draw")


def _stopped(words: Words, t: Text) -> None:
    """Say that the work was stopped, and offer it again."""

    def go_on() -> None:
        session().stopped = None

    st.html(f'<p class="lab-verdict">{t(f"{words.table}.stopped", n=count(words.n))}</p>')
    st.button(t(f"{words.table}.draw"), key="draw", on_click=go_on)
