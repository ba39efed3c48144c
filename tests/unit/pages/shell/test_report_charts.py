"""Several charts of one report have their numbers, by which their tables are found; these fit a sheet."""

import re

import numpy as np
import plotly.graph_objects as go
import pytest

from pages.figures.chart_data import Series, attach, grid
from pages.shell.report import Picture, Report, report
from pages.text import Text
from tests.support.charts import every_chart


@pytest.mark.parametrize(
    ("language", "first", "second"), [("en", "Chart 1", "Chart 2"), ("zh", "图 1", "图 2")]
)
def test_charts_count_from_1_over_each_and_over_its_numbers(language: str, first: str, second: str) -> None:
    chart = every_chart()["distribution.weights"]
    for number, headings in ((1, []), (2, [first, second] * 2)):
        pictures = [Picture(chart, f"alt {at}") for at in range(number)]
        written = report(Report("It", "", pictures=pictures), Text(language))
        assert re.findall(r"<h3>([^<]*)</h3>", written) == headings
        assert re.findall(r'<figcaption id="alt-(\d)">alt (\d)<', written) == [
            (str(at), str(at)) for at in range(number)
        ]


def test_a_table_is_as_wide_and_as_long_as_a_sheet_of_paper_has_room_for() -> None:
    """Nine columns of numbers, and two hundred rows of one chart: five sheets of forty lines."""
    weights = [Series("weights", grid("unit", "input", np.ones((300, 64))))]
    chart = attach(go.Figure(), lambda: weights)
    written = report(Report("It", "", pictures=[Picture(chart, "alt")]), Text("en"))
    rows = re.findall("<tr>.*?</tr>", written)
    assert [len(re.findall("<t[hd]", row)) for row in rows] == [9] * (1 + 200)
    assert "The first 200 of 300 rows and 9 of 65 columns; the CSV file has all." in written
