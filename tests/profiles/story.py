"""Some hours of a small shop, told without anybody's field names: what APM measures of it each minute.

frontend calls checkout and catalog, checkout calls ledger and bank. bank is somebody else's and sends nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

FIRED = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
WINDOW_MINUTES = 10
DAY = timedelta(days=1)
MINUTES = 150
CALLS = (("frontend", "checkout"), ("frontend", "catalog"), ("checkout", "ledger"), ("checkout", "bank"))
OWN_MS = {"frontend": 30.0, "checkout": 40.0, "catalog": 12.0, "ledger": 25.0, "bank": 60.0}
PORTS = {"checkout": 8080, "catalog": 8080, "ledger": 9000, "bank": 443}
UNMEASURED = ("bank",)
REQUESTS = 200


@dataclass(frozen=True)
class Transactions:
    service: str
    at: datetime
    count: int
    mean_us: float
    succeeded: int


@dataclass(frozen=True)
class Requests:
    """One minute of calls with one outcome. `resource` is what the caller calls the callee."""

    caller: str
    resource: str
    at: datetime
    count: int
    sum_us: float
    outcome: str


@dataclass(frozen=True)
class LogLine:
    service: str
    at: datetime
    level: str
    message: str
    version: str


@dataclass(frozen=True)
class Deployment:
    service: str
    at: datetime
    version: str


@dataclass(frozen=True)
class Story:
    """`slower_ms` and `failing` (a share) are a service's own, within the alert's window; callers suffer from them.

    `days`: so many days before had the same minutes around the window, with the same slowness at the same hour.
    """

    slower_ms: dict[str, float] = field(default_factory=dict)
    days: int = 0
    failing: dict[str, float] = field(default_factory=dict)
    deployments: tuple[Deployment, ...] = ()

    def _is_within(self, at: datetime) -> bool:
        return (FIRED - at) % DAY <= timedelta(minutes=WINDOW_MINUTES)

    def _ms(self, service: str, at: datetime) -> float:
        own = OWN_MS[service] + (self.slower_ms.get(service, 0.0) if self._is_within(at) else 0.0)
        noise = random.Random(f"{service}{at}").gauss(1.0, 0.04)
        return own * noise + sum(self._ms(callee, at) for caller, callee in CALLS if caller == service)

    def _failing(self, service: str, at: datetime) -> float:
        own = self.failing.get(service, 0.0) if self._is_within(at) else 0.0
        noise = random.Random(f"failures of {service}{at}").uniform(0, 0.01)
        return min(1.0, own + noise + sum(self._failing(callee, at) for caller, callee in CALLS if caller == service))

    def moments(self) -> Iterator[datetime]:
        for day in range(self.days, 0, -1):
            yield from (FIRED - day * DAY - timedelta(minutes=left) for left in range(30, 0, -1))
        yield from (FIRED - timedelta(minutes=left) for left in range(MINUTES, 0, -1))

    def transactions(self) -> Iterator[Transactions]:
        for at in self.moments():
            for service in OWN_MS:
                if service not in UNMEASURED:
                    succeeded = round(REQUESTS * (1 - self._failing(service, at)))
                    yield Transactions(service, at, REQUESTS, 1000 * self._ms(service, at), succeeded)

    def requests(self) -> Iterator[Requests]:
        for at in self.moments():
            for caller, callee in CALLS:
                failed, each = round(REQUESTS * self._failing(callee, at)), 1000 * self._ms(callee, at) + 2000
                resource = f"{callee}:{PORTS[callee]}"
                for outcome, count in (("success", REQUESTS - failed), ("failure", failed)):
                    if count:
                        yield Requests(caller, resource, at, count, count * each, outcome)

    def lines(self) -> Iterator[LogLine]:
        for number, at in enumerate(self.moments()):
            for service in ("frontend", "checkout", "ledger"):
                yield LogLine(
                    service, at, "INFO", f"handled request {number} in {number % 7} ms", self.version(service, at)
                )

    def version(self, service: str, at: datetime) -> str:
        newest = max(
            (one for one in self.deployments if one.service == service and one.at <= at), default=None, key=_at
        )
        return newest.version if newest else "1.0.0"


def _at(deployment: Deployment) -> datetime:
    return deployment.at


def slow_callee() -> Story:
    return Story(slower_ms={"ledger": 400.0})


def daily_peak() -> Story:
    """Every day at that hour the frontend itself is slower."""
    return Story(slower_ms={"frontend": 90.0}, days=4)


def failing_stranger() -> Story:
    return Story(failing={"bank": 0.6})


def bad_release() -> Story:
    window = timedelta(minutes=WINDOW_MINUTES)
    return Story(
        slower_ms={"checkout": 600.0},
        deployments=(
            Deployment("catalog", FIRED - 5 * window, "7.0.2"),
            Deployment("checkout", FIRED - window - timedelta(minutes=1), "2.4.1"),
        ),
    )
