"""What is free: the least of the machine's, the container's and what was allowed."""

from pathlib import Path

import pytest
import torch

from core import devices, draw
from core.errors import DeviceError, SizeError

CPU = torch.device("cpu")
MB = 1 << 20


def test_some_of_the_machine_is_free_and_not_all() -> None:
    meminfo = Path("/proc/meminfo").read_text(encoding="ascii")
    total = 1024 * int(meminfo.split("MemTotal:")[1].split()[0])
    assert 0 < devices.free_bytes(CPU) < total


@pytest.mark.parametrize(
    ("files", "free"),
    [
        # version 2: what may be had, less what is had, and more what the kernel can take back of it
        ({"memory.max": "512", "memory.current": "300", "memory.stat": "anon 100\ninactive_file 40"}, 252),
        ({"memory.max": "512", "memory.current": "600", "memory.stat": "anon 100\ninactive_file 40"}, 0),
        # version 1
        (
            {
                "memory/memory.limit_in_bytes": "512",
                "memory/memory.usage_in_bytes": "500",
                "memory/memory.stat": "inactive_file 9\ntotal_inactive_file 30",
            },
            42,
        ),
    ],
)
def test_a_container_has_what_its_limit_leaves(
    files: dict[str, str], free: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "_CGROUP", tmp_path)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="ascii")
    assert devices.free_bytes(CPU) == free


def test_a_container_without_a_limit_has_the_machine_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "_CGROUP", tmp_path)
    bare = devices.free_bytes(CPU)
    for name, text in {"memory.max": "max\n", "memory.current": "5", "memory.stat": ""}.items():
        (tmp_path / name).write_text(text, encoding="ascii")
    assert devices.free_bytes(CPU) == pytest.approx(bare, rel=0.2)


def test_what_was_allowed_counts_what_is_held_already(monkeypatch: pytest.MonkeyPatch) -> None:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    held = 1024 * int(status.split("VmRSS:")[1].split()[0])
    monkeypatch.setattr(devices, "ALLOWED", held + 100 * MB)
    assert devices.free_bytes(CPU) == pytest.approx(100 * MB, abs=20 * MB)
    monkeypatch.setattr(devices, "ALLOWED", held // 2)
    assert devices.free_bytes(CPU) == 0
    with pytest.raises(SizeError) as refused:
        draw("normal", (2, 3), seed=0)
    assert refused.value.code == "size.memory"
    assert (refused.value.facts["needed"], refused.value.facts["memory"]) == (24, 0)


def test_large_pieces_of_work_are_done_one_after_the_other() -> None:
    """A smaller one does not wait; that another thread's does is seen in test_sampling_progress."""
    with devices.alone(devices.LARGE):
        assert not devices._ALONE.locked()
    with devices.alone(devices.LARGE + 1):
        assert devices._ALONE.locked()
        with devices.alone(devices.LARGE):
            assert devices._ALONE.locked()
    assert not devices._ALONE.locked()


@pytest.mark.parametrize("count", [1, 2, 8])
def test_devices_of_a_kind_are_numbered_from_0(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As torch numbers them: the last of n is n − 1."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    for name in ("cuda", "cuda:0", f"cuda:{count - 1}"):
        assert devices.resolve(name) == torch.device(name)
    for name in (f"cuda:{count}", f"cuda:{count + 1}"):
        with pytest.raises(DeviceError, match=f"no {name}"):
            devices.resolve(name)
