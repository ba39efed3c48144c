"""A lecture plan held in front of a class: one button drives it, and nothing loses it."""

import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from pages.lecture import plans
from pages.lecture.plans import Plan, Step
from pages.text import Text
from tests.support.hand import end_of, held, let_go, ready
from tests.support.tabs import LOCALES, PATHS, Visit, fits, go, link, settled

EN = Text("en")


def _plan(name: str, language: str = "en") -> Plan:
    return plans.parse(plans.ready(name, language))


def _waits(step: Step) -> bool:
    return dict(step.query).get("predict") == "on"


def _asks(page: Page, step: Step) -> None:
    """The step's title is the one headline that is seen, and nothing of the answer is."""
    expect(page.locator("h1.lab-headline:visible")).to_have_text([step.title])
    expect(page.locator(".js-plotly-plot:visible")).to_have_count(0)
    expect(page.locator(".lab-said")).to_have_count(0)


def _speaks(page: Page, step: Step) -> None:
    """The step's title stands above its result, and its note with it."""
    expect(page.locator(".lab-step:visible")).to_have_text([step.title])
    expect(page.locator(".lab-said:visible")).to_have_text([step.note])
    expect(page.locator("h1.lab-headline:visible")).to_have_count(1)


def _counts(page: Page, words: str) -> None:
    expect(page.locator(".lab-plan b")).to_have_text(words)


def _on(page: Page, step: Step, *, last: bool = False) -> None:
    """Go through a step that has just been opened, by one button alone."""
    if _waits(step):
        _asks(page, step)
        page.keyboard.press("PageDown")
    _speaks(page, step)
    settled(page)
    if not last:
        page.keyboard.press("PageDown")


@pytest.mark.parametrize("name", ["first", "network", "started"])
def test_one_button_goes_through_a_whole_plan(name: str, visit: Visit) -> None:
    steps = _plan(name).steps
    page = visit(f"/teach?v=1&prepare=plan&plan={name}&view=projector", size="wide")
    page.get_by_role("link", name="Start", exact=True).click()
    for at, step in enumerate(steps, start=1):
        page.wait_for_url(f"**at={name}-{at}**")
        _counts(page, f"Step {at} of {len(steps)}")
        settled(page)
        _on(page, step, last=at == len(steps))
    page.keyboard.press("PageDown")  # there is no more, and nothing happens
    settled(page)
    _counts(page, f"Step {len(steps)} of {len(steps)}")
    page.keyboard.press("PageUp")
    page.wait_for_url(f"**at={name}-{len(steps) - 1}**")


def test_a_plan_outlives_a_reload_the_theme_and_the_language(visit: Visit) -> None:
    steps = _plan("network").steps
    page = visit("/teach?v=1&prepare=plan&plan=network")
    page.get_by_role("link", name="Start", exact=True).click()
    page.wait_for_url("**at=network-1**")
    settled(page)
    _on(page, steps[0])
    page.wait_for_url("**at=network-2**")
    settled(page)
    page.reload()
    settled(page)
    _counts(page, "Step 2 of 8")
    _speaks(page, steps[1])
    page.get_by_role("link", name="Dark").click()
    page.wait_for_url("**embed_options=dark_theme**")
    settled(page)
    _counts(page, "Step 2 of 8")
    page.go_back()
    settled(page)
    page.keyboard.press("PageDown")
    page.wait_for_url("**at=network-3**")
    settled(page)
    page.get_by_role("button", name="中文").click()
    _speaks(page, _plan("network", "zh").steps[2])
    _counts(page, "第 3 步，共 8 步")
    page.get_by_role("button", name="English").click()
    _speaks(page, steps[2])


def test_a_step_that_is_come_back_to_waits_again(visit: Visit) -> None:
    steps = _plan("network").steps
    page = visit("/model?v=1&at=network-2")
    page.keyboard.press("PageUp")
    page.wait_for_url("**at=network-1**")
    settled(page)
    _asks(page, steps[0])
    page.keyboard.press("PageDown")
    _speaks(page, steps[0])
    settled(page)
    page.keyboard.press("PageDown")
    page.wait_for_url("**at=network-2**")
    settled(page)
    page.go_back()  # and so it does by the browser's own way
    page.wait_for_url("**at=network-1**")
    settled(page)
    _asks(page, steps[0])
    page.get_by_role("link", name="Compare", exact=True).click()
    page.wait_for_url("**/compare?**at=network-1**")
    settled(page)
    _counts(page, "Step 1 of 8")
    expect(page.locator(".lab-step")).to_have_count(0)  # which is another page's
    page.keyboard.press("PageUp")  # back to the step that was left
    page.wait_for_url("**/lesson?**at=network-1**")
    settled(page)
    _asks(page, steps[0])
    page.get_by_role("button", name=EN("plan.leave")).click()
    page.wait_for_url(re.compile("^((?!at=).)*$"))
    settled(page)
    page.reload()
    settled(page)
    assert page.locator(".lab-plan").count() == 0


def test_a_remote_goes_on_wherever_the_focus_is(visit: Visit) -> None:
    """A tab, a handle of a chart and a field have PgDn for themselves; a remote has nothing else."""
    steps = _plan("first").steps
    page = visit("/distribution?v=1&scheme=normal&fan_in=784&at=first-2")
    for focused in (page.get_by_role("tab", name="Histogram"), page.locator(".lab-grip").first):
        focused.focus()
        for key, at in (("PageDown", 3), ("PageUp", 2)):
            page.keyboard.press(key)
            page.wait_for_url(f"**at=first-{at}**")
            settled(page)
    page.get_by_label("Seed", exact=True).focus()
    page.keyboard.press("ArrowRight")  # moves within the field
    page.keyboard.press("PageDown")
    page.wait_for_url("**at=first-3**")
    settled(page)
    _asks(page, steps[2])
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("PageDown")  # closes what lies over the step
    expect(page.get_by_role("dialog")).to_be_hidden()
    _asks(page, steps[2])


def test_a_field_of_several_lines_has_the_page_keys_for_itself(visit: Visit) -> None:
    page = visit("/model?v=1&at=network-2")
    page.locator(".st-key-more summary").click()
    settled(page)
    page.get_by_role("textbox", name="Your own input (CSV)").focus()
    for key in ("PageDown", "PageUp"):
        page.keyboard.press(key)
        page.wait_for_timeout(600)
        settled(page)
        assert link(page) == {"v": "1", "at": "network-2"}
    page.get_by_label("Seed", exact=True).focus()  # of one line
    page.keyboard.press("PageDown")
    page.wait_for_url("**at=network-3**")


#: Steps whose view is tables, which scroll by themselves beneath the step's words.
TABLES = {("depth", 9), ("network", 3), ("network", 4), ("network", 5), ("network", 7), ("network", 8)}


@pytest.mark.parametrize("language", LOCALES)
@pytest.mark.parametrize("name", plans.READY)
def test_a_held_step_s_first_sight_does_not_scroll(name: str, language: str, tab: Visit) -> None:
    page = tab("/teach?v=1", locale=LOCALES[language])
    for at, step in enumerate(_plan(name, language).steps, start=1):
        query = {**dict(step.query), "predict": "off", "at": f"{name}-{at}"}
        go(page, f"{PATHS[step.page]}?{urlencode(query)}")
        _speaks(page, step)
        fits(page, "laptop")
        bar = page.locator(".st-key-desk").bounding_box()
        charts = page.locator(".js-plotly-plot").all()
        assert bool(charts) == ((name, at) not in TABLES)
        for chart in charts[:1]:
            box = chart.bounding_box()
            assert bar
            assert box
            assert box["y"] + box["height"] < bar["y"]
    page.locator(".st-key-plan_end button").click()  # who comes next to this tab holds none
    page.wait_for_url(re.compile("^((?!at=).)*$"))
    settled(page)


@pytest.mark.parametrize("view", ["projector", "page"])
def test_what_a_hand_moves_is_no_longer_the_step_s_and_no_chart_jumps(view: str, visit: Visit) -> None:
    step = _plan("first").steps[1]
    page = visit(f"/distribution?v=1&scheme=normal&fan_in=784&at=first-2&view={view}")
    ready(page)
    chart = page.locator(".st-key-chart .js-plotly-plot").first
    before = chart.bounding_box()
    with held(page, end_of(page, "std"), 40):
        assert page.locator(".lab-step").evaluate("e => e.classList.contains('lab-old')")
        assert page.locator(".lab-said").evaluate("e => e.classList.contains('lab-old')")
    let_go(page)
    expect(page.locator(".lab-step")).to_have_text(EN("plan.left", at=2))
    expect(page.locator(".lab-said:visible")).to_have_count(0)
    assert chart.bounding_box() == before
    page.keyboard.press("PageUp")
    page.wait_for_url(re.compile("^((?!std=).)*$"))
    _speaks(page, step)
    assert page.locator(".lab-old").count() == 0


def test_an_own_plan_outlives_its_page(visit: Visit) -> None:
    text = (
        "# Mine\n- [What is it?](/distribution?v=1&scheme=zeros&predict=on) Nothing.\n- [One](/model?v=1) A."
    )
    page = visit("/teach?v=1&prepare=plan&plan=own")
    page.locator("input[type=file]").set_input_files(
        {"name": "mine.md", "mimeType": "text/markdown", "buffer": text.encode()}
    )
    page.get_by_role("link", name="Start", exact=True).click()
    page.wait_for_url("**at=own-1**")
    settled(page)
    first, second = plans.parse(text).steps
    page.reload()
    settled(page)
    _counts(page, "Step 1 of 2")
    _asks(page, first)
    page.get_by_role("link", name="Dark").click()
    page.wait_for_url("**embed_options=dark_theme**")
    settled(page)
    _on(page, first)
    page.wait_for_url("**at=own-2**")
    settled(page)
    _on(page, second, last=True)
    assert link(page) | {"embed_options": ""} == {"v": "1", "at": "own-2", "embed_options": ""}


SHOWN = (
    "/distribution?v=1&scheme=zeros",
    "/distribution?v=1&scheme=normal&seed=7",
    "/compare?v=1&rows=zeros-ones",
    "/model?v=1&part=forward",
    "/lesson?v=1&step=xavier",
    "/?v=1&scheme=ones",
    "/distribution?v=1&tab=numbers",
    "/model?v=1&part=counting",
    "/compare?v=1",
)


def _type(page: Page, label: str, words: str) -> None:
    field = page.get_by_label(label, exact=True)
    field.fill(words)
    field.press("Control+Enter")
    settled(page)


ASKED = Step(
    "What can zeros learn?",
    "distribution",
    (("v", "1"), ("scheme", "zeros"), ("predict", "on")),
    "Nothing: <b>no</b> unit differs.",
)


def _prepared(page: Page) -> tuple[Step, ...]:
    """Add nine views to a plan of one's own, change the first, put it second, and take the plan home."""
    for at, path in enumerate(SHOWN, start=1):
        if at > 1:
            go(page, path)
        page.get_by_role("button", name=EN("plan.add")).click()
        expect(page.get_by_text(f"Step {at} of your plan")).to_be_visible()
        settled(page)
    page.reload()  # of which nothing is lost
    settled(page)
    go(page, "/teach?v=1&prepare=plan&plan=own")
    expect(page.get_by_role("radio")).to_have_count(9)
    _type(page, EN("plan.step_title"), ASKED.title)
    _type(page, EN("plan.note"), ASKED.note)
    page.get_by_text(EN("teach.predict"), exact=True).click()
    settled(page)
    page.get_by_role("button", name=EN("plan.down")).click()
    settled(page)
    _type(page, EN("plan.title"), "My hour")
    expect(page.locator("h1.lab-headline")).to_contain_text("My hour: 9 steps")
    kept = page.evaluate("localStorage.getItem('lab-plan')")
    steps = plans.parse(kept).steps
    assert [step.page for step in steps[:3]] == ["distribution", "distribution", "compare"]
    assert steps[1] == ASKED
    with page.expect_download() as download:
        page.get_by_role("button", name=EN("plan.download")).click()
    assert Path(download.value.path()).read_text(encoding="utf-8") == kept
    return steps


def test_a_plan_is_prepared_and_held_with_one_button(visit: Visit) -> None:
    page = visit(SHOWN[0])
    steps = _prepared(page)
    page.get_by_role("link", name="Start", exact=True).click()
    for at, step in enumerate(steps, start=1):
        page.wait_for_url(f"**at=own-{at}**")
        settled(page)
        _counts(page, f"Step {at} of 9")
        if step == ASKED:
            _asks(page, step)
            page.reload()
            settled(page)
            _asks(page, step)
            page.keyboard.press("PageDown")
            expect(page.locator(".lab-said")).to_have_text(step.note)
            settled(page)
        expect(page.locator(".lab-step:visible")).to_have_text([step.title])
        if at == 3:
            page.get_by_role("link", name="Dark").click()
            page.wait_for_url("**embed_options=dark_theme**")
            settled(page)
            _counts(page, "Step 3 of 9")
        if at == 4:
            page.get_by_role("button", name="中文").click()
            _counts(page, "第 4 步，共 9 步")
            page.get_by_role("button", name="English").click()
            _counts(page, "Step 4 of 9")
            settled(page)
        if at == 6:
            page.go_back()
            page.wait_for_url("**at=own-5**")
            settled(page)
            _counts(page, "Step 5 of 9")
            page.keyboard.press("PageDown")
            page.wait_for_url("**at=own-6**")
            settled(page)
        if at < 9:
            page.keyboard.press("PageDown")


def test_a_chinese_keyboard_s_brackets_go_the_same_way(visit: Visit) -> None:
    """It types 】 and 【 for ] and [, and ？ for ?; Playwright's own keyboard has none of them."""
    page = visit("/model?v=1&at=network-2")
    _counts(page, "Step 2 of 8")

    def press(key: str) -> None:
        event = "key => document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true}))"
        page.evaluate(event, key)

    press("】")
    page.wait_for_url("**at=network-3**")
    settled(page)
    press("【")
    page.wait_for_url("**at=network-2**")
    settled(page)
    press("？")
    expect(page.get_by_role("dialog")).to_be_visible()
