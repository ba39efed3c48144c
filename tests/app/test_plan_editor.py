"""A lecturer's own plan: made of what pages show, changed on the Teach page, kept by the browser."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from pages.lecture import own_plan, plans
from pages.lecture.plans import Plan, Step
from pages.state.controls import MAX_STEPS, PAGES
from pages.state.session import KEY, Session
from pages.text import LANGUAGES, Text
from tests.support.marks import languages
from tests.support.screen import headline, opened, query, said, stands, turned

THREE = """# Fans
1. [Zeros](/distribution?v=1&scheme=zeros&predict=on "5 min") Nothing.
2. [Ones](/distribution?v=1&scheme=ones)
3. [A net](/model?v=1&hide=seed,nonsense)
"""


def _own(app: AppTest) -> str:
    """Return the plan as the browser will keep it."""
    kept = app.session_state[KEY]
    assert kept.plan_edit > 0
    return str(kept.own_plan)


def _handed(app: AppTest, text: str) -> AppTest:
    """Answer as the browser does when a page asks what it keeps."""
    app.session_state[KEY].own_plan = text or None
    app.session_state[KEY].plan_told = True
    return app.run()


def _editor(text: str = THREE, **link: str) -> AppTest:
    return _handed(opened("teach", prepare="plan", plan="own", **link), text)


def _steps(app: AppTest) -> tuple[Step, ...]:
    return plans.parse(_own(app)).steps


@pytest.mark.parametrize("page", [page for page in PAGES if page != "teach"])
def test_what_a_page_shows_is_added_as_it_is(page: str) -> None:
    own = {"lesson": {"step": "xavier"}, "checkpoint": {"example": "seeds"}}.get(page, {"seed": "7"})
    own |= {"depth": "4", "width": "8", "seeds": "2"} if page == "signal" else {}
    app = opened(page, v="1", hide="more", predict="on", view="projector", lang="en", **own)
    _handed(app, "- [a](/model)")
    app.button(key="add_step").click().run()
    stands(app)
    added = _steps(app)[1]
    assert added.page == page
    assert dict(added.query) == {"v": "1", "hide": "more", "predict": "on", **own}
    assert added.title.startswith(Text("en")(f"nav.{page}"))
    (toast,) = app.toast
    assert "Step 2" in toast.value
    assert not app.run().toast


@languages
def test_steps_of_several_pages_make_a_plan(language: str) -> None:
    app = _handed(opened("distribution", scheme="zeros", lang=language), "")
    app.button(key="add_step").click().run()
    for page in ("compare", "lesson"):
        turned(app, page).button(key="add_step").click().run()
    assert [step.page for step in _steps(app)] == ["distribution", "compare", "lesson"]
    names = {"en": (": Zeros", ": Uniform"), "zh": ("：全 0", "：均匀")}[language]
    first, _, last = (step.title for step in _steps(app))
    assert names[0] in first
    assert names[1] in last


def test_a_step_is_added_to_what_the_browser_keeps_and_not_put_in_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that has just begun does not know yet which plan that is; it asks before it writes."""
    app = opened("model")
    app.button(key="add_step").click().run()
    now: Session = app.session_state[KEY]
    assert (now.plan_edit, now.own_plan) == (0, None)
    for kept_there, before in ((THREE, 3), ("", 0)):
        again = replace(now)
        _told(again, kept_there, monkeypatch)
        assert again.plan_edit == 1
        assert again.added == before + 1
        assert plans.parse(str(again.own_plan)).steps[before].page == "model"
        assert len(plans.parse(str(again.own_plan)).steps) == before + 1


def _told(now: Session, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the browser of a session say what it keeps."""
    monkeypatch.setattr(own_plan, "session", lambda: now)
    monkeypatch.setattr(own_plan.st, "session_state", {"lab": {"kept": text}})
    assert own_plan.told()["wanted"]
    own_plan.took()
    assert not own_plan.told()["wanted"]


def test_a_plan_takes_no_step_beyond_its_limits() -> None:
    app = _handed(opened("model"), "- [x](/model)\n" * MAX_STEPS)
    assert app.button(key="add_step").disabled
    assert not _handed(app, "- [x](/model)\n" * (MAX_STEPS - 1)).button(key="add_step").disabled


def test_the_tools_hidden_hide_this_one_too() -> None:
    assert "add_step" not in {button.key for button in opened("model", hide="tools").button}


def test_a_step_s_words_are_changed() -> None:
    app = _editor()
    app.text_input(key="step_title_0").set_value("What *is* [it]?").run()
    app.text_area(key="step_note_0").set_value("Two\nlines, <b>and</b> a `mark`").run()
    app.number_input(key="step_minutes_0").set_value(12).run()
    app.text_input(key="plan_title").set_value("Walls & fans").run()
    stands(app)
    plan = plans.parse(_own(app))
    assert plan.title == "Walls & fans"
    first = ("What *is* [it]?", "Two lines, <b>and</b> a `mark`", 12)
    assert (plan.steps[0].title, plan.steps[0].note, plan.steps[0].minutes) == first
    assert plan.steps[1:] == plans.parse(THREE).steps[1:]
    assert headline(app) == "Walls & fans: 3 steps on Distribution, Model; 12 min are planned for 1 of them."
    assert app.radio(key="plan_step").options[0] == r"1\. What \*is\* \[it\]\?"
    app.text_input(key="step_title_0").set_value("  ").run()  # a step without a title is none
    assert _steps(app)[0].title == "What *is* [it]?"


def test_the_most_that_each_field_takes_can_be_read_again() -> None:
    """Minutes have three digits in a plan; letters that Markdown reads as marks are written as two."""
    app = _editor()
    title, note = "[" * app.text_input(key="step_title_0").max_chars, "*" * app.text_area[0].max_chars
    minutes = int(app.number_input(key="step_minutes_0").max)
    app.text_input(key="step_title_0").set_value(title).run()
    app.text_area(key="step_note_0").set_value(note).run()
    app.number_input(key="step_minutes_0").set_value(minutes).run()
    stands(app)
    (first, *_) = _steps(app)
    assert (first.title, first.note, first.minutes) == (title, note, minutes)
    assert minutes >= 90  # a double lesson


def test_a_step_is_predicted_first_or_not() -> None:
    app = _editor()
    app.toggle(key="step_predict_0").set_value(False).run()
    assert dict(_steps(app)[0].query) == {"v": "1", "scheme": "zeros"}
    app.radio(key="plan_step").set_value(1).run()
    app.toggle(key="step_predict_1").set_value(True).run()
    assert dict(_steps(app)[1].query) == {"v": "1", "scheme": "ones", "predict": "on"}


def test_what_a_step_hides_and_locks_is_chosen_and_what_is_not_offered_stays() -> None:
    app = _editor()
    app.radio(key="plan_step").set_value(2).run()
    assert app.multiselect(key="step_hide_2").value == ["seed"]
    app.multiselect(key="step_hide_2").set_value(["batch", "more"]).run()
    app.multiselect(key="step_lock_2").set_value(["net"]).run()
    assert dict(_steps(app)[2].query) == {"v": "1", "hide": "batch,more,nonsense", "lock": "net"}


def test_steps_change_places_are_removed_and_come_back() -> None:
    app = _editor()
    app.button(key="plan_move1").click().run()
    assert [step.title for step in _steps(app)] == ["Ones", "Zeros", "A net"]
    assert app.radio(key="plan_step").value == 1
    assert app.text_input(key="step_title_1").value == "Zeros"
    app.button(key="plan_move1").click().run()
    assert app.button(key="plan_move1").disabled
    app.button(key="plan_move-1").click().run()
    app.button(key="plan_move-1").click().run()
    assert app.button(key="plan_move-1").disabled
    assert _own(app) == THREE.replace("# Fans\n", "# Fans\n\n")
    app.button(key="plan_remove").click().run()
    assert [step.title for step in _steps(app)] == ["Ones", "A net"]
    app.button(key="plan_undo").click().run()
    assert _own(app) == THREE.replace("# Fans\n", "# Fans\n\n")
    assert "plan_undo" not in {button.key for button in app.button}


def test_a_ready_plan_is_copied_to_be_one_s_own_and_what_was_comes_back() -> None:
    app = _handed(opened("teach", prepare="plan", plan="depth"), THREE)
    app.button(key="plan_take").click().run()
    stands(app)
    assert query(app)["plan"] == "own"
    assert _steps(app) == plans.parse(plans.ready("depth", "en")).steps
    assert "plan_take" not in {button.key for button in app.button}
    app.button(key="plan_undo").click().run()
    assert _own(app) == THREE


def test_a_plan_says_how_long_it_takes_where_all_its_steps_do() -> None:
    app = _editor('- [a](/model "5 min")\n- [b](/model "7 min")')
    assert headline(app) == "Lecture plan: 2 steps in 12 min, on Model."


def test_a_change_is_the_step_s_own_although_it_has_moved_meanwhile() -> None:
    """A quick visitor's note and press arrive together, in whichever order."""
    app = _editor()
    app.text_area(key="step_note_0").set_value("Late.")
    app.button(key="plan_move1").click().run()
    assert {step.title: step.note for step in _steps(app)} == {"Zeros": "Late.", "Ones": "", "A net": ""}
    assert [step.title for step in _steps(app)] == ["Ones", "Zeros", "A net"]


def test_the_last_step_removed_leaves_no_plan_and_no_step_held() -> None:
    app = _editor("- [a](/teach?v=1&prepare=plan&plan=own)", at="own-1")
    assert 'class="lab-plan"' in said(app)
    app.button(key="plan_remove").click().run()
    stands(app)
    assert app.session_state[KEY].own_plan is None
    assert app.session_state[KEY].plan_edit == 1  # which the browser is told
    assert "at" not in query(app)
    assert headline(app) == Text("en")("plan.finding_none")
    app.button(key="plan_undo").click().run()
    assert len(_steps(app)) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_hostile_plan_says_is_only_text_in_the_editor(language: str) -> None:
    evil = "<img src=x onerror=evil> **b** :red[r] $m$ [y](javascript:evil)"
    plan = Plan(evil, (Step(evil, "model", (("net", evil), ("hide", evil)), evil),))
    app = _editor(plans.written(plan), lang=language)
    stands(app)
    assert app.text_input(key="step_title_0").value == evil
    assert "<img src=x" not in "".join(element.proto.body for element in app.get("html"))
    (option,) = app.radio(key="plan_step").options
    assert option == "1\\. " + plans.label(evil)
    app.text_area(key="step_note_0").set_value("safe").run()
    assert plans.parse(_own(app)).steps[0].query == plan.steps[0].query


def test_the_browser_s_plan_is_taken_up_to_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, own in ((THREE, THREE), ("", None), ("- [x](/model) " + "n" * plans.MAX_BYTES, None)):
        now = Session()
        _told(now, text, monkeypatch)
        assert (now.own_plan, now.plan_told, now.plan_edit) == (own, True, 0)
