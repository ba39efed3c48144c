"""Several processes behind one port: one server to whoever asks, and one that dies takes nobody along."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.support.counted import told_of
from tests.support.guest import SMALL, Guest, fetched, guest, is_served, page, shown, until, upload
from tests.support.stream import ROOT, Server, Visitor, free_port, server, serving

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="one process elsewhere")

COOKIE = "init-lab-process"
PROCESSES, SEATS = 3, 7
#: With the one that listens, and the one beside that judges files.
ALL = PROCESSES + 2
SERVE = (sys.executable, "-m", "pages.server")
SETTINGS = {
    "INIT_LAB_PROCESSES": str(PROCESSES),
    "INIT_LAB_VISITORS": str(SEATS),
    "INIT_LAB_VISITORS_EACH": str(SEATS),
    "INIT_LAB_UPLOADS": "300",  # what one test leaves behind does not fill the room of the next
}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs") / "processes.log"


@pytest.fixture(scope="module")
def served(log: Path) -> Iterator[Server]:
    port = free_port()
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port), **SETTINGS}
    command = ("sh", "-c", f'exec "$@" 2>>"{log}"', "sh", *SERVE)
    with serving(command, port, environment) as running:
        yield running


def named(served: Server, cookie: str | None = None) -> str:
    """Return the process that answers a browser with this cookie."""
    given = {} if cookie is None else {"cookie": f"a=b; {COOKIE}={cookie}"}
    told = page(served, **given).headers.get("set-cookie", "")
    found = re.search(rf"{COOKIE}=(\d+); Path=/; HttpOnly; SameSite=Lax", told)
    return found[1] if found else str(cookie)


def metric(served: Server, name: str, process: int | None = None) -> float:
    asked = "" if process is None else f"?process={process}"
    given = {} if process is None else {"cookie": f"{COOKIE}={process}"}
    text = fetched(served, f"/_stcore/metrics{asked}", **given).body.decode()
    return next(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))


def test_newcomers_are_spread_and_a_browser_stays_where_it_was(served: Server) -> None:
    came = Counter(named(served) for _ in range(4 * PROCESSES))
    assert set(came.values()) == {4}
    assert {named(served, process) for process in "012"} == set("012")
    for _ in range(5):
        assert named(served, "1") == "1"
    for wrong in ("3", "77", "-1", "x", ""):
        assert named(served, wrong) in set("012")


def test_as_many_visitors_as_there_are_seats_wherever_they_sit(served: Server) -> None:
    with ExitStack() as stay:
        for seed in range(SEATS):
            visitor = stay.enter_context(guest(served, SMALL.format(seed)))
            visitor.run()
        assert page(served).status == 503
        for process in range(PROCESSES):
            assert page(served, cookie=f"{COOKIE}={process}").status == 503
        with pytest.raises(InvalidStatus):
            opened(served, "")
        each = [metric(served, "active_sessions", process) for process in range(PROCESSES)]
        assert sum(each) == metric(served, "active_sessions ") == SEATS
        assert max(each) - min(each) <= 1
    assert until(lambda: page(served).status == 200)


def opened(served: Server, cookies: str) -> ClientConnection:
    url: Any = f"ws://localhost:{served.port}/_stcore/stream"
    origin: Any = f"http://localhost:{served.port}"
    protocols: Any = ["streamlit"]
    return connect(
        url, subprotocols=protocols, origin=origin, additional_headers={"Cookie": cookies}, max_size=None
    )


def lesson(stream: ClientConnection) -> tuple[str, str]:
    """Open the lesson; return its session and the path of the file that it offers."""
    message = BackMsg()
    message.rerun_script.page_name = "lesson"
    stream.send(message.SerializeToString())
    session = path = ""
    while True:
        said = ForwardMsg.FromString(bytes(stream.recv(timeout=60)))  # type: ignore[arg-type]
        if said.WhichOneof("type") == "new_session":
            session = said.new_session.initialize.session_id
        elif said.delta.new_element.WhichOneof("type") == "download_button":
            path = said.delta.new_element.download_button.url
        elif said.WhichOneof("type") == "script_finished":
            return session, path


@pytest.mark.parametrize("cookie", ["0", "1", "2", None])
def test_files_are_had_and_taken_whichever_process_is_asked(cookie: str | None, served: Server) -> None:
    """A client without cookies, or a proxy that sends two browsers through one connection, asks any."""
    given = {} if cookie is None else {"cookie": f"{COOKIE}={cookie}"}
    with opened(served, f"{COOKIE}=1") as stream:
        session, path = lesson(stream)
        whole = fetched(served, path, **given)
        assert whole.status == 200
        assert whole.headers["content-disposition"].startswith("attachment")
        assert len(whole.body) == int(whole.headers["content-length"]) > 100
        part = fetched(served, path, range="bytes=0-9", **given)
        assert (part.status, part.body) == (206, whole.body[:10])
        assert fetched(served, path.replace(".", "0."), **given).status == 404
        assert upload(served, session, b"1,2\n", **given) == 204
        assert upload(served, session, b"1,2\n", token=False, **given) == 403
        assert upload(served, "0" * 8, b"1,2\n", **given) == 400


def test_of_files_sent_at_once_to_any_process_no_more_are_taken_than_one_visitor_may_keep(
    served: Server,
) -> None:
    with guest(served) as visitor:
        visitor.ask().hear()
        with ThreadPoolExecutor(12) as senders:
            answers = Counter(
                senders.map(lambda _: upload(served, visitor.session, b"1," * 10**6), range(12))
            )
    assert answers[204] <= 4
    assert set(answers) <= {204, 429, 503}


def test_files_that_never_arrive_keep_nobody_from_those_that_are_there(served: Server) -> None:
    """Uploads for another process wait in a queue of their own; downloads do not."""
    with ExitStack() as doors:
        session, path = lesson(doors.enter_context(opened(served, f"{COOKIE}=1")))
        head = f"PUT /_stcore/upload_file/{session}/1 HTTP/1.1\r\nHost: localhost\r\nCookie: {COOKIE}=0\r\n"
        for _ in range(8):
            client = doors.enter_context(socket.create_connection(("localhost", served.port)))
            client.sendall(f"{head}Content-Length: 100000\r\n\r\n1,2".encode())
        began = time.monotonic()
        assert fetched(served, path, cookie=f"{COOKIE}=0").status == 200
        assert upload(served, session, b"1,2\n", cookie=f"{COOKIE}=1") == 204
        assert time.monotonic() - began < 5


def test_one_health_is_that_of_all_and_a_process_that_hangs_is_told(served: Server) -> None:
    children = served.processes()[1:]
    assert len(children) == ALL - 1
    for pid in children:  # where memory is short, one of them goes
        assert int(Path(f"/proc/{pid}/oom_score_adj").read_text(encoding="ascii")) == 500
    assert fetched(served, "/_stcore/health").body == b"ok"
    assert fetched(served, "/distribution/_stcore/health").status == 404  # Streamlit's page looks there first
    os.kill(children[1], signal.SIGSTOP)
    try:
        time.sleep(1)  # for so long it is known that all are well
        statuses = {fetched(served, "/_stcore/health", cookie=f"{COOKIE}={k}").status for k in (0, 2)}
    finally:
        os.kill(children[1], signal.SIGCONT)
    assert statuses == {503}
    assert until(lambda: fetched(served, "/_stcore/health").status == 200)


def test_one_that_dies_is_followed_by_another_and_the_others_never_notice(served: Server, log: Path) -> None:
    before = served.processes()
    with opened(served, f"{COOKIE}=1") as dies, opened(served, f"{COOKIE}=2") as stays:
        for stream in (dies, stays):
            lesson(stream)
        pids = dict(zip("012", before[1:-1], strict=True))
        os.kill(pids["1"], signal.SIGKILL)
        assert until(lambda: metric(served, "active_sessions ", 2) == 1)
        lesson(stays)
        assert named(served, "1") in set("012")  # at once, by another
        assert until(lambda: len(served.processes()) == ALL)
    after = served.processes()
    assert set(before) - set(after) == {pids["1"]}
    # whoever was with it left no seat taken
    with ExitStack() as stay:
        for seed in range(SEATS):
            assert until(lambda: page(served).status == 200)
            stay.enter_context(guest(served, SMALL.format(seed))).run()
    assert "A process ended with status -9; another takes its place." in log.read_text(encoding="utf-8")
    assert until(lambda: page(served).status == 200)


def test_who_was_handed_to_one_that_dies_is_answered_by_another(served: Server) -> None:
    before = served.processes()
    with opened(served, f"{COOKIE}=2") as stream:
        lesson(stream)
        spent = {pid: seconds(pid) for pid in before}
        for _ in range(20):
            lesson(stream)
        pid = max(before, key=lambda pid: seconds(pid) - spent[pid])  # the one that works is number 2
    os.kill(pid, signal.SIGSTOP)
    with ThreadPoolExecutor() as asker:
        answer = asker.submit(named, served, "2")
        time.sleep(0.3)
        os.kill(pid, signal.SIGKILL)
        assert answer.result() in {"0", "1"}
    assert until(lambda: len(served.processes()) == ALL)
    assert until(lambda: fetched(served, "/_stcore/health").status == 200)


def test_files_are_judged_beside_whatever_becomes_of_who_judges(
    served: Server, log: Path, tmp_path: Path
) -> None:
    file, at = tmp_path / "a.safetensors", f"localhost:{served.port}"
    file.write_bytes(save({f"{i}.weight": torch.randn(64, 48) for i in range(20)}))
    told = told_of(file)

    def judged(process: int) -> dict[str, Any]:
        asked = {"host": at, "origin": f"http://{at}", "cookie": f"{COOKIE}={process}"}
        answer = fetched(served, "/weights/counted", "POST", body=told, **asked)
        last: dict[str, Any] = json.loads(answer.body.splitlines()[-1])
        return last

    children = served.processes()[1:]
    before = [seconds(pid) for pid in children]
    keys = {judged(process)["key"] for process in range(PROCESSES) for _ in range(3)}
    assert len(keys) == 1
    spent = {pid: seconds(pid) - was for pid, was in zip(children, before, strict=True)}
    judge = max(spent, key=lambda pid: spent[pid])
    assert [os.sched_getscheduler(pid) for pid in (judge, served.pid)] == [os.SCHED_IDLE, os.SCHED_OTHER]
    os.kill(judge, signal.SIGKILL)
    assert {judged(process)["key"] for process in range(PROCESSES)} == keys
    assert judge not in served.processes()
    assert "The process beside ended with status -9; another takes its place." in log.read_text("utf-8")


def test_heads_that_come_in_pieces_or_not_at_all(served: Server) -> None:
    """A head is looked at until it is whole; what is none is answered at once, and silence ends."""
    with ExitStack() as doors:
        silent, slow, garbled, hasty = (
            doors.enter_context(socket.create_connection(("localhost", served.port), timeout=15))
            for _ in range(4)
        )
        for piece in (
            "GET /_stcore/hea",
            "lth?process=2 HTTP/1.1\r\nHost: localhost\r\n",
            f"Cookie: {COOKIE}=2\r\n",
        ):
            slow.sendall(piece.encode())
            time.sleep(0.3)
        garbled.sendall(b"\x16\x03\x01\x02\x00")
        assert garbled.recv(100).startswith(b"HTTP/1.1 400")
        # all of a request at once, with its body, and the next one behind it
        hasty.sendall(b"GET /_stcore/health?process=9 HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2)
        said = b""
        while said.count(b"HTTP/1.1 503") < 2:
            said += hasty.recv(1 << 16)
        slow.sendall(b"\r\n")
        assert slow.recv(1 << 16).startswith(b"HTTP/1.1 200")
        began = time.monotonic()
        assert silent.recv(1) == b""
        assert time.monotonic() - began < 12
    is_served(served)


def test_nobody_waits_for_connections_that_say_nothing(served: Server) -> None:
    with ExitStack() as doors:
        for _ in range(2 * SEATS + 250):  # more than may wait
            doors.enter_context(socket.create_connection(("localhost", served.port)))
        is_served(served)
        before = served.cpu_seconds()
        time.sleep(1)
        assert served.cpu_seconds() - before < 0.5


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    return False


def seconds(pid: int) -> int:
    """Return the processor time of one process, in the kernel's ticks."""
    return sum(
        map(int, Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[11:13])
    )


def test_whoever_listens_takes_the_others_along() -> None:
    with server(**SETTINGS) as running:
        pids = running.processes()
        os.kill(running.pid, signal.SIGKILL)
        assert until(lambda: not any(map(alive, pids)), 3)


@pytest.mark.parametrize("processes", ["1", "2"])
def test_of_two_that_start_at_one_port_together_one_serves(processes: str) -> None:
    port = free_port()
    settings = {"HOST": "127.0.0.1", "PORT": str(port), "INIT_LAB_PROCESSES": processes}
    environment = {**os.environ, **settings}
    with ExitStack() as stack:
        both = [
            stack.enter_context(
                subprocess.Popen(SERVE, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
            )
            for _ in range(2)
        ]
        for one in both:
            stack.callback(one.terminate)
        assert until(lambda: any(one.poll() is not None for one in both), 60)
        late, first = sorted(both, key=lambda one: one.poll() is None)
        assert late.returncode == 2
        assert late.stderr is not None
        *_, said = late.stderr.read().splitlines()
        assert said == f"PORT must be a free one: something listens at '{port}' already."
        is_served(Server(port, first.pid))


def test_a_process_that_cannot_start_ends_the_server() -> None:
    """What fails as it starts is said, and the status tells."""
    environment = {**os.environ, **SETTINGS, "HOST": "127.0.0.1", "PORT": str(free_port())}
    code = (
        "import sys, uvicorn\n"
        "from pages.server import __main__ as server, worker_process\n"
        "async def fails(self, sockets=None): raise SystemExit(3)\n"
        "worker_process.Handed.startup = fails\n"
        "sys.argv = ['server']\n"
        "server.main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert "ended before it was ready" in ended.stderr
    assert "Ready." not in ended.stderr


def test_one_process_alone_holds_the_port(served: Server) -> None:
    """Or one that is left over would keep it from a server that starts again."""
    sockets = [row.split() for row in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    (inode,) = [row[9] for row in sockets if row[3] == "0A" and int(row[1].split(":")[1], 16) == served.port]

    def holds(pid: int) -> bool:
        return any(str(fd.readlink()) == f"socket:[{inode}]" for fd in Path(f"/proc/{pid}/fd").iterdir())

    pids = served.processes()
    assert len(pids) == ALL
    assert [pid for pid in pids if holds(pid)] == [served.pid]


def test_it_has_said_once_that_it_is_ready_and_stops_with_all_its_processes_while_it_has_visitors(
    served: Server, log: Path
) -> None:
    with closing(Guest(served.port)) as visitor, closing(Visitor(served.port)) as other:
        shown(other)
        visitor.ask().hear()
        pids = served.processes()
        assert len(pids) == ALL
        os.kill(served.pid, signal.SIGTERM)
        assert until(lambda: not any(map(alive, pids[1:])), 8)
        assert visitor.ended() in {1001, 1006, 1012}
    assert log.read_text(encoding="utf-8").count("Ready.") == 1
