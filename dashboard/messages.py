"""What stands where there is no figure: not supplied, nothing left, a query that failed."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import streamlit as st

from dashboard import naming
from dashboard.asking import NothingLeft, NotSupplied, Withheld, frame, lang, say
from dashboard.formats import plain
from dashboard.warehouse import QueryFailed

LOG = logging.getLogger(__name__)


def caption(text: str) -> None:
    """A small line of our own words."""
    st.caption(text)


def not_supplied(needs: Iterable[str]) -> None:
    """Says by name what is missing."""
    st.info(say("state.not_supplied", names=word_list(plain(naming.need(need, lang())) for need in needs)), icon=":material/block:")


def word_list(items: Iterable[str]) -> str:
    """Names in a row, in the page's language."""
    return ("、" if lang() == "zh" else ", ").join(items)


def nothing_left(narrowed: bool = False) -> None:
    """Says why there is nothing and what to do; `narrowed` where a page's own filters may be why."""
    chosen = frame().view.filters
    names = plain(" · ".join(chosen.scope(lang(), naming.dimension_labels(lang()), naming.values(lang()))))
    told = say("state.nothing", filters=names) if chosen.where or narrowed else say("state.nothing_in_period")
    st.info(told, icon=":material/filter_alt_off:")


def failed(error: QueryFailed) -> None:
    """Says that a query failed, which one, and under which id the log has the cause."""
    name, _, cause = str(error).partition(": ")
    number = f"{zlib.crc32(str(error).encode()):08x}"
    LOG.error("query %s failed, shown to the reader as %s: %s", name, number, cause)
    st.error(say("state.failed", name=plain(name), id=number), icon=":material/error:")


@contextmanager
def guarded() -> Iterator[None]:
    """Turns what a query raises into a message in its place; the rest of the page goes on."""
    try:
        yield
    except NotSupplied as error:
        not_supplied(error.needs)
    except NothingLeft:
        nothing_left()
    except Withheld:
        st.info(say("state.withheld"), icon=":material/lock:")
    except QueryFailed as error:
        failed(error)
