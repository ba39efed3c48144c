"""The map of a model: a row a block, tiles in the file's order; of many tensors a tile a block."""

import re
from html import escape

import pytest
import torch

from core import Row
from core.checkpoints.scan import report_of
from pages.figures import checkpoint_map
from pages.figures.checkpoint_map import Tile, bands, block_of, drawing, look_of
from tests.support.hostile import harm_in
from tests.support.stored_tensors import contents


def _rows(*names: str, n: int = 6) -> tuple[Row, ...]:
    return report_of(contents({name: torch.randn(n) for name in names})).rows


def _none(_: Row) -> int:
    return 0


def test_a_block_is_a_name_up_to_its_first_number() -> None:
    assert block_of("transformer.h.3.attn.c_attn.weight") == "transformer.h.3"
    assert block_of("0.weight") == "0"
    assert block_of("wte.weight") == ""
    assert block_of("layer1.conv.weight") == ""


def test_rows_are_blocks_and_tiles_stand_in_the_file_s_order() -> None:
    rows = _rows("wte.weight", "wpe.weight", "h.1.a", "h.1.b", "h.0.a", "ln.weight", "ln.bias")
    found = bands(rows, _none)
    assert [band.label for band in found] == ["wte … wpe", "h.1", "h.0", "ln"]
    assert [tile.name for band in found for tile in band.tiles] == [row.name for row in rows]


def test_a_tile_looks_as_what_is_known_of_its_start() -> None:
    generator = torch.Generator().manual_seed(1)
    drawn = torch.randn(64, 64, generator=generator)
    tensors = {
        "fits": 0.02 * drawn,
        "constant": torch.ones(9),
        "unknown": drawn * torch.linspace(0.01, 3, 64)[:, None],
        "other": torch.arange(9),
    }
    for name, row in zip(tensors, report_of(contents(tensors)).rows, strict=True):
        assert look_of(row) == name


def test_of_many_tensors_a_tile_is_a_block_and_of_more_blocks_several() -> None:
    rows = _rows(*(f"h.{block}.{part}" for block in range(70) for part in range(10)))
    found = [tile for band in bands(rows, lambda row: 2 * (row.name == "h.3.7")) for tile in band.tiles]
    assert len(found) == 70
    assert {tile.tensors for tile in found} == {10}
    assert [tile.name for tile in found if tile.mark] == ["h.3"]
    assert sum(tile.n for tile in found) == 70 * 10 * 6
    rows = _rows(*(f"h.{block}.{part}" for block in range(1300) for part in "ab"), n=2)
    wrong = {"h.0.a", "h.777.a", "h.1299.a"}
    found = [tile for band in bands(rows, lambda row: 2 * (row.name in wrong)) for tile in band.tiles]
    assert len(found) <= checkpoint_map.MOST_TILES
    assert sum(tile.tensors for tile in found) == 2600
    # ten blocks a tile: what is wrong in one of them marks it
    assert [(tile.name, tile.mark) for tile in found if tile.mark] == [
        (f"h.{first}", 2) for first in (0, 770, 1290)
    ]


def test_a_row_of_many_layers_says_which_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = _rows(*(f"model.h.{block}.{part}" for block in range(70) for part in range(10)))
    assert [band.label for band in bands(blocks, _none)] == [
        "h.0 … 19",
        "h.20 … 39",
        "h.40 … 59",
        "h.60 … 69",
    ]
    rows = _rows("wte.weight", *(f"model.layers.{at}.q" for at in range(629)), "norm.weight", n=2)
    assert [band.label for band in bands(rows, _none)] == [  # ten of 631 blocks a tile, twenty tiles a row
        "wte.weight … model.layers.198",
        "layers.199 … 398",
        "layers.399 … 598",
        "model.layers.599 … norm.weight",
    ]
    monkeypatch.setattr(checkpoint_map, "MOST_TILES", 5)  # ten tiles of ten are one
    assert [band.label for band in bands(blocks, _none)] == ["h.0 … 69"]


def test_long_names_are_put_together_too() -> None:
    rows = _rows(*(f"h.{at // 10}.{'x' * 900}{at}" for at in range(100)))
    assert sum(len(band.tiles) for band in bands(rows, _none)) == 10


def test_whatever_a_name_holds_it_is_only_a_name() -> None:
    evil = '"><script>evil()</script>'
    html = drawing(
        bands(_rows(evil, "b"), lambda _: 2),
        evil,
        label=evil,
        href=lambda tile: f"./checkpoint?tensor={tile.name}",
        words=lambda tile: tile.name,
        name=escape,
    )
    assert harm_in(html) == []
    assert html.count('aria-current="true"') == 1
    assert html.count("▲</a>") == 2


def test_a_tile_is_as_wide_as_its_share() -> None:
    html = checkpoint_map._tile(Tile("a", 4096, "fits", 0), "", lambda _: "x", lambda _: "words")
    assert 'style="flex-grow:4096"' in html


def test_a_tile_is_named_by_its_title_and_one_with_a_mark_not_by_the_mark() -> None:
    plain, marked = (
        checkpoint_map._tile(Tile("a", 4096, "fits", mark), "", lambda _: "x", lambda _: "words")
        for mark in (0, 1)
    )
    assert re.search('title="words"[^>]*></a>', plain)
    assert re.search('title="words"[^>]*aria-label="words"[^>]*>△</a>', marked)
