"""The report store on every engine."""

from __future__ import annotations

import pytest
from elasticsearch import Elasticsearch

from tests.engines.servers import Engine
from tests.incidents.samples import a_report
from worker.store.reports import INDEX, ElasticReportStore


@pytest.fixture
def reports(client: Elasticsearch) -> ElasticReportStore:
    return ElasticReportStore(client)


def test_a_report_reads_back_as_it_was_written(reports: ElasticReportStore) -> None:
    assert reports.get("report-1") is None
    assert reports.latest(10) == []
    assert reports.create(a_report(1))
    assert reports.get("report-1") == a_report(1)


def test_the_first_report_of_an_id_stays(reports: ElasticReportStore) -> None:
    assert reports.create(a_report(1))
    assert not reports.create(a_report(1, headline="another"))
    stored = reports.get("report-1")
    assert stored
    assert stored.headline == a_report(1).headline


def test_the_latest_are_the_newest_by_the_alerts_date(reports: ElasticReportStore, engine: Engine) -> None:
    for number in (2, 1, 3):
        reports.create(a_report(number))
    engine.refresh()
    latest = reports.latest(2)
    assert [summary.report_id for summary in latest] == ["report-3", "report-2"]
    assert latest[0].headline == a_report(3).headline


def test_kibana_can_add_up_what_reports_found(
    reports: ElasticReportStore, client: Elasticsearch, engine: Engine
) -> None:
    for number in (1, 2):
        reports.create(a_report(number))
    engine.refresh()
    answer = client.search(
        index=INDEX,
        size=0,
        aggs={
            "deployments": {
                "terms": {"field": "root_cause.deployment_id"},
                "aggs": {"grams": {"sum": {"field": "impact.carbon.excess_co2_grams.likely"}}},
            },
            "verdicts": {"terms": {"field": "verdict"}},
        },
    )
    (deployment,) = answer["aggregations"]["deployments"]["buckets"]
    assert (deployment["key"], deployment["grams"]["value"]) == ("deploy-8841", 820)
    assert [bucket["key"] for bucket in answer["aggregations"]["verdicts"]["buckets"]] == ["root_cause"]
