"""Lecture plans, gone through step by step: what a held one says, and what outlives what."""

import re
from html import unescape
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from pages.lecture import plans
from pages.lecture.plans import READY, Step
from pages.state.controls import PAGES
from pages.state.session import KEY, Session
from pages.text import Text
from tests.support.marks import languages
from tests.support.screen import bare, headline, opened, query, refusals, said, stands, turned

EN = Text("en")
STEPS = {(step.page, step.query) for name in READY for step in plans.parse(plans.ready(name, "en")).steps}


@pytest.mark.parametrize(("page", "link"), sorted(STEPS))
def test_every_step_of_every_plan_opens(page: str, link: tuple[tuple[str, str], ...]) -> None:
    app = opened(page, **dict(link))
    stands(app)
    assert refusals(app) == []
    assert re.search(r'class="lab-headline">[^<]', said(app))
    # the link is the one that the page itself writes
    assert {("v", "1"), *query(app).items()} == {*link}


def _ways(app: AppTest) -> dict[str, str]:
    """Return the addresses that the plan's ways lead to, by what does the same on a keyboard."""
    found = re.findall(r'<a class="[^"]*" href="([^"]*)" data-lab-page data-lab-does="(\w+)"', _html(app))
    return {does: unescape(address) for address, does in found}


def _listed(app: AppTest) -> list[str]:
    """Return the addresses of the plan's steps, as the page lists them."""
    (steps,) = re.findall(r'<ol class="lab-plan-steps">(.*?)</ol>', _html(app), re.DOTALL)
    return [unescape(address) for address in re.findall(r'<a href="([^"]*)"', steps)]


def _html(app: AppTest) -> str:
    return "".join(element.proto.body for element in app.get("html"))


def _opened(app: AppTest, address: str) -> AppTest:
    """Go on by a link, as the same visitor."""
    path, _, link = address.partition("?")
    page = path.removeprefix("./") or "home"
    return turned(app, page, **dict(parse_qsl(link)))


def _went(app: AppTest, does: str = "plan_next") -> AppTest:
    return _opened(app, _ways(app)[does])


def _started(app: AppTest) -> AppTest:
    (address,) = re.findall(r'<a class="lab-button lab-first" href="([^"]*)"[^>]*>Start</a>', _html(app))
    return _opened(app, unescape(address))


def test_a_plan_is_gone_through_and_ended() -> None:
    steps = plans.parse(plans.ready("network", "en")).steps
    app = opened("teach", prepare="plan", plan="network", view="projector")
    assert headline(app) == "The three-layer net: 8 steps, on Lesson, Model."
    assert [link.partition("?")[0] for link in _listed(app)] == [f"./{step.page}" for step in steps]
    _started(app)
    for at, step in enumerate(steps):
        stands(app)
        assert query(app) == _opening(step, at=f"network-{at + 1}")
        assert _counter(app) == f"Step {at + 1} of 8"
        assert ("plan_previous" in _ways(app)) == (at > 0)
        _revealed(app, step)
        assert ("plan_next" in _ways(app)) == (at < 7)
        if at < 7:
            _went(app)
    assert query(_went(app, "plan_previous")) == _opening(steps[6], at="network-7")
    # the list, or the browser, leads elsewhere in the plan: it goes on from there
    turned(app, "model", **dict(steps[2].query))
    assert _counter(app) == "Step 3 of 8"
    assert query(app)["at"] == "network-3"
    app.button(key="plan_end").click().run()
    assert _ways(app) == {}
    assert query(app) == {"v": "1", **dict(steps[2].query)}
    assert "at" not in query(turned(app, "home"))


def _counter(app: AppTest) -> str:
    (found,) = re.findall(r'class="lab-plan" role="status"><b>(.*?)</b>', said(app))
    return str(found)


def _spoken(app: AppTest) -> list[str]:
    """Return what the plan says and is seen and heard: the step's title, and its note."""
    found = re.findall(
        r'<p class="lab-(?:step|said)[^"]*"( aria-hidden="true")? data-lab-old[^>]*>(.*?)</p>', _html(app)
    )
    return [unescape(words) for hidden, words in found if not hidden]


def _revealed(app: AppTest, step: Step) -> None:
    """A step that waits has its title alone for a headline; one press reveals it, and goes nowhere."""
    link = query(app)
    if dict(step.query).get("predict") == "on":
        assert _asked(app) == step.title
        assert step.note not in _plain(app)
        assert app.button(key="plan_next").label == EN("predict.reveal")
        app.button(key="plan_next").click().run()
    assert query(app) == link
    assert _spoken(app) == [step.title, step.note]
    assert step.title not in re.findall(r'<h1 class="lab-headline">(.*?)</h1>', said(app))
    assert "reveal" not in {button.key for button in app.button}


def _asked(app: AppTest) -> str:
    """Return the headline that stands there until the result is revealed."""
    return bare(re.findall(r'<h1 class="lab-headline">(.*?)</h1>', said(app))[-1])


def _plain(app: AppTest) -> str:
    return bare(said(app))


def _opening(step: Step, **more: str) -> dict[str, str]:
    """Return a step's link as its page writes it, in the projector view."""
    return {"v": "1", **dict(step.query), "view": "projector", **more}


@pytest.mark.parametrize("name", READY)
def test_a_plan_outlives_a_reload(name: str) -> None:
    steps = plans.parse(plans.ready(name, "en")).steps
    last = len(steps)
    app = opened("teach", prepare="plan", plan=name)
    _revealed(_started(app), steps[0])
    _went(app)
    fresh = opened(steps[1].page, **query(app))
    stands(fresh)
    assert refusals(fresh) == []
    assert query(fresh) == query(app) == {"v": "1", **dict(steps[1].query), "at": f"{name}-2"}
    assert _counter(fresh) == f"Step 2 of {last}"
    _revealed(fresh, steps[1])
    assert query(_went(fresh))["at"] == f"{name}-3"


def test_a_plan_goes_along_by_the_menu_and_by_its_list() -> None:
    app = turned(opened("model", at="depth-3"), "home")
    assert query(app) == {"v": "1", "at": "depth-3"}
    assert _counter(app) == "Step 3 of 9"
    assert _spoken(app) == []  # another page is not the step
    assert EN("plan.back_to", at=3) in said(app)
    turned(app, "teach")
    for plan in ("depth", "network"):
        app.session_state["prepare"], app.session_state["plan"] = "plan", plan
        app.run()
        assert dict(parse_qsl(_listed(app)[1].partition("?")[2]))["at"] == f"{plan}-2"
    app.button(key="plan_stop").click().run()
    assert query(app) == {"v": "1", "prepare": "plan", "plan": "network"}
    assert 'class="lab-plan"' not in said(app)


def test_the_menu_leads_to_the_plan_that_is_held() -> None:
    app = opened("distribution")
    assert 'href="./teach" data-lab-page' in _html(app)
    app = opened("model", v="1", at="network-2")
    (address,) = re.findall(r'href="(\./teach[^"]*)"', _html(app))
    teach = opened("teach", **dict(parse_qsl(unescape(address).partition("?")[2])))
    assert headline(teach).startswith("The three-layer net: 8 steps")


def test_going_back_goes_back_in_the_plan() -> None:
    app = opened("home", at="first-5")
    turned(app, "home", v="1", at="first-2")
    assert _counter(app) == "Step 2 of 9"
    assert query(app)["at"] == "first-2"


@languages
def test_a_link_to_no_step_is_answered(language: str) -> None:
    app = opened("model", at="depth-99", lang=language)
    stands(app)
    (words,) = refusals(app)
    assert "depth-99" in words
    assert "depth-9" in words.replace("depth-99", "")
    assert "at" not in query(app)
    assert _ways(app) == {}


def _zeros(**more: str) -> AppTest:
    """Open the third step of a plan as its link does; it waits, and asks what zeros can learn."""
    return opened("distribution", v="1", scheme="zeros", predict="on", at="first-3", **more)


def test_a_step_that_is_come_back_to_is_covered_again() -> None:
    """By the plan or by the browser's own way: a class that has not yet said what it expects sees none."""
    steps = plans.parse(plans.ready("first", "en")).steps
    app = _zeros()
    _revealed(app, steps[2])
    _revealed(_went(app), steps[3])
    turned(app, "distribution", **dict(steps[2].query), at="first-3")
    _revealed(app, steps[2])
    _went(_went(app), "plan_previous")
    _revealed(app, steps[2])


def test_a_plan_speaks_the_language_that_is_chosen() -> None:
    app = _zeros()
    app.session_state["lang"] = "zh"
    app.run()
    assert _asked(app) == plans.parse(plans.ready("first", "zh")).steps[2].title
    app.button(key="plan_next").click().run()
    app.session_state["lang"] = "en"
    app.run()  # and nothing is covered again
    assert _spoken(app)[1:] == [plans.parse(plans.ready("first", "en")).steps[2].note]


def test_what_is_not_the_step_s_result_has_neither_its_title_nor_its_note() -> None:
    """A note names numbers, of which another draw has others; another view of the same draw has the same."""
    steps = plans.parse(plans.ready("first", "en")).steps
    app = opened("distribution", **dict(steps[1].query), at="first-2")
    assert _spoken(app) == [steps[1].title, steps[1].note]
    app.session_state["tab"] = "numbers"
    app.run()
    assert _spoken(app) == [steps[1].title, steps[1].note]
    app.button(key="redraw").click().run()
    assert _spoken(app) == [EN("plan.left", at=2)]
    assert _counter(app) == "Step 2 of 9"
    _went(app, "plan_previous")  # which comes back to the step that was left
    assert query(app) == {"v": "1", **dict(steps[1].query), "at": "first-2"}
    assert _spoken(app) == [steps[1].title, steps[1].note]


def test_a_step_on_home_asks_and_says_its_own() -> None:
    app = opened("home", v="1", scheme="zeros", predict="on", at="own-1")
    _handed(app, "- [What are these?](/?v=1&scheme=zeros&predict=on) All alike.")
    assert '<h2 class="lab-headline">What are these?</h2>' in said(app)
    assert "All alike." not in said(app)
    app.button(key="plan_next").click().run()
    assert _spoken(app) == ["What are these?", "All alike."]
    assert _ways(app) == {}


def _handed(app: AppTest, text: str) -> AppTest:
    """Answer as the browser does when a page asks what it keeps."""
    app.session_state[KEY].own_plan = text or None
    app.session_state[KEY].plan_told = True
    return app.run()


OWN = "# Mine\n- [a](/model?v=1&seed=7)\n- [b](/model?v=1&seed=8)"


def test_an_own_plan_outlives_its_session_by_what_the_browser_keeps() -> None:
    app = opened("teach", prepare="plan", plan="own")
    _handed(app, OWN)
    assert query(_started(app)) == {"v": "1", "seed": "7", "at": "own-1"}
    link = query(_went(app))
    assert link == {"v": "1", "seed": "8", "at": "own-2"}
    fresh = opened("model", **link)  # as after a reload: the server has yet to be told
    assert query(fresh) == link
    assert 'class="lab-plan"' not in said(fresh)
    assert _counter(_handed(fresh, OWN)) == "Step 2 of 2"
    assert _spoken(fresh) == ["b"]
    assert query(fresh) == link


@languages
def test_a_link_into_a_plan_that_this_browser_has_not_is_answered(language: str) -> None:
    app = _handed(opened("model", v="1", seed="8", at="own-2", lang=language), "")
    stands(app)
    (words,) = refusals(app)
    assert words == Text(language)("refused.plan_gone", was="own-2")
    assert "at" not in query(app)
    assert 'class="lab-plan"' not in said(app)
    # and so is one whose text is no plan, as anybody may have written it there
    assert refusals(_handed(app, "no plan")) == [words]


def test_a_step_beyond_the_end_is_the_last_one() -> None:
    assert _counter(_handed(opened("model", v="1", seed="8", at="own-9"), OWN)) == "Step 2 of 2"


def test_an_address_names_another_plan_than_the_one_that_is_held() -> None:
    app = _handed(opened("model", v="1", seed="8", at="own-2"), OWN)
    turned(app, "model", v="1", at="network-2")
    assert _counter(app) == "Step 2 of 8"
    assert query(app)["at"] == "network-2"


@languages
def test_the_example_of_a_step_stands_last_on_its_own_line(language: str) -> None:
    assert re.search(r"<br><code>[^<]+</code>$", Text(language)("plan.form"))


def test_a_step_brings_nothing_of_the_one_before() -> None:
    app = opened("teach", prepare="plan", plan="own")
    app.session_state[KEY] = Session(own_plan="- [a](/model?seed=7&part=forward)\n- [b](/model)\n- [c](/)")
    app.run()
    assert headline(app) == "Lecture plan: 3 steps, on Model, Home."
    assert query(_started(app)) == {"v": "1", "seed": "7", "part": "forward", "at": "own-1"}
    assert query(_went(app)) == {"v": "1", "at": "own-2"}
    assert _ways(app)["plan_next"] == "./?v=1&at=own-3"
    assert query(_went(app)) == {"v": "1", "at": "own-3"}


def test_nothing_of_an_own_plan_is_html_or_markdown() -> None:
    app = opened("teach", prepare="plan", plan="own")
    evil = "<img src=x onerror=alert(1)>"
    app.session_state[KEY] = Session(own_plan=f"# {evil}\n{evil}\n- [**b** {evil}](/model) {evil}\n")
    app.run()
    stands(app)
    assert "<img src=x" not in "".join(element.proto.body for element in app.get("html"))
    assert app.radio(key="plan_step").options == [rf"1\. {plans.label(f'**b** {evil}')}"]


@languages
def test_what_is_no_plan_is_answered(language: str) -> None:
    app = opened("teach", prepare="plan", plan="own", lang=language)
    assert Text(language)("plan.finding_none") == headline(app)
    app.session_state[KEY] = Session(own_plan="# x\n- [y](https://example.org/z)")
    app.run()
    stands(app)
    (words,) = refusals(app)
    assert "https://example.org/z" in words
    assert "2" in words
    assert "/distribution" in words


def test_without_a_plan_no_page_has_its_buttons() -> None:
    for page in PAGES:
        app = opened(page)
        assert _ways(app) == {}
        assert 'class="lab-plan"' not in _html(app)
