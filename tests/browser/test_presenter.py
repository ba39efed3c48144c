"""A lecture in two windows: the presenter's drives the projector's, and nothing fails without it."""

import re

from playwright.sync_api import Page, expect

from pages.lecture import plans
from pages.text import HTML_LANG, Text
from tests.support.tabs import Visit, listened, settled, until

EN = Text("en")
STEPS = plans.parse(plans.ready("first", "en")).steps


def _at(step: int) -> re.Pattern[str]:
    return re.compile(rf"at=first-{step}\b")


def _sees(page: Page, what: str) -> None:
    expect(page.locator("[data-lab-projector]")).to_have_text(EN(f"presenter.{what}"))


def _shows(presenter: Page, projector: Page, step: int) -> None:
    """Both windows stand at a step."""
    for page in (projector, presenter):
        expect(page).to_have_url(_at(step))
        settled(page)


def _opened(presenter: Page) -> Page:
    with presenter.context.expect_page() as projector:
        presenter.get_by_role("link", name=EN("presenter.open")).click()
    page = listened(projector.value)
    page.wait_for_url("**view=projector**")
    page.wait_for_selector(".lab-plan")
    until(page, "Boolean(window.labListens)")
    return page


def test_two_windows_hold_one_lecture(visit: Visit) -> None:
    teach = visit("/teach?v=1&prepare=plan&plan=first")
    with teach.context.expect_page() as opened:
        teach.get_by_role("link", name=EN("presenter.window")).click()
    presenter = listened(opened.value)
    presenter.wait_for_selector("[data-lab-projector]")
    until(presenter, "Boolean(window.labListens)")
    expect(presenter).to_have_url(re.compile("view=presenter"))
    _sees(presenter, "closed")
    projector = _opened(presenter)
    _sees(presenter, "question")  # the first step waits
    expect(projector.locator(".js-plotly-plot:visible")).to_have_count(0)
    expect(presenter.locator(".lab-says")).to_have_text(STEPS[0].note)
    expect(presenter.locator(".js-plotly-plot:visible")).to_have_count(1)
    presenter.keyboard.press("PageDown")
    _sees(presenter, "answer")
    expect(projector.locator(".lab-said")).to_have_text(STEPS[0].note)
    settled(projector)
    presenter.keyboard.press("PageDown")
    _shows(presenter, projector, 2)
    expect(presenter.locator(".lab-asks")).to_have_text(STEPS[1].title)
    presenter.get_by_role("link", name=EN("plan.next")).click()  # by the mouse, too
    _shows(presenter, projector, 3)
    _sees(presenter, "question")
    expect(presenter.get_by_role("link", name=EN("predict.reveal"))).to_be_visible()
    projector.keyboard.press("PageUp")  # and what is pressed there is followed here
    _shows(presenter, projector, 2)
    _sees(presenter, "answer")
    presenter.keyboard.press("d")  # another draw is no longer the step's
    expect(projector).to_have_url(re.compile("seed=41"))
    _sees(presenter, "left")
    settled(projector)
    presenter.keyboard.press("PageUp")
    expect(projector).not_to_have_url(re.compile("seed=41"))
    _sees(presenter, "answer")
    _shows(presenter, projector, 2)
    projector.close()
    _sees(presenter, "closed")
    presenter.keyboard.press("PageDown")  # alone
    expect(presenter).to_have_url(_at(3))
    settled(presenter)
    projector = _opened(presenter)
    expect(projector).to_have_url(_at(3))
    _sees(presenter, "question")
    presenter.reload()
    presenter.wait_for_selector("[data-lab-projector]")
    _sees(presenter, "question")
    for page in (projector, presenter):
        page.close()


#: The patience with a press, of 700 milliseconds, ends when the test says so; answers are counted.
PATIENT = """() => {
    const set = setTimeout
    Object.assign(window, { ends: [], answers: 0 })
    window.setTimeout = (then, after, ...more) =>
        after === 700 ? window.ends.push(then) : set(then, after, ...more)
    window.hears = new BroadcastChannel("lab-lecture")
    window.hears.onmessage = ({ data }) => { if (data.heard) window.answers += 1 }
}"""


def test_a_projector_that_has_crashed_is_done_without(visit: Visit) -> None:
    """It says nothing as it goes; the first press that it does not answer is done here, and none before."""
    presenter = visit("/distribution?v=1&scheme=normal&fan_in=784&at=first-2&view=presenter")
    _sees(presenter, "closed")
    other = presenter.context.new_page()
    other.goto(presenter.url.partition("/distribution")[0] + "/_stcore/health")
    other.evaluate(
        """url => {
            const channel = new BroadcastChannel("lab-lecture")
            channel.postMessage({ shows: { url, waits: false, here: true } })
            channel.onmessage = ({ data }) => {
                if (!data.press) return
                channel.postMessage({ heard: data.at })
                channel.close()  // the next one is not heard
            }
        }""",
        presenter.url.replace("presenter", "projector"),
    )
    _sees(presenter, "answer")
    presenter.evaluate(PATIENT)
    presenter.keyboard.press("PageDown")
    until(presenter, "window.answers === 1")
    other.close()
    presenter.keyboard.press("PageDown")
    until(presenter, "window.ends.length === 2")
    presenter.evaluate("window.ends[0]()")
    _sees(presenter, "answer")
    presenter.evaluate("window.ends[1]()")
    expect(presenter).to_have_url(_at(3))
    _sees(presenter, "closed")


def test_the_clock_goes_on_over_a_reload(visit: Visit) -> None:
    presenter = visit("/distribution?v=1&scheme=normal&fan_in=784&at=first-2&view=presenter")
    clock = presenter.locator("[data-lab-clock] b").first
    began = presenter.evaluate("JSON.parse(sessionStorage.getItem('lab-clock')).began")
    presenter.evaluate(
        "times => sessionStorage.setItem('lab-clock', JSON.stringify(times))",
        {"began": began - 754_000, "since": began, "place": "first-2"},  # 12 minutes and 34 seconds earlier
    )
    expect(clock).to_have_text(re.compile(r"1[23]:\d\d"))
    presenter.reload()
    presenter.wait_for_selector("[data-lab-clock]")
    expect(clock).to_have_text(re.compile(r"1[23]:\d\d"))
    presenter.get_by_role("button", name=EN("presenter.restart")).click()
    expect(clock).to_have_text(re.compile(r"^0:0\d$"))


def test_steps_that_wait_alike_are_followed_too_in_each_window_s_language(visit: Visit) -> None:
    steps = plans.parse(plans.ready("depth", "zh")).steps
    projector = visit("/signal?v=1&rows=classic_uniform&predict=off&at=depth-1&view=projector&lang=en")
    presenter = listened(projector.context.new_page())
    presenter.goto(projector.url.replace("projector", "presenter").replace("lang=en", "lang=zh"))
    presenter.wait_for_selector(
        "[data-lab-projector][data-now=answer], [data-lab-projector][data-now=question]"
    )
    for at in (2, 3):
        presenter.keyboard.press("PageDown")
        for page in (projector, presenter):
            expect(page).to_have_url(re.compile(rf"at=depth-{at}\b"))
        expect(presenter.locator(".lab-asks")).to_have_text(steps[at - 1].title)
        expect(presenter).to_have_url(re.compile(r"lang=zh"))  # each window has its own
        expect(projector).not_to_have_url(re.compile(r"lang=zh"))
        expect(presenter.locator("html")).to_have_attribute("lang", HTML_LANG["zh"])
    presenter.close()
