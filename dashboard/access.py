"""Who may see what: a person's scope, which every query and cache key carries."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """teams: the teams whose rows a person may see (None: all); names: whether collectors' names are shown."""

    role: str = "manager"
    teams: tuple[str, ...] | None = None
    names: bool = True


def may_upload(scope: Scope) -> bool:
    """Whether a person may bring data in and put it in service for everybody."""
    return scope.role == "manager"


#: On a machine's own loopback address the person at the keyboard is the manager.
LOCAL = Scope()
