"""What a browser is told of the lesson: its weights, which follow the seed, the slope and its algebra."""

from collections.abc import Sequence
from typing import Any

from core.teaching.lesson import SQRT5, drawn_before
from core.weights.draw import Draw
from pages.figures.compare import titled
from pages.figures.palette import Palette
from pages.jobs.distribution import Drawn
from pages.jobs.lesson import SHAPE, Shown
from pages.jobs.moving import FANS, Asked
from pages.state.chosen import State
from pages.text import Text
from pages.words import moving
from pages.words.lesson import (
    headline_template,
    phrase_template,
    slope_formula,
    slope_name,
    slope_names,
    slope_templates,
)


def told_of_step(tensors: Sequence[Shown], state: State, t: Text) -> dict[str, Any] | None:
    """Return what the browser is told of a step's weights; None if the seed does nothing to them."""
    sides = [
        moving.Side(
            Asked(shown.scheme, SHAPE, ()),
            shown.summary,
            shown.law,
            titled(t(f"scheme.{shown.scheme}.name"), phrase_template(shown.law, t)),
            {},
            drawn_before(shown.scheme),
        )
        for shown in tensors
        if shown.law.random
    ]
    if not sides:
        return None
    told = (
        moving.told_alone(sides[0], state, t)
        if len(sides) == 1
        else moving.told_together(sides, {}, state, t)
    )
    if told:
        told["words"] |= _of_the_seed(t) | {"step": headline_template(state["step"], tensors, t)}
    return told


def _of_the_seed(t: Text) -> dict[str, str]:
    """Return the seed above the finding, with {seed} where it goes."""
    return {"seeded": t("lesson.seed", seed="{seed}")}


def told(draws: Sequence[Draw], drawn: Sequence[Drawn], state: State, t: Text) -> dict[str, Any] | None:
    """Return what the browser is told of the weights at the slope, and of nn.Linear's own below them."""
    fans = {fan: fan for fan in FANS}
    sides = [
        moving.Side(
            Asked(draw.key, draw.shape, draw.params),
            one.summary,
            one.law,
            titled(name, phrase_template(one.law, t)),
            numbers,
        )
        for draw, one, name, numbers in zip(
            draws, drawn, slope_names("{slope}", t), ({"slope": "a", **fans}, fans), strict=True
        )
    ]
    ends = {"least": 0.0, "most": SQRT5, "most_name": slope_name(SQRT5)}
    slope = {"value": state["slope"], "whole": False, "digits": 4, "field": "slid", **ends}
    controls = {"slope": slope} | {fan: moving.fan(fan, state, state.limit) for fan in FANS}
    told = moving.told_together(sides, controls, state, t)
    if told is None:
        return None
    told["words"] |= _of_the_seed(t) | {"slope": slope_templates(t)}
    return told | {"comes_to": drawn[0].law.support[1]}


def marked(a: float, fan_in: int, look: Palette) -> tuple[str, list[str]]:
    """Return the slope's algebra with what moves in it coloured, and the names of that in order.

    One that begins with "=" follows from the others. At √5 the algebra is another, and none is moved.
    """
    names: list[str] = []

    def colored(name: str, text: str) -> str:
        names.append(name)
        return rf"\textcolor{{{look.ink if name.startswith('=') else look.law}}}{{{text}}}"

    return slope_formula(a, fan_in, colored), names
