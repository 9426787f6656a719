"""How a number, a day or a period is written, in English and Chinese; knows units and languages, nothing of pages or data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

MISSING = "—"
MINUS = "−"
SYMBOLS = {"CNY": "¥", "TWD": "NT$", "EUR": "€", "USD": "$", "GBP": "£", "INR": "₹"}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

#: Steps of each language: from this size on, divide by the step, with so many decimals, and write the suffix.
STEPS = {
    "en": ((Decimal(10) ** 9, 2, "bn"), (Decimal(10) ** 6, 2, "m"), (Decimal(10) ** 3, 1, "k")),
    "zh": ((Decimal(10) ** 8, 2, "亿"), (Decimal(10) ** 4, 1, "万")),
}
#: Below this size money is written out in full, in both languages.
FULL_BELOW = Decimal(10_000)


def exact(value: Any) -> Decimal | None:
    """A number as Decimal; None, NaN and infinities are unknown."""
    if value is None:
        return None
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else None
    number = Decimal(value)
    return number if number.is_finite() else None


def fixed(value: Decimal, decimals: int, signed: bool = False) -> str:
    """A number with thousands separators and a true minus sign, halves rounded away from zero."""
    rounded = value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    sign = MINUS if rounded < 0 else "+" if signed and rounded > 0 else ""
    return f"{sign}{abs(rounded):,.{decimals}f}"


def symbol(currency: str) -> str:
    """The sign of a currency, or its code and a space."""
    return SYMBOLS.get(currency, f"{currency} ")


def step(size: Decimal, lang: str) -> tuple[Decimal, int, str]:
    """Divisor, decimals and suffix for money of this size; the size is the rounded one, so 9,999.995 is already 1.0 万."""
    if size.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP) < FULL_BELOW:
        return Decimal(1), 2, ""
    for position, (divisor, decimals, suffix) in enumerate(STEPS[lang]):
        shown = (size / divisor).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
        if shown >= 1:
            return divisor, decimals, suffix
        if position + 1 < len(STEPS[lang]):
            below, places, _ = STEPS[lang][position + 1]
            if (size / below).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP) * below >= divisor:
                return divisor, decimals, suffix
    raise AssertionError(f"no step for {size}")


def amount(value: Any, currency: str, lang: str, signed: bool = False) -> str:
    """Money: ¥9,999.00, then ¥12.84 m or ¥1,284.2 万."""
    number = exact(value)
    if number is None:
        return MISSING
    divisor, decimals, suffix = step(abs(number), lang)
    text = fixed(abs(number) / divisor, decimals)
    sign = MINUS if number < 0 and Decimal(text.replace(",", "")) else "+" if signed and number > 0 else ""
    return f"{sign}{symbol(currency)}{text}{' ' + suffix if suffix else ''}"


def full_amount(value: Any, currency: str) -> str:
    """Money to the cent, whatever its size."""
    number = exact(value)
    if number is None:
        return MISSING
    return f"{MINUS if number < 0 else ''}{symbol(currency)}{fixed(abs(number), 2)}"


def rate(value: Any) -> str:
    """A share as a percentage with one decimal."""
    number = exact(value)
    return MISSING if number is None else f"{fixed(number * 100, 1)}%"


def points(value: Any, lang: str) -> str:
    """A difference of two rates, in percentage points."""
    number = exact(value)
    if number is None:
        return MISSING
    return f"{fixed(number * 100, 1, signed=True)} {'个百分点' if lang == 'zh' else 'pp'}"


def change(value: Any) -> str:
    """A relative change in per cent, signed."""
    number = exact(value)
    return MISSING if number is None else f"{fixed(number * 100, 1, signed=True)}%"


def count(value: Any, signed: bool = False) -> str:
    """A whole number."""
    number = exact(value)
    return MISSING if number is None else fixed(number, 0, signed)


def number(value: Any, decimals: int = 2, signed: bool = False) -> str:
    """A plain number; whole ones without decimals."""
    plain = exact(value)
    if plain is None:
        return MISSING
    return fixed(plain, 0 if plain == plain.to_integral_value() else decimals, signed)


def edge(value: Any, currency: str, lang: str) -> str:
    """An amount on an axis: a whole one without its cents."""
    text = amount(value, currency, lang)
    return text.removesuffix(".00")


def days(value: Any, lang: str, signed: bool = False) -> str:
    """A length of time in days."""
    text = number(value, 1, signed)
    if text == MISSING:
        return text
    return f"{text} 天" if lang == "zh" else f"{text} {'day' if text.lstrip('+' + MINUS) == '1' else 'days'}"


def measure(unit: str, value: Any, currency: str, lang: str) -> str:
    """A metric's value by its unit: amount, rate, count, days, ratio or number."""
    if unit == "amount":
        return amount(value, currency, lang)
    if unit == "rate":
        return rate(value)
    if unit == "count":
        return count(value)
    if unit == "days":
        return days(value, lang)
    return number(value)


def difference(unit: str, now: Any, before: Any, lang: str) -> tuple[str, int]:
    """The change between two values of a unit and its direction (-1, 0, 1): points for rates, per cent for amounts and counts."""
    new, old = exact(now), exact(before)
    if new is None or old is None:
        return MISSING, 0
    if unit == "rate":
        text, size = points(new - old, lang), new - old
    elif unit in ("amount", "count"):
        if old <= 0:
            return MISSING, 0
        text, size = change(new / old - 1), new - old
    elif unit == "days":
        text, size = days(new - old, lang, signed=True), new - old
    else:
        text, size = number(new - old, signed=True), new - old
    moved = any(digit in "123456789" for digit in text)
    return text, (size > 0) - (size < 0) if moved else 0


def day(value: date, lang: str) -> str:
    """14 Oct 2026, or 2026年10月14日."""
    if lang == "zh":
        return f"{value.year}年{value.month}月{value.day}日"
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def month(value: date, lang: str) -> str:
    """Oct 2026, or 2026年10月."""
    return f"{value.year}年{value.month}月" if lang == "zh" else f"{MONTHS[value.month - 1]} {value.year}"


def month_ticks(values: list[date], lang: str) -> list[str]:
    """Short names for an axis: the year stands with the first month and each January only."""
    ticks = []
    for position, value in enumerate(values):
        year = position == 0 or value.year != values[position - 1].year
        if lang == "zh":
            ticks.append(f"{value.year}年<br>{value.month}月" if year else f"{value.month}月")
        else:
            name = MONTHS[value.month - 1]
            ticks.append(f"{name}<br>{value.year}" if year else name)
    return ticks


def period(start: date, until: date, lang: str) -> str:
    """A span of days with nothing said twice: 1–31 Oct 2026, 2026年8月1日–10月14日."""
    if start == until:
        return day(start, lang)
    same_year, same_month = start.year == until.year, (start.year, start.month) == (until.year, until.month)
    if lang == "zh":
        head = day(start, lang)
        if same_month:
            return f"{head[:-1]}–{until.day}日"
        return f"{head}–{until.month}月{until.day}日" if same_year else f"{head}–{day(until, lang)}"
    if same_month:
        return f"{start.day}–{day(until, lang)}"
    head = f"{start.day} {MONTHS[start.month - 1]}" if same_year else day(start, lang)
    return f"{head} – {day(until, lang)}"


def whole_month(start: date, until: date) -> bool:
    """Whether a span is one calendar month."""
    return start.day == 1 and until == month_end(start)


def month_end(value: date) -> date:
    """The last day of the month of a day."""
    return (value.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


@dataclass(frozen=True)
class Scale:
    """One unit for a whole axis or column: what values are divided by, decimals, and the unit's name ("¥ m", "%")."""

    divisor: Decimal
    decimals: int
    name: str

    def of(self, value: Any) -> float | None:
        """A value in this unit, as drawn."""
        if type(value) is int and self.divisor == 1:
            return float(value)
        plain = exact(value)
        return None if plain is None else float(plain / self.divisor)

    def text(self, value: Any) -> str:
        """A value in this unit, as written without the unit."""
        plain = exact(value)
        return MISSING if plain is None else fixed(plain / self.divisor, self.decimals)


def scale(unit: str, values: list[Any], currency: str, lang: str) -> Scale:
    """The unit that suits the largest of some values, so that 万 and 亿 never mix in one column."""
    if unit == "rate":
        return Scale(Decimal("0.01"), 1, "%")
    if unit == "days":
        whole = all(size is None or size == size.to_integral_value() for size in map(exact, values))
        return Scale(Decimal(1), 0 if whole else 1, "天" if lang == "zh" else "days")
    if unit == "count":
        return Scale(Decimal(1), 0, "")
    if unit != "amount":
        return Scale(Decimal(1), 2, "")
    known = [abs(size) for size in map(exact, values) if size is not None]
    divisor, decimals, suffix = step(max(known, default=Decimal(0)), lang)
    return Scale(divisor, decimals, f"{symbol(currency).strip()} {suffix}".strip())


def column_scale(unit: str, values: list[Any], currency: str, lang: str) -> Scale:
    """The unit of a table's column: that of the largest value, but full amounts where it would write a smaller one as zero."""
    wide = scale(unit, values, currency, lang)
    if unit != "amount" or wide.divisor == 1:
        return wide
    smallest = min((abs(size) for size in map(exact, values) if size), default=None)
    if smallest is not None and exact(wide.text(smallest).replace(",", "")) == 0:
        return Scale(Decimal(1), 2, symbol(currency).strip())
    return wide


#: Marks that turn the reading direction of what stands after them too: a name that holds one would turn the id and figures beside it.
TURNING = dict.fromkeys((0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))


def plain(text: Any) -> str:
    """A name from the data, safe inside markdown: every character markdown could read is escaped.

    A hyphen inside a word is none: a reader of screens is told a label as it is written here, with its escapes.
    """
    out: list[str] = []
    for character in str(text).translate(TURNING):
        inside = character == "-" and bool(out) and out[-1].isalnum()
        out.append("\\" + character if character in "\\`*_{}[]()<>#+-.!|~$:^&" and not inside else " " if character in "\r\n" else character)
    return "".join(out)


def drawn(text: Any) -> str:
    """A name from the data, safe inside a Plotly figure, which reads <b> and its like as markup."""
    return str(text).translate(TURNING).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
