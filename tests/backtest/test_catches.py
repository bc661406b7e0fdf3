"""Which incidents an alert tells of: by scope, by time, and only when it begins."""

from __future__ import annotations

import pytest

from kibana.catches import catch
from tests.backtest.samples import alert, incident
from worker.domain.backtest import Catch, PastAlert

MEANING = {"service": "service", "service.name": "service", "region": "region"}


def caught(*alerts: PastAlert, by: tuple[str, ...] = ("service",), service: str | None = "checkout") -> Catch:
    return catch(incident("i", 10, 12, service=service), alerts, by, MEANING)


@pytest.mark.parametrize(("start", "late"), [(10, 0), (11, 60), (12, 120), (9.75, -15), (9.5, -30)])
def test_an_alert_that_begins_meanwhile_or_shortly_before_tells_of_it(start: float, late: float) -> None:
    found = caught(alert(start, start + 1))
    assert (found.is_caught, found.minutes_late, found.instance) == (True, late, "checkout")


@pytest.mark.parametrize("start", [9.49, 12.01])
def test_one_that_begins_at_another_time_does_not(start: float) -> None:
    assert not caught(alert(start, start + 0.1)).is_caught


def test_one_that_was_over_before_it_does_not() -> None:
    assert not caught(alert(9.8, 10)).is_caught


def test_the_first_one_counts() -> None:
    assert caught(alert(10.5, 10.6), alert(11, 12)).minutes_late == 30


def test_one_that_is_on_already_calls_nobody() -> None:
    found = caught(alert(1, None))
    assert not found.is_caught
    assert found.reason == "its alert of checkout was on already since 2026-11-01 01:00 UTC"


def test_one_that_ended_before_is_not_what_kept_it_away() -> None:
    assert caught(alert(1, 2)).reason == "no alert of its scope began meanwhile"


def test_an_alert_of_another_service_does_not_tell_of_it() -> None:
    assert not caught(alert(10, 11, "payments")).is_caught


def test_what_an_incident_does_not_say_is_not_asked_for() -> None:
    assert caught(alert(10, 11, "payments"), service=None).is_caught


@pytest.mark.parametrize(
    ("instance", "fields", "is_caught"),
    [
        ("eu,checkout", ("region", "service.name"), True),
        ("eu,payments", ("region", "service.name"), False),
        ("TimeoutError", ("error_type",), True),
    ],
)
def test_groups_are_read_by_their_fields(instance: str, fields: tuple[str, ...], is_caught: bool) -> None:
    """A field that is neither a service nor a region says nothing about the scope."""
    assert caught(alert(10, 11, instance), by=fields).is_caught == is_caught


def test_a_rule_without_groups_concerns_everything() -> None:
    assert caught(alert(10, 11, "all documents"), by=()).is_caught
