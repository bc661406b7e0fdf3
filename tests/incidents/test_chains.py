"""What belongs together by who suffers from whom, in whatever order it is heard; and what never does."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from hypothesis import given
from hypothesis import strategies as st

from tests.engines.servers import Engine
from tests.incidents.ledger import MemoryLedger
from tests.incidents.samples import DEPLOYMENT, FIRED, ONSET, a_report
from tests.standins.queue import Queued
from worker.announcing import AnnouncingIncidents
from worker.domain.incident import Incident, IncidentStatus
from worker.domain.report import CauseKind, Report, RootCause, Verdict
from worker.elastic import connect_elasticsearch
from worker.incidents import record, recover
from worker.life import Life
from worker.policy import Policy
from worker.settings import Settings
from worker.store.incidents import INDEX, ElasticIncidentStore
from worker.store.templates import install_templates

NOW = datetime(2026, 2, 26, 11, 0, tzinfo=UTC)
AT_ONCE = Life(resolve_after=timedelta())


def own(number: int, service: str, region: str = "us", **changes: Any) -> Report:
    """The service's own deployment is to blame."""
    cause = DEPLOYMENT.model_copy(update={"service": service, "region": region, **changes})
    return a_report(number, service=service, region=region, root_cause=cause)


def blames(number: int, service: str, other: str, region: str = "us") -> Report:
    """It suffers from another service, and cannot say what is wrong there."""
    cause = RootCause(kind=CauseKind.DEPENDENCY, service=other, region=region, onset=ONSET)
    return a_report(number, service=service, region=region, root_cause=cause)


def unknown(number: int, service: str, region: str = "us") -> Report:
    return a_report(number, service=service, region=region, verdict=Verdict.INCONCLUSIVE, root_cause=None)


def heard(*reports: Report) -> MemoryLedger:
    ledger = MemoryLedger()
    for second, report in enumerate(reports):
        record(report, ledger, NOW + timedelta(seconds=second))
    return ledger


def only(ledger: MemoryLedger) -> Incident:
    (incident,) = ledger.lasting()
    return incident


PAYMENTS, CHECKOUT, FRONTEND = own(1, "payments"), blames(2, "checkout", "payments"), blames(3, "frontend", "checkout")


def test_a_caller_of_a_caller_joins() -> None:
    incident = only(heard(PAYMENTS, CHECKOUT, FRONTEND))
    assert incident.services == ["payments", "checkout", "frontend"]
    joined = [entry.reason for entry in incident.history if entry.event == "joined"]
    assert joined[0].endswith("What it suffers from is payments us, where the known cause is.")
    assert joined[1].endswith("checkout us is in trouble because it suffers itself from payments us.")
    assert [entry.event for entry in incident.news] == ["opened", "spread", "spread"]
    assert incident.service == "payments"


def test_the_one_that_was_blamed_knows_better() -> None:
    incident = only(heard(FRONTEND, CHECKOUT, PAYMENTS))
    assert (incident.service, incident.root_cause) == ("payments", PAYMENTS.root_cause)
    assert incident.title.startswith("payments us: ")
    found = [entry for entry in incident.history if entry.event == "cause"]
    assert [entry.reason for entry in found] == [
        "Trouble in payments was found to be the cause.",
        "Deployment deploy-8841 was found to be the cause.",
    ]
    assert found[0].was["title"].endswith("because of checkout us")


def test_what_only_later_turns_out_to_be_one_goes_on_in_the_older() -> None:
    ledger = heard(PAYMENTS, FRONTEND, CHECKOUT)
    whole = only(ledger)
    (other,) = [one for one in ledger.known.values() if one.incident_id != whole.incident_id]
    assert whole.opened_at < other.opened_at
    assert set(whole.alert_ids) == {report.alert_id for report in (PAYMENTS, CHECKOUT, FRONTEND)}
    assert (other.status, other.merged_into) == (IncidentStatus.CLOSED, whole.incident_id)
    assert other.news[-1].event == "resolved"
    assert other.news[-1].reason.startswith(f"It goes on as {whole.incident_id}: checkout us is in trouble because")
    assert (other.wasted_co2_grams, other.revenue_lost_usd) == (None, None), "it is counted once"


def test_a_recovery_is_heard_where_the_alert_goes_on() -> None:
    ledger = heard(PAYMENTS, FRONTEND, CHECKOUT)
    for report in (FRONTEND, CHECKOUT, PAYMENTS):
        recover(report.alert_id, ledger, recovered_at=FIRED + timedelta(minutes=20), now=NOW, life=AT_ONCE)
    assert only(ledger).status is IncidentStatus.RESOLVED


def test_who_has_not_heard_of_a_merged_one_need_not_any_more() -> None:
    ledger, queue = MemoryLedger(), Queued()
    incidents = AnnouncingIncidents(ledger, queue, Policy(), {"slack"}, clock=lambda: NOW)
    for second, report in enumerate((PAYMENTS, FRONTEND, CHECKOUT)):
        record(report, incidents, NOW + timedelta(seconds=second))
    merged = next(one for one in ledger.known.values() if one.merged_into)
    assert merged.deliveries["slack"].state == "done"
    assert only(ledger).deliveries["slack"].state == "pending"


# --- in any order

CHAIN = [
    own(1, "database"),
    blames(2, "payments", "database"),
    blames(3, "checkout", "payments"),
    blames(4, "frontend", "checkout"),
    blames(5, "gateway", "frontend"),
    unknown(6, "checkout"),
    own(7, "database"),
    blames(8, "frontend", "checkout"),
]
OTHERS = [
    own(11, "database", deployment_id="deploy-9000"),
    own(12, "database", region="eu"),
    blames(13, "frontend", "checkout", region="eu"),
    own(14, "search"),
    blames(15, "catalog", "search"),
    own(16, "checkout", deployment_id=None, kind=CauseKind.RESOURCE, error_type=None, metric="cpu"),
]


def groups(ledger: MemoryLedger) -> set[frozenset[str]]:
    return {frozenset(one.alert_ids) for one in ledger.lasting()}


@given(st.permutations(range(len(CHAIN))))
def test_the_order_of_arrival_makes_no_other_incident(order: list[int]) -> None:
    ledger = heard(*(CHAIN[place] for place in order))
    incident = only(ledger)
    assert set(incident.alert_ids) == {report.alert_id for report in CHAIN}
    assert (incident.service, incident.root_cause and incident.root_cause.deployment_id) == ("database", "deploy-8841")
    assert all(one.merged_into for one in ledger.known.values() if one != incident)


@given(st.permutations(range(5 + len(OTHERS))))
def test_other_causes_stay_apart_in_any_order(order: list[int]) -> None:
    reports = [*CHAIN[:5], *OTHERS]
    together = groups(heard(*(reports[place] for place in order)))
    places = {alert_id: group for group in together for alert_id in group}
    database, other_deployment, other_region = (places[report.alert_id] for report in (CHAIN[0], *OTHERS[:2]))
    assert len({database, other_deployment, other_region, places[OTHERS[3].alert_id]}) == 4
    assert places[OTHERS[4].alert_id] == places[OTHERS[3].alert_id]
    assert places[OTHERS[2].alert_id] == {OTHERS[2].alert_id}
    # Its own cause is another one, whoever else suffers from it.
    assert CHAIN[0].alert_id not in places[OTHERS[5].alert_id]


SERVICES, REGIONS = ("a", "b", "c"), ("us", "eu")
causes = st.builds(
    lambda kind, service, region, deployment: RootCause(
        kind=kind, service=service, region=region, deployment_id=deployment, onset=ONSET
    ),
    st.sampled_from([CauseKind.DEPLOYMENT, CauseKind.RESOURCE, CauseKind.ERROR, CauseKind.DEPENDENCY]),
    st.sampled_from(SERVICES),
    st.sampled_from(REGIONS),
    st.sampled_from([None, "d1", "d2"]),
)
scopes = st.tuples(st.sampled_from(SERVICES), st.sampled_from(REGIONS))


@given(st.lists(st.tuples(scopes, causes), min_size=2, max_size=8))
def test_an_incident_is_of_one_region_and_one_deployment(told: list[tuple[tuple[str, str], RootCause]]) -> None:
    reports = [
        a_report(number, service=service, region=region, root_cause=cause)
        for number, ((service, region), cause) in enumerate(told)
    ]
    by_alert = {report.alert_id: report for report in reports}
    for incident in heard(*reports).lasting():
        blamed = [by_alert[alert_id].root_cause for alert_id in incident.alert_ids]
        named = [cause for cause in blamed if cause and cause.deployment_id]
        assert len({(cause.service, cause.region, cause.deployment_id) for cause in named}) <= 1


@given(st.lists(st.integers(0, len(CHAIN) + len(OTHERS) - 1), max_size=12))
def test_news_are_only_ever_added_and_no_alert_is_in_two_places(order: list[int]) -> None:
    ledger, told = MemoryLedger(), dict[str, list[str]]()
    for second, place in enumerate(order):
        record([*CHAIN, *OTHERS][place], ledger, NOW + timedelta(seconds=second))
        for incident in ledger.known.values():
            news = [entry.model_dump_json() for entry in incident.news]
            assert news[: len(told.get(incident.incident_id, []))] == told.get(incident.incident_id, [])
            told[incident.incident_id] = news
    ids = [alert_id for incident in ledger.lasting() for alert_id in incident.alert_ids]
    assert len(ids) == len(set(ids))


# --- on an engine


@pytest.fixture
def client(engine: Engine) -> Iterator[Elasticsearch]:
    client = connect_elasticsearch(Settings(elasticsearch_url=engine.url))
    install_templates(client)
    # An index that a write creates cannot be searched in its first moments, which is answered with 503.
    client.indices.create(index=INDEX, wait_for_active_shards=1)
    yield client
    client.close()


def in_store(client: Elasticsearch) -> list[Incident]:
    client.indices.refresh(index=INDEX)
    found = client.search(index=INDEX, size=100)["hits"]["hits"]
    return [one for hit in found if (one := Incident.model_validate(hit["_source"])).merged_into is None]


def test_workers_at_once_make_one_incident_of_a_chain(client: Elasticsearch) -> None:
    store = ElasticIncidentStore(client)
    with ThreadPoolExecutor(max_workers=len(CHAIN)) as pool:
        list(pool.map(lambda report: record(report, store, datetime.now(UTC)), CHAIN))
    (incident,) = in_store(client)
    assert set(incident.alert_ids) == {report.alert_id for report in CHAIN}
    assert incident.service == "database"


def test_a_merge_that_broke_off_is_finished_by_the_next_attempt(client: Elasticsearch) -> None:
    store = ElasticIncidentStore(client)
    record(PAYMENTS, store, NOW)
    record(FRONTEND, store, NOW + timedelta(seconds=1))
    with pytest.raises(KilledInBetween):
        record(CHECKOUT, DyingStore(client, writes=2), NOW)
    record(CHECKOUT, store, NOW)
    (incident,) = in_store(client)
    assert set(incident.alert_ids) == {report.alert_id for report in (PAYMENTS, CHECKOUT, FRONTEND)}


class KilledInBetween(BaseException):
    """The process is gone."""


class DyingStore(ElasticIncidentStore):
    """Dies before the write that follows so many."""

    def __init__(self, client: Elasticsearch, *, writes: int) -> None:
        super().__init__(client)
        self._left = writes

    def update(self, incident_id: str, change: Any) -> Incident:
        if self._left == 0:
            raise KilledInBetween
        self._left -= 1
        return super().update(incident_id, change)
