"""Times as people say them: what each form means, on clocks that are put forward and back, and whatever is said."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from worker.answering.calendar import Calendar
from worker.answering.reading import QuestionText, read
from worker.answering.times import LONGEST, Named, Problem, take_times, take_zone
from worker.answering.zones import UTC_ZONE, Zone, zone_named
from worker.domain.window import Window, iso
from worker.errors import RequestRefused

# A Thursday.
NOW = datetime(2026, 11, 26, 10, 20, tzinfo=UTC)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Pacific/Chatham",
    "+02:00",
    "-11:00",
    "Africa/Cairo",
)

zones = st.sampled_from([zone for name in ZONES if (zone := zone_named(name))])
# Two years, so that every clock is put forward and back.
moments = st.integers(0, 2 * 365 * 86_400).map(
    lambda seconds: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


def berlin() -> Zone:
    zone = zone_named("Europe/Berlin")
    assert zone is not None
    return zone


def said(text: str, *, now: datetime = NOW, zone: Zone = UTC_ZONE) -> Window:
    """The one time that `text` names."""
    reading = read(text)
    (named,) = take_times(reading, Calendar(take_zone(reading) or zone, now))
    return named.window


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("today", "2026-11-26T00:00", "2026-11-26T10:20"),
        ("yesterday", "2026-11-25T00:00", "2026-11-26T00:00"),
        ("the day before yesterday", "2026-11-24T00:00", "2026-11-25T00:00"),
        ("yesterday evening", "2026-11-25T18:00", "2026-11-26T00:00"),
        ("this morning", "2026-11-26T06:00", "2026-11-26T10:20"),
        ("last night", "2026-11-25T18:00", "2026-11-26T06:00"),
        ("in the last 24 hours", "2026-11-25T10:20", "2026-11-26T10:20"),
        ("over the past 90 minutes", "2026-11-26T08:50", "2026-11-26T10:20"),
        ("in the last 3 days", "2026-11-23T10:20", "2026-11-26T10:20"),
        ("last 2h", "2026-11-26T08:20", "2026-11-26T10:20"),
        ("the past week", "2026-11-19T10:20", "2026-11-26T10:20"),
        ("this week", "2026-11-23T00:00", "2026-11-26T10:20"),
        ("last week", "2026-11-16T00:00", "2026-11-23T00:00"),
        ("two weeks ago", "2026-11-09T00:00", "2026-11-16T00:00"),
        ("at the weekend", "2026-11-21T00:00", "2026-11-23T00:00"),
        ("this month", "2026-11-01T00:00", "2026-11-26T10:20"),
        ("last month", "2026-10-01T00:00", "2026-11-01T00:00"),
        ("in October", "2026-10-01T00:00", "2026-11-01T00:00"),
        ("in December 2025", "2025-12-01T00:00", "2026-01-01T00:00"),
        ("in December", "2025-12-01T00:00", "2026-01-01T00:00"),
        ("in May", "2026-05-01T00:00", "2026-06-01T00:00"),
        ("since Monday", "2026-11-23T00:00", "2026-11-26T10:20"),
        ("since this morning", "2026-11-26T06:00", "2026-11-26T10:20"),
        ("since 9", "2026-11-26T09:00", "2026-11-26T10:20"),
        ("on Tuesday", "2026-11-24T00:00", "2026-11-25T00:00"),
        ("on Thursday", "2026-11-26T00:00", "2026-11-26T10:20"),
        ("last Thursday", "2026-11-19T00:00", "2026-11-20T00:00"),
        ("on Tuesday morning", "2026-11-24T06:00", "2026-11-24T12:00"),
        ("3 days ago", "2026-11-23T00:00", "2026-11-24T00:00"),
        ("2 hours ago", "2026-11-26T07:50", "2026-11-26T08:50"),
        ("at 14:30", "2026-11-25T14:00", "2026-11-25T15:00"),
        ("at 9:30", "2026-11-26T09:00", "2026-11-26T10:00"),
        ("at 2:30 pm yesterday", "2026-11-25T14:00", "2026-11-25T15:00"),
        ("yesterday at 14:30", "2026-11-25T14:00", "2026-11-25T15:00"),
        ("on Tuesday at 9am", "2026-11-24T08:30", "2026-11-24T09:30"),
        ("at noon on Monday", "2026-11-23T11:30", "2026-11-23T12:30"),
        ("between 9 and 10", "2026-11-26T09:00", "2026-11-26T10:00"),
        ("between 9 and 10 yesterday", "2026-11-25T09:00", "2026-11-25T10:00"),
        ("yesterday from 9:00 to 10:30", "2026-11-25T09:00", "2026-11-25T10:30"),
        ("9-10 yesterday", "2026-11-25T09:00", "2026-11-25T10:00"),
        ("14:00–15:00", "2026-11-25T14:00", "2026-11-25T15:00"),
        ("from 22:00 to 02:00", "2026-11-25T22:00", "2026-11-26T02:00"),
        ("from 10pm to 11pm on Monday", "2026-11-23T22:00", "2026-11-23T23:00"),
        ("from Monday to Wednesday", "2026-11-23T00:00", "2026-11-26T00:00"),
        ("from 14:00 yesterday to 09:00 today", "2026-11-25T14:00", "2026-11-26T09:00"),
        ("before 10:00", "2026-11-25T10:00", "2026-11-26T10:00"),
        ("2026-11-20", "2026-11-20T00:00", "2026-11-21T00:00"),
        ("on 2026-11-20 at 15:00", "2026-11-20T14:30", "2026-11-20T15:30"),
        ("at 2026-11-20T15:00:30Z", "2026-11-20T14:30:30", "2026-11-20T15:30:30"),
        ("from 2026-11-20T09:00Z to 2026-11-20T12:00+02:00", "2026-11-20T09:00", "2026-11-20T10:00"),
        ("on 26 February", "2026-02-26T00:00", "2026-02-27T00:00"),
        ("on the 26th of February 2026", "2026-02-26T00:00", "2026-02-27T00:00"),
        ("Feb 26, 2026", "2026-02-26T00:00", "2026-02-27T00:00"),
        ("on 29 February", "2024-02-29T00:00", "2024-03-01T00:00"),
        ("right now", "2026-11-26T09:20", "2026-11-26T10:20"),
        ("9:00-10:00", "2026-11-26T09:00", "2026-11-26T10:00"),
        ("8:30-9:30 today", "2026-11-26T08:30", "2026-11-26T09:30"),
        ("between 8:30-9:30 today", "2026-11-26T08:30", "2026-11-26T09:30"),
        ("from 8:30-9:30 today", "2026-11-26T08:30", "2026-11-26T09:30"),
        ("9-10:15 today", "2026-11-26T09:00", "2026-11-26T10:15"),
        ("9:00 -10:00 today", "2026-11-26T09:00", "2026-11-26T10:00"),
        ("22:00-02:00", "2026-11-25T22:00", "2026-11-26T02:00"),
        ("9 to 10 today", "2026-11-26T09:00", "2026-11-26T10:00"),
        ("at 9 to 10", "2026-11-26T09:00", "2026-11-26T10:00"),
        ("yesterday 9 to 10", "2026-11-25T09:00", "2026-11-25T10:00"),
        ("yesterday at 3 p.m.", "2026-11-25T14:30", "2026-11-25T15:30"),
        ("between 9 and 11 pm yesterday", "2026-11-25T21:00", "2026-11-25T23:00"),
        ("9-11 p.m. yesterday", "2026-11-25T21:00", "2026-11-25T23:00"),
        ("from 11 to 2 pm yesterday", "2026-11-25T11:00", "2026-11-25T14:00"),
        ("from 10 to 2 am", "2026-11-25T22:00", "2026-11-26T02:00"),
        ("from 9 pm to 11 yesterday", "2026-11-25T21:00", "2026-11-25T23:00"),
        ("from 9 am to 5 on Tuesday", "2026-11-24T09:00", "2026-11-24T17:00"),
        ("from 10 pm to 06:00", "2026-11-25T22:00", "2026-11-26T06:00"),
        ("at half past two", "2026-11-26T02:00", "2026-11-26T03:00"),
        ("at a quarter to three pm yesterday", "2026-11-25T14:15", "2026-11-25T15:15"),
        ("at quarter to 1 yesterday", "2026-11-25T12:15", "2026-11-25T13:15"),
        ("last 30 seconds", "2026-11-26T10:19:30", "2026-11-26T10:20"),
        ("in the last half hour", "2026-11-26T09:50", "2026-11-26T10:20"),
        ("half an hour ago", "2026-11-26T09:20", "2026-11-26T10:20"),
        ("over the past fortnight", "2026-11-12T10:20", "2026-11-26T10:20"),
        ("last fortnight", "2026-11-12T10:20", "2026-11-26T10:20"),
        ("a fortnight ago", "2026-11-12T00:00", "2026-11-13T00:00"),
        ("on 25.11.2026", "2026-11-25T00:00", "2026-11-26T00:00"),
        ("on 1.2.2026 at 14:30", "2026-02-01T14:00", "2026-02-01T15:00"),
        ("on 11/25/2026", "2026-11-25T00:00", "2026-11-26T00:00"),
        ("since 25/11/2026", "2026-11-25T00:00", "2026-11-26T10:20"),
        ("on 11/11/2026", "2026-11-11T00:00", "2026-11-12T00:00"),
        ("on 2026/11/25", "2026-11-25T00:00", "2026-11-26T00:00"),
        ("on the 25th", "2026-11-25T00:00", "2026-11-26T00:00"),
        ("on the 27th", "2026-10-27T00:00", "2026-10-28T00:00"),
        ("on the 31st", "2026-10-31T00:00", "2026-11-01T00:00"),
        ("from the 23rd to the 24th", "2026-11-23T00:00", "2026-11-25T00:00"),
    ],
)
def test_what_each_form_means(text: str, start: str, end: str) -> None:
    assert said(text) == Window(start=at(start), end=at(end))


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("yesterday in Europe/Berlin", "2026-11-24T23:00", "2026-11-25T23:00"),
        ("yesterday in Berlin time", "2026-11-24T23:00", "2026-11-25T23:00"),
        ("14:30 Berlin time yesterday", "2026-11-25T13:00", "2026-11-25T14:00"),
        ("yesterday (UTC+5:30)", "2026-11-24T18:30", "2026-11-25T18:30"),
        ("at 14:30-05:00", "2026-11-25T19:00", "2026-11-25T20:00"),
        ("at 02:00 -05:00", "2026-11-26T06:30", "2026-11-26T07:30"),
        ("at 2026-11-25T15:00-05:00", "2026-11-25T19:30", "2026-11-25T20:30"),
        ("9:30-10:30 UTC+2", "2026-11-26T07:30", "2026-11-26T08:30"),
        ("at 14:30 +02:00", "2026-11-25T12:00", "2026-11-25T13:00"),
        ("at 14:30 UTC", "2026-11-25T14:00", "2026-11-25T15:00"),
        ("at 2:30 pm EST on Monday", "2026-11-23T19:00", "2026-11-23T20:00"),
        ("yesterday New York time", "2026-11-25T05:00", "2026-11-26T05:00"),
        ("from 2026-11-20T09:00 to 2026-11-20T10:00 CET", "2026-11-20T08:00", "2026-11-20T09:00"),
    ],
)
def test_a_clock_may_be_named(text: str, start: str, end: str) -> None:
    assert said(text) == Window(start=at(start), end=at(end))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("tomorrow", "the future"),
        ("next week", "the future"),
        ("this evening", "the future"),
        ("on 2026-12-24", "the future"),
        ("in 2 hours", 'say "in the last 2 hours"'),
        ("at 25:00", "no time"),
        ("at 13 pm", "1 to 12"),
        ("on 31 February", "no time"),
        ("since March", "longer than 92 days"),
        ("this year", "longer than 92 days"),
        ("in the last 400 days", "longer than 92 days"),
        ("from 2026-11-20T10:00Z to 2026-11-20T09:00Z", "ends before it begins"),
        ("the last 9999 weeks", "longer than 92 days"),
        ("since 1 January 0001", "longer than"),
        ("in 2025", "longer than 92 days"),
        ("since the year 2025", "longer than 92 days"),
        ("over the past year", "longer than 92 days"),
        ("in the last 0 hours", "no length of time"),
        ("in the last few hours", 'not understood as a time: say it like "at 14:30"'),
        ("several days ago", "not understood as a time"),
        ("in the last quarter", "not understood as a time"),
        ("at half two", "not understood as a time"),
        ("at ten to three", "not understood as a time"),
        ("in the last hour and a half", "not understood as a time"),
        ("on 11/12/2026", "either of two days: write 2026-11-12 or 2026-12-11"),
        ("on 25.11.", "not understood as a day: write it like 2026-11-26"),
        ("on 10.11", "not understood as a day"),
        ("since 11/25", "not understood as a day"),
        ("on 25.11.26", "not understood as a day"),
        ("on 31.2.2026", "no time"),
    ],
)
def test_what_is_no_time_is_said(text: str, reason: str) -> None:
    reading = read(text)
    with pytest.raises(Problem, match=reason):
        take_times(reading, Calendar(UTC_ZONE, NOW))


@pytest.mark.parametrize(
    "text", ["may be slow", "a march of errors", "errors 500", "v1.4.2", "top 5", "us-east-1", "95th percentile"]
)
def test_what_names_no_time_is_none(text: str) -> None:
    reading = read(text)
    assert take_times(reading, Calendar(UTC_ZONE, NOW)) == []


def test_a_day_on_which_the_clock_is_put_back_has_25_hours_and_the_other_one_23() -> None:
    winter, summer = at("2026-10-27T12:00"), at("2026-03-31T12:00")
    assert said("on Sunday", now=winter, zone=berlin()).length == timedelta(hours=25)
    assert said("on Sunday", now=summer, zone=berlin()).length == timedelta(hours=23)


def test_a_time_that_was_twice_is_both() -> None:
    window = said("on 2026-10-25 at 02:30", now=at("2026-10-27T12:00"), zone=berlin())
    assert window == Window(start=at("2026-10-25T00:00"), end=at("2026-10-25T02:00"))
    assert said("on 2026-10-25 from 2:00 to 3:00", now=NOW, zone=berlin()).length == timedelta(hours=2)


def test_a_time_that_was_jumped_over_is_as_much_later() -> None:
    window = said("on 2026-03-29 at 02:30", now=at("2026-03-31T12:00"), zone=berlin())
    assert window == Window(start=at("2026-03-29T01:00"), end=at("2026-03-29T02:00"))


@given(zones, moments)
def test_yesterday_is_that_date_on_that_clock_from_midnight_to_midnight(zone: Zone, now: datetime) -> None:
    window = said("yesterday", now=now, zone=zone)
    first, after = (moment.astimezone(zone.clock) for moment in (window.start, window.end))
    assert first.date() == now.astimezone(zone.clock).date() - timedelta(days=1)
    assert after.date() == first.date() + timedelta(days=1)
    # Where a clock jumps over midnight the day begins an hour later.
    assert all(local.time() in (time(), time(1)) for local in (first, after))


@given(zones, moments, st.integers(1, 90), st.sampled_from(["minutes", "hours", "days"]))
def test_the_last_so_many_are_exactly_so_long_and_end_now(zone: Zone, now: datetime, count: int, unit: str) -> None:
    window = said(f"in the last {count} {unit}", now=now, zone=zone)
    assert window == Window.before(now, timedelta(**{unit: count}))


@given(zones, moments, st.times().map(lambda one: one.replace(second=0, microsecond=0)))
def test_a_time_of_day_is_the_latest_such_one(zone: Zone, now: datetime, clock: time) -> None:
    window = said(f"at {clock:%H:%M}", now=now, zone=zone)
    middle = window.start + timedelta(minutes=30)
    assert now - timedelta(hours=25) <= middle <= now
    wall = middle.astimezone(zone.clock).replace(tzinfo=None)
    asked = datetime.combine(wall.date(), clock)
    # But for the hour that a clock jumps over.
    assert wall - asked in (timedelta(), timedelta(hours=1), timedelta(minutes=30))


@given(zones, moments, st.timedeltas(timedelta(minutes=1), timedelta(days=60)), st.integers(1, 5_000))
def test_an_iso_span_is_what_it_says_whatever_the_clock(
    zone: Zone, now: datetime, length: timedelta, ago_minutes: int
) -> None:
    end = now - timedelta(minutes=ago_minutes)
    start = end - timedelta(seconds=length.total_seconds() // 1)
    assert said(f"from {iso(start)} to {iso(end)}", now=now, zone=zone) == Window(start=start, end=end)


@given(moments, st.integers(0, 6))
def test_a_weekday_is_within_the_last_seven_days(now: datetime, number: int) -> None:
    assume(now.time() != time())
    name = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")[number]
    window = said(f"on {name}", now=now)
    assert window.start.weekday() == number
    assert timedelta() < now - window.start <= timedelta(days=7)
    before = said(f"last {name}", now=now)
    assert (before.start.weekday(), before.start.date() < now.date()) == (number, True)


_PIECES = re.findall(
    r"\S+",
    "yesterday today last this week month monday on at between and from to since before until ago in the 9 10 14:30 - –"
    " 2026-11-20 2026-13-45 T25:61 31 february feb may noon am pm hours 3 99999 +02:00 Z UTC ,"
    " morning night weekend 0 24:00"
    " half past quarter two 25.11.2026 11/12/2026 2025 the 31st p.m. -10:30 fortnight seconds",
)


@given(st.lists(st.sampled_from(_PIECES) | st.text(max_size=8), max_size=12).map(" ".join), zones, moments)
@example("from 0 to 0", UTC_ZONE, NOW)
@example("between 2026-02-30T10:00Z and 2026-11-20", UTC_ZONE, NOW)
@example("0 weeks ago", UTC_ZONE, NOW)
@example("99999 days ago", UTC_ZONE, NOW)
@example("since 1 feb 0000", UTC_ZONE, NOW)
@example("since 0.0.0000 or on 13/13/2026", UTC_ZONE, NOW)
@example("in 1900 at quarter to 0 13 pm to 5", UTC_ZONE, NOW)
@example("between 1 and 99 pm", UTC_ZONE, NOW)
def test_whatever_is_said_is_a_time_of_the_past_or_a_problem(text: str, zone: Zone, now: datetime) -> None:
    for named in _times_or_problem(text, zone, now):
        assert named.window.end <= now
        assert timedelta() < named.window.length <= LONGEST
        assert named.window.start.tzinfo is not None


def _times_or_problem(text: str, zone: Zone, now: datetime) -> list[Named]:
    reading = _reading(text)
    assume(reading is not None)
    assert reading is not None
    try:
        return take_times(reading, Calendar(take_zone(reading) or zone, now))
    except Problem:
        return []


def _reading(text: str) -> QuestionText | None:
    try:
        return read(text)
    except RequestRefused:
        return None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("utc", "UTC"), ("Z", "UTC"), ("GMT+0", "UTC"), ("europe/berlin", "Europe/Berlin"), ("Berlin", "Europe/Berlin"),
        ("new york", "America/New_York"), ("Los_Angeles", "America/Los_Angeles"), ("CEST", "Europe/Berlin"),
        ("+02:00", "+02:00"), ("UTC-3", "-03:00"), ("+0530", "+05:30"), ("−01:00", "-01:00"),
    ],
)  # fmt: skip
def test_clocks_by_their_common_names(text: str, name: str) -> None:
    zone = zone_named(text)
    assert zone is not None
    assert zone.name == name


@pytest.mark.parametrize(
    "text", ["IST", "CST", "Europe", "Europe/Atlantis", "+25:00", "+01:75", "", "../etc/passwd", "x" * 500]
)
def test_what_is_no_clock_or_could_be_several_is_none(text: str) -> None:
    assert zone_named(text) is None
