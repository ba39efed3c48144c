"""Who sends what no browser sends, or may not come in, is refused; others and the log stay free of it."""

import json
import re
import struct
from contextlib import closing
from html import escape
from pathlib import Path
from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect

from pages.state.controls import PAGES
from pages.text import HTML_LANG, LANGUAGES, Text
from pages.text.numbers import count
from tests.support.circumstances import Starting
from tests.support.guest import (
    EN,
    SMALL,
    fetched,
    frame,
    guest,
    health,
    is_served,
    page,
    shown,
    until,
    upload,
    words,
)
from tests.support.hostile import TEXTS, harm_in
from tests.support.stream import Server, Visitor

SERVERS = ("narrow", "house", "full disk")
#: What no line of the log may hold of a visitor.
SECRET = "what-a-visitor-typed"  # noqa: S105 - no password
MB = 1 << 20


@pytest.fixture
def house(starting: Starting) -> Server:
    served: Server = starting["house"].result().server
    return served


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


def _sent(served: Server, data: bytes) -> dict[str, str]:
    """Send a file of weights; return the last line of the answer."""
    path = f"/weights/sent?size={len(data)}&name=own.safetensors"
    answer = fetched(served, path, "POST", body=data)
    assert answer.status == 200
    last: dict[str, str] = json.loads(answer.body.decode().splitlines()[-1])
    return last


def _resident(served: Server) -> int:
    """Return the bytes of memory that a server of one process holds."""
    (kilobytes,) = re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{served.pid}/status").read_text("ascii"))
    return int(kilobytes) << 10


def test_a_file_of_weights_is_read_past_the_memory(narrow: Server) -> None:
    size = 96 * MB
    header = json.dumps({"w": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    _sent(narrow, struct.pack("<Q", len(header)) + header)  # cut short: what reads has been loaded by now
    before = _resident(narrow)
    assert len(_sent(narrow, struct.pack("<Q", len(header)) + header + bytes(size))["key"]) == 16
    assert _resident(narrow) - before < size / 3
    is_served(narrow)


def test_a_full_disk_takes_no_file_of_weights_and_all_else_goes_on(starting: Starting) -> None:
    served = starting["full disk"].result().server
    assert _sent(served, bytes(3 * MB)) == {"refused": Text("en")("drop.room")}
    is_served(served)


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
