"""Tables: what a spreadsheet or a CSV file gives, and what it must not."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import TableError, read_table
from core.table import MAX_ROWS, written_table

TABLE = ((1.0, 2.0, 3.0), (4.0, 5.5, -6.0))


@pytest.mark.parametrize(
    "text",
    [
        "1,2,3\n4,5.5,-6",
        "1;2;3\n4;5.5;-6",
        "1\t2\t3\n4\t5.5\t-6",
        "1 2 3\n4 5.5 -6",
        "  1   2 3  \n 4  5.5     -6 ",
        "1, 2, 3\n4,\t5.5 , -6",
        "1; 2; 3\n4; 5.5; -6\n",
        "\ufeff1,2,3\n4,5.5,-6",
        "\ufeffa,b,c\r\n1,2,3\r\n4,5.5,-6\r\n",
        "1,2,3\r\n4,5.5,-6\r\n",
        "1,2,3\r4,5.5,-6\r",
        '"1","2","3"\n"4","5.5","-6"',
        '"x, first";"y";"z"\n1;2;3\n4;5.5;-6',
        '"1"\t2\t"3"\n4\t5.5\t"-6"',
        "x,y,z\n1,2,3\n4,5.5,-6",
        "x y z\n1 2 3\n4 5.5 -6",
        "特征一,特征二,特征三\n1,2,3\n4,5.5,-6",
        ",,\n1,2,3\n4,5.5,-6",
        "\n\n1,2,3\n\n   \n4,5.5,-6\n\t\n\n",
        "1,2,3\n4,5.5,−6",
        "+1,2.,3.0\n4e0,0.55e1,-60E-1",
        "1e0,.2e1,30e-1\n4,5.5,−6",
        "1e0,2,3\n4,5.5,−60e−1",
        # as a Chinese keyboard writes it
        "1，2，3\n4，5.5，－6",
        "１；２；３\n４；５．５；−６",
        "1、2、3\n4、5.5、-6",
        "１　２　３\n４　５．５　－６",
        "长，宽，高\n1，2，3\n4，5.5，-6",
    ],
    ids=ascii,
)
def test_a_table_is_read_however_it_is_written(text: str) -> None:
    assert read_table(text) == TABLE


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("7", ((7.0,),)),
        ("7\n8\n9", ((7.0,), (8.0,), (9.0,))),
        ("x\n7\n8", ((7.0,), (8.0,))),
        ('"7"\n"8"', ((7.0,), (8.0,))),
        ('"7"\n8', ((7.0,), (8.0,))),
        ("1,2", ((1.0, 2.0),)),
        ("1;2\n3;4", ((1.0, 2.0), (3.0, 4.0))),
        ("0.1,1e-300,1.7976931348623157e308", ((0.1, 1e-300, 1.7976931348623157e308),)),
        ("-0,0", ((0.0, 0.0),)),
        ("5e-324", ((5e-324,),)),
        # a comma within a cell is a decimal comma
        ("1,5;2,5", ((1.5, 2.5),)),
        ("1,5;2\n3;4,25", ((1.5, 2.0), (3.0, 4.25))),
        ("1;2\n3;4,5", ((1.0, 2.0), (3.0, 4.5))),
        ("1,5\t2,5\n-3,25\t+4", ((1.5, 2.5), (-3.25, 4.0))),
        ("1,5 2,5\n3 4", ((1.5, 2.5), (3.0, 4.0))),
        ("1,5  2\n3   4,5", ((1.5, 2.0), (3.0, 4.5))),
        ("1 2\n3,5 4", ((1.0, 2.0), (3.5, 4.0))),
        ("a;b\n1,5e3;−2,5e-1", ((1500.0, -0.25),)),
        ("a b\n1,5 2,5", ((1.5, 2.5),)),
        ('"1,5","2,5"', ((1.5, 2.5),)),
        ("1,234;5,678", ((1.234, 5.678),)),
        ("1,5;\n2,5;", ((1.5,), (2.5,))),
        # between cells it divides them
        ("1,2,3", ((1.0, 2.0, 3.0),)),
        ("1,5", ((1.0, 5.0),)),
        ("1,5\n2,5", ((1.0, 5.0), (2.0, 5.0))),
        ("1,5 \n2,5", ((1.0, 5.0), (2.0, 5.0))),
        ("1, 5", ((1.0, 5.0),)),
        ("1.5 2.5", ((1.5, 2.5),)),
    ],
    ids=ascii,
)
def test_a_number_is_the_nearest_float(text: str, rows: tuple[tuple[float, ...], ...]) -> None:
    assert read_table(text) == rows


def test_numbers_are_floats_and_rows_tuples() -> None:
    rows = read_table("1,2\n3,4")
    assert {type(row) for row in (rows, *rows)} == {tuple}
    assert {type(cell) for row in rows for cell in row} == {float}
    assert math.copysign(1, read_table("-0")[0][0]) == math.copysign(1, read_table("−0")[0][0]) == -1


@pytest.mark.parametrize("text", ["", "\n\n", "   \n\t\n", "\ufeff", "\r\n\r\n"], ids=ascii)
def test_text_without_a_row_is_refused(text: str) -> None:
    with pytest.raises(TableError) as refused:
        read_table(text)
    assert refused.value.code == "table.empty"


@pytest.mark.parametrize(
    ("text", "row", "column"),
    [
        ("1,2\n3,x", 2, 2),
        ("1,2\n3,nan", 2, 2),
        ("1,2\nNaN,3", 2, 1),
        ("nan,nan\n1,2", 1, 1),
        ("1,2\n3,inf", 2, 2),
        ("1,2\n-Infinity,3", 2, 1),
        ("1,2\n−inf,3", 2, 1),
        ("1,2\n1e400,3", 2, 1),
        ("1,2\n3,", 2, 2),
        ("1,,2\n3,4,5", 1, 2),
        ("1,2,\n3,,4", 1, 3),
        (",1\n2,3", 1, 1),
        ("x,y\n1,2\n3,z", 3, 2),
        ("x,1\n2,3", 1, 1),
        ("x", 1, 1),
        ("x,y", 1, 1),
        ("x,y\nz,w", 2, 1),
        ("1,2\n\n\n3,?", 4, 2),
        ("\n\n1,2\n3,x", 4, 2),
        ("\r\n1,2\r\n3,x\r\n", 3, 2),
        ("1;2\n3;4,,5", 2, 2),
        ("1\t2,", 1, 2),
        ("1;,5", 1, 2),
        ("1 2\n3 4kg", 2, 2),
        ("1,2\n3,0x10", 2, 2),
        ("1,2\n3,=A1", 2, 2),
        ("1,2\n1e-400,3", 2, 1),
        ("1,2\n3," + "z" * 100_000, 2, 2),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_a_cell_that_is_no_finite_number_is_refused_and_named(text: str, row: int, column: int) -> None:
    with pytest.raises(TableError) as refused:
        read_table(text)
    assert refused.value.code == "table.cell"
    assert (refused.value.facts["row"], refused.value.facts["column"]) == (row, column)
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("text", "row", "column"),
    [
        ("1.234,5;2", 1, 1),
        ("1;2\n3;1,234.5", 2, 2),
        ("1;1.234.567", 1, 2),
        ("1;1,234,567", 1, 2),
        ("1\t-1 234,5", 1, 2),
        ("1\u00a0234\t5", 1, 1),
        ("1'234;5", 1, 1),
        ('"1,234.5","2"', 1, 1),
        ("1.234,5 2,5", 1, 1),
        ("1,234,567 1,5", 1, 1),
    ],
    ids=ascii,
)
def test_marks_of_thousands_are_refused(text: str, row: int, column: int) -> None:
    with pytest.raises(TableError) as refused:
        read_table(text)
    assert refused.value.code == "table.thousands"
    assert (refused.value.facts["row"], refused.value.facts["column"]) == (row, column)


@pytest.mark.parametrize(
    ("text", "row", "column", "comma", "point"),
    [
        ("1,5;2.5", 1, 2, "1,5", "2.5"),
        ("1.5;2\n3;1,234", 2, 2, "1,234", "1.5"),
        ("1\t2,5\n3.5\t4", 2, 1, "2,5", "3.5"),
        ("1,5 2.5", 1, 2, "1,5", "2.5"),
    ],
    ids=ascii,
)
def test_commas_beside_points_are_refused(text: str, row: int, column: int, comma: str, point: str) -> None:
    """1,234 beside 1.5 is a thousand, beside 1,5 it is not."""
    with pytest.raises(TableError) as refused:
        read_table(text)
    assert refused.value.code == "table.marks"
    assert refused.value.facts == {"row": row, "column": column, "comma": comma, "point": point}


@pytest.mark.parametrize("text", [None, b"1,2", 3, 2.5, ["1,2"], math.nan, {}], ids=repr)
def test_what_is_no_text_is_refused(text: Any) -> None:
    with pytest.raises(TableError) as refused:
        read_table(text)
    assert refused.value.code == "table.type"


@pytest.mark.parametrize(
    "rows",
    [None, 3, [1, 2], [[None]], [["x"]], [[math.nan]], [[math.inf]], [[[1]]], [[10**400]], b"1", [[1j]]],
    ids=lambda rows: repr(rows)[:20],
)
def test_what_are_no_rows_of_numbers_are_not_written(rows: Any) -> None:
    with pytest.raises(TableError) as refused:
        written_table(rows)
    assert refused.value.code == "table.numbers"


@pytest.mark.parametrize(
    "text", ["\ud800", "\x00", "1,\x00", "1" * 10**6, "1," * 10**6, "\ud800;1", ";" * 10**6], ids=range(7)
)
def test_hostile_text_is_a_table_or_refused(text: str) -> None:
    try:
        rows = read_table(text)
    except TableError as error:
        assert len(str(error)) < 200  # noqa: PT017
    else:
        assert rows == ((1.0,) * 10**6,)


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("1,2\n3", 2),
        ("1,2\n3,4,5", 2),
        ("1\n2\n3 4", 3),
        ("x,y,z\n1,2\n3,4,5", 3),
        ("1;2\n3,4", 2),
        ("1,2\n\n3,4\n5", 4),
    ],
    ids=ascii,
)
def test_rows_of_other_lengths_are_refused_and_named(text: str, row: int) -> None:
    with pytest.raises(TableError) as refused:
        read_table(text)
    assert refused.value.code == "table.ragged"
    assert refused.value.facts["row"] == row


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=ascii)
def test_1024_rows_are_read_and_1025_are_not(end: str) -> None:
    assert MAX_ROWS == 1024
    lines = [f"{i},{-i}" for i in range(1025)]
    assert read_table(end.join(lines[:1024])) == tuple((float(i), -float(i)) for i in range(1024))
    assert len(read_table(end.join(["x,y", *lines[:1024]]) + end)) == 1024
    assert len(read_table((2 * end).join(lines[:1024]))) == 1024
    for text in (end.join(lines), end.join(["x,y", *lines])):
        with pytest.raises(TableError) as refused:
            read_table(text)
        assert refused.value.code == "table.rows"
        assert refused.value.facts["rows"] == 1025
        assert refused.value.facts["most"] == 1024


def test_a_million_rows_are_refused_before_one_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("core.table._cells", read)
    for line in ("1,2\n", "1,2\r\n", "x\n"):
        with pytest.raises(TableError) as refused:
            read_table(line * 10**6)
        assert refused.value.code == "table.rows"
        assert refused.value.facts["rows"] == 10**6


def test_a_cell_of_any_length_is_a_number_or_refused() -> None:
    assert read_table("0" * 1000 + "7,1") == ((7.0, 1.0),)
    with pytest.raises(TableError):
        read_table("z" * 200_000 + ",1\n2,3\n4,x")


def test_a_table_may_be_wide() -> None:
    assert read_table(",".join(["1"] * 10_000)) == ((1.0,) * 10_000,)


def test_a_written_table_is_as_short_as_it_can_be() -> None:
    assert written_table(TABLE) == "1,2,3\n4,5.5,-6"
    assert written_table([[0.1, -1e-300], [1e22, 0.0]]) == "0.1,-1e-300\n1e+22,0"
    assert written_table([[3, 4]]) == "3,4"


finite = st.floats(allow_nan=False, allow_infinity=False)
tables = st.integers(1, 6).flatmap(
    lambda width: st.lists(st.lists(finite, min_size=width, max_size=width), min_size=1, max_size=20)
)


@given(tables)
def test_what_is_written_is_read_to_the_last_bit(rows: list[list[float]]) -> None:
    back = read_table(written_table(rows))
    assert [[x.hex() for x in row] for row in back] == [[x.hex() for x in row] for row in rows]


@given(tables, st.sampled_from(";\t, "), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.booleans())
def test_any_table_is_read_whatever_divides_it(
    rows: list[list[float]],
    mark: str,
    end: str,
    header: bool,  # noqa: FBT001
    quoted: bool,  # noqa: FBT001
) -> None:
    quote = '"' if quoted and mark != " " and len(rows[0]) > 1 else ""
    lines = [mark.join(f"{quote}{x!r}{quote}" for x in row) for row in rows]
    if header:
        lines.insert(0, mark.join(f"x{i}" for i in range(len(rows[0]))))
    assert read_table(end.join(lines) + end) == tuple(tuple(row) for row in rows)


@given(st.text(alphabet='0123456789.,;-+eE \t\n\r"x−\ufeff', max_size=40) | st.text(max_size=40))
def test_any_text_is_a_table_or_refused(text: str) -> None:
    try:
        rows = read_table(text)
    except TableError as error:
        assert error.code.startswith("table.")  # noqa: PT017
    else:
        assert len({len(row) for row in rows}) == 1
        assert all(math.isfinite(cell) for row in rows for cell in row)


@given(tables, st.sampled_from(";\t"), st.booleans())
def test_any_table_is_read_with_decimal_commas(
    rows: list[list[float]],
    mark: str,
    header: bool,  # noqa: FBT001
) -> None:
    lines = [mark.join(repr(x).replace(".", ",") for x in row) + mark for row in rows]
    if header:
        lines.insert(0, mark.join(f"x{i}" for i in range(len(rows[0]))) + mark)
    assert read_table("\n".join(lines)) == tuple(tuple(row) for row in rows)


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ("1;\t2", (1, 2)),
        ("1,5;\t2,5", (1.5, 2.5)),
        ("1\t;2", (1, 2)),
        ("1; 2", (1, 2)),
        ("1,5\t2,5", (1.5, 2.5)),
        ("1\t 2", (1, 2)),
        ("1, 2", (1, 2)),
        ("1,5 2,5", (1.5, 2.5)),
    ],
)
def test_of_several_marks_the_first_of_their_order_divides(line: str, row: tuple[float, ...]) -> None:
    """Semicolon, tab, comma, space: what of the others is left beside a number is no part of it."""
    assert read_table(line) == (row,)
    assert read_table(f"{line}\n{line}") == (row, row)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_million_lines_are_counted_before_any_is_read(end: str) -> None:
    """Blank ones are no rows; a step in Python for each line took longer than the page."""
    with pytest.raises(TableError) as refused:
        read_table(f"1,2,3{end} \t{end}" * 500_000)
    assert refused.value.facts["rows"] == 500_000
    assert read_table(f"1,2,3{end}" + f" {end}" * 5000) == ((1.0, 2.0, 3.0),)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("1,2\n" * 3000, 3000),
        ("1,2\r\n" * 3000, 3000),
        ("1,2\r" * 3000, 3000),
        ("1,2\n\n \t\n\x1f\r" * 3000, 3000),
        ("\n" * 9000 + "1\v2\f3\x1c4\x1d5\x1e" * 1000 + "\n" * 9000, 5000),
        ("1,2\u2028\u3000\n" * 3000, 3000),
        ("\ufeff" + "1\n" * 2049, 2049),
    ],
    ids=lambda value: f"{len(value)}" if isinstance(value, str) else str(value),
)
def test_rows_of_a_table_that_is_far_too_long_are_counted(text: str, rows: int) -> None:
    """A line ends and is blank as Python's splitlines and strip have it."""
    with pytest.raises(TableError) as refused:
        read_table(text)
    assert refused.value.facts["rows"] == rows


def test_three_digits_behind_a_comma_are_decimals_as_fewer_are() -> None:
    assert read_table("1,000;2,000") == ((1.0, 2.0),)
    with pytest.raises(TableError) as refused:
        read_table("1,000,000;2")  # which no decimal is
    assert refused.value.code == "table.thousands"
