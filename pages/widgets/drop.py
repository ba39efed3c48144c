"""Where a file of weights is dropped."""

import streamlit as st

from pages.text import Text


def zone(t: Text) -> None:
    """Show where a file can be dropped."""
    st.html(f'<div class="lab-drop" data-lab-drop>{t("checkpoint.drop")}</div>')
