"""The words: one TOML file a language, looked up by dotted keys."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

#: language → its own name, as the switch shows it
LANGUAGES = {"en": "English", "zh": "中文"}
#: language → the value of <html lang>
HTML_LANG = {"en": "en", "zh": "zh-Hans"}


class Text:
    """The words of one language: ``t("page.key", name=value)``."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._entries = catalogue(language)

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the entry with ``values`` put in; of ``{n:weight|weights}`` the first where n is 1.

        Raises:
            KeyError: if the catalogue has no such key, or the entry names a value not given.
        """
        entry = self._entries[key]
        if "|" in entry:
            entry = _NUMBERED.sub(lambda found: _numbered(found, values), entry)
        return entry.format_map(values)


#: A word that goes by a number: {n:weight|weights}.
_NUMBERED = re.compile(r"\{(\w+):([^{}|]*)\|([^{}]*)\}")


def _numbered(found: re.Match[str], values: Mapping[str, object]) -> str:
    """Return the word for a number; both where the number is the browser's, and here its {name}."""
    name, one, many = found.groups()
    value = str(values[name])
    if value.startswith("{"):
        return f"{{{value[:-1]}:{one}|{many}}}}}"
    return one if value == "1" else many


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Read a language's file into one flat mapping with dotted keys."""
    path = Path(__file__).with_name(f"{language}.toml")
    return dict(_flatten(tomllib.loads(path.read_text(encoding="utf-8"))))


def _flatten(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def language_of(locale: str | None) -> str:
    """Return the language for a browser's locale such as ``zh-CN``; English where there is none."""
    language = (locale or "").replace("_", "-").split("-")[0].lower()
    return language if language in LANGUAGES else "en"


def sentences(*parts: str) -> str:
    """Join sentences: with a space, but none after a full-width stop."""
    return re.sub(r"(。(?:</\w+>)*) ", r"\1", " ".join(filter(None, parts)))
