"""Reads records of JSON (one a line, or one list of them, in whatever wraps it) as rows of text under all their keys; knows nothing of tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from json.decoder import JSONDecodeError
from pathlib import Path
from typing import IO, Any

from dashboard.breaches import StructuralBreach

BLANK = "\ufeff \t\r\n"
SUFFIXES = (".json", ".jsonl", ".ndjson")


def read(stream: IO[str], path: Path, decimal: str, named: str | None = None) -> Iterator[tuple[int, dict[str, str]]]:
    """Each record as texts by key with its line, or in a list its place; a key within a key is `outer.inner`, a list stays JSON.

    A file that is one object is what wraps its list of records: the one `named` by its keys, `outer.inner`, else the only one.
    Numbers keep their digits, with the decimal mark that the export's text has. Raises StructuralBreach for what is no record.
    """
    start = stream.read(64).lstrip(BLANK)
    stream.seek(0)
    if start.startswith("["):
        yield from _listed(_parsed(stream.read(), decimal), path)
        return
    if path.suffix.lower() == ".json" and not _is_lines(stream):
        stream.seek(0)
        yield from _listed(_unwrapped(_one(stream.read(), path, decimal), path, named), path)
        return
    stream.seek(0)
    for line, text in enumerate(stream, start=1):
        if text.strip(BLANK):
            yield from _listed([_one(text, path, decimal, line)], path, line)


def _is_lines(stream: IO[str]) -> bool:
    """More than one record, one a line: what stands on the first line is whole, and another follows. A file of nothing is no other."""
    lines = [*islice((text for text in stream if text.strip(BLANK)), 2)]
    try:
        json.loads(lines[0].lstrip("\ufeff") if lines else "{}")
    except JSONDecodeError:
        return False
    return len(lines) != 1


def _one(text: str, path: Path, decimal: str, line: int | None = None) -> Any:
    try:
        return _parsed(text, decimal)
    except JSONDecodeError as error:
        raise StructuralBreach("unreadable_file", "records", file=path.name, line=line or error.lineno, value=str(error)[:200]) from error


def _unwrapped(whole: Any, path: Path, named: str | None) -> list[Any]:
    """The records in what wraps them; an object with no list of records in it is one itself."""
    lists = dict(_lists(whole, ""))
    if named is not None:
        if named not in lists:
            raise StructuralBreach("unreadable_file", "record_list", {"lists": ", ".join(lists)}, file=path.name, value=named)
        return lists[named]
    if len(lists) > 1:
        raise StructuralBreach("several_lists", "one_list", file=path.name, value=" / ".join(lists))
    return next(iter(lists.values()), [whole])


def _lists(part: Any, before: str) -> Iterator[tuple[str, list[Any]]]:
    """Every list of records, by the keys that lead to it."""
    if isinstance(part, dict):
        for key, value in part.items():
            if isinstance(value, list) and any(isinstance(entry, dict) for entry in value):
                yield f"{before}{key}", value
            yield from _lists(value, f"{before}{key}.")


def _parsed(text: str, decimal: str) -> Any:
    def pointed(digits: str) -> str:
        return digits.replace(".", decimal)

    return json.loads(text.lstrip("\ufeff"), parse_float=pointed, parse_int=str, parse_constant=lambda _: None)


def _listed(found: list[Any], path: Path, first: int = 1) -> Iterator[tuple[int, dict[str, str]]]:
    for place, record in enumerate(found, start=first):
        if not isinstance(record, dict):
            raise StructuralBreach("unreadable_file", "records", file=path.name, line=place, value=type(record).__name__)
        yield place, dict(_flat(record, ""))


def _flat(record: dict[str, Any], before: str) -> Iterator[tuple[str, str]]:
    for key, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", _text(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).replace("\0", "") if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
