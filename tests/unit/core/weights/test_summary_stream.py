"""A summary of a stream, or of a tensor in parts, is that of the whole, in memory that stays flat."""

import math
import subprocess
import sys

import pytest
import torch

from core import SCHEMES, Summary, summarize
from core.weights import sampling, tensors
from tests.support.marks import dtypes, generator_stays
from tests.support.stream import ROOT
from tests.support.summarised import CHUNK, PART, assert_agrees

pytestmark = generator_stays


def _stream_is_the_whole(key: str, n: int, dtype: torch.dtype, **params: float) -> None:
    law = SCHEMES[key].law((n,), **params)
    low_or_mean, high_or_std = params.values()
    whole, generator = torch.empty(n, dtype=dtype), torch.Generator().manual_seed(n)
    fill = whole.uniform_ if key == "uniform" else whole.normal_
    fill(low_or_mean, high_or_std, generator=generator)
    assert_agrees(summarize(key, (n,), seed=n, dtype=dtype, bins=77, **params), whole, law)


FAMILIES = [("normal", {"mean": 0.25, "std": 1.5}), ("uniform", {"a": -0.25, "b": 2.0})]
families = pytest.mark.parametrize(("key", "params"), FAMILIES, ids=["normal", "uniform"])


@families
@dtypes
@pytest.mark.parametrize(
    "n", [1, 2, 15, 16, 17, 31, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 15, PART + 17, 2 * PART + 15]
)
def test_a_stream_has_the_numbers_of_the_whole(
    key: str, params: dict[str, float], dtype: torch.dtype, n: int
) -> None:
    _stream_is_the_whole(key, n, dtype, **params)


@families
@pytest.mark.parametrize(
    "n", [PART + k for k in (-17, -1, 0, 1, 7, 15, 16)] + [2 * PART + k for k in (0, 1, 16, 17, 31)]
)
def test_both_sides_of_a_part_s_end_are_counted(key: str, params: dict[str, float], n: int) -> None:
    _stream_is_the_whole(key, n, torch.float32, **params)


@families
@dtypes
@pytest.mark.parametrize("part", [16, 4096])
def test_every_size_about_a_smaller_part_s_end_is_counted(
    key: str, params: dict[str, float], dtype: torch.dtype, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "PART", part)
    for n in (*range(max(1, part - 17), part + 18), *range(2 * part, 2 * part + 33)):
        _stream_is_the_whole(key, n, dtype, **params)


def test_parts_are_ones_that_torch_draws_like_the_whole() -> None:
    """torch's CPU draws normal weights 16 at a time, and fewer than 16 in another way."""
    assert PART % 16 == 0
    for n in (1, 15, 16, PART, PART + 1, PART + 15, PART + 16, 3 * PART + 15, 3 * PART + 16):
        parts = list(sampling._parts(n))
        assert sum(parts) == n
        assert all(part == PART for part in parts[:-1])
        assert len(parts) == 1 or 16 <= parts[-1] < PART + 16


GROWTH = """
import resource, sys
from core import summarize
def peak():
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024
before = peak()
assert summarize("normal", (1 << 13, 1 << 13), seed=1).n == 1 << 26
print(peak() - before)
"""


def test_memory_stays_flat_however_many_weights_are_drawn() -> None:
    """2²⁶ weights of float32 would take 268 MB; what is drawn and counted takes less than 150."""
    done = subprocess.run([sys.executable, "-c", GROWTH], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 150e6


#: In an interpreter of its own, whose peak nothing else has raised: megabytes beside the tensor's own 128.
_HELD = """
import resource, torch
from core import SCHEMES, Summary
law = SCHEMES["normal"].law((512, 65536))
Summary.of(torch.randn(512, 16), law=law)
weight = torch.randn(512, 65536)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
Summary.of(weight, law=law)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def test_a_tensor_that_is_there_is_summarised_in_parts() -> None:
    """Whole copies in float64 and their powers took twelve times the tensor."""
    command = [sys.executable, "-c", _HELD]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 128


def test_parts_of_a_tensor_give_the_moments_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    law = SCHEMES["normal"].law((3, 7))
    weight = torch.randn(1000, generator=torch.Generator().manual_seed(2), dtype=torch.float64) + 50
    weight[::97] = math.nan
    whole = Summary.of(weight, law=law)
    monkeypatch.setattr(tensors, "PART", 64)
    parts = Summary.of(weight, law=law)
    kept = weight[weight.isfinite()]
    for found in (whole, parts):
        assert (found.n, found.nan) == (989, 11)
        assert found.mean == pytest.approx(float(kept.mean()), rel=1e-14)
        assert found.std == pytest.approx(float(kept.std(correction=0)), rel=1e-12)
        assert found.power_sums[1] == pytest.approx(float(((kept - kept.mean()) ** 3).sum()), rel=1e-9)
