"""Time to an event where subjects can leave in another way first."""

from __future__ import annotations

from collections.abc import Mapping


def cumulative_incidence(
    events: Mapping[int, int], competing: Mapping[int, int], censored: Mapping[int, int]
) -> list[tuple[int, float, int]]:
    """Aalen-Johansen estimate of having had the event, from counts by day.

    Returns (day, cumulative incidence, number at risk before the day) for each day with an event or a competing exit. Someone
    censored on a day is at risk for that day's events. One minus Kaplan-Meier would overstate it, as it lets those who left
    another way still have the event (Aalen & Johansen 1978).
    """
    at_risk = sum(events.values()) + sum(competing.values()) + sum(censored.values())
    surviving, incidence = 1.0, 0.0
    curve: list[tuple[int, float, int]] = []
    for day in sorted({*events, *competing, *censored}):
        had, left = events.get(day, 0), competing.get(day, 0)
        if had or left:
            incidence += surviving * had / at_risk
            surviving *= 1 - (had + left) / at_risk
            curve.append((day, incidence, at_risk))
        at_risk -= had + left + censored.get(day, 0)
    return curve


def median_time(events: Mapping[int, int], competing: Mapping[int, int], censored: Mapping[int, int]) -> int | None:
    """The first day by which at least half have had the event; None if the curve never gets there."""
    return next((day for day, incidence, _ in cumulative_incidence(events, competing, censored) if incidence >= 0.5 - 1e-12), None)
