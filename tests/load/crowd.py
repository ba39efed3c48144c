"""Many visitors in one process, as light as they can be: they share the machine with the server they measure.

A visitor is a browser's session without its screen. With every rerun it sends all that a browser sends,
and of what comes back it reads what the next rerun needs and what the checks look at.
"""

import asyncio
import re
import time
from typing import Any, NamedTuple

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidState
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

from tests.support.stream import KEPT, key_of, remembered
from tests.support.unmarked import unmarked

#: What the page shows its draw with: the line that names it, and the table of its numbers.
SHOWN = ('class="lab-context"', 'class="lab-table"')
#: A refusal or a failure that the page says.
ALERT = 'role="alert"'
#: Streamlit's own elements that say so.
FAILED = frozenset({"exception", "alert"})


class Trouble(Exception):
    """Raised by a run that did not end as it should."""


class Late(Trouble):
    """Raised by a run that did not end while its visitor had patience."""


class Run(NamedTuple):
    """One run of the page, from the message sent to the last that came."""

    seconds: float
    #: what the page said of its draw
    shown: str
    #: bytes received
    size: int


class Tab:
    """What a browser keeps of a session, without the connection."""

    def __init__(self, port: int, page: str, query: str, locale: str) -> None:
        self.url = f"http://localhost:{port}/{page}"
        self.page, self.query, self.locale = page, query, locale
        self.page_hash = ""
        self.widgets: dict[str, WidgetState] = {}
        self.shown: list[str] = []
        self.troubles: list[str] = []
        # hash → the run that last used the message, its widget's key, the words that the checks look at
        self._cache: dict[str, tuple[int, str, str]] = {}
        self._keys: set[str] = set()
        self._runs, self._max_age = 0, 2

    def rerun(self, **values: str) -> bytes:
        """Return the message that a browser sends once these widgets have been changed."""
        for key, value in values.items():
            self.widgets[key].string_value = value
        message = BackMsg()
        script = message.rerun_script
        script.query_string = self.query
        script.page_script_hash = self.page_hash
        script.page_name = "" if self.page_hash else self.page
        script.widget_states.widgets.extend(
            state for state in self.widgets.values() if state.WhichOneof("value")
        )
        script.cached_message_hashes.extend(self._cache)
        context = script.context_info
        context.timezone, context.locale, context.url = "UTC", self.locale, self.url
        context.color_scheme = "light"
        return message.SerializeToString()

    def take(self, raw: bytes) -> bool:
        """Take in a message; tell whether it ends what was asked for."""
        message = ForwardMsg.FromString(raw)
        kind = message.WhichOneof("type")
        if kind == "ref_hash":
            if (cached := self._cache.get(message.ref_hash)) is None:
                self.troubles.append("the server refers to a message that was never sent")
            else:
                _, key, words = cached
                self._cache[message.ref_hash] = self._runs, key, words
                self._use(key, words)
        elif kind == "delta":
            key, words = self._element(message.delta)
            self._use(key, words)
            if message.metadata.cacheable:
                self._cache[message.hash] = self._runs, key, words
        elif kind == "script_finished":
            return self._finish(message.script_finished)
        elif kind == "new_session":
            self.shown, self._keys = [], set()
            self._max_age = message.new_session.config.max_cached_message_age
        elif kind == "navigation":
            self.page_hash = message.navigation.page_script_hash
        elif kind == "page_info_changed":
            self.query = message.page_info_changed.query_string
        elif kind == "page_not_found":
            self.troubles.append("the page was not found")
        return False

    def _element(self, delta: Any) -> tuple[str, str]:
        """Read a widget's key, or the words that the checks look at."""
        if delta.WhichOneof("type") != "new_element":
            return "", ""
        element = delta.new_element
        kind = element.WhichOneof("type")
        if kind in KEPT:
            widget = getattr(element, kind)
            key = key_of(widget)
            self.widgets[key] = remembered(kind, widget, self.widgets.get(key))
            return key, ""
        if kind == "html":
            body = unmarked(element.html.body)
            return "", body if ALERT in body or any(mark in body for mark in SHOWN) else ""
        if kind in FAILED:
            self.troubles.append(f"the page shows: {str(getattr(element, kind))[:200]}")
        return "", ""

    def _use(self, key: str, words: str) -> None:
        if key:
            self._keys.add(key)
        if words:
            self.shown.append(words)
            if ALERT in words:
                self.troubles.append(f"the page says: {re.sub('<[^>]+>', ' ', words).strip()[:200]}")

    def _finish(self, status: int) -> bool:
        if status == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            return False  # cut short by a rerun, whose end is the one that counts
        if status == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
            self.troubles.append("the script does not compile")
        self._runs += 1
        expired = [name for name, (run, *_) in self._cache.items() if self._runs - run > self._max_age]
        for name in expired:
            del self._cache[name]
        for key in self.widgets.keys() - self._keys:
            del self.widgets[key]  # the page has it no more
        return True


class Visitor(asyncio.Protocol):
    """One browser tab, open at a page of the server at ``port``."""

    def __init__(self, port: int, page: str, query: str = "", locale: str = "en-US") -> None:
        self.tab = Tab(port, page, query, locale)
        self.size, self.runs = 0, 0
        #: what the page said of its draw when it was last shown to its end
        self.words = ""
        self._port = port
        # offered as by a browser; it is the server that decides
        deflate = ClientPerMessageDeflateFactory(client_max_window_bits=True)
        self._ws = ClientProtocol(
            parse_uri(f"ws://localhost:{port}/_stcore/stream"),
            origin=f"http://localhost:{port}",  # type: ignore[arg-type]
            subprotocols=["streamlit"],  # type: ignore[list-item]
            extensions=[deflate],
            max_size=None,
        )
        self._transport: asyncio.Transport | None = None
        self._parts: list[bytes] = []
        self._waiter: asyncio.Future[float] | None = None
        self._room = asyncio.Event()
        self._room.set()
        self.cut = False

    @classmethod
    async def arrive(
        cls, port: int, page: str, query: str = "", patience: float = 60.0, locale: str = "en-US"
    ) -> "tuple[Visitor, Run]":
        """Open the page, and wait until it has been shown."""
        loop, begin = asyncio.get_running_loop(), time.perf_counter()
        visitor = cls(port, page, query, locale)
        opened = visitor._wait()
        try:
            await asyncio.wait_for(loop.create_connection(lambda: visitor, "127.0.0.1", port), patience)
            visitor._ws.send_request(visitor._ws.connect())
            visitor._flush()
            await asyncio.wait_for(opened, patience)
            run = await visitor.run(max(0.1, patience - (time.perf_counter() - begin)))
            return visitor, run._replace(seconds=time.perf_counter() - begin)
        except (OSError, TimeoutError) as error:
            visitor.leave()
            raise Trouble(f"no connection: {error!r}") from error
        except Trouble:
            visitor.leave()
            raise

    def leave(self) -> None:
        """Close the tab."""
        if not self.cut and self._transport is not None:
            self.cut = True
            self._ws.send_close(1001)
            self._flush()
            if self._transport.get_write_buffer_size() > 2000:
                self._transport.abort()  # more waits to be sent than a close
            else:
                self._transport.close()

    async def run(self, patience: float = 60.0, **values: str) -> Run:
        """Change these widgets and wait until the page has been shown anew."""
        ended = self._wait()
        before, begin = self.size, time.perf_counter()
        self.send(**values)
        try:
            end = await asyncio.wait_for(ended, patience)
        except TimeoutError:
            raise Late(f"no answer in {patience:.0f} s") from None
        if self.tab.troubles:
            said, self.tab.troubles = self.tab.troubles, []
            raise Trouble("; ".join(said))
        return Run(end - begin, self.words, self.size - before)

    def send(self, **values: str) -> None:
        """Change these widgets, and do not wait."""
        if self.cut:
            raise Trouble("the connection was cut")
        try:
            self._ws.send_binary(self.tab.rerun(**values))
        except InvalidState as closing:  # the server has said that it closes, and the end is not here yet
            raise Trouble("the connection is being closed") from closing
        self._flush()

    async def room(self) -> None:
        """Wait until the socket takes more, or ``go_on`` is called."""
        await self._room.wait()

    def go_on(self) -> None:
        """Wait for the socket no longer."""
        self._room.set()

    def _wait(self) -> "asyncio.Future[float]":
        self._waiter = asyncio.get_running_loop().create_future()
        return self._waiter

    def _flush(self) -> None:
        if (data := b"".join(self._ws.data_to_send())) and self._transport is not None:
            self._transport.write(data)

    def _resolve(self, *, error: str = "") -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            if error:
                waiter.set_exception(Trouble(error))
            else:
                waiter.set_result(time.perf_counter())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self.size += len(data)
        self._ws.receive_data(data)
        for event in self._ws.events_received():
            if isinstance(event, Response):
                self._resolve(error=str(self._ws.handshake_exc or ""))
            elif isinstance(event, Frame):
                self._frame(event)
        self._flush()  # a ping's answer

    def _frame(self, frame: Frame) -> None:
        if frame.opcode not in (Opcode.BINARY, Opcode.CONT):
            return
        self._parts.append(bytes(frame.data))
        if frame.fin:
            raw, self._parts = b"".join(self._parts), []
            if self.tab.take(raw):
                self.runs += 1
                self.words = "".join(self.tab.shown)
                self._resolve()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.cut:
            self.cut = True
            self._ws.receive_eof()
            self._resolve(
                error=f"the connection was cut: {exc or self._ws.handshake_exc or self._ws.close_exc}"
            )
        self._room.set()

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()
