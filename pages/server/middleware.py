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

from pages.state.insides import FILES, FRONT_END, METRICS, inline_scripts

#: What compression makes smaller; fonts and pictures are compressed already.
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json"}


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
