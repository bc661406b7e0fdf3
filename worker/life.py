"""The steps of an incident's life, on the incident alone: each gives the incident as it is afterwards.

    open ──(its last alert has recovered, and nothing came for a while)──▶ resolved ──(a while later)──▶ closed
      ▲                                                                        │
      └──────(the cause is back, or an alert of before the end comes late)─────┘

`now` is the clock at the writing. Whoever stores an incident says when each step is taken (`worker.incidents`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict

from worker.causes import cause_key, cause_of, service_key, title_of
from worker.chains import Account, account_of, began_at, is_deeper, told_by
from worker.domain.durations import Duration, say_duration
from worker.domain.incident import HistoryEntry, Incident, IncidentStatus, Sufferer
from worker.domain.report import CauseKind, Quantity, Report, RootCause

# Without a recovery an incident would stay open for ever, and a cause that is back a month later is another incident.
JOINED_WITHIN = timedelta(hours=24)
# Further ones of a kind that nobody has to be told of are counted in one entry: a storm must not make a document grow
# with the square of its alerts.
MOST_SINGLY = 100
# What is measured again when an incident ends again.
SETTLED: dict[str, Any] = {
    "wasted_co2": None,
    "orders": None,
    "revenue_usd": None,
    "requests_failed": None,
    "settled_until": None,
}


class Life(BaseModel):
    """How long an incident waits: before it is resolved, and for a recurrence before it is closed.

    An alert that Kibana calls flapping holds it up for longer. What design promises, an end within two minutes of the
    last recovery, holds with the defaults.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    resolve_after: Duration = timedelta(seconds=60)
    resolve_after_flapping: Duration = timedelta(seconds=100)
    reopen_within: Duration = timedelta(minutes=30)

    def hold(self, incident: Incident) -> timedelta:
        return max(self.resolve_after, self.resolve_after_flapping) if incident.flapping else self.resolve_after


class Recovery(BaseModel):
    """`at` is the recovery's own time. `flapping`: Kibana says that the alert comes and goes."""

    alert_id: str
    at: datetime
    flapping: bool = False


# --- from the first alert on


def opened(incident_id: str, report: Report, now: datetime) -> Incident:
    told = told_by(report)
    entry = HistoryEntry(at=now, event="opened", reason=f"Alert {report.alert_id}: {report.headline}")
    incident = Incident(
        incident_id=incident_id,
        timestamp=began_at(report),
        severity=report.severity,
        status=IncidentStatus.OPEN,
        alert_ids=[report.alert_id],
        report_ids=[report.report_id],
        services=[report.service] if report.service else [],
        sufferers=list(told.sufferers),
        history=[entry],
        last_alert_at=report.timestamp,
        **_naming(cause_of(report), title_of(report), report.headline),
    )
    return with_losses(_with_keys(incident), report)


def _naming(cause: RootCause, title: str, summary: str) -> dict[str, Any]:
    """What follows from the cause, and is said anew when another is found."""
    return {
        "title": title,
        "summary": summary,
        "service": cause.service,
        "region": cause.region,
        "tags": ["spiketrace", cause.kind.value],
        "cause_key": cause_key(cause),
        "root_cause": cause,
    }


def _with_keys(incident: Incident) -> Incident:
    services = {incident.service, *incident.services, *(one.service for one in incident.sufferers)}
    return incident.model_copy(update={"service_keys": sorted(service_key(service) for service in services)})


def joined(incident: Incident, report: Report, reason: str, now: datetime) -> Incident:
    """With a further alert, and all that its report says beyond what was known."""
    entry = HistoryEntry(at=now, event="joined", reason=f"Alert {report.alert_id}: {reason}")
    grown = incident.model_copy(
        update={
            "alert_ids": [*incident.alert_ids, report.alert_id],
            "timestamp": min(incident.timestamp, began_at(report)),
            "last_alert_at": max(incident.last_alert_at or report.timestamp, report.timestamp),
            "resolves_at": None,
            "history": noted(incident.history, entry),
        }
    )
    told, services = told_by(report), [report.service] if report.service else []
    wiser = learned(grown, told, title_of(report), report.headline, now)
    return with_report(raised(spread(wiser, services, told.sufferers, now), report, now), report)


def with_report(incident: Incident, report: Report) -> Incident:
    if report.report_id in incident.report_ids:
        return incident
    known = incident.model_copy(update={"report_ids": [*incident.report_ids, report.report_id]})
    return with_losses(known, report)


def with_losses(incident: Incident, report: Report) -> Incident:
    """The largest of what its reports have measured: their windows overlap, so they are never added up."""
    impact = report.impact
    losses = {
        "wasted_co2_grams": larger(incident.wasted_co2_grams, _likely(impact.carbon.excess_co2_grams)),
        "orders_affected": larger(incident.orders_affected, _likely(impact.business.orders_affected)),
        "revenue_lost_usd": larger(incident.revenue_lost_usd, _likely(impact.business.revenue_lost_usd)),
    }
    source = incident.business_source or impact.business.source
    return incident.model_copy(update={**losses, **in_kg(losses), "business_source": source})


def _likely(measured: Quantity | None) -> float | None:
    return measured.likely if measured else None


def larger(*values: float | None) -> float | None:
    return max((value for value in values if value is not None), default=None)


def in_kg(losses: dict[str, float | None]) -> dict[str, float | None]:
    grams = losses["wasted_co2_grams"]
    return {"wasted_emissions_kg_co2e": None if grams is None else grams / 1000}


def is_its_time(incident: Incident, fired_at: datetime, life: Life) -> bool:
    """Whether an alert of then belongs to its life. One that fired before the end but comes late does."""
    if incident.status is IncidentStatus.CLOSED:
        return False
    if incident.status is IncidentStatus.RESOLVED and incident.resolved_at:
        return incident.timestamp <= fired_at < incident.resolved_at
    if (end := incident.quiet_since) and fired_at > end + life.hold(incident):
        return False
    last_alert_at = incident.last_alert_at or incident.timestamp
    return incident.timestamp - JOINED_WITHIN <= fired_at <= last_alert_at + JOINED_WITHIN


# --- what a further alert may add


def learned(incident: Incident, told: Account, title: str, summary: str, now: datetime) -> Incident:
    """A first report may not know the cause, a caller's only where it lies; one that knows the change says most."""
    known, cause = account_of(incident), told.cause
    if known and not is_deeper(told, known):
        return incident
    entry = HistoryEntry(
        at=now,
        event="cause",
        reason=f"{_named(cause)} was found to be the cause.",
        was={"title": incident.title, "summary": incident.summary},
    )
    wiser = incident.model_copy(update={**_naming(cause, title, summary), "history": noted(incident.history, entry)})
    return _with_keys(wiser)


def _named(cause: RootCause) -> str:
    if cause.deployment_id:
        return f"Deployment {cause.deployment_id}"
    if cause.kind is CauseKind.DEPENDENCY:
        return f"Trouble in {cause.service}"
    return f"{cause.kind.capitalize()} in {cause.service}"


def spread(incident: Incident, services: Iterable[str], sufferers: Iterable[Sufferer], now: datetime) -> Incident:
    """Services that raise their first alert here are news, but the one to blame, which was named already."""
    new = [service for service in services if service not in incident.services]
    known = {(one.service, one.region) for one in incident.sufferers}
    further = [one for one in sufferers if (one.service, one.region) not in known]
    if not new and not further:
        return incident
    history = incident.history
    for service in new:
        if service != incident.service:
            reason = f"{service} is in trouble too: {', '.join([*incident.services, service])} so far."
            history = noted(history, HistoryEntry(at=now, event="spread", reason=reason))
    update = {
        "services": [*incident.services, *new],
        "sufferers": [*incident.sufferers, *further],
        "history": history,
    }
    return _with_keys(incident.model_copy(update=update))


def raised(incident: Incident, by: Report | Incident, now: datetime) -> Incident:
    if incident.severity.at_least(by.severity):
        return incident
    reason = f"It was {incident.severity} and is {by.severity}."
    if isinstance(by, Report) and by.severity_reasons:
        reason = f"{reason} {by.severity_reasons[0]}"
    entry = HistoryEntry(at=now, event="severity", reason=reason)
    return incident.model_copy(update={"severity": by.severity, "history": noted(incident.history, entry)})


# --- towards its end, and back


def recovered(incident: Incident, recoveries: Iterable[Recovery], now: datetime, life: Life) -> Incident:
    """Alerts of it have recovered. With the last one the time begins after which it is resolved."""
    new = {one.alert_id: one for one in recoveries if one.alert_id in incident.still_active}
    if not new or incident.status is IncidentStatus.CLOSED:
        return incident
    history = incident.history
    for alert_id in new:
        entry = HistoryEntry(at=now, event="recovered", reason=f"Alert {alert_id} has recovered.")
        history = noted(history, entry)
    last = max(one.at for one in new.values())
    changed = incident.model_copy(
        update={
            "recovered_alert_ids": [*incident.recovered_alert_ids, *new],
            "last_recovered_at": max(incident.last_recovered_at or last, last),
            "flapping": incident.flapping or any(one.flapping for one in new.values()),
            "history": history,
        }
    )
    if changed.status is IncidentStatus.RESOLVED:
        return _until(changed, max(changed.resolved_at or last, last))
    return resolved_if_due(quieted(changed, now, life), now, life)


def quieted(incident: Incident, now: datetime, life: Life) -> Incident:
    """With the time at which it is resolved unless an alert comes, if none of its alerts is active."""
    if incident.status is not IncidentStatus.OPEN or incident.still_active or incident.last_recovered_at is None:
        return incident
    return incident.model_copy(update={"resolves_at": now + life.hold(incident)})


def resolved_if_due(incident: Incident, now: datetime, life: Life) -> Incident:
    if incident.status is not IncidentStatus.OPEN or incident.resolves_at is None or now < incident.resolves_at:
        return incident
    assert incident.last_recovered_at is not None
    return ended(incident, incident.last_recovered_at, "All of its alerts have recovered.", now, life)


def ended(incident: Incident, at: datetime, reason: str, now: datetime, life: Life) -> Incident:
    return _until(incident, at).model_copy(
        update={
            "status": IncidentStatus.RESOLVED,
            "resolves_at": None,
            "closes_at": now + life.reopen_within,
            "history": noted(incident.history, HistoryEntry(at=now, event="resolved", reason=reason)),
        }
    )


def _until(incident: Incident, end: datetime) -> Incident:
    length = max(end - incident.timestamp, timedelta())
    return incident.model_copy(update={"resolved_at": end, "duration_minutes": round(length.total_seconds() / 60, 2)})


def reopened(incident: Incident, reason: str, now: datetime) -> Incident:
    return incident.model_copy(
        update={
            "status": IncidentStatus.OPEN,
            "resolved_at": None,
            "duration_minutes": None,
            "closes_at": None,
            **SETTLED,
            "history": noted(incident.history, _reopening(incident, reason, now)),
        }
    )


def _reopening(incident: Incident, reason: str, now: datetime) -> HistoryEntry:
    lasted = incident.duration_minutes
    was = {} if lasted is None else {"duration_minutes": f"{lasted:g}"}
    return HistoryEntry(at=now, event="reopened", reason=reason, was=was)


def closed(incident: Incident, reason: str, now: datetime, life: Life, *, resolution: str = "") -> Incident:
    """For good. One that is still open ends with it. `resolution` is what helped, for whoever meets the like again."""
    if incident.status is IncidentStatus.CLOSED:
        return incident
    if incident.status is IncidentStatus.OPEN:
        incident = ended(incident, max(now, incident.timestamp), reason, now, life)
    entry = HistoryEntry(at=now, event="closed", reason=reason, was={"resolution": ""} if resolution else {})
    return incident.model_copy(
        update={
            "status": IncidentStatus.CLOSED,
            "resolution": resolution or incident.resolution,
            "closes_at": None,
            "history": noted(incident.history, entry),
        }
    )


def closed_if_over(incident: Incident, now: datetime, life: Life, *, settles: bool) -> Incident:
    """Closed if it did not come back in time. `settles`: not before its losses were settled."""
    ended = incident.resolved_at
    if incident.status is not IncidentStatus.RESOLVED or ended is None:
        return incident
    if settles and incident.settled_until != ended:
        return incident
    if now < (incident.closes_at or ended + life.reopen_within):
        return incident
    return closed(incident, f"It did not come back within {say_duration(life.reopen_within)} of its end.", now, life)


# --- history


def noted(history: list[HistoryEntry], entry: HistoryEntry) -> list[HistoryEntry]:
    """With one entry more; of a kind that is no news and has come often, counted in the last of its kind."""
    if entry.event not in ("joined", "recovered"):
        return [*history, entry]
    alike = [position for position, known in enumerate(history) if known.event == entry.event]
    if len(alike) < MOST_SINGLY:
        return [*history, entry]
    last = history[alike[-1]]
    count = last.count + 1
    reason = f"{count} more, the last: {entry.reason}"
    counted = entry.model_copy(update={"count": count, "reason": reason})
    return [*history[: alike[-1]], *history[alike[-1] + 1 :], counted]
