"""The files that visitors bring: how many are kept, and how many are on their way."""

import asyncio
import contextlib
import errno
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.state.insides import UPLOADS, session_of

#: Files on their way at a time, each held on the disk meanwhile, and seconds for one to arrive.
UNDERWAY, PATIENCE = 8, 60.0
#: Bytes around a file in the message that brings it.
AROUND = 1 << 16
NO_ROOM = "There is no room for a file just now; try again in a moment."


class Holds(NamedTuple):
    """What a shelf holds: files of one visitor, and of all; bytes of one, and of all."""

    each: int
    total: int
    largest: int
    room: int


class Shelf:
    """Keeps the files of visitors, so many as it holds, counted from when they begin to arrive.

    ``sizes()`` has the bytes of each file that is kept, by session; ``is_here(session)`` tells whether that
    is a visitor.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        holds: Holds,
        sizes: Callable[[], Mapping[str, Sequence[int]]],
        is_here: Callable[[str], bool],
    ) -> None:
        self._app, self._holds, self._sizes, self._is_here = app, holds, sizes, is_here
        self._arriving: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "PUT" or UPLOADS not in scope["path"]:
            await self._app(scope, receive, send)
            return
        session = session_of(scope["path"])
        if (refusal := self._refusal(session)) is not None:
            await self._drop(receive)
            await refusal(scope, receive, send)
            return
        self._arriving[session] += 1
        try:
            await self._take(scope, receive, send)
        finally:
            self._arriving[session] -= 1
            self._arriving += Counter()  # drops who has none on the way

    def _refusal(self, session: str) -> PlainTextResponse | None:
        kept, arriving, holds = self._sizes(), self._arriving, self._holds
        if not self._is_here(session):
            return _said("This page is no longer open here; reload it.", 400)
        here = sum(map(len, kept.values())) + arriving.total()
        if len(kept.get(session, ())) + arriving[session] >= holds.each or here >= holds.total:
            said = f"{holds.each} files a visitor and {holds.total} in all are kept; remove one first."
            return _said(said, 429)
        taken = sum(map(sum, kept.values())) + arriving.total() * holds.largest
        if arriving.total() >= UNDERWAY or taken + holds.largest > holds.room:
            return _said(NO_ROOM, 503)
        return None

    async def _drop(self, receive: Receive) -> None:
        """Let a file pass by unread: who still sends does not hear why it is not taken."""
        left, more = self._holds.largest + AROUND, True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while more and left > 0:
                    message = await receive()
                    left -= len(message.get("body", b""))
                    more = message.get("more_body", False)

    async def _take(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a file arrive, in good time and where there is room for it."""
        answered = False

        async def sends(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            async with asyncio.timeout(PATIENCE):
                await self._app(scope, receive, sends)
        except TimeoutError:
            if not answered:
                await _said(f"The file took more than {PATIENCE:.0f} seconds to arrive.", 408)(
                    scope, receive, send
                )
        except OSError as error:
            if answered or error.errno != errno.ENOSPC:
                raise
            await _said("There is no room for a file just now; try again in a moment.", 507)(
                scope, receive, send
            )


def _said(sentence: str, status: int) -> PlainTextResponse:
    """Return a refusal that ends the connection, so that the rest of the file is not awaited."""
    headers = {"connection": "close"}
    if status in {429, 503, 507}:
        headers["retry-after"] = "5"
    return PlainTextResponse(sentence, status, headers)
