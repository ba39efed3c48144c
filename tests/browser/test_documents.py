"""A chart and a report that were taken home, opened and printed without any server."""

import re

import pytest
from playwright.sync_api import Browser

from pages.shell.files import chart_html
from pages.shell.report import Picture, Report, report
from tests.support.charts import T, every_chart
from tests.support.tabs import SIZES, until

#: ISO 216's A4, in the 72nds of an inch of a PDF.
SHORT, LONG = 210 / 25.4 * 72, 297 / 25.4 * 72
#: How wide the chart is drawn, in pixels.
WIDE = "document.querySelector('#chart-0 .main-svg').getBoundingClientRect().width"


@pytest.mark.parametrize(("kind", "sheet"), [("alone", (LONG, SHORT)), ("report", (SHORT, LONG))])
def test_a_document_has_its_sheet_of_paper_and_then_its_screen_again(
    kind: str, sheet: tuple[float, float], browser: Browser
) -> None:
    """A chart alone lies on its side."""
    chart = every_chart()["distribution.weights"]
    alone, whole = (
        chart_html(chart, "It", "alt", T),
        report(Report("It", "", pictures=[Picture(chart, "")]), T),
    )
    width, height = SIZES["laptop"]
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_content(alone if kind == "alone" else whole)
    page.wait_for_selector("#chart-0 .main-svg")
    before = page.evaluate(WIDE)
    printed = page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox \[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", printed)
    assert [float(side) for side in boxes[0]] == pytest.approx(sheet, abs=1)
    # between the margins of its sheet, and nearly as wide: in pixels of 1/96 inch
    room = (297 - 2 * 12 if kind == "alone" else 210 - 2 * 22) / 25.4 * 96
    for event, there in (("beforeprint", f"!= {before}"), ("afterprint", f"== {before}")):
        page.evaluate(f"dispatchEvent(new Event('{event}'))")
        until(page, f"{WIDE} {there}")
        if event == "beforeprint":
            assert 0.95 * room < page.evaluate(WIDE) <= room
    page.close()
