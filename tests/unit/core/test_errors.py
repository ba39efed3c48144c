"""A refused value is written into its refusal, whatever it is."""

import pytest

from core import InitLabError, draw
from core.errors import shown


def unwritable(error: type[BaseException]) -> object:
    """Return a value whose ``repr`` raises this."""

    class Value:
        def __repr__(self) -> str:
            raise error

    return Value()


@pytest.mark.parametrize(
    "error",
    [
        ValueError,
        RuntimeError,
        TypeError,
        AttributeError,
        KeyError,
        ZeroDivisionError,
        RecursionError,
        OSError,
    ],
)
def test_what_cannot_be_written_is_called_by_its_type(error: type[Exception]) -> None:
    value = unwritable(error)
    assert "Value" in shown(value)
    with pytest.raises(InitLabError) as refused:
        draw("normal", (3, 5), seed=value)  # type: ignore[arg-type]
    assert "Value" in str(refused.value)


@pytest.mark.parametrize("name", ["array", "deque", "dict", "set", "frozenset", "list", "tuple"])
def test_so_is_one_whose_type_only_has_a_known_name(name: str) -> None:
    """reprlib goes by a type's name: an ``array`` of another library has no typecode, nor a length."""
    value = type(name, (), {})()
    assert name in shown(value)
    with pytest.raises(InitLabError, match=name):
        draw("normal", (3, 5), seed=value)


def test_a_long_value_is_cut_short() -> None:
    for value in ("z" * 5000, 10**4000, [*range(5000)], {"a" * 500: "b" * 500}, 10**5000):
        assert len(shown(value)) < 200
    assert shown((3, "five")) == "(3, 'five')"
