"""What a refusal tells of a file's bytes: where a part lies, how many it has and takes, counted by hand."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from tests.support.checkpoints import field as pb
from tests.support.checkpoints import gguf_bytes, onnx_bytes, refused, safetensors_of, written, zip_bytes

#: NumPy's header of two float32, and twelve bytes behind it.
HEADER = b"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
NPY = b"\x93NUMPY\1\0" + struct.pack("<H", len(HEADER)) + HEADER + bytes(12)
#: Two tensors of 64 bytes, of which the second is said to begin 32 behind the first.
GGUF = gguf_bytes({"one": np.ones(16, "f4"), "two": np.ones(16, "f4")})
GGUF = GGUF.replace(struct.pack("<Q", 64), struct.pack("<Q", 32))
#: A vector of four float32, of which ten bytes are there.
ONNX = onnx_bytes(pb(1, 4) + pb(2, 1) + pb(8, b"w") + pb(9, bytes(10)))


def _safetensors(dtype: str, shape: list[int], begin: int, end: int) -> bytes:
    """Return a file with a header of 100 bytes, which its length's 8 bytes precede, and 24 of numbers."""
    header = {"w": {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}}
    return safetensors_of(json.dumps(header).encode().ljust(100), bytes(24))


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        (NPY, "size", "has 12 bytes; float32 of shape (2,) takes 8."),
        (zip_bytes({"w.npy": NPY}), "size", "has 12 bytes; float32 of shape (2,) takes 8."),
        (ONNX, "size", "has 10 bytes; float32 of shape (4,) takes 16."),
        (_safetensors("F32", [2, 4], 0, 24), "size", "has 24 bytes; F32 of shape (2, 4) takes 32."),
        # three numbers of 4 bits are 12 bits, in two bytes
        (_safetensors("F4", [3], 0, 3), "size", "has 3 bytes; F4 of shape (3,) takes 2."),
        (
            _safetensors("U8", [8], 16, 24),
            "apart",
            "at byte 124; what comes before ends at 108, where it must begin.",
        ),
        (
            _safetensors("U8", [8], 12, 4),
            "outside",
            "from byte 120 to 112, outside of what there is up to 132.",
        ),
        (
            _safetensors("U8", [30], 0, 30),
            "short",
            "ends at byte 132, and 'w' reaches to 138: it was cut short",
        ),
        (
            GGUF,
            "overlap",
            f"'two' in 'a' begins at byte {len(GGUF) - 96}, before 'one' ends at {len(GGUF) - 64};",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bytes_are_counted(tmp_path: Path, text: bytes, code: str, says: str) -> None:
    assert says in str(refused(written(tmp_path, "a", text), code))
