"""What is read in the background belongs to its reader: its result, its error, and the trace it is in."""

from __future__ import annotations

from contextvars import ContextVar
from threading import Event

import pytest

from worker.telemetry.background import in_background

HERE: ContextVar[str] = ContextVar("HERE", default="nowhere")
PATIENCE_SECONDS = 30


def test_the_reader_goes_on_and_gets_the_result_later() -> None:
    gone_on = Event()
    begun = in_background(lambda: gone_on.wait(PATIENCE_SECONDS))
    gone_on.set()
    assert begun.result(PATIENCE_SECONDS)


def test_whoever_wants_the_result_gets_the_error() -> None:
    with pytest.raises(ZeroDivisionError):
        in_background(lambda: 1 / 0).result(PATIENCE_SECONDS)


def test_it_runs_within_what_the_reader_is_within() -> None:
    token = HERE.set("an alert's trace")
    try:
        assert in_background(HERE.get).result(PATIENCE_SECONDS) == "an alert's trace"
    finally:
        HERE.reset(token)
