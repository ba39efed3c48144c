"""What the server says as it starts, and what it opens: the address at which it is, and no other."""

import logging
import sys
from queue import Queue

import pytest

from pages.server import __main__ as server


class Listening:
    """A socket that is bound to an address, as the kernel names it."""

    def __init__(self, *name: str | int) -> None:
        self._name = name

    def getsockname(self) -> tuple[str | int, ...]:
        return self._name


# an IPv6 address stands in brackets in a URL (RFC 3986, section 3.2.2); who listens everywhere is here, too
@pytest.mark.parametrize(
    ("name", "said", "asked"),
    [
        (("0.0.0.0", 8501), "http://localhost:8501", "127.0.0.1"),  # noqa: S104
        (("::", 8501, 0, 0), "http://localhost:8501", "::1"),
        (("127.0.0.1", 80), "http://127.0.0.1:80", "127.0.0.1"),
        (("192.0.2.7", 9000), "http://192.0.2.7:9000", "192.0.2.7"),
        (("::1", 8501, 0, 0), "http://[::1]:8501", "::1"),
        (("2001:db8::7", 443, 0, 0), "http://[2001:db8::7]:443", "2001:db8::7"),
    ],
)
def test_it_says_and_opens_the_address_at_which_it_listens(
    name: tuple[str | int, ...],
    said: str,
    asked: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    opened: Queue[str] = Queue()
    monkeypatch.setattr(server.webbrowser, "open", opened.put)
    monkeypatch.setattr(sys, "platform", "darwin")  # where there is a screen
    with caplog.at_level(logging.INFO, "init_lab"):
        server._say_ready(Listening(*name), opens=True)  # type: ignore[arg-type]
    assert caplog.messages[0] == f"Init Lab: {said}"
    assert opened.get(timeout=5) == said
    assert server._of_this_machine(Listening(*name)) == (asked, name[1])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("screen", "opens", "is_opened"),
    [("DISPLAY", True, True), ("WAYLAND_DISPLAY", True, True), ("DISPLAY", False, False), ("", True, False)],
)
def test_a_browser_is_opened_where_that_is_asked_for_and_there_is_a_screen(
    *, screen: str, opens: bool, is_opened: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[object] = []
    monkeypatch.setattr(server.threading, "Thread", lambda **given: begun.append(given) or Listening())
    monkeypatch.setattr(Listening, "start", lambda _: None, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    if screen:
        monkeypatch.setenv(screen, ":0")
    server._say_ready(Listening("127.0.0.1", 8501), opens=opens)  # type: ignore[arg-type]
    assert bool(begun) == is_opened
