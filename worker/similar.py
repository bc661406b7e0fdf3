"""Past incidents that resemble a case: same service, same region, same words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from worker.domain.report import SimilarIncident
from worker.domain.telemetry import Scope
from worker.domain.window import Window, parse_time

MOST = 5
LEAST_SCORE = 2.0
# Of another service only what happened in the same region in the same words.
LEAST_SCORE_ELSEWHERE = 2.5


def similar_incidents(
    history: Sequence[dict[str, Any]], scopes: Iterable[Scope], words: str, window: Window, alert_id: str
) -> list[SimilarIncident]:
    """The likest first; those of this very window are not past, and an alert's own incident is not similar to it."""
    wanted, services = _words(words), {scope.service for scope in scopes if scope.service}
    regions = {scope.region for scope in scopes if scope.region}
    scored = []
    for hit in history:
        document = hit["_source"]
        if alert_id in (document.get("alert_ids") or []) or parse_time(str(document["@timestamp"])) >= window.start:
            continue
        score, why = _likeness(document, services, regions, wanted)
        if score >= (LEAST_SCORE if document.get("service") in services else LEAST_SCORE_ELSEWHERE):
            scored.append((score, _similar(hit, why)))
    return [one for _, one in sorted(scored, key=lambda pair: (-pair[0], -pair[1].at.timestamp()))[:MOST]]


def _words(text: str) -> set[str]:
    """Words of four letters or more, singular; `PoolTimeout` is two."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return {word.removesuffix("s") for word in re.findall(r"[a-z0-9]{4,}", parted.lower())}


def _likeness(document: dict[str, Any], services: set[str], regions: set[str], wanted: set[str]) -> tuple[float, str]:
    score, why = 0.0, []
    if document.get("service") in services:
        score += 2
        why.append("same service")
    if document.get("region") in regions:
        score += 1
        why.append("same region")
    text = f"{document.get('title', '')} {document.get('summary', '')} {' '.join(map(str, document.get('tags') or []))}"
    shared = sorted(wanted & _words(text))
    if shared:
        score += min(2.0, 0.5 * len(shared))
        why.append(f"same words: {', '.join(shared[:4])}")
    return score, "; ".join(why)


def _similar(hit: dict[str, Any], why: str) -> SimilarIncident:
    document = hit["_source"]
    return SimilarIncident(
        id=str(hit["_id"]),
        title=str(document.get("title") or hit["_id"]),
        at=parse_time(str(document["@timestamp"])),
        service=document.get("service"),
        region=document.get("region"),
        status=document.get("status"),
        why=why,
    )
