"""One server and one Chromium for all browser tests; a fresh visitor for each."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from tests import chromium
from tests.support.stream import Server, server
from tests.support.tabs import FLAGS, NAMED, SIZES, WAIT, Visit, go, listened, settled, until

expect.set_options(timeout=WAIT)


class Look(NamedTuple):
    """What a visitor's machine shows a page on, and asks of it."""

    size: str = "laptop"
    locale: str = "en-US"
    scheme: Literal["light", "dark"] = "light"
    motion: Literal["no-preference", "reduce"] = "no-preference"


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
        #: locale → windows that are free: what was fetched and compiled there, the next visitor need not
        self.free: defaultdict[str, list[BrowserContext]] = defaultdict(list)
        #: look → a tab of it that earlier tests have left
        self.tabs: dict[Look, Page] = {}

    def new(self, address: str, look: Look) -> Page:
        """Open an address as a visitor of whom nothing is kept."""
        free = self.free[look.locale]
        window = free.pop() if free else self.browser.new_context(locale=look.locale)
        page = listened(window.new_page())
        window.new_cdp_session(page).send(
            "Storage.clearDataForOrigin", {"origin": address, "storageTypes": "local_storage,indexeddb"}
        )
        width, height = SIZES[look.size]
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=look.scheme, reduced_motion=look.motion)
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
        page.mouse.move(0, 400)  # where nothing is, nor comes
        if urlsplit(page.url).path == urlsplit(path).path:
            go(page, "/teach?v=1")  # what is folded out on a page is so no more when one comes back
        go(page, path)
        return page

    def leave(self, page: Page, look: Look) -> None:
        """Close a page, and keep its window for the next visitor."""
        page.context.clear_permissions()
        page.close()
        self.free[look.locale].append(page.context)

    def close(self) -> None:
        """Close the tabs that are kept."""
        for look, page in self.tabs.items():
            self.leave(page, look)
        self.tabs.clear()

    def _heard(self, message: ConsoleMessage) -> None:
        # Streamlit looks for its server beside a deep link first, and is answered 404. Without https, another
        # name than localhost has no use for one of the headers.
        if message.type == "error" and not re.search(r"404|URL's origin was untrustworthy", message.text):
            self.wrong.append(message.text)

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).hostname not in {"localhost", NAMED, None}:
            self.wrong.append(f"a request left the machine: {request.url}")


@pytest.fixture(scope="session")
def visitors(browser: Browser) -> Iterator[Visitors]:
    all_of_them = Visitors(browser)
    yield all_of_them
    all_of_them.close()


@pytest.fixture
def visit(visitors: Visitors, served: Server) -> Iterator[Visit]:
    """Return a function that opens a path as a new visitor; the test fails on what no page may do."""
    pages: list[tuple[Page, Look]] = []

    def opened(path: str = "/distribution", **look: Any) -> Page:
        pages.append((visitors.new(served.url + path, Look(**look)), Look(**look)))
        return pages[-1][0]

    visitors.wrong.clear()
    yield opened
    for page, look in pages:
        visitors.leave(page, look)
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
