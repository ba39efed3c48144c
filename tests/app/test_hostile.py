"""Texts that mean harm, in every parameter of every link, every field and every file."""

import builtins
import re
import time
from collections.abc import Mapping
from html import unescape
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from core.networks.network import MAX_LAYERS
from core.signals.comparison import MAX_ENTRIES
from pages.lecture.plans import MAX_BYTES
from pages.state.controls import CONTROLS, MAX_STEPS, PAGES, TABLE
from pages.state.parsers import Refused
from pages.text import Text
from tests.support.hostile import EVIL, PYTHON, TEXTS, harm_in
from tests.support.screen import few, opened, refusals, said, stands

EN = Text("en")


def unharmed(app: AppTest) -> None:
    """The page stands, says no excuse, and holds nothing of what was typed as anything but text."""
    stands(app)
    bodies = [element.proto.body for element in app.get("html")]
    assert [wrong for body in bodies for wrong in harm_in(body)] == []
    for markdown in app.markdown:
        assert EVIL not in markdown.value
        assert not markdown.allow_html
    for chart in app.get("plotly_chart"):
        assert EVIL not in chart.proto.spec
    assert "<class" not in said(app)
    assert not hasattr(builtins, EVIL)


def wrong_in(page: str, link: Mapping[str, str]) -> list[str]:
    """Return the parameters of a link that are no values of their controls."""
    return [name for name in CONTROLS[page] if name in link and not _readable(name, link[name])]


def _readable(name: str, text: str) -> bool:
    control = TABLE[name]
    try:
        control.parse(text if control.options else text[: control.max_chars])
    except Refused:
        return False
    return True


def rotated(names: tuple[str, ...], by: int) -> dict[str, str]:
    """Give each name a text, another one for each rotation."""
    return {name: TEXTS[(at + by) % len(TEXTS)] for at, name in enumerate(names)}


def test_the_check_finds_harm() -> None:
    for text in (
        '<p onclick="x">',
        "<script>",
        '<a href=" JavaScript:x">',
        "<img src='http://evil.example'>",
    ):
        assert harm_in(f"<p>{text}</p>")
    assert not harm_in('<p class="lab-context">&lt;script&gt;</p><a href="/distribution?a=evil">x</a>')


#: A deep network that is no work.
SMALL = {"depth": "3", "width": "8", "seeds": "1", "samples": "2"}


# Every other rotation of a page, in turn with the page before: each parameter meets half of the texts.
@pytest.mark.parametrize(
    ("page", "by"), [(page, by) for at, page in enumerate(PAGES) for by in range(at % 2, len(TEXTS), 2)]
)
def test_no_link_and_no_field_does_harm_and_each_is_answered(page: str, by: int) -> None:
    link = rotated((*CONTROLS[page], "v"), by)
    if page == "signal":  # a default of these takes seconds; one of them has its turn
        link |= SMALL | {(name := [*SMALL][by % len(SMALL)]): link[name]}
    app = opened(page, **link, **{TEXTS[by]: TEXTS[by]})
    app.default_timeout = 20  # no text makes a run that long
    unharmed(app)
    # and its version, and what is no control at all
    assert len(refusals(app)) >= len(wrong_in(page, link)) + 2
    for drawer in app.get("expander"):
        app.session_state[str(drawer.key)] = True
    choose_again(app)
    unharmed(app.run())
    free = [field for field in (*app.text_input, *app.text_area) if not field.disabled]
    for at, field in enumerate(free):
        field.set_value(TEXTS[(by + at) % len(TEXTS)])
    choose_again(app)
    unharmed(app.run())


@pytest.mark.parametrize(
    ("page", "link", "most"),
    [("compare", {"rows": "-" * 50}, MAX_ENTRIES), ("model", {"net": "-" * 50}, MAX_LAYERS)],
)
def test_an_editor_has_no_more_cards_than_there_can_be(page: str, link: dict[str, str], most: int) -> None:
    """A link of 1200 dashes would else be 1200 cards of four widgets each: some ten seconds of a core."""
    app = opened(page, **link)
    for drawer in app.get("expander"):
        app.session_state[str(drawer.key)] = True
    app.run()
    widgets = (*app.selectbox, *app.text_input, *app.button)
    places = [int(at) for widget in widgets for at in re.findall(r"_(\d+)$", str(widget.key))]
    assert 0 < max(places) + 1 <= most + 1  # one may be on its way out


def choose_again(app: AppTest) -> None:
    """Choose an option where a link's own text stands, which the harness cannot send."""
    for box in app.selectbox:
        if box.value not in box.options and box.format_func(box.value) not in box.options:
            box.select_index(0)


@few
@given(st.data())
def test_a_page_works_whatever_its_link_says(data: st.DataObject) -> None:
    page = data.draw(st.sampled_from(sorted(PAGES)))
    texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from(TEXTS[:15])
    names = st.sampled_from([*CONTROLS[page], "v"]) | st.text(
        st.characters(exclude_categories=["Cs"]), max_size=9
    )
    link = data.draw(st.dictionaries(names, texts, max_size=6))
    if page == "signal":
        link = SMALL | link
    app = opened(page, **link)
    unharmed(app)
    assert len(refusals(app)) >= len(wrong_in(page, link))


# --------------------------------------------------------------------------------------------------
# files

#: A plan that can be read, and says in each place what it likes.
PLAN = """# <img src=x onerror=evil> $x$ [y](javascript:evil)
Prose <script>evil()</script> [z](http://evil.example/)
1. [<b onclick=evil>T</b> :red[r] **b** `c` $m$ ![i](http://evil.example/i)](/lesson?seed=<b>) <img src=evil>
2. ["onmouseover="evil](/model?net=%00%3Cscript%3E&data=%3DHYPERLINK(%22http://evil.example%22))
"""
#: Plans that cannot: where they lead, or how much they are.
NO_PLANS: dict[str, str | bytes] = {
    "a script": "- [x](javascript:evil)",
    "data": "- [x](data:text/html,<script>evil</script>)",
    "another host": "- [x](//evil.example/nowhere)",
    "a file": "- [x](file:///etc/passwd)",
    "a path": "- [x](/../../etc/passwd)",
    "too many": "- [x](/model)\n" * (MAX_STEPS + 1),
    "too long": "- [x](/model) " + "n" * MAX_BYTES,
    "brackets": "- " + "[" * (MAX_BYTES - 100),
    "escapes": "- [" + "\\" * (MAX_BYTES - 100),
    "rounds": "- [x](" + "(" * (MAX_BYTES - 100),
    "parameters": "- [x](/model?" + "a=1&" * 10_000 + ")",
    "nothing": "\0" * 1000,
    "a table": "=cmd|' /C evil'!A0,1\n",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
}


def uploaded(app: AppTest, name: str, content: str | bytes) -> AppTest:
    """Give the page's field a file; what is read of it is soon read."""
    data = content if isinstance(content, bytes) else content.encode()
    begin = time.monotonic()
    app.file_uploader[0].upload(name, data, "text/plain").run()
    assert time.monotonic() - begin < 10
    unharmed(app)
    return app


def _links(app: AppTest) -> list[str]:
    html = "".join(element.proto.body for element in app.get("html"))
    links = [unescape(link) for link in re.findall(r'<a [^>]*?href="([^"]*)"', html)]
    assert all(re.match(r"\./\w*(\?|$)|\?embed_options=|https://", link) for link in links)
    return links


def test_what_a_plan_says_is_plain_text() -> None:
    app = uploaded(opened("teach", prepare="plan", plan="own"), "plan.md", PLAN)
    assert not refusals(app)
    for words in ("<script>evil()</script>", "[z](http://evil.example/)"):
        assert words in said(app)
    assert app.text_area(key="step_note_0").value == "<img src=evil>"
    for label in app.radio(key="plan_step").options:  # each mark is only a mark behind its backslash
        assert not set(re.sub(r"\\.", "", label)) & set("[]()<>$*`:!_~")
    for at in (1, 2):
        path, _, held = next(link for link in _links(app) if f"at=own-{at}" in link).partition("?")
        app.switch_page(f"pages/{path[2:]}.py")
        app.query_params.clear()
        for name, value in parse_qsl(held):
            app.query_params[name] = value
        app.run()
        unharmed(app)
        assert 'class="lab-plan"' in said(app)


def test_a_plans_title_stands_over_it_as_it_was_written() -> None:
    app = uploaded(opened("teach", prepare="plan", plan="own"), "plan.md", PLAN)
    assert '<h1 class="lab-headline"><img src=x onerror=evil> $x$ [y](javascript:evil): ' in said(app)


@pytest.mark.parametrize("kind", NO_PLANS)
def test_what_is_no_plan_is_answered(kind: str) -> None:
    app = uploaded(opened("teach", prepare="plan", plan="own"), "plan.md", NO_PLANS[kind])
    (answer,) = refusals(app)
    assert len(answer) < 500
    assert '<ol class="lab-plan-steps">' not in said(app)


TABLES: dict[str, str | bytes] = {
    "formulas": "=cmd|' /C evil'!A0,1,2\n@SUM(1+1),+2,-3\n",
    "markup": "<img src=x onerror=evil>,1,2\n",
    "words": f"{PYTHON},2,3\n",
    "zeros": "\0,\0,\0\n",
    "not text": bytes(range(256)) * 100,
    "huge": "1e999,1,2\n",
    "no numbers": "nan,inf,-inf\n",
    "digits": "9" * 900_000,
    "columns": "1," * 450_000,
    "rows": "1,2,3\n" * 150_000,
    "quotes": '"' * 900_000,
    "blanks": " " * 900_000 + "x",
    "other numerals": "٣,४,五\n",
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_that_means_harm_is_plain_text_and_answered(kind: str) -> None:
    app = opened("model")
    app.session_state["more"] = True
    app.run()
    uploaded(app, "rows.csv", TABLES[kind])
    (answer,) = refusals(app)
    assert len(answer) < 500
