"""Schemes and shapes that many tests run over, with what their sources say of them.

Everything expected here is written out by hand from the paper or from torch's documentation; nothing
is taken from core.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

Array = np.ndarray
Shape = tuple[int, ...]

#: (fan_in, fan_out) of each shape (out, in, *kernel), counted by hand
FANS: dict[Shape, tuple[int, int]] = {
    (256, 512): (512, 256),
    (17, 300): (300, 17),
    (128, 64): (64, 128),
    (3, 5): (5, 3),
    (1, 7): (7, 1),
    (7, 1): (1, 7),
    (1, 1): (1, 1),
    (33, 64, 5): (320, 165),
    (12, 5, 4): (20, 48),
    (64, 32, 3, 3): (288, 576),
    (32, 64, 1, 1): (64, 32),
    (6, 4, 3, 2, 5): (120, 180),
}
SHAPES = tuple(FANS)

SQRT3 = math.sqrt(3)
#: P(|Z| ≤ 3) of a standard normal Z
WITHIN_THREE = math.erf(3 / math.sqrt(2))
#: the std of a standard normal law cut at ±2, as Keras and JAX have it
CUT_AT_TWO = 0.87962566103423978


class Truth(NamedTuple):
    """What a source claims of one entry of a weight."""

    family: str
    mean: float
    std: float
    #: excess kurtosis; nan where nothing is spread
    kurtosis: float
    #: density of the continuous part, and P(w ≤ x)
    pdf: Callable[[Array], Array]
    cdf: Callable[[Array], Array]
    #: kind, low, high and the probability between
    bands: tuple[tuple[str, float, float, float], ...]
    atoms: tuple[tuple[float, float], ...] = ()


def phi(z: float | Array) -> Array:
    """Return the standard normal density."""
    return np.exp(-np.square(z) / 2) / math.sqrt(2 * math.pi)


@np.vectorize
def _big_phi(z: float) -> float:
    return math.erfc(-z / math.sqrt(2)) / 2


def big_phi(z: float | Array) -> Array:
    """Return the standard normal distribution function."""
    return np.asarray(_big_phi(np.asarray(z, dtype=float)))


def point(c: float) -> Truth:
    """Every weight is c."""
    bands = (("support", c, c, 1.0),)
    return Truth("point", c, 0.0, math.nan, np.zeros_like, lambda x: 1.0 * (x >= c), bands, ((c, 1.0),))


def flat(low: float, high: float) -> Truth:
    """U(low, high): std (high − low)/√12, fourth standardised moment 9/5."""
    width = high - low
    return Truth(
        "uniform",
        (low + high) / 2,
        width / math.sqrt(12),
        9 / 5 - 3,
        lambda x: ((x >= low) & (x <= high)) / width,
        lambda x: ((x - low) / width).clip(0, 1),
        (("support", low, high, 1.0),),
    )


def bell(std: float, mean: float = 0.0) -> Truth:
    """N(mean, std²), of which 0.27 % lies beyond ±3 std."""
    return Truth(
        "normal",
        mean,
        std,
        0.0,
        lambda x: phi((x - mean) / std) / std,
        lambda x: big_phi((x - mean) / std),
        (("coverage", mean - 3 * std, mean + 3 * std, WITHIN_THREE),),
    )


def cut(std: float, low: float, high: float, mean: float = 0.0) -> Truth:
    """N(mean, std²) between low and high: Johnson, Kotz & Balakrishnan 1994, section 13.10.1.

    With the standardised cuts α, β and Z = Φ(β) − Φ(α), the moments about the uncut mean are
    mₖ = (k − 1)·mₖ₋₂ − (βᵏ⁻¹φ(β) − αᵏ⁻¹φ(α))/Z.
    """
    alpha, beta = (low - mean) / std, (high - mean) / std
    z = float(big_phi(beta) - big_phi(alpha))
    raw = [1.0, float(phi(alpha) - phi(beta)) / z]
    for k in (2, 3, 4):
        ends = beta ** (k - 1) * float(phi(beta)) - alpha ** (k - 1) * float(phi(alpha))
        raw.append((k - 1) * raw[k - 2] - ends / z)
    _, m1, m2, m3, m4 = raw
    variance = m2 - m1**2
    fourth = m4 - 4 * m1 * m3 + 6 * m1**2 * m2 - 3 * m1**4
    bands = [("support", low, high, 1.0)]
    if alpha < -3 and beta > 3:
        bands.append(("coverage", mean - 3 * std, mean + 3 * std, WITHIN_THREE / z))
    return Truth(
        "truncated_normal",
        mean + std * m1,
        std * math.sqrt(variance),
        fourth / variance**2 - 3,
        lambda x: ((x >= low) & (x <= high)) * phi((x - mean) / std) / (std * z),
        lambda x: ((big_phi((x - mean) / std) - big_phi(alpha)) / z).clip(0, 1),
        tuple(bands),
    )


#: Gauss and Legendre's nodes and weights on [−1, 1]
NODES, WEIGHTS = np.polynomial.legendre.leggauss(400)


def sphere(gain: float, d: int) -> Truth:
    """g times a coordinate of a uniform point of the unit sphere in d dimensions.

    Its density is Γ(d/2)/(√π·Γ((d − 1)/2))·(1 − t²)^((d − 3)/2) (Muirhead 1982, theorem 1.5.7), its
    moments are E t² = 1/d and E t⁴ = 3/(d(d + 2)).
    """
    std, wall = gain / math.sqrt(d), ("support", -gain, gain, 1.0)
    kurtosis = 3 * d / (d + 2) - 3
    if d == 1:
        steps: Any = lambda x: ((x >= -gain) + 1.0 * (x >= gain)) / 2  # noqa: E731
        return Truth(
            "orthogonal", 0.0, std, kurtosis, np.zeros_like, steps, (wall,), ((-gain, 0.5), (gain, 0.5))
        )
    log_factor = math.lgamma(d / 2) - math.lgamma((d - 1) / 2) - math.log(math.pi) / 2

    def pdf(x: Array) -> Array:
        rest = 1 - (x / gain).clip(-1, 1) ** 2
        with np.errstate(divide="ignore"):
            return np.where(rest > 0, np.exp(log_factor + (d - 3) / 2 * np.log(rest)) / gain, 0.0)

    def cdf(x: Array) -> Array:
        # with t = sin θ, dt = cos θ dθ: the integral of cos^(d − 2) θ from 0, where half lies below
        end = np.arcsin((np.asarray(x, dtype=float) / gain).clip(-1, 1))
        theta = end[..., None] / 2 * (1 + NODES)
        return 0.5 + end / 2 * math.exp(log_factor) * (np.cos(theta) ** (d - 2) @ WEIGHTS)

    bands = [wall]
    if 3 * std < gain:
        within = float(np.diff(cdf(np.array([-3 * std, 3 * std])))[0])
        bands.append(("coverage", -3 * std, 3 * std, within))
    return Truth("orthogonal", 0.0, std, kurtosis, pdf, cdf, tuple(bands))


def thinned(std: float, zeros: int, rows: int) -> Truth:
    """N(0, std²), but ``zeros`` of the ``rows`` weights of a column are 0."""
    if zeros == rows:
        return point(0.0)
    p, part = zeros / rows, bell(std)
    if p == 0:
        return part
    return Truth(
        "sparse",
        0.0,
        std * math.sqrt(1 - p),
        3 * p / (1 - p),  # fourth moment 3(1 − p)σ⁴ over ((1 − p)σ²)², minus 3
        lambda x: (1 - p) * part.pdf(x),
        lambda x: (1 - p) * part.cdf(x) + p * (x >= 0),
        (("coverage", -3 * std, 3 * std, p + (1 - p) * WITHIN_THREE),),
        ((0.0, p),),
    )


def zeros_and_ones(ones: int, n: int) -> Truth:
    """Ones with share m, the rest zeros: variance m(1 − m), kurtosis (1 − 6m(1 − m))/(m(1 − m))."""
    if ones == n:
        return point(1.0)
    m = ones / n
    v = m * (1 - m)
    return Truth(
        "indicator",
        m,
        math.sqrt(v),
        1 / v - 6,
        np.zeros_like,
        lambda x: (1 - m) * (x >= 0) + m * (x >= 1),
        (("support", 0.0, 1.0, 1.0),),
        ((0.0, 1 - m), (1.0, m)),
    )


class Case(NamedTuple):
    """One scheme with parameters: torch's call, and what its source claims."""

    key: str
    params: dict[str, float | str]
    draw: Callable[[Tensor, torch.Generator], Tensor]
    #: shape → what the source claims
    truth: Callable[[Shape], Truth]
    #: which shapes it takes
    takes: Callable[[Shape], bool] = lambda _: True
    #: whether torch draws it in half precision
    half: bool = True

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Those of ``SHAPES`` that it takes."""
        return tuple(shape for shape in SHAPES if self.takes(shape))

    def shape_of(self, n: int) -> Shape:
        """Return a shape of about n weights that it takes."""
        rows = round(math.sqrt(n * 5 / 6))
        return (rows, n // rows) if self.takes((rows, n // rows)) else (max(1, n // 180) * 6, 10, 3)


def _fixed(truth: Truth) -> Callable[[Shape], Truth]:
    return lambda _: truth


def _fans(truth: Callable[[int, int], Truth]) -> Callable[[Shape], Truth]:
    return lambda shape: truth(*FANS.get(shape) or _fans_of(shape))


def _fans_of(shape: Shape) -> tuple[int, int]:
    kernel = math.prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel


def _around(bound: float) -> Truth:
    return flat(-bound, bound)


def _keras_cut(std: float) -> Truth:
    return cut(std / CUT_AT_TWO, -2 * std / CUT_AT_TWO, 2 * std / CUT_AT_TWO)


def _sphere_of(gain: float) -> Callable[[Shape], Truth]:
    return lambda shape: sphere(gain, max(shape[0], math.prod(shape[1:])))


def _ones_of(groups: int) -> Callable[[Shape], Truth]:
    """Every group of out/groups units copies as many of its inputs as it has."""
    return lambda s: zeros_and_ones(groups * min(s[0] // groups, s[1]), math.prod(s))


def _draw_sparse(w: Tensor, generator: torch.Generator, sparsity: float, std: float = 0.01) -> Tensor:
    """Draw as ``torch.manual_seed(seed); sparse_`` would, and put the global generator back."""
    with torch.random.fork_rng([]):
        torch.manual_seed(generator.initial_seed())
        return init.sparse_(w, sparsity, std)


def _draw_cast(w: Tensor, generator: torch.Generator, gain: float) -> Tensor:
    """Draw as people do who want an orthogonal matrix in half precision."""
    wide = torch.empty(w.shape, dtype=torch.float64 if w.dtype == torch.float64 else torch.float32)
    return w.copy_(init.orthogonal_(wide, gain, generator=generator))


def _draw_variance(
    n: Callable[[int, int], float], scale: float, kind: str
) -> Callable[[Tensor, torch.Generator], Tensor]:
    def draw(w: Tensor, g: torch.Generator) -> Tensor:
        std = math.sqrt(scale / n(*_fans_of(tuple(w.shape))))
        if kind == "normal":
            return init.normal_(w, std=std, generator=g)
        if kind == "uniform":
            return init.uniform_(w, -SQRT3 * std, SQRT3 * std, generator=g)
        s0 = std / CUT_AT_TWO
        return init.trunc_normal_(w, std=s0, a=-2 * s0, b=2 * s0, generator=g)

    return draw


def _fan_in(w: Tensor) -> int:
    return w[0].numel()


def _is_matrix(shape: Shape) -> bool:
    return len(shape) == 2


init = nn.init
CASES = (
    Case("uniform", {}, lambda w, g: init.uniform_(w, generator=g), _fixed(flat(0, 1))),
    Case(
        "uniform",
        {"a": -0.25, "b": 2},
        lambda w, g: init.uniform_(w, -0.25, 2, generator=g),
        _fixed(flat(-0.25, 2)),
    ),
    Case("normal", {}, lambda w, g: init.normal_(w, generator=g), _fixed(bell(1.0))),
    Case(
        "normal",
        {"mean": 3.0, "std": 0.5},
        lambda w, g: init.normal_(w, 3, 0.5, generator=g),
        _fixed(bell(0.5, 3.0)),
    ),
    Case("zeros", {}, lambda w, _: init.zeros_(w), _fixed(point(0.0))),
    Case("ones", {}, lambda w, _: init.ones_(w), _fixed(point(1.0))),
    Case("constant", {}, lambda w, _: init.constant_(w, 5), _fixed(point(5.0))),
    Case("constant", {"val": -0.25}, lambda w, _: init.constant_(w, -0.25), _fixed(point(-0.25))),
    Case(  # torch's default: leaky_relu with slope 0, gain √2
        "kaiming_normal",
        {},
        lambda w, g: init.kaiming_normal_(w, generator=g),
        _fans(lambda fan_in, _: bell(math.sqrt(2 / fan_in))),
    ),
    Case(
        "kaiming_normal",
        {"mode": "fan_out", "nonlinearity": "relu"},
        lambda w, g: init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu", generator=g),
        _fans(lambda _, fan_out: bell(math.sqrt(2 / fan_out))),
    ),
    Case(  # a negative slope acts like a positive one
        "kaiming_normal",
        {"a": -0.5, "mode": "fan_out"},
        lambda w, g: init.kaiming_normal_(w, a=-0.5, mode="fan_out", generator=g),
        _fans(lambda _, fan_out: bell(math.sqrt(2 / (1.25 * fan_out)))),
    ),
    Case(  # gain 5/3
        "kaiming_normal",
        {"nonlinearity": "tanh"},
        lambda w, g: init.kaiming_normal_(w, nonlinearity="tanh", generator=g),
        _fans(lambda fan_in, _: bell(5 / 3 / math.sqrt(fan_in))),
    ),
    Case(  # gain 1
        "kaiming_normal",
        {"nonlinearity": "linear"},
        lambda w, g: init.kaiming_normal_(w, nonlinearity="linear", generator=g),
        _fans(lambda fan_in, _: bell(1 / math.sqrt(fan_in))),
    ),
    Case(
        "kaiming_uniform",
        {},
        lambda w, g: init.kaiming_uniform_(w, generator=g),
        _fans(lambda fan_in, _: _around(math.sqrt(6 / fan_in))),
    ),
    Case(  # He et al. 2015, eq. 15: std² = 2/((1 + a²)·fan), and a uniform law reaches to √3·std
        "kaiming_uniform",
        {"a": 0.25},
        lambda w, g: init.kaiming_uniform_(w, a=0.25, generator=g),
        _fans(lambda fan_in, _: _around(SQRT3 * math.sqrt(2 / ((1 + 0.25**2) * fan_in)))),
    ),
    Case(  # a acts only with leaky_relu
        "kaiming_uniform",
        {"a": 0.25, "nonlinearity": "relu"},
        lambda w, g: init.kaiming_uniform_(w, a=0.25, nonlinearity="relu", generator=g),
        _fans(lambda fan_in, _: _around(math.sqrt(6 / fan_in))),
    ),
    Case(  # gain 3/4
        "kaiming_uniform",
        {"nonlinearity": "selu", "mode": "fan_out"},
        lambda w, g: init.kaiming_uniform_(w, nonlinearity="selu", mode="fan_out", generator=g),
        _fans(lambda _, fan_out: _around(SQRT3 * 3 / 4 / math.sqrt(fan_out))),
    ),
    Case(  # Glorot & Bengio 2010, eq. 12
        "xavier_normal",
        {},
        lambda w, g: init.xavier_normal_(w, generator=g),
        _fans(lambda fan_in, fan_out: bell(math.sqrt(2 / (fan_in + fan_out)))),
    ),
    Case(
        "xavier_normal",
        {"gain": 0.5},
        lambda w, g: init.xavier_normal_(w, gain=0.5, generator=g),
        _fans(lambda fan_in, fan_out: bell(0.5 * math.sqrt(2 / (fan_in + fan_out)))),
    ),
    Case(  # Glorot & Bengio 2010, eq. 16
        "xavier_uniform",
        {},
        lambda w, g: init.xavier_uniform_(w, generator=g),
        _fans(lambda fan_in, fan_out: _around(math.sqrt(6) / math.sqrt(fan_in + fan_out))),
    ),
    Case(
        "xavier_uniform",
        {"gain": 2.5},
        lambda w, g: init.xavier_uniform_(w, gain=2.5, generator=g),
        _fans(lambda fan_in, fan_out: _around(2.5 * math.sqrt(6) / math.sqrt(fan_in + fan_out))),
    ),
    Case(  # the default of nn.Linear and nn.ConvNd
        "classic_uniform",
        {},
        lambda w, g: init.kaiming_uniform_(w, a=math.sqrt(5), generator=g),
        _fans(lambda fan_in, _: _around(1 / math.sqrt(fan_in))),
    ),
    Case(  # LeCun et al. 1998, eq. 16: std 1/√fan_in
        "lecun_normal",
        {},
        lambda w, g: init.kaiming_normal_(w, nonlinearity="linear", generator=g),
        _fans(lambda fan_in, _: bell(1 / math.sqrt(fan_in))),
    ),
    Case(
        "lecun_uniform",
        {},
        lambda w, g: init.kaiming_uniform_(w, nonlinearity="linear", generator=g),
        _fans(lambda fan_in, _: _around(math.sqrt(3 / fan_in))),
    ),
    Case(  # the cuts are values, not multiples of std
        "trunc_normal",
        {},
        lambda w, g: init.trunc_normal_(w, generator=g),
        _fixed(cut(1.0, -2.0, 2.0)),
    ),
    Case(  # off centre: 67 % of the normal law is kept
        "trunc_normal",
        {"mean": 0.5, "std": 2.0, "a": -1.0, "b": 3.0},
        lambda w, g: init.trunc_normal_(w, 0.5, 2.0, -1.0, 3.0, generator=g),
        _fixed(cut(2.0, -1.0, 3.0, 0.5)),
    ),
    Case(  # wider than ±3 std: a wall and a yardstick
        "trunc_normal",
        {"std": 0.02, "a": -0.07, "b": 0.1},
        lambda w, g: init.trunc_normal_(w, 0.0, 0.02, -0.07, 0.1, generator=g),
        _fixed(cut(0.02, -0.07, 0.1)),
    ),
    Case(  # narrow: 15 % are kept, so torch proposes uniform weights, which half precision rounds
        "trunc_normal",
        {"a": 0.5, "b": 1.0},
        lambda w, g: init.trunc_normal_(w, 0.0, 1.0, 0.5, 1.0, generator=g),
        _fixed(cut(1.0, 0.5, 1.0)),
        half=False,
    ),
    Case(
        "variance_scaling",
        {},
        _draw_variance(lambda fan_in, _: fan_in, 1.0, "truncated_normal"),
        _fans(lambda fan_in, _: _keras_cut(1 / math.sqrt(fan_in))),
    ),
    Case(
        "variance_scaling",
        {"mode": "fan_avg", "scale": 2.0},
        _draw_variance(lambda fan_in, fan_out: (fan_in + fan_out) / 2, 2.0, "truncated_normal"),
        _fans(lambda fan_in, fan_out: _keras_cut(2 / math.sqrt(fan_in + fan_out))),
    ),
    Case(
        "variance_scaling",
        {"mode": "fan_out", "scale": 0.5, "distribution": "normal"},
        _draw_variance(lambda _, fan_out: fan_out, 0.5, "normal"),
        _fans(lambda _, fan_out: bell(math.sqrt(1 / (2 * fan_out)))),
    ),
    Case(  # with fan_avg and scale 1 this is Glorot's rule
        "variance_scaling",
        {"mode": "fan_avg", "distribution": "uniform"},
        _draw_variance(lambda fan_in, fan_out: (fan_in + fan_out) / 2, 1.0, "uniform"),
        _fans(lambda fan_in, fan_out: _around(math.sqrt(6 / (fan_in + fan_out)))),
    ),
    Case(
        "orthogonal",
        {},
        lambda w, g: init.orthogonal_(w, generator=g),
        _sphere_of(1.0),
        half=False,
    ),
    Case(
        "orthogonal",
        {"gain": 2.5},
        lambda w, g: init.orthogonal_(w, gain=2.5, generator=g),
        _sphere_of(2.5),
        half=False,
    ),
    Case(  # an orthogonal matrix of float32, cast where the weight's dtype is narrower
        "orthogonal_cast",
        {},
        lambda w, g: _draw_cast(w, g, 1.0),
        _sphere_of(1.0),
    ),
    Case(
        "orthogonal_cast",
        {"gain": 0.5},
        lambda w, g: _draw_cast(w, g, 0.5),
        _sphere_of(0.5),
    ),
    Case(  # torch rounds the number of zeros in a column up
        "sparse",
        {},
        lambda w, g: _draw_sparse(w, g, 0.1),
        lambda shape: thinned(0.01, -(-shape[0] // 10), shape[0]),
        _is_matrix,
    ),
    Case(
        "sparse",
        {"sparsity": 0.75, "std": 2.0},
        lambda w, g: _draw_sparse(w, g, 0.75, 2.0),
        lambda shape: thinned(2.0, -(-3 * shape[0] // 4), shape[0]),
        _is_matrix,
    ),
    Case(
        "sparse",
        {"sparsity": 0.0},
        lambda w, g: _draw_sparse(w, g, 0.0),
        lambda shape: thinned(0.01, 0, shape[0]),
        _is_matrix,
    ),
    Case(
        "eye",
        {},
        lambda w, _: init.eye_(w),
        lambda shape: zeros_and_ones(min(shape), shape[0] * shape[1]),
        _is_matrix,
    ),
    Case("dirac", {}, lambda w, _: init.dirac_(w), _ones_of(1), lambda s: len(s) > 2),
    Case(
        "dirac",
        {"groups": 3},
        lambda w, _: init.dirac_(w, 3),
        _ones_of(3),
        lambda s: len(s) > 2 and s[0] % 3 == 0,
    ),
    Case(  # Radford et al. 2019, section 2.3, with the std 0.02 of its code
        "gpt2_residual",
        {},
        lambda w, g: init.normal_(w, std=0.02 / math.sqrt(24), generator=g),
        _fixed(bell(0.02 / math.sqrt(24))),
    ),
    Case(
        "gpt2_residual",
        {"n_layer": 48, "std": 0.5},
        lambda w, g: init.normal_(w, std=0.5 / math.sqrt(96), generator=g),
        _fixed(bell(0.5 / math.sqrt(96))),
    ),
    Case(  # torchtitan's Llama 3, depth_init: 0.02/√(2(l + 1)), l from 0
        "llama_residual",
        {},
        lambda w, g: init.normal_(w, std=0.02 / math.sqrt(2), generator=g),
        _fixed(bell(0.02 / math.sqrt(2))),
    ),
    Case(
        "llama_residual",
        {"layer_id": 31, "std": 0.1},
        lambda w, g: init.normal_(w, std=0.1 / 8, generator=g),
        _fixed(bell(0.1 / 8)),
    ),
    Case(  # Nguyen & Salazar 2019, section 2.2: N(0, 2/(d + 4d)), which is √(2/(5d)) in GPT-NeoX
        "small_init",
        {},
        lambda w, g: init.normal_(w, std=math.sqrt(2 / (5 * _fan_in(w))), generator=g),
        _fans(lambda fan_in, _: bell(math.sqrt(2 / (fan_in + 4 * fan_in)))),
    ),
    Case(  # of a layer 4d → d, whose fan_in is not the model's width
        "small_init",
        {"d_model": 640},
        lambda w, g: init.normal_(w, std=math.sqrt(2 / (5 * 640)), generator=g),
        _fixed(bell(0.025)),
    ),
    Case(  # GPT-NeoX, wang_init_method: 2/n_layers/√dim
        "wang_init",
        {},
        lambda w, g: init.normal_(w, std=2 / 12 / math.sqrt(_fan_in(w)), generator=g),
        _fans(lambda fan_in, _: bell(1 / (6 * math.sqrt(fan_in)))),
    ),
    Case(
        "wang_init",
        {"n_layer": 44, "d_model": 6144},  # GPT-NeoX-20B's
        lambda w, g: init.normal_(w, std=2 / 44 / math.sqrt(6144), generator=g),
        _fixed(bell(1 / (22 * math.sqrt(6144)))),
    ),
    Case(  # Mesh TensorFlow's T5: (d_model·d_kv)^−½ for queries, d_kv 64
        "t5",
        {},
        lambda w, g: init.normal_(w, std=1 / math.sqrt(_fan_in(w) * 64), generator=g),
        _fans(lambda fan_in, _: bell(1 / (8 * math.sqrt(fan_in)))),
    ),
    Case(  # d_ff^−½ for wo, whose fan_in d_ff is
        "t5",
        {"role": "wo", "factor": 0.5},
        lambda w, g: init.normal_(w, std=0.5 / math.sqrt(_fan_in(w)), generator=g),
        _fans(lambda fan_in, _: bell(0.5 / math.sqrt(fan_in))),
    ),
    Case(
        "t5",
        {"role": "q", "d_kv": 128},
        lambda w, g: init.normal_(w, std=1 / math.sqrt(_fan_in(w) * 128), generator=g),
        _fans(lambda fan_in, _: bell(1 / math.sqrt(128 * fan_in))),
    ),
    Case(
        "t5",
        {"role": "embedding", "factor": 0.05},
        lambda w, g: init.normal_(w, std=0.05, generator=g),
        _fixed(bell(0.05)),
    ),
    Case(  # Sitzmann et al. 2020, section 3.2 and supplement 1.5: U(±1/n) first, U(±√(6/n)/ω₀) after
        "siren_first",
        {},
        lambda w, g: init.uniform_(w, -1 / _fan_in(w), 1 / _fan_in(w), generator=g),
        _fans(lambda fan_in, _: _around(1 / fan_in)),
    ),
    Case(
        "siren_hidden",
        {},
        lambda w, g: init.uniform_(w, -(b := math.sqrt(6 / _fan_in(w)) / 30), b, generator=g),
        _fans(lambda fan_in, _: _around(math.sqrt(6 / fan_in) / 30)),
    ),
    Case(
        "siren_hidden",
        {"omega": 5.0},
        lambda w, g: init.uniform_(w, -(b := math.sqrt(6 / _fan_in(w)) / 5), b, generator=g),
        _fans(lambda fan_in, _: _around(math.sqrt(6 / fan_in) / 5)),
    ),
    Case(  # std 0.02 at width 256: times √(256/fan_in) elsewhere, and 256/fan_in of the output's
        "mup_hidden",
        {"sigma": 0.02, "base_width": 256},
        lambda w, g: init.normal_(w, std=0.02 * math.sqrt(256) / math.sqrt(_fan_in(w)), generator=g),
        _fans(lambda fan_in, _: bell(0.02 * math.sqrt(256 / fan_in))),
    ),
    Case(
        "mup_output",
        {"sigma": 0.02, "base_width": 256},
        lambda w, g: init.normal_(w, std=0.02 * 256 / _fan_in(w), generator=g),
        _fans(lambda fan_in, _: bell(0.02 * 256 / fan_in)),
    ),
    Case(  # Yang et al. 2022, table 3: variance σ²/fan_in of hidden weights, σ²/fan_in² of the output's
        "mup_hidden",
        {},
        lambda w, g: init.normal_(w, std=1 / math.sqrt(_fan_in(w)), generator=g),
        _fans(lambda fan_in, _: bell(math.sqrt(1 / fan_in))),
    ),
    Case(
        "mup_hidden",
        {"sigma": 0.3},
        lambda w, g: init.normal_(w, std=0.3 / math.sqrt(_fan_in(w)), generator=g),
        _fans(lambda fan_in, _: bell(math.sqrt(0.09 / fan_in))),
    ),
    Case(
        "mup_output",
        {},
        lambda w, g: init.normal_(w, std=1 / _fan_in(w), generator=g),
        _fans(lambda fan_in, _: bell(1 / fan_in)),
    ),
    Case(
        "mup_output",
        {"sigma": 3.0},
        lambda w, g: init.normal_(w, std=3.0 / _fan_in(w), generator=g),
        _fans(lambda fan_in, _: bell(3 / fan_in)),
    ),
)


def case_id(value: Case | Shape) -> str:
    """Return a test id such as kaiming_normal-mode=fan_out, or 3x5 for a shape."""
    if isinstance(value, Case):
        return "-".join([value.key, *(f"{k}={v}" for k, v in value.params.items())])
    return "x".join(map(str, value))
