"""Each scheme as each framework spells it: its call, and the law that call draws."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np
from torch import nn

from ..weights.families import ONE, ZERO, normal, point, symmetric_uniform, truncated_normal, uniform
from ..weights.laws import Expression, Law
from ..weights.parameters import Params
from ..weights.scheme_laws import CUT_AT_TWO, deepnorm_gain, fan, number
from ..weights.sources import Source

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


_KERAS = Source("keras.initializers", "Keras 3 documentation", "https://keras.io/api/layers/initializers/")
KERAS_DENSE = Source(
    "keras.layers.Dense", "Keras 3 documentation", "https://keras.io/api/layers/core_layers/dense/"
)
_JAX = Source(
    "jax.nn.initializers", "JAX documentation", "https://docs.jax.dev/en/latest/jax.nn.initializers.html"
)
FLAX = Source(
    "flax.linen.Dense",
    "Flax source, default_kernel_init",
    "https://github.com/google/flax/blob/main/flax/linen/linear.py",
)
_TIMM_HOME = "https://github.com/huggingface/pytorch-image-models/blob/main/timm"
_TIMM = Source("timm.layers", "timm source, weight_init", f"{_TIMM_HOME}/layers/weight_init.py")
TIMM_VIT = Source(
    "timm VisionTransformer",
    "timm source, init_weights_vit_timm",
    f"{_TIMM_HOME}/models/vision_transformer.py",
)


@dataclass(frozen=True, slots=True)
class WeightOf:
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


def code(function: str, *names: str, **arguments: float | str) -> str:
    """Write a call; ``repr`` of a float reads back as the same float."""
    given = (f"{name}={json.dumps(x) if isinstance(x, str) else repr(x)}" for name, x in arguments.items())
    return f"{function}({', '.join([*names, *given])})"


def _function(body: str) -> str:
    """Write an initializer of one's own: JAX and Flax take any function of these three."""
    return f"lambda key, shape, dtype=float: {body}"


#: What He, Glorot and LeCun mean as (scale, mode) of variance scaling.
_NAMED = {(2.0, "fan_in"): "he", (1.0, "fan_avg"): "glorot", (1.0, "fan_in"): "lecun"}


def _scaled(
    layer: WeightOf, scale: float, mode: str, distribution: Distribution, *, plain: bool = False
) -> _Rows:
    """Spell a law of variance scale/n.

    Where torch has a normal law, Keras' and JAX's usual call cuts it; ``plain`` asks for it uncut, and
    by its numbers.
    """
    shape = layer.shape
    law = variance_scaled(shape, scale, mode, distribution)
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
    cut = variance_scaled(shape, scale, mode, "truncated_normal")
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
    return code("keras.initializers.VarianceScaling", scale=scale, mode=mode, distribution=whole)


def _vs_jax(scale: float, mode: str, distribution: Distribution) -> str:
    return code("jax.nn.initializers.variance_scaling", scale=scale, mode=mode, distribution=distribution)


def _vs_timm(scale: float, mode: str, distribution: Distribution) -> str:
    return code("timm.layers.variance_scaling_", "w", scale=scale, mode=mode, distribution=distribution)


def variance_scaled(shape: Sequence[int], scale: float, mode: str, distribution: Distribution) -> Law:
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


def cut_law(mean: float, std: float, a: float, b: float) -> Law:
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


def _spelled_out(layer: WeightOf, p: Params) -> _Rows:
    """Spell variance scaling as such, with the very distribution asked for."""
    distribution: Distribution = p["distribution"]
    keras, jax, timm = _scaled(layer, p["scale"], p["mode"], distribution, plain=True)
    if distribution == "normal":
        keras = replace(keras, notes=("normal_is_cut", *keras.notes))
    return keras, jax, timm


def _uniform(_: WeightOf, p: Params) -> _Rows:
    a, b = p["a"], p["b"]
    law = uniform(*_ends(a, b))
    if a == 0:
        jax = _jax(code("jax.nn.initializers.uniform", scale=b), law, "own_default")
    else:
        body = f"jax.random.uniform(key, shape, dtype, minval={a!r}, maxval={b!r})"
        jax = _jax(_function(body), law, "own_function")
    call = code("keras.initializers.RandomUniform", minval=a, maxval=b)
    return (_keras(call, law, "own_default"), jax, _NOT_TIMM)


def _normal(mean: float, std: float, *notes: str) -> _Rows:
    law = normal(_given(r"\sigma", std), _given(r"\mu", mean) if mean else None)
    if mean == 0:
        keras = code("keras.initializers.RandomNormal", stddev=std)
        jax = _jax(code("jax.nn.initializers.normal", stddev=std), law, *notes)
    else:
        keras = code("keras.initializers.RandomNormal", mean=mean, stddev=std)
        body = f"{mean!r} + {std!r} * jax.random.normal(key, shape, dtype)"
        jax = _jax(_function(body), law, "own_function")
    return (_keras(keras, law, *notes), jax, _NOT_TIMM)


def _truncated(_: WeightOf, p: Params) -> _Rows:
    mean, std, a, b = (p[name] for name in ("mean", "std", "a", "b"))
    lower, upper = (a - mean) / std, (b - mean) / std
    centre = {"mean": mean} if mean else {}
    keras = code("keras.initializers.TruncatedNormal", **centre, stddev=std)
    tails = tails_of(p)
    # JAX's cuts, mean + lower·std, are a and b but for the last bit
    law = cut_law(mean, std, a, b)
    if mean == 0:
        jax = code("jax.nn.initializers.truncated_normal", stddev=std, lower=lower, upper=upper)
        notes: tuple[str, ...] = ("cut_in_stds", "own_default")
    else:
        inner = f"jax.random.truncated_normal(key, {lower!r}, {upper!r}, shape, dtype)"
        jax, notes = _function(f"{mean!r} + {std!r} * {inner}"), ("cut_in_stds", "own_function")
    timm = code("timm.layers.trunc_normal_", "w", mean=mean, std=std, a=a, b=b)
    return (
        _keras(keras, cut_law(mean, std, mean - 2 * std, mean + 2 * std), "cut_fixed", "own_default", "leak"),
        _jax(jax, law, *notes, *tails),
        _timm(timm, law, *tails, "tf_variant"),
    )


def tails_of(p: Params) -> tuple[str, ...]:
    """Say where drawing by the inverse of erf, in float32, leaves the law: timm and JAX draw so.

    Where erf at the lower cut is -1 in float32, a uniform number can be -1 too, whose inverse is
    infinite and is then moved onto the cut; torch itself draws otherwise since issue 155588.
    """
    mean, std, a, b = (p[name] for name in ("mean", "std", "a", "b"))
    far = ("far_cut",) if mean < a - 2 * std or mean > b + 2 * std else ()
    stray = np.float32(math.erf((a - mean) / std / math.sqrt(2))) == -1
    return (*far, "stray") if stray else far


def _constant(_: WeightOf, p: Params) -> _Rows:
    law = point(_given("c", p["val"]))
    jax = f"jax.nn.initializers.constant({p['val']!r})"
    return (_keras(code("keras.initializers.Constant", value=p["val"]), law), _jax(jax, law), _NOT_TIMM)


def _filled(name: str, value: Expression) -> "_Spell":
    law = point(value)
    keras, jax = f"keras.initializers.{name.title()}()", f"jax.nn.initializers.{name}"
    return lambda *_: (_keras(keras, law), _jax(jax, law), _NOT_TIMM)


def _orthogonal(layer: WeightOf, p: Params) -> _Rows:
    """Spell an orthogonal matrix: both lay a kernel out as (in·kernel, out), the transpose of torch's.

    The law is torch's: it knows the longer side alone, and a transpose of a uniform Q is one too.
    """
    given = {"gain": p["gain"]} if p["gain"] != 1 else {}
    scale = {"scale": p["gain"]} if given else {}
    keras = code("keras.initializers.Orthogonal", **given)
    jax = code("jax.nn.initializers.orthogonal", **scale)
    return (_keras(keras, layer.ours, "axes"), _jax(jax, layer.ours, "axes"), _NOT_TIMM)


def _eye(layer: WeightOf, _: Params) -> _Rows:
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


def _by_number(layer: WeightOf, _: Params) -> _Rows:
    return _normal(0.0, layer.ours.parameters[0].value, "by_number")


def _by_fan(scale: Callable[[Params], float], distribution: Distribution = "normal") -> "_Spell":
    """Spell a scheme whose variance is scale/fan_in, or by the mode that it has."""
    return lambda layer, p: _scaled(layer, scale(p), p.get("mode", "fan_in"), distribution, plain=True)


def _by_width(scale: Callable[[Params], float]) -> "_Spell":
    """Spell a scheme of variance scale/d: d is the layer's fan_in, or a number of its own."""
    by_fan = _by_fan(scale)
    return lambda layer, p: _by_number(layer, p) if p["d_model"] else by_fan(layer, p)


def _t5(layer: WeightOf, p: Params) -> _Rows:
    if p["role"] == "embedding":
        return _normal(0.0, p["factor"])
    return _by_fan(lambda p: p["factor"] ** 2 / (p["d_kv"] if p["role"] == "q" else 1))(layer, p)


def _deepnorm(layer: WeightOf, p: Params) -> _Rows:
    return _scaled(layer, deepnorm_gain(p).value ** 2, "fan_avg", "normal", plain=True)


def _uniform_by_number(layer: WeightOf, _: Params) -> _Rows:
    low, high = layer.ours.support
    keras, jax, timm = _uniform(layer, {"a": low, "b": high})
    keras, jax = (replace(row, notes=("by_number", *row.notes)) for row in (keras, jax))
    return keras, jax, timm


_Spell = Callable[[WeightOf, Params], _Rows]


#: How to spell each scheme.
SPELLED: Mapping[str, _Spell] = MappingProxyType(
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
        "small_init": _by_width(lambda _: 2 / 5),
        "wang_init": _by_width(lambda p: 4 / p["n_layer"] ** 2),
        "t5": _t5,
        "mup_hidden": _by_fan(lambda p: p["sigma"] ** 2 * p["base_width"]),
        "mup_output": _by_number,
        "mup_depth": _by_fan(lambda p: p["sigma"] ** 2 * p["base_width"] / p["n_layer"]),
        "deepnorm": _deepnorm,
        "fixup": _by_fan(lambda p: 2 * p["n_layer"] ** (-1 / (p["branch"] - 1))),
        "siren_first": _uniform_by_number,
        "siren_hidden": _by_fan(lambda p: 2 / p["omega"] ** 2, "uniform"),
    }
)
