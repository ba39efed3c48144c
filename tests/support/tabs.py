"""A page in a tab of a real browser: opened, waited for and looked at."""

import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import parse_qsl, urlsplit
from weakref import WeakKeyDictionary

from playwright.sync_api import Locator, Page, TimeoutError, WebSocket
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from pages.state.controls import PAGES

# Root needs the first; the others keep Chromium's own services off the network.
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]
#: What one tab has compiled, the next one of its window need not.
FLAGS += ["--process-per-site"]
#: Another name of this machine, to its browser alone.
NAMED = "lab.example"
FLAGS += [f"--host-resolver-rules=MAP {NAMED} 127.0.0.1"]
SIZES = {"wide": (1920, 1080), "laptop": (1280, 720), "phone": (390, 844)}
#: Seconds that a run of the script may take.
PATIENCE = 30
#: Milliseconds that Playwright waits for what it looks for: the machine may have much else to do.
WAIT = 15_000
#: Streamlit's front end answers an entry of the history as it does the back button: by a run.
TURN = "url => { history.pushState({}, '', url); dispatchEvent(new PopStateEvent('popstate')) }"
#: For 100 ms the document has stood and nothing in it has moved: true; false if it does not come to that
#: within 10 s.
STILL = """() => new Promise(resolve => {
    const moves = a => a.playState === 'running' && a.effect?.getComputedTiming().endTime < 10_000
    const watch = new MutationObserver(() => wait())
    const leave = rests => { watch.disconnect(); clearTimeout(rest); clearTimeout(end); resolve(rests) }
    const look = () => document.getAnimations().some(moves) ? wait() : leave(true)
    const wait = () => { clearTimeout(rest); rest = setTimeout(look, 100) }
    const end = setTimeout(leave, 10_000, false)
    let rest = setTimeout(look, 100)
    watch.observe(document, {subtree: true, childList: true, attributes: true, characterData: true})
})"""
#: Streamlit fetches the code of an element when it is first shown; a grey plate stands there until it comes.
#: A font that is still on its way changes widths when it comes.
LOADED = "!document.querySelector('[data-testid=stSkeleton]') && document.fonts.status === 'loaded'"
Visit = Callable[..., Page]


class Runs:
    """What a page and its server have told each other: the runs of the script, and how much was said."""

    def __init__(self) -> None:
        self.finished = 0
        self.running = False
        #: how many messages the page has sent, and the bytes of those that it was sent
        self.sent = 0
        self.told: list[int] = []
        #: the messages of the last run
        self.last: list[bytes] = []

    def connected(self, socket: WebSocket) -> None:
        """Listen to a new connection; what an old one was told no longer counts."""
        if "_stcore/stream" in socket.url:
            self.running = False
            self.told.clear()
            socket.on("framereceived", self._heard)
            socket.on("framesent", self._said)

    def _said(self, _: object) -> None:
        self.sent += 1

    def _heard(self, frame: bytes | str) -> None:
        self.told.append(len(frame))
        if isinstance(frame, str):
            return
        kind = ForwardMsg.FromString(frame).WhichOneof("type")
        if kind == "new_session":
            self.running, self.last = True, []
        elif kind == "script_finished":
            self.running = False
            self.finished += 1
        self.last.append(frame)


#: page → its runs; the messages say when one has ended, which the document does late or not at all
RUNS: WeakKeyDictionary[Page, Runs] = WeakKeyDictionary()


def listened(page: Page) -> Page:
    """Listen to what the page's server tells it from now on, for ``settled``."""
    RUNS[page] = runs = Runs()
    page.on("websocket", runs.connected)
    return page


def go(page: Page, path: str) -> None:
    """Open another link in the same tab without loading the front end anew, as the back button would."""
    before = RUNS[page].finished
    page.evaluate(TURN, path)
    settled(page, runs=before + 1)


def settled(page: Page, *, runs: int = 0) -> None:
    """Wait until the page's script has run, ``runs`` times at least, its headline stands and all is still."""
    page.wait_for_selector("h1.lab-headline:visible", timeout=1000 * PATIENCE)
    _ran(page, runs)
    until(page, LOADED)
    assert page.evaluate(STILL), f"{page.url} never comes to rest"
    _ran(page, runs)  # what was done a moment before may have begun a run only now


def choose(page: Page, label: str | Locator, option: str, link: str, *, exact: bool = False) -> None:
    """Choose from a list until the link says so: one that is open when a run ends closes, choice and all."""
    field = page.get_by_label(label, exact=True) if isinstance(label, str) else label
    for attempt in range(3):
        settled(page)
        field.click()
        page.get_by_role("option", name=option, exact=exact).first.click()
        with suppress(TimeoutError):
            page.wait_for_url(link, timeout=5000 * (attempt + 1))
            return
    raise AssertionError(f"{option} was chosen three times, and {page.url} does not say so")


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


PATHS = {page: "/" if page == "home" else f"/{page}" for page in PAGES}
LOCALES = {"en": "en-US", "zh": "zh-CN"}


def fits(opened: Page, size: str, *, high: bool = True) -> None:
    """Nothing scrolls at first sight, but down on a phone; the chart's edge cuts off no label.

    ``high`` is False for a view that may be longer than the screen.
    """
    main = opened.locator("[data-testid=stMain]")
    wide, over = main.evaluate("e => [e.scrollWidth - e.clientWidth, e.scrollHeight - e.clientHeight]")
    assert wide == 0, f"it scrolls sideways: {opened.url}"
    if size != "phone" and high:
        assert over == 0, f"first sight scrolls: {opened.url}"
    cut = opened.evaluate(
        """() => {
            return [...document.querySelectorAll('.js-plotly-plot text')].filter(text => {
                const box = text.closest('.js-plotly-plot').getBoundingClientRect()
                const own = text.getBoundingClientRect()
                return own.width && (own.left < box.left - 1 || own.right > box.right + 1
                    || own.top < box.top - 1 || own.bottom > box.bottom + 1)
            }).map(text => text.textContent)
        }"""
    )
    assert cut == [], opened.url
