"""Every view of the distribution page stands for every scheme, and says what its law is."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from core import SCHEMES, Summary
from core.weights.referee import judge
from pages.jobs.distribution import Drawn
from pages.state.controls import TABS
from pages.text import Text
from pages.words.distribution import _against
from tests.support.page_chart import stands_with_chart
from tests.support.screen import bare, first_chart, headline, opened, refusals, said, typed_in


# each scheme and each view in both languages, though not each pair of them
@pytest.mark.parametrize(
    ("scheme", "tab", "language"),
    [
        (scheme, tab, ("en", "zh")[(at + place) % 2])
        for at, scheme in enumerate(SCHEMES)
        for place, tab in enumerate(TABS)
    ],
)
def test_every_scheme_shows_every_view(scheme: str, tab: str, language: str) -> None:
    fans = {} if scheme == "dirac" else {"fan_in": "7", "fan_out": "4"}
    app = opened(scheme=scheme, tab=tab, lang=language, **fans)
    stands_with_chart(app)
    assert Text(language)(f"scheme.{scheme}.name") in said(app)
    assert refusals(app) == []


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "No contradiction in the number of infinite weights, mean"), ("zh", "无穷大权重的个数、均值")],
)
def test_a_dtype_that_a_weight_may_overflow_has_its_check_named(language: str, words: str) -> None:
    """65520 is 6.55 std away here: of these weights 10⁻⁵ should be infinite, and none is."""
    app = opened(scheme="normal", std="1e4", dtype="float16", lang=language)
    stands_with_chart(app)
    assert words in said(app)
    assert Text(language)("verdict.infinite", n="", dtype="", largest="")[-6:] not in said(app)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "1 weight is infinite, past 65504, the largest number of float16;"),
        ("zh", "另有 1 个权重超出 float16 的最大值 65504，成为无穷大；"),
    ],
)
def test_a_weight_that_overflowed_is_not_left_out_in_silence(language: str, words: str) -> None:
    drawn = torch.empty(2048, 2048, dtype=torch.float16)
    torch.nn.init.normal_(drawn, std=13100, generator=torch.Generator().manual_seed(40))
    assert int(drawn.isinf().sum()) == 1
    link = {"scheme": "normal", "std": "13100", "dtype": "float16", "fan_in": "2048", "fan_out": "2048"}
    app = opened(**link, lang=language)
    stands_with_chart(app)
    assert words in said(app)
    # it is the largest itself, which all theory of the largest is of
    assert drawn.max() == math.inf
    largest = opened(**link, lang=language, tab="largest")
    assert words in said(largest)
    assert Text(language)("largest.infinite") in said(largest)


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_single_weight_breaks_no_view(scheme: str, tab: str) -> None:
    layer = {"layer": "Conv1d(1, 1, 1)"} if scheme == "dirac" else {"fan_in": "1", "fan_out": "1"}
    app = opened(scheme=scheme, tab=tab, **layer)
    stands_with_chart(app)
    assert refusals(app) == []


def test_first_sight_is_kaiming_normal_with_its_three_sigma() -> None:
    app = opened()
    assert [box.value for box in app.selectbox] == ["kaiming_normal", "relu", "cpu"]
    assert [field.value for field in typed_in(app)] == ["512", "256", "40"]
    controls = len(app.selectbox) + len(typed_in(app))
    assert controls <= 6
    assert "A normal law has no wall: 338 of 131\u202f072 weights lie beyond ±3σ, 354 expected" in said(app)
    assert app.markdown[0].value == (
        r"$W\sim\mathcal N(0,\,\sigma^2),\;\sigma$ ${=}\;\sqrt{2/\mathrm{fan\_in}}$ "
        r"${=}\;\sqrt{2/512}$ ${=}\;0.0625$"
    )
    # 338 counted with plain torch
    weight = torch.nn.init.kaiming_normal_(
        torch.empty(256, 512), nonlinearity="relu", generator=torch.Generator().manual_seed(40)
    )
    assert int((weight.double().abs() > 3 * math.sqrt(2 / 512)).sum()) == 338


def test_degenerate_laws_are_points() -> None:
    for scheme, value in (("zeros", "0"), ("ones", "1"), ("constant", "5")):
        app = opened(scheme=scheme)
        assert f"Every weight (131\u202f072) equals {value}" in said(app)
        assert "Exactly the law." in said(app)
        spec = first_chart(app)
        assert [trace.get("mode") for trace in spec["data"]] == [None, "markers", "markers"]


def test_more_opens_the_rest_and_an_overlay() -> None:
    app = opened(overlay="xavier_uniform", dtype="float64", bins="30")
    spec = app.get("plotly_chart")[0].proto.spec
    assert "Xavier uniform" in spec
    assert "float64" in said(app)
    assert len(json.loads(spec)["data"][1]["y"]["bdata"]) == 84  # 32 counts of 2 bytes, in base64
    stands_with_chart(app)


def test_half_precision_is_judged_on_its_grid() -> None:
    words = said(opened(scheme="kaiming_uniform", dtype="bfloat16"))
    assert "No contradiction in support, mean, std, shape, extremes" in bare(words)
    assert "The test allows for rounding to bfloat16." in words
    assert "The test allows" not in said(opened(scheme="kaiming_uniform", dtype="float64"))


@pytest.mark.parametrize(
    ("link_", "words"),
    [
        (
            {"scheme": "sparse"},
            "13\u202f312 of 131\u202f072 weights are 0: 26 of 256 in each column.",
        ),  # ceil(25.6)
        (
            {"scheme": "eye"},
            "256 weights are 1 and 130\u202f816 are 0: each output copies one input.",
        ),
        ({"scheme": "eye", "fan_in": "200"}, "200 outputs copy one input each, the other 56 are 0."),
        ({"scheme": "dirac"}, "64 weights are 1 and 73\u202f664 are 0"),  # of 128 · 64 · 9
        ({"scheme": "orthogonal"}, "The 256 rows are orthogonal, each of length 1."),
        ({"scheme": "orthogonal", "gain": "1e-20"}, "each of length 10⁻²⁰."),
        ({"scheme": "orthogonal", "fan_in": "30"}, "The 30 columns are orthogonal"),
        ({"scheme": "orthogonal", "fan_out": "1"}, "one vector of length 1"),
        ({"scheme": "trunc_normal"}, "Every weight lies within ±2."),
        ({"scheme": "trunc_normal", "std": "0.02"}, "The cuts lie beyond ±3σ"),
        ({"scheme": "variance_scaling"}, "Every weight lies within ±0.1005."),  # 2·√(1/512)/0.8796
        ({"scheme": "lecun_uniform"}, "Every weight lies within ±0.07655."),  # √(3/512)
    ],
    ids=str,
)
def test_each_kind_of_law_has_its_own_finding(link_: dict[str, str], words: str) -> None:
    app = opened(**link_)
    stands_with_chart(app)
    assert words in said(app)
    assert "▲" not in said(app)


def test_the_views_say_what_they_show() -> None:
    assert "No more than chance." in said(opened(tab="cumulative"))
    assert "it stays below 0.00375" in said(opened(tab="cumulative"))  # 1.3581/√131 072
    assert re.search(r"\d\d of \d\d dots lie in the blue band", said(opened(tab="quantiles")))
    assert "With so few weights" in said(opened(tab="quantiles", fan_in="1", fan_out="1"))
    words = said(opened(tab="largest", scheme="uniform", fan_in="5", fan_out="3"))
    assert "The largest weight lies where 95 of 100 samples have it" in words
    assert re.search(r"0\.93[78]\d?<", words), words[-900:]  # 15/16
    assert "no simple law" in said(opened(tab="largest", scheme="orthogonal"))
    # of 2²⁴ normal weights, the largest may be expected beyond what 24 bits reach
    assert "24 random bits" not in said(opened(tab="largest"))
    assert "none lies beyond 5.77σ" in said(opened(tab="largest", fan_in="4096", fan_out="4096"))


def test_the_matrix_is_printed_as_torch_prints_it() -> None:
    app = opened(tab="matrix", fan_in="5", fan_out="3", scheme="normal")
    expected = torch.empty(3, 5).normal_(generator=torch.Generator().manual_seed(40))
    assert app.code[0].value == str(expected)
    assert len(app.get("plotly_chart")) == 1
    app = opened(tab="matrix")
    assert app.get("plotly_chart") == []
    app.button(key="sizes").click().run()
    assert (app.text_input(key="fan_in").value, app.text_input(key="fan_out").value) == ("64", "64")


@pytest.mark.parametrize(
    ("link", "is_drawn"),
    [
        ({"fan_in": "64", "fan_out": "64"}, True),
        ({"fan_in": "65", "fan_out": "3"}, False),
        ({"fan_in": "3", "fan_out": "65"}, False),
        ({"layer": "Conv2d(16, 64, 2)"}, True),  # 64 rows of 16·2·2
        ({"layer": "Conv2d(17, 4, 2)"}, False),
    ],
)
def test_a_map_is_drawn_of_a_matrix_that_is_small_both_ways(link: dict[str, str], *, is_drawn: bool) -> None:
    app = opened(tab="matrix", **link)
    assert bool(app.get("plotly_chart")) == is_drawn
    assert ("The heat map goes up to 64 × 64." in said(app)) == (not is_drawn)


def test_the_code_of_the_page_draws_the_page_s_tensor() -> None:
    app = opened(tab="code", scheme="classic_uniform", fan_in="5", fan_out="3", dtype="float64")
    names: dict[str, torch.Tensor] = {}
    exec(app.code[0].value.replace("print(weight)", ""), names)  # noqa: S102
    expected = torch.empty(3, 5, dtype=torch.float64)
    torch.nn.init.kaiming_uniform_(expected, a=math.sqrt(5), generator=torch.Generator().manual_seed(40))
    assert torch.equal(names["weight"], expected)


def test_bounds_close_together_are_told_apart() -> None:
    assert "between 1 and 1.0001" in said(opened(scheme="uniform", a="1", b="1.0001", dtype="float64"))
    app = opened(scheme="normal", mean="1000", std="0.01", dtype="float64")
    assert "= 999.97" in app.get("plotly_chart")[0].proto.spec


def test_a_rounded_wall_is_said_to_be_rounded() -> None:
    app = opened(scheme="kaiming_uniform", dtype="bfloat16")
    # √(6/512) = 0.10825…; the bfloat16 next to it is 0.1083984375
    assert "Every weight lies within ±0.1084: the wall at ±0.1083, rounded to bfloat16." in said(app)
    assert "≥ −0.10840" in said(app)


def _rows(block: Any) -> Iterator[list[str]]:
    """Yield the keys of the fields in each container, in their order."""
    children = [*block.children.values()]
    yield [child.key for child in children if child.type == "text_input"]
    for child in children:
        if hasattr(child, "children"):
            yield from _rows(child)


@pytest.mark.parametrize(
    ("scheme", "shut", "folded_out"),
    [
        ("uniform", [["a", "b"], ["fan_in", "fan_out"]], []),
        ("trunc_normal", [["fan_in", "fan_out"]], [["a", "b"]]),
        ("kaiming_uniform", [["fan_in", "fan_out"]], []),
    ],
)
def test_both_ends_of_a_law_stand_side_by_side(
    scheme: str, shut: list[list[str]], folded_out: list[list[str]]
) -> None:
    app = opened(scheme=scheme)
    before = [*_rows(app.sidebar)]
    app.session_state["more"] = True
    more = [row for row in _rows(app.run().sidebar) if row not in before]
    assert [row for row in before if len(row) == 2] == shut
    assert [row for row in more if {*row} & {"a", "b"} and "mean" not in row] == folded_out


#: A cut in which torch's own float32 draw strays; it never reaches the upper end of the other one.
STRAY = {"scheme": "trunc_normal", "mean": "10"}
SHORT = {"scheme": "trunc_normal", "a": "3", "b": "3.0001"}


@pytest.mark.filterwarnings("ignore:mean is more than 2 std")
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_narrow_cut_s_own_draw_is_not_called_inconsistent(lang: str) -> None:
    """Nearly uniform, its upper end is the furthest from the mean, and torch rounds no weight up to it."""
    within = {"en": "Every weight lies between 3 and 3.0000999", "zh": "3.0000999"}[lang]
    assert within in headline(opened(**SHORT, lang=lang))
    assert "1.73σ" not in headline(opened(**SHORT, lang=lang))


def test_a_draw_that_falls_short_of_its_law_s_end_is_not_said_to_go_too_far() -> None:
    """Of 10⁴ even weights within ±1 none is beyond 0.999 with a chance of e^-10."""
    law = SCHEMES["uniform"].law((100, 100), a=-1.0, b=1.0)
    weights = torch.empty(100, 100).uniform_(-0.998, 0.998, generator=torch.Generator().manual_seed(3))
    summary = Summary.of(weights, law=law, drawn_in=torch.float32)
    drawn = Drawn(summary, law, judge(summary, law))
    assert "is only 1.73σ out, too near for this law" in _against(drawn, Text("en"))
    assert "只在 1.73σ 处，按理论应更远" in _against(drawn, Text("zh"))


@pytest.mark.filterwarnings("ignore:mean is more than 2 std")
def test_a_kurtosis_that_a_stray_weight_puts_off_is_explained() -> None:
    assert "The kurtosis is off by a few weights that torch adds" in said(opened(**STRAY))
    assert "峰度之差来自 torch 添入的少数权重" in said(opened(**STRAY, lang="zh"))
    assert "kurtosis is off by" not in said(opened(**STRAY, dtype="float64"))
