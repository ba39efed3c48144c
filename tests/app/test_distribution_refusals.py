"""What the distribution page cannot draw is answered in a sentence that says what is used instead."""

import math
import re

import pytest
import torch

import core
from tests.support.page_chart import stands_with_chart
from tests.support.screen import opened, query, refusals, said


def test_a_truncated_number_is_not_taken_for_the_whole() -> None:
    """A field takes 24 characters; this one is 1000, and would be 0.1 without its end."""
    app = opened(scheme="normal", std="0.1000000000000000000000e4")
    assert "Standard deviation σ must be" in refusals(app)[0]
    assert app.text_input(key="std").value.endswith("…")


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
        stands_with_chart(app)
        assert words in refusals(app)[0]


@pytest.mark.parametrize(
    ("lang", "used"),
    [("en", "so Lower end a = −2 with Upper end b = 2 is used."), ("zh", "下限 a = −2、上限 b = 2。")],
)
def test_two_that_are_used_stand_in_one_sentence(lang: str, used: str) -> None:
    assert refusals(opened(scheme="trunc_normal", a="3", b="-3", lang=lang))[0].endswith(used)


def test_in_a_refusal_no_space_stands_between_chinese_and_chinese() -> None:
    """But between Chinese and a name in Latin letters one does."""
    for page, link in (
        ("distribution", {"scheme": "trunc_normal", "a": "3", "b": "-3"}),
        ("distribution", {"scheme": "normal", "sparsity": "0.9", "std": "x"}),
        ("model", {"net": "2-2", "data": "1;x"}),
        ("compare", {"rows": "orthogonal-zeros", "dtype": "bfloat16"}),
    ):
        words = " ".join(refusals(opened(page, **link, lang="zh")))
        assert words
        assert re.findall("[\u4e00-\u9fff] [\u4e00-\u9fff]", words) == []
    assert "故采用 float32。" in refusals(opened(dtype="float8", lang="zh"))[0]


@pytest.mark.parametrize(
    ("page", "link", "near"),
    [
        ("distribution", {"scheme": "he_normal"}, "Options: kaiming_normal, "),
        ("distribution", {"scheme": "nn.init.xavier_uniform_"}, "Options: xavier_uniform, "),
        ("compare", {"rows": "GlorotUniform-normal"}, "Close to it: xavier_uniform, "),
        ("compare", {"rows": "msra-normal"}, "Close to it: kaiming_"),
        ("model", {"net": "3-3.he_normal-2"}, "Close to it: kaiming_normal, "),
        ("model", {"net": "3-3.kaiming_uniform_-2"}, "Close to it: kaiming_uniform, "),
        ("model", {"net": "3-3.LeakyReLU-2"}, "Close to it: leaky_relu"),
        ("model", {"net": "3-3.zero_bias-2"}, "Close to it: zeros_bias"),
        ("signal", {"activation": "leakyrelu"}, "Close to it: leaky_relu, "),
        ("signal", {"activation": "max(0, zz)"}, "Close to it: z."),
        ("signal", {"activation": "SwiGLU(z)"}, "It gates with silu; “Gains” lists its gains."),
        ("signal", {"activation": "nn.PReLU()"}, "it starts as leaky_relu(z, 0.25)."),
        ("signal", {"activation": "F.softmax(z, 1)"}, "softmax takes all outputs of a layer at once"),
        ("compare", {"aspect": "inspector", "layer": "nn.LazyConv2d(8, 3)"}, "write Conv2d, with inputs "),
        ("compare", {"aspect": "inspector", "layer": "layers.Dense(10)"}, "Keras’ Dense is torch’s Linear, "),
        (
            "compare",
            {"aspect": "inspector", "layer": "Conv1D(2304, 768)"},
            "it is Linear, with its weight transposed. Keras’ is Conv1d.",
        ),
    ],
)
def test_who_writes_another_s_name_is_told_the_one_here(page: str, link: dict[str, str], near: str) -> None:
    assert near in refusals(opened(page, **link))[0]


def test_cuts_that_torch_would_never_finish_are_refused() -> None:
    app = opened(scheme="trunc_normal", a="5", b="500")
    stands_with_chart(app)
    assert "torch would need 3.96" in refusals(app)[0]
    assert "So Lower end a = −2 is used." in refusals(app)[0]
    app = opened(scheme="trunc_normal", a="50", b="51")
    stands_with_chart(app)
    assert "must come within 30 std of the mean; it is 50 std away" in refusals(app)[0]


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
    stands_with_chart(app)
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
    # of two fans that differ, fan_in stays: 2²⁴ = 40 000 × 419.43
    app = opened(scheme="sparse", fan_in="40000", fan_out="50000")
    assert app.button(key="sizes").label == "Use 40\u202f000 → 419"
    # what is drawn part by part may be larger: 65 536 × 16 384 = 2³⁰
    (sentence,) = refusals(opened(fan_in="65536", fan_out="20000", seed="1", tab="code", scheme="zeros"))
    assert "more than the 1\u202f073\u202f741\u202f824" in sentence


def test_weights_that_the_dtype_cannot_hold_are_refused() -> None:
    app = opened(scheme="constant", dtype="float16", val="70000")
    (sentence,) = refusals(app)
    assert (
        "float16 cannot hold these weights: they span 70000 to 70000, while float16 has no number past 65504."
        in sentence
    )
    assert "So dtype = float32 is used." in sentence
    assert "Every weight (131\u202f072) equals 70000" in said(app)


@pytest.mark.parametrize(
    ("link", "english", "chinese"),
    [
        (
            {"scheme": "normal", "std": "20000"},
            "they span −100000 to 100000 within ±5 std, while float16 has no number past 65504.",
            "它们在 ±5 个标准差内分布于 −100000 到 100000 之间，而 float16 没有大于 65504 的数，",
        ),
        (
            {"scheme": "normal", "mean": "1", "std": "1e-4"},  # a step of 2⁻¹⁰ from 1 on
            "they span 0.9995 to 1.0005 within ±5 std, while float16 has steps of 0.0009766 there.",
            "它们在 ±5 个标准差内分布于 0.9995 到 1.0005 之间，而 float16 在该处的步长为 0.0009766，",
        ),
        (
            {"scheme": "uniform", "a": "-50000", "b": "50000"},
            "they span −50000 to 50000, and the ends of a uniform law must be no further apart than 65504.",
            "它们分布在 −50000 到 50000 之间，而均匀分布两端的距离不得大于 65504，",
        ),
    ],
    ids=str,
)
def test_what_a_dtype_lacks_is_said(link: dict[str, str], english: str, chinese: str) -> None:
    for language, words in (("en", english), ("zh", chinese)):
        (sentence,) = refusals(opened(dtype="float16", lang=language, **link))
        assert words in sentence


def test_a_device_that_is_missing_is_said_and_stays_in_the_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.devices, "available", lambda: ("cpu",))
    app = opened(device="cuda")
    assert refusals(app) == ["No CUDA device here: drawn on the CPU, so the numbers differ from a GPU’s."]
    assert query(app) == {"v": "1", "device": "cuda"}
    assert "seed 40 · cpu" in said(app)
    stands_with_chart(app)


def test_values_that_agreed_elsewhere_but_not_here_give_way_to_the_defaults() -> None:
    app = opened(scheme="kaiming_normal", nonlinearity="leaky_relu", a="2")
    app.selectbox(key="scheme").select("uniform").run()  # its a is now the lower end, above b = 1
    stands_with_chart(app)
    assert "They were a = 2 and b = 1, so Lower end a = 0 is used." in refusals(app)[0]
    assert "between 0 and 1" in said(app)
    app = opened(scheme="constant", val="70000")
    app.selectbox(key="scheme").select("zeros").run()
    app.session_state["dtype"] = "float16"
    app.run()
    app.selectbox(key="scheme").select("constant").run()
    stands_with_chart(app)
    assert "Every weight (131\u202f072) equals 70000" in said(app)
    assert "So dtype = float32 is used." in refusals(app)[0]


def test_a_fan_that_makes_the_weights_too_small_gives_way() -> None:
    app = opened(scheme="xavier_normal", gain="1e-6", dtype="float16")
    app.text_input(key="fan_in").set_value("65536").run()
    stands_with_chart(app)
    assert "float16 cannot hold these weights" in refusals(app)[0]
    assert "fan_in = 512" in refusals(app)[0]


def test_a_scheme_may_hold_a_number_to_more_than_another_does() -> None:
    for app in (opened(scheme="trunc_normal", std="0"), opened(scheme="normal", std="0")):
        if app.selectbox(key="scheme").value == "normal":
            assert refusals(app) == []
            app.selectbox(key="scheme").select("trunc_normal").run()
        stands_with_chart(app)
        assert "Standard deviation σ must be a positive number" in refusals(app)[0]


def test_only_one_value_is_replaced_where_that_is_enough() -> None:
    app = opened(scheme="dirac", layer="Conv2d(64, 64, 3)", groups="7")
    assert "So Groups k = 1 is used." in refusals(app)[0]
    assert "Conv2d(64, 64, 3) ·" in said(app)
    app = opened(scheme="zeros", fan_in="65536", fan_out="16384", tab="code")  # counted at once
    app.selectbox(key="scheme").select("eye").run()
    assert "So fan_in = 512 is used." in refusals(app)[0]
    stands_with_chart(app)


#: As a Chinese keyboard writes it, and as the link then has it.
WIDE = [
    ("distribution", "std", "０．０２", "0.02"),
    ("distribution", "fan_in", "　６４", "64"),
    ("distribution", "layer", "nn.Conv2d（3，6，kernel_size＝3）　＃注释", "nn.Conv2d(3,6,kernel_size=3)"),
    ("distribution", "hide", "menu，more", "menu,more"),
    ("compare", "rows", "normal（std＝０．５）－zeros", "normal(std=0.5)-zeros"),
    ("model", "net", "２－3．tanh", "2-3.tanh"),
    ("model", "edits", "w1.2.1＝－2，x1.1=1．5", "w1.2.1=-2,x1.1=1.5"),
    ("signal", "activation", "ｔａｎｈ（2＊ｚ）", "tanh(2*z)"),
    ("signal", "input_scale", "２．５", "2.5"),
]


@pytest.mark.parametrize(("page", "name", "wide", "plain"), WIDE, ids=lambda value: str(value)[:12])
def test_wide_marks_are_read_as_those_of_ascii(page: str, name: str, wide: str, plain: str) -> None:
    app = opened(page, scheme="normal", **{name: wide}) if name == "std" else opened(page, **{name: wide})
    assert refusals(app) == []
    assert query(app)[name] == plain


@pytest.mark.parametrize(
    ("page", "link", "name"),
    [
        ("distribution", {"scheme": "normal", "std": "1e-400"}, "std"),
        ("compare", {"rows": "normal(std=1e-400)"}, "rows"),
        ("model", {"edits": "w1.1.1=1e-400"}, "edits"),
        ("signal", {"bias": "normal", "sigma_b": "1e-400"}, "sigma_b"),
        # only a number that an end is cut to is taken for that end, as 2.236 for √5
        ("signal", {"input_scale": "1000400"}, "input_scale"),
        ("lesson", {"step": "sqrt5", "slope": "2.237"}, "slope"),
    ],
)
def test_no_number_is_silently_another(page: str, link: dict[str, str], name: str) -> None:
    app = opened(page, **link)
    assert len(refusals(app)) >= 1
    assert name not in query(app)


@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("signal", {"input_scale": "999600"}),
        ("signal", {"bias": "normal", "sigma_b": "999.6"}),
        ("lesson", {"step": "sqrt5", "slope": "2.2355"}),
    ],
)
def test_a_number_near_an_end_stays_itself(page: str, link: dict[str, str]) -> None:
    app = opened(page, **link)
    assert refusals(app) == []
    assert query(app).items() >= link.items()


@pytest.mark.parametrize("typed", ["2.236", "2.2361", "2.236068"])
def test_root_five_is_read_as_people_write_it(typed: str) -> None:
    assert query(opened("lesson", step="sqrt5", slope=typed))["slope"] == str(math.sqrt(5))
