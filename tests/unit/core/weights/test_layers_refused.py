"""What is no layer is refused with a true reason and the form that it should have."""

import contextlib
import math
import re
import warnings
from fractions import Fraction

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import nn

from core import Layer, ShapeError
from core.weights.layer_text import KINDS

BAD = [
    "",
    " ",
    "Linear",
    "Linear(",
    "Linear()",
    "Linear(5)",
    "Linear(5, 3",
    "Linear(5, 3) + 1",
    "Linear(5, 3); Linear(5, 3)",
    "Linear(n, 3)",
    "Linear(5, 3.5)",
    "Linear('5', 3)",
    "Linear(None, 3)",
    "Linear(*[5, 3])",
    "Linear(**{'in_features': 5, 'out_features': 3})",
    "Linear(0, 3)",
    "Linear(5, 0)",
    "Linear(-5, 3)",
    "Linear(99999999999999999999, 3)",
    "Linear(9999999999, 9999999999)",
    "Linear(5, 3, dtype='float32')",
    "Linear(5, 3, 1, 2, 3, 4)",
    "Linear(5, 3, sparse=True)",
    "relu(5)",
    "5(3)",
    "nn.init.normal_(5)",
    "__import__('os').system('true')",
    "__import__('os').Linear(5, 3)",
    "open('x').Linear(5, 3)",
    "Linear(__import__('os').getpid(), 3)",
    "Linear((lambda: 5)(), 3)",
    "Linear([x for x in (5,)][0], 3)",
    "(" * 100,
    "(" * 59 + ")" * 59,
    "[" * 119,
    "Linear(" * 17,
    "-" * 110 + "1",
    "Linear(5, 3" + "0" * 5000 + ")",
    "\0",
    "Linear(5,\0 3)",
    "线性(5, 3)",
    "\ud800",
    "Conv2d(4, 6, 0)",
    "Conv2d(4, 6, -3)",
    "Conv2d(4, 6, (3, 0))",
    "Conv2d(4, 6, 3, groups=3)",
    "Conv2d(4, 5, 3, groups=2)",
    "Conv2d(4, 6, 3, groups=0)",
    "Conv2d(4, 6, 3, stride=0)",
    "Conv2d(4, 6, 3, stride=-1)",
    "Conv2d(4, 6, 3, stride=(2, 0))",
    "Conv1d(4, 6, 3, stride=2.5)",
    "Conv1d(4, 6, 3, stride=1e999)",
    "Conv2d(4, 6, 3, stride='ab')",
    "Conv2d(4, 6, 3, stride=(1, 2, 3))",
    "Conv2d(4, 6, (3,))",
    "Conv2d(4, 6, (3, 3, 3))",
    "Conv2d(4, 6, 3, padding_mode='mirror')",
    "Conv1d(99999, 99999, 999999999)",
    "ConvTranspose2d(4, 6, 3, stride=0)",
    "ConvTranspose2d(4, 6, 3, groups=4)",
    "Embedding(0, 3)",
    "Embedding(11, 3, padding_idx=11)",
    "MultiheadAttention(6, 4)",
    "MultiheadAttention(0, 1)",
    "MultiheadAttention(6, 0)",
]


@pytest.mark.parametrize("text", BAD, ids=lambda text: ascii(text)[:40])
def test_what_is_no_layer_is_refused_with_the_form_it_should_have(text: str) -> None:
    with pytest.raises(ShapeError, match=r"Conv2d\(64, 128, 3, groups=2\)") as caught:
        Layer.of(text)
    assert caught.value.code.startswith("shape.layer")
    assert len(str(caught.value)) < 1500


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        # torch builds these, with a warning that there is nothing to fill
        ("Linear(0, 5)", "shape.layer_empty", "5 × 0"),
        ("Linear(5, 0)", "shape.layer_empty", "0 × 5"),
        ("Conv2d(4, 6, 0)", "shape.layer_empty", "6 × 4 × 0 × 0"),
        ("Embedding(0, 3)", "shape.layer_empty", "0 × 3"),
        ("LSTMCell(0, 3)", "shape.layer_empty", "12 × 0"),
        ("MultiheadAttention(6, 2, kdim=0).k_proj_weight", "shape.layer_empty", "6 × 0"),
        # and these, which then fail on every input
        ("Conv2d(4, 6, 3, stride=0)", "shape.layer_runs", "stride"),
        ("Conv2d(4, 6, 3, dilation=0)", "shape.layer_runs", "dilation"),
        ("Conv2d(4, 6, (3, 3, 3))", "shape.layer_runs", "kernel_size"),
        # and none of these
        ("Bilinear(0, 3, 2)", "shape.layer_built", "in1_features must be > 0"),
        ("MultiheadAttention(0, 1)", "shape.layer_built", "embed_dim"),
        ("MultiheadAttention(6, 4)", "shape.layer_built", "divisible"),
        ("Conv2d(4, 6, 3, groups=3)", "shape.layer_built", "divisible by groups"),
        ("Conv2d(4, 6, 3, stride=2, padding='same')", "shape.layer_built", "strided"),
        ("LSTM(0, 3)", "shape.layer_built", "input_size must be greater than zero"),
        ("LSTM(5, 0)", "shape.layer_built", "hidden_size must be greater than zero"),
        ("GRU(5, 3, proj_size=2)", "shape.layer_built", "only supported for LSTM"),
        ("RNN(5, 3, nonlinearity='selu')", "shape.layer_built", "selu"),
        ("Embedding(11, 3, padding_idx=11)", "shape.layer_built", "within num_embeddings"),
        ("Linear(5, 3, dtype=torch.int8)", "shape.layer_built", "floating point"),
        ("Linear(5)", "shape.layer_built", "out_features"),
        ("Linear(5, 3, sparse=True)", "shape.layer_built", "unexpected keyword argument 'sparse'"),
        ("Linear(5, 3, in_features=5)", "shape.layer_built", "multiple values"),
        ("Linear(10**18, 10**18)", "shape.layer_built", "Storage size calculation overflowed"),
        ("Linear(-5, 3)", "shape.layer_negative", "in_features must not be negative; it was -5"),
        ("Linear(5, 3.5)", "shape.layer_whole", "out_features must be a whole number; it was 3.5"),
        ("Linear(5, '3')", "shape.layer_whole", "out_features must be a whole number; it was '3'"),
        ("Linear(512/2, 3)", "shape.layer_whole", "in_features must be a whole number; it was 256.0"),
        ("Linear(True, 3)", "shape.layer_whole", "it was True"),
        ("Conv2d(4, 6, (3, None))", "shape.layer_whole", "kernel_size"),
        ("MultiheadAttention(6, 2, kdim=2.5)", "shape.layer_whole", "kdim"),
        ("Linear(n, 3)", "shape.layer_name", "n has no value here"),
        ("Linear(self.width, 3)", "shape.layer_name", "self.width has no value here"),
        ("Linear(2*n, 3)", "shape.layer_name", "n has no value here"),
        ("Linear(5 // 0, 3)", "shape.layer_worked", "divides by 0"),
        ("Linear('5' * 2, 3)", "shape.layer_worked", "whole numbers"),
        ("Linear(2**63, 3)", "shape.layer_large", "a number there is at most"),
        ("Linear(9**9**9, 3)", "shape.layer_large", "a number there is at most"),
        ("Linear(2**62 * 2**62, 3)", "shape.layer_large", "a number there is at most"),
        ("LSTM(1, 1, 10**9)", "shape.layer_large", "at most 128"),
        ("Linear(5, 3, dtype='float32')", "shape.layer_place", "dtype must be one of torch's"),
        ("Linear(5, 3, dtype=torch.float15)", "shape.layer_place", "it was torch.float15"),
        ("Linear(5, 3, device='gpu')", "shape.layer_place", "device must be one of torch's"),
        ("Linear(5, 3, device=torch.device('gpu'))", "shape.layer_place", "device must be one of torch's"),
        ("Linear(5, 3, device=open('x'))", "shape.layer_place", "device must be one of torch's"),
    ],
)
def test_the_reason_of_a_refusal_is_true(text: str, code: str, words: str) -> None:
    """torch's own verdict: it builds what is only empty or cannot run, and refuses the rest."""
    with pytest.raises(ShapeError) as caught:
        Layer.of(text)
    assert caught.value.code == code
    assert words in caught.value.facts["why"]
    if code in {"shape.layer_empty", "shape.layer_runs", "shape.layer_built"}:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            built = pytest.raises(Exception) if code == "shape.layer_built" else contextlib.nullcontext()  # noqa: PT011
            with built:
                eval(re.sub(r"\)\.\w+$", ")", text), {**vars(nn), "torch": torch})  # noqa: S307


@pytest.mark.parametrize("text", ["Conv2d(4, 6, 3, stride=(-1, -1))", "Conv2d(4, 6, 3, stride=(-2, -1))"])
def test_two_negative_strides_are_no_positive_one(text: str) -> None:
    with pytest.raises(ShapeError):
        Layer.of(text)


numbers = st.one_of(
    st.integers(-2, 9).map(str),
    st.sampled_from(
        [
            *("(3, 2)", "(1, 2, 3)", "2.5", "None", "True", "'same'", "1e400", "2j", "[]", "x", "10**9"),
            *("b'5'", "...", "-True", "3*2", "7//2", "5/2", "2**70", "1<<3", "torch.float16", "{}", "(3,)"),
            *("self.n", "'cuda'", "torch.device('cpu')", "relu", "~5", "5 if 1 else 2", "f'{5}'"),
        ]
    ),
)
words = st.sampled_from(
    [
        *("stride=", "groups=", "padding=", "dilation=", "bias=", "kdim=", "device=", "dtype=", "", "", "**"),
        *("padding_idx=", "num_layers=", "dropout=", "proj_size=", "padding_mode=", "max_norm=", "_weight="),
        *("nonlinearity=", "num_heads=", "mode=", "bidirectional="),
    ]
)
weights = st.sampled_from(["", ",", "  # it", ".weight", ".weight_hh_l0", ".out_proj", ".bias", "."])
calls = st.builds(
    lambda kind, values, end: f"{kind}({', '.join(values)}){end}",
    st.sampled_from([*KINDS, "nn.Conv2d", "self.a = nn.Linear", "(0): LSTM", "torch.nn.Embedding"]),
    st.lists(st.builds(str.__add__, words, numbers), max_size=6),
    weights,
)


@given(text=st.one_of(calls, st.text(max_size=310)))
@example(text="Conv2d(4, 6, 3, stride=2.5)")
@example(text="Conv2d(3, 3, 3, dilation=0)")
def test_whatever_is_written_is_a_layer_or_refused(text: str) -> None:
    try:
        layer = Layer.of(text)
    except ShapeError as error:
        # nothing of Python's or torch's insides, outside of the writer's own words
        why = re.sub(r"'[^']*'", "", error.facts["why"])
        assert not re.search(r"__|\b_|reset_parameters|object|NoneType|invalid combination|<", why), why
        return
    assert Layer.of(layer.text) == layer
    assert layer.start_law.std >= 0
    assert all(size > 0 for size in layer.shape)
    assert layer.fans.fan_in == math.prod(layer.shape[1:])
    assert all(isinstance(count, Fraction) and count > 0 for count in layer.connections)
