"""Files that visitors send are counted and measured before they are kept, and refused in words."""

import asyncio
import errno
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.server import brought_files as shelves
from pages.server.brought_files import Holds, Shelf
from tests.support.doors import ask, inner


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
    kept["a"].append(3)
    answer = ask(shelf, "/_stcore/upload_file/a/new", method="PUT")
    assert (answer.status, answer.headers["retry-after"]) == (429, "5")  # as RFC 6585 has it


def test_a_shelf_holds_so_many_bytes_and_leaves_room_for_a_whole_file() -> None:
    kept = {"a": [30, 20]}
    shelf = _shelf(kept, largest=40, room=100)
    assert ask(shelf, "/_stcore/upload_file/b/new", method="PUT").status == 200
    kept["c"] = [11]
    answer = ask(shelf, "/_stcore/upload_file/b/new", method="PUT")
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert answer.body.decode() == shelves.NO_ROOM


def _put_at_once(shelf: Shelf, number: int) -> list[int]:
    """Send so many files of one session at once; return how each is answered, in order."""
    answers: list[int] = []

    async def send(message: Message) -> None:
        answers.extend([message["status"]] if "status" in message else [])

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def all_of_them() -> None:
        path = "/_stcore/upload_file/a/new"
        scope: Any = {"type": "http", "method": "PUT", "path": path, "query_string": b"", "headers": []}
        await asyncio.gather(*(shelf(scope, receive, send) for _ in range(number)))

    asyncio.run(all_of_them())
    return sorted(answers)


async def _slow(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(0.05)
    await inner(scope, receive, send)


@pytest.mark.parametrize(("room", "taken"), [(29, 2), (30, 3), (39, 3), (40, 4)])
def test_who_begins_to_send_has_room_for_a_whole_file(room: int, taken: int) -> None:
    """Of files of ten bytes at most, each counts as ten until it is there."""
    shelf = _shelf({}, _slow, largest=10, room=room)
    assert _put_at_once(shelf, 6) == [200] * taken + [503] * (6 - taken)


def test_files_count_from_when_they_begin_to_arrive() -> None:
    """Twelve at once, of which four may come in."""
    kept: dict[str, list[int]] = {}

    async def keeps(scope: Scope, receive: Receive, send: Send) -> None:
        await _slow(scope, receive, send)
        kept.setdefault("a", []).append(1)

    assert _put_at_once(_shelf(kept, keeps, each=4), 12) == [200] * 4 + [429] * 8


def _shelf(kept: dict[str, list[int]], app: ASGIApp = inner, **holds: int) -> Shelf:
    given = Holds(**({"each": 9, "total": 9, "largest": 1, "room": 99} | holds))
    return Shelf(app, holds=given, sizes=lambda: kept, is_here=lambda session: session in {"a", "b", "c"})


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
