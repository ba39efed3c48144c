"""Which files of the operator's folder every visitor may have: what docs/deploying.md says, and no more."""

import re
from pathlib import Path

import pytest

from pages.jobs import operator_folder
from pages.state import operator_limits
from tests.support.stream import ROOT

#: What the runbook says of it.
RUNBOOK = re.sub(r"\s+", " ", (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("name", "is_listed"),
    [
        ("a.safetensors", True),
        ("权重.npy", True),
        ("1/2/3/4/a.pt", True),
        ("1/2/3/4/5/a.pt", False),
        (".a.pt", False),
        (".cache/a.pt", False),
        ("runs/.a.pt", False),
        ("a\nb.pt", False),
        ("a\u202eb.pt", False),  # which would be read from the right
        ("a\x07/b.pt", False),
        ("a.txt", False),
        ("pt", False),
    ],
)
def test_files_of_weights_are_listed_by_names_that_can_be_read(
    name: str, *, is_listed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(operator_limits.CHECKPOINTS, str(tmp_path))
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).touch()
    assert "within four folders in each other at most" in RUNBOOK
    assert "a name that begins with a point or cannot be printed" in RUNBOOK
    assert operator_folder.listed() == [name] * is_listed
    if not is_listed:
        with pytest.raises(FileNotFoundError):
            operator_folder.opened(name)


def test_of_many_files_so_many_are_listed_as_the_runbook_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(operator_limits.CHECKPOINTS, str(tmp_path))
    (most,) = re.findall(r"are listed on the page, up to (\d+) of them", RUNBOOK)
    for at in range(int(most) + 1):
        (tmp_path / f"{at:04}.npy").touch()
    assert operator_folder.listed() == [f"{at:04}.npy" for at in range(int(most))]
