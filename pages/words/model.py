"""What a network's run says in words and tables: counts, steps, sums written out, gradients."""

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape

from core import ACTIVATIONS, Network
from core.networks.edits import Edit
from pages.figures.model import Column
from pages.jobs.model import SHOWN, WRITTEN, Array, Ran, Seen, Traced
from pages.state.chosen import State
from pages.text import Text, sentences
from pages.text.numbers import count, quantity
from pages.text.tables import Cell, table
from pages.words.common import fielded

#: Rows and columns of a table of numbers; of more, the first five.
CELLS, FIRST = 8, 5
#: Layers whose count is written out in the formula; of more, the first two and the last.
LISTED = 6


def context(state: State, t: Text) -> str:
    """Return the line above the finding: the network, where its numbers come from, and its input's."""
    weights = t("model.printed") if state["weights"] == "printed" else t("model.seed", seed=state["seed"])
    parts = [
        f"<b>{t('model.network')} {sizes(state.network)}</b>",
        fielded(f" · {weights}", state, "weights", "seed"),
        fielded(f" · {_input(state, t)}", state, "data", "batch", "data_seed"),
        fielded(f" · {state.device} · {state['dtype']}", state, "device", "dtype", wide=True),
        _by_hand(state, t),
    ]
    return f'<p class="lab-context">{"".join(parts)}</p>'


#: Numbers set by hand that the line above the finding names; of more, the first.
NAMED = 2


def _by_hand(state: State, t: Text) -> str:
    """Return what is set by hand, for the line above the finding; '' if nothing is."""
    words = _edits(state, t)
    if not words:
        return ""
    more = len(words) - NAMED
    first = t("verdict.and").join(words[:NAMED])
    said = (
        t("model.by_hand_more", first=first, n=count(more)) if more > 0 else t("model.by_hand", first=first)
    )
    return f' · <span class="lab-by-hand">{said}</span>'


def edited(state: State, t: Text) -> str:
    """Return in a sentence all that is set by hand; '' if nothing is."""
    words = _edits(state, t)
    return t("model.edited", list=t("verdict.and").join(words)) if words else ""


def _edits(state: State, t: Text) -> list[str]:
    """Return the numbers set by hand, with their places as the sums write them."""
    names, words = state.network.names, []
    for edit in state.edits:
        first, *others = edit.place
        place = f"<sub>{','.join(map(str, others))}</sub>"
        value = quantity(edit.value, digits=4, trim=True)
        whose = names[first - 1] if edit.is_weight else t("drawing.row", row=count(first))
        words.append(f"{whose} {'w' if edit.is_weight else 'x'}{place} = {value}")
    return words


def sizes(network: Network) -> str:
    """Return the units of a network's layers, from its inputs on."""
    return " → ".join(map(count, (network.inputs, *(dense.units for dense in network.layers))))


def _input(state: State, t: Text) -> str:
    facts = {"rows": count(state.batch), "inputs": count(state.network.inputs)}
    if state["data"]:
        return t("model.own_input", **facts)
    return t("model.input", seed=state["data_seed"], **facts)


def finding(run: Ran, network: Network, t: Text) -> str:
    """Return the headline: how many parameters, and why."""
    biases = [dense.bias != "none" for dense in network.layers]
    key = "all" if all(biases) else "some" if any(biases) else "none"
    return t(f"model.finding_{key}", total=count(run.size))


def formula(run: Ran) -> str:
    """Return the count by hand as inline formulas that may break between their parts."""
    # in braces, a product is one thing and no line ends inside it
    products = [f"{{{row.numeric.replace(' × ', chr(92) + 'times ')}}}" for row in run.counts]
    sizes = [_grouped(row.by_hand) for row in run.counts]
    if len(products) > LISTED:
        products = [*products[:2], r"\dots", products[-1]]
        sizes = [*sizes[:2], r"\dots", sizes[-1]]
    first, *others = products
    steps = [f"${first}$", *(rf"${{+}}\;{product}$" for product in others)]
    if len(sizes) > 1:
        steps.append(rf"${{=}}\;{'+'.join(sizes)}$")
    return " ".join([*steps, rf"${{=}}\;{_grouped(sum(row.by_hand for row in run.counts))}$"])


def _grouped(number: int) -> str:
    """Write a whole number in LaTeX with its thousands apart."""
    return f"{{{number:,}}}".replace(",", r"\,")


def columns(  # noqa: PLR0913, PLR0917 - a run has these parts
    run: Ran,
    layers: Sequence[Traced],
    network: Network,
    sample: int,
    t: Text,
    edits: Sequence[Edit] = (),
) -> list[Column]:
    """Return the layers as the drawing takes them, with the values of the row ``sample``, followed."""
    first, note = layers[0], t("drawing.row", row=count(sample))
    drawn = [Column(t("drawing.input"), note, "x", first.x, first.inputs, run.weights[0][:0], None)]
    by_hand = [
        tuple((e.place[1] - 1, e.place[2] - 1) for e in edits if e.is_weight and e.place[0] == at)
        for at in range(1, len(layers) + 1)
    ]
    for name, dense, layer, weight, bias, own in zip(
        network.names, network.layers, layers, run.weights, run.biases, by_hand, strict=True
    ):
        symbol = "z" if dense.activation == "linear" else "a"
        after = "" if dense.activation == "linear" else dense.activation
        drawn.append(
            Column(name, after or t("layers.linear"), symbol, layer.a, layer.units, weight, bias, own)
        )
    return drawn


def output(run: Ran, t: Text) -> str:
    """Return what goes in and what comes out, in one sentence or two."""
    first, last = run.steps[0], run.steps[-1]
    return sentences(t("model.shapes", input=_shape(first), output=_shape(last)), to_one(run, t))


def to_one(run: Ran, t: Text) -> str:
    """Return that the rows of a last softmax sum to 1, and how nearly; '' if there is none."""
    if run.off_one is None or not math.isfinite(run.off_one):
        return ""
    if run.off_one == 0:
        return t("model.rows_exact")
    return t("model.rows", off=quantity(run.off_one, digits=3))


def overflow(run: Ran, t: Text) -> str:
    """Return how many numbers of the run are inf or nan, as a warning; '' if none."""
    broken = sum(step.broken for step in run.steps)
    return f'<p class="lab-refusal">▲ {t("model.broken", n=count(broken))}</p>' if broken else ""


def alt(network: Network, said: str, t: Text) -> str:
    """Describe the drawing, of which ``said`` is the finding."""
    return t("drawing.alt", layers=len(network.layers), finding=said)


def _shape(step: Seen) -> str:
    return f"{count(step.shape[0])} × {count(step.shape[1])}"


def walk(run: Ran, t: Text) -> str:
    """Return every step of the forward pass as a table of numbers, in order."""
    tables = []
    for step in run.steps:
        name = {"input": t("drawing.input"), "linear": step.layer}.get(step.kind, step.kind)
        total = None if step.sums is None else (t("model.sum"), step.sums)
        tables.append(numbers(step.values, f"<b>{name}</b> {_shape(step)}", shape=step.shape, total=total))
    return f'<div class="lab-steps">{"".join(tables)}</div>'


def cut(run: Ran) -> bool:
    """Tell whether a step has more rows or units than its table."""
    return any(max(step.shape) > CELLS for step in run.steps)


def pictures(run: Ran, t: Text) -> list[tuple[str, Array]]:
    """Return the steps for a map each, with their titles."""
    return [
        (t("drawing.input") if s.kind == "input" else f"{s.layer}<br>{s.kind}", s.values) for s in run.steps
    ]


def numbers(
    values: Array,
    caption: str,
    *,
    shape: Sequence[int] | None = None,
    total: tuple[str, Array] | None = None,
    last: str = "",
) -> str:
    """Return a matrix as a table of numbers on a ground that shows their sign and size.

    ``shape`` is the whole matrix's, where ``values`` is its beginning; ``total`` is a further column, of
    the rows' sums, with its head; ``last`` is the head of the last column, if it has its own.
    """
    rows, columns = shape or values.shape
    shown = values[: rows if rows <= CELLS else FIRST, : columns if columns <= CELLS else FIRST]
    more = shown.shape[1] < columns
    reach = max((abs(float(v)) for v in shown.ravel() if math.isfinite(v)), default=0.0) or 1.0
    heads = [str(i) for i in range(1, shown.shape[1] + 1)]
    if last and not more:
        heads[-1] = last
    heads += ["…"] * more + ([total[0]] if total else [])
    lines: list[list[str | Cell]] = []
    for i, row in enumerate(shown, start=1):
        cells: list[str | Cell] = [*(_cell(float(v), reach) for v in row), *[""] * more]
        if total:
            cells.append(Cell(quantity(float(total[1][i - 1]), 1, 5), 'class="lab-sum"'))
        lines.append([str(i), *cells])
    if len(shown) < rows:
        lines.append(["…", Cell("", f'colspan="{len(heads)}"')])
    return table(["", *heads], lines, caption, "lab-heat")


def _cell(value: float, reach: float) -> Cell:
    if not math.isfinite(value):
        return Cell(escape(str(value)), 'class="bad"')
    share = round(38 * abs(value / reach))  # at the largest numbers a product would overflow
    ground = f"var(--{'negative' if value < 0 else 'positive'}) {share}%"
    return Cell(quantity(value, reach, 4), f'style="background:color-mix(in srgb,{ground},transparent)"')


def silent(run: Ran, state: State, t: Text) -> str:
    """Return what input and weights are, and what units give 0 whatever comes in."""
    facts = {"numbers": count(math.prod(run.steps[0].shape)), "n": count(run.size)}
    key = "two_things_own" if state["data"] else "two_things"
    units = [
        t("model.silent_units", n=count(step.silent), units=count(step.shape[1]), layer=step.layer)
        for step in run.steps
        if step.kind == "relu" and step.silent
    ]
    dead = t("model.silent", units=t("verdict.and").join(units)) if units else ""
    return sentences(t(f"model.{key}", **facts), edited(state, t), dead)


def first_only(run: Ran, t: Text) -> str:
    """Return that charts show no more than the first rows and units, where there are more."""
    return t("model.first", n=SHOWN) if any(max(step.shape) > SHOWN for step in run.steps) else ""


def sums(layers: Sequence[Traced], network: Network, t: Text) -> Iterable[tuple[str, str]]:
    """Return, a layer each, its title and the arithmetic of one row, in Markdown formulas."""
    for at, (name, dense, layer) in enumerate(zip(network.names, network.layers, layers, strict=True)):
        units = range(min(layer.units, WRITTEN))
        x = "x" if at == 0 else "z" if network.layers[at - 1].activation == "linear" else "a"
        phi = dense.activation
        lines = [_sum(layer, unit, x) + _after(layer, unit, phi) for unit in units]
        if layer.units > WRITTEN:
            lines.append(t("model.more_units", n=count(layer.units - WRITTEN)))
        yield (name if dense.activation == "linear" else f"{name} · {dense.activation}"), "\n\n".join(lines)


def _sum(layer: Traced, unit: int, x: str) -> str:
    """Return z = w₁x₁ + w₂x₂ + … + b, in symbols, in numbers, and its value."""
    j = unit + 1
    shown = range(layer.inputs if layer.inputs <= WRITTEN + 1 else WRITTEN - 1)
    symbols = [rf"w_{{{j},{i + 1}}}{x}_{{{i + 1}}}" for i in shown]
    values = [rf"{_number(layer.weight[unit, i])}\cdot {_number(layer.x[i])}" for i in shown]
    if len(shown) < layer.inputs:
        symbols.append(r"\dots")
        values.append(r"\dots")
    if layer.bias is not None:
        symbols.append(f"b_{{{j}}}")
        values.append(_number(layer.bias[unit]))
    z = _number(layer.z[unit], brackets=False)
    return rf"$z_{{{j}}}={'+'.join(symbols)}$ ${{=}}\;{' + '.join(values)}$ ${{=}}\;{z}$"


def _after(layer: Traced, unit: int, activation: str) -> str:
    """Return a = φ(z), with its value."""
    z, a = f"z_{{{unit + 1}}}", _number(layer.a[unit], brackets=False)
    if activation == "linear":
        return ""
    phi = rf"e^{{{z}}}/\sum_k e^{{z_k}}"
    if activation != "softmax":
        phi = ACTIVATIONS[activation].formula.replace("z", f"{{{z}}}")
    return rf" $\quad a_{{{unit + 1}}}={phi}$ ${{=}}\;{a}$"


def _number(value: float, *, brackets: bool = True) -> str:
    """Write a number for a formula; a negative one in brackets, where it is a factor or a term."""
    if not math.isfinite(value):
        return rf"\mathrm{{{value}}}"
    text = f"{value + 0.0:.4g}"  # −0 is 0
    if "e" in text:
        mantissa, power = text.split("e")
        text = rf"{mantissa}\cdot 10^{{{int(power)}}}"
    # in braces, the minus is the number's own and no line ends after it
    return f"({text})" if brackets and value < 0 else f"{{{text}}}"


def counted(run: Ran, t: Text, mark: Callable[[str], str]) -> str:
    """Return the table of the summary: each layer's formula, its count by hand and torch's.

    ``mark`` writes what was guessed beside the total.
    """
    outputs = {step.layer: step for step in run.steps if step.kind == "linear"}
    heads = [t(f"count.{key}") for key in ("layer", "output", "formula", "by_hand", "torch")]
    rows = [
        (row.name, _shape(outputs[row.name]), row.numeric, count(row.by_hand), count(row.count))
        for row in run.counts
    ]
    by_hand = sum(row.by_hand for row in run.counts)
    total = (t("count.total"), "", "", mark(count(by_hand)), count(run.size))
    return table(heads, [*rows, total], t("count.caption"), "lab-table lab-count")
