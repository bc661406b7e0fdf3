"""Which known incidents a rule's alerts would have told of, and how late."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from worker.domain.backtest import Catch, KnownIncident, PastAlert, minutes

# When an incident began is often known only roughly, so an alert shortly before it is taken to be about it.
EARLY = timedelta(minutes=30)


def catch(
    incident: KnownIncident, alerts: Iterable[PastAlert], fields: Sequence[str], meaning: Mapping[str, str]
) -> Catch:
    """`alerts` in the order of time. `fields` are those that the rule groups by, `meaning` says which is what.

    An alert tells of an incident when it begins while the incident lasts, or shortly before and is still on, in its
    scope. One that was on long before calls nobody.
    """
    on_already = None
    for alert in alerts:
        is_over = alert.ended_at is not None and alert.ended_at <= incident.start
        if is_over or alert.started_at > incident.end or not _concerns(incident, alert, fields, meaning):
            continue
        if alert.started_at >= incident.start - EARLY:
            late = minutes(alert.started_at - incident.start)
            return Catch(incident_id=incident.incident_id, is_caught=True, minutes_late=late, instance=alert.instance)
        on_already = alert
    reason = "no alert of its scope began meanwhile"
    if on_already:
        reason = f"its alert of {on_already.instance} was on already since {on_already.started_at:%Y-%m-%d %H:%M} UTC"
    return Catch(incident_id=incident.incident_id, is_caught=False, reason=reason)


def _concerns(incident: KnownIncident, alert: PastAlert, fields: Sequence[str], meaning: Mapping[str, str]) -> bool:
    """Whatever of the scope both name must agree; a rule without groups concerns everything."""
    if not fields:
        return True
    values = dict(zip(fields, alert.instance.split(","), strict=False))
    known = {meaning[name]: value for name, value in values.items() if name in meaning}
    of_incident = {"service": incident.service, "region": incident.region}
    return all(of_incident[name] in {None, value} for name, value in known.items())
