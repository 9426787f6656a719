"""Who a person is and what they may see and do; their scope goes into every query and cache key. Knows no Streamlit."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: The file in a home that says who may see what; without it everybody who reaches the server is the manager at the keyboard.
PEOPLE_FILE = "people.toml"
EVERY_PAGE = frozenset(
    {
        "overview", "recovery", "channels", "intensity", "attribution", "plans", "forecast", "timing", "conduct", "cases", "team",
        "collector", "incentives", "whatif", "rollout", "effects", "data", "upload", "definitions",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Role:
    """What a role sees (pages, whether names of collectors) and does (rights)."""

    pages: frozenset[str]
    rights: frozenset[str]
    names: bool


#: rights: upload data; notes for everybody; pay_all, pay_team: see others' pay; prepare and approve pay runs; rollout: edit the plan.
ROLES: dict[str, Role] = {
    "manager": Role(EVERY_PAGE, frozenset({"upload", "notes", "pay_all", "prepare", "approve", "rollout"}), True),
    "hr": Role(
        frozenset({"overview", "conduct", "team", "collector", "incentives", "whatif", "data", "definitions"}),
        frozenset({"notes", "pay_all", "prepare", "approve"}),
        True,
    ),
    "leader": Role(EVERY_PAGE - {"whatif", "rollout", "effects", "upload"}, frozenset({"notes"}), True),
    "project": Role(
        frozenset({"overview", "recovery", "channels", "plans", "conduct", "team", "rollout", "effects", "data", "definitions"}),
        frozenset({"notes", "rollout"}),
        False,
    ),
    "collector": Role(frozenset({"collector", "incentives", "definitions"}), frozenset(), False),
}


@dataclass(frozen=True)
class Scope:
    """teams: the teams whose rows a person may see (None: all); names: whether collectors' names are shown; collector: only this one's rows."""

    role: str = "manager"
    teams: tuple[str, ...] | None = None
    names: bool = True
    collector: str | None = None


@dataclass(frozen=True)
class Person:
    """Somebody who looks: `id` is what the log-in says and what audit entries name; `more` are rights beyond the role's."""

    id: str
    scope: Scope
    more: frozenset[str] = frozenset()

    def sees(self, page: str) -> bool:
        """Whether a page is for them: their role's, and the one that a right of their own is for (it has the right's name)."""
        return page in ROLES[self.scope.role].pages or page in self.more

    def may(self, right: str) -> bool:
        """Whether they may do something (a name of ROLES' rights)."""
        return right in ROLES[self.scope.role].rights or right in self.more


class PeopleError(ValueError):
    """The file of people can't be used: says where and what was expected."""


def may_upload(who: Person) -> bool:
    """Whether a person may bring data in and put it in service for everybody."""
    return who.may("upload")


def sees_exports(scope: Scope) -> bool:
    """Whether a person may see rows as they came in, whosever they are: all teams' and with names."""
    return scope.teams is None and scope.collector is None and scope.names


#: On a machine's own loopback address the person at the keyboard is the manager.
LOCAL = Scope()
LOCAL_PERSON = Person("local", LOCAL)


def people_file(home: Path) -> Path:
    """Where the people are named: COLLECTIONS_PEOPLE, else people.toml in the home."""
    return Path(os.environ.get("COLLECTIONS_PEOPLE") or home / PEOPLE_FILE)


def people(path: Path) -> dict[str, Person]:
    """The people of a file by id. Each `[[person]]` has id, role, and as the role asks teams = [...] or collector = "…"; PeopleError else."""
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("person", [])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PeopleError(f"{path.name}: {error}") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise PeopleError(f"{path.name}: person: expected one [[person]] for each, with two brackets")
    found: dict[str, Person] = {}
    for number, entry in enumerate(entries, start=1):
        person = _person(path.name, number, entry)
        if person.id in found:
            raise PeopleError(f"{path.name}: person {number}: {person.id!r} is there twice")
        found[person.id] = person
    return found


def _person(file: str, number: int, entry: Mapping[str, Any]) -> Person:
    where = f"{file}: person {number}"
    unknown = set(entry) - {"id", "role", "teams", "collector", "rights"}
    if unknown:
        raise PeopleError(f"{where}: unknown {', '.join(sorted(unknown))}; expected id, role, teams, collector, rights")
    identifier, role = entry.get("id"), entry.get("role")
    if not isinstance(identifier, str) or not identifier.strip():
        raise PeopleError(f"{where}: id: got {identifier!r}, expected the name the log-in gives")
    if not isinstance(role, str) or role not in ROLES:
        raise PeopleError(f"{where}: role: got {role!r}, expected one of {', '.join(ROLES)}")
    teams, collector = entry.get("teams"), entry.get("collector")
    if teams is not None and (not isinstance(teams, list) or not all(isinstance(team, str) for team in teams)):
        raise PeopleError(f"{where}: teams: got {teams!r}, expected a list of team names")
    if role == "leader" and not teams:
        raise PeopleError(f'{where}: a leader needs teams = ["…"]')
    if role == "collector" and not isinstance(collector, str):
        raise PeopleError(f'{where}: a collector needs collector = "…", the id in the export')
    known = frozenset(right for one in ROLES.values() for right in one.rights) | {"pay_team"}
    rights = entry.get("rights", [])
    if not isinstance(rights, list) or not all(isinstance(right, str) for right in rights):
        raise PeopleError(f"{where}: rights: got {rights!r}, expected a list of {', '.join(sorted(known))}")
    more = frozenset(rights)
    if more - known:
        raise PeopleError(f"{where}: rights: unknown {', '.join(sorted(more - known))}; expected of {', '.join(sorted(known))}")
    scope = Scope(role, tuple(sorted(teams)) if teams is not None else None, ROLES[role].names, collector if role == "collector" else None)
    return Person(identifier.strip(), scope, more)


def person(home: Path, login: str | None) -> Person | None:
    """Who a log-in is: the person of that id, None for nobody known; the manager at the keyboard where no file names anybody."""
    path = people_file(home)
    if not path.exists():
        return LOCAL_PERSON
    known = people(path)
    return known.get(login) if login else None
