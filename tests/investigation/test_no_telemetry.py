"""Alerts about an engine that holds nothing, and about one that is not there."""

from __future__ import annotations

import pytest

from tests.engines.servers import Engine
from tests.investigation.conftest import investigate
from tests.investigation.rules import check_figures, check_text, gaps
from tests.investigation.timeline import ALERTS
from worker.domain.report import Verdict
from worker.domain.severity import Severity
from worker.elastic import connect_elasticsearch
from worker.errors import EvidenceUnavailable
from worker.settings import Settings
from worker.store.templates import install_templates

NAMES = ["bad deployment, by service", "bad deployment, by service and region", "bad deployment, summary", "errors"]


@pytest.mark.parametrize("name", NAMES)
def test_silence_is_no_all_clear(engine: Engine, name: str) -> None:
    with connect_elasticsearch(Settings(elasticsearch_url=engine.url)) as client:
        report = investigate(client, ALERTS[name])
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.severity is Severity.LOW
    assert report.root_cause is None
    assert report.confidence is None
    assert report.window.end == ALERTS[name].date
    check_text(report)
    check_figures(report)


def test_a_scope_that_nothing_knows_is_a_gap(engine: Engine) -> None:
    with connect_elasticsearch(Settings(elasticsearch_url=engine.url)) as client:
        assert "checkout" in gaps(investigate(client, ALERTS["bad deployment, by service"]))


def test_indices_without_documents_are_as_good_as_none(engine: Engine) -> None:
    with connect_elasticsearch(Settings(elasticsearch_url=engine.url)) as client:
        install_templates(client)
        for kind in ("carbon-metrics-1", "logs-1", "deployments-1", "incidents"):
            client.indices.create(index=f"spiketrace-{kind}")
        report = investigate(client, ALERTS["bad deployment, by service"])
    assert report.verdict is Verdict.INCONCLUSIVE
    check_text(report)
    check_figures(report)


def test_an_engine_that_is_not_there_is_worth_another_try() -> None:
    with (
        connect_elasticsearch(Settings(elasticsearch_url="http://127.0.0.1:9")) as client,
        pytest.raises(EvidenceUnavailable, match="cannot be reached") as raised,
    ):
        investigate(client, ALERTS["quiet"])
    assert raised.value.retryable
