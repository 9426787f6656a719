"""The shape of a measure's last months as a small picture: a chart in each card would take the browser longer than the rest of a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboard import formats
from dashboard.drawing import ACTUAL, TARGET

WIDTH, HEIGHT, EDGE = 300, 64, 7

Points = Sequence[tuple[float, float] | None]


def spark(values: Sequence[Any], targets: Sequence[Any], running: bool) -> str:
    """An SVG picture of values by month (None: a gap), without axes: targets dotted, the last value marked, hollow while its month runs.

    Of numbers alone: no text of anybody's gets into it.
    """
    line, aims = ([None if (number := formats.exact(value)) is None else float(number) for value in each] for each in (values, targets))
    known = [value for value in (*line, *aims) if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    step = (WIDTH - 2 * EDGE) / max(len(line) - 1, 1)

    def placed(row: Sequence[float | None]) -> Points:
        share = [None if value is None else (value - low) / (high - low) if high > low else 0.5 for value in row]
        return [None if part is None else (EDGE + at * step, HEIGHT - EDGE - part * (HEIGHT - 2 * EDGE)) for at, part in enumerate(share)]

    drawn, said = (
        placed(line),
        [f'<path d="{path}" stroke="{TARGET}" stroke-width="1.5" stroke-dasharray="2 3"/>' for path in [_steps(placed(aims), step)] if path],
    )
    if path := _line(drawn):
        said.append(f'<path d="{path}" stroke="{ACTUAL}" stroke-width="2" stroke-linejoin="round"/>')
    last = next((at for at in reversed(range(len(drawn))) if drawn[at] is not None), None)
    if last is not None and (point := drawn[last]) is not None:
        hollow = running and last == len(drawn) - 1
        radius, look = (3.5, f'stroke="{ACTUAL}" stroke-width="1.5"') if hollow else (4.25, f'fill="{ACTUAL}"')
        said.append(f'<circle cx="{point[0]:.1f}" cy="{point[1]:.1f}" r="{radius}" {look}/>')
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" fill="none">{"".join(said)}</svg>'


def _line(points: Points) -> str:
    """A line through points, broken where one isn't known."""
    parts, begun = [], False
    for point in points:
        if point is not None:
            parts.append(f"{'L' if begun else 'M'}{point[0]:.1f} {point[1]:.1f}")
        begun = point is not None
    return "".join(parts)


def _steps(points: Points, step: float) -> str:
    """A level for each point that is known, as wide as its month."""
    levels = (f"M{max(x - step / 2, 0):.1f} {y:.1f}H{min(x + step / 2, WIDTH):.1f}" for x, y in filter(None, points))
    return "".join(levels)
