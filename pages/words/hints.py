"""What is said of a name from elsewhere that is none here: gated units, other libraries' layers."""

import re
from collections.abc import Mapping
from typing import Any

from core.signals.gated import GATED
from core.weights.layer_text import KINDS
from pages.text import Text

#: Functions of all outputs of a layer at once.
_OF_ROWS = {"softmax", "log_softmax", "logsoftmax", "softmin", "maxout", "layer_norm", "layernorm"}
#: Keras' names → torch's
_KERAS = {"Dense": "Linear", "SimpleRNN": "RNN"} | {
    f"Conv{n}D{transposed}": f"Conv{transposed}{n}d" for n in (2, 3) for transposed in ("", "Transpose")
}


def hint(code: str, refused: Mapping[str, Any], t: Text) -> str:
    """Return the sentence for a formula's word, or a layer, that is refused; '' where there is none."""
    if code == "formula_character" and str(refused["word"]) in "<>=?!&":
        return t("refused.hint_condition")
    if code == "formula_name":
        return _of_function(str(refused["word"]).rpartition(".")[2], t)
    if code == "layer" and (called := re.match(r"\s*(?:\w+\.)*(\w+)\s*\(", str(refused["was"]))):
        return _of_layer(called[1], t)
    return ""


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


def _of_layer(name: str, t: Text) -> str:
    if name == "Conv1D":
        return t("refused.hint_conv1d")
    if name in _KERAS:
        return t("refused.hint_keras", word=name, kind=_KERAS[name])
    kind = name.removeprefix("Lazy")
    return t("refused.hint_lazy", word=name, kind=kind) if kind != name and kind in KINDS else ""
