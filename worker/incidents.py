"""The life of an incident: opened by a report, joined by further alerts of its cause, resolved by their recovery.

Every step may be repeated, and taken by several workers at once: what was recorded is not recorded again. The id
of an incident follows from the service to blame, the day and a number, so that of two workers who open one for the
same cause the slower finds the other's in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from worker.causes import cause_key, cause_of, title_of, why_same
from worker.domain.incident import HistoryEntry, Incident, IncidentStatus
from worker.domain.report import CauseKind, Quantity, Report, RootCause, Verdict
from worker.domain.severity import Severity
from worker.ports import IncidentLedger

# Without a recovery an incident would stay open for ever, and a cause that is back a month later is another incident.
JOINED_WITHIN = timedelta(hours=24)


class _NoLongerFits(Exception):
    """Somebody has changed the incident since it was chosen."""


def record(report: Report, store: IncidentLedger, now: datetime) -> Incident | None:
    """The incident the report belongs to, opened or joined; None for a report that is nobody's incident.

    An alert may have recovered while it was investigated: whoever records its report reads the alert again
    afterwards and calls `recover` if it has. Raises EvidenceUnavailable.
    """
    if not _makes_incident(report):
        return None
    if known := store.of_alert(report.alert_id):
        return store.update(known.incident_id, lambda incident: _with_report(incident, report))
    for incident in store.of_cause(cause_key(cause_of(report))):
        if joined := _join(incident, report, store, now):
            return joined
    return _open(report, store, now)


def recover(alert_id: str, store: IncidentLedger, *, recovered_at: datetime, now: datetime) -> Incident | None:
    """The alert's incident, resolved when this was the last of its alerts; None if it belongs to none (yet).

    `recovered_at` is the recovery's own date. Raises EvidenceUnavailable.
    """
    known = store.of_alert(alert_id)
    if known is None:
        return None
    return store.update(known.incident_id, lambda incident: _recovered(incident, alert_id, recovered_at, now))


def _makes_incident(report: Report) -> bool:
    if report.replay_of or report.verdict is Verdict.NOT_CONFIRMED:
        return False
    if report.root_cause and report.root_cause.kind is CauseKind.TRAFFIC:
        return False
    return report.severity.at_least(Severity.MEDIUM)


def _open(report: Report, store: IncidentLedger, now: datetime) -> Incident:
    """Takes the first free number of the day: whoever took it in the same moment is looked at first."""
    for incident_id in _incident_ids(report):
        incident = _opened(incident_id, report, now)
        if store.create(incident):
            return incident
        other = store.get(incident_id)
        if other and (joined := _join(other, report, store, now)):
            return joined
    raise AssertionError("numbers do not end")


def _incident_ids(report: Report) -> Iterator[str]:
    prefix = f"inc-{report.timestamp:%Y%m%d}-{cause_key(cause_of(report))[:8]}"
    number = 0
    while True:
        number += 1
        yield f"{prefix}-{number}"


def _opened(incident_id: str, report: Report, now: datetime) -> Incident:
    cause = cause_of(report)
    incident = Incident(
        incident_id=incident_id,
        timestamp=_began_at(report),
        title=title_of(report),
        summary=report.headline,
        service=cause.service,
        region=cause.region,
        tags=["spiketrace", cause.kind.value],
        severity=report.severity,
        status=IncidentStatus.OPEN,
        cause_key=cause_key(cause),
        root_cause=cause,
        alert_ids=[report.alert_id],
        report_ids=[report.report_id],
        history=[HistoryEntry(at=now, event="opened", reason=f"Alert {report.alert_id}: {report.headline}")],
        last_alert_at=report.timestamp,
    )
    return _with_losses(incident, report)


def _began_at(report: Report) -> datetime:
    onset = report.root_cause.onset if report.root_cause else None
    return onset or report.window.start


def _join(incident: Incident, report: Report, store: IncidentLedger, now: datetime) -> Incident | None:
    if _why_joined(incident, report) is None:
        return None
    try:
        return store.update(incident.incident_id, lambda current: _joined(current, report, now))
    except (_NoLongerFits, KeyError):
        return None


def _why_joined(incident: Incident, report: Report) -> str | None:
    if incident.root_cause is None or not _lasts(incident, report.timestamp):
        return None
    return why_same(incident.root_cause, cause_of(report))


def _lasts(incident: Incident, fired_at: datetime) -> bool:
    """Whether an alert of then belongs to its life. One that fired before the end but comes late does."""
    if incident.status is IncidentStatus.OPEN:
        last_alert_at = incident.last_alert_at or incident.timestamp
        return incident.timestamp - JOINED_WITHIN <= fired_at <= last_alert_at + JOINED_WITHIN
    return incident.resolved_at is not None and incident.timestamp <= fired_at < incident.resolved_at


def _joined(incident: Incident, report: Report, now: datetime) -> Incident:
    reason = _why_joined(incident, report)
    if reason is None:
        raise _NoLongerFits
    if report.alert_id in incident.alert_ids:
        return _with_report(incident, report)
    joined = incident.model_copy(
        update={
            "alert_ids": [*incident.alert_ids, report.alert_id],
            "timestamp": min(incident.timestamp, _began_at(report)),
            "severity": max(incident.severity, report.severity, key=lambda severity: severity.rank),
            "last_alert_at": max(incident.last_alert_at or report.timestamp, report.timestamp),
            "history": [*incident.history, HistoryEntry(at=now, event="joined", reason=_sentence(report, reason))],
        }
    )
    return _with_report(_reopened(_sharpened(joined, report, now), now), report)


def _sentence(report: Report, reason: str) -> str:
    return f"Alert {report.alert_id}: {reason}"


def _sharpened(incident: Incident, report: Report, now: datetime) -> Incident:
    """A first report may not know the cause, a caller's only the service; one that knows the change says most."""
    cause, known = cause_of(report), incident.root_cause
    if _says(cause) <= (_says(known) if known else 0):
        return incident
    named = (
        f"Deployment {cause.deployment_id}" if cause.deployment_id else f"{cause.kind.capitalize()} in {cause.service}"
    )
    learned = HistoryEntry(at=now, event="cause", reason=f"{named} was found to be the cause.")
    return incident.model_copy(
        update={
            "root_cause": cause,
            "region": cause.region,
            "title": title_of(report),
            "summary": report.headline,
            "history": [*incident.history, learned],
        }
    )


def _says(cause: RootCause) -> int:
    """How much a cause says: nothing, where it lies, or which change it is."""
    if cause.kind is CauseKind.UNKNOWN:
        return 0
    return 2 if cause.deployment_id else 1


def _reopened(incident: Incident, now: datetime) -> Incident:
    if incident.status is IncidentStatus.OPEN:
        return incident
    late = HistoryEntry(at=now, event="reopened", reason="The alert fired before the others had recovered.")
    return incident.model_copy(
        update={
            "status": IncidentStatus.OPEN,
            "resolved_at": None,
            "duration_minutes": None,
            "history": [*incident.history, late],
        }
    )


def _with_report(incident: Incident, report: Report) -> Incident:
    if report.report_id in incident.report_ids:
        return incident
    known = incident.model_copy(update={"report_ids": [*incident.report_ids, report.report_id]})
    return _with_losses(known, report)


def _with_losses(incident: Incident, report: Report) -> Incident:
    """The largest of what its reports have measured: their windows overlap, so they are never added up."""
    impact = report.impact
    grams = _larger(incident.wasted_co2_grams, impact.carbon.excess_co2_grams)
    return incident.model_copy(
        update={
            "wasted_co2_grams": grams,
            "wasted_emissions_kg_co2e": None if grams is None else grams / 1000,
            "orders_affected": _larger(incident.orders_affected, impact.business.orders_affected),
            "revenue_lost_usd": _larger(incident.revenue_lost_usd, impact.business.revenue_lost_usd),
        }
    )


def _larger(known: float | None, measured: Quantity | None) -> float | None:
    values = [value for value in (known, measured.likely if measured else None) if value is not None]
    return max(values, default=None)


def _recovered(incident: Incident, alert_id: str, recovered_at: datetime, now: datetime) -> Incident:
    if alert_id in incident.recovered_alert_ids or alert_id not in incident.alert_ids:
        return incident
    entry = HistoryEntry(at=now, event="recovered", reason=f"Alert {alert_id} has recovered.")
    recovered = incident.model_copy(
        update={
            "recovered_alert_ids": [*incident.recovered_alert_ids, alert_id],
            "last_recovered_at": max(incident.last_recovered_at or recovered_at, recovered_at),
            "history": [*incident.history, entry],
        }
    )
    return _resolved_if_over(recovered, now)


def _resolved_if_over(incident: Incident, now: datetime) -> Incident:
    still_active = set(incident.alert_ids) - set(incident.recovered_alert_ids)
    if still_active or incident.status is not IncidentStatus.OPEN or incident.last_recovered_at is None:
        return incident
    length = max(incident.last_recovered_at - incident.timestamp, timedelta())
    over = HistoryEntry(at=now, event="resolved", reason="All of its alerts have recovered.")
    return incident.model_copy(
        update={
            "status": IncidentStatus.RESOLVED,
            "resolved_at": incident.last_recovered_at,
            "duration_minutes": round(length.total_seconds() / 60, 2),
            "history": [*incident.history, over],
        }
    )
