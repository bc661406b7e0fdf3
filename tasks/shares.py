"""So that one rule, or one Kibana space, that raises thousands of alerts does not make those of others wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import redis

from worker.domain.alert import Rule

PREFIX = "spiketrace:share:"
WINDOW_SECONDS = 60


@dataclass(frozen=True)
class Shares:
    """What is counted in the broker, for all processes together, in spans of a minute from the first alert on."""

    client: redis.Redis
    of_a_rule: int
    of_a_space: int

    def take(self, rules: Sequence[Rule]) -> list[bool]:
        """Of each alert, by the rule that raised it: whether it is within the rule's share, and then the space's.

        What is beyond the rule's takes nothing of the space's. An alert that comes again counts again. Raises
        RedisError.
        """
        by_rule = self._within([f"rule:{rule.space_id}:{rule.id}" for rule in rules], self.of_a_rule)
        spaces = [f"space:{rule.space_id}" for rule, is_within in zip(rules, by_rule, strict=True) if is_within]
        by_space = iter(self._within(spaces, self.of_a_space))
        return [is_within and next(by_space) for is_within in by_rule]

    def _within(self, keys: Sequence[str], most: int) -> list[bool]:
        taken = self._add(Counter(keys)) if keys else {}
        within = []
        for key in keys:
            within.append(taken[key] < most)
            taken[key] += 1
        return within

    def _add(self, numbers: Counter[str]) -> dict[str, int]:
        """How much was counted of each key before."""
        with self.client.pipeline(transaction=True) as pipeline:
            for key, number in numbers.items():
                pipeline.set(PREFIX + key, 0, ex=WINDOW_SECONDS, nx=True)
                pipeline.incrby(PREFIX + key, number)
            totals = pipeline.execute()[1::2]
        return {key: int(total) - numbers[key] for key, total in zip(numbers, totals, strict=True)}
