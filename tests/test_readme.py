"""README keeps what it promises: its mapping loads, its commands exist, its rooms are there, it fits."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import typer
from typer.main import get_command

from dashboard.cli import app
from dashboard.filters import Filters
from dashboard.home import Home
from dashboard.incentives.plan import Step
from dashboard.load import load
from dashboard.metrics import dimensions, metrics
from dashboard.warehouse import Warehouse

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")

LEDGER = """Ref no,Account,Value date,Cents,Type,Channel,Bal Sep,DPD Sep,Bal Oct,DPD Oct
R1,A1,05.10.26,12345,PAY,giro ,1000.00,10,876.55,41
R2,A2,06.10.26,5000,FEE,cash,500.00,40,500.00,71
"""


def test_the_mapping_taught_loads_as_taught(tmp_path: Path) -> None:
    mapping = tmp_path / "agency.toml"
    mapping.write_text(re.findall(r"```toml\n(.*?)```", README, flags=re.DOTALL)[0], encoding="utf-8")
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "ledger_2026.csv").write_text(LEDGER, encoding="utf-8")
    loaded = load(tmp_path / "export", Home(tmp_path / "home"), mapping_path=mapping)
    accounts = {a.name: a for a in loaded.accounts}
    assert (accounts["ledger_2026.csv"].rows_used, accounts["ledger_2026.csv"].rows_unused) == (2, 0)
    assert loaded.dataset == "agency" and loaded.currency == "EUR"
    warehouse = Warehouse(Home(tmp_path / "home").info())
    filters = Filters(warehouse.info.first_on, warehouse.info.as_of)
    assert warehouse.measure(["net_amount"], ["method"], filters=filters).rows == [{"method": "bank transfer", "net_amount": Decimal("123.45")}]


def commands() -> dict[str, Any]:
    """Every command there is, those of pay too, which are only read in when asked for."""
    group: Any = get_command(app)
    context = typer.Context(group)
    return {name: group.get_command(context, name) for name in group.list_commands(context)}


def test_commands_named_exist() -> None:
    assert {"load", "measure", "metrics", "report", "snapshots", "sample", "serve", "incentives"} <= set(commands())
    found = list(commands().values())
    found += [inner for command in found for inner in getattr(command, "commands", {}).values()]
    options = {option for command in found for parameter in command.params for option in parameter.opts}
    for name in re.findall(r"(?<!-)--([a-z][a-z-]*)", README):
        assert f"--{name}" in options, f"README names --{name}"


def test_names_used_in_examples_are_registered() -> None:
    names, by = re.search(r"measure (\S+) --by (\S+)", README).groups()  # type: ignore[union-attr]
    assert set(names.split(",")) <= set(metrics()) and set(by.split(",")) <= set(dimensions())


def test_paths_named_exist() -> None:
    for path in re.findall(r"`((?:dashboard|pages|queries|data|tests|docs)/[\w./-]*)`", README):
        assert (ROOT / path).exists(), f"README names {path}"


def test_further_pages_are_there_and_name_what_exists() -> None:
    named = set(re.findall(r"\]\((docs/[\w.]+)\)", README))
    assert named == {str(path.relative_to(ROOT)) for path in (ROOT / "docs").iterdir()}
    text = (ROOT / "docs" / "incentives.md").read_text(encoding="utf-8")
    pay = commands()["incentives"]
    assert set(re.findall(r"dashboard incentives ([a-z-]+)", text)) <= set(pay.commands)
    for path in re.findall(r"`(data/[\w/]+\.?\w*)`", text):
        assert (ROOT / path).exists(), path
    kinds = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`.*?`) \| ", text[text.index("| kind |") :], flags=re.MULTILINE))))
    assert kinds == {kind.kind for kind in Step.__subclasses__()}


def test_readme_stays_on_one_screen() -> None:
    assert len(README.splitlines()) <= 90
