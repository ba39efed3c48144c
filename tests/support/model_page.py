"""The model page, opened by a link, and its tables of numbers read back."""

import re

from streamlit.testing.v1 import AppTest

from tests.support.screen import opened, said
from tests.support.written import read

DEEP = "6-5.kaiming_normal.relu-4.xavier_uniform.tanh-7.orthogonal.no_bias.gelu-3.softmax"


def opened_model(**link: str) -> AppTest:
    return opened("model", **link)


def tables_of(app: AppTest) -> dict[str, list[list[float]]]:
    """Return the tables of numbers on the page, by the name in their caption."""
    tables = {}
    for name, body in re.findall(r"<caption><b>(.*?)</b>.*?</caption>.*?<tbody>(.*?)</tbody>", said(app)):
        rows = [re.findall(r"<td[^>]*>([^<]*)</td>", row) for row in body.split("</tr>") if row]
        tables[name] = [[read(cell) for cell in row] for row in rows]
    return tables
