"""The pictures in cards: where their points lie, what they say of gaps, targets and a month still running, and that they are well-formed."""

from __future__ import annotations

import re
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from dashboard.drawing import ACTUAL, TARGET
from dashboard.sparks import EDGE, HEIGHT, WIDTH, spark


def parts(svg: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg))


def points(path: ElementTree.Element) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path.attrib["d"])]


def test_points_lie_between_the_lowest_and_the_highest_from_left_to_right() -> None:
    line, mark = parts(spark([Decimal(10), 20, 15.0], [None] * 3, False))
    assert points(line) == [(EDGE, HEIGHT - EDGE), (WIDTH / 2, EDGE), (WIDTH - EDGE, HEIGHT / 2)]
    assert (float(mark.attrib["cx"]), float(mark.attrib["cy"])) == (WIDTH - EDGE, HEIGHT / 2)
    assert mark.attrib["fill"] == ACTUAL


def test_a_month_not_known_is_a_gap() -> None:
    line, mark = parts(spark([1, 2, None, 2, None], [None] * 5, True))
    assert line.attrib["d"].count("M") == 2 and len(points(line)) == 3
    assert "fill" in mark.attrib, "the last month that is known isn't the one that runs"


def test_targets_are_levels_of_their_own_within_the_picture() -> None:
    target, line, mark = parts(spark([1.0, 3.0], [5, None], True))
    assert target.attrib["stroke"] == TARGET and target.attrib["d"].count("M") == 1
    assert points(target)[0][1] == EDGE and points(line)[0][1] == HEIGHT - EDGE, "both go by the same scale"
    assert "fill" not in mark.attrib and mark.attrib["stroke"] == ACTUAL, "hollow while its month runs"


@pytest.mark.parametrize("values", [[], [None, None], [7], [7, 7, 7]])
def test_few_values_or_equal_ones_stay_within_the_picture(values: list[float | None]) -> None:
    svg = spark(values, [None] * len(values), False)
    assert "nan" not in svg and "inf" not in svg
    for part in parts(svg):
        if "d" in part.attrib:
            assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points(part))
