"""Works a workbook's formulas out with Decimal, as a spreadsheet would: an evaluator of its own, sharing nothing with what wrote them."""

from __future__ import annotations

import ast
import io
import re
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Any

import openpyxl

CELL = re.compile(r"'([^']+)'!(\$?[A-Z]+\$?\d+)(?::(\$?[A-Z]+\$?\d+))?|(?<![A-Za-z'(\w])(\$?[A-Z]{1,2}\$?\d+)\b")


class Recalculated:
    """All cells of a workbook; a formula is worked out when it is asked for."""

    def __init__(self, file: bytes) -> None:
        self.book = openpyxl.load_workbook(io.BytesIO(file))
        self.known: dict[tuple[str, str], Any] = {}

    def value(self, sheet: str, cell: str) -> Any:
        cell = cell.replace("$", "")
        if (sheet, cell) not in self.known:
            found = self.book[sheet][cell].value
            if isinstance(found, str) and found.startswith("="):
                found = self.formula(found[1:], sheet)
            elif isinstance(found, int | float):
                found = Decimal(repr(found))
            self.known[sheet, cell] = Decimal(0) if found is None else found
        return self.known[sheet, cell]

    def formula(self, text: str, sheet: str) -> Any:
        """A formula as Python: cells and ranges become calls, IF and = become Python's."""

        def cell(found: re.Match[str]) -> str:
            if found[4]:
                return f"V({sheet!r}, {found[4]!r})"
            return f"R({found[1]!r}, {found[2]!r}, {found[3]!r})" if found[3] else f"V({found[1]!r}, {found[2]!r})"

        text = re.sub(r"(?<![<>=])=(?!=)", "==", CELL.sub(cell, text))
        tree = ast.parse(re.sub(r"(?<![\w.'])(\d+(?:\.\d+)?)(?![\w'])", r"D('\1')", text), mode="eval")
        return eval(compile(tree, "formula", "eval"), {"__builtins__": {}}, self.names())

    def names(self) -> dict[str, Any]:
        def scaled(rule: str) -> Any:
            def rounded(value: Decimal, places: Decimal) -> Decimal:
                return value.quantize(Decimal(1).scaleb(-int(places)), rule)

            return rounded

        return {
            "D": Decimal, "V": self.value, "R": self.range, "SUM": sum, "MIN": min, "MAX": max, "ABS": abs,
            "ROUND": scaled(ROUND_HALF_UP), "ROUNDDOWN": scaled(ROUND_DOWN), "ROUNDUP": scaled(ROUND_UP),
            "IF": lambda test, yes, no: yes if test else no, "MOD": lambda value, by: value % by,
            "SIGN": lambda value: Decimal((value > 0) - (value < 0)),
        }  # fmt: skip

    def range(self, sheet: str, first: str, last: str) -> list[Any]:
        cells = self.book[sheet][f"{first}:{last}"]
        return [self.value(sheet, cell.coordinate) for row in cells for cell in row]

    def formulas(self) -> int:
        """How many formulas there are."""
        return sum(str(cell.value).startswith("=") for sheet in self.book for row in sheet.iter_rows() for cell in row)
