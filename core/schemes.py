"""The schemes: one row each, what its source claims beside how torch draws it.

To add a scheme, add a row to ``_ROWS`` (and, if it brings a new parameter, its domain to
``PARAMETERS``); the tests then hold the row to ``torch.nn.init`` and to its own law.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from numbers import Real
from types import MappingProxyType
from typing import Any, NamedTuple

from torch import Generator, Tensor, nn

from core.errors import ParameterError, SchemeError
from core.fans import Fans, checked_shape
from core.laws import Expression, Law, normal, point, symmetric_uniform, uniform

Value = float | str
Params = Mapping[str, Any]


_Build = Callable[[Sequence[int], Params], Law]


class Source(NamedTuple):
    """Where a scheme comes from."""

    citation: str
    title: str
    url: str


class Call(NamedTuple):
    """One call of ``torch.nn.init``: the function's name and its arguments after the tensor."""

    function: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a scheme's parameter may be: one of ``choices``, or a number from ``minimum``."""

    choices: tuple[str, ...] = ()
    minimum: float = -math.inf

    def checked(self, name: str, value: object) -> Value:
        """Return ``value`` if it is allowed.

        Raises:
            ParameterError: otherwise, saying what is.
        """
        if self.choices:
            if value in self.choices:
                return str(value)
            raise ParameterError(
                f"{name} must be one of {', '.join(self.choices)}; it was {value!r}.",
                code="parameter.choice",
                name=name,
                value=value,
                choices=self.choices,
            )
        if not isinstance(value, bool) and isinstance(value, Real):
            size = abs(float(value))
            if (size == 0 or SMALLEST <= size <= LARGEST) and float(value) >= self.minimum:
                return float(value)
        sign = "" if self.minimum == -math.inf else " and not negative"
        raise ParameterError(
            f"{name} must be 0 or a number between {SMALLEST:g} and {LARGEST:g} in size{sign}; "
            f"it was {value!r}.",
            code="parameter.number",
            name=name,
            value=value,
            minimum=self.minimum,
        )


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
    _call: Callable[[Params], Call]

    def checked(self, params: Params) -> dict[str, Value]:
        """Fill in the defaults and check every value.

        Raises:
            ParameterError: for an unknown name, a value outside its domain, or a ≥ b.
        """
        unknown = [name for name in params if name not in self.params]
        if unknown:
            takes = ", ".join(self.params) or "no parameters"
            raise ParameterError(
                f"{self.key} takes {takes}; it was given {', '.join(unknown)}.",
                code="parameter.unknown",
                name=unknown[0],
                scheme=self.key,
            )
        values = {
            name: PARAMETERS[name].checked(name, params.get(name, default))
            for name, default in self.params.items()
        }
        low, high = values.get("a"), values.get("b")
        if isinstance(low, float) and isinstance(high, float) and low >= high:
            raise ParameterError(
                f"a must be less than b; they were a = {low:g} and b = {high:g}.",
                code="parameter.order",
                name="b",
                a=low,
                b=high,
            )
        return values

    def law(self, shape: Sequence[int], **params: Any) -> Law:
        """Return the law of one entry of a weight of this ``shape``, ``(out, in, *kernel)``.

        Raises:
            ShapeError: if the shape has no fans and the scheme needs them.
            ParameterError: see ``checked``.
        """
        return _law_of(self._law, checked_shape(shape), tuple(self.checked(params).items()))

    def call(self, **params: Any) -> Call:
        """Return the ``torch.nn.init`` call that draws this scheme."""
        return self._call(self.checked(params))

    def fill_(self, tensor: Tensor, *, generator: Generator, **params: Any) -> Tensor:
        """Fill ``tensor`` in place, taking randomness from ``generator`` alone."""
        function, arguments = self.call(**params)
        if function not in _DETERMINISTIC:
            arguments = {**arguments, "generator": generator}
        filled: Tensor = getattr(nn.init, function)(tensor, **arguments)
        return filled


@lru_cache(maxsize=1024)
def _law_of(build: _Build, shape: tuple[int, ...], params: tuple[tuple[str, Value], ...]) -> Law:
    """Build a law once: every step of a request asks for it again, and scipy takes its time."""
    return build(shape, dict(params))


#: Functions of torch.nn.init that draw nothing and so take no generator.
_DETERMINISTIC = frozenset({"constant_", "zeros_", "ones_"})

FAN_IN, FAN_OUT = r"\mathrm{fan\_in}", r"\mathrm{fan\_out}"


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
    """Return g·√(square/F): the std for ``square`` 1, the uniform bound for 3 (He et al. 2015)."""
    fans = Fans.of(shape)
    fan = fans.fan_in if p["mode"] == "fan_in" else fans.fan_out
    symbol = FAN_IN if p["mode"] == "fan_in" else FAN_OUT
    name, slope = p["nonlinearity"], p["a"]
    # `a` acts only as leaky_relu's negative slope.
    gain = nn.init.calculate_gain(name, slope if name == "leaky_relu" else None)
    value = gain * math.sqrt(square / fan)

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
    return Expression(write(symbol, "a"), write(str(fan), slope_text), value)


#: calculate_gain's gains that are neither 1 nor √2.
_GAIN_FRACTIONS = {"tanh": r"\tfrac{5}{3}", "selu": r"\tfrac{3}{4}"}


def _xavier_scale(shape: Sequence[int], p: Params, square: int) -> Expression:
    """Return g·√(square/(fan_in + fan_out)): std for 2, bound for 6 (Glorot & Bengio 2010)."""
    fans, gain = Fans.of(shape), p["gain"]
    value = gain * math.sqrt(square / (fans.fan_in + fans.fan_out))

    def write(gain_text: str, fan_in: str, fan_out: str) -> str:
        return rf"{gain_text}\sqrt{{{square}/({fan_in}+{fan_out})}}"

    symbolic = write("" if gain == 1 else "g", FAN_IN, FAN_OUT)
    numeric = write("" if gain == 1 else rf"{number(gain)}\cdot", str(fans.fan_in), str(fans.fan_out))
    return Expression(symbolic, numeric, value)


def _classic_bound(shape: Sequence[int]) -> Expression:
    """Return 1/√fan_in, the lesson's ±1/√d."""
    fan_in = Fans.of(shape).fan_in
    return Expression(rf"1/\sqrt{{{FAN_IN}}}", rf"1/\sqrt{{{fan_in}}}", 1 / math.sqrt(fan_in))


def _normal_law(_: Sequence[int], p: Params) -> Law:
    return normal(_given(r"\sigma", p["std"]), _given(r"\mu", p["mean"]))


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
LINEAR_DEFAULT = Source(
    "torch.nn.Linear",
    "PyTorch documentation; the rule is that of LeCun et al. 1998, Efficient BackProp",
    "https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html",
)

_ROWS = (
    Scheme(
        key="uniform",
        params={"b": 1.0, "a": 0.0},
        source=TORCH,
        _law=lambda _, p: uniform(_given("a", p["a"]), _given("b", p["b"])),
        _call=lambda p: Call("uniform_", {"a": p["a"], "b": p["b"]}),
    ),
    Scheme(
        key="normal",
        params={"std": 1.0, "mean": 0.0},
        source=TORCH,
        _law=_normal_law,
        _call=lambda p: Call("normal_", {"mean": p["mean"], "std": p["std"]}),
    ),
    Scheme(
        key="zeros",
        params={},
        source=TORCH,
        _law=lambda *_: point(_given("0", 0.0)),
        _call=lambda _: Call("zeros_", {}),
    ),
    Scheme(
        key="ones",
        params={},
        source=TORCH,
        _law=lambda *_: point(_given("1", 1.0)),
        _call=lambda _: Call("ones_", {}),
    ),
    Scheme(
        key="constant",
        params={"val": 5.0},
        source=TORCH,
        _law=lambda _, p: point(_given("c", p["val"])),
        _call=lambda p: Call("constant_", {"val": p["val"]}),
    ),
    Scheme(
        key="kaiming_normal",
        params=_KAIMING,
        source=HE_2015,
        _law=lambda shape, p: normal(_kaiming_scale(shape, p, 1)),
        _call=lambda p: Call("kaiming_normal_", p),
    ),
    Scheme(
        key="kaiming_uniform",
        params=_KAIMING,
        source=HE_2015,
        # a uniform law of variance s² reaches to ±√3·s
        _law=lambda shape, p: symmetric_uniform(_kaiming_scale(shape, p, 3)),
        _call=lambda p: Call("kaiming_uniform_", p),
    ),
    Scheme(
        key="xavier_normal",
        params={"gain": 1.0},
        source=GLOROT_2010,
        _law=lambda shape, p: normal(_xavier_scale(shape, p, 2)),
        _call=lambda p: Call("xavier_normal_", p),
    ),
    Scheme(
        key="xavier_uniform",
        params={"gain": 1.0},
        source=GLOROT_2010,
        _law=lambda shape, p: symmetric_uniform(_xavier_scale(shape, p, 6)),
        _call=lambda p: Call("xavier_uniform_", p),
    ),
    Scheme(
        key="classic_uniform",
        params={},
        source=LINEAR_DEFAULT,
        _law=lambda shape, _: symmetric_uniform(_classic_bound(shape)),
        # the very call of nn.Linear.reset_parameters: √(6/((1+5)·fan_in)) = 1/√fan_in
        _call=lambda _: Call("kaiming_uniform_", {"a": math.sqrt(5)}),
    ),
)


def _by_key(rows: Sequence[Scheme]) -> Mapping[str, Scheme]:
    table = {row.key: row for row in rows}
    if len(table) != len(rows):
        raise SchemeError("Two rows have the same key.", code="scheme.duplicate")
    return MappingProxyType(table)


SCHEMES: Mapping[str, Scheme] = _by_key(_ROWS)


def scheme_of(key: str) -> Scheme:
    """Return the scheme with this ``key``.

    Raises:
        SchemeError: if there is none, naming those that exist.
    """
    if key not in SCHEMES:
        raise SchemeError(
            f"There is no scheme {key!r}; there are {', '.join(SCHEMES)}.",
            code="scheme.unknown",
            value=key,
        )
    return SCHEMES[key]
