"""How what moves is taken hold of: where it stands, and without a jump."""

from tests.support.hand import AT_REST, LAB, end_of, ready
from tests.support.tabs import Visit, until


def test_a_number_is_taken_hold_of_where_it_stands_also_where_a_formula_comes_late(visit: Visit) -> None:
    page = visit("/?v=1")  # without a formula, whose letters are loaded with the first
    page.get_by_role("navigation").get_by_role("link", name="Distribution", exact=True).click()
    page.wait_for_url("**/distribution**")
    ready(page)
    until(page, "document.fonts.status === 'loaded'")
    page.wait_for_timeout(200)
    under = page.evaluate("""() => {
        const { x, y, width, height } = document.querySelector('.lab-scrub').getBoundingClientRect()
        return document.elementsFromPoint(x + width / 2, y + height / 2).map(one => one.textContent)
    }""")
    assert any(text and text in "512" for text in under)


def test_a_handle_that_is_taken_beside_its_middle_moves_as_far_as_the_hand(tab: Visit) -> None:
    page = tab("/distribution?v=1&scheme=normal&mean=-0.5")
    ready(page)
    url, box = page.url, end_of(page, "std").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2 + 9, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for across in (25, 0):
        frames = page.evaluate(f"{LAB}.frames")
        page.mouse.move(x + across, y)
        until(page, f"{LAB}.frames > {frames}")
    page.mouse.up()
    until(page, AT_REST)
    assert page.url == url
