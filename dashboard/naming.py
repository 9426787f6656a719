"""Names of dimensions, codes and columns in a person's language: translation happens here, at the edge, never in the data."""

from __future__ import annotations

from collections.abc import Callable

from dashboard import formats
from dashboard.compliance.rules import rule
from dashboard.contract import contract
from dashboard.metrics import dimensions
from dashboard.words import has, word


def dimension_labels(lang: str) -> dict[str, str]:
    """Each dimension's name."""
    return {name: dimension.label[lang] for name, dimension in dimensions().items()}


def value(dimension: str, code: object, lang: str) -> str:
    """A dimension's value as read; the data's own names stay as they are, what is not recorded says so."""
    text = formats.MISSING if code is None else str(code)
    codes = dimensions()[dimension].codes
    if text == "":
        return word("code.unrecorded", lang)
    if codes is None:
        return text
    if codes == "rule":
        known = rule(text)
        return known.short[lang] if known is not None else text
    if codes == "table":
        return contract().tables[text].label[lang] if text in contract().tables else text
    for key in (f"code.{codes}_{text}", f"code.{text}"):
        if has(key):
            return word(key, lang)
    lists = ("state", "close_reason") if codes == "state" else (codes,)
    for name in lists:
        entry = contract().codes.get(name, {}).get(text)
        if entry is not None:
            return entry.label[lang]
    return text


def values(lang: str) -> Callable[[str, str], str]:
    """`value` in one language, for whoever puts filters into words."""
    return lambda dimension, code: value(dimension, code, lang)


def need(name: str, lang: str) -> str:
    """A table or column ("payments.posted_on", or either of "a|b") by its name, without its id."""
    either = []
    for one in name.split("|"):
        table, _, column = one.partition(".")
        known = contract().tables.get(table)
        if known is None:
            either.append(f"{dimensions()[column].label[lang]} ({one})" if column in dimensions() else one)
        elif column in known.columns:
            either.append(f"{known.label[lang]} · {known.columns[column].label[lang]} ({one})")
        elif column in dimensions():  # a dimension that its rows don't carry
            either.append(f"{known.label[lang]} · {dimensions()[column].label[lang]} ({one})")
        else:
            either.append(f"{known.label[lang]} ({one})")
    return word("state.or", lang).join(either)
