"""The image, the composition and the proxy: what the promises of docs/deploying.md hang on."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from pages.state.operator_limits import LIMITS
from tests.support.stream import ROOT


def _read(path: str) -> str:
    """Return a file without its comments."""
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    return "\n".join(re.sub(r"(^|\s)#\s.*", "", line) for line in lines)


#: Each instruction of the Dockerfile and what it says, continued lines joined.
DOCKERFILE = [
    (line.partition(" ")[0], line.partition(" ")[2])
    for line in re.sub(r"\\\n\s*", "", _read("Dockerfile")).splitlines()
    if line
]


def _last(instruction: str) -> str:
    return [words for name, words in DOCKERFILE if name == instruction][-1]


def test_the_image_runs_as_a_number_that_is_not_root() -> None:
    """Kubernetes' runAsNonRoot believes in numbers only."""
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", _last("USER"))


def test_the_image_serves_by_the_asgi_entry_without_a_shell() -> None:
    """A shell would keep SIGTERM to itself."""
    assert json.loads(_last("CMD")) == ["python", "-m", "pages.server"]
    assert _last("STOPSIGNAL") == "SIGTERM"
    assert "ENTRYPOINT" not in dict(DOCKERFILE)


def test_both_stages_have_the_python_whose_packages_are_thinned_out() -> None:
    images = [words.split()[0] for name, words in DOCKERFILE if name == "FROM"]
    assert len(set(images)) == 1
    (version,) = re.findall(r"^python:(3\.\d+)-slim$", images[0])
    assert ("WORKDIR", f"/opt/venv/lib/python{version}/site-packages") in DOCKERFILE


@contextmanager
def _answering(status: int) -> Iterator[int]:
    """Serve one status at /_stcore/health, and 404 elsewhere; return the port."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/_stcore/health" else 404)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as served:
        threading.Thread(target=served.serve_forever, args=(0.01,), daemon=True).start()
        yield served.server_address[1]
        served.shutdown()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_asks_the_port_that_is_served(status: int, code: int) -> None:
    command = json.loads(_last("HEALTHCHECK").partition("CMD ")[2])
    assert command[0] == "python"
    with _answering(status) as port:
        environment = {**os.environ, "PORT": str(port), "http_proxy": "http://127.0.0.1:9"}
        checked = subprocess.run([sys.executable, *command[1:]], env=environment, check=False)
    assert checked.returncode == code


def test_all_that_the_image_takes_is_there_and_let_through() -> None:
    let_through = re.findall(r"(?m)^!(.+)$", _read(".dockerignore"))
    for name, words in DOCKERFILE:
        if name == "COPY" and "--from" not in words:
            for source in words.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert any(fnmatch(source, pattern) for pattern in let_through), source


def test_the_image_keeps_what_a_report_reads_its_version_from() -> None:
    assert any(name == "COPY" and "pyproject.toml" in words.split() for name, words in DOCKERFILE)


def test_requirements_are_pinned() -> None:
    lines = [line for line in _read("requirements.txt").splitlines() if line]
    assert [line for line in lines if not re.fullmatch(r"[\w-]+==[\d.]+(; [^;]+)?", line)] == []
    assert any(line.startswith("torch==") for line in lines)  # the Dockerfile takes it from there


def _blocks() -> dict[str, str]:
    """Return the parts of compose.yaml by name: its anchors and its services."""
    text = _read("compose.yaml")
    parts = re.findall(r"(?m)^(x-\w+):(.*\n(?:  .*\n|\n)*)", text)
    parts += re.findall(r"(?m)^  (\w+):\n((?:    .*(?:\n|$)|\n)+)", text.partition("\nservices:\n")[2])
    return dict(parts)


HARDENED = (
    "read_only: true",
    "cap_drop: [ALL]",
    'security_opt: ["no-new-privileges:true"]',
    "restart: unless-stopped",
)
LIMITED = ("mem_limit: ", "pids_limit: ", "stop_grace_period: ")


def test_every_service_is_hardened_and_limited() -> None:
    blocks = _blocks()
    assert {"app", "replica", "proxy"} <= set(blocks)
    for name in ("app", "replica", "proxy"):
        whole = blocks[name]
        for anchor in ("app", "hardened"):
            if f"<<: *{anchor}\n" in whole:
                whole += blocks[f"x-{anchor}"]
        missing = [key for key in HARDENED + LIMITED if key not in whole]
        assert not missing, name
    assert "/tmp" in blocks["x-app"]  # noqa: S108 - the tmpfs
    assert "cpus: " in blocks["x-app"]


def test_one_service_starts_by_default_and_no_two_take_one_port() -> None:
    services = {name: block for name, block in _blocks().items() if not name.startswith("x-")}
    assert [name for name, block in services.items() if "profiles: [replicas]" not in block] == ["app"]
    published = re.findall(r":-(\d+)}:8501", "".join(services.values()))
    assert len(published) == len(set(published)) == 2
    assert "ports:" not in services["replica"] + _blocks()["x-app"]


def test_limits_that_compose_passes_on_exist() -> None:
    assert "env_file: deploy/limits.env" in _blocks()["x-app"]
    named = re.findall(r"(?m)^#? ?(INIT_LAB_\w+)=", (ROOT / "deploy/limits.env").read_text(encoding="utf-8"))
    assert named
    assert set(named) <= set(LIMITS)


def test_nginx_lets_the_largest_file_and_a_little_more_through() -> None:
    """``m`` is MiB in nginx; a multipart body has some hundred bytes beside the file."""
    found = map(int, re.findall(r"client_max_body_size (\d+)m;", _read("docs/deploying.md")))
    for name, megabytes in zip(("INIT_LAB_UPLOAD", "INIT_LAB_WEIGHTS"), found, strict=True):
        assert LIMITS[name].default < megabytes <= LIMITS[name].default + 2


def test_the_proxy_asks_for_health_denies_the_metrics_and_holds_to_a_replica() -> None:
    """tests/load/test_replicas.py tries it, where haproxy is."""
    rules = _read("deploy/haproxy.cfg")
    assert "uri /_stcore/health " in rules
    # a path may come with its letters as %5F, and large
    assert re.search(r"http-request deny .* if \{ path,url_dec -m sub -i _stcore/metrics \}", rules)
    assert re.search(r"(?m)^\s*cookie \w+ insert ", rules)
    assert "/deploy/haproxy.cfg:" in _read("compose.yaml")


def test_the_proxy_keeps_what_the_runbook_promises() -> None:
    """The rules by which it does, as HAProxy's manual has them; tests/load/test_replicas.py tries some."""
    rules = [" ".join(line.split()) for line in _read("deploy/haproxy.cfg").splitlines()]
    (cookie,) = (rule.split() for rule in rules if rule.startswith("cookie "))
    # not readable by scripts, in no cache, not handed on to the app, and without a replica's address
    assert {"insert", "indirect", "nocache", "httponly", "dynamic"} <= set(cookie)
    assert not {"rewrite", "prefix", "maxidle", "maxlife", "domain"} & set(cookie)
    # what a visitor claims of an address counts for nothing
    assert "http-request del-header Forwarded" in rules
    assert "http-request set-header X-Forwarded-For %[src]" in rules
    # asked every two seconds, left after three checks without an answer, and its websockets with it
    (check,) = (rule for rule in rules if rule.startswith("default-server "))
    assert "check inter 2s " in check
    assert " fall 3 " in check
    assert check.endswith("on-marked-down shutdown-sessions")
    # a refusal gives the visitor to another; what changes something is sent once
    assert {"option redispatch 1", "http-request disable-l7-retry unless METH_GET"} <= set(rules)
    # a silent connection lasts a minute at least, a websocket longer
    times = dict(re.findall(r"(?m)^timeout (client|server|tunnel) (\d+[smh])$", "\n".join(rules)))
    assert times == {"client": "60s", "server": "60s", "tunnel": "1h"}
    assert any(rule.startswith("server-template replica 1-16 ") for rule in rules)
    # a visitor stays for hours: by turns, a replica that has come back would long have fewer
    assert "balance leastconn" in rules
    assert not any(rule.startswith("log ") or "httplog" in rule for rule in rules)


#: What the runbook's table says that Compose takes from its environment, and its ``docker run`` by hand.
COMPOSED = {"PORT": "8501", "BIND": "0.0.0.0", "MEMORY": "2g", "CPUS": "2", "PROXY_PORT": "8080"}  # noqa: S104


def test_the_composition_starts_as_the_runbook_says() -> None:
    compose, runbook = _read("compose.yaml"), (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
    assert dict(re.findall(r"\$\{(\w+):-([^}]+)\}", compose)) == COMPOSED
    table = runbook.partition("## Compose")[2].partition("## Replicas")[0]
    assert dict(re.findall(r"(?m)^\| `(\w+)` \| (\S+) \|", table)) == COMPOSED
    block = _blocks()["x-app"]
    for words in ("--tmpfs /tmp:size=64m", "--memory 2g", "--cpus 2", "--pids-limit 512"):
        assert words in runbook
    for words in ('tmpfs: ["/tmp:size=64m"]', "pids_limit: 512", "init: true"):
        assert words in block
    assert "--cap-drop ALL --security-opt no-new-privileges" in runbook
    assert re.search(r"scale: 2\b", _blocks()["replica"])  # with app three in all
