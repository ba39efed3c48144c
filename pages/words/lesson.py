"""What the lesson says at each stop: its finding, one thing to notice, and where it can be read."""

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape

from core import Law
from core.teaching import lesson
from core.teaching.lesson import FAN_IN, FAN_OUT, SOURCES, STEPS, OwnDefault
from core.teaching.quiz import KINDS
from core.weights.scheme_laws import number as in_latex
from pages.figures.compare import Panel
from pages.jobs import model
from pages.jobs.distribution import Drawn
from pages.jobs.lesson import SEED, Shown
from pages.state.chosen import State
from pages.state.controls import STOPS
from pages.state.link import link_with
from pages.text import Text, sentences
from pages.text.numbers import count, quantity
from pages.text.tables import table
from pages.words.common import folded, moving

#: The seed that the lesson sets.
LESSON_SEED = SEED
#: Where the one thing to notice at a stop can be read.
_READ: Mapping[str, tuple[str, ...]] = {
    "uniform": ("init", "linear"),
    "normal": ("init", "lecun"),
    "zeros": ("goodfellow",),
    "ones": ("goodfellow",),
    "constant": ("goodfellow", "init"),
    "kaiming": ("he",),
    "xavier": ("glorot",),
    "sqrt5": ("sqrt5", "linear", "conv"),
    "network": ("glorot", "he"),
}
#: Where each strength and weakness can be read, in the lesson's order.
STRENGTHS = {"accurate": ("he", "grinsztajn"), "universal": ("hornik",), "supported": ("init", "paszke")}
WEAKNESSES = {
    "opaque": ("lipton",),
    "costly": ("strubell",),
    "tuned": ("bergstra",),
    "hungry": ("srivastava",),
}


def context(state: State, t: Text) -> str:
    """Return the line above the finding: which stop of the lesson, and from which seed."""
    at = STOPS.index(state["step"]) + 1
    words = t("lesson.context", at=at, last=len(STOPS), name=t(f"lesson.stop.{state['step']}"))
    if state["step"] == "closing":
        more = ""
    elif state["step"] == "questions":
        more = t("lesson.question", at=state["question"], last=len(KINDS))
    else:
        own = state["seed"] == LESSON_SEED and state["step"] in STEPS
        more = t("lesson.own_seed" if own else "lesson.seed", seed=state["seed"])
        more = moving("seeded", more)
    return f'<p class="lab-context">{words}{more and f" · {more}"}{moving("here", "")}</p>'


def seed_hint(state: State, t: Text) -> str:
    """Return what the seed has to do with the numbers that the lesson prints."""
    if state["step"] not in STEPS:  # the lesson sets none for its network
        return t("lesson.seed_network") if state["step"] == "network" else _device(t)
    own = t("lesson.seed_hint" if state["seed"] == LESSON_SEED else "lesson.seed_other")
    return sentences(own, _device(t))


def _device(t: Text) -> str:
    return sentences(t("lesson.seed_device"), source_links(("randomness",)))


def facts(tensors: Sequence[Shown]) -> dict[str, str]:
    """Return the numbers that a stop's sentences name."""
    first, last = tensors[0], tensors[-1]
    size = max(abs(first.summary.minimum), abs(first.summary.maximum))
    wall = last.law.support[1]
    reach = 3 * first.law.std
    square = first.law.std**2 + first.law.mean**2
    sums = math.sqrt(FAN_IN * square)
    return {
        "mean": quantity(first.summary.mean, 1, 3),
        "largest": quantity(size, size, 3),
        "std": quantity(first.law.std, first.law.std or 1, trim=True),
        "bound": quantity(wall, wall, trim=True) if math.isfinite(wall) else "",
        "reach": quantity(reach, reach or 1, trim=True),
        "sums": quantity(sums, sums or 1, trim=True),
        "own": quantity(1 / math.sqrt(FAN_IN), 1, trim=True),
        "root": quantity(math.sqrt(FAN_IN), 1, trim=True),
    }


def source_links(keys: Sequence[str]) -> str:
    """Return links to the sources."""
    return ", ".join(
        f'<a href="{SOURCES[key].url}" target="_blank">{escape(SOURCES[key].citation)}</a>' for key in keys
    )


def note(key: str, t: Text, **numbers: str) -> str:
    """Return the one thing to notice at a stop, with its sources."""
    words = t(f"lesson.{key}.note", **numbers)
    sources = folded(source_links(_READ[key]), t, t("note.sources"))
    return f'<p class="lab-verdict">{words}</p>{sources}'


def panels(tensors: Sequence[Shown], t: Text) -> list[Panel]:
    """Return a stop's tensors as the chart takes them."""
    return [
        Panel(t(f"scheme.{shown.scheme}.name"), _phrase(shown.law, t), shown.summary, shown.law)
        for shown in tensors
    ]


def headline_template(key: str, tensors: Sequence[Shown], t: Text) -> str:
    """Return a stop's finding, with {mean} and {largest}, which the seed moves, where they go."""
    return t(f"lesson.{key}.headline", **facts(tensors) | {"mean": "{mean}", "largest": "{largest}"})


def _phrase(law: Law, t: Text) -> str:
    end = law.bands[0].high
    return phrase_template(law, t).format(bound=quantity(end, end, trim=True))


def phrase_template(law: Law, t: Text) -> str:
    """Return what is said of a law above its panel, with {bound} where its number goes."""
    return t(f"lesson.{law.bands[0].kind}", end="{bound}")


def alt(tensors: Sequence[Shown], t: Text) -> str:
    """Return a stop's chart in words."""
    names = t("verdict.and").join(t(f"scheme.{shown.scheme}.name") for shown in tensors)
    return t("lesson.alt", names=names, n=tensors[0].summary.n)


def printed(run: model.NetworkRun) -> str:
    """Return what the lesson's network prints: shapes, torchsummary's text, and its parameters."""
    ran = model.ran(run)
    shapes = [f"torch.Size({list(step.shape)})" for step in (ran.steps[0], ran.steps[-1])]
    head = [f"mydata shape {shapes[0]}", f"output shape--> {shapes[1]}"]
    return "\n".join([*head, ran.summary.strip("\n"), model.parameters(run)[1]])


def slope_formula(a: float, fan_in: int, mark: Callable[[str, str], str] = lambda _, text: text) -> str:
    """Return the algebra of kaiming_uniform's bound at slope ``a``, with its numbers put in.

    ``mark`` is given the name and the text of each number in turn, and returns what stands there.
    """
    bound = math.sqrt(6 / ((1 + a * a) * fan_in))
    if a == lesson.SQRT5:
        steps = [rf"\sqrt{{6/((1+5)\cdot {fan_in})}}", rf"1/\sqrt{{{fan_in}}}", f"{bound:.4g}"]
    else:
        square, slope = float(f"{a * a:.4g}"), in_latex(float(f"{a:.4g}"))
        slope = mark("slope", rf"({slope})" if "^" in slope else slope)
        steps = [
            rf"\sqrt{{6/((1+{slope}^2)\cdot {mark('fan_in', str(fan_in))})}}",
            rf"\sqrt{{6/({mark('=1+slope²', f'{1 + square:.4g}')}\cdot {mark('=fan_in', str(fan_in))})}}",
            mark("=", f"{bound:.4g}"),
        ]
    head = r"$b=\sqrt{6/((1+a^2)\cdot\mathrm{fan\_in})}$"
    return head + "".join(rf" ${{=}}\;{step}$" for step in steps)


def slope_name(a: float) -> str:
    """Return a slope as it is called: √5 by that name."""
    return "√5" if a == lesson.SQRT5 else quantity(a, a, trim=True)


def slope_finding(a: float, law: Law, fan_in: int, t: Text) -> str:
    """Return what the slope does to the wall."""
    bound, own = law.support[1], 1 / math.sqrt(fan_in)
    if a == lesson.SQRT5:
        return t("lesson.sqrt5.arrived", bound=quantity(own, own, trim=True))
    ratio = bound / own
    numbers = {
        "a": slope_name(a),
        "bound": quantity(bound, bound, trim=True),
        "own": quantity(own, own, trim=True),
    }
    return t("lesson.sqrt5.headline", ratio=quantity(ratio, ratio, trim=True), **numbers)


def slope_templates(t: Text) -> dict[str, str]:
    """Return what can be found of a slope, with {names} where its numbers go."""
    numbers = {"a": "{slope}", "bound": "{bound}", "ratio": "{ratio}", "own": "{own}"}
    return {
        "headline": t("lesson.sqrt5.headline", **numbers),
        "arrived": t("lesson.sqrt5.arrived", bound="{bound}"),
    }


def slope_panels(a: float, drawn: Drawn, own: Drawn, t: Text) -> list[Panel]:
    """Return the weights at slope ``a`` over those of nn.Linear's own default."""
    return [
        Panel(name, _phrase(one.law, t), one.summary, one.law)
        for name, one in zip(slope_names(slope_name(a), t), (drawn, own), strict=True)
    ]


def slope_names(a: str, t: Text) -> tuple[str, str]:
    """Return the names of the two panels."""
    return t("lesson.sqrt5.panel", a=a), t("lesson.sqrt5.own_panel")


def own_table(rows: Sequence[OwnDefault], t: Text) -> str:
    """Return the table that holds torch's own defaults against the two ways to draw them."""
    heads = ["", "fan_in", t("lesson.sqrt5.kaiming"), t("lesson.sqrt5.uniform")]
    body = [
        (row.layer, count(row.fan_in), _equal(row.kaiming, row.n, t), _equal(row.uniform, row.n, t))
        for row in rows
    ]
    return table(heads, body, t("lesson.sqrt5.caption"), "lab-table lab-own", within="lab-scroll")


def _equal(equal: int, n: int, t: Text) -> str:
    return t("lesson.sqrt5.equal", equal=count(equal), n=count(n))


def closing(t: Text) -> str:
    """Return the lesson's strengths and weaknesses, each with what can be read of it."""
    lists = []
    for side, points in (("strengths", STRENGTHS), ("weaknesses", WEAKNESSES)):
        items = "".join(
            f"<details><summary>{t(f'lesson.{side}.{key}')}</summary>{t(f'lesson.{side}.{key}_why')} "
            f'<span class="lab-note">{source_links(sources)}</span></details>'
            for key, sources in points.items()
        )
        lists.append(f'<div><p class="lab-group lab-plain">{t(f"lesson.{side}.title")}</p>{items}</div>')
    return f'<div class="lab-closing">{"".join(lists)}</div>'


def link_to_scheme(state: State, scheme: str) -> dict[str, str]:
    """Return the link of the distribution page that shows a scheme on the lesson's layer."""
    return link_with(scheme=scheme, fan_in=FAN_IN, fan_out=FAN_OUT, seed=state["seed"])
