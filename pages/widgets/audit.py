"""The way from a network of the lab to the map of its weights: did it start as its code says?"""

import streamlit as st

from pages.jobs import checkpoint as jobs
from pages.jobs.model import NetworkRun
from pages.state.controls import PAGES
from pages.text import Text


def way(run: NetworkRun, t: Text) -> None:
    """Show a button that judges a network by what its own layers say, and opens what was found."""
    if st.button(t("checkpoint.audit"), key="audit", type="tertiary"):
        st.switch_page(PAGES["checkpoint"], query_params={"v": "1", "report": jobs.audited(run)})
