"""What hangs on what among the model tables, from the text of their files and queries/increments.toml; asks no database."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from typing import Any

from dashboard import model
from dashboard.contract import ROOT

NARROWER = ROOT / "queries" / "increments.toml"
READS = re.compile(r"\b(export|model)\.(\w+)")


@cache
def narrower() -> dict[str, dict[str, Any]]:
    """queries/increments.toml"""
    return tomllib.loads(NARROWER.read_text(encoding="utf-8"))


@cache
def reads_of() -> dict[str, set[str]]:
    """Model table → the other relations (export.x, model.x) that its file reads, and `customer` where it hangs on a customer's other cases."""
    found = {name: {f"{schema}.{read}" for schema, read in READS.findall(sql)} - {f"model.{name}"} for name, sql in model.tables().items()}
    return {name: reads | ({"customer"} if "kept" in narrower().get(name, {}) else set()) for name, reads in found.items()}


@cache
def behind() -> dict[str, set[str]]:
    """Model table → all that it hangs on, directly or through others."""
    found: dict[str, set[str]] = {}
    for name, reads in reads_of().items():
        found[name] = reads.union(*(found.get(read.removeprefix("model."), set()) for read in reads))
    return found


def asked_for(source: str) -> list[str]:
    """All relations of which a change may have a file that reads a source made again for a case."""
    return sorted(set().union(*(behind()[name] for name, reads in reads_of().items() if source in reads)))
