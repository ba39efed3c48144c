"""Whoever brings a name from elsewhere is told what it is here."""

import pytest

from pages.text import Text
from pages.words.hints import hint

EN, ZH = Text("en"), Text("zh")
#: Keras' documentation of layers against torch's.
KERAS = {
    "Dense(10)": "Linear",
    "keras.layers.SimpleRNN(8)": "RNN",
    "Conv2D(8, 3)": "Conv2d",
    "layers.Conv3D(8, 3)": "Conv3d",
    "Conv2DTranspose(8, 3)": "ConvTranspose2d",
    "Conv3DTranspose(8, 3)": "ConvTranspose3d",
}


@pytest.mark.parametrize(("was", "kind"), KERAS.items())
def test_a_layer_of_keras_is_called_as_torch_calls_it(was: str, kind: str) -> None:
    name = was.partition("(")[0].rpartition(".")[2]
    wanted = f"Keras’ {name} is torch’s {kind}, which takes its inputs before its outputs."
    assert hint("layer", {"was": was}, EN) == wanted
    assert f"Keras 的 {name} 即 torch 的 {kind}，" in hint("layer", {"was": was}, ZH)


@pytest.mark.parametrize(
    ("was", "kind"),
    {"LazyLinear(10)": "Linear", " nn.LazyConvTranspose1d(8, 3)": "ConvTranspose1d"}.items(),
)
def test_a_lazy_layer_is_to_be_written_with_its_inputs(was: str, kind: str) -> None:
    assert f"write {kind}, with inputs before outputs." in hint("layer", {"was": was}, EN)
    assert f"请改写为 {kind}，输入数在输出数之前。" in hint("layer", {"was": was}, ZH)


@pytest.mark.parametrize(
    ("word", "gate"),
    # Shazeer 2020, equations 5 and 6, and Dauphin et al. 2017
    {"SwiGLU": "silu", "F.glu": "sigmoid", "geglu": "gelu", "ReGLU": "relu"}.items(),
)
def test_a_gated_unit_is_no_function_of_one_number(word: str, gate: str) -> None:
    told = hint("formula_name", {"word": word}, EN)
    assert "multiplies two halves of its inputs" in told
    assert told.endswith(f"It gates with {gate}; “Gains” lists its gains.")
    assert f"其门控为 {gate}；“增益”中列有它的增益。" in hint("formula_name", {"word": word}, ZH)


@pytest.mark.parametrize(
    ("code", "word", "told"),
    [
        ("formula_character", ">", "A formula has no conditions: max(z, 0) is z above 0"),
        ("formula_name", "torch.where", "A formula has no conditions: max(z, 0) is z above 0"),
        ("formula_name", "Phi", "z·Φ(z) is gelu(z); Φ(z) is (1 + erf(z/sqrt(2)))/2."),
    ],
)
def test_what_no_formula_has_is_written_otherwise(code: str, word: str, told: str) -> None:
    assert hint(code, {"word": word}, EN).startswith(told)
    assert hint("formula_character", {"word": "§"}, EN) == ""


NUMBERS = [
    # code, what was typed, English, Chinese
    ("positive", "0,02", "Decimals take a point: 0.02.", "小数点须用英文句点：0.02。"),
    ("real", "-1,5", "Decimals take a point: -1.5.", "小数点须用英文句点：-1.5。"),
    ("positive", "2 %", "Write 0.02.", "请写作 0.02。"),
    ("above", "1/50", "Write 0.02.", "请写作 0.02。"),
    ("positive", "5/3", "Write 1.66667.", "请写作 1.66667。"),
    ("between", "sqrt(2)", "Write 1.41421.", "请写作 1.41421。"),
    ("whole", "1,024", "Write 1024.", "请写作 1024。"),
    ("whole", "65 536", "Write 65536.", "请写作 65536。"),
    ("whole", "1e3", "Write 1000.", "请写作 1000。"),
    ("whole", "512.0", "Write 512.", "请写作 512。"),
    ("whole", "3*512", "Write 1536.", "请写作 1536。"),
]


@pytest.mark.parametrize(("code", "was", "english", "chinese"), NUMBERS)
def test_a_number_written_otherwise_is_told_how(code: str, was: str, english: str, chinese: str) -> None:
    refused = {"was": was} | ({"low": 1, "high": 65_536} if code == "whole" else {})
    assert hint(code, refused, EN) == english
    assert hint(code, refused, ZH) == chinese


@pytest.mark.parametrize(
    ("code", "was"),
    [
        *(
            ("whole", was)
            for was in ("0", "-3", "abc", "2.5", "5/2", "65537", "1,000,000", "1,5", "", "1e400")
        ),
        *(("positive", was) for was in ("-1", "nan", "inf", "1e400", "", "1/0", "-1/2", "1,5,2", "z", "<b>")),
    ],
)
def test_what_would_not_be_right_is_not_proposed(code: str, was: str) -> None:
    assert hint(code, {"was": was} | ({"low": 1, "high": 65_536} if code == "whole" else {}), EN) == ""


@pytest.mark.parametrize(
    ("was", "english", "chinese"),
    [
        ("Linear(784, 128", "A bracket is not closed.", "有括号没有闭合。"),
        ("nn.Linear(784; 128)", "Commas separate arguments", "逗号只用来分隔参数"),
        ("Linear(1,024, 256)", "and numbers have none.", "数值内部不用逗号。"),
        ("linear(10, 5)", "Write Linear as it is called", "请把 Linear 写成调用的形式"),
        ("Conv2d", "Write Conv2d as it is called", "请把 Conv2d 写成调用的形式"),
        ("(784, 128)", "is written Linear, with its inputs before its outputs", "输入数在输出数之前。"),
        (
            "torch.Size([128, 784])",
            "A weight of outputs × inputs is written Linear",
            "输出数 × 输入数的权重写作",
        ),
        ("BatchNorm2d(64)", "its weights start at 1, its biases at 0.", "权重初始为 1，偏置初始为 0。"),
    ],
)
def test_a_layer_written_wrongly_is_told_what_is_wrong(was: str, english: str, chinese: str) -> None:
    assert english in hint("layer", {"was": was}, EN)
    assert chinese in hint("layer", {"was": was}, ZH)


def test_a_network_s_text_is_told_its_form() -> None:
    for word in ("784,128,10", "nn.Linear(784", "784→128"):
        assert hint("network_units", {"word": word}, EN) == "Layers are written as in 784-256.relu-10."
        assert "784-256.relu-10" in hint("network_units", {"word": word}, ZH)
    assert "zeros_bias and no_bias" in hint("network_units", {"word": "bias"}, EN)
    assert "zeros_bias 和 no_bias" in hint("network_units", {"word": "bias"}, ZH)
    assert hint("network_units", {"word": "5000"}, EN) == ""


def test_what_is_unknown_everywhere_has_no_hint() -> None:
    for code, refused in (
        ("layer", {"was": "LazyDense(3)"}),
        ("layer", {"was": "Linear(f(2), 3)"}),
        ("layer", {"was": ""}),
        ("formula_name", {"word": "foo"}),
        ("scheme", {"was": "Dense(10)"}),
    ):
        assert hint(code, refused, EN) == ""
