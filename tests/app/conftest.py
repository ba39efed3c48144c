"""What the tests of pages share."""

from collections.abc import Callable, Iterator

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1.element_tree import Selectbox

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


@pytest.fixture(scope="module")
def typed_choices() -> Iterator[None]:
    """The harness takes a select box for a closed list; a browser sends what was typed into it, too."""

    def sent(box: Selectbox[str]) -> WidgetState:
        return WidgetState(id=box.id, string_value=str(box.format_func(box.value)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Selectbox, "_widget_state", property(sent))
        yield
