"""A page that opens with a chart stands only with it."""

from streamlit.testing.v1 import AppTest

from tests.support.screen import stands


def stands_with_chart(app: AppTest) -> None:
    stands(app)
    chartless = app.query_params.get("tab", ["histogram"]) != ["histogram"] or "prepare" in app.session_state
    assert len(app.get("plotly_chart")) == 1 or chartless
