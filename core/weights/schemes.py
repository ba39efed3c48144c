"""The schemes: one row each, what its source claims beside how torch draws it.

To add a scheme, add a row to ``_ROWS`` (and, if it brings a new parameter, its domain to
``PARAMETERS``); the tests then hold the row to ``torch.nn.init`` and to its own law.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from scipy import special
from torch import Generator, Tensor, nn

from core.checks import checked_kind, is_whole, real, unfit
from core.errors import ParameterError, SchemeError, ShapeError, shown
from core.generators import global_generators
from core.weights.fans import Fans, checked_shape
from core.weights.laws import (
    ONE,
    ZERO,
    Expression,
    Law,
    indicator,
    normal,
    orthogonal,
    point,
    sparse,
    symmetric_uniform,
    truncated_normal,
    uniform,
)

Value = float | str
Params = Mapping[str, Any]


#: A weight's shape, or its fans alone.
_Weight = Any
_Build = Callable[[_Weight, Params], Law]


class Source(NamedTuple):
    """Where a scheme comes from."""

    citation: str
    title: str
    url: str


class Call(NamedTuple):
    """One call of ``torch.nn.init``: the function's name and its arguments after the tensor."""

    function: str
    arguments: Mapping[str, Any]
    #: True if half precision is drawn in float32 and rounded afterwards
    cast: bool = False

    @property
    def random(self) -> bool:
        """False if the function draws nothing and so takes no generator."""
        return self.function not in {"constant_", "zeros_", "ones_", "eye_", "dirac_"}

    @property
    def elementwise(self) -> bool:
        """True if the function fills weight after weight, so that a part is filled as in the whole."""
        return self.function in _ELEMENTWISE and not self.cast

    def drawn_in(self, dtype: torch.dtype) -> torch.dtype:
        """Return what numbers that end in ``dtype`` are drawn in."""
        return torch.promote_types(dtype, torch.float32) if self.cast else dtype

    @property
    def takes_global(self) -> bool:
        """True if the function draws from torch's global generator, whatever it is given."""
        return self.function == "sparse_"


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a scheme's parameter may be: one of ``choices``, or a number within limits."""

    choices: tuple[str, ...] = ()
    minimum: float = -math.inf
    maximum: float = math.inf
    #: False where 0 makes no sense
    zero: bool = True
    whole: bool = False

    def checked(self, name: str, value: object) -> Value:
        """Return ``value`` if it is allowed.

        Raises:
            ParameterError: otherwise, saying what is.
        """
        if self.choices:
            if isinstance(value, str) and value in self.choices:
                return str(value)
            raise ParameterError("parameter.choice", name=name, value=value, choices=self.choices)
        if self.whole:
            if is_whole(value, self.minimum, self.maximum):
                return int(value)  # type: ignore[call-overload,no-any-return]
        else:
            number = real(value)
            size = abs(number)
            allowed = SMALLEST <= size <= LARGEST or (size == 0 and self.zero)
            if allowed and self.minimum <= number <= self.maximum:
                return number
        raise ParameterError(
            self._refusal,
            name=name,
            value=value,
            minimum=self.minimum,
            maximum=self.maximum,
            smallest=SMALLEST,
            largest=LARGEST,
        )

    @property
    def _refusal(self) -> str:
        if self.whole:
            return "parameter.number:short"
        if self.maximum < math.inf:
            return "parameter.number:between"
        if self.minimum == -math.inf:
            return "parameter.number:any" if self.zero else "parameter.number:any_not_0"
        return "parameter.number:positive_or_0" if self.zero else "parameter.number:positive"


#: Sizes a parameter may have: all that float32 can hold, with room for fourth powers in float64.
SMALLEST, LARGEST = 1e-30, 1e30

#: The nonlinearities for which torch.nn.init.calculate_gain has a gain.
NONLINEARITIES = ("linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu")
_CONVOLUTIONS = tuple(f"conv{t}{d}d" for t in ("", "_transpose") for d in (1, 2, 3))

PARAMETERS: Mapping[str, Parameter] = MappingProxyType(
    {
        "a": Parameter(),
        "b": Parameter(),
        "mean": Parameter(),
        "std": Parameter(minimum=0.0),
        "val": Parameter(),
        "gain": Parameter(minimum=0.0),
        "mode": Parameter(choices=("fan_in", "fan_out")),
        "nonlinearity": Parameter(choices=NONLINEARITIES + _CONVOLUTIONS),
        "sparsity": Parameter(minimum=0.0, maximum=1.0),
        "groups": Parameter(minimum=1, maximum=65_536, whole=True),
        "scale": Parameter(minimum=0.0, zero=False),
        "distribution": Parameter(choices=("truncated_normal", "normal", "uniform")),
        "n_layer": Parameter(minimum=1, maximum=65_536, whole=True),
        "sigma": Parameter(minimum=0.0),
        # 0 is the layer's own fan_in
        "d_model": Parameter(minimum=0, maximum=1_048_576, whole=True),
        "layer_id": Parameter(minimum=0, maximum=65_535, whole=True),
        "role": Parameter(choices=("q", "k", "v", "o", "wi", "wo", "embedding")),
        "d_kv": Parameter(minimum=1, maximum=65_536, whole=True),
        "factor": Parameter(minimum=0.0),
        "base_width": Parameter(minimum=1, maximum=1_048_576, whole=True),
        "omega": Parameter(minimum=0.0, zero=False),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """One way to start a weight tensor.

    ``key`` is for machines (URL, text catalogue, test ids): never shown, never renamed. ``params``
    maps each parameter to its default, the parameter that matters most first.
    """

    key: str
    params: Mapping[str, Value]
    source: Source
    _law: _Build
    _call: Callable[[Sequence[int], Params], Call]
    #: parameters whose domain is this scheme's own
    _own: Mapping[str, Parameter] = field(default_factory=dict)

    def domain(self, name: str) -> Parameter:
        """Return what the parameter ``name`` may be in this scheme.

        Raises:
            ParameterError: if no scheme has such a parameter.
        """
        if not isinstance(name, str) or name not in PARAMETERS:
            raise self._unknown(name)
        return self._own.get(name, PARAMETERS[name])

    def checked(self, params: Params) -> dict[str, Value]:
        """Fill in the defaults and check every value.

        Raises:
            ParameterError: for an unknown name, a value outside its domain, or a ≥ b.
        """
        unknown = [
            name for name in checked_kind("params", params, Mapping, "a mapping") if name not in self.params
        ]
        if unknown:
            raise self._unknown(*unknown)
        values = {
            name: self.domain(name).checked(name, params.get(name, default))
            for name, default in self.params.items()
        }
        low, high = values.get("a"), values.get("b")
        if isinstance(low, float) and isinstance(high, float) and low >= high:
            raise ParameterError("parameter.order", name="b", a=low, b=high)
        return values

    def _unknown(self, *names: object) -> ParameterError:
        """Return the error that says that this scheme has no such parameters."""
        takes = ", ".join(self.params) or "no parameters"
        given = ", ".join(
            name if isinstance(name, str) and name.isprintable() and len(name) < 64 else shown(name)
            for name in names[:8]
        )
        return ParameterError("parameter.unknown", name=names[0], scheme=self.key, takes=takes, given=given)

    def law(self, shape: Sequence[int] | Fans, **params: Any) -> Law:
        """Return the law of one entry of a weight of this ``shape``, ``(out, in, *kernel)``.

        In place of a shape, fans will do for a scheme that reads nothing else.

        Raises:
            ShapeError: if the shape has no fans and the scheme needs them, or is fans and it needs more.
            ParameterError: see ``checked``.
        """
        sizes = shape if isinstance(shape, Fans) else checked_shape(shape)
        return _law_of(self._law, sizes, tuple(self.checked(params).items()))

    def call(self, shape: Sequence[int], **params: Any) -> Call:
        """Return the ``torch.nn.init`` call that draws this scheme into a weight of this ``shape``."""
        return self._call(checked_shape(shape), self.checked(params))

    def fill_(self, tensor: Tensor, *, generator: Generator, **params: Any) -> Tensor:
        """Fill ``tensor`` in place, taking randomness from ``generator`` alone.

        Raises:
            InitLabError: see ``law``; also for no tensor that torch fills, or no generator on its device.
        """
        _check_fillable(tensor)
        if checked_kind("generator", generator, Generator, "a torch.Generator").device != tensor.device:
            raise unfit("generator", generator, f"a torch.Generator on {tensor.device}")
        self.law(tensor.shape, **params)  # says what is wrong in our words, not in torch's
        call = self.call(tensor.shape, **params)
        if call.takes_global:
            return _with_global(generator, lambda: run(call, tensor))
        return run(call, tensor, generator=generator) if call.random else run(call, tensor)


def run(call: Call, tensor: Tensor, **generator: Generator) -> Tensor:
    """Fill ``tensor`` in place by a call of ``torch.nn.init``."""
    function: Callable[..., Tensor] = getattr(nn.init, call.function)
    drawn_in = call.drawn_in(tensor.dtype)
    if drawn_in == tensor.dtype:
        return function(tensor, **call.arguments, **generator)
    drawn = torch.empty(tensor.shape, dtype=drawn_in, device=tensor.device)
    with torch.no_grad():
        return tensor.copy_(function(drawn, **call.arguments, **generator))


def _check_fillable(tensor: object) -> None:
    """Refuse what torch.nn.init does not fill.

    Raises:
        ParameterError: unless it is a dense floating tensor that holds each of its numbers by itself.
    """
    if not isinstance(tensor, Tensor) or tensor.is_nested or tensor.layout != torch.strided or tensor.is_meta:
        raise unfit("tensor", tensor, "a dense tensor with numbers")
    if not tensor.dtype.is_floating_point or tensor.dtype.itemsize == 1:
        raise unfit("tensor", tensor, "of a dtype that torch draws in, as float32")
    if any(step == 0 and size > 1 for step, size in zip(tensor.stride(), tensor.shape, strict=True)):
        raise unfit("tensor", tensor, "of numbers of its own, not expanded")


@lru_cache(maxsize=1024)
def _law_of(build: _Build, shape: tuple[int, ...] | Fans, params: tuple[tuple[str, Value], ...]) -> Law:
    """Build a law once: every step of a request asks for it again, and scipy takes its time."""
    return build(shape, dict(params))


#: Functions of torch.nn.init that end in one uniform_, normal_ or fill_ with the law's own parameters.
_ELEMENTWISE = {"uniform_", "normal_", "constant_", "zeros_", "ones_"} | {
    f"{name}_{law}_" for name in ("kaiming", "xavier") for law in ("uniform", "normal")
}


def _with_global(generator: Generator, fill: Callable[[], Tensor]) -> Tensor:
    """Run ``fill`` with torch's global generators standing where ``generator`` stands, then put them back.

    On another device than the CPU, torch draws from both that device's generator and the CPU's; then
    both start from ``generator``'s seed, as after ``torch.manual_seed``.
    """
    on_cpu = generator.device.type == "cpu"
    with global_generators(generator.device, generator.initial_seed()):
        if on_cpu:
            torch.set_rng_state(generator.get_state())
        filled = fill()
        if on_cpu:
            generator.set_state(torch.get_rng_state())
    return filled


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


def _given(symbol: str, value: float) -> Expression:
    """Return the formula of a parameter that is simply given."""
    return Expression(symbol, number(value), value)


def _kaiming_scale(shape: Sequence[int], p: Params, square: int) -> Expression:
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


def _xavier_scale(shape: Sequence[int], p: Params, square: int) -> Expression:
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


def _classic_bound(shape: Sequence[int]) -> Expression:
    """Return 1/√fan_in, the lesson's ±1/√d."""
    fan_in = Fans.of(shape).fan_in
    value = _kaiming_scale(
        shape, {"mode": "fan_in", "nonlinearity": "leaky_relu", "a": math.sqrt(5)}, 3
    ).value
    return Expression(rf"1/\sqrt{{{FAN_IN}}}", rf"1/\sqrt{{{_written(fan_in)}}}", value)


def _normal_law(_: Sequence[int], p: Params) -> Law:
    return normal(_given(r"\sigma", p["std"]), _given(r"\mu", p["mean"]))


def _lecun_scale(shape: Sequence[int], square: int) -> Expression:
    """Return √(square/fan_in): the std for ``square`` 1, the uniform bound for 3."""
    return _kaiming_scale(shape, {"mode": "fan_in", "nonlinearity": "linear", "a": 0.0}, square)


def _trunc_normal_law(_: Sequence[int], p: Params) -> Law:
    ends = _given("a", p["a"]), _given("b", p["b"])
    return truncated_normal(_given(r"\sigma", p["std"]), *ends, _given(r"\mu", p["mean"]))


#: Where less of a normal law than this lies between the cuts, torch 2.13 proposes uniform weights and
#: keeps them by the ratio of the density to its peak.
NARROW = 0.3


def kept(law: Law) -> float:
    """Return the share of the normal law that lies between the cuts of ``law``."""
    (mean, std), (low, high) = law.uncut or (0.0, 1.0), law.support
    a, b = (low - mean) / std, (high - mean) / std
    return float(special.ndtr(b) - special.ndtr(a)) if a < 0 else float(special.ndtr(-a) - special.ndtr(-b))


def proposals(law: Law) -> float:
    """Return how many uniform proposals between the cuts torch needs for a weight, in a narrow cut."""
    (mean, _), (low, high) = law.uncut or (0.0, 1.0), law.support
    return (high - low) * float(law.pdf(min(max(mean, low), high)))


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


def _variance_scaling_law(shape: Sequence[int], p: Params) -> Law:
    std = _variance_scaling(shape, p)
    if p["distribution"] == "normal":
        return normal(std)
    if p["distribution"] == "uniform":
        return symmetric_uniform(_times(r"\sqrt{3}", math.sqrt(3), std))
    parent = std.value / CUT_AT_TWO
    s0 = Expression(rf"{std.symbolic}/c", rf"{std.numeric}/{CUT_AT_TWO:.6g}", parent)
    ends = (Expression(rf"{sign}2\sigma", number(x), x) for sign, x in (("-", -2 * parent), ("", 2 * parent)))
    return truncated_normal(s0, *ends)


def _variance_scaling_call(shape: Sequence[int], p: Params) -> Call:
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


def _gpt2_std(p: Params) -> Expression:
    """Return std/√(2·n_layer): two residual projections a layer (Radford et al. 2019, section 2.3)."""
    layers, std = p["n_layer"], p["std"]
    return Expression(r"s/\sqrt{2L}", rf"{number(std)}/\sqrt{{2\cdot{layers}}}", std / math.sqrt(2 * layers))


def _mup_std(shape: Sequence[int], p: Params, *, output: bool) -> Expression:
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


def _small_std(shape: Sequence[int], p: Params) -> Expression:
    """Return √(2/(5d)): Glorot's std of a feed-forward layer d → 4d, for all layers alike."""
    d = _width(shape, p)
    return Expression(r"\sqrt{2/(5d)}", rf"\sqrt{{2/(5\cdot {_written(d)})}}", math.sqrt(2 / (5 * d)))


def _wang_std(shape: Sequence[int], p: Params) -> Expression:
    """Return 2/(L√d), of the projections into the residual stream."""
    d, layers = _width(shape, p), p["n_layer"]
    return Expression(
        r"2/(L\cdot\sqrt{d})", rf"2/({layers}\cdot\sqrt{{{_written(d)}}})", 2 / layers / math.sqrt(d)
    )


def _llama_std(_: Sequence[int], p: Params) -> Expression:
    """Return std/√(2(l + 1)), l counted from 0.

    torchtitan draws it by trunc_normal_ with its cuts at ±2, which are over 100 std away.
    """
    at, std = p["layer_id"], p["std"]
    return Expression(
        r"s/\sqrt{2\cdot(l+1)}", rf"{number(std)}/\sqrt{{2\cdot({at}+1)}}", std / math.sqrt(2 * (at + 1))
    )


def _t5_std(shape: Sequence[int], p: Params) -> Expression:
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


def _siren_bound(shape: Sequence[int], p: Params) -> Expression:
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


def _orthogonal_law(shape: Sequence[int], p: Params) -> Law:
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


def _sparse_law(shape: Sequence[int], p: Params) -> Law:
    rows, columns = _matrix(shape, "sparse")
    return sparse(_given(r"\sigma", p["std"]), math.ceil(p["sparsity"] * rows), rows, columns)


def _eye_law(shape: Sequence[int], _: Params) -> Law:
    rows, columns = _matrix(shape, "eye")
    symbolic = r"\min(\mathrm{rows},\,\mathrm{columns})/(\mathrm{rows}\cdot\mathrm{columns})"
    numeric = rf"\min({rows},\,{columns})/({rows}\cdot{columns})"
    ones, n = min(rows, columns), rows * columns
    return indicator(Expression(symbolic, numeric, ones / n), ones, n)


def _dirac_law(shape: Sequence[int], p: Params) -> Law:
    shape, groups = checked_shape(shape), p["groups"]
    if len(shape) not in {3, 4, 5} or shape[0] % groups:
        raise ShapeError("shape.dirac", shape=shape, groups=groups)
    ones, n = groups * min(shape[0] // groups, shape[1]), math.prod(shape)
    symbolic = r"k\cdot\min(\mathrm{out}/k,\,\mathrm{in})/n"
    numeric = rf"{groups}\cdot\min({shape[0]}/{groups},\,{shape[1]})/{n}"
    return indicator(Expression(symbolic, numeric, ones / n), ones, n)


_KAIMING: Mapping[str, Value] = {"nonlinearity": "leaky_relu", "mode": "fan_in", "a": 0.0}

_TORCH_INIT = "https://docs.pytorch.org/docs/stable/nn.init.html"
TORCH = Source("torch.nn.init", "PyTorch documentation", _TORCH_INIT)
HE_2015 = Source(
    "He et al. 2015",
    "Delving Deep into Rectifiers: Surpassing Human-Level Performance on ImageNet Classification",
    "https://arxiv.org/abs/1502.01852",
)
GLOROT_2010 = Source(
    "Glorot & Bengio 2010",
    "Understanding the difficulty of training deep feedforward neural networks",
    "https://proceedings.mlr.press/v9/glorot10a.html",
)
LECUN_1998 = Source(
    "LeCun et al. 1998",
    "Efficient BackProp",
    "https://doi.org/10.1007/3-540-49430-8_2",
)
KLAMBAUER_2017 = Source(
    "Klambauer et al. 2017",
    "Self-Normalizing Neural Networks; the rule is that of LeCun et al. 1998, Efficient BackProp",
    "https://arxiv.org/abs/1706.02515",
)
KERAS = Source(
    "Keras VarianceScaling",
    "Keras documentation",
    "https://keras.io/api/layers/initializers/",
)
SAXE_2013 = Source(
    "Saxe et al. 2013",
    "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks",
    "https://arxiv.org/abs/1312.6120",
)
MARTENS_2010 = Source(
    "Martens 2010",
    "Deep learning via Hessian-free optimization",
    "https://www.cs.toronto.edu/~jmartens/docs/Deep_HessianFree.pdf",
)
RADFORD_2019 = Source(
    "Radford et al. 2019",
    "Language Models are Unsupervised Multitask Learners",
    "https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf",
)
YANG_2022 = Source(
    "Yang et al. 2022",
    "Tensor Programs V: Tuning Large Neural Networks via Zero-Shot Hyperparameter Transfer",
    "https://arxiv.org/abs/2203.03466",
)
NGUYEN_2019 = Source(
    "Nguyen & Salazar 2019",
    "Transformers without Tears: Improving the Normalization of Self-Attention",
    "https://arxiv.org/abs/1910.05895",
)
BLACK_2022 = Source(
    "Black et al. 2022",
    "GPT-NeoX-20B: An Open-Source Autoregressive Language Model, section 2.2; Wang's rule is that of "
    "Mesh Transformer JAX",
    "https://arxiv.org/abs/2204.06745",
)
TORCHTITAN = Source(
    "torchtitan, depth_init",
    "torchtitan source, llama3 model, TransformerBlock",
    "https://github.com/pytorch/torchtitan/tree/v0.1.0/torchtitan/models/llama3",
)
RAFFEL_2020 = Source(
    "Raffel et al. 2020",
    "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer; the stds are those "
    "of its code, Mesh TensorFlow",
    "https://arxiv.org/abs/1910.10683",
)
SITZMANN_2020 = Source(
    "Sitzmann et al. 2020",
    "Implicit Neural Representations with Periodic Activation Functions",
    "https://arxiv.org/abs/2006.09661",
)
LINEAR_DEFAULT = Source(
    "torch.nn.Linear",
    "PyTorch documentation; the rule is that of LeCun et al. 1998, Efficient BackProp",
    "https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html",
)


def _normal_row(
    key: str,
    params: Mapping[str, Value],
    source: Source,
    std: Callable[[_Weight, Params], Expression],
) -> Scheme:
    """Return the row of a scheme that is N(0, std²)."""
    return Scheme(
        key=key,
        params=params,
        source=source,
        _law=lambda weight, p: normal(std(weight, p)),
        _call=lambda weight, p: Call("normal_", {"std": std(weight, p).value}),
    )


def _siren_row(key: str, params: Mapping[str, Value]) -> Scheme:
    """Return the row of a scheme that is uniform within ``_siren_bound``."""

    def call(shape: Sequence[int], p: Params) -> Call:
        bound = _siren_bound(shape, p).value
        return Call("uniform_", {"a": -bound, "b": bound})

    return Scheme(
        key=key,
        params=params,
        source=SITZMANN_2020,
        _law=lambda weight, p: symmetric_uniform(_siren_bound(weight, p)),
        _call=call,
    )


_ROWS = (
    Scheme(
        key="uniform",
        params={"b": 1.0, "a": 0.0},
        source=TORCH,
        _law=lambda _, p: uniform(_given("a", p["a"]), _given("b", p["b"])),
        _call=lambda _, p: Call("uniform_", {"a": p["a"], "b": p["b"]}),
    ),
    Scheme(
        key="normal",
        params={"std": 1.0, "mean": 0.0},
        source=TORCH,
        _law=_normal_law,
        _call=lambda _, p: Call("normal_", {"mean": p["mean"], "std": p["std"]}),
    ),
    Scheme(
        key="zeros",
        params={},
        source=TORCH,
        _law=lambda *_: point(ZERO),
        _call=lambda *_: Call("zeros_", {}),
    ),
    Scheme(
        key="ones",
        params={},
        source=TORCH,
        _law=lambda *_: point(ONE),
        _call=lambda *_: Call("ones_", {}),
    ),
    Scheme(
        key="constant",
        params={"val": 5.0},
        source=TORCH,
        _law=lambda _, p: point(_given("c", p["val"])),
        _call=lambda _, p: Call("constant_", {"val": p["val"]}),
    ),
    Scheme(
        key="kaiming_normal",
        params=_KAIMING,
        source=HE_2015,
        _law=lambda shape, p: normal(_kaiming_scale(shape, p, 1)),
        _call=lambda _, p: Call("kaiming_normal_", p),
    ),
    Scheme(
        key="kaiming_uniform",
        params=_KAIMING,
        source=HE_2015,
        # a uniform law of variance s² reaches to ±√3·s
        _law=lambda shape, p: symmetric_uniform(_kaiming_scale(shape, p, 3)),
        _call=lambda _, p: Call("kaiming_uniform_", p),
    ),
    Scheme(
        key="xavier_normal",
        params={"gain": 1.0},
        source=GLOROT_2010,
        _law=lambda shape, p: normal(_xavier_scale(shape, p, 2)),
        _call=lambda _, p: Call("xavier_normal_", p),
    ),
    Scheme(
        key="xavier_uniform",
        params={"gain": 1.0},
        source=GLOROT_2010,
        _law=lambda shape, p: symmetric_uniform(_xavier_scale(shape, p, 6)),
        _call=lambda _, p: Call("xavier_uniform_", p),
    ),
    Scheme(
        key="classic_uniform",
        params={},
        source=LINEAR_DEFAULT,
        _law=lambda shape, _: symmetric_uniform(_classic_bound(shape)),
        # the very call of nn.Linear.reset_parameters: √(6/((1+5)·fan_in)) = 1/√fan_in
        _call=lambda *_: Call("kaiming_uniform_", {"a": math.sqrt(5)}),
    ),
    Scheme(
        key="lecun_normal",
        params={},
        source=KLAMBAUER_2017,
        _law=lambda shape, _: normal(_lecun_scale(shape, 1)),
        _call=lambda *_: Call("kaiming_normal_", {"nonlinearity": "linear"}),
    ),
    Scheme(
        key="lecun_uniform",
        params={},
        source=LECUN_1998,
        _law=lambda shape, _: symmetric_uniform(_lecun_scale(shape, 3)),
        _call=lambda *_: Call("kaiming_uniform_", {"nonlinearity": "linear"}),
    ),
    Scheme(
        key="trunc_normal",
        params={"std": 1.0, "mean": 0.0, "a": -2.0, "b": 2.0},
        source=TORCH,
        _law=_trunc_normal_law,
        _call=lambda _, p: Call("trunc_normal_", p),
        _own={"std": Parameter(minimum=0.0, zero=False)},
    ),
    Scheme(
        key="variance_scaling",
        params={"distribution": "truncated_normal", "scale": 1.0, "mode": "fan_in"},
        source=KERAS,
        _law=_variance_scaling_law,
        _call=_variance_scaling_call,
        _own={"mode": Parameter(choices=("fan_in", "fan_out", "fan_avg"))},
    ),
    Scheme(
        key="orthogonal",
        params={"gain": 1.0},
        source=SAXE_2013,
        _law=_orthogonal_law,
        _call=lambda _, p: Call("orthogonal_", p),
    ),
    Scheme(
        key="orthogonal_cast",
        params={"gain": 1.0},
        source=SAXE_2013,
        _law=_orthogonal_law,
        _call=lambda _, p: Call("orthogonal_", p, cast=True),
    ),
    Scheme(
        key="sparse",
        params={"sparsity": 0.1, "std": 0.01},
        source=MARTENS_2010,
        _law=_sparse_law,
        _call=lambda _, p: Call("sparse_", p),
    ),
    Scheme(
        key="eye",
        params={},
        source=TORCH,
        _law=_eye_law,
        _call=lambda *_: Call("eye_", {}),
    ),
    Scheme(
        key="dirac",
        params={"groups": 1},
        source=TORCH,
        _law=_dirac_law,
        _call=lambda _, p: Call("dirac_", p),
    ),
    _normal_row("gpt2_residual", {"n_layer": 12, "std": 0.02}, RADFORD_2019, lambda _, p: _gpt2_std(p)),
    _normal_row("llama_residual", {"layer_id": 0, "std": 0.02}, TORCHTITAN, _llama_std),
    _normal_row("small_init", {"d_model": 0}, NGUYEN_2019, _small_std),
    _normal_row("wang_init", {"n_layer": 12, "d_model": 0}, BLACK_2022, _wang_std),
    _normal_row("t5", {"role": "q", "d_kv": 64, "factor": 1.0}, RAFFEL_2020, _t5_std),
    _normal_row(
        "mup_hidden", {"sigma": 1.0, "base_width": 1}, YANG_2022, lambda w, p: _mup_std(w, p, output=False)
    ),
    _normal_row(
        "mup_output", {"sigma": 1.0, "base_width": 1}, YANG_2022, lambda w, p: _mup_std(w, p, output=True)
    ),
    _siren_row("siren_first", {}),
    _siren_row("siren_hidden", {"omega": 30.0}),
)


def _by_key(rows: Sequence[Scheme]) -> Mapping[str, Scheme]:
    table = {row.key: row for row in rows}
    if len(table) != len(rows):
        raise SchemeError("scheme.duplicate")
    return MappingProxyType(table)


SCHEMES: Mapping[str, Scheme] = _by_key(_ROWS)


def scheme_of(key: str) -> Scheme:
    """Return the scheme with this ``key``.

    Raises:
        SchemeError: if there is none, naming those that exist.
    """
    if not isinstance(key, str) or key not in SCHEMES:
        raise SchemeError("scheme.unknown", value=key, schemes=tuple(SCHEMES))
    return SCHEMES[key]
