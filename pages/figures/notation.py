"""Formulas for charts, which know no LaTeX: a root is written √(6/784)."""

import re
from functools import lru_cache

_SYMBOLS = {
    r"\mathrm{fan\_in}": "fan_in",
    r"\mathrm{fan\_out}": "fan_out",
    r"\tfrac{5}{3}": "5⁄3·",
    r"\tfrac{3}{4}": "3⁄4·",
    r"\sigma": "σ",
    r"\mu": "μ",
    r"\omega_0": "ω₀",
    r"\pm": "±",
    r"\cdot": "·",
    r"\,": " ",
    "-": "−",
    "^2": "²",
}
_SUPERSCRIPT = str.maketrans("−0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@lru_cache(maxsize=4096)
def plain(latex: str) -> str:
    """Write core's LaTeX as one line of text.

    It knows the few commands that core's formulas use; a test runs it over all of them.
    """
    for command, text in _SYMBOLS.items():
        latex = latex.replace(command, text)
    latex = re.sub(r"10\^\{([^}]*)\}", lambda m: "10" + m[1].translate(_SUPERSCRIPT), latex)
    latex = re.sub(r"\^\{([^}]*)\}", r"^(\1)", latex)
    latex = re.sub(r"\\sqrt\{(\d+)\}", r"√\1", latex)
    return re.sub(r"\\sqrt\{([^{}]*)\}", r"√(\1)", latex)
