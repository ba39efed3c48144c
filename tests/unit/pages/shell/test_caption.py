"""A picture that is taken home says what it shows, of what, and where it is from."""

import pytest

from pages.figures.palette import PRINT
from pages.shell.caption import ACROSS, LONGEST, Caption, caption, captioned
from pages.shell.frame import Chart, Formula
from pages.text import Text
from tests.support.charts import every_chart

CONTEXT = '<p class="lab-context"><b>Zeros</b> · <span data-lab-now="layer">3 → 2</span> · 6 weights</p>'
SHOWN = [CONTEXT + '<h1 class="lab-headline"><span>All &lt; 1：</span><span>6.</span></h1>', Formula("$x$")]


def test_a_caption_is_the_page_s_finding_its_context_and_its_link() -> None:
    said = caption([*SHOWN, "<p>more</p>"], "Init Lab", "https://lab.example/model?v=1")
    assert said == ("All < 1：6.", "Zeros · 3 → 2 · 6 weights", "Init Lab · https://lab.example/model?v=1")


def test_a_link_that_would_fill_the_picture_is_the_page_s_alone() -> None:
    said = caption(SHOWN, "Init Lab", "https://lab.example/model?data=" + "1," * LONGEST)
    assert said.source == "Init Lab · https://lab.example/model"


@pytest.mark.parametrize(
    "title",
    ["Short.", "weights " * 30, "权重全部落在范围之内，" * 12, "x" * 200],
    ids=["short", "en", "zh", "x"],
)
def test_a_caption_lies_beside_its_chart_and_is_whole(title: str) -> None:
    said = Caption(title, "Zeros · 3 → 2 · seed 40", "Init Lab · https://lab.example/" + "a=b&" * 60)
    for name, chart in every_chart(Text("en")).items():
        before = chart.layout.to_plotly_json()
        room, notes = before["margin"], len(before["annotations"])
        high = captioned(chart, said, 420)
        after = chart.layout
        # the plot has the height that it had
        assert high - after.margin.t - after.margin.b == 420 - room["t"] - room["b"], name
        added = after.annotations[notes:]
        assert [note.text.replace("<br>", "").replace(" ", "").replace("amp;", "") for note in added] == [
            text.replace(" ", "") for text in said
        ]
        tops = [note.yshift for note in added]
        assert tops[0] < after.margin.t
        assert tops[2] < -room["b"]
        # each has the height of its lines of type, and ends before what stands below it
        sizes = [(1 + note.text.count("<br>")) * note.font.size for note in added]
        for top, size, below in zip(tops, sizes, (tops[1], room["t"], -after.margin.b), strict=True):
            assert top - size > below, name
        for note, across in zip(added, ACROSS, strict=True):
            lines = note.text.replace("&amp;", "&").split("<br>")
            assert max(len(line) + sum(letter > "\u2e80" for letter in line) for line in lines) <= across + 2
            assert note.font.color == PRINT.ink


def test_a_chart_without_a_page_s_words_has_its_source_alone() -> None:
    chart = next(iter(every_chart(Text("en")).values()))
    before = len(chart.layout.annotations)
    captioned(chart, caption([Chart(lambda _: chart, "")], "Init Lab", ""), 420)
    assert [note.text for note in chart.layout.annotations[before:]] == ["Init Lab"]
