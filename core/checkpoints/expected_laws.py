"""What tensors are meant to start as, by who says so, and which of them are not so."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import torch

from ..checks import checked_kind, unfit
from ..errors import InitLabError, shown
from ..weights.laws import Law
from ..weights.schemes import scheme_of
from .candidates import Candidate, Named, Shape
from .finding import Finding
from .law_match import DISTANCE, SCALE
from .report_row import Row
from .stored_tensor import Skipped, Stored

#: What a tensor is meant to start as: a scheme's key, alone or with parameters.
Expected = Mapping[str, str | tuple[str, Mapping[str, Any]]]


class Meant(NamedTuple):
    """What a tensor is meant to start as; ``told`` if by who called, not by torch's own rule."""

    candidate: Candidate
    told: bool


#: The kinds of findings that come of what is claimed alone.
UNMET = ("expected", "expected_law", "expected_point")
#: What tensors of a name and shape are meant to start as.
Meanings = Mapping[tuple[str, Shape], Meant]

#: What is left unread and is no tensor.
_NO_TENSORS = {"checkpoint.beside", "checkpoint.object"}


def told(
    expect: Expected | None, tensors: Sequence[Stored], skipped: Sequence[Skipped] = ()
) -> Iterator[tuple[tuple[str, Shape], Meant]]:
    """Yield what the caller says, of each tensor whose name fits a pattern; the last one counts.

    Of whole numbers, as of counters beside weights, nothing is said.

    Raises:
        InitLabError: for a pattern that fits no tensor, or one that is not read or was kept in blocks, which
            no law describes; for a scheme that does not fit one.
    """
    for pattern, given in checked_kind(
        "expect", {} if expect is None else expect, Mapping, "a mapping from names"
    ).items():
        key, params = (given, {}) if isinstance(given, str) else _pair(given)
        check_read(pattern, skipped)
        fitting = [each for each in tensors if _fits(pattern, each.name)]
        if not fitting:
            raise unfit("expect", pattern, "a pattern that fits a tensor's name")
        for each in fitting:
            if each.quantised:
                blocks = f"{shown(each.name)}, which is quantised ({each.quantised})"
                raise unfit(
                    "expect", pattern, f"a pattern that does not fit {blocks}: no law describes these"
                )
            if "float" in each.dtype:
                law = scheme_of(key).law(each.shape, **params)
                one = Candidate(Named(key, params), each.shape, law, -1)
                yield (each.name, each.shape), Meant(one, told=True)


def meant_of(stored: Stored, meant: Meanings) -> Candidate | None:
    """Return what a tensor is meant to start as, where that is known."""
    one = meant.get((stored.name, stored.shape))
    return one and one.candidate


def check_read(pattern: object, skipped: Sequence[Skipped]) -> None:
    """Check that no tensor whose name fits was left unread.

    Raises:
        ParameterError: otherwise; it says why.
    """
    for each in skipped:
        if each.code not in _NO_TENSORS and _fits(pattern, each.name):
            raise unfit("expect", pattern, f"a pattern of what is read ({each.why.rstrip('.')})")


def _fits(pattern: object, name: str) -> bool:
    return isinstance(pattern, str) and fnmatchcase(name, pattern)


def _pair(given: object) -> tuple[str, Mapping[str, Any]]:
    key, params = given if isinstance(given, tuple | list) and len(given) == 2 else (None, None)
    if isinstance(params, Mapping) and all(isinstance(name, str) for name in params):
        return key, params  # type: ignore[return-value]
    raise unfit("expect", given, 'a key, or a pair as in ("normal", {"std": 0.02})')


def unmet(rows: Sequence[Row], meant: Meanings) -> Iterator[Finding]:
    """Say which tensors are not what they are meant to be, those together that are so in one way.

    Of torch's own rules that is said only where no one can have meant it: norms that were drawn at random,
    fans that were swapped. Whoever draws anew may choose, and who trains moves all.
    """
    known = [(row, meant[row.name, row.shape]) for row in rows if (row.name, row.shape) in meant]
    asked = Counter(_wanted(one) for _, one in known)
    groups: dict[tuple[str, str, int], list[Row]] = {}
    for row, one in known:
        if not row.n or _meets(row, one.candidate.law):
            continue
        if one.told or _drawn_norm(row, one) or _swapped(row, one):
            kind, ratio = _how(row, one.candidate.law)
            groups.setdefault((kind, _wanted(one), _step(ratio)), []).append(row)
    for (kind, wanted, _), members in groups.items():
        law = meant[members[0].name, members[0].shape].candidate.law
        counted = {"wanted": wanted, "count": len(members), "of": asked[wanted]}
        yield Finding(kind, tuple(row.name for row in members), {**counted, **_facts(members[0], law)})


def _wanted(meant: Meant) -> str:
    key, params = meant.candidate.named
    return f"{key}({', '.join(f'{name}={value}' for name, value in params.items())})"


def _how(row: Row, law: Law) -> tuple[str, float]:
    """Return the kind of finding that says how a tensor is off a law, and its std over the law's."""
    if not law.std:
        return "expected_point", math.inf
    ratio = row.std / law.std
    off = not abs(ratio - 1) <= max(SCALE, 5 / math.sqrt(2 * row.n))
    return "expected" if off else "expected_law", ratio


def _step(ratio: float) -> int:
    """Return a ratio in steps of √2: those of one step are off in one way."""
    return round(2 * math.log2(ratio)) if 0 < ratio < math.inf else 0


def _facts(row: Row, law: Law) -> dict[str, object]:
    return {
        "expected": law.std,
        "std": row.std,
        "ratio": _how(row, law)[1],
        "room": row.init.would_refute[1] if row.init else max(SCALE, 5 / math.sqrt(2 * row.n)),
        "mean": row.mean,
        "wanted_mean": law.mean,
        "kurtosis": row.excess_kurtosis,
        "wanted_kurtosis": law.excess_kurtosis,
        "distance": max(DISTANCE, 2 / math.sqrt(row.n)),
        "minimum": row.minimum,
        "maximum": row.maximum,
    }


def _meets(row: Row, law: Law) -> bool:
    """Tell whether a law is among those that fit, by whatever name; a number, as the dtype rounds it."""
    if not law.std and row.is_float:
        number = torch.tensor(law.mean, dtype=torch.float64).to(getattr(torch, row.dtype)).item()
        return row.minimum == row.maximum == number and not row.nan
    fits = zip(row.init.schemes, row.init.shapes, strict=True) if row.init else ()
    for named, shape in fits:
        try:
            other = scheme_of(named.key).law(shape, **named.params)
        except InitLabError:
            continue
        near = math.isclose(other.std, law.std, rel_tol=1e-9, abs_tol=1e-300)
        at = math.isclose(other.mean, law.mean, rel_tol=1e-9, abs_tol=1e-9)
        if near and at and other.family == law.family:
            return True
    return False


def _drawn_norm(row: Row, meant: Meant) -> bool:
    """Tell whether a norm that starts as ones was drawn about 0, as by an init of all parameters alike."""
    ones = meant.candidate.named.key == "ones"
    return ones and row.n > 8 and row.std > 0 and abs(row.mean) < 4 * row.std / math.sqrt(row.n)


def _swapped(row: Row, meant: Meant) -> bool:
    uniform = meant.candidate.named.key == "classic_uniform" and row.init is not None and row.init.decisive
    return (
        uniform
        and row.init is not None
        and any(
            named.key == "kaiming_uniform" and named.params.get("mode") == "fan_out" and "a" in named.params
            for named in row.init.schemes
        )
    )
