"""How what moves is taken hold of: where it stands, and without a jump."""

import math

import pytest
from playwright.sync_api import Locator, Page

from tests.support.hand import (
    AT_REST,
    LAB,
    LABELS,
    MOVING_LABELS,
    SLOW,
    end_of,
    held,
    lab,
    let_go,
    number_of,
    ready,
)
from tests.support.tabs import RUNS, Visit, go, link, settled, until

XAVIER = "/distribution?v=1&scheme=xavier_uniform&gain=2&fan_in=31&fan_out=70"
PLANE = "/signal?v=1&sight=chaos&activation=tanh&rows=xavier_normal-kaiming_normal"
#: Where the dotted lines of a chart that moves stand, on its axis.
DOTTED = """[...document.querySelectorAll('.lab-moving .shapelayer path')]
    .filter(path => getComputedStyle(path).strokeDasharray.startsWith('2px')).map(path => {
        const axis = document.querySelector('.js-plotly-plot:not(.lab-stood)')._fullLayout.xaxis
        const [line, chart] = [path, path.closest('.lab-moving')].map(one => one.getBoundingClientRect())
        const at = line.left + line.width / 2 - chart.left - axis._offset, [low, high] = axis.range
        return low + at / axis._length * (high - low)
    }).sort((a, b) => a - b)"""
#: So that a hand has let go: a moment longer than a key's.
LET_GO = 450


def test_a_number_is_taken_hold_of_where_it_stands_also_where_a_formula_comes_late(visit: Visit) -> None:
    page = visit("/?v=1")  # without a formula, whose letters are loaded with the first
    page.get_by_role("navigation").get_by_role("link", name="Distribution", exact=True).click()
    page.wait_for_url("**/distribution**")
    ready(page)
    until(page, "document.fonts.status === 'loaded'")
    page.wait_for_timeout(200)
    under = page.evaluate("""() => {
        const { x, y, width, height } = document.querySelector('.lab-scrub').getBoundingClientRect()
        return document.elementsFromPoint(x + width / 2, y + height / 2).map(one => one.textContent)
    }""")
    assert any(text and text in "512" for text in under)


def test_a_handle_that_is_taken_beside_its_middle_moves_as_far_as_the_hand(tab: Visit) -> None:
    page = tab("/distribution?v=1&scheme=normal&mean=-0.5")
    ready(page)
    url, box = page.url, end_of(page, "std").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2 + 9, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for across in (25, 0):
        frames = page.evaluate(f"{LAB}.frames")
        page.mouse.move(x + across, y)
        until(page, f"{LAB}.frames > {frames}")
    page.mouse.up()
    until(page, AT_REST)
    assert page.url == url


def test_another_scheme_s_bounds_follow_the_layer_and_nothing_else(tab: Visit) -> None:
    page = tab("/distribution?v=1&scheme=normal&fan_in=48&fan_out=32&overlay=classic_uniform")
    ready(page)
    stood, moving = (
        page.locator(f"{words}:has-text('Classic uniform')") for words in (LABELS, MOVING_LABELS)
    )
    assert stood.text_content().endswith(f"±{1 / math.sqrt(48):.4g}")  # type: ignore[union-attr]
    with held(page, end_of(page, "std"), 30):
        assert moving.text_content() == stood.text_content()
    let_go(page)
    page = tab("/distribution?v=1&fan_in=48&fan_out=32&overlay=classic_uniform")
    ready(page)
    with held(page, end_of(page, "fan_in"), -40):
        fan_in = lab(page)["shape"][1]
        assert fan_in > 48
        found = (moving.text_content() or "").rpartition("±")[2]
        assert float(found) == pytest.approx(1 / math.sqrt(fan_in), rel=2e-4)
        dotted = page.evaluate(DOTTED)
    let_go(page)
    assert lab(page)["shape"][1] == fan_in
    assert stood.text_content().endswith(f"±{found}")  # type: ignore[union-attr]
    assert dotted == pytest.approx([-1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in)], rel=0.02)  # half a pixel


def _across(page: Page, at: int) -> Locator:
    """Return the slider of a dot's σ_w²."""
    return page.locator(".lab-dot [data-live=rows]").nth(at)


def test_steps_by_keys_go_on_from_those_that_the_server_has_not_answered(tab: Visit) -> None:
    page = tab(XAVIER)
    ready(page)
    page.evaluate(SLOW)
    number_of(page, "fan_in").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(LET_GO)
    assert lab(page)["shape"] == [70, 34]
    page.evaluate("window.wake()")
    page.wait_for_url("**fan_in=34**")
    let_go(page)
    assert lab(page)["shape"] == [70, 34]
    go(page, PLANE)
    ready(page)
    page.evaluate(SLOW)
    _across(page, 0).focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(LET_GO)
    page.evaluate("window.wake()")
    page.wait_for_url(lambda url: "gain" in url)
    let_go(page)
    assert lab(page)["dots"][0]["sigma_w2"] == pytest.approx(1.03, rel=1e-9)


def test_a_number_that_is_taken_before_another_was_sent_does_not_lose_it(tab: Visit) -> None:
    """Nor where the server is told of both before it has read the first."""
    page = tab(XAVIER)
    for is_slow in (False, True):
        go(page, XAVIER)
        ready(page)
        if is_slow:
            page.evaluate(SLOW)
        for name in ("fan_in", "fan_out", "gain"):
            number_of(page, name).focus()
            page.keyboard.press("Shift+ArrowRight")
        if is_slow:
            page.wait_for_timeout(LET_GO)
            page.evaluate("window.wake()")
        page.wait_for_url("**gain=3&fan_in=41&fan_out=80")
        let_go(page)
        assert lab(page)["shape"] == [80, 41]
    go(page, PLANE)
    ready(page)
    for at in (0, 1):
        _across(page, at).focus()
        page.keyboard.press("ArrowRight")
    page.wait_for_url(lambda url: "xavier_normal%28gain" in url and "-kaiming" not in url)
    let_go(page)
    assert [dot["sigma_w2"] for dot in lab(page)["dots"]] == pytest.approx([1.01, 2.01], rel=1e-9)


@pytest.mark.parametrize("path", [XAVIER, PLANE])
def test_escape_brings_it_back_and_the_mouse_moves_it_no_more(tab: Visit, path: str) -> None:
    page = tab(path)
    ready(page)
    before, sent, url = lab(page), RUNS[page].sent, page.url
    said = page.locator("[data-testid=stMain]").inner_text()
    with held(page, page.locator(".lab-scrub, .lab-dot").first, 20, 40):
        assert lab(page) != before
        page.keyboard.press("Escape")
        until(page, "!document.querySelector('.lab-moving')")
        page.mouse.move(500, 300)
    let_go(page)
    assert (lab(page), RUNS[page].sent, page.url) == (before, sent, url)
    assert page.locator("[data-testid=stMain]").inner_text().split("·")[0] == said.split("·")[0]


def test_a_key_or_a_second_finger_takes_nothing_from_the_hand(visit: Visit) -> None:
    page = visit(XAVIER, size="phone")
    ready(page)
    first, second = (number_of(page, name).bounding_box() for name in ("fan_in", "gain"))
    assert first is not None
    assert second is not None
    finger = page.context.new_cdp_session(page)

    def touch(kind: str, *places: tuple[dict[str, float], float]) -> None:
        points = [
            {"x": box["x"] + box["width"] / 2 + by, "y": box["y"] + box["height"] / 2, "id": at}
            for at, (box, by) in enumerate(places)
        ]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.wait_for_timeout(300)

    touch("touchStart", (first, 0))
    touch("touchMove", (first, 60))
    touch("touchStart", (first, 60), (second, 0))
    touch("touchMove", (first, 120), (second, 60))
    assert lab(page)["shape"] == [70, 62]  # a number doubles in 120 pixels
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(LET_GO)
    assert lab(page)["shape"] == [70, 62]
    touch("touchEnd")
    let_go(page)
    assert (link(page)["fan_in"], link(page)["gain"]) == ("62", "2")


@pytest.mark.parametrize(
    ("path", "handle", "other"),
    [
        (XAVIER, ".lab-scrub", "/distribution?v=1&scheme=normal&std=2"),
        (XAVIER, ".lab-scrub", "/teach"),
        (PLANE, ".lab-dot", "/signal?v=1&sight=chaos"),
        ("/model?v=1", ".lab-knob", "/model?v=1&net=2-2"),
        ("/model?v=1", ".lab-knob", "/distribution?v=1&fan_in=300"),
    ],
)
def test_a_page_that_comes_while_the_hand_holds_is_shown_as_its_link_says(
    tab: Visit, path: str, handle: str, other: str
) -> None:
    """As by the back button; what was held can be taken hold of again."""
    page = tab(path)
    ready(page)
    with held(page, page.locator(handle).first, 30):
        go(page, other)
        until(page, "!document.querySelector('.lab-moving')")
        page.mouse.move(200, 300)
        sent = RUNS[page].sent
    settled(page)
    assert RUNS[page].sent == sent
    assert page.url.endswith(other)
    go(page, path)
    ready(page)
    before = link(page)
    with held(page, page.locator(handle).first, 30):
        assert lab(page)["frames"] > 0
    let_go(page)
    assert link(page) != before


#: The formula as it is seen: what is folded away is not.
FORMULA = """() => [...document.querySelectorAll("[data-testid=stMarkdown] .katex-html")]
    .map(at => at.innerText.replace(/[\\s\\u200b]/g, "")).join()"""


@pytest.mark.parametrize(
    ("given", "name", "key", "now"),
    [
        ("scheme=uniform&a=-0.000015&b=0.00001", "b", "ArrowLeft", "b="),
        ("scheme=xavier_normal&gain=0.001", "gain", "ArrowRight", "=5.613·10⁻⁵"),  # 0.0011·√(2/768)
        ("scheme=xavier_normal&gain=0.1", "gain", "Home", "=5.103·10⁻⁵"),
        ("scheme=uniform&a=0&b=0.00001", "b", "Home", "b=10⁻⁷"),
    ],
)
def test_a_power_of_ten_in_a_formula_moves_as_one(
    tab: Visit, given: str, name: str, key: str, now: str
) -> None:
    page = tab(f"/distribution?v=1&{given}")
    ready(page)
    number_of(page, name).focus()
    page.keyboard.press(key)
    until(page, f"{LAB}.frames > 0")
    moving = page.evaluate(FORMULA)
    if now == "b=":
        now = "b=" + number_of(page, name).get_attribute("aria-valuetext")  # type: ignore[operator]
    assert moving.endswith(now), moving
    page.wait_for_url(lambda url: not url.endswith(given))
    let_go(page)
    stands, address = page.evaluate(FORMULA), page.url
    go(page, "/teach?v=1")
    go(page, address.split("/", 3)[3].join(["/", ""]))
    ready(page)
    assert page.evaluate(FORMULA) == stands
