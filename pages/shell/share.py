"""The link of all that is chosen on a page: to copy, and as a QR code for the last row."""

from html import escape
from urllib.parse import urlencode, urlsplit

import segno
import streamlit as st

from pages.shell import network
from pages.state.chosen import State
from pages.state.controls import OWN_LOOK
from pages.text import Text

#: Letters of a link whose QR code a phone reads from the last row: 53 modules a side.
READABLE = 180
#: Letters of the longest link that a QR code holds.
LONGEST = 2900


def link(state: State) -> str:
    """Return the address of what this page shows; who opens it reads it in their own language and view."""
    query = {name: value for name, value in state.query().items() if name not in OWN_LOOK}
    if query.keys() == {"v"}:
        query = {}
    return str(st.context.url or "") + (f"?{urlencode(query)}" if query else "")


def qr_code(address: str) -> str:
    """Return a QR code of an address as the address of a picture: black on white, with its quiet zone.

    Raises:
        ValueError: for an address longer than ``LONGEST``.
    """
    if len(address) > LONGEST:
        raise ValueError(f"A QR code holds {LONGEST} letters at most; the address has {len(address)}.")
    code = segno.make(address, error="m" if len(address) <= READABLE else "l", micro=False, boost_error=False)
    return str(code.svg_data_uri(border=4, omitsize=True, dark="#000000", light="#FFFFFF"))


def body(state: State, t: Text) -> None:
    """Show this page's own link."""
    show(link(state), t, note=t("share.note"), alt=t("share.alt"))


def show(address: str, t: Text, *, note: str, alt: str) -> None:
    """Show a link, a button that copies it, and its QR code, or say what keeps it from being read.

    An address that means another machine wherever it is opened gives way to this one's in its network.
    """
    address, reach = _reachable(address, t)
    words = escape(address)
    copy = (
        f'<p class="lab-link">{words}</p>'
        f'<p><button type="button" class="lab-button lab-first" data-lab-copy="{words}">'
        f"{t('share.copy')}</button> "
        f'<span class="lab-copied" role="status" data-done="{t("share.copied")}" '
        f'data-failed="{t("share.failed")}"></span></p>'
    )
    notes = [note, *reach]
    if network.is_own(urlsplit(address).hostname):
        picture = ""
    elif len(address) <= LONGEST:
        picture = f'<div class="lab-qr"><img src="{qr_code(address)}" alt="{alt}"></div>'
        if len(address) > READABLE:
            notes.append(t("share.dense"))
    else:
        picture = ""
        notes.append(t("share.too_long"))
    said = "".join(f'<p class="lab-note">{words}</p>' for words in notes)
    st.html(f'<div class="lab-share">{picture}<div>{copy}{said}</div></div>')


def printed(address: str) -> str:
    """Return an address as a picture names it, which others read: in this machine's network, or hostless."""
    parts = urlsplit(address)
    if not network.is_own(parts.hostname):
        return address
    first = [] if network.is_alone() else network.elsewhere(address)
    return first[0] if first else parts._replace(scheme="", netloc="").geturl().lstrip("/")


def _reachable(address: str, t: Text) -> tuple[str, list[str]]:
    """Return the address by which others reach a page, and what is to be said of it."""
    if not network.is_own(urlsplit(address).hostname):
        return address, []
    if network.is_alone():
        return address, [t("share.alone")]
    first, *others = network.elsewhere(address) or [""]
    if not first:
        return address, [t("share.here")]
    said = [t("share.network")]
    if others:
        hosts = t("verdict.and").join(escape(urlsplit(other).netloc) for other in others)
        said.append(t("share.others", addresses=hosts))
    return first, said
