"""Where others in the network reach a page that this machine has opened under a name of its own."""

import ipaddress
import socket
import struct
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st

#: Where the server listens, and the names under which it may be called; '' is Streamlit's own, none are any.
LISTENS = ""
NAMES: tuple[str, ...] = ()
#: Addresses for examples (RFC 5737, RFC 3849): what would be sent there shows the way out of this machine.
_FAR = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
#: Networks between this machine's own guests, by how they begin.
_INNER = ("docker", "br-", "veth", "virbr")
#: Linux: an interface's address.
_ADDRESS = 0x8915
#: Where these are, the addresses are those of a container, which its machine keeps to itself.
_CONTAINED = (Path("/.dockerenv"), Path("/run/.containerenv"))


def is_own(host: str | None) -> bool:
    """Tell whether a host's name means, on each machine, that machine itself."""
    name = (host or "").rstrip(".").lower()
    with suppress(ValueError):
        return ipaddress.ip_address(name).is_loopback
    return name == "localhost" or name.endswith(".localhost")


def is_alone() -> bool:
    """Tell whether the server listens to this machine alone."""
    return is_own(_listens())


def elsewhere(address: str) -> list[str]:
    """Return a page's addresses for other machines, the likeliest first; none where they are not known."""
    parts = urlsplit(address)
    hosts = [name for name in NAMES if "*" not in name and not is_own(name)][:1] if NAMES else addresses()
    port = f":{parts.port}" if parts.port else ""
    return [parts._replace(netloc=(f"[{host}]" if ":" in host else host) + port).geturl() for host in hosts]


def addresses() -> list[str]:
    """Return this machine's addresses in its networks, first that of the way out; nothing is sent."""
    if any(map(Path.exists, _CONTAINED)):
        return []
    found = [*_ways_out(), *_interfaces()]
    kinds = {4, 6} if ":" in _listens() else {4}
    usable = (ipaddress.ip_address(one.partition("%")[0]) for one in found)
    seen = [one for one in usable if one.version in kinds and not one.is_loopback and not one.is_link_local]
    return list(dict.fromkeys(map(str, seen)))


def _listens() -> str:
    return LISTENS or str(st.get_option("server.address") or "0.0.0.0")  # noqa: S104


def _ways_out() -> list[str]:
    """Return the addresses from which this machine would send far away, as the system names them."""
    found = []
    for family, far in _FAR:
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((far, 9))  # of a datagram socket this only notes where it would send
            found.append(str(probe.getsockname()[0]))
    return found


def _interfaces() -> list[str]:
    """Return the IPv4 addresses of all interfaces to other machines, where the system is Linux."""
    found = []
    with suppress(ImportError, OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        from fcntl import ioctl  # noqa: PLC0415 - which not every system has

        for _, name in socket.if_nameindex():
            if not name.startswith(_INNER):
                with suppress(OSError):  # it has none
                    told = ioctl(asked.fileno(), _ADDRESS, struct.pack("256s", name.encode()[:15]))
                    found.append(socket.inet_ntoa(told[20:24]))
    return found
