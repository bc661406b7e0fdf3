"""What Kibana's webhook connector posts: bytes that should be an alert.

Of a body that has just come only so much is read as decides whether it is an alert and a new one. It is made safe as
it came; everything else is read when it is taken in, where nobody waits for an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from worker.domain.alert import Alert, life_id, renotification_id
from worker.errors import InvalidAlert
from worker.kibana_body import Head, load_object, read_alert, read_head
from worker.ports import Notification


class Posted(NamedTuple):
    """A body with its identity. `traceparent` is that of the request."""

    head: Head
    body: bytes
    received_at: datetime
    traceparent: str | None = None

    @property
    def alert_id(self) -> str:
        return life_id(self.head.space_id, self.head.rule_id, self.head.uuid)

    def dated(self, alert_id: str) -> tuple[str, str]:
        """Its date as text, and the id that it has if its alert is known under another date; "" where it has none."""
        date = self.head.date
        if date is None or date == self.received_at:
            return "", renotification_id(alert_id, self.received_at)
        return date.isoformat(), renotification_id(alert_id, date)

    def read(self) -> Notification:
        """All of it. Raises InvalidAlert."""
        return read(self.body, received_at=self.received_at, traceparent=self.traceparent)


def look_at(body: bytes, *, received_at: datetime, traceparent: str | None = None) -> Posted:
    """Raises InvalidAlert, with a reason that says what is wrong and what to do."""
    return Posted(read_head(_object(body)), body, received_at, traceparent)


def read(body: bytes, *, received_at: datetime, traceparent: str | None = None) -> Notification:
    """All of what was looked at. Raises InvalidAlert, as `look_at` does for the same body."""
    alert = parse_alert(body, received_at=received_at)
    return Notification(alert=alert, received_at=received_at, traceparent=traceparent)


def parse_alert(body: bytes, *, received_at: datetime) -> Alert:
    """The alert in `body`. Without a date of its own it is dated `received_at`.

    Raises InvalidAlert, as `look_at` does for the same body.
    """
    return read_alert(_object(body), received_at=received_at)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidAlert("the body is not UTF-8: send JSON in UTF-8") from None
    return load_object(text)
