"""The doors' answers and miniatures hold numbers that torch's gains and a closed form give."""

import math
import re
from urllib.parse import unquote

import pytest
import torch

from pages.figures.checkpoint_map import Band, Tile
from pages.figures.home import HIGH, WIDE, blocks
from pages.figures.palette import DARK, LIGHT
from pages.text import Text
from pages.words.home import DEPTH, Door, doors
from tests.support.words import says

EN, ZH = Text("en"), Text("zh")


def door(key: str, t: Text = EN) -> Door:
    (found,) = (one for one in doors(t, LIGHT) if one.key == key)
    return found


def drawing(key: str) -> str:
    found = re.search(r'src="data:image/svg\+xml,([^"]*)"', door(key).miniature)
    assert found
    return unquote(found[1])


def test_the_first_door_says_what_is_left_of_a_signal() -> None:
    """relu halves a mean square, and Xavier multiplies it by 1 where fan_in = fan_out: ×√½ a layer."""
    left = math.sqrt(0.5) ** (DEPTH - 1)
    answer = re.sub(r"<[^>]+>", "", door("deep").answer)
    assert says(answer, f"Xavier under relu: ×<{math.sqrt(0.5)}> a layer, ×<{left}> by layer <{DEPTH}>.")
    assert door("deep").query["depth"] == str(DEPTH)


def test_its_lines_fall_as_fast_as_the_theory_says() -> None:
    ends = []
    for path in re.findall(r'points="([^"]*)"', drawing("deep")):
        points = [tuple(map(float, point.split(","))) for point in path.split()]
        assert len(points) == DEPTH
        assert all(0 <= x <= WIDE and 0 <= y <= HIGH for x, y in points)
        ends.append(points[-1][1] - points[0][1])
    he, xavier, default = ends
    assert he == pytest.approx(0, abs=0.2)
    # He's keeps 1, Xavier's ½, 1/(3·fan_in)'s a sixth of the mean square
    assert default / xavier == pytest.approx(math.log(6) / math.log(2), rel=0.01)


def test_each_line_has_its_name_in_the_picture_and_the_signal_page_s_colour() -> None:
    named = re.findall(r'<text x="[\d.]+" y="([\d.-]+)" fill="(#\w+)">([^<]+)</text>', drawing("deep"))
    assert [name for _, _, name in named] == ["He", "Xavier", "default"]  # from above
    assert all(0 < float(y) < HIGH for y, _, _ in named)
    colours = {name: colour for _, colour, name in named}
    assert [colours[name] for name in ("default", "Xavier", "He")] == [*LIGHT.series[:3]]


def test_the_second_door_draws_each_std_as_long_as_it_is() -> None:
    gains = [torch.nn.init.calculate_gain("relu"), 1.0, 1.0]
    fans = [512, (512 + 256) / 2, 512]
    stds = [gain / math.sqrt(fan) for gain, fan in zip(gains, fans, strict=True)]
    widths = [float(width) for width in re.findall(r'<rect[^>]* width="([\d.]+)"', drawing("which"))]
    assert [width / widths[0] for width in widths] == pytest.approx([std / stds[0] for std in stds], rel=0.01)
    written = re.findall(r">([\d.]+)</text>", drawing("which"))
    assert [float(number) for number in written] == pytest.approx(stds, rel=1e-3)


def test_the_third_door_prints_what_the_lesson_prints() -> None:
    shown = re.findall(r"-?\d\.\d{4}", door("lesson").miniature)
    assert shown == ["0.4088", "-1.0591"]  # the lesson's own listing of kaiming_normal, seed 40
    assert "torch.manual_seed(40)" in door("lesson").miniature


def test_every_door_speaks_both_languages_in_both_themes() -> None:
    for english, chinese in zip(doors(EN, LIGHT), doors(ZH, DARK), strict=True):
        assert english.page == chinese.page
        assert not set(english.question.split()) & set(chinese.question.split())
        assert english.miniature != chinese.miniature or english.key == "lesson"


def test_tiles_of_the_map_are_filled_as_on_the_checkpoint_page() -> None:
    """Most of GPT-2's tensors fit a law, in the bars' grey; its biases and norms are constant, and darker."""
    fills = re.findall(r'<rect [^>]*width="([\d.]+)"[^>]*fill="(#\w+)"', drawing("started"))
    area = {colour: sum(float(wide) for wide, fill in fills if fill == colour) for _, colour in fills}
    assert area[LIGHT.bars] > area[LIGHT.edge] > 0


def test_what_is_wrong_on_the_map_has_an_outline_and_a_mark_and_nothing_else() -> None:
    row = Band("h.0", [Tile("a", 6, "fits", 0), Tile("b", 6, "fits", 2), Tile("c", 6, "fits", 1)])
    svg = unquote(blocks([row, row], LIGHT).partition("svg+xml,")[2])
    outlined = [LIGHT.warning in box for box in re.findall("<rect [^>]*>", svg)]
    assert outlined == [False, True, True] * 2
    assert svg.count("▲") == 4
