"""A browser that has not yet shown what a run sent tells of fields as they were: none of that is a choice."""

from typing import Any

from streamlit.testing.v1 import AppTest

from pages.lecture import plans
from pages.state.session import KEY
from pages.state.set_by_button import HEARD
from tests.support.screen import opened, query, stands


def _unheard(app: AppTest, heard: str, **fields: str) -> AppTest:
    """Have these fields say what they said when the browser last heard."""
    app.text_input(key=HEARD).set_value(heard)
    for name, value in fields.items():
        _field(app, name).set_value(value)
    return app


def _field(app: AppTest, name: str) -> Any:
    return next(field for field in (*app.text_input, *app.selectbox) if field.key == name)


def _unfolded(page: str, drawer: str, **link: str) -> AppTest:
    app = opened(page, **link)
    app.session_state[drawer] = True
    return app.run()


def _heard(app: AppTest) -> str:
    return str(app.text_input(key=HEARD).value)


def test_what_a_button_changed_stays_while_another_field_is_typed_in() -> None:
    app = opened("distribution")
    heard = _heard(app)
    app.button(key="redraw").click().run()
    _unheard(app, heard, seed="40", fan_in="1000").run()
    stands(app)
    assert (query(app)["seed"], query(app)["fan_in"]) == ("41", "1000")
    assert app.text_input(key="seed").value == "41"


def test_who_has_seen_the_change_may_take_it_back() -> None:
    app = opened("distribution")
    app.button(key="redraw").click().run()
    assert query(app)["seed"] == "41"
    app.text_input(key="seed").set_value("40").run()
    assert "seed" not in query(app)


def test_a_page_that_fails_lets_what_it_failed_for_be_taken_back() -> None:
    app = opened("distribution")
    app.button(key="redraw").click().run()
    app.text_input(key="fan_in").set_value("2" * 24).run()
    app.text_input(key="seed").set_value("40").run()
    assert "seed" not in query(app)


def test_a_link_s_values_stay_until_the_browser_shows_them() -> None:
    app = opened("distribution")
    heard = _heard(app)
    app.query_params["seed"] = "7"
    app.run()
    _unheard(app, heard, seed="40", fan_out="9").run()
    assert (query(app)["seed"], query(app)["fan_out"]) == ("7", "9")


def test_a_layer_is_added_to_the_network_that_was_typed() -> None:
    app = _unfolded("model", "layers")
    heard, net = _heard(app), app.text_input(key="net").value
    app.text_input(key="units_1").set_value("5").run()
    _unheard(app, heard, net=net).button(key="add").click().run()
    stands(app)
    assert query(app)["net"].split("-")[1].startswith("5.")
    assert len(query(app)["net"].split("-")) == 5


def test_a_layer_s_old_units_are_not_typed_into_the_one_that_took_its_place() -> None:
    app = _unfolded("model", "layers", net="3-9.zeros.relu-2.xavier_normal.tanh-2.zeros")
    heard = _heard(app)
    app.button(key="down_1").click().run()
    moved = query(app)["net"]
    _unheard(app, heard, units_1="9", scheme_1="zeros", activation_1="relu").run()
    stands(app)
    assert query(app)["net"] == moved
    assert app.text_input(key="units_1").value == "2"


def test_a_scheme_that_was_taken_away_does_not_come_back_in_the_next_one_s_place() -> None:
    app = _unfolded("compare", "schemes", rows="zeros.9x7-normal(std=0.5).64x32-ones")
    heard = _heard(app)
    app.button(key="remove_0").click().run()
    _unheard(app, heard, row_0="zeros", fans_0="9x7", params_0="").run()
    stands(app)
    assert query(app)["rows"] == "normal(std=0.5).64x32-ones"


def test_a_step_s_old_title_is_not_given_to_the_one_that_took_its_place() -> None:
    app = opened("teach", prepare="plan", plan="own")
    app.session_state[KEY].own_plan = "1. [Zeros](/distribution?scheme=zeros)\n2. [Net](/model)\n"
    app.session_state[KEY].plan_told = True
    app.run()
    heard = _heard(app)
    app.button(key="plan_move1").click().run()
    app.radio(key="plan_step").set_value(0).run()
    assert app.text_input(key="step_title_0").value == "Net"
    _unheard(app, heard, step_title_0="Zeros").run()
    stands(app)
    titles = [step.title for step in plans.parse(app.session_state[KEY].own_plan).steps]
    assert titles == ["Net", "Zeros"]
