"""What several functions ask of an argument is asked, and said, alike."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from core import SCHEMES, Comparison, Net, Network, ParameterError, network_code
from core.checks import number_in
from core.networks.module import seeded_input
from core.networks.network import LESSON
from core.signals import fate as outlook
from core.signals import trace as signal
from core.signals.comparison import expected_largest
from core.weights import referee_checks
from core.weights.extremes import largest_density

LAW = SCHEMES["normal"].law((3, 5))
#: What NumPy takes for numbers, and is none: a hidden number, truths, bytes.
NO_NUMBERS: dict[str, object] = {
    "masked": np.ma.masked_array([1.0, 2.0], [False, True]),
    "masked in a list": [np.ma.masked_array([1.0, 2.0], [False, True])],
    "truths": [True, False],
    "an array of truths": np.array([True, False]),
    "a tensor of truths": torch.tensor([True, False]),
    "a truth among numbers": [1.0, np.True_],
    "a truth in a tuple": (1.0, True),
    "bytes": b"12",
    "a bytearray": [bytearray(b"1"), 2],
    "complex": [1j, 2],
    "text": ["1", "2"],
    "ragged": [[1.0], [2.0, 3.0]],
}
#: Functions that take numbers in any array.
TAKERS: dict[str, Callable[[object], object]] = {
    "pdf": LAW.pdf,  # type: ignore[dict-item]
    "cdf": LAW.cdf,  # type: ignore[dict-item]
    "density": lambda x: largest_density(7, LAW, x),  # type: ignore[arg-type]
    "edges": lambda x: referee_checks.expected_counts(7, x, LAW),  # type: ignore[arg-type]
    "fate": outlook.fate,  # type: ignore[dict-item]
    "spread": outlook.spread,  # type: ignore[dict-item]
    "rows": lambda x: network_code(Network.of("2-3"), seed=1, rows=x),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("values", NO_NUMBERS.values(), ids=NO_NUMBERS)
@pytest.mark.parametrize("take", TAKERS.values(), ids=TAKERS)
def test_what_is_no_number_is_never_taken_for_one(take: Callable[[object], object], values: object) -> None:
    with pytest.raises(ParameterError):
        take(values)


def test_parameters_that_are_masked_are_not_loaded() -> None:
    net = Net(Network.of("2-1.no_bias"), seed=1)
    before = net.out.weight.clone()  # type: ignore[union-attr, operator]
    with pytest.raises(ValueError, match="not this network's parameters"):
        net.load({"out.weight": np.ma.masked_array([[1.0, 2.0]], [[0, 1]])})
    assert torch.equal(net.out.weight, before)  # type: ignore[arg-type]


THREE = Comparison.of("zeros-ones-eye")
#: Whole numbers that are asked for, each with the least that it may be.
WHOLE: dict[str, tuple[Callable[[int], object], int]] = {
    "entry": (lambda n: THREE.with_entry(n, scheme="normal"), 0),
    "largest": (lambda n: expected_largest(LAW, n), 1),
    "depth": (lambda n: signal.checked_sizes(n, 4, 1), 1),
    "width": (lambda n: signal.checked_sizes(4, n, 1), 1),
    "batch": (lambda n: signal.checked_sizes(4, 4, n), 1),
    "seeds": (signal.checked_seeds, 1),
    "rows": (lambda n: seeded_input(n, 3, seed=1), 1),
    "features": (lambda n: seeded_input(2, n, seed=1), 1),
    "code": (lambda n: network_code(LESSON, seed=1, batch=n), 1),
}


@pytest.mark.parametrize(("take", "least"), WHOLE.values(), ids=WHOLE)
def test_the_least_that_a_refusal_names_is_taken_and_one_less_is_not(
    take: Callable[[int], object], least: int
) -> None:
    take(least)
    with pytest.raises(ParameterError) as refused:
        take(least - 1)
    assert refused.value.facts["minimum"] == least
    assert f"from {least} to" in str(refused.value)


def test_whole_numbers_past_the_doubles_lie_beyond_all_others() -> None:
    """On their own side: of N(0, 1) nothing is below one, and all below the other."""
    assert LAW.cdf([-(10**400), 0, 10**400]).tolist() == [0, 0.5, 1]
    assert LAW.pdf([-(10**400), 10**400]).tolist() == [0, 0]


@pytest.mark.filterwarnings("ignore::UserWarning")  # torch warns of quantised and nested ones
@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
        lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
        lambda: torch.ones(2, device="meta"),
        lambda: torch.ones(2).to_sparse(),
    ],
    ids=["quantised", "nested", "meta", "sparse"],
)
@pytest.mark.parametrize("take", TAKERS.values(), ids=TAKERS)
def test_tensors_without_numbers_of_their_own_are_refused(
    take: Callable[[object], object], make: Callable[[], torch.Tensor]
) -> None:
    with pytest.raises(ParameterError):
        take(make())


@pytest.mark.parametrize(
    ("text", "number"), [("1e-400", None), ("-0.01e-322", None), ("0e9", 0), ("−0.0", 0), ("5e-324", 5e-324)]
)
def test_a_number_too_small_for_every_double_is_not_taken_for_0(text: str, number: float | None) -> None:
    if number is None:
        with pytest.raises(ValueError, match="smaller"):
            number_in(text)
    else:
        assert number_in(text) == number
