"""Wiring: all that other agents may ask for, whatever protocol they speak."""

from __future__ import annotations

from dataclasses import dataclass

from interop.investigations import Investigations
from interop.looks import Looks
from interop.questions import Questions
from interop.reports import Reports
from webhook.accept import Acceptor
from worker.assembly import open_answering, open_looks, open_lookup
from worker.bootstrap import Stores, connect
from worker.delivery.configured import destinations
from worker.domain.window import utc_now
from worker.policy import load_policy
from worker.settings import Settings
from worker.store.inbox import RedisInboxLog
from worker.store.rate_limit import RedisRateLimit


@dataclass(frozen=True)
class Offered:
    """For one event loop. Nothing is connected before it is needed."""

    looks: Looks
    reports: Reports
    investigations: Investigations
    counts: RedisRateLimit
    questions: Questions
    _stores: Stores
    _acceptor: Acceptor
    _log: RedisInboxLog

    async def close(self) -> None:
        await self._acceptor.close()
        await self._log.close()
        await self.counts.close()
        self._stores.client.close()


def open_offered(settings: Settings) -> Offered:
    """Raises ConfigurationError."""
    stores, counts = connect(settings), RedisRateLimit(settings.broker_url)
    log = RedisInboxLog(settings.broker_url, replicas=settings.broker_replicas)
    # The worker takes in what waits, every two seconds; the webhook, where it runs, sooner.
    acceptor = Acceptor(log, stores.alerts, stores.dead_letters, on_safe=lambda _: None)
    reports = Reports(stores.reports, stores.alerts, stores.inbox, settings.public_url)
    investigations = Investigations(
        accepts=acceptor,
        counts=counts,
        reports=reports,
        names_in=open_looks(settings, stores.client).names,
        per_hour=settings.agents_investigations_per_hour,
        days=settings.agents_days,
        clock=utc_now,
    )
    looks = Looks(open_lookup(settings, stores.client), settings.agents_days, utc_now)
    configured = destinations(settings)
    policy = load_policy(settings.policy, configured)
    questions = Questions(
        lambda: open_answering(settings, stores, policy=policy, configured=configured),
        counts,
        settings.questions_per_minute,
        utc_now,
    )
    return Offered(looks, reports, investigations, counts, questions, stores, acceptor, log)
