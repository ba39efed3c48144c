"""What stands before the app, asked without a network."""

import asyncio
import base64
import errno
import gzip
import hashlib
import re
import time
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.ClientState_pb2 import ClientState, ContextInfo
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates

from pages.server import house as houses
from pages.server import middleware as doors
from pages.server import room as rooms
from pages.server import shelf as shelves
from pages.server.house import Paced
from pages.server.middleware import Compressed, Guard
from pages.server.room import Room
from pages.server.seats import Seats
from pages.server.shelf import Holds, Shelf
from pages.state.insides import FRONT_END
from pages.text import LANGUAGES, Text
from tests.support.doors import GONE, RERUN, ask, house_of, inner, told, visit


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
def test_all_other_requests_are_passed_to_the_app(path: str, encoding: str) -> None:
    assert ask(Compressed(inner), path, accept_encoding=encoding).body == b"inner"


def test_a_client_that_takes_no_gzip_gets_none() -> None:
    file = next((FRONT_END / "static" / "css").iterdir())
    assert ask(Compressed(inner), f"/static/css/{file.name}").body == b"inner"


def test_a_full_house_says_so_in_every_language_and_looks_again() -> None:
    seats = Seats(1, 1)
    house = house_of(inner, seats=seats)
    assert ask(house, "/", accept="text/html").body == b"inner"
    with seats.seat("192.0.2.9"):
        answer = ask(house, "/distribution", accept="text/html,*/*")
        for part in ("/_stcore/health", "/static/js/a.js"):
            assert ask(house, part, accept="*/*").body == b"inner"
        assert ask(house, "/asleep", accept="text/html").body == b"inner"  # it takes no seat
    assert answer.status == 503
    assert answer.headers["retry-after"] == "20"
    for language in LANGUAGES:
        assert Text(language)("house.full", seconds=20) in answer.body.decode()
    assert '<meta http-equiv="refresh" content="20">' in answer.body.decode()


def _seated(seats: Seats, counted: list[int]) -> ASGIApp:
    async def app(_: Scope, receive: Receive, __: Send) -> None:
        await receive()
        counted.append(seats.taken(0))

    return app


def test_a_visitor_is_turned_away_when_all_seats_are_taken() -> None:
    counted: list[int] = []
    seats = Seats(1, 1)
    house = house_of(_seated(seats, counted), seats=seats)
    assert visit(house, [RERUN]) == []
    assert visit(house, [RERUN]) == []  # the one before has gone
    with seats.seat("192.0.2.9"):
        assert visit(house, [RERUN]) == [{"type": "websocket.close", "code": 1013}]
    assert counted == [1, 1]


def test_a_visitor_who_fails_leaves_his_seat() -> None:
    async def app(_: Scope, __: Receive, ___: Send) -> None:
        raise OSError

    seats = Seats(1, 1)
    with pytest.raises(OSError):  # noqa: PT011 - it is what app raises
        visit(house_of(app, seats=seats), [RERUN])
    assert seats.taken(0) == 0


def test_a_silent_connection_never_takes_a_seat_and_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(houses, "SILENCE", 0.05)
    counted: list[int] = []
    seats = Seats(1, 1)
    house = house_of(_seated(seats, counted), seats=seats)
    for said in ([], [told(clear_cache=True)]):  # what a browser does not send is nothing
        assert visit(house, said) == [{"type": "websocket.close", "code": 1013}]
    assert visit(house, [GONE]) == []
    assert (counted, seats.taken(0)) == ([], 0)


def test_a_full_lobby_turns_away_whoever_has_waited_longest() -> None:
    house, order = house_of(inner, seats=Seats(2, 2)), []

    async def come(name: str) -> None:
        async def receive() -> Message:
            return await asyncio.sleep(3600, {})

        room = Room(0, gone=0, forget=lambda: None)
        heard = Paced(receive, None, 1, room)  # type: ignore[arg-type]
        assert await house._greet(heard) is None
        order.append(name)

    async def all_come() -> None:
        tasks = []
        for name in "abcde":
            tasks.append(asyncio.create_task(come(name)))
            await asyncio.sleep(0)
        await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(all_come())
    assert order == ["a", "b", "c"]


def test_one_address_holds_so_many_seats_and_leaves_the_others_theirs() -> None:
    seats = Seats(9, 2)
    house = house_of(inner, seats=seats)
    inside = []

    async def app(_: Scope, receive: Receive, __: Send) -> None:
        await receive()
        if len(inside) < 3:
            inside.append(await asyncio.to_thread(visit, house, [RERUN], client=("2001:db8::7", 1)))

    house._app = app
    assert visit(house, [RERUN], client=("2001:db8::8", 9)) == []
    # the first is in, the second comes in beside it, and to the third nobody is left to open
    assert inside == [[{"type": "websocket.close", "code": 1013}], []]
    with seats.seat("192.0.2.7"), seats.seat("192.0.2.7"):
        assert ask(house, "/", accept="text/html").status == 503
        assert visit(house, [RERUN], client=("192.0.2.8", 1)) == []
    assert visit(house, [RERUN], client=("192.0.2.7", 1)) == []


@pytest.mark.parametrize(
    ("origin", "own"),
    [
        (None, True),
        (b"http://lab.example.org", True),
        (b"https://lab.example.org", True),
        (b"http://localhost:9999", False),
        (b"http://127.0.0.1", False),
        (b"http://0.0.0.0:80", False),
        (b"http://lab.example.org:81", False),
        (b"null", False),
    ],
)
def test_a_page_of_this_origin_alone_opens_a_websocket(origin: bytes | None, own: bool) -> None:  # noqa: FBT001
    headers = [(b"host", b"lab.example.org"), *([(b"origin", origin)] if origin else [])]
    sent = visit(house_of(inner_socket), [RERUN], headers=headers)
    assert sent == ([] if own else [{"type": "websocket.close", "code": 1008}])


async def inner_socket(_: Scope, receive: Receive, __: Send) -> None:
    await receive()


def test_a_link_longer_than_any_of_ours_is_refused_at_the_door() -> None:
    longest = b"x" * 16_384
    for path in ("/", "/signal", "/_stcore/health"):
        assert ask(house_of(inner), path, query=longest).body == b"inner"
        answer = ask(house_of(inner), path, query=longest + b"x")
        assert answer.status == 414
        for language in LANGUAGES:
            assert Text(language)("house.long", most="16") in answer.body.decode()
    assert visit(house_of(inner_socket), [RERUN], query_string=longest + b"x")[0]["code"] == 1008
    assert visit(house_of(inner_socket), [RERUN], query_string=longest) == []


def test_a_shelf_limits_the_files_of_each_session_and_of_all_together() -> None:
    kept: dict[str, list[int]] = {}
    shelf = _shelf(kept, each=2, total=3)

    def put(session: str) -> int:
        return ask(shelf, f"/_stcore/upload_file/{session}/new", method="PUT").status

    assert put("a") == 200
    kept["a"] = [1, 2]
    assert (put("a"), put("b")) == (429, 200)
    kept["b"] = [1]
    assert (put("b"), put("c")) == (429, 429)
    assert ask(shelf, "/_stcore/upload_file/a/1", method="DELETE").status == 200
    kept["a"].pop()
    assert (put("a"), put("b")) == (200, 200)
    assert put("somebody else") == 400


def test_a_shelf_holds_so_many_bytes_and_leaves_room_for_a_whole_file() -> None:
    kept = {"a": [30, 20]}
    shelf = _shelf(kept, largest=40, room=100)
    assert ask(shelf, "/_stcore/upload_file/b/new", method="PUT").status == 200
    kept["c"] = [11]
    answer = ask(shelf, "/_stcore/upload_file/b/new", method="PUT")
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert answer.body.decode() == shelves.NO_ROOM


def _shelf(kept: dict[str, list[int]], app: ASGIApp = inner, **holds: int) -> Shelf:
    given = Holds(**({"each": 9, "total": 9, "largest": 1, "room": 99} | holds))
    return Shelf(app, holds=given, sizes=lambda: kept, is_here=lambda session: session in {"a", "b", "c"})


def test_files_count_from_when_they_begin_to_arrive() -> None:
    """Twelve at once, of which four may come in."""
    kept: dict[str, list[int]] = {}

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.05)
        kept.setdefault("a", []).append(1)
        await inner(scope, receive, send)

    shelf, answers = _shelf(kept, slow, each=4), []

    async def send(message: Message) -> None:
        answers.extend([message["status"]] if "status" in message else [])

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def all_at_once() -> None:
        path = "/_stcore/upload_file/a/new"
        scope: Any = {"type": "http", "method": "PUT", "path": path, "query_string": b"", "headers": []}
        await asyncio.gather(*(shelf(scope, receive, send) for _ in range(12)))

    asyncio.run(all_at_once())
    assert sorted(answers) == [200] * 4 + [429] * 8


def test_a_file_that_is_not_taken_is_heard_to_its_end_before_it_is_refused() -> None:
    """Else who still sends finds the connection cut, and reads no reason. More than a file is not heard."""
    read: list[int] = []

    def refused(parts: int) -> tuple[int, int]:
        sent: list[Message] = []
        read.clear()

        async def receive() -> Message:
            read.append(1)
            return {"type": "http.request", "body": bytes(1 << 15), "more_body": len(read) < parts}

        async def send(message: Message) -> None:
            sent.append(message)

        path = "/_stcore/upload_file/a/new"
        scope: Any = {"type": "http", "method": "PUT", "path": path, "query_string": b"", "headers": []}
        asyncio.run(_shelf({"a": [1]}, each=1, largest=1 << 17)(scope, receive, send))
        return sent[0]["status"], len(read)

    assert refused(4) == (429, 4)
    assert refused(100) == (429, 6)  # 128 kB, and 64 around it


def test_a_file_that_never_ends_or_finds_the_disk_full_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    async def endless(_: Scope, __: Receive, ___: Send) -> None:
        await asyncio.sleep(3600)

    async def full(_: Scope, __: Receive, ___: Send) -> None:
        raise OSError(errno.ENOSPC, "")

    monkeypatch.setattr(shelves, "PATIENCE", 0.05)
    for app, status in ((endless, 408), (full, 507)):
        answer = ask(_shelf({}, app), "/_stcore/upload_file/a/new", method="PUT")
        assert (answer.status, answer.headers["connection"]) == (status, "close")


def _listening(
    incoming: Sequence[Message], wanted: int, pace: int = 5, size: int = 1 << 24
) -> tuple[list[Message], list[Message]]:
    """Return what an app hears of these messages, ``wanted`` of them, and what is sent back."""
    heard: list[Message] = []

    async def app(_: Scope, receive: Receive, __: Send) -> None:
        assert (await receive())["type"] == "websocket.connect"
        while len(heard) < wanted and (not heard or heard[-1]["type"] == "websocket.receive"):
            heard.append(await receive())

    return heard, visit(house_of(app, messages=pace, size=size), incoming)


def test_a_flood_is_heard_at_the_pace_that_was_set() -> None:
    """Five seconds' worth at once, then so many a second."""
    began = time.monotonic()
    assert _listening([RERUN] * 110, 110, pace=20) == ([RERUN] * 110, [])
    assert 0.4 < time.monotonic() - began < 3  # ten more than 100, at 20 a second: half a second


def test_a_disconnect_is_heard_at_once_even_if_messages_are_still_held_back() -> None:
    began = time.monotonic()
    heard, _ = _listening([RERUN] * 400 + [GONE], 500, pace=1)
    assert heard == [RERUN] * 6 + [GONE]  # five at once, and one on account
    assert time.monotonic() - began < 3  # the 394 that wait would take 394 seconds


def _large(size: int) -> Message:
    table = WidgetState(id="$$ID-0f-data", string_value="1,2\n" * (size // 4))
    return told(rerun_script=_fields(table))


def test_a_visitor_who_never_stops_flooding_is_disconnected() -> None:
    for flood, code in (([RERUN] * 600, 1008), ([_large(2**20)] * 40, 1013)):
        heard, sent = _listening(flood, 1000, pace=1)
        assert sent == [{"type": "websocket.close", "code": code}]
        assert heard[-1] == {"type": "websocket.disconnect", "code": code}


def test_a_large_message_counts_as_several_against_the_pace() -> None:
    large = _large(2**20 + 2**18)  # five parcels and one
    began = time.monotonic()
    assert len(_listening([large, large, RERUN], 3, pace=2)[0]) == 3
    assert time.monotonic() - began > 0.9  # ten at once, and the two that twelve are over: a second


def test_a_session_s_last_message_takes_up_room_and_earlier_ones_do_not() -> None:
    size = len(_large(1000)["bytes"])
    # a session keeps the last alone, and the next one comes before that goes
    assert _listening([_large(1000)] * 9, 9, size=2 * size) == ([_large(1000)] * 9, [])
    heard, sent = _listening([_large(1000)] * 9, 9, size=2 * size - 1)
    assert (heard[1:], sent) == (
        [{"type": "websocket.disconnect", "code": 1013}],
        [{"type": "websocket.close", "code": 1013}],
    )


def test_when_room_runs_out_visitors_who_have_left_are_forgotten_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forgotten = []
    room = Room(100, gone=5.0, forget=lambda: forgotten.append(True))
    assert room.take(60)
    room.leave(60)
    assert room.take(40)
    assert not forgotten
    assert room.take(60)  # of the one who has gone
    assert forgotten == [True]
    assert not room.take(1)
    room.give(60)
    assert room.take(59)
    room.leave(59)
    monkeypatch.setattr(rooms, "monotonic", lambda: time.monotonic() + 5)
    assert room.take(60)
    assert forgotten == [True]  # that time was over


def _fields(*fields: WidgetState) -> ClientState:
    return ClientState(widget_states=WidgetStates(widgets=fields))


WIDE = "x" * 2**17
SMALL = ClientState(query_string="v=1", page_name="signal", cached_message_hashes=["0123456789abcdef"] * 50)
TOO_LARGE = {
    "query": ClientState(query_string="x" * 16_385),
    "wide query": ClientState(query_string="等" * 5_462),
    "page": ClientState(page_name="x" * 257),
    "hash of a page": ClientState(page_script_hash="x" * 257),
    "fragment": ClientState(fragment_id="x" * 257),
    "address": ClientState(context_info=ContextInfo(url="http://x/" + "x" * 32_768)),
    "zone": ClientState(context_info=ContextInfo(timezone="x" * 32_768)),
    "hashes": ClientState(cached_message_hashes=["x" * 24] * 2050),
    "empty hashes": ClientState(cached_message_hashes=[""] * 8200),
    "field": _fields(WidgetState(id="a-x", string_value=WIDE)),
    "id": _fields(WidgetState(id=WIDE)),
    "fields": _fields(*[WidgetState(id="x")] * 501),
    "together": _fields(*[WidgetState(id="x", string_value="x" * 700)] * 200),
    "no table": _fields(WidgetState(id="$$ID-0f-data", json_value=WIDE)),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_message_that_our_pages_could_not_send_closes_the_connection(name: str) -> None:
    assert _listening([told(rerun_script=SMALL)], 1)[0] == [told(rerun_script=SMALL)]
    heard, sent = _listening([told(rerun_script=TOO_LARGE[name])], 1)
    assert (heard, sent) == ([], [{"type": "websocket.close", "code": 1009}])


def test_other_messages_are_small_and_none_writes_files_here() -> None:
    files = told(file_urls_request={"file_names": ["x" * 500] * 9})
    assert _listening([files], 1)[1] == [{"type": "websocket.close", "code": 1009}]
    skills = told(backend_operation_request={"install_skills": {}})
    wanted = told(backend_operation_request={"deferred_file": {"file_id": "x"}})
    assert _listening([skills, wanted], 1)[0] == [wanted]


@pytest.mark.parametrize(
    "message", [{"clear_cache": True}, {"load_git_info": True}, {"debug_shutdown_runtime": True}]
)
def test_no_visitor_may_send_a_request_that_affects_all_visitors(message: dict[str, bool]) -> None:
    assert _listening([told(**message), RERUN], 1)[0] == [RERUN]
    # what cannot be read goes on to Streamlit, which ends the connection; text ends it here
    garbage: Message = {"type": "websocket.receive", "bytes": b"\xff\xff\xff"}
    assert _listening([garbage], 1)[0] == [garbage]
    heard, sent = _listening([RERUN, {"type": "websocket.receive", "text": "hello"}], 2)
    assert heard == [RERUN, {"type": "websocket.disconnect", "code": 1003}]
    assert sent == [{"type": "websocket.close", "code": 1003}]
