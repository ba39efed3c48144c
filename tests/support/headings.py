"""Tables' headings as tests type them, by language, and whether a cell holds what it should."""

import re
from collections.abc import Mapping

from tests.support.words import NUMBER, value

EN, ZH = "en", "zh"

Heads = Mapping[str, tuple[str, ...]]


def near(cell: str, *expected: float, unit: float = 0.0) -> bool:
    """Tell whether a cell holds exactly these numbers, to the digits that it has."""
    found = [value(word) for word in re.findall(NUMBER, cell)]
    assert len(found) == len(expected), cell
    pairs = zip(found, expected, strict=True)
    return all(abs(ours - x) <= half * 1.001 + unit + 1e-6 * abs(x) for (ours, half), x in pairs)
