"""Documents as the integrations write them, an alert, and the right service named, through the shipped profiles."""

from __future__ import annotations

from typing import Any

import pytest

from tests.profiles.conftest import Load
from tests.profiles.shapes import Apm, OpenTelemetry
from tests.profiles.story import FIRED, WINDOW_MINUTES, Story, bad_release, daily_peak, failing_stranger, slow_callee
from worker.domain.alert import Alert, Rule
from worker.domain.report import CauseKind, Report
from worker.domain.telemetry import Scope
from worker.domain.window import Window
from worker.investigate import Investigator
from worker.telemetry.profiles import load_profile, shipped_profiles
from worker.telemetry.search import ElasticTelemetry

pytestmark = pytest.mark.parametrize("shape", [Apm, OpenTelemetry])


def alert(field: str, service: str = "frontend") -> Alert:
    params: dict[str, Any] = {
        "aggField": field,
        "groupBy": "top",
        "termField": "service.name",
        "timeWindowSize": WINDOW_MINUTES,
        "timeWindowUnit": "m",
    }
    rule = Rule(id="rule", name="Response time or failures", params=params)
    return Alert(rule=rule, instance=service, uuid="u", action_group="threshold met", date=FIRED, group=service)


def investigate(load: Load, shape: type[Apm] | type[OpenTelemetry], story: Story, field: str) -> Report:
    telemetry = ElasticTelemetry(load(shape, story), load_profile(shape.profile))
    return Investigator(telemetry)(alert(field), "alert")


def test_a_slow_callee_is_named_and_not_its_callers(load: Load, shape: type[Apm] | type[OpenTelemetry]) -> None:
    report = investigate(load, shape, slow_callee(), "transaction.duration.summary")
    assert report.candidates[0].service == "ledger"
    assert report.verdict.value == "root_cause"
    assert "response time" in report.markdown
    assert [gap.what for gap in report.gaps if "could not" in gap.reason] == []


def test_a_failing_callee_that_sends_nothing_is_named(load: Load, shape: type[Apm] | type[OpenTelemetry]) -> None:
    report = investigate(load, shape, failing_stranger(), "event.success_count")
    assert report.candidates[0].service == "bank"
    # Nothing but its callers' documents speaks of it.
    (own,) = [one for one in report.evidence if one.title == "bank: what deviates"]
    assert "service_destination" in own.index
    assert "share of failed calls" in report.markdown


def test_a_bad_release_is_named_with_its_version(load: Load, shape: type[Apm] | type[OpenTelemetry]) -> None:
    first = investigate(load, shape, bad_release(), "transaction.duration.summary").candidates[0]
    assert (first.service, first.kind, first.version) == ("checkout", CauseKind.DEPLOYMENT, "2.4.1")


def test_a_quiet_hour_is_blamed_on_nobody(quick_load: Load, shape: type[Apm] | type[OpenTelemetry]) -> None:
    assert investigate(quick_load, shape, Story(), "transaction.duration.summary").verdict.value == "not_confirmed"


def test_a_daily_peak_is_no_spike(load: Load, shape: type[Apm] | type[OpenTelemetry]) -> None:
    assert investigate(load, shape, daily_peak(), "transaction.duration.summary").verdict.value == "not_confirmed"


def test_everything_that_the_profile_names_is_read(load: Load, shape: type[Apm] | type[OpenTelemetry]) -> None:
    telemetry = ElasticTelemetry(load(shape, bad_release()), load_profile(shape.profile))
    window = Window(start=FIRED.replace(hour=9, minute=50), end=FIRED)
    survey = telemetry.survey(Scope("frontend", None), window)
    assert survey.unread == {}
    assert {str(scope) for scope in survey.recent} == {"frontend", "checkout", "catalog", "ledger", "bank"}
    assert survey.recent[Scope("ledger", None)].values["latency"][-2] == pytest.approx(0.025, rel=0.3)
    assert survey.recent[Scope("ledger", None)].values["lines"].sum() > 100
    assert set(survey.recent[Scope("bank", None)].values) == {"failed_calls"}
    assert ("checkout", "ledger") in survey.calls.edges
    # The annotation that is no deployment is none.
    assert [(one.service, one.version) for one in survey.changes] == [("catalog", "7.0.2"), ("checkout", "2.4.1")]
    lines = telemetry.detail([Scope("frontend", None)], window, window, window).lines.within
    assert {line.service for line in lines} == {"frontend", "checkout", "ledger"}
    assert all(line.message.startswith("handled") and line.severity == "normal" for line in lines)


def test_it_is_shipped(shape: type[Apm] | type[OpenTelemetry]) -> None:
    assert shape.profile in shipped_profiles()
