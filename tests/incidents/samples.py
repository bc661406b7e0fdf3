"""Reports as an investigation writes them, to be varied by each test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from worker.domain.evidence import Evidence, Gap
from worker.domain.report import (
    AlertSummary,
    BusinessImpact,
    Candidate,
    CarbonImpact,
    CauseKind,
    Impact,
    Narrative,
    Quantity,
    Report,
    RootCause,
    Sections,
    UsersImpact,
    Verdict,
)
from worker.domain.severity import Severity
from worker.domain.window import Window

ONSET = datetime(2026, 2, 26, 10, 42, tzinfo=UTC)
FIRED = ONSET + timedelta(minutes=8)
WINDOW = Window(start=ONSET, end=FIRED)

DEPLOYMENT = RootCause(
    kind=CauseKind.DEPLOYMENT,
    service="checkout",
    region="us-central1",
    deployment_id="deploy-8841",
    version="2.3.0",
    error_type="TimeoutError",
    metric="errors",
    onset=ONSET,
)
HEADLINE = (
    "checkout, us-central1: 3.9 times its usual CO₂ since 10:42 UTC, and 31 % of its requests fail. Cause: deployment "
    "deploy-8841 (version 2.3.0), live 4 minutes before the onset; confidence 0.93."
)
IMPACT = Impact(
    carbon=CarbonImpact(
        excess_co2_grams=Quantity(low=350, likely=410, high=470),
        actual_co2_grams=Quantity(low=551, likely=551, high=551),
        expected_co2_grams=Quantity(low=81, likely=141, high=201),
        method="measured",
    ),
    users=UsersImpact(requests_failed=Quantity(low=1240, likely=1240, high=1240)),
    business=BusinessImpact(
        orders_affected=Quantity(low=20, likely=31, high=44),
        revenue_lost_usd=Quantity(low=980, likely=1519, high=2156),
        source="estimated",
        assumption="2.5 % of the failed requests would have been orders of $49.",
    ),
)


def a_report(number: int = 1, **changes: Any) -> Report:
    """The report of alert `number`, fired at FIRED plus that many seconds; any field may be given."""
    fields: dict[str, Any] = {
        "report_id": f"report-{number}",
        "alert_id": f"{number:032x}",
        "@timestamp": FIRED + timedelta(seconds=number),
        "created_at": FIRED + timedelta(seconds=number + 5),
        "profile": "spiketrace",
        "alert": _alert(),
        "service": "checkout",
        "region": "us-central1",
        "signal": "carbon",
        "window": WINDOW,
        "baseline": Window.before(ONSET, timedelta(hours=24)),
        "verdict": Verdict.ROOT_CAUSE,
        "severity": Severity.HIGH,
        "severity_reasons": ["31 % of requests failed, usually 0.2 %.", "CO₂ was 3.9 times the usual."],
        "confidence": 0.93,
        "root_cause": DEPLOYMENT,
        "candidates": _candidates(),
        "impact": IMPACT,
        "headline": HEADLINE,
        "sections": _sections(),
        "evidence": _evidence(),
        "gaps": [Gap(what="traces", reason="there is no index of them", effect="Callers are guessed by time.")],
        "similar_incidents": [],
        "narrative": Narrative(),
        "charts": [],
    }
    return Report.model_validate(fields | changes)


def _alert() -> AlertSummary:
    return AlertSummary(
        rule_id="rule-1",
        rule_name="Carbon spike by service",
        instance="checkout",
        title="",
        conditions="",
        value=212.0,
        date=FIRED,
        link="",
    )


def _candidates() -> list[Candidate]:
    first = Candidate(
        **DEPLOYMENT.model_dump(),
        rank=1,
        score=9.1,
        confidence=0.93,
        evidence=["e2", "e5"],
        reason="Its own documents fail 14 times as often as those of the version before, in the same minutes [e2 e5].",
        against="Latency rose one minute before the first of its documents.",
        check="Roll back one region and compare the share of failing requests after five minutes.",
    )
    second = Candidate(
        kind=CauseKind.DEPENDENCY,
        service="ledger",
        region="us-central1",
        rank=2,
        score=1.2,
        confidence=0.05,
        evidence=["e3"],
        reason="ledger is called by checkout and has two errors more than usual [e3].",
        check="Errors of ledger's other callers in the same window.",
    )
    return [first, second]


def _sections() -> Sections:
    return Sections(
        overview="checkout, us-central1: 3.9 times its usual CO₂ since 10:42 UTC, and 31 % of its requests fail [e1]. "
        "Cause: deployment deploy-8841 (version 2.3.0), live 4 minutes before the onset; confidence 0.93 [e2 e5].",
        user_impact="1,240 of 4,000 requests failed between 10:42 and 10:50 UTC [e1].",
        carbon_compute_impact="410 g CO₂e more than expected (350 to 470) [e1].",
        business_impact="31 orders affected (estimated, 20 to 44).",
        deployment_correlation="deploy-8841 went live at 10:38 UTC, 4 min before the onset [e2].",
        recommendations=[
            "Roll deploy-8841 of checkout back to 2.2.9 in us-central1; failing requests fall below 1 % within 5 min.",
            "Cap checkout's retries at two with backoff; they are 41 % of its requests now [e5].",
        ],
    )


def _evidence() -> list[Evidence]:
    return [
        Evidence(
            id=f"e{number}",
            title=title,
            index="spiketrace-logs-*",
            query={"size": 0},
            window=WINDOW,
            result={},
            link=f"https://kibana.example/app/discover#/{number}" if number == 1 else None,
        )
        for number, title in enumerate(["Errors a minute", "Deployments", "Callees", "Peers", "Retries"], start=1)
    ]
