"""Why a law is as wide as it is, and why its bound has its form, from this layer's own numbers."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from core import SCHEMES, Law
from core.weights.fans import Fans
from core.weights.scheme_laws import deepnorm_gain
from core.weights.summary import rounded_to
from pages.jobs import signal_theory
from pages.jobs.distribution import Drawn
from pages.state.chosen import State
from pages.state.controls import MAX_WIDTH
from pages.state.link import link_with
from pages.text import Text, sentences
from pages.text.numbers import count, factor, quantity
from pages.words import common
from pages.words.common import Onward, units


def cause(drawn: Drawn, state: State, t: Text) -> str:
    """Return the line below the finding: what the width is for, and where that puts the bound."""
    law, scheme = drawn.law, state["scheme"]
    say: Mapping[str, Callable[[Law, State, Text], str]] = {
        "kaiming_normal": _kaiming,
        "kaiming_uniform": _kaiming,
        "xavier_normal": _xavier,
        "xavier_uniform": _xavier,
        "classic_uniform": _classic,
        "orthogonal": _orthogonal,
        "orthogonal_cast": _orthogonal,
        "deepnorm": _deepnorm,
        "fixup": _fixup,
        "siren_first": _siren_first,
        "siren_hidden": _siren_hidden,
    }
    # torch's fans are not everywhere the true ones; what follows from them then holds for no signal
    why = _any if law.family == "point" else say.get(scheme, _any)  # of a gain of 0 no scheme's words hold
    words = why(law, state, t) if state.layer.faithful else ""
    if (
        why is _xavier and state.layer.kind == "Bilinear"
    ):  # whose inputs act through as many weights in two ways
        words = ""
    wall = _wall(law, scheme, t) if state["tab"] == "histogram" else ""  # which the other views have not
    return common.cause(sentences(words, wall))


def onward(state: State, t: Text) -> Onward | None:
    """Lead on to what such weights do to a signal; None where the layer is not a linear one."""
    if not state.is_linear or state["scheme"] == "dirac":
        return None
    width = min(int(state["fan_in"]), MAX_WIDTH)
    return Onward(
        t("onward.signal"), "signal", link_with(rows=state.as_entry(), width=width, seed=state["seed"])
    )


def _fans(state: State) -> Fans:
    return Fans.of(state.shape)


def _product(law: Law, fan: float) -> float:
    """Return fan·E[w²]: what one layer makes of a mean square."""
    return fan * (law.std**2 + law.mean**2)


def _kaiming(law: Law, state: State, t: Text) -> str:
    fan = state["mode"]
    square = _product(law, getattr(_fans(state), fan))
    activation = "relu" if state["nonlinearity"] == "leaky_relu" and not state["a"] else state["nonlinearity"]
    part = _passed(activation, state["a"])
    facts = {"fan": fan, "square": _short(square), "activation": activation, "part": _short(part)}
    if math.isclose(square * part, 1, rel_tol=1e-6):
        return t("cause.width_back" if fan == "fan_out" else "cause.width_given_back", **facts)
    return t("cause.width_gain", gain=_short(math.sqrt(square)), **facts)


def _passed(activation: str, slope: float) -> float:
    """Return what an activation leaves of a mean square of 1; nan if theory is silent.

    Its slope leaves as much of a gradient's, for all that torch's gain makes up for: those of two lines.
    """
    if activation == "leaky_relu":
        return (1 + slope * slope) / 2
    return signal_theory.mean_square(activation, 1.0)


def _xavier(_: Law, state: State, t: Text) -> str:
    fans, gain = _fans(state), state["gain"]
    facts = {
        "variance": "Var(w)" if gain == 1 else f"Var(w)/{factor(_short(gain))}²",
        "fan_in": count(int(fans.fan_in)),
        "fan_out": count(int(fans.fan_out)),
    }
    return t("cause.width_both" if fans.fan_in == fans.fan_out else "cause.width_between", **facts)


def _classic(law: Law, _: State, t: Text) -> str:
    return t("cause.width_third", std=_short(law.std))


def _orthogonal(law: Law, _: State, t: Text) -> str:
    rows, columns = law.matrix or (1, 1)
    sides = t("finding.rows" if rows <= columns else "finding.columns")
    facts = {"length": _short(law.support[1]), "n": count(max(rows, columns)), "std": _short(law.std)}
    if min(rows, columns) == 1:
        return t("cause.width_vector", **facts)
    return t("cause.width_orthogonal", sides=sides, **facts)


def _deepnorm(law: Law, state: State, t: Text) -> str:
    fans, beta = _fans(state), deepnorm_gain(_params(state))
    return t(
        "cause.width_deepnorm",
        std=_short(law.std),
        total=count(int(fans.fan_in + fans.fan_out)),
        beta=_short(beta.value),
    )


def _fixup(law: Law, state: State, t: Text) -> str:
    fan = getattr(_fans(state), state["mode"])
    return t(
        "cause.width_fixup",
        std=_short(law.std),
        fan=count(int(fan)),
        factor=_short(law.std / math.sqrt(2 / fan)),
    )


def _siren_first(_: Law, state: State, t: Text) -> str:
    return t("cause.width_siren_first", fan_in=count(int(_fans(state).fan_in)))


def _siren_hidden(law: Law, state: State, t: Text) -> str:
    facts = {
        "omega": factor(_short(state["omega"])),
        "product": _short(_product(law, float(_fans(state).fan_in))),
    }
    return t("cause.width_siren_hidden", **facts)


def _params(state: State) -> Mapping[str, Any]:
    return {name: state[name] for name in SCHEMES[state["scheme"]].params}


def _any(law: Law, state: State, t: Text) -> str:
    fan_in = _fans(state).fan_in
    if law.family == "indicator":
        return ""
    if state.layer.kind == "Bilinear" and (law.mean or law.family == "point"):  # it sums products, no x
        return ""
    if law.family == "point":
        (held,) = rounded_to(state.dtype, [law.mean])
        if units(state.layer) == 1:
            return t("cause.width_unit", value=_short(held))
        return t("cause.width_point", value=_short(held)) if held else t("cause.width_zero")
    if law.mean:
        facts = {"mean": _short(law.mean), "fan_in": count(int(fan_in)), "total": _short(law.mean * fan_in)}
        return t("cause.width_mean", **facts)
    product = _product(law, float(fan_in))
    is_one = math.isclose(product, 1, rel_tol=1e-6)
    return t("cause.width_one") if is_one else t("cause.width_any", product=_short(product))


def _wall(law: Law, scheme: str, t: Text) -> str:
    """Say where a uniform law of this std must end."""
    if law.family != "uniform" or law.mean or scheme == "classic_uniform":
        return ""
    return t("cause.wall", std=_short(law.std), bound=_short(law.support[1]))


def _short(value: float) -> str:
    return quantity(value, trim=True)
