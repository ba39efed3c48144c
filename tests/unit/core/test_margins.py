"""Limits inside core: where a cut law counts as flat, and what memory a draw and a run are said to take."""

import math
import subprocess
import sys

import pytest
import torch

from core import SCHEMES, SizeError, devices, draw
from core.signals import trace as signal
from tests.support.stream import ROOT


@pytest.mark.parametrize("width", [1e-2, 1e-3, 1e-4, 3e-5])
@pytest.mark.parametrize("centre", [0.5, 3.0])
def test_a_narrow_cut_law_has_the_slope_of_its_density(width: float, centre: float) -> None:
    """Between c ∓ h, N(0, 1) has mean c − c·h²/3 + O(h⁴), by the series of its density about c.

    A flat law has mean c: it would be wrong by c·h²/3, a billionth of h once 2h·c is below some 10⁻⁹.
    """
    h = width / 2
    law = SCHEMES["trunc_normal"].law((3, 5), mean=0.0, std=1.0, a=centre - h, b=centre + h)
    assert law.mean - centre == pytest.approx(-centre * h * h / 3, rel=1e-2, abs=4e-15)
    assert law.family == "truncated_normal"
    # the density falls from wall to wall by exp(−2·c·h)
    low, high = (float(law.pdf(end)) for end in (centre - h * 0.999, centre + h * 0.999))
    assert low / high - 1 == pytest.approx(math.expm1(2 * centre * h * 0.999), rel=1e-4)


def test_a_cut_law_too_narrow_for_its_slope_is_flat() -> None:
    law = SCHEMES["trunc_normal"].law((3, 5), mean=0.0, std=1.0, a=1.0, b=1.0 + 1e-10)
    assert law.family == "uniform"
    assert law.std == pytest.approx(1e-10 / math.sqrt(12), rel=1e-5)


# What a call holds at its peak beside what is held before, in copies of the tensor; writing 5 to clear_refs
# forgets the peak so far (proc(5)), which is that of the import of torch.
_PEAK = """
from pathlib import Path
import torch
torch.set_num_threads(1)
def held(name):
    (line,) = (x for x in Path("/proc/self/status").read_text().splitlines() if x.startswith(name))
    return 1024 * int(line.split()[1])
generator = torch.Generator().manual_seed(1)
weight = torch.zeros(30, 20, dtype={dtype})
torch.nn.init.{call}
weight = torch.zeros(1800, 1500, dtype={dtype}).fill_(1)
Path("/proc/self/clear_refs").write_text("5")
before = held("VmRSS:")
torch.nn.init.{call}
print(1 + (held("VmHWM:") - before) / (1800 * 1500 * weight.itemsize))
"""


@pytest.mark.parametrize(
    ("key", "call", "params", "dtypes"),
    [
        ("orthogonal", "orthogonal_(weight", {}, (torch.float64, torch.float32)),
        # by rejection, and where few would be kept by the inverse of the normal law
        ("trunc_normal", "trunc_normal_(weight, a=-2, b=2", {}, (torch.float64, torch.float32)),
        ("trunc_normal", "trunc_normal_(weight, a=1, b=4", {"a": 1, "b": 4}, (torch.float64, torch.float32)),
    ],
)
def test_what_torch_holds_while_it_draws_a_tensor_whole_is_foreseen(
    key: str,
    call: str,
    params: dict[str, float],
    dtypes: tuple[torch.dtype, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As measured in a process of its own; and no more than the 9 copies of docs/deploying.md."""
    code = _PEAK.format(call=f"{call}, generator=generator)", dtype=dtypes[0])
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    took = float(run.stdout)
    assert took > 2  # a factor or a mask beside the tensor, at least
    monkeypatch.setattr(devices, "free_bytes", lambda _: 0)
    for dtype in dtypes:
        with pytest.raises(SizeError) as refused:
            draw(key, (1800, 1500), seed=1, dtype=dtype, **params)
        copies = refused.value.facts["needed"] / (1800 * 1500 * dtype.itemsize)
        assert took * 0.9 <= copies <= 9.001, (took, copies)


def needed(key: str, dtype: torch.dtype) -> int:
    """Return the bytes that a draw is said to take, where nothing is free."""
    with pytest.raises(SizeError) as refused:
        draw(key, (180, 150), seed=1, dtype=dtype)
    return int(refused.value.facts["needed"])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_a_rotation_that_is_cast_holds_what_it_is_cast_to_besides(
    dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are in memory at once: the float32 matrix with its copies, and two bytes a weight."""
    monkeypatch.setattr(devices, "free_bytes", lambda _: 0)
    assert needed("orthogonal_cast", dtype) == needed("orthogonal", torch.float32) + 2 * 180 * 150
    for wide in (torch.float32, torch.float64):
        assert needed("orthogonal_cast", wide) == needed("orthogonal", wide)


@pytest.mark.parametrize(("backward", "layers"), [(True, 12), (False, 1)])
def test_a_run_s_memory_is_its_weights_and_its_signals(
    *, backward: bool, layers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way back needs each layer's weights and pre-activations; the way there one layer's at a time."""
    monkeypatch.setattr(devices, "free_bytes", lambda _: 12_000)  # enough to draw one layer
    depth, width, batch = 12, 50, 30
    with pytest.raises(SizeError) as refused:
        signal.trace(
            "normal", "relu", depth=depth, width=width, seeds=(1,), batch=batch, backward=backward, std=0.1
        )
    least = (layers * width * width + layers * batch * width) * 4
    assert least <= refused.value.facts["needed"] <= least + 10 * batch * width * 4
