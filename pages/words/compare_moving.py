"""What a browser is told of the comparison's panels: one hand on the layer's size moves them all."""

import math
from collections.abc import Sequence
from typing import Any

from core.weights.sampling import streams
from pages.figures.compare import titled
from pages.jobs.compare import Compared, params_of
from pages.jobs.moving import FANS, Asked
from pages.state.chosen import State
from pages.state.conflicts.compare import MAX_HELD
from pages.state.operator_limits import limit
from pages.text import Text
from pages.words import moving
from pages.words.common import brief
from pages.words.compare import finding_templates, phrase_template


def told(rows: Sequence[Compared], state: State, t: Text) -> dict[str, Any] | None:
    """Return what the browser is told; None if nothing can be moved.

    Where all layers are given whole, the seed alone is.
    """
    sides = [_side(row, state, t) for row in rows]
    own = [side for side in sides if side.numbers]
    controls = {name: moving.fan(name, state, _most(own, sides, state)) for name in FANS} if own else {}
    told = moving.told_together(sides, controls, state, t)
    if told and all(row.drawn.verdict.consistent for row in rows):
        told["words"]["spread"] = finding_templates(t)
        for panel, row in zip(told["panels"], rows, strict=True):
            panel["brief"] = row.brief
    return told


def _side(row: Compared, state: State, t: Text) -> moving.Side:
    title = titled(brief(row.name), phrase_template(row.drawn.law, t))
    asked = Asked(row.entry.scheme, row.layer.shape, tuple(params_of(row.entry).items()))
    numbers = {fan: fan for fan in FANS} if state.is_linear and not row.entry.fans else {}
    return moving.Side(asked, row.drawn.summary, row.drawn.law, title, numbers)


def _most(own: Sequence[moving.Side], sides: Sequence[moving.Side], state: State) -> int:
    """Return how many weights a panel that follows the layer may have beside the others."""
    fixed = sum(math.prod(side.asked.shape) for side in sides if not side.numbers)
    held = [
        MAX_HELD
        for side in own
        if not streams(side.asked.scheme, side.asked.shape, state.device, **dict[str, Any](side.asked.params))
    ]
    return min([(limit("COMPARED") - fixed) // len(own), *held])
