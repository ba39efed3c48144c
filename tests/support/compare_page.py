"""The compare page, opened by a link, and its table read back."""

import re

from streamlit.testing.v1 import AppTest

from tests.support.screen import opened, said

MANY = "uniform-normal(std=0.02).1024x96-zeros-orthogonal-sparse-trunc_normal-kaiming_uniform(a=2)-mup_output"


def opened_comparison(**link: str) -> AppTest:
    return opened("compare", **link)


def rows_of(app: AppTest) -> dict[str, list[str]]:
    """Return the cells of the table's rows by their head, line breaks as bars."""
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', said(app))
    return {
        head: [
            re.sub(r"<br>", "|", re.sub(r"</?i>", "", cell)) for cell in re.findall(r"<td>(.*?)</td>", row)
        ]
        for head, row in rows
    }
