"""A formula is refused by its code and facts."""

from typing import Any

import pytest

from core.errors import FormulaError
from core.refusals import TEMPLATES
from core.signals.formula import activation_of


def refused_formula(text: Any, code: str, facts: dict[str, Any]) -> None:
    """``facts`` are those besides the text; a place z only to six digits."""
    with pytest.raises(FormulaError) as e:
        activation_of(text)
    found = dict(e.value.facts)
    assert (e.value.code, found.pop("text", text)) == (code, text)
    assert found == {name: pytest.approx(x, rel=1e-6) if name == "z" else x for name, x in facts.items()}
    assert all(type(x) in {str, int, float, tuple} for x in found.values())
    assert str(e.value)[-1] == "."
    if "{at" in TEMPLATES[code]:  # people count from 1
        assert f"character {found['at'] + 1}" in str(e.value)
