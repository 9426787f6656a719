"""Garbage is looked for rarely while people are served, not at all while something large grows, and always again afterwards."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from dashboard import memory


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_serving_sets_aside_what_is_there() -> None:
    gc.set_threshold(700, 10, 10)
    memory.serve()
    frozen = gc.get_freeze_count()
    assert gc.get_threshold() == memory.THRESHOLDS and frozen > 0
    memory.serve()
    assert gc.get_freeze_count() <= frozen  # again does nothing


def test_what_grew_is_not_looked_at_again_and_collecting_goes_on() -> None:
    with memory.growing():
        assert not gc.isenabled()
        with memory.growing():
            kept = [[number] for number in range(1000)]
        assert not gc.isenabled()
    assert gc.isenabled() and kept not in gc.get_objects()


def test_garbage_is_not_set_aside_for_good() -> None:
    class Loop:
        def __init__(self) -> None:
            self.me = self

    gc.disable()
    before = weakref.ref(Loop())
    gc.enable()
    with memory.growing():
        within = weakref.ref(Loop())
        assert within() is not None
    assert before() is None and within() is None


def test_collecting_goes_on_after_an_error() -> None:
    with pytest.raises(ValueError, match="broken"), memory.growing():
        raise ValueError("broken")
    assert gc.isenabled()
