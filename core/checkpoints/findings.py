"""What stands out among a model's tensors: exact signs first, then laws that do not agree.

What is right in some models is not called wrong: norms of 0 where all are (Gemma's are 1 + w), tied weights,
an adapter's B of 0, rows of padding, masks and tables that repeat.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from . import findings_of_starts, findings_of_training
from .finding import KINDS, Finding
from .findings_of_training import Look, half_are_trained
from .law_fit import Fit
from .layer_names import COMPUTED, MOMENT, WEIGHT, kind_of, names_of, weights_of
from .report_row import EMBEDDING, Row
from .spare_rows import NAMED

#: More tensors than these that have a fault each are one finding: a list of hundreds hides all others.
_SINGLY = 3


def find(rows: Sequence[Row], state: str = "unknown") -> tuple[Finding, ...]:
    """Return what stands out, worst first."""
    found = [finding for look in _LOOKS for finding in look(rows, state)]
    order = list(KINDS)
    return tuple(sorted(found, key=lambda each: (-each.severity, order.index(each.kind))))


def _one_by_one(kind: str, holds: Callable[[Row], bool], facts: Callable[[Row], dict[str, object]]) -> Look:
    def look(rows: Sequence[Row], _: str) -> Iterator[Finding]:
        found = [row for row in rows if holds(row)]
        if len(found) > _SINGLY:
            yield Finding(kind, names_of(found), {**facts(found[0]), "likewise": len(found) - 1})
            return
        for row in found:
            yield Finding(kind, (row.name,), facts(row))

    return look


def _is_broken(row: Row) -> bool:
    """Tell whether there are NaN, or infinities beside numbers; a mask has one number beside them."""
    return row.n > 1 and (row.nan > 0 or (row.inf > 0 and row.minimum < row.maximum))


def _rows_of_nan(row: Row) -> dict[str, object]:
    """Return in which rows NaN stand, if in a few alone."""
    count, first = row.nan_rows
    if row.inf or not 0 < count <= min(NAMED, row.shape[0] // 4):
        return {}
    return {"count": count, "rows": ", ".join(map(str, first)), "of": row.shape[0]}


def _misread(rows: Sequence[Row], _: str) -> Iterator[Finding]:
    for dtype in ("float16", "bfloat16"):
        found = [row for row in weights_of(rows) if row.misread is not None and row.dtype == dtype]
        if found and (other := found[0].misread):
            facts = {"dtype": dtype, "other": other.dtype, "std": found[0].std, "expected": other.std}
            yield Finding("misread", names_of(found), {"count": len(found), **facts})


def _empty(rows: Sequence[Row], _: str) -> Iterator[Finding]:
    weights = [row for row in rows if WEIGHT.search(row.name)]
    # what ZeRO-3 leaves in a weight's place has no other axis; a layer without units has
    empty = [row for row in weights if row.shape == (0,)]
    if empty:
        yield Finding("empty_shards", names_of(empty), {"count": len(empty), "of": len(weights)})


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


def _one_sided(rows: Sequence[Row], _: str) -> Iterator[Finding]:
    """Find weights that are uniform from 0 up: what they feed adds up its inputs."""
    found = [row for row in weights_of(rows) if _is_one_sided(row) and not COMPUTED.search(row.name)]
    if found:
        facts = {"count": len(found), "value": max(row.maximum for row in found)}
        yield Finding("one_sided", names_of(found), facts)


def _is_one_sided(row: Row) -> bool:
    if row.init is None or row.minimum < 0:
        return False
    key, params = row.init.schemes[0]
    return key == "uniform" and row.init.decisive and params.get("a", 0) == 0


def _equal(rows: Sequence[Row], _: str) -> Iterator[Finding]:
    """Find layers of one kind that are the same to the bit, and are not stored as one."""
    groups: dict[tuple[str, bytes], dict[object, Row]] = {}
    for row in weights_of(rows):
        if row.n >= 100 and not row.flags & {"constant", "zeros", "empty"}:
            groups.setdefault((kind_of(row.name), row.digest), {}).setdefault(row.place, row)
    trained = half_are_trained(rows)
    same: dict[str, list[list[Row]]] = {}
    for members in groups.values():
        alike = list(members.values())
        if len(alike) > 1:
            copies = trained or alike[0].init is None
            same.setdefault("cloned" if copies else "same_seed", []).append(alike)
    for kind, found in same.items():
        alike = [row for group in found for row in group]
        yield Finding(kind, names_of(alike), {"count": len(alike), "originals": len(found)})


def _one_place(rows: Sequence[Row], _: str) -> Iterator[Finding]:
    """Find layers of one list that are all one tensor, as a list makes them that repeats its one module."""
    lists: dict[tuple[str, ...], list[Row]] = {}
    for row in weights_of(rows):
        parts = row.name.split(".")
        for at in (at for at, part in enumerate(parts) if row.decides and part.isdigit()):
            lists.setdefault((*parts[:at], "#", *parts[at + 1 :]), []).append(row)
    same = [
        members for members in lists.values() if len(members) > 1 and len({row.place for row in members}) == 1
    ]
    if same:
        shared = dict.fromkeys(row for members in same for row in members)
        places = {row.place for row in shared}
        yield Finding("one_tensor", names_of([*shared]), {"count": len(shared), "originals": len(places)})


def _repeats(row: Row) -> bool:
    grouped = re.search(r"(^|[._])(k|v|key|value|kv)(_proj)?[._]", row.name.replace("query_key_value", ""))
    weight = WEIGHT.search(row.name) and not COMPUTED.search(row.name)
    return row.repeated.in_blocks and bool(weight) and not grouped


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


def _has_dead_rows(row: Row) -> bool:
    other = MOMENT.search(row.name) or COMPUTED.search(row.name)
    return "dead_rows" in row.flags and bool(WEIGHT.search(row.name)) and not other


def _plainest(fit: Fit) -> str:
    """Return the law of those that fit that is said by its std alone, if there is one; else the best."""
    return next((key for key, _ in fit.schemes if key == "normal"), fit.schemes[0].key)


_LOOKS: tuple[Look, ...] = (
    _one_by_one("not_finite", _is_broken, lambda row: {"nan": row.nan, "inf": row.inf, **_rows_of_nan(row)}),
    _misread,
    _one_by_one(
        "uninitialised",
        lambda row: "uninitialised" in row.flags and not MOMENT.search(row.name),
        lambda row: {"minimum": row.minimum, "maximum": row.maximum},
    ),
    _empty,
    _one_by_one("constant_weight", _is_constant, lambda row: {"n": row.n, "value": row.minimum}),
    _one_sided,
    _equal,
    _one_place,
    _one_by_one("same_shards", _repeats, _shards),
    *findings_of_starts.LOOKS,
    _one_by_one("far_cut", _is_far_cut, _far_cut),
    _one_by_one("outliers", lambda row: "outliers" in row.flags and not _is_far_cut(row), _far_cut),
    *findings_of_training.LOOKS,
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
                "scheme": _plainest(row.spare.fit),
                "std": row.spare.std,
            }
            if row.spare
            else {}
        ),
    ),
)
