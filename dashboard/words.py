"""Every word on screen that is not a metric, a column or data, in English and Chinese (words*.toml)."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "zh")
#: words.toml for the frame and what pages share; words_NAME.toml for a capability's own.
FOLDER = Path(__file__).parent


@cache
def words() -> dict[str, dict[str, str]]:
    """All entries as "section.name" → language → text."""
    result: dict[str, dict[str, str]] = {}
    for path in sorted(FOLDER.glob("words*.toml")):
        for section, entries in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for name, entry in entries.items():
                if f"{section}.{name}" in result:
                    raise ValueError(f"{path.name}: {section}.{name} is already in another words file")
                result[f"{section}.{name}"] = entry
    return result


def word(key: str, lang: str, **values: object) -> str:
    """The text of an entry with its {places} filled; an unknown entry raises KeyError, a missing value too."""
    return words()[key][lang].format(**values)


def has(key: str) -> bool:
    """Whether there is such an entry."""
    return key in words()


def language(locale: str | None) -> str:
    """The language to start in for a browser's locale."""
    return "zh" if (locale or "").lower().startswith("zh") else "en"


def listed(items: list[str], lang: str) -> str:
    """Some names in a row: "M1, M2" or "M1、M2"."""
    return ("、" if lang == "zh" else ", ").join(items)
