"""What all screens say alike: a headline, a layer's name, connections, a verdict read aloud."""

import math
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from html import escape, unescape
from typing import NamedTuple

import torch

from core import Layer, Summary
from pages.state.chosen import State
from pages.state.controls import TABLE, default_of
from pages.text import Text
from pages.text.numbers import count, quantity


def layer_name(state: State, t: Text) -> str:
    """Return the name of the layer that all share."""
    if state["layer"]:
        return state.layer.text
    return t("context.layer", fan_in=count(state["fan_in"]), fan_out=count(state["fan_out"]))


class Onward(NamedTuple):
    """What to try next: in words, and the page and the link's parameters that it leads to."""

    label: str
    page: str
    query: Mapping[str, str]


def cause(words: str) -> str:
    """Return the line below a finding that says why; a hand that moves something makes it old."""
    words = _APART.sub("", words)
    return f'<p class="lab-cause" data-lab-old>{words}</p>' if words else ""


#: A space between two Chinese characters, of which one came with a name.
_APART = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff\uff00-\uffef])")


def moving(name: str, text: object) -> str:
    """Return HTML whose text a browser writes anew while a hand moves the chart."""
    return f'<span data-lab-now="{name}">{text}</span>'


def brief(name: str) -> str:
    """Return a scheme's name without what is in brackets, for charts and headlines; ±1/√d stays one word."""
    named = re.sub(r"\s*[(（](?:He|Glorot|Keras|nn\.Linear)[)）]", "", name)
    return named.replace("/√", "/\u2060√")


def fielded(words: str, state: State, *names: str, wide: bool = False) -> str:
    """Return a part of a context that fields of the drawer say too: it is hidden while they do.

    So it is not where the link hides one of them, nor where one is folded away and says what is unusual.
    ``wide`` words are hidden where a screen is narrow, too.
    """
    apart = any(name in state.hidden or _unusual(name, state) for name in names)
    kinds = ["lab-wide"] * wide + ["lab-fielded"] * (not apart)
    return f'<span class="{" ".join(kinds)}">{words}</span>' if kinds else words


def _unusual(name: str, state: State) -> bool:
    """Tell whether a control of the folded part of the drawer is not at its default."""
    folded_away = any(place.drawer for place in TABLE[name].on.get(state.page, ()))
    return folded_away and bool(state[name] != default_of(name, state["scheme"]))


def folded(note: str, t: Text, summary: str = "") -> str:
    """Return a note as HTML that only its ``summary`` stands for until somebody asks for it; '' of none."""
    head = summary or t("note.details")
    return f'<details class="lab-note"><summary>{head}</summary>{note}</details>' if note else ""


#: Fractions with a denominator from here on are written with a point.
MANY = 1000


def headline(text: str) -> str:
    """Return a page's headline; Chinese breaks after its punctuation, not inside a word."""
    parts = re.split(r"(?<=[，：；。？])", text)
    broken = "".join(f"<span>{escape(part)}</span>" for part in parts if part)
    return f'<h1 class="lab-headline">{broken if len(parts) > 1 else escape(text)}</h1>'


def inputs(n: Fraction, t: Text) -> str:
    """Return how many inputs an output reads, with their noun."""
    return t("fans.input") if n == 1 else t("fans.inputs", n=connections(n))


def outputs(n: Fraction, t: Text) -> str:
    """Return how many outputs an input feeds, with their noun."""
    return t("fans.output") if n == 1 else t("fans.outputs", n=connections(n))


def connections(n: Fraction) -> str:
    """Write a number of connections, which a stride may leave in parts."""
    if n.denominator == 1:
        return count(n.numerator)
    if n.denominator < MANY:
        return f"{count(n.numerator)}/{count(n.denominator)}"
    return quantity(float(n), float(n), trim=True)


def units(layer: Layer) -> int:
    """Return how many outputs, or of a convolution output channels, a layer has."""
    return layer.shape[1] * layer.groups if layer.kind.startswith("ConvTranspose") else layer.part[0]


def no_connections(layer: Layer, t: Text) -> str:
    """Say what a layer does that sums products of two inputs, or looks rows up; '' of any other."""
    if layer.kind == "Bilinear":
        out, first, second = layer.shape
        facts = {"products": count(first * second), "first": count(out * second)}
        return t("inspector.bilinear", **facts, second=count(out * first))
    return t(f"inspector.{layer.kind.lower()}") if layer.kind in {"Embedding", "EmbeddingBag"} else ""


def told(words: str) -> str:
    """Return the verdict of a view's words as plain text, for its chart's description."""
    (verdict,) = re.findall(r'<p class="lab-verdict">(.*?)</p>', words)
    return unescape(re.sub(r"<[^>]+>", "", verdict))


def excess(kurtosis: float, t: Text) -> str:
    """Write an excess kurtosis; one that is nothing but the rounding of a quadrature is 0."""
    if not math.isfinite(kurtosis):
        return t("table.undefined")
    return quantity(kurtosis if abs(kurtosis) > 1e-9 else 0.0, 1)


def infinite(summaries: Sequence[Summary], t: Text) -> str:
    """Say how many weights overflowed the dtype, which no mean, extreme or share counts; '' if none did."""
    if not (n := sum(summary.infinite for summary in summaries)):
        return ""
    dtype = summaries[0].dtype
    largest = quantity(torch.finfo(dtype).max, trim=True)
    return t("verdict.infinite", n=count(n), dtype=str(dtype).removeprefix("torch."), largest=largest)
