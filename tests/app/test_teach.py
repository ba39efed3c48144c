"""The teach page: links that show what they say they show."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from pages.lecture import links as preparing
from pages.lecture.links import Prepared
from pages.state.controls import CONTROLS, TABLE, views_of
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
    turned(app, "teach")
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
    turned(app, "teach")
    assert _link(app) == {"v": "1", "scheme": "zeros"}


def test_what_the_page_no_longer_has_is_neither_hidden_nor_locked() -> None:
    app = opened("distribution", scheme="normal")
    turned(app, "teach")
    app.multiselect(key="prepare_hide_distribution").set_value(["std", "seed"]).run()
    turned(app, "distribution", scheme="zeros")
    turned(app, "teach")
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


@languages
def test_what_is_wrong_with_a_file_is_said_until_another_is_read(language: str) -> None:
    app = opened("teach", prepare="plan", plan="own", lang=language)
    given, wrong = (
        b"\xef\xbb\xbf# Mine\n- [x](/model)",
        {"en": "There is no step", "zh": "没有任何一步"}[language],
    )
    for data, answered in ((b"Nothing.", True), (given, False), (b"", True), (given, False)):
        app.file_uploader[0].upload("plan.md", data, "text/markdown").run()
        stands(app)
        assert [wrong in words for words in refusals(app)] == [True] * answered
        # the plan that was read last stays
        assert ("Mine" in headline(app)) == (app.session_state[KEY].own_plan is not None)
    assert headline(app).startswith("Mine")


def test_a_page_of_another_host_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    for url, wrong in (("https://lab.example.org/teach", 0), ("https://other.example/teach", 1)):
        monkeypatch.setattr(type(streamlit.context), "url", property(lambda _, url=url: url))
        app = opened("teach", prepare="plan", plan="own")
        app.session_state[KEY] = Session(own_plan="- [x](https://lab.example.org/distribution)")
        app.run()
        stands(app)
        assert len(refusals(app)) == wrong


#: What has one more parameter read: DeepNorm's decoder's layers.
ENCODER = {"stack": "encoder"}


def test_every_control_of_every_page_has_its_place_or_no_way_to_be_held() -> None:
    # a slider of its own, and questions that go on by their buttons: a link's lock does not reach these
    apart = {"slope", "quiz", "question"}
    for page in HELD:
        names = {*CONTROLS[page]} - {*preparing.FRAME} - apart
        found: set[str] = set()
        for scheme in TABLE["scheme"].options:
            for more in ({}, {"layer": "Conv1d(64, 128, 5)"}, {"data": "1,2,3"}, {"bias": "normal"}, ENCODER):
                state = preparing.settled(page, {"scheme": scheme, "nonlinearity": "leaky_relu", **more})
                found |= {*preparing.places(page, state)}
        assert found - {"predict"} == (names if page != "home" else {"scheme", "seed"})
