"""A hand on a chart that can be moved."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Locator, Page

from tests.support.tabs import settled, until

#: What the chart shows now, as it says itself.
LAB = "document.querySelector('[data-live-chart]').lab"
#: A hand has let go, and the server's own picture stands.
AT_REST = (
    "!document.querySelector('.lab-moving') && document.querySelector('[data-live-chart]')?.lab?.frames === 0"
)


#: The words on the chart, as it stands and as it moves.
LABELS = ".js-plotly-plot:not(.lab-stood) .annotation-text"
MOVING_LABELS = ".lab-moving .annotation-text"

#: Hold back what the page sends until it is told to wake.
SLOW = """() => {
    const send = WebSocket.prototype.send, kept = []
    WebSocket.prototype.send = function (data) { kept.push([this, data]) }
    window.wake = () => {
        WebSocket.prototype.send = send
        for (const [socket, data] of kept) send.call(socket, data)
    }
}"""


def apart(some: Sequence[int], others: Sequence[int]) -> int:
    """Return how much two histograms differ: 2 for each weight in another bin."""
    return sum(abs(a - b) for a, b in zip(some, others, strict=True))


def run_on(page: Page) -> dict[str, Any]:
    """Let seeds run on for a while and stop them; return what was shown on the way."""
    ready(page)
    page.get_by_role("button", name="Play seeds").click()
    until(page, f"{LAB}.frames > 20")
    shown = lab(page)
    page.get_by_role("button", name="Stop").click()
    let_go(page)
    return shown


def in_hand(page: Page) -> float:
    """Return the number that is moved, as the bubble beside the hand says it."""
    words = page.locator(".lab-bubble").inner_text().replace("−", "-")
    found = re.search(r"(-?[\d.]+)(?: \(was|（)", words)
    assert found, words
    return float(found[1])


def ready(page: Page) -> None:
    """Wait until what can be moved can be taken hold of."""
    settled(page)
    until(page, "Boolean(document.querySelector('[data-live-chart]')?.lab)")
    until(page, AT_REST)


def lab(page: Page) -> dict[str, Any]:
    """Return what the chart shows now."""
    return dict(page.evaluate(LAB))


def end_of(page: Page, name: str) -> Locator:
    """Return the handle of a control on the chart, the one at the right."""
    return page.locator(f".lab-grip[data-live={name}]").last


def number_of(page: Page, name: str) -> Locator:
    """Return the handle of a control's number in the formula."""
    return page.locator(f".lab-scrub[data-live={name}]")


@contextmanager
def held(page: Page, handle: Locator, *by: float | tuple[float, float]) -> Iterator[None]:
    """Take hold of a handle and move it so many pixels to the right, or right and up; let go at the end."""
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in by:
        across, up = step if isinstance(step, tuple) else (step, 0)
        frames = page.evaluate(f"{LAB}.frames")
        page.mouse.move(x + across, y - up)
        until(page, f"{LAB}.frames > {frames}")
    try:
        yield
    finally:
        page.mouse.up()


@contextmanager
def touched(page: Page, handle: Locator, path: Sequence[tuple[float, float]]) -> Iterator[None]:
    """Put a finger on a handle and move it so many pixels right and up, place by place; lift it at the end.

    Nothing scrolls meanwhile.
    """
    box = handle.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44  # a finger's breadth
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    scrolled = page.evaluate(SCROLLED)
    finger = page.context.new_cdp_session(page)
    for kind, (right, up) in [("touchStart", (0.0, 0.0)), *(("touchMove", by) for by in path)]:
        touch = {"type": kind, "touchPoints": [{"x": x + right, "y": y - up}]}
        finger.send("Input.dispatchTouchEvent", touch)
    page.wait_for_timeout(300)  # Chromium tells a page of a finger's moves every 200 ms, the last of them too
    try:
        yield
    finally:
        assert page.evaluate(SCROLLED) == scrolled
        finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


#: How far the page is scrolled down.
SCROLLED = "document.querySelector('[data-testid=stMain]').scrollTop"


def let_go(page: Page) -> None:
    """Wait for the server's picture after a hand has let go."""
    settled(page)
    until(page, AT_REST)
