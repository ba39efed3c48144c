"""A signal sent through a real deep network and back, layer by layer and seed by seed.

The network is a stack of ``depth`` linear layers, width × width, each followed by the activation:
h = W·x + b, x = φ(h). What is sent back starts as N(0, 1) at the last layer's pre-activations.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from numbers import Integral
from typing import Any

import torch

from .. import devices
from ..checks import checked_flag, checked_progress, checked_whole, sequence, unfit
from ..errors import ParameterError
from ..weights.draw import Draw, checked_seed
from ..weights.sampling import Progress
from ..weights.schemes import SCHEMES
from .formula import activation_of
from .trace_run import INPUTS, MAX_BATCH, MAX_DEPTH, MAX_SEEDS, MAX_WIDTH, Run, SignalTrace


def trace(  # noqa: PLR0913 - what a run depends on, by keyword
    scheme: str,
    activation: str,
    *,
    depth: int,
    width: int,
    seeds: int | Sequence[int],
    batch: int = 1,
    bias: str | float = "none",
    input: str = "normal",
    input_scale: float = 1.0,
    device: str | torch.device = "cpu",
    dtype: torch.dtype = torch.float32,
    backward: bool = True,
    progress: Progress | None = None,
    **params: Any,
) -> SignalTrace:
    """Send ``batch`` inputs through networks of this scheme and activation, a network a seed, and back.

    ``activation`` is a key of ACTIVATIONS or a formula (see ``activation_of``); ``seeds`` are numbers, or
    how many from 0 on; ``bias`` is "none", "torch" for U(±1/√fan_in), or σ_b for N(0, σ_b²); ``input`` is
    a key of INPUTS, times ``input_scale``. Without ``backward`` memory does not grow with the depth.

    A seed's generator draws the input, (batch, width), then each layer's weight and bias, then what is
    sent back. On the CPU, numbers too small for the normal range of float32 or float64 count as 0: they
    would make torch a hundred times slower. ``progress(done, total)`` is called after each layer.

    Draws are torch's as of ``draw``, bit for bit. Products of matrices are added up in an order that goes by
    the processor, the threads and the place in memory: two runs agree to depth·width·eps.

    Raises:
        InitLabError: before anything is computed.
        Cancelled: if ``progress`` returned False.
    """
    phi = activation_of(activation)
    chosen = checked_seeds(seeds)
    sizes = checked_sizes(depth, width, batch)
    run = Run(
        weight=Draw(scheme, (sizes["width"],) * 2, seed=chosen[0], device=device, dtype=dtype, **params),
        phi=phi,
        bias=checked_bias(bias),
        input=checked_input(input),
        input_scale=checked_scale(input_scale),
        **sizes,
        backward=checked_flag("backward", backward),
    )
    checked_progress(progress)
    with devices.alone(run.needed):
        run.check_memory()
        # a new thread, so that the caller's own keeps its denormals; its OpenMP team inherits the mode
        with ThreadPoolExecutor(1, initializer=torch.set_flush_denormal, initargs=(True,)) as thread:
            context = copy_context()  # so that what reports progress may draw, too
            return thread.submit(context.run, run.over, chosen, progress or _silent).result()


def checked_sizes(depth: object, width: object, batch: object) -> dict[str, int]:
    """Return the sizes of a run by name if they are such.

    Raises:
        ParameterError: if one is no whole number, or too large.
    """
    return {
        "depth": checked_whole("depth", depth, MAX_DEPTH),
        "width": checked_whole("width", width, MAX_WIDTH),
        "batch": checked_whole("batch", batch, MAX_BATCH),
    }


def checked_seeds(seeds: int | Sequence[int]) -> tuple[int, ...]:
    """Return the seeds that are meant.

    Raises:
        ParameterError: if there are none or too many, or one is none that torch takes.
    """
    if isinstance(seeds, Integral):
        return tuple(range(checked_whole("seeds", seeds, MAX_SEEDS)))
    chosen = sequence(seeds, MAX_SEEDS)
    if not chosen:
        raise unfit("seeds", seeds, f"from 1 to {MAX_SEEDS} seeds, or how many")
    return tuple(map(checked_seed, chosen))


def checked_bias(bias: object) -> str | float:
    """Return ``bias`` if ``trace`` takes it; a σ_b of 0 is "none".

    Raises:
        ParameterError: otherwise.
    """
    if isinstance(bias, str) and bias in {"none", "torch"}:
        return bias
    domain = SCHEMES["normal"].domain("std")
    try:
        return float(domain.checked("bias", bias)) or "none"
    except ParameterError:
        minimum = domain.minimum
        raise ParameterError("parameter.number:bias", name="bias", value=bias, minimum=minimum) from None


def checked_input(name: object) -> str:
    """Return ``name`` if it is a key of INPUTS.

    Raises:
        ParameterError: otherwise.
    """
    if not isinstance(name, str) or name not in INPUTS:
        raise ParameterError("parameter.choice", name="input", value=name, choices=tuple(INPUTS))
    return name


def checked_scale(scale: object) -> float:
    """Return ``scale`` if inputs can be multiplied by it.

    Raises:
        ParameterError: otherwise.
    """
    return float(SCHEMES["variance_scaling"].domain("scale").checked("input_scale", scale))


def _silent(_: int, __: int) -> None:
    pass
