"""Pages that say one thing, in every language, without Streamlit: the house is full, this page sleeps."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from pages.text import HTML_LANG, LANGUAGES, Text

#: Where a page waits that has given its seat away.
ASLEEP = "/asleep"
#: Seconds after which a browser that found the house full looks again.
AGAIN = 20


def full_house() -> HTMLResponse:
    """Say that no more come in; the browser looks again by itself."""
    page = _page("house.full", f'<meta http-equiv="refresh" content="{AGAIN}">', seconds=AGAIN)
    return HTMLResponse(page, 503, {"retry-after": str(AGAIN), "cache-control": "no-store"})


def long_link(most: int) -> HTMLResponse:
    """Say that this is no link that Init Lab writes."""
    page = _page("house.long", "", most=f"{most // 1024}")
    return HTMLResponse(page, 414, {"cache-control": "no-store", "connection": "close"})


def asleep(_: Request) -> HTMLResponse:
    """Stand in for a page that nobody has looked at for long, and go back to it when it is seen."""
    return HTMLResponse(_page("house.asleep", '<script type="module" src="asleep.js"></script>'))


def asleep_script(_: Request) -> Response:
    """Return the script of the page that sleeps."""
    return FileResponse(Path(__file__).with_name("asleep.js"), media_type="text/javascript")


def _page(key: str, head: str, **facts: object) -> str:
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
