"""Lecture plans as text: what is written is read back, and what is no plan is answered by its line."""

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pages.lecture import plans
from pages.lecture.plans import (
    MAX_BYTES,
    READY,
    Plan,
    PlanError,
    Step,
    decoded,
    parse,
    ready,
    written,
)
from pages.state.controls import CONTROLS, MAX_STEPS, PAGES, PLANS, TABLE
from pages.state.parsers import Refused
from pages.text import LANGUAGES, catalogue
from tests.support.stream import ROOT

ZEROS = "1. [Zeros](/distribution?v=1&scheme=zeros&predict=on) Ask first."


def _settled(text: str) -> str:
    """Return text as a plan has it: single spaces, no control characters."""
    return plans.plain(plans._marked(text))


marks = st.sampled_from([*string.punctuation, "1. ", "- ", "# ", "](", "\\", "\n", "\u202f", "σ", "单元"])
texts = st.lists(marks | st.text(max_size=5), max_size=8).map("".join).map(_settled)
titles = texts.filter(bool)
queries = st.dictionaries(
    titles.filter(lambda name: not name.startswith("embed") and name != "at"), st.text(max_size=9), max_size=4
)
steps = st.builds(
    Step,
    titles,
    st.sampled_from(sorted(CONTROLS)),
    queries.map(lambda query: tuple(query.items())),
    texts,
    st.integers(0, 999),
)
whole = st.builds(Plan, texts, st.lists(steps, min_size=1, max_size=5).map(tuple), texts)


@given(whole)
def test_a_plan_written_is_the_plan_read(plan: Plan) -> None:
    assert parse(written(plan)) == plan


@given(st.lists(marks | st.text(max_size=9) | st.just(ZEROS), max_size=12).map("".join))
def test_any_text_is_read_or_answered_in_every_language(text: str) -> None:
    read = _read(text)
    if isinstance(read, Plan):
        assert parse(written(read)) == read
    else:
        assert 0 <= read.line <= len(text.splitlines())
        for language in LANGUAGES:
            assert catalogue(language)[f"plan.error.{read.code}"].format_map(read.facts)


def _read(text: str) -> Plan | PlanError:
    try:
        return parse(text)
    except PlanError as error:
        return error


def test_what_a_lecturer_writes_is_read() -> None:
    assert parse(
        "# Weights\r\n\r\nA lecture\r\nof two steps.\r\n\r\n## First half\r\n\r\n"
        + ZEROS
        + "\r\n   And wait.\r\n\r\n---\r\n"
        + "* [What a \\[deep\\] net does](signal?rows=normal(std=0.1)-zeros&embed=true)\r\n"
    ) == Plan(
        "Weights",
        (
            Step(
                "Zeros",
                "distribution",
                (("v", "1"), ("scheme", "zeros"), ("predict", "on")),
                "Ask first. And wait.",
            ),
            Step("What a [deep] net does", "signal", (("rows", "normal(std=0.1)-zeros"),)),
        ),
        "A lecture of two steps.",
    )


@pytest.mark.parametrize("rule", ["* * *", "- - -", " * * * *", "***", "---", "_ _ _"])
def test_a_rule_between_steps_is_none_of_them(rule: str) -> None:
    """Markdown's rules may have spaces, by which they begin as an item does."""
    assert [step.title for step in parse(f"- [x](/model)\n\n{rule}\n\n- [y](/model)").steps] == ["x", "y"]


@pytest.mark.parametrize(
    ("link", "minutes"),
    [('/model "5 min"', 5), ('</model>  "120 min"', 120), ("/model", 0)],
)
def test_a_step_s_minutes_are_its_link_s_title(link: str, minutes: int) -> None:
    (step,) = parse(f"- [x]({link}) Note").steps
    assert (step.page, step.minutes, step.note) == ("model", minutes, "Note")


@pytest.mark.parametrize("link", ['/model "soon"', '/model "5 min" x', '/model "1000 min"', '"5 min"'])
def test_what_else_stands_behind_an_address_is_no_step(link: str) -> None:
    assert getattr(_read(f"- [x]({link})"), "code", "") == "link"


def test_steps_change_their_places() -> None:
    three = parse("- [a](/)\n- [b](/)\n- [c](/)")
    for at, to, order in ((0, 2, "bca"), (2, 0, "cab"), (0, 1, "bac"), (1, 1, "abc")):
        assert "".join(step.title for step in three.moved(at, to).steps) == order
    assert [step.title for step in three.without(1).steps] == ["a", "c"]
    assert three.changed(1, title="B") == parse("- [a](/)\n- [B](/)\n- [c](/)")


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("/", "home"),
        ("/?scheme=zeros", "home"),
        ("/model", "model"),
        ("lesson?step=xavier", "lesson"),
        ("http://localhost:8501/compare?v=1", "compare"),
        ("https://lab.example.org/course/compare", "compare"),
        ("<https://lab.example.org/>", "home"),
        ("//lab.example.org/signal", "signal"),
    ],
)
def test_a_step_is_one_of_our_pages_wherever_it_was_copied(address: str, page: str) -> None:
    (step,) = parse(f"- [x]({address})").steps
    assert step.page == page


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("", "empty", 0),
        ("# Title\n\nprose", "empty", 0),
        ("# Title\n- no link", "link", 2),
        ("- [x](/model", "link", 1),
        ("- [x](/model a)", "link", 1),
        ("- [](/model)", "link", 1),
        ("- [x]()", "link", 1),
        ("- [x](https://[::1/model)", "link", 1),
        (f"- [x](/model?{'a=1&' * 300})", "link", 1),
        (f"{ZEROS}\n\n- [x](https://example.org/)\n- [x](https://example.org/lab/x)", "host", 4),
        ("- [x](javascript:alert(1))", "host", 1),
        ("- [x](data:text/html,/model)", "host", 1),
        ("- [x](/nowhere?scheme=zeros)", "page", 1),
        ("- [x](/a/model)", "page", 1),
        ("- [x](/../model)", "page", 1),
        ("- [x](/home)", "page", 1),
        (f"{ZEROS}\n" * (MAX_STEPS + 1), "many", 0),
        (ZEROS + "字" * (MAX_BYTES // 3), "long", 0),
    ],
)
def test_what_is_no_plan_is_answered_by_its_line(text: str, code: str, line: int) -> None:
    with pytest.raises(PlanError) as caught:
        parse(text)
    assert (caught.value.code, caught.value.line) == (code, line)


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/distribution",
        "//evil.example/",
        "https://lab.example.org.evil.example/model",
        "https://lab.example.org@evil.example/model",
        "https:/model",
    ],
)
def test_another_host_is_no_page_of_ours(address: str) -> None:
    with pytest.raises(PlanError) as caught:
        parse(f"{ZEROS}\n- [x]({address})", "lab.example.org")
    assert (caught.value.code, caught.value.line) == ("host", 2)


@pytest.mark.parametrize(
    "address",
    ["https://lab.example.org/course/model", "http://LAB.example.org:8502/model", "/model", "model"],
)
def test_an_address_of_our_own_host_is_a_page_of_ours(address: str) -> None:
    (step,) = parse(f"- [x]({address}?seed=7)", "Lab.example.org").steps
    assert (step.page, step.query) == ("model", (("seed", "7"),))


def test_the_plan_position_in_a_link_is_dropped_from_its_step() -> None:
    (step,) = parse("- [x](/model?v=1&at=depth-3&seed=7)").steps
    assert step.query == (("v", "1"), ("seed", "7"))


@pytest.mark.parametrize(
    "raw", ["depth", "depth-0", "depth-10", "depth-03", "depth--1", "own-0", "own-61", "own", "x-1", "3"]
)
def test_a_step_that_no_plan_has_is_refused(raw: str) -> None:
    with pytest.raises(Refused) as caught:
        TABLE["at"].parse(raw)
    for language in LANGUAGES:
        facts = {**caught.value.refusal.facts, "was": raw}
        assert raw in catalogue(language)["refused.plan_step"].format_map(facts)


def test_the_largest_plan_is_read() -> None:
    text = f"{ZEROS}\n" * MAX_STEPS
    assert len(parse(text + " " * (MAX_BYTES - len(text))).steps) == MAX_STEPS


def test_a_file_is_utf_8_and_not_too_long() -> None:
    assert decoded("\ufeff# 权重".encode()) == "# 权重"
    for data, code in ((b"\xff\xfe#\x00", "text"), (b" " * (MAX_BYTES + 1), "long")):
        with pytest.raises(PlanError) as caught:
            decoded(data)
        assert caught.value.code == code


def test_a_label_escapes_every_markdown_character() -> None:
    assert plans.label("a*b* [c](d) :red[e] $f$") == r"a\*b\* \[c\]\(d\) \:red\[e\] \$f\$"


def test_the_pages_have_their_files() -> None:
    assert [file for file in PAGES.values() if not (ROOT / file).is_file()] == []
    assert {file.name for file in (ROOT / "pages").glob("*.py")} - {"__init__.py"} == {
        Path(file).name for file in PAGES.values() if file != "app.py"
    }


@pytest.mark.parametrize("name", READY)
def test_the_ready_plans_have_the_same_steps_in_every_language(name: str) -> None:
    links = set()
    for language in LANGUAGES:
        plan = parse(ready(name, language))
        assert plan.title
        assert plan.prose
        assert 6 <= len(plan.steps) <= 9
        assert len(plan.steps) == PLANS[name]
        assert TABLE["at"].parse(f"{name}-{len(plan.steps)}")
        assert all(step.note for step in plan.steps)
        # what waits stands under its step's title, which is then the only thing that asks
        asked = [step.title for step in plan.steps if dict(step.query).get("predict") == "on"]
        assert asked
        assert [title for title in asked if title[-1] not in "?？"] == []
        links.add(tuple((step.page, step.query) for step in plan.steps))
    assert len(links) == 1


def test_the_title_stands_before_the_steps() -> None:
    """A heading between the steps, or after them, is a part of the lecture and not its name."""
    assert parse(f"# Fans\n## Of what\n{ZEROS}\n# Later").title == "Fans"
    assert parse(f"{ZEROS}\n# Later\n{ZEROS}\n# Last").title == ""
