"""What the pages are for those who do not see them, or see them badly, or use no mouse."""

from collections.abc import Sequence
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from pages.state.controls import ASPECTS, PAGES, PARTS, SIGHTS, STOPS, TABS
from pages.state.controls import CONTROLS as OWN_CONTROLS
from pages.text import HTML_LANG, LANGUAGES, Text
from tests.support.barriers import report, violations
from tests.support.tabs import LOCALES, PATHS, Visit, fits, go, settled

#: page → the control that its views go by, and all of them
VIEWS: dict[str, tuple[str, Sequence[str]]] = {
    "distribution": ("tab", TABS),
    "compare": ("aspect", ASPECTS),
    "signal": ("sight", SIGHTS),
    "model": ("part", PARTS),
    "lesson": ("step", STOPS),
}
#: Small networks, that a view waits for nothing.
SMALL = {"signal": {"depth": "12", "width": "32", "seeds": "3", "samples": "8"}}
#: Views that may be longer than the screen: a long table, a script.
LONG = {"numbers", "rosetta", "gains", "figures", "code"}
CHART = ".js-plotly-plot .main-svg"

#: What the Tab key should come to, kept in the document for PLACE to name; what appears only under a
#: pointer is among it. Of a group that one tab stop stands for, such as the tabs, the arrow keys reach the
#: others.
CONTROLS = """() => {
    const kinds = 'a[href], button, input, select, textarea, summary, [tabindex], [contenteditable=true]'
    document.controls = [...document.querySelectorAll(kinds)].filter(
        e => e.tabIndex >= 0 && !e.disabled && !e.closest('[inert]') && e.checkVisibility())
    return document.controls.map(e => e.tagName + ' '
        + (e.getAttribute('aria-label') ?? (e.textContent.trim() || e.dataset.testid)).slice(0, 40))
}"""
#: Where the focus is: which of the controls has it, how thick the outline is that shows it, and whether
#: it can be seen where it lies. The outline may be that of the field around an input; it counts where
#: three sides of it at least are inside all that would clip it.
PLACE = """() => {
    const at = document.activeElement
    if (!at || at === document.body || at === document.documentElement) return null
    const outlined = e => {
        const style = getComputedStyle(e)
        if (style.outlineStyle === 'none' || /, 0\\)$/.test(style.outlineColor)) return 0
        const out = parseFloat(style.outlineWidth) + parseFloat(style.outlineOffset)
        const box = e.getBoundingClientRect()
        let cut = [box.left - out < -1, box.top - out < -1, box.right + out > innerWidth + 1,
            box.bottom + out > innerHeight + 1]
        for (let over = e.parentElement; over; over = over.parentElement) {
            if (getComputedStyle(over).overflow === 'visible') continue
            const edge = over.getBoundingClientRect()
            const now = [box.left - out < edge.left - 1, box.top - out < edge.top - 1,
                box.right + out > edge.right + 1, box.bottom + out > edge.bottom + 1]
            cut = cut.map((was, n) => was || now[n])
        }
        return cut.filter(Boolean).length > 1 ? 0 : parseFloat(style.outlineWidth)
    }
    const drawn = [at]
    for (let e = at.parentElement; e && drawn.length < 4; e = e.parentElement) drawn.push(e)
    const seen = at.offsetWidth > 2 ? at : at.closest('label') ?? at
    const box = seen.getClientRects()[0] ?? seen.getBoundingClientRect()
    const x = box.left + box.width / 2, y = box.top + Math.min(box.height, innerHeight) / 2
    const top = document.elementFromPoint(x, y)
    return {
        index: document.controls.indexOf(at),
        name: at.tagName + ' ' + (at.getAttribute('aria-label') ?? at.textContent).trim().slice(0, 40),
        outline: Math.max(...drawn.map(outlined)),
        shown: box.width > 0 && box.left >= -1 && box.right <= innerWidth + 1
            && box.top >= -1 && box.bottom <= Math.max(innerHeight, box.height) + 1
            && (at.contains(top) || !!top?.closest('label')?.contains(at)),
    }
}"""
#: What still moves by the style, or moves now.
MOVING = """() => [...document.querySelectorAll('*')].flatMap(e => ['', '::before', '::after'].map(part => {
    const style = getComputedStyle(e, part || null)
    const lasts = times => times.split(',').some(time => parseFloat(time) > 0.001)
    const shifts = style.transitionProperty !== 'none' && lasts(style.transitionDuration)
    const plays = style.animationName !== 'none' && lasts(style.animationDuration)
    const why = [shifts && 'transition ' + style.transition, plays && 'animation ' + style.animationName]
    return why.some(Boolean) && e.tagName + ' ' + (e.dataset.testid ?? e.getAttribute('class')) + part + ': '
        + why.filter(Boolean)
})).filter(Boolean).concat(document.getAnimations().map(a => 'plays: ' + a.effect?.target?.outerHTML))
.map(line => line.slice(0, 160))"""


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_fits_and_has_no_barrier(name: str, tab: Visit) -> None:
    by_views = {control for control, _ in VIEWS.values()}
    assert {page for page in PAGES if page != "home" and by_views & {*OWN_CONTROLS[page]}} == {*VIEWS}
    control, views = VIEWS[name]
    page = tab("/?v=1")
    page.wait_for_selector(CHART)
    found = []
    for view in views:
        go(page, f"/{name}?{urlencode({'v': '1', **SMALL.get(name, {}), control: view})}")
        fits(page, "laptop", high=name != "model" and view not in LONG)
        found += violations(page)
    assert not found, report(found)


@pytest.mark.parametrize("path", ["/distribution", "/signal"])
def test_the_keyboard_alone_reaches_every_control_and_shows_where_it_is(path: str, visit: Visit) -> None:
    page = visit(path)
    page.wait_for_selector(CHART)
    settled(page)
    controls: list[str] = page.evaluate(CONTROLS)
    assert len(controls) >= 15  # the menu, the sidebar, the tabs
    wrong = [line for key in ("Tab", "Shift+Tab") for line in walked(page, key, controls)]
    assert not wrong, report(wrong)


def walked(page: Page, key: str, controls: Sequence[str]) -> list[str]:
    """Return what is wrong on a walk through the page, from its beginning or its end, by a key."""
    page.evaluate("document.activeElement.blur(), getSelection().removeAllRanges(), scrollTo(0, 0)")
    reached: list[int] = []
    wrong = []
    for _ in range(2 * len(controls)):
        page.keyboard.press(key)
        place = page.evaluate(PLACE)
        if place is None or place["index"] in reached:
            break
        reached.append(place["index"])
        if place["outline"] < 2:
            wrong.append(f"the focus is not seen: {place['name']}")
        if not place["shown"]:
            wrong.append(f"it lies off the screen, or under something: {place['name']}")
    return wrong + [f"{key} does not reach: {text}" for at, text in enumerate(controls) if at not in reached]


def test_the_arrow_keys_reach_the_tabs_that_one_tab_stop_stands_for(tab: Visit) -> None:
    page = tab("/distribution?v=1")
    tabs = page.get_by_role("tab")
    expect(tabs).to_have_count(len(TABS))
    tabs.first.focus()
    for at, view in enumerate(TABS[1:], start=1):
        page.keyboard.press("ArrowRight")
        page.wait_for_url(f"**tab={view}**")
        settled(page)
        expect(tabs.nth(at)).to_be_focused()
        assert page.evaluate(f"({CONTROLS})(), ({PLACE})().outline") >= 2, f"the focus is not seen: {view}"


def test_nothing_moves_for_those_who_asked_for_that(tab: Visit) -> None:
    page = tab("/?v=1", motion="reduce")
    page.wait_for_selector(CHART)
    found = []
    for name in PAGES:
        go(page, f"{PATHS[name]}?v=1")
        found += page.evaluate(MOVING)
    assert not found, report(found)


def test_a_drawer_opens_at_once_for_those_who_asked_for_that(tab: Visit) -> None:
    page = tab("/distribution?v=1", motion="reduce")
    page.locator(".st-key-more summary").click()
    page.wait_for_timeout(60)  # while it would still open
    found = page.evaluate(MOVING)
    assert not found, report(found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_document_says_its_language(language: str, tab: Visit) -> None:
    page = tab("/?v=1", locale=LOCALES[language])
    document = page.locator("html")
    expect(document).to_have_attribute("lang", HTML_LANG[language])
    for other in sorted(LANGUAGES, key=lambda one: one == language):  # the others, and back
        page.get_by_role("button", name=LANGUAGES[other]).click()
        expect(document).to_have_attribute("lang", HTML_LANG[other])
        expect(page.get_by_role("link", name=Text(other)("nav.home")).first).to_be_visible()
