"""A visitor without a browser: speaks Streamlit's websocket protocol to a real server.

A widget's id is read from the server's own messages and found again by its key. Every rerun sends
all widgets' values, as the browser does.
"""

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple
from urllib.request import urlopen

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

ROOT = Path(__file__).parents[2]


class Reply(NamedTuple):
    """What one run of the script sent, and how long it took, in seconds."""

    seconds: float
    size: int
    elements: list[Any]
    #: the size of each message by its kind
    sizes: list[tuple[str, int]]

    def of(self, kind: str) -> list[Any]:
        """Return the elements of one kind, such as ``html`` or ``plotly_chart``."""
        return [getattr(e, kind) for e in self.elements if e.WhichOneof("type") == kind]


class Visitor:
    """One browser session with the page ``page`` of the server at ``port``."""

    def __init__(self, port: int, page: str = "", query: str = "", locale: str = "en-US") -> None:
        self.port, self.page, self.query, self.locale = port, page, query, locale
        self.page_hash = ""
        self.widgets: dict[str, WidgetState] = {}
        self._cache: dict[str, ForwardMsg] = {}
        origin: Any = f"http://localhost:{port}"
        url = f"ws://localhost:{port}/_stcore/stream"
        protocols: Any = ["streamlit"]
        connection = connect(url, subprotocols=protocols, origin=origin, max_size=None, compression=None)
        self._open = contextlib.ExitStack()
        self.socket = self._open.enter_context(connection)

    def close(self) -> None:
        """Leave, as by closing the tab."""
        self._open.close()

    def run(self, **values: str | bool) -> Reply:
        """Run the page, with these widgets changed; True presses a button."""
        for key, value in values.items():
            state = self.widgets[key]
            if isinstance(value, bool):
                state.trigger_value = value
            else:
                state.string_value = value
        message = BackMsg()
        script = message.rerun_script
        script.query_string = self.query
        script.page_script_hash = self.page_hash
        script.page_name = "" if self.page_hash else self.page
        script.widget_states.widgets.extend(self.widgets.values())
        script.cached_message_hashes.extend(self._cache)
        script.context_info.locale = self.locale
        script.context_info.url = f"http://localhost:{self.port}/{self.page}"
        script.context_info.color_scheme = "light"
        begin = time.perf_counter()
        self.socket.send(message.SerializeToString())
        reply = self._read(begin)
        for state in self.widgets.values():
            if state.WhichOneof("value") == "trigger_value":
                state.ClearField("trigger_value")
        return reply

    def _read(self, begin: float) -> Reply:
        elements: list[Any] = []
        sizes: list[tuple[str, int]] = []
        while True:
            raw = self.socket.recv(timeout=60)
            message = ForwardMsg()
            message.ParseFromString(bytes(raw))  # type: ignore[arg-type]
            kind = str(message.WhichOneof("type"))
            if kind == "ref_hash":
                message = self._cache[message.ref_hash]
            elif message.metadata.cacheable and message.hash:
                self._cache[message.hash] = message
            if kind == "navigation":
                self.page_hash = message.navigation.page_script_hash
            elif kind == "page_info_changed":
                self.query = message.page_info_changed.query_string
            elif message.WhichOneof("type") == "delta" and message.delta.WhichOneof("type") == "new_element":
                element = message.delta.new_element
                kind = str(element.WhichOneof("type"))
                elements.append(element)
                self._keep(kind, getattr(element, kind))
            sizes.append((kind, len(raw)))
            if kind == "script_finished":
                seconds = time.perf_counter() - begin
                return Reply(seconds, sum(size for _, size in sizes), elements, sizes)

    def _keep(self, kind: str, widget: Any) -> None:
        """Remember a widget's value as the browser would."""
        if kind in KEPT:
            key = key_of(widget)
            self.widgets[key] = remembered(kind, widget, self.widgets.get(key))


#: The kinds of widgets whose values are remembered.
KEPT = frozenset({"text_input", "selectbox", "button"})


def key_of(widget: Any) -> str:
    """Return the key that the page gave a widget."""
    return str(widget.id.split("-", 2)[2])


def remembered(kind: str, widget: Any, old: WidgetState | None) -> WidgetState:
    """Return a widget's value as the browser has it once the server has shown it, ``old`` before that."""
    state = WidgetState(id=widget.id)
    if kind == "text_input":
        state.string_value = widget.value if widget.set_value or old is None else old.string_value
        if old is None and not widget.set_value:
            state.string_value = widget.default
    elif kind == "selectbox":
        if widget.set_value:
            state.string_value = widget.raw_value
        else:
            state.string_value = widget.options[widget.default] if old is None else old.string_value
    return state


#: Seconds within which a server comes up on a machine that has much else to do; 3 to 7 are usual.
COMES_UP = 120


class Server(NamedTuple):
    """A running server."""

    port: int
    pid: int

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def processes(self) -> list[int]:
        """Return its process and those that came of it."""
        parents = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    parents[int(entry.name)] = int(_stat(int(entry.name))[1])
        found = [self.pid]
        for pid in found:  # it grows as it is read
            found += [child for child, parent in parents.items() if parent == pid]
        return found

    def cpu_seconds(self) -> float:
        """Return the processor time used so far, all threads together, and of children that have ended."""
        return sum(sum(map(int, _stat(pid)[11:15])) for pid in self.processes()) / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    """Return the fields of a process after its name."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()


@contextlib.contextmanager
def server(**settings: str) -> Iterator[Server]:
    """Serve the app on a free port as in production, with these environment variables; stop it at the end."""
    port = free_port()
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port), **settings}
    with serving([sys.executable, "-m", "pages.server"], port, environment) as served:
        yield served


@contextlib.contextmanager
def streamlit_run(script: str = "app.py", cwd: Path = ROOT, **options: str) -> Iterator[Server]:
    """Serve a script on a free port by ``streamlit run`` with these options, and stop it at the end."""
    port = free_port()
    words = [f"--{name}={value}" for name, value in options.items()]
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port), *words]
    with serving(command, port, {**os.environ, "OMP_NUM_THREADS": "1"}, cwd) as served:
        yield served


def free_port() -> int:
    """Return a port that nobody listens at.

    It is none of those that Linux gives to whoever asks for any, from 32 768 on: a server that comes back to
    its port a moment later would find a connection there.
    """
    while True:
        port = secrets.choice(range(20_000, 32_000))
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


@contextlib.contextmanager
def serving(
    command: Sequence[str], port: int, environment: Mapping[str, str], cwd: Path = ROOT
) -> Iterator[Server]:
    """Run a command that serves at ``port``, and stop it at the end."""
    with tempfile.TemporaryFile() as said:  # a pipe that nobody reads would fill, and hold the server up
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.DEVNULL, stderr=said)
        try:
            _wait_until_healthy(port, process, said)
            yield Server(port, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_healthy(port: int, process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
    end = time.monotonic() + COMES_UP
    while process.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError):
            urlopen(f"http://localhost:{port}/_stcore/health", timeout=2).close()
            return
        time.sleep(0.1)
    said.seek(0)
    message = said.read().decode() if process.poll() is not None else "slow"
    raise RuntimeError(f"The server did not come up: {message}")
