"""Words that carry a fact, in the text catalogues: ``python -m tests.claims`` names those that nothing holds.

A sentence can be false although no number in it is: "wider" for "narrower", "rows" for "columns", "is kept"
for "vanishes". So can a formula. An entry with such a word or a formula is held by a literal sentence in
``tests/app/sentences.toml``, for a setting whose truth is known, or else by ``tests/claims.toml``: its words
and formulas that carry the fact, in their order, in both languages. Whoever adds or changes one reads the
entry first, in both.
"""

import re
import sys
import tomllib
from pathlib import Path

from pages.text import catalogue

HERE = Path(__file__).parent
#: Bytes of a name: a heading, a tab, an option. A shorter entry stands in sentences about something else too,
#: so that it is held only where it is a line of its own.
NAME = 25
LANGUAGES = ("en", "zh")

#: Words that have an opposite, or deny; measures, keys and units that could take each other's place.
_ENGLISH = r"""
wid\w* narrow\w* larg\w* small\w* greater shorter longer? deep\w* steep\w* strong\w* weak\w*
high\w* low\w* more most less least few\w* above below beyond within inside outside between first last
next previous before after top up down back\w* forward inputs? outputs? rows? columns? keeps? kept
lose\w* lost vanish\w* explod\w* overflow\w* settles? falls? grows? flat dead ordered chaotic
equal\w* same alike differ\w* independent\w* none no not never nothing any every each all only both two
three half twice times thousand\w* million wall\w* coverage variance mean std solid dashed dot ring grey
blue agree consistent against right wrong better without hid\w* lock\w* free uncover\w* reveal\w* add
remove support minimum maximum drawn expected open\w* own normal uniform seconds fan_in fan_out kernel
second quer\w* server browser
pre-activations? activations? enter space delete [kMG]B
"""
_CHINESE = """
不可 不再 不是 不为 不超过 没有 无论 无法 无偏置 无 不 未 非 最大 最小 最多 至多 至少 较少 大于 小于 低于
超出 超过 偏大 偏小 放大 缩小 大 小 宽 窄 长 短 深 浅 高 低 多 少 陡 强 弱 消失 爆炸 保持 稳定 下降 增长
溢出 饱和 死亡 有序 混沌 上 下 左 右 前 后 首 末 之间 之内 之外 内 外 行 列 输入 输出 反向 相同 相等 不同
独立 随机 观测 期望 全部 所有 任何 任意 都 每 只 仅 两 三 一半 半 倍 千 百万 硬边界 覆盖 支撑集 均值
标准差 方差 均方 正态 均匀 实线 虚线 圆点 圆环 菱形 灰 蓝 一致 不符 对 错 显示 隐藏 锁定 揭晓 添加 删除
自己 扇入 扇出 一阶 二阶 查询 服务器 浏览器
预激活值 激活值 回车 空格 Delete kB MB GB
"""
#: What formulas are made of, and what no word has: E[φ′²]·E[u²] is one, fan_in and (as are none.
_SIGNS = r"Ͱ-Ͽ²³₀-₉√±×·/+−=~^′∂*"
_LETTERS = rf"(?:\d+\.\d+|[A-Za-z0-9_\[\](){_SIGNS}])"
_FORMULA = rf"(?={_LETTERS}*[{_SIGNS}]){_LETTERS}+"
_MARKS = [
    r"\{\w+(?:\[\d\])?(?::[^{}|]*\|[^{}]*)?\}",
    _FORMULA,
    r"\d[\d.]*",
    r"[≥≤→]",
    r"fan_in",
    r"fan_out",
    r"shape\[\d\]",
    # names that could take each other's place: who does it, and a law of one letter (A opens sentences)
    r"(?<![\w.])(?:torch|nn\.init|Keras|JAX)(?![A-Za-z])",
    r"(?<![A-Za-z])[B-Z](?![A-Za-z])",
]
_WORDS = {
    "en": (rf"(?i:\b(?:{'|'.join(sorted(_ENGLISH.split(), key=len, reverse=True))})\b)"),
    "zh": "|".join(map(re.escape, sorted(_CHINESE.split(), key=len, reverse=True))),
}
_CLAIMS = {language: re.compile(f"{_FORMULA}|{words}") for language, words in _WORDS.items()}
_FACTS = {language: re.compile("|".join([*_MARKS, words])) for language, words in _WORDS.items()}


def bare(entry: str) -> str:
    """Return an entry without its marks."""
    return re.sub(r"<[^>]+>", "", entry.replace("<br>", " ").replace("\u00a0", " ").replace("\u202f", " "))


def facts(entry: str, language: str) -> str:
    """Return the words of an entry that carry its fact, with its numbers and places, in their order."""
    return " ".join(_FACTS[language].findall(bare(entry)))


def formulas(entry: str) -> list[str]:
    """Return an entry's formulas, sorted; places are no part of one, nor are brackets around it."""
    found = re.findall(_FORMULA, re.sub(_MARKS[0], " ", bare(entry)))
    return sorted(each.strip("()") for each in found if re.search(r"[^\W_]", each))


def said(language: str) -> list[str]:
    """Return the literal sentences of a language."""
    sights = tomllib.loads((HERE / "app" / "sentences.toml").read_text(encoding="utf-8"))["sight"]
    lines = [line for sight in sights for line in sight[language].splitlines()]
    return lines + [sight["alt"][language] for sight in sights if "alt" in sight]


def _claims(entry: str, language: str) -> bool:
    """Tell whether an entry can be false: by a word, a formula, or places put in each other's stead."""
    return bool(_CLAIMS[language].search(bare(entry))) or len(re.findall(_MARKS[0], entry)) > 1


def _is_said(entry: str, lines: list[str]) -> bool:
    """Tell whether one of the literal sentences, bare, has all of an entry."""
    parts = re.split(_MARKS[0], bare(entry))
    if len("".join(parts)) < 2:
        return False
    if len(parts) == 1 and len(parts[0].encode()) < NAME:
        return parts[0] in lines
    pattern = re.compile(".+?".join(re.escape(part).replace(r"\ ", " ") for part in parts))
    # what lacks a part need not be searched for all of them, which takes long
    return any(all(part in line for part in parts) and pattern.search(line) for line in lines)


def held() -> dict[str, list[str]]:
    """Return the facts as they were written down: key → [English, Chinese]."""
    return tomllib.loads((HERE / "claims.toml").read_text(encoding="utf-8"))


def wanted() -> dict[str, list[str]]:
    """Return the facts that the catalogues claim and no literal sentence holds: key → [English, Chinese]."""
    found = {}
    for language in LANGUAGES:
        lines = [re.sub(r"<([^>]+)>", r"\1", line) for line in said(language)]
        for key, entry in catalogue(language).items():
            if _claims(entry, language) and not _is_said(entry, lines):
                found[key] = [facts(catalogue(other)[key], other) for other in LANGUAGES]
    return dict(sorted(found.items()))


def main() -> int:
    """Print what the table lacks or has otherwise, as its lines would be: to be read first."""
    ours, theirs = held(), wanted()
    for key in sorted(ours.keys() | theirs.keys()):
        if ours.get(key) != theirs.get(key):
            words = "".join(f'    "{each}",\n' for each in theirs.get(key, ["no longer wanted"]))
            sys.stdout.write(f'"{key}" = [\n{words}]\n')
    return int(ours != theirs)


if __name__ == "__main__":
    sys.exit(main())
