"""What a layer's shape does to a scheme: torch's fans, the true connections, and the std of each."""

import math
from html import escape

from core import SCHEMES, Comparison, Law, Layer
from core.signals import comparison
from core.weights.layers import Start
from core.weights.sources import TORCH
from pages.state.chosen import State
from pages.text import Text, sentences
from pages.text.numbers import count, quantity
from pages.text.tables import table
from pages.words.common import connections, folded, inputs, no_connections, outputs
from pages.words.compare import names

_TORCH_NN = "https://docs.pytorch.org/docs/stable/generated/torch.nn.{}.html"


def inspection(layer: Layer, t: Text) -> str:
    """Return the headline over a layer's fans."""
    true_in, true_out = layer.connections
    if layer.kind == "Bilinear":  # whose outputs read products, of which no input feeds as many outputs
        return t("inspector.bilinear_faithful", products=connections(true_in), first=connections(true_out))
    if layer.faithful:
        return t("inspector.faithful", inputs=inputs(true_in, t), outputs=outputs(true_out, t))
    true = {"true_in": connections(true_in), "true_out": connections(true_out)}
    return t("inspector.finding", **true, **by_torch(layer))


def by_torch(layer: Layer) -> dict[str, str]:
    """Return the fans that torch counts, as they are written."""
    return {"fan_in": count(int(layer.fans.fan_in)), "fan_out": count(int(layer.fans.fan_out))}


def inspected(state: State, t: Text) -> str:
    """Return the layer's fans by torch's rule and by its true connections, and what that does to each std."""
    layer = state.layer
    heads = [t("inspector.torch"), t("inspector.true"), t("inspector.ratio")]
    pairs = zip(
        ("fan_in", "fan_out"), (layer.fans.fan_in, layer.fans.fan_out), layer.connections, strict=True
    )
    rows = [
        (name, count(int(ours)), connections(true), written_ratio(float(ours / true)))
        for name, ours, true in pairs
    ]
    fans = table(["", *heads], rows, t("inspector.caption"), "lab-table lab-fans", within="lab-scroll")
    why, *more = _reasons(layer, t)
    if layer.parts == 1:
        why, more = sentences(why, *more), []
    shape = t("inspector.shape", shape=" × ".join(map(count, layer.shape)))
    links = f'<a href="{_TORCH_NN.format(layer.kind)}" target="_blank">torch.nn.{layer.kind}</a>, '
    links += f'<a href="{TORCH.url}" target="_blank">{TORCH.citation}</a>'
    note = sentences(
        shape, t("inspector.intro"), *more, *_starts(layer, t), t("lesson.sources", sources=links)
    )
    return (
        f'{_choices(layer, t)}{fans}<p class="lab-verdict">{why}</p>{_stds(layer, state.comparison, t)}'
        f"{folded(note, t)}"
    )


#: Of more weights than this, the first are named.
FEW = 6


def _choices(layer: Layer, t: Text) -> str:
    """Say which of a module's weights this is, and how another is asked for; '' if it has no other."""
    if len(layer.weights) == 1:
        return ""
    names = [name.removesuffix(".weight") for name in layer.weights]
    here = layer.weight.removesuffix(".weight")
    call = layer.text.removesuffix(".weight").removesuffix(f".{here}")
    other = next(name for name in names if name != here)
    listed = t("verdict.and").join([*names[:FEW], *(["…"] if len(names) > FEW else [])])
    facts = {"weight": here, "weights": listed, "example": f"<code>{escape(call)}.{other}</code>"}
    return f'<p class="lab-note">{t("inspector.weights", **facts)}</p>'


def _starts(layer: Layer, t: Text) -> list[str]:
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
    return words


def _started(start: Start, law: Law) -> str:
    """Write a start in a few signs, such as U(±1/√fan_in) = U(±0.08839)."""
    if start.kind == "zeros":
        return "0"
    if start.kind == "normal":
        return "N(0, 1)"
    bound = quantity(law.support[1], law.support[1], trim=True)
    name = "√6/√(fan_in + fan_out)" if start.kind == "xavier" else f"1/√{start.name}"
    return f"U(±{name}) = U(±{bound})"


def written_ratio(value: float) -> str:
    """Write how many times as large one std is as another."""
    return quantity(value, value, trim=True) if math.isfinite(value) else "∞"


def _reasons(layer: Layer, t: Text) -> list[str]:
    """Return the sentences that say why torch's fans are, or are not, the connections."""
    if layer.parts > 1:
        return _stacked(layer, t)
    if words := no_connections(layer, t):
        return [words]
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
            cells[1:] = [quantity(true.std, true.std), written_ratio(law.std / true.std)]
        body.append([escape(name), *cells])
    heads = [t("compare.std"), t("inspector.torch"), t("inspector.true"), t("inspector.ratio")]
    caption = t("inspector.std_caption" if layer.parts == 1 else "inspector.std_caption_parts")
    return table(heads, body, caption, "lab-table lab-fans", within="lab-scroll") if body else ""
