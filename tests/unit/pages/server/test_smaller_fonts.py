"""What stands in for Streamlit's fonts has all that the pages write with them."""

from fontTools.ttLib import TTFont

from pages.server.smaller_fonts import ICONS, SERIF, originals, smaller, stand_ins
from pages.text import LANGUAGES, catalogue
from tests.fonts import icon_names, ligatures


def test_every_icon_that_the_front_end_names_and_its_font_has_is_there() -> None:
    theirs = {*ligatures(TTFont(originals(ICONS)[0]))}
    assert len(icon_names() & theirs) > 70
    assert icon_names() & theirs <= {*ligatures(TTFont(smaller(ICONS)))}


def test_headlines_find_every_letter_that_streamlit_s_own_font_has() -> None:
    written = map(ord, "".join(text for language in LANGUAGES for text in catalogue(language).values()))
    theirs, ours = (TTFont(file).getBestCmap() for file in (originals(SERIF)[0], smaller(SERIF)))
    assert {*written} & {*theirs} <= {*ours}
    assert {ord(letter) for letter in "ŁódźÑandúΣσ₀Жук√≤×−²→"} <= {*ours}


def test_both_are_far_smaller_and_bear_their_makers_names_but_not_a_reserved_one() -> None:
    for name in (ICONS, SERIF):
        assert smaller(name).stat().st_size < originals(name)[0].stat().st_size / 5
    names = {record.nameID: str(record) for record in TTFont(smaller(SERIF))["name"].names}
    assert "Adobe" in names[0]
    assert "SIL Open Font License" in names[13]
    assert all("Source" not in names[one] for one in (1, 4, 6))


def test_they_stand_where_the_front_end_looks() -> None:
    assert {*stand_ins().values()} == {smaller(ICONS), smaller(SERIF)}
    assert all(path.startswith("media/") for path in stand_ins())
