"""In front of a class: the projector, its keys, a link on every phone, and what is taken home."""

import csv
import io
import json
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import numpy as np
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from pages.state.controls import PAGES
from pages.text import Text
from tests.support.barriers import report, violations
from tests.support.tabs import LOCALES, NAMED, Visit, choose, go, link, settled, until

CHARTED = [page for page in PAGES if page != "teach"]

#: The smallest text of each kind that is seen, in pixels as the screen has them.
SMALLEST = """() => {
    const seen = e => e.checkVisibility({visibilityProperty: true, opacityProperty: true})
        && e.getBoundingClientRect().width > 1
    const least = (where) => Math.min(...[...document.querySelectorAll(where)]
        .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && seen(e)
            && !e.closest('sub, sup, .katex, svg defs'))
        .map(e => parseFloat(getComputedStyle(e).fontSize)))
    return [least('[data-testid=stMain] :is(p, h1, h2, td, th, dt, dd, li, label, span:not(pre span))'),
        least('.js-plotly-plot text, .js-plotly-plot tspan:not([style*=font-size])')]
}"""
#: How much of the screen the chart covers, and how far its foot and the words below it are from the edge.
FILLED = """() => {
    const box = document.querySelector('.js-plotly-plot').getBoundingClientRect()
    return [box.width * box.height / innerWidth / innerHeight, innerHeight - box.bottom]
}"""


@pytest.mark.parametrize(
    ("language", "size", "scheme"),
    [("en", "wide", "light"), ("zh", "wide", "dark"), ("zh", "laptop", "light"), ("en", "laptop", "dark")],
)
def test_the_last_row_reads_every_page_and_none_has_a_barrier(
    language: str, size: str, scheme: str, tab: Visit
) -> None:
    opened = tab("/?view=projector", size=size, locale=LOCALES[language], scheme=scheme)
    barriers: list[str] = []
    for page in CHARTED:
        go(opened, f"/{'' if page == 'home' else page}?v=1&view=projector")
        opened.wait_for_selector(".js-plotly-plot .main-svg")
        settled(opened)
        words, chart = opened.evaluate(SMALLEST)
        if size == "wide":
            assert words >= 28, page
            assert chart >= 22, page
        else:
            assert words >= 20, page
            assert chart >= 22, page
        main = opened.locator("[data-testid=stMain]")
        assert main.evaluate("e => [e.scrollWidth - e.clientWidth, e.scrollHeight - e.clientHeight]") == [
            0,
            0,
        ]
        share, below = opened.evaluate(FILLED)
        assert share > (0.2 if page in {"home", "lesson", "checkpoint"} else 0.4), page
        assert below > 0
        assert not _shown(opened)
        if page != "home":  # which has its controls on the page
            expect(opened.locator("[data-testid=stSidebar]")).to_have_attribute("data-collapsed", "true")
        inside = opened.evaluate(
            """() => [...document.querySelectorAll('.js-plotly-plot text')].filter(text => {
                const box = text.closest('.js-plotly-plot').getBoundingClientRect()
                const own = text.getBoundingClientRect()
                return own.width && (own.left < box.left - 1 || own.right > box.right + 1
                    || own.top < box.top - 1 || own.bottom > box.bottom + 1)
            }).map(text => text.textContent)"""
        )
        assert inside == [], page
        if size == "laptop":
            barriers += violations(opened)
    go(opened, "/teach?v=1&view=projector")
    barriers += violations(opened)
    assert not barriers, report(barriers)


@pytest.mark.parametrize("link", ["part=parameters", "part=forward&net=12-9.relu-2", "part=network"])
def test_what_is_written_below_a_network_s_chart_leaves_it_its_height(link: str, tab: Visit) -> None:
    page = tab(f"/model?v=1&view=projector&{link}")
    settled(page)
    share, _ = page.evaluate(FILLED)
    assert share > 0.3


#: Which of menu and views are seen, and where the left one begins.
BAR = """() => [...document.querySelectorAll('.st-key-nav, [data-testid=stTabs] [role=tablist]')]
    .filter(one => one.checkVisibility({opacityProperty: true}))
    .map(one => one.getBoundingClientRect().left)"""

#: What of the menu lies out of the screen, or under its views.
CUT = """() => [...document.querySelectorAll('.st-key-nav :is(a,button)')].filter(one => {
    const box = one.getBoundingClientRect()
    const views = document.querySelector('[data-testid=stTabs] [role=tablist]').getBoundingClientRect()
    return box.left < 0 || box.right > innerWidth || box.top < 0 || box.bottom > views.top
}).map(one => one.innerText)"""


def _shown(page: Page) -> list[float]:
    shown: list[float] = page.evaluate(BAR)
    return shown


def test_a_projector_s_menu_and_views_come_with_the_pointer_or_a_key_and_go(tab: Visit) -> None:
    page = tab("/distribution?v=1&view=projector")
    drawn = page.locator(".js-plotly-plot .main-svg").first.bounding_box()
    page.mouse.move(600, 400)
    assert not _shown(page)
    page.mouse.move(600, 40)
    until(page, f"({BAR})().length === 2")
    assert page.evaluate(CUT) == []
    assert page.locator(".js-plotly-plot .main-svg").first.bounding_box() == drawn
    page.get_by_role("tab", name=Text("en")("tab.cumulative")).click()
    page.wait_for_url("**tab=cumulative**")
    settled(page)
    until(page, f"!({BAR})().length")  # though the pointer has stayed there
    page.keyboard.press("m")
    assert len(_shown(page)) == 2
    page.keyboard.press("Escape")
    assert not _shown(page)
    page.locator("[data-testid=stExpandSidebarButton]").click()
    expect(page.locator("[data-testid=stSidebar]")).to_have_attribute("data-collapsed", "false")
    settled(page)
    page.keyboard.press("m")
    assert min(_shown(page)) >= 300  # beside the drawer
    assert page.evaluate(CUT) == []
    page.locator("[data-testid=stSidebarCollapseButton] button").click()
    page.locator(".lab-menu").get_by_role("link", name=Text("en")("nav.model")).press("Enter")
    page.wait_for_url("**/model?**view=projector**")
    settled(page)
    weights = page.locator(".st-key-network .textpoint text[style*=shadow]")
    expect(weights).to_have_count(3 * 3 + 3 * 2 + 2 * 2)
    expect(weights.first).to_be_visible()
    go(page, "/model?v=1")
    expect(weights).to_have_count(19)
    expect(weights.first).to_be_hidden()  # circles lie where it would


def test_every_key_does_what_the_help_says(tab: Visit) -> None:
    page = tab("/distribution?v=1", size="wide")
    keys = page.keyboard
    keys.press("?")
    help_ = page.locator("dialog.lab-keys")
    expect(help_).to_be_visible()
    assert help_.locator("tr").count() == 12
    keys.press("Escape")
    expect(help_).to_be_hidden()
    keys.press("ArrowRight")
    page.wait_for_url("**scheme=kaiming_uniform**")
    keys.press("PageUp")
    page.wait_for_url(re.compile("distribution$"))
    settled(page)
    keys.press("d")
    page.wait_for_url("**seed=41**")
    settled(page)
    keys.press("p")
    page.wait_for_url("**view=projector**")
    settled(page)
    expect(page.locator("[data-testid=stSidebar]")).to_have_attribute("data-collapsed", "true")
    keys.press("7")
    page.wait_for_url("**tab=code**")
    settled(page)
    keys.press("1")
    page.wait_for_url(re.compile("^((?!tab=).)*$"))
    settled(page)
    keys.press("h")
    page.wait_for_url("**predict=on**")
    expect(page.get_by_role("heading", name=Text("en")("predict.distribution"))).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_hidden()
    assert page.get_by_role("heading", name=re.compile("A normal law")).count() == 0  # nobody hears it either
    keys.press("Enter")
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    expect(page.locator("h1.lab-headline").first).to_contain_text("A normal law")
    settled(page)
    keys.press("f")
    until(page, "Boolean(document.fullscreenElement)")
    keys.press("f")
    until(page, "!document.fullscreenElement")
    keys.press("p")
    page.wait_for_url(re.compile("^((?!view=).)*$"))
    settled(page)
    expect(page.locator("[data-testid=stSidebar]")).to_have_attribute("data-collapsed", "false")


def test_keys_leave_a_field_alone(tab: Visit) -> None:
    page = tab("/distribution?v=1")
    field = page.get_by_label("Seed", exact=True)
    field.click()
    field.press("End")
    page.keyboard.type("?dpf")
    assert field.input_value() == "40?dpf"
    expect(page.locator("dialog.lab-keys")).to_be_hidden()
    assert link(page) == {}


def _read(page: Page) -> list[str]:
    """Return what a phone reads off the screen."""
    screen = Image.open(io.BytesIO(page.screenshot())).convert("L")
    return [found.text for found in zxingcpp.read_barcodes(np.asarray(screen))]


def test_a_phone_reads_the_link_off_the_screen(visit: Visit) -> None:
    page = visit("/teach?v=1")
    page.goto(page.url.replace("localhost", NAMED))  # which is the server's name in the network
    settled(page)
    for query in ("v=1&scheme=orthogonal&gain=1.5&seed=7&lang=zh", "v=1&view=projector"):
        page.keyboard.press("Escape")
        go(page, f"/distribution?{query}")
        page.keyboard.press("s")
        code = page.locator(".lab-qr img")
        expect(code).to_be_visible()
        page.wait_for_timeout(500)  # the dialog glides in
        (address,) = _read(page)
        held = {n: v for n, v in parse_qsl(query) if n not in {"lang", "view"}}
        assert dict(parse_qsl(urlsplit(address).query)) == (held if len(held) > 1 else {})
        assert urlsplit(address).path == "/distribution"
        assert urlsplit(address).netloc == urlsplit(page.url).netloc
        box = code.bounding_box()
        assert box
        assert box["height"] > 0.6 * 720


@pytest.mark.parametrize("clipboard", ["allowed", "absent"])
def test_the_link_is_copied_with_one_click(clipboard: str, tab: Visit, visit: Visit) -> None:
    page = (tab if clipboard == "allowed" else visit)("/compare?v=1&rows=zeros-ones")
    if clipboard == "allowed":
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    else:  # as over http from another machine, where pages have no clipboard
        page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
        page.evaluate(
            """document.execCommand = how => {
                window.copied = document.activeElement.value
                return how === 'copy'
            }"""
        )
    page.get_by_role("button", name="Share").click()
    page.get_by_role("button", name=Text("en")("share.copy")).click()
    expect(page.locator(".lab-copied")).to_have_text(Text("en")("share.copied"))
    read = "navigator.clipboard.readText()" if clipboard == "allowed" else "window.copied"
    assert page.evaluate(read) == page.url


def _saved(page: Page, name: str, folder: Path) -> Path:
    """Press a button of the dialog and return the file that it gives."""
    with page.expect_download() as download:
        page.get_by_role("dialog").get_by_role("button", name=name, exact=True).first.click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file


def test_all_of_a_page_is_taken_home(tab: Visit, tmp_path: Path) -> None:
    page = tab("/distribution?v=1&scheme=kaiming_uniform&fan_in=30&fan_out=20", locale="zh-CN", scheme="dark")
    page.get_by_role("button", name="导出").click()
    page.wait_for_selector("[role=dialog] .main-svg")
    settled(page)
    picture = Image.open(_saved(page, "PNG", tmp_path)).convert("RGB")
    assert picture.width == 2400  # 20 cm at 300 dots an inch
    assert picture.height > 3 * 420
    assert picture.getpixel((3, 3)) == (255, 255, 255)  # on paper even from the dark
    drawing = ElementTree.parse(_saved(page, "SVG", tmp_path))  # noqa: S314 - our own
    assert drawing.getroot().tag == "{http://www.w3.org/2000/svg}svg"
    written = " ".join(drawing.getroot().itertext())
    assert "理论" in written
    assert "√(6/30)" in written
    # what it shows, of what, and where from
    link = page.url.partition("/distribution")[2]  # by whatever name others reach it
    for said in (page.locator("h1.lab-headline").inner_text(), "30 → 20", "600", "40", f"distribution{link}"):
        assert said in written
    assert re.search(r"Kaiming 均匀.*种子 40", written)
    assert f"{Text('zh')('app.name')} · " in written
    assert "Noto Sans CJK SC" in ElementTree.tostring(drawing.getroot(), encoding="unicode")
    rows = list(csv.DictReader(_saved(page, "CSV", tmp_path).read_text("utf-8-sig").splitlines()))
    assert sum(int(row["count"]) for row in rows) == 600
    weights = np.load(_saved(page, ".npy", tmp_path))
    assert weights.shape == (20, 30)
    assert np.abs(weights).max() <= np.sqrt(6 / 30)


def test_what_was_taken_home_opens_without_a_network(tab: Visit, browser: Browser, tmp_path: Path) -> None:
    t = Text(language := "zh")
    page = tab("/signal?v=1&depth=5&width=16&seeds=2", locale=LOCALES[language])
    page.keyboard.press("e")
    page.wait_for_selector("[role=dialog] .main-svg")
    settled(page)
    files = [_saved(page, t("tools.report"), tmp_path), _saved(page, "HTML", tmp_path)]
    context = browser.new_context(offline=True, viewport={"width": 390, "height": 844})
    for file in files:
        wrong: list[str] = []
        at_home = context.new_page()
        at_home.on("console", lambda message, wrong=wrong: wrong.append(message.text))  # type: ignore[misc]
        at_home.on("pageerror", lambda error, wrong=wrong: wrong.append(str(error)))  # type: ignore[misc]
        at_home.goto(file.as_uri())
        at_home.wait_for_selector(".main-svg")
        assert wrong == []
        assert at_home.evaluate("document.documentElement.lang").startswith(language)
        assert at_home.evaluate("document.documentElement.scrollWidth") <= 390
    (report, _) = (tab.locator("body").inner_text() for tab in context.pages)
    assert page.url in report
    assert "torch" in report
    assert json.dumps(t("app.name"), ensure_ascii=False).strip('"') in report
    context.close()


def test_a_hidden_control_is_not_there_and_a_locked_one_is_fast(tab: Visit) -> None:
    page = tab("/distribution?v=1&hide=device,more,menu,tab&lock=fan_in,fan_out")
    sidebar = page.locator("[data-testid=stSidebar]")
    expect(sidebar.get_by_label("fan_in", exact=True)).to_be_disabled()
    expect(sidebar.get_by_label("Seed", exact=True)).to_be_enabled()
    for words in ("Device", "More"):
        assert sidebar.get_by_text(words, exact=True).count() == 0
    assert page.get_by_role("tab").count() == 0
    assert page.get_by_role("link", name="Compare").count() == 0
    page.get_by_role("button", name="Redraw").click()
    page.wait_for_url("**seed=41**")
    assert link(page)["hide"] == "device,more,menu,tab"


def test_the_theme_keeps_what_was_chosen(visit: Visit) -> None:
    page = visit("/signal?v=1&depth=5&width=16&seeds=2&sight=gains")
    page.get_by_role("link", name="Dark").click()
    page.wait_for_url("**embed_options=dark_theme**")
    settled(page)
    assert link(page) | {"embed_options": ""} == {
        "v": "1",
        "depth": "5",
        "width": "16",
        "seeds": "2",
        "sight": "gains",
        "embed_options": "",
    }


def test_letters_do_the_same_while_a_list_has_the_focus(tab: Visit) -> None:
    page = tab("/distribution?v=1")
    choose(page, "Scheme", "Zeros", "**scheme=zeros**", exact=True)
    expect(page.get_by_label("Scheme", exact=True).first).to_be_focused()
    page.keyboard.press("h")
    page.wait_for_url("**predict=on**")
    settled(page)
    page.get_by_label("Scheme", exact=True).first.focus()
    page.keyboard.press("h")
    page.wait_for_url(lambda url: "predict" not in url)
    settled(page)
    page.get_by_label("Scheme", exact=True).first.focus()
    page.keyboard.press("ArrowDown")  # which is the list's own
    expect(page.get_by_role("listbox")).to_be_visible()
    page.keyboard.press("Escape")
