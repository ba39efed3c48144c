"""Headers, types, defaults and the server's own settings, each compared whole with what was decided by hand.

The words are those of the standards named below and of docs/deploying.md, typed here anew: whatever is
dropped or loosened differs.
"""

import base64
import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from pages.server import admission, notices
from pages.server import middleware as doors
from pages.server.admission import Paced
from pages.server.middleware import Compressed, Guard
from pages.server.seats import Seats
from pages.state.insides import FRONT_END
from pages.state.operator_limits import GRACE, LIMITS
from tests.support.doors import GONE, RERUN, ask, house_of, inner, visit
from tests.support.stream import ROOT, free_port

#: OWASP's secure headers; the policy apart.
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}

#: The one script that stands in Streamlit's page; a policy names it by its hash (CSP level 3, section 8.3).
(SCRIPT,) = re.findall(r"<script>([^<]*)</script>", (FRONT_END / "index.html").read_text(encoding="utf-8"))
HASH = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()

#: Content-Security-Policy: nothing, but what Streamlit needs of this server itself.
POLICY = {
    "default-src": ["'none'"],
    "script-src": ["'self'", "blob:", f"'sha256-{HASH}'"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "img-src": ["'self'", "data:", "blob:"],
    "font-src": ["'self'", "data:"],
    "connect-src": ["'self'"],
    "manifest-src": ["'self'"],
    "worker-src": ["'self'", "blob:"],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
    "frame-ancestors": ["'self'"],
}


@pytest.mark.parametrize(("path", "metrics"), [("/any", True), ("/_stcore/metrics", False)])
def test_an_answer_has_these_headers_and_no_looser_ones(path: str, *, metrics: bool) -> None:
    answer = ask(Guard(inner, metrics=metrics), path)
    headers = dict(answer.headers)
    policy = headers.pop("content-security-policy")
    assert headers.pop("content-type") == "text/plain; charset=utf-8"
    assert headers.pop("content-length") == str(len(answer.body))
    assert headers == HEADERS
    assert SCRIPT.strip() == "window.prerenderReady = false"
    assert [part.split() for part in policy.split(";")] == [[name, *POLICY[name]] for name in POLICY]


def test_the_app_s_own_headers_give_way() -> None:
    """What a page under it answers cannot loosen them."""

    async def loose(_: Any, __: Any, send: Any) -> None:
        head = [(b"x-frame-options", b"ALLOWALL"), (b"content-security-policy", b"default-src *")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": b""})

    headers = ask(Guard(loose, metrics=True), "/").headers
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["content-security-policy"].startswith("default-src 'none'; ")
    assert len([name for name in headers if name == "x-frame-options"]) == 1


#: Of which grounds each rule of the first paint is: "" is that of the system.
GROUNDS = {
    "html": ("", "light", "dark"),
    "html[data-ground=light]": ("light",),
    "html:not([data-ground=light])": ("", "dark"),
    "html[data-ground=dark]": ("dark",),
}


@pytest.mark.parametrize("system", ["light", "dark"])
@pytest.mark.parametrize("ground", ["", "light", "dark"])
def test_the_first_paint_has_the_ground_of_the_theme_that_follows(ground: str, system: str) -> None:
    """Streamlit's own theme, which paints over it; of the rules that apply the last is the closest."""
    (style,) = re.findall(r"<style>(.*?)</style>", doors._grounded(b"<head>").decode())
    rules = re.findall(r"(@media\(prefers-color-scheme:dark\){)?([^{}@]+){background:(#\w+)}", style)
    painted = [
        colour
        for of_dark, selectors, colour in rules
        if (system == "dark" or not of_dark) and any(ground in GROUNDS[one] for one in selectors.split(","))
    ]
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
    assert painted[-1] == theme[ground or system]["backgroundColor"]


# RFC 9239 for JavaScript, RFC 7303 and SVG 1.1 for SVG, RFC 8259 for JSON, RFC 2318 for CSS
@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        (".js", "text/javascript; charset=utf-8"),
        (".css", "text/css; charset=utf-8"),
        (".svg", "image/svg+xml"),
        (".json", "application/json"),
    ],
)
def test_a_compressed_file_has_its_type(ending: str, kind: str, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / f"a{ending}").write_bytes(b"here " * 100)
    (tmp_path / "static" / "a.woff2").write_bytes(b"packed")
    monkeypatch.setattr(doors, "FRONT_END", tmp_path)
    app = Compressed(inner)
    answer = ask(app, f"/static/a{ending}", accept_encoding="gzip")
    assert gzip.decompress(answer.body) == b"here " * 100
    assert dict(answer.headers) == {
        "content-encoding": "gzip",
        "vary": "accept-encoding",
        "cache-control": "public, immutable, max-age=31536000",
        "content-type": kind,
        "content-length": str(len(answer.body)),
    }
    assert ask(app, "/static/a.woff2", accept_encoding="gzip").body == b"inner"


def test_the_page_that_sleeps_and_its_script_have_their_types() -> None:
    asked: Any = None
    page, script = notices.asleep(asked), notices.asleep_script(asked)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert script.headers.get("content-type", script.media_type).startswith("text/javascript")
    assert 'src="asleep.js"' in bytes(page.body).decode()


def test_a_full_house_is_not_kept_by_caches() -> None:
    full = house_of(inner, seats=Seats(0, 0))
    answer = ask(full, "/", accept="text/html")
    headers = dict(answer.headers)
    headers.pop("content-length")
    assert (answer.status, headers) == (
        503,
        {"retry-after": "20", "cache-control": "no-store", "content-type": "text/html; charset=utf-8"},
    )


def test_a_page_takes_a_seat_and_its_parts_do_not() -> None:
    full = house_of(inner, seats=Seats(0, 0))
    for method, path, accept, status in (
        ("GET", "/signal", "text/html", 503),
        ("POST", "/signal", "text/html", 200),
        ("GET", "/signal", "image/png", 200),
        ("GET", "/asleep", "text/html", 200),
    ):
        assert ask(full, path, method=method, accept=accept).status == status


@pytest.mark.parametrize("pace", [1, 3])
def test_an_hour_s_silence_saves_up_five_seconds_worth_and_no_more(
    pace: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else who waits can flood: docs/deploying.md says five times as many at once."""
    heard: list[Any] = []

    class AnHourOn(Paced):
        """Hears the first message an hour late; then its clock stands still."""

        def _earn(self) -> None:
            later, self._waited = 0.0 if self._waited else 3600.0, True
            self._clock = lambda: self._then + later
            super()._earn()

        _waited = False

    async def app(_: Any, receive: Any, __: Any) -> None:
        await receive()
        while not heard or heard[-1]["type"] == "websocket.receive":
            heard.append(await receive())

    monkeypatch.setattr(admission, "Paced", AnHourOn)
    visit(house_of(app, messages=pace), [*[RERUN] * 60, GONE])
    assert heard == [RERUN] * (5 * pace + 1) + [GONE]  # and one on account


#: docs/deploying.md's table, read by a person: name → default, lowest, highest.
PROMISED = {
    "INIT_LAB_PROCESSES": (0, 0, 64),
    "INIT_LAB_PAGES": (1, 1, 64),
    "INIT_LAB_WORKERS": (2, 1, 64),
    "INIT_LAB_QUEUE": (100, 1, 10_000),
    "INIT_LAB_QUEUE_EACH": (16, 8, 1_000),
    "INIT_LAB_STREAMED": (1_073_741_824, 1_048_576, 68_719_476_736),
    "INIT_LAB_HELD": (16_777_216, 1_048_576, 67_108_864),
    "INIT_LAB_COMPARED": (16_777_216, 1_048_576, 268_435_456),
    "INIT_LAB_PARAMETERS": (4_194_304, 1_024, 67_108_864),
    "INIT_LAB_RUN_WEIGHTS": (8_589_934_592, 67_108_864, 1_099_511_627_776),
    "INIT_LAB_RUN_PRODUCTS": (1_099_511_627_776, 8_589_934_592, 281_474_976_710_656),
    "INIT_LAB_MEMORY": (0, 0, 16_777_216),
    "INIT_LAB_CACHE": (512, 8, 65_536),
    "INIT_LAB_VISITORS": (400, 1, 100_000),
    "INIT_LAB_VISITORS_EACH": (0, 0, 100_000),
    "INIT_LAB_GONE": (120, 1, 86_400),
    "INIT_LAB_IDLE": (3_600, 1, 604_800),
    "INIT_LAB_ROOM": (32, 8, 1_048_576),
    "INIT_LAB_FILES": (4, 1, 1_000),
    "INIT_LAB_FILES_ALL": (100, 1, 100_000),
    "INIT_LAB_UPLOAD": (4, 1, 200),
    "INIT_LAB_UPLOADS": (32, 4, 1_048_576),
    "INIT_LAB_COUNTS": (64, 1, 1 << 10),
    "INIT_LAB_WEIGHTS": (4096, 0, 1 << 20),
    "INIT_LAB_WEIGHTS_ALL": (8192, 1, 1 << 24),
    "INIT_LAB_WEIGHTS_EACH": (2, 1, 1000),
    "INIT_LAB_MESSAGES": (10, 1, 1_000),
    "INIT_LAB_MESSAGE": (5, 1, 200),
    "INIT_LAB_METRICS": (1, 0, 1),
}


def test_limits_are_those_that_were_promised() -> None:
    assert {name: tuple(limit) for name, limit in LIMITS.items()} == PROMISED
    assert GRACE == 5  # "docker stop ends it within seconds: what runs has five to finish"


# What is asked of a process of its own, since importing the server sets Streamlit's options.
_ASKED = """
import json, logging, signal, sys, uvicorn
given = {}
uvicorn.Config = lambda app, **settings: given.update(settings, app=app)
from pages.server import __main__ as server
from streamlit import config
class Never:
    def __init__(self, config, ready): pass
    def run(self, sockets): given["at"] = sockets[0].getsockname()
class NeverTogether:
    def __init__(self, serve, seats, *, most, beside): given["waiting"] = most
    def run(self, listening, ready):
        given["at"] = listening.getsockname()
        server.Handed = lambda config, channel: None
        return 0
server.Server, server.Processes = Never, NeverTogether
signal.signal = signal.raise_signal = lambda *given: None
sys.argv = ["server"]
server.main()
app, at = given.pop("app"), given.pop("at")
most, room = given.pop("http").keywords["most"], given.pop("ws").keywords["room"]
waiting = given.pop("waiting", None)
plain = (int, list, tuple)
doors = app._user_middleware
print(json.dumps({
    "uvicorn": given,
    "doors": [(m.cls.__name__, {k: v for k, v in m.kwargs.items() if isinstance(v, plain)}) for m in doors],
    "at": at,
    "most": most,
    "waiting": waiting,
    "room": room._free,
    "gone": room._gone,
    "shared": all(m.kwargs["room"] is room for m in doors if m.cls.__name__ == "House"),
    "seats": [[m.kwargs["seats"].most, m.kwargs["seats"]._each] for m in doors if "seats" in m.kwargs],
    "ttl": config.get_option("server.disconnectedSessionTTL"),
    "upload": config.get_option("server.maxUploadSize"),
    "levels": {"uvicorn.error": logging.getLogger("uvicorn.error").getEffectiveLevel()},
}))
"""


def _as_set(**numbers: int) -> Any:
    """Return what the server is started with where an operator sets these limits."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("INIT_LAB_")}
    environment |= {f"INIT_LAB_{name}": str(number) for name, number in numbers.items()}
    environment |= {"INIT_LAB_HOSTS": "lab.example.org", "HOST": "127.0.0.9", "PORT": str(free_port())}
    command = [sys.executable, "-c", _ASKED]
    found = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    told = json.loads(found.stdout)
    told["port"] = int(environment["PORT"])
    assert told.pop("at") == ["127.0.0.9", told["port"]]
    return told


def test_the_server_runs_as_the_runbook_says_and_as_the_operator_sets_it() -> None:
    """No visits are logged, no version is told, the server pings every 30 seconds, messages are bounded."""
    served = _as_set(
        PROCESSES=1,
        VISITORS=31,
        VISITORS_EACH=7,
        MESSAGES=32,
        FILES=33,
        FILES_ALL=34,
        METRICS=0,
        MESSAGE=7,
        UPLOAD=3,
        UPLOADS=9,
        ROOM=11,
        GONE=77,
    )
    assert served["uvicorn"] == {
        "ws_max_size": 7 * 1024 * 1024,
        "ws_per_message_deflate": False,
        "ws_ping_interval": 30,
        "ws_ping_timeout": 30,
        "timeout_graceful_shutdown": 5,
        "h11_max_incomplete_event_size": 32 * 1024,
        "access_log": False,
        "log_config": None,
        "server_header": False,
    }
    assert served["levels"]["uvicorn.error"] == 30  # at 20 it names the address of each visitor
    assert (served["room"], served["gone"], served["shared"]) == (11 * 1024 * 1024, 77, True)
    assert (served["ttl"], served["upload"]) == (77, 3)
    assert served["most"] == 2 * 31 + 200  # connections
    assert served["seats"] == [[31, 7]]
    assert served["doors"] == [
        ["Guard", {"metrics": False}],
        [
            "TrustedHostMiddleware",
            {"allowed_hosts": ["lab.example.org", "localhost", "127.0.0.1"], "www_redirect": False},
        ],
        ["House", {"messages": 32}],
        ["Shelf", {"holds": [33, 34, 3 * 1024 * 1024, 9 * 1024 * 1024]}],
        ["Compressed", {}],
        ["Ground", {}],
    ]


def test_one_address_takes_three_quarters_of_the_seats_unless_the_operator_says_otherwise() -> None:
    assert _as_set(VISITORS=21, PROCESSES=1)["seats"] == [[21, 16]]


@pytest.mark.skipif(sys.platform != "linux", reason="one process elsewhere")
def test_processes_count_seats_together_and_part_the_rest() -> None:
    """Of what a process has to have there is enough for one file, and for two messages, in each."""
    served = _as_set(PROCESSES=3, VISITORS=31, VISITORS_EACH=7, FILES_ALL=34, UPLOAD=4, UPLOADS=9, ROOM=11)
    assert served["seats"] == [[31, 7], [31, 7]]  # those who keep together, and the house
    assert served["waiting"] == 2 * 31 + 200
    doors = dict(served["doors"])
    assert doors["Shelf"] == {"holds": [4, 12, 4 << 20, 4 << 20]}
    assert served["room"] == 10 << 20
    assert doors["Together"] == {"address": ["127.0.0.9", served["port"]], "largest": 4 << 20}


def test_streamlit_is_set_to_tell_nobody_anything() -> None:
    """SECURITY.md: no telemetry, no traceback to a browser, no other site's websocket."""
    options = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    assert options["server"] == {
        "headless": True,
        "fileWatcherType": "none",
        "enableXsrfProtection": True,
        "enableCORS": True,
        "maxUploadSize": 4,
        "maxMessageSize": 20,
    }
    assert options["browser"] == {"gatherUsageStats": False, "serverAddress": "localhost"}
    assert options["client"] == {
        "toolbarMode": "minimal",
        "showSidebarNavigation": False,
        "showErrorDetails": "none",
    }
    assert options["runner"] == {"postScriptGC": False, "magicEnabled": False}
    assert options["global"] == {"minCachedMessageSize": 40}
