"""What a policy would do with a report, and that nothing is done."""

from __future__ import annotations

from typing import Any

import pytest

from tests.incidents.samples import FIRED, a_report
from worker.domain.report import CauseKind, Report, SeverityFacts, Verdict
from worker.domain.severity import Severity
from worker.explain import UNDECIDED, explain
from worker.policy import Policy, parse_policy

FACTS = SeverityFacts(
    verdict=Verdict.ROOT_CAUSE,
    cause_kind=CauseKind.DEPLOYMENT,
    confidence=0.93,
    failed_share=0.31,
    usual_failed_share=0.002,
    requests_failed=1240,
    co2_ratio=3.9,
    excess_co2_grams=410,
    revenue_lost_usd=980,
    money_source="estimated",
)
CONFIGURED = ("slack", "jira")


def report(**changes: Any) -> Report:
    return a_report(severity_facts=FACTS, **changes)


def test_the_severity_comes_with_every_threshold() -> None:
    found = explain(report(), Policy(), CONFIGURED, FIRED)
    assert (found.severity, found.stored_severity) == (Severity.CRITICAL, Severity.HIGH)
    assert found.severity_reasons[0] == "31 % of requests failed, usually 0.2 %."
    by_figure = {one.figure: one for one in found.thresholds}
    failing = by_figure["share of failed requests above the usual"]
    assert (failing.value, failing.makes) == ("0.308", Severity.CRITICAL)
    assert failing.thresholds == "medium from 0.01, high from 0.05, critical from 0.25"
    assert by_figure["latency against the usual"].value is None
    assert by_figure["users affected"].thresholds == "not weighed"
    assert by_figure["revenue lost in US dollars, at least"].value == "980 (estimated)"


OWN = """
severity: {users: {failed_share: {medium: 0.3}}, carbon: {ratio: {high: 3.5}}}
incidents: {resolve_after: 5m}
routes:
- name: search
  when: {services: search}
  tell: [slack]
- name: checkout
  when: {services: check*, severity: high}
  tell: {slack: {channel: C0SHOP}, pagerduty: {on_call: shop}}
  ask: {jira: {project: SHOP}}
- name: rest
  tell: [messages]
"""


def test_the_rule_that_fits_is_named_and_why_the_others_do_not() -> None:
    found = explain(report(), parse_policy(OWN, "own.yaml"), CONFIGURED, FIRED)
    assert found.severity is Severity.HIGH
    assert [(rule.name, rule.fits, rule.why_not) for rule in found.rules] == [
        ("search", False, "the service is checkout, not search"),
        ("checkout", True, None),
        ("rest", False, UNDECIDED),
    ]
    assert (found.told, found.asked) == ({"slack": {"channel": "C0SHOP"}}, {"jira": {"project": "SHOP"}})
    assert found.not_configured == ["pagerduty"]
    assert (found.resolve_after, found.reopen_within) == ("5m", "30m")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"verdict": Verdict.NOT_CONFIRMED}, "the spike was not confirmed"),
        ({"replay_of": "r-1"}, "it was replayed"),
        ({"severity": Severity.LOW, "severity_facts": None}, "its severity is low"),
    ],
)
def test_what_makes_no_incident_is_told_to_nobody(changes: dict[str, Any], reason: str) -> None:
    found = explain(a_report(**{"severity_facts": FACTS, **changes}), Policy(), CONFIGURED, FIRED)
    assert (found.no_incident, found.told, found.asked) == (reason, {}, {})
    assert {rule.why_not for rule in found.rules} == {reason}


def test_a_report_that_kept_no_figures_is_taken_as_it_was_judged() -> None:
    found = explain(a_report(), Policy(), CONFIGURED, FIRED)
    assert (found.severity, found.thresholds) == (Severity.HIGH, [])
    assert found.severity_reasons == a_report().severity_reasons
