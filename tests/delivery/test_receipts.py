"""What becomes of a receipt, and of a delivery that is not told at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from tests.delivery.samples import INCIDENT_ID, an_incident
from tests.delivery.test_deliveries import REPORT, Clock, Killed, Reports
from tests.incidents.ledger import MemoryLedger
from tests.standins.queue import Queued
from worker import deliveries, receipts
from worker.announcing import AnnouncingIncidents
from worker.dead_letters import NotRequeued, requeue
from worker.deliveries import Post
from worker.domain.incident import Delivery, HistoryEntry, Incident, IncidentStatus
from worker.domain.notice import Notice
from worker.errors import DeliveryError, EvidenceUnavailable
from worker.policy import Policy
from worker.ports import DeadLetter, DeliveryReceipt
from worker.receipts import GRACE, LEASE
from worker.sweep import sweep_deliveries

Act = Callable[[], DeliveryReceipt | None]


@dataclass
class Vendor:
    """Does what `acts` say, one a call, and then succeeds; `heard` is what it was told."""

    name: str = "slack"
    finds_what_it_made: bool = True
    hears: frozenset[str] = frozenset({"cause", "resolved"})
    acts: list[Act] = field(default_factory=list)
    heard: list[list[str]] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def open(self, notice: Notice) -> DeliveryReceipt:
        return self._told(notice) or DeliveryReceipt(vendor_id="M-1")

    def update(self, notice: Notice, made: Delivery) -> DeliveryReceipt | None:
        return self._told(notice)

    def _told(self, notice: Notice) -> DeliveryReceipt | None:
        self.notices.append(notice)
        made = self.acts.pop(0)() if self.acts else None
        self.heard.append([entry.event for entry in notice.news])
        return made


def fails(reason: str = "busy", *, retryable: bool = True, after: float | None = None, **how: Any) -> Act:
    def act() -> DeliveryReceipt | None:
        raise DeliveryError(reason, destination="slack", retryable=retryable, retry_after_seconds=after, **how)

    return act


def dies() -> DeliveryReceipt | None:
    raise Killed


@dataclass
class Office:
    """One incident, one vendor, and a worker."""

    vendor: Vendor = field(default_factory=Vendor)
    clock: Clock = field(default_factory=Clock)
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    queue: Queued = field(default_factory=Queued)
    letters: list[str] = field(default_factory=list)
    most_attempts: int = 12

    def __post_init__(self) -> None:
        made = {self.vendor.name: self.vendor}
        self.incidents = AnnouncingIncidents(self.ledger, self.queue, Policy(), made, self.clock)
        reports = Reports({REPORT.report_id: REPORT})
        self.post = Post(
            self.incidents,
            reports,
            made,
            self.clock,
            most_attempts=self.most_attempts,
            bury=lambda *said: self.letters.append(said[3]),
        )
        self.incidents.create(an_incident(deliveries={}))

    def deliver(self) -> None:
        deliveries.deliver(INCIDENT_ID, REPORT.report_id, "slack", self.post)

    def fail(self) -> DeliveryError:
        with pytest.raises(DeliveryError) as caught:
            self.deliver()
        return caught.value

    def die(self) -> None:
        with pytest.raises(Killed):
            self.deliver()

    def news(self, event: str) -> None:
        entry = HistoryEntry(at=self.clock(), event=event, reason=f"{event}.")
        over: dict[str, Any] = {"status": IncidentStatus.RESOLVED, "resolved_at": self.clock()}

        def change(incident: Incident) -> Incident:
            ended = over if event == "resolved" else {}
            return incident.model_copy(update={"history": [*incident.history, entry], **ended})

        self.incidents.update(INCIDENT_ID, change)

    def sweep(self) -> int:
        return sweep_deliveries(self.incidents, self.queue, ["slack"], now=self.clock())

    def requeue(self) -> None:
        payload = f'{{"incident_id": "{INCIDENT_ID}", "report_id": "{REPORT.report_id}", "destination": "slack"}}'
        letter = DeadLetter(
            letter_id="l", at=self.clock(), alert_id="a", kind="delivery-slack", reason="", payload=payload
        )
        unused: Any = self
        requeue(letter, alerts=unused, incidents=self.incidents, letters=unused, queue=self.queue)

    def remove(self, letter_id: str) -> None:
        """Its letters are no store of their own."""

    @property
    def receipt(self) -> Delivery:
        incident = self.ledger.get(INCIDENT_ID)
        assert incident is not None
        return incident.deliveries["slack"]


class TestTelling:
    def test_the_opening_is_told_once_and_news_as_they_come(self) -> None:
        office = Office()
        for event in (None, "cause", "severity", "resolved"):
            if event:
                office.news(event)
            office.deliver()
            office.deliver()
        # What a destination does not hear of is passed over in silence, and is not told later.
        assert office.vendor.heard == [["opened"], ["cause"], ["resolved"]]
        assert (office.receipt.state, office.receipt.told) == ("done", 4)

    def test_an_incident_that_is_over_is_opened_and_then_ended(self) -> None:
        office = Office()
        office.news("cause")
        office.news("resolved")
        office.deliver()
        assert office.vendor.heard == [["opened", "cause"], ["resolved"]]

    def test_what_takes_two_calls_is_finished_at_once(self) -> None:
        office = Office(Vendor(acts=[lambda: DeliveryReceipt(vendor_id="M-1", unfinished=True)]))
        office.deliver()
        assert office.vendor.heard == [["opened"], []]
        assert (office.receipt.state, office.receipt.unfinished) == ("done", False)

    def test_news_that_come_during_a_call_are_told_by_the_same_attempt(self) -> None:
        office = Office()
        office.vendor.acts = [lambda: office.news("cause")]
        office.deliver()
        assert office.vendor.heard == [["opened"], ["cause"]]

    def test_whoever_dies_between_two_calls_leaves_the_rest_pending(self) -> None:
        office = Office()
        office.vendor.acts = [lambda: office.news("cause"), dies]
        office.die()
        assert (office.receipt.state, office.receipt.told) == ("pending", 1)
        office.clock.pass_by(LEASE)
        office.deliver()
        assert office.vendor.heard == [["opened"], ["cause"]]
        assert office.vendor.notices[-1].is_repeated

    def test_another_worker_leaves_it_at_that(self) -> None:
        office = Office()
        office.vendor.acts = [lambda: office.deliver()]  # noqa: PLW0108 - the office is not there yet
        office.deliver()
        assert office.vendor.heard == [["opened"]]

    def test_one_that_outlived_its_lease_tells_the_one_that_took_over(self) -> None:
        office = Office()

        def late() -> None:
            office.clock.pass_by(LEASE)
            office.deliver()
            office.news("cause")

        office.vendor.acts = [late, lambda: DeliveryReceipt(vendor_id="M-2")]
        office.deliver()
        assert office.vendor.heard == [["opened"], ["opened"], ["cause"]]
        assert (office.receipt.state, office.receipt.told, office.receipt.lease_until) == ("done", 2, None)

    def test_what_was_made_is_news_to_those_who_can_link_it(self) -> None:
        office = Office(Vendor(acts=[lambda: DeliveryReceipt(vendor_id="M-1", url="https://x.example/M-1")]))
        office.deliver()
        incident = office.ledger.get(INCIDENT_ID)
        assert incident is not None
        assert [entry.reason for entry in incident.news if entry.event == "linked"] == ["M-1: https://x.example/M-1"]
        assert (office.receipt.state, office.receipt.told, office.vendor.heard) == ("done", 2, [["opened"]])


class TestFailing:
    def test_the_vendors_wish_is_kept_however_long(self) -> None:
        office = Office(Vendor(acts=[fails(after=600)]))
        assert office.fail().retry_after_seconds == 600
        for minutes in (1, 5, 9):
            office.clock.now = office.receipt.updated_at + timedelta(minutes=minutes)
            office.news("severity")
            office.deliver()
            assert (office.sweep(), office.vendor.heard) == (0, [])
        office.clock.pass_by(timedelta(minutes=2))
        assert office.sweep() == 1
        office.deliver()
        assert office.vendor.heard == [["opened", "severity", "severity", "severity"]]

    def test_put_off_it_waits_for_the_sweep(self) -> None:
        office = Office(Vendor(acts=[fails()]))
        office.fail()
        deliveries.put_off(INCIDENT_ID, "slack", office.post, seconds=500)
        office.clock.pass_by(timedelta(seconds=499))
        office.deliver()
        assert (office.sweep(), office.vendor.heard) == (0, [])
        office.clock.pass_by(timedelta(seconds=1))
        assert office.sweep() == 1

    def test_after_so_many_attempts_it_is_given_up_with_the_vendors_sentence(self) -> None:
        office = Office(Vendor(acts=[fails("no such luck")] * 3), most_attempts=3)
        assert [office.fail().retryable for _ in range(3)] == [True, True, False]
        assert (office.receipt.state, office.receipt.reason) == ("failed", "no such luck")
        assert office.letters == ["no such luck"]

    def test_crashes_count_as_attempts(self) -> None:
        office = Office(Vendor(acts=[dies] * 9), most_attempts=2)
        for _ in range(2):
            office.die()
            office.clock.pass_by(LEASE)
        assert "each of 2 attempts broke off" in office.fail().reason
        assert office.letters == [office.receipt.reason]

    def test_what_failed_fails_again_until_somebody_asks_and_is_then_told_everything(self) -> None:
        office = Office(Vendor(acts=[fails("forbidden", retryable=False)]))
        office.fail()
        office.news("cause")
        assert (office.fail().reason, office.vendor.heard) == ("forbidden", [])
        office.requeue()
        assert (office.receipt.state, office.receipt.reason) == ("pending", None)
        office.deliver()
        assert office.vendor.heard == [["opened", "cause"]]
        with pytest.raises(NotRequeued, match="has been told"):
            office.requeue()

    def test_an_update_that_is_refused_does_not_stop_the_end(self) -> None:
        office = Office()
        office.deliver()
        office.news("cause")
        office.vendor.acts = [fails("comments are forbidden", retryable=False)]
        office.fail()
        assert (office.receipt.state, office.receipt.told) == ("failed", 1)
        office.news("resolved")
        assert office.receipt.state == "pending"
        office.deliver()
        assert office.vendor.heard == [["opened"], ["resolved"]]

    def test_requeued_it_is_told_what_was_refused_and_what_it_knows_stays(self) -> None:
        office = Office(Vendor(acts=[lambda: DeliveryReceipt(vendor_id="M-7", details={"a": "b"})]))
        office.deliver()
        office.news("cause")
        office.vendor.acts = [fails("comments are forbidden", retryable=False)]
        office.fail()
        office.requeue()
        assert (office.receipt.told, office.receipt.vendor_id, office.receipt.details) == (1, "M-7", {"a": "b"})
        office.deliver()
        assert office.vendor.heard == [["opened"], ["cause"]]

    def test_news_between_the_attempt_and_its_end_are_not_passed_over(self) -> None:
        office = Office(Vendor(finds_what_it_made=False))
        office.deliver()
        office.news("cause")
        office.vendor.acts = [dies]
        office.die()
        office.news("resolved")
        office.clock.pass_by(LEASE)
        assert "may have been sent" in office.fail().reason
        office.deliver()
        assert office.vendor.heard == [["opened"], ["resolved"]]
        assert office.receipt.state == "done"

    @pytest.mark.parametrize("how", [fails(is_ambiguous=True), dies], ids=["unanswered", "dead"])
    def test_where_nobody_can_look_what_may_have_been_sent_is_not_sent_again(self, how: Act) -> None:
        office = Office(Vendor(finds_what_it_made=False, acts=[how]))
        with pytest.raises((DeliveryError, Killed)):
            office.deliver()
        office.clock.pass_by(LEASE)
        assert "may have been sent" in office.fail().reason
        assert (office.receipt.state, office.vendor.heard, len(office.vendor.notices)) == ("failed", [], 1)
        assert set(office.letters) == {office.receipt.reason}

    def test_a_doubt_outlasts_an_answer_that_says_nothing_of_it(self) -> None:
        office = Office(Vendor(acts=[fails(is_ambiguous=True), fails("busy")]))
        office.fail()
        office.fail()
        office.deliver()
        assert [notice.is_repeated for notice in office.vendor.notices] == [False, True, True]

    def test_an_engine_that_is_away_before_the_call_leaves_no_doubt(self) -> None:
        office = Office(Vendor(finds_what_it_made=False))

        class Away(Reports):
            def get(self, report_id: str) -> Any:
                raise EvidenceUnavailable("away", retryable=True)

        known, office.post = office.post, Post(office.incidents, Away(), office.post.destinations, office.clock)
        with pytest.raises(EvidenceUnavailable):
            office.deliver()
        office.post = known
        office.deliver()
        assert office.vendor.heard == [["opened"]]


class TestGone:
    def test_a_destination_that_was_removed_fails_and_may_come_back(self) -> None:
        office = Office()
        known, office.post = office.post, Post(office.incidents, office.post.reports, {}, office.clock)
        reason = office.fail().reason
        assert reason == "it is not configured any more"
        deliveries.give_up(INCIDENT_ID, "slack", office.post, reason=reason)
        assert (office.receipt.state, office.receipt.reason) == ("failed", reason)
        office.post = known
        office.requeue()
        office.deliver()
        assert office.receipt.state == "done"

    def test_an_incident_that_is_gone_is_no_retry(self) -> None:
        office = Office()
        office.ledger.remove(INCIDENT_ID)
        assert not office.fail().retryable

    def test_one_that_goes_during_the_call_is_let_go(self) -> None:
        office = Office()
        office.vendor.acts = [lambda: office.ledger.remove(INCIDENT_ID)]
        assert "there is no incident" in office.fail().reason
        assert office.vendor.heard == [["opened"]]


@pytest.mark.parametrize(
    ("changes", "abandoned"),
    [
        ({}, False),
        ({"updated_at": -GRACE}, True),
        ({"updated_at": -GRACE, "not_before": timedelta(seconds=1)}, False),
        ({"lease_until": timedelta(0)}, True),
        ({"lease_until": timedelta(seconds=1), "updated_at": -GRACE}, False),
        ({"state": "failed", "updated_at": -GRACE}, False),
    ],
)
def test_what_is_abandoned(changes: dict[str, Any], abandoned: bool) -> None:
    now = Clock().now
    times = {name: now + value if isinstance(value, timedelta) else value for name, value in changes.items()}
    known = Delivery.model_validate({"state": "pending", "updated_at": now, **times})
    assert receipts.is_abandoned(known, now) is abandoned
