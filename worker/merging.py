"""Incidents that turn out to be one: the newer goes on in the older.

A chain of callers may be heard of from both ends, and two workers may open two incidents in the same moment. Whoever
changes what an incident can be found by looks around afterwards, so of two such writers at least one sees the other's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from worker.causes import why_same
from worker.chains import account_of, why_one
from worker.domain.incident import HistoryEntry, Incident, IncidentStatus
from worker.life import SETTLED, Life, ended, in_kg, is_its_time, larger, learned, noted, quieted, raised, spread
from worker.ports import IncidentLedger

# Others may change the two meanwhile; what is left is merged with the next alert.
MERGE_ROUNDS = 10


class _NoLongerFits(Exception):
    """Somebody has changed the incident since it was chosen."""


def current(incident: Incident, get: Callable[[str], Incident | None]) -> Incident:
    """The one in which it goes on, if it was merged. Merging goes to an older one only, so this ends."""
    while incident.merged_into and (into := get(incident.merged_into)):
        incident = into
    return incident


def gathered(incident: Incident, store: IncidentLedger, now: datetime, life: Life) -> Incident:
    """The incident, or the older one in which it goes on, with all open ones that are known to be the same."""
    for _ in range(MERGE_ROUNDS):
        around = store.concerning(incident.service_keys)
        related = [other for other in around if _why_merged(incident, other, life)]
        if incident.status is not IncidentStatus.OPEN or not related:
            break
        older, newer = sorted((incident, min(related, key=partial(_distance, incident))), key=_age)
        whole = _merge(older, newer, store, now, life)
        incident = whole or current(store.get(incident.incident_id) or incident, store.get)
    return incident


def _age(incident: Incident) -> tuple[datetime, str]:
    """Never changes, so that all workers merge the same way round."""
    return incident.opened_at, incident.incident_id


def _distance(one: Incident, other: Incident) -> tuple[bool, tuple[datetime, str]]:
    """What has the same cause goes before what only suffers from it or explains it."""
    is_direct = one.root_cause and other.root_cause and why_same(one.root_cause, other.root_cause)
    return not is_direct, _age(other)


def _why_merged(one: Incident, other: Incident, life: Life) -> str | None:
    if one.incident_id == other.incident_id or other.status is not IncidentStatus.OPEN:
        return None
    known, further = account_of(one), account_of(other)
    if known is None or further is None:
        return None
    last = [it.last_alert_at or it.timestamp for it in (one, other)]
    if not (is_its_time(one, last[1], life) and is_its_time(other, last[0], life)):
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
        return absorbed(incident, newer, reason, now, life)

    def finished(incident: Incident) -> Incident:
        if incident.merged_into == older.incident_id:
            return incident
        if incident.status is not IncidentStatus.OPEN or not _is_within(incident, whole):
            raise _NoLongerFits
        return merged(incident, whole, reason, now, life)

    reason = _why_merged(older, newer, life) or "Both have the same cause."
    try:
        whole = store.update(older.incident_id, grown)
        store.update(newer.incident_id, finished)
    except (_NoLongerFits, KeyError):
        return None
    return whole


def _is_within(part: Incident, whole: Incident) -> bool:
    return set(part.alert_ids) <= set(whole.alert_ids) and set(part.recovered_alert_ids) <= set(
        whole.recovered_alert_ids
    )


def absorbed(incident: Incident, other: Incident, reason: str, now: datetime, life: Life) -> Incident:
    """With all that `other` knows, which goes on in it."""
    new = [alert_id for alert_id in other.alert_ids if alert_id not in set(incident.alert_ids)]
    ended = [one for one in other.recovered_alert_ids if one not in set(incident.recovered_alert_ids)]
    if not new and not ended:
        return incident
    account = account_of(other)
    assert account is not None
    entry = HistoryEntry(at=now, event="joined", reason=f"{other.incident_id} goes on here: {reason}")
    grown = incident.model_copy(
        update={
            "alert_ids": [*incident.alert_ids, *new],
            "recovered_alert_ids": [*incident.recovered_alert_ids, *ended],
            "report_ids": list(dict.fromkeys([*incident.report_ids, *other.report_ids])),
            "timestamp": min(incident.timestamp, other.timestamp),
            "last_alert_at": max(incident.last_alert_at or other.timestamp, other.last_alert_at or other.timestamp),
            "last_recovered_at": _later(incident.last_recovered_at, other.last_recovered_at),
            "flapping": incident.flapping or other.flapping,
            "resolves_at": None,
            "history": noted(incident.history, entry),
            **_losses_of_both(incident, other),
        }
    )
    whole = learned(grown, account, other.title, other.summary, now)
    return quieted(raised(spread(whole, other.services, other.sufferers, now), other, now), now, life)


def _losses_of_both(one: Incident, other: Incident) -> dict[str, Any]:
    names = ("wasted_co2_grams", "orders_affected", "revenue_lost_usd")
    losses = {name: larger(getattr(one, name), getattr(other, name)) for name in names}
    return {**losses, **in_kg(losses), "business_source": one.business_source or other.business_source}


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((moment for moment in (one, other) if moment), default=None)


def merged(incident: Incident, into: Incident, reason: str, now: datetime, life: Life) -> Incident:
    """Closed, for it goes on elsewhere, where its losses are counted too. Who has not heard of it need not any more."""
    why = f"It goes on as {into.incident_id}: {reason}"
    over = ended(incident, now, why, now, life)
    unheard = {"state": "done", "told": len(over.news), "reason": why}
    deliveries = {
        name: one.model_copy(update=unheard) if not one.told and one.lease_until is None else one
        for name, one in incident.deliveries.items()
    }
    return over.model_copy(
        update={
            "status": IncidentStatus.CLOSED,
            "closes_at": None,
            "merged_into": into.incident_id,
            "deliveries": deliveries,
            "resolved_at": incident.last_alert_at or incident.timestamp,
            "duration_minutes": None,
            **SETTLED,
            "wasted_co2_grams": None,
            "wasted_emissions_kg_co2e": None,
            "orders_affected": None,
            "revenue_lost_usd": None,
            "business_source": None,
        }
    )
