"""Links that were shared before stay what they were: ``links.tsv`` has what each opened in version 0.1.

A row is the link, the link that the page then has, how many of its entries are refused, what the drawn
histograms count, and the headline. A link of this version never opens as anything else; a headline may be
worded anew, and is then changed here by hand.
"""

import base64
import csv
import json
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.support.screen import opened, query, refusals
from tests.support.stream import ROOT
from tests.support.words import NUMBER, text_of, value

with (ROOT / "tests" / "app" / "links.tsv").open(encoding="utf-8", newline="") as _file:
    LINKS = list(csv.DictReader(_file, delimiter="\t", quoting=csv.QUOTE_NONE))


def _parsed(link: str) -> dict[str, str]:
    return dict(parse_qsl(link, keep_blank_values=True))


def _headline(app: AppTest) -> str:
    bodies = "\n".join(element.proto.body for element in app.get("html")[1:])
    found = re.search(r"<h[12][^>]*>.*?</h[12]>", bodies, re.DOTALL)
    return text_of(found[0]).strip() if found else ""


def _counts(app: AppTest) -> Iterator[int]:
    """Yield how many weights each line of a histogram counts; other whole numbers are what fills a shape."""
    for chart in app.get("plotly_chart"):
        for trace in json.loads(chart.proto.spec)["data"]:
            packed = trace.get("y")
            if isinstance(packed, dict) and packed["dtype"][0] in "iu" and trace.get("fill") != "toself":
                yield int(
                    np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"]).astype(np.int64).sum()
                )


def test_there_are_links_of_every_page() -> None:
    assert len(LINKS) >= 200
    pages = {row["link"].partition("?")[0] for row in LINKS}
    assert pages == {"home", "distribution", "compare", "signal", "model", "lesson", "teach"}


@pytest.mark.parametrize("row", LINKS, ids=lambda row: row["link"])
def test_an_old_link_opens_as_it_did(row: dict[str, str]) -> None:
    page, _, link = row["link"].partition("?")
    app = opened(page, **_parsed(link))
    assert query(app) == _parsed(row["opens as"])
    assert len(refusals(app)) == int(row["refusals"])
    # another processor's last digits may move a weight or two across an edge
    assert list(_counts(app)) == pytest.approx([int(n) for n in row["counts"].split()], abs=2)
    found = _headline(app)
    assert re.split(NUMBER, found) == re.split(NUMBER, row["headline"])
    for ours, theirs in zip(*(re.findall(NUMBER, text) for text in (found, row["headline"])), strict=True):
        (a, half), (b, other) = value(ours), value(theirs)
        assert abs(a - b) <= (half + other) * 1.001, found
