"""The life of an incident: opened by a report, joined by further alerts of its cause, resolved by their recovery.

Every step may be repeated, and taken by several workers at once: what was recorded is not recorded again. The id
of an incident follows from the service to blame, the day and a number, so that of two workers who open one for the
same cause the slower finds the other's in its place. What turns out to be one only later is merged (`worker.merging`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from worker import life as steps
from worker.causes import cause_key, cause_of, service_key, why_same
from worker.chains import account_of, told_by, why_one
from worker.domain.alert import QUESTION_RULE
from worker.domain.incident import Incident, IncidentStatus
from worker.domain.report import CauseKind, Report, Verdict
from worker.domain.severity import Severity
from worker.life import Life, Recovery
from worker.merging import current, gathered
from worker.ports import AlertRecord, IncidentLedger

DEFAULT_LIFE = Life()
LATE = "The alert fired before the others had recovered."


class _NoLongerFits(Exception):
    """Somebody has changed the incident since it was chosen."""


def record(
    report: Report,
    store: IncidentLedger,
    now: datetime,
    *,
    life: Life = DEFAULT_LIFE,
    recovery: Recovery | None = None,
) -> Incident | None:
    """The incident the report belongs to, opened or joined; None for a report that is nobody's incident.

    An alert may have recovered while it was investigated (`recovery`), or recover now: whoever records its report
    reads the alert again afterwards and calls `recover` if it has. Raises EvidenceUnavailable.
    """
    if why_no_incident(report) is not None:
        return None
    recording = Recording(report, [recovery] if recovery else [], now, life)
    if known := store.of_alert(report.alert_id):
        kept = store.update(current(known, store.get).incident_id, recording.again)
        return gathered(kept, store, now, life)
    for incident in _candidates(report, store):
        if joined := _join(incident, recording, store):
            return joined
    return _open(recording, store)


def recover(
    alert_id: str,
    store: IncidentLedger,
    *,
    recovered_at: datetime,
    now: datetime,
    life: Life = DEFAULT_LIFE,
    flapping: bool = False,
) -> Incident | None:
    """The alert's incident, which is resolved a while after the last of its alerts; None if it belongs to none (yet).

    `recovered_at` is the recovery's own date. Raises EvidenceUnavailable.
    """
    known = store.of_alert(alert_id, surely=True)
    if known is None:
        return None
    recovery = Recovery(alert_id=alert_id, at=recovered_at, flapping=flapping)
    return recover_all(current(known, store.get).incident_id, [recovery], store, now=now, life=life)


def recover_all(
    incident_id: str, recoveries: Iterable[Recovery], store: IncidentLedger, *, now: datetime, life: Life = DEFAULT_LIFE
) -> Incident:
    """Alerts of one incident have recovered. Raises KeyError and EvidenceUnavailable."""
    ended = list(recoveries)
    return store.update(incident_id, lambda incident: steps.recovered(incident, ended, now, life))


def recovery_of(record: AlertRecord) -> Recovery | None:
    if record.recovered_at is None:
        return None
    flapping = bool(record.alert and record.alert.flapping)
    return Recovery(alert_id=record.alert_id, at=record.recovered_at, flapping=flapping)


def why_no_incident(report: Report) -> str | None:
    """Why the report is only kept: what was not confirmed, is nobody's fault or was replayed is nobody's incident."""
    if report.replay_of:
        return "it was replayed"
    if report.verdict is Verdict.NOT_CONFIRMED:
        return "the spike was not confirmed"
    if report.root_cause and report.root_cause.kind is CauseKind.TRAFFIC:
        return "it is demand, and nothing is broken"
    if not report.severity.at_least(Severity.MEDIUM):
        return f"its severity is {report.severity}"
    return None


# --- which incident a report belongs to


def _candidates(report: Report, store: IncidentLedger) -> list[Incident]:
    """Those that concern the service to blame or the one that raised the alert; the likeliest first."""
    services = {cause_of(report).service, report.service or cause_of(report).service}
    found = store.concerning(sorted(map(service_key, services)))
    cause = cause_of(report)

    def distance(incident: Incident) -> tuple[bool, bool, timedelta]:
        indirect = incident.root_cause is None or why_same(incident.root_cause, cause) is None
        since = abs(report.timestamp - (incident.last_alert_at or incident.timestamp))
        return incident.status is not IncidentStatus.OPEN, indirect, since

    return sorted(found, key=distance)


def _why_joined(incident: Incident, report: Report, life: Life) -> str | None:
    known = account_of(incident)
    if known is None:
        return None
    if steps.is_its_time(incident, report.timestamp, life):
        return why_one(known, told_by(report))
    return _why_back(incident, report, life)


def _why_back(incident: Incident, report: Report, life: Life) -> str | None:
    """Why the alert is a recurrence: the same cause, known both times, so soon that it was not gone."""
    cause, ended = cause_of(report), incident.quiet_since
    if ended is None or incident.root_cause is None or incident.status is IncidentStatus.CLOSED:
        return None
    if _is_asked_about(report) and incident.status is not IncidentStatus.OPEN:
        return None
    if not ended <= report.timestamp <= ended + life.reopen_within:
        return None
    if CauseKind.UNKNOWN in (incident.root_cause.kind, cause.kind):
        return None
    return why_same(incident.root_cause, cause)


def _is_asked_about(report: Report) -> bool:
    """Whether a yes to an answer handed its alert in: it is about what was, and is no sign that anything is back."""
    return report.alert.rule_id == QUESTION_RULE


@dataclass(frozen=True)
class Recording:
    """A report on its way into an incident, with what is known of its alert's recovery."""

    report: Report
    recoveries: Sequence[Recovery]
    now: datetime
    life: Life

    def opening(self, incident_id: str) -> Incident:
        return self._recovered(steps.opened(incident_id, self.report, self.now))

    def again(self, incident: Incident) -> Incident:
        """The incident that has the alert already."""
        return self._recovered(steps.with_report(incident, self.report))

    def joined(self, incident: Incident) -> Incident:
        """Raises _NoLongerFits."""
        reason = _why_joined(incident, self.report, self.life)
        if reason is None:
            raise _NoLongerFits
        if self.report.alert_id in incident.alert_ids:
            return self.again(incident)
        after = steps.joined(incident, self.report, reason, self.now)
        if _is_asked_about(self.report):
            return steps.recovered(after, [self._over()], self.now, self.life)
        if incident.status is not IncidentStatus.OPEN and (why := self._why_reopened(incident, after, reason)):
            after = steps.reopened(after, why, self.now)
        return self._recovered(after)

    def _over(self) -> Recovery:
        """Where other alerts tell of an incident's end, one that no rule will end must not keep it open."""
        return Recovery(alert_id=self.report.alert_id, at=self.report.timestamp)

    def _recovered(self, incident: Incident) -> Incident:
        return steps.recovered(incident, self.recoveries, self.now, self.life)

    def _why_reopened(self, before: Incident, after: Incident, reason: str) -> str | None:
        """None where the alert is of before the end and over itself: then only the end may be another."""
        fired_at, ended = self.report.timestamp, before.resolved_at
        if ended is None or fired_at < ended:
            return LATE if self._recovered(after).still_active else None
        return f"It is back {(fired_at - ended).total_seconds() / 60:.0f} min after its end. {reason}"


def _join(incident: Incident, recording: Recording, store: IncidentLedger) -> Incident | None:
    """None if it does not belong there."""
    if _why_joined(incident, recording.report, recording.life) is None:
        return None
    try:
        after = store.update(incident.incident_id, recording.joined)
    except (_NoLongerFits, KeyError):
        return None
    if _is_found_as_before(incident, after):
        return after
    return gathered(after, store, recording.now, recording.life)


def _is_found_as_before(before: Incident, after: Incident) -> bool:
    return (before.service_keys, before.root_cause, before.status) == (
        after.service_keys,
        after.root_cause,
        after.status,
    )


# --- a new one


def _open(recording: Recording, store: IncidentLedger) -> Incident:
    """Takes the first free number of the day: whoever took it in the same moment is looked at first."""
    for incident_id in _incident_ids(recording.report):
        incident = recording.opening(incident_id)
        if store.create(incident):
            return gathered(incident, store, recording.now, recording.life)
        other = store.get(incident_id)
        if other and (joined := _join(other, recording, store)):
            return joined
    raise AssertionError("numbers do not end")


def _incident_ids(report: Report) -> Iterator[str]:
    prefix = f"inc-{report.timestamp:%Y%m%d}-{cause_key(cause_of(report))[:8]}"
    number = 0
    while True:
        number += 1
        yield f"{prefix}-{number}"
