"""One alert from the queue to its report: every step is safe to repeat, by this worker or by another."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from worker import deliveries, incidents
from worker.announcing import AnnouncingIncidents, due, enqueue
from worker.conclusion import of_incident
from worker.counts import (
    GAPS,
    INVESTIGATION_SECONDS,
    INVESTIGATIONS,
    REPORT_SECONDS,
    REPORTS,
    Counted,
    Tally,
    Uncounted,
)
from worker.dead_letters import INVESTIGATION, bury_delivery
from worker.deliveries import Post
from worker.domain.alert import Alert, AlertState, Origin
from worker.domain.incident import Incident
from worker.domain.report import Report, report_id_of
from worker.errors import InvestigationError, QueueUnavailable, SpikeTraceError
from worker.missed import KibanaAlerts
from worker.ports import AlertRecord, DeadLetterStore, Inbox, ReportStore
from worker.settle import Measure
from worker.sweep import MeasuredQueue, Narrates, SearchableAlerts
from worker.tracing import span

log = structlog.get_logger(__name__)


class Held(SpikeTraceError):
    """Another worker has the alert and may be alive for `seconds` more."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"another worker holds this alert for up to {seconds:.0f} s")
        self.seconds = seconds


@dataclass(frozen=True)
class Desk:
    """What it takes to work on alerts. `investigate` gets an alert and its id, reads telemetry and stores nothing.

    `measure` tells what an incident that has ended wasted in all; without it nothing is settled. `narrator` writes of
    a report when it is stored and told; without one the template's words are all.
    """

    alerts: SearchableAlerts
    reports: ReportStore
    incidents: AnnouncingIncidents
    dead_letters: DeadLetterStore
    inbox: Inbox
    inbox_index: Inbox
    kibana_alerts: KibanaAlerts
    queue: MeasuredQueue
    post: Post
    investigate: Callable[[Alert, str], Report]
    max_attempts: int
    lease_seconds: float = 15.0
    measure: Measure | None = None
    narrator: Narrates | None = None
    tally: Tally = field(default_factory=Uncounted)


def claim(alert_id: str, owner: str, desk: Desk) -> AlertRecord | None:
    """The alert, ours for `lease_seconds`; None when there is nothing left to do. Raises Held."""
    if record := desk.alerts.claim(alert_id, owner=owner, lease_seconds=desk.lease_seconds):
        return record
    record = desk.alerts.get(alert_id)
    if record and record.state is AlertState.INVESTIGATING and record.lease_until:
        raise Held((record.lease_until - datetime.now(UTC)).total_seconds())
    log.info("nothing to do", action="alert-skipped", alert_id=alert_id, state=record.state if record else "unknown")
    return None


def renew(alert_id: str, owner: str, desk: Desk, *, pause_seconds: float = 0.0) -> None:
    """Prolong the lease, if need be beyond a pause in which nobody is to take the alert for abandoned."""
    if not desk.alerts.renew(alert_id, owner=owner, lease_seconds=pause_seconds + desk.lease_seconds):
        log.warning("the lease is lost: another worker may be on this alert", action="lease-lost", alert_id=alert_id)


def complete(record: AlertRecord, desk: Desk) -> None:
    """Investigate a claimed alert, or pick up what an attempt that broke off has left."""
    alert = _workable(record, desk)
    left = desk.reports.get(report_id_of(record.alert_id))
    report, known, incident = (left, None, None) if left else _write_report(record.alert_id, alert, desk)
    finished = desk.alerts.finish(
        record.alert_id, report_id=report.report_id, incident_id=report.incident_id, known=known
    )
    log.info(
        "reported",
        action="alert-reported",
        alert_id=record.alert_id,
        report_id=report.report_id,
        verdict=report.verdict,
    )
    desk.tally.add(_counted(record, report))
    if report.incident_id:
        _note_recovery(finished, desk)
        _tell(report.incident_id, desk, incident)
    if report.narrative.state == "pending":
        # After all that people wait for; where the broker is away, the sweep finds it.
        with suppress(QueueUnavailable):
            desk.queue.narrate(report.report_id)


def _counted(record: AlertRecord, report: Report) -> list[Counted]:
    took = (datetime.now(UTC) - record.received_at).total_seconds()
    return [
        Counted(INVESTIGATIONS, ("reported",)),
        Counted(REPORTS, (report.verdict, report.severity)),
        Counted(GAPS, amount=len(report.gaps)),
        Counted(REPORT_SECONDS, amount=took),
        Counted(INVESTIGATION_SECONDS, amount=sum(report.timings.values())),
    ]


def _workable(record: AlertRecord, desk: Desk) -> Alert:
    if record.alert is None:
        raise InvestigationError("only the end of this alert ever arrived", retryable=False)
    # Every claim counts: those of attempts that failed, and those whose worker was gone before it could say why.
    if record.attempts > desk.max_attempts:
        raise InvestigationError(f"{desk.max_attempts} attempts ended without a report", retryable=False)
    return record.alert


def _write_report(alert_id: str, alert: Alert, desk: Desk) -> tuple[Report, AlertRecord | None, Incident | None]:
    """The report, and as they were read or written last: the alert's record, and the incident that it joined.

    The incident first: a stored report is not changed any more, and it names its incident.
    """
    found = desk.investigate(alert, alert_id)
    record = desk.alerts.get(alert_id)
    incident = None
    if record is None or record.origin is not Origin.REQUEST:
        found, incident = _with_consequences(found, record, desk)
    with span("write report", report_id=found.report_id, verdict=found.verdict):
        is_first = desk.reports.create(found)
    if is_first:
        return found, record, _joined(incident, found)
    # Somebody else was faster: theirs is the one that people have seen.
    return desk.reports.get(found.report_id) or found, record, None


def _with_consequences(found: Report, record: AlertRecord | None, desk: Desk) -> tuple[Report, Incident | None]:
    """With its incident and a narrative to come. What another agent asked for gets neither.

    No rule would ever end such an incident, and no model is to make people be told of something.
    """
    with span("record incident", alert_id=found.alert_id):
        incident = incidents.record(
            found,
            desk.incidents,
            datetime.now(UTC),
            life=desk.incidents.policy.incidents,
            recovery=incidents.recovery_of(record) if record else None,
        )
    report = of_incident(found, incident)
    if desk.narrator and not report.replay_of:
        report = report.model_copy(update={"narrative": desk.narrator.pending()})
    return report, incident


def _joined(incident: Incident | None, report: Report) -> Incident | None:
    """None for one that the report opened: whom to tell of it was marked in the writing."""
    return incident if incident and incident.report_ids != [report.report_id] else None


def _note_recovery(record: AlertRecord, desk: Desk) -> None:
    """An alert that recovered while it was investigated had no incident yet that its recovery could end."""
    if recovery := incidents.recovery_of(record):
        life = desk.incidents.policy.incidents
        now = datetime.now(UTC)
        incidents.recover(
            record.alert_id, desk.incidents, recovered_at=recovery.at, flapping=recovery.flapping, now=now, life=life
        )


def _tell(incident_id: str, desk: Desk, known: Incident | None) -> None:
    incident = known or desk.incidents.get(incident_id)
    if incident:
        enqueue(incident, due(incident), desk.queue)


def give_up(alert_id: str, desk: Desk, *, reason: str, alert: Alert | None) -> None:
    """A dead letter with the reason, and the alert marked as failed; in that order, so that no failure is silent."""
    payload = alert.model_dump(mode="json") if alert else {}
    desk.dead_letters.put(alert_id, reason=reason, kind=INVESTIGATION, payload=payload)
    desk.alerts.fail(alert_id, reason=reason)
    log.error("given up", action="alert-given-up", alert_id=alert_id, reason=reason)
    desk.tally.add([Counted(INVESTIGATIONS, ("given_up",))])


def give_up_delivery(incident_id: str, report_id: str, destination: str, desk: Desk, *, reason: str) -> None:
    """A dead letter and the receipt, in that order; either may be written already."""
    bury_delivery(incident_id, report_id, destination, reason, reports=desk.reports, letters=desk.dead_letters)
    with suppress(KeyError):
        deliveries.give_up(incident_id, destination, desk.post, reason=reason)
    log.error(
        "a delivery was given up",
        action="delivery-given-up",
        incident_id=incident_id,
        destination=destination,
        reason=reason,
    )
