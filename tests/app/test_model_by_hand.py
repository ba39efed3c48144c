"""Numbers that are set by hand on the model page: what then stands there, and the way back."""

import pytest
import torch

from core import Net, network_code
from core.networks.edits import read_edits
from core.networks.network import LESSON
from pages.jobs import model as jobs
from tests.support.model_page import opened_model, tables_of
from tests.support.screen import query, refusals, said

EDITS = "w1.2.3=0.5,x1.2=-1"


def _forward(edits: str, seed: int = 40) -> torch.Tensor:
    """Return what plain torch makes of the lesson's network and its input with two numbers set."""
    net = Net(LESSON, seed=seed)
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(7))
    with torch.no_grad():
        if "w1.2.3" in edits:
            net.linear1.weight[1, 2] = 0.5
        if "x1.2" in edits:
            x[0, 1] = -1
        return net(x)


def test_a_link_sets_numbers_and_says_so() -> None:
    app = opened_model(edits=EDITS, part="forward")
    assert query(app)["edits"] == EDITS
    words = said(app)
    assert "by hand: linear1 w<sub>2,3</sub> = 0.5, row 1 x<sub>2</sub> = −1" in words
    assert "Set by hand afterwards: linear1 w<sub>2,3</sub> = 0.5, row 1 x<sub>2</sub> = −1." in words
    table = tables_of(app)
    torch.testing.assert_close(torch.tensor(table["softmax"])[:, :2], _forward(EDITS), atol=6e-5, rtol=0)
    assert table["input"][0][1] == -1


def test_the_sums_of_the_row_are_those_of_what_is_set() -> None:
    app = opened_model(edits=EDITS, part="forward")
    sums = [element.value for element in app.markdown if "z_{2}" in element.value]
    assert r"{0.5}\cdot {0.9468}" in sums[0]
    assert r"{0.3022}\cdot (-1)" in sums[0]


def test_more_than_two_are_counted() -> None:
    app = opened_model(edits="w1.2.3=0.5,x1.2=-1,w3.1.1=2,w3.2.2=0")
    assert "row 1 x<sub>2</sub> = −1 and 2 more" in said(app)


def test_the_way_back_is_one_click() -> None:
    app = opened_model(edits=EDITS)
    app.button(key="unedit").click().run()
    assert query(app) == {}
    assert "by hand" not in said(app)
    assert not [button for button in app.button if button.key == "unedit"]


def test_numbers_are_typed_in_the_drawer() -> None:
    app = opened_model()
    app.session_state["more"] = True
    app.run()
    app.text_input(key="edits").set_value("w1.1.1 = 2").run()
    assert "written as in" in " ".join(refusals(app))
    assert "edits" not in query(app)
    app.text_input(key="edits").set_value("w1.1.1=2.0").run()
    assert refusals(app) == []
    assert query(app)["edits"] == "w1.1.1=2"


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ({"edits": "w1.2.3"}, "is written as in w1.2.3=0.5"),
        ({"edits": "w1.1.1=1,w1.1.1=2"}, "Each place is set once"),
        ({"edits": "w4.1.1=1"}, "have no place for w4.1.1=1"),
        ({"edits": "x6.1=1"}, "have no place for x6.1=1"),
        ({"edits": ",".join(f"x1.{at}=1" for at in range(1, 34))}, "At most 32 numbers"),
        ({"edits": "x1.1=0." + "1" * 5000}, "at most 1\u202f280 characters"),
        ({"edits": "w1.1.1=70000", "dtype": "float16"}, "float16 cannot hold w1.1.1=70000"),
    ],
)
def test_what_cannot_be_set_is_answered(link: dict[str, str], words: str) -> None:
    app = opened_model(**link)
    assert words in " ".join(refusals(app))
    assert "edits" not in query(app)
    assert "by hand:" not in said(app)


def test_the_code_sets_them_too() -> None:
    app = opened_model(edits=EDITS, part="code")
    (code,) = [element.value for element in app.code if "class Model" in element.value]
    wanted = network_code(LESSON, seed=40, batch=5, data_seed=7, edits=read_edits(EDITS))
    assert code.strip() == wanted.strip()
    assert "my_model.linear1.weight[1, 2] = 0.5" in code


def test_tensors_and_files_hold_them() -> None:
    run = jobs.NetworkRun(str(LESSON), 40, "cpu", "float32", 5, 7, "", EDITS)
    tensors = jobs.tensors(run)
    assert tensors["linear1.weight"][1, 2] == 0.5
    assert tensors["input"][0, 1] == -1
    assert torch.equal(tensors["out.a"], _forward(EDITS))


def test_a_weight_beyond_its_wall_is_counted_and_explained() -> None:
    app = opened_model(edits="w3.1.1=9", part="parameters")
    words = said(app)
    assert "▲ 1 of" in words
    assert "Weights set by hand are not draws" in words
    assert "no draw" not in said(opened_model(edits="x1.1=9", part="parameters"))


def test_the_way_to_units_that_are_alike_sets_no_weight_by_hand() -> None:
    app = opened_model(edits=EDITS, part="backward")
    app.button(key="all_zeros").click().run()
    assert query(app)["edits"] == "x1.2=-1"


def test_another_network_keeps_what_has_a_place_there() -> None:
    app = opened_model(edits="w1.2.3=0.5")
    app.session_state["net"] = "2-1"
    app.run()
    assert "no place for w1.2.3=0.5" in " ".join(refusals(app))
    assert query(app) == {"v": "1", "net": "2-1"}


def test_locked_there_is_no_way_back() -> None:
    app = opened_model(edits=EDITS, lock="edits")
    assert query(app)["edits"] == EDITS
    assert not [button for button in app.button if button.key == "unedit"]


def test_one_s_own_rows_are_set_as_well() -> None:
    app = opened_model(data="1,2,3\n4,5,6", edits="x2.1=0", part="forward")
    assert tables_of(app)["input"] == [[1, 2, 3], [0, 5, 6]]
