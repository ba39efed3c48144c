"""What a hand on a chart must reach in headless Chromium, with software drawing: ``make bench``."""

import statistics
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests import chromium
from tests.support.hand import let_go, ready
from tests.support.stream import server
from tests.support.tabs import FLAGS, listened

#: Links, by what is drawn in a frame, with the longest that 95 % of the frames may take, and the median.
DRAGS = {
    "131 072 normals, n and std": ("/distribution?fan_in=512&fan_out=256", 17, 20),
    "131 072 uniforms, n and bound": ("/distribution?scheme=xavier_uniform&fan_in=512&fan_out=256", 17, 20),
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
#: Press something, and wait until the chart is another one and is drawn.
CHANGE = """async selector => {
    const meta = () => document.querySelector(".st-key-chart .js-plotly-plot:not(.lab-stood)")?.layout?.meta
    const [before, began] = [meta(), performance.now()]
    document.querySelector(selector).click()
    while (meta() === before || meta() === undefined) await new Promise(requestAnimationFrame)
    await new Promise(requestAnimationFrame)
    return performance.now() - began
}"""
MOVES, ROUNDS = 240, 15


def main() -> None:
    """Print each figure beside what it must reach."""
    with server() as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(playwright), args=FLAGS)
        for what, (path, median, most) in DRAGS.items():
            times = sorted(_frames(browser, served.url + path))
            found, late = statistics.median(times), times[int(0.95 * len(times))]
            print(f"a frame, {what}: {found:.1f} ms, 95 % {late:.1f} ms (≤ {median}, {most})")
        settled = _settled(browser, served.url + "/distribution")
        print(f"another seed → the chart that stands: {statistics.median(settled):.0f} ms (≤ 120)")
        browser.close()


def _frames(browser: Browser, url: str) -> list[float]:
    """Return how long each frame of a drag took, in milliseconds, after one that warms up."""
    page = _opened(browser, url)
    page.evaluate(DRAG, MOVES // 4)
    let_go(page)
    times: list[float] = page.evaluate(DRAG, MOVES)
    page.context.close()
    return times


def _settled(browser: Browser, url: str) -> list[float]:
    page = _opened(browser, url)
    times = [page.evaluate(CHANGE, ".st-key-redraw button") for _ in range(ROUNDS)]
    page.context.close()
    return times


def _opened(browser: Browser, url: str) -> Page:
    context: Any = browser.new_context(viewport={"width": 1280, "height": 720})
    page = listened(context.new_page())
    page.goto(url)
    ready(page)
    return page


if __name__ == "__main__":
    main()
