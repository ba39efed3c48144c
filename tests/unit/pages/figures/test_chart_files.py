"""A chart's numbers stand in a file and in a table as they are, and what is cut is said."""

import io
import itertools
import math
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from pages.figures import signal as signal_figures
from pages.figures.chart_data import Series, as_csv, as_table, numbers
from pages.figures.palette import LIGHT
from tests.support.charts import T, some_lines


def test_a_file_of_one_series_reads_back_exactly() -> None:
    columns = {
        "layer": np.arange(3),
        "value": np.array([0.1, 1 / 3, math.nan]),
        "half": np.array([0.1, 2.5e-8, -1], dtype=np.float32),
    }
    text = as_csv([Series("one", columns)])
    assert text.splitlines()[0] == "layer,value,half"
    assert text.splitlines()[3] == "2,,-1.0"
    table = pd.read_csv(io.StringIO(text))
    assert table.layer.dtype.kind == "i"
    np.testing.assert_array_equal(table.value, columns["value"])
    np.testing.assert_array_equal(table.half.astype(np.float32), columns["half"])


def test_series_with_one_first_column_stand_side_by_side_and_others_below_each_other() -> None:
    lines = signal_figures.by_layer(some_lines(), T, LIGHT, y_title="")
    table = pd.read_csv(io.StringIO(as_csv(numbers(lines))))
    assert list(table) == [
        *("layer", "first: middle", "first: band_low", "first: band_high", "first: theory"),
        "second, too: middle",
    ]
    np.testing.assert_array_equal(table["second, too: middle"], [3.0, 0.75, 0.0, math.nan])
    long = pd.read_csv(
        io.StringIO(as_csv([Series("a", {"x": [1, 2]}), Series('b"', {"x": [3], "y": [math.inf]})]))
    )
    assert list(long) == ["series", "x", "y"]
    assert long.series.tolist() == ["a", "a", 'b"']
    assert long.x.tolist() == [1, 2, 3]
    assert long.y.isna().tolist() == [True, True, False]


def test_word_joiners_in_chart_names_are_left_out_of_files_and_tables() -> None:
    joined = "±1/\u2060√d"
    for shared in (True, False):
        series = [Series(name, {"layer": [1], "name": [joined]}, shared=shared) for name in (joined, "He")]
        for text in (as_csv(series), as_table(series, T), as_csv(series[:1]), as_table(series[:1], T)):
            assert "\u2060" not in text
            assert "±1/√d" in text


class _Table(HTMLParser):
    """Rows of cells of every table, and the scopes of its headings."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.scopes: list[str | None] = []
        self.cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in {"th", "td"}:
            self.rows[-1].append("")
            self.cell = True
        if tag == "th":
            self.scopes.append(dict(attributes).get("scope"))

    def handle_endtag(self, tag: str) -> None:
        if tag in {"th", "td"}:
            self.cell = False

    def handle_data(self, data: str) -> None:
        if self.cell:
            self.rows[-1][-1] += data


def test_a_table_names_its_rows_and_columns_and_escapes_what_it_is_given() -> None:
    columns = {"w": [0.5, math.nan], "count": np.array([12345, 0]), "name": ["<b>", None]}
    html = as_table([Series("<script>", columns)], T)
    assert "<script>" not in html
    assert "<caption>&lt;script&gt;</caption>" in html
    table = _Table(html)
    assert table.rows == [["Weight w", "Drawn", "Name"], ["0.5", "12\u202f345", "<b>"], ["–", "0", "–"]]
    assert table.scopes == ["col"] * 3 + ["row"] * 2
    assert "lab-note" not in html


def test_a_number_to_be_read_has_five_digits_and_a_whole_one_all() -> None:
    """Zeros at its end are left out; what is past the doubles is a sign."""
    numbers_ = {math.pi: "3.1416", -1234.5678: "−1234.6", 1e5 / 3: "33333", 2 / 3e7: "6.6667×10⁻⁸"}
    numbers_ |= {0.1: "0.1", 0.0: "0", math.inf: "∞", -math.inf: "−∞"}
    whole = np.arange(len(numbers_)) + 1_234_567
    rows = _Table(as_table([Series("one", {"w": [*numbers_], "count": whole})], T)).rows[1:]
    assert [row[0] for row in rows] == [*numbers_.values()]
    assert rows[0][1] == "1\u202f234\u202f567"


@pytest.mark.parametrize(
    ("rows", "limit"), [((500,), 200), ((500, 10, 500), 200), ((3, 3), 200), ((9, 9, 9), 2)]
)
def test_a_long_table_is_cut_and_says_so(rows: tuple[int, ...], limit: int) -> None:
    series = [Series(f"s{at}", {"layer": np.arange(n)}) for at, n in enumerate(rows)]
    html = as_table(series, T, limit)
    shown = [part.count('scope="row"') for part in html.split("<table")[1:]]
    assert sum(shown) <= max(limit, len(rows))
    assert sum(shown) > min(limit, sum(rows)) - len(rows)  # what the short ones leave, the long ones have
    assert all(n == whole or whole > limit / len(rows) for n, whole in zip(shown, rows, strict=True))
    assert html.count("lab-note") == sum(n < whole for n, whole in zip(shown, rows, strict=True))


def test_a_wide_table_is_split_or_cut() -> None:
    series = [
        Series(f"s{at}", {"layer": [1], "middle": [2.0], "theory": [3.0]}, shared=True) for at in range(4)
    ]
    wide = _Table(as_table(series, T, widest=9)).rows
    assert wide[0][:3] == ["Layer", "s0Measured", "s0Theory"]
    assert len(wide[0]) == 9
    apart = _Table(as_table(series, T, widest=8)).rows
    assert len(apart) == 8
    assert apart[0] == ["Layer", "Measured", "Theory"]
    html = as_table([Series("weights", {"unit": [0], **{f"input_{i}": [i] for i in range(20)}})], T, widest=5)
    assert _Table(html).rows[0] == ["Unit", "Input 0", "Input 1", "Input 2", "Input 3"]
    assert "5 of 21" in html
    assert list(itertools.chain(*_Table(html).rows[1:])) == ["0", "0", "1", "2", "3"]
