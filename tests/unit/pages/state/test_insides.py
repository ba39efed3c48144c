"""What docs/insides.md lists is still there: each test names what a new version would have broken."""

import re
from functools import cache
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
import torch
import torchsummary
from plotly.offline import get_plotlyjs
from streamlit import config
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.caching.ttl_cache import TTLCache
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.session_manager import SessionInfo
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.testing.v1 import AppTest
from streamlit.web.server.server import MEDIA_ENDPOINT

from pages.state import insides
from tests.support.stream import ROOT

STYLES = [*(ROOT / "pages" / "shell").glob("*.css"), *(ROOT / "pages" / "live").glob("*.js")]
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


@pytest.mark.parametrize("mark", ["data-test-script-state", "data-test-connection-state"])
def test_the_front_end_still_says_its_state(mark: str) -> None:
    assert f'"{mark}"' in _front_end() or f"`{mark}`" in _front_end()


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


@pytest.mark.parametrize("path", [insides.STREAM, insides.HEALTH, insides.METRICS, insides.UPLOADS])
def test_the_paths_are_streamlit_s(path: str) -> None:
    """Written there as "_stcore/stream", or as {core}/metrics."""
    web = "".join(file.read_text("utf-8") for file in (insides.FRONT_END.parent / "web").rglob("*.py"))
    core, _, name = path.strip("/").partition("/")
    assert f'"{core}"' in web or f"{core}/" in web
    assert re.search(rf"/{name}\b", web)


def test_what_a_page_offers_for_download_is_below_a_path_of_its_own() -> None:
    assert insides.MEDIA.rstrip("/") == MEDIA_ENDPOINT


def test_who_sends_values_of_what_is_no_widget_is_refused() -> None:
    """Streamlit looks for them by their names, and the page fails."""
    heard = ("$$ID-0-data", f"{STREAMLIT_INTERNAL_KEY_PREFIX}_$$ID-0-keys__events")
    refused = ("data", "0", "", "ID", "$$", "x$$ID-0-data")
    for name, fate in (*((name, "heard") for name in heard), *((name, "refused") for name in refused)):
        run = {"widget_states": {"widgets": [{"id": name, "string_value": "1"}]}}
        message = BackMsg(rerun_script=run).SerializeToString()  # type: ignore[arg-type]
        assert insides.fate_of(message) == fate


def test_one_script_stands_in_the_page_itself() -> None:
    (script,) = insides.inline_scripts()
    assert script.strip()


#: What becomes of each message of the protocol, as read in streamlit/proto/BackMsg.proto.
FATES = {
    "rerun_script": "heard",
    "stop_script": "heard",
    "file_urls_request": "heard",
    "app_heartbeat": "heard",
    "backend_operation_request": "passed over",  # but for a file that is made when somebody takes it
    "clear_cache": "passed over",
    "set_run_on_save": "passed over",
    "load_git_info": "passed over",
    "debug_disconnect_websocket": "passed over",
    "debug_shutdown_runtime": "passed over",
}


def test_every_message_of_the_protocol_is_known() -> None:
    assert {field.name for field in BackMsg.DESCRIPTOR.oneofs_by_name["type"].fields} == FATES.keys()


@pytest.mark.parametrize("name", FATES)
def test_a_page_s_messages_are_heard_and_a_developer_s_are_not(name: str) -> None:
    assert insides.fate_of(_message(name)) == FATES[name]


def test_the_fields_of_a_run_are_known_and_what_cannot_be_read_is_streamlit_s_to_refuse() -> None:
    """A field that is new would be one that nothing bounds."""
    texts = {"query_string", "page_script_hash", "page_name", "fragment_id", "context_info"}
    flags = {"is_auto_rerun", "is_history_navigation"}
    bounded = texts | flags | {"widget_states", "cached_message_hashes"}
    assert {field.name for field in ClientState.DESCRIPTOR.fields} == bounded
    assert insides.SAID.keys() == texts
    assert insides.fate_of(b"\xff\xff") == "heard"


class _Session:
    def __init__(self, name: str) -> None:
        self.id, self.is_over = name, False

    def shutdown(self) -> None:
        self.is_over = True


def test_who_has_been_gone_for_long_is_let_go_with_the_files_of_who_had_no_more_place() -> None:
    now = {"at": 0.0}
    storage = MemorySessionStorage(ttl_seconds=10)
    storage._cache = TTLCache(maxsize=8, ttl=10, timer=lambda: now["at"])
    early, late = _Session("early"), _Session("late")
    storage.save(SessionInfo(None, early))
    now["at"] = 6.0
    storage.save(SessionInfo(None, late))
    now["at"] = 11.0
    files = MemoryUploadedFileManager(insides.UPLOADS)
    for session in ("here", "late", "no more place"):
        files.add_file(session, UploadedFileRec("1", "x.csv", "text/csv", b"1,2"))
    media = SimpleNamespace(
        _files_by_session_and_coord={"here": {}, "another": {}},
        clear_session_refs=lambda name: media._files_by_session_and_coord.pop(name, None),
        remove_orphaned_files=lambda: None,
    )
    listed = [SimpleNamespace(session=_Session("here")), *storage.list()]
    sessions = SimpleNamespace(_session_storage=storage, list_sessions=lambda: listed)
    found = SimpleNamespace(_session_mgr=sessions, uploaded_file_mgr=files, media_file_mgr=media)
    with mock.patch.multiple(insides.runtime, exists=lambda: True, get_instance=lambda: found):
        assert insides.uploads() == {"here": [3], "late": [3], "no more place": [3]}
        insides.sweep()
    assert (early.is_over, late.is_over) == (True, False)
    assert files.file_storage.keys() == {"here", "late"}
    assert media._files_by_session_and_coord.keys() == {"here"}


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


def test_a_chart_has_what_a_hand_takes_hold_of() -> None:
    script = get_plotlyjs()
    for name in (
        "_fullLayout",
        "_fullData",
        "plotly_afterplot",
        "main-svg",
        "scatterlayer",
        "js-fill",
        "js-line",
    ):
        assert name in script, name
    for name in ("shapelayer", "annotation", "plot-container"):
        assert name in script, name


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
    for name in (
        "browser_says",
        "look_up_options_once",
        "uploads",
        "sweep",
        "forget_the_gone",
        "inline_scripts",
        "fate_of",
    ):
        assert f"`{name}`" in words
        assert callable(getattr(insides, name))
