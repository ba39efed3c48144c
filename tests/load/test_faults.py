"""What goes wrong around the app: visitors who vanish or flood, full disks, servers that are ended.

Real servers and real sockets, no browser.
"""

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect

from pages.state.controls import PAGES
from pages.state.operator_limits import GRACE
from pages.text import HTML_LANG, LANGUAGES, Text
from pages.text.numbers import count
from tests.support.guest import (
    EN,
    SMALL,
    Guest,
    fetched,
    frame,
    guest,
    health,
    idle,
    is_served,
    page,
    rests,
    shown,
    until,
    upload,
    words,
)
from tests.support.hostile import TEXTS, harm_in
from tests.support.stream import Server, Visitor, free_port, serving, streamlit_run

SERVE = (sys.executable, "-m", "pages.server")
#: The largest layer: a minute's work for one core and more, part by part, where INIT_LAB_STREAMED allows it.
HUGE = 1 << 32
BIG = "v=1&fan_in=65536&fan_out=65536&seed={}"
#: Megabytes: the process takes some 400, less where the kernel takes back what is not looked at, and an
#: orthogonal matrix of 4096 × 4096, of which LAPACK wants nine copies, 604 more.
MEMORY = 750
#: What no line of the log may hold of a visitor.
SECRET = "what-a-visitor-typed"  # noqa: S105 - no password
MB = 1 << 20


# --------------------------------------------------------------------------------------------------
# the servers, which come up side by side


class Started(NamedTuple):
    """A server, and the file that has its standard error."""

    server: Server
    log: Path


#: One big draw at a time, one that waits, little memory; and a page that fails, as none does by itself.
NARROW = {
    "INIT_LAB_PROCESSES": "1",
    "INIT_LAB_WORKERS": "1",
    "INIT_LAB_QUEUE": "1",
    "INIT_LAB_STREAMED": str(HUGE),
    "INIT_LAB_MEMORY": str(MEMORY),
    "INIT_LAB_MESSAGE": "2",
    "INIT_LAB_UPLOAD": "1",
    "INIT_LAB_LOG": "json",
}
FAILING = """
from pages.server.__main__ import main
from pages.jobs import lesson
def fails(*_):
    raise RuntimeError("a page fails\\non two lines")
lesson.replayed = fails
main()
"""
HOUSE = {"INIT_LAB_VISITORS": "2", "INIT_LAB_METRICS": "0", "INIT_LAB_HOSTS": "lab.example"}
#: No home, no place for temporary files, and no file that may grow, logs included.
NOWHERE = dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"), "/nowhere")
FULL_DISK = ("sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *SERVE)

#: name, value → what is said of it
WRONG = {
    ("INIT_LAB_WORKERS", "many"): "INIT_LAB_WORKERS must be a whole number from 1 to 64; it was 'many'.",
    ("PORT", "65536"): "PORT must be a whole number from 1 to 65535; it was '65536'.",
    ("HOST", "lab.invalid"): "HOST must be an address of this machine; it was 'lab.invalid'.",
    ("HOST", "192.0.2.1"): "HOST must be an address of this machine; it was '192.0.2.1'.",
    ("INIT_LAB_LOG", "xml"): "INIT_LAB_LOG must be text or json; it was 'xml'.",
    (
        "INIT_LAB_VISITOR",
        "9",
    ): ("INIT_LAB_VISITOR is no setting of Init Lab's. The nearest is INIT_LAB_VISITORS."),
}

Starting = dict[Any, Future[Any]]


@pytest.fixture(scope="module")
def starting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starting]:
    folder = tmp_path_factory.mktemp("logs")
    kinds: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
        "narrow": ((sys.executable, "-c", FAILING), NARROW),
        "house": (SERVE, HOUSE),
        "full disk": (FULL_DISK, NOWHERE),
    }
    with ExitStack() as running, ThreadPoolExecutor(2) as pool:

        def start(name: str) -> Started:
            command, settings = kinds[name]
            port, log = free_port(), folder / f"{name}.log"
            environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port), **settings}
            logged = ("sh", "-c", f'exec "$@" 2>>"{log}"', "sh", *command)
            return Started(running.enter_context(serving(logged, port, environment)), log)

        # others come up while the first are tested
        yield {
            **{name: pool.submit(start, name) for name in kinds},
            **{setting: pool.submit(tried, *setting) for setting in WRONG},
            "streamlit": pool.submit(lambda: running.enter_context(streamlit_run())),
        }


def tried(name: str, value: str, **others: str) -> subprocess.CompletedProcess[str]:
    """Start a server with a setting that is wrong, and wait for its end."""
    environment = {**os.environ, name: value, **others}
    return subprocess.run(SERVE, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def narrow(starting: Starting) -> Server:
    served: Server = starting["narrow"].result().server
    return served


@pytest.fixture
def house(starting: Starting) -> Server:
    served: Server = starting["house"].result().server
    return served


# --------------------------------------------------------------------------------------------------
# who leaves, and who comes back


@pytest.mark.parametrize("leave", [Guest.leave, Guest.vanish])
def test_the_draw_of_who_has_left_is_given_up(leave: Callable[[Guest], None], narrow: Server) -> None:
    with guest(narrow, BIG.format(1)) as gone:
        gone.ask().hear(words("waiting.some", n=count(HUGE)))
        is_served(narrow, seed=secrets.randbelow(10**6))
        assert not idle(narrow)
        leave(gone)
        assert rests(narrow)
    is_served(narrow)


def test_a_link_on_a_new_connection_shows_the_same_page(narrow: Server) -> None:
    seen = []
    for _ in range(2):
        with closing(Visitor(narrow.port, "distribution", SMALL.format(7) + "&tab=numbers")) as visitor:
            seen.append(shown(visitor))
            visitor.socket.socket.shutdown(socket.SHUT_RDWR)
    assert seen[0] == seen[1]
    assert EN("context.weights", n=count(48 * 32)) in seen[0]


def test_a_connection_that_is_cut_goes_on_with_its_session(narrow: Server) -> None:
    with guest(narrow, SMALL.format(7)) as visitor, guest(narrow, page="compare") as stranger:
        visitor.ask().hear(words("context.weights", n=count(48 * 32)))
        visitor.hear()
        visitor.vanish()
        with rejoined(narrow, visitor.session) as visitor.socket:
            visitor.run()
            assert EN("context.draw", seed=9, device="cpu", dtype="float32") in shown(visitor, seed="9")
            # the next page's link has nothing: what was chosen is in the session alone
            visitor.page, visitor.page_hash, visitor.query = "compare", "", ""
            visitor.run()
            assert {"fan_in=48", "fan_out=32", "seed=9"} <= {*visitor.query.split("&")}
        stranger.run()
        assert stranger.query == ""


def test_what_is_chosen_after_the_session_is_gone_is_not_lost(narrow: Server) -> None:
    """The server began anew, or a lid was closed for long: the page stands there, its session is gone."""
    with guest(narrow, SMALL.format(7)) as visitor:
        visitor.run()
        visitor.vanish()
        with rejoined(narrow, "gone") as visitor.socket:
            assert EN("context.draw", seed=9, device="cpu", dtype="float32") in shown(visitor, seed="9")
            assert {"fan_in=48", "fan_out=32", "seed=9"} <= {*visitor.query.split("&")}


@contextmanager
def rejoined(served: Server, session: str) -> Iterator[Any]:
    """Open the websocket as Streamlit's front end does again: with a token and the session it had."""
    protocols: Any = ["streamlit", "PLACEHOLDER_AUTH_TOKEN", session]
    origin: Any = f"http://localhost:{served.port}"
    url = f"ws://localhost:{served.port}/_stcore/stream"
    with connect(url, subprotocols=protocols, origin=origin, max_size=None, compression=None) as opened:
        yield opened


# --------------------------------------------------------------------------------------------------
# too much at once


def test_later_draws_wait_in_the_queue_and_one_too_many_is_refused(narrow: Server) -> None:
    with guest(narrow, BIG.format(11)) as first, guest(narrow, BIG.format(12)) as second:
        first.ask().hear(words("waiting.some", n=count(HUGE)))
        second.ask().hear(words("waiting.queued", n=count(HUGE), place=1, at_once=1))
        with guest(narrow, BIG.format(13)) as third:
            third.ask().hear(words("waiting.full", n=1))
        is_served(narrow, seed=secrets.randbelow(10**6))
        first.leave()
        second.hear(words("waiting.some", n=count(HUGE)))
    assert rests(narrow)


def test_one_link_that_many_open_is_drawn_once_and_outlives_the_first(narrow: Server) -> None:
    with guest(narrow, BIG.format(21)) as first, guest(narrow, BIG.format(21)) as second:
        first.ask().hear(words("waiting.some", n=count(HUGE)))
        second.ask().hear(words("waiting.some", n=count(HUGE)))
        first.vanish()
        second.hear(words("waiting.some", n=count(HUGE)))
        assert not rests(narrow, seconds=0.3)
        second.hear(words("waiting.some", n=count(HUGE)))
    assert rests(narrow)


def test_what_does_not_fit_into_memory_is_refused_before_it_is_begun(narrow: Server) -> None:
    before = narrow.cpu_seconds()
    with guest(narrow, "v=1&scheme=orthogonal&fan_in=4096&fan_out=4096") as greedy:
        needed = "604"  # MB: nine copies of four bytes each are 603 979 776 bytes
        greedy.ask().hear(words("waiting.memory", needed=needed))
    # the decomposition alone is 2·4096³ multiplications and more: seconds
    assert narrow.cpu_seconds() - before < 1
    with closing(
        Visitor(narrow.port, "distribution", "v=1&scheme=orthogonal&fan_in=48&fan_out=32")
    ) as modest:
        said = shown(modest)
    assert 'role="alert"' not in said
    assert EN("context.weights", n=count(48 * 32)) in said


# --------------------------------------------------------------------------------------------------
# who sends what no browser sends


def claim(opcode: Opcode, size: int) -> bytes:
    """Return the head of a frame that claims so many bytes (RFC 6455, 5.2), of which none follow."""
    return bytes([0x80 | opcode, 0x80 | 127]) + size.to_bytes(8, "big") + bytes(4)


#: A message whose field 11 (rerun_script) claims 2³¹ − 1 bytes.
_HUGE_FIELD = BackMsg.DESCRIPTOR.fields_by_name["rerun_script"].number << 3 | 2
#: what is sent → the codes with which RFC 6455 (7.4.1) has the connection closed
HOSTILE = {
    "a text": (frame(Opcode.TEXT, b"{}"), {1000, 1003, 1006, 1011}),
    "no message": (frame(Opcode.BINARY, b"\xff" * 100), {1002, 1003, 1007}),
    "a huge field": (
        frame(Opcode.BINARY, bytes([_HUGE_FIELD]) + b"\xff\xff\xff\xff\x07" + b"abc"),
        {1002, 1003, 1007},
    ),
    "no frame": (b"\xff" * 100, {1002}),
    "an unmasked frame": (Frame(Opcode.BINARY, b"x").serialize(mask=False), {1002}),
    "a claim of 3 MB": (claim(Opcode.BINARY, 3 * MB), {1009}),
    "a claim of 2⁶² bytes": (claim(Opcode.BINARY, 1 << 62), {1009}),
    "two halves of 3 MB": (
        frame(Opcode.BINARY, bytes(3 * MB // 2), fin=False) + claim(Opcode.CONT, 3 * MB // 2),
        {1009},
    ),
}


@pytest.mark.parametrize("sent", HOSTILE)
def test_only_the_connection_that_sends_it_ends(sent: str, narrow: Server) -> None:
    data, codes = HOSTILE[sent]
    with guest(narrow, SMALL.format(3)) as hostile, closing(Visitor(narrow.port)) as other:
        hostile.ask().hear(words("context.weights", n=count(48 * 32)))
        other.run()
        hostile.socket.socket.sendall(data)
        assert hostile.ended() in codes
        assert EN("home.headline") in re.sub("<[^>]+>", "", shown(other))


DEVELOPERS: tuple[dict[str, Any], ...] = (
    {"debug_disconnect_websocket": True},
    {"debug_shutdown_runtime": True},
    {"clear_cache": True},
    {"load_git_info": True},
)


def test_what_only_developers_may_ask_for_is_not_done(narrow: Server) -> None:
    with closing(Visitor(narrow.port)) as other:
        other.run()
        for wish in DEVELOPERS:
            with guest(narrow, SMALL.format(5)) as curious:
                curious.socket.send(BackMsg(**wish).SerializeToString())
                curious.ask().hear(words("context.weights", n=count(48 * 32)))
        assert EN("home.headline") in re.sub("<[^>]+>", "", shown(other))


@pytest.mark.parametrize("path", PAGES)
def test_no_widget_takes_what_it_does_not_offer(path: str, starting: Starting) -> None:
    """A browser sends of a list only what is in it, and of a field no more than fits into it."""
    port = starting["full disk"].result().server.port
    with closing(Visitor(port, "" if path == "home" else path)) as hostile:
        hostile.run()
        for by in range(3):
            typed = [w for w in hostile.widgets.values() if w.WhichOneof("value") == "string_value"]
            for at, widget in enumerate(typed):
                widget.string_value = TEXTS[(7 * by + at) % len(TEXTS)]
            reply = hostile.run()
            assert not reply.of("exception")
            said = " ".join(element.body for element in reply.of("html"))
            assert EN("error.unexpected") not in said
            assert not harm_in(said)


# --------------------------------------------------------------------------------------------------
# who may come in


def refused_with(served: Server, **headers: str) -> int:
    """Return the status with which a websocket is refused."""
    url, named = (
        f"ws://localhost:{served.port}/_stcore/stream",
        {n.capitalize(): v for n, v in headers.items()},
    )
    with pytest.raises(InvalidStatus) as refused, connect(url, additional_headers=named):
        pass
    return int(refused.value.response.status_code)


def test_a_full_house_says_so_and_lets_the_next_one_in(house: Server) -> None:
    with guest(house, SMALL.format(1)) as first, guest(house, SMALL.format(2)) as second:
        first.run()
        second.run()
        assert refused_with(house) == 403
        full = page(house)
        assert full.status == 503
        assert int(full.headers["retry-after"]) > 0
        assert full.headers["cache-control"] == "no-store"
        assert "content-security-policy" in full.headers
        for language in LANGUAGES:
            said = escape(Text(language)("house.full", seconds=full.headers["retry-after"]), quote=False)
            assert f'<p lang="{HTML_LANG[language]}">{said}</p>' in full.body.decode()
        # who is in goes on: their files, their health, their runs
        assert health(house) == 200
        assert fetched(house, "/_stcore/host-config").status == 200
        assert 'role="alert"' not in shown(first, seed="3")
        second.vanish()
        assert until(lambda: page(house).status == 200)
        is_served(house)


def test_a_name_that_is_not_the_servers_is_refused(house: Server) -> None:
    assert page(house, host="evil.example").status == 400
    assert page(house, host="lab.example").status == 200
    assert page(house, host=f"lab.example:{house.port}").status == 200
    for host in ("localhost", "127.0.0.1"):
        assert fetched(house, "/_stcore/health", host=host).status == 200
    assert refused_with(house, host="evil.example", origin="http://evil.example") in {400, 403}


def test_a_page_of_another_site_opens_no_websocket(house: Server, narrow: Server) -> None:
    for served in (house, narrow):
        for origin in ("http://evil.example", "null", "https://localhost.evil.example"):
            assert refused_with(served, origin=origin) == 403
    is_served(house)


def test_a_flood_of_messages_from_one_visitor_does_not_affect_the_others(house: Server) -> None:
    with guest(house, SMALL.format(1)) as hasty, guest(house, SMALL.format(2)) as patient:
        patient.run()
        message = hasty.asking()
        for _ in range(400):
            hasty.socket.send(message)
        for seed in range(100, 110):
            assert EN("context.draw", seed=seed, device="cpu", dtype="float32") in shown(
                patient, seed=str(seed)
            )
        assert health(house) == 200
        assert page(house).status == 503
        hasty.vanish()
        # what it asked for is nobody's any more, and its place is free
        assert until(lambda: page(house).status == 200)
        is_served(house)


def test_a_visitor_who_floods_with_unanswered_messages_frees_the_place_on_leaving(house: Server) -> None:
    with guest(house) as mute, guest(house) as other:
        other.run()
        for _ in range(2000):
            mute.socket.send(BackMsg(load_git_info=True).SerializeToString())
        mute.vanish()
        assert until(lambda: page(house).status == 200)


def test_metrics_are_for_who_asks_the_server_itself(house: Server, narrow: Server) -> None:
    path = "/_stcore/metrics"
    direct = fetched(narrow, path)
    assert direct.status == 200
    assert direct.body.rstrip().endswith(b"# EOF")  # as OpenMetrics ends
    assert fetched(narrow, path, x_forwarded_for="192.0.2.1").status == 404
    assert fetched(narrow, path, forwarded="for=192.0.2.1").status == 404
    assert fetched(narrow, path + "/", x_forwarded_for="192.0.2.1").status == 404
    assert fetched(house, path).status == 404


def test_an_upload_wants_its_token_and_ends_at_its_limit(narrow: Server) -> None:
    with guest(narrow, page="model") as sender:
        sender.ask().hear(words("model.shapes"))
        assert upload(narrow, sender.session, b"1,2,3", token=False) == 403
        assert upload(narrow, sender.session, bytes(MB + 1)) == 413
        assert upload(narrow, sender.session, bytes(MB // 2)) == 204
        assert upload(narrow, "another", b"1,2,3") == 400
    is_served(narrow)


# --------------------------------------------------------------------------------------------------
# what is logged


def test_every_line_of_the_log_is_json_and_holds_nothing_of_a_visitor(
    narrow: Server, starting: Starting
) -> None:
    log = starting["narrow"].result().log
    with guest(narrow, f"v=1&seed={SECRET}", "lesson") as unlucky:
        unlucky.ask().hear(words("error.unexpected"))
        unlucky.socket.send(f'"{SECRET}"')  # which Streamlit answers with an error of its own
        unlucky.ended()
    is_served(narrow)
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    for line in lines:
        assert {"time", "level", "logger", "message"} <= line.keys()
        for private in (SECRET, "fan_in=48", "on two lines", rf"127\.0\.0\.1:(?!{narrow.port}\b)"):
            assert not re.search(private, json.dumps(line, ensure_ascii=False))
    (failure,) = [line for line in lines if line["message"] == "The page lesson failed."]
    assert failure["level"] == "error"
    assert failure["traceback"].endswith("\nRuntimeError")  # what it says may be a visitor's
    assert "in fails" in failure["traceback"]


# --------------------------------------------------------------------------------------------------
# what the machine lacks


def test_without_a_home_and_on_a_full_disk_pages_open_and_files_are_taken_home(starting: Starting) -> None:
    served = starting["full disk"].result().server
    is_served(served)
    with guest(served, "prepare=plan", page="teach") as reader:
        (button,) = reader.run().of("download_button")
        plan = fetched(served, button.url)
        assert plan.status == 200
        assert plan.body.startswith(b"# ")
    with guest(served, page="model") as sender:
        sender.ask().hear(words("model.shapes"))
        assert upload(served, sender.session, b"1,2,3\n" * 100_000) == 204
    with guest(served, SMALL.format(40) + "&tab=numbers") as reader:
        reader.ask().hear()
        (button,) = reader.run().of("download_button")
        rows = fetched(served, deferred(reader, button.deferred_file_id)).body.decode().splitlines()
        assert rows[0] == "low,high,drawn,expected"
        assert sum(int(row.split(",")[2]) for row in rows[1:]) == 48 * 32


def deferred(visitor: Guest, file: str) -> str:
    """Ask for a file that is made when somebody does; return where it is."""
    message = BackMsg()
    request = message.backend_operation_request
    request.request_id, request.session_id = "1", visitor.session
    request.deferred_file.file_id = file
    visitor.socket.send(message.SerializeToString())
    while True:
        answer = ForwardMsg.FromString(bytes(visitor.socket.recv(timeout=30)))  # type: ignore[arg-type]
        if answer.WhichOneof("type") == "backend_operation_response":
            return str(answer.backend_operation_response.deferred_file.url)


# --------------------------------------------------------------------------------------------------
# servers that are ended, and that do not begin


def ended(pid: int, seconds: float) -> int:
    """Return how a process ended, as ``subprocess`` has it; it stays to be waited for."""
    found: list[Any] = []

    def over() -> bool:
        found[:] = [os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)]
        return found[0] is not None

    assert until(over, seconds), "it goes on"
    killed = found[0].si_code != os.CLD_EXITED
    return -int(found[0].si_status) if killed else int(found[0].si_status)


@pytest.mark.parametrize("setting", WRONG)
def test_a_wrong_setting_is_answered_in_one_sentence(setting: tuple[str, str], starting: Starting) -> None:
    done = starting[setting].result()
    assert (done.returncode, done.stderr, done.stdout) == (2, f"{WRONG[setting]}\n", "")


def test_a_port_that_is_taken_is_named_and_nothing_is_said_to_be_ready(narrow: Server) -> None:
    done = tried("PORT", str(narrow.port), HOST="127.0.0.1")
    said = f"PORT must be a free one: something listens at '{narrow.port}' already.\n"
    assert (done.returncode, done.stderr, done.stdout) == (2, said, "")


def test_streamlits_own_command_serves_it_too(starting: Starting) -> None:
    is_served(starting["streamlit"].result())


def test_a_server_told_to_stop_in_mid_run_ends_and_the_next_one_shows_the_same(narrow: Server) -> None:
    """The last test of this server, which has been through all the others."""
    seen = []
    with guest(narrow, BIG.format(1)) as waiting:
        with closing(Visitor(narrow.port, "distribution", SMALL.format(7))) as visitor:
            seen.append(shown(visitor))
        waiting.ask().hear(words("waiting.some", n=count(HUGE)))
        os.kill(narrow.pid, signal.SIGTERM)
        assert waiting.ended() in {1001, 1012}  # going away, or a service that starts again
        # who supervises it takes either for an end that was asked for
        assert ended(narrow.pid, GRACE + 5) in {0, -signal.SIGTERM}
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(narrow.port)}
    with (
        serving(SERVE, narrow.port, environment),
        closing(Visitor(narrow.port, "distribution", SMALL.format(7))) as visitor,
    ):
        seen.append(shown(visitor))
    assert seen[0] == seen[1]
