"""The lesson page: every stop, forwards and back, predicted first."""

import ast
import math
import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from core.teaching.lesson import SQRT5
from core.teaching.quiz import KINDS
from pages.state.controls import STOPS
from pages.text import Text
from tests.support.lesson import PRINTED
from tests.support.marks import languages
from tests.support.screen import (
    few,
    first_chart,
    opened,
    own_buttons,
    query,
    refusals,
    said,
    stands,
    typed_in,
)

EN = Text("en")


def _opened(**link: str) -> AppTest:
    return opened("lesson", **link)


@languages
@pytest.mark.parametrize("predict", ["off", "on"])
@pytest.mark.parametrize("step", STOPS)
def test_every_stop_stands_in_every_language(step: str, predict: str, language: str) -> None:
    app = _opened(step=step, predict=predict, lang=language)
    stands(app)
    assert refusals(app) == []
    assert Text(language)(f"lesson.stop.{step}") in said(app)
    # each claim has its sources beside it
    assert ("https://" in said(app)) == (step != "questions" and (predict == "off" or step != "network"))


#: Where what a stop says can be read: √(2/fan_in) and the 4.94 % are of He's paper, 2/(fan_in + fan_out) is
#: of Glorot's, and why equal units stay equal is in Goodfellow's chapter 8.
_TORCH_INIT, _TORCH_LINEAR = "docs.pytorch.org/docs/stable/nn.init", "generated/torch.nn.Linear.html"
_HE, _GLOROT = "arxiv.org/abs/1502.01852", "proceedings.mlr.press/v9/glorot10a"
_GOODFELLOW, _LECUN = "deeplearningbook.org/contents/optimization", "doi.org/10.1007/3-540-49430-8_2"
READ = {
    "uniform": [_TORCH_INIT, _TORCH_LINEAR],
    "normal": [_TORCH_INIT, _LECUN],
    "zeros": [_GOODFELLOW],
    "ones": [_GOODFELLOW],
    "constant": [_GOODFELLOW, _TORCH_INIT],
    "kaiming": [_HE],
    "xavier": [_GLOROT],
    "sqrt5": ["pytorch/issues/57109", _TORCH_LINEAR, "generated/torch.nn.Conv2d.html"],
    "network": [_GLOROT, _HE],
    "closing": [
        *(_HE, "arxiv.org/abs/2207.08815"),  # ImageNet; trees on tables
        "10.1016/0893-6080(89)90020-8",  # universal approximation
        *(_TORCH_INIT, "arxiv.org/abs/1912.01703"),  # the calls; PyTorch
        "arxiv.org/abs/1606.03490",  # interpretability
        "arxiv.org/abs/1906.02243",  # 4 789 jobs
        "jmlr.org/papers/v13/bergstra12a",  # random search
        "jmlr.org/papers/v15/srivastava14a",  # dropout
    ],
}


@pytest.mark.parametrize("step", READ)
def test_each_claim_is_sourced_where_it_can_be_read(step: str) -> None:
    found = re.findall(r'href="([^"]+)" target="_blank"', said(_opened(step=step)))
    # the seed's hint, in the sidebar, links what PyTorch says of seeds
    found = [url for url in found if not url.endswith("notes/randomness.html")]
    assert len(found) == len(READ[step]), found
    assert [part for part, url in zip(READ[step], found, strict=True) if part not in url] == [], found


def test_the_nine_tensors_are_on_the_page_as_the_lesson_prints_them() -> None:
    printed = []
    for step in STOPS[:7]:
        app = _opened(step=step)
        blocks = re.findall(r"tensor\((.*?\])\)", app.code[1].value, re.DOTALL)
        printed += [ast.literal_eval(re.sub(r"(\d)\.(?=\D)", r"\1.0", block)) for block in blocks]
    assert printed == [rows for _, rows in PRINTED]


def test_first_sight_is_one_step_one_chart_and_at_most_six_controls() -> None:
    app = _opened()
    own = {*own_buttons(app), "previous", "next"}
    assert own == {"redraw", "previous", "next"}
    assert len(app.selectbox) + len(typed_in(app)) + len(own) <= 6
    assert len(app.get("plotly_chart")) == 1
    assert query(app) == {}


def test_next_and_previous_walk_the_whole_lesson_and_back() -> None:
    app = _opened()
    assert app.button(key="previous").disabled
    for step in STOPS[1:]:
        app.button(key="next").click().run()
        stands(app)
        assert query(app)["step"] == step
    for number in range(2, len(KINDS) + 1):
        app.button(key="next").click().run()
        assert query(app)["question"] == str(number)
    assert app.button(key="next").disabled
    for _ in range(len(KINDS) - 1 + len(STOPS) - 1):
        app.button(key="previous").click().run()
    assert query(app) == {}


def test_what_is_to_be_predicted_is_hidden_until_it_is_asked_for() -> None:
    app = _opened(step="kaiming", predict="on")
    assert len(app.code) == 1
    assert len(app.get("plotly_chart")) == 0
    assert "0.6325" not in said(app)
    app.button(key="next").click().run()  # shows first, and only then goes on
    assert query(app) == {"v": "1", "step": "kaiming", "predict": "on"}
    assert len(app.code) == 2
    assert len(app.get("plotly_chart")) == 1
    app.button(key="next").click().run()
    assert query(app)["step"] == "xavier"
    assert len(app.code) == 1
    app.button(key="reveal").click().run()
    assert len(app.code) == 2
    app.button(key="previous").click().run()  # each stop is predicted anew
    assert len(app.code) == 1


def test_another_seed_says_that_it_is_not_the_lesson_s_and_gives_torch_s_own_numbers() -> None:
    app = _opened(step="normal", seed="41")
    before = torch.get_rng_state()
    torch.manual_seed(41)
    for fill in (torch.nn.init.uniform_, torch.nn.init.normal_):
        weight = torch.nn.Linear(5, 3).weight.detach()
        fill(weight)
    torch.set_rng_state(before)
    assert app.code[1].value == str(weight)
    assert EN("lesson.seed_other") in said(app)
    assert EN("lesson.seed_hint") in said(_opened(step="normal"))


def test_a_step_leads_to_the_distribution_page_with_its_state() -> None:
    app = _opened(step="xavier", seed="41")
    links = [link.proto.query_string for link in app.get("page_link") if "Open" in link.proto.label]
    assert links == [
        "v=1&scheme=xavier_normal&fan_in=5&fan_out=3&seed=41",
        "v=1&scheme=xavier_uniform&fan_in=5&fan_out=3&seed=41",
    ]
    there = opened(**dict(part.split("=") for part in links[1].split("&")))
    assert "±0.866" in said(there)  # √(6/8)
    network = _opened(step="network")
    assert EN("lesson.seed_network") in said(network)
    assert "as in the lesson" not in said(network)
    for seed, way in (("40", "v=1"), ("7", "v=1&seed=7")):
        links = _opened(step="network", seed=seed).get("page_link")
        model = [link.proto for link in links if "network →" in link.proto.label]
        assert [(link.page, link.query_string) for link in model] == [("model", way)]
    printed = [link.proto.query_string for link in network.get("page_link") if "printed" in link.proto.label]
    assert printed == ["v=1&weights=printed"]


def test_the_network_s_stop_prints_what_the_lesson_prints() -> None:
    app = _opened(step="network")
    printed = app.code[1].value.splitlines()
    assert printed[:2] == ["mydata shape torch.Size([5, 3])", "output shape--> torch.Size([5, 2])"]
    assert [line.split() for line in printed[5:8]] == [
        ["Linear-1", "[5,", "3]", "12"],
        ["Linear-2", "[5,", "2]", "8"],
        ["Linear-3", "[5,", "2]", "6"],
    ]
    assert "Total params: 26" in printed
    assert sum(line.startswith("linear1.weight Parameter containing:") for line in printed) == 1


def test_the_slope_s_algebra_and_bound_are_live() -> None:
    app = _opened(step="sqrt5", fan_in="384")
    assert "0.125" in said(app)  # √(6/384) at a = 0
    app.select_slider[0].set_value(1.0).run()
    stands(app)
    assert query(app) == {"v": "1", "fan_in": "384", "slope": "1", "step": "sqrt5"}
    assert "0.08839" in said(app)  # √(3/384)
    assert r"\sqrt{6/((1+1^2)\cdot 384)}" in app.markdown[0].value
    assert app.markdown[0].value.endswith("0.08839$")
    app.select_slider[0].set_value(SQRT5).run()
    assert "0.05103" in said(app)  # 1/√384
    assert r"1/\sqrt{384}" in app.markdown[0].value
    walls = first_chart(app)["layout"]["shapes"]
    ends = {round(abs(shape["x0"]), 6) for shape in walls if shape["x0"] == shape["x1"]}
    assert ends == {round(1 / math.sqrt(384), 6)}
    app = _opened(step="sqrt5", slope=repr(SQRT5))
    assert "131\u202f072 of 131\u202f072, bit for bit" in said(app)


def test_a_link_s_own_slope_is_a_stop_of_the_slider_and_a_wrong_one_is_answered() -> None:
    app = _opened(step="sqrt5", slope="0.333")
    stands(app)
    assert app.select_slider[0].value == 0.333
    app = _opened(step="sqrt5", slope="2.236")  # as people write it
    assert "nn.Linear’s own default" in said(app)
    app = _opened(step="sqrt5", slope="2.3")
    assert refusals(app) == [
        "Negative slope a must be 0 or a positive number between 10⁻³⁰ and 2.236. "
        "It was “2.3”, so 0 is used.",
    ]


def test_a_layer_that_the_page_would_wait_for_is_refused() -> None:
    app = _opened(step="sqrt5", fan_in="65536", fan_out="65536")
    stands(app)
    assert "4\u202f294\u202f967\u202f296 weights, more than the 16\u202f777\u202f216" in refusals(app)[0]
    assert refusals(app)[0].endswith("So fan_out = 256 is used.")


values = st.sampled_from([*STOPS, "on", "off", "0", "1", "2.236", "3", "5", "99", "abc", "−1", ""])


@few
@given(
    link_=st.dictionaries(
        st.sampled_from(["step", "predict", "slope", "quiz", "question", "seed", "fan_in", "v", "other"]),
        values,
    )
)
def test_any_link_opens(link_: dict[str, str]) -> None:
    app = _opened(**link_)
    stands(app)
    again = _opened(**query(app))
    assert refusals(again) == []
    assert query(again) == query(app)
