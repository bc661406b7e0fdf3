"""What a person reads of an incident that was weighed by roles, calls and logs."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from evaluation.predict import alert_of, loaded
from evaluation.run import read_folders
from tests.evaluation.folders import FIRED, TRUTH, at, edges, metrics, shop, write
from tests.investigation.rules import check_figures, check_text
from worker.analysis.deviation import Deviation
from worker.conclusion import failed_share
from worker.domain.report import Report
from worker.domain.telemetry import Metric
from worker.domain.window import parse_time
from worker.elastic import connect_elasticsearch
from worker.investigate import Investigator
from worker.settings import Settings
from worker.telemetry.search import ElasticTelemetry

Read = Callable[[str], Report]


@pytest.fixture
def read(tmp_path: Path, embedded_url: str) -> Read:
    cases = {case.id: case for case in read_folders([shop(tmp_path)])}

    def report_of(name: str) -> Report:
        client = connect_elasticsearch(Settings(elasticsearch_url=embedded_url))
        with client, loaded(cases[name], client, "spiketrace-evaluation-reports") as profile:
            return Investigator(ElasticTelemetry(client, profile))(alert_of(cases[name]), name)

    return report_of


@pytest.mark.parametrize("name", sorted(TRUTH))
def test_every_report_keeps_to_the_rules_of_the_text(read: Read, name: str) -> None:
    report = read(name)
    check_text(report)
    check_figures(report)
    assert not re.search(r"[:;,] *\.|\bNone\b|\bnan\b|\(\)", report.markdown)


def test_a_slow_callee_is_told_with_its_calls_and_its_callers(read: Read) -> None:
    report = read("shop-slow")
    assert report.root_cause is not None
    assert (report.root_cause.kind, report.root_cause.service) == ("dependency", "ledger")
    assert "latency p95 1.6 s (usually 200 ms)" in report.candidates[0].reason
    assert "calls from cart take 2 s (usually 99 ms)" in report.candidates[0].reason
    caller = next(one for one in report.candidates if one.service == "cart")
    assert caller.against is not None
    assert caller.against.startswith("ledger explains")
    assert "Calls that take longer, or are no longer made" in [one.title for one in report.evidence]
    assert report.severity == "medium"


def test_new_errors_are_told_with_an_example_and_where_nothing_else_deviates_that_is_said(read: Read) -> None:
    report = read("shop-failing")
    assert "“cannot read row" in report.candidates[0].reason
    assert "none before" in report.candidates[0].reason
    assert report.headline.startswith("front: its own metrics are as usual; what it calls is not.")
    patterns = next(one for one in report.evidence if one.title.startswith("Log patterns"))
    assert patterns.result["patterns"][0]["trend"] == "new"


def test_a_release_is_named_once_where_its_version_is_its_name(read: Read) -> None:
    report = read("shop-released")
    assert "Cause: deployment v7, 2 min before the onset" in report.sections.overview
    assert "Roll back v7 (front)" in report.sections.recommendations[0]
    assert "latency p95 is back" in report.sections.recommendations[0]
    assert report.sections.user_impact.startswith("front: latency p95 ")


def test_a_release_that_is_blamed_long_before_the_onset_is_in_the_evidence_with_its_distance(
    read: Read, tmp_path: Path
) -> None:
    """A creep of two and a half hours; another release came shortly before the alert."""
    folder = tmp_path / "telemetry/released"
    creeping = metrics({})
    for one in creeping:
        hours = (parse_time(one["@timestamp"]) - FIRED) / timedelta(hours=1) + 2.5
        if one["service"] == "cart" and hours > 0:
            one["latency_p95_seconds"] *= 1 + hours**3
    write(folder, "metrics", creeping)
    write(folder, "edges", edges({("front", "cart"): 20.0, ("client", "front"): 19.0}))
    released = [
        {"@timestamp": at(minute), "service": "cart", "version": name} for minute, name in ((-152, "v7"), (-9, "v8"))
    ]
    write(folder, "deployments", released)
    report = read("shop-released")
    assert report.root_cause is not None
    assert report.root_cause.version == "v7"
    assert re.search(r"Cause: deployment v7 of cart, 2 h \d+ min before the onset", report.sections.overview)
    (evidence,) = [one for one in report.evidence if "changes" in one.result]
    assert [one["version"] for one in evidence.result["changes"]] == ["v8", "v7"]


def test_a_quiet_day_is_told_shortly(read: Read) -> None:
    report = read("shop-quiet")
    assert report.verdict == "not_confirmed"
    assert report.sections.overview.startswith("Not an incident: latency p95 of front is ")
    assert report.root_cause is None
    # Where nothing tells of emissions, what they would be reckoned with is of no interest.
    assert not any("Grid" in gap.what for gap in report.gaps)


@pytest.mark.parametrize(
    ("metric", "actual", "expected", "shares"),
    [
        (Metric("availability_percent", "availability", "down"), 95.0, 100.0, (0.05, 0.0)),
        (Metric("success", "availability", "down"), 0.8, 0.99, (0.2, 0.01)),
        (Metric("errors", "errors", "up", "%"), 30.0, 1.0, (0.3, 0.01)),
        (Metric("error_ratio", "errors", "up"), 0.3, 0.01, (0.3, 0.01)),
        (Metric("errors_per_minute", "errors", "up"), 30.0, 1.0, None),
        (Metric("latency", "latency", "up"), 0.3, 0.1, None),
        (None, 0.3, 0.1, None),
    ],
)
def test_a_share_of_failures_is_read_from_shares_and_percent_and_not_from_counts(
    metric: Metric | None, actual: float, expected: float, shares: tuple[float, float] | None
) -> None:
    found = failed_share(Deviation("any", 5.0, actual, expected, 5.0, metric=metric))
    assert found == (pytest.approx(shares) if shares else None)
