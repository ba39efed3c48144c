"""What a browser is told of a chart of weights that a hand can move, to follow without the server.

It is numbers, and templates of the very words that stand on the page; see ``pages/live``.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple
from urllib.parse import urlencode

from core import PARAMETERS, Band, Law, Summary
from core.weights import referee
from core.weights.laws import COVERAGE_SIGMAS
from core.weights.referee_checks import expected_counts
from core.weights.rounding import rounded_law
from core.weights.sampling import streams
from pages.figures.distribution import overlaid
from pages.figures.notation import plain
from pages.figures.palette import Palette
from pages.jobs.distribution import Drawn
from pages.jobs.moving import FANS, STILL, Asked, Moved, followed, is_whole
from pages.state.chosen import State
from pages.state.controls import MAX_FAN
from pages.text import Text
from pages.words.distribution import overlay
from pages.words.formulas import formula
from pages.words.moving_places import replaced, split, value_in, with_names, written

#: What an end of the law holds to, the first of these that it depends on: what is given before what it is
#: computed from.
BY_THE_END = (
    "std",
    "slope",
    "fan_in",
    "fan_out",
    "sigma",
    "gain",
    "scale",
    "factor",
    "omega",
    "n_layer",
    "layer_id",
    "n_decoder",
    "branch",
)
#: Families of laws of which the browser draws torch's own weights.
DRAWN_THERE = frozenset({"uniform", "normal"})
#: A number that is no whole one moves so many times as far down and up as it stands.
REACH = 100.0


def told(drawn: Drawn, state: State, t: Text) -> dict[str, Any] | None:
    """Return what the browser is told of a chart that a hand can move; None if nothing on it can be moved."""
    if drawn.law.continuous is None:
        return None
    moved = _movable(state)
    asked, summary, law = Asked.of(state), drawn.summary, drawn.law
    known = _weights(asked, summary, law, state)
    if not _can_move(moved, [known], state):
        return None
    return {
        **_seen(summary, state),
        **known,
        "shares": _shares(summary, law),
        "comes_to": law.parameters[0].value,
        "errors": _errors(summary, law),
        "controls": {name: _control(name, how, state, law) for name, how in moved.items()},
        "linear": state.is_linear,
        "ends": _ends(law, moved),
        **_over(state, moved, t),
        "words": _common(tuple(moved), t)
        | _words(asked, law, tuple(moved), t)
        | _finding(drawn, state, t)
        | _across_zero(drawn, asked, moved, t),
    }


class Side(NamedTuple):
    """One of several laws in panels: what it follows from, its weights, and the words above its panel."""

    asked: Asked
    summary: Summary
    law: Law
    #: with {std}, and {bound} or {low} and {high}, where its numbers go
    title: str
    #: control → the law's own number that it is; one that is not here does nothing to this law
    numbers: Mapping[str, str]
    #: what the seed has drawn before these weights: (law's family, numbers), in order
    before: Sequence[tuple[str, int]] = ()


def told_alone(side: Side, state: State, t: Text) -> dict[str, Any] | None:
    """Return what the browser is told of weights of which the seed alone can be moved; None if it cannot."""
    asked, summary, law = side.asked, side.summary, side.law
    known = _weights(asked, summary, law, state)
    if not _can_move({}, [known], state):
        return None
    more = {"shares": _shares(summary, law), "controls": {}, "ends": [], "before": side.before}
    return {**_seen(summary, state), **known, **more, "words": _common((), t) | _words(asked, law, (), t)}


def told_together(
    sides: Sequence[Side], controls: Mapping[str, Mapping[str, Any]], state: State, t: Text
) -> dict[str, Any] | None:
    """Return what the browser is told of panels that one hand moves; None if nothing on them can be moved.

    ``controls`` gives of each control its value, whether that is whole, and its limits.
    """
    free = {name: {**of, "side": ""} for name, of in controls.items() if name not in state.fixed}
    panels = [_panel(side, tuple(free), state) for side in sides]
    if not _can_move([end for panel in panels for end in panel["ends"]], panels, state):
        return None
    by_family = {
        panel["family"]: _shares(side.summary, side.law) for panel, side in zip(panels, sides, strict=True)
    }
    return {
        **_seen(sides[0].summary, state),
        "shares": {family: shares for family, shares in by_family.items() if family != "other"},
        "controls": free,
        "panels": panels,
        "words": _common(tuple(free), t),
    }


def _panel(side: Side, names: tuple[str, ...], state: State) -> dict[str, Any]:
    """Return what the browser is told of one panel, beside what it is told of all."""
    asked, law, numbers = side.asked, side.law, side.numbers
    found = {name: followed(asked, numbers[name]) if name in numbers else STILL for name in names}
    known = None not in found.values() and law.continuous is not None
    follows = {name: how for name, how in found.items() if known and how}
    weights = _weights(asked, side.summary, law, state)
    return {
        **weights,
        "drawn": known and weights["drawn"],
        "known": known,
        "linear": {*FANS} <= {*side.numbers.values()},
        "follows": {name: how.scaling._asdict() for name, how in follows.items() if how.scaling},
        "ends": _ends(law, {name: how for name, how in follows.items() if not how.is_still}),
        "title": side.title,
        **({"before": side.before} if side.before else {}),
    }


def _can_move(moved: Collection[object], panels: Sequence[Mapping[str, Any]], state: State) -> bool:
    """Tell whether a hand can move anything: a number, or the seed of weights that the browser draws."""
    return bool(moved) or ("seed" not in state.fixed and any(panel["drawn"] for panel in panels))


def _seen(summary: Summary, state: State) -> dict[str, Any]:
    """Return what is the same for all panels of a chart."""
    return {
        "token": urlencode(state.query()),
        "seed": state["seed"],
        "seeded": "seed" not in state.fixed,
        "bins": len(summary.counts),
        "sigmas": COVERAGE_SIGMAS,
    }


def _weights(asked: Asked, summary: Summary, law: Law, state: State) -> dict[str, Any]:
    """Return what the browser is told of a law and the weights drawn of it."""
    ends = dict(zip(("low", "high"), map(_finite, law.support), strict=True))
    return {
        "scheme": asked.scheme,
        "shape": list(asked.shape),
        "n": summary.n,
        "std": summary.std,
        "family": law.family if law.family in {"uniform", "normal"} else "other",
        "drawn": _is_drawn_there(asked, law, state),
        "law": {"mean": law.mean, "std": law.std, **ends},
        "outside": max((1 - band.probability for band in law.bands), default=0.0),
    }


def _over(state: State, names: Collection[str], t: Text) -> dict[str, Any]:
    """Return what the browser is told of the scheme whose bounds lie over the weights; empty if of none.

    Of a control that does nothing to them it is told nothing, and None of one that does what is not simple.
    """
    over = overlay(state, t)
    if over is None:
        return {}
    asked, law = Asked(str(state["overlay"]), state.shape, ()), over.law
    found = {name: followed(asked, name) if name in FANS else STILL for name in names}
    follows = {
        name: how.scaling._asdict() if how and how.scaling else None
        for name, how in found.items()
        if how is None or not how.is_still
    }
    ends = [[band.low, band.high] for band in law.bands]
    return {"over": {"mean": law.mean, "ends": ends, "words": overlaid(over), "follows": follows}}


def _movable(state: State) -> dict[str, Moved]:
    """Return the controls that move the law simply, and that a visitor may change."""
    fans = FANS if state.is_linear else ()
    names = [*fans, *(name for name in state.params if not PARAMETERS[name].choices)]
    found = {name: followed(Asked.of(state), name) for name in names if name not in state.fixed}
    return {name: how for name, how in found.items() if how is not None and not how.is_still}


def _shares(summary: Summary, law: Law) -> list[float]:
    """Return the share of the weights that each bin should have; a number of digits that no picture shows."""
    expected = expected_counts(summary.n, summary.edges, law, summary.dtype)
    return [float(f"{share:.6g}") for share in (expected / summary.n).tolist()]


def _errors(summary: Summary, law: Law) -> dict[str, Any]:
    """Return the standard errors of one weight, of mean and std in stds; of n they are √n times smaller.

    Beside them stand the law's own excess kurtosis, as the dtype rounds it, and from how many weights on
    each is told. Empty of laws that no browser draws.
    """
    if law.family not in DRAWN_THERE:
        return {}
    least = {
        name: int(n) for name, n in referee.least_compared(law, summary.dtype).items() if math.isfinite(n)
    }
    n = max(summary.n, *least.values(), 1)
    found = referee.standard_errors(n, law, summary.dtype)
    units = {"mean": law.std, "std": law.std, "excess_kurtosis": 1.0}
    one = {name: math.sqrt(n) * error / units[name] for name, error in found.items()}
    return one | {"of_law": rounded_law(law, summary.dtype).excess_kurtosis, "least": least}


def _finite(x: float) -> float | None:
    return x if math.isfinite(x) else None


def _is_drawn_there(asked: Asked, law: Law, state: State) -> bool:
    """Tell whether the browser can draw torch's own weights of this kind."""
    known = law.family in DRAWN_THERE and state["dtype"] == "float32"
    streamed = streams(asked.scheme, asked.shape, state.device, **dict[str, Any](asked.params))
    return known and streamed and state.device == "cpu" and state.layer.padding_idx is None


def _control(name: str, how: Moved, state: State, law: Law) -> dict[str, Any]:
    """Return a number as it stands, how far it goes, and what it does."""
    least, most = _limits(name, how, state, law)
    known = {"value": state[name], "whole": is_whole(name), "least": least, "most": most, "side": how.side}
    return known | (how.scaling._asdict() if how.scaling else {})


def _limits(name: str, how: Moved, state: State, law: Law) -> tuple[float, float]:
    """Return the smallest and the largest number that a hand can reach from here."""
    value, (low, high) = float(state[name]), law.support
    if name in FANS:
        known = fan(name, state, state.limit)
        return known["least"], known["most"]
    domain, wide = PARAMETERS[name], high - low
    if domain.whole:
        return max(domain.minimum, 0 if how.scaling and how.scaling.plus else 1), domain.maximum
    if how.scaling:
        reach = (0.0, max(10.0, value)) if how.scaling.square else (value / REACH, value * REACH)
        return max(domain.minimum, reach[0]), min(domain.maximum, reach[1])
    return {
        "mean": (value - 10 * law.std, value + 10 * law.std),
        "low": (high - 10 * wide, high - wide / REACH),
        "high": (low + wide / REACH, low + 10 * wide),
    }[how.side]


def fan(name: str, state: State, limit: int) -> dict[str, Any]:
    """Return one fan of a layer with no more than ``limit`` weights: what it is, and between what."""
    other = FANS[1 - FANS.index(name)]
    most = max(1, min(MAX_FAN, limit // int(state[other])))
    return {"value": state[name], "whole": True, "least": 1, "most": most}


def _ends(law: Law, moved: Mapping[str, Moved]) -> list[dict[str, str]]:
    """Return which control each end that is drawn holds to."""
    by_side = {how.side: name for name, how in moved.items() if how.side in {"low", "high"}}
    if by_side:
        return [{"end": end, "name": name} for end, name in by_side.items()]
    names = [name for name in (*BY_THE_END, *moved) if name in moved and moved[name].scaling]
    return [{"end": end, "name": names[0]} for end in ("low", "high")] if names and law.bands else []


def _common(names: tuple[str, ...], t: Text) -> dict[str, Any]:
    """Return the words of a hand, whatever it moves."""
    return {
        "here": t("live.here"),
        "waits": t("live.waits"),
        "was": t("live.was", name="{name}", value="{value}", before="{before}"),
        "wide": t("live.wide", times="{times}"),
        "hint": t("live.hint"),
        "hint_ends": t("live.hint_ends"),
        "play": t("live.play"),
        "stop": t("live.stop"),
        "names": {name: t(f"control.{name}") for name in names},
        "handles": {name: t("live.handle", name=t(f"control.{name}")) for name in names},
        "layer": escape(t("context.layer", fan_in="{fan_in}", fan_out="{fan_out}")),
    }


def _words(asked: Asked, law: Law, names: tuple[str, ...], t: Text) -> dict[str, Any]:
    """Return the words on the chart that move, with {names} where their numbers stand."""
    band = _coverage(law)
    texts: dict[str, Any] = {
        "inside": t("live.inside", inside="{inside}", bars="{bars}"),
        "ends": _ends_written(asked, law, names),
        "flat": t("chart.theory_flat", density="{density}"),
    }
    if band is not None:
        texts["beyond"] = _beyond(band, t)
    return texts


def _beyond(band: Band, t: Text) -> str:
    return t("chart.beyond", observed="{outside}", band=plain(band.formula), expected="{expected}")


def _across_zero(drawn: Drawn, asked: Asked, names: Collection[str], t: Text) -> dict[str, Any]:
    """Return the words that change as a mean leaves 0 or comes to it: one of 0 is not written."""
    if "mean" not in names:
        return {}
    other = asked.law(mean=0.0 if drawn.law.mean else 1.0)
    band = _coverage(other)
    if band is None:
        return {}
    low, high = map(plain, band.ends)
    words = {"ends": {band.kind: {"low": low, "high": high}}, "beyond": _beyond(band, t)}
    found = {"finding": _within(band, t)} if drawn.verdict.consistent else {}
    return {"across_zero": words | found}


def _finding(drawn: Drawn, state: State, t: Text) -> dict[str, str]:
    """Return the finding, with {names} where its numbers stand, if it follows from them."""
    law, band = drawn.law, _coverage(drawn.law)
    if not drawn.verdict.consistent or law.family not in {"uniform", "normal"}:
        return {}
    if band is not None:
        return {"finding": _within(band, t)}
    return {
        "finding": t("finding.wall", bound="{high}"),
        "rounded": t("finding.wall_rounded", bound="{high}", exact="{exact}", dtype=state["dtype"]),
        "interval": t("finding.interval", low="{low}", high="{high}"),  # where one end is moved alone
    }


def _within(band: Band, t: Text) -> str:
    numbers = {"observed": "{outside}", "n": "{n}", "expected": "{expected}"}
    return t("finding.coverage", band=plain(band.formula), **numbers)


def _coverage(law: Law) -> Band | None:
    return next((band for band in law.bands if band.kind == "coverage"), None)


def _ends_written(asked: Asked, law: Law, names: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """Return what is written at the low and the high end of each kind of band, but for their values."""
    found = with_names(asked, names)
    own, others = (
        [[plain(end) for end in band.ends] for band in one.bands] for one in (law, found.law or law)
    )
    now = {text: written(asked.number(name)) for name, text in found.texts.items()}
    if [[replaced(end, now) for end in band] for band in others] == own:  # a mean of 0 is not written
        places = {text: f"{{{name}}}" for name, text in found.texts.items()}
        own = [[replaced(end, places) for end in band] for band in others]
    kinds = [band.kind for band in law.bands]
    return {kind: {"low": low, "high": high} for kind, (low, high) in zip(kinds, own, strict=True)}


def marked(drawn: Drawn, state: State, look: Palette) -> tuple[str, list[str]]:
    """Return the formula with what moves in it coloured: the controls' numbers, and the value that follows.

    And their names in the order in which they stand; "=" is the value.
    """
    asked = Asked.of(state)
    found = with_names(asked, tuple(_movable(state)))
    if found.law is None:
        return formula(drawn.law), []
    words, value, tail = split(formula(found.law), found.law)
    order = sorted(found.texts, key=lambda name: words.index(found.texts[name]))
    for name, text in found.texts.items():
        words = words.replace(text, rf"\textcolor{{{look.law}}}{{{written(asked.number(name))}}}")
    if value:
        words += rf"\textcolor{{{look.ink}}}{{{value_in(drawn.law)}}}{tail}"
    return words, order + ["="] * bool(value)
