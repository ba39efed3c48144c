"""deploy/haproxy.cfg as it is, before two real servers: who is sent where, and what nobody is sent."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from tests.support.stream import ROOT, free_port

pytestmark = pytest.mark.skipif(shutil.which("haproxy") is None, reason="haproxy is not on PATH")

#: As in a network of containers, every replica has an address of its own and the same port.
SERVING = ("127.0.0.2", "127.0.0.3")
#: One that answers but says that it is not well, and one that has not begun to listen.
UNWELL, STARTING = "127.0.0.4", "127.0.0.5"


class Names(threading.Thread):
    """A name server that knows one name: the replicas' addresses, as Docker's own tells them."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        super().__init__(daemon=True)
        self._addresses = addresses
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])

    def run(self) -> None:
        while True:
            query, sender = self._socket.recvfrom(512)
            end = query.index(0, 12) + 5  # the name, its type and its class
            asks_for_ipv4 = query[end - 4 : end - 2] == b"\0\1"
            found = [socket.inet_aton(address) for address in self._addresses if asks_for_ipv4]
            counts = b"\0\1" + len(found).to_bytes(2, "big") + bytes(4)
            answers = b"".join(b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + address for address in found)
            self._socket.sendto(query[:2] + b"\x81\x80" + counts + query[12:end] + answers, sender)


class Unwell(BaseHTTPRequestHandler):
    """Refuses the health check, and would answer a visitor."""

    def do_GET(self) -> None:
        self.send_response(503 if self.path == "/_stcore/health" else 200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Echo(Unwell):
    """Is well, and answers with the headers that reached it."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        if self.path == "/":
            self.wfile.write(str(self.headers).encode())


class Replicas(NamedTuple):
    """Two servers behind one proxy."""

    url: str
    port: int
    processes: dict[str, subprocess.Popen[bytes]]

    def counted(self, event: str) -> list[int]:
        """Return how many sessions each server has seen, as it says itself."""
        return [self._counted(address, event) for address in SERVING]

    def _counted(self, address: str, event: str) -> int:
        metrics = requests.get(f"http://{address}:{self.port}/_stcore/metrics", timeout=5)
        assert metrics.status_code == 200
        name = f'session_events_total{{type="{event}"}} '
        return next(int(line[len(name) :]) for line in metrics.text.splitlines() if line.startswith(name))


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    """Start two servers, one that is unwell, and the proxy before them."""
    port = free_port()
    log = tmp_path_factory.mktemp("proxy") / "log"
    with contextlib.ExitStack() as stack:
        processes = {
            address: stack.enter_context(
                running([sys.executable, "-m", "pages.server"], {"HOST": address, "PORT": str(port)})
            )
            for address in SERVING
        }
        stack.enter_context(answering(Unwell, UNWELL, port))
        for address in SERVING:
            wait(lambda address=address: healthy(f"http://{address}:{port}"))
        url = stack.enter_context(proxy((*SERVING, UNWELL, STARTING), port, log))
        wait(lambda: log.read_text(encoding="utf-8").count("is DOWN, reason: Layer") == 2)
        yield Replicas(url, port, processes)


@contextlib.contextmanager
def proxy(addresses: tuple[str, ...], port: int, log: Path) -> Iterator[str]:
    """Run haproxy before these replicas; return its address."""
    names, front = Names(addresses), free_port()
    names.start()
    settings = {
        "LISTEN": f"127.0.0.1:{front}",
        "REPLICAS": f"replicas.test:{port}",
        "RESOLVER": f"127.0.0.1:{names.port}",
    }
    with running(["haproxy", "-f", "deploy/haproxy.cfg"], settings, log):
        url = f"http://127.0.0.1:{front}"
        wait(lambda: healthy(url))
        yield url


@contextlib.contextmanager
def running(
    command: list[str], settings: dict[str, str], log: Path = Path(os.devnull)
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **settings}, stdout=said, stderr=said
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def answering(handler: type[BaseHTTPRequestHandler], address: str, port: int) -> Iterator[None]:
    with ThreadingHTTPServer((address, port), handler) as served:
        threading.Thread(target=served.serve_forever, args=(0.05,), daemon=True).start()
        yield
        served.shutdown()


def healthy(url: str) -> bool:
    with contextlib.suppress(requests.RequestException):
        return requests.get(f"{url}/_stcore/health", timeout=2).ok
    return False


def wait(until: Callable[[], bool]) -> None:
    for _ in range(600):
        if until():
            return
        time.sleep(0.05)
    pytest.fail("It took more than half a minute.")


class Browser:
    """Keeps cookies, opens pages, and comes back after its connection broke."""

    def __init__(self, url: str) -> None:
        self.url, self.http, self.session = url, requests.Session(), ""
        assert self.get("/").status_code == 200
        assert self.get("/_stcore/health").ok  # with it comes the token for uploads

    @property
    def replica(self) -> str:
        """The proxy's cookie."""
        return str(self.http.cookies["replica"])

    @property
    def token(self) -> str:
        """What Streamlit wants beside an upload."""
        return str(self.http.cookies["_streamlit_xsrf"])

    def get(self, path: str) -> requests.Response:
        return self.http.get(self.url + path, timeout=10)

    @contextlib.contextmanager
    def lesson(self) -> Iterator[str]:
        """Open the lesson, in the session it had if there was one; return the path of the file it offers."""
        words: Any = ["streamlit", self.token, *filter(None, [self.session])]
        cookies = "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())
        with connect(
            self.url.replace("http", "ws", 1) + "/_stcore/stream",
            subprotocols=words,
            origin=self.url,  # type: ignore[arg-type]
            additional_headers={"Cookie": cookies},
            max_size=None,
        ) as stream:
            message = BackMsg()
            message.rerun_script.page_name = "lesson"
            stream.send(message.SerializeToString())
            yield self._read(stream)

    def _read(self, stream: Any) -> str:
        path = ""
        while True:
            message = ForwardMsg.FromString(stream.recv(timeout=60))
            if message.WhichOneof("type") == "new_session":
                self.session = message.new_session.initialize.session_id
            elif message.delta.new_element.WhichOneof("type") == "download_button":
                path = message.delta.new_element.download_button.url
            elif message.WhichOneof("type") == "script_finished":
                return path

    def upload(self, session: str) -> int:
        """Hand a file over for a session; return the answer's status."""
        return self.http.put(
            f"{self.url}/_stcore/upload_file/{session}/1",
            files={"file": b"1,2,3"},
            headers={"X-Xsrftoken": self.token},
            timeout=10,
        ).status_code


def two(replicas: Replicas) -> tuple[Browser, Browser]:
    """Return browsers of different replicas: whoever comes is sent to where fewest are."""
    one = Browser(replicas.url)
    others = (Browser(replicas.url) for _ in range(20))
    return one, next(other for other in others if other.replica != one.replica)


def test_all_that_a_browser_asks_for_reaches_one_replica(replicas: Replicas) -> None:
    one, other = two(replicas)
    with one.lesson() as path:
        assert sorted(replicas.counted("connect")) == [0, 1]
        with other.lesson():
            assert replicas.counted("connect") == [1, 1]
            assert one.get(path).status_code == 200
            assert one.upload(one.session) == 204
            assert other.upload(one.session) == 400  # the other replica knows no such session


def test_who_comes_back_finds_the_session_and_its_files(replicas: Replicas) -> None:
    browser = Browser(replicas.url)
    with browser.lesson() as path:
        session, before = browser.session, replicas.counted("reconnect")
    with browser.lesson() as again:
        assert (again, browser.session) == (path, session)
        assert browser.get(path).status_code == 200
    assert sum(replicas.counted("reconnect")) == sum(before) + 1


def test_a_replica_that_is_not_well_or_not_there_gets_nobody(replicas: Replicas) -> None:
    assert len({Browser(replicas.url).replica for _ in range(12)}) == len(SERVING)


@pytest.mark.parametrize(
    "path",
    [
        "/_stcore/metrics",
        "/_stcore/metrics/",
        "/%5Fstcore/%6Detrics",
        "//_stcore/metrics?family=active_sessions",
        "/model/_stcore/metrics",
    ],
)
def test_the_proxy_hands_out_no_metrics(replicas: Replicas, path: str) -> None:
    connection = HTTPConnection(replicas.url.removeprefix("http://"), timeout=5)
    connection.request("GET", path)  # as it stands here: requests would write %5F as _
    answer = connection.getresponse()
    assert answer.status == 404
    assert "content-security-policy" not in answer.headers  # which every answer of a replica has
    connection.close()


def test_a_replica_is_told_who_asks_and_nothing_of_what_they_claim(tmp_path: Path) -> None:
    port = free_port()
    claims = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https", "Forwarded": "for=192.0.2.1"}
    with answering(Echo, "127.0.0.6", port), proxy(("127.0.0.6",), port, tmp_path / "log") as url:
        answer = requests.get(url, headers={**claims, "Host": "lab.example"}, timeout=5)
        cookie = answer.headers["set-cookie"].partition(";")[0]
        again = requests.get(url, headers={"Cookie": cookie}, timeout=5)
    lines = answer.text.lower().splitlines()
    assert {line for line in lines if "forwarded" in line or line.startswith("host:")} == {
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-forwarded-host: lab.example",
        "host: lab.example",
    }
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "set-cookie" not in again.headers
    assert "replica=" not in again.text  # the cookie is the proxy's alone


def test_visitors_of_a_replica_that_died_go_to_the_other(replicas: Replicas) -> None:
    one, other = two(replicas)
    before = replicas.counted("connect")
    with one.lesson():
        after = replicas.counted("connect")
    (mine,) = (at for at, was, now in zip(SERVING, before, after, strict=True) if was < now)
    process = replicas.processes[mine]
    process.kill()
    process.wait()
    assert one.get("/").status_code == 200  # at once: no check has missed the replica yet
    assert one.replica == other.replica
    with one.lesson() as path:
        assert one.get(path).status_code == 200
