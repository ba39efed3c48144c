"""Which rules a page carries: what asks all of it, at each change, is there only where it is needed."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from pages.figures.palette import DARK, LIGHT, PRINT, Palette
from pages.shell import files, style
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


#: How the tiles of a model's map look by what their tensors are.
LOOKS = ("fits", "constant", "unknown", "other")
#: (sheet, palette): on a page, and in a report that is taken home.
SHEETS = [
    (style_sheet(LIGHT).text, LIGHT),
    (style_sheet(DARK).text, DARK),
    (files._style_sheet(), PRINT),
]


def _luminance(colour: str) -> float:
    """Return a colour's relative luminance (WCAG 2.2); #ABC is short for #AABBCC."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _ground(sheet: str, look: str, palette: Palette) -> str:
    """Return the even colour behind a look, '' where there is a pattern or none."""
    (rules,) = re.findall(rf"\.lab-{look}{{([^}}]*)}}", sheet)
    ground = re.sub(r"var\(--(\w+)\)", lambda role: getattr(palette, role[1]), rules)
    found = re.search(r"background:(?:color-mix\(in srgb,(#\w+) (\d+)%,(#\w+)\)|(#\w+))", ground)
    if not found or found[4]:
        return found[4] if found else ""
    one, other = ([int(found[at][k : k + 2], 16) for k in (1, 3, 5)] for at in (1, 3))
    share = int(found[2]) / 100
    mixed = (round(share * a + (1 - share) * b) for a, b in zip(one, other, strict=True))
    return "#" + "".join(f"{part:02X}" for part in mixed)


@pytest.mark.parametrize(("sheet", "palette"), SHEETS, ids=["light", "dark", "print"])
def test_what_tensors_are_is_told_apart_on_a_map_without_colours(sheet: str, palette: Palette) -> None:
    """Two are even, with a contrast of 3 between them (WCAG 2.2, 1.4.11); the others have signs."""
    rules = {look: re.findall(rf"\.lab-{look}{{([^}}]*)}}", sheet) for look in LOOKS}
    assert "repeating-linear-gradient" in rules["unknown"][0]
    assert "dotted" in rules["other"][0]
    light, dark = (_luminance(_ground(sheet, look, palette)) for look in ("fits", "constant"))
    high, low = max(light, dark), min(light, dark)
    assert (high + 0.05) / (low + 0.05) >= 3


#: What is added to a selector where a thing is in a state of its own: chosen, pointed at, empty, not of now.
STATE = re.compile(
    r"(?:\[(?:aria-(?:current|disabled)|data-(?:at|now|lab))[^\]]*\]|:(?:hover|active|empty|focus-visible)"
    r"|\.(?:lab-old|lab-waits|lab-left|lab-first|bad))+$"
)
#: What holds of a thing of which no sheet says otherwise.
UNSAID = {"opacity": "1", "box-shadow": "none", "transform": "none", "outline": "none", "filter": "none"}


def _rules(sheet: str) -> list[tuple[list[str], dict[str, str]]]:
    """Return a sheet's rules, each with its selectors, whatever screen they are for."""
    sheet = re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)
    found = []
    for selectors, body in re.findall(r"([^{}]+){([^{}]*)}", re.sub(r"@(?:media|page)[^{]*{", "", sheet)):
        parts = (part.partition(":") for part in body.replace("!important", "").split(";") if part.strip())
        said = {name.strip(): value.strip() for name, _, value in parts}
        found.append((re.split(r",(?![^(\[]*[)\]])", selectors.strip(" \n}")), said))
    return found


#: Each sheet as it is written, by its name.
WRITTEN = {
    path.name: path.read_text(encoding="utf-8") for path in sorted(Path(style.__file__).parent.glob("*.css"))
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_thing_in_a_state_looks_otherwise_than_out_of_it(name: str) -> None:
    """Else nobody sees that it is chosen, pointed at, or no longer of now."""
    rules = _rules(WRITTEN[name])
    for selectors, said in rules:
        for selector in selectors:
            plain = STATE.sub("", selector)
            if plain == selector or plain in selectors:  # the same in and out of it, as Streamlit has it not
                continue
            base = dict(UNSAID)
            for others, theirs in rules:
                base |= theirs if plain in others else {}
            assert said.items() - base.items(), selector


def test_what_a_finger_drags_does_not_scroll_the_page() -> None:
    """Else the browser takes the pointer away (Pointer Events 3, touch-action)."""
    said: dict[str, str] = {}
    for selectors, rule in _rules(style_sheet(LIGHT).text):
        said |= {selector: rule["touch-action"] for selector in selectors if "touch-action" in rule}
    dragged = {f".lab-{name}" for name in ("bars", "grip", "scrub", "dot", "knob")}
    assert said == dict.fromkeys(dragged, "none")


@pytest.mark.parametrize(
    ("table", "theirs"),
    [
        ("", [3]),  # what was drawn, then the law's
        ("lab-bins", [4]),  # after two ends and what was drawn
        ("lab-gains", [3, 4]),  # after torch's
        ("lab-chaos", []),
        ("lab-layers", []),
    ],
)
def test_what_theory_says_stands_in_its_blue_in_these_columns_of_a_table(
    table: str, theirs: list[int]
) -> None:
    rules = _rules(style_sheet(LIGHT).text)
    own = f".lab-table.{table}" if table else ".lab-table"
    blue = []
    for column in range(1, 6):
        colour = ""
        for kind, places in (
            (".lab-table", {column}),
            (own, {"n", column}),
        ):  # the closer rule, then the later
            selectors = {f"{kind} td:nth-child({place})" for place in places}
            for others, said in rules:
                colour = said.get("color", colour) if selectors & {*others} else colour
        blue += [column] * (colour == "var(--law)")
    assert blue == theirs


def test_a_held_plan_takes_the_more_room_the_more_it_says() -> None:
    """Each line of a note takes a line more: what stands below would lie under the screen's end."""
    said: dict[str, str] = {}
    for selectors, rule in _rules(style_sheet(LIGHT, planned=True).text):
        said |= {selector: rule.get("--plan", said.get(selector, "")) for selector in selectors}
        if ".lab-said" in selectors and "line-height" in rule:
            line = float(rule["line-height"]) * float(rule["font-size"].removesuffix("rem"))
    states = ("", ":has(.lab-step)", ":has(.lab-said)", ':has([data-lines="2"])', ':has([data-lines="3"])')
    bar, step, *notes = (float(said[f":root{state}"].removesuffix("rem")) for state in states)
    assert 0 < bar < step < notes[0]
    assert all(line <= more - less <= 1.2 * line for less, more in pairwise(notes))


#: The warnings' colour, as a page has it and as paper has it.
WARNING = {"var(--warning)", PRINT.warning}
#: What is wrong, or worth knowing, in the one colour that says so; a map's tiles have it for their marks.
WARNS = {
    "style.css": {".lab-against b", ".lab-refusal", ".lab-table td:nth-child(4).bad"},
    "checkpoint.css": {".lab-map a", ".lab-legend b", ".lab-flag"},
    "presenter.css": {f".lab-seen[data-now={state}]" for state in ("closed", "left")},
    "document.css": {".bad", ".lab-against b", ".lab-refusal", ".lab-band a", ".lab-flag"},
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_warning_has_its_own_colour_and_nothing_else_has_it(name: str) -> None:
    found = [each for each, said in _rules(WRITTEN[name]) if said.get("color") in WARNING]
    assert {selector for selectors in found for selector in selectors} == WARNS.get(name, set())


#: What stands on the held plan's bar, which has a ground.
ON_THE_BAR = {"div:has(>.st-key-stops)"}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_lies_over_a_page_that_scrolls_lets_nothing_of_it_through(name: str) -> None:
    for selectors, said in _rules(WRITTEN[name]):
        if said.get("position") in {"fixed", "sticky"} and not ON_THE_BAR & {*selectors}:
            assert said.get("background") in {"var(--paper)", "var(--ink)"}, selectors


@pytest.mark.parametrize("name", WRITTEN)
def test_what_goes_by_the_screen_s_height_leaves_room_for_what_is_over_it_and_has_some(name: str) -> None:
    """A headline, a context, a verdict and a bar take 8rem; a laptop's screen has 720 pixels, 45rem."""
    for room in re.findall(r"(?:100svh|var\(--high\)) - ([\d.]+)rem", WRITTEN[name]):
        assert 8 <= float(room) < 45


#: Columns that a phone has no room for, the first of which is a row's name.
LEFT_OUT = {
    ".lab-table.lab-tensors": {"3", "4"},  # dtype and mean; shape, std, start and findings stay
    ".lab-gains": {"last"},  # where a gain comes from
}


def test_a_phone_leaves_out_what_its_tables_can_spare() -> None:
    left_out = {}
    for block in re.findall(r"@media\(max-width:640px\)\s*{((?:[^{}]*{[^{}]*})*)", "".join(WRITTEN.values())):
        for selectors, said in _rules(block):
            columns = {*re.findall(r"(?:nth-child\(|:)(\d+|last)", ",".join(selectors))}
            if columns and said.get("display") == "none":
                left_out[re.split(r"[ :]", selectors[0])[0]] = columns
    assert left_out == LEFT_OUT


#: On paper: a table's head stands on each sheet; nothing that belongs together is parted; nothing scrolls.
ON_PAPER = {
    ("thead", "display"): "table-header-group",
    **dict.fromkeys(((one, "break-inside") for one in ("figure", "tr", ".law", "dl")), "avoid"),
    **dict.fromkeys(((one, "break-after") for one in ("h1", "h2", "h3", "caption", "thead")), "avoid"),
    **dict.fromkeys(((one, "overflow") for one in (".lab-scroll", ".lab-sideways", ".law")), "visible"),
}


def test_paper_repeats_a_table_s_head_parts_nothing_and_shows_all() -> None:
    _, _, printed = WRITTEN["document.css"].partition("@media print {")
    said = {
        (one, name): value for each, rule in _rules(printed) for one in each for name, value in rule.items()
    }
    assert said.items() >= ON_PAPER.items()
