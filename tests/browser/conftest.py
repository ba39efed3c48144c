"""One server and one Chromium for all browser tests; a fresh visitor for each."""

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit
from weakref import WeakKeyDictionary

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, WebSocket, expect, sync_playwright
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests import chromium
from tests.support.stream import Server, server

# Root needs the first; the others keep Chromium's own services off the network.
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]

SIZES = {"wide": (1920, 1080), "laptop": (1280, 720), "phone": (390, 844)}

#: Seconds that a run of the script may take.
PATIENCE = 30
#: Milliseconds that Playwright waits for what it looks for: the machine may have much else to do.
WAIT = 15_000
expect.set_options(timeout=WAIT)
#: Streamlit's front end answers an entry of the history as it does the back button: by a run.
TURN = "url => { history.pushState({}, '', url); dispatchEvent(new PopStateEvent('popstate')) }"
#: For 100 ms the document has stood and nothing in it has moved; what never comes to rest is waited for
#: no longer than 3 s.
STILL = """() => new Promise(resolve => {
    const moves = a => a.playState === 'running' && a.effect?.getComputedTiming().endTime < 10_000
    const watch = new MutationObserver(() => wait())
    const leave = () => { watch.disconnect(); clearTimeout(rest); clearTimeout(end); resolve() }
    const look = () => document.getAnimations().some(moves) ? wait() : leave()
    const wait = () => { clearTimeout(rest); rest = setTimeout(look, 100) }
    const end = setTimeout(leave, 3000)
    let rest = setTimeout(look, 100)
    watch.observe(document, {subtree: true, childList: true, attributes: true, characterData: true})
})"""
#: Streamlit fetches the code of an element when it is first shown; a grey plate stands there until it comes.
LOADED = "!document.querySelector('[data-testid=stSkeleton]')"

Visit = Callable[..., Page]


class Look(NamedTuple):
    """What a visitor's machine shows a page on, and asks of it."""

    size: str = "laptop"
    locale: str = "en-US"
    scheme: str = "light"
    motion: str = "no-preference"


class Runs:
    """What a page's server has told it of the runs of its script."""

    def __init__(self) -> None:
        self.finished = 0
        self.running = False

    def connected(self, socket: WebSocket) -> None:
        """Listen to a new connection; what an old one was told no longer counts."""
        if "_stcore/stream" in socket.url:
            self.running = False
            socket.on("framereceived", self._heard)

    def _heard(self, frame: bytes | str) -> None:
        if isinstance(frame, str):
            return
        kind = ForwardMsg.FromString(frame).WhichOneof("type")
        if kind == "new_session":
            self.running = True
        elif kind == "script_finished":
            self.running = False
            self.finished += 1


#: page → its runs; the messages say when one has ended, which the document does late or not at all
RUNS: WeakKeyDictionary[Page, Runs] = WeakKeyDictionary()


def listened(page: Page) -> Page:
    """Listen to what the page's server tells it from now on, for ``settled``."""
    RUNS[page] = runs = Runs()
    page.on("websocket", runs.connected)
    return page


@pytest.fixture(scope="session")
def served() -> Iterator[Server]:
    with server() as running:
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium.find(playwright), args=FLAGS)
        yield launched
        launched.close()


class Visitors:
    """The visitors of a browser, and what was wrong with what they were shown."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.wrong: list[str] = []
        #: look → a tab of it that earlier tests have left
        self.tabs: dict[Look, Page] = {}

    def new(self, address: str, look: Look) -> Page:
        """Open an address as a visitor who has never been here."""
        width, height = SIZES[look.size]
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            locale=look.locale,
            color_scheme=look.scheme,
            reduced_motion=look.motion,
        )
        page = listened(context.new_page())
        page.set_default_timeout(WAIT)
        page.on("console", self._heard)
        page.on("request", self._asked)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.goto(address)
        settled(page)
        until(page, "Boolean(window.labListens)")  # a script of its own, which comes after the page
        return page

    def same(self, server: str, path: str, look: Look) -> Page:
        """Open a link in a tab that is open already, if there is one, whatever was done there."""
        kept = look._replace(size="laptop") if look.size == "wide" else look
        if kept not in self.tabs:
            self.tabs[kept] = self.new(server + path, look)
            return self.tabs[kept]
        page = self.tabs[kept]
        width, height = SIZES[look.size]
        page.set_viewport_size({"width": width, "height": height})
        page.keyboard.press("Escape")  # a dialog
        page.mouse.move(0, 0)
        if urlsplit(page.url).path == urlsplit(path).path:
            go(page, "/teach?v=1")  # what is folded out on a page is so no more when one comes back
        go(page, path)
        return page

    def close(self) -> None:
        """Close the tabs that are kept."""
        for page in self.tabs.values():
            page.context.close()
        self.tabs.clear()

    def _heard(self, message: ConsoleMessage) -> None:
        # Streamlit looks for its server beside a deep link first, and is answered 404.
        if message.type == "error" and "404" not in message.text:
            self.wrong.append(message.text)

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).hostname not in {"localhost", None}:
            self.wrong.append(f"a request left the machine: {request.url}")


@pytest.fixture(scope="session")
def visitors(browser: Browser) -> Iterator[Visitors]:
    all_of_them = Visitors(browser)
    yield all_of_them
    all_of_them.close()


@pytest.fixture
def visit(visitors: Visitors, served: Server) -> Iterator[Visit]:
    """Return a function that opens a path as a new visitor; the test fails on what no page may do."""
    pages = []

    def opened(path: str = "/distribution", **look: str) -> Page:
        pages.append(visitors.new(served.url + path, Look(**look)))
        return pages[-1]

    visitors.wrong.clear()
    yield opened
    for page in pages:
        page.context.close()
    assert visitors.wrong == []


@pytest.fixture
def tab(visitors: Visitors, served: Server, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Return a function that opens a link in the tab of an earlier test, which is half as dear.

    A link says all that a page shows. A path alone does not: there one finds what one has chosen before.
    """
    failed = request.session.testsfailed
    visitors.wrong.clear()
    yield lambda path="/distribution?v=1", **look: visitors.same(served.url, path, Look(**look))
    if request.session.testsfailed > failed or visitors.wrong:
        visitors.close()  # none inherits what went wrong
    assert visitors.wrong == []


def go(page: Page, path: str) -> None:
    """Open another link in the same tab without loading the front end anew, as the back button would."""
    before = RUNS[page].finished
    page.evaluate(TURN, path)
    settled(page, runs=before + 1)


def settled(page: Page, *, runs: int = 0) -> None:
    """Wait until the page's script has run, ``runs`` times at least, its headline stands and all is still."""
    page.wait_for_selector("h1.lab-headline", timeout=1000 * PATIENCE)
    _ran(page, runs)
    until(page, LOADED)
    page.evaluate(STILL)
    _ran(page, runs)  # what was done a moment before may have begun a run only now


def until(page: Page, condition: str) -> None:
    """Wait until an expression is true.

    Playwright's own way evaluates it within the page, whose policy forbids that.
    """
    end = time.monotonic() + PATIENCE
    while not page.evaluate(condition):
        assert time.monotonic() < end, f"{page.url} waits for {condition} in vain"
        page.wait_for_timeout(20)


def _ran(page: Page, runs: int) -> None:
    """Wait until no run is under way and ``runs`` have ended."""
    heard, end = RUNS[page], time.monotonic() + PATIENCE
    while heard.running or heard.finished < runs:
        assert time.monotonic() < end, f"the script of {page.url} has not come to its end"
        page.wait_for_timeout(20)  # messages are heard meanwhile


def link(page: Page) -> dict[str, str]:
    """Return the page's URL parameters."""
    return dict(parse_qsl(urlsplit(page.url).query))
