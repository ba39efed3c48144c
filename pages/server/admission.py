"""Who comes in, how many from where, and how much each may say, so that others have room and time."""

import asyncio
import ipaddress
from collections import deque
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.server.memory_share import Room
from pages.server.notices import ASLEEP, full_house, long_link
from pages.server.seats import Seats
from pages.state.insides import LINK, STREAM, fate_of

#: Seconds within which who has come in says something; a browser does at once.
SILENCE = 10.0
#: Bytes of a message that count as another one; messages that may wait to be heard.
PARCEL, BACKLOG = 1 << 18, 500
#: Why a websocket is closed (RFC 6455): wrong kind, against the rules, too large, come back later.
KIND, RULES, LARGE, LATER = 1003, 1008, 1009, 1013


class House:
    """Lets in as many visitors as there are seats, and hears each at a pace.

    Nobody takes a seat before having said something that a browser says. Until then they stand in the
    lobby, which holds as many again; where it is full, who has stood there longest goes.
    """

    def __init__(self, app: ASGIApp, *, seats: Seats, messages: int, room: Room) -> None:
        self._app, self._seats, self._pace, self._room = app, seats, messages, room
        self._lobby: dict[asyncio.Timeout, None] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and scope["path"].endswith(STREAM):
            await self._visit(scope, receive, send)
        elif scope["type"] == "http" and len(scope["query_string"]) > LINK:
            await long_link(LINK)(scope, receive, send)
        elif scope["type"] == "http" and _asks_for_a_page(scope) and self._seats.is_full(address_of(scope)):
            await full_house()(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _visit(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = address_of(scope)
        is_wrong = not is_own(scope) or len(scope["query_string"]) > LINK
        if is_wrong or self._seats.is_full(address):
            await send({"type": "websocket.close", "code": RULES if is_wrong else LATER})
            return
        connect = await receive()
        await send({"type": "websocket.accept", "subprotocol": next(iter(scope["subprotocols"]), None)})
        heard = Paced(receive, send, self._pace, self._room)
        try:
            first = await self._greet(heard)
            if first is None or (first["type"] == "websocket.receive" and self._seats.is_full(address)):
                await send({"type": "websocket.close", "code": LATER})
            elif first["type"] == "websocket.receive":
                with self._seats.seat(address):
                    await self._app(scope, _replayed([connect, first], heard), heard.tell)
        finally:
            heard.end()

    async def _greet(self, heard: "Paced") -> Message | None:
        """Return the first that a visitor says, or None if it takes too long."""
        if len(self._lobby) >= self._seats.most:
            longest = next(iter(self._lobby))
            del self._lobby[longest]
            longest.reschedule(0.0)
        patience = asyncio.timeout(SILENCE)
        self._lobby[patience] = None
        try:
            async with patience:
                return await heard()
        except TimeoutError:
            return None
        finally:
            self._lobby.pop(patience, None)


def _replayed(first: list[Message], then: Receive) -> Receive:
    """Return what is received when the first messages have been read already."""
    read = deque(first)

    async def receive() -> Message:
        return read.popleft() if read else await then()

    return receive


def _asks_for_a_page(scope: Scope) -> bool:
    """Tell whether a browser opens a page that takes a seat, rather than a part of one."""
    page = scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", "")
    return page and not scope["path"].endswith(ASLEEP)


def address_of(scope: Scope) -> str:
    """Return where a request comes from; of an IPv6 address the half that names a network."""
    host = (scope.get("client") or ("", 0))[0]
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return str(host)
    return str(address) if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))


def is_own(scope: Scope) -> bool:
    """Tell whether something is asked by a page of this very server, or by no page at all."""
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


class Paced:
    """Hears ``pace`` messages a second, five times as many at once; the rest wait, and take up room.

    What a browser has no reason to send is passed over, and who takes nothing of what is told is heard no
    further. Whoever has left is heard at once, and whoever floods without an end, or says more than there is
    room for, is shown the door.
    """

    def __init__(self, receive: Receive, send: Send, pace: int, room: Room) -> None:
        self._receive, self._send, self._pace, self._room = receive, send, pace, room
        self._clock: Callable[[], float] = asyncio.get_running_loop().time
        self._left, self._then = 5.0 * pace, self._clock()
        self._waiting: deque[Message] = deque()
        self._kept = 0
        self._next: asyncio.Future[Message] | None = None
        self._is_taken = asyncio.Event()
        self._is_taken.set()

    async def tell(self, message: Message) -> None:
        """Send what the app says, which the House has accepted for it already."""
        if message["type"] == "websocket.accept":
            return
        self._is_taken.clear()
        try:
            await self._send(message)  # waits while much of what was sent before has not been taken
        finally:
            self._is_taken.set()

    async def __call__(self) -> Message:
        await self._is_taken.wait()
        while not self._waiting or self._left < 0:
            message = await self._heard(within=None if self._left >= 0 else -self._left / self._pace)
            self._earn()
            if message is None:  # the time has passed
                continue
            if message["type"] != "websocket.receive":
                return message
            if (wrong := self._take(message)) is not None:
                return await self._shown_the_door(wrong)
        message = self._waiting.popleft()
        self._left -= 1 + _size(message) // PARCEL
        self._room.give(self._kept)  # the session keeps the last message alone
        self._kept = _size(message)
        return message

    def _take(self, message: Message) -> int | None:
        """Have a message wait, if it is one; return why not, as a websocket's code."""
        if message.get("bytes") is None:
            return KIND  # text, where all is binary
        fate = fate_of(message["bytes"])
        if fate == "passed over":
            self._left -= 1
        elif fate == "refused":
            return LARGE
        elif len(self._waiting) >= BACKLOG:
            return RULES
        elif not self._room.take(_size(message)):
            return LATER
        else:
            self._waiting.append(message)
        return None

    async def _heard(self, within: float | None) -> Message | None:
        """Return what comes next, or None if nothing does within so many seconds."""
        if within is None and self._next is None:  # nearly always
            return await self._receive()
        if self._next is None:
            self._next = asyncio.ensure_future(self._receive())
        done, _ = await asyncio.wait([self._next], timeout=within)
        if not done:
            return None
        self._next = None
        return done.pop().result()

    async def _shown_the_door(self, code: int) -> Message:
        await self._send({"type": "websocket.close", "code": code})
        return {"type": "websocket.disconnect", "code": code}

    def _earn(self) -> None:
        now = self._clock()
        self._left = min(5.0 * self._pace, self._left + (now - self._then) * self._pace)
        self._then = now

    def end(self) -> None:
        """Listen no longer; what was last said stays for a while, and what waited goes."""
        if self._next is not None:
            self._next.cancel()
        self._room.give(sum(map(_size, self._waiting)))
        self._waiting.clear()
        self._room.leave(self._kept)
        self._kept = 0


def _size(message: Message) -> int:
    return len(message["bytes"])
