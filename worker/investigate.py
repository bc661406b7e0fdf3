"""The story of an investigation. Read this first.

    alert ─▶ question ─▶ survey (1st wave) ─▶ case ─▶ detail (2nd wave) ─▶ verdict ─▶ impact ─▶ severity ─▶ text ─▶ report

Nothing is stored, sent or changed here, and nothing later than the alert's own date is read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter

from worker import question
from worker.analysis import study
from worker.analysis.ranking import DEVIATES
from worker.analysis.study import ROLLOUT, Case
from worker.analysis.verdict import judge
from worker.domain.alert import Alert
from worker.domain.evidence import EvidenceLog
from worker.domain.report import (
    AlertSummary,
    Candidate,
    Impact,
    Narrative,
    Report,
    RootCause,
    SimilarIncident,
    Verdict,
    report_id_of,
)
from worker.domain.telemetry import Detail, Scope
from worker.domain.window import Window
from worker.findings import Citations, gather
from worker.impact.assess import assess, requests_of
from worker.impact.users import Totals
from worker.markdown import render_markdown
from worker.ports import Telemetry
from worker.question import Question
from worker.severity import SeverityFacts, judge_severity
from worker.similar import similar_incidents
from worker.writing import causes, charts, sections, threshold


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Investigator:
    """Investigates alerts with one engine and one profile. `now` only dates the report."""

    telemetry: Telemetry
    now: Callable[[], datetime] = _now

    def __call__(self, alert: Alert, alert_id: str) -> Report:
        """Raises EvidenceUnavailable when telemetry cannot be read at all; what is missing in part becomes a gap."""
        clock = Stopwatch()
        log = EvidenceLog()
        profile = self.telemetry.profile
        survey = self.telemetry.survey(question.guess(alert, profile), alert.date)
        asked = question.understand(alert, profile, survey.scopes)
        clock.lap("survey_seconds")
        case = study.open_case(survey, asked.scope, asked.signal, asked.window)
        suspects = study.suspects(case) if case.confirmed else []
        clock.lap("analysis_seconds")
        detail = self._detail(case, study.worth_detail(case, suspects))
        clock.lap("detail_seconds")
        study.close_case(case, suspects, detail)
        report = _report(alert, alert_id, asked, case, detail, log, profile.name, self.now())
        clock.lap("conclusion_seconds")
        report.timings = clock.laps
        return report

    def _detail(self, case: Case, scopes: list[Scope]) -> Detail:
        onset = case.onset or case.window.start
        return self.telemetry.detail(
            scopes, case.window, case.baseline, Window(start=onset - ROLLOUT, end=case.window.end)
        )


class Stopwatch:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = perf_counter()

    def lap(self, name: str) -> None:
        now = perf_counter()
        self.laps[name] = round(now - self._last, 4)
        self._last = now


def _report(
    alert: Alert,
    alert_id: str,
    asked: Question,
    case: Case,
    detail: Detail,
    log: EvidenceLog,
    profile: str,
    now: datetime,
) -> Report:
    _name_unknown(asked, log)
    cite = gather(case, detail, log)
    verdict = judge(case)
    candidates = causes.candidates(case, cite)
    impact = assess(case, detail, log)
    requests = requests_of(case)
    severity, reasons = judge_severity(_facts(case, verdict, candidates, impact, requests))
    headline, text = sections.write(_story(alert, case, verdict, candidates, impact, requests, cite))
    report = Report(
        report_id=report_id_of(alert_id),
        alert_id=alert_id,
        timestamp=alert.date,
        created_at=now,
        profile=profile,
        alert=_summary(alert),
        service=case.scope.service,
        region=case.scope.region,
        signal=asked.signal,
        window=case.window,
        baseline=case.baseline,
        verdict=verdict,
        severity=severity,
        severity_reasons=reasons,
        confidence=candidates[0].confidence if candidates else None,
        root_cause=_root_cause(verdict, candidates),
        candidates=candidates,
        impact=impact,
        headline=headline,
        sections=text,
        evidence=log.items,
        gaps=log.gaps,
        similar_incidents=_similar(case, text.overview, alert_id),
        narrative=Narrative(),
        charts=charts.draw(case, cite),
    )
    return report.model_copy(update={"markdown": render_markdown(report)})


def _name_unknown(asked: Question, log: EvidenceLog) -> None:
    for name in asked.unknown:
        effect = "the scope was found without it" if asked.scope != (None, None) else "every service was looked at"
        log.miss(f"The alert's group {name!r}", reason="no service or region of this name has telemetry", effect=effect)


def _story(
    alert: Alert,
    case: Case,
    verdict: Verdict,
    candidates: list[Candidate],
    impact: Impact,
    requests: Totals | None,
    cite: Citations,
) -> sections.Story:
    return sections.Story(
        case=case,
        verdict=verdict,
        candidates=candidates,
        impact=impact,
        requests=requests,
        cite=cite,
        threshold=threshold.sentence(alert, case),
        unread=tuple(case.survey.unread),
    )


def _facts(
    case: Case, verdict: Verdict, candidates: list[Candidate], impact: Impact, requests: Totals | None
) -> SeverityFacts:
    carbon, latency, errors = case.deviation("carbon"), case.deviation("latency"), case.deviation("errors")
    excess = impact.carbon.excess_co2_grams
    expected = impact.carbon.expected_co2_grams
    return SeverityFacts(
        verdict=verdict,
        cause_kind=candidates[0].kind if candidates else None,
        confidence=candidates[0].confidence if candidates else None,
        failed_share=requests.failed_share if requests else None,
        usual_failed_share=errors.expected if errors else 0.0,
        requests_failed=impact.users.requests_failed.likely if impact.users.requests_failed else None,
        co2_ratio=1 + excess.likely / expected.likely
        if carbon and excess and expected and expected.likely > 0
        else None,
        excess_co2_grams=excess.likely if excess else None,
        latency_ratio=latency.ratio if latency and "latency" in case.confirmed else None,
        services_affected=max(1, sum(one.own >= DEVIATES for one in case.suspects)),
    )


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


def _root_cause(verdict: Verdict, candidates: list[Candidate]) -> RootCause | None:
    if verdict is not Verdict.ROOT_CAUSE:
        return None
    return RootCause(**candidates[0].model_dump(include=set(RootCause.model_fields)))


def _similar(case: Case, words: str, alert_id: str) -> list[SimilarIncident]:
    scopes = [case.scope, *(one.scope for one in case.suspects[:1])]
    return similar_incidents(case.survey.history, scopes, words, case.window, alert_id)
