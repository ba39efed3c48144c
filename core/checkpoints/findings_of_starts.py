"""What stands out where a model starts: projections, layers and fans that do not agree with the others."""

import math
import re
from collections.abc import Iterator, Sequence

from .candidates import written
from .finding import Finding
from .findings_of_training import Look, half_are_trained
from .layer_names import FEW, RESIDUAL, depth, kind_of, kinds_of, names_of, weights_of
from .report_row import EMBEDDING, Row

#: Two std are the same that differ by less.
_SAME = 0.03
#: The name of GPT-2's embedding.
_GPT2 = re.compile(r"(^|\.)wte\.weight$")


def _law_std(row: Row) -> float:
    """Return a weight's std, without numbers that were left aside."""
    first, third = row.quantiles[3], row.quantiles[5]
    return row.std if row.init is None or not row.init.outliers else (third - first) / 1.349


def _fits(row: Row, *keys: str) -> bool:
    return row.init is not None and row.init.decisive and any(named.key in keys for named in row.init.schemes)


def _residual(rows: Sequence[Row], _: str) -> Iterator[Finding]:
    """Find projections into the residual stream without 1/√(2·n_layer), or with it twice, among others.

    GPT-2's are known by their names; of others it is not asked, as many models do without.
    """
    if half_are_trained(rows):
        return
    gpt2 = any(_GPT2.search(row.name) for row in rows)
    normals = [row for row in weights_of(rows) if _law_of_normals(row)]
    all_of_them = [row for row in normals if RESIDUAL.search(row.name)]
    base = _common_std([row for row in normals if not RESIDUAL.search(row.name)])
    for last in sorted({row.name.split(".")[-2] for row in all_of_them if "." in row.name}):
        members = [row for row in all_of_them if row.name.split(".")[-2:][0] == last]
        layers = depth(members)
        expected = base / math.sqrt(2 * layers)
        for row_std in _scaled(members, layers, base, known=gpt2 and last == "c_proj"):
            wrong = [row for row in members if _is_near(row, row_std)]
            ratio = row_std / expected
            yield Finding(
                "residual_scale",
                names_of(wrong),
                {
                    "count": len(wrong),
                    "of": len(members),
                    "square": 2 * layers,
                    "word": "large" if ratio > 1 else "small",
                    "std": row_std,
                    "expected": expected,
                    "ratio": ratio,
                },
            )


def _residual_everywhere(rows: Sequence[Row], state: str) -> Iterator[Finding]:
    """Find layers all of whose weights have the std of projections into the residual stream.

    That is known by the weights outside the layers, as embeddings, which have 1/√(2·n_layer) times as much.
    """
    normals = [row for row in weights_of(rows) if state == "initialised" and _law_of_normals(row)]
    inside = [row for row in normals if "#" in kind_of(row.name)]
    outside = [_law_std(row) for row in normals if "#" not in kind_of(row.name)]
    layers = depth(inside)
    if layers < FEW or not outside or not any(RESIDUAL.search(row.name) for row in inside):
        return
    base = max(outside)
    small = base / math.sqrt(2 * layers)
    wrong = [row for row in inside if not RESIDUAL.search(row.name)]
    if len(wrong) >= 2 * layers and all(_is_near(row, small) for row in inside):
        facts = {"count": len(wrong), "square": 2 * layers, "std": _law_std(wrong[0]), "expected": base}
        yield Finding("residual_everywhere", names_of(wrong), facts)


#: T5's, whose logits are divided by √d.
_DIVIDED = re.compile(r"(^|[._])shared([._]|$)")


def _embedding_as_head(rows: Sequence[Row], state: str) -> Iterator[Finding]:
    """Find embeddings at nn.Embedding's std of 1 that are the output layer too.

    That is one place in the file, or the same bits; or GPT-2's name where the file has no other output layer.
    """
    if state != "initialised":
        return
    weights = weights_of(rows)
    tied: dict[bytes, list[Row]] = {}
    for row in weights:
        tied.setdefault(row.digest, []).append(row)
    heads = {row.digest for row in weights if not EMBEDDING.search(row.name)}
    gpt2 = not any(row.name.endswith("lm_head.weight") for row in weights)
    for digest, same in tied.items():
        looked_up = [row for row in same if EMBEDDING.search(row.name) and _fits(row, "normal")]
        is_head = digest in heads or (gpt2 and any(_GPT2.search(row.name) for row in same))
        if looked_up and is_head and not any(_DIVIDED.search(row.name) for row in same):
            row = looked_up[0]
            if _is_near(row, 1.0):
                facts = {"std": row.std, "value": row.std * math.sqrt(row.shape[1])}
                yield Finding("embedding_as_head", names_of(same), facts)


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


def _scaled(members: Sequence[Row], layers: int, base: float, *, known: bool) -> Iterator[float]:
    """Yield the std of members that are √(2·layers) off from base/√(2·layers)."""
    if layers < 2:
        return
    right = base / math.sqrt(2 * layers)
    if not known and not any(_is_near(row, right) for row in members):
        return
    for wrong in (base, right / math.sqrt(2 * layers)):
        near = [_law_std(row) for row in members if _is_near(row, wrong)]
        if near:
            yield sum(near) / len(near)


def _unequal(rows: Sequence[Row], state: str) -> Iterator[Finding]:
    """Find the few of a kind whose std is another than the many's; a rule by depth makes all differ.

    Where any weight has been trained others may have been as well, to a law of another std.
    """
    if state != "initialised":
        return
    decisive = [row for row in weights_of(rows) if row.decides and row.init and row.init.decisive]
    for members in kinds_of(decisive):
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
            yield Finding("unequal_layers", names_of(off), facts)


def _swapped(rows: Sequence[Row], _: str) -> Iterator[Finding]:
    """Find weights at ±1/√fan_out among others at ±1/√fan_in, torch's default."""
    uneven = [row for row in weights_of(rows) if row.shape[0] != row.shape[1] and _is_torch_s(row)]
    right = {row for row in uneven if _fits(row, "classic_uniform")}
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


#: Schemes whose scale comes of a shape's fan_in, if nothing else is said.
_BY_FAN_IN = ("classic_uniform", "kaiming_uniform", "kaiming_normal")


def _stacked_experts(rows: Sequence[Row], state: str) -> Iterator[Finding]:
    """Find experts in one tensor that was drawn by torch's fan_in: of (expert, in, out) that is in · out."""
    stacked = [row for row in rows if len(row.shape) == 3 and re.search("expert", row.name, re.I)]
    wrong = [
        row
        for row in stacked
        if state == "initialised"
        and row.init is not None
        and row.init.decisive
        and any(
            named.key in _BY_FAN_IN and named.params.get("mode") != "fan_out" and shape == row.shape
            for named, shape in zip(row.init.schemes, row.init.shapes, strict=True)
        )
    ]
    if wrong:
        facts = {"fan": math.prod(wrong[0].shape[1:]), "std": wrong[0].std}
        yield Finding("stacked_experts", names_of(wrong), {"count": len(wrong), **facts})


LOOKS: tuple[Look, ...] = (
    _residual,
    _residual_everywhere,
    _embedding_as_head,
    _stacked_experts,
    _unequal,
    _swapped,
)
