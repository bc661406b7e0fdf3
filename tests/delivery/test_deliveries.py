"""One issue and one message an incident, wherever an attempt breaks off."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.delivery.contract import CASES, Case, of_kind
from tests.engines.servers import Engine
from tests.incidents.samples import a_report
from tests.standins.server import Vendors, running_vendors
from worker.deliveries import Post, deliver, give_up
from worker.domain.incident import Delivery, Incident
from worker.domain.notice import Notice
from worker.domain.report import Report, ReportSummary
from worker.elastic import connect_elasticsearch
from worker.errors import DeliveryError
from worker.incidents import record
from worker.ports import DeliveryReceipt, Destination
from worker.receipts import LEASE, asked_again
from worker.settings import Settings
from worker.store.incidents import ElasticIncidentStore
from worker.store.templates import install_templates

REPORT = a_report()


class Killed(BaseException):
    """The process is gone: nothing that follows is run."""


@dataclass
class Clock:
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, time: timedelta) -> None:
        self.now += time


@dataclass
class Reports:
    """A ReportStore of those it is given."""

    reports: dict[str, Report] = field(default_factory=dict)

    def create(self, report: Report) -> bool:
        return self.reports.setdefault(report.report_id, report) is report

    def get(self, report_id: str) -> Report | None:
        return self.reports.get(report_id)

    def latest(self, limit: int) -> list[ReportSummary]:
        return []


class KilledAfterWriting(ElasticIncidentStore):
    """Dies right after its `writes`-th change."""

    def __init__(self, store: ElasticIncidentStore, *, writes: int) -> None:
        super().__init__(store._client)
        self._left = writes

    def update(self, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        changed = super().update(incident_id, change)
        self._left -= 1
        if self._left == 0:
            raise Killed
        return changed


@dataclass
class KilledAfterCalling:
    """A destination whose process dies when the vendor has answered, before anybody knows."""

    destination: Destination

    @property
    def name(self) -> str:
        return self.destination.name

    @property
    def finds_what_it_made(self) -> bool:
        return self.destination.finds_what_it_made

    @property
    def hears(self) -> frozenset[str]:
        return self.destination.hears

    def open(self, notice: Notice) -> DeliveryReceipt:
        self.destination.open(notice)
        raise Killed

    def update(self, notice: Notice, made: Delivery) -> DeliveryReceipt | None:
        self.destination.update(notice, made)
        raise Killed


@dataclass
class Scene:
    """An open incident, a vendor, and what it takes to tell the one of the other."""

    case: Case
    vendors: Vendors
    store: ElasticIncidentStore
    destination: Destination
    incident_id: str
    clock: Clock = field(default_factory=Clock)

    def post(self, store: ElasticIncidentStore | None = None, destination: Any = None) -> Post:
        chosen = destination or self.destination
        reports = Reports({REPORT.report_id: REPORT})
        return Post(store or self.store, reports, {chosen.name: chosen}, self.clock)

    def deliver(self, **changes: Any) -> None:
        deliver(self.incident_id, REPORT.report_id, self.destination.name, self.post(**changes))

    def failure(self) -> DeliveryError:
        with pytest.raises(DeliveryError) as caught:
            self.deliver()
        return caught.value

    def ask_again(self) -> None:
        """As `spiketrace dead-letters requeue` does."""

        def again(incident: Incident) -> Incident:
            name = self.destination.name
            waiting = asked_again(incident.deliveries.get(name), self.clock())
            return incident.model_copy(update={"deliveries": {**incident.deliveries, name: waiting}})

        self.store.update(self.incident_id, again)

    @property
    def receipt(self) -> Delivery | None:
        incident = self.store.get(self.incident_id)
        assert incident is not None
        return incident.deliveries.get(self.destination.name)

    @property
    def state(self) -> str | None:
        return self.receipt.state if self.receipt else None

    @property
    def made(self) -> int:
        return self.case.made(self.vendors)


@pytest.fixture(params=list(CASES.values()), ids=list(CASES))
def scene(request: pytest.FixtureRequest, vendors: Vendors, embedded_engine: Engine) -> Iterator[Scene]:
    client = connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url))
    install_templates(client)
    store = ElasticIncidentStore(client)
    incident = record(REPORT, store, Clock().now)
    assert incident is not None
    case: Case = request.param
    yield Scene(case, vendors, store, case.open(vendors), incident.incident_id)
    client.close()


def test_told_once_however_often_it_is_asked_for(scene: Scene) -> None:
    for _ in range(3):
        scene.deliver()
    assert scene.made == 1
    assert scene.receipt is not None
    assert (scene.receipt.state, scene.receipt.reason, scene.receipt.lease_until) == ("done", None, None)


def test_the_receipt_names_what_the_vendor_made(scene: Scene) -> None:
    scene.deliver()
    assert scene.receipt is not None
    if scene.destination.name == "jira":
        assert scene.receipt.vendor_id == "OPS-1"
        assert str(scene.receipt.url).endswith("/browse/OPS-1")
    elif scene.destination.name == "servicenow":
        assert scene.receipt.vendor_id == scene.vendors.records[0]["number"]
    elif scene.destination.name == "slack" and scene.receipt.vendor_id:
        assert scene.receipt.vendor_id == f"C0INCIDENTS/{scene.vendors.messages[0]['ts']}"


def test_of_many_at_once_one_is_sent(scene: Scene) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: scene.deliver(), range(8)))
    assert (scene.made, scene.state) == (1, "done")


def test_a_failure_that_passes_is_tried_again(scene: Scene) -> None:
    status = of_kind(scene.case.answers, retryable=True)
    scene.vendors.fail(scene.case.path(scene.vendors), status=status, times=2, body="no_service")
    for _ in range(2):
        assert scene.failure().retryable
        assert scene.receipt is not None
        assert (scene.receipt.state, scene.receipt.lease_until) == ("pending", None)
        assert scene.case.says.format(status=status) in str(scene.receipt.reason)
        assert scene.receipt.attempts > 0
        scene.clock.pass_by(timedelta(minutes=1))
    scene.deliver()
    assert (scene.made, scene.state) == (1, "done")


def test_a_failure_that_stays_is_written_down_and_may_be_asked_for_again(scene: Scene) -> None:
    status = of_kind(scene.case.answers, retryable=False)
    scene.vendors.fail(scene.case.path(scene.vendors), status=status, body="action_prohibited")
    assert not scene.failure().retryable
    assert scene.receipt is not None
    assert scene.receipt.state == "failed"
    assert "action_prohibited" in str(scene.receipt.reason)
    assert "action_prohibited" in scene.failure().reason
    assert scene.made == 0
    scene.ask_again()
    scene.deliver()
    assert (scene.made, scene.state) == (1, "done")


def test_killed_before_the_call(scene: Scene) -> None:
    with pytest.raises(Killed):
        scene.deliver(store=KilledAfterWriting(scene.store, writes=1))
    taken_up_again(scene, made_before=0)


def test_killed_after_the_call(scene: Scene) -> None:
    with pytest.raises(Killed):
        scene.deliver(destination=KilledAfterCalling(scene.destination))
    taken_up_again(scene, made_before=1)


def taken_up_again(scene: Scene, *, made_before: int) -> None:
    # Whoever comes while the lease lives leaves it at that.
    scene.deliver()
    assert (scene.made, scene.state) == (made_before, "pending")
    scene.clock.pass_by(LEASE)
    if scene.destination.finds_what_it_made:
        scene.deliver()
        assert (scene.made, scene.state) == (1, "done")
        return
    # It may have been sent and nobody can be asked: once or not at all, and never in silence.
    assert not scene.failure().retryable
    assert (scene.made, scene.state) == (made_before, "failed")
    assert scene.receipt is not None
    assert "may have been sent" in str(scene.receipt.reason)


def test_killed_after_the_receipt(scene: Scene) -> None:
    with pytest.raises(Killed):
        scene.deliver(store=KilledAfterWriting(scene.store, writes=2))
    scene.deliver()
    assert (scene.made, scene.state) == (1, "done")


def test_jiras_search_may_lag_behind(embedded_engine: Engine) -> None:
    """The lease is longer than the lag: whoever comes after it finds what the attempt before has created."""
    client = connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url))
    with running_vendors(search_lag_seconds=3600.0) as vendors:
        store = ElasticIncidentStore(client)
        incident = record(REPORT, store, Clock().now)
        assert incident is not None
        case = CASES["jira"]
        scene = Scene(case, vendors, store, case.open(vendors), incident.incident_id)
        vendors.fail("/jira/rest/api/3/issue", when="after", status=502)
        error = scene.failure()
        assert error.retryable
        assert (error.retry_after_seconds or 0) >= 15
        assert scene.made == 1
    client.close()


def test_whoever_gives_up_says_why(scene: Scene) -> None:
    give_up(scene.incident_id, scene.destination.name, scene.post(), reason="six attempts failed")
    assert scene.receipt is not None
    assert (scene.receipt.state, scene.receipt.reason) == ("failed", "six attempts failed")
    scene.ask_again()
    scene.deliver()
    give_up(scene.incident_id, scene.destination.name, scene.post(), reason="too late")
    assert scene.state == "done"


def test_the_history_tells_of_it(scene: Scene) -> None:
    scene.vendors.fail(scene.case.path(scene.vendors), status=of_kind(scene.case.answers, retryable=False))
    scene.failure()
    scene.ask_again()
    scene.deliver()
    incident = scene.store.get(scene.incident_id)
    assert incident is not None
    name = scene.destination.name
    told = [entry.event for entry in incident.history if entry.event != "linked"]
    assert told == ["opened", f"{name} failed", f"{name} done"]
    made = incident.deliveries[name]
    assert [entry.reason for entry in incident.history if entry.event == "linked"] == (
        [f"{made.vendor_id}: {made.url}"] if name in ("jira", "servicenow") else []
    )


@pytest.mark.parametrize(
    ("incident_id", "destination", "reason"),
    [
        ("inc-none", "jira", "there is no incident inc-none"),
        (None, "pager", "it is not configured"),
    ],
)
def test_what_cannot_be_delivered_is_no_retry(
    vendors: Vendors,
    embedded_engine: Engine,
    incident_id: str | None,
    destination: str,
    reason: str,
) -> None:
    client = connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url))
    store = ElasticIncidentStore(client)
    incident = record(REPORT, store, Clock().now)
    assert incident is not None
    post = Post(store, Reports({REPORT.report_id: REPORT}), {"jira": CASES["jira"].open(vendors)}, Clock())
    with pytest.raises(DeliveryError, match=reason) as caught:
        deliver(incident_id or incident.incident_id, REPORT.report_id, destination, post)
    assert not caught.value.retryable
    assert vendors.issues == []
    client.close()


def test_an_incident_whose_report_is_not_stored_yet_is_told_later(scene: Scene) -> None:
    post = Post(scene.store, Reports(), {scene.destination.name: scene.destination}, scene.clock)
    with pytest.raises(DeliveryError, match=r"none of the reports of .* is stored yet") as caught:
        deliver(scene.incident_id, REPORT.report_id, scene.destination.name, post)
    assert caught.value.retryable
    scene.deliver()
    assert scene.state == "done"
