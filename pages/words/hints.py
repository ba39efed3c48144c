"""What would be right where something is refused: a name from elsewhere, a number with a decimal comma."""

import math
import re
from collections.abc import Mapping
from typing import Any

from core.errors import FormulaError
from core.signals.formula import number_of
from core.signals.gated import GATED
from core.weights.layer_text import KINDS
from pages.text import Text

#: Functions of all outputs of a layer at once.
_OF_ROWS = {"softmax", "log_softmax", "logsoftmax", "softmin", "maxout", "layer_norm", "layernorm"}
#: Keras' names → torch's
_KERAS = {"Dense": "Linear", "SimpleRNN": "RNN"} | {
    f"Conv{n}D{transposed}": f"Conv{transposed}{n}d" for n in (2, 3) for transposed in ("", "Transpose")
}
#: Codes of a number that is no number, or not one of those that are wanted.
_NUMBERS = {"whole", "real", "positive", "above", "between"}


def hint(code: str, refused: Mapping[str, Any], t: Text) -> str:
    """Return what would be right in place of what is refused; '' where there is no hint."""
    if code == "formula_character" and str(refused["word"]) in "<>?!&":
        return t("refused.hint_condition")
    if code == "formula_name":
        return _of_function(str(refused["word"]).rpartition(".")[2], t)
    if code == "layer":
        return _of_layer(str(refused["was"]).strip(), t)
    if code == "network_units" and not (word := str(refused["word"])).isdecimal():
        return t("refused.hint_bias" if word == "bias" else "refused.hint_network")
    return _of_number(code, refused, t) if code in _NUMBERS else ""


def _of_number(code: str, refused: Mapping[str, Any], t: Text) -> str:
    """Return how a number is written that came with a decimal comma, in percent, or to be worked out."""
    was, whole = str(refused["was"]).strip(), code == "whole"
    if not whole and re.fullmatch(r"-?\d+,\d+", was):
        return t("refused.hint_point", value=was.replace(",", "."))
    percent = re.fullmatch(r"([\d.]+) ?%", was)
    bare = re.sub(r"(?<=\d)[, _](?=\d{3}\b)", "", was) if whole else was
    try:
        value = number_of(f"{percent[1]}/100" if percent else bare)
    except FormulaError:
        return ""
    if not 0 < value < math.inf or (whole and not value.is_integer()):
        return ""
    if not refused.get("low", value) <= value <= refused.get("high", value):
        return ""
    written = str(int(value)) if whole else f"{value:.6g}"
    is_number = re.fullmatch(r"[\d.]+(e[-+]?\d+)?", was, re.IGNORECASE)  # refused for its size
    return t("refused.hint_number", value=written) if written != was and (whole or not is_number) else ""


def _of_function(word: str, t: Text) -> str:
    name = word.lower()
    if name in {"where", "if", "else", "heaviside"}:
        return t("refused.hint_condition")
    if name == "phi":
        return t("refused.hint_phi")
    if name in GATED:
        return t("refused.hint_gated", word=word, gate=GATED[name].activation, tab=t("tab.gains"))
    if name == "prelu":
        return t("refused.hint_prelu")
    return t("refused.hint_rows", word=word) if name in _OF_ROWS else ""


def _of_layer(was: str, t: Text) -> str:
    called = re.match(r"(?:\w+\.)*([A-Za-z]\w*)\s*(\(?)", was)
    if called is None or called[1] == "Size":
        return t("refused.hint_sizes") if re.search(r"\d", was) else ""
    name, opened = called.groups()
    if name == "Conv1D":
        return t("refused.hint_conv1d")
    if name in _KERAS:
        return t("refused.hint_keras", word=name, kind=_KERAS[name])
    if known := {kind.lower(): kind for kind in KINDS}.get(name.lower()):
        return _of_call(known, was, t, called=bool(opened) and name == known)
    kind = name.removeprefix("Lazy")
    if kind != name and kind in KINDS:
        return t("refused.hint_lazy", word=name, kind=kind)
    return t("refused.hint_norms", word=name) if "Norm" in name else ""


def _of_call(kind: str, was: str, t: Text, *, called: bool) -> str:
    """Return what is wrong with the call of a layer that there is."""
    if not called:
        return t("refused.hint_call", kind=kind)
    if was.count("(") != was.count(")"):
        return t("refused.hint_bracket")
    return t("refused.hint_commas") if re.search(r"[;；]|\d,\d{3}\b", was) else ""
