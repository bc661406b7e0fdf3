"""What is known to have happened in a stretch of the past, ours and what others wrote down."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from elasticsearch import Elasticsearch

from worker.domain.backtest import KnownIncident
from worker.domain.window import Window, parse_time
from worker.elastic import elasticsearch_errors
from worker.telemetry.decode import history
from worker.telemetry.profiles import Profile
from worker.telemetry.queries import TIME, between

MOST = 500
# Of an incident that nobody wrote the length of.
ASSUMED_LENGTH = timedelta(hours=1)


def known_incidents(client: Elasticsearch, profile: Profile, window: Window) -> list[KnownIncident]:
    """Those that began in the window, the oldest first; the newest 500. Raises EvidenceUnavailable."""
    if profile.incidents is None:
        return []
    with elasticsearch_errors("reading the incidents that are known"):
        answer = client.search(
            index=profile.incidents.index,
            ignore_unavailable=True,
            query=between(window.start, window.end),
            sort=[{TIME: {"order": "desc", "unmapped_type": "date"}}],
            size=MOST,
            source_excludes=["embedding", "deliveries", "history"],
        )
    return [_incident(hit, window.end) for hit in reversed(history(answer.body))]


def scope_fields(profile: Profile) -> dict[str, str]:
    """What the fields that a rule may group by are: `{"service.name": "service"}`."""
    sources = [source for source in (profile.metrics, profile.logs) if source]
    services = {source.service: "service" for source in sources}
    regions = {source.region: "region" for source in sources if source.region}
    return {**regions, **services}


def _incident(hit: Mapping[str, Any], until: datetime) -> KnownIncident:
    document = hit["_source"]
    start = parse_time(document[TIME])
    end = _end(document, start, until)
    severity = document.get("severity")
    return KnownIncident(
        incident_id=hit["_id"],
        title=document["title"] or document["summary"] or hit["_id"],
        service=document["service"],
        region=document["region"],
        severity=severity if isinstance(severity, str) else None,
        start=start,
        end=end or start + ASSUMED_LENGTH,
        end_is_assumed=end is None,
    )


def _end(document: Mapping[str, Any], start: datetime, until: datetime) -> datetime | None:
    """When it was resolved, or after the minutes that somebody wrote down; one of ours that is open still lasts."""
    length = document.get("duration_minutes")
    if isinstance(length, int | float) and 0 < length < timedelta(days=365) / timedelta(minutes=1):
        return start + timedelta(minutes=length)
    resolved = _moment(document.get("resolved_at"))
    if resolved and resolved > start:
        return resolved
    return until if document["status"] == "open" and document.get("alert_ids") else None


def _moment(value: object) -> datetime | None:
    try:
        return parse_time(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None
