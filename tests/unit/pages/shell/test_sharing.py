"""A QR code is read back by another library than the one that wrote it."""

import io
import ipaddress
import re
import socket
from collections.abc import Callable
from html import escape
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
import segno
import zxingcpp
from PIL import Image

from pages.shell import network
from pages.shell import share as sharing
from pages.text import Text


@pytest.mark.parametrize(
    "address",
    [
        "http://lab.example:8501/distribution",
        "https://example.edu/init/signal?v=1&rows=kaiming_normal-zeros&activation=z%2Asigmoid%281.702%2Az%29",
        "http://10.0.0.7:8501/model?v=1&data=" + "1.25%2C" * 300,
    ],
)
def test_a_code_holds_its_address(address: str) -> None:
    picture = sharing.qr_code(address)
    kind, data = picture.split(",", 1)
    assert kind.startswith("data:image/svg+xml")
    assert "<svg" in unquote(data)
    # ISO/IEC 18004: 4·version + 17 modules a side, and a quiet zone of four more on each
    (side,) = re.findall(r"viewBox='0 0 (\d+) \1'", unquote(data))
    level = "m" if len(address) <= sharing.READABLE else "l"
    code = segno.make(address, error=level, micro=False, boost_error=False)
    assert int(side) == 4 * int(code.version) + 17 + 2 * 4
    # the same modules, drawn by the writer as pixels: an SVG needs a browser, which the browser tests have
    pixels = io.BytesIO()
    code.save(pixels, kind="png", scale=4)
    (found,) = zxingcpp.read_barcodes(np.asarray(Image.open(pixels).convert("L")))
    assert found.text == address


def test_an_address_that_no_code_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="2900 letters at most"):
        sharing.qr_code("x" * 2901)


def test_a_readable_code_has_at_most_53_modules_a_side() -> None:
    # ISO/IEC 18004: version 9, of 4·9 + 17 modules, holds 180 bytes at level M
    for more, side in ((0, 53), (1, 57)):
        code = segno.make("x" * (sharing.READABLE + more), error="m", micro=False, boost_error=False)
        assert code.symbol_size(border=0)[0] == side


#: What a socket answers without any network: from where it would send.
OUT = {socket.AF_INET: "203.0.113.7", socket.AF_INET6: "2001:db8:5::7"}


class Probe:
    """A socket that knows the way out, and fails if anything is to be sent."""

    def __init__(self, family: int, kind: int) -> None:
        assert kind == socket.SOCK_DGRAM
        self.family = family

    def __enter__(self) -> "Probe":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def fileno(self) -> int:
        return -1

    def connect(self, to: tuple[str, int]) -> None:
        # RFC 5737 and RFC 3849: addresses that are nobody's
        assert ipaddress.ip_address(to[0]) in ipaddress.ip_network(
            "192.0.2.0/24" if self.family == socket.AF_INET else "2001:db8::/32"
        )

    def getsockname(self) -> tuple[str, int]:
        if not (found := OUT[socket.AddressFamily(self.family)]):
            raise OSError
        return found, 5000


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Return a function that shows an address on such a machine, and returns what is written."""

    def shown(address: str, *, listens: str = "0.0.0.0", inner: bool = False, **names: str) -> list[str]:  # noqa: S104
        written: list[str] = []
        monkeypatch.setattr(network, "LISTENS", listens)
        monkeypatch.setattr(network, "_CONTAINED", (Path("/"),) if inner else ())
        monkeypatch.setattr(network, "NAMES", tuple(names.values()))
        monkeypatch.setattr(socket, "socket", Probe)
        monkeypatch.setattr(
            network, "_interfaces", lambda: ["203.0.113.7", "127.0.0.1", "10.9.8.7", "169.254.1.1"]
        )
        monkeypatch.setattr(sharing, "qr_code", lambda of: f"code of {of}")
        monkeypatch.setattr(sharing.st, "html", written.append)
        sharing.show(address, Text("en"), note="", alt="")
        return written

    return shown


DEEP = "/signal?v=1&rows=zeros-ones&activation=z%2Asigmoid%28z%29"


@pytest.mark.parametrize(
    ("host", "listens", "reached"),
    [
        ("localhost:8501", "0.0.0.0", "203.0.113.7:8501"),  # noqa: S104
        ("127.0.0.1", "0.0.0.0", "203.0.113.7"),  # noqa: S104
        ("[::1]:9000", "::", "203.0.113.7:9000"),
        ("192.168.0.7:8501", "0.0.0.0", "192.168.0.7:8501"),  # noqa: S104
        ("lab.example.edu", "127.0.0.1", "lab.example.edu"),  # a proxy's public address
        ("localhost.example.org", "127.0.0.1", "localhost.example.org"),
    ],
)
def test_what_is_shared_opens_on_a_phone(
    host: str, listens: str, reached: str, machine: Callable[..., list[str]]
) -> None:
    (said,) = machine(f"http://{host}{DEEP}", listens=listens)
    address = escape(f"http://{reached}{DEEP}")
    assert f'data-lab-copy="{address}"' in said
    assert f'<p class="lab-link">{address}</p>' in said
    assert f'src="code of http://{reached}{DEEP}"' in said
    # another network of this machine, where the same door is
    door = "".join(re.findall(r":\d+$", reached))
    assert re.findall(r"10\.9\.8\.7[:\d]*", said) == [f"10.9.8.7{door}"] * (host != reached)
    assert ("2001:db8:5::7" in said) == (listens == "::")
    assert "169.254" not in said
    assert sharing.printed(f"http://{host}{DEEP}") == f"http://{reached}{DEEP}"


@pytest.mark.parametrize("listens", ["127.0.0.1", "::1"])
def test_what_listens_to_its_own_machine_alone_says_so_and_has_no_code(
    listens: str, machine: Callable[..., list[str]]
) -> None:
    (said,) = machine(f"http://localhost:8501{DEEP}", listens=listens)
    assert "HOST=0.0.0.0 make run" in said
    assert "<img" not in said
    assert f"http://localhost:8501{escape(DEEP)}" in said
    assert sharing.printed(f"http://localhost:8501{DEEP}") == DEEP.lstrip("/")
    assert sharing.printed("http://localhost:8501/") == ""


def test_a_container_does_not_know_its_machine_s_address(machine: Callable[..., list[str]]) -> None:
    (said,) = machine(f"http://localhost:8501{DEEP}", inner=True)
    assert "this computer only" in said
    assert "<img" not in said
    assert sharing.printed(f"http://localhost:8501{DEEP}") == DEEP.lstrip("/")


def test_a_server_that_answers_to_names_alone_is_shared_by_its_name(
    machine: Callable[..., list[str]],
) -> None:
    (said,) = machine(
        f"http://localhost:8501{DEEP}", any="*.example.edu", own="localhost", name="lab.example.edu"
    )
    assert f'src="code of http://lab.example.edu:8501{DEEP}"' in said
    assert "203.0.113.7" not in said


def test_what_the_system_names_are_addresses_of_this_machine() -> None:
    interfaces = network._interfaces()
    assert "127.0.0.1" in interfaces
    for address in (*interfaces, *(one for one in network._ways_out() if "." in one)):
        with socket.socket() as own:
            own.bind((address, 0))  # nobody can listen at another's
