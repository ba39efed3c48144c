"""What is predicted can be sketched, by a hand and by keys, and the sketch stands over the truth."""

import pytest
from playwright.sync_api import Page, expect

from tests.support.tabs import RUNS, Visit, link, settled, until

PREDICTED = "/distribution?v=1&predict=on&seed="
#: How many bars are raised, and between which of them.
RAISED = """() => {
    const bars = [...document.querySelectorAll('.lab-bars i')].map(bar => parseInt(bar.style.height))
    const [first, last] = [bars.findIndex(Boolean), bars.findLastIndex(Boolean)]
    return [bars.filter(Boolean).length, first, last, Math.max(...bars)]
}"""
#: How far the outer numbers under the axes lie from the axes' ends, and the middle one from their middle.
OFF = """() => {
    const [axes, ...ticks] = [...document.querySelectorAll('.lab-bars, .lab-ticks span')]
        .map(each => each.getBoundingClientRect())
    const middle = ticks[2].left + ticks[2].width / 2 - axes.left - axes.width / 2
    return [ticks[0].left - axes.left, middle, ticks.at(-1).right - axes.right]
}"""
DASHED = """[...document.querySelectorAll('.shapelayer path')]
    .filter(path => /7px,\\s?4px/.test(path.style.strokeDasharray)).length === 1"""


def _dragged(page: Page, places: list[tuple[float, float]]) -> None:
    """Drag over the axes through places of them, each from 0 to 1."""
    settled(page)
    box = page.locator(".lab-bars").bounding_box()
    assert box is not None
    points = [(box["x"] + x * box["width"], box["y"] + (1 - y) * box["height"]) for x, y in places]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point)
    before = RUNS[page].finished
    page.mouse.up()
    page.wait_for_timeout(500)
    settled(page, runs=before + 1)  # until the server has it


def test_a_sketch_is_drawn_and_stands_over_the_truth(tab: Visit) -> None:
    tab("/lesson?v=1")  # where nothing was predicted
    page = tab(PREDICTED + "51")
    expect(page.locator(".js-plotly-plot").first).to_be_hidden()
    assert page.evaluate(OFF) == pytest.approx([0, 0, 0], abs=1)
    # a quick hand: a box of half the height from 26.25 % to 73.75 %, on axes from −0.3 to 0.3
    _dragged(page, [(0.2625, 0.5), (0.7375, 0.5)])
    assert page.evaluate(RAISED) == [20, 10, 29, 50]
    settled(page)
    assert page.evaluate(RAISED) == [20, 10, 29, 50]  # the server's answer leaves it as it is
    page.keyboard.press("Enter")
    said = page.locator(".lab-guess")
    # the std of a box from −0.15 to 0.15 is 0.15/√3
    expect(said).to_contain_text("you drew 0.0866; it is 0.0625")
    until(page, DASHED)
    assert link(page) == {"v": "1", "seed": "51", "predict": "on"}


def test_a_sketch_is_drawn_by_keys_alone(tab: Visit) -> None:
    page = tab(PREDICTED + "52")
    axes = page.get_by_role("slider", name="Empty axes")
    axes.focus()
    for key in ("ArrowUp", "ArrowUp", "ArrowRight", "ArrowUp", "Home", "ArrowUp"):
        page.keyboard.press(key)
    assert page.evaluate(RAISED) == [3, 0, 21, 10]
    expect(axes).to_have_attribute("aria-valuetext", "at −0.2925: 5\u202f%")
    page.keyboard.press("Delete")
    assert page.evaluate(RAISED)[0] == 0
    assert link(page) == {"v": "1", "seed": "52", "predict": "on"}  # the arrows were the sketch's own


def test_a_lecturer_goes_on_without_a_guess(visit: Visit) -> None:
    page = visit("/distribution?v=1&scheme=classic_uniform&fan_in=784&predict=on&at=first-5&view=projector")
    page.locator(".st-key-guessed input").focus()
    page.keyboard.press("PageDown")
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    expect(page.locator(".lab-guess")).to_have_count(0)


def test_what_was_uncovered_is_so_after_a_reload_and_in_another_theme(visit: Visit) -> None:
    page = visit(PREDICTED + "53")
    field = page.locator(".st-key-guessed input").first
    field.fill("1/8")
    field.press("Tab")
    settled(page)
    page.get_by_role("button", name="Reveal").click()
    said = page.locator(".lab-guess")
    expect(said).to_contain_text("you said 0.125; it is 0.0625")
    settled(page)
    page.reload()
    expect(said).to_contain_text("you said 0.125; it is 0.0625")
    page.get_by_role("link", name="Dark").click()
    page.wait_for_url("**embed_options=dark_theme**")
    expect(said).to_contain_text("you said 0.125; it is 0.0625")
    page.keyboard.press("d")  # another draw is predicted anew
    expect(page.locator(".js-plotly-plot").first).to_be_hidden()
    settled(page)
    page.reload()
    settled(page)
    expect(said).to_have_count(0)
    expect(page.locator(".js-plotly-plot").first).to_be_hidden()
