"""What a hand on a chart must reach in headless Chromium, with software drawing: ``make bench``."""

import statistics
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests import chromium
from tests.support.hand import LAB, let_go, ready
from tests.support.stream import server
from tests.support.tabs import FLAGS, listened, settled

#: Links, by what is drawn in a frame, with the longest that 95 % of the frames may take, and the median.
DRAGS = {
    "131 072 normals, n and std": ("/distribution?fan_in=512&fan_out=256", 17, 20),
    "131 072 uniforms, n and bound": ("/distribution?scheme=xavier_uniform&fan_in=512&fan_out=256", 17, 20),
    "1 048 576 normals, n and std": ("/distribution?fan_in=1024&fan_out=1024", 33, 34),
    "1 048 576 normals, std alone": ("/distribution?scheme=normal&fan_in=1024&fan_out=1024", 20, 34),
    "three panels of 131 072": ("/compare", 17, 20),
    "4 194 304, which wait": ("/distribution?scheme=normal&fan_in=2048&fan_out=2048", 20, 34),
}
#: Take the handle at the right and move it to and fro by a few pixels, once a frame.
DRAG = """async moves => {
    const handle = [...document.querySelectorAll(".lab-grip")].pop()
    const box = handle.getBoundingClientRect()
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
    const hand = (kind, by) => handle.dispatchEvent(new PointerEvent(
        kind, { pointerId: 1, clientX: x + by, clientY: y, bubbles: true, button: 0, isPrimary: true }))
    handle.setPointerCapture = () => {} // which a hand that is not there has none of
    hand("pointerdown", 0)
    const times = []
    let last = await new Promise(requestAnimationFrame)
    for (let at = 0; at < moves; at++) {
        hand("pointermove", 2 + 6 * Math.sin(at / 9))
        const now = await new Promise(requestAnimationFrame)
        times.push(now - last)
        last = now
    }
    hand("pointermove", 0)
    hand("pointerup", 0)
    return times
}"""
PLAYED = "/distribution?fan_in=1024&fan_out=1024"
#: Do something, and wait until another chart is drawn: the milliseconds, and the frames without any chart.
CHANGE = """async ([what, on]) => {
    const isSeen = e => e.checkVisibility({ opacityProperty: true }) && e.getBoundingClientRect().width
    const charts = () => [...document.querySelectorAll(".js-plotly-plot")]
    const isNew = e => !e.matches(".lab-stood") && isSeen(e) && e.querySelector(".main-svg")
    const shown = () => charts().find(isNew)
    const [before, link, began] = [shown()?.layout, location.href, performance.now()]
    let without = 0
    const key = (at, key) => at.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }))
    if (what === "press") document.querySelector(on).click()
    else key(what === "key" ? document.body : document.activeElement, on)
    while (location.href === link || !shown() || shown().layout === before) {
        await new Promise(requestAnimationFrame)
        without += !charts().some(isSeen)
    }
    await new Promise(requestAnimationFrame)
    return [performance.now() - began, without]
}"""
#: Write something into a field, as typing does, before Enter is pressed.
TYPE = """([label, words]) => {
    const field = [...document.querySelectorAll("input")].find(e => e.ariaLabel === label)
    field.focus()
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, words)
    field.dispatchEvent(new Event("input", { bubbles: true }))
}"""
TAB, PAGE = "[data-testid=stTabs] [role=tab]:nth-child({})", ".lab-menu a[href*='/{}']"
#: What is changed: where, how, the ways to do it by turns, and within how many milliseconds it must be there.
CHANGES = {
    "another seed": ("/distribution?v=1", "press", (".st-key-redraw button",), 120),
    "another scheme": ("/distribution?v=1", "key", ("ArrowRight", "PageUp"), 120),
    "another fan_in": ("/distribution?v=1", "type", ("Enter",), 120),
    "another tab": ("/distribution?v=1", "press", (TAB.format(2), TAB.format(3), TAB.format(1)), 120),
    "another page": (
        "/distribution?v=1",
        "press",
        (PAGE.format("compare"), PAGE.format("distribution")),
        180,
    ),
    "signal, another seed": ("/signal?v=1", "press", (".st-key-redraw button",), 500),
    "signal, another tab": ("/signal?v=1", "press", (TAB.format(2), TAB.format(3), TAB.format(1)), 120),
}
MOVES, ROUNDS = 240, 15


def main() -> None:
    """Print each figure beside what it must reach."""
    with server() as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(playwright), args=FLAGS)
        for what, (path, median, most) in DRAGS.items():
            times = sorted(_frames(browser, served.url + path))
            half, late = statistics.median(times), times[int(0.95 * len(times))]
            print(f"a frame, {what}: {half:.1f} ms, 95 % {late:.1f} ms (≤ {median}, {most})")
        print(f"seeds in play, 1 048 576 normals: {_played(browser, served.url + PLAYED):.1f} a second (30)")
        for what, (path, how, ways, most) in CHANGES.items():
            found = _changes(browser, served.url + path, how, ways)
            took = statistics.median(milliseconds for milliseconds, _ in found)
            without = sum(frames for _, frames in found)
            print(f"{what} → its chart: {took:.0f} ms (≤ {most}); frames without a chart: {without} (0)")
        browser.close()


def _frames(browser: Browser, url: str) -> list[float]:
    """Return how long each frame of a drag took, in milliseconds, after one that warms up."""
    page = _opened(browser, url)
    ready(page)
    page.evaluate(DRAG, MOVES // 4)
    let_go(page)
    times: list[float] = page.evaluate(DRAG, MOVES)
    page.context.close()
    return times


def _played(browser: Browser, url: str) -> float:
    """Return how many seeds a second run on."""
    page = _opened(browser, url)
    ready(page)
    page.locator("[data-live=seed]").first.click()
    page.wait_for_timeout(1000)
    seen = []
    for _ in range(2):
        seen.append(page.evaluate(f"[{LAB}.seed, performance.now()]"))
        page.wait_for_timeout(3000)
    (seed, began), (last, ended) = seen
    page.context.close()
    return float(1000 * (last - seed) / (ended - began))


def _changes(browser: Browser, url: str, how: str, ways: Sequence[str]) -> list[tuple[float, int]]:
    """Return how long each of some changes took, and in how many frames no chart was seen."""
    page = _opened(browser, url)
    found = []
    for at in range(ROUNDS):
        settled(page)
        if how == "type":
            page.evaluate(TYPE, ["fan_in", str(513 + at)])
        found.append(page.evaluate(CHANGE, [how, ways[at % len(ways)]]))
    page.context.close()
    return found


def _opened(browser: Browser, url: str) -> Page:
    context: Any = browser.new_context(viewport={"width": 1280, "height": 720})
    page = listened(context.new_page())
    page.goto(url)
    settled(page)
    return page


if __name__ == "__main__":
    main()
