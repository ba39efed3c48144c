"""The teach page: links that show what they say they show, and lecture plans gone through step by step."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any, NoReturn
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
from tests.support.screen import headline, opened, query, refusals, said, stands, turned

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


@pytest.fixture
def jumps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, str]]]:
    """Note where pages jump to: the harness mixes the link of a jump with the one before."""
    found: list[tuple[str, dict[str, str]]] = []

    def noted(path: str, *, query_params: dict[str, str]) -> NoReturn:
        found.append((path, query_params))
        streamlit.stop()

    monkeypatch.setattr(streamlit, "switch_page", noted)
    return found


def _landed(app: AppTest, jumps: list[tuple[str, dict[str, str]]]) -> AppTest:
    """Let the jump that was asked for be made."""
    (path, params) = jumps.pop()
    assert jumps == []
    return _moved(app, path, **params)


def _moved(app: AppTest, path: str, **link: str) -> AppTest:
    """Go on to another page in the same session."""
    app.switch_page(path)
    app.query_params.clear()
    for name, value in link.items():
        app.query_params[name] = value
    return app.run()


def test_a_plan_is_gone_through_and_ended(jumps: list[tuple[str, dict[str, str]]]) -> None:
    steps = plans.parse(plans.ready("network", "en")).steps
    app = opened("teach", prepare="plan", plan="network", view="projector")
    assert headline(app) == "The three-layer net: 8 steps, on Lesson, Model."
    shown = [link.proto for link in app.get("page_link")[-len(steps) :]]
    assert [link.page for link in shown] == [step.page for step in steps]
    app.button(key="plan_start").click().run()
    for at, step in enumerate(steps):
        stands(_landed(app, jumps))
        assert query(app) == _opening(step, at=f"network-{at + 1}")
        back, on = app.button(key="plan_previous"), app.button(key="plan_next")
        assert (back.label, on.label) == (f"‹ {max(at, 1)}/8", f"{min(at + 2, 8)}/8 ›")
        assert (back.disabled, on.disabled) == (at == 0, at == 7)
        if at < 7:
            on.click().run()
    app.button(key="plan_previous").click().run()
    assert query(_landed(app, jumps)) == _opening(steps[6], at="network-7")
    # the list, or the browser, leads elsewhere in the plan: it goes on from there
    _moved(app, "pages/model.py", **dict(steps[2].query))
    assert app.button(key="plan_next").label == "4/8 ›"
    assert query(app)["at"] == "network-3"
    app.button(key="plan_end").click().run()
    assert "plan_next" not in {button.key for button in app.button}
    assert query(app) == {"v": "1", **dict(steps[2].query)}
    assert "at" not in query(turned(app, "home"))


def _opening(step: Step, **more: str) -> dict[str, str]:
    """Return a step's link as its page writes it, in the projector view."""
    return {"v": "1", **dict(step.query), "view": "projector", **more}


@pytest.mark.parametrize("name", READY)
def test_a_plan_outlives_a_reload(name: str, jumps: list[tuple[str, dict[str, str]]]) -> None:
    steps = plans.parse(plans.ready(name, "en")).steps
    last = len(steps)
    app = opened("teach", prepare="plan", plan=name)
    app.button(key="plan_start").click().run()
    _landed(app, jumps).button(key="plan_next").click().run()
    _landed(app, jumps)
    fresh = opened(steps[1].page, **query(app))
    stands(fresh)
    assert refusals(fresh) == []
    assert query(fresh) == query(app) == {"v": "1", **dict(steps[1].query), "at": f"{name}-2"}
    assert fresh.button(key="plan_next").label == f"3/{last} ›"
    fresh.button(key="plan_next").click().run()
    assert query(_landed(fresh, jumps))["at"] == f"{name}-3"


def test_a_plan_goes_along_by_the_menu_and_by_its_list() -> None:
    app = turned(opened("model", at="depth-3"), "home")
    assert query(app) == {"v": "1", "at": "depth-3"}
    assert app.button(key="plan_next").label == "4/9 ›"
    turned(app, "teach")
    for plan, at in (("depth", "depth-2"), ("network", "depth-3")):
        app.session_state["prepare"], app.session_state["plan"] = "plan", plan
        app.run()
        second = app.get("page_link")[-len(plans.parse(plans.ready(plan, "en")).steps) + 1]
        assert dict(parse_qsl(second.proto.query_string))["at"] == at
    app.button(key="plan_stop").click().run()
    assert query(app) == {"v": "1", "prepare": "plan", "plan": "network"}
    assert "at=" not in "".join(link.proto.query_string for link in app.get("page_link"))


def test_going_back_goes_back_in_the_plan() -> None:
    app = opened("home", at="first-5")
    _moved(app, "app.py", v="1", at="first-2")
    assert app.button(key="plan_next").label == "3/9 ›"
    assert query(app)["at"] == "first-2"


@languages
def test_a_link_to_no_step_is_answered(language: str) -> None:
    app = opened("model", at="depth-99", lang=language)
    stands(app)
    (words,) = refusals(app)
    assert "depth-99" in words
    assert "depth-9" in words.replace("depth-99", "")
    assert "at" not in query(app)
    assert "plan_next" not in {button.key for button in app.button}


@languages
def test_only_an_own_plan_says_that_a_reload_lets_go_of_it(language: str) -> None:
    app = opened("teach", prepare="plan", plan="own", lang=language)
    app.session_state[KEY] = Session(own_plan="- [a](/model)")
    assert Text(language)("plan.reload") in said(app.run())
    assert Text(language)("plan.reload") not in said(opened("teach", prepare="plan", lang=language))


def test_an_own_plan_is_in_no_link_and_no_link_takes_its_place(
    jumps: list[tuple[str, dict[str, str]]],
) -> None:
    app = opened("teach", prepare="plan", plan="own", at="depth-3")
    app.session_state[KEY] = Session(own_plan="- [a](/model)\n- [b](/model?seed=7)")
    app.run()
    app.button(key="plan_start").click().run()
    assert query(_landed(app, jumps)) == {}
    _moved(app, "pages/model.py", v="1", seed="7", at="depth-3")
    assert query(app) == {"v": "1", "seed": "7"}
    assert app.button(key="plan_previous").label == "‹ 1/2"


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


def test_a_step_brings_nothing_of_the_one_before(jumps: list[tuple[str, dict[str, str]]]) -> None:
    app = opened("teach", prepare="plan", plan="own")
    app.session_state[KEY] = Session(own_plan="- [a](/model?seed=7&part=forward)\n- [b](/model)\n- [c](/)")
    app.run()
    assert headline(app) == "Lecture plan: 3 steps, on Model, Home."
    app.button(key="plan_start").click().run()
    assert query(_landed(app, jumps)) == {"v": "1", "seed": "7", "part": "forward"}
    app.button(key="plan_next").click().run()
    assert query(_landed(app, jumps)) == {}
    app.button(key="plan_next").click().run()
    assert jumps == [("app.py", {"v": "1"})]


def test_nothing_of_an_own_plan_is_html_or_markdown() -> None:
    app = opened("teach", prepare="plan", plan="own")
    evil = "<img src=x onerror=alert(1)>"
    app.session_state[KEY] = Session(own_plan=f"# {evil}\n{evil}\n- [**b** {evil}](/model) {evil}\n")
    app.run()
    stands(app)
    assert "<img src=x" not in "".join(element.proto.body for element in app.get("html"))
    assert app.get("page_link")[-1].proto.label.endswith(plans.label(f"**b** {evil}"))
    assert "**b**" not in app.get("page_link")[-1].proto.label


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
        assert not {"plan_previous", "plan_next", "plan_end"} & {button.key for button in app.button}


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
