"""What a hand can move on a chart of weights, as a browser needs it to follow without the server.

The browser has numbers, and templates of the very words that stand on the page; see ``pages/live``.
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import Any, NamedTuple
from urllib.parse import urlencode

from core import PARAMETERS, SCHEMES, InitLabError, Law
from core.weights.laws import COVERAGE_SIGMAS
from core.weights.parameters import Parameter
from core.weights.referee_checks import expected_counts
from core.weights.sampling import streams
from core.weights.scheme_laws import number
from pages.figures.notation import plain
from pages.figures.palette import Palette
from pages.jobs.distribution import Drawn
from pages.state.chosen import State, read_by_torch
from pages.state.controls import MAX_FAN
from pages.state.parsers import Value
from pages.text import Text
from pages.text.numbers import count, expected_count
from pages.words.distribution_tables import expected_beyond, yardstick_of
from pages.words.formulas import formula

#: The browser draws so many weights at most between two pictures.
LIVE = 1 << 20
FANS = ("fan_in", "fan_out")
#: What an end of the law holds to, the first of these that it depends on: what is given before what it is
#: computed from.
BY_THE_END = ("std", "fan_in", "fan_out", "sigma", "gain", "scale", "factor", "omega", "n_layer", "layer_id")
#: A number that is no whole one moves so many times as far down and up as it stands.
REACH = 100.0


class Scaling(NamedTuple):
    """How a law's width follows a number x: as (x + plus)^power, or as (1 + x²)^power."""

    plus: float
    square: bool
    power: float

    def of(self, x: float) -> float:
        """Return the width at ``x``, but for a factor."""
        return float((1 + x * x if self.square else x + self.plus) ** self.power)


class Moved(NamedTuple):
    """What a number does to the law: move one of its sides, or make it wider and narrower."""

    side: str = ""
    scaling: Scaling | None = None


def told(drawn: Drawn, state: State, t: Text) -> dict[str, Any] | None:
    """Return what the browser is told of a chart that a hand can move; None if nothing on it can be moved."""
    moved = {
        name: how
        for name in _numbers(state)
        if name not in state.fixed and (how := _how(*_asked(state), name)) is not None
    }
    if not moved or drawn.law.continuous is None:
        return None
    law, summary = drawn.law, drawn.summary
    wide = (state.shape[0] * state.shape[1]) if _is_linear(state) else 0
    seeded = law.random and "seed" not in state.fixed
    return {
        "token": urlencode(state.query()),
        "scheme": state["scheme"],
        "shape": list(state.shape),
        "seed": state["seed"],
        "seeded": seeded,
        "n": summary.n,
        "bins": len(summary.counts),
        "family": law.family if law.family in {"uniform", "normal"} else "other",
        "drawn": _is_drawn_there(drawn, state),
        "std": summary.std,
        "comes_to": law.parameters[0].value,
        "law": {
            "mean": law.mean,
            "std": law.std,
            "low": _finite(law.support[0]),
            "high": _finite(law.support[1]),
        },
        "sigmas": COVERAGE_SIGMAS,
        "shares": _shares(drawn),
        "outside": max((1 - band.probability for band in law.bands), default=0.0),
        "controls": {name: _control(name, how, state) for name, how in moved.items()},
        "linear": wide > 0,
        "ends": _ends(law, moved),
        "words": _words(drawn, state, moved, t),
        "said": _said(drawn),
        "formula": [],
    }


def _shares(drawn: Drawn) -> list[float]:
    """Return the share of the weights that each bin should have; a number of digits that no picture shows."""
    summary = drawn.summary
    expected = expected_counts(summary.n, summary.edges, drawn.law, summary.dtype)
    return [float(f"{share:.6g}") for share in (expected / summary.n).tolist()]


def _said(drawn: Drawn) -> dict[str, str]:
    """Return the numbers beyond the yardstick as the chart has them, by which its label is known."""
    yardstick = yardstick_of(drawn)
    if yardstick is None:
        return {}
    band, outside = yardstick
    return {"outside": count(outside), "expected": expected_count(expected_beyond(drawn, band))}


def _finite(x: float) -> float | None:
    return x if math.isfinite(x) else None


def _is_linear(state: State) -> bool:
    return not state["layer"] and "layer" not in state.refusals


def _is_drawn_there(drawn: Drawn, state: State) -> bool:
    """Tell whether the browser can draw torch's own weights of this kind."""
    known = drawn.law.family in {"uniform", "normal"} and state["dtype"] == "float32"
    streamed = streams(state["scheme"], state.shape, state.device, **state.params)
    return known and streamed and state.device == "cpu" and state.layer.padding_idx is None


def _numbers(state: State) -> list[str]:
    """Return the controls that are numbers of this draw."""
    fans = FANS if _is_linear(state) else ()
    return [*fans, *(name for name in state.params if not PARAMETERS[name].choices)]


def _asked(state: State) -> tuple[str, tuple[int, ...], tuple[tuple[str, Value], ...]]:
    """Return what the law follows from, as a key of a cache."""
    return str(state["scheme"]), state.shape, tuple(state.params.items())


def _law(scheme: str, shape: tuple[int, ...], params: Mapping[str, Any], **other: Any) -> Law:
    """Return the law with other numbers than it has."""
    outputs, inputs = other.get("fan_out", shape[0]), other.get("fan_in", shape[1])
    shape = (outputs, inputs) if other.keys() & set(FANS) else shape
    known = {name: other.get(name, value) for name, value in params.items()}
    return SCHEMES[scheme].law(shape, **read_by_torch(known))


@lru_cache(maxsize=1024)
def _how(
    scheme: str, shape: tuple[int, ...], params: tuple[tuple[str, Value], ...], name: str
) -> Moved | None:
    """Return what a number does to the law; None if nothing simple."""
    if side := _SIDES.get((scheme, name)):
        return Moved(side)
    scaling = _scaling(scheme, shape, dict(params), name)
    return None if scaling is None else Moved(scaling=scaling)


#: The numbers that do not make a law wider about its mean, and what they move.
_SIDES = {("uniform", "a"): "low", ("uniform", "b"): "high", ("normal", "mean"): "mean"}


def _scaling(scheme: str, shape: tuple[int, ...], given: Mapping[str, Any], name: str) -> Scaling | None:
    """Return how a law's width follows a number, as the law itself has it at two others."""
    now = _now(name, shape, given)
    if now < 0 or (now == 0 and name == "d_model"):  # 0 is the layer's own fan_in
        return None
    others = (now + 1, 2 * now + 3) if _is_whole(name) else (1.5 * now + 0.25, 3 * now + 0.5)
    places = [int(x) if _is_whole(name) else x for x in (now, *others)]
    try:
        first, *laws = [_law(scheme, shape, given, **{name: x}) for x in places]
    except InitLabError:
        return None
    alike = all(law.family == first.family and law.mean == first.mean for law in laws)
    if not alike or first.std == laws[0].std:
        return None
    return next((one for one in _scalings(shape) if _fits(one, places, [first, *laws])), None)


def _fits(scaling: Scaling, places: Sequence[float], laws: Sequence[Law]) -> bool:
    """Tell whether laws at these places are as wide as this says."""
    if places[0] == 0 and not scaling.square and scaling.plus == 0:
        return False
    ratios = [scaling.of(x) / scaling.of(places[0]) for x in places]
    return all(_is_times(law, laws[0], ratio) for law, ratio in zip(laws, ratios, strict=True))


def _is_times(law: Law, first: Law, ratio: float) -> bool:
    """Tell whether a law is another one made wider, in its std and its walls."""
    walls = law.support[1] - law.mean, (first.support[1] - first.mean) * ratio
    return math.isclose(law.std, first.std * ratio, rel_tol=1e-9) and math.isclose(*walls, rel_tol=1e-9)


def _scalings(shape: tuple[int, ...]) -> list[Scaling]:
    """Return the ways in which the widths of all schemes follow their numbers."""
    plus = dict.fromkeys((0.0, 1.0, *map(float, shape)))
    return [
        *(Scaling(p, square=False, power=power) for p in plus for power in (-0.5, 1.0, 0.5, -1.0)),
        Scaling(0.0, square=True, power=-0.5),
    ]


def _control(name: str, how: Moved, state: State) -> dict[str, Any]:
    """Return a number as it stands, how far it goes, and what it does."""
    value = state[name]
    domain = Parameter(minimum=1, maximum=MAX_FAN, whole=True) if name in FANS else PARAMETERS[name]
    least, most = _limits(name, how, state, domain)
    scaling = how.scaling
    return {
        "value": value,
        "whole": _is_whole(name),
        "least": least,
        "most": most,
        "side": how.side,
        "plus": scaling.plus if scaling else 0,
        "square": scaling.square if scaling else False,
        "power": scaling.power if scaling else 1,
    }


def _limits(name: str, how: Moved, state: State, domain: Parameter) -> tuple[float, float]:
    """Return the smallest and the largest number that a hand can reach from here."""
    value = float(state[name])
    if name in FANS:
        other = FANS[1 - FANS.index(name)]
        return 1, max(1, min(MAX_FAN, state.limit // int(state[other])))
    if domain.whole:
        return max(domain.minimum, 0 if how.scaling and how.scaling.plus else 1), domain.maximum
    law = _law(*_asked(state)[:2], state.params)
    if how.side == "mean":
        return value - 10 * law.std, value + 10 * law.std
    if how.side:
        low, high = law.support
        width = high - low
        return (
            (high - 10 * width, high - width / REACH)
            if how.side == "low"
            else (low + width / REACH, low + 10 * width)
        )
    if how.scaling is not None and how.scaling.square:
        return 0.0, max(10.0, value)
    return max(domain.minimum, value / REACH), min(domain.maximum, value * REACH)


def _ends(law: Law, moved: Mapping[str, Moved]) -> list[dict[str, str]]:
    """Return which control each end that is drawn holds to."""
    by_side = {how.side: name for name, how in moved.items() if how.side in {"low", "high"}}
    if by_side:
        return [{"end": end, "name": name} for end, name in by_side.items()]
    names = [name for name in (*BY_THE_END, *moved) if name in moved and moved[name].scaling]
    return [{"end": end, "name": names[0]} for end in ("low", "high")] if names and law.bands else []


#: Numbers that stand nowhere by chance: put into a law, they show where its words have each.
_WHOLE, _REAL = (48_611, 51_713, 4_937, 5_279), (0.59107, 0.61223, 0.73459, 0.86113)


def _words(drawn: Drawn, state: State, moved: Mapping[str, Moved], t: Text) -> dict[str, Any]:
    """Return the words that move, with {names} where their numbers stand."""
    law = drawn.law
    band = next((band for band in law.bands if band.kind == "coverage"), None)
    texts = {
        "here": t("live.here"),
        "waits": t("live.waits"),
        "was": t("live.was", name="{name}", value="{value}", before="{before}"),
        "wide": t("live.wide", times="{times}"),
        "hint": t("live.hint"),
        "play": t("live.play"),
        "stop": t("live.stop"),
        "inside": t("live.inside", inside="{inside}", bars="{bars}"),
        "names": {name: t(f"control.{name}") for name in moved},
        "handles": {name: t("live.handle", name=t(f"control.{name}")) for name in moved},
        "layer": escape(t("context.layer", fan_in="{fan_in}", fan_out="{fan_out}")),
        "ends": _ends_written(state, law, moved),
        "flat": t("chart.theory_flat", density="{density}"),
    }
    if band is not None:
        beyond = {"band": plain(band.formula), "expected": "{expected}"}
        texts["beyond"] = t("chart.beyond", observed="{outside}", **beyond)
        texts["finding"] = t("finding.coverage", observed="{outside}", n="{n}", **beyond)
    elif law.support[0] != -law.support[1]:
        texts["finding"] = t("finding.interval", low="{low}", high="{high}")
    else:
        texts["finding"] = t("finding.wall", bound="{high}")
        texts["rounded"] = t("finding.wall_rounded", bound="{high}", exact="{exact}", dtype=state["dtype"])
    if not drawn.verdict.consistent or law.family not in {"uniform", "normal"}:
        texts.pop("finding", None)
    return texts


def _ends_written(state: State, law: Law, moved: Mapping[str, Moved]) -> list[list[str]]:
    """Return what is written at both ends of each band, but for their values."""
    found = _with_names(*_asked(state), tuple(moved))
    names = {text: f"{{{name}}}" for name, text in found.texts.items()}
    shape, given = state.shape, state.params
    now = {text: _written(_now(name, shape, given)) for name, text in found.texts.items()}
    stood = [[plain(end) for end in band.ends] for band in law.bands]
    others = [[plain(end) for end in band.ends] for band in (found.law or law).bands]
    if [[_replaced(end, now) for end in band] for band in others] != stood:
        return stood  # a mean of 0 is not written
    return [[_replaced(end, names) for end in band] for band in others]


def _replaced(text: str, by: Mapping[str, str]) -> str:
    for old, new in by.items():
        text = text.replace(old, new)
    return text


class Named(NamedTuple):
    """A law with numbers in place of its own that tell where each stands in its words."""

    #: control → its number as it is written there
    texts: Mapping[str, str]
    law: Law | None


@lru_cache(maxsize=1024)
def _with_names(
    scheme: str, shape: tuple[int, ...], params: tuple[tuple[str, Value], ...], names: tuple[str, ...]
) -> Named:
    """Return a law with other numbers for those of the controls that can be seen in its formula."""
    asked = scheme, shape, params
    seen = tuple(name for name in names if _named(*asked, (name,)).law)
    return _named(*asked, seen) if seen else Named({}, None)


def _named(
    scheme: str, shape: tuple[int, ...], params: tuple[tuple[str, Value], ...], names: tuple[str, ...]
) -> Named:
    """Return a law with other numbers for these controls, if with their own its formula is as it stands."""
    whole, given = iter(_WHOLE), dict(params)
    others: dict[str, float] = {
        name: next(whole) if _is_whole(name) else x for name, x in zip(sorted(names), _REAL, strict=False)
    }
    texts = {name: _written(x) for name, x in others.items()}
    try:
        law, other = _law(scheme, shape, given), _law(scheme, shape, given, **others)
    except InitLabError:
        return Named({}, None)
    words = formula(other)
    now = {text: _written(_now(name, shape, given)) for name, text in texts.items()}
    head, value, tail = _split(words, other)
    stands = _replaced(head, now) + (_value(law) if value else "") + tail == formula(law)
    return Named(texts, other) if stands and all(words.count(text) == 1 for text in now) else Named({}, None)


def _is_whole(name: str) -> bool:
    return name in FANS or PARAMETERS[name].whole


def _now(name: str, shape: tuple[int, ...], given: Mapping[str, Any]) -> float:
    """Return a control's own number."""
    return float(given[name]) if name in given else float(shape[1 - FANS.index(name)])


def _written(x: float) -> str:
    """Write a number as formulas have it."""
    return str(int(x)) if x == int(x) and abs(x) >= 1e6 else number(x)


def _value(law: Law) -> str:
    """Return a law's first number as its formula ends with it."""
    return number(float(f"{law.parameters[0].value:.4g}"))


def _split(words: str, law: Law) -> tuple[str, str, str]:
    """Return a formula before the value that it ends with, that value, and what closes it."""
    end = rf"\;{_value(law)}$"
    if not words.endswith("=}" + end):
        return words, "", ""
    return words[: -len(_value(law)) - 1], _value(law), "$"


def marked(drawn: Drawn, state: State, look: Palette) -> tuple[str, list[str]]:
    """Return the formula with what moves in it coloured: the controls' numbers, and the value that follows.

    And their names in the order in which they stand; "=" is the value.
    """
    asked = _asked(state)
    names = tuple(name for name in _numbers(state) if name not in state.fixed and _how(*asked, name))
    found = _with_names(*asked, names)
    if found.law is None:
        return formula(drawn.law), []
    words, value, tail = _split(formula(found.law), found.law)
    order = sorted(found.texts, key=lambda name: words.index(found.texts[name]))
    for name, text in found.texts.items():
        now = _written(_now(name, *asked[1:2], dict(asked[2])))
        words = words.replace(text, rf"\textcolor{{{look.law}}}{{{now}}}")
    if value:
        words += rf"\textcolor{{{look.ink}}}{{{_value(drawn.law)}}}{tail}"
    return words, order + ["="] * bool(value)
