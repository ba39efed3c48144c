"""Why an entry is not used, in a sentence: a refusal of a control, or of core, in a visitor's language."""

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from core import PARAMETERS, SCHEMES
from core.networks.network import BIAS_WORDS, FOLLOWS, LINEAR_SCHEMES
from core.weights.parameters import LARGEST, SMALLEST
from pages.state.chosen import READ_WITH, State
from pages.state.parsers import Refusal, Value
from pages.text import LANGUAGES, Text, sentences
from pages.text.numbers import count, interval, quantity
from pages.words.common import layer_name
from pages.words.hints import hint

_HAN = "[\u4e00-\u9fff]"


def input_in_force(state: State, t: Text) -> str:
    """Name the input in force, for a refusal that says what is used instead."""
    if not state["data"]:
        return t("option.data.drawn")
    return t("option.data.own", rows=count(state.batch), inputs=count(state.network.inputs))


def alert(words: str) -> str:
    """Return a sentence that says what is wrong, as HTML, whatever stands in it."""
    return f'<p class="lab-refusal" role="alert">▲ {escape(words)}</p>'


def again(words: str) -> str:
    """Return such a sentence for where the control that says it is folded away."""
    return f'<p class="lab-refusal lab-again">▲ {escape(words)}</p>'


def title(state: State, name: str, t: Text) -> str:
    """Return a control's name; torch has two parameters called ``a``."""
    slope = name == "a" and "nonlinearity" in SCHEMES[state["scheme"]].params
    return t("control.slope") if slope else t(f"control.{name}")


def sentence(state: State, name: str, t: Text) -> str:
    """Return the refusal of the control ``name`` as a sentence."""
    refusal = state.refusals[name]
    if name == "layer" and refusal.facts["used"] == "":
        refusal = Refusal(refusal.code, {**refusal.facts, "used": t("option.layer.")})
    facts = dict(refusal.facts)
    if name in state.idle:  # whatever is used instead, nothing reads it
        return idle(state, name, str(facts.get("was", "")), t)
    if name == "rows" and "out" in facts:
        return sentences(*_rows_left(refusal, title(state, name, t), t))
    if name == "data":
        facts["used"] = input_in_force(state, t)
    elif "used" in facts:
        facts["used"] = _used(state, facts["used"], t) or LANGUAGES[t.language]  # '' is the browser's own
    return worded(refusal.code, facts, title(state, name, t), t)


def idle(state: State, name: str, was: str, t: Text) -> str:
    """Say of a link's choice that nothing reads it here, and why."""
    facts = {"name": title(state, name, t), "was": was[:60]}
    if name in PARAMETERS and name in SCHEMES[state["scheme"]].params:
        own = {other: state[other] for other in SCHEMES[state["scheme"]].params}
        words = unread(name, facts["was"], own, t, label=facts["name"])
    elif name in PARAMETERS:
        words = t("refused.idle_parameter", **facts, scheme=t(f"scheme.{state['scheme']}.name"))
    elif name in {"fan_in", "fan_out"}:
        words = t("refused.idle_fans", **facts, layer=layer_name(state, t))
    else:
        words = t("refused.idle", **facts)
    return _closed(words, facts["name"])


def unread(  # noqa: PLR0913 - a sentence has these parts, named at the call
    name: str, was: str, params: Mapping[str, Any], t: Text, *, label: str = "", entry: str = ""
) -> str:
    """Say of a parameter that it has no effect beside a scheme's others, in its control or in an entry."""
    other, value = READ_WITH[name]
    words = ("idle_slope" if name == "a" else "idle_with") + ("_row" if entry else "")
    facts = {"name": label or name, "was": was, "entry": entry, "other": other, "given": params[other]}
    return t(f"refused.{words}", **facts, value=value)


def _rows_left(refusal: Refusal, name: str, t: Text) -> list[str]:
    """Say why an entry of a comparison is not used, and which are left out, if any is left."""
    facts, out = {**refusal.facts, "used": t("refused.rows_rest")}, refusal.facts["out"]
    words = [worded(refusal.code, facts, name, t)]
    if not out:
        return [*words, t("refused.rows_stay")]
    return [*words, t("refused.rows_out", rows=t("verdict.and").join(f"“{row[:60]}”" for row in out))]


def worded(code: str, refused: Mapping[str, Any], name: str, t: Text) -> str:
    """Return the sentence of a refusal with its facts, in which ``name`` is the control's."""
    facts = {key: _fact(key, value) for key, value in refused.items()}
    if isinstance(refused.get("low"), float) and isinstance(refused.get("high"), float):
        facts["low"], facts["high"] = interval(refused["low"], refused["high"])
    if "endless" in refused:
        facts["span"] = t("refused.span_sigmas" if refused["endless"] else "refused.span", **facts)
    if code == "order":
        facts["a"], facts["b"] = interval(refused["a"], refused["b"])
    facts |= {
        "name": name,
        "smallest": quantity(SMALLEST, SMALLEST, trim=True),
        "largest": facts.get("largest", "") or quantity(LARGEST, LARGEST, trim=True),
    }
    if "at" in refused:
        facts["at"] = t("layers.place", at=refused["at"]) if refused["at"] else t("layers.place_input")
    if "minimum" in refused:
        facts["wanted"] = _wanted(refused, facts, t)
    if "takes" in facts:
        facts["takes"] = facts["takes"] or t("refused.takes_none")
    if "scheme" in facts:
        facts["scheme"] = t(f"scheme.{facts['scheme']}.name")
    if code in {"choice", "listed"} and facts["options"].count(",") > MANY:
        asked = facts["was"] if code == "choice" else facts["unknown"].split(", ")[0]
        options = facts["options"].split(", ")
        facts["options"] = ", ".join([*(_near(asked, options, 0.4) or options[:3]), "…"])
    told = hint(code, refused, t) or _closest(code, refused, facts.get("word", ""), t)
    short = told and code == "formula_name"  # instead of all names that there are
    words = _closed(
        t("refused.formula_unknown" if short else f"refused.{code}", **facts), facts.get("used", "")
    )
    return sentences(words, told) if told else words


def _closest(code: str, refused: Mapping[str, Any], word: str, t: Text) -> str:
    """Name what is spelt nearly as a word that names nothing."""
    names = _NAMED.get(code, refused.get("names", ()))
    near = [] if word in names else _near(word, names, 0.6)  # a name may stand in the wrong place
    return t("refused.near", options=", ".join(near)) if near else ""


def _closed(words: str, part: str) -> str:
    """Take away the space that a sentence leaves before a part, where there Chinese follows Chinese."""
    return re.sub(rf"({_HAN}) (?={re.escape(part)})", r"\1", words) if re.match(_HAN, part) else words


def _wanted(refused: Mapping[str, Any], facts: Mapping[str, str], t: Text) -> str:
    """Return what a scheme's parameter may be, by the limits that core names in its refusal."""
    low, high = refused["minimum"], refused["maximum"]
    if isinstance(low, int):
        return t("refused.wants_whole", low=count(low), high=count(high))
    if math.isfinite(high):
        ends = (quantity(end, end, trim=True) for end in (low, high))
        return t("refused.wants_between", **dict(zip(("low", "high"), ends, strict=True)))
    if math.isinf(low):
        kind = "real" if refused["zero"] else "not_0"
    else:
        kind = "positive" if refused["zero"] else "above"
    return t(f"refused.wants_{kind}", smallest=facts["smallest"], largest=facts["largest"])


def _fact(key: str, value: object) -> str:
    """Write a fact: numbers as everywhere, but a whole one that is refused as it was typed."""
    if isinstance(value, float):
        return quantity(value, value, trim=True)
    if type(value) is int and key not in {"value", "was"}:
        return count(value)
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


#: Of more options than this, a refusal names those that resemble what was asked for.
MANY = 12
#: What may stand where a word is refused that names nothing.
_NAMED: Mapping[str, Sequence[str]] = {
    "network_word": (*LINEAR_SCHEMES, *FOLLOWS, *BIAS_WORDS),
    "comparison_scheme": tuple(SCHEMES),
}
#: Whom Keras, and before it Caffe, name a scheme after.
_AUTHORS = {"he": "kaiming", "msra": "kaiming", "glorot": "xavier"}


def _near(was: str, options: Sequence[str], alike: float) -> list[str]:
    """Return the options that are spelt as what was asked for: as torch does, as Keras does, or nearly so."""
    word = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", was.rpartition(".")[2].rstrip("_")).lower()
    first, *rest = word.split("_")
    return difflib.get_close_matches("_".join([_AUTHORS.get(first, first), *rest]), options, cutoff=alike)


def _used(state: State, used: Value | dict[str, Value], t: Text) -> str:
    if isinstance(used, dict):
        used = {name: t(f"option.weights.{v}") if name == "weights" else v for name, v in used.items()}
        words = {name: _used(state, value, t) or t("option.layer.") for name, value in used.items()}
        return t("refused.joined").join(f"{title(state, name, t)} = {value}" for name, value in words.items())
    return quantity(used, used, trim=True) if isinstance(used, float) else str(used)
