"""Which known incidents a rule's alerts would have told of, and how late."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from worker.domain.backtest import Catch, KnownIncident, PastAlert, minutes

# When an incident began is often known only roughly, so an alert shortly before it is taken to be about it.
EARLY = timedelta(minutes=30)


def catch(
    incident: KnownIncident, alerts: Sequence[PastAlert], fields: Sequence[str], meaning: Mapping[str, str]
) -> Catch:
    """`alerts` in the order of time. `fields` are those that the rule groups by, `meaning` says which is what.

    An alert tells of an incident when it begins while the incident lasts, or shortly before and is still on, in its
    scope. One that was on long before calls nobody.
    """
    first = bisect_left(alerts, incident.start - EARLY, key=_began)
    last = bisect_right(alerts, incident.end, key=_began)
    for alert in alerts[first:last]:
        if _is_on(alert, incident) and _concerns(incident, alert, fields, meaning):
            late = minutes(alert.started_at - incident.start)
            return Catch(incident_id=incident.incident_id, is_caught=True, minutes_late=late, instance=alert.instance)
    before = (alert for alert in reversed(alerts[:first]) if _is_on(alert, incident))
    on_already = next((alert for alert in before if _concerns(incident, alert, fields, meaning)), None)
    return Catch(incident_id=incident.incident_id, is_caught=False, reason=_why_not(on_already))


def _why_not(on_already: PastAlert | None) -> str:
    if on_already is None:
        return "no alert of its scope began meanwhile"
    return f"its alert of {on_already.instance} was on already since {on_already.started_at:%Y-%m-%d %H:%M} UTC"


def _began(alert: PastAlert) -> datetime:
    return alert.started_at


def _is_on(alert: PastAlert, incident: KnownIncident) -> bool:
    """When the incident begins, or later."""
    return alert.ended_at is None or alert.ended_at > incident.start


def _concerns(incident: KnownIncident, alert: PastAlert, fields: Sequence[str], meaning: Mapping[str, str]) -> bool:
    """Whatever of the scope both name must agree; a rule without groups concerns everything."""
    if not fields:
        return True
    values = dict(zip(fields, alert.instance.split(","), strict=False))
    known = {meaning[name]: value for name, value in values.items() if name in meaning}
    of_incident = {"service": incident.service, "region": incident.region}
    return all(of_incident[name] in {None, value} for name, value in known.items())
