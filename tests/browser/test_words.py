"""A screen says little at first sight, and what is folded away stays as its reader left it."""

import re

import pytest
from playwright.sync_api import expect

from pages.state.controls import ASPECTS, BOARDS, PARTS, SIGHTS, STOPS, TABS
from tests.support.tabs import Visit, go, settled

#: Words that a screen may show at first sight.
MOST = 60
#: Schemes and activations whose causes and hints are long.
LONG = ("xavier_uniform&gain=5", "kaiming_uniform&mode=fan_out", "uniform", "sparse", "mup_output")
VIEWS = {
    "home": ["/?v=1"],
    "distribution": [
        *(f"/distribution?v=1&tab={tab}&scheme={key}" for key in ("kaiming_normal", LONG[0]) for tab in TABS),
        *(f"/distribution?v=1&scheme={key}" for key in LONG),
    ],
    "compare": [f"/compare?v=1&aspect={aspect}" for aspect in ASPECTS],
    "signal": [
        *(f"/signal?v=1&depth=20&width=64&sight={sight}" for sight in SIGHTS),
        *(f"/signal?v=1&activation=tanh&sight={sight}" for sight in ("forward", "gradient", "saturation")),
        "/signal?v=1&depth=20&width=64&activation=sigmoid&bias=normal&sigma_b=0.5",
    ],
    "model": [f"/model?v=1&part={part}" for part in PARTS],
    "checkpoint": [f"/checkpoint?v=1&board={board}" for board in BOARDS],
    "lesson": [f"/lesson?v=1&step={step}" for step in STOPS],
    "teach": ["/teach?v=1"],
}
#: What stands on the screen outside of charts, tables, code, formulas, menus and controls. A sign without a
#: letter or a digit is no word; an index belongs to its letter.
SEEN = """() => {
    const fields = ['Selectbox', 'NumberInput', 'Radio', 'Slider', 'TextInput', 'TextArea', 'MultiSelect',
        'Checkbox', 'ButtonGroup', 'PageLink']
    const apart = [
        '[href="#stMain"],.js-plotly-plot,table,pre,.katex,nav,header,button,select,input',
        '.st-key-nav,.lab-right,.lab-layer,.lab-play',
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
        const index = text.parentElement.closest('sub,sup') || text.previousSibling?.matches?.('sub,sup')
        found.push((index ? '' : ' ') + text.data.replace(/[\\u00a0\\u202f]/g, ''))
    }
    return found.join('')
}"""


@pytest.mark.parametrize("name", VIEWS)
def test_no_screen_says_more_than_60_words_at_first_sight(name: str, visit: Visit) -> None:
    first, *others = VIEWS[name]
    page = visit(first)  # who has chosen nothing elsewhere, which would be said
    long = {}
    for path in (first, *others):
        go(page, path)
        words = [word for word in page.evaluate(SEEN).split() if re.search(r"\w", word)]
        assert len(words) >= 10
        if len(words) > MOST:
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
