"""The field for a report that was made elsewhere, as JSON: of a module in memory, or by the command."""

import streamlit as st

from core import CheckpointError, Report
from pages.state import reports
from pages.state.chosen import State
from pages.state.parsers import Refusal
from pages.state.session import session
from pages.state.set_by_button import place
from pages.text import Text
from pages.words.refusals import alert, worded

#: Characters of a report that a field takes: of some 3 000 tensors.
MOST = 8_000_000


def field(state: State, t: Text) -> None:
    """Show the field; once it holds a report, that is shown, and the field is empty again."""
    if "report" in state.fixed:
        return

    def take() -> None:
        text, now = st.session_state["pasted"], session()
        now.unread_report = None
        if not text.strip():
            return
        try:
            open_report(reports.keep(Report.from_json(text)))
        except CheckpointError as error:
            now.unread_report = Refusal(error.code.replace(".", "_"), error.facts)
        else:
            st.session_state["pasted"] = ""

    st.text_area(
        t("checkpoint.paste"),
        key="pasted",
        on_change=take,
        max_chars=MOST,
        height=110,
        placeholder="print(audit(model).to_json())",
        persist_state="page",
    )
    if (refused := session().unread_report) is not None:
        st.html(alert(worded(refused.code, refused.facts, t("checkpoint.paste"), t)))


def open_report(key: str) -> None:
    """Have the page show another report from its first sight on."""
    place(report=key, tensor="", search="")
