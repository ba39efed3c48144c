"""How numbers are written: with the digits that matter, in both languages alike."""

import math

THIN = "\u202f"  # a narrow no-break space groups thousands
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

#: What every number shows at least, in significant digits, and what a double has.
LEAST, MOST = 3, 17


def count(value: float) -> str:
    """Write a whole number with grouped thousands and a real minus: 131 072."""
    written = f"{value:,}" if isinstance(value, int) else f"{value:,.0f}"  # a double rounds a long one
    return written.replace(",", THIN).replace("-", "−")


def expected_count(value: float) -> str:
    """Write an expected number: in whole weights, and a small one with three digits."""
    if value >= 99.95 or value == round(value):
        return count(value)
    return quantity(value, value, LEAST)


def quantity(
    value: float, scale: float = 0.0, digits: int = 4, *, trim: bool = False, sign: bool = False
) -> str:
    """Write ``value`` with the decimals that give a number of size ``scale`` so many ``digits``.

    A value too small for them gets its own, so that it never has fewer than three significant digits,
    and only 0 reads 0. Without a scale it is its own. Very large and very small numbers are written as
    powers of ten: 1.25×10⁻⁷. ``trim`` leaves out closing zeros; ``sign`` writes a plus.
    """
    if math.isnan(value):
        return "–"
    if value == 0:
        return "0"
    plus = "+" if sign and value > 0 else ""
    if math.isinf(value):
        return f"{plus}∞" if value > 0 else "−∞"
    size = _size(value)
    beside = _size(scale) if scale and math.isfinite(scale) else size
    last = min(beside - max(digits, LEAST), size - LEAST) + 1
    last = max(last, size - MOST + 1)
    if size < 7 and (min(size, beside) > -6 or size > -3):
        text, power = f"{abs(value):.{max(0, -last)}f}", ""
    else:
        text, exponent = f"{abs(value):.{size - last}e}".split("e")
        power = "×10" + str(int(exponent)).translate(_SUPERSCRIPT)
    if trim and "." in text:
        text = text.rstrip("0").rstrip(".")
    if power and text == "1":
        text, power = "", power[1:]
    return f"{'−' if value < 0 else plus}{text}{power}"


def ten_to(exponent: float) -> str:
    """Write 10 to a power in three digits, also where it is beyond what a double holds."""
    if -300 < exponent < 300 or math.isinf(exponent):
        return quantity(10**exponent, digits=LEAST)
    whole = math.floor(exponent)
    mantissa = f"{10 ** (exponent - whole):.2f}"
    if mantissa == "10.00":
        mantissa, whole = "1.00", whole + 1
    return f"{mantissa}×10{str(whole).translate(_SUPERSCRIPT)}"


def factor(written: str) -> str:
    """Write a number so that an exponent or a quotient behind it takes all of it: (10⁻⁶)²."""
    return written if written.replace(".", "").replace(THIN, "").isdecimal() else f"({written})"


def _size(value: float) -> int:
    """Return the power of ten of a number's first digit.

    What only rounding keeps from the next power is as large as that: a std of √(2/8)·2 is 1, or a bit less
    in the browser, and has as many digits in both.
    """
    return int(f"{value:.11e}".split("e")[1])


def apart(value: float, point: float) -> str:
    """Write ``value`` so that it can be told from ``point``: with three digits of their distance.

    What lies within a share of 1e-9 of ``point`` is written as it: what is computed has no more digits.
    """
    if math.isclose(value, point, rel_tol=1e-9):
        return quantity(point, trim=True)
    return quantity(value, value - point, LEAST, trim=True)


def percent(share: float) -> str:
    """Write a share in percent, without the sign: one near 0 or near all with the digits that matter."""
    size = 100 * share
    return apart(size, 100) if size > 90 else quantity(size, size, LEAST, trim=True)


def interval(low: float, high: float) -> tuple[str, str]:
    """Write two ends with the digits that tell them apart: four of their distance."""
    scale = (high - low) / 2 or abs(low)
    return quantity(low, scale, trim=True), quantity(high, scale, trim=True)


def probability(p_value: float) -> str:
    """Write a p-value with its relation sign: = 0.423, < 0.001, > 0.99."""
    if p_value < 0.001:
        return "<\u00a00.001"
    return ">\u00a00.99" if p_value > 0.99 else f"=\u00a0{quantity(p_value, p_value, LEAST)}"
