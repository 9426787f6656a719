"""A downloaded file, opened, holds the figure the page shows and says what it is."""

import csv
import io
import re
from decimal import Decimal
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]
from playwright.sync_api import Page

from tests.browser.driving import Open


def saved(page: Page, panel: str, name: str, folder: Path) -> Path:
    with page.expect_download() as waiting:
        page.locator(f".st-key-panel_{panel}").get_by_role("button", name=name).click()
    file = folder / waiting.value.suggested_filename
    waiting.value.save_as(file)
    return file


def test_the_last_month_in_the_file_is_the_figure_on_the_card(opened: Open, tmp_path: Path) -> None:
    page = opened("/?lang=en")
    shown = page.locator(".st-key-card_recovery_rate").get_by_test_id("stMetricValue").inner_text()
    text = saved(page, "recovery_by_month", "CSV", tmp_path).read_bytes().decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text)))
    notes = dict(line[0][2:].split(": ", 1) for line in lines if line[0].startswith("# "))
    rows = [line for line in lines if not line[0].startswith("# ")]
    last = dict(zip(rows[0], rows[-1], strict=True))
    assert f"{Decimal(last['Recovery rate']) * 100:.1f}%" == shown
    assert notes["Rows"] == str(len(rows) - 1)
    assert notes["Snapshot"] in page.url and notes["Data as of"]

    book = openpyxl.load_workbook(saved(page, "recovery_by_month", "Excel", tmp_path))
    about = {line[0].value: line[1].value for line in book["About 说明"].iter_rows()}
    sheet = [[cell.value for cell in line] for line in book["Data"].iter_rows()]
    assert len(sheet) - 1 == int(about["Rows"]) == int(notes["Rows"])
    total = next(name for name in about if re.match("Control total, Net", name))
    column = sheet[0].index(total.removeprefix("Control total, "))
    assert sum((Decimal(str(line[column] or 0)) for line in sheet[1:]), Decimal(0)) == Decimal(about[total]) == Decimal(notes[total])
