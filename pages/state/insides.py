"""What Init Lab uses of Streamlit that Streamlit does not promise: all of it, seen in 1.67.0.

docs/insides.md says why; ``tests/unit/pages/state/test_insides.py`` says which of them a new version broke.
"""

import re
from collections.abc import Mapping, Sized
from functools import cache
from pathlib import Path
from typing import cast

import streamlit
from google.protobuf.message import DecodeError
from streamlit import config, runtime
from streamlit.elements.lib.mutable_expander_container import ExpanderContainer
from streamlit.elements.lib.mutable_tab_container import TabContainer
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.caching.cache_utils import CachedFunc
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

#: What st.expander, st.tabs and st.cache_resource return, for the type checker alone.
Drawer = ExpanderContainer
View = TabContainer
Cached = CachedFunc

#: The front end's files on the disk, and where the server has them.
FRONT_END, FILES = Path(streamlit.__file__).with_name("static"), "/static/"
#: Where the websocket is, where the metrics are, and where a visitor's files go: session and file follow.
STREAM, METRICS, UPLOADS = "/_stcore/stream", "/_stcore/metrics", "/_stcore/upload_file/"
#: What Streamlit's own menu and its developers send, and no page of ours has a reason to.
NEEDLESS = frozenset(
    {
        *("clear_cache", "set_run_on_save", "load_git_info"),
        *("debug_disconnect_websocket", "debug_shutdown_runtime"),
    }
)


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


def uploads() -> Mapping[str, Sized]:
    """Return the files that are kept in memory, by session."""
    return cast("MemoryUploadedFileManager", runtime.get_instance().uploaded_file_mgr).file_storage


def inline_scripts() -> list[str]:
    """Return the scripts that stand in the front end's page itself, which a strict policy must name."""
    page = (FRONT_END / "index.html").read_text(encoding="utf-8")
    return re.findall(r"<script>(.*?)</script>", page, re.DOTALL)


def is_needed(message: bytes) -> bool:
    """Tell whether a browser's message goes on to Streamlit; one that cannot be read does, which ends it."""
    try:
        return BackMsg.FromString(message).WhichOneof("type") not in NEEDLESS
    except DecodeError:
        return True
