"""Plans to files and back exactly; MS Project's XML by its published structure; broken and hostile files are refused in plain words."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.rollout import exchange, msproject
from dashboard.rollout.plan import Plan, PlanRefused, Said, bundled, evidence_of, evidence_text, items_of
from dashboard.rollout.sentences import refusal
from tests.rollout.drawing import plan, plans

NS = {"p": "http://schemas.microsoft.com/project"}
LANGS = ("en", "zh")
#: The order in which the published schema (mspdi) has the elements of a task; MS Project reads them in sequence.
TASK_ORDER = (
    "UID ID Name Active Manual Type IsNull CreateDate Contact WBS WBSLevel OutlineNumber OutlineLevel Priority Start Finish Duration ManualStart "
    "ManualFinish ManualDuration DurationFormat Work Stop Resume ResumeValid EffortDriven Recurring OverAllocated Estimated Milestone Summary "
    "Critical IsSubproject EarlyStart EarlyFinish LateStart LateFinish FixedCost PercentComplete PercentWorkComplete Cost ActualStart ActualFinish "
    "ActualDuration ConstraintType CalendarUID ConstraintDate Deadline Notes HideBar Rollup PhysicalPercentComplete EarnedValueMethod "
    "PredecessorLink ExtendedAttribute Baseline"
)
PROJECT_ORDER = (
    "SaveVersion UID Name Title Subject Category Company Manager Author CreationDate ScheduleFromStart StartDate FinishDate CurrencyCode CalendarUID "
    "DefaultStartTime DefaultFinishTime MinutesPerDay MinutesPerWeek DaysPerMonth NewTasksAreManual OutlineCodes WBSMasks ExtendedAttributes "
    "Calendars Tasks Resources Assignments"
)


def same(one: Plan, other: Plan) -> bool:
    """Whether two plans hold the same milestones, wherever they come from and in whatever order."""
    return {step.id: replace(step, source="") for step in one} == {step.id: replace(step, source="") for step in other}


@given(plans(), st.sampled_from(LANGS))
@settings(max_examples=60, deadline=None)
def test_csv_comes_back_exactly(made: Plan, lang: str) -> None:
    versions = {step.id: number for number, step in enumerate(made)}
    read = exchange.read_table(exchange.csv_file(made, versions, lang), "plan.csv", lang)
    assert same(read.plan, made) and read.versions == versions


@given(plans(), st.sampled_from(LANGS))
@settings(max_examples=25, deadline=None)
def test_excel_comes_back_exactly(made: Plan, lang: str) -> None:
    read = exchange.read_table(exchange.excel_file(made, {}, lang), "plan.xlsx", lang)
    assert same(read.plan, made)


@given(plans(), st.sampled_from(LANGS), st.sampled_from(LANGS))
@settings(max_examples=60, deadline=None)
def test_xml_comes_back_exactly_in_either_language(made: Plan, written: str, read_in: str) -> None:
    versions = {step.id: number for number, step in enumerate(made)}
    read = msproject.read_xml(msproject.xml_file(made, versions, written, "Plan", "CNY"), read_in)
    assert same(read.plan, made) and read.versions == versions


@given(plans())
@settings(max_examples=40, deadline=None)
def test_evidence_is_read_as_it_was_written(made: Plan) -> None:
    for step in made:
        assert evidence_of(evidence_text(step)) == (step.document, step.items)


def test_the_xml_has_the_structure_of_the_published_schema() -> None:
    made = bundled(date(2026, 1, 1))
    made = (replace(made[0], actual_start=date(2026, 1, 2), actual_end=date(2026, 2, 3), note="n", percent=Decimal(100)), *made[1:])
    root = ET.fromstring(msproject.xml_file(made, {}, "en", "Plan", "EUR"))
    assert root.tag == f"{{{NS['p']}}}Project"
    _in_order(root, PROJECT_ORDER)
    assert root.findtext("p:CurrencyCode", "", NS) == "EUR"  # the one element that the schema requires of every project
    tasks = root.findall("p:Tasks/p:Task", NS)
    assert len(tasks) == 16 and len({task.findtext("p:UID", "", NS) for task in tasks}) == 16
    for task in tasks:
        _in_order(task, TASK_ORDER)
    first = next(task for task in tasks if task.findtext("p:Name", "", NS).startswith("Professional team recruited"))
    assert first.findtext("p:Start", "", NS) == "2026-01-01T00:00:00" and first.findtext("p:Finish", "", NS) == "2026-01-31T23:59:00"
    assert first.findtext("p:Baseline/p:Number", "", NS) == "0" and first.findtext("p:Baseline/p:Finish", "", NS) == "2026-01-31T23:59:00"
    assert first.findtext("p:ActualFinish", "", NS) == "2026-02-03T23:59:00" and first.findtext("p:PercentComplete", "", NS) == "0"
    uids = {task.findtext("p:Name", "", NS): task.findtext("p:UID", "", NS) for task in tasks}
    last = next(task for task in tasks if task.findtext("p:Name", "", NS).startswith("Incentives with"))
    links = [link.findtext("p:PredecessorUID", "", NS) for link in last.findall("p:PredecessorLink", NS)]
    assert links == [uids["Standard process and progress board in every team"], uids["Complaint early warning and legal checks in use"]]
    assert all(link.findtext("p:Type", "", NS) == "1" for link in root.iter(f"{{{NS['p']}}}PredecessorLink"))
    owners = {one.findtext("p:UID", "", NS): one.findtext("p:Name", "", NS) for one in root.findall("p:Resources/p:Resource", NS)}
    given_to = {one.findtext("p:TaskUID", "", NS): one.findtext("p:ResourceUID", "", NS) for one in root.findall("p:Assignments/p:Assignment", NS)}
    assert owners[given_to[last.findtext("p:UID", "", NS)]] == "Human resources"


def _in_order(element: ET.Element, order: str) -> None:
    names = [child.tag.rpartition("}")[2] for child in element]
    places = [order.split().index(name) for name in names]
    assert places == sorted(places), names


#: As MS Project saves a project: a project summary, a summary of a measure, a linked pair, a resource; dates with working hours.
SAVED = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Project xmlns="http://schemas.microsoft.com/project"><SaveVersion>14</SaveVersion><Name>Plan.mpp</Name><CalendarUID>1</CalendarUID>
<Tasks>
<Task><UID>0</UID><ID>0</ID><Name>Plan</Name><Active>1</Active><Manual>0</Manual><OutlineLevel>0</OutlineLevel>
 <Start>2026-03-02T08:00:00</Start><Finish>2026-04-30T17:00:00</Finish><Summary>1</Summary></Task>
<Task><UID>1</UID><ID>1</ID><Name>渠道 多渠道触达</Name><OutlineLevel>1</OutlineLevel><Summary>1</Summary></Task>
<Task><UID>7</UID><ID>2</ID><Name>Multi-channel contact</Name><OutlineLevel>1</OutlineLevel><Summary>1</Summary></Task>
<Task><UID>2</UID><ID>3</ID><Name>SMS &amp; WeChat live</Name><OutlineLevel>2</OutlineLevel><Start>2026-03-02T08:00:00</Start>
 <Finish>2026-03-31T17:00:00</Finish><Duration>PT176H0M0S</Duration><PercentComplete>45</PercentComplete><ActualStart>2026-03-03T08:00:00</ActualStart>
 <Notes>ask legal&#13;
[x] 2 × contract signed&#13;
[ ] gateway tested</Notes>
 <Baseline><Number>1</Number><Start>2025-01-01T08:00:00</Start><Finish>2025-01-02T17:00:00</Finish></Baseline>
 <Baseline><Number>0</Number><Start>2026-03-02T08:00:00</Start><Finish>2026-03-27T17:00:00</Finish></Baseline></Task>
<Task><UID>3</UID><ID>4</ID><Name>Letters live</Name><OutlineLevel>2</OutlineLevel><Start>2026-04-01T08:00:00</Start>
 <Finish>2026-05-01T00:00:00</Finish><PercentComplete>0</PercentComplete>
 <PredecessorLink><PredecessorUID>2</PredecessorUID><Type>1</Type><LinkLag>0</LinkLag></PredecessorLink></Task>
<Task><UID>4</UID><ID>5</ID><IsNull>1</IsNull></Task>
</Tasks>
<Resources><Resource><UID>0</UID><ID>0</ID></Resource><Resource><UID>1</UID><ID>1</ID><Name>Li Na</Name></Resource></Resources>
<Assignments><Assignment><UID>1</UID><TaskUID>2</TaskUID><ResourceUID>1</ResourceUID></Assignment>
<Assignment><UID>2</UID><TaskUID>3</TaskUID><ResourceUID>1</ResourceUID></Assignment></Assignments>
</Project>"""


@pytest.mark.parametrize("text", [SAVED, SAVED.replace(' xmlns="http://schemas.microsoft.com/project"', "")], ids=["MS Project", "no namespace"])
def test_a_file_as_project_programs_save_it(text: str) -> None:
    first, second = msproject.read_xml(text.encode(), "en").plan
    assert (first.id, first.measure, first.name.en, first.owner.en) == ("T2", "channels", "SMS & WeChat live", "Li Na")
    assert (first.planned_start, first.planned_end) == (date(2026, 3, 2), date(2026, 3, 31))
    assert (first.baseline_start, first.baseline_end) == (date(2026, 3, 2), date(2026, 3, 27))
    assert (first.actual_start, first.actual_end, first.percent) == (date(2026, 3, 3), None, 45)
    assert first.note == "ask legal" and [(item.text.en, item.weight, item.done) for item in first.items] == [
        ("contract signed", 2, True),
        ("gateway tested", 1, False),
    ]
    assert second.depends_on == ("T2",) and second.planned_end == date(2026, 4, 30)  # midnight ends the day before
    assert second.baseline_end == second.planned_end


def test_a_percentage_or_name_changed_in_the_project_program_counts() -> None:
    made = plan("id | base | percent | measure\nA | 03-01..03-31 | 45.5 | team")
    made = (replace(made[0], name=Said("Name", "名称")),)
    text = msproject.xml_file(made, {}, "zh", "x", "CNY").decode()
    changed = text.replace("<PercentComplete>45<", "<PercentComplete>60<").replace("<Name>名称<", "<Name>新名称<")
    (step,) = msproject.read_xml(changed.encode(), "zh").plan
    assert step.percent == 60 and step.name == Said.of("新名称")


def test_what_a_file_has_no_column_for_stays() -> None:
    before = replace(plan("id | base | measure | percent\nA | 03-01..03-31 | team | 40")[0], note="kept", depends_on=("Z",), document="minutes")
    text = "里程碑编号,措施,名称,负责人,基线开始,基线结束,计划开始,计划结束,完成百分比\r\nA,专业团队,A,Wang,2026/03/01,2026-03-31,2026-03-01,2026-04-05,50%\r\n"
    (step,) = exchange.read_table(text.encode("gb18030"), "x.csv", "zh", (before,)).plan
    assert (step.note, step.depends_on, step.document, step.owner.zh, step.percent) == ("kept", ("Z",), "minutes", "Wang", 50)
    assert step.planned_end == date(2026, 4, 5)


def test_dates_of_a_workbook_edited_by_hand() -> None:
    """Excel turns a date typed in into a day of its own."""
    book = openpyxl.load_workbook(io.BytesIO(exchange.excel_file(plan("id | base | measure\nA | 03-01..03-31 | team"), {}, "en")))
    sheet = book.active
    place = [cell.value for cell in sheet[1]].index("Planned end") + 1
    sheet.cell(2, place).value = date(2026, 4, 15)
    out = io.BytesIO()
    book.save(out)
    assert exchange.read_table(out.getvalue(), "x.xlsx", "en").plan[0].planned_end == date(2026, 4, 15)


def test_formulas_stay_text() -> None:
    made = (replace(plan("id | base | measure\nA | 03-01..03-31 | team")[0], name=Said.of("=1+1"), note="-x"),)
    content = exchange.csv_file(made, {}, "en")
    assert b"'=1+1" in content and b"'-x" in content
    assert same(exchange.read_table(content, "x.csv", "en").plan, made)
    book = openpyxl.load_workbook(io.BytesIO(exchange.excel_file(made, {}, "en")))
    assert all(cell.data_type == "s" for row in book.active.iter_rows() for cell in row if cell.value)


def test_items_a_person_lists_keep_their_marks_and_other_language() -> None:
    step = bundled(date(2026, 1, 1))[0]
    lines = "2 × 岗位到位名单与入职日期\n新的证明\n\n3 × 持证档案齐全"
    made = items_of(lines, step.items, [step.items[0].text.cell()])
    assert [(item.text.en, item.weight, item.done) for item in made] == [
        ("Posts filled, with names and start dates", 2, True),
        ("新的证明", 1, False),
        ("Certificates on file", 3, False),
    ]


BOMB = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><Project>&b;</Project>'
FETCH = '<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><Project/>'
HEAD = "Milestone,Programme measure,Name,Owner,Baseline start,Baseline end,Planned start,Planned end,Percent complete\n"
ROW = "A,team,A,Li,2026-01-01,2026-01-31,2026-01-01,2026-01-31,0\n"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.xml", BOMB.encode(), "bad_doctype"),
        ("a.xml", BOMB.encode("utf-16"), "bad_doctype"),
        ("a.xml", FETCH.encode(), "bad_doctype"),
        ("a.xml", b"<a>" * 200 + b"</a>" * 200, "bad_doctype"),
        ("a.xml", b"<Project><Tasks></Project>", "bad_xml"),
        ("a.xml", b"", "bad_xml"),
        ("a.xml", b"PK\x03\x04", "bad_xml"),
        ("a.xml", b"<?xml version='1.0' encoding='nope'?><Project/>", "bad_xml"),
        ("a.xml", b"<html><body/></html>", "bad_not_project"),
        ("a.xml", b"<Project><Tasks/></Project>", "bad_empty"),
        ("a.xml", SAVED.replace("Multi-channel contact", "Others").encode(), "bad_task_measure"),
        ("a.xml", SAVED.replace("<Name>Li Na</Name>", "").encode(), "bad_task_owner"),
        ("a.xml", SAVED.replace("2026-03-31T17", "2026-13-31T17").encode(), "bad_cell"),
        ("a.xml", SAVED.replace("<UID>3</UID>", "<UID>2</UID>").encode(), "bad_twice"),
        ("a.csv", b"\xff\xfe\x00\x00\x80", "bad_encoding"),
        ("a.csv", b"", "bad_empty"),
        ("a.csv", HEAD.encode(), "bad_empty"),
        ("a.csv", HEAD.replace("Owner,", "").encode(), "bad_columns"),
        ("a.csv", (HEAD + ROW + ROW).encode(), "bad_twice"),
        ("a.csv", (HEAD + ROW.replace("team", "teams of many")).encode(), "bad_cell"),
        ("a.csv", (HEAD + ROW.replace("2026-01-31", "31.1.26")).encode(), "bad_cell"),
        ("a.csv", (HEAD + ROW.replace(",0\n", ",nan\n")).encode(), "bad_cell"),
        ("a.csv", (HEAD + ROW.replace(",0\n", ",101\n")).encode(), "bad_percent"),
        ("a.csv", (HEAD + ROW.replace("2026-01-31,0", "2025-01-31,0")).encode(), "bad_order"),
        ("a.csv", (HEAD + ROW.replace(",Li,", ",,")).encode(), "bad_owner"),
        ("a.csv", b'a,"b\n', "bad_csv"),
        ("a.xlsx", b"PK\x03\x04 nonsense", "bad_workbook"),
        ("a.xlsx", b"no workbook", "bad_workbook"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 nonsense", "bad_workbook"),
    ],
)  # fmt: skip
def test_broken_files_are_refused_in_plain_words(name: str, content: bytes, reason: str) -> None:
    with pytest.raises(PlanRefused) as refused:
        msproject.read_xml(content, "en") if name.endswith("xml") else exchange.read_table(content, name, "en")
    assert refused.value.reason == reason
    for lang in LANGS:
        assert len(refusal(refused.value, lang)) > 10


def test_a_workbook_that_unpacks_without_end_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b'<c r="XFD1048576"/>' + b" " * 1000)
    with pytest.raises(PlanRefused, match="bad_workbook"):
        exchange.read_table(out.getvalue(), "x.xlsx", "en")


@pytest.mark.parametrize("read", [lambda content: msproject.read_xml(content, "en"), lambda content: exchange.read_table(content, "x.csv", "en")])
def test_a_file_too_large_is_refused_unread(read: Callable[[bytes], object]) -> None:
    with pytest.raises(PlanRefused, match="bad_size"):
        read(b" " * (exchange.MOST_BYTES + 1))


@given(st.binary(max_size=300))
@settings(max_examples=80, deadline=None)
def test_no_bytes_whatever_raise_anything_else(content: bytes) -> None:
    for read in (lambda: msproject.read_xml(content, "en"), lambda: exchange.read_table(content, "x.csv", "en")):
        with pytest.raises(PlanRefused):
            read()
