"""From a closed case to the report: verdict, impact, severity, text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from worker.analysis.deviation import Deviation
from worker.analysis.of_roles import NOTHING
from worker.analysis.ranking import DEVIATES
from worker.analysis.study import Case
from worker.analysis.verdict import judge
from worker.domain.alert import Alert
from worker.domain.evidence import EvidenceLog
from worker.domain.incident import Incident
from worker.domain.redaction.of_report import redact_report
from worker.domain.report import (
    AlertSummary,
    Narrative,
    Provenance,
    Quantity,
    Report,
    RootCause,
    SeverityFacts,
    Verdict,
    report_id_of,
)
from worker.domain.severity import Severity
from worker.domain.telemetry import Detail
from worker.findings import gather
from worker.impact.assess import assess, requests_of
from worker.impact.means import Means
from worker.markdown import render_markdown
from worker.question import Question
from worker.severity import DEFAULT, Thresholds, judge_severity
from worker.similar import Hit, similar_incidents, wanted_of, without_own
from worker.writing import causes, charts, sections, threshold
from worker.writing.story import Story


@dataclass(frozen=True)
class Conclusion:
    """What may be said of a case, with the evidence it rests on."""

    asked: Question
    story: Story
    severity: Severity
    severity_reasons: list[str]
    severity_facts: SeverityFacts
    log: EvidenceLog

    @property
    def root_cause(self) -> RootCause | None:
        if self.story.verdict is not Verdict.ROOT_CAUSE:
            return None
        return RootCause(**self.story.candidates[0].model_dump(include=set(RootCause.model_fields)))


def conclude(
    alert: Alert,
    asked: Question,
    case: Case,
    detail: Detail,
    means: Means | None = None,
    thresholds: Thresholds = DEFAULT,
) -> Conclusion:
    log = EvidenceLog()
    _name_unknown(asked, log)
    cite = gather(case, detail, log)
    story = Story(
        case=case,
        verdict=judge(case),
        candidates=causes.candidates(case, cite),
        impact=assess(case, detail, log, means),
        requests=requests_of(case),
        cite=cite,
        threshold=threshold.sentence(alert, case),
        unread=tuple(case.survey.unread),
    )
    facts = _facts(story)
    severity, reasons = judge_severity(facts, thresholds)
    return Conclusion(asked, story, severity, reasons, facts, log)


def write_report(
    alert: Alert,
    alert_id: str,
    found: Conclusion,
    *,
    profile: str,
    now: datetime,
    provenance: Provenance | None = None,
    further: Sequence[Hit] = (),
) -> Report:
    """`further` are past incidents beside those of the survey that may be similar."""
    story, case = found.story, found.story.case
    history = [*case.survey.history, *further]
    headline, text = sections.write(story)
    written = Report(
        report_id=report_id_of(alert_id),
        alert_id=alert_id,
        timestamp=alert.date,
        created_at=now,
        profile=profile,
        provenance=provenance,
        alert=_summary(alert),
        service=case.scope.service,
        region=case.scope.region,
        signal=found.asked.signal,
        window=case.window,
        baseline=case.baseline,
        verdict=story.verdict,
        severity=found.severity,
        severity_reasons=found.severity_reasons,
        severity_facts=found.severity_facts,
        confidence=story.candidates[0].confidence if story.candidates else None,
        root_cause=found.root_cause,
        candidates=story.candidates,
        impact=story.impact,
        headline=headline,
        sections=text,
        evidence=found.log.items,
        gaps=found.log.gaps,
        similar_incidents=similar_incidents(history, wanted_of(story), case.window, alert_id),
        narrative=Narrative(),
        charts=charts.draw(case, story.cite),
    )
    report = redact_report(written)
    return report.model_copy(update={"markdown": render_markdown(report)})


def of_incident(report: Report, incident: Incident | None) -> Report:
    """The report as one of that incident, which is then no past one that it resembles."""
    if incident is None:
        return report.model_copy(update={"incident_id": None})
    others = without_own(report.similar_incidents, incident.incident_id)
    joined = report.model_copy(update={"incident_id": incident.incident_id, "similar_incidents": others})
    if len(others) == len(report.similar_incidents):
        return joined
    return joined.model_copy(update={"markdown": render_markdown(joined)})


def _name_unknown(asked: Question, log: EvidenceLog) -> None:
    for name in asked.unknown:
        effect = "the scope was found without it" if any(asked.scope) else "every service was looked at"
        log.miss(f"The alert's group {name!r}", reason="no service or region of this name has telemetry", effect=effect)


def _facts(story: Story) -> SeverityFacts:
    case, impact = story.case, story.impact
    first = story.candidates[0] if story.candidates else None
    facts = SeverityFacts(
        verdict=story.verdict,
        cause_kind=first.kind if first else None,
        confidence=first.confidence if first else None,
        requests_failed=_likely(impact.users.requests_failed),
        requests_slowed=_likely(impact.users.requests_slowed),
        users_affected=_likely(impact.users.users_affected),
        co2_ratio=_co2_ratio(case),
        excess_co2_grams=_likely(impact.carbon.excess_co2_grams),
        orders_affected=_at_least(impact.business.orders_affected),
        revenue_lost_usd=_at_least(impact.business.revenue_lost_usd),
        money_source=impact.business.source,
    )
    return facts.model_copy(update=_by_role(case) if case.look else _by_signal(story))


def _likely(quantity: Quantity | None) -> float | None:
    return quantity.likely if quantity else None


def _at_least(quantity: Quantity | None) -> float | None:
    return quantity.low if quantity else None


def _by_signal(story: Story) -> dict[str, Any]:
    case = story.case
    latency, errors = case.deviation("latency"), case.deviation("errors")
    return {
        "failed_share": story.requests.failed_share if story.requests and "errors" in case.confirmed else None,
        "usual_failed_share": errors.expected if errors else 0.0,
        "latency_ratio": latency.ratio if latency and "latency" in case.confirmed else None,
        "services_affected": max(1, sum(one.own >= DEVIATES for one in case.suspects)),
    }


def _by_role(case: Case) -> dict[str, Any]:
    """The worst of the alerted service's metrics of each role."""
    shares = [share for name in case.confirmed if (found := case.deviation(name)) and (share := failed_share(found))]
    failed, usual = max(shares, key=lambda share: share[0] - share[1], default=(None, 0.0))
    latencies = [found.ratio for name in case.confirmed if (found := case.deviation(name)) and _is_of(found, "latency")]
    return {
        "failed_share": failed,
        "usual_failed_share": usual,
        "latency_ratio": max(latencies, default=None),
        "services_affected": max(1, sum(one.shown >= NOTHING for one in case.accounts)),
        # Log lines are no requests where metrics tell failures.
        "requests_failed": None,
    }


def _is_of(found: Deviation, role: str) -> bool:
    return found.metric is not None and found.metric.role == role


def failed_share(found: Deviation) -> tuple[float, float] | None:
    """(now, usually) as shares of 0–1, of a metric that tells failures or availability as a share or in percent."""
    metric = found.metric
    if metric is None or metric.role not in ("errors", "availability"):
        return None
    whole = 100.0 if "percent" in metric.name or metric.unit == "%" else 1.0
    if not (0 <= found.actual <= whole and 0 <= found.expected <= whole):
        return None  # A count, and no share.
    now, usual = found.actual / whole, found.expected / whole
    return (1 - now, 1 - usual) if metric.role == "availability" else (now, usual)


def _co2_ratio(case: Case) -> float | None:
    """The rise that the report speaks of."""
    name = next((one for one in ("carbon", "carbon_per_demand") if one in case.confirmed), None)
    found = case.deviation(name) if name else None
    return found.ratio if found else None


def _summary(alert: Alert) -> AlertSummary:
    return AlertSummary(
        rule_id=alert.rule.id,
        rule_name=alert.rule.name,
        instance=alert.instance,
        title=alert.title,
        conditions=alert.conditions,
        value=alert.value,
        date=alert.date,
        link=alert.link,
    )
