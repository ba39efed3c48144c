"""The journeys that matter, in a real Chromium against the real server."""

import csv
import re
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Page, expect

from pages.state.controls import CONTROLS, PAGES
from pages.text import Text
from tests.support.stream import server
from tests.support.tabs import PATHS, Visit, choose, go, link, settled

#: page → a choice of its own, and words that its page then says
OPENS = {
    "home": ({"scheme": "kaiming_uniform"}, "±0.1083"),
    "distribution": ({"scheme": "kaiming_uniform"}, "±0.1083"),
    "compare": ({"rows": "kaiming_uniform-zeros"}, "Of these, only Kaiming uniform (He) varies: σ = 0.0625."),
    "signal": (
        {"activation": "sin(z)", "depth": "5", "width": "32", "sight": "gains"},
        # √(2/(1 − e⁻²)) and √(2/(1 + e⁻²))
        Text("en")("gains.none", activation="sin(z)", forward="1.521", backward="1.327"),
    ),
    "model": ({"net": "3-2"}, "Total params: 8"),
    "checkpoint": ({"example": "swapped"}, "where 3 other layers have ±1/√fan_in, here 0.0884"),
    "lesson": ({"step": "xavier"}, "std √(2/(5 + 3)) = 0.5"),
    "teach": ({"prepare": "plan", "plan": "depth"}, Text("en")("plan.download")),
}


def _headline(page: Page) -> str:
    return page.locator("h1.lab-headline").inner_text().replace("\n", " ")


def test_a_deep_link_opens_on_a_fresh_server_and_then_every_other(visit: Visit) -> None:
    assert set(OPENS) == set(PAGES)
    with server() as fresh:
        opened = visit("/")  # the context's rules, then the fresh server
        for at, page in enumerate(reversed(PAGES)):  # the last first: home is what a server knows anyway
            own, words = OPENS[page]
            query = {"v": "1", **own} | ({"seed": "7"} if "seed" in CONTROLS[page] else {})
            path = f"{PATHS[page]}?{urlencode(query)}"
            if at < 2:  # loaded anew, and then in the same tab what the server answers alike
                opened.goto(fresh.url + path)
                settled(opened)
                front_end = opened.request.get(fresh.url + path).text()
                assert "data-ground" in front_end  # as whoever asks is given it
            else:
                assert opened.request.get(fresh.url + path).text() == front_end
                go(opened, path)
            assert words in opened.locator("[data-testid=stMain]").inner_text()
            assert opened.get_by_text("Page not found").count() == 0
            assert link(opened) == query
        opened.close()  # before its server, which it would miss


def test_a_long_draw_shows_how_far_it_is_and_can_be_stopped_and_gone_on_with(tab: Visit) -> None:
    page = tab("/distribution?v=1&fan_in=16384")
    field = page.get_by_label("fan_out", exact=True)
    field.fill("65536")
    field.press("Enter")
    expect(page.locator("progress.lab-bar")).to_be_visible()
    expect(page.get_by_text(re.compile("of 1\\D073\\D741\\D824 weights"))).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_have_count(1)  # the chart before it stays
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled: ")).to_be_visible()
    assert field.input_value() == "65536"
    assert page.locator(".js-plotly-plot").count() == 0
    page.get_by_role("button", name="Draw", exact=True).click()
    expect(page.locator("progress.lab-bar")).to_be_visible()
    # a visitor who goes on to something else does not wait
    field.fill("100")
    field.press("Enter")
    expect(page.locator("h1.lab-headline")).to_contain_text("1\u202f638\u202f400 weights")
    expect(page.locator("progress.lab-bar")).to_have_count(0)


def test_a_layer_is_chosen_or_typed(tab: Visit) -> None:
    page = tab()
    page.locator(".st-key-more summary").click()
    settled(page)
    layer = page.get_by_label("Layer", exact=True)
    layer.fill("Conv2d(8, 16, 5, groups=4)")
    layer.press("Enter")
    page.wait_for_url("**layer=Conv2d**")
    page.locator("summary", has_text="fan_in 50, fan_out 400").click()
    expect(page.get_by_text("each output reads 50 inputs, and each input feeds 100 outputs")).to_be_visible()
    page.reload()
    settled(page)
    assert link(page) == {"v": "1", "layer": "Conv2d(8, 16, 5, groups=4)"}
    expect(page.locator(".lab-context")).to_contain_text("Conv2d(8, 16, 5, groups=4) · 800 weights")


def test_typing_and_choosing_changes_chart_and_link_and_back_undoes(tab: Visit) -> None:
    page = tab()
    page.get_by_label("fan_in", exact=True).fill("100")
    page.get_by_label("fan_in", exact=True).press("Enter")
    page.wait_for_url("**fan_in=100**")
    expect(page.locator("h1.lab-headline")).to_contain_text("25\u202f600 weights")
    page.get_by_role("button", name="Redraw").click()
    page.wait_for_url("**seed=41**")
    choose(page, "Scheme", "Xavier uniform (Glorot)", "**scheme=xavier_uniform**")
    settled(page)
    assert "±0.1298" in _headline(page)  # √(6/356)
    assert link(page) == {"v": "1", "scheme": "xavier_uniform", "fan_in": "100", "seed": "41"}
    page.reload()
    settled(page)
    assert "±0.1298" in _headline(page)
    assert page.get_by_label("Seed", exact=True).input_value() == "41"


def test_the_back_button_goes_back(tab: Visit) -> None:
    page = tab("/distribution?v=1&fan_in=100")
    page.get_by_label("fan_in", exact=True).fill("200")
    page.get_by_label("fan_in", exact=True).press("Enter")
    page.wait_for_url("**fan_in=200**")
    settled(page)
    page.go_back()
    page.wait_for_url("**fan_in=100**")
    expect(page.locator("h1.lab-headline")).to_contain_text("25\u202f600 weights")
    expect(page.get_by_label("fan_in", exact=True)).to_have_value("100")


def test_a_wrong_entry_is_answered_beside_its_control(tab: Visit) -> None:
    page = tab()
    before = _headline(page)
    field = page.get_by_label("fan_out", exact=True)
    field.fill("none")
    field.press("Enter")
    alert = page.get_by_role("alert").filter(has_text="fan_out must be a whole number")
    expect(alert).to_be_visible()
    gap = alert.bounding_box()["y"] - field.bounding_box()["y"]  # type: ignore[index]
    assert 0 < gap < 80
    assert field.input_value() == "none"
    assert _headline(page) == before
    field.fill("128")
    field.press("Enter")
    page.wait_for_url("**fan_out=128**")
    expect(alert).to_have_count(0)


def test_nothing_from_a_link_is_taken_for_html(tab: Visit) -> None:
    page = tab("/distribution?fan_in=<img src=x onerror=alert(1)>&scheme=<b>bold</b>&<i>x</i>=1")
    assert page.locator("[role=alert] b, [role=alert] img, [role=alert] i").count() == 0
    assert "<b>bold</b>" in page.locator("[data-testid=stSidebar]").inner_text()


#: Whether a click on a link is taken from the browser, by each key that opens a tab or a window there.
TAKEN = """link => ['ctrlKey', 'metaKey', 'shiftKey', 'altKey', 'button'].map(key => {
    let taken = null
    const hear = event => { taken = event.defaultPrevented; event.preventDefault() }
    addEventListener('click', hear, { once: true })
    link.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, [key]: 1 }))
    return taken
})"""


def test_the_menu_carries_the_choice_along(tab: Visit) -> None:
    page = tab("/?v=1")
    choose(page, "Scheme", "Kaiming uniform (He)", "**scheme=kaiming_uniform**")
    link_to = page.get_by_role("link", name="Distribution").first
    assert link_to.evaluate(TAKEN) == [False] * 5
    link_to.click()
    page.wait_for_url("**/distribution?**scheme=kaiming_uniform**")
    settled(page)
    assert "±0.1083" in _headline(page)


def test_the_language_switches_and_the_link_keeps_it(visit: Visit) -> None:
    page = visit("/distribution?v=1&scheme=zeros")
    page.get_by_role("button", name="中文").click()
    page.wait_for_url("**lang=zh**")
    expect(page.locator("h1.lab-headline")).to_contain_text("全部等于 0")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    page.reload()
    settled(page)
    assert "全部等于 0" in _headline(page)


def test_the_theme_switches_and_the_choices_stay(visit: Visit) -> None:
    page = visit("/distribution?v=1&scheme=ones")
    page.get_by_role("link", name="Dark").click()
    page.wait_for_url("**embed_options=dark_theme**")
    settled(page)
    assert "equals 1" in _headline(page)
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
        == "rgb(19, 21, 25)"
    )
    expect(page.get_by_role("link", name="Light")).to_be_visible()


def test_views_open_on_demand(tab: Visit, tmp_path: Path) -> None:
    page = tab("/distribution?v=1&fan_in=5&fan_out=3&scheme=ones")
    page.get_by_role("tab", name="Matrix").click()
    expect(page.get_by_text("tensor([[1., 1., 1., 1., 1.],")).to_be_visible()
    page.get_by_role("tab", name="Code").click()
    expect(page.get_by_text("nn.init.ones_(weight)")).to_be_visible()
    assert link(page)["tab"] == "code"
    page.get_by_role("tab", name="Numbers").click()
    expect(page.get_by_role("button", name="Download CSV")).to_be_visible()
    settled(page)  # a file that is asked for while the page still runs is another run's
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    file = tmp_path / "bins.csv"
    download.value.save_as(file)
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    assert sum(int(row["drawn"]) for row in rows) == 15


def test_more_is_closed_until_it_is_opened(tab: Visit) -> None:
    page = tab()
    assert page.get_by_label("Bins", exact=True).count() == 0
    page.locator(".st-key-more summary").click()
    expect(page.get_by_label("Bins", exact=True)).to_be_visible()
    overlay = page.get_by_label(Text("en")("control.overlay"), exact=True)
    settled(page)  # a list that opens while the drawer still moves closes again
    overlay.scroll_into_view_if_needed()
    choose(page, overlay, "Ones", "**overlay=ones**")
    expect(page.locator(".js-plotly-plot text", has_text="Ones").first).to_be_visible()


def test_on_a_phone_the_controls_are_one_tap_away(visit: Visit) -> None:
    page = visit(size="phone")
    page.locator("[data-testid=stExpandSidebarButton]").click()
    expect(page.get_by_label("fan_in", exact=True)).to_be_visible()
    drawer = page.locator("[data-testid=stSidebar]")
    expect(drawer).to_have_accessible_name(Text("en")("part.drawer"))
    go(page, "/compare?v=1")  # which the drawer would cover
    expect(drawer).to_have_attribute("data-collapsed", "true")
    go(page, "/compare?v=1&view=projector")
    go(page, "/compare?v=1")
    page.wait_for_timeout(500)
    expect(drawer).to_have_attribute("data-collapsed", "true")
    words = page.locator(".lab-cause")
    assert words.evaluate(LAST) > 0.2 * words.evaluate("e => e.clientWidth")


#: How wide the last line of a paragraph is.
LAST = """e => {
    const range = document.createRange()
    range.selectNodeContents(e)
    const lines = [...range.getClientRects()]
    const foot = Math.max(...lines.map(line => line.bottom))
    return lines.filter(line => line.bottom > foot - 4).reduce((wide, line) => wide + line.width, 0)
}"""


def test_the_pointer_reads_a_bin(tab: Visit) -> None:
    page = tab("/distribution?v=1&scheme=kaiming_uniform")
    box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.8)
    # the middle of 60 bins from −√(6/512) to √(6/512): their thirtieth is how wide they are
    expect(page.locator(".hoverlayer")).to_contain_text(
        re.compile(r"\d of 131\u202f072 weights in the bin at −?0\.00180, 0\.00361 wide")
    )
    expect(page.locator(".hoverlayer .axistext")).to_be_hidden()
    words = "getComputedStyle(document.querySelector('.hoverlayer text'))"
    assert page.evaluate(f"[{words}.fontFamily.split(',')[0], {words}.fontSize]") == ['"Source Sans"', "14px"]
