from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from demo.timeline import LENGTH, SETTLED, SOME_HISTORY, Clock, Rollout, numbered

NOWS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
TIMES = st.times()
LENGTHS = st.timedeltas(timedelta(minutes=5), timedelta(minutes=90))


@given(NOWS, TIMES, LENGTHS, st.booleans())
def test_a_moment_is_at_its_time_of_day_and_over_before_now(
    now: datetime, at: time, length: timedelta, first: bool
) -> None:
    moment = Clock(now).at(at, length, on_first_day=first)
    assert moment.time() == at
    assert moment + length + SETTLED <= now


@given(NOWS, TIMES, LENGTHS, st.booleans())
def test_half_a_day_of_history_lies_before_it(now: datetime, at: time, length: timedelta, first: bool) -> None:
    moment = Clock(now).at(at, length, on_first_day=first)
    assert moment - (now - LENGTH) >= SOME_HISTORY


AT = datetime(2026, 11, 23, 12, tzinfo=UTC)


def later(minutes: int, **changes: object) -> Rollout:
    return Rollout("checkout", "us-central1", AT + timedelta(minutes=minutes), **changes)  # type: ignore[arg-type]


class TestNumbers:
    def test_rise_with_time(self) -> None:
        ids = [item.deployment_id for item in numbered([later(9), later(3), later(6)])]
        assert ids == sorted(ids)

    def test_are_of_their_own_for_configurations(self) -> None:
        release, configuration = numbered([later(1), later(2, change="configuration")])
        assert release.deployment_id.startswith("deploy-")
        assert configuration.deployment_id.startswith("cfg-")


class TestVersions:
    def test_a_release_is_the_next_patch_unless_it_says(self) -> None:
        assert [item.version for item in numbered([later(1), later(2, version="2.18.0"), later(3)])] == [
            "2.17.4",
            "2.18.0",
            "2.18.1",
        ]

    def test_a_rollback_is_what_ran_before(self) -> None:
        versions = [
            item.version for item in numbered([later(1), later(2, version="3.0.0"), later(3, change="rollback")])
        ]
        assert versions == ["2.17.4", "3.0.0", "2.17.4"]

    def test_a_configuration_keeps_what_runs(self) -> None:
        assert [item.version for item in numbered([later(1), later(2, change="configuration")])] == ["2.17.4", "2.17.4"]

    def test_regions_are_apart(self) -> None:
        elsewhere = Rollout("checkout", "europe-west1", AT)
        assert [item.version for item in numbered([elsewhere, later(1)])] == ["2.17.4", "2.17.4"]
