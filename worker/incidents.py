"""The life of an incident: opened by a report, joined by further alerts of its cause, resolved by their recovery.

Every step may be repeated, and taken by several workers at once: what was recorded is not recorded again. The id
of an incident follows from the service to blame, the day and a number, so that of two workers who open one for the
same cause the slower finds the other's in its place. What is known to be one only later, or by two workers in the same
moment, is merged into the one that was opened first: whoever changes what an incident can be found by looks around
afterwards, so of two such writers at least one sees the other's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from worker import life as steps
from worker.causes import cause_key, cause_of, service_key, why_same
from worker.chains import account_of, told_by, why_one
from worker.domain.incident import Incident, IncidentStatus
from worker.domain.report import CauseKind, Report, Verdict
from worker.domain.severity import Severity
from worker.life import Life, Recovery
from worker.ports import AlertRecord, IncidentLedger

# Without a recovery an incident would stay open for ever, and a cause that is back a month later is another incident.
JOINED_WITHIN = timedelta(hours=24)
DEFAULT_LIFE = Life()
# Others may change the two meanwhile; what is left is merged with the next alert.
MERGE_ROUNDS = 10
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
    ended = [recovery] if recovery else []

    def told(incident: Incident) -> Incident:
        return steps.recovered(incident, ended, now, life)

    if known := store.of_alert(report.alert_id):
        whole = _current(known, store)
        kept = store.update(whole.incident_id, lambda incident: told(steps.with_report(incident, report)))
        return _gathered(kept, store, now, life)
    for incident in _candidates(report, store):
        if joined := _join(incident, report, store, now, life, told):
            return joined
    return _open(report, store, now, life, told)


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
    return recover_all(_current(known, store).incident_id, [recovery], store, now=now, life=life)


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
    if _is_its_time(incident, report.timestamp, life):
        return why_one(known, told_by(report))
    return _why_back(incident, report, life)


def _is_its_time(incident: Incident, fired_at: datetime, life: Life) -> bool:
    """Whether an alert of then belongs to its life. One that fired before the end but comes late does."""
    if incident.status is IncidentStatus.CLOSED:
        return False
    if incident.status is IncidentStatus.RESOLVED and incident.resolved_at:
        return incident.timestamp <= fired_at < incident.resolved_at
    if (end := incident.quiet_since) and fired_at > end + life.hold(incident):
        return False
    last_alert_at = incident.last_alert_at or incident.timestamp
    return incident.timestamp - JOINED_WITHIN <= fired_at <= last_alert_at + JOINED_WITHIN


def _why_back(incident: Incident, report: Report, life: Life) -> str | None:
    """Why the alert is a recurrence: the same cause, known both times, so soon that it was not gone."""
    cause, ended = cause_of(report), incident.quiet_since
    if ended is None or incident.root_cause is None or incident.status is IncidentStatus.CLOSED:
        return None
    if not ended <= report.timestamp <= ended + life.reopen_within:
        return None
    if CauseKind.UNKNOWN in (incident.root_cause.kind, cause.kind):
        return None
    return why_same(incident.root_cause, cause)


def _join(
    incident: Incident,
    report: Report,
    store: IncidentLedger,
    now: datetime,
    life: Life,
    told: Callable[[Incident], Incident],
) -> Incident | None:
    """None if it does not belong there. `told` adds what is known of the alert's recovery."""
    if _why_joined(incident, report, life) is None:
        return None
    try:
        after = store.update(incident.incident_id, lambda current: told(_joined(current, report, now, life, told)))
    except (_NoLongerFits, KeyError):
        return None
    if _is_found_as_before(incident, after):
        return after
    return _gathered(after, store, now, life)


def _joined(
    incident: Incident, report: Report, now: datetime, life: Life, told: Callable[[Incident], Incident]
) -> Incident:
    reason = _why_joined(incident, report, life)
    if reason is None:
        raise _NoLongerFits
    if report.alert_id in incident.alert_ids:
        return steps.with_report(incident, report)
    after = steps.joined(incident, report, reason, now)
    ended = incident.resolved_at
    if incident.status is IncidentStatus.OPEN or ended is None:
        return after
    if report.timestamp >= ended:
        minutes = (report.timestamp - ended).total_seconds() / 60
        return steps.reopened(after, f"It is back {minutes:.0f} min after its end. {reason}", now)
    # One of before the end that is over itself changes no more than when the end was.
    return after if not told(after).still_active else steps.reopened(after, LATE, now)


def _is_found_as_before(before: Incident, after: Incident) -> bool:
    return (before.service_keys, before.root_cause, before.status) == (
        after.service_keys,
        after.root_cause,
        after.status,
    )


def _current(incident: Incident, store: IncidentLedger) -> Incident:
    """The one in which it goes on, if it was merged. Merging goes to an older one only, so this ends."""
    while incident.merged_into and (into := store.get(incident.merged_into)):
        incident = into
    return incident


# --- a new one


def _open(
    report: Report, store: IncidentLedger, now: datetime, life: Life, told: Callable[[Incident], Incident]
) -> Incident:
    """Takes the first free number of the day: whoever took it in the same moment is looked at first."""
    for incident_id in _incident_ids(report):
        incident = told(steps.opened(incident_id, report, now))
        if store.create(incident):
            return _gathered(incident, store, now, life)
        other = store.get(incident_id)
        if other and (joined := _join(other, report, store, now, life, told)):
            return joined
    raise AssertionError("numbers do not end")


def _incident_ids(report: Report) -> Iterator[str]:
    prefix = f"inc-{report.timestamp:%Y%m%d}-{cause_key(cause_of(report))[:8]}"
    number = 0
    while True:
        number += 1
        yield f"{prefix}-{number}"


# --- two that turn out to be one


def _gathered(incident: Incident, store: IncidentLedger, now: datetime, life: Life) -> Incident:
    """The incident, or the older one in which it goes on, with all open ones that are known to be the same."""
    for _ in range(MERGE_ROUNDS):
        around = store.concerning(incident.service_keys)
        related = [other for other in around if _why_merged(incident, other, life)]
        if incident.status is not IncidentStatus.OPEN or not related:
            break
        older, newer = sorted((incident, min(related, key=_age)), key=_age)
        whole = _merge(older, newer, store, now, life)
        incident = whole or _current(store.get(incident.incident_id) or incident, store)
    return incident


def _age(incident: Incident) -> tuple[datetime, str]:
    """Never changes, so that all workers merge the same way round."""
    return incident.opened_at, incident.incident_id


def _why_merged(one: Incident, other: Incident, life: Life) -> str | None:
    if one.incident_id == other.incident_id or other.status is not IncidentStatus.OPEN:
        return None
    known, further = account_of(one), account_of(other)
    if known is None or further is None:
        return None
    last = [it.last_alert_at or it.timestamp for it in (one, other)]
    if not (_is_its_time(one, last[1], life) and _is_its_time(other, last[0], life)):
        return None
    return why_one(known, further)


def _merge(older: Incident, newer: Incident, store: IncidentLedger, now: datetime, life: Life) -> Incident | None:
    """The older one, in which both go on; None if one of them is no longer open, or another one by now.

    The newer is closed only when all that it holds is in the older, so nothing is lost wherever this breaks off.
    """

    def grown(incident: Incident) -> Incident:
        reason = _why_merged(newer, incident, life)
        if reason is None:
            raise _NoLongerFits
        return steps.absorbed(incident, newer, reason, now, life)

    def ended(incident: Incident) -> Incident:
        if incident.merged_into == older.incident_id:
            return incident
        if incident.status is not IncidentStatus.OPEN or not _is_within(incident, whole):
            raise _NoLongerFits
        return steps.merged(incident, whole, reason, now, life)

    reason = _why_merged(older, newer, life) or "Both have the same cause."
    try:
        whole = store.update(older.incident_id, grown)
        store.update(newer.incident_id, ended)
    except (_NoLongerFits, KeyError):
        return None
    return whole


def _is_within(part: Incident, whole: Incident) -> bool:
    return set(part.alert_ids) <= set(whole.alert_ids) and set(part.recovered_alert_ids) <= set(
        whole.recovered_alert_ids
    )
