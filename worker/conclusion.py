"""From a closed case to the report: verdict, impact, severity, text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from worker.analysis.ranking import DEVIATES
from worker.analysis.study import Case
from worker.analysis.verdict import judge
from worker.domain.alert import Alert
from worker.domain.evidence import EvidenceLog
from worker.domain.report import AlertSummary, Narrative, Report, RootCause, SimilarIncident, Verdict, report_id_of
from worker.domain.severity import Severity
from worker.domain.telemetry import Detail
from worker.findings import gather
from worker.impact.assess import assess, requests_of
from worker.impact.means import Means
from worker.markdown import render_markdown
from worker.question import Question
from worker.severity import SeverityFacts, judge_severity
from worker.similar import similar_incidents
from worker.writing import causes, charts, sections, threshold
from worker.writing.story import Story


@dataclass(frozen=True)
class Conclusion:
    """What may be said of a case, with the evidence it rests on."""

    asked: Question
    story: Story
    severity: Severity
    severity_reasons: list[str]
    log: EvidenceLog

    @property
    def root_cause(self) -> RootCause | None:
        if self.story.verdict is not Verdict.ROOT_CAUSE:
            return None
        return RootCause(**self.story.candidates[0].model_dump(include=set(RootCause.model_fields)))


def conclude(alert: Alert, asked: Question, case: Case, detail: Detail, means: Means | None = None) -> Conclusion:
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
    severity, reasons = judge_severity(_facts(story))
    return Conclusion(asked, story, severity, reasons, log)


def write_report(alert: Alert, alert_id: str, found: Conclusion, *, profile: str, now: datetime) -> Report:
    story, case = found.story, found.story.case
    headline, text = sections.write(story)
    report = Report(
        report_id=report_id_of(alert_id),
        alert_id=alert_id,
        timestamp=alert.date,
        created_at=now,
        profile=profile,
        alert=_summary(alert),
        service=case.scope.service,
        region=case.scope.region,
        signal=found.asked.signal,
        window=case.window,
        baseline=case.baseline,
        verdict=story.verdict,
        severity=found.severity,
        severity_reasons=found.severity_reasons,
        confidence=story.candidates[0].confidence if story.candidates else None,
        root_cause=found.root_cause,
        candidates=story.candidates,
        impact=story.impact,
        headline=headline,
        sections=text,
        evidence=found.log.items,
        gaps=found.log.gaps,
        similar_incidents=_similar(story, alert_id),
        narrative=Narrative(),
        charts=charts.draw(case, story.cite),
    )
    return report.model_copy(update={"markdown": render_markdown(report)})


def _name_unknown(asked: Question, log: EvidenceLog) -> None:
    for name in asked.unknown:
        effect = "the scope was found without it" if any(asked.scope) else "every service was looked at"
        log.miss(f"The alert's group {name!r}", reason="no service or region of this name has telemetry", effect=effect)


def _facts(story: Story) -> SeverityFacts:
    case, carbon, failed = story.case, story.impact.carbon, story.impact.users.requests_failed
    latency, errors = case.deviation("latency"), case.deviation("errors")
    excess = carbon.excess_co2_grams
    first = story.candidates[0] if story.candidates else None
    return SeverityFacts(
        verdict=story.verdict,
        cause_kind=first.kind if first else None,
        confidence=first.confidence if first else None,
        failed_share=story.requests.failed_share if story.requests and "errors" in case.confirmed else None,
        usual_failed_share=errors.expected if errors else 0.0,
        requests_failed=failed.likely if failed else None,
        co2_ratio=_co2_ratio(case),
        excess_co2_grams=excess.likely if excess else None,
        latency_ratio=latency.ratio if latency and "latency" in case.confirmed else None,
        services_affected=max(1, sum(one.own >= DEVIATES for one in case.suspects)),
    )


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


def _similar(story: Story, alert_id: str) -> list[SimilarIncident]:
    case = story.case
    scopes = [case.scope, *(one.scope for one in case.suspects[:1])]
    words = [*case.confirmed, *(f"{one.kind} {one.error_type or ''}" for one in story.candidates[:1])]
    return similar_incidents(case.survey.history, scopes, " ".join(words), case.window, alert_id)
