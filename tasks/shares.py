"""Which alerts are investigated first in a storm.

The first of each scope goes before all further ones: hundreds of alerts of one cause give hundreds of reports of one
incident, and people wait for the first. And a rule, or a Kibana space, that raises thousands does not make those of
others wait. Where nothing else waits, order changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import redis

from worker.domain.alert import Alert

PREFIX = "spiketrace:share:"
WINDOW_SECONDS = 60
# So long an alert stands for all that follow of its scope: a second cause in the same service waits with them.
SCOPE_SECONDS = 600


@dataclass(frozen=True)
class Shares:
    """What is counted in the broker, for all processes together, in spans from the first alert on."""

    client: redis.Redis
    of_a_rule: int
    of_a_space: int

    def take(self, alerts: Sequence[Alert]) -> list[bool]:
        """Of each alert, whether it is the first of its scope, and within its rule's share, and then the space's.

        What is left out takes nothing of the shares that come after. An alert that comes again counts again. Raises
        RedisError.
        """
        first = list(range(len(alerts)))
        for key_of, most, seconds in (
            (_scope, 1, SCOPE_SECONDS),
            (_rule, self.of_a_rule, WINDOW_SECONDS),
            (_space, self.of_a_space, WINDOW_SECONDS),
        ):
            within = self._within([key_of(alerts[place]) for place in first], most, seconds)
            first = [place for place, is_within in zip(first, within, strict=True) if is_within]
        chosen = set(first)
        return [place in chosen for place in range(len(alerts))]

    def _within(self, keys: Sequence[str], most: int, seconds: int) -> list[bool]:
        taken = self._add(Counter(keys), seconds) if keys else {}
        within = []
        for key in keys:
            within.append(taken[key] < most)
            taken[key] += 1
        return within

    def _add(self, numbers: Counter[str], seconds: int) -> dict[str, int]:
        """How much was counted of each key before."""
        with self.client.pipeline(transaction=True) as pipeline:
            for key, number in numbers.items():
                pipeline.set(PREFIX + key, 0, ex=seconds, nx=True)
                pipeline.incrby(PREFIX + key, number)
            totals = pipeline.execute()[1::2]
        return {key: int(total) - numbers[key] for key, total in zip(numbers, totals, strict=True)}


def _scope(alert: Alert) -> str:
    """What different rules name alike is one; what a rule does not group by is the rule's own."""
    named = f"group:{alert.group}" if alert.group else f"{alert.rule.id}:{alert.instance}"
    return f"scope:{alert.rule.space_id}:{named}"


def _rule(alert: Alert) -> str:
    return f"rule:{alert.rule.space_id}:{alert.rule.id}"


def _space(alert: Alert) -> str:
    return f"space:{alert.rule.space_id}"
