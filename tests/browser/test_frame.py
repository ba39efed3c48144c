"""What stands around every page: it stands still, is all in one language, and is never blank or silent."""

import os
import sys
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from pages.figures.palette import DARK, LIGHT
from pages.text import Text
from tests.support.stream import Server, free_port, serving
from tests.support.tabs import SIZES, Visit, go, link, settled

T = Text("en")
#: pages with a drawer, and without
WITH, WITHOUT = ("/distribution?v=1", "/compare?v=1"), ("/?v=1", "/teach?v=1")
#: Where the menu's links and its tools begin and end.
PLACES = """() => Object.fromEntries(
    [...document.querySelectorAll('.st-key-nav :is(a,button)')].map(one => {
        const box = one.getBoundingClientRect()
        return [one.innerText, [box.left, box.top, box.right, box.bottom].map(Math.round)]
    }).filter(([, box]) => box[2]))"""
#: The ground at the middle of the window, as it is seen before anything stands on it.
GROUND = "getComputedStyle(document.documentElement).backgroundColor"
#: How long a lost connection may go unsaid, in milliseconds.
SAID = 1000


@pytest.mark.parametrize("size", SIZES)
def test_the_menu_stands_still_from_page_to_page(size: str, tab: Visit) -> None:
    page = tab(WITHOUT[0], size=size)
    first = page.evaluate(PLACES)
    for path in (*WITH, *WITHOUT):
        go(page, path)
        here = page.evaluate(PLACES)
        assert here.keys() ^ first.keys() <= {T("plan.add")}, path  # which a page that shows nothing lacks
        both = here.keys() & first.keys()
        assert {name: here[name] for name in both} == {name: first[name] for name in both}, path
    links = [first[T(f"nav.{name}")] for name in ("home", "distribution", "compare", "signal", "teach")]
    tools = [box for name, box in first.items() if name in {T("nav.share"), T("nav.export"), T("nav.dark")}]
    width = SIZES[size][0]
    if size == "phone":  # below the pages, and no line has one word alone
        assert min(box[1] for box in tools) >= max(box[3] for box in links)
        middles = [(box[1] + box[3]) // 2 for box in first.values()]
        lines = [sum(abs(one - other) < 10 for other in middles) for one in middles]
        assert min(lines) >= 3
    else:
        assert len({box[1] for box in links}) == 1
        assert min(box[0] for box in tools) > max(box[2] for box in links) + 100
    assert 0 <= width - max(box[2] for box in tools) <= 24


def test_a_page_opens_at_its_top_wherever_the_last_one_was_read(visit: Visit) -> None:
    page = visit("/lesson?v=1", size="phone")
    page.evaluate(
        """() => { const high = new CSSStyleSheet()
            high.replaceSync('[data-testid=stMainBlockContainer] { min-height:3000px }')
            document.adoptedStyleSheets.push(high) }"""
    )  # or a page that is empty for a moment would lose its place by itself, now and then
    main = page.locator("[data-testid=stMain]")
    for path in ("/?v=1", "/compare?v=1"):
        main.evaluate("e => e.scrollTo(0, 400)")
        assert main.evaluate("e => e.scrollTop") == 400
        go(page, path)
        assert main.evaluate("e => e.scrollTop") == 0


def test_tools_are_in_the_second_ink(tab: Visit) -> None:
    page = tab(WITH[0])
    ink = "name => getComputedStyle(document.querySelector(name)).color"
    second = page.evaluate(
        """() => { const one = document.createElement('p'); one.style.color = 'var(--ink2)'
            document.body.append(one); const ink = getComputedStyle(one).color; one.remove(); return ink }"""
    )
    assert page.evaluate(ink, ".st-key-share p") == page.evaluate(ink, ".st-key-add_step p") == second
    assert page.evaluate(ink, ".lab-menu a") != second


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/distribution?v=1&scheme=kaiming_uniform", "control.scheme"),
        ("/?v=1&scheme=kaiming_uniform", "control.scheme"),
        ("/lesson?v=1&predict=on", "control.predict"),
    ],
)
def test_a_switched_language_is_that_of_what_is_chosen_too(path: str, label: str, visit: Visit) -> None:
    page = visit(path)
    chosen = link(page)
    before = page.get_by_label(T(label), exact=True).input_value()
    page.get_by_role("button", name="中文").click()
    page.wait_for_url("**lang=zh**")
    field = page.get_by_label(Text("zh")(label), exact=True)
    expect(field).not_to_have_value(before)
    settled(page)
    in_chinese = field.input_value()
    assert link(page) == chosen | {"lang": "zh"}
    page.reload()  # which reads all from the link
    settled(page)
    expect(field).to_have_value(in_chinese)
    page.get_by_role("button", name="English").click()
    expect(page.get_by_label(T(label), exact=True)).to_have_value(before)
    settled(page)
    assert {**link(page), "lang": ""} == chosen | {"lang": ""}


#: Notes when the connection ends, and what is said of it when.
LISTEN = """
    window.ended = 0
    window.told = []
    const Plain = WebSocket
    window.WebSocket = class extends Plain {
        constructor(...given) {
            super(...given)
            this.addEventListener('close', () => { ended ||= performance.now() })
        }
    }
"""
HEAR = """() => new MutationObserver(() => told.push([performance.now(),
    document.querySelector('.lab-lost').textContent]))
    .observe(document.querySelector('.lab-lost'), {childList: true})"""


def test_a_lost_connection_is_said_at_once_and_until_it_is_back(browser: Browser) -> None:
    port = free_port()
    command, environment = (sys.executable, "-m", "pages.server"), {**os.environ, "PORT": str(port)}
    context = browser.new_context(locale="en-US")
    context.add_init_script(LISTEN)
    page = context.new_page()
    with serving(command, port, environment):
        page.goto(f"http://localhost:{port}/distribution?v=1&seed=7")
        status = page.locator(".lab-lost[role=status]")
        expect(status).to_have_text("")
        page.evaluate(HEAR)
    expect(status).to_have_text(T("error.lost"))
    [when, _], *_ = page.evaluate("told")
    assert 0 <= when - page.evaluate("ended") < SAID
    page.wait_for_timeout(4000)  # Streamlit's dialog, which would silence it, comes after three seconds
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert status.get_attribute("inert") is None
    expect(status).to_be_visible()
    with serving(command, port, environment):
        expect(status).to_have_text("", timeout=30_000)
        assert page.get_by_label(T("control.seed"), exact=True).input_value() == "7"
        context.close()


@pytest.mark.parametrize("schemes", [3, 5, 8])
def test_panels_use_a_high_screen(schemes: int, tab: Visit) -> None:
    rows = "-".join(
        ("zeros", "ones", "normal", "uniform", "eye", "lecun_normal", "sparse", "orthogonal")[:schemes]
    )
    page = tab(f"/compare?v=1&rows={rows}&fan_in=64&fan_out=64", size="wide")
    box = page.locator(".js-plotly-plot").bounding_box()
    assert box is not None
    assert 0.85 < (box["y"] + box["height"]) / SIZES["wide"][1] < 1
    panel = page.evaluate(
        "() => document.querySelector('.js-plotly-plot .main-svg').getBoundingClientRect().height"
    )
    assert panel == pytest.approx(box["height"], abs=2)  # what is drawn fills its place


def _unpainted(browser: Browser, address: str, scheme: Literal["light", "dark"], kept: str) -> Page:
    """Return a page for which Streamlit's own code never comes: what it shows is its first paint."""
    context = browser.new_context(color_scheme=scheme)
    context.route("**/static/js/**", lambda route: route.abort())
    context.route("**/static/css/**", lambda route: route.abort())
    page = context.new_page()
    if kept:
        context.add_init_script(f"localStorage.setItem('stActiveTheme-/distribution-v2', '\"{kept}\"')")
    page.goto(address)
    return page


@pytest.mark.parametrize(
    ("scheme", "asked", "kept", "paper"),
    [
        ("light", "", "", LIGHT.paper),
        ("dark", "", "", DARK.paper),
        ("light", "&embed_options=dark_theme", "", DARK.paper),
        ("dark", "&embed_options=light_theme", "Dark", LIGHT.paper),
        ("light", "", "Dark", DARK.paper),
        ("dark", "", "Light", LIGHT.paper),
        ("dark", "", "System", DARK.paper),
    ],
)
def test_the_first_paint_has_the_ground_of_the_page(  # noqa: PLR0917
    scheme: Literal["light", "dark"], asked: str, kept: str, paper: str, browser: Browser, served: Server
) -> None:
    page = _unpainted(browser, f"{served.url}/distribution?v=1{asked}", scheme, kept)
    red, green, blue = (int(paper[at : at + 2], 16) for at in (1, 3, 5))
    assert page.evaluate(GROUND) == f"rgb({red}, {green}, {blue})"
    page.context.close()


def test_where_a_file_is_chosen_speaks_the_page_s_language(tab: Visit) -> None:
    page = tab("/teach?v=1&prepare=plan&plan=own", locale="zh-CN")
    zone = page.locator("[data-testid=stFileUploaderDropzone]")
    expect(zone.locator("button")).to_contain_text("选择文件")
    expect(zone).to_contain_text("不超过 1MB：MD")
    page.get_by_role("button", name="English").click()
    expect(zone.locator("button")).to_contain_text("Choose a file")
    expect(zone).to_contain_text("up to 1MB: MD")
    assert "Upload" not in zone.inner_text()
