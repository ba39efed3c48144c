"""Schemes that many tests run over, with what their sources say of them.

Everything expected here is written out by hand from the paper or from torch's documentation; nothing
is taken from core.
"""

import math

from torch import nn

from tests.support.scheme_case import Case, draw_cast, draw_sparse, draw_variance, inputs_of, is_matrix
from tests.support.shapes import Shape
from tests.support.truths import (
    SQRT3,
    around,
    bell,
    by_fans,
    cut,
    fixed,
    flat,
    keras_cut,
    ones_of,
    point,
    sphere_of,
    thinned,
    zeros_and_ones,
)

init = nn.init
CASES = (
    Case("uniform", {}, lambda w, g: init.uniform_(w, generator=g), fixed(flat(0, 1))),
    Case(
        "uniform",
        {"a": -0.25, "b": 2},
        lambda w, g: init.uniform_(w, -0.25, 2, generator=g),
        fixed(flat(-0.25, 2)),
    ),
    Case("normal", {}, lambda w, g: init.normal_(w, generator=g), fixed(bell(1.0))),
    Case(
        "normal",
        {"mean": 3.0, "std": 0.5},
        lambda w, g: init.normal_(w, 3, 0.5, generator=g),
        fixed(bell(0.5, 3.0)),
    ),
    Case("zeros", {}, lambda w, _: init.zeros_(w), fixed(point(0.0))),
    Case("ones", {}, lambda w, _: init.ones_(w), fixed(point(1.0))),
    Case("constant", {}, lambda w, _: init.constant_(w, 5), fixed(point(5.0))),
    Case("constant", {"val": -0.25}, lambda w, _: init.constant_(w, -0.25), fixed(point(-0.25))),
    Case(  # torch's default: leaky_relu with slope 0, gain √2
        "kaiming_normal",
        {},
        lambda w, g: init.kaiming_normal_(w, generator=g),
        by_fans(lambda fan_in, _: bell(math.sqrt(2 / fan_in))),
    ),
    Case(
        "kaiming_normal",
        {"mode": "fan_out", "nonlinearity": "relu"},
        lambda w, g: init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu", generator=g),
        by_fans(lambda _, fan_out: bell(math.sqrt(2 / fan_out))),
    ),
    Case(  # a negative slope acts like a positive one
        "kaiming_normal",
        {"a": -0.5, "mode": "fan_out"},
        lambda w, g: init.kaiming_normal_(w, a=-0.5, mode="fan_out", generator=g),
        by_fans(lambda _, fan_out: bell(math.sqrt(2 / (1.25 * fan_out)))),
    ),
    Case(  # gain 5/3
        "kaiming_normal",
        {"nonlinearity": "tanh"},
        lambda w, g: init.kaiming_normal_(w, nonlinearity="tanh", generator=g),
        by_fans(lambda fan_in, _: bell(5 / 3 / math.sqrt(fan_in))),
    ),
    Case(  # gain 1
        "kaiming_normal",
        {"nonlinearity": "linear"},
        lambda w, g: init.kaiming_normal_(w, nonlinearity="linear", generator=g),
        by_fans(lambda fan_in, _: bell(1 / math.sqrt(fan_in))),
    ),
    Case(
        "kaiming_uniform",
        {},
        lambda w, g: init.kaiming_uniform_(w, generator=g),
        by_fans(lambda fan_in, _: around(math.sqrt(6 / fan_in))),
    ),
    Case(  # He et al. 2015, eq. 15: std² = 2/((1 + a²)·fan), and a uniform law reaches to √3·std
        "kaiming_uniform",
        {"a": 0.25},
        lambda w, g: init.kaiming_uniform_(w, a=0.25, generator=g),
        by_fans(lambda fan_in, _: around(SQRT3 * math.sqrt(2 / ((1 + 0.25**2) * fan_in)))),
    ),
    Case(  # a acts only with leaky_relu
        "kaiming_uniform",
        {"a": 0.25, "nonlinearity": "relu"},
        lambda w, g: init.kaiming_uniform_(w, a=0.25, nonlinearity="relu", generator=g),
        by_fans(lambda fan_in, _: around(math.sqrt(6 / fan_in))),
    ),
    Case(  # gain 3/4
        "kaiming_uniform",
        {"nonlinearity": "selu", "mode": "fan_out"},
        lambda w, g: init.kaiming_uniform_(w, nonlinearity="selu", mode="fan_out", generator=g),
        by_fans(lambda _, fan_out: around(SQRT3 * 3 / 4 / math.sqrt(fan_out))),
    ),
    Case(  # Glorot & Bengio 2010, eq. 12
        "xavier_normal",
        {},
        lambda w, g: init.xavier_normal_(w, generator=g),
        by_fans(lambda fan_in, fan_out: bell(math.sqrt(2 / (fan_in + fan_out)))),
    ),
    Case(
        "xavier_normal",
        {"gain": 0.5},
        lambda w, g: init.xavier_normal_(w, gain=0.5, generator=g),
        by_fans(lambda fan_in, fan_out: bell(0.5 * math.sqrt(2 / (fan_in + fan_out)))),
    ),
    Case(  # Glorot & Bengio 2010, eq. 16
        "xavier_uniform",
        {},
        lambda w, g: init.xavier_uniform_(w, generator=g),
        by_fans(lambda fan_in, fan_out: around(math.sqrt(6) / math.sqrt(fan_in + fan_out))),
    ),
    Case(
        "xavier_uniform",
        {"gain": 2.5},
        lambda w, g: init.xavier_uniform_(w, gain=2.5, generator=g),
        by_fans(lambda fan_in, fan_out: around(2.5 * math.sqrt(6) / math.sqrt(fan_in + fan_out))),
    ),
    Case(  # the default of nn.Linear and nn.ConvNd
        "classic_uniform",
        {},
        lambda w, g: init.kaiming_uniform_(w, a=math.sqrt(5), generator=g),
        by_fans(lambda fan_in, _: around(1 / math.sqrt(fan_in))),
    ),
    Case(  # LeCun et al. 1998, eq. 16: std 1/√fan_in
        "lecun_normal",
        {},
        lambda w, g: init.kaiming_normal_(w, nonlinearity="linear", generator=g),
        by_fans(lambda fan_in, _: bell(1 / math.sqrt(fan_in))),
    ),
    Case(
        "lecun_uniform",
        {},
        lambda w, g: init.kaiming_uniform_(w, nonlinearity="linear", generator=g),
        by_fans(lambda fan_in, _: around(math.sqrt(3 / fan_in))),
    ),
    Case(  # the cuts are values, not multiples of std
        "trunc_normal",
        {},
        lambda w, g: init.trunc_normal_(w, generator=g),
        fixed(cut(1.0, -2.0, 2.0)),
    ),
    Case(  # off centre: 67 % of the normal law is kept
        "trunc_normal",
        {"mean": 0.5, "std": 2.0, "a": -1.0, "b": 3.0},
        lambda w, g: init.trunc_normal_(w, 0.5, 2.0, -1.0, 3.0, generator=g),
        fixed(cut(2.0, -1.0, 3.0, 0.5)),
    ),
    Case(  # wider than ±3 std: a wall and a yardstick
        "trunc_normal",
        {"std": 0.02, "a": -0.07, "b": 0.1},
        lambda w, g: init.trunc_normal_(w, 0.0, 0.02, -0.07, 0.1, generator=g),
        fixed(cut(0.02, -0.07, 0.1)),
    ),
    Case(  # narrow: 15 % are kept, so torch proposes uniform weights, which half precision rounds
        "trunc_normal",
        {"a": 0.5, "b": 1.0},
        lambda w, g: init.trunc_normal_(w, 0.0, 1.0, 0.5, 1.0, generator=g),
        fixed(cut(1.0, 0.5, 1.0)),
        half=False,
    ),
    Case(
        "variance_scaling",
        {},
        draw_variance(lambda fan_in, _: fan_in, 1.0, "truncated_normal"),
        by_fans(lambda fan_in, _: keras_cut(1 / math.sqrt(fan_in))),
    ),
    Case(
        "variance_scaling",
        {"mode": "fan_avg", "scale": 2.0},
        draw_variance(lambda fan_in, fan_out: (fan_in + fan_out) / 2, 2.0, "truncated_normal"),
        by_fans(lambda fan_in, fan_out: keras_cut(2 / math.sqrt(fan_in + fan_out))),
    ),
    Case(
        "variance_scaling",
        {"mode": "fan_out", "scale": 0.5, "distribution": "normal"},
        draw_variance(lambda _, fan_out: fan_out, 0.5, "normal"),
        by_fans(lambda _, fan_out: bell(math.sqrt(1 / (2 * fan_out)))),
    ),
    Case(  # with fan_avg and scale 1 this is Glorot's rule
        "variance_scaling",
        {"mode": "fan_avg", "distribution": "uniform"},
        draw_variance(lambda fan_in, fan_out: (fan_in + fan_out) / 2, 1.0, "uniform"),
        by_fans(lambda fan_in, fan_out: around(math.sqrt(6 / (fan_in + fan_out)))),
    ),
    Case(
        "orthogonal",
        {},
        lambda w, g: init.orthogonal_(w, generator=g),
        sphere_of(1.0),
        half=False,
    ),
    Case(
        "orthogonal",
        {"gain": 2.5},
        lambda w, g: init.orthogonal_(w, gain=2.5, generator=g),
        sphere_of(2.5),
        half=False,
    ),
    Case(  # an orthogonal matrix of float32, cast where the weight's dtype is narrower
        "orthogonal_cast",
        {},
        lambda w, g: draw_cast(w, g, 1.0),
        sphere_of(1.0),
    ),
    Case(
        "orthogonal_cast",
        {"gain": 0.5},
        lambda w, g: draw_cast(w, g, 0.5),
        sphere_of(0.5),
    ),
    Case(  # torch rounds the number of zeros in a column up
        "sparse",
        {},
        lambda w, g: draw_sparse(w, g, 0.1),
        lambda shape: thinned(0.01, -(-shape[0] // 10), shape[0]),
        is_matrix,
    ),
    Case(
        "sparse",
        {"sparsity": 0.75, "std": 2.0},
        lambda w, g: draw_sparse(w, g, 0.75, 2.0),
        lambda shape: thinned(2.0, -(-3 * shape[0] // 4), shape[0]),
        is_matrix,
    ),
    Case(
        "sparse",
        {"sparsity": 0.0},
        lambda w, g: draw_sparse(w, g, 0.0),
        lambda shape: thinned(0.01, 0, shape[0]),
        is_matrix,
    ),
    Case(
        "eye",
        {},
        lambda w, _: init.eye_(w),
        lambda shape: zeros_and_ones(min(shape), shape[0] * shape[1]),
        is_matrix,
    ),
    Case("dirac", {}, lambda w, _: init.dirac_(w), ones_of(1), lambda s: len(s) > 2),
    Case(
        "dirac",
        {"groups": 3},
        lambda w, _: init.dirac_(w, 3),
        ones_of(3),
        lambda s: len(s) > 2 and s[0] % 3 == 0,
    ),
    Case(  # Radford et al. 2019, section 2.3, with the std 0.02 of its code
        "gpt2_residual",
        {},
        lambda w, g: init.normal_(w, std=0.02 / math.sqrt(24), generator=g),
        fixed(bell(0.02 / math.sqrt(24))),
    ),
    Case(
        "gpt2_residual",
        {"n_layer": 48, "std": 0.5},
        lambda w, g: init.normal_(w, std=0.5 / math.sqrt(96), generator=g),
        fixed(bell(0.5 / math.sqrt(96))),
    ),
    Case(  # torchtitan's Llama 3, depth_init: 0.02/√(2(l + 1)), l from 0
        "llama_residual",
        {},
        lambda w, g: init.normal_(w, std=0.02 / math.sqrt(2), generator=g),
        fixed(bell(0.02 / math.sqrt(2))),
    ),
    Case(
        "llama_residual",
        {"layer_id": 31, "std": 0.1},
        lambda w, g: init.normal_(w, std=0.1 / 8, generator=g),
        fixed(bell(0.1 / 8)),
    ),
    Case(  # Nguyen & Salazar 2019, section 2.2: N(0, 2/(d + 4d)), which is √(2/(5d)) in GPT-NeoX
        "small_init",
        {},
        lambda w, g: init.normal_(w, std=math.sqrt(2 / (5 * inputs_of(w))), generator=g),
        by_fans(lambda fan_in, _: bell(math.sqrt(2 / (fan_in + 4 * fan_in)))),
    ),
    Case(  # of a layer 4d → d, whose fan_in is not the model's width
        "small_init",
        {"d_model": 640},
        lambda w, g: init.normal_(w, std=math.sqrt(2 / (5 * 640)), generator=g),
        fixed(bell(0.025)),
    ),
    Case(  # GPT-NeoX, wang_init_method: 2/n_layers/√dim
        "wang_init",
        {},
        lambda w, g: init.normal_(w, std=2 / 12 / math.sqrt(inputs_of(w)), generator=g),
        by_fans(lambda fan_in, _: bell(1 / (6 * math.sqrt(fan_in)))),
    ),
    Case(
        "wang_init",
        {"n_layer": 44, "d_model": 6144},  # GPT-NeoX-20B's
        lambda w, g: init.normal_(w, std=2 / 44 / math.sqrt(6144), generator=g),
        fixed(bell(1 / (22 * math.sqrt(6144)))),
    ),
    Case(  # Mesh TensorFlow's T5: (d_model·d_kv)^−½ for queries, d_kv 64
        "t5",
        {},
        lambda w, g: init.normal_(w, std=1 / math.sqrt(inputs_of(w) * 64), generator=g),
        by_fans(lambda fan_in, _: bell(1 / (8 * math.sqrt(fan_in)))),
    ),
    Case(  # d_ff^−½ for wo, whose fan_in d_ff is
        "t5",
        {"role": "wo", "factor": 0.5},
        lambda w, g: init.normal_(w, std=0.5 / math.sqrt(inputs_of(w)), generator=g),
        by_fans(lambda fan_in, _: bell(0.5 / math.sqrt(fan_in))),
    ),
    Case(
        "t5",
        {"role": "q", "d_kv": 128},
        lambda w, g: init.normal_(w, std=1 / math.sqrt(inputs_of(w) * 128), generator=g),
        by_fans(lambda fan_in, _: bell(1 / math.sqrt(128 * fan_in))),
    ),
    Case(
        "t5",
        {"role": "embedding", "factor": 0.05},
        lambda w, g: init.normal_(w, std=0.05, generator=g),
        fixed(bell(0.05)),
    ),
    Case(  # Sitzmann et al. 2020, section 3.2 and supplement 1.5: U(±1/n) first, U(±√(6/n)/ω₀) after
        "siren_first",
        {},
        lambda w, g: init.uniform_(w, -1 / inputs_of(w), 1 / inputs_of(w), generator=g),
        by_fans(lambda fan_in, _: around(1 / fan_in)),
    ),
    Case(
        "siren_hidden",
        {},
        lambda w, g: init.uniform_(w, -(b := math.sqrt(6 / inputs_of(w)) / 30), b, generator=g),
        by_fans(lambda fan_in, _: around(math.sqrt(6 / fan_in) / 30)),
    ),
    Case(
        "siren_hidden",
        {"omega": 5.0},
        lambda w, g: init.uniform_(w, -(b := math.sqrt(6 / inputs_of(w)) / 5), b, generator=g),
        by_fans(lambda fan_in, _: around(math.sqrt(6 / fan_in) / 5)),
    ),
    Case(  # Wang et al. 2022, figure 2: β = (8N)^(−1/4), here 96^(−1/4), of an encoder or a decoder alone
        "deepnorm",
        {},
        lambda w, g: init.xavier_normal_(w, gain=(8 * 12) ** -0.25, generator=g),
        by_fans(lambda fan_in, fan_out: bell(math.sqrt(2 / (fan_in + fan_out) / math.sqrt(96)))),
    ),
    Case(  # of an encoder of 18 layers beside a decoder of 6: .87·(18⁴·6)^(−1/16)
        "deepnorm",
        {"n_layer": 18, "stack": "encoder", "n_decoder": 6},
        lambda w, g: init.xavier_normal_(w, gain=0.87 * (18**4 * 6) ** (-1 / 16), generator=g),
        by_fans(
            lambda fan_in, fan_out: bell(0.87 / (18**0.25 * 6**0.0625) * math.sqrt(2 / (fan_in + fan_out)))
        ),
    ),
    Case(  # of a decoder of 6 layers beside an encoder: 72^(−1/4)
        "deepnorm",
        {"n_layer": 6, "stack": "decoder"},
        lambda w, g: init.xavier_normal_(w, gain=(12 * 6) ** -0.25, generator=g),
        by_fans(lambda fan_in, fan_out: bell(math.sqrt(2 / (fan_in + fan_out) / math.sqrt(72)))),
    ),
    Case(  # Zhang et al. 2019, section 3: He's, scaled by L^(−1/(2m − 2)), which is 1/√L of two layers
        "fixup",
        {},
        lambda w, g: init.normal_(w, std=math.sqrt(2 / inputs_of(w)) * 12**-0.5, generator=g),
        by_fans(lambda fan_in, _: bell(math.sqrt(1 / (6 * fan_in)))),
    ),
    Case(  # and L^(−1/4) of bottlenecks, whose branches have three
        "fixup",
        {"n_layer": 16, "branch": 3, "mode": "fan_out"},
        lambda w, g: init.normal_(w, std=math.sqrt(2 / w[:, 0].numel()) * 16**-0.25, generator=g),
        by_fans(lambda _, fan_out: bell(math.sqrt(1 / (2 * fan_out)))),
    ),
    Case(  # Yang et al. 2023, table 1: a branch's multiplier is 1/√L, its weights' variance 1/fan_in
        "mup_depth",
        {},
        lambda w, g: init.normal_(w, std=1 / math.sqrt(inputs_of(w)) / math.sqrt(12), generator=g),
        by_fans(lambda fan_in, _: bell(1 / math.sqrt(12 * fan_in))),
    ),
    Case(
        "mup_depth",
        {"n_layer": 64, "sigma": 0.02, "base_width": 256},
        lambda w, g: init.normal_(w, std=0.02 * 2 / math.sqrt(inputs_of(w)), generator=g),
        by_fans(lambda fan_in, _: bell(0.04 / math.sqrt(fan_in))),
    ),
    Case(  # std 0.02 at width 256: times √(256/fan_in) elsewhere, and 256/fan_in of the output's
        "mup_hidden",
        {"sigma": 0.02, "base_width": 256},
        lambda w, g: init.normal_(w, std=0.02 * math.sqrt(256) / math.sqrt(inputs_of(w)), generator=g),
        by_fans(lambda fan_in, _: bell(0.02 * math.sqrt(256 / fan_in))),
    ),
    Case(
        "mup_output",
        {"sigma": 0.02, "base_width": 256},
        lambda w, g: init.normal_(w, std=0.02 * 256 / inputs_of(w), generator=g),
        by_fans(lambda fan_in, _: bell(0.02 * 256 / fan_in)),
    ),
    Case(  # Yang et al. 2022, table 3: variance σ²/fan_in of hidden weights, σ²/fan_in² of the output's
        "mup_hidden",
        {},
        lambda w, g: init.normal_(w, std=1 / math.sqrt(inputs_of(w)), generator=g),
        by_fans(lambda fan_in, _: bell(math.sqrt(1 / fan_in))),
    ),
    Case(
        "mup_hidden",
        {"sigma": 0.3},
        lambda w, g: init.normal_(w, std=0.3 / math.sqrt(inputs_of(w)), generator=g),
        by_fans(lambda fan_in, _: bell(math.sqrt(0.09 / fan_in))),
    ),
    Case(
        "mup_output",
        {},
        lambda w, g: init.normal_(w, std=1 / inputs_of(w), generator=g),
        by_fans(lambda fan_in, _: bell(1 / fan_in)),
    ),
    Case(
        "mup_output",
        {"sigma": 3.0},
        lambda w, g: init.normal_(w, std=3.0 / inputs_of(w), generator=g),
        by_fans(lambda fan_in, _: bell(3 / fan_in)),
    ),
)


def case_id(value: Case | Shape) -> str:
    """Return a test id such as kaiming_normal-mode=fan_out, or 3x5 for a shape."""
    if isinstance(value, Case):
        return "-".join([value.key, *(f"{k}={v}" for k, v in value.params.items())])
    return "x".join(map(str, value))
