"""Schemes on other layers and in other frameworks: true connections, and the Rosetta table."""

import math
from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

from core import SCHEMES, Comparison, Entry, Fans, Law, Layer
from core.code import recipe, rosetta
from core.code.rosetta import Equivalent
from core.signals import comparison
from core.weights.layers import Start
from core.weights.schemes import TORCH
from pages.state.table import State
from pages.text import Text, count, quantity, sentences
from pages.words.compare import layer_name, names, phrase, table
from pages.words.distribution import connections, inputs, outputs

_TORCH_NN = "https://docs.pytorch.org/docs/stable/generated/torch.nn.{}.html"


def inspection(layer: Layer, t: Text) -> str:
    """Return the headline over a layer's fans."""
    true_in, true_out = layer.connections
    if layer.faithful:
        return t("inspector.faithful", inputs=inputs(true_in, t), outputs=outputs(true_out, t))
    true = {"true_in": connections(true_in), "true_out": connections(true_out)}
    return t("inspector.finding", **true, **_by_torch(layer))


def _by_torch(layer: Layer) -> dict[str, str]:
    return {"fan_in": count(int(layer.fans.fan_in)), "fan_out": count(int(layer.fans.fan_out))}


def inspected(state: State, t: Text) -> str:
    """Return the layer's fans by torch's rule and by its true connections, and what that does to each std."""
    layer = state.layer
    heads = [t("inspector.torch"), t("inspector.true"), t("inspector.ratio")]
    pairs = zip(
        ("fan_in", "fan_out"), (layer.fans.fan_in, layer.fans.fan_out), layer.connections, strict=True
    )
    rows = "".join(
        _row(name, [count(int(ours)), connections(true), _ratio(float(ours / true))])
        for name, ours, true in pairs
    )
    why = sentences(*_reasons(layer, t))
    shape = t("inspector.shape", shape=" × ".join(map(count, layer.shape)))
    links = f'<a href="{_TORCH_NN.format(layer.kind)}" target="_blank">torch.nn.{layer.kind}</a>, '
    links += f'<a href="{TORCH.url}" target="_blank">{TORCH.citation}</a>'
    shape = sentences(shape, *_choices(layer, t), t("lesson.sources", sources=links))
    return (
        f'<p class="lab-note">{shape}</p>{table(["", *heads], rows, t("inspector.caption"), "lab-fans")}'
        f'<p class="lab-verdict">{why}</p>{_starts(layer, t)}{_stds(layer, state.comparison, t)}'
    )


#: Of more weights than this, the first are named.
FEW = 6


def _choices(layer: Layer, t: Text) -> list[str]:
    """Say which of a module's weights this is, and how another is asked for."""
    if len(layer.weights) == 1:
        return []
    names = [name.removesuffix(".weight") for name in layer.weights]
    here = layer.weight.removesuffix(".weight")
    call = layer.text.removesuffix(".weight").removesuffix(f".{here}")
    other = next(name for name in names if name != here)
    listed = t("verdict.and").join([*names[:FEW], *(["…"] if len(names) > FEW else [])])
    facts = {"weight": here, "weights": listed, "example": f"<code>{escape(call)}.{other}</code>"}
    return [t("inspector.weights", **facts)]


def _starts(layer: Layer, t: Text) -> str:
    """Return what torch itself starts the weight and its bias as, and what it does not draw."""
    law = _started(layer.start, layer.start_law)
    if layer.bias is None or layer.bias_law is None:
        words = [t("inspector.start", law=law)]
    else:
        words = [t("inspector.start_both", law=law, bias=_started(layer.bias, layer.bias_law))]
    if layer.padding_idx is not None:
        words.append(t("inspector.padding", row=count(layer.padding_idx)))
    if layer.unused:
        words.append(t("fans.unused", names=t("verdict.and").join(layer.unused)))
    return f'<p class="lab-note">{sentences(*words)}</p>'


def _started(start: Start, law: Law) -> str:
    """Write a start in a few signs, such as U(±1/√fan_in) = U(±0.08839)."""
    if start.kind == "zeros":
        return "0"
    if start.kind == "normal":
        return "N(0, 1)"
    bound = quantity(law.support[1], law.support[1], trim=True)
    name = "√6/√(fan_in + fan_out)" if start.kind == "xavier" else f"1/√{start.name}"
    return f"U(±{name}) = U(±{bound})"


def _row(name: str, cells: Sequence[str]) -> str:
    return f'<tr><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def _ratio(value: float) -> str:
    return quantity(value, value, trim=True) if math.isfinite(value) else "∞"


def _reasons(layer: Layer, t: Text) -> list[str]:
    """Return the sentences that say why torch's fans are, or are not, the connections."""
    if layer.parts > 1:
        return _stacked(layer, t)
    if layer.kind == "Bilinear":
        out, first, second = layer.shape
        facts = {"products": count(first * second), "first": count(out * second)}
        return [t("inspector.bilinear", **facts, second=count(out * first))]
    if layer.kind in {"Embedding", "EmbeddingBag"}:
        return [t(f"inspector.{layer.kind.lower()}")]
    if layer.faithful:
        return [t("inspector.same")]
    transposed = layer.kind.startswith("ConvTranspose")
    reasons = {
        "transposed": transposed,
        "groups": layer.groups > 1,
        "stride": layer.stride > 1 and not transposed,
        "transposed_stride": layer.stride > 1 and transposed,
    }
    return [t(f"inspector.{reason}") for reason, holds in reasons.items() if holds]


def _stacked(layer: Layer, t: Text) -> list[str]:
    """Say what stacking matrices does to the schemes that count fans, and to orthogonal_."""
    attention = layer.kind == "MultiheadAttention"
    first = t("inspector.multiheadattention") if attention else t("inspector.gates", parts=layer.parts)
    whole, each = (SCHEMES["orthogonal"].law(shape).std for shape in (layer.shape, layer.part))
    facts = {"whole": quantity(whole, whole, 3), "each": quantity(each, each, 3)}
    return [first, t("inspector.orthogonal", **facts)]


def _stds(layer: Layer, compared: Comparison, t: Text) -> str:
    """Return what each scheme's std is by torch's fans and by the true ones."""
    body = []
    for entry, name in zip(compared.entries, names(compared.entries, t), strict=True):
        if entry.fans is not None or layer.kind in {"Embedding", "EmbeddingBag"}:
            continue  # it has a layer of its own, or fans mean nothing here
        law, true = entry.law(layer), comparison.by_connections(entry.scheme, layer, **dict(entry.params))
        cells = [quantity(law.std, law.std), "–", "–"]
        if true is not None and true.std > 0:
            cells[1:] = [quantity(true.std, true.std), _ratio(law.std / true.std)]
        body.append(_row(escape(name), cells))
    heads = [t("compare.std"), t("inspector.torch"), t("inspector.true"), t("inspector.ratio")]
    caption = t("inspector.std_caption" if layer.parts == 1 else "inspector.std_caption_parts")
    return table(heads, "".join(body), caption, "lab-fans") if body else ""


class Spelled(NamedTuple):
    """A scheme, or a default, as one framework has it."""

    framework: str
    url: str
    call: str
    law: Law | None
    notes: Sequence[str] = ()
    #: the call that draws torch's very law, where ``call`` does not
    exact: str = ""


def spellings(state: State) -> list[tuple[Entry, Layer, Sequence[Equivalent]]]:
    """Return the entries whose layer other frameworks hold as torch does, as those have them."""
    found: list[tuple[Entry, Layer, Sequence[Equivalent]]] = []
    for entry in state.comparison.entries:
        layer = entry.layer(state.layer)
        if _comparable(layer):
            params: dict[str, Any] = dict(entry.params)
            found.append((entry, layer, rosetta.equivalents(entry.scheme, layer.shape, **params)))
    return found


def _comparable(layer: Layer) -> bool:
    """Tell whether other frameworks' fans are torch's: not of embeddings, attention and transposed ones."""
    return layer.kind == "Linear" or (layer.kind.startswith("Conv") and "Transpose" not in layer.kind)


def translation(state: State, t: Text) -> str:
    """Return the headline over the Rosetta table: how many calls draw torch's own law."""
    calls = [
        rosetta.difference(row.law, entry.law(layer)).kind
        for entry, layer, rows in spellings(state)
        for row in rows
        if row.law is not None
    ]
    if not calls:
        return t("rosetta.finding_none")
    return t("rosetta.finding", n=len(calls), same=calls.count("same"))


def elsewhere(state: State, t: Text) -> str:
    """Return each scheme as other frameworks have it, for its layer, and what a layer starts as there."""
    words = [f'<p class="lab-note">{sentences(t("rosetta.intro"), t("rosetta.note.axes"))}</p>']
    entries = state.comparison.entries
    named = dict(zip(entries, names(entries, t), strict=True))
    for entry, layer, rows in spellings(state):
        params: dict[str, Any] = dict(entry.params)
        ours = Spelled(
            "torch",
            SCHEMES[entry.scheme].source.url,
            recipe.call_code(entry.scheme, layer.shape, **params),
            entry.law(layer),
        )
        theirs = [Spelled(r.framework, r.source.url, r.call, r.law, r.notes, r.exact) for r in rows]
        caption = f"<b>{escape(named[entry])}</b> · {escape(layer.text)}"
        words.append(_spellings([ours, *theirs], caption, t) + _depthwise(entry, layer, t))
    if _comparable(state.layer):
        defaults = rosetta.defaults(state.layer.shape)
        rows_ = [Spelled(r.framework, r.source.url, r.call, r.law, r.notes) for r in defaults]
        words.append(_spellings(rows_, t("rosetta.defaults", layer=escape(layer_name(state, t))), t))
    else:
        words.append(f'<p class="lab-verdict">{t("rosetta.other_layers", layer=state.layer.kind)}</p>')
    return "".join(words)


def _depthwise(entry: Entry, layer: Layer, t: Text) -> str:
    """Say what Keras' own class for depthwise convolutions does, which counts other fans."""
    if (shape := rosetta.depthwise(layer)) is None:
        return ""
    params: dict[str, Any] = dict(entry.params)
    fans, law = Fans.of(shape), rosetta.equivalents(entry.scheme, shape, **params)[0].law
    if law is None:
        return ""
    facts = {"fan_in": count(int(fans.fan_in)), "fan_out": count(int(fans.fan_out))}
    return (
        f'<p class="lab-note">{t("rosetta.depthwise", **facts, **_by_keras(layer), law=phrase(law, t))}</p>'
    )


def _by_keras(layer: Layer) -> dict[str, str]:
    """Return the fans that Keras' Conv2D(groups=…) counts: torch's."""
    return {f"grouped_{name}": fan for name, fan in _by_torch(layer).items()}


def _spellings(rows: Sequence[Spelled], caption: str, t: Text) -> str:
    """Return a table of calls and laws; the first row is torch's, and the others are held against it."""
    heads = [t(f"rosetta.{name}") for name in ("framework", "call", "law", "beside")]
    ours = rows[0].law
    return table(heads, "".join(_spelled(row, ours, t) for row in rows), caption, "lab-rosetta")


_FRAMEWORKS = {"torch": "PyTorch", "keras": "Keras", "jax": "JAX/Flax", "flax": "Flax", "timm": "timm"}


def _spelled(row: Spelled, ours: Law | None, t: Text) -> str:
    """Return one framework's row: its call, its law, how that differs from torch's, and what to know."""
    name = f'<a href="{escape(row.url)}" target="_blank">{_FRAMEWORKS[row.framework]}</a>'
    call = f"<code>{escape(row.call)}</code>" if row.call else "–"
    # said of all of them in the introduction
    known = [t(f"rosetta.note.{code}") for code in row.notes if code != "axes"]
    if row.exact:
        known.append(t("rosetta.exact", call=f"<code>{escape(row.exact)}</code>"))
    words = f'<br><span class="lab-note">{sentences(*known)}</span>' if known else ""
    law, beside = "–", ""
    if row.law is not None and ours is not None:
        law = f"{t(f'rosetta.family.{row.law.family}')}<br><i>{phrase(row.law, t)}</i>"
        between = rosetta.difference(row.law, ours)
        beside = (
            "" if row.framework == "torch" else t(f"rosetta.{between.kind}", ratio=_ratio(between.std_ratio))
        )
    return f'<tr><th scope="row">{name}</th><td>{call}{words}</td><td>{law}</td><td>{beside}</td></tr>'
