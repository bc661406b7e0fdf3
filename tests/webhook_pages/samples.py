"""Reports as an investigation writes them: a bad deployment, one without an answer, a quiet one, a hostile one."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from worker.domain.evidence import Evidence, Gap
from worker.domain.report import (
    AlertSummary,
    BusinessImpact,
    Candidate,
    CarbonImpact,
    CauseKind,
    Chart,
    ComputeImpact,
    Impact,
    Mark,
    Narrative,
    Quantity,
    Report,
    RootCause,
    Sections,
    SimilarIncident,
    UsersImpact,
    Verdict,
)
from worker.domain.severity import Severity
from worker.domain.window import Window, iso

KIBANA = "https://kibana.shop.example"
DEPLOYED = datetime(2026, 2, 26, 10, 38, tzinfo=UTC)
ONSET = datetime(2026, 2, 26, 10, 42, tzinfo=UTC)
FIRED = datetime(2026, 2, 26, 10, 58, tzinfo=UTC)


def between(low: float, likely: float, high: float) -> Quantity:
    return Quantity(low=low, likely=likely, high=high)


def counted(value: float) -> Quantity:
    return Quantity(low=value, likely=value, high=value)


def at(hour: int, minute: int) -> datetime:
    return datetime(2026, 2, 26, hour, minute, tzinfo=UTC)


def chart(
    name: str,
    title: str,
    unit: str,
    *,
    usual: float,
    factor: float,
    onset: datetime | None = ONSET,
    end: datetime = FIRED,
    marks: list[Mark] | None = None,
    missing: range = range(0),
    seed: int = 7,
) -> Chart:
    """Three hours to `end` in steps of two minutes, `factor` times the usual value from the onset on."""
    noise = random.Random(seed)
    start, step, count = end - timedelta(hours=3), 120, 90
    expected = [usual * (1 + 0.08 * math.sin(index / 25)) for index in range(count)]
    first = count if onset is None else int((onset - start).total_seconds() // step)
    values: list[float | None] = [
        round(level * (factor if index >= first else 1.0) * noise.gauss(1.0, 0.05), 3)
        for index, level in enumerate(expected)
    ]
    for index in missing:
        values[index] = None
    return Chart(
        id=name,
        title=title,
        unit=unit,
        start=start,
        step_seconds=step,
        values=values,
        expected_low=[round(level * 0.86, 3) for level in expected],
        expected_likely=[round(level, 3) for level in expected],
        expected_high=[round(level * 1.14, 3) for level in expected],
        marks=marks if marks is not None else incident_marks(),
        evidence="e1",
    )


def incident_marks() -> list[Mark]:
    return [
        Mark(at=DEPLOYED, kind="deployment", label="deploy-8841, version 2.3.0"),
        Mark(at=ONSET, kind="onset", label="onset"),
        Mark(at=FIRED, kind="alert", label="alert"),
    ]


def evidence(number: int, title: str, *, index: str, result: dict[str, Any], link: str | None = None) -> Evidence:
    window = Window(start=ONSET, end=FIRED)
    query = {
        "size": 0,
        "query": {
            "bool": {
                "filter": [
                    {"term": {"service": "checkout"}},
                    {"term": {"region": "us-central1"}},
                    {"range": {"@timestamp": {"gte": iso(window.start), "lt": iso(window.end)}}},
                ]
            }
        },
        "aggs": {"minutes": {"date_histogram": {"field": "@timestamp", "fixed_interval": "2m"}}},
    }
    return Evidence(id=f"e{number}", title=title, index=index, query=query, window=window, result=result, link=link)


def report(**changes: Any) -> Report:
    """The bad deployment, with fields replaced."""
    fields: dict[str, Any] = {
        "report_id": "r-5d1c0a7e",
        "alert_id": "2f6d0d3c9f6c4c7d8b3f0d9f2c5a1b7e",
        "incident_id": "i-91b2",
        "timestamp": FIRED,
        "created_at": FIRED + timedelta(seconds=4),
        "profile": "spiketrace",
        "alert": AlertSummary(
            rule_id="0f3c9c52-6f5e-4d38-9a54-5c2d1d9a7f10",
            rule_name="Carbon spike by service and region",
            instance="checkout,us-central1",
            title="checkout,us-central1: CO₂ above 600 g in 5 min",
            conditions="sum of estimated_co2_grams is 1,190 over the last 5 min; alert when above 600",
            value=1190.4,
            date=FIRED,
            link=f"{KIBANA}/app/observability/alerts/9c1d",
        ),
        "service": "checkout",
        "region": "us-central1",
        "signal": "carbon",
        "window": Window(start=ONSET, end=FIRED),
        "baseline": Window(start=ONSET - timedelta(days=7), end=ONSET),
        "verdict": Verdict.ROOT_CAUSE,
        "severity": Severity.CRITICAL,
        "severity_reasons": ["31 % of requests fail, 0.3 % is usual", "CO₂ is 3.9 times the usual"],
        "confidence": 0.93,
        "root_cause": cause(),
        "candidates": candidates(),
        "impact": impact(),
        "headline": "checkout, us-central1: 3.9 times its usual CO₂ since 10:42 UTC, and 31 % of its requests fail.",
        "sections": sections(),
        "evidence": evidences(),
        "gaps": gaps(),
        "similar_incidents": [similar()],
        "narrative": Narrative(),
        "charts": charts(),
        "timings": {"scope": 0.04, "survey": 0.38, "detail": 0.21, "analysis": 0.06, "total": 0.74},
    }
    return Report(**(fields | changes))


bad_deployment = report


def cause() -> RootCause:
    return RootCause(
        kind=CauseKind.DEPLOYMENT,
        service="checkout",
        region="us-central1",
        deployment_id="deploy-8841",
        version="2.3.0",
        error_type="TimeoutError",
        metric="error_rate",
        onset=ONSET,
    )


def candidates() -> list[Candidate]:
    return [
        Candidate(
            **cause().model_dump(),
            rank=1,
            score=8.1,
            confidence=0.93,
            evidence=["e2", "e3", "e5"],
            reason="Onset 4 min after deploy-8841; documents of 2.3.0 fail at 41 %, those of 2.2.4 in the same minutes"
            " at 0.4 %.",
            against="Regions europe-west1 and asia-east1 run 2.3.0 too, without more errors.",
            check="Roll back one region: errors fall within 5 min if the deployment is the cause.",
        ),
        Candidate(
            kind=CauseKind.DEPENDENCY,
            service="payments",
            region="us-central1",
            metric="latency_ms",
            onset=at(10, 44),
            rank=2,
            score=1.9,
            confidence=0.05,
            evidence=["e4"],
            reason="payments answers 1.6 times slower from 10:44 UTC.",
            against="It began 2 min after checkout, and payments has no more errors than usual.",
            check="Latency of payments for callers other than checkout.",
        ),
        Candidate(
            kind=CauseKind.TRAFFIC,
            service="checkout",
            region="us-central1",
            metric="requests_per_min",
            onset=ONSET,
            rank=3,
            score=0.6,
            confidence=0.02,
            evidence=["e1", "e6"],
            reason="Requests rose 2.1 times from 10:42 UTC.",
            against="52 % of them are logged as retries; without these, demand is 1.0 times the usual.",
            check="Requests at the load balancer, before retries.",
        ),
    ]


def impact() -> Impact:
    return Impact(
        carbon=CarbonImpact(
            excess_co2_grams=between(2430, 2810, 3190),
            actual_co2_grams=counted(3782.4),
            expected_co2_grams=between(592, 972, 1352),
            method="measured",
            factors=[
                {
                    "name": "grid intensity",
                    "value": 413,
                    "unit": "gCO2e/kWh",
                    "source": "region-carbon-info",
                    "year": 2024,
                },
                {"name": "power usage effectiveness", "value": 1.1, "unit": "", "source": "provider", "year": None},
            ],
        ),
        compute=ComputeImpact(
            excess_vcpu_hours=between(1.1, 1.42, 1.8),
            excess_cost_usd=between(0.05, 0.068, 0.09),
            split={"retries": between(0.6, 0.81, 1.0), "slow requests": between(0.4, 0.61, 0.8)},
        ),
        users=UsersImpact(requests_failed=counted(3243), requests_slowed=between(1100, 1420, 1800)),
        business=BusinessImpact(
            orders_affected=between(310, 420, 560),
            revenue_lost_usd=between(14_900, 20_200, 26_900),
            source="estimated",
            assumption="13 % of failed checkouts are not tried again; $48 an order (policy)",
        ),
    )


def sections() -> Sections:
    return Sections(
        overview="checkout, us-central1: 3.9 times its usual CO₂ since 10:42 UTC, and 31 % of its requests fail."
        " [e1 e2] Cause: deployment deploy-8841 (version 2.3.0), live 4 min before the onset; confidence 0.93"
        " [e3 e5]. 52 % of the requests are retries [e6].",
        user_impact="3,243 of 10,460 requests failed in 16 min (31 %, usually 0.3 %), nearly all with TimeoutError"
        " [e2]. About 1,420 more (estimated, 1,100 to 1,800) took over 2 s, where 0.4 s is usual [e4]. Other regions of"
        " checkout: 0.3 %, unchanged. How many people these were: not measured.",
        carbon_compute_impact="3.8 kg CO₂e were emitted where 0.97 kg is usual: 2.8 kg too many (estimated, 2.4 to"
        " 3.2) [e1]. Retries account for 57 % of the excess compute of 1.4 vCPU-h (estimated, 1.1 to 1.8) [e6].",
        business_impact="About 420 orders (estimated, 310 to 560) and $20,000 (estimated, $15,000 to $27,000) were"
        " lost: 13 % of failed checkouts are not tried again, $48 an order.",
        deployment_correlation="deploy-8841 brought version 2.3.0 to checkout in us-central1 at 10:38 UTC, 4 min before"
        " the onset [e3]. From 10:42 to 10:58 UTC documents of 2.3.0 fail at 41 %, those of 2.2.4 in the same minutes"
        " at 0.4 % [e5]. The one other deployment of the hour, search deploy-8836, touches no service that checkout"
        " calls.",
        recommendations=[
            "Roll checkout in us-central1 back from 2.3.0 to 2.2.4 (deploy-8841): under 1 % fail within 5 min [e2].",
            "Cap the retries of checkout's callers at one, with jitter: retries are 52 % of its requests [e6].",
            "Keep 2.3.0 out of the remaining regions until the timeout towards payments is explained [e4].",
        ],
    )


def evidences() -> list[Evidence]:
    logs, metrics = "spiketrace-logs-*", "spiketrace-carbon-metrics-*"
    return [
        evidence(
            1,
            "CO₂ of checkout in us-central1, against seven days",
            index=metrics,
            result={"actual_co2_grams": 3782.4, "expected_co2_grams": [592.1, 972.3, 1352.5], "ratio": 3.89},
            link=f"{KIBANA}/app/discover#/?_a=(index:metrics)",
        ),
        evidence(
            2,
            "Failed requests of checkout in us-central1",
            index=logs,
            result={"failed": 3243, "all": 10460, "share": 0.31, "usual_share": 0.003, "types": {"TimeoutError": 3180}},
        ),
        evidence(
            3,
            "Deployments from 09:42 to 10:58 UTC",
            index="spiketrace-deployments-*",
            result={"deployments": [{"deployment_id": "deploy-8841", "version": "2.3.0", "at": iso(DEPLOYED)}]},
        ),
        evidence(4, "Latency of checkout and of what it calls", index=logs, result={"checkout_p95_ms": 2140}),
        evidence(
            5,
            "checkout by deployment, minute by minute",
            index=logs,
            result={"deploy-8841": {"failed": 3231, "all": 7880}, "deploy-8790": {"failed": 10, "all": 2540}},
        ),
        evidence(6, "Retries of checkout", index=logs, result={"retry_share": 0.52, "usual_share": 0.01}),
    ]


def gaps() -> list[Gap]:
    return [
        Gap(
            what="Users affected",
            reason="the logs carry no user or session id",
            effect="requests are counted instead of people",
        )
    ]


def similar() -> SimilarIncident:
    return SimilarIncident(
        id="INC-1042",
        title="checkout: timeouts towards payments after a connection-pool change",
        at=datetime(2026, 1, 14, 15, 20, tzinfo=UTC),
        service="checkout",
        region="europe-west1",
        status="resolved",
        why="same service, same error type, 6 min after a deployment",
    )


def charts() -> list[Chart]:
    return [
        chart("carbon", "CO₂ of checkout, us-central1", "g/min", usual=60.0, factor=3.9, missing=range(31, 36)),
        chart("errors", "Failed requests", "%", usual=0.3, factor=103.0, seed=8),
        chart("retries", "Retries", "% of requests", usual=1.1, factor=47.0, seed=9),
        chart("traffic", "Requests", "requests/min", usual=310.0, factor=2.1, seed=10, missing=range(60, 61)),
        chart("latency", "Latency, 95th percentile", "ms", usual=410.0, factor=5.2, seed=11),
    ]


def inconclusive() -> Report:
    alerted = AlertSummary(
        rule_id="4b1d",
        rule_name="Errors by service",
        instance="orders",
        title="orders: error lines above 100 in 5 min",
        conditions="",
        value=None,
        date=at(3, 33),
        link="https://elsewhere.example/app/observability/alerts/1",
    )
    marks = [Mark(at=at(3, 17), kind="onset", label="onset"), Mark(at=at(3, 33), kind="alert", label="alert")]
    window = Window(start=at(3, 17), end=at(3, 33))
    return report(
        report_id="r-77aa01",
        incident_id=None,
        timestamp=at(3, 33),
        alert=alerted,
        service="orders",
        region="us-east1",
        signal="errors",
        window=window,
        baseline=Window(start=window.start - timedelta(days=7), end=window.start),
        created_at=at(3, 33) + timedelta(seconds=3),
        evidence=[item.model_copy(update={"window": window}) for item in orders_evidence()],
        verdict=Verdict.INCONCLUSIVE,
        severity=Severity.MEDIUM,
        severity_reasons=["4.1 % of requests fail, 0.2 % is usual"],
        confidence=0.34,
        root_cause=RootCause(kind=CauseKind.UNKNOWN, service="orders", region="us-east1", onset=at(3, 17)),
        candidates=[
            Candidate(
                kind=CauseKind.UNKNOWN,
                service="orders",
                region="us-east1",
                error_type="ConnectionResetError",
                rank=1,
                score=1.2,
                confidence=0.34,
                evidence=["e2"],
                reason="71 % of the new errors are “connection reset”, with no trace to a peer.",
                check="pg_stat_activity on orders-db at 03:15 to 03:20 UTC.",
            )
        ],
        impact=Impact(users=UsersImpact(requests_failed=counted(429))),
        headline="Something is wrong in orders, us-east1, and the data does not say what.",
        sections=Sections(
            overview="Something is wrong in orders, us-east1, and the data does not say what. Errors rose from 0.2 % to"
            " 4.1 % at 03:17 UTC (429 of 10,460 requests) [e2]. No deployment in the hour before [e3]; none of its"
            " three callees deviates [e4].",
            user_impact="429 of 10,460 requests failed in 16 min (4.1 %, usually 0.2 %) [e2].",
            carbon_compute_impact="CO₂ is as usual: 402 g where 380 to 431 g are expected [e1].",
            business_impact="Orders lost: not measured; name the field in the profile's `business` to see it.",
            deployment_correlation="No deployment of orders or of what it calls from 02:17 to 03:33 UTC [e3].",
            recommendations=[
                "Run pg_stat_activity on orders-db for 03:15 to 03:20 UTC: many idle connections name it."
            ],
        ),
        gaps=[
            Gap(
                what="Metrics of orders-db",
                reason="no index of the profile holds them",
                effect="the database and the network to it cannot be told apart",
            )
        ],
        similar_incidents=[],
        charts=[
            chart(
                "errors",
                "Failed requests of orders, us-east1",
                "%",
                usual=0.2,
                factor=20.5,
                onset=at(3, 17),
                end=at(3, 33),
                marks=marks,
            )
        ],
    )


def orders_evidence() -> list[Evidence]:
    logs, metrics = "spiketrace-logs-*", "spiketrace-carbon-metrics-*"
    return [
        evidence(1, "CO₂ of orders in us-east1", index=metrics, result={"actual_co2_grams": 402.0}),
        evidence(2, "Errors of orders in us-east1", index=logs, result={"failed": 429, "all": 10460}),
        evidence(
            3, "Deployments from 02:17 to 03:33 UTC", index="spiketrace-deployments-*", result={"deployments": []}
        ),
        evidence(4, "Errors of the services that orders calls", index=logs, result={"deviating": []}),
    ]


def quiet() -> Report:
    return report(
        report_id="r-0c0ffee",
        incident_id=None,
        service="search",
        region="europe-west1",
        verdict=Verdict.NOT_CONFIRMED,
        severity=Severity.LOW,
        severity_reasons=[],
        confidence=0.97,
        root_cause=None,
        candidates=[],
        impact=Impact(),
        headline="Not an incident: search, europe-west1 is at its evening peak.",
        sections=Sections(
            overview="Not an incident: search, europe-west1 is at its evening peak. 212 g in 5 min is within what the"
            " last seven evenings had (190 to 224 g at this hour), at the usual 0.41 g a thousand requests [e1].",
            user_impact="",
            carbon_compute_impact="",
            business_impact="",
            deployment_correlation="",
            recommendations=[
                "Raise the rule's threshold from 200 g to 240 g: it would have stayed silent on all seven evenings."
            ],
        ),
        evidence=evidences()[:1],
        gaps=[],
        similar_incidents=[],
        charts=[
            chart(
                "carbon",
                "CO₂ of search, europe-west1",
                "g/min",
                usual=42.0,
                factor=1.0,
                onset=None,
                marks=[Mark(at=FIRED, kind="alert", label="alert")],
            )
        ],
    )


HOSTILE_NAME = (
    '<script>alert("x")</script><img src=x onerror=alert(1)> [click](javascript:alert(1)) **bold** `code` | cell |'
    "\n# heading\n- item\n\n1. one \u202egnp.exe\u202c 🛒👩‍💻 \x00\x1b[31m https://evil.example/?q=1 a@evil.example"
    " {{ 7*7 }} {% raw %} &lt;b&gt; '\"><svg onload=alert(1)> [e1] [e999] ${jndi:ldap://x}"
)
LONG_NAME = "checkout-" + "very-long-name-" * 40


def hostile() -> Report:
    """Every text that telemetry, an alert or a model could have written is a trap."""
    trap = HOSTILE_NAME
    named = {"service": trap, "region": LONG_NAME, "deployment_id": trap, "version": trap, "error_type": trap}
    root = RootCause(kind=CauseKind.DEPLOYMENT, **named, metric=trap, onset=ONSET)
    return report(
        report_id="r-h0571",
        service=trap,
        region=LONG_NAME,
        signal=trap,
        headline=trap,
        severity_reasons=[trap],
        root_cause=root,
        candidates=[
            Candidate(
                **root.model_dump(), rank=1, score=1, confidence=0.5, evidence=["e1", trap], reason=trap, check=trap
            )
        ],
        sections=Sections(
            overview=trap,
            user_impact=trap,
            carbon_compute_impact=LONG_NAME,
            business_impact=trap,
            deployment_correlation=trap,
            recommendations=[trap, LONG_NAME],
        ),
        impact=impact().model_copy(update={"business": BusinessImpact(orders_affected=counted(1), assumption=trap)}),
        evidence=[
            Evidence(
                id="e1",
                title=trap,
                index=trap,
                query={"query": {"term": {"service": trap}}},
                window=Window(start=ONSET, end=FIRED),
                result={trap: trap},
                link="javascript:alert(1)",
            )
        ],
        gaps=[Gap(what=trap, reason=trap, effect=trap)],
        similar_incidents=[
            SimilarIncident(id=trap, title=trap, at=FIRED, service=trap, region=LONG_NAME, status=trap, why=trap)
        ],
        charts=[chart(trap, trap, trap, usual=3.0, factor=2.0, marks=[Mark(at=ONSET, kind="deployment", label=trap)])],
        alert=AlertSummary(
            rule_id=trap,
            rule_name=trap,
            instance=LONG_NAME,
            title=trap,
            conditions=trap,
            value=1.0,
            date=FIRED,
            link="https://kibana.shop.example@evil.example/app",
        ),
        narrative=Narrative(author="gemini", state="failed", reason=trap, model=trap),
        timings={trap: 1.0},
        replay_of=None,
    )
