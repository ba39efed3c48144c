"""What is set on every answer, and Streamlit's own files compressed."""

import base64
import gzip
import hashlib
from functools import cache
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.figures.palette import DARK, LIGHT
from pages.live import browser
from pages.server.smaller_fonts import stand_ins
from pages.state.insides import FILES, FRONT_END, METRICS, inline_scripts

#: What compression makes smaller; fonts and pictures are compressed already.
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json"}
FONT = "font/woff2"


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


def _grounded(page: bytes) -> bytes:
    """Return the front end's page with the ground that it will have from its first paint on."""
    rules = (
        f"html,html[data-ground=light]{{background:{LIGHT.paper}}}"
        f"@media(prefers-color-scheme:dark){{html:not([data-ground=light]){{background:{DARK.paper}}}}}"
        f"html[data-ground=dark]{{background:{DARK.paper}}}"
    )
    script = f'<script src="./{browser.folder()}/ground.js"></script>'
    return page.replace(b"<head>", f"<head><style>{rules}</style>{script}".encode(), 1)


#: What is said in vain by who asks for a page: it may have the one of before, and gets this one as it is.
UNASKED = {b"if-none-match", b"if-modified-since", b"accept-encoding"}


class Ground:
    """Hands out the front end's page on the right ground: Streamlit's is white until its code has run."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._page = (FRONT_END / "index.html").read_bytes()
        self._own = _grounded(self._page)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(FILES):
            await self._app(scope, receive, send)
            return
        if "." not in scope["path"]:  # no file: whoever asks, with whatever it accepts, may get the page
            kept = [pair for pair in scope["headers"] if pair[0] not in UNASKED]
            scope = {**scope, "headers": kept}
        held: list[Message] = []

        async def grounded(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_page(message, self._page):
                held.append(message)
                return
            if not held:
                await send(message)
                return
            held.append(message)
            if not message.get("more_body"):
                body = b"".join(part.get("body", b"") for part in held[1:])
                own = body == self._page or scope["method"] == "HEAD"  # which has none
                await _answer(held[0], self._own if own else body, send)

        await self._app(scope, receive, grounded)


def _is_page(start: Message, page: bytes) -> bool:
    headers = Headers(raw=start["headers"])
    is_html = headers.get("content-type", "").startswith("text/html")
    return is_html and headers.get("content-length") == str(len(page))


async def _answer(start: Message, body: bytes, send: Send) -> None:
    headers = MutableHeaders(raw=start["headers"])
    for name in ("etag", "last-modified"):
        del headers[name]
    headers["content-length"] = str(len(body))
    await send({**start, "headers": headers.raw})
    await send({"type": "http.response.body", "body": body})


class Compressed:
    """Hands out Streamlit's own files compressed, each compressed once, and smaller fonts for its largest.

    Their names carry their hash. To the fonts compression does nothing; they go the same way as all else.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        root = FRONT_END / "static"
        self._files = {
            FILES + file.relative_to(root).as_posix(): file
            for file in root.rglob("*")
            if file.suffix in TYPES
        }
        self._files |= {FILES + path: file for path, file in stand_ins().items()}

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
        await Response(body, headers=headers, media_type=TYPES.get(file.suffix, FONT))(scope, receive, send)


@cache
def _gzipped(file: Path) -> bytes:
    return gzip.compress(file.read_bytes(), compresslevel=9, mtime=0)
