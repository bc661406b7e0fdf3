"""Spans of time, times in writing, and the buckets of a grid."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from worker.domain.evidence import EvidenceLog
from worker.domain.telemetry import Grid, Scope, Series
from worker.domain.window import Window, floor_minute, iso, parse_time

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
NOON = datetime(2026, 2, 26, 12, 0, tzinfo=UTC)

moments = st.builds(
    lambda away, zone: (NOON + away).astimezone(zone),
    st.timedeltas(timedelta(days=-16_000), timedelta(days=26_000)),
    zones,
)
lengths = st.timedeltas(timedelta(microseconds=1), timedelta(days=400))


# --- times in writing


@given(moments)
def test_a_time_written_and_read_is_the_same_to_the_millisecond(moment: datetime) -> None:
    back = parse_time(iso(moment))
    assert back.tzinfo is UTC
    assert timedelta(0) <= moment - back < timedelta(milliseconds=1)
    assert iso(back) == iso(moment)


@given(moments)
def test_a_written_time_is_utc_and_sorts_like_the_time(moment: datetime) -> None:
    later = moment + timedelta(milliseconds=1)
    assert iso(moment).endswith("Z")
    assert len(iso(moment)) == len("2026-02-26T09:30:00.000Z")
    assert iso(moment) < iso(later)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-26T12:00:00Z",
        "2026-02-26T12:00:00.000Z",
        "2026-02-26T12:00:00+00:00",
        "2026-02-26T13:00:00+01:00",
        "2026-02-26T13:00:00+0100",
        "2026-02-26T06:30:00-05:30",
        "2026-02-26T12:00:00",
        "2026-02-26 12:00",
        " 2026-02-26T12:00Z\n",
        "2026-02-26T12:00:00.000000000Z",
    ],
)
def test_one_moment_in_many_forms(text: str) -> None:
    assert parse_time(text) == NOON


def test_a_date_is_its_midnight() -> None:
    assert parse_time("2026-02-26") == NOON - timedelta(hours=12)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "unknown", "26.02.2026", "2026-13-01", "2026-02-30T00:00:00Z", "12:00", "{{date}}"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_time(text)


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    with suppress(ValueError):
        assert parse_time(text).tzinfo is UTC


@given(moments)
def test_a_minute_begins_within_itself(moment: datetime) -> None:
    start = floor_minute(moment)
    assert timedelta(0) <= moment - start < timedelta(minutes=1)
    assert start.second == start.microsecond == 0


# --- windows


@given(moments, lengths)
def test_a_window_holds_its_start_and_not_its_end(start: datetime, length: timedelta) -> None:
    window = Window(start=start, end=start + length)
    assert window.holds(window.start)
    assert not window.holds(window.end)
    assert window.holds(window.end - timedelta(microseconds=1))
    assert not window.holds(window.start - timedelta(microseconds=1))
    assert window.length == length
    assert window.minutes == pytest.approx(length / timedelta(minutes=1))


@given(moments, lengths)
def test_a_window_before_a_moment_ends_there(end: datetime, length: timedelta) -> None:
    window = Window.before(end, length)
    assert (window.end, window.length) == (end, length)


@given(moments, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_window_runs_forward(start: datetime, back: timedelta) -> None:
    with pytest.raises(ValidationError, match="must end after it starts"):
        Window(start=start, end=start - back)


def test_a_window_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError):
        Window(start=datetime(2026, 1, 1), end=datetime(2026, 1, 2))  # noqa: DTZ001


def test_a_window_does_not_change() -> None:
    window: Any = Window.before(NOON, timedelta(hours=1))
    with pytest.raises(ValidationError, match="frozen"):
        window.end = NOON + timedelta(hours=1)


@given(moments, lengths)
def test_a_window_survives_its_json(start: datetime, length: timedelta) -> None:
    window = Window(start=start, end=start + length)
    assert Window.model_validate_json(window.model_dump_json()) == window


# --- grids

grids = st.builds(Grid, moments.map(floor_minute), st.sampled_from([1, 10, 60, 300, 1800]), st.integers(1, 200))


@given(grids, st.integers(-300, 300), st.integers(1, 300), st.integers(0, 59))
def test_a_mask_is_the_buckets_that_start_inside(grid: Grid, first: int, count: int, seconds: int) -> None:
    start = grid.start + first * grid.step + timedelta(seconds=seconds)
    window = Window(start=start, end=start + count * grid.step)
    assert list(grid.mask(window)) == [window.holds(grid.time(place)) for place in range(grid.count)]


@given(grids, st.floats(0, 0.999), st.data())
def test_a_moment_is_in_the_bucket_of_its_index(grid: Grid, part: float, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, grid.count - 1))
    assert grid.index(grid.time(place) + part * grid.step) == place


@given(grids)
def test_a_grid_ends_after_its_last_bucket(grid: Grid) -> None:
    assert grid.end == grid.time(grid.count)
    middles = grid.seconds()
    assert middles.size == grid.count
    assert 0 < middles[0] < grid.step_seconds
    assert (grid.end - grid.start).total_seconds() > middles[-1]


def test_a_series_that_was_never_sampled_is_none() -> None:
    series = Series({"carbon": np.full(3, np.nan), "cpu": np.array([np.nan, 0.0, np.nan])})
    assert series.get("carbon") is None
    assert series.get("memory") is None
    assert series.get("cpu") is series.values["cpu"]


# --- scopes

names = st.none() | st.sampled_from(["a", "b"])
scopes = st.builds(Scope, names, names)


@given(scopes, scopes, scopes)
def test_covering_is_an_order(one: Scope, other: Scope, third: Scope) -> None:
    assert one.covers(one)
    assert Scope(None, None).covers(one)
    if one.covers(other) and other.covers(one):
        assert one == other
    if one.covers(other) and other.covers(third):
        assert one.covers(third)


@pytest.mark.parametrize(
    ("scope", "text"),
    [
        (Scope("cart", "us-central1"), "cart, us-central1"),
        (Scope("cart", None), "cart"),
        (Scope(None, "us-central1"), "us-central1"),
        (Scope(None, None), "all services"),
    ],
)
def test_a_scope_in_words(scope: Scope, text: str) -> None:
    assert str(scope) == text


# --- evidence


def test_evidence_is_numbered_in_the_order_it_was_read() -> None:
    log, window = EvidenceLog(), Window.before(NOON, timedelta(hours=1))
    ids = [log.add(title, index="i", query={}, window=window, result={}) for title in "abc"]
    assert ids == ["e1", "e2", "e3"]
    assert [(one.id, one.title) for one in log.items] == [("e1", "a"), ("e2", "b"), ("e3", "c")]


def test_a_gap_is_named_once() -> None:
    log = EvidenceLog()
    for reason in ("closed", "closed", "gone"):
        log.miss("logs", reason=reason, effect="unknown")
    assert [gap.reason for gap in log.gaps] == ["closed", "gone"]
