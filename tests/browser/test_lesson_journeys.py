"""The lesson's and the comparison's journeys, in a real Chromium against the real server."""

import re

import pytest
from playwright.sync_api import expect

from pages.state.controls import ASPECTS, STOPS
from pages.text import Text
from tests.support.tabs import LOCALES, SIZES, Visit, choose, fits, go, link, settled, until

T = Text("en")
MANY = "uniform-normal(std=0.02).1024x96-zeros-orthogonal-sparse-trunc_normal-kaiming_uniform-mup_output"


@pytest.mark.parametrize(("size", "language"), [*zip(SIZES, ("en", "zh", "zh"), strict=True)])
def test_every_stop_and_every_comparison_fits(size: str, language: str, tab: Visit) -> None:
    opened = tab("/lesson?v=1", size=size, locale=LOCALES[language])
    opened.wait_for_selector(".js-plotly-plot .main-svg")  # all of the page is there, its keys too
    for step in STOPS[1:]:
        opened.keyboard.press("ArrowRight")
        opened.wait_for_url(f"**step={step}**")
        settled(opened)
        fits(opened, size)
    for aspect in ASPECTS[1:] if size != "wide" else ():
        go(opened, f"/compare?v=1&aspect={aspect}&layer=Conv2d(64, 64, 3, groups=64)")
        fits(opened, size, high=aspect != "rosetta")
    go(opened, f"/compare?v=1&rows={MANY}")
    fits(opened, size, high=False)


def test_on_a_phone_a_step_s_chart_stands_above_its_code(tab: Visit) -> None:
    for size, is_above in (("phone", True), ("laptop", False)):
        page = tab("/lesson?v=1&step=normal", size=size)
        page.wait_for_selector(".st-key-seen .js-plotly-plot .main-svg")
        chart, code = (page.locator(f".st-key-{name}").bounding_box() for name in ("seen", "cell"))
        assert chart
        assert code
        assert (chart["y"] + chart["height"] <= code["y"]) is is_above, size


def test_the_lesson_is_walked_by_keys_and_each_stop_is_a_link(tab: Visit) -> None:
    page = tab("/lesson?v=1")
    page.wait_for_selector(".js-plotly-plot .main-svg")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**step=normal**")
    expect(page.locator("h1.lab-headline")).to_have_text(re.compile("^A std of 1 is not small"))
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**step=zeros**")
    page.keyboard.press("ArrowLeft")
    page.wait_for_url("**step=normal**")
    page.go_back()
    page.wait_for_url("**step=zeros**")
    expect(page.locator("h1.lab-headline", has_text="All 15 weights are 0")).to_be_visible()
    # keys that are typed into a field stay there
    seed = page.get_by_label("Seed", exact=True)
    seed.click()
    seed.press("ArrowRight")
    seed.press("ArrowLeft")
    page.wait_for_timeout(600)
    assert link(page)["step"] == "zeros"


def test_a_field_that_comes_later_holds_what_another_page_s_had(tab: Visit) -> None:
    page = tab("/compare?v=1&fan_in=300&fan_out=70")
    page.get_by_role("link", name=T("nav.lesson"), exact=True).click()
    page.wait_for_url("**/lesson?**")
    settled(page)
    choose(page, "Step", "Why √5", "**step=sqrt5**")
    settled(page)
    for fan, size in (("fan_in", "300"), ("fan_out", "70")):
        expect(page.get_by_label(fan, exact=True)).to_have_value(size)
    choose(page, "Step", "The network", "**step=network**")
    settled(page)
    assert page.get_by_role("alert").all_inner_texts() == []
    assert link(page) == {"v": "1", "step": "network", "fan_in": "300", "fan_out": "70"}


def test_the_slider_s_keys_move_the_slope_and_not_the_lesson(tab: Visit) -> None:
    page = tab("/lesson?v=1&step=sqrt5")
    thumb = page.locator(".st-key-slid").get_by_role("slider")
    thumb.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**slope=0.1**")
    settled(page)
    assert link(page) == {"v": "1", "step": "sqrt5", "slope": "0.1"}
    page.locator(".st-key-slid").get_by_role("slider").focus()
    page.keyboard.press("End")
    page.wait_for_url("**slope=2.236**")
    expect(page.locator("h1.lab-headline", has_text="nn.Linear’s own default")).to_be_visible()


def test_what_is_predicted_is_revealed_by_a_key(tab: Visit) -> None:
    page = tab("/lesson?v=1&step=kaiming&predict=on")
    assert page.locator(".js-plotly-plot").count() == 0
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(".js-plotly-plot .main-svg")
    assert link(page)["step"] == "kaiming"
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**step=xavier**")
    expect(page.locator(".js-plotly-plot")).to_have_count(0)


def test_a_step_opens_on_the_distribution_page_and_the_network_on_its_own(tab: Visit) -> None:
    page = tab("/lesson?v=1&step=xavier")
    page.get_by_role("link", name="Open Xavier uniform (Glorot) →").click()
    page.wait_for_url("**/distribution?**")
    expect(page.locator("h1.lab-headline", has_text="±0.866")).to_be_visible()
    go(page, "/lesson?v=1&step=network&seed=7")
    page.get_by_role("link", name="Open the network →").click()
    page.wait_for_url("**/model?**seed=7**")
    expect(page.get_by_text("Total params: 26")).to_be_visible()


def test_a_scheme_is_picked_and_the_keys_still_go_on(tab: Visit) -> None:
    page = tab("/lesson?v=1&step=questions")
    page.get_by_role("button", name="Classic uniform ±1/√d").click()
    expect(page.locator(".lab-verdict")).to_contain_text(re.compile(r"Right\.|Not quite\."))
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**question=2**")


def test_a_question_is_answered(tab: Visit) -> None:
    page = tab("/lesson?v=1&step=questions&question=5&quiz=2")
    field = page.get_by_label(T("quiz.type"))
    field.fill("7")
    field.press("Enter")
    expect(page.get_by_text(T("quiz.wrong"), exact=True)).to_be_visible()
    field.fill("some")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("“some”")
    assert field.input_value() == "some"


def test_an_answer_is_typed_as_a_root_on_a_phone_and_solved_and_another_asked(tab: Visit) -> None:
    """Xavier's wall for 24 → 15 is √(6/39); √(6/24) is Kaiming's."""
    page = tab("/lesson?v=1&step=questions&quiz=3&question=2", size="phone")
    field, button = (
        page.get_by_label(T("quiz.type")),
        page.get_by_role("button", name=T("quiz.answer"), exact=True),
    )
    field.fill("√(6/24)")
    button.click()
    status = page.locator(".lab-judged[role=status]")
    expect(status).to_contain_text(T("quiz.wrong"))
    expect(status).to_contain_text("√(6/(24+15)) = 0.3922")
    expect(page.locator(".js-plotly-plot .annotation", has_text=T("quiz.guess"))).to_have_count(1)
    assert field.input_value() == "√(6/24)"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    field.fill("√(6/39)")
    field.press("Enter")
    expect(status).to_contain_text(T("quiz.right"))
    expect(page.locator(".js-plotly-plot .annotation", has_text=T("quiz.guess"))).to_have_count(0)
    settled(page)
    page.get_by_role("button", name=T("quiz.alike")).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**quiz=4**question=2**")
    expect(status).to_have_count(0)
    expect(field).to_have_value("")


def test_a_picked_scheme_is_marked_and_keeps_the_focus(tab: Visit) -> None:
    page = tab("/lesson?v=1&step=questions&quiz=3")
    page.get_by_role("button", name="Classic uniform ±1/√d").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="✓ Kaiming normal (He)")).to_be_visible()
    expect(page.get_by_role("button", name="✗ Classic uniform ±1/√d")).to_be_focused()


def test_schemes_are_added_and_given_parameters_and_a_layer_of_their_own(tab: Visit) -> None:
    page = tab("/compare?v=1")
    page.locator(".st-key-schemes summary").click()
    settled(page)
    page.get_by_role("button", name=T("rows.add")).click()
    page.wait_for_url("**rows=**kaiming_uniform**")
    choose(page, "Scheme 4", "Normal", "**-normal", exact=True)
    for part, typed in (("params", "std=0.02"), ("fans", "64x32")):
        settled(page)
        page.locator(".st-key-more_3 button").click()
        field = page.get_by_label(T(f"rows.{part}"), exact=True)
        field.fill(typed)
        field.press("Enter")
        page.wait_for_url(f"**{typed}**" if part == "fans" else "**std%3D0.02**")
        settled(page)
        page.keyboard.press("Escape")
    panel = page.locator(".js-plotly-plot").get_by_text("Normal, std = 0.02, 64 → 32")
    expect(panel).to_be_visible()
    page.locator(".st-key-more_3 button").click()
    field = page.get_by_label(T("rows.params"), exact=True)
    field.fill("gain=2")
    field.press("Enter")
    expect(page.locator("section[data-testid=stSidebar]").get_by_role("alert")).to_contain_text(
        "no parameter gain"
    )
    page.keyboard.press("Escape")
    expect(panel).to_be_visible()  # what was in force stays
    page.get_by_role("button", name=T("rows.lesson")).click()
    until(page, "!location.search")
    settled(page)
    assert link(page) == {}
