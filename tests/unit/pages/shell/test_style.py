"""Which rules a page carries: what asks all of it, at each change, is there only where it is needed."""

import re

from pages.figures.palette import LIGHT
from pages.shell.style import style_sheet

#: Ask of the page, or of all that it is in, for something within something: each change anywhere may answer.
ASKS_EVERYWHERE = re.compile(r"(?::root|html|body|\.stApp)(?::not\()?:has\([^()]*[^(),>] +[^(),]*\)")


def test_rules_for_a_plan_are_there_while_one_is_held() -> None:
    for options in ({}, {"covered": True}, {"presents": True}):
        assert "--plan:1.4rem" not in style_sheet(LIGHT, **options).text
        assert "--plan:1.4rem" in style_sheet(LIGHT, planned=True, **options).text


def test_no_rule_of_every_page_looks_through_all_of_it_for_one_thing_within_another() -> None:
    assert ASKS_EVERYWHERE.search(":root:has(.st-key-desk .lab-plan) { --plan:1.4rem }")
    assert ASKS_EVERYWHERE.search(".stApp:not(:has(.a .b)) .c { margin:0 }")
    assert not ASKS_EVERYWHERE.search(":root:has(.lab-guess) { --guess:1.9rem }")
    assert ASKS_EVERYWHERE.findall(style_sheet(LIGHT).text) == []
