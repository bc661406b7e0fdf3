"""A queue without a broker."""

from __future__ import annotations

from collections.abc import Sequence

from worker.domain.alert import Alert
from worker.errors import QueueUnavailable


class Queued:
    """A queue that remembers, and refuses when told to."""

    def __init__(self) -> None:
        self.alert_ids: list[str] = []
        self.deliveries: list[tuple[str, str]] = []
        self.question_ids: list[str] = []
        self.is_away = False

    def investigate(self, alert_ids: Sequence[str], *, of: Sequence[Alert] = ()) -> None:
        if self.is_away:
            raise QueueUnavailable("away")
        self.alert_ids += alert_ids

    def deliver(self, incident_id: str, report_id: str, destination: str) -> None:
        if self.is_away:
            raise QueueUnavailable("away")
        self.deliveries.append((incident_id, destination))

    def ask(self, question_id: str) -> None:
        if self.is_away:
            raise QueueUnavailable("away")
        self.question_ids.append(question_id)

    def waiting_alerts(self) -> int:
        return len(self.alert_ids)

    def waiting_deliveries(self) -> int:
        return len(self.deliveries)

    def narrate(self, report_id: str) -> None:
        raise AssertionError("no model is asked here")

    def waiting_narratives(self) -> int:
        return 0
