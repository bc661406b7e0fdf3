"""What Kibana's index connector wrote is taken in, each document once, whoever dies and whatever was written."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.delivery_paths.kibana_documents import active_document, connector_writes, recovered_document
from tests.engines.servers import Engine
from tests.standins.queue import Queued
from tests.webhook.bodies import active, encoded, flapping, recovered, summary
from worker import intake
from worker.bootstrap import Stores
from worker.domain.alert import Alert, AlertState, Origin
from worker.errors import EvidenceUnavailable, QueueUnavailable
from worker.intake import take_in, take_in_batches
from worker.ports import InboxEntry, Notification
from worker.posted import parse_alert
from worker.store.dead_letters import INDEX as DEAD_LETTERS
from worker.store.inbox_index import INDEX

NOW = datetime.now(UTC)


class Dies(BaseException):
    """As SIGKILL: nothing handles it."""


def posted(body: dict[str, Any]) -> Alert:
    """The alert that the webhook would have made of that body."""
    return parse_alert(encoded(body), received_at=NOW)


def run(stores: Stores, queue: Queued, *, batch: int = 500) -> int:
    return take_in_batches(stores.inbox_index, stores.alerts, stores.dead_letters, queue, batch=batch)


def letters(stores: Stores) -> list[dict[str, Any]]:
    stores.client.indices.refresh(index="spiketrace-*")
    hits = stores.client.search(index=DEAD_LETTERS, ignore_unavailable=True, size=100)["hits"]["hits"]
    return [hit["_source"] for hit in hits]


def left(stores: Stores) -> int:
    stores.client.indices.refresh(index=INDEX)
    return stores.inbox_index.backlog().documents


@pytest.mark.parametrize("body", [active("a"), flapping(), summary()], ids=["active", "flapping", "summary"])
@pytest.mark.parametrize("form", ["object", "text"])
def test_a_document_is_the_alert_that_the_webhook_would_have_got(
    embedded_stores: Stores, queue: Queued, body: dict[str, Any], form: str
) -> None:
    document = active_document("a") | body if form == "object" else {"body": json.dumps(body)}
    connector_writes(embedded_stores.client, document)
    assert run(embedded_stores, queue) == 1
    expected = posted(body)
    record = embedded_stores.alerts.get(expected.alert_id)
    assert record is not None
    assert record.alert == expected
    assert (record.origin, record.state) == (Origin.INDEX, AlertState.QUEUED)
    assert queue.alert_ids == [expected.alert_id]
    assert left(embedded_stores) == 0


def test_a_life_from_active_to_recovered(stores: Stores, queue: Queued) -> None:
    connector_writes(stores.client, active_document("a"), active_document("b"), recovered_document("a"))
    assert run(stores, queue) == 3
    ended, still_active = (stores.alerts.get(posted(active(uuid)).alert_id) for uuid in "ab")
    assert ended
    assert still_active
    assert ended.recovered_at == posted(recovered("a")).date
    assert still_active.recovered_at is None
    assert set(queue.alert_ids) == {ended.alert_id, still_active.alert_id}
    assert (left(stores), letters(stores)) == (0, [])
    assert run(stores, queue) == 0


def test_without_the_index_there_is_nothing_to_do(stores: Stores, queue: Queued) -> None:
    assert run(stores, queue) == 0
    assert stores.inbox_index.backlog() == (0, None)


def test_what_becomes_visible_late_and_is_older_than_all_that_was_taken_is_taken_as_well(
    stores: Stores, queue: Queued
) -> None:
    connector_writes(stores.client, active_document("new", written_at="2026-02-26T10:00:00Z"))
    run(stores, queue)
    connector_writes(stores.client, active_document("old", written_at="2026-02-26T09:00:00Z"), refresh=False)
    run(stores, queue)
    stores.client.indices.refresh(index=INDEX)
    run(stores, queue)
    assert queue.alert_ids == [posted(active(uuid)).alert_id for uuid in ("new", "old")]
    assert left(stores) == 0


def test_what_was_changed_after_it_was_read_is_not_deleted(stores: Stores, queue: Queued) -> None:
    stores.client.index(index=INDEX, id="one", document=active_document("before"), refresh=True)
    entries = stores.inbox_index.take(10)
    stores.client.index(index=INDEX, id="one", document=active_document("after"), refresh=True)
    stores.inbox_index.acknowledge(entries)
    assert run(stores, queue) == 1
    assert queue.alert_ids == [posted(active("after")).alert_id]


def test_documents_with_a_routing_are_deleted_as_well(stores: Stores, queue: Queued) -> None:
    stores.client.indices.create(index=INDEX, settings={"index": {"number_of_shards": 5}})
    for number in range(8):
        routing = f"elsewhere-{number}"
        stores.client.index(index=INDEX, routing=routing, document=active_document(f"life-{number}"), refresh=True)
    assert [run(stores, queue), run(stores, queue)] == [8, 0]


class TestDates:
    UNDATED: Mapping[str, Any] = {"rule": {"id": "r"}, "alert": {"uuid": "u"}}

    def taken(self, stores: Stores, document: Mapping[str, Any]) -> Notification:
        connector_writes(stores.client, document)
        (entry,) = stores.inbox_index.take(10)
        assert isinstance(entry.content, Notification)
        return entry.content

    def test_without_one_of_its_own_an_alert_is_of_when_it_was_written(self, embedded_stores: Stores) -> None:
        taken = self.taken(embedded_stores, {"@timestamp": "2026-02-26T09:30:00Z", **self.UNDATED})
        assert taken.alert.date == datetime(2026, 2, 26, 9, 30, tzinfo=UTC)
        assert taken.received_at >= NOW

    @pytest.mark.parametrize("written", [{}, {"@timestamp": "soon"}, {"@timestamp": 7}, {"@timestamp": "2999-01-01"}])
    def test_without_any_it_is_of_now_and_never_of_later(
        self, embedded_stores: Stores, written: Mapping[str, Any]
    ) -> None:
        taken = self.taken(embedded_stores, {**written, **self.UNDATED})
        assert NOW <= taken.alert.date <= datetime.now(UTC)
        assert not taken.is_dated

    def test_what_says_nothing_of_when_it_was_written_does_not_wait_behind_the_rest(
        self, embedded_stores: Stores, queue: Queued
    ) -> None:
        connector_writes(embedded_stores.client, active_document("a"), self.UNDATED)
        take_in(embedded_stores.inbox_index, embedded_stores.alerts, embedded_stores.dead_letters, queue, limit=1)
        assert queue.alert_ids != [posted(active("a")).alert_id]


HOSTILE: list[tuple[dict[str, Any], str]] = [
    ({}, "no rule.id"),
    ({"alert": "x", "rule": ["y"], "date": {"a": 1}}, "no rule.id"),
    ({"body": ""}, "empty"),
    ({"body": "{"}, "not JSON"),
    ({"body": ["a list"]}, "no rule.id"),
    ({"body": "[" * 100_000}, "nested too deeply"),
    ({"body": 'error rendering mustache template "{{": unclosed'}, "could not render"),
    ({"rule": {"id": "r"}, "alert": {"uuid": 'error rendering mustache template "{{#x": …'}}, "could not render"),
    ({"@timestamp": "yesterday", "rule": {"id": "r"}}, "no rule.id"),
    ({"rule": {"id": {"": None}}, "alert": {"uuid": [1e300]}, "<script>": "\ud800"}, "no rule.id"),
]


@pytest.mark.parametrize(("document", "reason"), HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_alert_becomes_one_dead_letter_with_its_reason(
    embedded_stores: Stores, queue: Queued, document: dict[str, Any], reason: str
) -> None:
    again = document | {"@timestamp": "2026-02-26T11:00:00Z"}
    connector_writes(embedded_stores.client, document, again, active_document("a"))
    assert run(embedded_stores, queue) == 3
    (letter,) = letters(embedded_stores)
    assert reason in letter["reason"]
    assert left(embedded_stores) == 0
    assert len(queue.alert_ids) == 1


def test_real_engines_take_hostile_documents_too(stores: Stores, queue: Queued) -> None:
    connector_writes(stores.client, *(document for document, _ in HOSTILE), active_document("a"))
    run(stores, queue)
    assert left(stores) == 0
    assert {letter["kind"] for letter in letters(stores)} == {"invalid"}
    assert len(queue.alert_ids) == 1


def test_a_document_that_no_json_reader_of_ours_can_read_holds_up_nothing(stores: Stores, queue: Queued) -> None:
    # Elasticsearch takes up to 1,000 levels, and its answer adds some.
    deep = '{"x":' + "[" * 990 + "]" * 990 + "}"
    connector_writes(stores.client, active_document("a"), active_document("b"))
    stores.client.perform_request(
        "POST", f"/{INDEX}/_doc", params={"refresh": "true"}, headers={"content-type": "application/json"}, body=deep
    )
    assert run(stores, queue) == 3
    assert len(queue.alert_ids) == 2
    (letter,) = letters(stores)
    # A later Python reads it.
    assert any(words in letter["reason"] for words in ("nested too deeply", "no rule.id"))
    assert left(stores) == 0


def test_however_many_wait_a_run_is_short_and_takes_the_oldest(embedded_stores: Stores, queue: Queued) -> None:
    documents = [active_document(f"life-{number}", written_at=f"2026-02-26T09:{number:02}:00Z") for number in range(50)]
    random.Random(7).shuffle(documents)
    connector_writes(embedded_stores.client, *documents)
    most = 10 * intake.MOST_BATCHES
    assert [run(embedded_stores, queue, batch=10) for _ in range(4)] == [most, most, 50 - 2 * most, 0]
    assert queue.alert_ids == [posted(active(f"life-{number}")).alert_id for number in range(50)]


def test_an_index_that_lets_nothing_be_deleted_is_told_and_loses_nothing(
    stores: Stores, queue: Queued, engine: Engine
) -> None:
    if engine.is_embedded:
        pytest.skip("the embedded engine has no blocks")
    connector_writes(stores.client, active_document("a"))
    stores.client.indices.put_settings(index=INDEX, settings={"index.blocks.write": True})
    try:
        for _ in range(2):
            with pytest.raises(EvidenceUnavailable, match="deleting from the inbox index") as raised:
                run(stores, queue)
            assert not raised.value.retryable
    finally:
        stores.client.indices.put_settings(index=INDEX, settings={"index.blocks.write": False})
    assert set(queue.alert_ids) == {posted(active("a")).alert_id}
    assert run(stores, queue) == 1
    stores.client.indices.refresh(index="spiketrace-alerts")
    assert stores.client.count(index="spiketrace-alerts")["count"] == 1


def test_a_queue_that_is_away_leaves_the_documents(embedded_stores: Stores, queue: Queued) -> None:
    connector_writes(embedded_stores.client, active_document("a"))
    queue.is_away = True
    with pytest.raises(QueueUnavailable):
        run(embedded_stores, queue)
    assert left(embedded_stores) == 1
    queue.is_away = False
    assert run(embedded_stores, queue) == 1
    assert queue.alert_ids == [posted(active("a")).alert_id]


class Mortal:
    """An inbox whose user dies before or after one of the steps, as often as `deaths` says."""

    def __init__(self, stores: Stores, queue: Queued, schedule: random.Random) -> None:
        self._stores, self._queue, self._schedule = stores, queue, schedule

    def take(self, limit: int) -> list[InboxEntry]:
        entries: list[InboxEntry] = self._perhaps(lambda: self._stores.inbox_index.take(limit))
        return entries

    def acknowledge(self, entries: Sequence[InboxEntry]) -> None:
        # A part of a bulk request may be done when its sender dies.
        done = entries[: self._schedule.randint(0, len(entries))]
        self._perhaps(lambda: self._stores.inbox_index.acknowledge(done))
        self._stores.inbox_index.acknowledge(entries)

    def record(self, notifications: Sequence[Notification]) -> Any:
        return self._perhaps(lambda: self._stores.alerts.record(notifications))

    def put(self, *args: Any, **kwargs: Any) -> None:
        self._perhaps(lambda: self._stores.dead_letters.put(*args, **kwargs))

    def investigate(self, alert_ids: Sequence[str], *, of: Sequence[Alert] = ()) -> None:
        self._perhaps(lambda: self._queue.investigate(alert_ids, of=of))

    def _perhaps(self, step: Callable[[], Any]) -> Any:
        fate = self._schedule.random()
        if fate < 0.1:
            raise Dies
        result = step()
        if fate > 0.9:
            raise Dies
        return result


def _schedule_of(stores: Stores, queue: Queued, seed: int) -> None:
    """Writes and intakes in any order: copies, recoveries before their alerts, late refreshes, deaths."""
    schedule = random.Random(seed)
    documents = [
        *(active_document(f"life-{number}") for number in range(12)),
        *(recovered_document(f"life-{number}") for number in range(0, 12, 2)),
        *(active_document(f"life-{number}", date="2026-02-26T10:30:00Z") for number in range(0, 12, 3)),
        *(document for document, _ in HOSTILE[:4]),
    ]
    documents += schedule.choices(documents, k=15)
    schedule.shuffle(documents)
    mortal: Any = Mortal(stores, queue, schedule)
    while documents:
        written = [documents.pop() for _ in range(min(len(documents), schedule.randint(1, 6)))]
        connector_writes(stores.client, *written, refresh=schedule.random() < 0.5)
        try:
            take_in(mortal, mortal, mortal, mortal, limit=schedule.randint(1, 8))
        except Dies:
            continue
    stores.client.indices.refresh(index=INDEX)
    run(stores, queue)


@pytest.mark.parametrize("seed", range(6))
def test_any_order_any_copies_any_deaths_end_in_the_same_alerts(
    embedded_stores: Stores, queue: Queued, seed: int
) -> None:
    _schedule_of(embedded_stores, queue, seed)
    _assert_settled(embedded_stores, queue)


def test_and_so_they_do_on_every_engine(stores: Stores, queue: Queued) -> None:
    _schedule_of(stores, queue, 7)
    _assert_settled(stores, queue)


def _assert_settled(stores: Stores, queue: Queued) -> None:
    assert left(stores) == 0
    firsts = [posted(active(f"life-{number}")) for number in range(12)]
    stores.client.indices.refresh(index="spiketrace-alerts")
    found = stores.client.search(index="spiketrace-alerts", size=100)["hits"]["hits"]
    by_life: dict[str, list[dict[str, Any]]] = {}
    for hit in found:
        by_life.setdefault(hit["_source"]["life_id"], []).append(hit["_source"])
    assert set(by_life) == {alert.alert_id for alert in firsts}
    for number, alert in enumerate(firsts):
        records = by_life[alert.alert_id]
        # Two notifications of different dates where Kibana notified twice; else one.
        assert len(records) == (2 if number % 3 == 0 else 1)
        assert all(bool(record["recovered_at"]) == (number % 2 == 0) for record in records)
    assert {hit["_id"] for hit in found} == set(queue.alert_ids)
    assert len(letters(stores)) == 4


def test_several_intakes_at_once_make_one_alert_each(stores: Stores) -> None:
    connector_writes(stores.client, *(active_document(f"life-{number}") for number in range(60)))
    queues = [Queued() for _ in range(4)]
    with ThreadPoolExecutor(len(queues)) as pool:
        list(pool.map(lambda queue: run(stores, queue, batch=40), queues))
    expected = {posted(active(f"life-{number}")).alert_id for number in range(60)}
    assert {alert_id for queue in queues for alert_id in queue.alert_ids} == expected
    stores.client.indices.refresh(index="spiketrace-alerts")
    assert stores.client.count(index="spiketrace-alerts")["count"] == 60
    assert left(stores) == 0


class TestTwoConnectorsOfOneRule:
    """Kibana dates each action by itself, so their dates differ by milliseconds."""

    @pytest.mark.parametrize("first", ["webhook", "index"])
    def test_what_both_bring_is_one_alert(self, embedded_stores: Stores, queue: Queued, first: str) -> None:
        connector_writes(embedded_stores.client, active_document("a", date="2026-02-26T09:30:03.161Z"))
        if first == "index":
            run(embedded_stores, queue)
        embedded_stores.alerts.record([Notification(alert=posted(active("a")), received_at=NOW)])
        run(embedded_stores, queue)
        embedded_stores.client.indices.refresh(index="spiketrace-alerts")
        assert embedded_stores.client.count(index="spiketrace-alerts")["count"] == 1

    def test_what_one_brings_later_is_a_further_notification(self, embedded_stores: Stores, queue: Queued) -> None:
        embedded_stores.alerts.record([Notification(alert=posted(active("a")), received_at=NOW)])
        connector_writes(embedded_stores.client, active_document("a", date="2026-02-26T10:30:03Z"))
        run(embedded_stores, queue)
        assert queue.alert_ids == [posted(active("a", date="2026-02-26T10:30:03Z")).renotification_id]

    def test_what_one_brings_twice_under_two_dates_is_two(self, embedded_stores: Stores, queue: Queued) -> None:
        again = active_document("a", date="2026-02-26T09:30:13Z")
        connector_writes(embedded_stores.client, active_document("a"), again)
        run(embedded_stores, queue)
        assert len(queue.alert_ids) == 2
