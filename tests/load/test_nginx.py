"""The runbook's nginx, as it stands there and under a path, before a real server: TLS, and all of a page."""

import re
import shutil
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from tests.support.guest import until
from tests.support.stream import ROOT, free_port, server

pytestmark = pytest.mark.skipif(
    shutil.which("nginx") is None or shutil.which("openssl") is None, reason="nginx or openssl is not on PATH"
)
(EXAMPLE,) = re.findall(r"```nginx\n(.*?)```", (ROOT / "docs" / "deploying.md").read_text("utf-8"), re.DOTALL)
#: What surrounds a site's own configuration on any machine.
AROUND = """
daemon off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
access_log off;
client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
{site}
}}
"""
#: The certificate is the test's own.
TRUSTING = ssl.create_default_context()
TRUSTING.check_hostname, TRUSTING.verify_mode = False, ssl.CERT_NONE


@pytest.fixture(scope="module", params=["/", "/initlab/"], ids=["root", "path"])
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield where the app is found behind the proxy."""
    folder, port, path = tmp_path_factory.mktemp("nginx"), free_port(), request.param
    named = ["-subj", "/CN=lab.example.org", "-keyout", f"{folder}/key", "-out", f"{folder}/cert"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *named]
    subprocess.run(made, check=True, capture_output=True)
    with server() as app:
        site = EXAMPLE.replace("listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
        site = re.sub(r"/etc/ssl/\S+\.pem", f"{folder}/cert", site)
        site = re.sub(r"/etc/ssl/\S+\.key", f"{folder}/key", site)
        slash = "/" if path != "/" else ""
        site = site.replace("http://127.0.0.1:8501", f"http://127.0.0.1:{app.port}{slash}")
        site = site.replace("location / {", f"location {path} {{")
        file = Path(folder / "nginx.conf")
        file.write_text(AROUND.format(folder=folder, site=site), encoding="utf-8")
        nginx = subprocess.Popen(["nginx", "-c", str(file)], stderr=subprocess.DEVNULL)
        try:
            yield f"https://127.0.0.1:{port}{path}"
        finally:
            nginx.terminate()
            nginx.wait(10)


def _status(address: str) -> int:
    try:
        with urllib.request.urlopen(address, context=TRUSTING, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def test_pages_their_files_and_the_websocket_come_through_and_the_metrics_do_not(address: str) -> None:
    assert until(lambda: _status(f"{address}_stcore/health") == 200)
    for page in ("", "distribution", "asleep", "asleep.js"):
        assert _status(address + page) == 200
    assert _status(f"{address}_stcore/metrics") == 404
    origin: Any = address.rpartition("://")[0] + "://" + address.split("/")[2]
    stream = address.replace("https", "wss") + "_stcore/stream"
    protocols: Any = ["streamlit"]
    opened = connect(stream, subprotocols=protocols, origin=origin, ssl=TRUSTING, max_size=None, legacy=True)
    with closing(opened) as visitor:
        message = BackMsg()
        message.rerun_script.page_name = "distribution"
        visitor.send(message.SerializeToString())
        kinds = []
        while "script_finished" not in kinds:
            kinds.append(str(ForwardMsg.FromString(bytes(visitor.recv(timeout=30))).WhichOneof("type")))  # type: ignore[arg-type]
    assert kinds.count("delta") > 10
