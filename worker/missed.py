"""What Kibana's own index of alerts knows and nobody told us: alerts that were never received, recoveries likewise.

Kibana tries an action three times and then forgets it. What is found goes the way of any notification, under the id
that the lost one would have had, so it may arrive after all, or be found by two at once: it stays one alert.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from worker.alerts_as_data import KibanaAlert, read_document
from worker.counts import Tally
from worker.errors import EvidenceUnavailable, InvalidAlert
from worker.intake import NOBODY_COUNTS, record
from worker.ports import AlertStore, DeadLetterStore, Queue, Recorded
from worker.sweep import SearchableAlerts

# An alert that came and went unheard is still worth a report for so long; later it would be a message about the past.
CAME_AND_WENT = timedelta(hours=1)
# An alert that is active for longer than that is no news.
OLDEST = timedelta(days=7)
NOT_READABLE = (
    "Kibana's alerts cannot be read, so what its webhook lost is not found: there is no .alerts-stack.alerts-* here, "
    "or the credentials lack `read` on it"
)

log = structlog.get_logger(__name__)


class KibanaAlerts(Protocol):
    """Kibana's index of alerts: documents of our rules, as Kibana wrote them."""

    def readable_shards(self) -> int: ...

    def notified(
        self, *, started_after: datetime, started_before: datetime, ended_after: datetime
    ) -> Iterator[Sequence[Mapping[str, Any]]]: ...

    def recovered_among(self, uuids: Sequence[str], *, ended_before: datetime) -> Sequence[Mapping[str, Any]]: ...


@dataclass(frozen=True)
class Patience:
    """`grace` is how long Kibana may take to tell us itself, `kept` how long our own records are kept."""

    now: datetime
    grace: timedelta
    kept: timedelta

    @property
    def heard_by_now(self) -> datetime:
        return self.now - self.grace

    @property
    def oldest(self) -> datetime:
        """What began earlier may be known and deleted already: taking it in would make a second report of it."""
        return self.now - min(OLDEST, self.kept)


def take_in_missed(
    kibana: KibanaAlerts,
    alerts: AlertStore,
    dead_letters: DeadLetterStore,
    queue: Queue,
    patience: Patience,
    *,
    tally: Tally = NOBODY_COUNTS,
) -> int:
    """How many alerts were taken in.

    Raises EvidenceUnavailable, also where there is nothing that could be read, or QueueUnavailable.
    """
    if not kibana.readable_shards():
        raise EvidenceUnavailable(NOT_READABLE, retryable=False)
    pages = kibana.notified(
        started_after=patience.oldest,
        started_before=patience.heard_by_now,
        ended_after=patience.heard_by_now - CAME_AND_WENT,
    )
    taken = 0
    for page in pages:
        missed = _unknown(_readable(page, patience.now), alerts)
        notifications = [item for found in missed for item in found.notifications(patience.now)]
        if notifications:
            taken += _accepted(record(notifications, alerts, dead_letters, queue, tally=tally))
    if taken:
        log.warning(
            "alerts were taken in that Kibana's action never brought", action="missed-alerts-taken-in", count=taken
        )
    return taken


def end_recovered(kibana: KibanaAlerts, alerts: SearchableAlerts, patience: Patience) -> int:
    """How many alerts were ended whose recovery nobody told us. Raises EvidenceUnavailable."""
    ended = 0
    for page in alerts.unended():
        uuids = {known.alert.alert_id: known.alert.uuid for known in page if known.alert}
        if not uuids:
            continue
        documents = kibana.recovered_among(sorted(set(uuids.values())), ended_before=patience.heard_by_now)
        recovered = [found for found in _readable(documents, patience.now) if found.alert_id in uuids]
        endings = [item for found in recovered for item in found.notifications(patience.now) if item.alert.is_recovery]
        if endings:
            alerts.record(endings)
        ended += len(endings)
    if ended:
        log.warning(
            "alerts were ended whose recovery Kibana's action never brought",
            action="missed-recoveries-taken-in",
            count=ended,
        )
    return ended


def _accepted(answers: Iterable[Recorded]) -> int:
    """How many of them are new: one that will never be stored comes again, and is not."""
    return sum(answer.status == "accepted" and not answer.refused for answer in answers)


def _readable(documents: Iterable[Mapping[str, Any]], now: datetime) -> list[KibanaAlert]:
    """Those that name their rule and alert; Kibana writes no other."""
    found = []
    for document in documents:
        try:
            found.append(read_document(document, found_at=now))
        except InvalidAlert as error:
            log.debug(
                "a document among Kibana's alerts was passed over", action="document-passed-over", reason=error.reason
            )
    return found


def _unknown(found: Sequence[KibanaAlert], alerts: AlertStore) -> list[KibanaAlert]:
    """Those of whose beginning we never heard; of some we may have heard the end."""
    records = alerts.get_many(list({item.alert_id for item in found}))
    known = {record.alert_id for record in records if record.alert}
    return [item for item in found if item.alert_id not in known]
