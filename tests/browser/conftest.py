"""One server and one Chromium for all browser tests; a fresh visitor for each."""

from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from tests import chromium
from tests.stream import Server, server

# Root needs the first; the others keep Chromium's own services off the network.
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]

SIZES = {"wide": (1920, 1080), "laptop": (1280, 720), "phone": (390, 844)}

Visit = Callable[..., Page]


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


@pytest.fixture
def visit(browser: Browser, served: Server) -> Iterator[Visit]:
    """Return a function that opens a path as a new visitor; the test fails on what no page may do."""
    wrong: list[str] = []
    contexts = []

    def heard(message: ConsoleMessage) -> None:
        # Streamlit looks for its server beside a deep link first, and is answered 404.
        if message.type == "error" and "404" not in message.text:
            wrong.append(message.text)

    def asked(request: Request) -> None:
        if urlsplit(request.url).hostname not in {"localhost", None}:
            wrong.append(f"a request left the machine: {request.url}")

    def opened(
        path: str = "/distribution", *, size: str = "laptop", locale: str = "en-US", scheme: str = "light"
    ) -> Page:
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale=locale, color_scheme=scheme
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", heard)
        page.on("request", asked)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(served.url + path)
        settled(page)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def go(page: Page, path: str) -> None:
    """Open another link in the same tab, as the same visitor: what was loaded once is there."""
    page.goto(urljoin(page.url, path))
    settled(page)


def settled(page: Page) -> None:
    """Wait until the page's script has run and its headline stands."""
    page.wait_for_selector("h1.lab-headline", timeout=30_000)
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
    page.wait_for_timeout(250)


def link(page: Page) -> dict[str, str]:
    """Return the page's URL parameters."""
    return dict(parse_qsl(urlsplit(page.url).query))
