"""Investigations that other agents ask for: they go the way of every alert, and are told of once they are reported."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from interop.asking import Investigation, in_reach
from interop.known import NamesIn, refuse_unknown
from interop.reports import Reports
from interop.telling import Standing, Started
from webhook.credentials import Caller
from worker import audit
from worker.ad_hoc import ad_hoc_alert
from worker.credentials import Role
from worker.domain.alert import Alert, Origin
from worker.domain.window import floor_minute, iso
from worker.errors import RequestRefused
from worker.ports import Acceptance, Notification
from worker.store.rate_limit import Rate

# The investigation looks for a signal in the words: there is none here.
ASKED = "Asked for by another agent"
FIRST_LOOK_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 2.0

# Told of each state that is new.
Tell = Callable[[Standing], Awaitable[None]]


class Accepts(Protocol):
    async def accept(self, submission: Notification) -> Acceptance:
        """Returns once it is safe. Raises AlertNotSaved."""


class Counts(Protocol):
    async def take(self, rate: Rate, who: str) -> float | None:
        """The seconds to wait, or None for whoever may go on. Raises QueueUnavailable."""


@dataclass(frozen=True)
class Investigations:
    """`per_hour` of one credential; 0: none at all."""

    accepts: Accepts
    counts: Counts
    reports: Reports
    names_in: NamesIn
    per_hour: int
    days: int
    clock: Callable[[], datetime]

    async def start(self, asked: Investigation, caller: Caller) -> tuple[str, Acceptance]:
        """The alert's id; the same for the same question.

        Raises RequestRefused, AlertNotSaved, QueueUnavailable, EvidenceUnavailable.
        """
        if Role.ACT not in caller.roles:
            raise RequestRefused(f"starting an investigation takes a credential with the role `{Role.ACT}`")
        now = self.clock()
        alert = self._alert(asked, now)
        if await asyncio.to_thread(self.reports.standing_of, alert.alert_id):
            return alert.alert_id, Acceptance(alert_id=alert.alert_id, status="duplicate")
        await asyncio.to_thread(refuse_unknown, asked, alert.date, self.names_in)
        who = caller.display_name
        await self._admit(who)
        told = Notification(alert=alert, received_at=now, origin=Origin.REQUEST)
        acceptance = await self.accepts.accept(told)
        audit.record("investigation-started", by=who, on=acceptance.alert_id, scope=alert.group, at=iso(alert.date))
        return acceptance.alert_id, acceptance

    async def started(self, asked: Investigation, caller: Caller, tell: Tell) -> Started:
        """As `start`, and what became of it within the time that the asker waits for."""
        alert_id, acceptance = await self.start(asked, caller)
        standing = await self.follow(alert_id, asked.wait_seconds, tell)
        status = "accepted" if acceptance.status == "accepted" else "duplicate"
        return Started(**standing.model_dump(), status=status)

    async def follow(self, alert_id: str, seconds: float, tell: Tell) -> Standing:
        """Until it is done, but no longer than `seconds`. Raises EvidenceUnavailable, RequestRefused."""
        pause, state = FIRST_LOOK_SECONDS, None
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            standing = await asyncio.to_thread(self._standing, alert_id)
            if standing.state != state:
                state = standing.state
                await tell(standing)
            left = deadline - asyncio.get_running_loop().time()
            if standing.is_done or left <= 0:
                return standing
            await asyncio.sleep(min(pause, left))
            pause = min(1.5 * pause, LONGEST_PAUSE_SECONDS)

    def _standing(self, alert_id: str) -> Standing:
        found = self.reports.standing_of(alert_id)
        if found is None:
            raise RequestRefused(f"nothing is known of the alert {alert_id} any more: ask for it again")
        return found

    def _alert(self, asked: Investigation, now: datetime) -> Alert:
        at = in_reach(asked.at, now, self.days) if asked.at else floor_minute(now)
        return ad_hoc_alert(asked.service, asked.region, at, asked=ASKED)

    async def _admit(self, who: str) -> None:
        if self.per_hour == 0:
            raise RequestRefused("other agents may only read here: SPIKETRACE_AGENTS_INVESTIGATIONS_PER_HOUR is 0")
        wait = await self.counts.take(Rate("investigations", self.per_hour, 3600), who)
        if wait is not None:
            raise RequestRefused(
                f"{self.per_hour} investigations an hour may be started with one credential: come back in "
                f"{wait:.0f} s, and read the reports that there are until then"
            )
