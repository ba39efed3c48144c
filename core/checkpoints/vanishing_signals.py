"""Signals that vanish or explode from layer to layer of one kind, on their way through a module or back."""

import math
import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

import numpy as np

from ..networks.module_signal import LayerSignal
from ..signals.fate import FAR, fate
from .finding import SIGNALS, Finding

#: Fewer layers of one kind than these are no way to go.
_FEW = 3


def fading(layers: Sequence[LayerSignal], *, trained: bool) -> Iterator[Finding]:
    """Say whether the signal, or its gradient, changes by more than a thousand, with the kind of most.

    Layers are of one kind that have one class and one name but for its numbers: others differ by what they
    are for. A start is judged as it stands; of a model that was trained, what it was drawn as.
    """
    kinds: dict[tuple[str, str], list[LayerSignal]] = {}
    for each in layers:
        kinds.setdefault((each.kind, re.sub(r"\d+", "#", each.name)), []).append(each)
    worst: dict[tuple[str, object], Finding] = {}
    for members in kinds.values():
        for found in _judged(members, trained=trained):
            at = found.kind, found.evidence["what"]
            worst[at] = max(worst.get(at, found), found, key=_change)
    yield from worst.values()


def _change(finding: Finding) -> float:
    return abs(math.log(finding.evidence["factor"]))


def _judged(members: Sequence[LayerSignal], *, trained: bool) -> Iterator[Finding]:
    """Yield what is found of layers of one kind, in their order for outputs and against it for gradients."""
    ways = {
        "output": [(each.name, each.output) for each in members],
        "gradient": [(each.name, each.gradient) for each in reversed(members)],
    }
    for what, way in ways.items():
        kind, first, last, layers = _end([rms.median if trained else rms.given for _, rms in way])
        if kind in SIGNALS:
            seeds = len(way[0][1].seeds)
            anew = [_end([rms.seeds[i] for _, rms in way])[0] for i in range(seeds)]
            facts = {"first": first, "last": last, "factor": last / first, "layers": layers}
            counted = {"anew": anew.count(kind), "seeds": seeds, "far": FAR}
            yield Finding(
                SIGNALS[kind], tuple(name for name, _ in way[:layers]), {"what": what, **facts, **counted}
            )


def _end(way: Sequence[float]) -> tuple[str, float, float, int]:
    """Return what becomes of root mean squares on their way, the first and last, and how many these are.

    A way ends before the first that is 0: a last layer that starts at 0 by design lets no gradient pass.
    """
    path = list(takewhile(lambda rms: rms > 0, way))
    if len(path) < _FEW:
        return "short", 0.0, 0.0, len(path)
    found = fate(np.square(np.array([path])))
    return found.kind, path[0], path[-1], len(path)
