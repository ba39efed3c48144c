"""A call that answers or is refused in words, in time, and moves nothing."""

import contextlib
import signal as posix
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from core import InitLabError
from tests.support.valid_calls import Arguments

#: Seconds after which a call has taken too much: each is small.
PATIENCE = 20
#: Characters of a refusal, of which the choices that there are take most.
LONG = 2000


@contextlib.contextmanager
def patience() -> Iterator[None]:
    """Fail what runs longer than PATIENCE."""

    def over(*_: Any) -> None:
        raise AssertionError(f"took more than {PATIENCE} s")

    before = posix.signal(posix.SIGALRM, over)
    posix.setitimer(posix.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        posix.setitimer(posix.ITIMER_REAL, 0)
        posix.signal(posix.SIGALRM, before)


def state() -> tuple[Any, ...]:
    """Return what no call may move: generators, defaults, and whether denormals stay."""
    return (
        torch.get_rng_state().numpy().tobytes(),
        np.random.get_state()[1].tobytes(),  # noqa: NPY002 - the global one
        torch.get_default_dtype(),
        torch.get_default_device(),
        torch.is_grad_enabled(),
        torch.are_deterministic_algorithms_enabled(),
        torch.get_num_threads(),
        float(torch.tensor([1e-310], dtype=torch.float64, device="cpu") * 1) > 0,
        str(np.geterr()),
    )


def attempt(function: Callable[..., Any], arguments: Arguments) -> InitLabError | None:
    """Call a function; return what it says is wrong, or None if it answers. All else comes out."""
    before = state()
    try:
        with patience():
            function(**arguments)
    except InitLabError as error:
        refused: InitLabError | None = error
    else:
        refused = None
    finally:
        assert state() == before
    if refused is not None:
        assert refused.code
        assert not str(refused).startswith(refused.code), refused  # as where its words lack a fact
        assert str(refused).encode().endswith(b"."), refused
        assert len(str(refused)) < LONG
    return refused
