"""The checkpoint page's tables of tensors: which are there, in which order, and how many fit which law."""

import math
import re

import pytest
import torch

from pages.text import Text
from tests.support.checkpoint_page import report, seeded
from tests.support.marks import both_languages
from tests.support.screen import opened, query, said
from tests.support.words import plain

EN = Text("en")


def _listed(**link: str) -> list[str]:
    """Return the names in the table of tensors, from its first line on."""
    app = opened("checkpoint", board="tensors", **link)
    return re.findall(r'<th scope="row"><a [^>]*><bdi[^>]*>([^<]*)</bdi>', said(app))


def test_tensors_are_searched_sorted_and_shown_by_what_they_are() -> None:
    link = {"search": "C_PROJ.weight", "only": "wrong", "sort": "size"}
    names = _listed(**link)
    assert len(names) == 8
    assert all(name.endswith("mlp.c_proj.weight") for name in names[:4])  # of 256 × 64
    assert "1 to 8 of 8" in plain(opened("checkpoint", board="tensors", **link))
    app = opened("checkpoint", board="tensors", search="none such")
    assert EN("checkpoint.no_tensor") in said(app)


def test_a_name_is_found_however_it_is_written() -> None:
    names = ["Encoder.Fc.weight", "encoder.fc2.weight", "decoder.weight"]
    key = report({name: torch.zeros(3) for name in names})
    for typed in ("encoder.fc", "ENCODER.FC", "Encoder.Fc"):
        assert _listed(report=key, search=typed) == names[:2]


def test_a_finding_names_three_tensors_and_counts_the_others() -> None:
    """Of GPT-2's 8 residual projections."""
    text = plain(opened("checkpoint", board="problems"))
    assert re.findall(r"(?:h\.\d\.\w+\.c_proj\.weight(?:, )?){3} (And \d+ more\.)", text) == ["And 5 more."]


def test_a_table_of_many_tensors_is_paged() -> None:
    key = report({f"h.{at}.bias": torch.zeros(3) for at in range(120)})
    app = opened("checkpoint", report=key, board="tensors")
    assert "1 to 50 of 120" in plain(app)
    assert app.button(key="sheet_before").disabled
    app.button(key="sheet_after").click().run()
    assert "51 to 100 of 120" in plain(app)
    assert query(app)["sheet"] == "2"
    app.button(key="sheet_after").click().run()
    assert "101 to 120 of 120" in plain(app)
    assert app.button(key="sheet_after").disabled
    app.button(key="sheet_before").click().run()
    assert query(app)["sheet"] == "2"
    assert "101 to 120 of 120" in plain(opened("checkpoint", report=key, board="tensors", sheet="99"))


def test_of_a_table_that_is_cut_the_others_are_counted() -> None:
    one, other = (report({f"h.{at}.bias": torch.full((3,), n) for at in range(120)}) for n in (1.0, 2.0))
    text = plain(opened("checkpoint", report=one, against=other, board="against"))
    assert "120 changed" in text
    assert text.count(".bias changed") == 50
    assert "And 70 more." in text


def test_what_is_wrong_is_listed_whatever_its_mark() -> None:
    """Of the broken example one tensor has NaN, one was never written to, and one has dead units alone."""
    text = plain(opened("checkpoint", example="broken", board="tensors", only="wrong"))
    assert "1 to 3 of 3" in text
    assert "4.weight" in text


#: not in the order of their names, of their stds, nor of their laws
SORTED = {
    "b": 0.01 * seeded(30, 30),
    "d": torch.full((40, 50), math.nan),
    "c": 0.02 * seeded(50, 60),
    "a": 0.01 * seeded(20, 20, seed=2),
}


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("name", ["a", "b", "c", "d"]),
        ("size", ["c", "d", "b", "a"]),
        ("std", ["c", *sorted("ab", key=lambda name: -float(SORTED[name].std())), "d"]),
        ("law", ["b", "a", "c", "d"]),  # 𝒩(0, 0.01²) twice, 𝒩(0, 0.02²), and none
    ],
)
def test_what_has_no_std_and_no_law_is_last_and_others_stand_in_their_order(
    sort: str, names: list[str]
) -> None:
    assert _listed(report=report(SORTED), sort=sort) == names


def test_laws_of_one_kind_are_counted_by_their_size() -> None:
    sizes = (0.1, 0.2, 0.1, 0.1, 0.2)
    chance = torch.Generator().manual_seed(1)
    key = report(
        {f"{at}": size * (2 * torch.rand(64, 48, generator=chance) - 1) for at, size in enumerate(sizes)}
    )
    text = plain(opened("checkpoint", report=key))
    assert re.findall(r"fits (\S+ \S+) (\d+)", text) == [("𝒰(−0.1, 0.1)", "3"), ("𝒰(−0.2, 0.2)", "2")]


@both_languages
@pytest.mark.parametrize("near", [True, False])
def test_where_some_are_near_to_a_law_most_are_said_to_fit_none(*, near: bool, language: str) -> None:
    """Six heavy-tailed weights, as of training, and one that is as normal as any draw, of nobody's std."""
    chance = torch.Generator().manual_seed(3)
    tails = [seeded(64, 64, seed=at) / torch.rand(64, 64, generator=chance).sqrt() for at in range(6)]
    tensors = {f"layers.{at}.weight": 0.02 * tail for at, tail in enumerate(tails)}
    app = opened(
        "checkpoint",
        report=report(tensors | ({"head.weight": 0.01837 * seeded(64, 64, seed=9)} if near else {})),
        lang=language,
    )
    most = {"en": "no known law fits most of the tensors", "zh": "大多不符合已知分布"}[language]
    none = {"en": "no known law fits the tensors", "zh": "都不符合已知分布"}[language]
    assert (most in plain(app), none in plain(app)) == (near, not near)


def test_a_tensor_that_a_file_has_not_is_told_of() -> None:
    assert "This file has no tensor “no.weight”." in said(opened("checkpoint", tensor="no.weight"))
    assert "这个文件里没有张量“no.weight”。" in said(opened("checkpoint", tensor="no.weight", lang="zh"))
    assert "has no tensor" not in said(opened("checkpoint"))
