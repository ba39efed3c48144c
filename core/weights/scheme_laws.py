"""The law of each scheme, from a layer's shape: scales and bounds as their sources write them."""

import math
from collections.abc import Sequence
from fractions import Fraction

from torch import nn

from ..errors import ShapeError
from .families import (
    indicator,
    normal,
    orthogonal,
    sparse,
    symmetric_uniform,
    truncated_normal,
)
from .fans import Fans, checked_shape
from .laws import Expression, Law, Pattern
from .parameters import Params
from .scheme import Call

FAN_IN, FAN_OUT = r"\mathrm{fan\_in}", r"\mathrm{fan\_out}"


def _written(n: float | Fraction) -> str:
    """Write a fan in LaTeX; true connections may be a fraction."""
    return f"({n})" if isinstance(n, Fraction) and n.denominator > 1 else f"{n}"


def number(value: float) -> str:
    """Write a number in LaTeX: up to six digits, powers of ten as such."""
    text = f"{value:.6g}"
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    power = f"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa}\cdot{power}"


def given_value(symbol: str, value: float) -> Expression:
    """Return the formula of a parameter that is simply given."""
    return Expression(symbol, number(value), value)


def kaiming_scale(shape: Sequence[int], p: Params, square: int) -> Expression:
    """Return g·√(square/F): the std for ``square`` 1, the uniform bound for 3 (He et al. 2015).

    The value is computed in torch's own steps, so that it is torch's to the last bit.
    """
    fans = Fans.of(shape)
    fan = fans.fan_in if p["mode"] == "fan_in" else fans.fan_out
    symbol = FAN_IN if p["mode"] == "fan_in" else FAN_OUT
    name, slope = p["nonlinearity"], p["a"]
    # `a` acts only as leaky_relu's negative slope.
    gain = nn.init.calculate_gain(name, slope if name == "leaky_relu" else None)
    value = _reach(square) * (gain / math.sqrt(fan))

    def write(fan: str, slope_symbol: str) -> str:
        if name == "leaky_relu" and slope != 0:
            return rf"\sqrt{{{2 * square}/((1+{slope_symbol}^2)\cdot{fan})}}"
        if name in {"relu", "leaky_relu"}:
            return rf"\sqrt{{{2 * square}/{fan}}}"
        prefix = _GAIN_FRACTIONS.get(name, "")
        return rf"{prefix}\sqrt{{{square}/{fan}}}"

    slope_text = number(slope)
    if not slope_text.replace(".", "").isdigit():  # a sign or a power would run into the square
        slope_text = f"({slope_text})"
    return Expression(write(symbol, "a"), write(_written(fan), slope_text), value)


def _reach(square: int) -> float:
    """Return √square; a uniform law of std s reaches to ±√3·s."""
    return math.sqrt(square) if square > 1 else 1.0


#: calculate_gain's gains that are neither 1 nor √2.
_GAIN_FRACTIONS = {"tanh": r"\tfrac{5}{3}", "selu": r"\tfrac{3}{4}"}


def xavier_scale(shape: Sequence[int], p: Params, square: int) -> Expression:
    """Return g·√(square/(fan_in + fan_out)): std for 2, bound for 6 (Glorot & Bengio 2010)."""
    fans, gain = Fans.of(shape), p["gain"]
    value = _reach(square // 2) * (gain * math.sqrt(2.0 / (fans.fan_in + fans.fan_out)))

    def write(gain_text: str, fan_in: str, fan_out: str) -> str:
        return rf"{gain_text}\sqrt{{{square}/({fan_in}+{fan_out})}}"

    symbolic = write("" if gain == 1 else "g", FAN_IN, FAN_OUT)
    numeric = write(
        "" if gain == 1 else rf"{number(gain)}\cdot", _written(fans.fan_in), _written(fans.fan_out)
    )
    return Expression(symbolic, numeric, value)


def classic_bound(shape: Sequence[int]) -> Expression:
    """Return 1/√fan_in, the lesson's ±1/√d."""
    fan_in = Fans.of(shape).fan_in
    value = kaiming_scale(shape, {"mode": "fan_in", "nonlinearity": "leaky_relu", "a": math.sqrt(5)}, 3).value
    return Expression(rf"1/\sqrt{{{FAN_IN}}}", rf"1/\sqrt{{{_written(fan_in)}}}", value)


def normal_law(_: Sequence[int], p: Params) -> Law:
    """N(mean, std²), as it is given."""
    return normal(given_value(r"\sigma", p["std"]), given_value(r"\mu", p["mean"]))


def lecun_scale(shape: Sequence[int], square: int) -> Expression:
    """Return √(square/fan_in): the std for ``square`` 1, the uniform bound for 3."""
    return kaiming_scale(shape, {"mode": "fan_in", "nonlinearity": "linear", "a": 0.0}, square)


def trunc_normal_law(_: Sequence[int], p: Params) -> Law:
    """N(mean, std²) cut at a and b."""
    ends = given_value("a", p["a"]), given_value("b", p["b"])
    return truncated_normal(given_value(r"\sigma", p["std"]), *ends, given_value(r"\mu", p["mean"]))


#: Standard deviation of a standard normal law cut at ±2, to the digits that Keras and JAX use.
CUT_AT_TWO = 0.87962566103423978


def fan(shape: Sequence[int], mode: str) -> Expression:
    """Return fan_in, fan_out or, for ``fan_avg``, their mean, as Keras and JAX name them.

    Raises:
        ShapeError: if the shape has no fans.
    """
    fans = Fans.of(shape)
    ins, outs = _written(fans.fan_in), _written(fans.fan_out)
    return {
        "fan_in": Expression(FAN_IN, ins, float(fans.fan_in)),
        "fan_out": Expression(FAN_OUT, outs, float(fans.fan_out)),
        "fan_avg": Expression(
            rf"(({FAN_IN}+{FAN_OUT})/2)",
            f"(({ins}+{outs})/2)",
            float((fans.fan_in + fans.fan_out) / 2),
        ),
    }[mode]


def _variance_scaling(shape: Sequence[int], p: Params) -> Expression:
    """Return the std √(scale/n) of a weight, n = fan_in, fan_out or their mean."""
    symbol, numbers, n = fan(shape, p["mode"])
    scale = p["scale"]
    return Expression(rf"\sqrt{{s/{symbol}}}", rf"\sqrt{{{number(scale)}/{numbers}}}", math.sqrt(scale / n))


def variance_scaling_law(shape: Sequence[int], p: Params) -> Law:
    """The law of variance scaling, in its three distributions."""
    std = _variance_scaling(shape, p)
    if p["distribution"] == "normal":
        return normal(std)
    if p["distribution"] == "uniform":
        return symmetric_uniform(_times(r"\sqrt{3}", math.sqrt(3), std))
    parent = std.value / CUT_AT_TWO
    s0 = Expression(rf"{std.symbolic}/c", rf"{std.numeric}/{CUT_AT_TWO:.6g}", parent)
    ends = (Expression(rf"{sign}2\sigma", number(x), x) for sign, x in (("-", -2 * parent), ("", 2 * parent)))
    return truncated_normal(s0, *ends)


def variance_scaling_call(shape: Sequence[int], p: Params) -> Call:
    """The call of torch that draws that law."""
    std = _variance_scaling(shape, p).value
    if p["distribution"] == "normal":
        return Call("normal_", {"std": std})
    if p["distribution"] == "uniform":
        bound = math.sqrt(3) * std
        return Call("uniform_", {"a": -bound, "b": bound})
    parent = std / CUT_AT_TWO
    return Call("trunc_normal_", {"std": parent, "a": -2 * parent, "b": 2 * parent})


def _times(symbol: str, factor: float, of: Expression) -> Expression:
    return Expression(symbol + of.symbolic, symbol + of.numeric, factor * of.value)


def gpt2_std(p: Params) -> Expression:
    """Return std/√(2·n_layer): two residual projections a layer (Radford et al. 2019, section 2.3)."""
    layers, std = p["n_layer"], p["std"]
    return Expression(r"s/\sqrt{2L}", rf"{number(std)}/\sqrt{{2\cdot{layers}}}", std / math.sqrt(2 * layers))


def mup_std(shape: Sequence[int], p: Params, *, output: bool) -> Expression:
    """Return σ·√(B/fan_in), or σ·B/fan_in for the output layer (Yang et al. 2022, table 3).

    B is the width at which σ is the std (their section 4); with B = 1 the formulas are the table's own.
    """
    fan_in, sigma, base = Fans.of(shape).fan_in, p["sigma"], p["base_width"]

    def write(s: str, base_text: str, fan: str) -> str:
        if base == 1:
            return rf"{s}/{fan}" if output else rf"{s}/\sqrt{{{fan}}}"
        return rf"{s}\cdot {base_text}/{fan}" if output else rf"{s}\cdot\sqrt{{{base_text}/{fan}}}"

    below = float(fan_in) if output else math.sqrt(fan_in)
    above = float(base) if output else math.sqrt(base)
    texts = write("s", "B", FAN_IN), write(number(sigma), str(base), _written(fan_in))
    return Expression(*texts, sigma * above / below if base > 1 else sigma / below)


def _width(shape: Sequence[int], p: Params) -> float | Fraction:
    """Return a transformer's width d: as given, or else fan_in, as of a layer that reads the stream."""
    return p["d_model"] or Fans.of(shape).fan_in


def small_std(shape: Sequence[int], p: Params) -> Expression:
    """Return √(2/(5d)): Glorot's std of a feed-forward layer d → 4d, for all layers alike."""
    d = _width(shape, p)
    return Expression(r"\sqrt{2/(5d)}", rf"\sqrt{{2/(5\cdot {_written(d)})}}", math.sqrt(2 / (5 * d)))


def wang_std(shape: Sequence[int], p: Params) -> Expression:
    """Return 2/(L√d), of the projections into the residual stream."""
    d, layers = _width(shape, p), p["n_layer"]
    return Expression(
        r"2/(L\cdot\sqrt{d})", rf"2/({layers}\cdot\sqrt{{{_written(d)}}})", 2 / layers / math.sqrt(d)
    )


def deepnorm_gain(p: Params) -> Expression:
    """Return β of a transformer whose norms come last (Wang et al. 2022, figure 2).

    L is the stack's own number of layers: (8L)^(−1/4) without another stack; .87·(L⁴·M)^(−1/16) of an encoder
    beside a decoder of M layers, which nothing else reads; (12L)^(−1/4) of a decoder.
    """
    n, m = p["n_layer"], p["n_decoder"]
    if p["stack"] == "encoder":
        value = 0.87 * (n**4 * m) ** (-1 / 16)
        return Expression(r"0.87\cdot(L^4\cdot M)^{-1/16}", rf"0.87\cdot({n}^4\cdot {m})^{{-1/16}}", value)
    times = 12 if p["stack"] == "decoder" else 8
    return Expression(rf"({times}L)^{{-1/4}}", rf"({times}\cdot {n})^{{-1/4}}", (times * n) ** (-1 / 4))


def deepnorm_std(shape: Sequence[int], p: Params) -> Expression:
    """Return β·√(2/(fan_in + fan_out)), Glorot's std times ``deepnorm_gain``."""
    gain, scale = deepnorm_gain(p), xavier_scale(shape, {"gain": 1.0}, 2)
    value = xavier_scale(shape, {"gain": gain.value}, 2).value
    return Expression(rf"{gain.symbolic}{scale.symbolic}", rf"{gain.numeric}{scale.numeric}", value)


def fixup_std(shape: Sequence[int], p: Params) -> Expression:
    """Return He's √(2/F) times L^(−1/(2m − 2)), in each of L branches of m layers (Zhang et al. 2019).

    It is that of a branch's layers but the last, which starts at 0, as the network's last layer does.
    """
    scale = kaiming_scale(shape, {"mode": p["mode"], "nonlinearity": "relu", "a": 0.0}, 1)
    n, m, fans = p["n_layer"], p["branch"], Fans.of(shape)
    fan = fans.fan_in if p["mode"] == "fan_in" else fans.fan_out
    value = math.sqrt(2 / fan) * n ** (-1 / (2 * m - 2))  # in the steps of the paper's code
    return Expression(
        rf"L^{{-1/(2m-2)}}\cdot{scale.symbolic}", rf"{n}^{{-1/(2\cdot {m}-2)}}\cdot{scale.numeric}", value
    )


def mup_depth_std(shape: Sequence[int], p: Params) -> Expression:
    """Return σ·√(B/(L·fan_in)): ``mup_std`` of a hidden layer times a branch's multiplier, 1/√L.

    Source: Yang et al. 2023, depth-μP, whose blocks have one layer; there the multiplier stays beside it.
    """
    fan_in, layers, base = Fans.of(shape).fan_in, p["n_layer"], p["base_width"]
    hidden = mup_std(shape, p, output=False).value

    def write(s: str, base_text: str, depth: str, fan: str) -> str:
        if base == 1:
            return rf"{s}/\sqrt{{{depth}\cdot {fan}}}"
        return rf"{s}\cdot\sqrt{{{base_text}/({depth}\cdot {fan})}}"

    numeric = write(number(p["sigma"]), str(base), str(layers), _written(fan_in))
    return Expression(write("s", "B", "L", FAN_IN), numeric, hidden / math.sqrt(layers))


def llama_std(_: Sequence[int], p: Params) -> Expression:
    """Return std/√(2(l + 1)), l counted from 0.

    torchtitan draws it by trunc_normal_ with its cuts at ±2, which are over 100 std away.
    """
    at, std = p["layer_id"], p["std"]
    return Expression(
        r"s/\sqrt{2\cdot(l+1)}", rf"{number(std)}/\sqrt{{2\cdot({at}+1)}}", std / math.sqrt(2 * (at + 1))
    )


def t5_std(shape: Sequence[int], p: Params) -> Expression:
    """Return f/√fan_in; f/√(fan_in·d_kv) for queries, whose products are not scaled; f for an embedding."""
    fan_in, f, role = Fans.of(shape).fan_in, p["factor"], p["role"]
    if role == "embedding":
        return Expression("f", number(f), f)
    d_kv = p["d_kv"] if role == "q" else 1
    times = (r"\cdot d_{kv}", rf"\cdot {d_kv}") if role == "q" else ("", "")
    return Expression(
        rf"f/\sqrt{{{FAN_IN}{times[0]}}}",
        rf"{number(f)}/\sqrt{{{_written(fan_in)}{times[1]}}}",
        f / math.sqrt(fan_in * d_kv),
    )


def siren_bound(shape: Sequence[int], p: Params) -> Expression:
    """Return the bound 1/fan_in of the first layer, or √(6/fan_in)/ω₀ of the others."""
    fan_in, omega = Fans.of(shape).fan_in, p.get("omega")
    n = _written(fan_in)
    if omega is None:
        return Expression(f"1/{FAN_IN}", f"1/{n}", float(1 / fan_in))
    return Expression(
        rf"\sqrt{{6/{FAN_IN}}}/\omega_0", rf"\sqrt{{6/{n}}}/{number(omega)}", math.sqrt(6 / fan_in) / omega
    )


def _rows_and_columns(shape: Sequence[int]) -> tuple[int, int]:
    """Return the sides of the matrix that torch makes of a weight: its first dimension, and the rest."""
    Fans.of(sizes := checked_shape(shape))
    return sizes[0], math.prod(sizes[1:])


def orthogonal_law(shape: Sequence[int], p: Params) -> Law:
    """The law of one entry of a Haar orthogonal matrix."""
    rows, columns = _rows_and_columns(shape)
    gain = p["gain"]
    g, prefix = ("1", "1") if gain == 1 else ("g", number(gain))
    std = Expression(
        rf"{g}/\sqrt{{\max(\mathrm{{rows}},\,\mathrm{{columns}})}}",
        rf"{prefix}/\sqrt{{\max({rows},\,{columns})}}",
        gain / math.sqrt(max(rows, columns)),
    )
    return orthogonal(std, gain, rows, columns)


def _matrix(shape: Sequence[int], key: str) -> tuple[int, int]:
    shape = checked_shape(shape)
    if len(shape) != 2:
        raise ShapeError("shape.matrix", shape=shape, scheme=key, dimensions=len(shape))
    return shape[0], shape[1]


def sparse_law(shape: Sequence[int], p: Params) -> Law:
    """Zeros, so many a column, and a normal law."""
    rows, columns = _matrix(shape, "sparse")
    return sparse(given_value(r"\sigma", p["std"]), p["sparsity"], rows, columns)


def eye_law(shape: Sequence[int], _: Params) -> Law:
    """Ones on the diagonal, else 0."""
    rows, columns = _matrix(shape, "eye")
    symbolic = r"\min(\mathrm{rows},\,\mathrm{columns})/(\mathrm{rows}\cdot\mathrm{columns})"
    numeric = rf"\min({rows},\,{columns})/({rows}\cdot{columns})"
    ones, n = min(rows, columns), rows * columns
    pattern = Pattern("eye_", (), (rows, columns))
    return indicator(Expression(symbolic, numeric, ones / n), ones, pattern)


def dirac_law(shape: Sequence[int], p: Params) -> Law:
    """Ones in the middle of the kernels, else 0."""
    shape, groups = checked_shape(shape), p["groups"]
    if len(shape) not in {3, 4, 5}:
        raise ShapeError("shape.kernel", shape=shape)
    if shape[0] % groups:
        raise ShapeError("shape.dirac", shape=shape, groups=groups)
    ones, n = groups * min(shape[0] // groups, shape[1]), math.prod(shape)
    # torch's own sizes[0] and sizes[1]: outputs and inputs, but of a transposed weight the other way round
    symbolic = r"k\cdot\min(\mathrm{size}_0/k,\,\mathrm{size}_1)/n"
    numeric = rf"{groups}\cdot\min({shape[0]}/{groups},\,{shape[1]})/{n}"
    pattern = Pattern("dirac_", (("groups", groups),), shape)
    return indicator(Expression(symbolic, numeric, ones / n), ones, pattern)
