"""Each view of a network has a headline of its own, true by plain torch, a cause, and a way on."""

import re

import pytest
import torch
from torch import nn

from core.networks.module import seeded_input
from tests.support.model_page import opened_model
from tests.support.words import numbers, says, text_of

PARTS = ("network", "forward", "counting", "parameters", "backward", "code")


def said(kind: str, tag: str, **link: str) -> str:
    bodies = "".join(element.proto.body for element in opened_model(**link).get("html"))
    found = re.findall(rf'<{tag} class="{kind}"[^>]*>(.*?)</{tag}>', bodies, re.DOTALL)
    return text_of(found[-1]) if found else ""


def headline(**link: str) -> str:
    return said("lab-headline", "h1", **link)


def lesson_s_network(seed: int = 40) -> nn.Sequential:
    """Build the lesson's network in plain torch: each layer, and then its weight, in turn."""
    torch.manual_seed(seed)
    first = nn.Linear(3, 3)
    nn.init.xavier_normal_(first.weight)
    second = nn.Linear(3, 2)
    nn.init.kaiming_normal_(second.weight)
    last = nn.Linear(2, 2)
    return nn.Sequential(first, nn.Sigmoid(), second, nn.ReLU(), last)


@pytest.mark.parametrize("row", [1, 4])
def test_the_drawing_s_headline_is_what_the_row_comes_out_as(row: int) -> None:
    with torch.random.fork_rng(devices=[]):
        net = lesson_s_network()
    x = seeded_input(5, 3, seed=7)
    first, second = torch.softmax(net(x), 1)[row - 1].tolist()
    assert says(headline(sample=str(row)), f"Row <{row}> comes out as <{first}>, <{second}>.")


def test_of_many_outputs_the_largest_is_named() -> None:
    found = headline(net="3-9.zeros.no_bias", data="1,2,3")
    assert says(found, "Of row <1>’s <9> outputs, unit <1>’s is the largest: <0>.")
    said_ = headline(net="3-70")
    assert says(said_, "Of the first <64> of row <1>’s <70> outputs, unit <*>’s is the largest: <*>.")


def test_all_parts_have_headlines_of_their_own_in_both_languages() -> None:
    for language in ("en", "zh"):
        found = [headline(part=part, lang=language) for part in PARTS]
        assert len({*found}) == len(PARTS)
        assert all(found)


def test_the_way_back_says_that_nothing_learns_where_all_is_0() -> None:
    zeros = "3-3.zeros.sigmoid.zeros_bias-2.zeros.relu.zeros_bias-2.zeros.softmax.zeros_bias"
    assert headline(part="backward", net=zeros) == "No weight can learn here: every one has gradient 0."
    assert "where one of them is 0 on every row" in said("lab-cause", "p", part="backward", net=zeros)
    assert "one of them is 0" not in said("lab-cause", "p", part="backward", net="3-3.tanh-2")
    # torch agrees: of all parameters, only the last bias has a gradient
    net = nn.Sequential(nn.Linear(3, 3), nn.Sigmoid(), nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 2))
    for parameter in net.parameters():
        nn.init.zeros_(parameter)
    nn.functional.cross_entropy(net(seeded_input(5, 3, seed=7)), torch.tensor([0, 1, 0, 1, 0])).backward()
    moved = [name for name, p in net.named_parameters() if p.grad is not None and bool(p.grad.any())]
    assert moved == ["4.bias"]


def test_alike_units_are_the_headline_of_the_way_back() -> None:
    alike = "3-3.constant(val=0.5).tanh.zeros_bias-2.constant(val=0.5).tanh.zeros_bias-2.normal.zeros_bias"
    assert "are interchangeable" in headline(part="backward", net=alike)


def test_counting_keeps_the_count() -> None:
    assert numbers(headline(part="counting")) == [26]
    assert headline(part="code").startswith("All 26 parameters")


@pytest.mark.parametrize(
    ("part", "to"),
    [("network", "forward"), ("forward", "backward"), ("counting", "parameters"), ("parameters", "backward")],
)
def test_a_view_leads_on(part: str, to: str) -> None:
    (found,) = opened_model(part=part, seed="3").get("page_link")
    assert f"part={to}" in found.proto.query_string
    assert "seed=3" in found.proto.query_string
    assert not opened_model(part=part, lock="part").get("page_link")


def test_the_last_view_leads_to_depth() -> None:
    (found,) = opened_model(part="backward").get("page_link")
    assert found.proto.page == "signal"
