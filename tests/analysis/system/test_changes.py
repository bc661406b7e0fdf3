"""Which change is guilty: what was not there just before it, and clearly more than any other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from worker.analysis.system.changes import Subject, guilty_change, weigh_changes
from worker.analysis.system.patterns import PatternChange
from worker.domain.telemetry import Change, Floats, Grid, Metric
from worker.domain.window import Window

NOON = datetime(2026, 2, 26, 12, tzinfo=UTC)
GRID = Grid(NOON - timedelta(hours=4), 60, 240)
LATENCY = Metric("latency", "latency", "up", "s")


def change(
    minutes_before_noon: float, version: str = "v2", service: str | None = "cart", kind: str = "deployment"
) -> Change:
    return Change(NOON - timedelta(minutes=minutes_before_noon), service, None, version, version, None, kind=kind)


def subject(values: Floats, window_minutes: int = 10, patterns: Sequence[PatternChange] = ()) -> Subject:
    window = Window(start=NOON - timedelta(minutes=window_minutes), end=NOON)
    return Subject("cart", [(LATENCY, values)], patterns, GRID, window)


def latency(rise_at: float, to: float = 5.0) -> Floats:
    """Slow from so many minutes before noon on."""
    values = np.random.default_rng(3).normal(1.0, 0.02, GRID.count)
    values[GRID.count - int(rise_at) :] = to
    return values


def guilty(changes: Sequence[Change], about: Subject) -> str | None:
    found = guilty_change(changes, about)
    return found.change.version if found else None


def error(example: str) -> PatternChange:
    return PatternChange("cart", "new", "x", example, 0, 20, 0.0, 10.0, 0.5, is_error=True)


def test_a_deployment_just_before_the_rise_is_guilty() -> None:
    assert guilty([change(12)], subject(latency(10))) == "v2"


def test_one_of_another_service_is_not() -> None:
    assert guilty([change(12, service="search")], subject(latency(10))) is None


def test_one_that_came_after_the_rise_is_innocent() -> None:
    assert guilty([change(30)], subject(latency(100), window_minutes=10)) is None


def test_a_slow_creep_is_the_earlier_deployments() -> None:
    """Two and a half hours of a query that grows; another release came shortly before the alert."""
    values = np.random.default_rng(4).normal(1.0, 0.02, GRID.count)
    values[GRID.count - 150 :] += np.linspace(0.5, 8, 150)
    assert guilty([change(150, "v1"), change(12, "v2")], subject(values)) == "v1"


def test_a_sample_that_deviates_by_chance_after_a_change_is_not_what_it_brought() -> None:
    values = latency(10)
    values[GRID.count - 95] = 5.0
    (weighed,) = weigh_changes([change(100)], subject(values))
    assert weighed.minutes_before_onset == 90


def test_of_two_that_fit_alike_neither_is_named() -> None:
    assert guilty([change(13, "v1"), change(11, "v2")], subject(latency(10))) is None


def test_errors_that_name_a_version_decide_between_two() -> None:
    about = subject(latency(10), patterns=[error("handler of build v2.7 is missing")])
    assert guilty([change(60, "v1.9"), change(50, "v2.7")], about) == "v2.7"


def test_an_expired_certificate_is_nobodys_release() -> None:
    about = subject(latency(10), patterns=[error("x509: certificate has expired or is not yet valid")])
    assert guilty([change(12)], about) is None


def test_a_flag_is_named_only_where_no_deployment_fits() -> None:
    flag = change(11, "checkout_v2", kind="flag")
    assert guilty([change(12), flag], subject(latency(10))) == "v2"
    assert guilty([flag], subject(latency(10))) == "checkout_v2"


def test_a_change_of_everything_concerns_the_service() -> None:
    assert guilty([change(12, service=None)], subject(latency(10))) == "v2"


def test_a_service_without_metrics_is_judged_by_time() -> None:
    nothing = Subject("cart", [], [], GRID, Window(start=NOON - timedelta(minutes=10), end=NOON))
    assert guilty([change(15)], nothing) == "v2"
    assert guilty([change(200)], nothing) is None
