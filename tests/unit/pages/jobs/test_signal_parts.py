"""The first seed of a run and the others, run apart, are the run."""

from typing import Any

import numpy as np
import pytest
import torch

from core.signals import trace as signal
from core.signals.fate import Setting
from pages.jobs import signal as jobs
from pages.jobs import signal_theory
from pages.jobs.signal import SignalRun
from pages.state.controls import MAX_SEED

RUN = SignalRun(
    "kaiming_normal", (), "relu", 6, 16, (40, 4), 3, "none", "normal", 1.0, "cpu", "float32", backward=True
)


@pytest.mark.parametrize("first", [40, MAX_SEED - 1])
def test_the_parts_of_a_run_are_the_run(first: int) -> None:
    """After the last seed comes 0; products may be added up in another order each time."""
    run = RUN._replace(seeds=(first, 4))
    (one,) = jobs.firsts((run,)).result()
    both = jobs.joined(one, jobs.rest(run).result())
    seeds = [(first + at) % (MAX_SEED + 1) for at in range(4)]
    whole = signal.trace("kaiming_normal", "relu", depth=6, width=16, seeds=seeds, batch=3)
    assert both.seeds == whole.seeds == tuple(seeds)
    assert one.seeds == (first,)
    for name in ("preactivation_mean_square", "activation_variance", "gradient_mean_square", "dead"):
        np.testing.assert_allclose(getattr(both, name), getattr(whole, name), rtol=1e-4)


def test_several_first_seeds_tell_how_far_they_are_together() -> None:
    runs = [
        RUN._replace(scheme=key, depth=n, seeds=(50, 4))
        for key, n in (("kaiming_normal", 6), ("xavier_normal", 9))
    ]
    told: list[int] = []
    traces = jobs._firsts([run.of(0, 1) for run in runs], lambda done, _: told.append(done))
    assert told == [*range(1, 2 * (6 + 9) + 1)]
    assert [trace.scheme for trace in traces] == ["kaiming_normal", "xavier_normal"]


#: What each input is, as the page says, in plain torch.
INPUTS: dict[str, Any] = {
    "normal": torch.randn,
    "uniform": lambda *shape, generator: (2 * torch.rand(*shape, generator=generator) - 1) * 3**0.5,
    "pixels": torch.rand,
    "ones": lambda *shape, **_: torch.ones(*shape),
}


@pytest.mark.parametrize("scale", [0.1, 3.0])
@pytest.mark.parametrize("kind", INPUTS)
def test_lengths_begin_where_a_wide_first_layer_has_them(kind: str, scale: float) -> None:
    rng = torch.Generator().manual_seed(3)
    width, batch = 1500, 40
    x = scale * INPUTS[kind](batch, width, generator=rng)
    weight = torch.randn(width, width, generator=rng) * (1.7 / width) ** 0.5
    bias = torch.randn(width, generator=rng) * 0.2**0.5
    square = (x @ weight.T + bias).square().mean().item()
    chosen: Any = {"input": kind, "input_scale": scale}
    # of so many units with a bias each, a mean square is off by 4 % at times
    assert signal_theory.start(Setting(1.7, 0.2), chosen) == pytest.approx(square, rel=0.12)
