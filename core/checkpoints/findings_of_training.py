"""What of a model has been trained and what has not: layers, batch norms, averages, adapters, moments."""

import re
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence

from .finding import Finding
from .law_fit import is_common, stands_out
from .layer_names import (
    ADAPTER,
    NORM,
    STARTS_AT_0,
    depth,
    kinds_of,
    names_of,
    weights_of,
    weights_that_tell,
)
from .report_row import Row

Look = Callable[[Sequence[Row], str], Iterator[Finding]]
#: A model counts as trained if this share of its weights follows no law, and there are some.
_MOST, _SOME = 2 / 3, 4
#: Beside a bias of 0 a law's std need be no closer than this.
_ROUGHLY = 0.2
#: By how much a few steps of training change a std.
_NEAR = 0.06
#: Learnt positions, which are added to embeddings.
_POSITIONS = re.compile(r"pos(ition(al)?)?_emb(ed\w*)?(\.weight)?$", re.I)
_AVERAGE = re.compile(r"(?:^|(?<=[._]))(?:model_ema|ema_model|ema|averaged?_model|shadow)[._]", re.I)


def half_are_trained(rows: Sequence[Row]) -> bool:
    """Tell whether half of the weights, or more, follow no known law: what others follow may be chance."""
    return _trained(rows) >= 0.5


def _are_trained(rows: Sequence[Row]) -> bool:
    return len(_telling(rows)) >= _SOME and _trained(rows) >= _MOST


def _trained(rows: Sequence[Row]) -> float:
    """Return the share of weights that follow no law."""
    telling = _telling(rows)
    return sum(row.init is None for row in telling) / max(1, len(telling))


def _telling(rows: Sequence[Row]) -> list[Row]:
    return [row for row in weights_that_tell(rows) if not ADAPTER.search(row.name)]


def _zeros(rows: Sequence[Row], _: str) -> Iterator[Finding]:
    """Find weights that are 0: of a model most, of one kind the fewer; all of a kind start so by design.

    Where others have been trained, none stays so but for want of a gradient.
    """
    weights = [row for row in weights_of(rows) if not ADAPTER.search(row.name) and min(row.shape[:2]) > 1]
    zeros = [row for row in weights if "zeros" in row.flags]
    if 2 * len(zeros) > len(weights) and not _by_design(weights, zeros):
        yield Finding("zero_weights", names_of(zeros), {"count": len(zeros), "of": len(weights)})
    elif _are_trained(rows):
        known = set(weights)
        places = [row for row in rows if _POSITIONS.search(row.name) and row not in known]
        still = [*zeros, *(row for row in places if "zeros" in row.flags)]
        if still:
            facts = {"count": len(still), "of": len(weights) + len(still) - len(zeros)}
            yield Finding("zero_among_trained", names_of(still), facts)
    else:
        yield from _fewer_zeros("zero_weights", weights)


def _by_design(weights: Sequence[Row], zeros: Sequence[Row]) -> bool:
    """Tell whether what is 0 is so in every layer, beside weights that are so in none, as RWKV starts."""
    alike = [{"zeros" in row.flags for row in members} for members in kinds_of(weights)]
    told = sum(len(members) for members in kinds_of(zeros))
    return {False} in alike and {True, False} not in alike and told == len(zeros)


def _fewer_zeros(kind: str, rows: Sequence[Row]) -> Iterator[Finding]:
    """Find the fewer of layers of one kind that are 0 throughout."""
    for members in kinds_of(rows):
        zeros = [row for row in members if "zeros" in row.flags]
        if 0 < 2 * len(zeros) < len(members):
            yield Finding(kind, names_of(zeros), {"count": len(zeros), "of": len(members)})


def _fresh(rows: Sequence[Row], _: str) -> Iterator[Finding]:
    """Find layers at an init's law among trained ones.

    Of one kind, at least half of the others follow no law; a layer of which there is no other, or of which
    most are so, is held against the whole model: names that were not found are often those of all layers.
    """
    telling, layers = _telling(rows), depth(rows)
    # repeated rows fit by chance more often
    fresh = {row for row in telling if stands_out(row.init, layers) and not row.repeated.number}
    # by another finding, as averages beside their weights
    told = {row for row in telling if _AVERAGE.search(row.name)}
    told = set() if len(told) == len(telling) else told
    alone, kinds = fresh - told, set[Row]()
    stds = sorted(row.std for row in telling if row.init is None)
    for members in kinds_of(telling):
        here = [row for row in members if row in fresh]
        trained = sum(row.init is None for row in members)
        if 2 * len(here) > len(members) and not _begun_alike(here[0], stds):
            kinds.update(row for row in members if row.init is not None)
            continue
        alone -= set(members)
        if 0 < len(here) <= len(members) / 2 and 2 * trained >= len(members) - len(here):
            told.update(here)
            facts = {"count": len(here), "of": len(members)}
            yield Finding("fresh_among_trained", names_of(here), facts)
    new = (alone | kinds).union(_beside_biases_of_0(rows)) - told
    lone, of = [row for row in rows if row in new], len(new.union(telling))
    # a part of a model may be new, up to half of it; what else there is has been trained
    if 0 < 2 * len(lone) <= of and _are_trained([row for row in rows if row not in kinds]):
        yield Finding("fresh_alone", names_of(lone), {"count": len(lone), "of": of})


def _begun_alike(row: Row, stds: Sequence[float]) -> bool:
    """Tell whether many of these sorted stds of trained weights are near a fresh one's: after a few steps."""
    near = bisect(stds, (1 + _NEAR) * row.std) - bisect(stds, (1 - _NEAR) * row.std)
    return 4 * near >= len(stds)


def _beside_biases_of_0(rows: Sequence[Row]) -> list[Row]:
    """Return weights at a law whose biases are 0, where those of trained weights have moved.

    A small head has too few numbers to tell by themselves.
    """
    weights = {row.name: row for row in weights_of(rows) if not ADAPTER.search(row.name)}
    named = ((row.name.replace("bias", "weight"), row) for row in rows if "bias" in row.name)
    biases = {weights[name]: row for name, row in named if name in weights}
    moved = ["zeros" not in bias.flags for weight, bias in biases.items() if weight.init is None]
    if len(moved) < _SOME or sum(moved) < _MOST * len(moved):
        return []
    layers = depth(rows)
    still = [weight for weight, bias in biases.items() if "zeros" in bias.flags]
    return [weight for weight in still if is_common(weight.init, layers, _ROUGHLY)]


def _norms(rows: Sequence[Row], _: str) -> Iterator[Finding]:
    return _fewer_zeros("zero_norm", [row for row in rows if NORM.search(row.name)])


def _batches(rows: Sequence[Row], state: str) -> Iterator[Finding]:
    counted = [row for row in rows if row.name.endswith("num_batches_tracked") and row.n == 1]
    steps = max((int(row.maximum) for row in counted), default=0)
    if steps and state == "initialised":
        yield Finding("steps_without_training", names_of(counted), {"steps": steps})


def _statistics(rows: Sequence[Row], _: str) -> Iterator[Finding]:
    """Find batch norms without statistics in a trained model; one that is 1 and 0 itself was never used.

    Nobody draws a norm's biases: where they differ the model has been trained, however its weights look.
    """
    named = {row.name: row for row in rows}
    means = [row for row in rows if row.name.endswith("running_mean")]
    still = [row for row in means if "zeros" in row.flags and _is_1(named.get(_beside(row, "running_var")))]
    used = any(_is_varied(named.get(_beside(row, "weight"))) for row in still)
    moved = any(_is_varied(named.get(_beside(row, "bias"))) for row in still)
    if still and len(still) == len(means) and used and (moved or half_are_trained(rows)):
        yield Finding("stale_statistics", names_of(still), {"count": len(still)})


def _beside(row: Row, other: str) -> str:
    return row.name.rpartition("running_mean")[0] + other


def _is_1(row: Row | None) -> bool:
    return row is not None and row.minimum == row.maximum == 1


def _is_varied(row: Row | None) -> bool:
    return row is not None and row.minimum < row.maximum


def _averages(rows: Sequence[Row], _: str) -> Iterator[Finding]:
    """Find moving averages of weights that are still where these started."""
    own: dict[str, Row] = {}
    for row in weights_of(rows):
        if not _AVERAGE.search(row.name):
            own |= {row.name: row, row.name.partition(".")[2]: row}
    averages = [row for row in weights_of(rows) if row.decides and _AVERAGE.search(row.name)]
    pairs = [(row, own.get(_AVERAGE.sub("", row.name, count=1))) for row in averages]
    still = [row for row, one in pairs if row.init is not None and one is not None and one.init is None]
    if len(still) >= _SOME and len(still) >= _MOST * len(pairs):
        yield Finding("stale_average", names_of(still), {"count": len(still), "of": len(pairs)})


def _adam(rows: Sequence[Row], _: str) -> Iterator[Finding]:
    """Find second moments that are 0: for want of a gradient, or as the dtype has no number so small."""
    named = {row.name: row for row in rows}
    seconds = [row for row in rows if re.search(r"(^|[._/])exp_avg_sq$", row.name)]
    zeros = [row for row in seconds if "zeros" in row.flags]
    lost = [row for row in zeros if _is_varied(named.get(row.name.removesuffix("_sq")))]
    still = [row for row in zeros if row not in lost]
    if lost:
        facts = {"count": len(lost), "of": len(seconds), "dtype": lost[0].dtype}
        yield Finding("moment_underflow", names_of(lost), facts)
    if 0 < len(still) < len(seconds):
        yield Finding("no_gradient", names_of(still), {"count": len(still), "of": len(seconds)})


def _adapters(rows: Sequence[Row], _: str) -> Iterator[Finding]:
    named = {row.name: row for row in rows}
    ends = [row for row in rows if STARTS_AT_0.search(row.name)]
    zeros = [row for row in ends if "zeros" in row.flags]
    dead = [row for row in zeros if (other := named.get(_other_end(row.name))) and "zeros" in other.flags]
    still = [row for row in zeros if row not in dead]
    if dead:
        yield Finding("lora_dead", names_of(dead), {"count": len(dead), "of": len(ends)})
    if 0 < len(still) < len(ends):
        yield Finding("lora_untrained", names_of(still), {"count": len(still), "of": len(ends)})


def _other_end(name: str) -> str:
    """Return the name of the matrix that an adapter's is multiplied with."""
    for one, other in (
        ("lora_embedding_A", "lora_embedding_B"),
        ("lora_B", "lora_A"),
        ("lora_up", "lora_down"),
    ):
        if one in name:
            return name.replace(one, other)
    return ""


LOOKS: tuple[Look, ...] = (
    _zeros,
    _fresh,
    _norms,
    _batches,
    _statistics,
    _averages,
    _adam,
    _adapters,
)
