"""The presenter's window: what a lecturer sees of the step that is held, and no class does."""

import re
from html import escape, unescape

import pytest
from streamlit.testing.v1 import AppTest

from pages.lecture import held_plan, plans
from pages.lecture.plans import Step
from pages.live import browser
from pages.state.session import KEY
from pages.text import Text
from tests.support.marks import languages
from tests.support.screen import headline, opened, query, said, stands

FIRST = {language: plans.parse(plans.ready("first", language)).steps for language in ("en", "zh")}


def _links(app: AppTest) -> list[str]:
    """Return where the panel's links lead to."""
    html = "".join(element.proto.body for element in app.get("html"))
    return [unescape(link) for link in re.findall(r'<a class="lab-button[^>]*? href="([^"]*)"', html)]


def _panel(step: Step, at: int, **link: str) -> str:
    app = opened(step.page, **dict(step.query), at=f"first-{at}", view="presenter", **link)
    stands(app)
    return said(app)


@languages
@pytest.mark.parametrize("at", [1, 6, 9])
def test_the_presenter_sees_the_answer_the_note_and_the_next_step(at: int, language: str) -> None:
    t, steps = Text(language), FIRST[language]
    words = _panel(steps[at - 1], at, lang=language)
    assert f'<h2 class="lab-asks">{escape(steps[at - 1].title)}</h2>' in words
    assert f'<p class="lab-says">{escape(steps[at - 1].note)}</p>' in words
    assert t("predict.waits") not in words  # although the step waits, for the class
    assert t("plan.step", at=at, steps=9) in words
    if at < 9:
        following = steps[at]
        assert f'<p class="lab-following">{escape(following.title)}</p>' in words
        waits = dict(following.query).get("predict") == "on"
        assert (t("presenter.next_waits") in words) == waits
    else:
        assert t("presenter.last") in words
        assert '<p class="lab-following">' not in words


def test_the_answer_stands_there_as_the_class_will_see_it() -> None:
    step = FIRST["en"][4]
    link = dict(step.query)
    app = opened(step.page, **link, at="first-5", view="presenter")
    answer = headline(app)
    assert answer == headline(opened(step.page, **{n: v for n, v in link.items() if n != "predict"}))
    assert "reveal" not in {button.key for button in app.button}
    assert query(app) == {**link, "at": "first-5", "view": "presenter"}


def test_a_step_opens_as_it_is_seen_in_each_window() -> None:
    step = FIRST["en"][0]
    (on, projector) = _links(opened(step.page, **dict(step.query), at="first-1", view="presenter"))
    assert on.endswith("view=presenter&at=first-2")  # and back there is none
    assert projector.endswith("&predict=on&view=projector&at=first-1")
    link = "./model?v=1&net=2-3.zeros&view=page&at=own-1"
    assert held_plan.seen_as(link, "presenter") == link.replace("view=page", "view=presenter")


def test_a_step_that_wants_a_view_of_its_own_leaves_the_presenter_s_window_as_it_is() -> None:
    app = opened("model", v="1", at="own-1", view="presenter")
    app.session_state[KEY].own_plan = "- [a](/model?v=1)\n- [b](/model?v=1&view=projector&seed=7)"
    app.session_state[KEY].plan_told = True
    stands(app.run())
    assert _links(app)[0] == "./model?v=1&view=presenter&seed=7&at=own-2"


@languages
def test_a_presenter_s_window_without_a_plan_says_so(language: str) -> None:
    app = opened("model", view="presenter", lang=language)
    stands(app)
    assert Text(language)("presenter.none") in said(app)
    app.button(key="leave").click().run()
    assert "view" not in query(app)


@pytest.mark.parametrize(("last", "whole"), [(' "4 min"', ["16"]), ("", [])])
def test_the_time_that_was_planned_stands_beside_the_clock(last: str, whole: list[str]) -> None:
    """The step's own always; the lecture's where every step has one."""
    app = opened("model", v="1", at="own-2", view="presenter")
    plan = f'- [a](/model "7 min")\n- [b](/model?v=1 "5 min")\n- [c](/model{last})'
    app.session_state[KEY].own_plan, app.session_state[KEY].plan_told = plan, True
    stands(app.run())
    clock = said(app).partition('role="timer"')[2].partition("</p>")[0]
    assert 'data-lab-clock="own-2"' in clock
    assert re.findall(r"of (\d+) min", clock) == [*whole, "5"]


def test_the_windows_are_told_what_the_class_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[dict[str, object]] = []
    monkeypatch.setattr(browser, "SERVED", True)
    monkeypatch.setattr(browser, "_component", lambda **_: lambda *, data, **_: told.append(data["lecture"]))
    step = FIRST["en"][2]
    app = opened(step.page, **dict(step.query), at="first-3", view="projector")
    seen = {"view": "projector", "reveal": "Reveal", "next": "Next ›"}
    assert told[-1] == {**seen, "step": {"waits": True, "here": True, "place": "first-3"}}
    app.button(key="plan_next").click().run()
    assert told[-1] == {**seen, "step": {"waits": False, "here": True, "place": "first-3"}}
    app.session_state["seed"] = "41"
    app.run()
    assert told[-1] == {**seen, "step": {"waits": True, "here": False, "place": "first-3"}}
    app.button(key="plan_end").click().run()
    assert told[-1] == {**seen, "step": None}
