"""What a page says when there is no room: in the memory, in the queue."""

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest

from core import devices
from pages.jobs import distribution, queue
from pages.jobs import signal as signals
from pages.jobs.queue import Gate
from pages.shell import page
from pages.state.operator_limits import LimitError
from pages.text import Text
from pages.widgets import waiting
from tests.support.marks import languages
from tests.support.screen import opened, refusals


@languages
def test_what_does_not_fit_now_is_refused_before_it_starts_and_drawn_when_it_does(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # LAPACK's QR was measured to take nine times the matrix: 9·300·200·4 bytes
    asked = {"scheme": "orthogonal", "fan_in": "300", "fan_out": "200", "seed": f"771{language == 'zh':d}"}
    with monkeypatch.context() as full:
        full.setattr(devices, "free_bytes", lambda _: 1_234_567)
        app = opened(lang=language, **asked)
        (why,) = refusals(app)
        shown = [float(found) for found in re.findall(r"([\d.]+) MB", why)]
        assert shown == pytest.approx([2.16, 1.234567], rel=1e-4)  # what is asked for, then what is free
        assert app.get("plotly_chart") == []
    app.button(key="draw").click().run()
    assert refusals(app) == []
    assert len(app.get("plotly_chart")) == 1


def test_a_stream_needs_no_such_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "free_bytes", lambda _: 0)
    assert refusals(opened(fan_in="301", fan_out="203", seed="772")) == []


def _busy() -> tuple[Callable[[], None], threading.Event, threading.Event]:
    """Return work that goes on until it is let go, what tells that it has begun, and what lets it go."""
    begun, go = threading.Event(), threading.Event()

    def busy() -> None:
        begun.set()
        assert go.wait(20)

    return busy, begun, go


@languages
@pytest.mark.parametrize("page", ["distribution", "signal"])
def test_a_full_queue_is_said_and_nothing_is_lost(
    page: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distribution, "QUICK_STREAMED", 0)
    monkeypatch.setattr(signals, "QUICK", 0)
    busy, begun, go = _busy()
    gate = Gate(1, 1, 16)
    monkeypatch.setattr(queue, "gate", lambda: gate)
    others = [gate.enter(busy, "another")]
    assert begun.wait(5)
    others.append(gate.enter(busy, "and another"))
    seed = str(773 + 2 * (page == "signal") + (language == "zh"))
    small = {"depth": "5", "width": "10", "seeds": "1", "rows": "normal"} if page == "signal" else {}
    app = opened(page, lang=language, seed=seed, **small)
    assert refusals(app) == [Text(language)("waiting.full", n="1")]
    assert app.get("plotly_chart") == []
    assert f"{seed}" in app.text_input(key="seed").value
    go.set()
    for turn in others:
        turn.result.result(5)
    app.button(key="draw").click().run()
    assert refusals(app) == []
    assert len(app.get("plotly_chart")) >= 1


@languages
def test_who_has_too_much_under_way_is_told_so(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distribution, "QUICK_STREAMED", 0)
    monkeypatch.setattr(queue, "gate", lambda: Gate(1, 100, 0))
    app = opened(lang=language, seed=f"78{language == 'zh':d}")
    assert refusals(app) == [Text(language)("waiting.own", n="0")]


@languages
def test_who_waits_is_told_the_place_in_the_queue(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distribution, "QUICK_STREAMED", 0)
    busy, begun, go = _busy()
    gate = Gate(1, 100, 16)
    monkeypatch.setattr(queue, "gate", lambda: gate)
    for at in range(3):
        gate.enter(busy, at)
    assert begun.wait(5)
    heard: list[str] = []
    monkeypatch.setattr(waiting, "_progress", _listening(heard, go))
    opened(lang=language, seed=f"79{language == 'zh':d}", fan_in="20", fan_out="10")
    # two wait before it, and one is done at a time
    assert Text(language)("waiting.queued", n="200", place=3, at_once=1) in heard[0]


def _listening(heard: list[str], go: threading.Event) -> Callable[..., str]:
    real = waiting._progress

    def listened(*given: Any) -> str:
        heard.append(real(*given))
        go.set()
        return heard[-1]

    return listened


def test_a_limit_that_cannot_be_shows_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no server has read it, as with ``streamlit run app.py``: ours says what is wrong and ends."""

    def wrong() -> None:
        raise LimitError("INIT_LAB_PAGES must be a whole number from 1 to 64; it was 'many'.")

    monkeypatch.setattr(page, "turnstile", wrong)
    app = opened()
    assert not app.exception
    assert refusals(app) == [Text("en")("error.unexpected")]
