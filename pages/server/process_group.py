"""Several processes that answer as one."""

import asyncio
import http.client
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from http import HTTPStatus
from time import monotonic
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import parse_qs, quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.server.brought_files import AROUND
from pages.server.processes import COOKIE
from pages.server.seats import Seats
from pages.state.insides import HEALTH, MEDIA, METRICS, UPLOADS, session_of

#: Seconds that another process may take to say how it is (Docker's check gives all five), and for a file.
PATIENCE, FOR_A_FILE = 3.0, 60.0
#: Seconds for which it is known that all processes are well.
GOOD = 1.0
#: The last line of metrics.
END = "# EOF"
#: Files that pass through a process to another at a time.
PASSING = 4
#: Headers that are of one connection, or made anew for the next.
OF_A_CONNECTION = {"connection", "content-length", "host", "transfer-encoding", "date"}


class Asked(NamedTuple):
    """What a process is asked."""

    method: str
    path: str
    headers: Mapping[str, str] = MappingProxyType({})
    body: bytes = b""


class Answer(NamedTuple):
    """What another process says."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Together:
    """Keeps a browser with its process, and answers for the others where it has to.

    Health and metrics are those of all processes; ``?process=1`` asks that one alone. Files that another
    process keeps are had from it, for not every client takes the cookie that would have led there, and a
    proxy may send several visitors' requests through one connection.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        seats: Seats,
        address: tuple[str, int],
        largest: int,
        is_here: Callable[[str], bool],
    ) -> None:
        self._app, self._seats, self._address = app, seats, address
        self._largest, self._is_here = largest, is_here
        self._passing, self._asking = asyncio.Semaphore(PASSING), asyncio.Lock()
        self._well_until = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        if await self._answered(scope, receive, send):
            return
        headers = Headers(scope=scope)
        is_page = scope["type"] == "websocket" or "text/html" in headers.get("accept", "")
        is_new = is_page and cookie_parser(headers.get("cookie", "")).get(COOKIE) != self._own
        await self._app(scope, receive, self._naming(send) if is_new else send)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Answer for all processes, or for the one that keeps a file; tell whether it was that."""
        path, asked = scope["path"], parse_qs(scope["query_string"].decode("latin-1")).get("process")
        if scope["type"] == "http" and path in {HEALTH, METRICS} and asked != [self._own]:
            await (await self._of_all(path, asked) or self._app)(scope, receive, send)
        elif scope["type"] == "websocket" or asked is not None:
            return False
        elif path.startswith(UPLOADS) and not self._is_here(session_of(path)):
            await self._pass_on(scope, receive, send)
        elif path.startswith(MEDIA):
            await self._found(scope, receive, send)
        else:
            return False
        return True

    @property
    def _own(self) -> str:
        return str(self._seats.process)

    def _naming(self, send: Send) -> Send:
        """Return what sends, and tells the browser to which process it belongs."""

        async def sends(message: Message) -> None:
            if message["type"] in {"http.response.start", "websocket.accept"}:
                message.setdefault("headers", [])
                cookie = f"{COOKIE}={self._own}; Path=/; HttpOnly; SameSite=Lax"
                MutableHeaders(scope=message).append("set-cookie", cookie)
            await send(message)

        return sends

    async def _of_all(self, path: str, asked: list[str] | None) -> Response | None:
        """Return what all processes say together; None if that is what this one says."""
        if asked is not None:
            return _said("That process is not here.", 503)
        if path == METRICS:
            answers = await self._asked_all(path)
        else:
            async with self._asking:  # every page that is opened asks for the health
                if monotonic() < self._well_until:
                    return None
                answers = await self._asked_all(path)
                if answers:
                    self._well_until = monotonic() + GOOD
                    return None
        if not answers:
            return _said("A process does not answer.", 503)
        said = added_up([answer.body.decode() for answer in answers])
        return Response(said, media_type="application/openmetrics-text")

    async def _asked_all(self, path: str) -> list[Answer]:
        """Ask every process; return no answer if one of them is not well."""
        asking = (
            run_in_threadpool(self._ask, process, Asked("GET", path), PATIENCE)
            for process in range(self._seats.processes)
        )
        answers = await asyncio.gather(*asking)
        return answers if all(answer.status == HTTPStatus.OK for answer in answers) else []

    async def _found(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a file that is kept here, else have it from where it is."""
        is_missing = False

        async def sends(message: Message) -> None:
            nonlocal is_missing
            is_missing = is_missing or message.get("status") == HTTPStatus.NOT_FOUND
            if not is_missing:
                await send(message)

        await self._app(scope, receive, sends)
        if is_missing:
            await self._pass_on(scope, receive, send)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask the other processes, the browser's own first, until one has what is asked for."""
        headers = Headers(scope=scope)
        named = cookie_parser(headers.get("cookie", "")).get(COOKIE)
        others = [process for process in range(self._seats.processes) if str(process) != self._own]
        kept = {name: value for name, value in headers.items() if name not in OF_A_CONNECTION}
        asked = Asked(scope["method"], quote(scope["path"]), kept)
        async with self._passing if asked.method == "PUT" else nullcontext():
            try:
                body = await asyncio.wait_for(_whole(receive, self._largest + AROUND), FOR_A_FILE)
            except TimeoutError:
                await _said("The file took too long to arrive.", 408)(scope, receive, send)
                return
            answer = Answer(404, [], b"Not here.")
            for process in sorted(others, key=lambda process: str(process) != named):
                answer = await run_in_threadpool(self._ask, process, asked._replace(body=body), FOR_A_FILE)
                if answer.status not in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}:
                    break
        response = Response(answer.body, answer.status)
        for name, value in answer.headers:
            response.headers[name] = value
        await response(scope, receive, send)

    def _ask(self, process: int, asked: Asked, patience: float) -> Answer:
        """Ask one process, to which the cookie leads."""
        connection = http.client.HTTPConnection(*self._address, timeout=patience)
        path = f"{asked.path}?process={process}"
        cookies = f"{COOKIE}={process}; {asked.headers.get('cookie', '')}"
        headers = {**asked.headers, "host": "localhost", "cookie": cookies, "connection": "close"}
        try:
            connection.request(asked.method, path, asked.body or None, headers)
            answer = connection.getresponse()
            kept = [pair for pair in answer.getheaders() if pair[0].lower() not in OF_A_CONNECTION]
            return Answer(answer.status, kept, answer.read())
        except (OSError, http.client.HTTPException):
            return Answer(503, [], b"A process does not answer.")
        finally:
            connection.close()


def added_up(texts: Sequence[str]) -> str:
    """Return metrics of several processes as those of one: the sum for each name and its labels."""
    families: dict[str, dict[str, float]] = {}
    for text in texts:
        family: dict[str, float] = {}
        for line in text.splitlines():
            if line.startswith("# TYPE"):
                family = families.setdefault(line, {})
            elif line.startswith("#"):
                family.setdefault(line, 0.0)
            else:
                name, _, value = line.rpartition(" ")
                family[name] = family.get(name, 0.0) + float(value)
        family.pop(END, None)
    lines = []
    for kind, family in families.items():
        lines += [kind, *(name if name.startswith("#") else f"{name} {n:.15g}" for name, n in family.items())]
    return "\n".join([*lines, END, ""])


async def _whole(receive: Receive, most: int) -> bytes:
    """Return a request's body, or as much of it as there may be: too much is refused where it arrives."""
    body, more = bytearray(), True
    while more and len(body) <= most:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


def _said(sentence: str, status: int) -> PlainTextResponse:
    return PlainTextResponse(sentence, status, {"cache-control": "no-store"})
