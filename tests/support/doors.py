"""An ASGI app asked without a network, and what a visitor's browser tells it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState

from pages.server.admission import House
from pages.server.memory_share import Room
from pages.server.seats import Seats
from pages.state.insides import STREAM


class Answer(NamedTuple):
    """A response as a client has it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(app: ASGIApp, path: str, method: str = "GET", query: bytes = b"", **headers: str) -> Answer:
    """Ask an ASGI app for a path."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    about = {"method": method, "path": path, "query_string": query, "headers": lines}
    scope = {"type": "http", "client": ("192.0.2.7", 1), **about}
    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], found, b"".join(part.get("body", b"") for part in sent[1:]))


def house_of(app: ASGIApp, *, seats: Seats | None = None, messages: int = 5, size: int = 1 << 24) -> House:
    """Return a house around an app, with room for ``size`` bytes, and for one visitor if nothing is said."""
    room = Room(size, gone=60.0, forget=lambda: None)
    return House(app, seats=seats or Seats(1, 1000), messages=messages, room=room)


def visit(house: ASGIApp, incoming: Sequence[Message], path: str = STREAM, **scope: Any) -> list[Message]:
    """Open a websocket that says this and then nothing more; return what is sent back."""
    sent: list[Message] = []
    messages = iter([{"type": "websocket.connect"}, *incoming])

    async def receive() -> Message:
        for message in messages:
            return message
        await asyncio.sleep(3600)
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    given = {"query_string": b"", "headers": [], "subprotocols": ["streamlit"], "client": ("192.0.2.7", 1)}
    asyncio.run(house({"type": "websocket", "path": path, **given, **scope}, receive, send))  # type: ignore[arg-type]
    return [message for message in sent if message["type"] != "websocket.accept"]


async def inner(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("inner")(scope, receive, send)


def told(**given: Any) -> Message:
    return {"type": "websocket.receive", "bytes": BackMsg(**given).SerializeToString()}


RERUN, GONE = told(rerun_script=ClientState()), {"type": "websocket.disconnect", "code": 1006}
