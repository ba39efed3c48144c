"""The words: one TOML file a language, looked up by dotted keys, and how numbers are written."""

import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

#: language → its own name, as the switch shows it
LANGUAGES = {"en": "English", "zh": "中文"}
#: language → the value of <html lang>
HTML_LANG = {"en": "en", "zh": "zh-Hans"}

THIN = "\u202f"  # a narrow no-break space groups thousands
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Text:
    """The words of one language: ``t("page.key", name=value)``."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._entries = catalogue(language)

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the entry with ``values`` put in.

        Raises:
            KeyError: if the catalogue has no such key, or the entry names a value not given.
        """
        return self._entries[key].format_map(values)


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Read a language's file into one flat mapping with dotted keys."""
    path = Path(__file__).with_name(f"{language}.toml")
    return dict(_flatten(tomllib.loads(path.read_text(encoding="utf-8"))))


def _flatten(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def language_of(locale: str | None) -> str:
    """Return the language for a browser's locale such as ``zh-CN``; English where there is none."""
    language = (locale or "").replace("_", "-").split("-")[0].lower()
    return language if language in LANGUAGES else "en"


def sentences(*parts: str) -> str:
    """Join sentences: with a space, but none after a full-width stop."""
    return re.sub(r"(。(?:</\w+>)*) ", r"\1", " ".join(filter(None, parts)))


def count(value: float) -> str:
    """Write a whole number with grouped thousands and a real minus: 131 072."""
    return f"{value:,.0f}".replace(",", THIN).replace("-", "−")


def expected_count(value: float) -> str:
    """Write an expected number: whole from 10 on, below with the digits that matter."""
    if value >= 9.995 or value == 0:
        return count(value)
    return fixed(value, 2) if value >= 0.01 else quantity(value, value, 2)


def fixed(value: float, decimals: int, *, sign: bool = False) -> str:
    """Write with this many decimals and a real minus; a rounded-away value is 0, without sign."""
    text = f"{value:{'+' if sign else ''}.{decimals}f}".replace("-", "−")
    return text.lstrip("+−") if float(text.replace("−", "-")) == 0 else text


def quantity(value: float, scale: float, digits: int = 4, *, trim: bool = False) -> str:
    """Write ``value`` so that a number of size ``scale`` has ``digits`` significant digits.

    Very large and very small scales are written as powers of ten: 1.25×10⁻⁷.
    """
    if not math.isfinite(value):
        return "–"
    if value == 0 and trim:
        return "0"
    size = math.floor(math.log10(abs(scale))) if scale else 0
    if -6 < size < 7:
        text = fixed(value, max(0, digits - 1 - size))
        return text.rstrip("0").rstrip(".") if trim and "." in text else text
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    if trim:
        mantissa = mantissa.rstrip("0").rstrip(".")
    power = "10" + str(int(exponent)).translate(_SUPERSCRIPT)
    text = {"1": power, "-1": f"−{power}"}.get(mantissa, f"{mantissa}×{power}")
    return text.replace("-", "−")


def placed(value: float, size: float, digits: int = 3) -> str:
    """Write where ``value`` lies in a range of this ``size``, of which ``digits`` digits are told apart."""
    decimals = digits - 1 - math.floor(math.log10(size)) if size > 0 else digits
    return fixed(value, decimals) if 0 <= decimals <= 12 else quantity(value, value, max(digits, 4))


def interval(low: float, high: float) -> tuple[str, str]:
    """Write two ends with the digits that tell them apart: four of their distance."""
    scale = (high - low) / 2 or abs(low)
    return quantity(low, scale, trim=True), quantity(high, scale, trim=True)


def probability(p_value: float) -> str:
    """Write a p-value with its relation sign: = 0.42, < 0.001, > 0.99."""
    if p_value < 0.001:
        return "<\u00a00.001"
    if p_value > 0.99:
        return ">\u00a00.99"
    return f"=\u00a0{p_value:.2f}" if p_value >= 0.01 else f"=\u00a0{p_value:.3f}"
