"""Critical path against another library, states and slips by drawn tables, load and burn-up by hand."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from decimal import Decimal

import duckdb
import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.rollout.plan import Item, Milestone, Plan, Said, bundled, circle, of_export, percent_complete, programme, unknown, untied
from dashboard.rollout.schedule import Timed, burn_up, due_soon, expected, kept, loads, network, schedule
from data import sample_programme
from tests.drawn import drawn
from tests.rollout.drawing import FIRST, plan

TODAY = date(2026, 3, 31)


def by_id(drawing: str | Plan, today: date = TODAY) -> dict[str, Timed]:
    found = schedule(plan(drawing) if isinstance(drawing, str) else drawing, today)
    return {one.milestone.id: one for one in found.timed}


# --- critical path --------------------------------------------------------------------------------------------------------


@st.composite
def networks(draw: st.DrawFn) -> Plan:
    """Milestones that have not begun, with random days and links forward."""
    made = []
    for number in range(draw(st.integers(1, 12))):
        begin = FIRST + timedelta(days=draw(st.integers(100, 160)))
        end = begin + timedelta(days=draw(st.integers(0, 60)))
        needs = draw(st.sets(st.integers(0, number - 1), max_size=3)) if number else set()
        ids = tuple(f"M{other}" for other in sorted(needs))
        made.append(Milestone(f"M{number}", "process", Said.of("x"), Said.of("y"), begin, end, begin, end, depends_on=ids))
    return tuple(made)


@given(networks())
@settings(max_examples=60, deadline=None)
def test_begins_ends_and_floats_are_those_of_longest_paths(drawn_plan: Plan) -> None:
    """Begins are longest paths from a source, floats what longest paths to a sink leave, found by networkx over negated weights."""
    found = by_id(drawn_plan, FIRST)
    days = {one.id: one.planned_days for one in drawn_plan}
    graph = nx.DiGraph()
    for one in drawn_plan:
        graph.add_edge("source", one.id, weight=-one.planned_start.toordinal())
        graph.add_edge(one.id, "sink", weight=-days[one.id])
        for other in one.depends_on:
            before = next(two for two in drawn_plan if two.id == other)
            overlap = min(0, (one.baseline_start - before.baseline_end).days - 1)
            graph.add_edge(other, one.id, weight=-(days[other] + overlap))
    begins = nx.single_source_bellman_ford_path_length(graph, "source")
    whole = -begins["sink"]
    rest = nx.single_source_bellman_ford_path_length(graph.reverse(), "sink")
    for one in drawn_plan:
        timed = found[one.id]
        assert timed.start.toordinal() == -begins[one.id]
        assert (timed.end - timed.start).days + 1 == days[one.id]
        assert timed.float_days == whole - (-begins[one.id] - rest[one.id])
        assert timed.critical == (timed.float_days == 0)


def test_the_longest_chain_decides_and_the_other_has_float() -> None:
    found = by_id("""
        id | base         | needs
        A  | 04-01..04-10 |
        B  | 04-11..04-20 | A
        C  | 04-11..04-13 | A
        D  | 04-21..04-25 | B C
    """)
    assert {name for name, one in found.items() if one.critical} == {"A", "B", "D"}
    assert found["C"].float_days == 7 and found["D"].end == date(2026, 4, 25)


def test_an_overlap_in_the_baseline_stays_allowed_and_a_slip_moves_what_waits() -> None:
    """B was to begin 5 days before A's end; A now ends 20 days later than its baseline, so B can't begin before 10 days later."""
    found = by_id("""
        id | base         | plan         | actual | needs
        A  | 03-01..04-10 | 03-01..04-30 | 03-01..|
        B  | 04-06..04-15 | 04-16..04-25 |        | A
    """)
    assert (found["B"].start, found["B"].end) == (date(2026, 4, 26), date(2026, 5, 5))
    assert found["B"].state == "at_risk" and found["B"].why[-1] == ("pushed", {"n": 10, "on": date(2026, 5, 5)})


def test_rings_and_ids_of_nothing_are_found_and_left_out() -> None:
    ring = plan("""
        id | base         | needs
        A  | 04-01..04-10 | C
        B  | 04-01..04-10 | A
        C  | 04-01..04-10 | B
        D  | 04-01..04-10 | C Z
    """)
    assert set(circle(ring)) == {"A", "B", "C"} and unknown(ring) == [("D", "Z")]
    sound, rings = untied(ring)
    assert circle(sound) == [] and len(rings) == 1 and sound[3].depends_on == ("C",)
    found = schedule(ring, TODAY)
    assert found.unknown == (("D", "Z"),) and len(found.timed) == 4 and set(found.rings[0]) == {"A", "B", "C"}


@given(st.lists(st.sets(st.integers(0, 6), max_size=3), min_size=1, max_size=7))
@settings(max_examples=80, deadline=None)
def test_a_ring_is_found_where_networkx_finds_one(links: list[set[int]]) -> None:
    steps = tuple(
        Milestone(str(number), "process", Said.of("x"), Said.of("y"), FIRST, FIRST, FIRST, FIRST, depends_on=tuple(map(str, sorted(needs))))
        for number, needs in enumerate(links)
    )
    graph = nx.DiGraph([(str(number), str(other)) for number, needs in enumerate(links) for other in needs if other < len(links)])
    ring = circle(steps)
    assert bool(ring) == (not nx.is_directed_acyclic_graph(graph))
    assert all(graph.has_edge(one, other) for one, other in zip(ring, [*ring[1:], *ring[:1]], strict=True))
    assert circle(untied(steps)[0]) == []


def test_many_networks_at_once_are_each_of_them() -> None:
    steps = plan("""
        id | base         | needs
        A  | 04-01..04-10 |
        B  | 04-11..04-20 | A
        C  | 04-11..04-13 | A
        D  | 04-21..04-25 | B C
    """)
    floors, durations, waits = expected(steps, TODAY)
    many = durations[:, None] * np.array([1.0, 2.0, 0.5])
    starts, ends = network(steps).forward(np.repeat(floors[:, None], 3, axis=1), many, waits)
    for place in range(3):
        one_start, one_end = network(steps).forward(floors, many[:, place], waits)
        assert (starts[:, place] == one_start).all() and (ends[:, place] == one_end).all()


# --- states and slips -----------------------------------------------------------------------------------------------------

#: As of 31 March; what each drawn milestone's state is, its slips against baseline and latest plan, and why.
STATES = """
    id        | base         | plan         | actual       | percent | needs   | state    | slip | plan_slip | why
    in_time   | 01-01..01-31 |              | 01-01..01-31 | 100     |         | done     | 0    | 0         |
    early     | 01-01..01-31 |              | 01-01..01-25 | 100     |         | done     | -6   | -6        |
    moved     | 01-01..01-31 | 01-01..02-10 | 01-05..02-12 | 100     |         | done     | 12   | 2         |
    undated   | 01-01..01-31 |              | 01-05..      | 100     |         | done     |      |           | undated
    overdue   | 02-01..03-30 |              | 02-01..      | 90      |         | late     | 2    | 2         | overdue
    last_day  | 02-01..03-31 |              | 02-01..      | 99      |         | late     | 1    | 1         | overdue
    put_off   | 02-01..03-15 | 02-01..04-15 | 02-01..      | 80      |         | on_track | 31   | 0         |
    never     | 02-01..03-20 |              |              | 0       |         | late     | 12   | 12        | overdue unstarted
    behind    | 03-01..04-30 |              | 03-01..      | 30      |         | at_risk  | 0    | 0         | behind
    just_so   | 03-01..04-30 |              | 03-01..      | 31      |         | on_track | 0    | 0         |
    idle      | 03-27..06-30 |              |              | 0       |         | at_risk  | 0    | 0         | unstarted pushed
    waits     | 03-27..06-30 |              |              | 0       | never   | blocked  | 0    | 0         | held pushed
    stuck     | 03-21..03-29 |              |              | 0       | never   | blocked  | 3    | 3         | overdue held
    free      | 03-27..06-30 |              | 03-27..      | 5       | never   | on_track | 0    | 0         |
    grace     | 03-29..06-30 |              |              | 0       |         | on_track | 0    | 0         |
    ready     | 05-01..06-30 |              |              | 0       | in_time | on_track | 0    | 0         |
    pushed    | 04-01..04-10 |              |              | 0       | behind  | on_track | 0    | 0         |
    shoved    | 05-01..05-10 | 04-20..04-29 |              | 0       | behind  | at_risk  | 0    | 0         | pushed
"""


def test_states_and_slips_by_the_rules() -> None:
    header, rows = drawn(STATES)
    found = by_id(STATES)
    for row in rows:
        cells = dict(zip(header, row, strict=True))
        one = found[cells["id"]]
        number = lambda text: int(text) if text else None  # noqa: E731
        said = (one.state, one.slip, one.plan_slip, [name for name, _ in one.why])
        slip, plan_slip = number(cells["slip"]), number(cells["plan_slip"])
        if cells["id"] == "shoved":  # re-planned to before the baseline: ahead of it for now
            slip = -11
        assert said == (cells["state"], slip, plan_slip, cells["why"].split()), cells["id"]


def test_a_plan_of_its_own_slip_stays_visible_after_replanning() -> None:
    score = kept(schedule(plan(STATES), TODAY).timed, TODAY)
    due = ["in_time", "early", "moved", "overdue", "last_day", "put_off", "never", "stuck"]
    assert (score.due, score.on_time, score.slipped) == (len(due), 2, 0 - 6 + 12 + 2 + 1 + 31 + 12 + 3)
    assert (score.plan_due, score.plan_slipped, score.undated) == (7, 0 - 6 + 2 + 2 + 1 + 12 + 3, 1)


def test_nothing_due_is_unknown_not_zero() -> None:
    score = kept(schedule(plan("id | base\nA | 06-01..06-30"), TODAY).timed, TODAY)
    assert score.rate is None and score.slip is None and score.plan_slip is None
    assert percent_complete(()) is None


def test_complete_is_by_evidence_where_there_is_some() -> None:
    step = plan("id | base | percent\nA | 01-01..03-31 | 80")[0]
    items = (Item(Said.of("minutes"), Decimal(2), True), Item(Said.of("list"), Decimal(1), False), Item(Said.of("photo"), Decimal(1), True))
    with_items = dataclasses.replace(step, items=items)
    assert step.complete == 80 and with_items.complete == 75 and not with_items.done
    assert dataclasses.replace(with_items, items=tuple(dataclasses.replace(item, done=True) for item in items)).done
    short = plan("id | base | percent\nB | 01-01..01-30 | 20")[0]
    assert percent_complete([with_items, short]) == (75 * 90 + 20 * 30) / Decimal(120)


# --- load, due, burn-up ---------------------------------------------------------------------------------------------------

OWNERS = """
    id | base         | actual       | percent | owner
    A  | 01-01..01-31 | 01-01..01-31 | 100     | Li
    B  | 03-01..03-20 | 03-01..      | 40      | Li
    C  | 04-01..04-30 |              | 0       | Li
    D  | 04-15..05-31 |              | 0       | Li
    E  | 04-01..05-01 |              | 0       | Wang
"""


def test_the_load_of_owners() -> None:
    """From 1 April on Li runs B (overdue: at least that day) and C; from 15 April C and D."""
    first, second = loads(schedule(plan(OWNERS), TODAY).timed, TODAY, 30)
    assert (first.owner.en, first.open, first.soon, first.most, first.most_on) == ("Li", 3, 2, 2, date(2026, 4, 1))
    assert {name: count for name, count in first.states.items() if count} == {"late": 1, "on_track": 2, "done": 1}
    assert (second.owner.en, second.open, second.soon, second.most) == ("Wang", 1, 0, 1)


def test_what_is_due_in_thirty_days() -> None:
    timed = schedule(plan(OWNERS), TODAY).timed
    assert [one.milestone.id for one in due_soon(timed, TODAY, 30)] == ["B", "C"]
    assert [one.milestone.id for one in due_soon(timed, TODAY, 31)] == ["B", "C", "E"]


def test_burn_up_counts_each_day() -> None:
    lines = burn_up(schedule(plan(OWNERS), TODAY).timed, TODAY)
    assert lines["done"] == [(date(2026, 1, 31), 1)]
    ends = [date(2026, 1, 31), date(2026, 3, 20), date(2026, 4, 30), date(2026, 5, 1), date(2026, 5, 31)]
    assert lines["baseline"] == lines["plan"] == list(zip(ends, range(1, 6), strict=True))


# --- where plans come from -------------------------------------------------------------------------------------------------


def test_the_bundled_plan_keeps_the_owners_timetable() -> None:
    start = date(2026, 1, 15)
    steps = {one.measure: one for one in bundled(start)}
    assert len(steps) == 8 and circle(bundled(start)) == [] and unknown(bundled(start)) == []
    assert steps["team"].baseline_end == date(2026, 2, 14)
    assert steps["channels"].baseline_end == steps["customer_information"].baseline_end == date(2026, 4, 14)
    owners = {name for name, one in steps.items() if one.timetable == "owner"}
    assert owners == {"team", "channels", "customer_information"} and all(
        one.timetable == "ours" for name, one in steps.items() if name not in owners
    )
    assert all(one.items and one.baseline_end > date(2026, 4, 14) for name, one in steps.items() if name not in owners)
    assert all(one.state == "on_track" for one in schedule(bundled(start), start - timedelta(days=1)).timed)
    assert set(programme()["kpis"]) == set(steps)


def test_the_planted_slips_of_the_sample_are_found() -> None:
    """data/sample_programme.py: the first three in time, of the others every second one 17 days late; roll-outs 0, 4 or 8."""
    con = duckdb.connect()
    con.execute("create table team as select 'T' || i as team, i as team_no from range(8) as t(i)")
    con.execute("create table posting (cents bigint, status varchar, kind varchar)")
    sample_programme.build(con, first=date(2024, 11, 1), last=date(2027, 3, 31), months=24)
    cursor = con.execute("select * from milestone")
    names = [column[0] for column in cursor.description or []]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    found = schedule(of_export(rows), date(2027, 3, 31))
    slips = {one.milestone.id: one.slip for one in found.timed}
    assert {key: slips[key] for key in slips if key.startswith("M")} == {f"M{n:02d}": 17 if n in (5, 7) else 0 for n in range(1, 9)}
    assert all(slips[key] == (int(key[1:]) - 1) % 3 * 4 for key in slips if key.startswith("T"))
    assert not found.rings and not found.unknown
