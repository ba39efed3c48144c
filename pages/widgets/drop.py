"""Where a file of weights is dropped or chosen: the place for the browser's script, and its words."""

import json
from html import escape
from typing import Literal

import streamlit as st

from pages.jobs import operator_folder
from pages.jobs.cache import visitor
from pages.live import browser
from pages.state.operator_limits import limit
from pages.text import Text

#: The words that the script fills by itself, with what stands in them.
_FILLED = {
    "reading": ("name", "share"),
    "judging": ("name", "share"),
    "sending": ("name", "share"),
    "begun": ("name",),
    "stopped": ("name",),
    "ready": ("name",),
    "unread": ("name", "size"),
}
_PLAIN = ("label", "here", "choose", "promise", "cancel", "send", "cut", "odd", "lost", "held")


def zone(t: Text, into: Literal["report", "against"] = "report") -> None:
    """Show a zone in which a file is dropped; what has been read of it becomes the control ``into``.

    The script writes into it how far it is, and what is refused; see ``pages/live/drop.js``.
    """
    if not browser.SERVED:
        if into == "report":
            st.html(f'<p class="lab-context">{t("drop.away")}</p>')
        return
    words = {name: t(f"drop.{name}") for name in _PLAIN}
    if into == "against":
        words |= {"here": t("drop.other_here"), "label": t("drop.other_label")}
    words |= {
        name: t(f"drop.{name}", **{each: f"{{{each}}}" for each in has}) for name, has in _FILLED.items()
    }
    largest = limit("WEIGHTS")
    words["large"] = t("drop.large", n=largest) if largest else t("drop.closed")
    told = {
        "words": words,
        "lang": t.language,
        "visitor": visitor(),
        "largest": largest << 20,
        "files": operator_folder.listed(),
    }
    has = escape(json.dumps(told), quote=True)
    st.html(f'<div class="lab-drop" data-lab-into="{into}" data-lab-drop="{has}"></div>')
