"""Between one picture and the next there is none without a chart, and no copy outlives what it stands for."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.support.tabs import Visit, go, settled, until

SIGNAL = "/signal?v=1&depth=12&width=32&seeds=3&samples=8"
AGAIN = ".st-key-redraw button"
#: Press something, and of each frame of a second tell whether a chart can be seen, and where its copy stands.
WATCH = """async selector => {
    const found = { without: 0, copies: [] }
    let on = true
    const isSeen = e => e.checkVisibility({ opacityProperty: true, visibilityProperty: true })
        && e.getBoundingClientRect().width
    const look = () => {
        found.without += ![...document.querySelectorAll('.js-plotly-plot .main-svg')].some(isSeen)
        for (const copy of document.querySelectorAll('.lab-stood:not(.lab-moving) .main-svg')) {
            const { x, y, width, height } = copy.getBoundingClientRect()
            found.copies.push([x, y, width, height])
        }
        if (on) requestAnimationFrame(look)
    }
    look()
    document.querySelector(selector).click()
    await new Promise(done => setTimeout(done, 1000))
    on = false
    return found
}"""

#: Remember whether a copy has stood.
STOOD = """() => new MutationObserver(() => { window.stood ||= !!document.querySelector(".lab-stood") })
    .observe(document.body, {childList: true, subtree: true})"""


def _menu(page: str) -> str:
    return f".lab-menu a[href*='/{page}']"


def _tab(at: int) -> str:
    return f"[data-testid=stTabs] [role=tab]:nth-child({at})"


def _place(page: Page) -> list[float]:
    svg = page.locator(".js-plotly-plot .main-svg").first
    return list(
        svg.evaluate("e => { const b = e.getBoundingClientRect(); return [b.x, b.y, b.width, b.height] }")
    )


@pytest.mark.parametrize(
    ("path", "choice"),
    [
        ("/distribution?v=1&scheme=sparse", AGAIN),  # which is not drawn in the browser
        ("/distribution?v=1", _tab(2)),
        ("/distribution?v=1", _menu("compare")),
        ("/distribution?v=1&view=projector", _tab(2)),
        ("/compare?v=1", _menu("lesson")),
        (SIGNAL, AGAIN),
        (SIGNAL, _tab(2)),
        (SIGNAL + "&sight=chaos", AGAIN),
    ],
)
def test_a_chart_stands_where_it_was_until_the_next_one_does(path: str, choice: str, tab: Visit) -> None:
    page = tab("/teach?v=1")
    go(page, path)
    until(page, "Boolean(document.querySelector('.js-plotly-plot .main-svg .subplot'))")
    settled(page)
    before = _place(page)
    found: dict[str, Any] = page.evaluate(WATCH, choice)
    assert found["without"] == 0
    assert found["copies"]
    assert found["copies"][0] == pytest.approx(before, abs=1)
    settled(page)
    assert page.locator(".lab-stood").count() == 0


def test_of_a_chart_that_is_not_taken_away_no_copy_is_shown(tab: Visit) -> None:
    page = tab("/distribution?v=1")
    settled(page)
    found = page.evaluate(WATCH, ".st-key-more summary")
    assert found == {"without": 0, "copies": []}


def test_on_a_phone_it_stands_where_it_was_scrolled_to(tab: Visit) -> None:
    page = tab("/distribution?v=1", size="phone")
    page.locator("[data-testid=stMain]").evaluate("e => e.scrollTo(0, 150)")
    settled(page)
    before = _place(page)
    found = page.evaluate(WATCH, _tab(2))
    assert found["without"] == 0
    assert found["copies"][0] == pytest.approx(before, abs=1)


@pytest.mark.parametrize(("choice", "link"), [(_menu("teach"), "**/teach**"), (_tab(7), "**tab=code**")])
def test_a_copy_goes_once_it_is_known_that_no_chart_comes(choice: str, link: str, tab: Visit) -> None:
    page = tab("/distribution?v=1")
    settled(page)
    page.evaluate(STOOD)
    page.locator(choice).first.click()
    page.wait_for_url(link)
    settled(page)
    assert page.locator(".lab-stood").count() == 0
    assert page.evaluate("window.stood")
    assert page.locator(".js-plotly-plot:visible").count() == 0


def test_a_slow_browser_keeps_none_either(tab: Visit) -> None:
    """It draws what a short run changed in one go, with the run's end, and never shows that one was on."""
    page = tab("/lesson?v=1&step=network")
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.evaluate(STOOD)
    for _ in range(4):
        go(page, "/lesson?v=1&step=closing")
        assert page.locator(".lab-stood").count() == 0
        go(page, "/lesson?v=1&step=network")
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    session.detach()
    assert page.evaluate("window.stood")
