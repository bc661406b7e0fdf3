"""A worker process of the real kind, whose investigations do what the alert's instance says.

`ok` · `slow 0.5` · `unavailable 2` (that many failures worth a retry, then a report) · `refused` (a failure that is
not) · `bug` · `hang` (until the time limit) · `die 2` (its process is killed that many times, then a report).
After `ok`: `unheard 1` (that many deliveries fail for now) · `unwanted` (they fail for good) · `patient 600` (the
vendor asks for so many seconds). Every call is counted.
"""

from __future__ import annotations

import os
import signal
import time
from datetime import UTC, datetime, timedelta

import redis

import tasks.desk
from tasks.app import SpikeTraceApp
from tasks.desk import Replaying
from tasks.queue import CeleryQueue
from tasks.run import run_worker
from tests.tasks import samples
from worker.announcing import AnnouncingIncidents
from worker.assembly import open_narrator
from worker.bootstrap import connect
from worker.deliveries import Post
from worker.domain.alert import Alert
from worker.domain.incident import Delivery
from worker.domain.notice import Notice
from worker.domain.report import Report
from worker.errors import DeliveryError, EvidenceUnavailable
from worker.logs import configure_logging
from worker.policy import Policy
from worker.ports import DeliveryReceipt
from worker.replay.again import ReplayDesk
from worker.replay.delivering import AsIfLive
from worker.replay.feed import Feeder, Pace
from worker.run import Desk
from worker.settings import Settings, load_settings

LEASE_SECONDS = 3.0
# A message of a replay that nobody has taken for so long is taken for lost.
PATIENCE = timedelta(seconds=4)
SECRET_IN_A_BUG = "hunter2"


def calls_key(alert_id: str) -> str:
    return f"test:calls:{alert_id}"


def deliveries_key(alert_id: str) -> str:
    return f"test:deliveries:{alert_id}"


def scripted_desk(settings: Settings, queue: CeleryQueue) -> Desk:
    stores = connect(settings)
    counter = redis.Redis.from_url(settings.redis_url)

    slack = ScriptedDestination(counter)
    incidents = AnnouncingIncidents(stores.incidents, queue, Policy(), [slack.name], clock=_now)

    def investigate(alert: Alert, alert_id: str) -> Report:
        call = int(counter.incr(calls_key(alert_id)))
        _act(*alert.instance.split(), call=call)
        return samples.report(alert, alert_id)

    return Desk(
        alerts=stores.alerts,
        reports=stores.reports,
        incidents=incidents,
        dead_letters=stores.dead_letters,
        inbox=stores.inbox,
        inbox_index=stores.inbox_index,
        kibana_alerts=stores.kibana_alerts,
        queue=queue,
        post=Post(incidents, stores.reports, {slack.name: slack}, clock=_now, most_attempts=settings.max_attempts),
        investigate=investigate,
        max_attempts=settings.max_attempts,
        lease_seconds=LEASE_SECONDS,
        narrator=open_narrator(settings, stores) if settings.has_model else None,
    )


def scripted_replaying(settings: Settings, queue: CeleryQueue, desk: Desk) -> Replaying:
    stores = connect(settings)
    replay_desk = ReplayDesk(
        replays=stores.replays,
        reports=stores.reports,
        investigate=lambda alert, alert_id, _: desk.investigate(alert, alert_id),
        delivery=AsIfLive(desk.incidents, queue),
        max_attempts=settings.max_attempts,
        lease_seconds=LEASE_SECONDS,
    )
    pace = Pace(in_flight=settings.replay_in_flight, per_second=settings.replay_per_second, patience=PATIENCE)
    return Replaying(replay_desk, Feeder(stores.replays, queue, pace), stores.past_alerts)


def _now() -> datetime:
    return datetime.now(UTC)


class ScriptedDestination:
    name = "slack"
    finds_what_it_made = True
    hears: frozenset[str] = frozenset()

    def __init__(self, counter: redis.Redis) -> None:
        self._counter = counter

    def update(self, notice: Notice, made: Delivery) -> None:
        raise AssertionError("it hears of nothing but the opening")

    def open(self, notice: Notice) -> DeliveryReceipt:
        call = int(self._counter.incr(deliveries_key(notice.report.alert_id)))
        _, verb, amount = (*(notice.incident.service or "").split(), "", "0")[:3]
        if verb == "unheard" and call <= int(amount):
            raise DeliveryError("busy", destination=self.name, retryable=True, retry_after_seconds=1)
        if verb == "patient":
            raise DeliveryError(
                "ask me later", destination=self.name, retryable=True, retry_after_seconds=float(amount)
            )
        if verb == "unwanted":
            raise DeliveryError("no such channel", destination=self.name, retryable=False)
        return DeliveryReceipt(vendor_id=f"message-{call}")


def _act(verb: str, amount: str = "0", *_: str, call: int) -> None:
    if verb == "slow":
        time.sleep(float(amount))
    elif verb == "unavailable" and call <= int(amount):
        raise EvidenceUnavailable("the engine is away", retryable=True)
    elif verb == "refused":
        raise EvidenceUnavailable("the engine refused the query", retryable=False)
    elif verb == "bug":
        raise ZeroDivisionError(SECRET_IN_A_BUG)
    elif verb == "hang" and call == 1:
        time.sleep(60)
    elif verb == "die" and call <= int(amount):
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    settings = load_settings()
    configure_logging("INFO", process="worker")
    desks: dict[int, Desk] = {}

    def desk_of(app: SpikeTraceApp) -> Desk:
        return desks.setdefault(os.getpid(), scripted_desk(settings, CeleryQueue(settings, app=app)))

    replayings: dict[int, Replaying] = {}

    def replaying_of(app: SpikeTraceApp) -> Replaying:
        queue = CeleryQueue(settings, app=app)
        return replayings.setdefault(os.getpid(), scripted_replaying(settings, queue, desk_of(app)))

    tasks.desk.desk_of = desk_of  # type: ignore[assignment]
    tasks.desk.replaying_of = replaying_of  # type: ignore[assignment]
    run_worker(settings)


if __name__ == "__main__":
    main()
