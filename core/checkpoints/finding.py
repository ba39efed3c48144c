"""What is wrong with a model's weights, or stands out: by code and facts, which a page can word."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from ..errors import worded


class Kind(NamedTuple):
    """How bad it is, 3 where the weights cannot be used as they are; what it is; what would refute it.

    ``alone`` has what it is where one of its counts alone is not 0, by that count, or where rows are named.
    """

    severity: int
    says: str
    refuted: str
    alone: Mapping[str, str] = MappingProxyType({})


_EXACT = "Other bits in the file: this is read off them, nothing is estimated."
_ONCE = "The same tensors in an earlier checkpoint of this run: had they moved, they would differ."

#: The kinds of findings that come of running a module, by what becomes of its signal.
SIGNALS: Mapping[str, str] = {"vanishes": "signal_vanishes", "explodes": "signal_explodes"}

#: The kinds of findings that only a module shows, by what it knows of its rows and gates.
IN_MODULES = ("padding_row", "wrong_gate")

#: The kinds of findings, worst first.
KINDS: Mapping[str, Kind] = {
    "not_finite": Kind(
        3,
        "{nan:,} {nan:number is|numbers are} NaN and {inf:,} infinite.",
        _EXACT,
        {
            "nan": "{nan:,} {nan:number is|numbers are} NaN.",
            "inf": "{inf:,} {inf:number is|numbers are} infinite.",
            "rows": "{nan:,} {nan:number is|numbers are} NaN, {nan:in|all in} {count:row|rows} {rows} of "
            "{of:,}, counted from 0.",
        },
    ),
    "misread": Kind(
        3,
        "The bits of {count} {count:weight|weights} lie as weights do if they are read as {other}, with the "
        "std {expected:.3g}, and not as {dtype}, {std:.3g}: the file's label is wrong.",
        "A layer whose weights are meant to lie as they do under their label.",
    ),
    "uninitialised": Kind(
        3,
        "Numbers from {minimum:.3g} to {maximum:.3g}, some of them denormal or too large for any weight: "
        "memory never written to, as torch.empty leaves it.",
        "A program that wrote these numbers on purpose.",
    ),
    "empty_shards": Kind(
        3,
        "{count} of {of} {of:weight|weights} {count:has|have} no numbers: shards of ZeRO-3 that were not "
        "gathered before saving.",
        _EXACT,
    ),
    "constant_weight": Kind(
        3,
        "All {n:,} numbers are {value:g}: units that start alike stay alike.",
        "A layer that multiplies elements, with a weight of more than one dimension.",
    ),
    "lora_dead": Kind(
        3,
        "{count} of {of} adapters {count:stays|stay} 0: with A and B both 0 neither gets a gradient.",
        _EXACT,
    ),
    "zero_weights": Kind(
        3,
        "{count} of {of} {of:weight|weights} {count:is|are} 0 throughout: no gradient passes "
        "{count:it|them}.",
        "A model that starts at 0 by design.",
    ),
    "same_seed": Kind(
        3,
        "{count} layers have the random numbers of {originals}, to the bit: drawn from one seed, or copied.",
        _EXACT,
    ),
    "same_shards": Kind(
        3,
        "{blocks} blocks of {size} {along} are the same to the bit: shards that were drawn from the same "
        "seed.",
        "A model that repeats heads on purpose.",
    ),
    "expected": Kind(
        2,
        "{wanted} was expected of {of}; in {count} the std is {std:.3g}, not {expected:.3g}: × {ratio:.4g}.",
        "A tensor of this shape drawn by that law: its std lies within {room:.2%}.",
    ),
    "expected_law": Kind(
        2,
        "{wanted} was expected of {of}; in {count} the std is as claimed, {expected:.3g}, but the law is "
        "not: mean {mean:.3g} and excess kurtosis {kurtosis:.3g} stand against {wanted_mean:.3g} and "
        "{wanted_kurtosis:.3g}.",
        "A tensor of this shape drawn by that law: its distance from it lies below {distance:.3g}.",
    ),
    "expected_point": Kind(
        2,
        "{wanted} was expected of {of}; in {count} the numbers are others, from {minimum:.3g} to "
        "{maximum:.3g}.",
        _EXACT,
    ),
    "residual_scale": Kind(
        2,
        "{count} of {of} projections into the residual stream {count:starts|start} √{square} times too "
        "{word}: std {std:.3g}, not {expected:.3g}.",
        "A std of {expected:.3g} in these tensors.",
    ),
    "residual_everywhere": Kind(
        2,
        "{count} weights inside the layers have the std of projections into the residual stream, {std:.3g}: "
        "√{square} times less than {expected:.3g} outside. A match of names took in too many.",
        "A model whose layers are meant to start so small.",
    ),
    "embedding_as_head": Kind(
        2,
        "The embedding is the output layer as well, and starts with the std {std:.3g}: of hidden states with "
        "an RMS of 1 it makes logits with a std of {value:.3g}.",
        "A model that divides its logits, or what goes into them, by about as much.",
    ),
    "stacked_experts": Kind(
        2,
        "{count} {count:tensor|tensors} of stacked experts {count:starts|start} by a fan_in of {fan:,}, all "
        "numbers of an expert, as torch counts a kernel's: std {std:.3g}, too small by the square root of an "
        "expert's outputs.",
        "Experts that are convolutions.",
    ),
    "padding_row": Kind(
        2,
        "Row {row:,} of {of:,}, which pads, is not 0: its RMS is {rms:.3g}. It was drawn anew, and no "
        "gradient will ever move it.",
        "A model that means its padding to have a vector of its own.",
    ),
    "wrong_gate": Kind(
        2,
        "{count} of {of} LSTM biases {count:opens|open} the {gate} gate, and not the forget gate: torch has "
        "them in the order input, forget, cell, output.",
        "A model that is meant to start with an open {gate} gate.",
    ),
    "unequal_layers": Kind(
        2,
        "{count} of {of} layers of one kind {count:has|have} the std {std:.3g}, the others {expected:.3g}: "
        "× {ratio:.4g}.",
        "A std of {expected:.3g} in these tensors, or a rule by which they differ.",
    ),
    "swapped_fans": Kind(
        2,
        "Uniform within ±1/√fan_out, {found:.3g}, where {of} other layers have ±1/√fan_in, here "
        "{expected:.3g}.",
        "A weight that is stored the other way round.",
    ),
    "far_cut": Kind(
        2,
        "{count:,} {count:number lies|numbers lie} at ±{value:g}, {sigmas:.3g} std from the mean: "
        "trunc_normal_ as torch had it before 2026, whose cuts are not in units of std.",
        "A draw of such a law by a newer torch: none in {n:,} would lie beyond 7 std.",
    ),
    "outliers": Kind(
        2,
        "{count:,} of {n:,} numbers {count:lies|lie} beyond 12 std of a law that all others follow, up to "
        "{value:.4g}.",
        "A rule by which these were set.",
    ),
    "one_sided": Kind(
        2,
        "The numbers of {count} {count:weight|weights} lie evenly from 0 up, to {value:.3g} at most: drawn "
        "by rand, where randn was meant, or a range about 0.",
        "A layer that is meant to have no negative weight.",
    ),
    "fresh_among_trained": Kind(
        2,
        "{count} of {of} layers of one kind {count:shows|show} no sign of training, others do: an init "
        "that ran after loading, or weights that were not found.",
        _ONCE,
    ),
    "zero_among_trained": Kind(
        2,
        "{count} of {of} weights {count:is|are} 0 throughout in a trained model: no gradient came, or "
        "{count:it was|they were} not in the file that was loaded.",
        "A model that starts {count:it|them} at 0, as ControlNet, and has yet to train {count:it|them}, or "
        "never will.",
    ),
    "zero_norm": Kind(
        2, "{count} of {of} norms of one kind {count:is|are} 0 throughout, the others are not.", _EXACT
    ),
    "signal_vanishes": Kind(
        2,
        "The {what}'s RMS falls from {first:.3g} to {last:.3g} over {layers} layers of one kind; so it does "
        "in {anew} of {seeds} {seeds:draw|draws} anew.",
        "A draw, or an input, with which it stays within a factor of {far:,.0f}.",
    ),
    "signal_explodes": Kind(
        2,
        "The {what}'s RMS grows from {first:.3g} to {last:.3g} over {layers} layers of one kind; so it does "
        "in {anew} of {seeds} {seeds:draw|draws} anew.",
        "A draw, or an input, with which it stays within a factor of {far:,.0f}.",
    ),
    "steps_without_training": Kind(
        2,
        "{steps:,} {steps:batch has|batches have} passed through its batch norms, and no weight shows a "
        "sign of training: an "
        "optimiser that did not step, or an init that ran afterwards.",
        _ONCE,
    ),
    "stale_statistics": Kind(
        2,
        "{count} batch {count:norm|norms} of a trained model {count:has|have} mean 0 and variance 1, as at "
        "the start: {count:its|their} statistics were never gathered.",
        "A model that was trained with its batch norms frozen at their start.",
    ),
    "moment_underflow": Kind(
        2,
        "Adam's second moment is 0 for {count} of {of} parameters whose first is not: squares of gradients "
        "are too small for {dtype}.",
        _EXACT,
    ),
    "no_gradient": Kind(
        1, "Adam has seen no gradient of {count} of {of} parameters: its second moment is 0.", _EXACT
    ),
    "cloned": Kind(
        1,
        "{count} layers of a trained model have the numbers of {originals}, to the bit: copies.",
        "A file that shares them by design.",
    ),
    "one_tensor": Kind(
        1,
        "{count} layers are {originals} {originals:tensor|tensors} that their lists repeat: what changes one "
        "changes others.",
        "A model that shares its layers by design.",
    ),
    "fresh_alone": Kind(
        1,
        "{count} of {of} weights {count:shows|show} no sign of training, most others do: new, not found in "
        "the file, or frozen.",
        _ONCE,
    ),
    "stale_average": Kind(
        1,
        "{count} of {of} averages of trained weights {count:is|are} still as at the start: never updated, or "
        "hardly.",
        _ONCE,
    ),
    "lora_untrained": Kind(
        1, "{count} of {of} adapters {count:does|do} nothing: {count:its|their} B is 0, as it starts.", _EXACT
    ),
    "dead_rows": Kind(
        1,
        "{count:,} of {of:,} rows {count:is|are} 0 or below 1e-16: {count:this unit ignores its|these "
        "units ignore their} inputs.",
        _EXACT,
    ),
    "spare_rows": Kind(
        1,
        "{count:,} of {of:,} rows still {count:follows|follow} {scheme}, std {std:.3g}, as if "
        "{count:it|they} never occurred in "
        "training.",
        _ONCE,
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found: its kind, in which tensors, and the facts that say so.

    ``evidence`` is of the first tensor where "likewise" counts more that have the same fault by themselves.
    ``would_refute`` is what would prove it wrong, in English. ``file`` is where, if several files are read of
    which each is a model, as two checkpoints of a run.
    """

    kind: str
    tensors: tuple[str, ...]
    evidence: Mapping[str, Any]
    file: str = ""

    @property
    def severity(self) -> int:
        """3: cannot be used as it is; 2: most likely a mistake; 1: worth knowing."""
        return KINDS[self.kind].severity

    @property
    def would_refute(self) -> str:
        return worded(self.kind, self.evidence, {self.kind: KINDS[self.kind].refuted})

    @property
    def alone(self) -> str:
        """The one of the kind's counts that is not 0; '' if several are, or it has no words for one.

        "rows" where a few of a weight's are named.
        """
        counts = [count for count in KINDS[self.kind].alone if self.evidence.get(count)]
        return "rows" if "rows" in counts else counts[0] if len(counts) == 1 else ""

    def __str__(self) -> str:
        kind = KINDS[self.kind]
        says = kind.alone.get(self.alone, kind.says)
        if "likewise" in self.evidence:
            says += " Likewise in {likewise:,} more {likewise:tensor|tensors}."
        return worded(self.kind, self.evidence, {self.kind: says})
