"""What stands before the app, asked without a network."""

import asyncio
import base64
import gzip
import hashlib
import re
import time
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send
from streamlit.proto.ClientState_pb2 import ClientState

from pages.server import middleware as doors
from pages.server.middleware import Compressed, Guard, House, Shelf
from pages.state.insides import FRONT_END
from pages.text import LANGUAGES, Text
from tests.support.doors import GONE, RERUN, ask, inner, told


def test_scripts_come_from_this_server_alone_and_none_is_evaluated() -> None:
    policy = ask(Guard(inner, metrics=True), "/").headers["content-security-policy"]
    sources = dict(part.split(" ", 1) for part in policy.split("; "))
    assert sources["default-src"] == "'none'"
    allowed = sources["script-src"].split()
    assert allowed[:2] == ["'self'", "blob:"]
    # the one line in Streamlit's page, whose hash is that of its text (CSP level 3, section 8.3)
    (line,) = re.findall(r"<script>([^<]*)</script>", (FRONT_END / "index.html").read_text(encoding="utf-8"))
    assert line.strip() == "window.prerenderReady = false"
    assert allowed[2:] == [f"'sha256-{base64.b64encode(hashlib.sha256(line.encode()).digest()).decode()}'"]
    assert "http" not in policy
    assert "unsafe-eval" not in policy
    assert all("unsafe-inline" not in sources[name] for name in sources if name != "style-src")


def test_every_answer_has_the_headers_even_a_refusal() -> None:
    for app, path in (
        (Guard(inner, metrics=True), "/any"),
        (Guard(inner, metrics=False), "/_stcore/metrics"),
    ):
        headers = ask(app, path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert "content-security-policy" in headers


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/metrics/", "/lab/_stcore/metrics"])
def test_metrics_are_for_who_asks_the_server_itself(path: str) -> None:
    assert ask(Guard(inner, metrics=True), path).body == b"inner"
    assert ask(Guard(inner, metrics=True), path, x_forwarded_for="192.0.2.1").status == 404
    assert ask(Guard(inner, metrics=True), path, forwarded="for=192.0.2.1").status == 404
    assert ask(Guard(inner, metrics=False), path).status == 404


def test_streamlit_s_files_come_compressed_once_and_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    file = max((FRONT_END / "static" / "js").iterdir(), key=lambda path: path.stat().st_size)
    path, app = f"/static/js/{file.name}", Compressed(inner)
    answer = ask(app, path, accept_encoding="gzip, deflate, br")
    assert gzip.decompress(answer.body) == file.read_bytes()
    assert len(answer.body) < 0.5 * file.stat().st_size
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["vary"] == "accept-encoding"
    assert answer.headers["content-type"].startswith("text/javascript")
    monkeypatch.setattr(doors.gzip, "compress", lambda *_, **__: 1 / 0)
    assert ask(app, path, accept_encoding="gzip").body == answer.body
    assert ask(app, path, method="HEAD", accept_encoding="gzip").status == 200


@pytest.mark.parametrize(
    ("path", "encoding"),
    [
        ("/static/js/nothing.js", "gzip"),
        ("/static/../index.html", "gzip"),
        ("/static/js/../../../../__init__.py", "gzip"),
        ("/distribution", "gzip"),
        ("/static/css/index.css", "identity"),
    ],
)
def test_all_else_is_the_app_s(path: str, encoding: str) -> None:
    assert ask(Compressed(inner), path, accept_encoding=encoding).body == b"inner"


def test_a_client_that_takes_no_gzip_gets_none() -> None:
    file = next((FRONT_END / "static" / "css").iterdir())
    assert ask(Compressed(inner), f"/static/css/{file.name}").body == b"inner"


def test_a_full_house_says_so_in_every_language_and_looks_again() -> None:
    house = House(inner, visitors=1, messages=5)
    assert ask(house, "/", accept="text/html").body == b"inner"
    house.visitors = 1
    answer = ask(house, "/distribution", accept="text/html,*/*")
    assert answer.status == 503
    assert answer.headers["retry-after"] == "20"
    for language in LANGUAGES:
        assert Text(language)("house.full", seconds=20) in answer.body.decode()
    assert '<meta http-equiv="refresh" content="20">' in answer.body.decode()
    for part in ("/_stcore/health", "/static/js/a.js"):
        assert ask(house, part, accept="*/*").body == b"inner"
    assert ask(house, "/asleep", accept="text/html").body == b"inner"  # it takes no seat


def _socket(house: House, incoming: Receive) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Any = {"type": "websocket", "path": "/_stcore/stream", "headers": []}
    asyncio.run(house(scope, incoming, send))
    return sent


async def _connecting() -> Message:
    return {"type": "websocket.connect"}


def test_no_more_visitors_than_have_room() -> None:
    counted = []

    async def app(_: Scope, receive: Receive, __: Send) -> None:
        await receive()
        counted.append(house.visitors)

    house = House(app, visitors=1, messages=5)
    assert _socket(house, _connecting) == []
    assert _socket(house, _connecting) == []  # the one before has gone
    house.visitors = 1
    assert _socket(house, _connecting) == [{"type": "websocket.close", "code": 1013}]
    assert (counted, house.visitors) == ([1, 1], 1)


def test_a_visitor_who_fails_leaves_his_seat() -> None:
    async def app(_: Scope, __: Receive, ___: Send) -> None:
        raise OSError

    house = House(app, visitors=1, messages=5)
    with pytest.raises(OSError):  # noqa: PT011 - it is what app raises
        _socket(house, _connecting)
    assert house.visitors == 0


def test_a_shelf_holds_so_many_files_of_each_and_of_all() -> None:
    kept: dict[str, set[str]] = {}
    shelf = Shelf(inner, each=2, total=3, kept=lambda: kept)

    def put(session: str) -> int:
        return ask(shelf, f"/_stcore/upload_file/{session}/new", method="PUT").status

    assert put("a") == 200
    kept["a"] = {"1", "2"}
    assert (put("a"), put("b")) == (429, 200)
    kept["b"] = {"1"}
    assert (put("b"), put("c")) == (429, 429)
    assert ask(shelf, "/_stcore/upload_file/a/1", method="DELETE").status == 200
    kept["a"].pop()
    assert (put("a"), put("b")) == (200, 200)


def _listening(
    incoming: Sequence[Message], wanted: int, pace: int = 5
) -> tuple[list[Message], list[Message]]:
    """Return what an app hears of these messages, ``wanted`` of them, and what is sent back."""
    heard: list[Message] = []

    async def app(_: Scope, receive: Receive, __: Send) -> None:
        while len(heard) < wanted and (not heard or heard[-1]["type"] == "websocket.receive"):
            heard.append(await receive())

    messages = iter(incoming)

    async def receive() -> Message:
        for message in messages:
            return message
        await asyncio.sleep(3600)
        raise AssertionError

    return heard, _socket(House(app, visitors=1, messages=pace), receive)


def test_a_flood_is_heard_at_the_pace_that_was_set() -> None:
    """Five seconds' worth at once, then so many a second."""
    began = time.monotonic()
    assert _listening([RERUN] * 110, 110, pace=20) == ([RERUN] * 110, [])
    assert 0.4 < time.monotonic() - began < 3  # ten more than 100, at 20 a second: half a second


def test_who_leaves_in_debt_is_heard_at_once() -> None:
    began = time.monotonic()
    heard, _ = _listening([RERUN] * 400 + [GONE], 500, pace=1)
    assert heard == [RERUN] * 6 + [GONE]  # five at once, and one on account
    assert time.monotonic() - began < 3  # the 394 that wait would take 394 seconds


def test_who_floods_without_an_end_is_shown_the_door() -> None:
    many = [RERUN] * 600
    large = [
        {
            "type": "websocket.receive",
            "bytes": told(rerun_script=ClientState(query_string="x" * 2**20))["bytes"],
        }
    ]
    for flood in (many, large * 40):
        heard, sent = _listening(flood, 1000, pace=1)
        assert sent == [{"type": "websocket.close", "code": 1008}]
        assert heard[-1] == {"type": "websocket.disconnect", "code": 1008}


def test_a_large_message_counts_as_many() -> None:
    large = told(rerun_script=ClientState(query_string="x" * (2**20 + 2**18)))  # five parcels and one
    began = time.monotonic()
    assert len(_listening([large, large, RERUN], 3, pace=2)[0]) == 3
    assert time.monotonic() - began > 0.9  # ten at once, and the two that twelve are over: a second


@pytest.mark.parametrize(
    "message", [{"clear_cache": True}, {"load_git_info": True}, {"debug_shutdown_runtime": True}]
)
def test_what_is_for_all_visitors_none_may_ask(message: dict[str, bool]) -> None:
    assert _listening([told(**message), RERUN], 1)[0] == [RERUN]
    # what cannot be read goes on to Streamlit, which ends the connection; text ends it here
    garbage: Message = {"type": "websocket.receive", "bytes": b"\xff\xff\xff"}
    assert _listening([garbage], 1)[0] == [garbage]
    heard, sent = _listening([{"type": "websocket.receive", "text": "hello"}], 2)
    assert heard == [{"type": "websocket.disconnect", "code": 1003}]
    assert sent == [{"type": "websocket.close", "code": 1003}]
