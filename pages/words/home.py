"""What the doors of the home page say: a question, its answer in one sentence, and where it is shown."""

import math
from typing import NamedTuple

from core import SCHEMES
from core.signals import fate
from core.signals.fate import Setting
from pages.figures.checkpoint_map import bands
from pages.figures.home import Course, blocks, courses, listing, spreads
from pages.figures.palette import Palette
from pages.jobs import checkpoint, lesson
from pages.state.link import link_with
from pages.text import Text
from pages.text.numbers import quantity

#: The deep net of the first door: relu layers, each as wide as the last.
DEPTH, WIDTH = 30, 256
#: The schemes that it starts with, as on the signal page, and their short names; torch's default has none.
_STARTS = {"classic_uniform": "", "xavier_normal": "Xavier", "kaiming_normal": "He"}
#: activation → the scheme that it takes (He et al. 2015; Glorot & Bengio 2010; Klambauer et al. 2017)
_TAKES = {"relu": "kaiming_normal", "tanh": "xavier_normal", "selu": "lecun_normal"}
#: The layer for which they are written out: fan_in and fan_out.
_FANS = (512, 256)


#: Characters of what the lesson prints that a miniature has room for.
PRINTED = 25


class Door(NamedTuple):
    """One way in: a question, an answer, a miniature as HTML, and the page and link that it leads to."""

    key: str
    question: str
    answer: str
    miniature: str
    page: str
    query: dict[str, str]


def doors(t: Text, look: Palette) -> list[Door]:
    """Return the doors beside the draw that the page shows itself."""
    return [_deep(t, look), _which(t, look), _started(t, look), _lesson(t)]


def _deep(t: Text, look: Palette) -> Door:
    found = {key: _course(key) for key in _STARTS}
    rate = _rate("xavier_normal")
    left = found["xavier_normal"][-1] / found["xavier_normal"][0]
    numbers = {"rate": _short(rate), "depth": DEPTH, "left": quantity(left, digits=3)}
    lines = [Course(name or t("home.door.default"), found[key]) for key, name in _STARTS.items()]
    query = link_with(depth=DEPTH)
    return _door("deep", t, courses(lines, look), "signal", query, **numbers)


def _course(scheme: str) -> list[float]:
    """Return the RMS of each layer's activations in a wide relu network."""
    given = fate.setting(scheme, WIDTH)
    told = fate.expected(given or Setting(0.0, 0.0), "relu", depth=DEPTH)
    return [math.sqrt(square) for square in told.activation_mean_square.tolist()]


def _rate(scheme: str) -> float:
    """Return what one layer makes of the RMS."""
    course = _course(scheme)
    return course[-1] / course[-2]


def _which(t: Text, look: Palette) -> Door:
    fan_in, fan_out = _FANS
    stds = {key: SCHEMES[scheme].law((fan_out, fan_in)).std for key, scheme in _TAKES.items()}
    rows = [(f"{key}: {t(f'scheme.{_TAKES[key]}.name')}", std, _short(std)) for key, std in stds.items()]
    return _door(
        "which", t, spreads(rows, look), "signal", link_with(sight="gains"), fan_in=fan_in, fan_out=fan_out
    )


def _started(t: Text, look: Palette) -> Door:
    report = checkpoint.of("gpt2").report
    assert report.worst is not None  # noqa: S101 - its scale was forgotten
    wrong, square = {*report.worst.tensors}, report.worst.evidence["square"]
    rows = bands(report.rows, lambda row: 2 * (row.name in wrong))
    return _door("started", t, blocks(rows, look), "checkpoint", {}, wrong=len(wrong), square=square)


def _lesson(t: Text) -> Door:
    step, (shown, *_) = lesson.replayed(lesson.SEED)["kaiming"]
    code = step.code.splitlines()
    lines = [next(line for line in code if "manual_seed" in line), "nn.init.kaiming_normal_(w)"]
    return _door("lesson", t, listing(lines, f"{shown.printed[:PRINTED]} …"), "lesson", {})


def _door(key: str, t: Text, miniature: str, page: str, query: dict[str, str], **numbers: object) -> Door:
    question, answer = t(f"home.door.{key}"), t(f"home.door.{key}_answer", **numbers)
    return Door(key, question, answer, miniature, page, query)


def _short(value: float) -> str:
    return quantity(value, digits=3, trim=True)
