"""Past incidents that resemble a case: the same cause, the same error, the same words, and how they ended.

All that a history holds is weighed here and not by an engine, whose scores depend on what was written later: the same
alert investigated again finds the same. Elasticsearch only finds what is worth weighing, where there is more than was
read (`Telemetry.resembling`). `docs/similar.md` tells how well that works.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from worker.analysis.likeness.course import ended, helped
from worker.analysis.likeness.rank import rank, why
from worker.analysis.likeness.structure import Wanted
from worker.analysis.study import Case
from worker.domain.evidence import EvidenceLog
from worker.domain.report import SimilarIncident
from worker.domain.text import one_line
from worker.domain.window import Window, parse_time
from worker.errors import EvidenceUnavailable
from worker.known import Knowledge, known
from worker.ports import Telemetry
from worker.writing.causes import main_error
from worker.writing.story import Story

Hit = dict[str, Any]

MOST = 5
MOST_FURTHER = 60
MOST_MESSAGES = 2
LONGEST_MESSAGE = 300


def wanted_of(story: Story) -> Wanted:
    """What a past incident is compared with: what is blamed, what it logs, and who is in trouble."""
    case, first = story.case, story.first
    candidate = story.candidates[0] if story.candidates else None
    error = main_error(first, case) if first else None
    scopes = [case.scope, *([first.scope] if first else [])]
    error_type = (candidate and candidate.error_type) or (error.name if error else None)
    kind = candidate.kind.value if candidate else None
    return Wanted(
        text=words_of(case.confirmed, kind, error_type, error.messages if error else ()),
        service=candidate.service if candidate else case.scope.service,
        services=frozenset(scope.service for scope in scopes if scope.service),
        regions=frozenset(scope.region for scope in scopes if scope.region),
        kind=kind,
        error_type=error_type or None,
    )


def words_of(signals: Iterable[str], kind: str | None, error_type: str | None, messages: Iterable[str]) -> str:
    told = [one_line(message)[:LONGEST_MESSAGE] for message in list(messages)[:MOST_MESSAGES]]
    return " ".join(part for part in (*signals, kind, error_type, *told) if part)


def further_history(
    telemetry: Telemetry, case: Case, wanted: Wanted, knowledge: Knowledge, log: EvidenceLog
) -> list[Hit]:
    """What resembles it among the incidents that were not read, if any were left out."""
    if not case.survey.has_more_history:
        return []
    try:
        hits, asked = telemetry.resembling(wanted, case.survey.as_of)
    except EvidenceUnavailable as error:
        log.miss(
            "Similar incidents among older ones",
            reason=error.reason,
            effect="of past incidents only those of this scope and the newest were compared",
        )
        return []
    log.add(
        "Past incidents in similar words",
        index=asked.index,
        query=asked.body,
        window=asked.window,
        result={"incidents": len(hits)},
    )
    return known(hits, case.survey.as_of, knowledge, most=MOST_FURTHER)


def similar_incidents(history: Sequence[Hit], wanted: Wanted, window: Window, alert_id: str) -> list[SimilarIncident]:
    """The likest first, of equals the newest; those of this very window are not past, nor is the alert's own one."""
    past = {hit["_id"]: hit for hit in history if is_past(hit["_source"], window, alert_id)}
    newest_first = sorted(past.values(), key=lambda hit: (-_at(hit["_source"]).timestamp(), hit["_id"]))
    found = rank(wanted, [hit["_source"] for hit in newest_first])[:MOST]
    return [similar(newest_first[one.place], why(one, wanted)) for one in found]


def is_past(document: Mapping[str, Any], window: Window, alert_id: str) -> bool:
    return alert_id not in (document.get("alert_ids") or []) and _at(document) < window.start


def without_own(found: Sequence[SimilarIncident], incident_id: str | None) -> list[SimilarIncident]:
    """Before an alert has joined its incident, the history holds that as one of the past."""
    return [one for one in found if one.id != incident_id]


def _at(document: Mapping[str, Any]) -> Any:
    return parse_time(str(document["@timestamp"]))


def similar(hit: Hit, reason: str) -> SimilarIncident:
    document = hit["_source"]
    return SimilarIncident(
        id=str(hit["_id"]),
        title=str(document.get("title") or hit["_id"]),
        at=_at(document),
        service=document.get("service"),
        region=document.get("region"),
        status=document.get("status"),
        why=reason,
        ended=ended(document),
        helped=helped(document),
    )
