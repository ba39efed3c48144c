"""The runbook's Apache with sign-on, as it stands there: nobody comes in who has not signed on."""

import base64
import hashlib
import hmac
import json
import re
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.support.guest import until
from tests.support.stream import ROOT, free_port, server

MODULES = Path("/usr/lib/apache2/modules")
pytestmark = pytest.mark.skipif(
    shutil.which("apache2") is None or not (MODULES / "mod_auth_openidc.so").exists(),
    reason="apache2 with mod_auth_openidc is not installed",
)
(EXAMPLE,) = re.findall(
    r"```apache\n(.*?)```", (ROOT / "docs" / "deploying.md").read_text("utf-8"), re.DOTALL
)
SECRET = "the-provider-s-secret-for-this-client"  # noqa: S105 - the runbook's own example
#: What surrounds a site's own configuration on any machine.
AROUND = """
ServerRoot {folder}
ServerName localhost
PidFile {folder}/pid
DefaultRuntimeDir {folder}
ErrorLog {folder}/error.log
User www-data
Group www-data
Listen 127.0.0.1:{port}
{modules}
OIDCIDTokenSignedResponseAlg HS256
OIDCResponseType code
{site}
"""
LOADED = ("mpm_event", "authn_core", "authz_core", "authz_user", "ssl", "socache_shmcb", "headers", "proxy")
LOADED += ("proxy_http", "proxy_wstunnel", "auth_openidc")


class Provider(BaseHTTPRequestHandler):
    """An OpenID Connect provider where everybody is Ada (OpenID Connect Core 1.0, 3.1)."""

    at = ""
    nonce = ""

    def do_GET(self) -> None:
        address, asked = urlsplit(self.path), {}
        if address.query:
            asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        if address.path == "/authorize":
            Provider.nonce = asked["nonce"]
            self.send_response(302)
            back = urlencode({"code": "once", "state": asked["state"], "iss": self.at})
            self.send_header("Location", f"{asked['redirect_uri']}?{back}")
            self.end_headers()
        else:
            paths = {name: f"{self.at}/{name}" for name in ("authorize", "token", "jwks")}
            self._say(
                {
                    "issuer": self.at,
                    "authorization_endpoint": paths["authorize"],
                    "token_endpoint": paths["token"],
                    "jwks_uri": paths["jwks"],
                    "response_types_supported": ["code"],
                    "keys": [],
                }
            )

    def do_POST(self) -> None:
        now = int(time.time())
        claims = {"iss": self.at, "sub": "ada", "aud": "init-lab", "iat": now, "exp": now + 300}
        parts = [
            _encoded(json.dumps(part).encode())
            for part in ({"alg": "HS256"}, {**claims, "nonce": self.nonce})
        ]
        signed = hmac.new(SECRET.encode(), ".".join(parts).encode(), hashlib.sha256).digest()
        token = ".".join([*parts, _encoded(signed)])
        self._say({"access_token": "a", "token_type": "Bearer", "id_token": token, "expires_in": 300})

    def _say(self, said: object) -> None:
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Front(NamedTuple):
    """Where the proxy is, and the certificate that it has."""

    address: str
    certificate: str

    def browser(self) -> requests.Session:
        session = requests.Session()
        session.trust_env, session.verify = False, self.certificate
        return session

    def stream(self, cookies: str) -> ClientConnection:
        given: Any = {"subprotocols": ["streamlit"], "origin": self.address, "max_size": None}
        return connect(
            self.address.replace("https", "wss") + "/_stcore/stream",
            ssl=ssl.create_default_context(cafile=self.certificate),
            additional_headers={"Cookie": cookies},
            **given,
        )


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """Yield where the app is found behind the proxy."""
    folder, port = tmp_path_factory.mktemp("apache"), free_port()
    named = ["-subj", "/CN=localhost", "-keyout", f"{folder}/key", "-out", f"{folder}/cert"]
    named += ["-addext", "subjectAltName=DNS:localhost"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *named]
    subprocess.run(made, check=True, capture_output=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as provider, server() as app:
        threading.Thread(target=provider.serve_forever, daemon=True).start()
        Provider.at = f"http://127.0.0.1:{provider.server_port}"
        site = EXAMPLE.replace("*:443", f"*:{port}").replace("lab.example.org\n", "localhost\n", 1)
        site = re.sub(r"/etc/ssl/\S+\.pem", f"{folder}/cert", site)
        site = re.sub(r"/etc/ssl/\S+\.key", f"{folder}/key", site)
        site = site.replace("https://id.example.org", Provider.at)
        site = site.replace("http://127.0.0.1:8501", f"http://127.0.0.1:{app.port}")
        modules = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in LOADED)
        file = folder / "apache.conf"
        file.write_text(AROUND.format(folder=folder, port=port, modules=modules, site=site), encoding="utf-8")
        apache = subprocess.Popen(["apache2", "-f", str(file), "-DFOREGROUND"])
        try:
            front = Front(f"https://localhost:{port}", f"{folder}/cert")
            assert until(lambda: _answers(front))
            yield front
        finally:
            apache.terminate()
            apache.wait(10)
            provider.shutdown()


def _answers(front: Front) -> bool:
    try:
        return front.browser().get(front.address, allow_redirects=False, timeout=5).status_code > 0
    except requests.ConnectionError:
        return False


def test_who_has_signed_on_comes_in_and_nobody_else(front: Front) -> None:
    address, browser = front.address, front.browser()
    sent_on = browser.get(address, allow_redirects=False, timeout=10)
    assert sent_on.status_code == 302
    assert sent_on.headers["location"].startswith(f"{Provider.at}/authorize?")
    with pytest.raises(InvalidStatus), front.stream(""):
        pass
    for part in ("/_stcore/health", "/static/favicon.png", "/_stcore/upload_file/a/b"):
        refused = front.browser().get(address + part, allow_redirects=False, timeout=10)
        assert refused.status_code in {302, 401}
    page = browser.get(f"{address}/distribution", timeout=10)
    assert page.url == f"{address}/distribution"  # back where one wanted to go
    assert page.status_code == 200
    assert '<div id="root">' in page.text
    assert browser.get(f"{address}/_stcore/health", timeout=10).text == "ok"
    assert browser.get(f"{address}/_stcore/metrics", timeout=10).status_code in {403, 404}
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    with front.stream(cookies) as visitor:
        message = BackMsg()
        message.rerun_script.page_name = "distribution"
        visitor.send(message.SerializeToString())
        kinds = []
        while "script_finished" not in kinds:
            told = ForwardMsg.FromString(bytes(visitor.recv(timeout=30)))  # type: ignore[arg-type]
            kinds.append(str(told.WhichOneof("type")))
    assert kinds.count("delta") > 10
