"""No entry of the catalogues says the opposite of what was read and found true."""

import pytest

from pages.text import catalogue
from tests.claims import LANGUAGES, facts, formulas, held, wanted


def test_every_entry_says_what_was_found_true() -> None:
    """Red for an entry that you changed? Read it, and write its words down: ``python -m tests.claims``."""
    ours, theirs = held(), wanted()
    assert len(ours) > 300
    assert {key: pair for key, pair in theirs.items() if ours.get(key) != pair} == {}
    assert ours.keys() - theirs.keys() == set()


# the kinds of fault that went unseen before
@pytest.mark.parametrize(
    ("language", "key", "was", "planted"),
    [
        ("en", "verdict.off.large", "large", "small"),
        ("en", "refused.size_work", "more than", "fewer than"),
        ("en", "export.column.quantile", "drawn", "expected"),
        ("en", "quiz.bound_counts", "from {low} to {high}", "from {high} to {low}"),
        ("zh", "verdict.off.large", "大", "小"),
        ("zh", "table.minimum", "最小", "最大"),
        ("zh", "chart.row", "输出", "输入"),
        ("zh", "refused.size_work", "超过", "低于"),
        ("en", "gains.note", "E[u²] + E[φ²]", "E[u²] + E[u²]"),
        ("en", "gains.note", "1/√E[φ(z)²]", "1/√E[φ(u)²]"),
        ("zh", "quiz.slip.wall", "√3 σ", "σ/√3"),
        ("zh", "cause.width_third", "1/√(3d)", "1/√(d)"),
        ("zh", "found.moment_underflow", "二阶矩为 0，一阶", "一阶矩为 0，二阶"),
        ("zh", "scheme.t5.hint", "查询投影", "键投影"),
        ("zh", "fans.padding", "torch 让它保持为 0，而 nn.init", "nn.init 让它保持为 0，而 torch"),
        ("en", "found.lora_untrained", "B is 0", "A is 0"),
        ("en", "drop.promise", "Your browser", "This server"),
        ("en", "rosetta.depthwise", "Keras’", "JAX’"),
        (
            "en",
            "model.hand_keys",
            "Enter: the next input’s weight; space",
            "Space: the next input’s weight; Enter",
        ),
        ("zh", "option.measure.preactivation_rms", "预激活值", "激活值"),
        ("zh", "house.long", "kB", "MB"),
        ("zh", "option.measure.activation_rms", "激活值", "预激活值"),
        ("zh", "tab.forward", "前向", "反向"),
        ("en", "chaos.phase.ordered", "ordered", "chaotic"),
    ],
)
def test_an_opposite_is_seen(language: str, key: str, was: str, planted: str) -> None:
    entry = catalogue(language)[key]
    assert was in entry, entry
    right = held()[key][LANGUAGES.index(language)]
    assert facts(entry, language) == right
    assert facts(entry.replace(was, planted, 1), language) != right


#: entries in which a language says in words, or by a part more, what the other writes
OTHERWISE = {
    *("table.off", "inspector.intro", "lesson.sqrt5.note", "signal.reading_far", "signal.gradient_far"),
    *("gains.note", "plan.form", "plan.error.empty", "plan.error.link"),
}


def test_both_languages_have_the_same_formulas() -> None:
    both = [(key, *(formulas(catalogue(language)[key]) for language in LANGUAGES)) for key in catalogue("en")]
    assert sum(bool(found) for _, found, _ in both) > 100
    assert {key for key, one, other in both if one != other} == OTHERWISE
