"""Reads records of JSON (one a line, or one list of them) as rows of text under all their keys; knows nothing of tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from json.decoder import JSONDecodeError
from pathlib import Path
from typing import IO, Any

from dashboard.breaches import StructuralBreach

SUFFIXES = (".json", ".jsonl", ".ndjson")


def read(stream: IO[str], path: Path, decimal: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Each record as texts by key with its line, or in a list its place; a key within a key is `outer.inner`, a list stays JSON.

    Numbers keep their digits, with the decimal mark that the export's text has. Raises StructuralBreach for what is no record.
    """
    start = stream.read(64).lstrip("\ufeff \t\r\n")
    stream.seek(0)
    if start.startswith("["):
        yield from _listed(_parsed(stream.read(), decimal), path)
        return
    for line, text in enumerate(stream, start=1):
        if text.strip("\ufeff \t\r\n"):
            try:
                found = _parsed(text, decimal)
            except JSONDecodeError as error:
                raise StructuralBreach("unreadable_file", "records", file=path.name, line=line, value=str(error)[:200]) from error
            yield from _listed([found], path, line)


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
