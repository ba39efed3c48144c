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
    """The visitors of a browser, and what was wrong with what they were shown.

    Most of a visit is compiling the front end, which a process does once: so a visitor who leaves does not
    take the tab along, and tabs of one window share a process.
    """

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.wrong: list[str] = []
        #: locale → tabs, each in a window of its own, that visitors have left
        self.free: defaultdict[str, list[Page]] = defaultdict(list)
        #: locale → the window of all tabs that tests inherit from each other
        self.windows: dict[str, BrowserContext] = {}
        #: look → a tab of it that earlier tests have left
        self.tabs: dict[Look, Page] = {}

    def new(self, address: str, look: Look) -> Page:
        """Open an address as a visitor of whom nothing is kept."""
        free = self.free[look.locale]
        page = free.pop() if free else self._tab(self.browser.new_context(locale=look.locale))
        return self._entered(page, address, look)

    def same(self, server: str, path: str, look: Look) -> Page:
        """Open a link in a tab that is open already, if there is one, whatever was done there."""
        kept = look._replace(size="laptop") if look.size == "wide" else look
        if kept not in self.tabs:
            if look.locale not in self.windows:
                self.windows[look.locale] = self.browser.new_context(locale=look.locale)
            self.tabs[kept] = self._entered(self._tab(self.windows[look.locale]), server + path, look)
            return self.tabs[kept]
        page = self.tabs[kept]
        page.bring_to_front()  # of its window's tabs one alone may fill the screen
        width, height = SIZES[look.size]
        page.set_viewport_size({"width": width, "height": height})
        page.keyboard.press("Escape")  # a dialog
        page.mouse.move(0, 400)  # where nothing is, nor comes
        if urlsplit(page.url).path == urlsplit(path).path and page.locator("details[open]").count():
            go(page, "/teach?v=1")  # what is folded out on a page is so no more when one comes back
        go(page, path)
        folded = page.locator("[data-testid=stExpandSidebarButton]")
        if look.size != "phone" and "view=" not in path and folded.is_visible():
            folded.click()  # a drawer that an earlier test has folded away
            settled(page)
        return page

    def leave(self, page: Page, server: str, look: Look) -> None:
        """Leave nothing behind but the tab, for the next visitor, unless a test has closed it."""
        window = page.context
        for tab in window.pages:
            if tab != page:
                tab.close()
        if page.is_closed():
            window.close()
            return
        window.clear_permissions()
        page.goto(f"{server}/_stcore/health")  # of the same site, or its process would end
        page.evaluate("sessionStorage.clear()")
        session = window.new_cdp_session(page)
        everything = {"origin": server, "storageTypes": "cookies,local_storage,indexeddb"}
        session.send("Storage.clearDataForOrigin", everything)
        session.send("Page.resetNavigationHistory")
        session.detach()
        self.free[look.locale].append(page)

    def close(self) -> None:
        """Close all tabs, so that none inherits anything."""
        for tab in [*self.tabs.values(), *(page for free in self.free.values() for page in free)]:
            tab.context.close()
        for kept in (self.tabs, self.free, self.windows):
            kept.clear()

    def _tab(self, window: BrowserContext) -> Page:
        page = listened(window.new_page())
        page.set_default_timeout(WAIT)
        page.on("console", self._heard)
        page.on("request", self._asked)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        return page

    def _entered(self, page: Page, address: str, look: Look) -> Page:
        width, height = SIZES[look.size]
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=look.scheme, reduced_motion=look.motion)
        page.goto(address)
        settled(page)
        until(page, "Boolean(window.labListens)")  # a script of its own, which comes after the page
        return page

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
def visit(visitors: Visitors, served: Server, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Return a function that opens a path as a new visitor; the test fails on what no page may do."""
    failed = request.session.testsfailed
    pages: list[tuple[Page, Look]] = []

    def opened(path: str = "/distribution", **look: Any) -> Page:
        pages.append((visitors.new(served.url + path, Look(**look)), Look(**look)))
        return pages[-1][0]

    visitors.wrong.clear()
    yield opened
    for page, look in pages:
        visitors.leave(page, served.url, look)
    if request.session.testsfailed > failed or visitors.wrong:
        visitors.close()  # none inherits what went wrong
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
