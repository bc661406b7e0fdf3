"""Times of the week: weekdays, nights over midnight, and clocks that are put forward and back."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from worker.hours import DAYS, Period

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia"]


def period(**fields: object) -> Period:
    return Period.model_validate(fields)


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "holds"),
    [
        ("2026-02-27T08:59", False),  # a Friday
        ("2026-02-27T09:00", True),
        ("2026-02-27T17:59:59", True),
        ("2026-02-27T18:00", False),
        ("2026-02-28T12:00", False),
    ],
)
def test_office_hours(moment: str, holds: bool) -> None:
    office = period(days=["mon-fri"], hours="09:00-18:00", time_zone="Europe/Berlin")
    assert office.holds(at(moment)) is holds


@pytest.mark.parametrize(
    ("moment", "holds"),
    [
        ("2026-02-27T22:00", True),
        ("2026-02-28T05:59", True),  # Saturday, still the night of Friday
        ("2026-02-28T06:00", False),
        ("2026-02-28T23:00", False),
        ("2026-02-23T03:00", False),  # Monday, the night of Sunday
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_begins(moment: str, holds: bool) -> None:
    nights = period(days="mon-fri", hours="22:00-06:00", time_zone="Europe/Berlin")
    assert nights.holds(at(moment)) is holds


def test_the_wall_clock_counts_in_summer_and_in_winter() -> None:
    morning = period(hours="09:00-10:00", time_zone="Europe/Berlin")
    assert morning.holds(datetime(2026, 1, 15, 8, 30, tzinfo=UTC))
    assert morning.holds(datetime(2026, 7, 15, 7, 30, tzinfo=UTC))
    assert not morning.holds(datetime(2026, 7, 15, 8, 30, tzinfo=UTC))


def test_the_night_in_which_the_clock_is_put_forward_or_back_is_whole() -> None:
    night = period(days="sat", hours="22:00-06:00", time_zone="Europe/Berlin")
    # 29 March 2026: 02:00 is 03:00, so the night has seven hours; 25 October: nine.
    for begin, hours in ((at("2026-03-28T22:00"), 7), (at("2026-10-24T22:00"), 9)):
        inside = [night.holds(begin + timedelta(minutes=minute)) for minute in range(hours * 60)]
        assert all(inside)
        assert not night.holds(begin + timedelta(hours=hours))
        assert not night.holds(begin - timedelta(minutes=1))


def test_spans_of_days_run_over_the_end_of_the_week() -> None:
    assert period(days=["fri-mon"]).days == {4, 5, 6, 0}
    assert period(days=["wed", "sat-sun"]).days == {2, 5, 6}
    assert period().days == set(range(7))
    assert str(period(days="sat-sun", hours="00:00-24:00")) == "sat-sun 00:00-24:00 UTC"
    assert str(period(days=["mon-wed", "fri", "sun"])) == "mon-wed, fri, sun 00:00-24:00 UTC"


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"days": ["monday"]}, "'monday' is no day"),
        ({"days": 7}, "days are a list"),
        ({"hours": "9-17"}, "no span of the day such as 09:00-17:30"),
        ({"hours": "09:00-25:00"}, "25:00 is no time of day"),
        ({"time_zone": "Berlin"}, "'Berlin' is no time zone"),
        ({"time_zone": "../etc/passwd"}, "is no time zone"),
        ({"zone": "UTC"}, "Extra inputs are not permitted"),
    ],
)
def test_what_is_no_time_is_refused(fields: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        period(**fields)


moments = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
clocks = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))


@given(moments, clocks, clocks, st.sets(st.sampled_from(DAYS), min_size=1), st.sampled_from(ZONES))
def test_a_span_and_what_it_leaves_of_the_day_never_hold_together(
    moment: datetime, start: time, end: time, days: set[str], zone: str
) -> None:
    if start == end:
        return
    hours = (f"{start:%H:%M}-{end:%H:%M}", f"{end:%H:%M}-{start:%H:%M}")
    one, other = (period(hours=span, time_zone=zone) for span in hours)
    assert one.holds(moment) != other.holds(moment)
    only_some = period(days=sorted(days), hours=hours[0], time_zone=zone)
    assert one.holds(moment) or not only_some.holds(moment)


@given(moments, clocks, clocks, st.sampled_from(ZONES))
def test_of_the_seven_days_exactly_one_holds_where_the_hours_do(
    moment: datetime, start: time, end: time, zone: str
) -> None:
    span = f"{start:%H:%M}-{end:%H:%M}"
    every = period(hours=span, time_zone=zone).holds(moment)
    each = [period(days=[day], hours=span, time_zone=zone).holds(moment) for day in DAYS]
    assert sum(each) == every
