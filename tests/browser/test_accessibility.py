"""What the pages are for those who do not see them, or see them badly, or use no mouse."""

from collections.abc import Sequence

import pytest
from playwright.sync_api import CDPSession, Page, expect

from pages.state.controls import PAGES, TABS
from pages.text import HTML_LANG, LANGUAGES, Text
from tests.support.barriers import report
from tests.support.tabs import LOCALES, PATHS, Visit, go, settled

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
#: The focus goes to the document's beginning, or its end, wherever it was.
BEGIN = """first => {
    const end = document.createElement('p')
    end.tabIndex = -1
    document.body[first ? 'prepend' : 'append'](end)
    end.focus()
    end.remove()
    getSelection().removeAllRanges()
    scrollTo(0, 0)
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
    if (!document.controls.includes(at)) { // made anew when it came into view
        const was = document.controls.findIndex(e => !e.isConnected && e.tagName === at.tagName)
        if (was >= 0) document.controls[was] = at
    }
    const light = colour => {
        const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(part => part / 255)
            .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const drawn = [at]
    for (let e = at.parentElement; e && drawn.length < 4; e = e.parentElement) drawn.push(e)
    const ring = drawn.reduce((best, e) => outlined(e) > outlined(best) ? e : best)
    const ground = getComputedStyle(document.querySelector('.stApp')).backgroundColor
    const [dark, bright] = [light(getComputedStyle(ring).outlineColor), light(ground)].sort((a, b) => a - b)
    const seen = at.offsetWidth > 2 ? at : at.closest('label') ?? at
    const box = seen.getClientRects()[0] ?? seen.getBoundingClientRect()
    const x = box.left + box.width / 2, y = box.top + Math.min(box.height, innerHeight) / 2
    const top = document.elementFromPoint(x, y)
    return {
        index: document.controls.indexOf(at),
        name: at.tagName + ' ' + (at.getAttribute('aria-label') ?? at.textContent).trim().slice(0, 40),
        outline: outlined(ring),
        idle: at.tagName === 'MAIN' && at.scrollHeight <= at.clientHeight,
        contrast: (bright + 0.05) / (dark + 0.05),
        box: [box.left, box.top, box.width, box.height].map(Math.round),
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


@pytest.mark.parametrize(
    ("path", "scheme", "keys"),
    [
        ("/?v=1", "light", ("Tab",)),
        ("/distribution?v=1", "dark", ("Tab", "Shift+Tab")),
        ("/compare?v=1", "light", ("Tab",)),
        ("/signal?v=1&depth=12&width=32&seeds=3&samples=8", "light", ("Tab", "Shift+Tab")),
        ("/model?v=1", "dark", ("Tab",)),
        ("/checkpoint?v=1", "light", ("Tab",)),
        ("/lesson?v=1&step=network", "dark", ("Tab",)),
        ("/teach?v=1", "light", ("Tab",)),
    ],
    ids=PAGES,
)
def test_the_keyboard_alone_reaches_every_control_and_shows_where_it_is(
    path: str, scheme: str, keys: Sequence[str], tab: Visit
) -> None:
    page = tab("/?v=1", scheme=scheme)
    go(page, path)
    page.wait_for_selector("[role=tab],[role=slider],.lab-first,pre")
    settled(page)
    controls: list[str] = page.evaluate(CONTROLS)
    assert len(controls) >= 15  # the menu, the sidebar, the tabs
    wrong = [line for key in keys for line in walked(page, key, controls)]
    assert not wrong, report(wrong)


def test_dialogs_hold_the_focus_and_give_it_back_and_the_skip_link_passes_the_menu(tab: Visit) -> None:
    page = tab("/distribution?v=1", locale=LOCALES["zh"])
    t = Text("zh")
    for key, opener in (("Enter", ".st-key-share button"), ("?", ".st-key-export button")):
        page.locator(opener).focus()
        page.keyboard.press(key)
        dialog = page.locator("[role=dialog], dialog[open]")
        expect(dialog).to_be_visible()
        page.wait_for_timeout(500)  # it glides in
        for _ in range(8):  # more than it has stops
            page.keyboard.press("Tab")
            assert page.evaluate("!document.activeElement.closest('.st-key-nav, [data-testid=stSidebar]')")
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(page.locator(opener)).to_be_focused()
    expect(page.get_by_role("button", name=t("part.fold"))).to_be_visible()
    page.evaluate("document.activeElement.blur(), getSelection().removeAllRanges()")
    skip = page.get_by_role("link", name=t("part.skip"))
    skip.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("Boolean(document.activeElement.closest('[data-testid=stMain]'))")


def walked(page: Page, key: str, controls: Sequence[str]) -> list[str]:
    """Return what is wrong on a walk through the page, from its beginning or its end, by a key."""
    page.evaluate(BEGIN, key == "Tab")
    reached: list[int] = []
    wrong = []
    boxes: dict[tuple[int, ...], str] = {}
    spoken = page.context.new_cdp_session(page)
    for _ in range(2 * len(controls)):
        page.keyboard.press(key)
        place = page.evaluate(PLACE)
        if place is None or place["index"] in reached:
            break
        reached.append(place["index"])
        if place["idle"]:
            wrong.append(f"there is nothing to do at {place['name']}")
        if not _called(spoken):
            wrong.append(f"nobody hears what it is: {place['name']}")
        if (other := boxes.setdefault(tuple(place["box"]), place["name"])) != place["name"]:
            wrong.append(f"two stops in one place: {other}, {place['name']}")
        if place["contrast"] < 3:  # WCAG 2.2, 1.4.11
            wrong.append(f"the focus is pale: {place['contrast']:.2f}, {place['name']}")
        if place["outline"] < 2:
            wrong.append(f"the focus is not seen: {place['name']}")
        if not place["shown"]:
            wrong.append(f"it lies off the screen, or under something: {place['name']}")
    return wrong + [f"{key} does not reach: {text}" for at, text in enumerate(controls) if at not in reached]


def _called(spoken: CDPSession) -> str:
    """Return the name of what has the focus, as a screen reader says it."""
    at = spoken.send("Runtime.evaluate", {"expression": "document.activeElement"})["result"]["objectId"]
    tree = spoken.send("Accessibility.getPartialAXTree", {"objectId": at, "fetchRelatives": False})
    return str(tree["nodes"][0].get("name", {}).get("value", "")).strip()


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


#: Where the focus is: in the menu, in the drawer, or in the content.
PART = """() => document.activeElement.closest('.st-key-nav') ? 'menu'
    : document.activeElement.closest('[data-testid=stSidebar]') ? 'drawer'
    : document.activeElement.closest('[data-testid=stMain]') ? 'content' : ''"""


def test_the_tab_key_comes_to_the_menu_then_the_content_then_the_drawer(tab: Visit) -> None:
    page = tab("/distribution?v=1")
    settled(page)
    page.evaluate(f"({BEGIN})(true)")
    parts: list[str] = []
    while parts[-1:] != [""] or len(parts) < 3:  # the skip link comes first, and the document's end last
        page.keyboard.press("Tab")
        part = page.evaluate(PART)
        parts += [part] if parts[-1:] != [part] else []
        assert len(parts) < 9, parts
    assert parts == ["", "menu", "content", "drawer", ""]
