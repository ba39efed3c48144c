"""Input, labels and rows given to the model page are run, or answered at their fields."""

from html import unescape

import pytest
from streamlit.testing.v1 import AppTest

from pages.live import browser
from pages.shell import keys
from tests.support.model_page import opened_model, tables_of
from tests.support.screen import bare, query, refusals, said, stands


def _more(app: AppTest) -> AppTest:
    app.session_state["more"] = True
    return app.run()


TOO_LONG = "\n".join(["0.5,1,-2"] * 10**6)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("1,2,3\n4,NaN,6", "in line 2, cell 2 is “NaN”"),
        ("1,2,3\n4,inf,6", "in line 2, cell 2 is “inf”"),
        ("1,2,3\n4,five,6", "in line 2, cell 2 is “five”"),
        ("1,2,3\n4,,6", "in line 2, cell 2 is “”"),
        ("1,2,3\n4,5", "line 2 has 2, the first row 3"),
        ("1,2\n4,5", "The network takes 3 features, but each row here has 2."),
        (TOO_LONG, "1\u202f000\u202f000 rows are more than the 1\u202f024 allowed."),
        ("1,2,1e300", "10³⁰⁰: but for 0, its numbers are 1.401×10⁻⁴⁵ to 3.403×10³⁸ in size"),
        ("<b>a</b>,2,3\n1,2,3", "is “<b>a</b>”"),
    ],
)
def test_an_input_that_cannot_be_stays_typed_and_is_answered_at_its_field(data: str, words: str) -> None:
    app = _more(opened_model())
    app.text_area(key="data").set_value(data).run()
    stands(app)
    (refusal,) = refusals(app)
    assert words in refusal
    assert refusal.endswith("So the drawn input is used.")
    assert app.text_area(key="data").value == data
    assert "input randn(5, 3), seed 7" in said(app)
    app.text_area(key="data").set_value("1,2,3").run()
    app.text_area(key="data").set_value(data).run()
    assert refusals(app)[0].endswith("So the last input that could be read, 1 × 3, is used.")


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ({"data": "1\n-70000"}, "float16 cannot hold −70000: but for 0, its numbers are 5.96×10⁻⁸ to 65504"),
        ({"data": "1e-10\n2"}, "float16 cannot hold 10⁻¹⁰: but for 0"),
        ({"edits": "w1.1.1=1e-10"}, "float16 cannot hold w1.1.1=1e-10."),
        ({"edits": "w1.1.1=70000"}, "float16 cannot hold w1.1.1=70000"),
    ],
)
def test_a_number_that_the_dtype_loses_is_refused(link: dict[str, str], words: str) -> None:
    """Past 65 504, or nearer to 0 than half of 2⁻²⁴, which a half-precision number is at the least."""
    app = opened_model(net="1-2", dtype="float16", **link)
    stands(app)
    (refusal,) = refusals(app)
    assert refusal.startswith(words)
    assert refusals(opened_model(net="1-2", dtype="float16", data="6e-8\n65504\n0")) == []


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (
            "3-3.zeros.zeros_bias.tanh-2.zeros.zeros_bias.softmax",
            "20 numbers are constant, as their laws say.",
        ),
        ("3-3.zeros_bias-2", "All numbers with walls (17) lie between them. 3 numbers are constant"),
    ],
)
def test_a_constant_is_no_number_between_walls(net: str, words: str) -> None:
    assert words in bare(said(opened_model(net=net, part="parameters")))


def test_own_input_is_run_and_kept_in_the_link() -> None:
    app = _more(opened_model(part="forward"))
    app.text_area(key="data").set_value("a;b;c\n1;2;3\n-1;0.25;1e-3").run()
    assert refusals(app) == []
    assert query(app) == {"v": "1", "part": "forward", "data": "1,2,3\n-1,0.25,0.001"}
    assert tables_of(app)["input"] == [[1, 2, 3], [-1, 0.25, 0.001]]
    assert "own input, 2 × 3" in said(app)
    again = opened_model(**query(app))
    assert tables_of(again)["softmax"] == tables_of(app)["softmax"]


def test_a_page_whose_input_no_link_carries_is_never_put_to_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    monkeypatch.setattr(keys, "IDLE", 3600)
    monkeypatch.setattr(browser, "_component", lambda **_: lambda *, data, **_: told.append(data["idle"]))
    app = _more(opened_model())
    assert told[-1] == 3600
    app.text_area(key="data").set_value("\n".join(["0.123456,0.123456,0.654321"] * 200)).run()
    assert told[-1] == 0


def test_an_input_too_long_for_a_link_stays_in_the_session() -> None:
    app = _more(opened_model())
    rows = "\n".join(f"{i},0.123456,0.654321" for i in range(200))
    app.text_area(key="data").set_value(rows).run()
    assert query(app) == {}
    assert "This input is too long for the link" in said(app)
    assert "own input, 200 × 3" in said(app)
    app.switch_page("pages/distribution.py").run()
    app.query_params.clear()
    app.switch_page("pages/model.py").run()
    assert "own input, 200 × 3" in said(app)


def test_a_file_fills_the_field_or_is_answered() -> None:
    app = _more(opened_model())
    app.file_uploader[0].upload("x.csv", "1,2,3\n4,5,6".encode("utf-8-sig"), "text/csv").run()
    assert app.text_area(key="data").value == "1,2,3\n4,5,6"
    assert "own input, 2 × 3" in said(app)
    app = _more(opened_model())
    app.file_uploader[0].upload("x.csv", TOO_LONG.encode(), "text/csv").run()
    assert "1\u202f000\u202f000 rows are more than the 1\u202f024" in refusals(app)[0]
    assert app.text_area(key="data").value == ""  # it is not sent back to the browser


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ("0,1,2,0,1", "Each row needs one label from 0 to 1, 5 in all; here are 5, up to 2."),
        ("0,1", "Each row needs one label from 0 to 1, 5 in all; here are 2, up to 1."),
        ("0,-1,0,1,1", "Labels are whole numbers from 0"),
        ("cat", "Labels are whole numbers from 0"),
    ],
)
def test_labels_that_cannot_be_are_answered_at_their_field(labels: str, words: str) -> None:
    app = opened_model(part="backward")
    app.text_input(key="labels").set_value(labels).run()
    stands(app)
    (refusal,) = refusals(app)
    assert words in refusal
    assert "the classes are used in turn" in refusal
    assert app.text_input(key="labels").value == labels
    app.text_input(key="labels").set_value("1 1 0 1, 0").run()
    assert refusals(app) == []
    assert query(app)["labels"] == "1,1,0,1,0"
    app.text_input(key="labels").set_value("０，１、0；1　0").run()
    assert query(app)["labels"] == "0,1,0,1,0"


def test_a_row_that_is_not_there_is_answered() -> None:
    app = opened_model(part="forward")
    app.text_input(key="sample").set_value("6").run()
    assert refusals(app) == ["The last row is 5, so row 1 is followed."]


def test_nothing_typed_is_taken_for_html() -> None:
    app = _more(opened_model())
    app.text_area(key="data").set_value("<img src=x>,1,2\n1,2,3").run()
    bodies = "".join(element.proto.body for element in app.get("html"))
    assert "<img" not in bodies
    assert "<img" in unescape(bodies)


def test_what_is_used_instead_is_set_as_chinese() -> None:
    """A space stands between Chinese and Latin, and nowhere else."""
    assert refusals(opened_model(net="3-2", data="1,2", lang="zh"))[0].endswith("，故采用抽取的输入。")
    assert refusals(opened_model(batch="0", lang="zh"))[0].endswith("，故采用 5。")
