"""Direct standardisation by hand, what is hidden, and what the sentences dare to say."""

from __future__ import annotations

from math import sqrt
from typing import Any

import pytest

from dashboard.channels import sentences, when


def row(weekday: str, hour: int, band: str, part: int, whole: int) -> dict[str, Any]:
    return {"weekday": weekday, "hour": hour, "attempt_band": band, "part": part, "whole": whole}


def test_an_hour_that_only_gets_first_attempts_is_not_better_for_it() -> None:
    """First attempts reach 30%, later ones 10%, at either hour. The morning gets most first attempts: crude 26% against 14%, adjusted alike."""
    rows = [row("mon", 9, "1", 24, 80), row("mon", 9, "2", 2, 20), row("mon", 18, "1", 6, 20), row("mon", 18, "2", 8, 80)]
    morning, evening = when.standardised(rows, "part", "whole")
    assert (morning.crude, evening.crude) == (0.26, 0.14)
    assert morning.rate == pytest.approx(0.2) and evening.rate == pytest.approx(0.2)
    first, second = (25 / 82, 3 / 22)
    error = sqrt(0.25 * first * (1 - first) / 80 + 0.25 * second * (1 - second) / 20)
    assert morning.error == pytest.approx(error)
    assert (morning.low, morning.high) == (pytest.approx(0.2 - 1.959963984540054 * error), pytest.approx(0.2 + 1.959963984540054 * error))


def test_few_attempts_and_missing_attempt_numbers_are_hidden() -> None:
    rows = [
        row("tue", 9, "1", 10, 50), row("tue", 9, "2", 10, 50), row("wed", 9, "1", 3, 15), row("wed", 9, "2", 2, 14),
        row("thu", 9, "1", 30, 60), row("fri", 9, "", 9, 99),
    ]  # fmt: skip
    found = {cell.weekday: cell for cell in when.standardised(rows, "part", "whole")}
    assert found["tue"].rate == pytest.approx(0.2)
    assert found["wed"].rate is None and found["wed"].attempts == 29  # too few
    assert found["thu"].rate is None  # no second attempts, which are a third of all
    assert "fri" not in found  # attempts of no case have no number


def test_the_best_of_many_hours_is_not_called_better_by_chance() -> None:
    level = [when.Cell("mon", hour, 100, 0.2, 0.2, 0.12, 0.28, 0.04) for hour in range(8, 20)]
    lucky = when.Cell("sun", 9, 100, 0.33, 0.33, 0.24, 0.42, 0.047)
    sure = when.Cell("sun", 9, 900, 0.5, 0.5, 0.47, 0.53, 0.017)
    assert "stands out" in (sentences.pattern([*level, lucky], "en") or "")
    assert "more than chance" in (sentences.pattern([*level, sure], "en") or "")


def test_groups_are_told_apart_only_if_they_differ() -> None:
    def group(channel: str, part: int, whole: int) -> dict[str, Any]:
        return {"channel": channel, "right_party_rate": part / whole, "right_party_rate_part": part, "right_party_rate_whole": whole}

    assert "can't be told apart" in (sentences.best([group("phone", 20, 100), group("bot", 10, 100)], "channel", "right_party_rate", "en") or "")
    assert "Phone (20.0%)" in (sentences.best([group("phone", 20, 100), group("bot", 10, 100)], "channel", "right_party_rate", "en") or "")
    assert "highest for Phone" in (sentences.best([group("phone", 900, 2000), group("bot", 200, 2000)], "channel", "right_party_rate", "en") or "")
    assert sentences.best([group("phone", 1, 2)], "channel", "right_party_rate", "en") is None


def test_sequences_end_where_touches_end() -> None:
    def path(*channels: str | None, paid: bool, cases: int) -> dict[str, Any]:
        return dict(zip(("first_channel", "second_channel", "third_channel"), channels, strict=True), paid=paid, cases=cases)

    rows = [
        path("sms", "phone", None, paid=True, cases=3),
        path("sms", "phone", None, paid=False, cases=1),
        path(None, None, None, paid=True, cases=2),
    ]
    links, nodes = sentences.flows(rows, "en")
    assert links == [("0:none", "3:paid", 2), ("0:sms", "1:phone", 4), ("1:phone", "3:paid", 3), ("1:phone", "3:unpaid", 1)]
    assert nodes["0:none"][0] == "no touch"
    table = sentences.sequences(rows, "en")
    assert [(line["sequence"], line["cases"], line["paid_cases"], line["share"]) for line in table] == [
        ("SMS → Phone", 4, 3, 0.75),
        ("no touch", 2, 2, 1.0),
    ]
    assert "40.0%" in (sentences.untouched(rows, "en") or "")
