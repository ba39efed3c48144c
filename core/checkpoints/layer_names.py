"""What tensors' names tell: which are weights, of what, and which are layers of one kind."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from .report_row import Row

#: Names of weights that are multiplied with, not looked up, masked with or added.
WEIGHT = re.compile(r"(^|[._/])(weight|kernel|\w*_weight|weight_\w+|\w*(proj|fc|w)\d?)$", re.I)
RESIDUAL = re.compile(
    r"(c_proj|o_proj|out_proj|down_proj|wo|w2|dense_4h_to_h|attention\.dense|output\.dense)(\.weight)?$"
)
NORM = re.compile(r"(norm\w*|ln\w*|bn\w*|layernorm)\.(weight|gamma|scale)$", re.I)
ADAPTER = re.compile(r"lora", re.I)
#: A's of embeddings and B's of all others start at 0.
STARTS_AT_0 = re.compile(r"lora_(B|up|embedding_A)\b", re.I)
MOMENT = re.compile(r"exp_avg|momentum_buffer|max_exp_avg|adam_[mv]\b|optimi[sz]er", re.I)
#: Names of what is computed, not drawn nor trained.
COMPUTED = re.compile(
    r"((?<![a-z])(cos|sin|rope)(?![a-z])|inv_freq|rotary|freqs|mask|position_ids|pos_embed|positional|index|running_|A_log|slopes|"
    r"stft|dft|fourier|fbank|mel_|window|basis)",
    re.I,
)
#: Fewer layers of one kind than these have no majority.
FEW = 3


def kind_of(name: str) -> str:
    """Return a name with its numbers left open: layers of one kind have one."""
    return ".".join("#" if part.isdigit() else part for part in name.split("."))


def kinds_of(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield the rows of each kind of layer of which there are several, of one shape."""

    def by(row: Row) -> tuple[str, tuple[int, ...]]:
        return kind_of(row.name), row.shape

    for (name, _), group in groupby(sorted(rows, key=by), by):
        members = list(group)
        if "#" in name and len(members) >= FEW:
            yield members


def weights_of(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of weights: of more than one dimension, and no optimiser's."""
    return [
        row
        for row in rows
        if row.is_float and len(row.shape) > 1 and WEIGHT.search(row.name) and not MOMENT.search(row.name)
    ]


def weights_that_tell(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of weights that tell whether a model has been trained."""
    return [row for row in weights_of(rows) if row.decides and not COMPUTED.search(row.name)]


def names_of(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the rows' names."""
    return tuple(row.name for row in rows)


def depth(rows: Sequence[Row]) -> int:
    """Return how many layers names count, by their first number."""
    numbered = ([part for part in row.name.split(".") if part.isdigit()] for row in rows)
    return len({parts[0] for parts in numbered if parts})
