"""Numbers as pages write them, read back: 131 072, −3.75×10⁻⁷, ∞."""

import re

_SUPERSCRIPT = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_POWER = r"10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+"
#: a number with its sign, its thousands apart, and its power of ten
NUMBER = re.compile(rf"[−+±]?(?:\d[\d\u202f]*(?:\.\d+)?×{_POWER}|{_POWER}|\d[\d\u202f]*(?:\.\d+)?|∞)")


def read(text: str) -> float:
    """Return the number that ``text`` is; of ±3, the 3.

    Raises:
        AssertionError: if it is none.
    """
    assert NUMBER.fullmatch(text), text
    mantissa, power = re.fullmatch(rf"(.*?)×?({_POWER})?", text.lstrip("±")).groups()  # type: ignore[union-attr]
    digits = mantissa.replace("\u202f", "").replace("−", "-").replace("∞", "inf")
    digits += "1" if digits in {"", "-", "+"} else ""
    return float(digits + ("e" + power[2:].translate(_SUPERSCRIPT) if power else ""))


def numbers(text: str) -> list[float]:
    """Return the numbers of a sentence, in its order."""
    return [read(found) for found in NUMBER.findall(text)]
