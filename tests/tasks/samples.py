"""Alerts and reports as the tasks pass them on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from worker.domain.alert import Alert, Rule
from worker.domain.report import (
    AlertSummary,
    CauseKind,
    Impact,
    Narrative,
    Report,
    RootCause,
    Sections,
    Verdict,
    report_id_of,
)
from worker.domain.severity import Severity
from worker.domain.window import Window

FIRED = datetime(2026, 2, 26, 9, 30, tzinfo=UTC)


def alert(instance: str, *, uuid: str | None = None) -> Alert:
    return Alert(
        rule=Rule(id="carbon-spike"),
        instance=instance,
        uuid=uuid or str(uuid4()),
        action_group="threshold met",
        date=FIRED,
    )


def report(of: Alert, alert_id: str, *, severity: Severity = Severity.HIGH) -> Report:
    """The shortest report that opens an incident."""
    window = Window.before(FIRED, timedelta(minutes=30))
    return Report.model_validate(
        {
            "report_id": report_id_of(alert_id),
            "alert_id": alert_id,
            "@timestamp": FIRED,
            "created_at": FIRED,
            "profile": "spiketrace",
            "alert": AlertSummary(
                rule_id=of.rule.id,
                rule_name="",
                instance=of.instance,
                title="",
                conditions="",
                value=None,
                date=FIRED,
                link="",
            ),
            "service": of.instance,
            "region": None,
            "signal": "carbon",
            "window": window,
            "baseline": Window.before(window.start, timedelta(hours=6)),
            "verdict": Verdict.ROOT_CAUSE,
            "severity": severity,
            "severity_reasons": [],
            "confidence": 0.9,
            "root_cause": RootCause(kind=CauseKind.DEPLOYMENT, service=of.instance, deployment_id="deploy-1"),
            "candidates": [],
            "impact": Impact(),
            "headline": f"{of.instance}: a spike.",
            "sections": Sections(
                overview="",
                user_impact="",
                carbon_compute_impact="",
                business_impact="",
                deployment_correlation="",
                recommendations=[],
            ),
            "evidence": [],
            "gaps": [],
            "similar_incidents": [],
            "narrative": Narrative(),
            "charts": [],
        }
    )
