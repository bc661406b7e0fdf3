from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from tests.engines.servers import Engine
from tests.incidents.samples import DEPLOYMENT, FIRED, IMPACT, ONSET, a_report
from worker.domain.alert import QUESTION_RULE
from worker.domain.incident import Incident, IncidentStatus
from worker.domain.report import CauseKind, Quantity, Report, RootCause, Verdict
from worker.domain.severity import Severity
from worker.domain.window import Window
from worker.elastic import connect_elasticsearch
from worker.incidents import record, recover, recover_all
from worker.life import MOST_SINGLY, Life, Recovery
from worker.settings import Settings
from worker.store.incidents import INDEX, PAGE, ElasticIncidentStore
from worker.store.templates import install_templates
from worker.sweep import sweep_over, sweep_quiet

NOW = datetime(2026, 2, 26, 11, 0, tzinfo=UTC)
LATER = FIRED + timedelta(minutes=20)
STORM = 200
HOLD = Life().resolve_after


@pytest.fixture
def client(engine: Engine) -> Iterable[Elasticsearch]:
    client = connect_elasticsearch(Settings(elasticsearch_url=engine.url))
    install_templates(client)
    yield client
    client.close()


@pytest.fixture
def store(client: Elasticsearch) -> ElasticIncidentStore:
    # An index that a write creates cannot be searched in its first moments, which is answered with 503.
    client.indices.create(index=INDEX, wait_for_active_shards=1)
    return ElasticIncidentStore(client)


def opened(report: Report, store: ElasticIncidentStore) -> Incident:
    incident = record(report, store, NOW)
    assert incident is not None
    return incident


def recovered(report: Report, store: ElasticIncidentStore, at: datetime = LATER) -> Incident:
    incident = recover(report.alert_id, store, recovered_at=at, now=NOW)
    assert incident is not None
    return incident


def time_passes(store: ElasticIncidentStore, *, after: timedelta = HOLD, now: datetime = NOW) -> int:
    """The sweep's next look, that long after the recoveries of these tests were written."""
    return sweep_quiet(store, store.open_ones(), now=now + after)


def resolved(report: Report, store: ElasticIncidentStore, at: datetime = LATER) -> Incident:
    incident_id = recovered(report, store, at).incident_id
    assert time_passes(store) == 1
    return known(incident_id, store)


def known(incident_id: str, store: ElasticIncidentStore) -> Incident:
    incident = store.get(incident_id)
    assert incident is not None
    return incident


def all_incidents(client: Elasticsearch) -> list[dict[str, Any]]:
    client.indices.refresh(index=INDEX)
    return [hit["_source"] for hit in client.search(index=INDEX, size=1000)["hits"]["hits"]]


def cause(**changes: Any) -> RootCause:
    return DEPLOYMENT.model_copy(update=changes)


def test_a_severe_report_opens_an_incident(store: ElasticIncidentStore) -> None:
    incident = opened(a_report(), store)
    assert known(incident.incident_id, store) == incident
    assert incident.status is IncidentStatus.OPEN
    assert incident.title == "checkout us-central1: failing requests and 3.9× CO₂ since deploy-8841"
    assert (incident.service, incident.region, incident.timestamp) == ("checkout", "us-central1", ONSET)
    assert (incident.wasted_co2_grams, incident.wasted_emissions_kg_co2e) == (410.0, 0.41)
    assert (incident.orders_affected, incident.revenue_lost_usd) == (31.0, 1519.0)
    assert [entry.event for entry in incident.history] == ["opened"]


@pytest.mark.parametrize(
    "changes",
    [
        {"severity": Severity.LOW},
        {"verdict": Verdict.NOT_CONFIRMED},
        {"replay_of": "report-0"},
        {"root_cause": cause(kind=CauseKind.TRAFFIC)},
    ],
)
def test_these_are_nobodys_incident(
    store: ElasticIncidentStore, client: Elasticsearch, changes: dict[str, Any]
) -> None:
    opened(a_report(), store)
    assert record(a_report(2, **changes), store, NOW) is None
    assert [incident["alert_ids"] for incident in all_incidents(client)] == [[a_report().alert_id]]


def test_an_inconclusive_report_opens_an_incident_of_unknown_cause(store: ElasticIncidentStore) -> None:
    incident = opened(a_report(verdict=Verdict.INCONCLUSIVE, root_cause=None), store)
    unknown = RootCause(kind=CauseKind.UNKNOWN, service="checkout", region="us-central1", onset=ONSET)
    assert incident.root_cause == unknown
    assert incident.title.endswith(", cause unknown")


def test_recording_again_changes_nothing(store: ElasticIncidentStore) -> None:
    first = opened(a_report(), store)
    assert opened(a_report(), store) == first
    ended = resolved(a_report(), store)
    assert opened(a_report(), store) == ended
    assert recovered(a_report(), store, LATER + timedelta(hours=1)) == ended


def test_a_further_alert_of_the_same_deployment_joins(store: ElasticIncidentStore) -> None:
    first = opened(a_report(1, severity=Severity.MEDIUM), store)
    impact = IMPACT.model_copy(deep=True)
    impact.carbon.excess_co2_grams = Quantity(low=500, likely=700, high=900)
    joined = opened(a_report(2, severity=Severity.CRITICAL, signal="errors", impact=impact), store)
    assert joined.incident_id == first.incident_id
    assert joined.alert_ids == [a_report(1).alert_id, a_report(2).alert_id]
    assert joined.report_ids == ["report-1", "report-2"]
    assert joined.severity is Severity.CRITICAL
    assert joined.wasted_co2_grams == 700.0
    assert [entry.event for entry in joined.history] == ["opened", "joined", "severity"]
    assert joined.history[1].reason.endswith("The same deployment, deploy-8841 of checkout us-central1.")
    assert joined.history[2].reason.startswith("It was medium and is critical. 31 % of requests failed")
    assert len(joined.news) == 2


OTHER_CAUSES = {
    "another deployment": cause(deployment_id="deploy-9000"),
    "another region": cause(region="europe-west1"),
    "another service": cause(service="search"),
    "another kind": RootCause(kind=CauseKind.RESOURCE, service="checkout", region="us-central1", metric="cpu"),
    "another error": RootCause(
        kind=CauseKind.ERROR, service="checkout", region="us-central1", error_type="CardExpired"
    ),
}


@pytest.mark.parametrize("other", OTHER_CAUSES.values(), ids=OTHER_CAUSES.keys())
def test_the_same_time_never_joins_other_causes(store: ElasticIncidentStore, other: RootCause) -> None:
    first = opened(a_report(1), store)
    assert opened(a_report(2, root_cause=other), store).incident_id != first.incident_id


def test_its_errors_belong_to_the_deployment_that_brought_them(store: ElasticIncidentStore) -> None:
    errors = RootCause(kind=CauseKind.ERROR, service="checkout", region="us-central1", error_type="TimeoutError")
    first = opened(a_report(1, root_cause=errors), store)
    joined = opened(a_report(2), store)
    assert joined.incident_id == first.incident_id
    assert joined.root_cause == cause()
    assert joined.history[1].reason.endswith("The same errors, TimeoutError, in checkout us-central1.")


def test_an_unknown_cause_joins_neither_a_known_one_nor_another_scope(store: ElasticIncidentStore) -> None:
    earlier = Window(start=ONSET - timedelta(minutes=40), end=ONSET + timedelta(minutes=8))
    unknown = {"verdict": Verdict.INCONCLUSIVE, "root_cause": None, "window": earlier}
    ids = {
        opened(a_report(1), store).incident_id,
        opened(a_report(2, **unknown), store).incident_id,
        opened(a_report(3, **unknown, region="europe-west1"), store).incident_id,
    }
    assert len(ids) == 3
    assert opened(a_report(4, **unknown), store).alert_ids == [a_report(2).alert_id, a_report(4).alert_id]


def test_a_cause_found_later_joins_what_was_unknown_in_its_scope_and_set_in_with_it(
    store: ElasticIncidentStore,
) -> None:
    first = opened(a_report(1, verdict=Verdict.INCONCLUSIVE, root_cause=None), store)
    joined = opened(a_report(2), store)
    assert joined.incident_id == first.incident_id
    assert joined.root_cause == cause()
    assert [entry.event for entry in joined.history] == ["opened", "joined", "cause"]


def test_a_caller_that_suffers_joins_and_the_one_to_blame_says_more(store: ElasticIncidentStore) -> None:
    ledger_is_bad = RootCause(kind=CauseKind.DEPENDENCY, service="ledger", region="us-east1")
    caller = opened(a_report(1, service="payments", region="us-east1", root_cause=ledger_is_bad), store)
    assert caller.service == "ledger"
    assert caller.title == "payments us-east1: failing requests and 3.9× CO₂ because of ledger us-east1"
    own = cause(service="ledger", region="us-east1")
    joined = opened(a_report(2, service="ledger", region="us-east1", root_cause=own), store)
    assert joined.incident_id == caller.incident_id
    assert joined.root_cause == own
    assert joined.title == "ledger us-east1: failing requests and 3.9× CO₂ since deploy-8841"
    assert [entry.event for entry in joined.history] == ["opened", "joined", "cause"]


def test_it_is_resolved_a_while_after_the_last_of_its_alerts_has_recovered(store: ElasticIncidentStore) -> None:
    opened(a_report(1), store)
    opened(a_report(2), store)
    half = recovered(a_report(2), store, ONSET + timedelta(minutes=38))
    assert (half.status, half.resolves_at) == (IncidentStatus.OPEN, None)
    whole = recovered(a_report(1), store, ONSET + timedelta(minutes=30))
    assert (whole.status, whole.resolves_at) == (IncidentStatus.OPEN, NOW + timedelta(seconds=60))
    assert time_passes(store, after=timedelta(seconds=59)) == 0
    assert time_passes(store) == 1
    ended = known(whole.incident_id, store)
    assert ended.status is IncidentStatus.RESOLVED
    assert ended.resolved_at == ONSET + timedelta(minutes=38)
    assert ended.duration_minutes == 38.0
    assert time_passes(store) == 0


def test_an_alert_of_the_same_cause_meanwhile_keeps_it_open(store: ElasticIncidentStore) -> None:
    first = opened(a_report(1), store)
    recovered(a_report(1), store, LATER)
    again = opened(a_report(2, **{"@timestamp": LATER + timedelta(seconds=10)}), store)
    assert (again.incident_id, again.resolves_at) == (first.incident_id, None)
    assert time_passes(store) == 0
    assert "resolved" not in [entry.event for entry in known(first.incident_id, store).history]


def test_what_comes_late_is_judged_by_its_own_time_and_not_by_when_it_is_looked_at(
    store: ElasticIncidentStore,
) -> None:
    """A worker that was away works off hours in a minute: between two alerts no sweep has resolved anything."""
    first = opened(a_report(1), store)
    recovered(a_report(1), store, LATER)
    soon = opened(a_report(2, **{"@timestamp": LATER + timedelta(minutes=20)}), store)
    assert soon.incident_id == first.incident_id
    recovered(a_report(2), store, LATER + timedelta(minutes=25))
    hours_later = opened(a_report(3, **{"@timestamp": LATER + timedelta(hours=5)}), store)
    assert hours_later.incident_id != first.incident_id
    assert time_passes(store) == 1
    assert known(first.incident_id, store).resolved_at == LATER + timedelta(minutes=25)


def test_a_flapping_alert_holds_it_up_and_not_beyond_two_minutes(store: ElasticIncidentStore) -> None:
    opened(a_report(1), store)
    recover(a_report(1).alert_id, store, recovered_at=LATER, now=NOW, flapping=True)
    assert time_passes(store) == 0
    assert time_passes(store, after=timedelta(minutes=2)) == 1


def test_a_policy_without_patience_resolves_it_at_once(store: ElasticIncidentStore) -> None:
    opened(a_report(1), store)
    at_once = Life(resolve_after=timedelta())
    ended = recover(a_report(1).alert_id, store, recovered_at=LATER, now=NOW, life=at_once)
    assert ended is not None
    assert (ended.status, ended.resolved_at) == (IncidentStatus.RESOLVED, LATER)


def test_a_recurrence_soon_after_reopens_it(store: ElasticIncidentStore) -> None:
    first = opened(a_report(1), store)
    resolved(a_report(1), store, LATER)
    again = opened(a_report(2, **{"@timestamp": LATER + timedelta(minutes=9)}), store)
    assert again.incident_id == first.incident_id
    assert (again.status, again.resolved_at, again.duration_minutes) == (IncidentStatus.OPEN, None, None)
    assert [entry.event for entry in again.history[-2:]] == ["joined", "reopened"]
    assert again.history[-1].reason == (
        "It is back 9 min after its end. The same deployment, deploy-8841 of checkout us-central1."
    )
    ended = resolved(a_report(2), store, LATER + timedelta(minutes=20))
    assert (ended.resolved_at, ended.duration_minutes) == (LATER + timedelta(minutes=20), 48.0)


def test_a_recurrence_later_opens_the_next(store: ElasticIncidentStore) -> None:
    opened(a_report(1), store)
    first = resolved(a_report(1), store, LATER)
    late = {"@timestamp": LATER + Life().reopen_within + timedelta(seconds=1)}
    again = opened(a_report(2, **late), store)
    assert again.incident_id != first.incident_id
    assert (again.status, known(first.incident_id, store)) == (IncidentStatus.OPEN, first)


def test_what_is_unknown_is_no_recurrence(store: ElasticIncidentStore) -> None:
    unknown = {"verdict": Verdict.INCONCLUSIVE, "root_cause": None}
    first = opened(a_report(1, **unknown), store)
    resolved(a_report(1), store, LATER)
    again = opened(a_report(2, **unknown, **{"@timestamp": LATER + timedelta(minutes=1)}), store)
    assert again.incident_id != first.incident_id


def test_a_closed_one_is_final(store: ElasticIncidentStore) -> None:
    first = opened(a_report(1), store)
    ended = resolved(a_report(1), store, LATER)
    assert ended.closes_at is not None
    early, due = ended.closes_at - timedelta(seconds=1), ended.closes_at
    assert sweep_over(store, now=early, settles=False) == 0
    assert sweep_over(store, now=due, settles=True) == 0, "its losses are not settled"
    assert sweep_over(store, now=due, settles=False) == 1
    assert sweep_over(store, now=due, settles=False) == 0
    closed = known(first.incident_id, store)
    assert (closed.status, closed.history[-1].event) == (IncidentStatus.CLOSED, "closed")
    again = opened(a_report(2, **{"@timestamp": LATER + timedelta(minutes=1)}), store)
    assert again.incident_id != first.incident_id
    assert known(first.incident_id, store) == closed


def test_an_alert_that_fired_before_the_end_and_comes_late_belongs_to_it(store: ElasticIncidentStore) -> None:
    opened(a_report(1), store)
    resolved(a_report(1), store, LATER)
    late = opened(a_report(2), store)
    assert (late.status, late.resolved_at, late.duration_minutes) == (IncidentStatus.OPEN, None, None)
    assert late.history[-1].reason == "The alert fired before the others had recovered."
    whole = resolved(a_report(2), store, LATER - timedelta(minutes=1))
    assert (whole.status, whole.resolved_at) == (IncidentStatus.RESOLVED, LATER)


def test_one_of_before_the_end_that_is_over_itself_reopens_nothing(store: ElasticIncidentStore) -> None:
    opened(a_report(1), store)
    resolved(a_report(1), store, LATER)
    over = Recovery(alert_id=a_report(2).alert_id, at=LATER + timedelta(minutes=2))
    whole = record(a_report(2), store, NOW, recovery=over)
    assert whole is not None
    assert (whole.status, whole.resolved_at) == (IncidentStatus.RESOLVED, LATER + timedelta(minutes=2))
    assert whole.still_active == set()
    # A recurrence that is over itself is one all the same: a resolved incident swallows nothing new.
    again = record(
        a_report(3, **{"@timestamp": LATER + timedelta(minutes=5)}),
        store,
        NOW,
        recovery=Recovery(alert_id=a_report(3).alert_id, at=LATER + timedelta(minutes=6)),
    )
    assert again is not None
    assert (again.incident_id, again.status) == (whole.incident_id, IncidentStatus.OPEN)
    assert again.resolves_at == NOW + timedelta(seconds=60)


def asked_about(number: int, at: datetime) -> Report:
    """Of the alert that a yes to an answer hands in, about what was then."""
    report = a_report(number, **{"@timestamp": at})
    return report.model_copy(update={"alert": report.alert.model_copy(update={"rule_id": QUESTION_RULE})})


def test_what_was_asked_about_joins_what_is_over_and_does_not_reopen_it(store: ElasticIncidentStore) -> None:
    first = a_report(1)
    opened(first, store)
    ended = resolved(first, store)
    after = opened(asked_about(2, FIRED + timedelta(minutes=5)), store)
    assert (after.incident_id, after.status) == (ended.incident_id, IncidentStatus.RESOLVED)
    assert (after.resolved_at, after.still_active) == (ended.resolved_at, set())
    later = opened(asked_about(3, LATER + timedelta(minutes=5)), store)
    assert (later.incident_id != ended.incident_id, later.status) == (True, IncidentStatus.OPEN)
    assert known(ended.incident_id, store).status is IncidentStatus.RESOLVED


def test_what_was_asked_about_does_not_keep_open_what_other_alerts_tell_of(store: ElasticIncidentStore) -> None:
    first = a_report(1)
    incident = opened(first, store)
    assert opened(asked_about(2, FIRED + timedelta(minutes=5)), store).incident_id == incident.incident_id
    assert resolved(first, store).status is IncidentStatus.RESOLVED


def test_an_incident_without_a_recovery_does_not_collect_alerts_for_ever(store: ElasticIncidentStore) -> None:
    first = opened(a_report(1), store)
    next_month = {"@timestamp": FIRED + timedelta(days=30)}
    assert opened(a_report(2, **next_month), store).incident_id != first.incident_id
    # An old alert that is investigated only now is no part of the new one either.
    assert opened(a_report(3), store).incident_id == first.incident_id


def test_a_recovery_of_an_alert_without_an_incident_is_nothing(store: ElasticIncidentStore) -> None:
    assert recover("f" * 32, store, recovered_at=LATER, now=NOW) is None


def foreign(**fields: Any) -> dict[str, Any]:
    return {"@timestamp": "2026-02-26T10:45:00Z", "title": "db down", "status": "mitigated", **fields}


def test_what_others_wrote_is_passed_over(store: ElasticIncidentStore, client: Elasticsearch) -> None:
    ours = opened(a_report(1), store)
    client.index(index=INDEX, id="INC-1", document=foreign(service="checkout"), refresh=True)
    client.index(index=INDEX, id="INC-2", document=foreign(cause_key=ours.cause_key, alert_ids=["a"]), refresh=True)
    assert store.get("INC-1") is None
    assert opened(a_report(2), store).incident_id == ours.incident_id


def test_an_id_that_somebody_else_took_is_passed_over(store: ElasticIncidentStore, client: Elasticsearch) -> None:
    taken = opened(a_report(1), store).incident_id
    client.index(index=INDEX, id=taken, document=foreign(), refresh=True)
    assert opened(a_report(2), store).incident_id != taken
    assert client.get(index=INDEX, id=taken)["_source"] == foreign()


def test_fields_that_others_added_to_ours_stay(store: ElasticIncidentStore, client: Elasticsearch) -> None:
    ours = opened(a_report(1), store).incident_id
    source = client.get(index=INDEX, id=ours)["_source"]
    client.index(index=INDEX, id=ours, document={**source, "postmortem": "wiki/42"}, refresh=True)
    recovered(a_report(1), store)
    assert client.get(index=INDEX, id=ours)["_source"]["postmortem"] == "wiki/42"


def test_without_a_template_it_works_as_well(engine: Engine, client: Elasticsearch) -> None:
    client.indices.delete_index_template(name="spiketrace-incidents")
    store = ElasticIncidentStore(client)
    first = opened(a_report(1), store)
    assert opened(a_report(2), store).incident_id == first.incident_id
    assert recovered(a_report(1), store).recovered_alert_ids == [a_report(1).alert_id]


def at_once(steps: list[Callable[[], object]]) -> list[object]:
    with ThreadPoolExecutor(max_workers=len(steps)) as pool:
        return [future.result() for future in [pool.submit(step) for step in steps]]


def test_many_workers_at_once_make_one_incident_of_one_cause(
    store: ElasticIncidentStore, client: Elasticsearch
) -> None:
    reports = [a_report(number) for number in range(16)]
    at_once([lambda report=report: record(report, store, NOW) for report in reports])  # type: ignore[misc]
    (incident,) = all_incidents(client)
    assert sorted(incident["alert_ids"]) == [report.alert_id for report in reports]
    at_once([lambda report=report: recovered(report, store) for report in reports])  # type: ignore[misc]
    assert time_passes(store) == 1
    (incident,) = all_incidents(client)
    assert (incident["status"], incident["duration_minutes"]) == ("resolved", 28.0)


def test_many_workers_at_once_keep_two_causes_apart(store: ElasticIncidentStore, client: Elasticsearch) -> None:
    reports = [a_report(number, root_cause=cause(deployment_id=f"deploy-{number % 2}")) for number in range(12)]
    at_once([lambda report=report: record(report, store, NOW) for report in reports])  # type: ignore[misc]
    assert sorted(len(incident["alert_ids"]) for incident in all_incidents(client)) == [6, 6]
    by_cause = {incident["root_cause"]["deployment_id"]: incident for incident in all_incidents(client)}
    assert set(by_cause) == {"deploy-0", "deploy-1"}


def test_one_that_began_before_many_others_is_among_those_that_ended(store: ElasticIncidentStore) -> None:
    opened(a_report(), store)
    ended = resolved(a_report(), store)
    for number in range(60):
        began = ended.timestamp + timedelta(seconds=number + 1)
        assert store.create(ended.model_copy(update={"incident_id": f"inc-later-{number}", "timestamp": began}))
    closed = ended.model_copy(update={"incident_id": "inc-closed", "status": IncidentStatus.CLOSED})
    assert store.create(closed)
    assert ended in store.ended_since(LATER)
    assert closed in store.ended_since(LATER)
    assert closed not in store.ended_since(LATER + timedelta(seconds=1))


def test_a_storm_makes_one_incident_whose_history_does_not_grow_with_it(
    store: ElasticIncidentStore, client: Elasticsearch
) -> None:
    reports = [a_report(number) for number in range(STORM)]
    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(lambda report: record(report, store, NOW), reports))
    (document,) = all_incidents(client)
    incident = known(document["incident_id"], store)
    assert sorted(incident.alert_ids) == [report.alert_id for report in reports]
    assert [entry.event for entry in incident.news] == ["opened"]
    joined = [entry for entry in incident.history if entry.event == "joined"]
    assert len(joined) == MOST_SINGLY
    assert sum(entry.count for entry in joined) == STORM - 1
    assert joined[-1].reason.startswith(f"{STORM - MOST_SINGLY} more, the last: Alert ")
    ended = [Recovery(alert_id=report.alert_id, at=LATER) for report in reports]
    recover_all(incident.incident_id, ended, store, now=NOW)
    assert time_passes(store) == 1
    whole = known(incident.incident_id, store)
    assert whole.status is IncidentStatus.RESOLVED
    assert sum(entry.count for entry in whole.history if entry.event == "recovered") == STORM


def test_the_oldest_of_many_open_ones_is_resolved_too(store: ElasticIncidentStore, client: Elasticsearch) -> None:
    oldest = opened(a_report(), store)
    recovered(a_report(), store)
    later = [
        oldest.model_copy(update={"incident_id": f"inc-{number}", "timestamp": ONSET + timedelta(seconds=number + 1)})
        for number in range(PAGE + 1)
    ]
    operations = [
        part
        for one in later
        for part in ({"index": {"_id": one.incident_id}}, one.model_dump(mode="json", by_alias=True))
    ]
    client.bulk(index=INDEX, operations=operations, refresh=True)
    assert time_passes(store) == 1
    assert known(oldest.incident_id, store).status is IncidentStatus.RESOLVED
