"""The rules of the house: who may import whom, what SQL looks like, what never occurs. Each failure says what to do."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import duckdb
import pytest

from dashboard.metrics import dimensions, metrics
from dashboard.warehouse import reports

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = sorted((ROOT / "dashboard").rglob("*.py"))
PAGES = sorted((ROOT / "pages").glob("*.py"))
SQL = sorted((ROOT / "queries").rglob("*.sql"))
KNOW_STREAMLIT = {"app", "ui", "frame", "snapshots", "casework", "saved", "planning", "paywork", "paystatements", "paywritten", "draftwork"}
#: module → modules of the package it must not import (what stands above it)
ABOVE = {
    "contract": {"warehouse", "load", "ui", "app", "frame", "charts", "filters", "metrics"},
    "metrics": {"warehouse", "load", "ui", "app", "frame", "charts"},
    "warehouse": {"load", "ui", "app", "frame", "charts"},
    "charts": {"warehouse", "load", "ui", "app", "frame"},
    "filters": {"warehouse", "load", "ui", "app", "frame", "charts"},
    "formats": {"warehouse", "load", "ui", "app", "frame", "charts", "metrics", "filters"},
    "load": {"ui", "app", "frame", "charts", "warehouse"},
    "reading": {"load", "warehouse", "contract", "mapping", "intake", "ui"},
    "methods": {"warehouse", "load", "ui", "app", "frame", "charts", "metrics", "contract"},
}

KNOW_STREAMLIT |= {"desks", "one_desk", "ahead"}
#: what ui is made of, each above those it uses
FRONT = {
    "asking": {"messages", "grids", "cards", "choosing"},
    "messages": {"grids", "cards", "choosing"},
    "grids": {"cards", "choosing"},
    "cards": {"choosing"},
    "choosing": {"messages", "grids", "cards"},
}
KNOW_STREAMLIT |= set(FRONT)
#: what charts and warehouse are made of
ABOVE |= {name: ABOVE["charts"] | {"charts"} for name in ("drawing", "timelines", "heatmaps")}
ABOVE |= {name: ABOVE["warehouse"] | {"warehouse"} for name in ("connection", "measuring")}
ABOVE["measuring"] |= {"connection"}
ABOVE = {name: above | (set(FRONT) if "ui" in above else set()) for name, above in ABOVE.items()}
ABOVE |= {name: above | {"ui", "app"} for name, above in FRONT.items()}


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_top_level_is_as_fixed() -> None:
    visible = {path.name for path in ROOT.iterdir() if not path.name.startswith(".") and path.name != "__pycache__"}
    fixed = {"dashboard", "pages", "queries", "data", "tests", "requirements.txt", "README.md"}
    assert fixed <= visible <= fixed | {"Makefile", "LICENSE", "docs"}, "the visible top level is fixed; put it in one of the rooms"


@pytest.mark.parametrize("path", PACKAGE, ids=lambda path: path.stem)
def test_imports_go_one_way(path: Path) -> None:
    module = path.relative_to(ROOT / "dashboard").parts[0].removesuffix(".py")
    below = {name.split(".")[1] for name in imports(path) if name.startswith("dashboard.") and len(name.split(".")) > 1}
    forbidden = below & ABOVE.get(module, set())
    assert not forbidden, f"{module} must not import {sorted(forbidden)}: move what they share to a module below both"


@pytest.mark.parametrize("path", PACKAGE, ids=lambda path: path.stem)
def test_only_the_front_knows_streamlit(path: Path) -> None:
    uses = any(name.split(".")[0] == "streamlit" for name in imports(path))
    assert not uses or path.stem in KNOW_STREAMLIT, f"{path.name} imports Streamlit: return data or a figure, and let ui.py draw it"


@pytest.mark.parametrize("path", PACKAGE, ids=lambda path: path.stem)
def test_no_module_shadows_the_standard_library(path: Path) -> None:
    name = path.relative_to(ROOT / "dashboard").parts[0].removesuffix(".py")
    assert name.startswith("__") or name not in sys.stdlib_module_names, f"Streamlit puts dashboard/ on the path: rename {name}"


@pytest.mark.parametrize("path", [*PACKAGE, *PAGES], ids=lambda path: path.stem)
def test_what_never_occurs(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for pattern, instead in {
        r"unsafe_allow_html": "theme in .streamlit/config.toml",
        r"except Exception|except:": "name the error that can occur",
        r"date\.today\(|datetime\.today\(|time\.time\(": "time comes from the data (as_of)",
        r"sys\.path": "run python -m streamlit run from the root",
        r"TODO|FIXME|XXX": "do it, or say on the issue why not",
    }.items():
        assert not re.search(pattern, text), f"{path.name}: {pattern}: {instead}"
    if re.search(r"datetime\.now\(", text):
        assert path.stem in {"load", "state"}, f"{path.name}: the clock is only for when somebody loaded or wrote"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_pages_ask_place_explain(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= 90, f"{path.name} has {lines} lines: what it computes belongs below, what it draws in ui.py or charts.py"
    assert not any(name.startswith("duckdb") for name in imports(path)), "pages ask the warehouse, never the database"


@pytest.mark.parametrize("path", SQL, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_sql_says_what_a_row_is(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    if path.parent.name == "macros":
        assert first.startswith("-- "), "say what the macros are for"
    else:
        assert first.startswith("-- One row per"), 'the first line of a query is "-- One row per …"'


@pytest.mark.parametrize("path", sorted((ROOT / "queries" / "model").glob("*.sql")), ids=lambda path: path.stem)
def test_model_sql_stays_portable(path: Path) -> None:
    """It must run unchanged in meaning on a cluster's engine later: see the words each pattern stands for."""
    text = re.sub(r"--.*", "", path.read_text(encoding="utf-8")).lower()
    for pattern in (
        r"\basof\b",
        r"quantile",
        r"percentile",
        r"\* exclude",
        r"\* replace",
        r"\blist\(",
        r"//",
        r"interval \(",
        r"group by all",
        r"histogram",
    ):
        assert not re.search(pattern, text), f"{path.name}: {pattern} doesn't carry over; compute it otherwise"
    assert not re.search(r"[^*/]/[^*/]", text), f"{path.name}: divide through ratio()"


def test_every_relation_is_asked_and_every_metric_has_one() -> None:
    files = {path.stem for path in (ROOT / "queries" / "relations").glob("*.sql")}
    used = {entry.of for entry in metrics().values() if entry.of}
    variants = {"stock_any_day", "stock_months", "stock_part_month", "cash_any_period", "cash_months", "cohort_by_case"}
    variants |= {"reach_any_period", "reach_months", "reach_months_attempts", "reach_spans", "held_months", "planned_stock_any_day"}
    assert files == used | variants, "a relation nobody asks is dead; a metric needs its relation"
    carried = {relation for dimension in dimensions().values() for relation in dimension.of}
    assert carried <= files


def test_reports_name_their_parameters_only() -> None:
    con = duckdb.connect()
    for name in reports():
        sql = (ROOT / "queries" / "reports" / f"{name}.sql").read_text(encoding="utf-8")
        assert len(con.extract_statements(sql)) == 1, f"{name}: one statement a report"
        assert "{" not in sql, f"{name}: values come as $parameters"


def test_nothing_personal_is_declared_loaded() -> None:
    from dashboard.contract import contract

    personal = {(c.table, c.id) for table in contract().tables.values() for c in table.columns.values() if c.personal}
    assert personal == {("customers", name) for name in ("name", "id_number", "phone", "address")}
    assert not any(column.personal for table in contract().tables.values() for column in table.loaded)
