"""A long run of the signal page says how far it is, can be cancelled, and goes on while it is watched."""

import gc
import re
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import streamlit
import torch

import core.signals.trace
from core import Cancelled, SizeError
from core.signals.trace_run import SignalTrace
from pages.jobs import signal as signals
from pages.jobs.cache import Job
from pages.text import LANGUAGES, Text
from pages.text.numbers import count
from pages.widgets import waiting
from tests.support.marks import languages
from tests.support.screen import query, refusals, said, stands
from tests.support.signal_page import EN, curves_of, headline_of, opened_small


class Slow:
    """A run that goes on until it is told to stop, or to end."""

    def __init__(self) -> None:
        self.begun, self.end, self.given_up = threading.Event(), threading.Event(), threading.Event()
        self.holds: list[weakref.ref[Any]] = []

    def __call__(self, progress: Callable[[int, int], bool | None]) -> str:
        held = torch.zeros(1 << 16)  # as a run holds its weights
        self.holds.append(weakref.ref(held))
        self.begun.set()
        for done in range(1, 10**6):
            if progress(min(done, 99), 100) is False:
                self.given_up.set()
                raise Cancelled
            if self.end.wait(0.005):
                break
        return f"{held.sum():g}"


def _until(what: Callable[[], bool]) -> bool:
    until = time.monotonic() + 3
    while not what() and time.monotonic() < until:
        time.sleep(0.005)
    return what()


def test_long_work_goes_on_as_long_as_someone_watches() -> None:
    work = Slow()
    job = _watched_and_left(work)
    assert _until(lambda: gc.collect() >= 0 and work.holds[0]() is None and job() is None)


def _watched_and_left(work: Slow) -> "weakref.ref[Job[str]]":
    """Watch a job as two visitors do, until both have left; return what is left of it."""
    forgotten: list[int] = []
    job: Job[str] = Job(100, work, quick=False, forget=lambda: forgotten.append(1))
    with job.watched():
        assert work.begun.wait(3)
        assert not job.wait(0.02)
        assert 1 < job.done < 100
        with job.watched():  # another visitor comes and goes
            assert forgotten == []
        assert not work.given_up.is_set()
    assert work.given_up.wait(3)  # the last has left
    assert forgotten == [1]
    with pytest.raises(Cancelled):
        job.result()
    return weakref.ref(job)


def test_work_that_ends_while_it_is_watched_is_kept() -> None:
    work, forgotten = Slow(), []
    job: Job[str] = Job(100, work, quick=False, forget=lambda: forgotten.append(1))
    with job.watched():
        work.end.set()
        assert job.wait(3)
    assert (job.result(), forgotten) == ("0", [])


def test_quick_work_is_done_at_once_in_its_asker_s_thread() -> None:
    threads = []
    job = Job(1, lambda _: threads.append(threading.get_ident()), quick=True, forget=list)
    assert job.wait(0)
    assert threads == [threading.get_ident()]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    """Let every run on the page take its time, until ``end`` is set."""
    work, real = Slow(), core.signal.trace

    def trace(scheme: str, activation: str, *, progress: Any, **given: Any) -> SignalTrace:
        work(progress)
        return real(scheme, activation, **given)

    monkeypatch.setattr(core.signal, "trace", trace)
    monkeypatch.setattr(signals, "QUICK", 0)
    monkeypatch.setattr(waiting, "PATIENCE", 0.0)
    monkeypatch.setattr(waiting, "LOOK", 0.02)
    yield work
    work.end.set()  # whatever goes on still


class Watcher:
    """What a visitor sees while the page waits, who may then press Cancel."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, then: Callable[[str], None]) -> None:
        self.seen: list[str] = []
        self.cancel: Callable[[], None] = lambda: None
        button, progress = streamlit.button, waiting._progress

        def noted(label: str, *, key: str = "", **more: Any) -> bool:
            if key == "cancel":
                self.cancel = more["on_click"]
            return button(label, key=key, **more)

        def looked(*of: Any) -> str:
            html = progress(*of)
            self.seen.append(html)
            then(html)
            return html

        monkeypatch.setattr(streamlit, "button", noted)
        monkeypatch.setattr(waiting, "_progress", looked)


@languages
def test_a_long_run_says_how_far_it_is_in_layers(
    language: str, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(html: str) -> None:
        if 'value="' in html:
            slow.end.set()

    watcher = Watcher(monkeypatch, end)
    app = opened_small(seed=f"910{list(LANGUAGES).index(language)}0", lang=language, sight="gradient")
    stands(app)
    assert app.get("plotly_chart")
    t, n = Text(language), 3 * 2 * 7 * 2  # schemes, seeds, layers, both ways
    last = watcher.seen[-1]
    share = float(re.findall('value="(.*?)"', last)[0])
    (done,) = re.findall(
        re.escape(t("signal.waiting.some", done="@", n=count(n))).replace("@", r"(\d+)"), last
    )[:1]
    assert share == pytest.approx(int(done) / n, abs=0.001)
    assert all('aria-label="' in html for html in watcher.seen)
    assert "<progress" not in said(app)  # the headline has taken its place
    assert headline_of(app)


def test_a_run_that_is_cancelled_gives_up_is_forgotten_and_can_be_run_after_all(
    slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(html: str) -> None:
        if 'value="' in html and not slow.end.is_set():  # it has begun
            watcher.cancel()
            streamlit.rerun()  # as pressing the button does

    watcher = Watcher(monkeypatch, stop)
    app = opened_small(seed="91001", rows="normal-zeros")
    stands(app)
    layers = count(2 * 2 * 7)
    assert EN("signal.waiting.stopped", n=layers) in said(app)
    assert app.get("plotly_chart") == []
    assert slow.given_up.wait(3)
    assert query(app)["seed"] == "91001"
    # nothing is left of it: its memory, and its place in the cache; and nothing else was begun
    assert _until(lambda: gc.collect() >= 0 and all(held() is None for held in slow.holds))
    begun = len(slow.holds)
    assert begun <= 2
    app.run()  # still stopped
    assert EN("signal.waiting.stopped", n=layers) in said(app)
    assert len(slow.holds) == begun
    slow.end.set()
    (button,) = (button for button in app.button if button.key == "draw")
    assert button.label == EN("signal.waiting.draw")
    button.click().run()
    stands(app)
    assert len(slow.holds) == begun + 4  # the first seed of each, and the others
    assert app.get("plotly_chart")
    # what came of it is kept for the next visitor
    stands(opened_small(seed="91001", rows="normal-zeros"))
    assert len(slow.holds) == begun + 4  # the first seed of each, and the others


def test_a_visitor_who_asks_for_something_else_is_not_kept_stopped(
    slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(html: str) -> None:
        if 'value="' in html:
            watcher.cancel()
            streamlit.rerun()

    with monkeypatch.context() as patched:
        watcher = Watcher(patched, stop)
        app = opened_small(seed="91002", rows="normal")
    assert app.get("plotly_chart") == []
    slow.end.set()
    app.text_input(key="depth").set_value("3").run()
    stands(app)
    assert len(curves_of(app)[0]) == 3


def test_a_run_that_fails_is_said_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for quick in (signals.QUICK, 0):
        monkeypatch.setattr(signals, "QUICK", quick)
        with monkeypatch.context() as patched:
            patched.setattr(core.signal, "trace", lambda *_, **__: 1 / 0)
            assert refusals(opened_small(seed=f"9100{3 + bool(quick)}")) == [EN("error.unexpected")]
        stands(opened_small(seed=f"9100{3 + bool(quick)}"))


def test_what_this_machine_cannot_hold_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> SignalTrace:
        raise SizeError("too much", code="size.signal", needed=2e12, memory=1e9)

    monkeypatch.setattr(core.signal, "trace", refuse)
    assert len(refusals(opened_small(seed="91005"))) == 1
