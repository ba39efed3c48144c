"""What was guessed stands where the truth does: in a chart's list, in a table, beside a scheme's sign."""

import re

import pytest
from streamlit.testing.v1 import AppTest

from pages.figures.palette import LIGHT
from pages.text import Text
from tests.support.marks import languages
from tests.support.screen import first_chart, guessed, opened, said, stands

SMALL = {"depth": "6", "width": "32", "seeds": "2"}


def _revealed(app: AppTest, name: str, guess: str) -> AppTest:
    """Say what is expected, a number or a word, and reveal the result."""
    guessed(app, name, guess).button(key="reveal").click().run()
    stands(app)
    return app


def _marked(app: AppTest) -> list[str]:
    words = re.findall(r'<span class="lab-guessed">(.*?)</span>', said(app))
    return [re.sub("\u202f", " ", word) for word in words]


@languages
def test_the_scheme_that_was_guessed_is_marked_among_the_laws_in_one_plot(language: str) -> None:
    link = {"aspect": "overlaid", "rows": "zeros-ones-normal", "lang": language}
    app = _revealed(opened("compare", predict="on", **link), "widest", "1")
    t = Text(language)
    notes = first_chart(app)["layout"]["annotations"]
    (name,) = [note["text"] for note in notes if t("guess.yours") in note["text"]]
    assert name.endswith(t("scheme.ones.name"))


# gelu: 1/√E[φ²] = 1.534 (test_meanfield); 4·3 + 4·2 + 3·2 = 26
@pytest.mark.parametrize(
    ("page", "link", "name", "expected"),
    [
        ("signal", {"sight": "gains", "activation": "gelu"}, "gain", r"1\.534"),
        ("model", {"part": "counting"}, "count", "26"),
    ],
)
def test_a_number_that_was_guessed_stands_beside_the_true_one(
    page: str, link: dict[str, str], name: str, expected: str
) -> None:
    assert _marked(opened(page, **link)) == []
    app = _revealed(opened(page, predict="on", **link), name, "1200")
    (words,) = _marked(app)
    assert words == "your guess: 1 200 ▸"
    assert re.search(rf"lab-guessed\">[^<]*</span> {expected}<", said(app))


@pytest.mark.parametrize("sight", ["maps", "chaos"])
def test_the_side_that_was_guessed_stands_beside_its_scheme(sight: str) -> None:
    app = _revealed(opened("signal", sight=sight, predict="on", **SMALL), "phase_1", "chaotic")
    assert _marked(app) == ["your guess: chaotic"]
    before = said(app).split('<span class="lab-guessed">')[0]
    names = re.findall("Classic uniform|Xavier normal|Kaiming normal", before)
    assert names[-1] == "Xavier normal"


def test_numbers_guessed_of_several_schemes_have_their_colours() -> None:
    app = opened("signal", sight="saturation", predict="on", depth="6", width="32", seeds="2")
    for place, guess in ((0, "30%"), (2, "70%")):
        guessed(app, f"flat_{place}", guess)
    app.button(key="reveal").click().run()
    stands(app)
    chart = first_chart(app)
    lines = {line["y0"]: line["line"]["color"] for line in chart["layout"]["shapes"] if line.get("y0")}
    assert lines == {0.3: LIGHT.series[0], 0.7: LIGHT.series[2]}
    (name,) = [note for note in chart["layout"]["annotations"] if "your guess" in note["text"]]
    assert name["font"]["color"] == LIGHT.ink  # neither scheme's
