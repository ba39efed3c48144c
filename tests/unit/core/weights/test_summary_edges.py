"""A weight on an edge is counted in the bin that the edge begins, and one beyond at the law's end."""

import math

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from core import DTYPES, SCHEMES, DeviceError, Summary
from tests.support.marks import dtypes, generator_stays
from tests.support.summarised import CHUNK, assert_agrees

pytestmark = generator_stays


def _on_edges(edges: np.ndarray, dtype: torch.dtype) -> torch.Tensor:
    """Return every edge as the dtype rounds it, and its two neighbours on either side."""
    near = torch.from_numpy(edges.copy()).to(dtype)
    if dtype.itemsize == 2:  # torch has no neighbours of half precision
        bits = near.view(torch.int16)
        sides = [(bits + step).view(dtype) for step in (-2, -1, 0, 1, 2)]
    else:
        up, down = (torch.tensor(end, dtype=dtype) for end in (math.inf, -math.inf))
        above, below = near.nextafter(up), near.nextafter(down)
        sides = [below.nextafter(down), below, near, above, above.nextafter(up)]
    found = torch.cat(sides)
    return found[found.isfinite()]


LAWS_WITH_EDGES = [
    ("uniform", {}),
    ("uniform", {"a": -0.25, "b": 2.0}),
    ("uniform", {"a": 1.0, "b": 1.3}),
    ("uniform", {"a": 1000.0, "b": 1000.7}),
    ("normal", {"mean": 3.0, "std": 0.7}),
    ("normal", {"mean": -1e6, "std": 3.0}),
    ("normal", {"std": 1e-7}),
    ("kaiming_uniform", {}),
    ("trunc_normal", {"a": -1.0, "b": 0.3}),
    ("sparse", {}),
    ("orthogonal", {}),
    ("eye", {}),
    ("constant", {}),
]

#: half precision has no number within 40 std of −10⁶
EDGES = [
    (key, params, dtype)
    for key, params in LAWS_WITH_EDGES
    for dtype in DTYPES
    if dtype.itemsize > 2 or params.get("mean") != -1e6
]


@pytest.mark.parametrize(("key", "params", "dtype"), EDGES, ids=str)
def test_a_weight_on_an_edge_is_counted_in_the_bin_that_the_edge_begins(
    key: str, params: dict[str, float], dtype: torch.dtype
) -> None:
    law, tried = SCHEMES[key].law((33, 65), **params), 0
    for bins in (1, 2, 3, 7, 49, 60, 77, 200, 333, 1000, 4099):
        weights = _on_edges(law.edges(bins), dtype)
        weights = weights[(weights.double() - law.mean).abs() <= 40 * max(law.std, 1e-9)]
        tried += len(weights)
        if len(weights):
            assert_agrees(Summary.of(weights, law=law, bins=bins), weights, law)
    assert tried > 0


def test_edges_are_met_in_a_tensor_of_several_chunks_too() -> None:
    law = SCHEMES["uniform"].law((9, 9), a=0.1, b=0.7)
    some = _on_edges(law.edges(200), torch.float32)
    weights = some[torch.randint(len(some), (2 * CHUNK + 77,), generator=torch.Generator().manual_seed(1))]
    assert_agrees(Summary.of(weights, law=law, bins=200), weights, law)


@dtypes
def test_weights_far_from_the_law_are_counted_at_its_ends(dtype: torch.dtype) -> None:
    law = SCHEMES["kaiming_uniform"].law((33, 65))
    weights = torch.tensor([-9000.0, -1.0, 0.0, 0.1, 1.0, 30_000.0], dtype=dtype)
    assert_agrees(Summary.of(weights, law=law, bins=10), weights, law)


def test_a_tensor_that_only_pretends_to_have_numbers_is_refused() -> None:
    with FakeTensorMode():
        weights = torch.randn(3, 4)
    with pytest.raises(DeviceError):
        Summary.of(weights, law=SCHEMES["normal"].law((3, 4)))
