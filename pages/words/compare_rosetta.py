"""Schemes on other layers and in other frameworks: true connections, and the Rosetta table."""

from collections.abc import Sequence
from html import escape
from typing import Any, NamedTuple

from core import SCHEMES, Entry, Fans, Law, Layer
from core.code import draw, rosetta
from core.code.rosetta_rows import Equivalent
from pages.state.chosen import State
from pages.text import Text, sentences
from pages.text.numbers import count
from pages.text.tables import table
from pages.words.common import folded, layer_name
from pages.words.compare import names, phrase
from pages.words.compare_layers import by_torch, written_ratio


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
    words = [folded(sentences(t("rosetta.intro"), t("rosetta.note.axes")), t)]
    entries = state.comparison.entries
    named = dict(zip(entries, names(entries, t), strict=True))
    for entry, layer, rows in spellings(state):
        params: dict[str, Any] = dict(entry.params)
        ours = Spelled(
            "torch",
            SCHEMES[entry.scheme].source.url,
            draw.call_code(entry.scheme, layer.shape, **params),
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
    return {f"grouped_{name}": fan for name, fan in by_torch(layer).items()}


def _spellings(rows: Sequence[Spelled], caption: str, t: Text) -> str:
    """Return a table of calls and laws; the first row is torch's, and the others are held against it."""
    heads = [t(f"rosetta.{name}") for name in ("framework", "call", "law", "beside")]
    ours = rows[0].law
    body = [_spelled(row, ours, t) for row in rows]
    return table(heads, body, caption, "lab-table lab-rosetta", within="lab-scroll")


_FRAMEWORKS = {"torch": "PyTorch", "keras": "Keras", "jax": "JAX/Flax", "flax": "Flax", "timm": "timm"}


def _spelled(row: Spelled, ours: Law | None, t: Text) -> Sequence[str]:
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
        if row.framework != "torch":
            beside = t(f"rosetta.{between.kind}", ratio=written_ratio(between.std_ratio))
    return name, call + words, law, beside
