"""What the tests of pages share."""

from collections.abc import Callable

import pytest

from pages.shell import export as tools
from pages.shell.frame import Frame
from tests.support.screen import opened


@pytest.fixture
def framed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Frame]:
    """Return a function that opens a page and returns what it hands to its dialogs."""
    frames: list[Frame] = []
    monkeypatch.setattr(tools, "open_asked", frames.append)

    def frame(page: str, **link: str) -> Frame:
        assert not opened(page, **link).exception
        return frames[-1]

    return frame
