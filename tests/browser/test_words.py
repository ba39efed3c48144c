"""A screen says little at first sight, and what is folded away stays as its reader left it."""

import re

import pytest
from playwright.sync_api import expect

from pages.state.controls import ASPECTS, BOARDS, PARTS, SIGHTS, STOPS, TABS
from tests.support.tabs import Visit, go, settled

#: Words that a screen may show at first sight; a network's views say their finding above what it is made of.
MOST, OF_A_NETWORK = 60, 66
#: The same with the cause of a finding and the answers of the home page's doors, where that is beyond MOST:
#: a cause has the numbers of its own arithmetic, a network's sum those of one unit.
WITH_CAUSE = {"distribution": 72, "signal": 79, "model": 87, "checkpoint": 66}
CAUSES = ",.lab-cause,.lab-answer,.lab-worked,.lab-worked-bar"
VIEWS = {
    "home": ["/?v=1"],
    "distribution": [f"/distribution?v=1&tab={tab}" for tab in TABS],
    "compare": [f"/compare?v=1&aspect={aspect}" for aspect in ASPECTS],
    "signal": [f"/signal?v=1&depth=20&width=64&seeds=2&sight={sight}" for sight in SIGHTS],
    "model": [f"/model?v=1&part={part}" for part in PARTS],
    "checkpoint": [f"/checkpoint?v=1&board={board}" for board in BOARDS],
    "lesson": [f"/lesson?v=1&step={step}" for step in STOPS],
    "teach": ["/teach?v=1"],
}
#: What stands on the screen outside of charts, tables, code, formulas, menus and controls; the cause of what
#: is found, and the answers of the home page's doors, come on top.
SEEN = """() => {
    const fields = ['Selectbox', 'NumberInput', 'Radio', 'Slider', 'TextInput', 'TextArea', 'MultiSelect',
        'Checkbox', 'ButtonGroup', 'PageLink']
    const apart = [
        '[href="#stMain"],.js-plotly-plot,table,pre,.katex,nav,header,button,select,input',
        '.st-key-nav,.lab-right,.lab-layer,.lab-play,.lab-cause,.lab-answer,.lab-worked,.lab-worked-bar',
        ...fields.map(id => `[data-testid=st${id}]`), '[data-testid=stTabs] [role=tablist]',
    ].join(',')
    const how = { visibilityProperty: true, opacityProperty: true }
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = []
    while (texts.nextNode()) {
        const text = texts.currentNode, at = text.parentElement, range = document.createRange()
        range.selectNodeContents(text)
        const box = range.getBoundingClientRect()
        const folded = at.closest('details:not([open])') && !at.closest('summary')
        if (at.closest(apart) || folded || !at.checkVisibility(how)) continue
        if (box.width < 3 || box.top > innerHeight - 4 || box.bottom < 0 || box.right < 0) continue
        if (at.closest('[data-testid=stSidebar]') && !at.closest('.lab-hint,.lab-note')) continue
        found.push(text.data.replace(/[\\u00a0\\u202f]/g, ''))
    }
    return found.join(' ')
}"""


@pytest.mark.parametrize("name", VIEWS)
def test_no_screen_says_more_than_60_words_at_first_sight(name: str, tab: Visit) -> None:
    first, *others = VIEWS[name]
    page = tab(first)
    long = {}
    go(page, first)
    whole = [word for word in page.evaluate(SEEN.replace(CAUSES, "")).split() if re.search(r"\w", word)]
    assert len(whole) <= WITH_CAUSE.get(name, MOST), " ".join(whole)
    for path in (first, *others):
        go(page, path)
        words = [word for word in page.evaluate(SEEN).split() if re.search(r"\w", word)]
        assert len(words) >= 10
        if len(words) > (OF_A_NETWORK if name == "model" else MOST):
            long[path] = (len(words), " ".join(words))
    assert long == {}


def test_a_note_stays_unfolded_when_its_numbers_change(tab: Visit) -> None:
    page = tab("/distribution?v=1&scheme=uniform&fan_in=64&fan_out=40")
    note = page.locator(".st-key-view details.lab-note")
    expect(note).not_to_have_attribute("open", "")
    note.locator("summary").click()
    expect(note).to_have_attribute("open", "")
    before = note.inner_text()
    page.keyboard.press("d")
    page.wait_for_url(re.compile("seed=41"))
    settled(page)
    assert note.inner_text() != before
    expect(note).to_have_attribute("open", "")
    note.locator("summary").click()
    go(page, "/distribution?v=1&scheme=uniform&fan_in=64&fan_out=40&seed=43")
    expect(note).not_to_have_attribute("open", "")
