"""Rows of the table: their contract, and what they refuse."""

import inspect
import math

import pytest
from torch import nn

from core import PARAMETERS, SCHEMES, ParameterError, SchemeError, ShapeError
from core.weights.narrow_cuts import kept
from core.weights.schemes import scheme_of

LESSON = "uniform normal zeros ones constant kaiming_normal kaiming_uniform xavier_normal xavier_uniform"
REST_OF_TORCH = "trunc_normal orthogonal sparse eye dirac"
OTHERS = "classic_uniform lecun_normal lecun_uniform variance_scaling gpt2_residual mup_hidden mup_output"
TRANSFORMERS = (
    "orthogonal_cast llama_residual small_init wang_init t5 siren_first siren_hidden mup_depth deepnorm fixup"
)


def test_the_lesson_s_schemes_are_there_and_all_others_of_torch_and_the_papers() -> None:
    assert set(SCHEMES) == {*LESSON.split(), *REST_OF_TORCH.split(), *OTHERS.split(), *TRANSFORMERS.split()}
    assert all(scheme.key == key for key, scheme in SCHEMES.items())


def test_torch_has_no_other_function_that_fills_a_weight() -> None:
    fills = {name.removesuffix("_") for name in dir(nn.init) if name.endswith("_") and name[0] != "_"}
    assert fills == {*LESSON.split(), *REST_OF_TORCH.split()}


@pytest.mark.parametrize("key", SCHEMES)
def test_a_source_can_be_looked_up(key: str) -> None:
    source = SCHEMES[key].source
    assert source.url.startswith("https://")
    assert source.citation
    assert source.title


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        SCHEMES["mine"] = SCHEMES["zeros"]  # type: ignore[index]


def test_an_unknown_key_is_refused_with_those_there_are() -> None:
    with pytest.raises(SchemeError, match="no scheme 'he'; there are uniform, normal") as caught:
        scheme_of("he")
    assert caught.value.code == "scheme.unknown"


@pytest.mark.parametrize("key", [*LESSON.split(), *REST_OF_TORCH.split()])
def test_defaults_are_torch_s(key: str) -> None:
    theirs = {
        name: parameter.default
        for name, parameter in inspect.signature(getattr(nn.init, f"{key}_")).parameters.items()
        if name not in {"tensor", "generator"}
    }
    if key == "constant":
        theirs["val"] = 5  # the lesson's; torch has none
    if key == "sparse":
        theirs["sparsity"] = 0.1  # that of torch's example; torch has none
    assert SCHEMES[key].params == theirs


def test_defaults_of_the_others_are_their_sources() -> None:
    assert SCHEMES["variance_scaling"].params == {  # Keras
        "scale": 1,
        "mode": "fan_in",
        "distribution": "truncated_normal",
    }
    assert SCHEMES["gpt2_residual"].params == {"n_layer": 12, "std": 0.02}  # the smallest GPT-2
    assert SCHEMES["mup_hidden"].params == SCHEMES["mup_output"].params == {"sigma": 1, "base_width": 1}


@pytest.mark.parametrize("key", SCHEMES)
def test_every_parameter_has_a_domain_that_its_default_lies_in(key: str) -> None:
    scheme = SCHEMES[key]
    assert scheme.checked({}) == dict(scheme.params)
    for name, default in scheme.params.items():
        assert name in PARAMETERS
        assert scheme.domain(name).checked(name, default) == default


@pytest.mark.parametrize(
    ("key", "params", "message"),
    [
        ("uniform", {"a": 1, "b": 1}, "a must be less than b"),
        ("uniform", {"a": 2}, "a must be less than b"),
        ("uniform", {"b": math.inf}, "b must be 0 or a number"),
        ("trunc_normal", {"a": 3}, "a must be less than b"),
        ("trunc_normal", {"std": 0}, "std must be a number between"),
        ("normal", {"std": -1}, "not negative"),
        ("normal", {"mean": math.nan}, "mean must be"),
        ("normal", {"mean": "big"}, "mean must be"),
        ("normal", {"mean": None}, "mean must be"),
        ("normal", {"mean": 1j}, "mean must be"),
        ("normal", {"std": True}, "std must be"),
        ("normal", {"gain": 1}, "normal takes std, mean"),
        ("zeros", {"val": 1}, "zeros takes no parameters"),
        ("kaiming_normal", {"mode": "fan_avg"}, "one of fan_in, fan_out"),
        ("kaiming_normal", {"nonlinearity": "gelu"}, "one of linear, sigmoid, tanh"),
        ("kaiming_normal", {"nonlinearity": ["relu"]}, "one of linear, sigmoid, tanh"),
        ("kaiming_normal", {"a": 1e200}, "between 1e-30 and 1e"),
        ("xavier_normal", {"gain": -0.1}, "gain must be"),
        ("orthogonal", {"gain": -1}, "gain must be"),
        ("sparse", {"sparsity": 1.01}, "sparsity must be a number from 0 to 1"),
        ("sparse", {"sparsity": -0.1}, "sparsity must be a number from 0 to 1"),
        ("dirac", {"groups": 0}, "groups must be a whole number from 1"),
        ("dirac", {"groups": 1.5}, "groups must be a whole number from 1"),
        ("gpt2_residual", {"n_layer": 0}, "n_layer must be a whole number from 1"),
        ("gpt2_residual", {"n_layer": 65_537}, "to 65536"),
        ("variance_scaling", {"scale": 0}, "scale must be a number between"),
        ("variance_scaling", {"mode": "fan_max"}, "one of fan_in, fan_out, fan_avg"),
        ("variance_scaling", {"distribution": "cauchy"}, "one of truncated_normal, normal, uniform"),
        ("mup_output", {"sigma": -1}, "sigma must be"),
    ],
)
def test_a_wrong_parameter_is_refused_with_what_would_be_right(
    key: str, params: dict[str, object], message: str
) -> None:
    with pytest.raises(ParameterError, match=message):
        SCHEMES[key].law((6, 5, 3) if key == "dirac" else (3, 5), **params)


def test_schemes_without_fans_take_any_shape() -> None:
    for key in ("normal", "uniform", "trunc_normal", "zeros", "ones", "constant", "gpt2_residual"):
        assert SCHEMES[key].law((15,)).std == SCHEMES[key].law((3, 5)).std


@pytest.mark.parametrize(
    "key",
    [
        "kaiming_normal",
        "kaiming_uniform",
        "xavier_normal",
        "xavier_uniform",
        "classic_uniform",
        "lecun_normal",
        "lecun_uniform",
        "variance_scaling",
        "mup_hidden",
        "mup_output",
        "mup_depth",
        "deepnorm",
        "fixup",
        "orthogonal",
    ],
)
def test_the_others_say_that_they_need_two_dimensions(key: str) -> None:
    with pytest.raises(ShapeError, match="two dimensions"):
        SCHEMES[key].law((15,))


@pytest.mark.parametrize(
    ("key", "shape", "params", "code"),
    [
        ("eye", (4, 5, 6), {}, "shape.matrix"),
        ("eye", (4,), {}, "shape.matrix"),
        ("sparse", (4, 5, 1), {}, "shape.matrix"),
        ("dirac", (4, 5), {}, "shape.kernel"),
        ("dirac", (4, 5, 1, 1, 1, 1), {}, "shape.kernel"),
        ("dirac", (4, 5, 3), {"groups": 3}, "shape.dirac"),
        ("dirac", (4, 5, 3), {"groups": 8}, "shape.dirac"),
        ("normal", (4, 0), {}, "shape.sizes"),
    ],
)
def test_a_shape_that_torch_would_refuse_is_refused(
    key: str, shape: tuple[int, ...], params: dict[str, float], code: str
) -> None:
    with pytest.raises(ShapeError) as caught:
        SCHEMES[key].law(shape, **params)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("key", "function", "arguments"),
    [
        ("lecun_normal", "kaiming_normal_", {"nonlinearity": "linear"}),
        ("classic_uniform", "kaiming_uniform_", {"a": math.sqrt(5)}),
        ("sparse", "sparse_", {"sparsity": 0.1, "std": 0.01}),
        ("mup_output", "normal_", {"std": 1 / 15}),
        ("gpt2_residual", "normal_", {"std": 0.02 / math.sqrt(24)}),
        ("eye", "eye_", {}),
    ],
)
def test_a_scheme_names_the_one_call_of_torch_that_draws_it(
    key: str, function: str, arguments: dict[str, float]
) -> None:
    call = SCHEMES[key].call((5, 15))
    assert (call.function, dict(call.arguments)) == (function, arguments)


@pytest.mark.parametrize(
    ("a", "b"), [(0.5, 0.9), (2.0, 3.0), (6.0, 8.0), (9.0, 9.5), (20.0, 25.0), (-3.0, 2.0)]
)
def test_the_share_between_cuts_is_as_exact_in_either_tail(a: float, b: float) -> None:
    """By the complementary error function of the near tail, which loses no digits."""
    low, high = (math.erfc(end / math.sqrt(2)) / 2 for end in (a, b))
    for low_cut, high_cut in ((a, b), (-b, -a)):
        law = SCHEMES["trunc_normal"].law((3, 5), a=low_cut, b=high_cut)
        assert kept(law) == pytest.approx(low - high, rel=1e-10, abs=0)
