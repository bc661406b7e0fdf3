from __future__ import annotations

from pathlib import Path

import pytest

from cli.investigate import investigate
from tests.cli.conftest import Invoke, printed
from tests.e2e import telemetry
from worker.bootstrap import Stores
from worker.domain.terms import speaking, terms
from worker.errors import ConfigurationError
from worker.settings import Settings


@pytest.fixture
def loaded(stores: Stores, settings: Settings) -> None:
    telemetry.load(settings.elasticsearch_url)


def test_the_report_is_printed_and_not_stored(invoke: Invoke, loaded: None, stores: Stores) -> None:
    result = invoke(investigate, "--service", telemetry.CULPRIT, "--at", "2026-02-26T09:30:00Z")
    assert result.exit_code == 0, result.output
    assert "deploy-202" in result.output
    written = stores.client.search(
        index="spiketrace-alerts,spiketrace-reports,spiketrace-incidents", ignore_unavailable=True
    )
    assert written["hits"]["total"]["value"] == 0


def test_as_json_it_is_the_reports_document(invoke: Invoke, loaded: None) -> None:
    at = ("--at", "2026-02-26T09:30Z", "--json")
    report = printed(invoke(investigate, "--service", telemetry.CULPRIT, "--region", telemetry.REGION, *at))
    assert report["@timestamp"] == "2026-02-26T09:30:00Z"
    assert (report["service"], report["region"]) == (telemetry.CULPRIT, telemetry.REGION)
    assert report["root_cause"]["deployment_id"] == "deploy-202"
    quiet = printed(invoke(investigate, "--service", "catalog", *at))
    assert quiet["verdict"] == "not_confirmed"


@pytest.mark.parametrize("at", ["yesterday", "2026-02-30", ""])
def test_a_time_that_is_none_is_refused(invoke: Invoke, at: str) -> None:
    result = invoke(investigate, "--service", "x", "--at", at)
    assert result.exit_code == 2
    assert "is not an ISO 8601 time" in result.output


def test_in_another_trade_the_report_is_in_its_words(
    invoke: Invoke, loaded: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text(
        "preset: finance\n"
        "orders: {singular: booking, plural: bookings}\n"
        "sections: {business_impact: Bookings & income}\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("SPIKETRACE_TERMINOLOGY", str(path))
    with speaking(terms()):
        report = printed(invoke(investigate, "--service", telemetry.CULPRIT, "--at", "2026-02-26T09:30Z", "--json"))
    assert report["sections"]["business_impact"].startswith("Bookings and fee income: not measured.")
    assert "Bookings and fee income" in {gap["what"] for gap in report["gaps"]}
    assert "## Bookings &amp; income" in report["markdown"]
    assert "orders_affected" in report["impact"]["business"]
    assert "orders" not in report["markdown"].lower()


def test_words_that_cannot_be_read_are_refused_before_anything_is_read(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text("orders: 7", encoding="utf-8")
    monkeypatch.setenv("SPIKETRACE_TERMINOLOGY", str(path))
    refused = invoke(investigate, "--service", telemetry.CULPRIT, "--at", "2026-02-26T09:30Z")
    assert isinstance(refused.exception, ConfigurationError)
    assert f"terminology {path}, line 1: orders" in refused.exception.reason
