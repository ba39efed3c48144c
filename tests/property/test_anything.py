"""Whatever core's public functions are given, they answer, or say in an InitLabError what is wrong.

Public is what ``core.__all__`` names, what its modules there define, and every constructor, method and
property of their classes; a new one fails here until ``CALLS`` says how to call it. What Python itself
raises before a function is entered, for an unknown keyword or one that is missing, is Python's own.

Core's records are plain: NamedTuples and dataclasses without code of their own hold what they are given.
What reads them is tried on those that core makes.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import core
from core import SCHEMES, InitLabError, draw
from core.signals import comparison
from core.weights.layers import Layer
from tests.support.anything import anything
from tests.support.attempts import attempt
from tests.support.public_names import public
from tests.support.valid_arguments import MAY, TEXT, number, whole
from tests.support.valid_calls import CALLS

FUNCTIONS = public()


def test_every_public_name_is_tried() -> None:
    assert len(FUNCTIONS) > 100
    assert sorted(FUNCTIONS) == sorted(CALLS)


def test_what_a_function_s_own_argument_may_be_is_said_of_one_that_there_is() -> None:
    own = [key.split(":") for key in MAY if ":" in key]
    assert [(name, argument) for name, argument in own if argument not in CALLS.get(name, dict)()] == []


def test_every_argument_is_tried() -> None:
    for name, function in FUNCTIONS.items():
        named = {p.name for p in inspect.signature(function).parameters.values() if p.kind != p.VAR_KEYWORD}
        assert named <= CALLS[name]().keys(), name


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_what_is_valid_is_answered(name: str) -> None:
    assert attempt(FUNCTIONS[name], CALLS[name]()) is None


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_torch_s_default_device_does_not_matter(name: str) -> None:
    """On meta nothing has numbers: what is made there shows."""
    arguments = CALLS[name]()
    torch.set_default_device("meta")
    try:
        assert attempt(FUNCTIONS[name], arguments) is None
    finally:
        torch.set_default_device(None)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
@pytest.mark.parametrize("kind", [torch.nn.UninitializedParameter, torch.nn.UninitializedBuffer])
def test_a_lazy_tensor_is_refused_in_our_words(name: str, kind: Callable[[], torch.Tensor]) -> None:
    """torch's own raise its ValueError at whatever they are asked."""
    for argument in sorted(CALLS[name]().keys() - {"self"}):
        attempt(FUNCTIONS[name], CALLS[name]() | {argument: kind()})


TAKING = sorted(name for name, make in CALLS.items() if make().keys() - {"self"})


@pytest.mark.parametrize("name", TAKING)
@given(data=st.data())
@settings(print_blob=False)
def test_anything_is_answered_or_refused_in_words(name: str, data: st.DataObject) -> None:
    arguments = CALLS[name]()
    names = sorted(arguments.keys() - {"self"})
    changed = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
    for each in changed:
        made = data.draw(anything, label=each).of(arguments[each])
        if each != "progress" or not callable(made):  # what a caller's own function raises is the caller's
            arguments[each] = made
    if attempt(FUNCTIONS[name], arguments) is None:
        for each in changed:
            may = MAY.get(f"{name}:{each}") or MAY[each]
            assert may(arguments[each]), f"{name} took {each}"


#: What takes a scheme's parameters, and the shapes that it takes.
_TAKE_PARAMETERS: Mapping[str, Callable[..., Any]] = {
    "law": lambda key, shape, params: SCHEMES[key].law(shape, **params),
    "call": lambda key, shape, params: SCHEMES[key].call(shape, **params),
    "draw": lambda key, shape, params: draw(key, shape, seed=1, **params),
    "equivalents": lambda key, shape, params: core.rosetta.equivalents(key, shape, **params),
    "pytorch_code": lambda key, shape, params: core.pytorch_code(key, shape, seed=1, **params),
    "by_connections": lambda key, shape, params: comparison.by_connections(
        key, Layer.of("LSTM(5, 3)" if shape == (3, 5) else "ConvTranspose2d(4, 6, 3, stride=2)"), **params
    ),
}
_FEW = core.Fans(Fraction(1, 2**63 - 1), Fraction(9, 2))


# torch's own word where a cut lies far from the mean: see test_sampling
@pytest.mark.filterwarnings("ignore:mean is more than 2 std:UserWarning")
@pytest.mark.parametrize("key", SCHEMES)
@given(data=st.data())
@settings(print_blob=False)
def test_anything_as_a_scheme_s_parameter_is_answered_or_refused(key: str, data: st.DataObject) -> None:
    scheme, does = SCHEMES[key], data.draw(st.sampled_from(sorted(_TAKE_PARAMETERS)))
    shape = data.draw(st.sampled_from([(3, 5), (6, 4, 3), (3,), _FEW, core.Fans(2**63 - 1, 1)]))
    params = {
        name: data.draw(anything, label=name).of(default)
        for name, default in scheme.params.items()
        if data.draw(st.booleans())
    }
    if attempt(_TAKE_PARAMETERS[does], {"key": key, "shape": shape, "params": params}) is None:
        for name, value in params.items():
            assert TEXT(value) if scheme.domain(name).choices else number()(value), name


def _numpy_s(value: Any) -> Any:
    """Return a number as numpy has it, a shape as torch has it, and all else as it is."""
    if isinstance(value, bool | int | float):
        return np.array(value)[()]
    return torch.Size(value) if isinstance(value, tuple) and value and all(map(whole(1), value)) else value


#: Where an object lies in memory.
_ADDRESS = re.compile(r"0x\w+")


@pytest.mark.parametrize("name", TAKING)
def test_numpy_s_numbers_and_torch_s_sizes_count_as_plain_ones(name: str) -> None:
    plain, arguments = CALLS[name](), {key: _numpy_s(value) for key, value in CALLS[name]().items()}
    found, wanted = (FUNCTIONS[name](**given) for given in (arguments, plain))
    if isinstance(wanted, str | int | float | tuple) and name != "devices.free_bytes":  # which time changes
        assert _ADDRESS.sub("", str(found)) == _ADDRESS.sub("", str(wanted))


@pytest.mark.parametrize("name", TAKING)
def test_python_alone_refuses_a_call_without_an_argument(name: str) -> None:
    function, arguments = FUNCTIONS[name], CALLS[name]()
    for each in arguments.keys() - {"self"}:
        rest = {key: value for key, value in arguments.items() if key != each}
        try:
            inspect.signature(function).bind(**rest)
        except TypeError:
            with pytest.raises(TypeError):
                function(**rest)
        else:
            attempt(function, rest)
    with pytest.raises((TypeError, InitLabError)) as caught:
        function(**arguments, no_such_argument=1)
    takes_any = any(p.kind is p.VAR_KEYWORD for p in inspect.signature(function).parameters.values())
    assert isinstance(caught.value, InitLabError) == takes_any
