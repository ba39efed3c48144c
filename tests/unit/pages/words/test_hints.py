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


def test_what_is_unknown_everywhere_has_no_hint() -> None:
    for code, refused in (
        ("layer", {"was": "LazyDense(3)"}),
        ("layer", {"was": "Linear"}),
        ("layer", {"was": ""}),
        ("formula_name", {"word": "foo"}),
        ("scheme", {"was": "Dense(10)"}),
    ):
        assert hint(code, refused, EN) == ""
