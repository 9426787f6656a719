"""Words: both languages everywhere, the same places to fill in, none unknown, none unused."""

import re
import string
from pathlib import Path

import pytest

from dashboard import naming
from dashboard.words import LANGUAGES, language, word, words

ROOT = Path(__file__).resolve().parents[1]
CODE = "\n".join(path.read_text(encoding="utf-8") for folder in ("dashboard", "pages") for path in sorted((ROOT / folder).rglob("*.py")))
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
#: What Chinese pages write in Latin letters too.
LATIN_ALLOWED = re.compile(r"\b(CSV|Excel|ID|[A-Z]|M\d\+?)\b|\d+%")


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", sorted(words()))
def test_both_languages(key: str) -> None:
    entry = words()[key]
    assert set(entry) == set(LANGUAGES)
    assert places(entry["en"]) == places(entry["zh"])
    assert not CHINESE.search(entry["en"])
    rest = LATIN_ALLOWED.sub("", re.sub(r"\{\w+\}", "", entry["zh"]))
    assert not re.search(r"[A-Za-z]", rest), entry["zh"]


def test_every_entry_is_used() -> None:
    """The code asks for an entry in full, by a prefix it fills in, or as a column of a section."""
    quoted = set(re.findall(r"""(?<=["'])[\w.]+(?=["'])""", CODE))
    families = tuple(set(re.findall(r"""f["']([a-z_]+\.(?:[a-z_]+)?)\{""", CODE)))
    sections, named = set(re.findall(r'columns\("(\w+)"', CODE)), quoted | set(re.findall(r"\b(\w+)=", CODE))

    def used(key: str) -> bool:
        section, name = key.split(".")
        return key in quoted or key.startswith(families) or (section in sections and name in named)

    assert [key for key in words() if not used(key)] == []


def test_every_key_in_the_code_is_an_entry() -> None:
    asked = set(re.findall(r'\b(?:word|say)\(\s*"([a-z_.0-9]+)"', CODE))
    assert asked <= set(words()), asked - set(words())


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        word("frame.as_of", "en")


@pytest.mark.parametrize(("locale", "lang"), [("zh-CN", "zh"), ("zh", "zh"), ("en-GB", "en"), ("fr", "en"), (None, "en")])
def test_first_language(locale: str | None, lang: str) -> None:
    assert language(locale) == lang


def test_a_dimension_that_rows_lack_is_called_by_its_name() -> None:
    """Of rows that are no table of the contract too, so that nobody reads an id alone."""
    assert naming.need("holdings.bucket", "en") == "Bucket at start of period (holdings.bucket)"
    assert naming.need("holdings.bucket", "zh") == "期初逾期档 (holdings.bucket)"


def test_headings_read_well_for_one() -> None:
    """A count with its plural at the start of a heading would read "1 comments"."""
    said = [key for key, entry in words().items() if key.endswith("_title") and re.match(r"\{(n|count)\} \w+s\b", entry["en"])]
    assert not said
