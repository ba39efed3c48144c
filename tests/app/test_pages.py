"""Every page in every language, links good and bad, and everything typed wrong."""

import json
import math
import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Node

import core
from core import SCHEMES
from core.refusals import TEMPLATES
from pages.jobs import distribution
from pages.state.controls import ASPECTS, PAGES, PARTS, SIGHTS, TABLE, TABS
from pages.text import LANGUAGES, Text, catalogue
from tests.support.marks import languages
from tests.support.screen import bare, few, first_chart, menu, opened, query, refusals, said, stands, turned
from tests.support.words import alts, text_of

pages = pytest.mark.parametrize("page", PAGES)


def _stands(app: AppTest) -> None:
    stands(app)
    chartless = app.query_params.get("tab", ["histogram"]) != ["histogram"] or "prepare" in app.session_state
    assert len(app.get("plotly_chart")) == 1 or chartless


@pages
@languages
def test_a_page_opens_in_every_language(page: str, language: str) -> None:
    app = opened(page, lang=language)
    _stands(app)
    assert Text(language)(f"nav.{page}") in menu(app)
    assert refusals(app) == []


def test_a_headline_stays_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a browser may show it beside the one before it until the run has ended."""
    with monkeypatch.context() as slow:
        slow.setattr(distribution, "QUICK_STREAMED", 0)
        app = opened(fan_in="77", nonsense="1")  # a draw that is waited for, and a link that is answered
        first = _places(app, "lab-headline")
    assert len(first) == 1
    assert _places(app.run(), "lab-headline") == first  # found in the cache
    assert _places(app.text_input(key="fan_out").set_value("33").run(), "lab-headline") == first


def _places(app: AppTest, kind: str) -> list[int]:
    """Return where on the page elements of this class stand, by their order."""
    return [place for place, element in app.main.children.items() if kind in _body(element)]


def _body(element: Node) -> str:
    return getattr(getattr(element, "proto", None), "body", "")


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
    _stands(app)
    assert Text(language)(f"scheme.{scheme}.name") in said(app)
    assert refusals(app) == []


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_single_weight_breaks_no_view(scheme: str, tab: str) -> None:
    layer = {"layer": "Conv1d(1, 1, 1)"} if scheme == "dirac" else {"fan_in": "1", "fan_out": "1"}
    app = opened(scheme=scheme, tab=tab, **layer)
    _stands(app)
    assert refusals(app) == []


def test_first_sight_is_kaiming_normal_with_its_three_sigma() -> None:
    app = opened()
    assert [box.value for box in app.selectbox] == ["kaiming_normal", "relu", "cpu"]
    assert [field.value for field in app.text_input] == ["512", "256", "40"]
    controls = len(app.selectbox) + len(app.text_input)
    assert controls <= 6
    assert "A normal law has no wall: 338 of 131\u202f072 weights lie beyond ±3σ, and 354 were" in said(app)
    assert app.markdown[0].value == (
        r"$W\sim\mathcal N(0,\,\sigma^2),\;\sigma$ ${=}\;\sqrt{2/\mathrm{fan\_in}}$ "
        r"${=}\;\sqrt{2/512}$ ${=}\;0.0625$"
    )
    # 338 counted with plain torch
    weight = torch.nn.init.kaiming_normal_(
        torch.empty(256, 512), nonlinearity="relu", generator=torch.Generator().manual_seed(40)
    )
    assert int((weight.double().abs() > 3 * math.sqrt(2 / 512)).sum()) == 338


def test_a_link_reproduces_and_leaves_defaults_out() -> None:
    chosen = {"v": "1", "scheme": "uniform", "a": "-0.5", "b": "0.25", "fan_in": "30", "seed": "7"}
    app = opened(**chosen)
    assert query(app) == chosen
    assert app.text_input(key="b").value == "0.25"
    assert "between −0.5 and 0.25" in said(app)
    assert query(opened()) == {}
    assert query(opened(scheme="kaiming_normal", gain="3", lang="en", tab="histogram")) == {
        "v": "1",
        "lang": "en",
    }


def test_controls_write_the_link() -> None:
    app = opened()
    app.selectbox(key="scheme").select("xavier_uniform").run()
    app.text_input(key="gain").set_value("1.5").run()
    app.text_input(key="fan_out").set_value("100").run()
    app.button(key="redraw").click().run()
    assert query(app) == {
        "v": "1",
        "scheme": "xavier_uniform",
        "gain": "1.5",
        "fan_out": "100",
        "seed": "41",
    }
    assert app.text_input(key="seed").value == "41"
    bound = 1.5 * math.sqrt(6 / 612)
    assert f"within ±{bound:.4g}." in said(app)


def test_a_scheme_s_parameter_is_kept_while_another_is_shown() -> None:
    app = opened(scheme="normal")
    app.text_input(key="std").set_value("0.02").run()
    app.selectbox(key="scheme").select("zeros").run()
    assert query(app) == {"v": "1", "scheme": "zeros"}
    app.selectbox(key="scheme").select("normal").run()
    assert app.text_input(key="std").value == "0.02"
    assert query(app)["std"] == "0.02"


def test_languages_switch_and_the_choice_is_kept() -> None:
    app = opened(seed="9")
    app.button(key="language-zh").click().run()
    assert "正态分布没有硬边界" in said(app)
    assert query(app) == {"v": "1", "seed": "9", "lang": "zh"}
    assert app.text_input(key="seed").value == "9"
    app.button(key="language-en").click().run()
    assert query(app) == {"v": "1", "seed": "9"}


def test_degenerate_laws_are_points() -> None:
    for scheme, value in (("zeros", "0"), ("ones", "1"), ("constant", "5")):
        app = opened(scheme=scheme)
        assert f"All 131\u202f072 weights equal {value}" in said(app)
        assert "Exactly the law." in said(app)
        spec = first_chart(app)
        assert [trace.get("mode") for trace in spec["data"]] == [None, "markers", "markers"]


def test_more_opens_the_rest_and_an_overlay() -> None:
    app = opened(overlay="xavier_uniform", dtype="float64", bins="30")
    spec = app.get("plotly_chart")[0].proto.spec
    assert "Xavier uniform" in spec
    assert "float64" in said(app)
    assert len(json.loads(spec)["data"][1]["y"]["bdata"]) == 84  # 32 counts of 2 bytes, in base64
    _stands(app)


def test_half_precision_is_judged_on_its_grid() -> None:
    words = said(opened(scheme="kaiming_uniform", dtype="bfloat16"))
    assert "Consistent with the law. Support, mean, std, shape, extremes agree" in bare(words)
    assert "The test knows the numbers that bfloat16 can hold." in words
    assert "The test knows" not in said(opened(scheme="kaiming_uniform", dtype="float64"))


@pytest.mark.parametrize(
    ("link_", "words"),
    [
        (
            {"scheme": "sparse"},
            "13\u202f312 of 131\u202f072 weights are 0: 26 of 256 in each column.",
        ),  # ceil(25.6)
        (
            {"scheme": "eye"},
            "256 weights are 1 and 130\u202f816 are 0: each of the 256 outputs repeats one input.",
        ),
        ({"scheme": "eye", "fan_in": "200"}, "200 outputs each repeat one input, the other 56 are 0."),
        ({"scheme": "dirac"}, "64 weights are 1 and 73\u202f664 are 0"),  # of 128 · 64 · 9
        ({"scheme": "orthogonal"}, "The 256 rows are orthogonal to each other, and each has length 1."),
        ({"scheme": "orthogonal", "gain": "1e-20"}, "and each has length 10⁻²⁰."),
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
    _stands(app)
    assert words in said(app)
    assert "▲" not in said(app)


def test_a_layer_shows_torch_s_fans_beside_the_true_connections() -> None:
    app = opened(layer="Conv2d(64, 64, 3, groups=64)", mode="fan_out")
    _stands(app)
    assert "Weight 64 × 1 × 3 × 3. torch counts fan_in 9, fan_out 576." in said(app)
    assert "In truth an output reads 9 inputs, and an input feeds 9 outputs." in said(app)
    assert "torch’s std is 0.125 times" in said(app)  # √(9/576)
    assert "576 weights" in said(app)
    assert query(app) == {"v": "1", "mode": "fan_out", "layer": "Conv2d(64, 64, 3, groups=64)"}
    assert "fan_in" not in [field.key for field in app.text_input]
    app.session_state["layer"] = ""
    app.run()
    assert app.text_input(key="fan_in").value == "512"
    assert "Linear 512 → 256" in said(app)


def test_a_layer_is_typed_as_a_model_writes_it() -> None:
    app = opened(layer="nn.ConvTranspose2d(6, 4, (3, 2), stride=2)")
    assert "Weight 6 × 4 × 3 × 2. torch counts fan_in 24, fan_out 36." in said(app)
    assert "an output reads 9 inputs, and an input feeds 24 outputs" in said(app)  # 6·6/4 and 4·6
    for bad in ("Conv2d(64, 128", "__import__('os')", "x" * 400):
        app = opened(layer=bad)
        _stands(app)
        (sentence,) = refusals(app)
        assert sentence.startswith("Layer must be written as in a model")
        assert "so Linear, fan_in → fan_out is used" in sentence
    for bad, words in {
        "Conv2d(4, 4, 3, groups=3)": "torch cannot build “Conv2d(4, 4, 3, groups=3)”: in_channels must be",
        "Linear(0, 5)": "torch builds “Linear(0, 5)” with a warning: its weight, 5 × 0, has no numbers",
        "Conv2d(4, 6, 3, stride=0)": "torch builds “Conv2d(4, 6, 3, stride=0)” and cannot run it: stride",
        "Linear(n, 5)": "n has no value here",
        "Linear(5, 3.5)": "out_features must be a whole number; in “Linear(5, 3.5)” it is 3.5.",
        "Linear(-5, 3)": "in_features must not be negative",
        "Linear(2**70, 3)": "A number in “Linear(2**70, 3)” is larger than",
        "Linear(5//0, 3)": "Only + − * / // % ** of whole numbers are worked out",
        "Linear(5, 3, dtype='float32')": "dtype is none of torch’s, such as torch.float16",
        "LSTM(5, 3).out_proj": "“LSTM(5, 3).out_proj” has no weight out_proj; it has weight_ih_l0",
    }.items():
        for language in LANGUAGES:
            app = opened(layer=bad, lang=language)
            _stands(app)
            (sentence,) = refusals(app)
            assert sentence.startswith(words) or language != "en"


@pytest.mark.parametrize(
    "pasted",
    [
        "Linear(512, 256, device='cuda')",
        "self.fc1 = nn.Linear(2*256, 512//2),  # the first",
        "(0): Linear(in_features=512, out_features=256, bias=True)",
    ],
)
def test_a_pasted_layer_is_drawn_as_the_plain_one(pasted: str) -> None:
    app, plain = (opened(layer=layer, tab="code") for layer in (pasted, "Linear(512, 256)"))
    _stands(app)
    assert refusals(app) == []
    assert app.code[0].value == plain.code[0].value
    assert "torch itself starts its bias within ±0.04419." in said(app)  # 1/√512
    assert ("Not used here: device" in said(app)) is ("device" in pasted)


def test_a_stride_s_connections_are_fractions() -> None:
    app = opened(layer="Conv2d(64, 64, 3, stride=2, groups=64)", mode="fan_out")
    assert "an output reads 9 inputs, and an input feeds 9/4 outputs." in said(app)
    assert "torch’s std is 0.0625 times" in said(app)  # √((9/4)/576)
    assert "每个输入送往 9/4 个输出" in said(opened(layer="Conv2d(64,64,3,stride=2,groups=64)", lang="zh"))


@pytest.mark.parametrize(
    ("layer", "page", "english", "chinese"),
    [
        # depthwise and pointwise: each channel for itself
        (
            "Conv2d(6, 6, 1, groups=6)",
            "distribution",
            "an output reads 1 input, and an input feeds 1 output.",
            "每个输出读取 1 个输入，每个输入送往 1 个输出。",
        ),
        # three matrices (1, 1) in one
        (
            "MultiheadAttention(1, 1)",
            "distribution",
            "in each an output reads 1 input, and an input feeds 1 output.",
            "在每个矩阵中，每个输出读取 1 个输入，每个输入送往 1 个输出。",
        ),
        (
            "Linear(1, 3)",
            "compare",
            "torch counts what there is: an output reads 1 input, and an input feeds 3 outputs.",
            "torch 所数的就是真实连接：每个输出读取 1 个输入，每个输入送往 3 个输出。",
        ),
        (
            "Linear(5, 1)",
            "compare",
            "torch counts what there is: an output reads 5 inputs, and an input feeds 1 output.",
            "torch 所数的就是真实连接：每个输出读取 5 个输入，每个输入送往 1 个输出。",
        ),
    ],
)
def test_one_connection_is_said_as_one(layer: str, page: str, english: str, chinese: str) -> None:
    inspector = {"aspect": "inspector"} if page == "compare" else {}
    assert english in text_of(said(opened(page, layer=layer, **inspector)))
    assert chinese in text_of(said(opened(page, layer=layer, lang="zh", **inspector)))


#: A one before a noun of many, as "1 rows"; not at the end of 0.1, ×1 or → 1.
_NOUNS = "layers|seeds|rows|columns|inputs|outputs|units|labels|numbers|steps|schemes"
MANY = re.compile(rf"(?<![\w.,/→×+−=-])(?<!→ )1 (?:{_NOUNS})\b")


@pytest.mark.parametrize(
    ("page", "link"),
    [
        *(("signal", {"sight": sight, "depth": "1", "seeds": "1", "samples": "1"}) for sight in SIGHTS),
        *(("model", {"net": "3-1.relu", "batch": "1", "part": part}) for part in PARTS),
        ("model", {"net": "3-2", "batch": "1", "part": "forward", "sample": "2"}),
        ("model", {"net": "3-2", "batch": "1", "part": "backward", "labels": "0,1"}),
        ("distribution", {"fan_in": "15", "fan_out": "1", "tab": "matrix"}),
        *(("compare", {"rows": "normal", "fan_in": "1", "aspect": aspect}) for aspect in ASPECTS),
    ],
)
def test_a_single_thing_is_not_written_in_the_plural(page: str, link: dict[str, str]) -> None:
    app = opened(page, **{"width": "8", **link} if page == "signal" else link)
    words = " | ".join([text_of(said(app)), *alts(app), *refusals(app)])
    assert len(words) > 100
    assert MANY.findall(words) == [], words


def test_a_padding_row_is_said_to_be_overwritten() -> None:
    assert "Row 3 is padding" in said(opened(layer="Embedding(11, 5, padding_idx=3)"))
    assert "is padding" not in said(opened(layer="Embedding(11, 5)"))


@pytest.mark.parametrize("page", ["distribution", "home"])
@pytest.mark.parametrize(
    ("link_", "words"),
    [
        ({"gain": "2"}, "The link’s Gain g = 2 has no effect: Kaiming normal (He) has no such parameter."),
        ({"a": "0.25", "nonlinearity": "tanh"}, "a = 0.25 has no effect: a acts with leaky_relu alone."),
        ({"layer": "Linear(7, 5)", "fan_in": "9"}, "The link’s fan_in = 9 has no effect: Linear(7, 5) has"),
        ({"scheme": "xavier_normal", "mode": "fan_out"}, "The link’s Mode = fan_out has no effect: Xavier"),
    ],
)
def test_a_choice_of_a_link_that_nothing_reads_is_named(link_: dict[str, str], words: str, page: str) -> None:
    app = opened(page, **link_)
    _stands(app)
    assert any(words in sentence for sentence in refusals(app)), refusals(app)
    _stands(opened(page, **link_, lang="zh"))


def test_a_truncated_number_is_not_taken_for_the_whole() -> None:
    """A field takes 24 characters; this one is 1000, and would be 0.1 without its end."""
    app = opened(scheme="normal", std="0.1000000000000000000000e4")
    assert "Standard deviation σ must be" in refusals(app)[0]
    assert app.text_input(key="std").value.endswith("…")


def test_a_slope_alone_is_read_as_torch_reads_it() -> None:
    """kaiming_normal_(w, a=0.25) draws √(2/(1.0625·512)) = 0.06063; relu's would be 0.0625."""
    app = opened(scheme="kaiming_normal", a="0.25")
    assert "The link gives a = 0.25 and no nonlinearity." in refusals(app)[0]
    assert "0.06063" in said(app)
    assert query(app) == {"v": "1", "nonlinearity": "leaky_relu", "a": "0.25"}
    app = opened(scheme="kaiming_normal")  # version 1's default stays
    assert refusals(app) == []
    assert app.selectbox(key="nonlinearity").value == "relu"
    for other in ("0", "x", "1e99"):
        assert opened(a=other).selectbox(key="nonlinearity").value == "relu"


def test_a_scheme_that_cannot_fill_the_layer_says_so() -> None:
    app = opened(scheme="eye", layer="Conv2d(3, 4, 5)")
    _stands(app)
    assert "Identity fills a matrix, not Conv2d(3, 4, 5)" in refusals(app)[0]
    app = opened(scheme="dirac", groups="5")
    _stands(app)
    assert "divide into 5 groups, not Conv2d(64, 128, 3). So Groups k = 1 is used." in refusals(app)[0]
    app = opened(scheme="dirac")
    app.selectbox(key="scheme").select("eye").run()  # the convolution was dirac's own
    assert refusals(app) == []
    assert "Linear 512 → 256" in said(app)


def test_a_number_follows_the_scheme_s_own_default_until_it_is_typed() -> None:
    app = opened(scheme="normal")
    app.selectbox(key="scheme").select("gpt2_residual").run()
    app.selectbox(key="scheme").select("trunc_normal").run()
    assert app.text_input(key="std").value == "1"
    app.text_input(key="std").set_value("0.5").run()
    app.selectbox(key="scheme").select("normal").run()
    assert app.text_input(key="std").value == "0.5"
    assert query(app) == {"v": "1", "scheme": "normal", "std": "0.5"}
    assert query(opened(scheme="sparse", std="0.01")) == {"v": "1", "scheme": "sparse"}
    assert "std of 0.02" not in said(opened(scheme="gpt2_residual"))
    app = opened(scheme="variance_scaling", mode="fan_avg")
    app.selectbox(key="scheme").select("kaiming_normal").run()
    assert refusals(app) == []
    assert "no “fan_avg” to choose" in refusals(opened(mode="fan_avg"))[0]


def test_half_precision_that_torch_cannot_draw_is_refused() -> None:
    for link_, words in (
        (
            {"scheme": "orthogonal"},
            "“Orthogonal, cast” draws them in float32 and casts. So dtype = float32 is used.",
        ),
        (
            {"scheme": "trunc_normal", "a": "1.5"},
            "for which bfloat16 is too coarse. So dtype = float32 is used.",
        ),
    ):
        app = opened(dtype="bfloat16", **link_)
        _stands(app)
        assert words in refusals(app)[0]


def test_cuts_that_torch_would_never_finish_are_refused() -> None:
    app = opened(scheme="trunc_normal", a="5", b="500")
    _stands(app)
    assert "torch would need 3.96" in refusals(app)[0]
    assert "So Lower end a = −2 is used." in refusals(app)[0]
    app = opened(scheme="trunc_normal", a="50", b="51")
    _stands(app)
    assert "must come within 30 std of the mean; it is 50 std away" in refusals(app)[0]


def test_the_views_say_what_they_show() -> None:
    assert "Within chance." in said(opened(tab="cumulative"))
    assert "95 stay below 0.00375" in said(opened(tab="cumulative"))  # 1.3581/√131 072
    assert re.search(r"\d\d of \d\d dots lie in the blue band", said(opened(tab="quantiles")))
    assert "With so few weights" in said(opened(tab="quantiles", fan_in="1", fan_out="1"))
    words = said(opened(tab="largest", scheme="uniform", fan_in="5", fan_out="3"))
    assert "The largest of 15 weights is where it should be" in words
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


def test_the_code_of_the_page_draws_the_page_s_tensor() -> None:
    app = opened(tab="code", scheme="classic_uniform", fan_in="5", fan_out="3", dtype="float64")
    names: dict[str, torch.Tensor] = {}
    exec(app.code[0].value.replace("print(weight)", ""), names)  # noqa: S102
    expected = torch.empty(3, 5, dtype=torch.float64)
    torch.nn.init.kaiming_uniform_(expected, a=math.sqrt(5), generator=torch.Generator().manual_seed(40))
    assert torch.equal(names["weight"], expected)


# control → (what is typed, what the sentence must say, what stays in force)
WRONG = [
    ({}, "fan_in", "0", "fan_in must be a whole number from 1 to 65\u202f536. It was “0”, so 512 is used."),
    ({}, "fan_in", "-3", "It was “-3”, so 512 is used."),
    ({}, "fan_out", "abc", "fan_out must be a whole number"),
    ({}, "fan_out", "2.5", "fan_out must be a whole number"),
    ({}, "fan_out", "", "It was “”, so 256 is used."),
    ({}, "fan_in", "1000000000000", "from 1 to 65\u202f536. It was “1000000000000”"),
    ({}, "seed", "-1", "Seed must be a whole number from 0 to 4\u202f294\u202f967\u202f295."),
    ({"scheme": "normal"}, "std", "-1", "must be 0 or a positive number"),
    ({"scheme": "normal"}, "std", "nan", "It was “nan”, so 1 is used."),
    ({"scheme": "normal"}, "std", "1e400", "must be 0 or a positive number"),
    ({"scheme": "constant"}, "val", "inf", "must be a number: 0, or between 10⁻³⁰ and 10³⁰ in size"),
    (
        {"scheme": "uniform"},
        "b",
        "0",
        "a must be less than b. They were a = 0 and b = 0, so Upper end b = 1 is used.",
    ),
    ({"scheme": "uniform"}, "b", "<script>", "It was “<script>”, so 1 is used."),
    ({"scheme": "xavier_normal"}, "gain", "-2", "must be 0 or a positive number"),
]


@pytest.mark.parametrize(("link_", "name", "typed", "words"), WRONG, ids=lambda value: str(value)[:20])
def test_a_wrong_entry_gets_a_sentence_and_stays_typed(
    link_: dict[str, str], name: str, typed: str, words: str
) -> None:
    right = opened(**link_)
    app = opened(**link_)
    app.text_input(key=name).set_value(typed).run()
    _stands(app)
    (sentence,) = refusals(app)
    assert words in sentence
    assert app.text_input(key=name).value == typed
    # the page stands as it did before
    assert app.get("plotly_chart")[0].proto.spec == right.get("plotly_chart")[0].proto.spec


def test_the_last_value_that_was_right_stays_in_force() -> None:
    app = opened()
    app.text_input(key="fan_in").set_value("100").run()
    app.text_input(key="fan_in").set_value("none").run()
    assert "so 100 is used" in refusals(app)[0]
    assert query(app) == {"v": "1", "fan_in": "100"}


def test_too_many_weights_are_refused_before_they_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(scheme="sparse", fan_in="64")
    shapes = []
    empty = torch.empty

    def noted(*shape: object, **more: object) -> torch.Tensor:
        if more.get("device") != "meta":  # where layers have shapes and no numbers
            shapes.append(shape[0] if isinstance(shape[0], tuple) else shape)
        return empty(*shape, **more)

    monkeypatch.setattr(torch, "empty", noted)
    app.text_input(key="fan_in").set_value("65536").run()
    app.text_input(key="fan_out").set_value("65536").run()
    monkeypatch.undo()
    (sentence,) = refusals(app)
    assert "has 4\u202f294\u202f967\u202f296 weights, more than the 16\u202f777\u202f216" in sentence
    assert "So fan_out = 256 is used" in sentence
    assert max(map(math.prod, shapes)) <= 2**24
    app.button(key="sizes").click().run()
    assert app.text_input(key="fan_out").value == "256"  # 65 536 × 256 = 2²⁴
    assert refusals(app) == []
    # what is drawn part by part may be larger: 65 536 × 16 384 = 2³⁰
    (sentence,) = refusals(opened(fan_in="65536", fan_out="20000", seed="1", tab="code", scheme="zeros"))
    assert "more than the 1\u202f073\u202f741\u202f824" in sentence


def test_weights_that_the_dtype_cannot_hold_are_refused() -> None:
    app = opened(scheme="constant", dtype="float16", val="70000")
    (sentence,) = refusals(app)
    assert (
        "float16 cannot hold these weights: they span 70000 to 70000, while float16 reaches 65504" in sentence
    )
    assert "So dtype = float32 is used." in sentence
    assert "All 131\u202f072 weights equal 70000" in said(app)


def test_a_device_that_is_missing_is_said_and_stays_in_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.devices, "available", lambda: ("cpu",))
    app = opened(device="cuda")
    assert refusals(app) == ["No CUDA device here: drawn on the CPU, so the numbers differ from a GPU’s."]
    assert query(app) == {"v": "1", "device": "cuda"}
    assert "seed 40 · cpu" in said(app)
    _stands(app)


def test_a_bad_link_falls_back_row_by_row() -> None:
    app = opened(
        fan_in="no",
        fan_out="30",
        scheme="he",
        seed="7",
        dtype="int8",
        lang="xx",
        v="9",
        colour="red",
        mean="1",
    )
    _stands(app)
    sentences = "\n".join(refusals(app))
    for words in (
        "fan_in must be a whole number",
        "Scheme has no “he” to choose, so kaiming_normal is used.",
        "Language has no “xx” to choose, so English is used.",
        "The link is of version “9”; this page reads version 1.",
        "The link’s “colour” is no control of this page; it is ignored.",
    ):
        assert words in sentences
    assert query(app) == {"v": "1", "fan_out": "30", "seed": "7"}
    assert app.text_input(key="fan_in").value == "no"  # as if typed
    # choosing something ends the notice
    app.selectbox(key="scheme").select("zeros").run()
    assert "“he”" not in "\n".join(refusals(app))


values = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["nan", "inf", "-inf", "1e999", "0", "-1", "10" * 15, "<b>x</b>", "１２", "../..", "%00", "null"]
    ),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from([option for control in TABLE.values() for option in control.options]),
)


@few
@given(link_=st.dictionaries(st.sampled_from([*TABLE, "v", "x"]), values, max_size=6))
def test_any_link_opens(link_: dict[str, str]) -> None:
    if link_.get("fan_in", "").isdigit() and link_.get("fan_out", "").isdigit():
        link_["fan_out"] = "3"  # large draws are tested elsewhere; here speed matters
    app = opened(**link_)
    _stands(app)
    again = opened(**query(app))
    assert refusals(again) == [] or {"device"} & set(link_)
    assert query(again) == query(app)


@few
@given(
    link_=st.fixed_dictionaries({}, optional={"scheme": st.sampled_from(sorted(SCHEMES))}),
    moves=st.lists(
        st.tuples(
            st.sampled_from(["scheme", "a", "b", "val", "std", "gain", "dtype", "fan_in", "seed"]), values
        ),
        min_size=2,
        max_size=6,
    ),
)
def test_any_walk_through_the_controls_stands(link_: dict[str, str], moves: list[tuple[str, str]]) -> None:
    """What was in force for one scheme must not break the next."""
    app = opened(**link_)
    for name, value in moves:
        if value in TABLE[name].options:
            if name in app.session_state:
                app.session_state[name] = value
        elif not TABLE[name].options:
            app.session_state[name] = value[:24]
        app.run()
        _stands(app)


def test_values_that_agreed_elsewhere_but_not_here_give_way_to_the_defaults() -> None:
    app = opened(scheme="kaiming_normal", nonlinearity="leaky_relu", a="2")
    app.selectbox(key="scheme").select("uniform").run()  # its a is now the lower end, above b = 1
    _stands(app)
    assert "They were a = 2 and b = 1, so Lower end a = 0 is used." in refusals(app)[0]
    assert "between 0 and 1" in said(app)
    app = opened(scheme="constant", val="70000")
    app.selectbox(key="scheme").select("zeros").run()
    app.session_state["dtype"] = "float16"
    app.run()
    app.selectbox(key="scheme").select("constant").run()
    _stands(app)
    assert "All 131\u202f072 weights equal 70000" in said(app)
    assert "So dtype = float32 is used." in refusals(app)[0]


def test_a_refusal_without_a_control_on_the_screen_is_said_at_the_top() -> None:
    sentences = "\n".join(
        refusals(opened(dtype="int8", bins="9999", overlay="zzz", tab="foo", mode="bar", mean="x"))
    )
    for words in ("int8", "9999", "zzz", "foo", "bar", "Mean μ must be a number"):
        assert words in sentences
    assert "Negative slope a must be a number" in refusals(opened(nonlinearity="leaky_relu", a="x"))[0]
    app = opened("home", fan_in="0", colour="red")
    assert len(refusals(app)) == 2
    _stands(app)


def test_what_was_chosen_goes_home_and_back() -> None:
    app = opened("home", scheme="uniform", b="2", fan_in="30", dtype="float64", tab="code")
    assert "Linear 30 → 256" in said(app)
    held = {"v": "1", "scheme": "uniform", "b": "2", "fan_in": "30", "dtype": "float64", "tab": "code"}
    turned(app, "distribution")
    assert query(app) == held
    assert "torch.float64" in app.code[0].value
    turned(app, "home")
    assert query(app) == held
    assert refusals(app) == []


def test_a_slope_that_torch_does_not_read_is_no_part_of_the_draw() -> None:
    app = opened(scheme="kaiming_normal", nonlinearity="relu", a="-2", tab="code")
    assert "a=" not in app.code[0].value
    assert "a" not in query(app)


def test_a_fan_that_makes_the_weights_too_small_gives_way() -> None:
    app = opened(scheme="xavier_normal", gain="1e-6", dtype="float16")
    app.text_input(key="fan_in").set_value("65536").run()
    _stands(app)
    assert "float16 cannot hold these weights" in refusals(app)[0]
    assert "fan_in = 512" in refusals(app)[0]


def test_bounds_close_together_are_told_apart() -> None:
    assert "between 1 and 1.0001" in said(opened(scheme="uniform", a="1", b="1.0001", dtype="float64"))
    app = opened(scheme="normal", mean="1000", std="0.01", dtype="float64")
    assert "= 999.97" in app.get("plotly_chart")[0].proto.spec


def test_a_rounded_wall_is_said_to_be_rounded() -> None:
    app = opened(scheme="kaiming_uniform", dtype="bfloat16")
    # √(6/512) = 0.10825…; the bfloat16 next to it is 0.1083984375
    assert "Every weight lies within ±0.1084: the wall at ±0.1083, as bfloat16 rounds it." in said(app)
    assert "≥ −0.10840" in said(app)


def test_nothing_typed_is_sent_as_html() -> None:
    app = opened(fan_in="<b>x</b>", scheme="<i>y</i>", **{"<u>z</u>": "1"})
    bodies = "".join(element.proto.body for element in app.get("html"))
    assert not [tag for tag in ("<b>x", "<i>y", "<u>z") if tag in bodies]
    assert len(refusals(app)) == 3


def test_the_second_visitor_of_a_link_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    summary_of = distribution.summary_of
    monkeypatch.setattr(distribution, "summary_of", lambda *a, **k: drawn.append(a) or summary_of(*a, **k))
    opened(seed="987654")
    assert len(drawn) == 1
    opened(seed="987654")
    opened(seed="987654", lang="zh")
    assert len(drawn) == 1


def test_a_failure_is_said_in_a_sentence_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(distribution, "summary_of", lambda *_, **__: 1 / 0)
    app = opened(seed="123321")
    assert not app.exception
    assert refusals(app) == [Text("en")("error.unexpected")]
    assert "ZeroDivisionError" in caplog.text


def test_home_answers_and_leads_on_with_its_choice() -> None:
    app = opened("home")
    app.selectbox(key="scheme").select("classic_uniform").run()
    app.button(key="redraw").click().run()
    assert query(app) == {"v": "1", "scheme": "classic_uniform", "seed": "41"}
    assert "Every weight lies within ±0.04419." in said(app)
    cards = [card.proto for card in app.get("page_link") if card.proto.label.startswith("**")]
    assert [card.page for card in cards] == [page for page in PAGES if page != "home"]
    # the page that is reached finds the choice by itself: in each link it would travel with every run
    assert {card.query_string for card in cards} == {""}
    assert query(turned(app, "model")) == {"v": "1", "seed": "41"}  # and no scheme for one layer
    assert query(turned(app, "distribution")) == {"v": "1", "scheme": "classic_uniform", "seed": "41"}


def test_a_scheme_may_hold_a_number_to_more_than_another_does() -> None:
    for app in (opened(scheme="trunc_normal", std="0"), opened(scheme="normal", std="0")):
        if app.selectbox(key="scheme").value == "normal":
            assert refusals(app) == []
            app.selectbox(key="scheme").select("trunc_normal").run()
        _stands(app)
        assert "Standard deviation σ must be a positive number" in refusals(app)[0]


def test_only_one_value_is_replaced_where_that_is_enough() -> None:
    app = opened(scheme="dirac", layer="Conv2d(64, 64, 3)", groups="7")
    assert "So Groups k = 1 is used." in refusals(app)[0]
    assert "Conv2d(64, 64, 3) ·" in said(app)
    app = opened(scheme="zeros", fan_in="65536", fan_out="16384", tab="code")  # counted at once
    app.selectbox(key="scheme").select("eye").run()
    assert "So fan_in = 512 is used." in refusals(app)[0]
    _stands(app)


def test_what_a_folded_sidebar_says_is_said_in_the_page_too() -> None:
    app = opened(fan_in="0")
    assert len(refusals(app)) == 1
    assert 'class="lab-refusal lab-again">▲ fan_in must be' in said(app)


def test_the_worker_s_failures_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distribution, "QUICK_STREAMED", 0)  # so that it is drawn behind the page
    with monkeypatch.context() as patched:
        patched.setattr(distribution, "summary_of", lambda *_, **__: 1 / 0)
        assert refusals(opened(seed="31337")) == [Text("en")("error.unexpected")]
    _stands(opened(seed="31337"))


def test_every_objection_of_core_that_a_page_can_meet_has_its_sentence() -> None:
    codes = {key.partition(":")[0] for key in TEMPLATES}
    # what the table of controls refuses before core is asked
    before = {"unknown", "choice", "number", "order", "seed", "bins"}
    before = {f"parameter.{name}" for name in before} | {"shape.sizes", "shape.fans", "dtype.unknown"}
    before |= {"device.unknown", "device.missing", "scheme.unknown", "scheme.duplicate"}
    # what no page asks, or asks after it has looked itself
    before |= {
        f"network.{name}" for name in ("input", "input_dtype", "labels", "lazy", "parameters", "summary")
    }
    before |= {"network.type", "network.tensor", "network.batch", "network.dtypes", "network.module"}
    # things of another kind than a page has, and summaries that it never makes
    before |= {"comparison.type", "table.type", "table.numbers", "shape.empty", "device.meta"}
    before |= {f"dtype.{name}" for name in ("drawn_in", "held", "slope")}
    kinds = ("atoms", "band", "edges", "law", "layout", "merge", "n", "real", "summary", "weights")
    before |= {f"parameter.{name}" for name in kinds}
    # a page hands over text, looks at the size of a run itself, and shows no theory where there is none
    before |= {"formula.type", "size.signal", "parameter.mean", "parameter.kind", "parameter.continuous"}
    # what is free changes: a sentence of its own says it where it is drawn
    before.add("size.memory")
    sentences = {f"refused.{code.replace('.', '_')}" for code in codes - before}
    layers = {key.replace("shape_layer", "layer") for key in sentences if "shape_layer" in key}
    others = {key for key in sentences if "shape_layer" not in key}
    assert layers
    assert layers | others <= set(catalogue("en"))
