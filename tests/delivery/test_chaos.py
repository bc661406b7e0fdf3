"""An incident's course, 200 times, with crashes, duplicates, reorderings and vendors that fail 30 % of all calls."""

from __future__ import annotations

import json
import re
import socket
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest

from demo.standins.app import Credentials, create_app, stand_ins
from demo.standins.slack import ALL_SCOPES
from tests.delivery.mischief import Chance, Clock, Killed, ShakyDestination, ShakyLedger, ShakyQueue, ShakyVendors
from tests.delivery.samples import an_incident
from tests.delivery.test_deliveries import Reports
from tests.engines.servers import Engine
from tests.incidents.ledger import MemoryLedger
from tests.incidents.samples import a_report
from tests.standins.server import Vendors
from tests.standins.serving import address, serving
from worker import deliveries
from worker.announcing import AnnouncingIncidents
from worker.deliveries import Post
from worker.delivery.configured import destinations
from worker.delivery.news import TOLD_IN_TICKETS
from worker.delivery.slack.payload import IN_THREAD
from worker.domain.incident import HistoryEntry, Incident, IncidentStatus
from worker.elastic import connect_elasticsearch
from worker.errors import DeliveryError, QueueUnavailable
from worker.policy import Policy
from worker.ports import Destination
from worker.settings import Settings
from worker.store.incidents import ElasticIncidentStore
from worker.store.templates import install_templates
from worker.sweep import SearchableIncidents, sweep_deliveries

Json = dict[str, Any]
ALL = sorted(ALL_SCOPES)
REPORT = a_report()
RUNS = 200
MOST_STEPS = 3000
# Where an attempt that broke off cannot be found again, some are given up: then the reason says so.
IN_DOUBT = ("may have been sent", "may be in the channel", "may have been posted")


@dataclass(frozen=True)
class Shop:
    """The stand-ins, with the mischief in front of them."""

    vendors: Vendors
    shaky: ShakyVendors
    client: httpx.Client

    def settle(self, chance: Chance, made: dict[str, Destination], scopes: Sequence[str] = ALL) -> dict[str, Any]:
        """The destinations as this chance will have them, before vendors who know nothing yet."""
        self.shaky.chance = None
        self.client.delete("/received").raise_for_status()
        self.client.put("/slack/rights", json={"scopes": list(scopes)}).raise_for_status()
        self.shaky.chance = chance
        return {name: ShakyDestination(made[name], self.shaky, chance) for name in ("slack", "jira")}

    def received(self) -> tuple[list[Json], list[Json]]:
        """Messages and issues."""
        self.shaky.chance = None
        found = self.client.get("/received").raise_for_status().json()
        return found["slack"]["messages"], found["jira"]["issues"]


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        vendors = Vendors(address(listening), Credentials())
        made = stand_ins(vendors.credentials, url=vendors.url, search_lag_seconds=0.0)
        shaky = ShakyVendors(create_app(vendors.credentials, made))
        with (
            serving(shaky, listening, ready="/received"),
            httpx.Client(base_url=vendors.url, trust_env=False) as client,
        ):
            yield Shop(vendors, shaky, client)


@dataclass
class Course:
    """One incident from its opening to its end, told by workers that die."""

    seed: int
    store: SearchableIncidents
    destinations: dict[str, Any]
    chance: Chance
    clock: Clock = field(default_factory=Clock)
    letters: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        shaky = ShakyLedger(self.store, self.chance)
        self.queue = ShakyQueue(self.chance, self.clock)
        self.incidents = AnnouncingIncidents(shaky, self.queue, Policy(), self.destinations, self.clock)
        reports = Reports({REPORT.report_id: REPORT})
        self.post = Post(self.incidents, reports, self.destinations, self.clock, most_attempts=40, bury=self.bury)
        self.chance.meanwhile = self.work
        self.incident_id = f"inc-{self.seed}"
        draw = self.chance.random
        self.events = [draw.choice(["joined", "cause", "severity", "spread"]) for _ in range(draw.randint(0, 3))]
        self.events += ["resolved", "reopened"] if self.chance.of(0.3) else []
        self.events += ["resolved", "settled"]

    @property
    def incident(self) -> Incident:
        incident = self.store.get(self.incident_id)
        assert incident is not None
        return incident

    def run(self) -> None:
        opened = an_incident(incident_id=self.incident_id, deliveries={})
        survives(lambda: self.incidents.create(opened))
        written = 0
        for _ in range(MOST_STEPS):
            if written < len(self.events) and self.chance.of(0.3):
                written += self.write(written)
            elif self.chance.of(0.5):
                self.work()
            else:
                self.clock.pass_by(self.chance.random.choice([1, 5, 30, 120]))
                survives(self.sweep)
            if written == len(self.events) and self.is_settled():
                return
        raise AssertionError(f"still not settled: {self.incident.deliveries}")

    def write(self, number: int) -> bool:
        """One step of the incident's life; whoever dies in it is taken up again and finds it written."""
        event, reason = self.events[number], f"news-{number}."

        def change(incident: Incident) -> Incident:
            if any(entry.reason == reason for entry in incident.history):
                return incident
            entry = HistoryEntry(at=self.clock(), event=event, reason=reason)
            return lived(incident.model_copy(update={"history": [*incident.history, entry]}), event)

        return survives(lambda: self.incidents.update(self.incident_id, change))

    def work(self) -> None:
        """As the task does, in a worker that may die: then the broker hands its message out again, or it is lost."""
        message = self.queue.take()
        if message is None:
            return
        try:
            deliveries.deliver(*message, self.post)
        except DeliveryError as error:
            if error.retryable:
                self.queue.put(message, seconds=max(2.0, min(error.retry_after_seconds or 0.0, 60.0)))
        except Killed:
            if self.chance.of(0.5):
                self.queue.put(message)

    def bury(self, incident_id: str, report_id: str, destination: str, reason: str) -> None:
        self.letters.append((destination, reason))

    def sweep(self) -> None:
        sweep_deliveries(self.incidents, self.queue, self.destinations, now=self.clock())

    def is_settled(self) -> bool:
        return all(receipt.state != "pending" for receipt in self.incident.deliveries.values())


def lived(incident: Incident, event: str) -> Incident:
    ended = incident.timestamp + timedelta(minutes=38)
    changes: dict[str, dict[str, Any]] = {
        "resolved": {"status": IncidentStatus.RESOLVED, "resolved_at": ended, "duration_minutes": 38.0},
        "reopened": {"status": IncidentStatus.OPEN, "resolved_at": None, "duration_minutes": None},
    }
    return incident.model_copy(update=changes.get(event, {}))


def survives(work: Callable[[], object]) -> bool:
    """False where the process died, or the broker was away."""
    try:
        work()
    except (Killed, QueueUnavailable):
        return False
    return True


def course(
    shop: Shop,
    seed: int,
    made: dict[str, Destination],
    store: SearchableIncidents | None = None,
    scopes: Sequence[str] = ALL,
) -> Course:
    chance = Chance(seed)
    told = Course(seed, store or MemoryLedger(), shop.settle(chance, made, scopes), chance)
    told.run()
    assert set(told.incident.deliveries) == {"slack", "jira"}, told.seed
    return told


def check_all_told(shop: Shop, told: Course) -> None:
    """One issue; one message that shows the end, in its thread the details once, and each news after the opening once.

    What the opening has told is not repeated, and the end never is part of it.
    """
    (message,), (issue,) = shop.received()
    news = told.incident.news
    assert told.letters == [], told.seed
    for receipt in told.incident.deliveries.values():
        assert (receipt.state, receipt.told) == ("done", len(news)), (told.seed, receipt)
    assert told.incident.deliveries["jira"].vendor_id == issue["key"], told.seed
    assert message["text"].startswith("✅ Resolved"), told.seed
    replies = thread(message)
    assert replies.count("*Recommendations*") == 1, told.seed
    worth = [entry.reason for entry in news if entry.event in IN_THREAD]
    found = [reason for reason in worth if reason in replies]
    assert {reason: replies.count(reason) for reason in found} == dict.fromkeys(found, 1), told.seed
    assert found == worth[len(worth) - len(found) :], told.seed
    assert found[-2:] == worth[-2:], told.seed
    assert issue["fields"]["status"]["name"] == "Done", told.seed
    comments = json.dumps(issue["comments"])
    told_once = {entry.reason: comments.count(entry.reason) for entry in news if entry.event in TOLD_IN_TICKETS}
    assert set(told_once.values()) <= {0, 1}, (told.seed, told_once)
    # The end that lasts is told in words of its own, the others by their reasons; no update comes twice.
    ends = [entry for entry in news if entry.event == "resolved"]
    assert 1 <= comments.count("after 38 min") <= len(ends), (told.seed, comments)
    assert list(told_once.values())[-1] == 1, (told.seed, comments)
    updates = re.findall(r"update (\d+)", comments)
    assert len(updates) == len(set(updates)), (told.seed, updates)


def thread(message: Json) -> str:
    blocks = [block for reply in message["replies"] for block in reply["blocks"] if block["type"] == "section"]
    return "\n".join(block["text"]["text"] for block in blocks)


def test_one_issue_and_one_message_an_incident_and_each_news_once(shop: Shop) -> None:
    made = destinations(shop.vendors.bot_settings())
    for seed in range(RUNS):
        check_all_told(shop, course(shop, seed, made))


def test_on_the_real_store_it_is_the_same(shop: Shop, embedded_engine: Engine) -> None:
    client = connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url))
    install_templates(client)
    made = destinations(shop.vendors.bot_settings())
    for seed in range(1000, 1005):
        check_all_told(shop, course(shop, seed, made, ElasticIncidentStore(client)))
    client.close()


def outcome(told: Course) -> str:
    """`done`, or `failed` for a reason that says why nobody tries again, and with a dead letter."""
    receipt = told.incident.deliveries["slack"]
    if receipt.state == "failed":
        assert any(words in (receipt.reason or "") for words in IN_DOUBT), (told.seed, receipt.reason)
        assert ("slack", receipt.reason) in told.letters, told.seed
    return receipt.state


def test_by_a_webhook_never_two_and_nothing_in_silence(shop: Shop) -> None:
    made = destinations(shop.vendors.settings())
    states: Counter[str] = Counter()
    for seed in range(RUNS // 8):
        told = course(shop, seed, made)
        states[state := outcome(told)] += 1
        messages, issues = shop.received()
        ends = [message["text"].startswith("✅ Resolved") for message in messages]
        assert max(ends.count(True), ends.count(False), len(issues)) == 1, seed
        assert state == "failed" or told.letters or ends == [False, True], seed
    assert states.keys() == {"done", "failed"}


def test_without_the_right_to_read_a_bot_does_not_repeat_itself(shop: Shop) -> None:
    made = destinations(shop.vendors.bot_settings())
    states: Counter[str] = Counter()
    for seed in range(RUNS // 8):
        told = course(shop, seed, made, scopes=["chat:write"])
        states[outcome(told)] += 1
        messages, _ = shop.received()
        replies = "\n".join(thread(message) for message in messages)
        assert len(messages) <= 1, seed
        assert all(replies.count(entry.reason) <= 1 for entry in told.incident.news), seed
    assert states.keys() == {"done", "failed"}
