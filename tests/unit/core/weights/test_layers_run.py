"""A layer is read if torch can build and run it, and refused with torch's own reason if not."""

import itertools
import warnings
from typing import Any

import pytest
import torch
from torch import nn

from core import Layer, ShapeError

CONVOLUTIONS = [f"{kind}{d}d" for kind in ("Conv", "ConvTranspose") for d in (1, 2, 3)]
#: argument → what is tried for it: numbers, and too few, enough and too many of them
SIZES = {
    "kernel_size": ("2", "(2,)", "[2]", "(2, 2)", "(1, 2, 2)", "(2, 2, 2, 2)"),
    "stride": ("2", "(2,)", "[2]", "(2, 1)", "(2, 2, 1)", "(2, 2, 2, 2)", "()", "0", "(0,)", "(1, 0)"),
    "dilation": ("2", "(2,)", "[2]", "(2, 1)", "(2, 2, 1)", "(2, 2, 2, 2)", "()", "0", "(0,)", "(1, 0)"),
    "padding": ("0", "(0,)", "(1,)", "(1, 1)", "(1, 0, 1)", "(1, 1, 1, 1)", "()", "'same'", "'valid'"),
    "output_padding": ("0", "1", "(0,)", "(1,)", "(1, 0)", "(0, 0, 0)", "()"),
}
#: arguments beside these, with which some of them go together
BESIDE = ("", ", padding_mode='reflect'", ", stride=2", ", stride=(2,)", ", dilation=2")
WRITTEN = [
    f"{kind}(4, 4, {value}{beside})" if name == "kernel_size" else f"{kind}(4, 4, 3, {name}={value}{beside})"
    for kind in CONVOLUTIONS
    for name, values in SIZES.items()
    for value, beside in itertools.product(values, BESIDE)
    if name not in beside and ("Transpose" in kind or name != "output_padding")
    if "Transpose" not in kind or "mode" not in beside
]


def _failure(text: str) -> str | None:
    """Return what torch says of a convolution, built and run; None if it runs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            layer = eval(text, {**vars(nn), "torch": torch})  # noqa: S307
            layer(_input(layer, text))
        except Exception as error:  # noqa: BLE001 - torch raises several kinds
            return str(error)
    return None


def _input(layer: Any, text: str) -> torch.Tensor:
    if isinstance(layer, nn.EmbeddingBag):
        return torch.zeros(2, 3, dtype=torch.long)
    if isinstance(layer, nn.RNNCell):
        return torch.zeros(2, 3)
    return torch.zeros(1, 4, *[7] * int(text.partition("d(")[0][-1]))


def _reason(text: str) -> ShapeError | None:
    try:
        Layer.of(text)
    except ShapeError as error:
        return error
    return None


@pytest.mark.parametrize("kind", CONVOLUTIONS)
def test_a_convolution_is_read_exactly_if_torch_runs_it(kind: str) -> None:
    texts = [text for text in WRITTEN if text.startswith(f"{kind}(")]
    assert len(texts) > 100
    wrong = [text for text in texts if (_failure(text) is None) is not (_reason(text) is None)]
    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        "ConvTranspose2d(4, 4, 3, output_padding=1)",
        "ConvTranspose2d(4, 4, 3, stride=(2, 1), output_padding=(1, 1))",
        "EmbeddingBag(10, 3, mode='foo')",
        "EmbeddingBag(10, 3, mode='max', sparse=True)",
        "EmbeddingBag(10, 3, mode='max', scale_grad_by_freq=True)",
        "RNNCell(3, 4, nonlinearity='foo')",
    ],
)
def test_why_a_layer_cannot_run_is_what_torch_says(text: str) -> None:
    error, said = _reason(text), _failure(text)
    assert error is not None
    assert said is not None
    assert error.code == "shape.layer_fails"
    assert error.facts["said"] in said
    assert error.facts["why"] == f"torch can build it but not run it: {error.facts['said']}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Conv2d(4, 4, 3, padding=(1, 1, 1))", "padding takes 2 whole numbers from 0, not (1, 1, 1)"),
        ("ConvTranspose2d(4, 4, 3, padding='same')", "padding takes 2 whole numbers from 0, not 'same'"),
        ("Conv1d(4, 4, 3, stride=0)", "stride takes 1 whole number from 1, not 0"),
        ("Conv2d(4, 4, (3,))", "kernel_size takes 2 whole numbers from 1, not (3,)"),
    ],
)
def test_sizes_are_told_as_they_were_given(text: str, words: str) -> None:
    error = _reason(text)
    assert error is not None
    assert _failure(text) is not None
    assert error.facts["why"] == f"torch can build it but not run it: {words}"


@pytest.mark.parametrize("text", ["EmbeddingBag(10, 3, mode=max)", "RNNCell(3, 4, nonlinearity='relu')"])
def test_what_torch_runs_is_read(text: str) -> None:
    assert _failure(text.replace("=max", "='max'")) is None
    assert _reason(text) is None


def test_one_stride_in_brackets_is_of_all_dimensions() -> None:
    for text, plain in {
        "Conv2d(4, 4, 3, stride=(2,))": "Conv2d(4, 4, 3, stride=2)",
        "Conv3d(4, 4, 3, stride=[2])": "Conv3d(4, 4, 3, stride=2)",
        "ConvTranspose2d(4, 4, 3, stride=(2,))": "ConvTranspose2d(4, 4, 3, stride=2)",
    }.items():
        layer, same = Layer.of(text), Layer.of(plain)
        assert (layer.connections, layer.stride) == (same.connections, same.stride)
        x = torch.zeros(1, 4, *[9] * int(text.partition("d(")[0][-1]))
        assert eval(text, vars(nn))(x).shape == eval(plain, vars(nn))(x).shape  # noqa: S307


@pytest.mark.parametrize("kind", ["Linear(4, 2", "Conv2d(4, 4, 3", "Embedding(4, 2", "LSTM(4, 2"])
def test_a_dtype_is_read_exactly_if_torch_starts_a_layer_in_it(kind: str) -> None:
    dtypes = {str(dtype) for dtype in vars(torch).values() if isinstance(dtype, torch.dtype)}
    assert {"torch.float8_e4m3fn", "torch.float8_e8m0fnu", "torch.float4_e2m1fn_x2"} < dtypes
    for dtype in sorted(dtypes):
        text = f"{kind}, dtype={dtype})"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                eval(text, {**vars(nn), "torch": torch})  # noqa: S307
            except Exception as error:  # noqa: BLE001 - torch raises several kinds
                said = str(error)
            else:
                said = ""
        found = _reason(text)
        assert (found is None) is (said == ""), text
        if found is not None and "float" in dtype:
            assert found.code == "shape.layer_built"
            assert found.facts["said"] == said
