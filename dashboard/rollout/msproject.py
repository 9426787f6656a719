"""The plan as a file of MS Project and back: Microsoft's XML; what was written here is read again exactly.

It is read with document types and entities refused, so that no file can blow up or fetch another.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from xml.parsers import expat

from dashboard.contract import contract, folded
from dashboard.rollout.exchange import MOST_BYTES, MOST_TASKS, Filed, distinct, header, milestone, row
from dashboard.rollout.plan import Milestone, Plan, PlanRefused, Said, clean, cleaned_id, evidence_of, evidence_text, measures

#: Namespace and schema of Microsoft's published project interchange format (mspdi_pj12).
NAMESPACE = "http://schemas.microsoft.com/project"
#: Our own fields of a task, as extended attributes: MS Project's field id, its name, and our column.
OWN = (
    ("188743731", "Text1", "milestone_id"),
    ("188743734", "Text2", "measure"),
    ("188743737", "Text3", "name"),
    ("188743740", "Text4", "owner"),
    ("188743743", "Text5", "team"),
    ("188743746", "Text6", "timetable"),
    ("188743747", "Text7", "version"),
    ("188743748", "Text8", "percent"),
)
#: A working day of the calendar written: round the clock, because a plan here counts calendar days.
DAY_MINUTES = 1440


def xml_file(plan: Plan, versions: Mapping[str, int], lang: str, title: str, currency: str) -> bytes:
    """Microsoft's XML: a summary task per measure, a task per milestone with its baseline, links and progress, owners as resources.

    Elements stand in the order of the published schema. Evidence items are lines of the task's notes.
    """
    ET.register_namespace("", NAMESPACE)
    root = ET.Element(_tag("Project"))
    starts = [one.planned_start for one in plan] or [date(2000, 1, 1)]
    ends = [one.planned_end for one in plan] or starts
    _put(root, ("SaveVersion", "14"), ("Name", _text(title)), ("Title", _text(title)), ("ScheduleFromStart", "1"))
    _put(root, ("StartDate", _begin(min(starts))), ("FinishDate", _finish(max(ends))))
    _put(root, ("CurrencyCode", currency), ("CalendarUID", "1"))  # the schema asks for a currency
    _put(root, ("DefaultStartTime", "00:00:00"), ("DefaultFinishTime", "23:59:00"), ("MinutesPerDay", str(DAY_MINUTES)))
    _put(root, ("MinutesPerWeek", str(7 * DAY_MINUTES)), ("DaysPerMonth", "30"), ("NewTasksAreManual", "1"))
    attributes = ET.SubElement(root, _tag("ExtendedAttributes"))
    for field_id, field, column in OWN:
        entry = ET.SubElement(attributes, _tag("ExtendedAttribute"))
        _put(entry, ("FieldID", field_id), ("FieldName", field), ("Alias", header(column, lang)))
    _calendar(root)
    tasks = ET.SubElement(root, _tag("Tasks"))
    numbers = {one.id: 100 + place for place, one in enumerate(plan)}
    ends_of = {one.id: one.baseline_end for one in plan}
    line = 0
    for number, measure in enumerate(dict.fromkeys(one.measure for one in plan), start=1):
        mine = [one for one in plan if one.measure == measure]
        line += 1
        summary = ET.SubElement(tasks, _tag("Task"))
        _put(summary, ("UID", str(number)), ("ID", str(line)), ("Name", measures(lang)[measure]), ("Active", "1"), ("Manual", "0"))
        _put(summary, ("OutlineNumber", str(number)), ("OutlineLevel", "1"))
        _put(summary, ("Start", _begin(min(one.planned_start for one in mine))), ("Finish", _finish(max(one.planned_end for one in mine))))
        _put(summary, ("Summary", "1"))
        for inner, one in enumerate(mine, start=1):
            line += 1
            _task(tasks, one, versions.get(one.id, 0), (numbers, line, f"{number}.{inner}"), ends_of, lang)
    owners = list(dict.fromkeys(one.owner for one in plan))
    resources = ET.SubElement(root, _tag("Resources"))
    for number, owner in enumerate(owners, start=1):
        entry = ET.SubElement(resources, _tag("Resource"))
        _put(entry, ("UID", str(number)), ("ID", str(number)), ("Name", _text(owner.read(lang))), ("Type", "1"))
    assignments = ET.SubElement(root, _tag("Assignments"))
    for number, one in enumerate(plan, start=1):
        entry = ET.SubElement(assignments, _tag("Assignment"))
        _put(entry, ("UID", str(number)), ("TaskUID", str(numbers[one.id])), ("ResourceUID", str(owners.index(one.owner) + 1)))
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def _task(tasks: ET.Element, one: Milestone, version: int, at: tuple[Mapping[str, int], int, str], ends_of: Mapping[str, date], lang: str) -> None:
    numbers, line, outline = at
    task = ET.SubElement(tasks, _tag("Task"))
    _put(task, ("UID", str(numbers[one.id])), ("ID", str(line)), ("Name", _text(one.name.read(lang))), ("Active", "1"), ("Manual", "1"))
    _put(task, ("OutlineNumber", outline), ("OutlineLevel", "2"))
    _put(task, ("Start", _begin(one.planned_start)), ("Finish", _finish(one.planned_end)))
    _put(task, ("Duration", _duration(one.planned_days)), ("ManualStart", _begin(one.planned_start)), ("ManualFinish", _finish(one.planned_end)))
    _put(task, ("ManualDuration", _duration(one.planned_days)), ("DurationFormat", "7"), ("Milestone", "0"), ("Summary", "0"))
    _put(task, ("PercentComplete", str(int(one.complete))))
    if one.actual_start is not None:
        _put(task, ("ActualStart", _begin(one.actual_start)))
    if one.actual_end is not None:
        _put(task, ("ActualFinish", _finish(one.actual_end)))
    if notes := _notes(one):
        _put(task, ("Notes", notes))
    for other in one.depends_on:
        if other in numbers:
            overlap = min(0, (one.baseline_start - ends_of[other]).days - 1)
            link = ET.SubElement(task, _tag("PredecessorLink"))
            _put(link, ("PredecessorUID", str(numbers[other])), ("Type", "1"), ("CrossProject", "0"))
            _put(link, ("LinkLag", str(overlap * DAY_MINUTES * 10)), ("LagFormat", "7"))
    own = {**row(one, version), "percent": f"{one.percent:f}"}
    for number, _, column in OWN:
        if own[column]:
            entry = ET.SubElement(task, _tag("ExtendedAttribute"))
            _put(entry, ("FieldID", number), ("Value", own[column]))
    baseline = ET.SubElement(task, _tag("Baseline"))
    _put(baseline, ("Number", "0"), ("Start", _begin(one.baseline_start)), ("Finish", _finish(one.baseline_end)))
    _put(baseline, ("Duration", _duration(one.baseline_days)), ("DurationFormat", "7"))


def _calendar(root: ET.Element) -> None:
    calendar = ET.SubElement(ET.SubElement(root, _tag("Calendars")), _tag("Calendar"))
    _put(calendar, ("UID", "1"), ("Name", "24 hours"), ("IsBaseCalendar", "1"), ("BaseCalendarUID", "-1"))
    days = ET.SubElement(calendar, _tag("WeekDays"))
    for number in range(1, 8):
        entry = ET.SubElement(days, _tag("WeekDay"))
        _put(entry, ("DayType", str(number)), ("DayWorking", "1"))
        time = ET.SubElement(ET.SubElement(entry, _tag("WorkingTimes")), _tag("WorkingTime"))
        _put(time, ("FromTime", "00:00:00"), ("ToTime", "00:00:00"))


def _notes(one: Milestone) -> str:
    """Note, document ("@ …") and evidence items ("[x] …"), a line each."""
    note = f"\\{one.note}" if one.note.startswith(("[", "@", "\\")) else one.note
    items = evidence_text(one).splitlines()[1 if one.document else 0 :]
    return "\n".join([*([note] if note else []), *([f"@ {one.document}"] if one.document else []), *items])


def _noted(text: str) -> tuple[str, str]:
    """(note, evidence cell) out of a task's notes."""
    notes, evidence = [], []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line.startswith("@ "):
            evidence.append(line[2:])
        elif evidence_of(line)[1]:
            evidence.append(line)
        else:
            notes.append(line.removeprefix("\\"))
    return clean(" ".join(notes)), "\n".join(evidence)


def read_xml(content: bytes, lang: str, base: Plan = ()) -> Filed:
    """A plan from MS Project's XML, ours or as MS Project and ProjectLibre save it. Raises PlanRefused saying which task and what.

    Without our own fields a task's measure is its summary task's, its id its UID, its owner the resources assigned to it.
    """
    root = _parsed(content)
    if root.tag.rpartition("}")[2] != "Project":
        raise PlanRefused("bad_not_project", found=clean(root.tag.rpartition("}")[2])[:40])
    tasks = list(_within(root, "Tasks", "Task"))
    if len(tasks) > MOST_TASKS:
        raise PlanRefused("bad_many", most=MOST_TASKS)
    own_fields = _own_fields(root)
    names = {_of(one, "UID"): _of(one, "Name") for one in _within(root, "Resources", "Resource")}
    owners: dict[str, list[str]] = {}
    for assignment in _within(root, "Assignments", "Assignment"):
        if name := clean(names.get(_of(assignment, "ResourceUID"), "")):
            owners.setdefault(_of(assignment, "TaskUID"), []).append(name)
    held = {one.id: one for one in base}
    own = {_of(task, "UID"): _own(task, own_fields) for task in tasks}
    ids = {uid: cleaned_id(fields.get("milestone_id") or f"T{uid}") for uid, fields in own.items()}
    plan: list[Milestone] = []
    versions: dict[str, int] = {}
    above = ""
    for task in tasks:
        uid, name = _of(task, "UID"), clean(_of(task, "Name"))
        if _of(task, "Summary") == "1" or not name or _of(task, "IsNull") == "1" or (uid == "0" and _of(task, "OutlineLevel") in ("", "0")):
            found = contract().code_of("programme_measure", name)
            above = found or ("" if _of(task, "OutlineLevel") in ("", "0", "1") else above)
            continue
        fields = own[uid]
        identifier = ids[uid]
        before = held.get(identifier)
        measure = contract().code_of("programme_measure", fields.get("measure", "")) or (before.measure if before else above)
        if not measure:
            raise PlanRefused("bad_task_measure", task=name)
        note, evidence = _noted(_of(task, "Notes"))
        owner = _both(fields.get("owner", ""), ", ".join(owners.get(uid, [])))
        baseline = next((entry for entry in _children(task, "Baseline") if _of(entry, "Number") in ("", "0")), None)
        starts, ends = _of(task, "Start") or _of(task, "ManualStart"), _of(task, "Finish") or _of(task, "ManualFinish")
        given = {
            "milestone_id": identifier,
            "measure": measure,
            "name": _both(fields.get("name", ""), name),
            "owner": owner or (before.owner.cell() if before else ""),
            "planned_start": _day(starts, name),
            "planned_end": _end_day(ends, name),
            "baseline_start": _day(_of(baseline, "Start") if baseline is not None else starts, name),
            "baseline_end": _end_day(_of(baseline, "Finish") if baseline is not None else ends, name),
            "actual_start": _day(_of(task, "ActualStart"), name),
            "actual_end": _end_day(_of(task, "ActualFinish"), name),
            "percent": _percent(fields.get("percent", ""), _of(task, "PercentComplete"), evidence),
            "depends_on": " ".join(
                ids[_of(link, "PredecessorUID")] for link in _children(task, "PredecessorLink") if _of(link, "PredecessorUID") in ids
            ),
            "evidence": evidence,
            "note": note,
            "team": fields.get("team", ""),
            "timetable": fields.get("timetable", ""),
            "version": fields.get("version", ""),
        }
        if not given["owner"]:
            raise PlanRefused("bad_task_owner", task=name)
        one, version = milestone(given, (name, lang), held)
        plan.append(one)
        if version is not None:
            versions[one.id] = version
    return Filed(distinct(plan), versions)


def _parsed(content: bytes) -> ET.Element:
    """The tree of a file that has no document type, no entities of its own and no great depth."""
    if len(content) > MOST_BYTES:
        raise PlanRefused("bad_size", most=MOST_BYTES >> 20)
    depth = 0

    def refused(*_: object) -> None:
        raise PlanRefused("bad_doctype")

    def opened(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > 100:
            raise PlanRefused("bad_doctype")

    def closed(*_: object) -> None:
        nonlocal depth
        depth -= 1

    looker = expat.ParserCreate()
    looker.StartDoctypeDeclHandler = looker.EntityDeclHandler = refused
    looker.StartElementHandler, looker.EndElementHandler = opened, closed
    try:
        looker.Parse(content, True)
        return ET.fromstring(content)
    except (expat.ExpatError, ET.ParseError) as error:
        line, column = getattr(error, "lineno", None) or error.position[0], getattr(error, "offset", 0)  # type: ignore[union-attr]
        raise PlanRefused("bad_xml", line=line, column=column) from error
    except (ValueError, LookupError) as error:
        if isinstance(error, PlanRefused):
            raise
        raise PlanRefused("bad_xml", line=1, column=0) from error


def _own_fields(root: ET.Element) -> dict[str, str]:
    """FieldID → our column, where the file has our fields under their names; MS Project keeps both."""
    aliases = {folded(header(column, lang)): column for _, _, column in OWN for lang in ("en", "zh")}
    return {
        _of(entry, "FieldID"): aliases[folded(_of(entry, "Alias"))]
        for entry in _within(root, "ExtendedAttributes", "ExtendedAttribute")
        if folded(_of(entry, "Alias")) in aliases
    }


def _own(task: ET.Element, fields: Mapping[str, str]) -> dict[str, str]:
    return {fields[_of(entry, "FieldID")]: _of(entry, "Value") for entry in _children(task, "ExtendedAttribute") if _of(entry, "FieldID") in fields}


def _both(kept: str, shown: str) -> str:
    """Both languages of a text as kept, unless it was renamed since: then what is shown counts."""
    said = Said.parted(kept)
    return kept if clean(shown) in (said.en, said.zh) else clean(shown)


def _percent(kept: str, shown: str, evidence: str) -> str:
    """The stated percentage as kept, unless the task's own was changed since (it is written as a whole number, by evidence where there is some)."""
    if not kept:
        return shown
    items = evidence_of(evidence)[1]
    if items:
        return kept
    try:
        return kept if str(int(Decimal(kept))) == (shown or "0") else shown
    except InvalidOperation:
        return shown


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _put(parent: ET.Element, *pairs: tuple[str, str]) -> None:
    for name, text in pairs:
        ET.SubElement(parent, _tag(name)).text = text


def _children(parent: ET.Element, name: str) -> Iterator[ET.Element]:
    """Children of a name in any namespace: some programs leave it out."""
    return (child for child in parent if child.tag.rpartition("}")[2] == name)


def _within(parent: ET.Element, group: str, name: str) -> Iterator[ET.Element]:
    for inner in _children(parent, group):
        yield from _children(inner, name)


def _of(parent: ET.Element, name: str) -> str:
    return next((child.text or "" for child in _children(parent, name)), "").strip()


def _text(text: str) -> str:
    return clean(text)


def _begin(on: date) -> str:
    return f"{on.isoformat()}T00:00:00"


def _finish(on: date) -> str:
    return f"{on.isoformat()}T23:59:00"


def _duration(days: int) -> str:
    return f"PT{days * 24}H0M0S"


def _moment(text: str, task: str) -> datetime | None:
    if not text or text.startswith("NA"):
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError as error:
        raise PlanRefused("bad_cell", where=task, value=clean(text)[:40]) from error


def _day(text: str, task: str) -> str:
    found = _moment(text, task)
    return found.date().isoformat() if found else ""


def _end_day(text: str, task: str) -> str:
    """The last day: an end at midnight is the end of the day before."""
    found = _moment(text, task)
    if found is None:
        return ""
    return (found.date() - timedelta(days=1 if (found.hour, found.minute) == (0, 0) else 0)).isoformat()
