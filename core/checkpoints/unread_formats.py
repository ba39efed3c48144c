"""Files that are not read, by what they begin with: what they are, and what makes of them one that is."""

import re

from ..errors import CheckpointError
from .files import File, beginning

_STATE = 'torch.save(model.state_dict(), "weights.pt")'
_KERAS = 'model.save("weights.keras")'
#: What a file begins with, from a byte on → what it is, and what to do with it.
_BEGINS: tuple[tuple[int, bytes, str, str], ...] = (
    (4, b"TFL3", "TensorFlow Lite", _KERAS),
    (0, b"lmgg", "GGML (llama.cpp, 2023)", "llama.cpp: convert_llama_ggml_to_gguf.py"),
    (0, b"tjgg", "GGJT (llama.cpp, 2023)", "llama.cpp: convert_llama_ggml_to_gguf.py"),
    (0, b"fmgg", "GGMF (llama.cpp, 2023)", "llama.cpp: convert_llama_ggml_to_gguf.py"),
    (0, b"\x1f\x8b", "gzip", "gunzip"),
    (0, b"\xfd7zXZ\0", "xz", "unxz"),
    (0, b"BZh", "bzip2", "bunzip2"),
    (0, b"\x28\xb5\x2f\xfd", "zstd", "unzstd"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z", "7z x"),
    (0, b"Rar!\x1a\x07", "RAR", "unrar x"),
    (257, b"ustar", "tar", "tar -xf"),
    (0, b"MATLAB 5.0", "MATLAB", "numpy.savez(path, **scipy.io.loadmat(path))"),
    *((0, bytes([128, protocol]), "Python pickle", _STATE) for protocol in range(2, 6)),
)
#: What a file is called, where what it begins with tells nothing → the same.
_NAMES: tuple[tuple[str, str, str], ...] = (
    (r"\.mlmodel", "Core ML", _STATE),
    (r"\.pb|\.index|\.data-\d+-of-\d+", "TensorFlow", _KERAS),
    (r"\.tflite", "TensorFlow Lite", _KERAS),
    (r"\.msgpack", "Flax", "safetensors.flax.save_file(params, path)"),
    (r"\.pdparams", "PaddlePaddle", "safetensors.paddle.save_file(model.state_dict(), path)"),
    (r"\.pkl|\.pickle|\.joblib", "Python pickle", _STATE),
)
_SCRIPT = 'torch.save(torch.jit.load(path).state_dict(), "weights.pt")'
_EXPORTED = 'torch.save(torch.export.load(path).state_dict, "weights.pt")'
HEAD = 512


def refusal(file: File, head: bytes, formats: tuple[str, ...]) -> CheckpointError:
    """Return the error that says what a file is that no reader takes; ``head`` is how it begins."""
    words = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if words.startswith((b"<!doctype", b"<html", b"<?xml")):
        return CheckpointError("checkpoint.page", file=file.called)
    if words.startswith(b"version https://git-lfs"):
        return CheckpointError("checkpoint.pointer", file=file.called)
    for at, begin, kind, how in _BEGINS:
        if head.startswith(begin, at):
            return _foreign(file, kind, how)
    for pattern, kind, how in _NAMES:
        if re.search(f"(?:{pattern})$", file.name, re.IGNORECASE):
            return _foreign(file, kind, how)
    return CheckpointError("checkpoint.unknown", file=file.called, given=beginning(head), formats=formats)


def refused_archive(file: File, names: "set[str]") -> CheckpointError:
    """Return the error that says what a ZIP archive is that no reader takes."""
    if any(name.endswith("constants.pkl") for name in names):
        return _foreign(file, "TorchScript", _SCRIPT)
    if any(name.endswith(("archive_format", "serialized_exported_program.json")) for name in names):
        return _foreign(file, "torch.export", _EXPORTED)
    return _foreign(file, "ZIP", "unzip")


def _foreign(file: File, kind: str, how: str) -> CheckpointError:
    return CheckpointError("checkpoint.foreign", file=file.called, kind=kind, how=how)
