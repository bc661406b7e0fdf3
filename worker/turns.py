"""Whose turn it is in a storm: the first alert of each scope before all further ones.

Hundreds of alerts of one cause give hundreds of reports of one incident, and people wait for the first. Where nothing
else waits, order changes nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from worker.domain.alert import Alert

# So long an alert stands for all that follow of its scope. In a storm the others get their reports later, and a second
# cause in the same service with them.
SPAN_SECONDS = 600.0
MOST_SCOPES = 10_000


class Turns:
    """Of one process: where several take alerts in, each has its own first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[tuple[str, ...], float] = {}
        self._lock = threading.Lock()

    def is_first(self, alert: Alert) -> bool:
        """Whether none of its scope has come within the span; from now on one has."""
        now, scope = self._clock(), _scope(alert)
        with self._lock:
            if self._until.get(scope, now) > now:
                return False
            if len(self._until) >= MOST_SCOPES:
                self._until = {one: until for one, until in self._until.items() if until > now}
            # Still full of those that live: then this one stands for itself only.
            if len(self._until) < MOST_SCOPES:
                self._until[scope] = now + SPAN_SECONDS
        return True


def _scope(alert: Alert) -> tuple[str, ...]:
    """What different rules name alike is one; what a rule does not group by is the rule's own."""
    return (alert.rule.space_id, alert.group) if alert.group else (alert.rule.space_id, alert.rule.id, alert.instance)
