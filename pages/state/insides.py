"""What Init Lab uses of Streamlit that Streamlit does not promise: all of it, seen in 1.67.0.

docs/insides.md says why; ``tests/unit/pages/state/test_insides.py`` says which of them a new version broke.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, cast

import streamlit
from google.protobuf.message import DecodeError
from streamlit import config, runtime
from streamlit.elements.lib.mutable_expander_container import ExpanderContainer
from streamlit.elements.lib.mutable_tab_container import TabContainer
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState, ContextInfo
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.caching.cache_utils import CachedFunc
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.websocket_session_manager import WebsocketSessionManager

#: What st.expander, st.tabs and st.cache_resource return, for the type checker alone.
Drawer = ExpanderContainer
View = TabContainer
Cached = CachedFunc

#: How the id begins of whatever has a value: a widget, and what a component reports.
WIDGET = ("$$ID", "$$STREAMLIT_INTERNAL_KEY")
#: The front end's files on the disk, and where the server has them.
FRONT_END, FILES = Path(streamlit.__file__).with_name("static"), "/static/"
#: Where the websocket is, where the metrics are, and where a visitor's files go: session and file follow.
STREAM, HEALTH = "/_stcore/stream", "/_stcore/health"
METRICS, UPLOADS, MEDIA = "/_stcore/metrics", "/_stcore/upload_file/", "/media/"
#: Bytes of the longest link that the app writes, and of what else a message says, by its field.
LINK = 1 << 14
SAID = MappingProxyType(
    {
        "query_string": LINK,
        "page_script_hash": 256,
        "page_name": 256,
        "fragment_id": 256,
        "context_info": 2 * LINK,
    }
)
#: Fields of a message, bytes of all but a table's, of its hashes, and of a message of another kind.
FIELDS, TYPED, HASHES, REQUEST = 500, 1 << 17, 1 << 16, 1 << 12
#: Fields that hold a table as text, by their key: a message's own limit bounds them.
TABLES = frozenset({"data"})

#: What becomes of a message: Streamlit hears it; it is passed over; who sent it is shown the door.
Fate = Literal["heard", "passed over", "refused"]


def browser_says() -> dict[str, str]:
    """Return what stands in the fields by their keys, as the browser has sent it with this run.

    A widget's id ends in its key. Streamlit drops what is told of widgets that its session does not know.
    """
    context = get_script_run_ctx()
    told = context.session_state.get_widget_states() if context else []
    return {
        widget.id.split("-", 2)[-1]: widget.string_value
        for widget in told
        if widget.WhichOneof("value") == "string_value"
    }


def look_up_options_once() -> None:
    """Have Streamlit look through its options once: it does six times a run for the theme's, which stay."""
    config.get_options_for_section = cache(config.get_options_for_section)


def uploads() -> Mapping[str, Sequence[int]]:
    """Return the bytes of each file that is kept in memory, by session."""
    kept = cast("MemoryUploadedFileManager", runtime.get_instance().uploaded_file_mgr).file_storage
    return {session: [len(file.data) for file in files.values()] for session, files in list(kept.items())}


def session_of(path: str) -> str:
    """Return the session whose file an upload's path names."""
    return path.partition(UPLOADS)[2].partition("/")[0]


def is_here(session: str) -> bool:
    """Tell whether a session has a browser."""
    return runtime.get_instance().is_active_session(session)


def forget_the_gone() -> None:
    """Close the sessions that are kept for who may come back."""
    sessions = _sessions()
    for kept in sessions._session_storage.list():
        sessions.close_session(kept.session.id)


def sweep() -> None:
    """Let go of what was kept for sessions whose time is over: Streamlit does when the next one is kept.

    It forgets a session for which there is no more place, but not its files.
    """
    if not runtime.exists():
        return
    sessions, now = _sessions(), runtime.get_instance()
    for _, kept in cast("MemorySessionStorage", sessions._session_storage)._cache.expire():  # type: ignore[attr-defined]
        kept.session.shutdown()
    known = {one.session.id for one in sessions.list_sessions()}
    media = now.media_file_mgr
    if orphans := {*uploads(), *media._files_by_session_and_coord} - known:
        for session in orphans:
            now.uploaded_file_mgr.remove_session_files(session)
            media.clear_session_refs(session)
        media.remove_orphaned_files()


def _sessions() -> WebsocketSessionManager:
    return cast("WebsocketSessionManager", runtime.get_instance()._session_mgr)


def inline_scripts() -> list[str]:
    """Return the scripts that stand in the front end's page itself, which a strict policy must name."""
    page = (FRONT_END / "index.html").read_text(encoding="utf-8")
    return re.findall(r"<script>(.*?)</script>", page, re.DOTALL)


def fate_of(message: bytes) -> Fate:
    """Tell what becomes of a browser's message; one that cannot be read is heard, which ends it."""
    try:
        told = BackMsg.FromString(message)
    except DecodeError:
        return "heard"
    kind = told.WhichOneof("type")
    if kind == "rerun_script":
        return "heard" if _is_bounded(told.rerun_script) else "refused"
    if len(message) > REQUEST:
        return "refused"
    if kind == "backend_operation_request":  # of which one writes files beside the app
        wanted = told.backend_operation_request.WhichOneof("payload")
        return "heard" if wanted == "deferred_file" else "passed over"
    return "heard" if kind in {"stop_script", "file_urls_request", "app_heartbeat"} else "passed over"


def _is_bounded(run: ClientState) -> bool:
    """Tell whether a browser could have sent this: no field is larger than what the app has in it."""
    fields = run.widget_states.widgets
    sizes = {name: _size(getattr(run, name)) for name in SAID}
    return (
        all(sizes[name] <= most for name, most in SAID.items())
        and sum(8 + len(hashed) for hashed in run.cached_message_hashes) <= HASHES
        and len(fields) <= FIELDS
        and all(field.id.startswith(WIDGET) for field in fields)
        and sum(field.ByteSize() for field in fields if not _is_table(field)) <= TYPED
    )


def _is_table(field: WidgetState) -> bool:
    return field.WhichOneof("value") == "string_value" and field.id.rpartition("-")[2] in TABLES


def _size(said: str | ContextInfo) -> int:
    return len(said.encode()) if isinstance(said, str) else said.ByteSize()
