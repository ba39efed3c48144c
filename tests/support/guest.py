"""A visitor without a browser who may vanish, and what is asked of a server beside its pages."""

import http.client
import re
import secrets
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from html import unescape
from typing import Any, NamedTuple

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

from pages.text import Text, catalogue
from pages.text.numbers import count
from tests.support.stream import Server, Visitor
from tests.support.unmarked import unmarked

EN = Text("en")
#: A layer that is drawn at once.
SMALL = "v=1&fan_in=48&fan_out=32&seed={}"
#: Seconds in which work that nobody waits for any more has to end.
SOON = 10
ANY = "\0"


def words(key: str, **facts: object) -> re.Pattern[str]:
    """Return a pattern of the catalogue's sentence with these facts, whatever its others are."""
    filled = catalogue("en")[key].format_map(
        defaultdict(lambda: ANY, {n: str(fact) for n, fact in facts.items()})
    )
    return re.compile(re.escape(filled).replace(re.escape(ANY), ".+?"))


class Guest(Visitor):
    """A visitor who hears a run while it goes on, and may vanish in the midst of it."""

    def __init__(self, port: int, page: str = "distribution", query: str = "") -> None:
        super().__init__(port, page, query)
        self.session = ""

    def asking(self) -> bytes:
        """Return the message that asks for the page as its link has it."""
        message = BackMsg()
        script = message.rerun_script
        script.query_string, script.page_name = self.query, self.page
        script.context_info.locale = self.locale
        script.context_info.url = f"http://localhost:{self.port}/{self.page}"
        return bytes(message.SerializeToString())

    def ask(self) -> "Guest":
        """Ask for the page, and wait for nothing."""
        self.socket.send(self.asking())
        return self

    def hear(self, sought: re.Pattern[str] | None = None) -> str:
        """Listen until the page says what is sought, or to the end of the run."""
        while True:
            message = ForwardMsg.FromString(bytes(self.socket.recv(timeout=30)))  # type: ignore[arg-type]
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.session = message.new_session.initialize.session_id
            elif kind == "script_finished":
                if sought is None:
                    return ""
                early = message.script_finished != ForwardMsg.FINISHED_SUCCESSFULLY
                assert early, f"the page has not said {sought.pattern!r}"
            elif sought and kind == "delta" and message.delta.new_element.WhichOneof("type") == "html":
                said = unescape(re.sub("<[^>]+>", "", message.delta.new_element.html.body))
                if sought.search(said):
                    return said

    def leave(self) -> None:
        """Say that one goes away, as a browser does when its tab is closed."""
        self.socket.socket.sendall(frame(Opcode.CLOSE, (1001).to_bytes(2, "big")))

    def vanish(self) -> None:
        """Be gone without a word, as by a cable that is pulled."""
        with suppress(OSError):  # gone already
            self.socket.socket.shutdown(socket.SHUT_RDWR)

    def ended(self) -> int:
        """Return the code with which the server closes it; 1006 if it was cut (RFC 6455, 7.1.5)."""
        try:
            while True:
                self.socket.recv(timeout=10)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006


@contextmanager
def guest(served: Server, query: str = "", page: str = "distribution") -> Iterator[Guest]:
    """A guest who is gone at the end, however much was still to be heard."""
    visitor = Guest(served.port, page, query)
    try:
        yield visitor
    finally:
        visitor.vanish()
        visitor.close()


def shown(visitor: Visitor, **values: str | bool) -> str:
    """Run a visitor's page and return all its words."""
    return unmarked(" ".join(element.body for element in visitor.run(**values).of("html")))


def is_served(served: Server, seed: int = 40) -> None:
    """A new visitor gets a draw of their own."""
    with closing(Visitor(served.port, "distribution", SMALL.format(seed))) as visitor:
        said = shown(visitor)
    assert EN("context.draw", seed=seed, device="cpu", dtype="float32") in said
    assert EN("context.weights", n=count(48 * 32)) in said
    assert 'role="alert"' not in said


def until(happened: Callable[[], bool], seconds: float = SOON) -> bool:
    """Wait until it has happened, at most so long; tell whether it has."""
    end = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def idle(served: Server) -> bool:
    """Tell whether the server does nothing for a third of a second."""
    before = served.cpu_seconds()
    time.sleep(0.3)
    return served.cpu_seconds() - before <= 0.03


class Answer(NamedTuple):
    """An HTTP response."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


def fetched(served: Server, path: str, method: str = "GET", *, body: bytes = b"", **headers: Any) -> Answer:
    """Ask the server for a path; ``x_y`` is the header X-Y."""
    connection = http.client.HTTPConnection("localhost", served.port, timeout=20)
    with closing(connection):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with suppress(BrokenPipeError):  # an answer may come before all has been sent
            connection.request(method, path, body or None, named)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())


def rests(served: Server, seconds: float = SOON) -> bool:
    """Tell whether the server soon comes to rest; left alone, a big draw would go on for a minute."""
    return until(lambda: idle(served), seconds)


def health(served: Server) -> int:
    return fetched(served, "/_stcore/health").status


def page(served: Server, **headers: Any) -> Answer:
    """Ask for a page as a browser does."""
    return fetched(served, "/distribution", accept="text/html,application/xhtml+xml,*/*;q=0.8", **headers)


def upload(served: Server, session: str, content: bytes, *, token: bool = True, cookie: str = "") -> int:
    """Upload a file as the browser does, with another cookie if it has one; return the status."""
    granted = fetched(served, "/_stcore/health").headers["set-cookie"].partition(";")[0]
    boundary = "-----------faults"
    lines = (f"--{boundary}", 'Content-Disposition: form-data; name="f"; filename="f.csv"', "", "")
    body = "\r\n".join(lines).encode() + content + f"\r\n--{boundary}--\r\n".encode()
    headers: dict[str, Any] = {
        "cookie": f"{granted}; {cookie}",
        "content_type": f"multipart/form-data; boundary={boundary}",
    }
    if token:
        headers["x_xsrftoken"] = granted.partition("=")[2]
    path = f"/_stcore/upload_file/{session}/{secrets.token_hex(8)}"
    return fetched(served, path, "PUT", body=body, **headers).status


def frame(opcode: Opcode, data: bytes, *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True)
