"""What a policy would do with a report, and why: nothing is stored, marked or sent."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from pydantic import BaseModel

from worker.domain.durations import say_duration
from worker.domain.report import Report
from worker.domain.severity import Severity
from worker.incidents import why_no_incident
from worker.life import opened
from worker.policy import Policy
from worker.routing import routes_of
from worker.severity import judge_severity, weigh

UNDECIDED = "not looked at: a rule above fits"


class Threshold(BaseModel):
    """One figure against its steps, and what it makes alone; `value` is None where it was not measured."""

    figure: str
    value: str | None
    thresholds: str
    makes: Severity


class RuleSeen(BaseModel):
    name: str
    fits: bool
    why_not: str | None


class Explanation(BaseModel):
    """`severity` is what this policy makes of the figures, `stored_severity` what the report says.

    `thresholds` are empty where the report was written by a release that did not keep the figures. `no_incident` is
    why the report would only be kept. `not_configured`: named by a rule that fits, and by no setting.
    """

    report_id: str
    incident_id: str | None
    at: datetime
    severity: Severity
    severity_reasons: list[str]
    stored_severity: Severity
    thresholds: list[Threshold]
    no_incident: str | None
    rules: list[RuleSeen]
    told: dict[str, dict[str, str]]
    asked: dict[str, dict[str, str]]
    not_configured: list[str]
    resolve_after: str
    reopen_within: str


def explain(report: Report, policy: Policy, configured: Collection[str], at: datetime) -> Explanation:
    severity, reasons, thresholds = _severity(report, policy)
    judged = report.model_copy(update={"severity": severity, "severity_reasons": reasons})
    no_incident = why_no_incident(judged)
    steps = [] if no_incident else policy.follow(opened("inc-explained", judged, at), at)
    routes = routes_of(steps, configured)
    seen = {step.rule.name: step.why_not for step in steps}
    fitting = {name for step in steps if step.why_not is None for name in (*step.rule.tell, *step.rule.ask)}
    return Explanation(
        report_id=report.report_id,
        incident_id=report.incident_id,
        at=at,
        severity=severity,
        severity_reasons=reasons,
        stored_severity=report.severity,
        thresholds=thresholds,
        no_incident=no_incident,
        rules=[
            RuleSeen(
                name=rule.name,
                fits=rule.name in seen and seen[rule.name] is None,
                why_not=seen.get(rule.name, no_incident or UNDECIDED),
            )
            for rule in policy.rules
        ],
        told={name: dict(options) for name, options in routes.told.items()},
        asked={name: dict(options) for name, options in routes.asked.items()},
        not_configured=sorted(name for name in fitting & policy.named if name not in configured),
        resolve_after=say_duration(policy.incidents.resolve_after),
        reopen_within=say_duration(policy.incidents.reopen_within),
    )


def _severity(report: Report, policy: Policy) -> tuple[Severity, list[str], list[Threshold]]:
    facts = report.severity_facts
    if facts is None:
        return report.severity, report.severity_reasons, []
    severity, reasons = judge_severity(facts, policy.severity)
    thresholds = [
        Threshold(figure=one.measure, value=one.value, thresholds=one.steps, makes=one.severity)
        for one in weigh(facts, policy.severity)
    ]
    return severity, reasons, thresholds
