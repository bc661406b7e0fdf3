"""Who calls whom, as a graph that may hold cycles, gaps and thousands of services."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from worker.domain.telemetry import Edge

NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Topology:
    callees: Mapping[str, frozenset[str]] = field(default_factory=dict)
    callers: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, edges: Iterable[Edge]) -> Topology:
        """A call of a service to itself is none."""
        callees: dict[str, set[str]] = {}
        callers: dict[str, set[str]] = {}
        for caller, callee in edges:
            if caller != callee:
                callees.setdefault(caller, set()).add(callee)
                callers.setdefault(callee, set()).add(caller)
        return cls(_frozen(callees), _frozen(callers))

    @property
    def services(self) -> set[str]:
        return {*self.callees, *self.callers}

    def called_by(self, service: str) -> frozenset[str]:
        return self.callees.get(service, NOBODY)

    def callers_of(self, service: str) -> frozenset[str]:
        return self.callers.get(service, NOBODY)

    def reached_from(self, service: str) -> dict[str, int]:
        """Every service that `service` calls, itself or through others, with the number of calls between."""
        return _distances(service, self.callees)

    def suffering_from(self, service: str) -> dict[str, int]:
        """Every service that calls `service`, itself or through others."""
        return _distances(service, self.callers)


def _frozen(neighbours: dict[str, set[str]]) -> dict[str, frozenset[str]]:
    return {service: frozenset(others) for service, others in neighbours.items()}


def _distances(start: str, neighbours: Mapping[str, frozenset[str]]) -> dict[str, int]:
    found, queue = {start: 0}, deque([start])
    while queue:
        service = queue.popleft()
        for other in sorted(neighbours.get(service, NOBODY)):
            if other not in found:
                found[other] = found[service] + 1
                queue.append(other)
    del found[start]
    return found
