"""The parts of a report as JSON, and back: what is not finite is null, and nan again."""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import worded
from ..networks.module_signal import LayerSignal, Strengths
from ..refusals import TEMPLATES
from ..weights.schemes import SCHEMES
from .bit_cells import COUNTED
from .candidates import Named
from .expected_laws import UNMET
from .finding import IN_MODULES, SIGNALS, Finding
from .given_json import Array, Given
from .law_fit import Fit
from .measure import Counts
from .misread import Misread
from .report_row import BINS, FLAGS, MOST_NORM_BINS, QUANTILES, Bins, Repeated, Row
from .spare_rows import NAMED, Spare
from .spectrum import MOST_SIDE
from .stored_tensor import Skipped

#: Tensors of a report that is read back, and names of one finding.
MOST_ROWS = 1 << 20
_MOST_AXES = 64
_MOST_SEEDS = 1000
#: The kinds of findings that the tensors by themselves do not show.
_ADDED = {*UNMET, *SIGNALS.values(), *IN_MODULES}
_PLAIN = ("name", "file", "dtype", "shape", "n", "zeros", "nan", "inf", "quantised", "equal_to")
_NUMBERS = ("minimum", "maximum", "mean", "std", "excess_kurtosis", "quantiles")


def plain(value: Any) -> Any:
    """Return a value as JSON can have it."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str | int | bool | None) else str(value)


def rows_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return all tensors; ``place`` is a number that those have in common that are one in the file."""
    places: dict[Hashable, int] = {}
    return [_row_json(row, places.setdefault(row.place, len(places))) for row in rows]


def _row_json(row: Row, place: int) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in _PLAIN},
        **{name: plain(getattr(row, name)) for name in _NUMBERS},
        "counts": row.counts.tolist(),
        "edges": plain(row.edges.tolist()),
        "flags": sorted(row.flags),
        "init": _fit_json(row.init),
        "dead": {"number": row.dead[0], "first": row.dead[1]},
        "repeated": row.repeated._asdict(),
        "nan_rows": {"number": row.nan_rows[0], "first": row.nan_rows[1]},
        "spare": row.spare and {**row.spare._asdict(), "fit": _fit_json(row.spare.fit)},
        "digest": row.digest.hex(),
        "place": place,
        "row_norms": row.row_norms
        and plain({name: bins.tolist() for name, bins in row.row_norms._asdict().items()}),
        "singular_values": plain(row.singular_values.tolist()),
        "misread": row.misread and row.misread._asdict(),
    }


def _fit_json(fit: Fit | None) -> dict[str, Any] | None:
    if fit is None:
        return None
    return {
        "schemes": [{"key": named.key, "params": plain(named.params)} for named in fit.schemes],
        "shapes": fit.shapes,
        "distance": plain(fit.distance),
        "scale": plain(fit.scale),
        "p_value": plain(fit.p_value),
        "would_refute": dict(zip(("distance", "scale"), fit.would_refute, strict=True)),
        "outliers": fit.outliers,
        "rank": fit.rank,
    }


def row_of(given: Given) -> Row:
    """Return a tensor's row.

    Raises:
        CheckpointError: as all here, if something is missing, of another kind, or at odds with the rest.
    """
    shape, n = given.at("shape").wholes(_MOST_AXES), given.at("n").whole()
    if n != math.prod(shape):
        raise given.at("n").refused()
    zeros, nan, inf = (given.at(name).whole(n) for name in ("zeros", "nan", "inf"))
    counts, edges = _histogram(given, n - nan - inf)
    words: Any = {name: given.at(name).text() for name in ("name", "file", "quantised", "equal_to")}
    numbers: Any = {name: given.at(name).number() for name in _NUMBERS[:-1]}
    return Row(
        **words,
        **numbers,
        dtype=_one_of(given.at("dtype"), COUNTED),
        shape=shape,
        n=n,
        quantiles=tuple(_rising(given.at("quantiles"), len(QUANTILES)).tolist()),
        zeros=zeros,
        nan=nan,
        inf=inf,
        counts=counts,
        edges=edges,
        init=_fit_of(given.at("init")),
        flags=frozenset(_one_of(each, FLAGS) for each in given.at("flags").each(len(FLAGS))),
        dead=(given.at("dead").at("number").whole(n), given.at("dead").at("first").wholes(NAMED)),
        repeated=Repeated(*(given.at("repeated").at(name).whole() for name in Repeated._fields)),
        nan_rows=(
            given.at("nan_rows").at("number").whole(n),
            given.at("nan_rows").at("first").wholes(NAMED),
        ),
        spare=_spare_of(given.at("spare")),
        digest=_bytes(given.at("digest")),
        place=given.at("place").whole(),
        row_norms=_norms_of(given.at("row_norms"), shape),
        singular_values=_singular_of(given.at("singular_values"), shape),
        misread=_misread_of(given.at("misread")),
    )


def _histogram(given: Given, n: int) -> tuple[Counts, Array]:
    """Return counts, which must be of all finite numbers, and the edges about them."""
    counts = given.at("counts").wholes(BINS)
    edges = _rising(given.at("edges"), len(counts) + bool(counts))
    if sum(counts) != n:
        raise given.at("counts").refused()
    return np.array(counts, np.int64), edges


def _norms_of(given: Given, shape: tuple[int, ...]) -> Bins | None:
    if given.value is None:
        return None
    counts = given.at("counts").wholes(MOST_NORM_BINS)
    if not counts or sum(counts) > shape[0]:
        raise given.at("counts").refused()
    return Bins(np.array(counts, np.int64), _rising(given.at("edges"), len(counts) + 1))


def _singular_of(given: Given, shape: tuple[int, ...]) -> Array:
    """Return singular values, which fall to 0 at last; all of them may be nan."""
    found = given.numbers(MOST_SIDE)
    if len(found) and (len(shape) < 2 or len(found) > min(shape[0], math.prod(shape[1:]))):
        raise given.refused()
    if not np.isnan(found).all() and ((np.diff(found) > 0).any() or not found[-1] >= 0):
        raise given.refused()
    return found


def _rising(given: Given, length: int) -> Array:
    """Return so many numbers that do not fall; all of them may be nan."""
    found = given.numbers(length)
    if len(found) != length or (np.diff(found) < 0).any():
        raise given.refused()
    return found


def _one_of(given: Given, allowed: Sequence[str]) -> str:
    if given.value not in allowed:
        raise given.refused()
    return str(given.value)


def _bytes(given: Given) -> bytes:
    try:
        return bytes.fromhex(given.text())
    except ValueError:
        raise given.refused() from None


def _fit_of(given: Given) -> Fit | None:
    if given.value is None:
        return None
    schemes = tuple(_named(each) for each in given.at("schemes").each(256))
    shapes = tuple(each.wholes(_MOST_AXES) for each in given.at("shapes").each(256))
    if not schemes or len(schemes) != len(shapes):
        raise given.at("schemes").refused()
    limits = given.at("would_refute")
    return Fit(
        schemes,
        shapes,
        **{name: given.at(name).number() for name in ("distance", "scale", "p_value")},
        would_refute=(limits.at("distance").number(), limits.at("scale").number()),
        outliers=given.at("outliers").whole(),
        rank=given.at("rank").whole(2),
    )


def _named(given: Given) -> Named:
    return Named(_one_of(given.at("key"), tuple(SCHEMES)), given.at("params").facts())


def _spare_of(given: Given) -> Spare | None:
    if given.value is None:
        return None
    fit = _fit_of(given.at("fit"))
    if fit is None:
        raise given.at("fit").refused()
    return Spare(given.at("number").whole(), given.at("first").wholes(NAMED), fit, given.at("std").number())


def _misread_of(given: Given) -> Misread | None:
    if given.value is None:
        return None
    return Misread(_one_of(given.at("dtype"), COUNTED), given.at("std").number())


def finding_json(finding: Finding) -> dict[str, Any]:
    """Return a finding with its sentence."""
    return {
        "kind": finding.kind,
        "severity": finding.severity,
        "file": finding.file,
        "says": str(finding),
        "tensors": finding.tensors,
        "evidence": plain(finding.evidence),
        "would_refute": finding.would_refute,
    }


def unexpected(given: Given, names: frozenset[str]) -> tuple[Finding, ...]:
    """Return those findings that the tensors by themselves do not show: what was claimed, what was run."""
    added = (each for each in given.each(MOST_ROWS) if each.at("kind").text() in _ADDED)
    return tuple(_finding_of(each, names) for each in added)


def _finding_of(given: Given, names: frozenset[str]) -> Finding:
    tensors = tuple(each.text() for each in given.at("tensors").each(MOST_ROWS))
    found = Finding(given.at("kind").text(), tensors, given.at("evidence").facts(), given.at("file").text())
    if not names.issuperset(tensors):
        raise given.at("tensors").refused()
    if str(found).startswith(f"{found.kind}:"):  # its words lack a fact
        raise given.at("evidence").refused()
    return found


def signal_json(layer: LayerSignal) -> dict[str, Any]:
    """Return the signal of a part of a module."""
    ways = {"output": layer.output, "gradient": layer.gradient}
    return {
        "name": layer.name,
        "kind": layer.kind,
        **{way: {"given": plain(rms.given), "seeds": plain(rms.seeds)} for way, rms in ways.items()},
    }


def signal_of(given: Given) -> LayerSignal:
    """Return the signal of a part of a module."""
    output, gradient = (_strengths(given.at(way)) for way in ("output", "gradient"))
    return LayerSignal(given.at("name").text(), given.at("kind").text(), output, gradient)


def _strengths(given: Given) -> Strengths:
    return Strengths(given.at("given").number(), tuple(given.at("seeds").numbers(_MOST_SEEDS).tolist()))


def skipped_json(skipped: Skipped) -> dict[str, Any]:
    """Return what was not read, and why."""
    return {
        "name": skipped.name,
        "file": skipped.file,
        "code": skipped.code,
        "facts": plain(skipped.facts),
    }


def skipped_of(given: Given) -> Skipped:
    """Return what was not read, and why."""
    code, facts = given.at("code").text(), given.at("facts").facts()
    if not code.startswith("checkpoint.") or code not in TEMPLATES or worded(code, facts).startswith(code):
        raise given.refused()
    return Skipped(given.at("name").text(), given.at("file").text(), code, facts)
