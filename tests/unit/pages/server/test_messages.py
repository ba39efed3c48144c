"""Messages of a visitor's browser are heard at their pace and in their room, and no others are heard."""

import asyncio
import time
from collections.abc import Sequence

import pytest
from starlette.types import Message, Receive, Scope, Send
from streamlit.proto.ClientState_pb2 import ClientState, ContextInfo
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates

from pages.server import memory_share as rooms
from pages.server.memory_share import Room
from pages.state.insides import STREAM
from tests.support.doors import GONE, RERUN, house_of, told, visit


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


def test_who_takes_nothing_of_what_is_told_is_heard_no_further() -> None:
    """Half a second passes between what is told and its taking; what comes next is heard after that."""
    order: list[str] = []
    taken = asyncio.Event()

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        async def tell() -> None:
            await send({"type": "websocket.send", "bytes": b"a page"})
            order.append("taken")

        await receive()
        order.append((await receive())["type"])
        telling = asyncio.create_task(tell())
        await asyncio.sleep(0)
        order.append((await receive())["type"])
        await telling

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        if message["type"] == "websocket.send":
            asyncio.get_running_loop().call_later(0.5, taken.set)
            await taken.wait()

    messages = iter([{"type": "websocket.connect"}, RERUN, GONE])
    scope = {"type": "websocket", "path": STREAM, "query_string": b"", "headers": [], "subprotocols": []}
    asyncio.run(house_of(app)(scope, receive, send))
    assert order == ["websocket.receive", "taken", "websocket.disconnect"]


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
