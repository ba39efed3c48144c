"""The first seed of a run and the others, run apart, are the run."""

import numpy as np
import pytest

from core.signals import trace as signal
from pages.jobs import signal as jobs
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
