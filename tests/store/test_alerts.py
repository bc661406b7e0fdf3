"""The alert store on every engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from elasticsearch import Elasticsearch

from tests.engines.servers import Engine
from tests.store.builders import a_recovery, an_alert, arriving
from worker.domain.alert import Alert, AlertState
from worker.errors import EvidenceUnavailable
from worker.ports import AlertRecord
from worker.store.alert_documents import INDEX
from worker.store.alerts import ElasticAlertStore

FIRST = an_alert()
LATER = an_alert(minutes=5)
RECOVERY = a_recovery()
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def _record(alerts: ElasticAlertStore, *arriving_alerts: Alert) -> list[str]:
    return [outcome.status for outcome in alerts.record([arriving(alert) for alert in arriving_alerts])]


def _stored(alerts: ElasticAlertStore, alert_id: str = FIRST.alert_id) -> AlertRecord:
    record = alerts.get(alert_id)
    assert record
    return record


def _end_lease(alerts: ElasticAlertStore, alert_id: str = FIRST.alert_id) -> None:
    claimed_by = _stored(alerts, alert_id).claimed_by
    assert claimed_by
    assert alerts.renew(alert_id, owner=claimed_by, lease_seconds=-1)


def test_nothing_is_known_before_the_first_alert(alerts: ElasticAlertStore) -> None:
    assert alerts.get(FIRST.alert_id) is None
    assert alerts.get_many([FIRST.alert_id]) == []
    assert alerts.get_many([]) == []
    assert alerts.record([]) == []
    assert alerts.claim(FIRST.alert_id, owner="a", lease_seconds=60) is None
    assert alerts.stranded(now=datetime.now(UTC), queued_before=datetime.now(UTC), limit=10) == []


def test_a_recorded_alert_reads_back_as_it_was_at_once(alerts: ElasticAlertStore) -> None:
    assert _record(alerts, FIRST, FIRST, LATER) == ["accepted", "duplicate", "accepted"]
    record = _stored(alerts)
    assert record.alert == FIRST
    assert (record.state, record.attempts, record.report_id) == (AlertState.QUEUED, 0, None)
    assert [found.alert_id for found in alerts.get_many([LATER.renotification_id, "x", FIRST.alert_id])] == [
        LATER.renotification_id,
        FIRST.alert_id,
    ]


def test_recording_twice_keeps_what_became_of_it(alerts: ElasticAlertStore) -> None:
    _record(alerts, FIRST)
    alerts.claim(FIRST.alert_id, owner="a", lease_seconds=60)
    outcome = alerts.record([arriving(FIRST)])[0]
    assert (outcome.status, outcome.is_waiting) == ("duplicate", False)
    assert _stored(alerts).state is AlertState.INVESTIGATING


def test_a_recovery_reaches_notifications_that_were_recorded_just_before(alerts: ElasticAlertStore) -> None:
    _record(alerts, FIRST, LATER)
    assert _record(alerts, RECOVERY) == ["recovered"]
    for alert_id in (FIRST.alert_id, LATER.renotification_id):
        assert _stored(alerts, alert_id).recovered_at == RECOVERY.date


def test_recovery_first_then_the_alert(alerts: ElasticAlertStore) -> None:
    assert _record(alerts, RECOVERY) == ["recovered"]
    assert _stored(alerts).state is AlertState.RECOVERED
    assert alerts.claim(FIRST.alert_id, owner="a", lease_seconds=60) is None
    assert _record(alerts, FIRST) == ["accepted"]
    assert alerts.claim(FIRST.alert_id, owner="a", lease_seconds=60) is not None
    alerts.finish(FIRST.alert_id, report_id="r", incident_id="i")
    record = _stored(alerts)
    assert (record.state, record.report_id, record.incident_id) == (AlertState.RECOVERED, "r", "i")


def test_concurrent_copies_make_one_record(alerts: ElasticAlertStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: _record(alerts, FIRST)[0], range(24)))
    assert sorted(statuses) == ["accepted"] + ["duplicate"] * 23


def test_alert_and_recovery_at_the_same_time_lose_neither(alerts: ElasticAlertStore) -> None:
    lives = [f"life-{number}" for number in range(12)]
    arrivals = [build(life) for life in lives for build in (an_alert, a_recovery)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda alert: _record(alerts, alert), arrivals))
    for life in lives:
        record = _stored(alerts, an_alert(life).alert_id)
        assert (record.alert, record.recovered_at) == (an_alert(life), a_recovery(life).date)
        assert record.state is AlertState.QUEUED


def test_what_elasticsearch_will_never_take_is_named_and_holds_up_nothing(alerts: ElasticAlertStore) -> None:
    unfit = an_alert("life-2", value=float("nan"))
    refused, taken = alerts.record([arriving(unfit), arriving(FIRST)])
    assert refused.refused
    assert taken.refused is None
    assert alerts.get(unfit.alert_id) is None
    assert _stored(alerts).state is AlertState.QUEUED


def test_what_somebody_else_put_there_holds_up_nothing_and_stays(
    alerts: ElasticAlertStore, client: Elasticsearch
) -> None:
    client.index(index=INDEX, id=FIRST.alert_id, document={"note": "not yours"})
    other = an_alert("life-2")
    refused, recovered, taken = alerts.record([arriving(FIRST), arriving(RECOVERY), arriving(other)])
    assert "no alert record" in (refused.refused or "")
    assert "no alert record" in (recovered.refused or "")
    assert (taken.status, taken.refused) == ("accepted", None)
    assert alerts.get_many([FIRST.alert_id, other.alert_id]) == [_stored(alerts, other.alert_id)]
    with pytest.raises(EvidenceUnavailable, match="no alert record") as raised:
        alerts.claim(FIRST.alert_id, owner="a", lease_seconds=60)
    assert not raised.value.retryable
    assert client.get(index=INDEX, id=FIRST.alert_id)["_source"] == {"note": "not yours"}


def test_one_claims_and_the_others_do_not(alerts: ElasticAlertStore) -> None:
    _record(alerts, FIRST)

    def claim(owner: int) -> AlertRecord | None:
        return alerts.claim(FIRST.alert_id, owner=str(owner), lease_seconds=60)

    with ThreadPoolExecutor(8) as pool:
        claims = [record for record in pool.map(claim, range(16)) if record]
    assert len(claims) == 1
    record = _stored(alerts)
    assert (record.claimed_by, record.attempts, record.state) == (claims[0].claimed_by, 1, AlertState.INVESTIGATING)
    assert record.lease_until == claims[0].lease_until


def test_the_same_owner_takes_up_its_own_claim(alerts: ElasticAlertStore) -> None:
    _record(alerts, FIRST)
    assert alerts.claim(FIRST.alert_id, owner="a", lease_seconds=60)
    again = alerts.claim(FIRST.alert_id, owner="a", lease_seconds=60)
    assert again
    assert again.attempts == 2


def test_a_lease_that_ended_is_anybodys(alerts: ElasticAlertStore) -> None:
    _record(alerts, FIRST)
    alerts.claim(FIRST.alert_id, owner="a", lease_seconds=60)
    assert alerts.claim(FIRST.alert_id, owner="b", lease_seconds=60) is None
    _end_lease(alerts)
    taken_over = alerts.claim(FIRST.alert_id, owner="b", lease_seconds=60)
    assert taken_over
    assert taken_over.claimed_by == "b"
    assert not alerts.renew(FIRST.alert_id, owner="a", lease_seconds=60)
    assert alerts.renew(FIRST.alert_id, owner="b", lease_seconds=60)


@pytest.mark.parametrize("end", ["finish", "fail"])
def test_what_is_finished_is_not_claimed_again(alerts: ElasticAlertStore, end: str) -> None:
    _record(alerts, FIRST)
    alerts.claim(FIRST.alert_id, owner="a", lease_seconds=60)
    if end == "finish":
        alerts.finish(FIRST.alert_id, report_id="r", incident_id=None)
    else:
        alerts.fail(FIRST.alert_id, reason="no evidence")
    assert alerts.claim(FIRST.alert_id, owner="a", lease_seconds=60) is None
    assert not alerts.renew(FIRST.alert_id, owner="a", lease_seconds=60)
    record = _stored(alerts)
    assert (record.claimed_by, record.lease_until) == (None, None)
    assert record.state is (AlertState.REPORTED if end == "finish" else AlertState.FAILED)


def test_a_recovery_during_the_investigation_shows_when_it_is_finished(alerts: ElasticAlertStore) -> None:
    _record(alerts, FIRST)
    alerts.claim(FIRST.alert_id, owner="a", lease_seconds=60)
    _record(alerts, RECOVERY)
    assert _stored(alerts).state is AlertState.INVESTIGATING
    assert alerts.renew(FIRST.alert_id, owner="a", lease_seconds=60)
    alerts.finish(FIRST.alert_id, report_id="r", incident_id=None)
    assert _stored(alerts).state is AlertState.RECOVERED


@pytest.mark.parametrize("is_late", [False, True])
def test_who_finishes_what_was_read_before_overwrites_nothing(alerts: ElasticAlertStore, is_late: bool) -> None:
    _record(alerts, FIRST)
    alerts.claim(FIRST.alert_id, owner="a", lease_seconds=60)
    known = _stored(alerts)
    if is_late:
        _record(alerts, RECOVERY)
    finished = alerts.finish(FIRST.alert_id, report_id="r", incident_id="i", known=known)
    assert finished == _stored(alerts)
    assert (finished.report_id, finished.recovered_at) == ("r", RECOVERY.date if is_late else None)


def test_a_finished_renotification_knows_that_its_life_has_ended(
    alerts: ElasticAlertStore, client: Elasticsearch
) -> None:
    """Even where the recovery came between and did not find it yet."""
    _record(alerts, FIRST, LATER, RECOVERY)
    missed = client.get(index=INDEX, id=LATER.renotification_id)["_source"]
    client.index(index=INDEX, id=LATER.renotification_id, document={**missed, "recovered_at": None})
    alerts.finish(LATER.renotification_id, report_id="r", incident_id=None)
    record = _stored(alerts, LATER.renotification_id)
    assert (record.state, record.recovered_at) == (AlertState.RECOVERED, RECOVERY.date)


def test_a_report_is_not_taken_back_by_a_late_failure(alerts: ElasticAlertStore) -> None:
    _record(alerts, FIRST)
    alerts.finish(FIRST.alert_id, report_id="r", incident_id=None)
    alerts.fail(FIRST.alert_id, reason="too late")
    record = _stored(alerts)
    assert (record.state, record.report_id, record.reason) == (AlertState.REPORTED, "r", None)


def test_a_failure_says_why_and_a_recovery_does_not_hide_it(alerts: ElasticAlertStore) -> None:
    _record(alerts, FIRST)
    alerts.fail(FIRST.alert_id, reason="the rule is unknown")
    _record(alerts, RECOVERY)
    record = _stored(alerts)
    assert (record.state, record.reason, record.recovered_at) == (
        AlertState.FAILED,
        "the rule is unknown",
        RECOVERY.date,
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda alerts: alerts.finish("gone", report_id="r", incident_id=None),
        lambda alerts: alerts.fail("gone", reason="why"),
    ],
    ids=["finish", "fail"],
)
def test_an_alert_that_is_gone_cannot_be_finished(
    alerts: ElasticAlertStore, change: Callable[[ElasticAlertStore], None]
) -> None:
    with pytest.raises(EvidenceUnavailable, match="gone is no longer in spiketrace-alerts") as raised:
        change(alerts)
    assert not raised.value.retryable


def test_stranded_are_those_nobody_works_on(alerts: ElasticAlertStore, engine: Engine) -> None:
    lives = ["waits", "held", "abandoned", "reported", "failed", "recovered"]
    ids = {life: an_alert(life).alert_id for life in lives}
    _record(alerts, *[an_alert(life) for life in lives[:-1]], a_recovery("recovered"))
    for life in ("held", "abandoned", "reported"):
        assert alerts.claim(ids[life], owner="a", lease_seconds=60)
    _end_lease(alerts, ids["abandoned"])
    alerts.finish(ids["reported"], report_id="r", incident_id=None)
    alerts.fail(ids["failed"], reason="why")
    engine.refresh()
    now = datetime.now(UTC)
    assert set(alerts.stranded(now=now, queued_before=now, limit=10)) == {ids["waits"], ids["abandoned"]}
    assert alerts.stranded(now=now, queued_before=LONG_AGO, limit=10) == [ids["abandoned"]]
    assert len(alerts.stranded(now=now, queued_before=now, limit=1)) == 1
    late = now + timedelta(minutes=5)
    assert set(alerts.stranded(now=late, queued_before=LONG_AGO, limit=10)) == {ids["held"], ids["abandoned"]}


def test_a_worker_whose_clock_was_ahead_holds_nothing_after_its_end(alerts: ElasticAlertStore, engine: Engine) -> None:
    _record(alerts, FIRST)
    assert alerts.claim(FIRST.alert_id, owner="ahead by hours", lease_seconds=60)
    now = datetime.now(UTC)
    assert alerts.claim(FIRST.alert_id, owner="b", lease_seconds=60) is None
    assert alerts.renew(FIRST.alert_id, owner="ahead by hours", lease_seconds=7_200)
    engine.refresh()
    assert alerts.stranded(now=now, queued_before=LONG_AGO, limit=10) == [FIRST.alert_id]
    assert alerts.claim(FIRST.alert_id, owner="b", lease_seconds=60)
    ahead = now + timedelta(hours=2)
    assert alerts.renew(FIRST.alert_id, owner="b", lease_seconds=-1)
    assert alerts.requeue([FIRST.alert_id], at=ahead) == [FIRST.alert_id]
    engine.refresh()
    assert alerts.stranded(now=now, queued_before=LONG_AGO, limit=10) == [FIRST.alert_id]


def test_requeued_are_only_those_nobody_works_on(alerts: ElasticAlertStore) -> None:
    lives = ["waits", "held", "abandoned", "failed"]
    ids = {life: an_alert(life).alert_id for life in lives}
    _record(alerts, *[an_alert(life) for life in lives])
    for life in ("held", "abandoned"):
        alerts.claim(ids[life], owner="a", lease_seconds=60)
    _end_lease(alerts, ids["abandoned"])
    alerts.fail(ids["failed"], reason="why")
    at = datetime.now(UTC)
    assert alerts.requeue([*ids.values(), "gone"], at=at) == [ids["waits"], ids["abandoned"]]
    freed = _stored(alerts, ids["abandoned"])
    assert (freed.state, freed.queued_at, freed.claimed_by) == (AlertState.QUEUED, at, None)
    assert not alerts.renew(ids["abandoned"], owner="a", lease_seconds=60)


def test_a_stored_alert_can_be_searched_by_what_kibana_shows(
    alerts: ElasticAlertStore, client: Elasticsearch, engine: Engine
) -> None:
    _record(alerts, FIRST)
    engine.refresh()
    answer = client.search(
        index=INDEX,
        query={"bool": {"filter": [{"term": {"alert.rule.id": "carbon"}}, {"range": {"alert.value": {"gt": 12}}}]}},
        aggs={"states": {"terms": {"field": "state"}}},
    )
    assert [bucket["key"] for bucket in answer["aggregations"]["states"]["buckets"]] == ["queued"]
    assert json.loads(json.dumps(answer["hits"]["hits"][0]["_source"]))["alert"]["rule"]["params"] == {
        "threshold": [10],
        "index": ["metrics-*"],
    }
