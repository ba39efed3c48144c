"""Several charts of one report have their numbers, by which their tables are found."""

import re

import pytest

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
