"""What a browser is told of a network's drawing that a hand can move: see ``pages/live/network.js``.

It draws torch's own weights of the seed where it can; else they are sent, if they are few.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from core import SCHEMES, Law
from core.networks.edits import MAX_EDITS
from core.networks.network import OWN, Dense
from core.weights.sampling import streams
from pages.figures import model as figures
from pages.figures.model import Column
from pages.figures.palette import Palette
from pages.jobs import model as jobs
from pages.jobs.model import SHOWN, NetworkRun
from pages.state.chosen import State
from pages.text import Text
from pages.words.model_findings import outcome_template

#: Parameters that are sent, of a network that the browser cannot draw.
SENT = 1500


def told(
    asked: NetworkRun, columns: Sequence[Column], state: State, look: Palette, t: Text
) -> dict[str, Any] | None:
    """Return what the browser is told of the drawing; None if nothing on it can be moved."""
    network = state.network
    sizes = (network.inputs, *(dense.units for dense in network.layers))
    if "edits" in state.fixed or max(sizes) > SHOWN or (asked.device, asked.dtype) != ("cpu", "float32"):
        return None
    is_drawn = asked.seed is not None and all(map(_is_drawn_there, network.layers, network.shapes))
    if not is_drawn and network.size > SENT:
        return None
    first = jobs.traced(asked._replace(edits=""), state["sample"])[0]
    return {
        "moves": "network",
        "token": urlencode(state.query()),
        "row": state["sample"],
        "x": first.x.tolist(),
        "inputs": network.inputs,
        "seed": asked.seed or 0,
        "layers": [_layer(*row) for row in zip(network.names, network.layers, network.shapes, strict=True)],
        "given": None if is_drawn else jobs.drawn_bytes(asked._replace(edits="")),
        "edits": [[list(edit.place), edit.value] for edit in state.edits],
        "most_edits": MAX_EDITS,
        "most": figures.most_lines(len(columns)),
        "gap": figures.GAP,
        "look": _look(look),
        "words": _words(columns, t) | {"outcome": outcome_template(state, t), "and": t("verdict.and")},
    }


def _is_drawn_there(dense: Dense, shape: tuple[int, int]) -> bool:
    """Tell whether the browser can draw torch's own weights of this layer."""
    params = dict[str, Any](dense.params)
    known = SCHEMES[dense.scheme].law(shape, **params).family in {"uniform", "normal", "point"}
    return known and streams(dense.scheme, shape, "cpu", **params)


def _layer(name: str, dense: Dense, shape: tuple[int, int]) -> dict[str, Any]:
    law = (
        None
        if dense.scheme == OWN
        else _law(SCHEMES[dense.scheme].law(shape, **dict[str, Any](dense.params)))
    )
    return {
        "name": name,
        "units": dense.units,
        "activation": dense.activation,
        "bias": dense.bias,
        "law": law,
    }


def _law(law: Law) -> dict[str, Any]:
    low, high = law.support if law.family == "uniform" else (None, None)
    return {"family": law.family, "mean": law.mean, "std": law.std, "low": low, "high": high}


def _look(look: Palette) -> dict[str, Any]:
    """Return how the drawing has its lines and circles."""
    negative, positive = look.diverging
    return {
        "negative": negative,
        "positive": positive,
        "paper": look.paper,
        "rule": look.rule,
        "ink2": look.ink2,
        "tint": figures.TINT,
        "shades": figures.SHADES,
        "widths": figures.WIDTHS,
        "thin": figures.THIN,
        "dash": figures.DASH,
        "times": look.times,
    }


def _words(columns: Sequence[Column], t: Text) -> dict[str, str]:
    """Return the words that move, with {names} where their numbers stand."""
    plain = [column._replace(by_hand=()) for column in columns]
    return {
        "legend": figures.legend(plain, "{largest}", t),
        "and_by_hand": t("drawing.and_by_hand"),
        "was": t("live.was", name="{name}", value="{value}", before="{before}"),
        "handle": t("live.handle", name="{name}"),
        "input": t("model.hand_input", feature="{feature}"),
        "weight": t("model.hand_weight", layer="{layer}", unit="{unit}", input="{input}"),
        "keys": t("model.hand_keys"),
        "hover_unit": t("drawing.hover_unit"),
        "hover_weight": t("drawing.hover_weight"),
        "row": t("drawing.row", row="{row}"),
        "hint": t("model.hand_hint"),
        "full": t("model.hand_full", most=MAX_EDITS),
        "clear": t("model.unedit"),
    }
