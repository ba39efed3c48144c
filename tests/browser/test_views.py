"""Every page and view at first sight: it fits its screen, says little, and nobody meets a barrier there."""

import re
from collections.abc import Sequence

import pytest
from playwright.sync_api import Page, expect

from pages.figures.palette import DARK, LIGHT
from pages.state.controls import ASPECTS, BOARDS, CONTROLS, PAGES, PARTS, SIGHTS, STOPS, TABS
from pages.text import HTML_LANG, LANGUAGES, Text
from tests.support.barriers import report, violations
from tests.support.tabs import LOCALES, PATHS, SIZES, Visit, fits, go, settled

#: Words that a screen may show at first sight.
MOST = 60
#: Schemes and activations whose causes and hints are long.
WORDY = ("xavier_uniform&gain=5", "kaiming_uniform&mode=fan_out", "uniform", "sparse", "mup_output")
#: language → a link to every kind of chart that there is in it
CHARTS = {
    "zh": (
        "scheme=sparse",
        "scheme=orthogonal&fan_in=4&fan_out=4",
        "tab=cumulative&scheme=sparse",
        "tab=largest",
    ),
    "en": (
        "scheme=trunc_normal&a=1&b=4",
        "scheme=eye",
        "scheme=kaiming_uniform&dtype=bfloat16",
        "tab=quantiles&fan_in=30&fan_out=20",
        "tab=largest&scheme=kaiming_uniform",
    ),
}
#: page → links to all that it shows, its first sight before the others
VIEWS: dict[str, Sequence[str]] = {
    "home": ["/?v=1"],
    "distribution": [
        *(f"/distribution?v=1&tab={tab}" for tab in TABS),
        *(f"/distribution?v=1&tab={tab}&scheme={WORDY[0]}" for tab in TABS),
        *(f"/distribution?v=1&scheme={key}" for key in WORDY),
        *(f"/distribution?v=1&{query}" for query in CHARTS["en"]),
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
#: The controls that views go by.
BY = {"tab", "aspect", "sight", "part", "board", "step"}
#: Views that may be longer than the screen: a long table, a script.
LONG = re.compile("=(numbers|rosetta|gains|figures|code|tensors)\\b|^/model")
#: pages that draw nothing
CHARTLESS = {"teach"}
GROUND = {"light": "rgb(255, 255, 255)", "dark": "rgb(19, 21, 25)"}
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


#: The smallest text that is seen, in pixels.
SMALLEST = """() => Math.min(...[...document.querySelectorAll('[data-testid=stMain] p, td, th, label, text')]
    .filter(e => e.textContent.trim() && e.getBoundingClientRect().width > 1)
    .map(e => parseFloat(getComputedStyle(e).fontSize)))"""


#: The colours of a table's columns that have these heads.
COLOURS = """heads => heads.map(head => {
    const at = [...document.querySelectorAll('.lab-table thead th')].find(th => th.textContent === head)
    const column = [...at.parentElement.children].indexOf(at)
    return getComputedStyle(at.closest('table').querySelector('tbody tr').children[column]).color
})"""


def _rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))})"


def _speaks_and_looks_right(page: Page, name: str, language: str, scheme: str) -> None:
    """The page has its chart, its language, its ground and no text that is smaller than 12 pixels."""
    expect(page.locator("[data-testid=stPlotlyChart]:not(:has(.main-svg))")).to_have_count(0)
    assert page.locator(".js-plotly-plot").count() or name in CHARTLESS, name
    expect(page.locator("html")).to_have_attribute("lang", HTML_LANG[language])
    assert Text(language)("nav.home") in page.locator(".st-key-nav").inner_text()
    ground = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    assert ground == GROUND[scheme]
    assert page.evaluate(SMALLEST) >= 12, name
    if name == "distribution":  # blue is what theory says, in tables as in charts
        look = {"light": LIGHT, "dark": DARK}[scheme]
        heads = [Text(language)(f"table.{column}") for column in ("drawn", "expected")]
        assert page.evaluate(COLOURS, heads) == [_rgb(look.ink), _rgb(look.law)]


@pytest.mark.parametrize("name", PAGES)
def test_every_view_fits_says_no_more_than_60_words_and_has_no_barrier(name: str, visit: Visit) -> None:
    assert (len(VIEWS[name]) > 1) == bool(BY & {*CONTROLS[name]} and name != "home")
    page = visit(VIEWS[name][0])  # who has chosen nothing elsewhere, which would be said
    page.wait_for_selector(".js-plotly-plot .main-svg" if name not in CHARTLESS else "h1")
    _speaks_and_looks_right(page, name, "en", "light")
    barriers: list[str] = []
    long = {}
    for path in VIEWS[name]:
        go(page, path)
        fits(page, "laptop", high=not LONG.search(path))
        barriers += violations(page)
        words = [word for word in page.evaluate(SEEN).split() if re.search(r"\w", word)]
        assert len(words) >= 10
        if len(words) > MOST:
            long[path] = (len(words), " ".join(words))
    assert long == {}
    assert not barriers, report(barriers)


#: a phone has the colours of any screen
AUDITED = {("en", "laptop", "dark"), ("zh", "phone", "light")}


# the theme changes colours and no sizes, so one screen will do for the dark one; all views were seen on the
# English laptop above
@pytest.mark.parametrize(
    ("language", "size", "scheme"),
    [
        *((one, size, "light") for one in LANGUAGES for size in SIZES if (one, size) != ("en", "laptop")),
        ("en", "laptop", "dark"),
    ],
)
def test_every_page_and_every_kind_of_chart_fits_its_screen_and_has_no_barrier(
    language: str, size: str, scheme: str, tab: Visit
) -> None:
    page = tab("/?v=1", size=size, locale=LOCALES[language], scheme=scheme)
    page.wait_for_selector(".js-plotly-plot .main-svg")  # what draws charts is loaded
    barriers: list[str] = []
    for name in PAGES:
        go(page, f"{PATHS[name]}?v=1")
        _speaks_and_looks_right(page, name, language, scheme)
        fits(page, size)
        if (language, size, scheme) in AUDITED:
            barriers += violations(page)
    # a chart has more room on a wide screen than on a laptop
    for query in CHARTS[language] if scheme == "light" and size != "wide" else ():
        go(page, f"/distribution?v=1&{query}")
        page.wait_for_selector(".js-plotly-plot .main-svg")
        fits(page, size)
    assert not barriers, report(barriers)


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
