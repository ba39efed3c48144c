"""Clients that want to bring the server down, each alone and on a real server: what they take is bounded."""

import json
import os
import re
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.support.guest import fetched, guest, is_served, page, until, upload, words
from tests.support.stream import Server, free_port, serving

SERVE = (sys.executable, "-m", "pages.server")
SEATS = 8
#: One process, of which what it holds can be told to the megabyte; test_processes.py has several.
SETTINGS = {
    "INIT_LAB_PROCESSES": "1",
    "INIT_LAB_VISITORS": str(SEATS),
    "INIT_LAB_LOG": "json",
    "INIT_LAB_ROOM": "8",
}
#: Seconds of patience with who says nothing, or does not end a request's head.
SILENCE = 10
MB = 1 << 20


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs") / "besieged.log"


@pytest.fixture(scope="module")
def served(log: Path) -> Iterator[Server]:
    port = free_port()
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port), **SETTINGS}
    with serving(("sh", "-c", f'exec "$@" 2>>"{log}"', "sh", *SERVE), port, environment) as running:
        yield running


def opened(served: Server) -> ClientConnection:
    url: Any = f"ws://localhost:{served.port}/_stcore/stream"
    origin: Any = f"http://localhost:{served.port}"
    protocols: Any = ["streamlit"]
    return connect(url, subprotocols=protocols, origin=origin, compression=None, legacy=True)


def code(client: ClientConnection, seconds: float) -> int:
    """Return the code with which the server closes a websocket within so many seconds; 0 if it does not."""
    try:
        while True:
            client.recv(timeout=seconds)
    except TimeoutError:
        return 0
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006


def is_cut(client: socket.socket) -> bool:
    """Tell whether the server has ended a connection without an answer."""
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def resident(served: Server, field: str = "VmRSS") -> float:
    """Return the megabytes that the server holds."""
    lines = Path(f"/proc/{served.pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def told(**given: Any) -> bytes:
    return BackMsg(rerun_script=given).SerializeToString()  # type: ignore[arg-type]


def test_who_says_nothing_holds_no_seat_and_who_is_slow_is_cut(served: Server) -> None:
    """Silent websockets, heads without an end, and messages without one: others come in all the while."""
    with ExitStack() as doors:
        silent = [doors.enter_context(closing(opened(served))) for _ in range(3 * SEATS)]
        slow = []
        for start in (b"", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "):
            for _ in range(40):
                client = doors.enter_context(socket.create_connection(("localhost", served.port)))
                client.sendall(start)
                client.settimeout(0)
                slow.append(client)
        again = doors.enter_context(socket.create_connection(("localhost", served.port)))
        again.sendall(b"GET /_stcore/health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /")  # a second head
        assert page(served).status == 200
        is_served(served)
        began = time.monotonic()
        while time.monotonic() - began < SILENCE + 2:
            for client in slow[:: len(slow) // 8]:
                with suppress(OSError):
                    client.send(b"x")
            time.sleep(0.5)
        # of three times as many as there are seats, those who came first have gone at once
        assert [code(client, 5) for client in silent] == [1013] * 3 * SEATS
        assert until(lambda: all(map(is_cut, slow)))
        assert again.recv(1 << 16).endswith(b"ok")
        assert again.recv(1) == b""
    is_served(served)


def test_half_a_message_takes_up_room_and_is_not_waited_for(served: Server) -> None:
    with ExitStack() as doors:
        halves = []
        for _ in range(4):
            client = opened(served)
            doors.callback(client.socket.close)  # the end of the message is not sent any more
            # a frame of 4 MB (RFC 6455, 5.2), of which 3 come: two of them fit into 8
            head = bytes([0x82, 0xFF]) + (4 * MB).to_bytes(8, "big") + bytes(4)
            with suppress(OSError):
                client.socket.sendall(head + bytes(3 * MB))
            halves.append(client)
        assert until(lambda: sum(code(client, 0.05) != 0 for client in halves) == 2)
        is_served(served)


@pytest.mark.parametrize(
    "message",
    [
        told(query_string="x=" + "1" * 4_900_000),
        told(query_string="x=" + "1" * 16_400),
        told(page_name="x" * 4_900_000),
        told(widget_states={"widgets": [{"id": "x", "string_value": "x" * 200_000}]}),
        told(widget_states={"widgets": [{"id": "$$ID-0-data", "json_value": "x" * 4_900_000}]}),
        told(widget_states={"widgets": [{"id": str(at)} for at in range(100_000)]}),
        told(cached_message_hashes=["x"] * 100_000),
        told(context_info={"url": "x" * 4_900_000}),
    ],
    ids=["link", "longer link", "page", "field", "json", "fields", "hashes", "address"],
)
def test_what_no_browser_sends_is_refused_before_it_is_a_session(served: Server, message: bytes) -> None:
    before = resident(served)
    for _ in range(30):
        with closing(opened(served)) as client:
            client.send(message)
            assert code(client, 5) in {1009, 1006}  # too large
    assert resident(served) - before < 150
    is_served(served)


def test_large_tables_are_held_to_the_room_that_there_is(served: Server) -> None:
    """Of 4.2 MB one fits into 8, whoever has come before and gone; who brings another is sent away."""
    table = told(
        page_name="model",
        widget_states={"widgets": [{"id": "$$ID-0-data", "string_value": "1,2,3\n" * 700_000}]},
    )
    for _ in range(10):
        with closing(opened(served)) as client:
            client.send(table)
            assert code(client, 0.05) == 0
    with ExitStack() as doors:
        staying = [doors.enter_context(closing(opened(served))) for _ in range(5)]
        for client in staying:
            with suppress(ConnectionClosed):
                client.send(table)
        first, *others = sorted(code(client, 1) for client in staying)
        assert first == 0
        assert 1013 in others
        assert {*others} <= {1006, 1013}  # a close may get lost by who still sends
        is_served(served)
    assert resident(served, "VmHWM") < 900


def test_of_twelve_files_sent_at_once_four_are_accepted(served: Server) -> None:
    with guest(served, page="model") as sender:
        sender.ask().hear(words("model.shapes"))
        with ThreadPoolExecutor(12) as pool:
            sent = [pool.submit(upload, served, sender.session, b"1,2,3\n" * 400_000) for _ in range(12)]
        found = Counter(answer.result() for answer in sent)
    assert found == {204: 4, 429: 8}
    is_served(served)


def test_files_of_a_visitor_who_has_left_for_good_are_not_kept(served: Server) -> None:
    with guest(served, page="model") as stranger:
        stranger.ask().hear(words("model.shapes"))
        stranger.leave()
        session = stranger.session
    assert until(lambda: upload(served, session, b"1,2,3\n") == 400)


def test_who_asks_for_page_after_page_and_takes_none_of_them_is_not_served_all(served: Server) -> None:
    """A page weighs some 15 kB, of which the server sends 0.1 MB ahead."""
    asked = 30

    def drawn() -> int:
        pattern = rb'cache_lookups_total\{cache="pages\.jobs\.distribution\.job".*result="miss"\} (\d+)'
        return sum(map(int, re.findall(pattern, fetched(served, "/_stcore/metrics").body)))

    before = drawn()
    client = opened(served)
    with closing(client.socket):
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for seed in range(asked):
            client.send(told(page_name="distribution", query_string=f"v=1&seed={seed + 900}"))
            time.sleep(0.1)  # the pace that one visitor has
        assert 1 <= drawn() - before <= 2 * asked // 3


def test_a_link_that_is_too_long_is_answered_with_a_sentence(served: Server) -> None:
    answer = fetched(served, "/signal?v=1&x=" + "1" * 17_000, accept="text/html")
    assert answer.status == 414
    assert "This link is longer than any that Init Lab makes" in answer.body.decode()


def test_the_log_stays_short_and_every_line_of_it_is_json(served: Server, log: Path) -> None:
    """What one client can have written, over and over: five lines of a kind a minute."""
    before = len(log.read_bytes())
    for _ in range(200):
        with closing(opened(served)) as client:
            client.send(b"\xff\xff\xff")  # nothing that can be read
            code(client, 5)
        with suppress(OSError), socket.create_connection(("localhost", served.port)) as client:
            client.sendall(b"\0\1\2 no HTTP\r\n\r\n")
            client.recv(1 << 12)
    assert len(log.read_bytes()) - before < 40_000
    for line in log.read_text(encoding="utf-8").splitlines():
        assert {"time", "level", "logger", "message"} <= json.loads(line).keys()
