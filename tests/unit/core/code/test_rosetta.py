"""The Rosetta table: each call is what its framework's documentation says, and no framework is left out."""

import math
from typing import Any

import pytest
import torch
from torch import nn

from core import SCHEMES, InitLabError, ParameterError, SchemeError, ShapeError
from core.code.rosetta import depthwise, difference, equivalents
from core.code.rosetta_rows import FRAMEWORKS, NOTES
from core.weights.layers import Layer
from tests.support.framework_calls import assert_law, by_framework, said
from tests.support.shapes import SHAPES, Shape


def shapes_of(key: str) -> list[Shape]:
    if key in {"eye", "sparse"}:
        return [(256, 512), (7, 1)]
    if key == "dirac":
        return [(33, 64, 5), (64, 32, 3, 3)]
    return [shape for shape in SHAPES if shape != (1, 1)]


CALLS = [(key, {}, shape) for key in SCHEMES for shape in shapes_of(key)] + [
    (key, params, shape)
    for key, params in [
        ("uniform", {"a": 0.0, "b": 0.3}),
        ("normal", {"std": 0.02}),
        ("normal", {"std": 0.0}),
        ("constant", {"val": -0.25}),
        *((f"kaiming_{law}", {"mode": "fan_out", "nonlinearity": "tanh"}) for law in ("normal", "uniform")),
        ("kaiming_normal", {"nonlinearity": "selu"}),
        ("kaiming_normal", {"nonlinearity": "linear"}),
        ("kaiming_normal", {"a": 0.3}),
        ("kaiming_uniform", {"a": math.sqrt(5)}),
        ("kaiming_uniform", {"a": 1e30, "mode": "fan_out"}),
        ("xavier_normal", {"gain": 5 / 3}),
        ("xavier_normal", {"gain": 0.0}),
        ("xavier_uniform", {"gain": 1e-20}),
        ("trunc_normal", {"std": 0.02}),
        ("trunc_normal", {"std": 0.5, "a": -0.3, "b": 1.1}),
        *(
            ("variance_scaling", {"scale": 0.7, "mode": mode, "distribution": distribution})
            for mode in ("fan_in", "fan_out", "fan_avg")
            for distribution in ("normal", "truncated_normal", "uniform")
        ),
        ("orthogonal", {"gain": 1.5}),
        ("gpt2_residual", {"n_layer": 48}),
        ("mup_hidden", {"sigma": 0.5}),
        ("mup_hidden", {"sigma": 0.5, "base_width": 64}),
        ("mup_hidden", {"sigma": 0.0}),
        ("mup_output", {"sigma": 0.0}),
        ("mup_depth", {"sigma": 0.5, "base_width": 64, "n_layer": 9}),
        ("small_init", {"d_model": 768}),
        ("wang_init", {"d_model": 768, "n_layer": 3}),
        *(("t5", {"role": role, "d_kv": 32, "factor": 0.5}) for role in ("q", "wo", "embedding")),
        *(("deepnorm", {"stack": stack, "n_layer": 5}) for stack in ("encoder", "decoder")),
        ("fixup", {"mode": "fan_out", "n_layer": 16, "branch": 3}),
        ("siren_hidden", {"omega": 3.0}),
    ]
    for shape in [(256, 512), (33, 64, 5)]
]


@pytest.mark.parametrize("key", SCHEMES)
def test_every_scheme_has_a_row_for_each_framework_or_an_honest_none(key: str) -> None:
    rows = equivalents(key, shapes_of(key)[0])
    assert tuple(row.framework for row in rows) == FRAMEWORKS == ("keras", "jax", "timm")
    for row in rows:
        assert (row.call == "") == (row.law is None) == ("no_such" in row.notes)
        assert set(row.notes) <= set(NOTES)
        assert len(set(row.notes)) == len(row.notes)
        assert row.source.url.startswith("https://")
        assert row.source.citation
        assert row.source.title


@pytest.mark.parametrize(
    ("key", "params", "shape"), [call for call in CALLS if call[0] not in {"sparse", "dirac"}], ids=str
)
def test_a_law_is_what_the_documentation_says_of_its_call(key: str, params: Any, shape: Shape) -> None:
    ours = SCHEMES[key].law(shape, **params)
    rows = [row for row in equivalents(key, shape, **params) if row.law and not row.call.startswith("lambda")]
    assert rows
    for row in rows:
        assert_law(row.law, said(row.call, shape), shape)
        if row.exact:
            assert_law(ours, said(row.exact, shape), shape)
            assert difference(row.law, ours).kind == "same_std"
        elif "cut_fixed" not in row.notes:
            assert difference(row.law, ours).kind == "same"


def test_no_note_is_unused_and_what_no_framework_has_is_named() -> None:
    used = {
        note
        for key, params, shape in CALLS
        for row in equivalents(key, shape, **params)
        for note in row.notes
    }
    far = {note for row in equivalents("trunc_normal", (5, 3), a=3.0, b=4.0) for note in row.notes}
    assert used | far == set(NOTES)
    missing = {key for key in SCHEMES if not any(row.call for row in equivalents(key, shapes_of(key)[0]))}
    assert missing == {"sparse", "dirac"}


@pytest.mark.parametrize(
    ("key", "keras", "jax"),
    [
        ("kaiming_normal", "HeNormal", "he_normal"),
        ("kaiming_uniform", "HeUniform", "he_uniform"),
        ("xavier_normal", "GlorotNormal", "glorot_normal"),
        ("xavier_uniform", "GlorotUniform", "glorot_uniform"),
        ("lecun_normal", "LecunNormal", "lecun_normal"),
        ("lecun_uniform", "LecunUniform", "lecun_uniform"),
        ("orthogonal", "Orthogonal", "orthogonal"),
    ],
)
def test_defaults_of_a_scheme_go_by_their_name(key: str, keras: str, jax: str) -> None:
    rows = by_framework(key, (256, 512))
    assert rows["keras"].call == f"keras.initializers.{keras}()"
    assert rows["jax"].call == f"jax.nn.initializers.{jax}()"


def test_other_parameters_go_by_variance_scaling_with_the_gain_squared() -> None:
    rows = by_framework("kaiming_normal", (64, 32, 3, 3), nonlinearity="tanh", mode="fan_out")
    scale = repr((5 / 3) ** 2)
    arguments = f'scale={scale}, mode="fan_out", distribution='
    assert rows["keras"].call == f'keras.initializers.VarianceScaling({arguments}"truncated_normal")'
    assert rows["keras"].exact == f'keras.initializers.VarianceScaling({arguments}"untruncated_normal")'
    assert rows["jax"].call == f'jax.nn.initializers.variance_scaling({arguments}"truncated_normal")'
    assert rows["jax"].exact == f'jax.nn.initializers.variance_scaling({arguments}"normal")'
    assert rows["timm"].call == f'timm.layers.variance_scaling_(w, {arguments}"normal")'
    classic = by_framework("classic_uniform", (256, 512))
    assert classic["timm"].call == (
        f'timm.layers.variance_scaling_(w, scale={1 / 3!r}, mode="fan_in", distribution="uniform")'
    )


def test_a_relu_gain_is_squared_without_rounding() -> None:
    # √2 squared is 2.0000000000000004 in floats
    # and the slope `a` is leaky_relu's alone: torch reads it for no other
    for params in ({"nonlinearity": "relu"}, {}, {"nonlinearity": "relu", "a": 0.5}):
        assert by_framework("kaiming_normal", (5, 3), **params)["timm"].call.count("scale=2.0,") == 1


def test_keras_calls_the_cut_law_normal() -> None:
    rows = by_framework("variance_scaling", (5, 3), distribution="normal")
    assert "normal_is_cut" in rows["keras"].notes
    assert '"untruncated_normal"' in rows["keras"].call
    assert "normal_is_cut" not in rows["jax"].notes
    assert '"normal"' in rows["jax"].call


@pytest.mark.parametrize(
    ("key", "params", "arguments"),
    [
        # √(2/5d), 2/(L·√d), 1/√d, 1/√(d·d_kv), σ·√(B/(L·n)), with d the layer's own fan_in
        ("small_init", {}, 'scale=0.4, mode="fan_in", distribution="normal"'),
        ("wang_init", {"n_layer": 4}, 'scale=0.25, mode="fan_in", distribution="normal"'),
        ("t5", {"role": "k"}, 'scale=1.0, mode="fan_in", distribution="normal"'),
        ("t5", {"role": "q", "d_kv": 64}, 'scale=0.015625, mode="fan_in", distribution="normal"'),
        (
            "mup_depth",
            {"sigma": 0.5, "base_width": 256, "n_layer": 8},
            'scale=8.0, mode="fan_in", distribution="normal"',
        ),
        # He's 2/F times L^(-1/(m-1)); U(±√(6/n)/ω) has the variance 2/(ω²·n)
        (
            "fixup",
            {"mode": "fan_out", "n_layer": 16, "branch": 3},
            'scale=0.5, mode="fan_out", distribution="normal"',
        ),
        ("siren_hidden", {"omega": 4.0}, 'scale=0.125, mode="fan_in", distribution="uniform"'),
    ],
    ids=str,
)
def test_what_goes_by_a_fan_is_written_for_a_layer_of_any_width(
    key: str, params: Any, arguments: str
) -> None:
    jax = by_framework(key, (256, 512), **params)["jax"]
    assert jax.call == f"jax.nn.initializers.variance_scaling({arguments})"
    assert "by_number" not in jax.notes


def test_what_goes_by_a_width_of_its_own_is_written_by_its_number() -> None:
    jax = by_framework("small_init", (256, 512), d_model=40)["jax"]
    assert jax.call == "jax.nn.initializers.normal(stddev=0.1)"  # √(2/200)
    assert "by_number" in jax.notes
    embedding = by_framework("t5", (256, 512), role="embedding", factor=0.5)["jax"]
    assert embedding.call == "jax.nn.initializers.normal(stddev=0.5)"
    assert "by_number" not in embedding.notes


def test_a_scale_of_zero_is_zeros_in_keras() -> None:
    for key, params in (("xavier_normal", {"gain": 0.0}), ("mup_hidden", {"sigma": 0.0})):
        rows = by_framework(key, (5, 3), **params)
        assert rows["keras"].call == "keras.initializers.Zeros()"
        assert rows["keras"].notes == ("zero_scale",)
        assert all(row.law is not None and row.law.support == (0, 0) for row in rows.values())


@pytest.mark.parametrize(
    ("text", "fans"),
    {
        # Keras' kernel is (3, 3, 4, 2): compute_fans takes in·9 and multiplier·9
        "Conv2d(4, 8, 3, groups=4)": (4 * 9, 2 * 9),
        "Conv2d(6, 6, (3, 5), groups=6)": (6 * 15, 15),
        "Conv1d(10, 30, 7, groups=10)": (10 * 7, 3 * 7),
        # in groups, but not of one channel each; not in groups; no depthwise layer of these there
        "Conv2d(4, 8, 3, groups=2)": None,
        "Conv2d(1, 8, 3)": None,
        "Conv3d(4, 8, 3, groups=4)": None,
        "ConvTranspose2d(4, 8, 3, groups=4)": None,
        "Linear(4, 8)": None,
    }.items(),
)
def test_keras_counts_a_depthwise_kernel_by_its_channels_and_its_multiplier(
    text: str, fans: tuple[int, int] | None
) -> None:
    shape = depthwise(Layer.of(text))
    assert fans == (shape and nn.init._calculate_fan_in_and_fan_out(torch.empty(shape)))


def test_what_jax_has_no_initializer_for_is_a_function_of_the_same_numbers() -> None:
    begin = "lambda key, shape, dtype=float: "
    written = {
        "uniform": ({"a": -0.1, "b": 0.3}, "jax.random.uniform(key, shape, dtype, minval=-0.1, maxval=0.3)"),
        "normal": ({"mean": 0.5, "std": 0.25}, "0.5 + 0.25 * jax.random.normal(key, shape, dtype)"),
        "trunc_normal": (
            {"mean": 0.5, "std": 0.25, "a": 0.0, "b": 2.0},
            "0.5 + 0.25 * jax.random.truncated_normal(key, -2.0, 6.0, shape, dtype)",
        ),
        "eye": ({}, "jax.numpy.eye(*shape, dtype=dtype)"),
    }
    for key, (params, body) in written.items():
        row = by_framework(key, (7, 4), **params)["jax"]
        assert row.call == begin + body
        assert "own_function" in row.notes
        assert row.law is not None
        assert difference(row.law, SCHEMES[key].law((7, 4), **params)).kind == "same"


@pytest.mark.parametrize("key", ["kaiming_normal", "xavier_uniform", "orthogonal"])
@pytest.mark.parametrize("shape", [(300, 17), (32, 64, 3, 3)], ids=str)
def test_torch_draws_what_the_exact_call_says(key: str, shape: Shape) -> None:
    w = torch.empty(shape)
    getattr(nn.init, f"{key}_")(w, generator=torch.Generator().manual_seed(11))
    for row in equivalents(key, shape):
        if row.law is not None:
            # the relative standard error of a std of n draws is at most √(1/(2·n)) here; 5 of them
            assert w.std().item() == pytest.approx(row.law.std, rel=5 / math.sqrt(2 * w.numel()))


@pytest.mark.parametrize(
    ("key", "shape", "params", "error"),
    [
        ("he_normal", (5, 3), {}, SchemeError),
        ("kaiming_normal", (5,), {}, ShapeError),
        ("kaiming_normal", (5, 0), {}, ShapeError),
        ("eye", (5, 3, 3), {}, ShapeError),
        ("dirac", (5, 3), {}, ShapeError),
        ("normal", (5, 3), {"std": -1.0}, ParameterError),
        ("normal", (5, 3), {"stddev": 1.0}, ParameterError),
        ("uniform", (5, 3), {"a": 2.0}, ParameterError),
        ("trunc_normal", (5, 3), {"a": 40.0, "b": 50.0}, ParameterError),
        ("variance_scaling", (5, 3), {"scale": 0.0}, ParameterError),
    ],
)
def test_what_the_scheme_refuses_is_refused(
    key: str, shape: Shape, params: dict[str, float], error: type[InitLabError]
) -> None:
    with pytest.raises(error):
        equivalents(key, shape, **params)
