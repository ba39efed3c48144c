"""The Rosetta table: what another framework calls a scheme, and what law its call draws.

To add a scheme, add a row to ``_SPELLED``. A law is built from the numbers that stand in the call, by that
framework's formulas, in exact arithmetic: JAX, which reckons scale/n in the weight's own dtype, loses it
where that dtype does not reach, in float32 past 1e±38.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from torch import nn

from core.checks import checked_kind
from core.weights.fans import checked_shape
from core.weights.laws import (
    ONE,
    ZERO,
    Expression,
    Law,
    normal,
    point,
    symmetric_uniform,
    truncated_normal,
    uniform,
)
from core.weights.layers import Layer
from core.weights.schemes import CUT_AT_TWO, LINEAR_DEFAULT, Params, Source, fan, number, scheme_of

Framework = Literal["keras", "jax", "timm"]
Distribution = Literal["normal", "truncated_normal", "uniform"]

#: The frameworks, in the order of the columns. Flax's initializers are JAX's own, under another name.
FRAMEWORKS: tuple[Framework, ...] = ("keras", "jax", "timm")

#: What a user of a call must know; a page words each code.
NOTES = (
    # a normal law cut at two of its own std, after widening that std so that the weights keep the formula's
    "cut_two",
    # the cuts are counted in std from the mean; torch's a and b are weights
    "cut_in_stds",
    # the cuts are two std from the mean and cannot be moved; the call leaves a and b out
    "cut_fixed",
    # distribution="normal" means the cut law there; the whole one has a name of its own
    "normal_is_cut",
    # without arguments the call is much narrower than torch's
    "own_default",
    # the kernel is held as (*kernel, in, out), transposed to torch's; fans and law stay the same
    "axes",
    # no rule of this name: the number is worked out here, and holds for this layer and these values alone
    "by_number",
    # no initializer of this kind: a function of one line, which the layers take as well
    "own_function",
    # a scale of 0 is refused, so zeros are asked for by name
    "zero_scale",
    # the mean lies over two std outside of the cuts, where the float32 inverse of erf turns coarse; past five
    # std it knows one value
    "far_cut",
    # the lower cut is so far out that, in float32, about one weight in ten million lands on it, and more in
    # half precision
    "stray",
    # on Keras' torch backend four weights in a million lie beyond the cut: a weight takes the first of four
    # draws that lies within, and the first of all where none does
    "leak",
    # trunc_normal_tf_ beside it counts the cuts in std instead
    "tf_variant",
    # the nearest is delta_orthogonal: a random orthogonal matrix in the kernel's middle, not the identity
    "delta_orthogonal",
    # the framework has none
    "no_such",
    # it lives on PyTorch, so torch.nn.init serves
    "use_torch",
)


@dataclass(frozen=True, slots=True)
class Equivalent:
    """A scheme as one framework has it, for one layer."""

    framework: Framework
    #: code; empty where the framework has nothing of the kind
    call: str
    #: law of one entry of this layer's weight as that call draws it; None where there is no call
    law: Law | None
    #: codes out of NOTES
    notes: tuple[str, ...]
    source: Source
    #: code that draws torch's very law, where ``call``, the framework's usual one, has another; else empty
    exact: str = ""


@dataclass(frozen=True, slots=True)
class Default:
    """What a dense layer's, or a convolution's, weight starts as if nobody says anything."""

    framework: Literal["torch", "keras", "flax", "timm"]
    call: str
    law: Law
    notes: tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class Difference:
    """What is between two laws.

    ``same``: one law; ``same_std``: mean and std agree, the shape does not; ``std``: the means agree;
    ``other``: the means differ, or one of the two weights does not vary.
    """

    kind: Literal["same", "same_std", "std", "other"]
    #: theirs over ours; 1 where neither varies, infinite where ours alone does not
    std_ratio: float


#: Relative difference up to which two numbers of float64 arithmetic are one.
ALIKE = 1e-9

_KERAS = Source("keras.initializers", "Keras 3 documentation", "https://keras.io/api/layers/initializers/")
_KERAS_DENSE = Source(
    "keras.layers.Dense", "Keras 3 documentation", "https://keras.io/api/layers/core_layers/dense/"
)
_JAX = Source(
    "jax.nn.initializers", "JAX documentation", "https://docs.jax.dev/en/latest/jax.nn.initializers.html"
)
_FLAX = Source(
    "flax.linen.Dense",
    "Flax source, default_kernel_init",
    "https://github.com/google/flax/blob/main/flax/linen/linear.py",
)
_TIMM_HOME = "https://github.com/huggingface/pytorch-image-models/blob/main/timm"
_TIMM = Source("timm.layers", "timm source, weight_init", f"{_TIMM_HOME}/layers/weight_init.py")
_TIMM_VIT = Source(
    "timm VisionTransformer",
    "timm source, init_weights_vit_timm",
    f"{_TIMM_HOME}/models/vision_transformer.py",
)


def equivalents(key: str, shape: Sequence[int], **params: Any) -> tuple[Equivalent, ...]:
    """Return the scheme ``key`` as each of FRAMEWORKS has it, for a weight of ``shape``.

    ``shape`` is torch's, ``(out, in, *kernel)``, and ``params`` are the scheme's own.

    Raises:
        InitLabError: for an unknown key, and where ``Scheme.law`` refuses shape or parameters.
    """
    scheme = scheme_of(key)
    ours = scheme.law(shape, **params)
    return _SPELLED[key](_Layer(checked_shape(shape), ours), scheme.checked(params))


def depthwise(layer: Layer) -> tuple[int, ...] | None:
    """Return the shape whose fans Keras' DepthwiseConv counts for a layer, in torch's order; None elsewhere.

    Its kernel is (*kernel, in, multiplier), of which Keras' compute_fans takes in·K for fan_in and
    multiplier·K for fan_out; Conv2D(groups=in) has (*kernel, 1, out) and torch's fans.

    Raises:
        ParameterError: if it is no Layer.
    """
    checked_kind("layer", layer, Layer, "a Layer")
    if layer.kind not in {"Conv1d", "Conv2d"} or layer.groups == 1 or layer.shape[1] > 1:
        return None
    return (layer.shape[0] // layer.groups, layer.groups, *layer.shape[2:])


def defaults(shape: Sequence[int]) -> tuple[Default, ...]:
    """Return what a layer with a weight of ``shape``, ``(out, in, *kernel)``, starts as by default.

    timm's row is a linear layer of its vision transformers, or their convolution, which stays torch's.

    Raises:
        ShapeError: if the shape has no fans.
    """
    shape = checked_shape(shape)
    torch_law = scheme_of("classic_uniform").law(shape)
    torch_call = "torch.nn.init.kaiming_uniform_(w, a=math.sqrt(5))"
    keras_law = _variance_scaled(shape, 1.0, "fan_avg", "uniform")
    flax_law = _variance_scaled(shape, 1.0, "fan_in", "truncated_normal")
    vit = Default("timm", torch_call, torch_law, (), _TIMM_VIT)
    if len(shape) == 2:
        ends = {"mean": 0.0, "std": 0.02, "a": -2.0, "b": 2.0}
        call = _code("timm.layers.trunc_normal_", "w", std=ends["std"])
        vit = Default("timm", call, _cut(**ends), _tails(ends), _TIMM_VIT)
    return (
        Default("torch", torch_call, torch_law, (), LINEAR_DEFAULT),
        Default("keras", "keras.initializers.GlorotUniform()", keras_law, ("axes",), _KERAS_DENSE),
        Default("flax", "jax.nn.initializers.lecun_normal()", flax_law, ("cut_two", "axes"), _FLAX),
        vit,
    )


def difference(theirs: Law, ours: Law) -> Difference:
    """Compare two laws of one weight, by their numbers alone.

    Raises:
        ParameterError: if one is no Law.
    """
    for name, law in (("theirs", theirs), ("ours", ours)):
        checked_kind(name, law, Law, "a Law")
    size = max(theirs.std, ours.std, abs(theirs.mean), abs(ours.mean))
    means_agree = abs(theirs.mean - ours.mean) <= ALIKE * size
    if ours.std == 0:
        ratio = 1.0 if theirs.std == 0 else math.inf
        return Difference("same" if means_agree and ratio == 1 else "other", ratio)
    ratio = theirs.std / ours.std
    if ratio == 0 or not means_agree:
        return Difference("other", ratio)
    if not math.isclose(ratio, 1, rel_tol=ALIKE):
        return Difference("std", ratio)
    return Difference("same" if _one_shape(theirs, ours) else "same_std", ratio)


def _one_shape(theirs: Law, ours: Law) -> bool:
    """Tell whether laws of equal mean and std are one: within a family, walls and atoms fix the rest."""

    def close(numbers: Sequence[float], others: Sequence[float]) -> bool:
        return len(numbers) == len(others) and all(
            math.isclose(x, y, rel_tol=ALIKE, abs_tol=ALIKE * ours.std)
            for x, y in zip(numbers, others, strict=True)
        )

    atoms = [[x for atom in law.atoms for x in atom] for law in (theirs, ours)]
    return (
        theirs.family == ours.family
        and theirs.matrix == ours.matrix
        and close(theirs.support, ours.support)
        and close(*atoms)
    )


@dataclass(frozen=True, slots=True)
class _Layer:
    """The weight in question: torch's shape, and the law that torch draws it from."""

    shape: tuple[int, ...]
    ours: Law


#: one a framework, in the order of FRAMEWORKS
_Rows = tuple[Equivalent, Equivalent, Equivalent]


def _keras(call: str, law: Law, *notes: str, exact: str = "") -> Equivalent:
    return Equivalent("keras", call, law, notes, _KERAS, exact)


def _jax(call: str, law: Law, *notes: str, exact: str = "") -> Equivalent:
    return Equivalent("jax", call, law, notes, _JAX, exact)


def _timm(call: str, law: Law, *notes: str, exact: str = "") -> Equivalent:
    return Equivalent("timm", call, law, notes, _TIMM, exact)


#: timm fills tensors of PyTorch and repeats little of it.
_NOT_TIMM = Equivalent("timm", "", None, ("no_such", "use_torch"), _TIMM)


def _code(function: str, *names: str, **arguments: float | str) -> str:
    """Write a call; ``repr`` of a float reads back as the same float."""
    given = (f"{name}={json.dumps(x) if isinstance(x, str) else repr(x)}" for name, x in arguments.items())
    return f"{function}({', '.join([*names, *given])})"


def _function(body: str) -> str:
    """Write an initializer of one's own: JAX and Flax take any function of these three."""
    return f"lambda key, shape, dtype=float: {body}"


#: What He, Glorot and LeCun mean as (scale, mode) of variance scaling.
_NAMED = {(2.0, "fan_in"): "he", (1.0, "fan_avg"): "glorot", (1.0, "fan_in"): "lecun"}


def _scaled(
    layer: _Layer, scale: float, mode: str, distribution: Distribution, *, plain: bool = False
) -> _Rows:
    """Spell a law of variance scale/n.

    Where torch has a normal law, Keras' and JAX's usual call cuts it; ``plain`` asks for it uncut, and
    by its numbers.
    """
    shape = layer.shape
    law = _variance_scaled(shape, scale, mode, distribution)
    keras, jax, timm = (write(scale, mode, distribution) for write in (_vs_keras, _vs_jax, _vs_timm))
    if scale == 0:
        zeros = _keras("keras.initializers.Zeros()", law, "zero_scale")
        return (zeros, _jax(jax, law, "axes"), _timm(timm, law))
    name = None if plain else _NAMED.get((scale, mode))
    if plain or distribution != "normal":
        if name:
            keras, jax = (
                f"keras.initializers.{name.title()}Uniform()",
                f"jax.nn.initializers.{name}_uniform()",
            )
        leak = ("leak",) if distribution == "truncated_normal" else ()
        return (_keras(keras, law, "axes", *leak), _jax(jax, law, "axes"), _timm(timm, law))
    cut = _variance_scaled(shape, scale, mode, "truncated_normal")
    if name:
        usual = f"keras.initializers.{name.title()}Normal()", f"jax.nn.initializers.{name}_normal()"
    else:
        usual = _vs_keras(scale, mode, "truncated_normal"), _vs_jax(scale, mode, "truncated_normal")
    in_timm = _timm(timm, law)
    if name == "lecun":
        in_timm = _timm("timm.layers.lecun_normal_(w)", cut, "cut_two", exact=timm)
    return (
        _keras(usual[0], cut, "cut_two", "axes", "leak", exact=keras),
        _jax(usual[1], cut, "cut_two", "axes", exact=jax),
        in_timm,
    )


def _vs_keras(scale: float, mode: str, distribution: Distribution) -> str:
    whole = "untruncated_normal" if distribution == "normal" else distribution
    return _code("keras.initializers.VarianceScaling", scale=scale, mode=mode, distribution=whole)


def _vs_jax(scale: float, mode: str, distribution: Distribution) -> str:
    return _code("jax.nn.initializers.variance_scaling", scale=scale, mode=mode, distribution=distribution)


def _vs_timm(scale: float, mode: str, distribution: Distribution) -> str:
    return _code("timm.layers.variance_scaling_", "w", scale=scale, mode=mode, distribution=distribution)


def _variance_scaled(shape: Sequence[int], scale: float, mode: str, distribution: Distribution) -> Law:
    """Return the law of variance scale/n that Keras, JAX and timm share, n being what ``mode`` says."""
    if scale == 0:
        return point(ZERO)
    symbol, text, n = fan(shape, mode)

    def root(times: str, value: float, below: str = "") -> Expression:
        symbolic, numeric = (
            rf"\sqrt{{{times}{s}/{d}}}{below}" for s, d in (("s", symbol), (number(scale), text))
        )
        return Expression(symbolic, numeric, value)

    if distribution == "uniform":
        # U(−b, b) has variance b²/3
        return symmetric_uniform(root(r"3\cdot ", math.sqrt(3 * scale / n)))
    std = math.sqrt(scale / n)
    if distribution == "normal":
        return normal(root("", std))
    parent = root("", std / CUT_AT_TWO, f"/{CUT_AT_TWO:.6g}")
    return truncated_normal(parent, *_ends(-2 * parent.value, 2 * parent.value))


def _given(symbol: str, value: float) -> Expression:
    return Expression(symbol, number(value), value)


def _ends(low: float, high: float) -> tuple[Expression, Expression]:
    return Expression(number(low), number(low), low), Expression(number(high), number(high), high)


def _cut(mean: float, std: float, a: float, b: float) -> Law:
    """Return N(mean, std²) within [a, b]."""
    centre = _given(r"\mu", mean) if mean else None
    if a == b:  # std is lost in the rounding of the mean
        return point(centre or ZERO)
    return truncated_normal(_given(r"\sigma", std), *_ends(a, b), centre)


def _squared_gain(p: Params) -> float:
    """Return calculate_gain's square without the rounding of its root: √2 squared is not 2 in floats."""
    name = p["nonlinearity"]
    if name in {"relu", "leaky_relu"}:
        slope = p["a"] if name == "leaky_relu" else 0.0
        return float(2 / (1 + slope**2))
    return float(nn.init.calculate_gain(name) ** 2)


def _kaiming(distribution: Distribution) -> "_Spell":
    return lambda layer, p: _scaled(layer, _squared_gain(p), p["mode"], distribution)


def _xavier(distribution: Distribution) -> "_Spell":
    return lambda layer, p: _scaled(layer, p["gain"] ** 2, "fan_avg", distribution)


def _spelled_out(layer: _Layer, p: Params) -> _Rows:
    """Spell variance scaling as such, with the very distribution asked for."""
    distribution: Distribution = p["distribution"]
    keras, jax, timm = _scaled(layer, p["scale"], p["mode"], distribution, plain=True)
    if distribution == "normal":
        keras = replace(keras, notes=("normal_is_cut", *keras.notes))
    return keras, jax, timm


def _uniform(_: _Layer, p: Params) -> _Rows:
    a, b = p["a"], p["b"]
    law = uniform(*_ends(a, b))
    if a == 0:
        jax = _jax(_code("jax.nn.initializers.uniform", scale=b), law, "own_default")
    else:
        body = f"jax.random.uniform(key, shape, dtype, minval={a!r}, maxval={b!r})"
        jax = _jax(_function(body), law, "own_function")
    call = _code("keras.initializers.RandomUniform", minval=a, maxval=b)
    return (_keras(call, law, "own_default"), jax, _NOT_TIMM)


def _normal(mean: float, std: float, *notes: str) -> _Rows:
    law = normal(_given(r"\sigma", std), _given(r"\mu", mean) if mean else None)
    if mean == 0:
        keras = _code("keras.initializers.RandomNormal", stddev=std)
        jax = _jax(_code("jax.nn.initializers.normal", stddev=std), law, *notes)
    else:
        keras = _code("keras.initializers.RandomNormal", mean=mean, stddev=std)
        body = f"{mean!r} + {std!r} * jax.random.normal(key, shape, dtype)"
        jax = _jax(_function(body), law, "own_function")
    return (_keras(keras, law, *notes), jax, _NOT_TIMM)


def _truncated(_: _Layer, p: Params) -> _Rows:
    mean, std, a, b = (p[name] for name in ("mean", "std", "a", "b"))
    lower, upper = (a - mean) / std, (b - mean) / std
    centre = {"mean": mean} if mean else {}
    keras = _code("keras.initializers.TruncatedNormal", **centre, stddev=std)
    tails = _tails(p)
    # JAX's cuts, mean + lower·std, are a and b but for the last bit
    law = _cut(mean, std, a, b)
    if mean == 0:
        jax = _code("jax.nn.initializers.truncated_normal", stddev=std, lower=lower, upper=upper)
        notes: tuple[str, ...] = ("cut_in_stds", "own_default")
    else:
        inner = f"jax.random.truncated_normal(key, {lower!r}, {upper!r}, shape, dtype)"
        jax, notes = _function(f"{mean!r} + {std!r} * {inner}"), ("cut_in_stds", "own_function")
    timm = _code("timm.layers.trunc_normal_", "w", mean=mean, std=std, a=a, b=b)
    return (
        _keras(keras, _cut(mean, std, mean - 2 * std, mean + 2 * std), "cut_fixed", "own_default", "leak"),
        _jax(jax, law, *notes, *tails),
        _timm(timm, law, *tails, "tf_variant"),
    )


def _tails(p: Params) -> tuple[str, ...]:
    """Say where drawing by the inverse of erf, in float32, leaves the law: timm and JAX draw so.

    Where erf at the lower cut is -1 in float32, a uniform number can be -1 too, whose inverse is
    infinite and is then moved onto the cut; torch itself draws otherwise since issue 155588.
    """
    mean, std, a, b = (p[name] for name in ("mean", "std", "a", "b"))
    far = ("far_cut",) if mean < a - 2 * std or mean > b + 2 * std else ()
    stray = np.float32(math.erf((a - mean) / std / math.sqrt(2))) == -1
    return (*far, "stray") if stray else far


def _constant(_: _Layer, p: Params) -> _Rows:
    law = point(_given("c", p["val"]))
    jax = f"jax.nn.initializers.constant({p['val']!r})"
    return (_keras(_code("keras.initializers.Constant", value=p["val"]), law), _jax(jax, law), _NOT_TIMM)


def _filled(name: str, value: Expression) -> "_Spell":
    law = point(value)
    keras, jax = f"keras.initializers.{name.title()}()", f"jax.nn.initializers.{name}"
    return lambda *_: (_keras(keras, law), _jax(jax, law), _NOT_TIMM)


def _orthogonal(layer: _Layer, p: Params) -> _Rows:
    """Spell an orthogonal matrix: both lay a kernel out as (in·kernel, out), the transpose of torch's.

    The law is torch's: it knows the longer side alone, and a transpose of a uniform Q is one too.
    """
    given = {"gain": p["gain"]} if p["gain"] != 1 else {}
    scale = {"scale": p["gain"]} if given else {}
    keras = _code("keras.initializers.Orthogonal", **given)
    jax = _code("jax.nn.initializers.orthogonal", **scale)
    return (_keras(keras, layer.ours, "axes"), _jax(jax, layer.ours, "axes"), _NOT_TIMM)


def _eye(layer: _Layer, _: Params) -> _Rows:
    jax = _function("jax.numpy.eye(*shape, dtype=dtype)")
    return (
        _keras("keras.initializers.Identity()", layer.ours, "axes"),
        _jax(jax, layer.ours, "own_function", "axes"),
        _NOT_TIMM,
    )


def _missing(*about_jax: str) -> "_Spell":
    keras = Equivalent("keras", "", None, ("no_such",), _KERAS)
    jax = Equivalent("jax", "", None, ("no_such", *about_jax), _JAX)
    return lambda *_: (keras, jax, _NOT_TIMM)


def _by_number(layer: _Layer, _: Params) -> _Rows:
    return _normal(0.0, layer.ours.parameters[0].value, "by_number")


def _uniform_by_number(layer: _Layer, _: Params) -> _Rows:
    low, high = layer.ours.support
    keras, jax, timm = _uniform(layer, {"a": low, "b": high})
    keras, jax = (replace(row, notes=("by_number", *row.notes)) for row in (keras, jax))
    return keras, jax, timm


_Spell = Callable[[_Layer, Params], _Rows]

#: How to spell each scheme.
_SPELLED: Mapping[str, _Spell] = MappingProxyType(
    {
        "uniform": _uniform,
        "normal": lambda _, p: _normal(p["mean"], p["std"], "own_default"),
        "zeros": _filled("zeros", ZERO),
        "ones": _filled("ones", ONE),
        "constant": _constant,
        "kaiming_normal": _kaiming("normal"),
        "kaiming_uniform": _kaiming("uniform"),
        "xavier_normal": _xavier("normal"),
        "xavier_uniform": _xavier("uniform"),
        # U(−1/√n, 1/√n) has variance 1/(3·n)
        "classic_uniform": lambda layer, _: _scaled(layer, 1 / 3, "fan_in", "uniform"),
        "lecun_normal": lambda layer, _: _scaled(layer, 1.0, "fan_in", "normal"),
        "lecun_uniform": lambda layer, _: _scaled(layer, 1.0, "fan_in", "uniform"),
        "trunc_normal": _truncated,
        "variance_scaling": _spelled_out,
        "orthogonal": _orthogonal,
        "orthogonal_cast": _orthogonal,
        "sparse": _missing(),
        "eye": _eye,
        "dirac": _missing("delta_orthogonal"),
        "gpt2_residual": _by_number,
        "llama_residual": _by_number,
        "small_init": _by_number,
        "wang_init": _by_number,
        "t5": _by_number,
        "mup_hidden": lambda layer, p: _scaled(
            layer, p["sigma"] ** 2 * p["base_width"], "fan_in", "normal", plain=True
        ),
        "mup_output": _by_number,
        "siren_first": _uniform_by_number,
        "siren_hidden": _uniform_by_number,
    }
)
