"""A chart as it travels, once Plotly has checked every part of it, in the light and the dark look."""

from typing import Any

import plotly.graph_objects as go
import pytest

from pages.figures.palette import DARK, LIGHT

Part = dict[str, Any]
looks = pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])


def checked(chart: go.Figure) -> Part:
    """Return the chart as it travels, once Plotly has checked every part of it."""
    parts: Part = chart.to_dict()
    go.Figure(parts)
    return parts
