"""How a serving process looks for garbage: rarely, and never again among what lives as long as the process; knows nothing of pages.

Python looks through everything that is alive whenever a quarter has been added to it, and nobody is served meanwhile: at a million cases,
with their pay worked out, for seconds.
"""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

#: New objects before the young ones are looked through; how often that happens before the older and before all are.
THRESHOLDS = (50_000, 20, 100)
_lock = Lock()
_growing = 0
atexit.register(gc.unfreeze)  # libraries that count what they made complain of what is left at the end


def serve() -> None:
    """Set this process up for serving; once is enough, again does no harm."""
    if gc.get_threshold() != THRESHOLDS:
        gc.set_threshold(*THRESHOLDS)
        gc.collect()
        gc.freeze()


@contextmanager
def growing() -> Iterator[None]:
    """While something large is made that will be kept: no garbage is looked for, and what is alive at the end (garbage is not) never again.

    It is let go of as ever when nothing refers to it any more.
    """
    global _growing  # of the process, as the collector is
    with _lock:
        _growing += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _growing -= 1
            gc.collect()  # what is garbage now would be kept for good; what is set aside already isn't looked through again
            gc.freeze()
            if not _growing:
                gc.enable()
