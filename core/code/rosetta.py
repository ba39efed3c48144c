"""The Rosetta table: what another framework calls a scheme, and what law its call draws.

To add a scheme, add a row to ``SPELLED``. A law is built from the numbers that stand in the call, by that
framework's formulas, in exact arithmetic: JAX computes scale/n in the weight's own dtype and
loses it outside that dtype's range: in float32, past 1e±38.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..checks import checked_kind
from ..weights.fans import checked_shape
from ..weights.laws import Law
from ..weights.layers import Layer
from ..weights.schemes import scheme_of
from ..weights.sources import LINEAR_DEFAULT, Source
from .rosetta_rows import (
    FLAX,
    KERAS_DENSE,
    SPELLED,
    TIMM_VIT,
    Equivalent,
    WeightOf,
    code,
    cut_law,
    tails_of,
    variance_scaled,
)


@dataclass(frozen=True, slots=True)
class Default:
    """What a dense layer's, or a convolution's, weight starts as if nobody says anything."""

    framework: Literal["torch", "keras", "flax", "timm"]
    call: str
    law: Law
    notes: tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class Difference:
    """What is between two laws.

    ``same``: one law; ``same_std``: mean and std agree, the shape does not; ``std``: the means agree;
    ``other``: the means differ, or one of the two weights does not vary.
    """

    kind: Literal["same", "same_std", "std", "other"]
    #: theirs over ours; 1 where neither varies, infinite where ours alone does not
    std_ratio: float


#: Relative difference up to which two numbers of float64 arithmetic are one.
ALIKE = 1e-9


def equivalents(key: str, shape: Sequence[int], **params: Any) -> tuple[Equivalent, ...]:
    """Return the scheme ``key`` as each of FRAMEWORKS has it, for a weight of ``shape``.

    ``shape`` is torch's, ``(out, in, *kernel)``, and ``params`` are the scheme's own.

    Raises:
        InitLabError: for an unknown key, and where ``Scheme.law`` refuses shape or parameters.
    """
    scheme = scheme_of(key)
    ours = scheme.law(shape, **params)
    return SPELLED[key](WeightOf(checked_shape(shape), ours), scheme.checked(params))


def depthwise(layer: Layer) -> tuple[int, ...] | None:
    """Return the shape whose fans Keras' DepthwiseConv counts for a layer, in torch's order; None elsewhere.

    Its kernel is (*kernel, in, multiplier), of which Keras' compute_fans takes in·K for fan_in and
    multiplier·K for fan_out; Conv2D(groups=in) has (*kernel, 1, out) and torch's fans.

    Raises:
        ParameterError: if it is no Layer.
    """
    checked_kind("layer", layer, Layer, "a Layer")
    if layer.kind not in {"Conv1d", "Conv2d"} or layer.groups == 1 or layer.shape[1] > 1:
        return None
    return (layer.shape[0] // layer.groups, layer.groups, *layer.shape[2:])


def defaults(shape: Sequence[int]) -> tuple[Default, ...]:
    """Return what a layer with a weight of ``shape``, ``(out, in, *kernel)``, starts as by default.

    timm's row is a linear layer of its vision transformers, or their convolution, which stays torch's.

    Raises:
        ShapeError: if the shape has no fans.
    """
    shape = checked_shape(shape)
    torch_law = scheme_of("classic_uniform").law(shape)
    torch_call = "torch.nn.init.kaiming_uniform_(w, a=math.sqrt(5))"
    keras_law = variance_scaled(shape, 1.0, "fan_avg", "uniform")
    flax_law = variance_scaled(shape, 1.0, "fan_in", "truncated_normal")
    vit = Default("timm", torch_call, torch_law, (), TIMM_VIT)
    if len(shape) == 2:
        ends = {"mean": 0.0, "std": 0.02, "a": -2.0, "b": 2.0}
        call = code("timm.layers.trunc_normal_", "w", std=ends["std"])
        vit = Default("timm", call, cut_law(**ends), tails_of(ends), TIMM_VIT)
    return (
        Default("torch", torch_call, torch_law, (), LINEAR_DEFAULT),
        Default("keras", "keras.initializers.GlorotUniform()", keras_law, ("axes",), KERAS_DENSE),
        Default("flax", "jax.nn.initializers.lecun_normal()", flax_law, ("cut_two", "axes"), FLAX),
        vit,
    )


def difference(theirs: Law, ours: Law) -> Difference:
    """Compare two laws of one weight, by their numbers alone.

    Raises:
        ParameterError: if one is no Law.
    """
    for name, law in (("theirs", theirs), ("ours", ours)):
        checked_kind(name, law, Law, "a Law")
    size = max(theirs.std, ours.std, abs(theirs.mean), abs(ours.mean))
    means_agree = abs(theirs.mean - ours.mean) <= ALIKE * size
    if ours.std == 0:
        ratio = 1.0 if theirs.std == 0 else math.inf
        return Difference("same" if means_agree and ratio == 1 else "other", ratio)
    ratio = theirs.std / ours.std
    if ratio == 0 or not means_agree:
        return Difference("other", ratio)
    if not math.isclose(ratio, 1, rel_tol=ALIKE):
        return Difference("std", ratio)
    return Difference("same" if _one_shape(theirs, ours) else "same_std", ratio)


def _one_shape(theirs: Law, ours: Law) -> bool:
    """Tell whether laws of equal mean and std are one: within a family, walls and atoms fix the rest."""

    def close(numbers: Sequence[float], others: Sequence[float]) -> bool:
        return len(numbers) == len(others) and all(
            math.isclose(x, y, rel_tol=ALIKE, abs_tol=ALIKE * ours.std)
            for x, y in zip(numbers, others, strict=True)
        )

    atoms = [[x for atom in law.atoms for x in atom] for law in (theirs, ours)]
    return (
        theirs.family == ours.family
        and theirs.matrix == ours.matrix
        and close(theirs.support, ours.support)
        and close(*atoms)
    )
