"""What stands between the network and the app: headers, compressed files, how many come in, how fast."""

import asyncio
import base64
import gzip
import hashlib
from collections import deque
from collections.abc import Callable, Mapping, Sized
from functools import cache
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.state.insides import FILES, FRONT_END, METRICS, STREAM, UPLOADS, inline_scripts, is_needed
from pages.text import HTML_LANG, LANGUAGES, Text

#: Where a page waits that has given its seat away.
ASLEEP = "/asleep"
#: What compression makes smaller; fonts and pictures are compressed already.
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json"}
#: Bytes of a message that count as another one; messages, and their bytes, that may wait to be heard.
PARCEL, BACKLOG, HEAP = 1 << 18, 500, 1 << 24
#: Seconds after which a browser that found the house full looks again.
AGAIN = 20


def policy() -> str:
    """Return the Content-Security-Policy.

    Scripts are files of this server, the pages' own script, which Streamlit hands over as a blob, and the
    one line in Streamlit's page, by its hash. Styles are written by Streamlit as it runs.
    """
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(line.encode()).digest()).decode()}'"
        for line in inline_scripts()
    )
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' blob: {hashes}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "manifest-src 'self'",
            "worker-src 'self' blob:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
        )
    )


#: A link holds all that a visitor has chosen, so no other site is told it.
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """Answers with security headers, and keeps the metrics from whoever asks through a proxy."""

    def __init__(self, app: ASGIApp, *, metrics: bool) -> None:
        self._app, self._metrics = app, metrics
        self._headers = HEADERS | {"content-security-policy": policy()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
            await send(message)

        headers = Headers(scope=scope)
        forwarded = "forwarded" in headers or "x-forwarded-for" in headers
        if scope["path"].rstrip("/").endswith(METRICS) and (forwarded or not self._metrics):
            await PlainTextResponse("Not here.", 404)(scope, receive, guarded)
        else:
            await self._app(scope, receive, guarded)


class Compressed:
    """Hands out Streamlit's own files compressed, each compressed once; their names carry their hash."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        root = FRONT_END / "static"
        self._files = {
            FILES + file.relative_to(root).as_posix(): file
            for file in root.rglob("*")
            if file.suffix in TYPES
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        file = self._files.get(scope["path"]) if scope["type"] == "http" else None
        takes = Headers(scope=scope).get("accept-encoding", "") if file else ""
        if file is None or "gzip" not in takes or scope["method"] not in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        headers = {
            "content-encoding": "gzip",
            "vary": "accept-encoding",
            "cache-control": "public, immutable, max-age=31536000",
        }
        body = await run_in_threadpool(_gzipped, file)
        await Response(body, headers=headers, media_type=TYPES[file.suffix])(scope, receive, send)


@cache
def _gzipped(file: Path) -> bytes:
    return gzip.compress(file.read_bytes(), compresslevel=9, mtime=0)


class House:
    """Lets in so many visitors at a time, and hears each at a pace that leaves time for the others."""

    def __init__(self, app: ASGIApp, *, visitors: int, messages: int) -> None:
        self._app, self._most, self._pace = app, visitors, messages
        self.visitors = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        full = self.visitors >= self._most
        if scope["type"] == "websocket" and scope["path"].endswith(STREAM):
            if full:
                await send({"type": "websocket.close", "code": 1013})  # try again later
                return
            self.visitors += 1
            heard = Paced(receive, send, self._pace)
            try:
                await self._app(scope, heard, send)
            finally:
                self.visitors -= 1
                heard.end()
        elif full and scope["type"] == "http" and _asks_for_a_page(scope):
            await _full_house()(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class Shelf:
    """Keeps so many files of a visitor, and so many of all; ``kept()`` has them by session."""

    def __init__(
        self, app: ASGIApp, *, each: int, total: int, kept: Callable[[], Mapping[str, Sized]]
    ) -> None:
        self._app, self._each, self._total, self._kept = app, each, total, kept

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "PUT" and UPLOADS in scope["path"]:
            kept = dict(self._kept())
            session = scope["path"].partition(UPLOADS)[2].partition("/")[0]
            if len(kept.get(session, ())) >= self._each or sum(map(len, kept.values())) >= self._total:
                said = f"{self._each} files a visitor and {self._total} in all are kept; remove one first."
                await PlainTextResponse(said, 429)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _asks_for_a_page(scope: Scope) -> bool:
    """Tell whether a browser opens a page that takes a seat, rather than a part of one."""
    page = scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", "")
    return page and not scope["path"].endswith(ASLEEP)


def _full_house() -> HTMLResponse:
    """Say that no more come in; the browser looks again by itself."""
    page = _page("house.full", f'<meta http-equiv="refresh" content="{AGAIN}">', seconds=AGAIN)
    return HTMLResponse(page, 503, {"retry-after": str(AGAIN), "cache-control": "no-store"})


def asleep(_: Request) -> HTMLResponse:
    """Stand in for a page that nobody has looked at for long, and go back to it when it is seen."""
    return HTMLResponse(_page("house.asleep", '<script type="module" src="asleep.js"></script>'))


def asleep_script(_: Request) -> Response:
    """Return the script of the page that sleeps."""
    return FileResponse(Path(__file__).with_name("asleep.js"), media_type="text/javascript")


def _page(key: str, head: str, **facts: int) -> str:
    """Return a page that says one thing in every language, without Streamlit and its websocket."""
    said = "".join(
        f'<p lang="{HTML_LANG[language]}">{Text(language)(key, **facts)}</p>' for language in LANGUAGES
    )
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Init Lab</title>'
        f'<meta name="viewport" content="width=device-width">{head}'
        "<style>body{font:1.5rem/1.5 system-ui,sans-serif;max-width:32em;margin:15vh auto;padding:0 1em}"
        "@media (prefers-color-scheme:dark){body{background:#131519;color:#eceae6}a{color:#7db6ff}}</style>"
        f"</head><body>{said}</body></html>"
    )


class Paced:
    """Hears ``pace`` messages a second, five times as many at once; the rest wait.

    What a browser has no reason to send is passed over. Whoever has left is heard at once, and whoever
    floods without an end is shown the door.
    """

    def __init__(self, receive: Receive, send: Send, pace: int) -> None:
        self._receive, self._send, self._pace = receive, send, pace
        self._clock = asyncio.get_running_loop().time
        self._left, self._then = 5.0 * pace, self._clock()
        self._waiting: deque[Message] = deque()
        self._next: asyncio.Future[Message] | None = None

    async def __call__(self) -> Message:
        while not self._waiting or self._left < 0:
            message = await self._heard(within=None if self._left >= 0 else -self._left / self._pace)
            self._earn()
            if message is None:  # the time has passed
                continue
            if message["type"] != "websocket.receive":
                return message
            if message.get("bytes") is None:
                return await self._shown_the_door(1003)  # text, where all is binary
            if not is_needed(message["bytes"]):
                self._left -= 1
                continue
            self._waiting.append(message)
            if len(self._waiting) > BACKLOG or sum(map(_size, self._waiting)) > HEAP:
                return await self._shown_the_door(1008)  # against the rules
        message = self._waiting.popleft()
        self._left -= 1 + _size(message) // PARCEL
        return message

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
        """Listen no longer."""
        if self._next is not None:
            self._next.cancel()


def _size(message: Message) -> int:
    return len(message["bytes"])
