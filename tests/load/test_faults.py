"""What goes wrong around the app: visitors who vanish, full disks, servers that are ended.

Real servers and real sockets, no browser.
"""

import os
import secrets
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from pages.state.operator_limits import GRACE
from pages.text.numbers import count
from tests.support.circumstances import HUGE, SERVE, WRONG, Starting, tried
from tests.support.guest import (
    EN,
    SMALL,
    Guest,
    fetched,
    guest,
    idle,
    is_served,
    rests,
    shown,
    until,
    upload,
    words,
)
from tests.support.stream import Server, Visitor, serving

SERVERS = ("narrow", "full disk", *WRONG, "streamlit")
BIG = "v=1&fan_in=65536&fan_out=65536&seed={}"


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
        assert ended(narrow.pid, GRACE + 5) == -signal.SIGTERM  # which systemd takes for a clean end
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(narrow.port)}
    with (
        serving(SERVE, narrow.port, environment),
        closing(Visitor(narrow.port, "distribution", SMALL.format(7))) as visitor,
    ):
        seen.append(shown(visitor))
    assert seen[0] == seen[1]
