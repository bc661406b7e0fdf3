"""Everything that goes wrong between an incident and its destinations, drawn from one seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from starlette.types import ASGIApp, Receive, Scope, Send

from demo.standins.faults import Fault, FaultyVendors
from worker.domain.incident import Delivery, Incident
from worker.domain.notice import Notice
from worker.errors import DeliveryError, QueueUnavailable
from worker.ports import DeliveryReceipt, Destination
from worker.sweep import SearchableIncidents

FAILS = 0.3
DIES = 0.04
MEANWHILE = 0.15
DEEPEST = 2


Answer = TypeVar("Answer")


class Killed(BaseException):
    """The process is gone: nothing that follows is run."""


class Chance:
    """`meanwhile` is what another worker does while this one is in the middle of something."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.meanwhile: Callable[[], None] = lambda: None
        self._depth = 0

    def of(self, probability: float) -> bool:
        return self.random.random() < probability

    def may_die(self) -> None:
        if self.of(DIES):
            raise Killed

    def others_work(self) -> None:
        if self._depth >= DEEPEST or not self.of(MEANWHILE):
            return
        self._depth += 1
        try:
            self.meanwhile()
        finally:
            self._depth -= 1


@dataclass
class ShakyLedger:
    """A ledger whose users die before and after their writes, and meet others between reading and writing."""

    store: SearchableIncidents
    chance: Chance

    def update(self, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        def late(incident: Incident) -> Incident:
            self.chance.others_work()
            return change(incident)

        self.chance.may_die()
        changed = self.store.update(incident_id, late)
        self.chance.may_die()
        return changed

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


class ShakyVendors:
    """ASGI middleware: 30 % of the calls fail before or after the vendor acted; in some the caller dies as well."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.chance: Chance | None = None
        self.kills = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        faults = [self._fault(scope["path"])] if self.chance and self.chance.of(FAILS) else []
        await FaultyVendors(self._app, faults)(scope, receive, send)

    def _fault(self, path: str) -> Fault:
        assert self.chance
        draw = self.chance.random
        self.kills = self.chance.of(0.2)
        when = draw.choice(["before", "after"])
        # A webhook answers no questions, so what says itself that it failed is believed.
        acted = [502, None] if path.startswith("/slack/services/") else [500, 502, None]
        status = draw.choice(acted if when == "after" else [500, 503, 429, None])
        headers = {"retry-after": draw.choice(["1", "600"])} if status == 429 else {}
        return Fault.model_validate({"path": path, "when": when, "status": status, "headers": headers})


@dataclass
class ShakyDestination:
    """A destination whose caller dies around the call, and in the middle of it where a fault says so."""

    destination: Destination
    vendors: ShakyVendors
    chance: Chance

    def __getattr__(self, name: str) -> Any:
        return getattr(self.destination, name)

    def open(self, notice: Notice) -> DeliveryReceipt:
        return self._call(lambda: self.destination.open(notice))

    def update(self, notice: Notice, made: Delivery) -> DeliveryReceipt | None:
        return self._call(lambda: self.destination.update(notice, made))

    def _call(self, call: Callable[[], Answer]) -> Answer:
        self.chance.may_die()
        self.chance.others_work()
        self.vendors.kills = False
        try:
            answer = call()
        except DeliveryError:
            if self.vendors.kills:
                raise Killed from None
            raise
        self.chance.may_die()
        return answer


@dataclass
class ShakyQueue:
    """Messages come twice, in any order, or not at all, and some only after a while."""

    chance: Chance
    clock: Callable[[], datetime]
    messages: list[tuple[datetime, tuple[str, str, str]]] = field(default_factory=list)

    def deliver(self, incident_id: str, report_id: str, destination: str) -> None:
        if self.chance.of(0.05):
            raise QueueUnavailable("the broker is away")
        if self.chance.of(0.1):
            return
        for _ in range(2 if self.chance.of(0.3) else 1):
            self.put((incident_id, report_id, destination))

    def put(self, message: tuple[str, str, str], *, seconds: float = 0.0) -> None:
        self.messages.append((self.clock() + timedelta(seconds=seconds), message))

    def take(self) -> tuple[str, str, str] | None:
        """Any of those whose time has come."""
        ready = [one for one in self.messages if one[0] <= self.clock()]
        if not ready:
            return None
        chosen = self.chance.random.choice(ready)
        self.messages.remove(chosen)
        return chosen[1]

    def investigate(self, alert_ids: Any, *, further: bool = False) -> None:
        raise AssertionError("nothing is investigated here")

    def waiting_alerts(self) -> int:
        return 0

    def narrate(self, report_id: str) -> None:
        raise AssertionError("no model is asked here")

    def waiting_narratives(self) -> int:
        return 0

    def waiting_deliveries(self) -> int:
        return sum(moment <= self.clock() for moment, _ in self.messages)


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
