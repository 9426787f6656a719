"""Rates side by side, tested on what is drawn: every column from zero to its own scale, its name over its zero, nothing where nothing is known."""

from __future__ import annotations

import pytest

from dashboard.channels.figures import Lane, lanes


def test_columns_side_by_side_stand_on_one_axis_each_to_its_own_scale() -> None:
    found = [
        Lane("Reached", "rate", [(0.2, 0.1, 0.4, "20 / 100"), (None, None, None, "")]),
        Lane("Tries per case", "number", [(3.0, None, None, ""), (6.0, None, None, "")]),
    ]
    figure = lanes(["Bot", "A<b"], found, "en", "CNY")
    ranges, dots, values = figure.data
    first, second = figure.layout.xaxis.tickvals
    # the largest of a column, its interval's end too, stands as far from the column's own zero as that of any other
    full = ranges.x[1] - first
    assert (first, dots.x[2] - second) == (0.0, pytest.approx(full)) and 0 < full < second < 1
    assert [(x - first) / full for x in ranges.x[:2]] == [pytest.approx(0.25), 1.0] and ranges.x[2] is None and list(ranges.y) == [0, 0, None]
    assert [(x - zero) / full for x, zero in zip(dots.x, (first, second, second), strict=True)] == pytest.approx([0.5, 0.5, 1.0])
    assert list(dots.y) == [0, 0, 1]  # nobody knows the second row's rate: a dash, no dot
    assert list(zip(values.y, values.text, strict=True)) == [(0, "20.0%"), (1, "—"), (0, "3"), (1, "6")]
    assert list(dots.text) == [
        "Bot<br>Reached 20.0%<br>95% interval 10.0%–40.0%<br>20 / 100",
        "Bot<br>Tries per case 3",
        "A&lt;b<br>Tries per case 6",
    ]
    assert list(figure.layout.xaxis.ticktext) == ["Reached", "Tries per case"] and figure.layout.xaxis.gridcolor is not None
    assert list(figure.layout.yaxis.ticktext) == ["Bot", "A&lt;b"]
