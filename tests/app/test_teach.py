"""The teach page: links that show what they say they show, and lecture plans gone through step by step."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from pages.lecture import links as preparing
from pages.lecture import plans
from pages.lecture.links import Prepared
from pages.lecture.plans import READY, Step
from pages.state.controls import CONTROLS, PAGES, TABLE, views_of
from pages.state.session import KEY, Session
from pages.text import Text
from tests.support.marks import languages
from tests.support.screen import bare, headline, opened, query, refusals, said, stands, turned

EN = Text("en")
#: What each page's link holds in these tests, so that most of its controls are there.
HELD = {
    "home": {"scheme": "zeros"},
    "distribution": {"scheme": "trunc_normal"},
    "compare": {"order": "std"},
    "signal": {"depth": "5", "width": "8", "seeds": "1", "samples": "2", "bias": "normal"},
    "model": {"batch": "3"},
    "lesson": {"step": "sqrt5"},
}


def _address(app: AppTest) -> str:
    (found,) = re.findall(r'<p class="lab-link">(.*?)</p>', said(app))
    return unescape(found)


def _link(app: AppTest) -> dict[str, str]:
    """Return the parameters of the link that was made; the button that opens it has the same."""
    made = dict(parse_qsl(urlsplit(_address(app)).query))
    (button,) = [link for link in app.get("page_link") if link.proto.label == EN("teach.open")]
    assert dict(parse_qsl(button.proto.query_string)) == made
    return made


@languages
@pytest.mark.parametrize("prepare", TABLE["prepare"].options)
def test_each_view_stands_in_every_language(prepare: str, language: str) -> None:
    app = opened("teach", prepare=prepare, lang=language)
    stands(app)
    assert refusals(app) == []
    assert headline(app)


def test_a_link_is_made_of_the_page_that_the_visitor_comes_from() -> None:
    app = opened("distribution", scheme="normal", std="0.02", tab="matrix", fan_in="30")
    _moved(app, "pages/teach.py")
    stands(app)
    assert app.selectbox(key="prepare_page").value == "distribution"
    for words in ("<b>Normal</b>", "Standard deviation σ <b>0.02</b>", "<b>Matrix</b>"):
        assert words in said(app)
    assert headline(app) == "This link shows all 12 controls, all free to change."
    app.multiselect(key="prepare_hide_distribution").set_value(["device", "tab", "more"]).run()
    app.multiselect(key="prepare_lock_distribution").set_value(["scheme", "std"]).run()
    app.toggle(key="prepare_predict").set_value(True).run()
    app.selectbox(key="prepare_view").select("projector").run()
    app.selectbox(key="prepare_lang").select("zh").run()
    held = {"v": "1", "scheme": "normal", "std": "0.02", "fan_in": "30", "tab": "matrix"}
    own = {
        "predict": "on",
        "hide": "device,tab,more",
        "lock": "scheme,std",
        "view": "projector",
        "lang": "zh",
    }
    assert _link(app) == held | own
    # scheme, mean, fan_in, fan_out and seed: device and tab are hidden, and five more stand in the drawer
    assert headline(app) == "This link shows 5 of 12 controls and locks 2."
    assert query(app) == {}
    # what was chosen here is there again, and another page begins with nothing
    app.selectbox(key="prepare_page").select("home").run()
    assert _link(app) == {"v": "1", "scheme": "normal", "std": "0.02", "fan_in": "30", "tab": "matrix"} | {
        "predict": "on",
        "view": "projector",
        "lang": "zh",
    }
    app.selectbox(key="prepare_page").select("distribution").run()
    assert _link(app) == held | own


def test_how_a_visitor_has_the_page_is_no_part_of_the_link() -> None:
    """What every page has is asked here: whoever predicts in the projector view makes a link without."""
    app = opened("distribution", scheme="zeros", predict="on", view="projector", lang="en", lock="seed")
    _moved(app, "pages/teach.py")
    assert _link(app) == {"v": "1", "scheme": "zeros"}


def test_what_the_page_no_longer_has_is_neither_hidden_nor_locked() -> None:
    app = opened("distribution", scheme="normal")
    _moved(app, "pages/teach.py")
    app.multiselect(key="prepare_hide_distribution").set_value(["std", "seed"]).run()
    _moved(app, "pages/distribution.py", scheme="zeros")
    _moved(app, "pages/teach.py")
    stands(app)
    assert _link(app).get("hide", "seed") == "seed"
    assert "std" not in app.multiselect(key="prepare_hide_distribution").options


def _keys(app: AppTest) -> dict[str, bool]:
    """Return the controls that stand on a page, and whether each can be changed."""
    widgets = [*app.selectbox, *app.text_input, *app.text_area]
    found = {str(widget.key): not widget.disabled for widget in widgets if widget.key in TABLE}
    editors = {"schemes": "rows", "layers": "net"}
    return found | {editors[drawer.key]: True for drawer in app.get("expander") if drawer.key in editors}


def _seen(page: str, link: dict[str, str]) -> dict[str, bool]:
    """Return the controls that a link shows on the views that it lets a student go to, the drawer open."""
    views = views_of(page)
    fixed = {*link.get("hide", "").split(","), *link.get("lock", "").split(",")}
    found: dict[str, bool] = {}
    for view in TABLE[views].options if views and views not in fixed else ("",):
        app = opened(page, **(link | ({views: view} if view else {})))
        if "more" in app.session_state:
            app.session_state["more"] = True
            app.run()
        stands(app)
        assert refusals(app) == []
        if app.tabs:
            found[views] = True
        for name, free in _keys(app).items():
            found[name] = found.get(name, False) or free
        if "load" in {button.key for button in app.button}:
            found["weights"] = True
    return found


def _cases() -> Iterator[tuple[str, dict[str, Any]]]:
    for page, held in HELD.items():
        state = preparing.settled(page, held)
        names = [*preparing.places(page, state)]
        views = views_of(page)
        yield page, {}
        yield page, {"hide": tuple(names[::2])}
        yield page, {"lock": tuple(names[1::2])}
        yield page, {"hide": ("more", "menu", "tools"), "lock": tuple(filter(None, (views,)))}


@pytest.mark.parametrize(("page", "choice"), [*_cases()])
def test_the_controls_that_a_link_shows_are_the_ones_it_counts(page: str, choice: dict[str, Any]) -> None:
    link = Prepared(page, HELD[page], **choice)
    seen = _seen(page, link.query)
    assert set(seen) == set(link.shown)
    assert {name for name, free in seen.items() if not free} == set(link.shown) & set(link.locked)
    words = preparing.finding(link, EN)
    numbers = [int(number) for number in re.findall(r"\d+", words)]
    assert len(link.places) in numbers
    assert not link.shown or len(link.shown) in numbers


def test_the_address_is_on_the_same_server() -> None:
    link = Prepared("signal", {"rows": "normal(std=0.1)-zeros"}, lock=("rows", "seed"))
    query = "?v=1&rows=normal%28std%3D0.1%29-zeros&lock=rows,seed"
    assert link.address("http://lab:8501/teach") == "http://lab:8501/signal" + query
    assert link.address("https://lab.org/course/teach?v=1") == "https://lab.org/course/signal" + query
    assert Prepared("home", {}).address("http://lab:8501/teach") == "http://lab:8501/?v=1"


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
    found = re.findall(
        r'<a class="[^"]*" href="([^"]*)" target="_self" data-lab-page data-lab-does="(\w+)"', _html(app)
    )
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
    return _moved(app, PAGES[page], **dict(parse_qsl(link)))


def _went(app: AppTest, does: str = "plan_next") -> AppTest:
    return _opened(app, _ways(app)[does])


def _started(app: AppTest) -> AppTest:
    (address,) = re.findall(r'<a class="lab-button lab-first" href="([^"]*)"[^>]*>Start</a>', _html(app))
    return _opened(app, unescape(address))


def _moved(app: AppTest, path: str, **link: str) -> AppTest:
    """Go on to another page in the same session."""
    app.switch_page(path)
    app.query_params.clear()
    for name, value in link.items():
        app.query_params[name] = value
    return app.run()


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
    _moved(app, "pages/model.py", **dict(steps[2].query))
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
        r'<p class="lab-(?:step|said)[^"]*"( aria-hidden="true")? data-lab-old>(.*?)</p>', _html(app)
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


def test_going_back_goes_back_in_the_plan() -> None:
    app = opened("home", at="first-5")
    _moved(app, "app.py", v="1", at="first-2")
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
    _moved(app, "pages/distribution.py", **dict(steps[2].query), at="first-3")
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
    _moved(app, "pages/model.py", v="1", at="network-2")
    assert _counter(app) == "Step 2 of 8"
    assert query(app)["at"] == "network-2"


def test_a_page_of_another_host_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    for url, wrong in (("https://lab.example.org/teach", 0), ("https://other.example/teach", 1)):
        monkeypatch.setattr(type(streamlit.context), "url", property(lambda _, url=url: url))
        app = opened("teach", prepare="plan", plan="own")
        app.session_state[KEY] = Session(own_plan="- [x](https://lab.example.org/distribution)")
        app.run()
        stands(app)
        assert len(refusals(app)) == wrong


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
        app = opened(page, **HELD.get(page, {}))
        assert _ways(app) == {}
        assert 'class="lab-plan"' not in _html(app)


def test_every_control_of_every_page_has_its_place_or_no_way_to_be_held() -> None:
    # a slider of its own, and questions that go on by their buttons: a link's lock does not reach these
    apart = {"slope", "quiz", "question"}
    for page in HELD:
        names = {*CONTROLS[page]} - {*preparing.FRAME} - apart
        found: set[str] = set()
        for scheme in TABLE["scheme"].options:
            for more in ({}, {"layer": "Conv1d(64, 128, 5)"}, {"data": "1,2,3"}, {"bias": "normal"}):
                state = preparing.settled(page, {"scheme": scheme, "nonlinearity": "leaky_relu", **more})
                found |= {*preparing.places(page, state)}
        assert found - {"predict"} == (names if page != "home" else {"scheme", "seed"})
