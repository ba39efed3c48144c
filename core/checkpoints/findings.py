"""What stands out among a model's tensors: exact signs first, then laws that do not agree.

What is right in some models is not called wrong: norms of 0 where all are (Gemma's are 1 + w), tied weights,
an adapter's B of 0, rows of padding, masks and tables that repeat.
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from .candidates import written
from .finding import KINDS, Finding
from .report_row import EMBEDDING, Row

#: Names of weights that are multiplied with, not looked up, masked with or added.
WEIGHT = re.compile(r"(^|[._/])(weight|kernel|\w*_weight|weight_\w+|\w*(proj|fc|w)\d?)$", re.I)
RESIDUAL = re.compile(
    r"(c_proj|o_proj|out_proj|down_proj|wo|w2|dense_4h_to_h|attention\.dense|output\.dense)(\.weight)?$"
)
NORM = re.compile(r"(norm\w*|ln\w*|bn\w*|layernorm)\.(weight|gamma|scale)$", re.I)
ADAPTER = re.compile(r"lora", re.I)
#: A's of embeddings and B's of all others start at 0.
_STARTS_AT_0 = re.compile(r"lora_(B|up|embedding_A)\b", re.I)
MOMENT = re.compile(r"exp_avg|momentum_buffer|max_exp_avg|adam_[mv]\b|optimi[sz]er", re.I)
#: Names of what is computed, not drawn nor trained.
COMPUTED = re.compile(
    r"((?<![a-z])(cos|sin|rope)(?![a-z])|inv_freq|rotary|freqs|mask|position_ids|pos_embed|positional|index|running_|A_log|slopes|"
    r"stft|dft|fourier|fbank|mel_|window|basis)",
    re.I,
)
#: Fewer layers of one kind than these have no majority.
_FEW = 3
#: Two std are the same that differ by less.
_SAME = 0.03


def find(rows: Sequence[Row], state: str = "unknown") -> tuple[Finding, ...]:
    """Return what stands out, worst first."""
    found = [finding for look in _LOOKS for finding in look(rows, state)]
    order = list(KINDS)
    return tuple(sorted(found, key=lambda each: (-each.severity, order.index(each.kind))))


def _kind_of(name: str) -> str:
    """Return a name with its numbers left open: layers of one kind have one."""
    return ".".join("#" if part.isdigit() else part for part in name.split("."))


def _kinds(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield the rows of each kind of layer of which there are several, of one shape."""

    def by(row: Row) -> tuple[str, tuple[int, ...]]:
        return _kind_of(row.name), row.shape

    for (name, _), group in groupby(sorted(rows, key=by), by):
        members = list(group)
        if "#" in name and len(members) >= _FEW:
            yield members


def _weights(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of weights: of more than one dimension, and no optimiser's."""
    return [
        row
        for row in rows
        if row.is_float and len(row.shape) > 1 and WEIGHT.search(row.name) and not MOMENT.search(row.name)
    ]


def _names(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(row.name for row in rows)


def _one_by_one(
    kind: str, holds: Callable[[Row], bool], facts: Callable[[Row], dict[str, object]]
) -> "_Look":
    def look(rows: Sequence[Row], _: str) -> Iterator[Finding]:
        for row in rows:
            if holds(row):
                yield Finding(kind, (row.name,), facts(row))

    return look


_Look = Callable[[Sequence[Row], str], Iterator[Finding]]


def _is_broken(row: Row) -> bool:
    """Tell whether there are NaN, or infinities beside numbers; a mask has one number beside them."""
    return row.n > 1 and (row.nan > 0 or (row.inf > 0 and row.minimum < row.maximum))


def _empty(rows: Sequence[Row], _: str) -> Iterator[Finding]:
    weights = [row for row in rows if WEIGHT.search(row.name)]
    empty = [row for row in weights if "empty" in row.flags]
    if empty:
        yield Finding("empty_shards", _names(empty), {"count": len(empty), "of": len(weights)})


def _is_constant(row: Row) -> bool:
    """Tell whether a matrix has one number for all: units that start alike."""
    return (
        "constant" in row.flags
        and row.is_float
        and len(row.shape) > 1
        and min(row.shape[:2]) > 1
        and WEIGHT.search(row.name) is not None
        and not MOMENT.search(row.name)
    )


def _zeros(rows: Sequence[Row], _: str) -> Iterator[Finding]:
    """Find weights that are 0: of a model most, of one kind the fewer; all of a kind start so by design."""
    weights = [row for row in _weights(rows) if not ADAPTER.search(row.name) and min(row.shape[:2]) > 1]
    zeros = [row for row in weights if "zeros" in row.flags]
    if 2 * len(zeros) > len(weights):
        yield Finding("zero_weights", _names(zeros), {"count": len(zeros), "of": len(weights)})
    else:
        yield from _fewer_zeros("zero_weights", weights)


def _fewer_zeros(kind: str, rows: Sequence[Row]) -> Iterator[Finding]:
    """Find the fewer of layers of one kind that are 0 throughout."""
    for members in _kinds(rows):
        zeros = [row for row in members if "zeros" in row.flags]
        if 0 < 2 * len(zeros) < len(members):
            yield Finding(kind, _names(zeros), {"count": len(zeros), "of": len(members)})


def _equal(rows: Sequence[Row], _: str) -> Iterator[Finding]:
    """Find layers of one kind that are the same to the bit, and are not stored as one."""
    groups: dict[tuple[str, bytes], dict[object, Row]] = {}
    for row in _weights(rows):
        if row.n >= 100 and not row.flags & {"constant", "zeros", "empty"}:
            groups.setdefault((_kind_of(row.name), row.digest), {}).setdefault(row.place, row)
    same: dict[str, list[Row]] = {}
    for members in groups.values():
        first, *others = members.values()
        if others:
            same.setdefault("cloned" if first.init is None else "same_seed", []).extend([first, *others])
    for kind, alike in same.items():
        yield Finding(kind, _names(alike), {"count": len(alike)})


def _repeats(row: Row) -> bool:
    grouped = re.search(r"(^|[._])(k|v|key|value|kv)(_proj)?[._]", row.name)
    weight = WEIGHT.search(row.name) and not COMPUTED.search(row.name)
    return max(row.repeated.blocks, row.repeated.columns) > 1 and bool(weight) and not grouped


def _shards(row: Row) -> dict[str, object]:
    """Return in how many blocks a weight falls, and how many of its rows or columns each has."""
    along = int(row.repeated.blocks == 1)
    blocks = (row.repeated.blocks, row.repeated.columns)[along]
    size = row.shape[along] // blocks
    return {"blocks": blocks, "size": size, "along": ("row", "column")[along] + "s" * (size != 1)}


def _far_cut(row: Row) -> dict[str, object]:
    outlying = max(abs(row.minimum), abs(row.maximum))
    law = row.init.schemes[0] if row.init else None
    std = float(law.params.get("std", row.std)) if law else row.std
    return {
        "count": row.init.outliers if row.init else 0,
        "value": outlying,
        "sigmas": outlying / std,
        "n": row.n,
    }


def _is_far_cut(row: Row) -> bool:
    return (
        "outliers" in row.flags
        and max(abs(row.minimum), abs(row.maximum)) in {1.0, 2.0}
        and row.init is not None
        and row.init.schemes[0].key != "constant"
    )


def _law_std(row: Row) -> float:
    """Return a weight's std, without numbers that were left aside."""
    first, third = row.quantiles[3], row.quantiles[5]
    return row.std if row.init is None or not row.init.outliers else (third - first) / 1.349


def _fits(row: Row, *keys: str) -> bool:
    return row.init is not None and row.init.decisive and any(named.key in keys for named in row.init.schemes)


def _layers(rows: Sequence[Row]) -> int:
    """Return how many layers names count, by their first number."""
    numbered = ([part for part in row.name.split(".") if part.isdigit()] for row in rows)
    return len({parts[0] for parts in numbered if parts})


def _residual(rows: Sequence[Row], _: str) -> Iterator[Finding]:
    """Find projections into the residual stream without 1/√(2·n_layer), or with it twice, among others.

    GPT-2's are known by their names; of others it is not asked, as many models do without.
    """
    gpt2 = any(re.search(r"(^|\.)wte\.weight$", row.name) for row in rows)
    normals = [row for row in _weights(rows) if _law_of_normals(row)]
    all_of_them = [row for row in normals if RESIDUAL.search(row.name)]
    base = _common_std([row for row in normals if not RESIDUAL.search(row.name)])
    for last in sorted({row.name.split(".")[-2] for row in all_of_them if "." in row.name}):
        members = [row for row in all_of_them if row.name.split(".")[-2:][0] == last]
        depth = _layers(members)
        expected = base / math.sqrt(2 * depth)
        for row_std in _scaled(members, depth, base, known=gpt2 and last == "c_proj"):
            wrong = [row for row in members if _is_near(row, row_std)]
            ratio = row_std / expected
            yield Finding(
                "residual_scale",
                _names(wrong),
                {
                    "count": len(wrong),
                    "of": len(members),
                    "square": 2 * depth,
                    "word": "large" if ratio > 1 else "small",
                    "std": row_std,
                    "expected": expected,
                    "ratio": ratio,
                },
            )


def _law_of_normals(row: Row) -> bool:
    return _fits(row, "normal", "gpt2_residual", "llama_residual", "wang_init", "trunc_normal")


def _common_std(rows: Sequence[Row]) -> float:
    """Return the std that weights have in common; where they have none, GPT-2's 0.02."""
    stds = sorted(map(_law_std, rows))
    middle = stds[len(stds) // 2] if stds else 0.02
    middle = written(middle, _SAME) or middle
    return middle if all(abs(std / middle - 1) <= _SAME for std in stds) else 0.02


def _is_near(row: Row, std: float) -> bool:
    """Tell whether a weight has this std, as far as its numbers tell."""
    return abs(_law_std(row) / std - 1) <= max(_SAME, 4 / math.sqrt(2 * row.n))


def _scaled(members: Sequence[Row], depth: int, base: float, *, known: bool) -> Iterator[float]:
    """Yield the std of members that are √(2·depth) off from base/√(2·depth)."""
    if depth < 2:
        return
    right = base / math.sqrt(2 * depth)
    if not known and not any(_is_near(row, right) for row in members):
        return
    for wrong in (base, right / math.sqrt(2 * depth)):
        near = [_law_std(row) for row in members if _is_near(row, wrong)]
        if near:
            yield sum(near) / len(near)


def _unequal(rows: Sequence[Row], _: str) -> Iterator[Finding]:
    """Find the few of a kind whose std is another than the many's; a rule by depth makes all differ."""
    for members in _kinds([row for row in _weights(rows) if row.decides and row.init and row.init.decisive]):
        stds = sorted(_law_std(row) for row in members)
        middle = stds[len(stds) // 2]
        off = [row for row in members if abs(_law_std(row) / middle - 1) > 2 * _SAME]
        residual = RESIDUAL.search(members[0].name) and all(_law_of_normals(row) for row in members)
        if off and 3 * len(off) <= len(members) and not residual:
            std = _law_std(off[0])
            facts = {
                "count": len(off),
                "of": len(members),
                "std": std,
                "expected": middle,
                "ratio": std / middle,
            }
            yield Finding("unequal_layers", _names(off), facts)


def _swapped(rows: Sequence[Row], _: str) -> Iterator[Finding]:
    """Find weights at ±1/√fan_out among others at ±1/√fan_in, torch's default."""
    uneven = [row for row in _weights(rows) if row.shape[0] != row.shape[1] and _is_torch_s(row)]
    right = [row for row in uneven if _fits(row, "classic_uniform")]
    swapped = [row for row in uneven if row not in right and _is_swapped(row)]
    if len(right) >= max(2, len(swapped)):
        for row in swapped:
            fans = math.prod(row.shape) // row.shape[1], math.prod(row.shape[1:])
            found, expected = (1 / math.sqrt(fan) for fan in fans)
            yield Finding(
                "swapped_fans", (row.name,), {"found": found, "expected": expected, "of": len(right)}
            )


def _is_torch_s(row: Row) -> bool:
    """Tell whether a weight is (out, in): ONNX keeps some the other way round, as its graph multiplies."""
    return not row.file.endswith(".onnx")


def _is_swapped(row: Row) -> bool:
    return _fits(row, "kaiming_uniform") and any(
        named.key == "kaiming_uniform" and "a" in named.params
        for named in (row.init.schemes if row.init else ())
    )


def _fresh(rows: Sequence[Row], _: str) -> Iterator[Finding]:
    """Find layers at an init's law whose siblings have been trained: at least half of these by no law."""
    for members in _kinds([row for row in _weights(rows) if row.decides and not ADAPTER.search(row.name)]):
        fits = [row for row in members if row.init is not None and row.init.convincing]
        fresh = [row for row in fits if not row.repeated.number]  # repeated rows fit by chance more often
        trained = sum(row.init is None for row in members)
        few = 0 < len(fresh) <= len(members) / 2 and 2 * trained >= len(members) - len(fresh)
        if few and all(row.init and row.init.decisive for row in fresh):
            yield Finding("fresh_among_trained", _names(fresh), {"count": len(fresh), "of": len(members)})


def _norms(rows: Sequence[Row], _: str) -> Iterator[Finding]:
    return _fewer_zeros("zero_norm", [row for row in rows if NORM.search(row.name)])


def _batches(rows: Sequence[Row], state: str) -> Iterator[Finding]:
    counted = [row for row in rows if row.name.endswith("num_batches_tracked") and row.n == 1]
    steps = max((int(row.maximum) for row in counted), default=0)
    if steps and state == "initialised":
        yield Finding("steps_without_training", _names(counted), {"steps": steps})


def _adam(rows: Sequence[Row], _: str) -> Iterator[Finding]:
    seconds = [row for row in rows if re.search(r"(^|[._/])exp_avg_sq$", row.name)]
    still = [row for row in seconds if "zeros" in row.flags]
    if 0 < len(still) < len(seconds):
        yield Finding("no_gradient", _names(still), {"count": len(still), "of": len(seconds)})


def _adapters(rows: Sequence[Row], _: str) -> Iterator[Finding]:
    ends = [row for row in rows if _STARTS_AT_0.search(row.name)]
    still = [row for row in ends if "zeros" in row.flags]
    if 0 < len(still) < len(ends):
        yield Finding("lora_untrained", _names(still), {"count": len(still), "of": len(ends)})


def _has_dead_rows(row: Row) -> bool:
    other = MOMENT.search(row.name) or COMPUTED.search(row.name)
    return "dead_rows" in row.flags and bool(WEIGHT.search(row.name)) and not other


_LOOKS: tuple[_Look, ...] = (
    _one_by_one("not_finite", _is_broken, lambda row: {"nan": row.nan, "inf": row.inf}),
    _one_by_one(
        "uninitialised",
        lambda row: "uninitialised" in row.flags and not MOMENT.search(row.name),
        lambda row: {"minimum": row.minimum, "maximum": row.maximum},
    ),
    _empty,
    _one_by_one("constant_weight", _is_constant, lambda row: {"n": row.n, "value": row.minimum}),
    _zeros,
    _equal,
    _one_by_one("same_shards", _repeats, _shards),
    _residual,
    _unequal,
    _swapped,
    _one_by_one("far_cut", _is_far_cut, _far_cut),
    _one_by_one("outliers", lambda row: "outliers" in row.flags and not _is_far_cut(row), _far_cut),
    _fresh,
    _norms,
    _batches,
    _adam,
    _adapters,
    _one_by_one("dead_rows", _has_dead_rows, lambda row: {"count": row.dead[0], "of": row.shape[0]}),
    _one_by_one(
        "spare_rows",
        lambda row: (
            row.spare is not None and bool(EMBEDDING.search(row.name) or row.shape[0] >= 4 * row.shape[1])
        ),
        lambda row: (
            {
                "count": row.spare.number,
                "of": row.shape[0],
                "scheme": row.spare.fit.schemes[0].key,
                "std": row.spare.std,
            }
            if row.spare
            else {}
        ),
    ),
)
