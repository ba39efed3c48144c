"""A file of weights to which anything has happened is read, or refused in a CheckpointError.

``python -m tests.bench.readers 10000`` tries more of them, with a limit to time and memory.
"""

import random
from pathlib import Path

import pytest

from core import CheckpointError
from core.checkpoints.file_formats import opened
from core.checkpoints.stored_tensor import PART
from tests.support.checkpoints import FILES, KERAS, written
from tests.support.mutations import mutated_file

COUNT = 100


def _read(path: Path) -> bool:
    try:
        for tensor in opened(path).tensors:
            for part in tensor.source.parts(PART):
                assert 0 < len(part) <= PART
    except CheckpointError:
        return False
    return True


@pytest.mark.parametrize("name", [*FILES, *KERAS])
def test_it_is_read_or_refused(tmp_path: Path, name: str) -> None:
    if name in KERAS:
        pytest.importorskip("h5py")
    text, chance = {**FILES, **KERAS}[name](), random.Random(name)  # noqa: S311 - not secret
    assert _read(written(tmp_path, name, text))
    ends = {_read(written(tmp_path, name, mutated_file(name, text, chance))) for _ in range(COUNT)}
    assert ends == {True, False}
