"""Who may see what: a person's scope, which every query and cache key carries."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """teams: the teams whose rows a person may see (None: all); names: whether collectors' names are shown."""

    role: str = "manager"
    teams: tuple[str, ...] | None = None
    names: bool = True


#: On a machine's own loopback address the person at the keyboard is the manager.
LOCAL = Scope()
