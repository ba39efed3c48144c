"""In front of a class, on every page: predict first, step on, hide and lock, share and export."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from core import SCHEMES
from pages.live import browser
from pages.shell import network, share
from pages.shell.keys import KEYS, PLAN_KEYS
from pages.state.controls import CONTROLS, PAGES, TABLE
from pages.text import LANGUAGES, Text
from tests.support.screen import menu, opened, query, refusals, said, shared, turned

COVERED = [page for page in PAGES if page not in {"lesson", "teach"}]  # the lesson covers its own


def _desk(page: str = "distribution", **link: str) -> AppTest:
    """Open a page in the projector view, where the desk has its buttons."""
    return opened(page, view="projector", **link)


def _style(app: AppTest) -> str:
    return "".join(html.proto.body for html in app.get("html") if html.proto.body.startswith("<style"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", COVERED)
def test_a_result_is_covered_until_it_is_revealed(page: str, language: str) -> None:
    t = Text(language)
    app = opened(page, predict="on", lang=language)
    assert t(f"predict.{page}") in said(app)
    assert ".st-key-result :not" in _style(app)  # from the first element on: nothing shows before it
    app.button(key="reveal").click().run()
    assert t(f"predict.{page}") not in said(app)
    assert ".st-key-result :not" not in _style(app)
    assert query(app)["predict"] == "on"


def test_another_draw_is_predicted_anew_and_another_view_is_not() -> None:
    app = opened(predict="on")
    app.button(key="reveal").click().run()
    for control, value in (("tab", "numbers"), ("view", "projector"), ("lang", "zh"), ("bins", "30")):
        app.session_state[control] = value
        app.run()
        assert [button.key for button in app.button if button.key == "reveal"] == [], control
    app.button(key="redraw").click().run()
    assert app.button(key="reveal")


def test_the_desk_covers_and_uncovers() -> None:
    app = _desk()
    app.button(key="predict_first").click().run()
    assert query(app)["predict"] == "on"
    assert app.button(key="reveal")
    app.button(key="predict_first").click().run()
    assert query(app) == {"v": "1", "view": "projector"}
    assert ".st-key-result :not" not in _style(app)


def _schemes(app: AppTest, times: int, key: str = "next") -> Iterator[str]:
    for _ in range(times):
        app.button(key=key).click().run()
        assert refusals(app) == []
        yield query(app).get("scheme", "kaiming_normal")


def test_next_goes_round_all_schemes_that_fill_the_layer() -> None:
    app = _desk()
    keys = [key for key in SCHEMES if key != "dirac"]  # which fills convolutions alone
    at = keys.index("kaiming_normal")
    assert list(_schemes(app, len(keys))) == [*keys[at + 1 :], *keys[: at + 1]]
    assert list(_schemes(app, 2, "previous")) == [keys[at - 1], keys[at - 2]]


def test_next_reveals_before_it_goes_on() -> None:
    app = _desk(predict="on")
    app.button(key="next").click().run()
    assert "scheme" not in query(app)
    app.button(key="next").click().run()
    assert query(app)["scheme"] == list(SCHEMES)[list(SCHEMES).index("kaiming_normal") + 1]
    assert app.button(key="reveal")  # and what comes waits again


def test_previous_goes_back_and_reveals_nothing() -> None:
    app = _desk(predict="on")
    app.button(key="previous").click().run()
    assert query(app)["scheme"] == list(SCHEMES)[list(SCHEMES).index("kaiming_normal") - 1]
    assert app.button(key="reveal")  # what is come back to waits too


@pytest.mark.parametrize("page", ["compare", "signal"])
def test_next_puts_another_scheme_first(page: str) -> None:
    app = _desk(page, rows="kaiming_normal-zeros", depth="4", width="16", seeds="2")
    keys = list(SCHEMES)
    app.button(key="next").click().run()
    first, second = query(app)["rows"].split("-")
    assert (first, second) == (keys[keys.index("kaiming_normal") + 1], "zeros")
    app.button(key="previous").click().run()
    assert query(app)["rows"] == "kaiming_normal-zeros"


def test_next_leaves_the_first_scheme_its_own_layer() -> None:
    app = _desk("compare", rows="kaiming_normal.9x7-zeros")
    app.button(key="next").click().run()
    first, _ = query(app)["rows"].split("-")
    assert first != "kaiming_normal.9x7"
    assert first.endswith(".9x7")


def test_next_draws_the_network_by_another_scheme() -> None:
    app = _desk("model", net="4-3.kaiming_normal.relu-2.kaiming_normal")
    app.button(key="next").click().run()
    keys = list(SCHEMES)
    following = keys[keys.index("kaiming_normal") + 1]
    assert query(app)["net"] == f"4-3.{following}.relu-2.{following}"


def test_next_of_a_mixed_network_follows_its_first_layer() -> None:
    keys = list(SCHEMES)
    app = _desk("model", net="4-3.xavier_normal.relu-2.zeros")
    for key, by in (("next", 1), ("previous", 0)):
        app.button(key=key).click().run()
        there = keys[keys.index("xavier_normal") + by]
        assert query(app)["net"] == f"4-3.{there}.relu-2.{there}"


def test_draw_again_takes_the_next_seed() -> None:
    for page in ("distribution", "compare", "signal", "lesson"):
        app = _desk(page, seed="7", **({"depth": "3", "width": "8"} if page == "signal" else {}))
        app.button(key="again").click().run()
        assert query(app)["seed"] == "8", page


@pytest.mark.parametrize("page", PAGES)
def test_the_view_goes_on_and_off_and_along(page: str) -> None:
    app = opened(page)
    app.button(key="project").click().run()
    assert query(app)["view"] == "projector"
    assert "html:root" in _style(app)
    other = "home" if page != "home" else "lesson"
    assert query(turned(app, other))["view"] == "projector"
    app.button(key="leave").click().run()
    assert "view" not in query(app)
    assert "html:root" not in _style(app)


def _shown(app: AppTest) -> set[str]:
    """Return the controls on the page."""
    widgets = [*app.selectbox, *app.text_input, *app.text_area, *app.button]
    return {str(widget.key) for widget in widgets}


# the page that holds others has no controls to be held
@pytest.mark.parametrize("page", [page for page in PAGES if page != "teach"])
def test_each_control_of_a_page_can_be_hidden_and_locked(page: str) -> None:
    names = sorted(_shown(opened(page)) & set(CONTROLS[page]))
    assert len(names) >= (1 if page == "checkpoint" else 2)  # whose others stand in its views
    for name in names:
        assert name not in _shown(opened(page, hide=name)), name
        app = opened(page, lock=name)
        assert name in _shown(app), name
        assert next(w for w in [*app.selectbox, *app.text_input] if w.key == name).disabled, name
        assert refusals(app) == []


def test_all_of_a_page_can_be_hidden() -> None:
    for page in PAGES:
        names = ",".join(name for name in TABLE if name not in {"hide", "lock", "view"})
        app = opened(page, hide=f"{names},menu,more,tools")
        assert menu(app) == []
        assert app.get("page_link") == [] or page in {"home", "lesson", "teach"}
        assert {*_shown(app)} & set(TABLE) == set(), page
        assert refusals(app) == []


def test_what_is_held_fast_has_no_other_way_to_be_changed() -> None:
    keys = _shown(_desk(lock="seed,scheme,lang,predict"))
    assert keys & {"next", "previous", "again", "predict_first", "language-zh"} == set()
    app = opened(lock="seed")
    assert app.button(key="redraw").disabled
    assert not {"previous", "next"} & _shown(opened("lesson", lock="step"))
    assert not {"add", "three"} & _shown(opened("compare", lock="rows", rows="zeros-ones"))
    assert not {"lesson", "load"} & _shown(opened("model", lock="net,weights", net="3-2", part="parameters"))


EVERYWHERE = {"full", "menu", "help", "share", "export", "project"}
SCHEMES_AND_DRAWS = {"next", "previous", "again", "predict", "reveal"}


@pytest.mark.parametrize(
    ("page", "link", "keys"),
    [
        ("home", {}, EVERYWHERE | SCHEMES_AND_DRAWS),
        ("distribution", {}, EVERYWHERE | SCHEMES_AND_DRAWS | {"views"}),
        ("lesson", {}, EVERYWHERE | SCHEMES_AND_DRAWS),
        ("lesson", {"lock": "step"}, EVERYWHERE | {"again", "predict", "reveal"}),
        ("teach", {}, EVERYWHERE | {"views"}),
        ("teach", {"hide": "tools"}, {"full", "menu", "help", "views"}),
        ("model", {"hide": "tools,part"}, {"full", "menu", "help"} | SCHEMES_AND_DRAWS),
        ("signal", {"lock": "rows,seed,predict", "depth": "2", "width": "8"}, EVERYWHERE | {"views"}),
        ("home", {"lock": "scheme,seed,predict", "predict": "on"}, EVERYWHERE | {"reveal"}),
        (
            "home",
            {"at": "depth-3"},
            EVERYWHERE | {"again", "predict", "reveal", "plan_next", "plan_previous"},
        ),
    ],
)
def test_only_keys_that_do_something_are_named(
    page: str, link: dict[str, str], keys: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(browser, "_component", lambda **_: lambda *, data, **_: told.append(data))
    app = opened(page, **link)
    assert [words for _, words in told[-1]["keys"]] == [
        Text("en")(f"keys.{does}") for _, does in (*PLAN_KEYS, *KEYS) if does in keys
    ]
    assert ("views" in keys) == bool(app.tabs)


def test_a_hidden_view_leaves_no_tabs() -> None:
    app = opened(hide="tab", tab="code")
    assert len(app.tabs) == 0
    assert "nn.init.kaiming_normal_" in app.code[0].value


def test_what_cannot_be_hidden_is_answered() -> None:
    (words,) = refusals(opened(hide="seed,nonsense"))
    assert "nonsense" in words
    (words,) = refusals(opened(lock="menu"))
    assert "menu" in words


def _dialog(app: AppTest, tool: str) -> AppTest:
    app.button(key=tool).click().run()
    return app


@pytest.mark.parametrize("page", [page for page in PAGES if page != "teach"])  # which has a link of its own
def test_a_link_is_shared_without_language_and_view(page: str) -> None:
    own = {"seed": "7"} if "seed" in CONTROLS[page] else {}
    app = _dialog(opened(page, lang="zh", view="projector", predict="on", **own), "share")
    address, words = shared(app)
    assert dict(parse_qsl(urlsplit(address).query)) == {"v": "1", "predict": "on", **own}
    assert 'src="data:image/svg+xml' in words


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("page", [page for page in PAGES if page != "teach"])
def test_all_of_a_page_is_offered(page: str, language: str) -> None:
    app = _dialog(opened(page, lang=language), "export")
    labels = [button.proto.label for button in app.get("download_button")]
    assert Text(language)("tools.report") in labels
    assert {"HTML", "CSV"} <= set(labels)
    if page != "signal":  # whose weights are too many to be kept
        assert {".npy", ".safetensors", ".csv"} <= set(labels)
    assert len(app.get("plotly_chart")) == 2  # the page's, and as it will be printed
    assert Text(language)("error.unexpected") not in said(app)


def test_no_file_is_offered_of_what_it_cannot_hold() -> None:
    app = _dialog(opened(fan_in="2048", fan_out="2049", dtype="bfloat16"), "export")
    files = {b.proto.label: b.proto for b in app.get("download_button")}
    assert all(files[kind].disabled for kind in (".npy", ".safetensors", ".csv"))
    assert "4\u202f196\u202f352" in files[".safetensors"].help  # 2048 · 2049
    app = _dialog(opened(fan_in="8", fan_out="4", dtype="bfloat16"), "export")
    files = {b.proto.label: b.proto for b in app.get("download_button")}
    assert [files[kind].disabled for kind in (".npy", ".safetensors", ".csv")] == [True, False, False]


def test_a_picture_names_no_address_that_only_its_maker_s_machine_knows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(network, "LISTENS", "127.0.0.1")
    monkeypatch.setattr(share, "link", lambda _: "http://localhost:8501/compare?v=1&seed=7")
    *_, picture = _dialog(opened("compare"), "export").get("plotly_chart")
    texts = [one["text"] for one in json.loads(picture.proto.spec)["layout"]["annotations"]]
    assert "Init Lab · compare?v=1&amp;seed=7" in texts
