"""Where files of weights come in: what a browser has counted of one, or the file itself; a key goes out.

The answer comes line by line, each a JSON object: how far the work is, ``done`` of ``total``; then the
``key`` of a report, or ``refused`` with a sentence, or ``again`` with rows that are to be counted once more.
"""

import asyncio
import json
import logging
import math
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from core import CheckpointError
from core.refusals import TEMPLATES
from pages.jobs import operator_folder, queue
from pages.jobs.queue import Full, Turn
from pages.server.admission import address_of, is_own
from pages.server.judging import Counted, Judge, Line, Stored, Work, judged, worded
from pages.server.weights_upload import Holds, NoRoom, Spool, written
from pages.text import LANGUAGES, Text
from pages.text.numbers import count
from pages.widgets.waiting import no_room

#: Seconds between two looks at how far the work is, and for what a browser tells to arrive.
LOOK, PATIENCE = 0.2, 60.0
#: How many times as long as its own work a file lets pages go first.
WAYS = 4
#: Letters of a file's name, and bytes of what is only to be put into words.
NAME, WORDS = 255, 1 << 14

#: How many times what may be told of one file may be here at a time, and of how many files of one address.
ALL, EACH = 4, 64
#: How an answer ends that nobody hears any more.
GONE = 499

_LOG = logging.getLogger("init_lab")


class Weights:
    """The routes at which files of weights come in; ``most`` bytes are told of one.

    They are judged by ``judge``, or without one in this process.
    """

    def __init__(self, spool: Spool, most: int, judge: Judge | None = None) -> None:
        self._spool, self._most, self._judge = spool, most, judge
        self._told = Spool(Holds(most, ALL * most, EACH))

    def routes(self) -> list[Route]:
        """Return them."""
        doors = {"counted": self._counted, "sent": self._sent, "held": self._held, "worded": self._worded}
        return [Route(f"/weights/{name}", _of_own(door), methods=["POST"]) for name, door in doors.items()]

    async def _counted(self, request: Request) -> Response:
        """Judge what a browser has counted of a file."""
        t, size = _text(request), request.headers.get("content-length", "")
        if not (size.isascii() and size.isdigit() and int(size[:16]) <= self._most):
            return _said(t("drop.counts_large", n=count(self._most >> 20)), closes=True)
        try:
            with ExitStack() as held:
                held.enter_context(self._told.room(int(size), address_of(request.scope)))
                told = await _whole(request, int(size))
                work = Counted(told or b"", self._most)
                return _Answer(work, _visitor(request), t, held.pop_all(), self._judge)
        except NoRoom as error:
            return _said(t(f"drop.{error.why}", n=count(error.n)), closes=True)

    async def _sent(self, request: Request) -> Response:
        """Take a file, and judge it; with ``ask`` only say whether it would be taken."""
        t, address = _text(request), address_of(request.scope)
        size = request.query_params.get("size", "")
        if not (size.isascii() and size.isdigit() and len(size) < 16):
            raise HTTPException(400, "A size is a whole number of bytes.")
        try:
            if "ask" in request.query_params:
                self._spool.refuse(int(size), address)
                return _said(None)
            with ExitStack() as held:
                held.enter_context(self._spool.room(int(size), address))
                file = held.enter_context(await written(_parts(request), int(size)))
                name = request.query_params.get("name", "")[:NAME] or "…"
                work = Stored(file.fileno(), name)
                return _Answer(work, _visitor(request), t, held.pop_all(), self._judge)
        except NoRoom as error:
            return _said(t(f"drop.{error.why}", n=count(error.n)), closes=True)
        except ClientDisconnect:
            return Response(status_code=GONE)

    async def _held(self, request: Request) -> Response:
        """Judge a file in the folder that the operator allows."""
        t, name = _text(request), request.query_params.get("name", "")
        try:
            file = await run_in_threadpool(operator_folder.opened, name)
        except OSError:
            return _said(t("drop.held_gone"))
        held = ExitStack()
        held.callback(os.close, file)
        return _Answer(Stored(file, name), _visitor(request), t, held, self._judge)

    async def _worded(self, request: Request) -> Response:
        """Put what a browser's reader refuses into words."""
        t, told = _text(request), await _whole(request, WORDS)
        try:
            given = json.loads(told or b"")
            code, facts = given["code"], given["facts"]
            if not code.startswith("checkpoint.") or code not in TEMPLATES:
                raise KeyError(code)
            return _said(worded(CheckpointError(code, **facts), t))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return _said(t("drop.odd"))


_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


def _of_own(door: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """Return a route's function that answers pages of this very server alone."""

    async def own(request: Request) -> Response:
        if not is_own(request.scope) or request.headers.get("sec-fetch-site", "same-origin") not in _NEAR:
            return PlainTextResponse("Only this server's own pages may ask this.", 403)
        answer: Response = await door(request)
        return answer

    return own


_NEAR = {"same-origin", "none"}


def _text(request: Request) -> Text:
    language = request.query_params.get("lang", "")
    return Text(language if language in LANGUAGES else "en")


def _visitor(request: Request) -> tuple[str, str]:
    """Return whose work it is: several visitors may share an address."""
    return address_of(request.scope), request.headers.get("x-lab-visitor", "")[:32]


async def _parts(request: Request) -> AsyncIterator[bytes]:
    async for part in request.stream():
        if part:
            yield part


async def _whole(request: Request, most: int) -> bytes | None:
    """Return a body; None if it is too long."""
    body = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for part in request.stream():
                body += part
                if len(body) > most:
                    return None
    except TimeoutError:
        raise HTTPException(408, "It took too long to arrive.") from None
    except ClientDisconnect:
        raise HTTPException(GONE) from None
    return bytes(body)


def _said(refused: str | None, *, closes: bool = False) -> Response:
    """Return a refusal as the only line, or that there is none."""
    line = {"go": True} if refused is None else {"refused": refused}
    headers = _HEADERS | ({"connection": "close"} if closes else {})
    return Response(_line(line), media_type="application/x-ndjson", headers=headers)


def _line(line: Line) -> str:
    return json.dumps(line, ensure_ascii=False) + "\n"


class _Answer(Response):
    """Does a piece of work in its turn, and says how far it is, as long as somebody listens.

    ``held`` is let go once the work has ended, whoever has left by then.
    """

    def __init__(self, work: Work, owner: object, t: Text, held: ExitStack, judge: Judge | None) -> None:
        super().__init__(headers=_HEADERS, media_type="application/x-ndjson")
        del self.headers["content-length"]
        self._work, self._owner, self._t, self._held, self._judge = work, owner, t, held, judge
        self._far, self._left, self._since = (0, 0), False, math.inf

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        try:
            turn = queue.gate().enter(self._done, self._owner)
        except Full as error:
            self._held.close()
            await _said(no_room(error, self._t))(scope, receive, send)
            return
        turn.result.add_done_callback(lambda _: loop.call_soon_threadsafe(self._held.close))
        leaving = asyncio.ensure_future(_gone(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async for line in self._lines(turn, leaving):
                await send({"type": "http.response.body", "body": line.encode(), "more_body": True})
            await send({"type": "http.response.body"})
        finally:
            self._left = True
            queue.gate().leave(turn)
            leaving.cancel()

    async def _lines(self, turn: Turn[Line], leaving: asyncio.Future[None]) -> AsyncIterator[str]:
        """Yield how far it is, whenever that is further than before, and at last what comes of it."""
        result, said = asyncio.wrap_future(turn.result), (0, 0)
        while not result.done() and not leaving.done():
            waited: set[asyncio.Future[Any]] = {result, leaving}
            await asyncio.wait(waited, timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
            if self._far != said:
                said = self._far
                yield _line(dict(zip(("done", "total"), said, strict=True)))
        if result.done():
            yield _line(result.result())

    def _heard(self, done: int, total: int) -> bool:
        """Note how far it is."""
        self._far = done, total
        return not self._left

    def _progress(self, done: int, total: int) -> bool:
        """Note how far it is, and let pages go first, for some times what the last part took at most."""
        queue.turnstile().give_way(WAYS * (time.monotonic() - self._since))
        self._since = time.monotonic()
        return self._heard(done, total)

    def _done(self) -> Line:
        """Do the work, or have it done, and return the last line."""
        self._since = time.monotonic()
        if self._judge is None:
            return judged(self._work, self._t.language, self._progress).line
        try:
            return self._judge.ask(self._work, self._t.language, self._heard).line
        except (EOFError, OSError):
            _LOG.exception("The process that judges files ended.")
            return {"refused": self._t("drop.odd")}


async def _gone(receive: Receive) -> None:
    """Wait until whoever asked has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
