"""What stands before the app lets in whom it should, with the headers it should, asked without a network."""

import asyncio
import base64
import gzip
import hashlib
import re

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.server import admission as houses
from pages.server import middleware as doors
from pages.server.admission import Paced
from pages.server.memory_share import Room
from pages.server.middleware import Compressed, Guard
from pages.server.seats import Seats
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
