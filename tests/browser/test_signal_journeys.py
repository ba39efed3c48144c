"""The signal page's journeys, in a real Chromium against the real server."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from core.signals import trace as signal
from pages.state.controls import SIGHTS
from pages.text import Text
from tests.support.tabs import LOCALES, TURN, Visit, fits, link, settled, until

T = Text("en")
#: Small networks, that a view waits for nothing.
SMALL = "depth=12&width=32&seeds=3&samples=8"
MANY = "uniform-normal(std=0.5)-zeros-orthogonal-sparse-trunc_normal-kaiming_uniform(a=2)-eye"
#: The chart is there, or the plane's two, as wide as its place, which what stands beside it has narrowed.
DRAWN = """() => {
    const charts = [...document.querySelectorAll('.js-plotly-plot')].filter(e => e.offsetWidth)
    const chaos = document.querySelector('.st-key-chaos')
    const drawn = e => e.querySelector('.main-svg')?.getBoundingClientRect().width
    const isWide = e => Math.abs(e.offsetWidth - drawn(e)) < 2
    const beside = !chaos || chaos.querySelector('.lab-chaos')
    return charts.length === (chaos ? 2 : 1) && beside && charts.every(isWide)
}"""
#: Views that may be longer than the screen: a long table, a script.
LONG = {"gains", "figures", "code"}


def _labels_apart(page: Page) -> list[tuple[str, str]]:
    """Return pairs of the lines' names that lie over each other in the chart."""
    pairs: list[tuple[str, str]] = page.evaluate(
        """() => {
            const names = [...document.querySelectorAll('.js-plotly-plot .annotation-text-g text')]
                .map(e => [e.textContent, e.getBoundingClientRect()]).filter(([, box]) => box.width)
            const over = []
            names.forEach(([a, p], i) => names.slice(i + 1).forEach(([b, q]) => {
                const wide = Math.min(p.right, q.right) - Math.max(p.left, q.left)
                const high = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top)
                if (wide > 2 && high > 4) over.push([a, b])
            }))
            return over
        }"""
    )
    return pairs


@pytest.mark.parametrize(("size", "language"), [("laptop", "zh"), ("phone", "en")])
def test_every_view_of_many_schemes_opens_and_fits_its_screen(size: str, language: str, tab: Visit) -> None:
    page = tab(f"/signal?v=1&{SMALL}&rows={MANY}&activation=tanh", size=size, locale=LOCALES[language])
    t = Text(language)
    for sight in SIGHTS:
        page.get_by_role("tab", name=t(f"tab.{sight}"), exact=True).click()
        if sight != SIGHTS[0]:
            page.wait_for_url(f"**sight={sight}**")
        settled(page)
        if sight not in LONG:
            until(page, DRAWN)
        fits(page, size, high=False)
        if size != "phone":
            assert _labels_apart(page) == [], sight
    expect(page.get_by_text("def run(fill, seed):")).to_be_visible()
    page.go_back()
    page.wait_for_url(f"**sight={SIGHTS[-2]}**")


def test_a_formula_is_typed_and_read_and_a_wrong_one_answered(tab: Visit) -> None:
    page = tab(f"/signal?v=1&{SMALL}&sight=gains")
    field = page.get_by_label("Activation", exact=True)
    field.click()
    page.keyboard.press("Control+A")
    page.keyboard.type("z*sigmoid(1.702*z)")
    page.keyboard.press("Enter")
    page.wait_for_url("**activation=z**")
    settled(page)
    assert link(page)["activation"] == "z*sigmoid(1.702*z)"
    expect(page.locator("h1.lab-headline")).to_contain_text("z*sigmoid(1.702*z)")
    expect(page.locator(".lab-gains tbody tr").first).to_contain_text("z*sigmoid(1.702*z)")
    before = page.locator("h1.lab-headline").inner_text()
    field.click()
    page.keyboard.press("Control+A")
    page.keyboard.type("z*sigmoid(")
    page.keyboard.press("Enter")
    alert = page.get_by_role("alert").filter(has_text="z*sigmoid(1.702*z)")
    expect(alert.first).to_be_visible()
    expect(field).to_have_value("z*sigmoid(")
    assert page.locator("h1.lab-headline").inner_text() == before
    page.get_by_role("button", name="sin(z)").click()
    page.wait_for_url("**activation=sin**")
    expect(page.locator("h1.lab-headline")).to_contain_text("sin(z)")
    page.get_by_role("button", name=T("gains.back")).click()
    until(page, "!location.search.includes('activation')")


def test_a_long_run_shows_how_far_it_is_and_stops_and_runs_after_all(tab: Visit) -> None:
    page = tab(f"/signal?v=1&{SMALL.replace('seeds=3', 'seeds=10')}")
    page.evaluate("window.stayed = true")
    depth = page.get_by_label(T("control.depth"), exact=True)
    width = page.get_by_label(T("control.width"), exact=True)
    width.fill("1024")
    width.press("Enter")
    page.wait_for_url("**width=1024**")
    depth.fill("200")
    depth.press("Enter")
    bar = page.locator("progress.lab-bar")
    expect(bar).to_be_visible()
    total = T("signal.waiting.some", done="@", n="6\u202f000")  # 3 schemes, 10 seeds, 200 layers
    expect(page.get_by_text(re.compile(re.escape(total).replace("@", "\\d+")))).to_be_visible()
    # the chart before it stays; what a run has hidden is taken away at its end
    expect(page.locator(".js-plotly-plot:visible")).to_have_count(1)
    page.get_by_role("button", name=T("waiting.cancel")).click()
    expect(page.get_by_text(T("signal.waiting.stopped", n="6\u202f000"))).to_be_visible()
    expect(bar).to_have_count(0)
    expect(page.locator(".js-plotly-plot")).to_have_count(0)
    assert depth.input_value() == "200"
    page.get_by_role("button", name=T("signal.waiting.draw"), exact=True).click()
    expect(bar).to_be_visible()
    # a visitor who goes on to something else does not wait, nor load the page anew
    width.fill("32")
    width.press("Enter")
    expect(page.locator(".lab-context")).to_contain_text(re.compile(r"200.*32"))
    expect(bar).to_have_count(0)
    expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible()
    assert page.evaluate("window.stayed")


#: Remember where the chart is seen to begin, in each frame.
BEGINS = """() => {
    window.begins = new Set()
    const look = () => {
        const chart = document.querySelector(".st-key-signal .js-plotly-plot:not(.lab-stood)")
        if (!window.begins || !chart) return
        begins.add(chart.getBoundingClientRect().y)
        requestAnimationFrame(look)
    }
    look()
}"""


def test_what_stands_below_a_headline_does_not_move_when_a_bar_comes_in_its_place(tab: Visit) -> None:
    page = tab(f"/signal?v=1&{SMALL}")
    settled(page)
    page.evaluate(BEGINS)
    page.evaluate(TURN, "/signal?v=1&depth=200&width=1024&seeds=10")
    expect(page.locator("progress.lab-bar")).to_be_visible()
    begins = page.evaluate("[[...begins], delete window.begins][0]")
    page.get_by_role("button", name=T("waiting.cancel")).click()
    assert len(begins) == 1


def test_on_a_phone_the_lines_are_listed_below_the_chart(tab: Visit) -> None:
    page = tab(f"/signal?v=1&{SMALL}", size="phone")
    names = page.locator(".lab-key li")
    expect(names).to_have_count(3)
    chart = page.locator(".st-key-signal").bounding_box()
    for at in range(3):
        names.nth(at).scroll_into_view_if_needed()
        expect(names.nth(at)).to_be_visible()
        box = names.nth(at).bounding_box()
        assert box
        assert 0 <= box["x"] < box["x"] + box["width"] <= 390
    listed = names.first.bounding_box()
    assert chart
    assert listed
    over = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert over == 0
    # in colours that the lines have
    colours = names.locator("i").evaluate_all("all => all.map(e => getComputedStyle(e).color)")
    strokes = page.locator(".js-plotly-plot .scatterlayer .lines path").evaluate_all(
        "all => all.map(e => getComputedStyle(e).stroke)"
    )
    assert len(set(colours)) == 3
    assert set(colours) <= set(strokes)
    on_a_laptop = tab(f"/signal?v=1&{SMALL}")
    expect(on_a_laptop.locator(".lab-key")).to_be_hidden()


def test_the_file_is_downloaded_in_full(tab: Visit, tmp_path: Path) -> None:
    page = tab(f"/signal?v=1&{SMALL}&sight=figures")
    with page.expect_download() as download:
        page.get_by_role("button", name=T("numbers.download")).click()
    file = tmp_path / "signal.csv"
    download.value.save_as(file)
    rows = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 3 * 3 * 12
    assert {row["seed"] for row in rows} == {"40", "41", "42"}
    assert all(float(row["gradient_mean_square"]) > 0 for row in rows)


def test_schemes_are_added_and_the_menu_carries_them_to_the_comparison(tab: Visit) -> None:
    page = tab(f"/signal?v=1&{SMALL}")
    page.locator(".st-key-schemes summary").click()
    settled(page)
    page.get_by_role("button", name=T("rows.add")).click()
    page.wait_for_url("**kaiming_uniform**")
    settled(page)
    names = page.locator(".js-plotly-plot .annotation-text-g text", has_text="Kaiming uniform")
    expect(names.first).to_be_visible()
    page.get_by_role("link", name=T("nav.compare")).first.click()
    page.wait_for_url("**/compare?**kaiming_uniform**")
    settled(page)
    assert "depth" not in link(page)
    page.get_by_role("link", name=T("nav.signal")).first.click()
    page.wait_for_url("**/signal?**depth=12**")


def test_the_pointer_reads_a_layer(tab: Visit) -> None:
    page = tab(f"/signal?v=1&{SMALL}")
    box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    assert box
    # layer 6 of 12, where the axis goes from a little before 1 to a little past 12
    page.mouse.move(box["x"] + box["width"] * (6 - 0.88) / (12.12 - 0.88), box["y"] + box["height"] * 0.5)
    for scheme in ("classic_uniform", "xavier_normal", "kaiming_normal"):
        name = re.sub(r" \(.*| ±.*", "", T(f"scheme.{scheme}.name"))
        expect(page.locator(".hoverlayer")).to_contain_text(name)
    expect(page.locator(".hoverlayer .axistext")).to_have_text("6")


#: The title above the chart, and the lines as Plotly has them: layers on the way, one list a scheme.
SKETCHED = """() => {
    const plot = document.querySelector('.js-plotly-plot:not(.lab-stood)')
    const title = plot?._fullLayout?.annotations?.find(({ text }) => text.includes('RMS'))?.text ?? ''
    const traces = plot?._fullData ?? []
    const lines = traces.filter(({ line, mode }) => line?.width === 2.5 && mode.includes('lines'))
    return [title, lines.map(({ y }) => [...y])]
}"""


def test_the_first_seed_s_lines_are_drawn_while_the_others_run(tab: Visit) -> None:
    page = tab(f"/signal?v=1&{SMALL}")
    go_on = "/signal?v=1&rows=xavier_normal-kaiming_normal&depth=60&width=512&seeds=12&seed=77"
    page.evaluate(TURN, go_on)
    first = T("signal.first_of", seed=77, n=12)
    until(page, f"({SKETCHED})()[0].includes({first!r})")
    _, drawn = page.evaluate(SKETCHED)
    expect(page.locator("progress.lab-bar")).to_be_visible()
    settled(page)
    title, lines = page.evaluate(SKETCHED)
    assert first not in title
    assert len(drawn) == len(lines) == 2
    for scheme, early, final in zip(("xavier_normal", "kaiming_normal"), drawn, lines, strict=True):
        given = {"depth": 60, "width": 512, "batch": 64, "backward": False}
        for seeds, line in (([77], early), ([*range(77, 89)], final)):
            trace = signal.trace(scheme, "relu", seeds=seeds, **given)
            middle = np.exp(np.log(trace.activation_mean_square).mean(0) / 2)
            assert line == pytest.approx(middle.tolist(), rel=1e-3)
