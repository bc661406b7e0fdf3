"""An incident as events of PagerDuty's common format (https://support.pagerduty.com/docs/pd-cef)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from worker.delivery.words import course, cut, impact_in_a_line, opening, report_url, uncited
from worker.domain.incident import Incident
from worker.domain.notice import Notice
from worker.domain.report import Report
from worker.domain.severity import Severity
from worker.domain.text import one_line
from worker.domain.wording import cause_in_words, confidence_in_words, scope_in_words

Json = dict[str, Any]

SEVERITIES = {
    Severity.LOW: "info",
    Severity.MEDIUM: "warning",
    Severity.HIGH: "error",
    Severity.CRITICAL: "critical",
}
# Of an incident that was over before anybody could be told, nobody has to be woken: services that take the urgency
# from the severity stay quiet.
SEVERITY_OF_THE_PAST = "info"
LONGEST_SUMMARY = 1024
LONGEST_NAME = 255
LONGEST_DETAIL = 1000
MOST_RECOMMENDATIONS = 3


def trigger(notice: Notice, *, public_url: str) -> Json:
    """Opens the incident's alert, or adds to its log while it is open. A repetition says the same again."""
    incident, report = notice.incident, notice.report
    page = report_url(public_url, report)
    return {
        "event_action": "trigger",
        "dedup_key": incident.incident_id,
        "payload": {
            "summary": cut(opening(incident), LONGEST_SUMMARY),
            "source": _source(incident),
            "severity": SEVERITY_OF_THE_PAST if notice.is_over else SEVERITIES[incident.severity],
            "timestamp": incident.timestamp.isoformat(),
            **_where(incident),
            "custom_details": dict(_details(notice)),
        },
        "client": "SpikeTrace",
        "client_url": page,
        "links": [{"href": page, "text": "The whole report"}, *_tickets(incident)],
    }


def resolve(incident: Incident) -> Json:
    return {"event_action": "resolve", "dedup_key": incident.incident_id}


def _source(incident: Incident) -> str:
    return cut(scope_in_words(incident.service, incident.region), LONGEST_NAME)


def _where(incident: Incident) -> Json:
    """Component, group and class, of what is known."""
    known = {
        "component": incident.service,
        "group": incident.region,
        "class": incident.root_cause.kind.value if incident.root_cause else None,
    }
    return {name: cut(one_line(value), LONGEST_NAME) for name, value in known.items() if value and value.strip()}


def _details(notice: Notice) -> Iterator[tuple[str, Any]]:
    incident, report = notice.incident, notice.report
    yield "what happened", _short(report.headline)
    yield "impact", _short(impact_in_a_line(report.impact))
    yield from _cause(incident, report)
    if recommendations := [_short(uncited(text)) for text in report.sections.recommendations[:MOST_RECOMMENDATIONS]]:
        yield "recommendations", recommendations
    yield "course", [_short(sentence) for sentence in course(notice)]
    yield "alerts", len(incident.alert_ids)
    yield "incident", incident.incident_id
    yield "revision", notice.revision


def _cause(incident: Incident, report: Report) -> Iterator[tuple[str, str]]:
    if incident.root_cause:
        yield "likely cause", _short(cause_in_words(incident.root_cause))
    if report.confidence is not None:
        yield "confidence", confidence_in_words(report.confidence)


def _tickets(incident: Incident) -> list[Json]:
    """What other destinations have made of the incident and can be opened."""
    return [
        {"href": delivery.url, "text": cut(one_line(f"{name}: {delivery.vendor_id or 'open'}"), LONGEST_NAME)}
        for name, delivery in sorted(incident.deliveries.items())
        if delivery.url and name != "pagerduty"
    ]


def _short(text: str) -> str:
    return cut(one_line(text[: 10 * LONGEST_DETAIL]), LONGEST_DETAIL)
