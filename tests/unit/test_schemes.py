"""Rows of the table: their contract, and what they refuse."""

import math

import pytest

from core import SCHEMES, ParameterError, ShapeError

LESSON = "uniform normal zeros ones constant kaiming_normal kaiming_uniform xavier_normal xavier_uniform"


def test_the_lesson_s_schemes_and_the_classic_one_are_there() -> None:
    assert set(SCHEMES) == {*LESSON.split(), "classic_uniform"}
    assert all(scheme.key == key for key, scheme in SCHEMES.items())
    assert all(scheme.source.url.startswith("https://") for scheme in SCHEMES.values())


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        SCHEMES["mine"] = SCHEMES["zeros"]  # type: ignore[index]


def test_defaults_are_torch_s() -> None:
    assert SCHEMES["uniform"].params == {"a": 0, "b": 1}
    assert SCHEMES["normal"].params == {"mean": 0, "std": 1}
    assert SCHEMES["constant"].params == {"val": 5}  # the lesson's; torch has none
    assert SCHEMES["xavier_normal"].params == {"gain": 1}
    assert SCHEMES["kaiming_normal"].params == {"a": 0, "mode": "fan_in", "nonlinearity": "leaky_relu"}


@pytest.mark.parametrize(
    ("key", "params", "message"),
    [
        ("uniform", {"a": 1, "b": 1}, "a must be less than b"),
        ("uniform", {"a": 2}, "a must be less than b"),
        ("uniform", {"b": math.inf}, "b must be 0 or a number"),
        ("normal", {"std": -1}, "not negative"),
        ("normal", {"mean": math.nan}, "mean must be"),
        ("normal", {"mean": "big"}, "mean must be"),
        ("normal", {"std": True}, "std must be"),
        ("normal", {"gain": 1}, "normal takes std, mean"),
        ("zeros", {"val": 1}, "zeros takes no parameters"),
        ("kaiming_normal", {"mode": "fan_avg"}, "one of fan_in, fan_out"),
        ("kaiming_normal", {"nonlinearity": "gelu"}, "one of linear, sigmoid, tanh"),
        ("kaiming_normal", {"a": 1e200}, "between 1e-30 and 1e"),
        ("xavier_normal", {"gain": -0.1}, "gain must be"),
    ],
)
def test_a_wrong_parameter_is_refused_with_what_would_be_right(
    key: str, params: dict[str, object], message: str
) -> None:
    with pytest.raises(ParameterError, match=message):
        SCHEMES[key].law((3, 5), **params)


def test_schemes_without_fans_take_any_shape_and_the_others_say_what_they_need() -> None:
    assert SCHEMES["normal"].law((15,)).std == 1
    with pytest.raises(ShapeError, match="two dimensions"):
        SCHEMES["xavier_normal"].law((15,))
