"""The words: complete in every language, and every key in use."""

import ast
import math
import re
import string
from collections.abc import Iterator

import pytest

from core import SCHEMES
from pages.state.controls import PAGES, TABLE, word_of
from pages.text import HTML_LANG, LANGUAGES, Text, catalogue, language_of
from pages.text.numbers import (
    THIN,
    apart,
    count,
    expected_count,
    factor,
    interval,
    percent,
    probability,
    quantity,
    ten_to,
)
from tests.support.stream import ROOT

SOURCES = [ROOT / "app.py", *(ROOT / "pages").rglob("*.py")]
REFERENCE = catalogue("en")
CHECKERS = ("referee_checks", "referee_errors")
CJK = re.compile(r"[\u4e00-\u9fff]")


def _fields(entry: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(entry) if name}


def test_languages_have_a_name_and_a_tag() -> None:
    assert set(LANGUAGES) == set(HTML_LANG)
    files = {path.stem for path in (ROOT / "pages" / "text").glob("*.toml")}
    assert files == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_key_with_the_same_fields(language: str) -> None:
    entries = catalogue(language)
    assert set(entries) == set(REFERENCE)
    for key, entry in entries.items():
        assert entry.strip(), key
        assert _fields(entry) == _fields(REFERENCE[key]), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_stands_side_by_side_has_names_that_differ(language: str) -> None:
    """The options of a control, which tabs are too; the menu with the tools beside it; a desk's buttons."""
    t = Text(language)
    sides = {name: [word_of(name, one, t) for one in row.options] for name, row in TABLE.items()}
    for group in ("nav", "desk", "keys", "export.series", "export.column"):
        sides[group] = [entry for key, entry in catalogue(language).items() if key.startswith(f"{group}.")]
    assert {name for name, words in sides.items() if len({*words}) < len(words)} == set()


def test_chinese_is_chinese() -> None:
    same = {key for key, entry in catalogue("zh").items() if not CJK.search(entry)}
    # a name, and entries that are only marks and places
    marks = {"app.name", "percent", "verdict.sentence", "verdict.and", "chaos.colon", "chaos.stop", "plan.of"}
    marks |= {"chart.marchenko_pastur", "refused.joined"}
    marks |= {"cause.balanced"} | {
        f"signal.{key}"
        for key in (
            "and",
            "last",
            "then",
            "listed",
            "rests_part",
            "rests_part_length",
        )
    }
    marks |= {"checkpoint.nan", "checkpoint.tile", "checkpoint.head.dtype", "checkpoint.other_says"}
    places = ("context.", "signal.signal.", "signal.gradient.", "chaos.head.")
    assert same == marks | {key for key in same if key.startswith(places)}


HAN = r"[\u4e00-\u9fff]"
WIDE = "，。：；？！、（）“”"
#: what a Chinese entry may not hold, outside tags, and outside brackets of code and formulas
MISPRINTS = {
    "half-width punctuation": rf"[,;:?!()]|{HAN}\.|\.(?![\w\0])",
    "a straight quote": r"[\"']",
    "a double space": r"\s{2}",
    "a space beside full-width punctuation": rf"\s[{WIDE}]|[{WIDE}]\s",
    "a full-width digit, letter or sign": rf"(?![{WIDE}])[\u3000\uff01-\uff5e]",
    "no space between Chinese and Latin": rf"{HAN}[A-Za-z0-9]|[A-Za-z0-9%]{HAN}",
    "no space between Chinese and a value": rf"{HAN}\x00|\x00%?{HAN}",
    "a space before %": r"[\d\x00]\s%",
    "full-width punctuation in a formula": rf"\([^()]*[{WIDE}][^()]*\)",
    "a quote without its partner": r"“[^”]*(?:“|$)|(?:^|”)[^“]*”",
    "a bracket without its partner": r"（[^）]*(?:（|$)|(?:^|）)[^（]*）",
    "a dash or an ellipsis of one part": rf"(?<!—)—(?!—)|{HAN}…(?!…)|(?<!…)…{HAN}",
}
#: a formula in words keeps its brackets; a value that is Chinese, quoted or a whole sentence takes no space
JUSTIFIED = {("count.note", "half-width punctuation")} | {
    (key, "no space between Chinese and a value")
    for key in (
        "finding.orthogonal",
        "found.residual_scale",
        "found.same_shards",
        "found.wrong_gate",
        "refutes.wrong_gate",
        "found.signal_explodes",
        "found.signal_vanishes",
        "guess.flat",
        "refused.network_units",
        "refused.network_word",
        "table.note",
        "signal.dead",
        "signal.dead_none",
        "signal.saturated",
        "signal.saturated_alike",
        "signal.saturated_nowhere",
        "verdict.off.std",
        "verdict.off.std_few",
        *(key for key in REFERENCE if key.startswith("signal.is.")),
    )
}


def _misprints(entry: str) -> set[str]:
    """Name what is wrong in a Chinese entry."""
    words = re.sub(r"<[^>]*>", "", entry.replace("<br>", "|"))
    words = re.sub(r"`[^`]*`", "code", words)
    words = re.sub(r"%?\{+\w+(?:\[\d\])?\}+", "\0", words)  # a value put in
    while (bare := re.sub(rf"\((?:(?!{HAN})[^(){WIDE}])*\)", "0", words)) != words:
        words = bare
    return {name for name, pattern in MISPRINTS.items() if re.search(pattern, words)}


def test_chinese_is_set_as_chinese() -> None:
    entries = {key: entry for key, entry in catalogue("zh").items() if CJK.search(entry)}
    assert {(key, name) for key, entry in entries.items() for name in _misprints(entry)} == JUSTIFIED


@pytest.mark.parametrize(
    ("entry", "misprint"),
    [
        ("权重,偏置", "half-width punctuation"),
        ("共 {n} 个.", "half-width punctuation"),
        ("{name}: 未采用", "half-width punctuation"),
        ("权重(全部)", "half-width punctuation"),
        ('输入为"{was}"', "a straight quote"),
        ("没有'这一'选项", "a straight quote"),
        ("没有”这一“选项", "a quote without its partner"),
        ("共  {n} 个", "a double space"),
        ("权重， 偏置", "a space beside full-width punctuation"),
        ("第 １ 层", "a full-width digit, letter or sign"),
        ("第 Ａ 组", "a full-width digit, letter or sign"),
        ("用torch 抽取", "no space between Chinese and Latin"),
        ("共{n} 个", "no space between Chinese and a value"),
        ("{percent}%的偏差", "no space between Chinese and a value"),
        ("有 95 % 落入", "a space before %"),
        ("权重—偏置", "a dash or an ellipsis of one part"),
        ("…另有", "a dash or an ellipsis of one part"),
        ("服从 N(0，1)", "full-width punctuation in a formula"),
        ("称为“方案", "a quote without its partner"),
        ("输入（共 {n} 个", "a bracket without its partner"),
    ],
)
def test_misprints_are_found(entry: str, misprint: str) -> None:
    assert misprint in _misprints(entry)
    assert not _misprints("在 <b>{layer}</b> 中，N(0, 1) 的“{name}”占 95%（std=0.02）……即 Conv2d(64, 3)。")


def _patterns(node: ast.expr) -> Iterator[str]:
    """Return what a key may be, as regular expressions: a part put in may be any key's part."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield re.escape(node.value)
    elif isinstance(node, ast.JoinedStr):
        parts = [re.escape(v.value) if isinstance(v, ast.Constant) else r"[\w.]+" for v in node.values]
        yield "".join(parts)
    elif isinstance(node, ast.IfExp):
        yield from _patterns(node.body)
        yield from _patterns(node.orelse)


def test_every_key_that_the_pages_ask_for_exists_and_every_key_is_asked_for() -> None:
    asked: set[str] = set()
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and ast.unparse(node.func) in {"t", "frame.t"}:
                for pattern in _patterns(node.args[0]):
                    found = {key for key in REFERENCE if re.fullmatch(pattern, key)}
                    assert found, f"{path.name}:{node.lineno} asks for {pattern}"
                    asked |= found
            # keys handed on as patterns, such as "scheme.{}.name", or as labels
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "." in node.value:
                pattern = re.escape(node.value).replace(r"\{\}", r"\w+")
                asked |= {key for key in REFERENCE if re.fullmatch(pattern, key)}
    assert set(REFERENCE) == asked


def test_registries_have_their_words() -> None:
    for key in SCHEMES:
        assert {f"scheme.{key}.name", f"scheme.{key}.hint"} <= set(REFERENCE)
    for page in PAGES:
        assert f"nav.{page}" in REFERENCE
    assert {f"home.card.{page}_text" for page in PAGES if page != "home"} <= set(REFERENCE)
    assert {f"control.{name}" for name in TABLE} <= set(REFERENCE)
    assert {f"tab.{name}" for name in TABLE["tab"].options} <= set(REFERENCE)
    # what the referee looks at: counts are of a law without chance, of which no list of checks is told
    sources = "".join((ROOT / f"core/weights/{name}.py").read_text() for name in CHECKERS)
    checks = set(re.findall(r'Check\("(\w+)"', sources))
    assert len(checks) > 9
    assert {f"verdict.off.{name}" for name in checks} <= set(REFERENCE)
    assert {f"verdict.checks.{name}" for name in checks - {"counts"}} <= set(REFERENCE)
    # every scheme's words stand for a scheme that exists
    assert {key.split(".")[1] for key in REFERENCE if key.startswith("scheme.")} == set(SCHEMES)


def test_a_word_goes_by_its_number() -> None:
    t = Text("en")
    assert t("model.more_units", n="1") == "… and 1 more unit."
    assert [t("model.more_units", n=n) for n in ("0", "2", 11)] == [
        f"… and {n} more units." for n in (0, 2, 11)
    ]
    # both, where only the browser knows it, by the name that it has there
    assert t("model.more_units", n="{rest}") == "… and {rest} more {rest:unit|units}."
    with pytest.raises(KeyError):
        t("model.more_units")


#: What is counted; a number before it must not be followed by its plural alone.
NOUNS = "weights numbers inputs outputs parameters units layers schemes products features arguments"


#: entries whose number has its own other entry for 1, is never 1, or counts what stands before it
NEVER_ONE = {
    *("context.weights", "fans.inputs", "fans.outputs", "compare.context", "signal.context", "lesson.alt"),
    *("matrix.not_held", "drawing.strongest", "lesson.few", "export.too_large", "found.residual_everywhere"),
    *("signal.alike_samples", "signal.alike_units", "signal.same_units"),
    *(key for key in REFERENCE if key.startswith(("waiting.", "quiz.", "refused."))),
}


def test_no_entry_counts_one_of_what_it_names_as_many() -> None:
    numbered = re.compile(rf"\{{\w+\}}(?: \w+)? (?:{NOUNS.replace(' ', '|')})\b")
    assert {key for key, entry in REFERENCE.items() if numbered.search(entry)} - NEVER_ONE == set()


def test_a_missing_key_or_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        Text("en")("no.such.key")
    with pytest.raises(KeyError):
        Text("en")("context.weights")


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("zh-CN", "zh"),
        ("zh_TW", "zh"),
        ("ZH", "zh"),
        ("en-GB", "en"),
        ("fr", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_the_browser_s_locale_chooses_the_language(locale: str | None, language: str) -> None:
    assert language_of(locale) == language


def test_numbers_are_written_as_print_does() -> None:
    assert count(131072) == "131\u202f072"
    assert count(-5) == "−5"
    assert quantity(1.257, digits=3, sign=True) == "+1.26"
    assert quantity(-1.257, digits=3, sign=True) == "−1.26"
    assert quantity(0.0625) == "0.06250"
    assert quantity(0.0625, trim=True) == "0.0625"
    assert quantity(1 - 2**-53) == quantity(1.0) == "1.000"  # what rounding alone keeps from 1
    assert quantity(-3.125e-9, 1e-9) == "−3.125×10⁻⁹"
    assert quantity(1.5e12, trim=True) == "1.5×10¹²"
    # the last that stands in full, and the first that does not
    assert [quantity(x) for x in (9_999_999, 12_345_678)] == ["9999999", "1.235×10⁷"]
    assert quantity(-1e-300, trim=True) == "−10⁻³⁰⁰"
    assert quantity(0, 0.05) == quantity(0.0, sign=True) == "0"
    assert [quantity(x) for x in (math.nan, math.inf, -math.inf)] == ["–", "∞", "−∞"]
    assert [expected_count(n) for n in (353.9, 12.345, 27.0, 0.0405, 0)] == [
        "354",
        "12.3",
        "27",
        "0.0405",
        "0",
    ]
    assert [probability(p) for p in (0.8512, 1e-9, 1, 0.004)] == [
        "=\u00a00.851",
        "<\u00a00.001",
        ">\u00a00.99",
        "=\u00a00.00400",
    ]
    # on either side of where a relation takes the number's place
    assert [probability(p) for p in (0.95, 0.99, 0.9901, 0.001, 0.000999)] == [
        "=\u00a00.950",
        "=\u00a00.990",
        ">\u00a00.99",
        "=\u00a00.00100",
        "<\u00a00.001",
    ]


def test_a_column_keeps_its_decimals_and_what_is_too_small_for_them_gets_its_own() -> None:
    assert [quantity(x, 0.05) for x in (0.25, 0.05, -1.5)] == ["0.25000", "0.05000", "−1.50000"]
    assert quantity(0.000471404, 1) == "0.000471"
    assert quantity(-3.75e-7, 1) == "−3.75×10⁻⁷"
    # far from 0, what tells two numbers apart
    assert quantity(1.00000025, 1e-7, 3) == "1.000000250"
    assert interval(1e10, 1e10 + 1) == ("10¹⁰", "1.0000000001×10¹⁰")
    assert interval(1e-9, 1000) == ("10⁻⁹", "1000")
    assert interval(-0.05, 0.05) == ("−0.05", "0.05")
    # four digits of half their distance, 0.3062, 0.01 and 5.678
    assert interval(-0.30619, 0.30619) == ("−0.3062", "0.3062")
    assert interval(1.23456, 1.25456) == ("1.23456", "1.25456")
    assert interval(-4.5678, 6.7878) == ("−4.568", "6.788")


def test_a_number_in_a_formula_is_taken_whole() -> None:
    written = ["2.5", "131\u202f072", "10⁻⁶", "2×10⁻⁶", "−2"]
    assert list(map(factor, written)) == [*written[:2], "(10⁻⁶)", "(2×10⁻⁶)", "(−2)"]


def test_a_power_beyond_all_doubles_has_its_digits_too() -> None:
    """10^0.5 = 3.1623, 10^0.9999 = 9.9977."""
    assert [ten_to(x) for x in (0.5, -0.5, 12.5, 0)] == ["3.16", "0.316", "3.16×10¹²", "1.00"]
    assert [ten_to(x) for x in (915.5, -1502.5)] == ["3.16×10⁹¹⁵", "3.16×10⁻¹⁵⁰³"]
    assert [ten_to(x) for x in (999.9999, 400, -400)] == ["1.00×10¹⁰⁰⁰", "1.00×10⁴⁰⁰", "1.00×10⁻⁴⁰⁰"]
    assert [ten_to(x) for x in (-math.inf, math.inf)] == ["0", "∞"]


def test_what_lies_close_to_1_is_told_from_it() -> None:
    assert [apart(x, 1) for x in (0.99996, 1.0000004, 1, 1 - 1e-12)] == ["0.99996", "1.0000004", "1", "1"]
    assert [apart(x, 1) for x in (900, 0.25, 4.7e-8, 0)] == ["900", "0.25", "4.7×10⁻⁸", "0"]
    shares = (0, 1, 0.5, 0.0026998, 3e-7, 0.99996, 0.123456)
    assert [percent(x) for x in shares] == ["0", "100", "50", "0.27", "0.00003", "99.996", "12.3"]
    # from 90 on, three digits of what is lacking to 100: 9.877, 4.877 and 0.9877
    assert [percent(x) for x in (0.890123, 0.90123, 0.95123, 0.990123)] == ["89", "90.12", "95.12", "99.012"]


def test_a_long_whole_number_is_not_rounded_to_a_double() -> None:
    assert count(2**63 - 1).replace(THIN, "") == "9223372036854775807"
    assert count(-1234) == f"−1{THIN}234"
