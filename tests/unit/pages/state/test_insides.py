"""What docs/insides.md lists is still there: each test names what a new version would have broken."""

import re
from functools import cache
from typing import Any

import pytest
import torch
import torchsummary
from plotly.offline import get_plotlyjs
from streamlit import config
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.testing.v1 import AppTest

from pages.state import insides
from tests.support.stream import ROOT

STYLES = [*(ROOT / "pages" / "shell").glob("*.css"), ROOT / "pages" / "live" / "lab.js"]
MARKS = sorted(
    {
        mark
        for file in STYLES
        for mark in re.findall(r'data-testid[~^$*|]?="?(st\w+)', file.read_text("utf-8"))
    }
)


@cache
def _front_end() -> str:
    files = sorted((insides.FRONT_END / "static" / "js").glob("*.js"))
    return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)


def test_there_are_marks_to_look_for() -> None:
    assert len(MARKS) > 20


@pytest.mark.parametrize("mark", MARKS)
def test_the_front_end_still_has_the_mark(mark: str) -> None:
    """As it stands in the bundle: whole, or made of stBaseButton and a kind."""
    whole = re.search(rf"""["'`]{mark}["'`]""", _front_end())
    stem, _, kind = mark.partition("-")
    assert whole or (f"{stem}-" in _front_end() and kind in _front_end())


def test_the_front_end_has_the_classes_of_keys() -> None:
    assert "st-key-" in _front_end()


def test_a_widget_s_id_ends_in_its_key() -> None:
    def page() -> None:
        import streamlit as st  # noqa: PLC0415 - the harness runs this by itself

        st.text_input("One", key="a-key")
        st.selectbox("Two", ["x"], key="other")

    app = AppTest.from_function(page).run()
    ids = [widget.id for widget in (*app.text_input, *app.selectbox)]
    assert [found.split("-", 2)[-1] for found in ids] == ["a-key", "other"]
    assert "string_value" in WidgetState.DESCRIPTOR.fields_by_name


def test_options_are_looked_up_by_section() -> None:
    assert config.get_options_for_section("theme")


def test_the_server_has_its_files_by_session() -> None:
    assert MemoryUploadedFileManager(insides.UPLOADS).file_storage == {}


@pytest.mark.parametrize("path", [insides.STREAM, insides.METRICS, insides.UPLOADS])
def test_the_paths_are_streamlit_s(path: str) -> None:
    """Written there as "_stcore/stream", or as {core}/metrics."""
    web = "".join(file.read_text("utf-8") for file in (insides.FRONT_END.parent / "web").rglob("*.py"))
    core, _, name = path.strip("/").partition("/")
    assert f'"{core}"' in web or f"{core}/" in web
    assert re.search(rf"/{name}\b", web)


def test_one_script_stands_in_the_page_itself() -> None:
    (script,) = insides.inline_scripts()
    assert script.strip()


@pytest.mark.parametrize("name", sorted(insides.NEEDLESS))
def test_a_needless_message_is_one_of_the_protocol(name: str) -> None:
    assert name in BackMsg.DESCRIPTOR.oneofs_by_name["type"].containing_type.fields_by_name
    assert not insides.is_needed(_message(name))


def test_what_a_page_sends_is_needed() -> None:
    message = BackMsg()
    message.rerun_script.query_string = "seed=1"
    assert insides.is_needed(message.SerializeToString())
    assert insides.is_needed(b"\xff\xff")


def _message(name: str) -> bytes:
    """Return a message of one kind, with whatever its field takes."""
    message, field = BackMsg(), BackMsg.DESCRIPTOR.fields_by_name[name]
    if field.message_type is not None:
        getattr(message, name).SetInParent()
    else:
        setattr(message, name, "x" if field.cpp_type == field.CPPTYPE_STRING else True)
    return message.SerializeToString()


def test_a_chart_has_its_context_and_its_camera() -> None:
    script = get_plotlyjs()
    assert "toImageButtonOptions" in script
    assert "._context" in script
    assert "modebar-btn" in script


def test_torchsummary_has_the_code_that_is_run() -> None:
    names = set(torchsummary.torchsummary.summary.__code__.co_names)
    assert {"torch", "print", "OrderedDict", "np"} <= names


def test_torch_s_fillings_call_what_progress_is_read_from() -> None:
    seen: list[object] = []

    class Watch(torch.overrides.TorchFunctionMode):
        def __torch_function__(
            self, function: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
        ) -> Any:
            seen.append(function)
            return function(*args, **(kwargs or {}))

    with Watch():
        torch.nn.init.trunc_normal_(torch.empty(50, 40), a=-0.5, b=0.5)
        torch.nn.init.sparse_(torch.empty(5, 3), sparsity=0.4)
    assert seen.count(torch.Tensor.any) >= 1
    assert seen.count(torch.randperm) == 3  # once a column


def test_the_page_of_insides_names_each_place() -> None:
    words = (ROOT / "docs" / "insides.md").read_text(encoding="utf-8")
    for place in re.findall(r"`((?:core|pages)/[\w/]+\.\w+)`", words):
        assert (ROOT / place).exists(), place
    for name in ("browser_says", "look_up_options_once", "uploads", "inline_scripts", "is_needed"):
        assert f"`{name}`" in words
        assert callable(getattr(insides, name))
