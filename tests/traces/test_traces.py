"""One trace from Kibana's request to the message that people get, heard by a collector of our own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from cli.settle import free_address
from tests.e2e import telemetry
from tests.e2e.conftest import kibana_body, wait_until
from tests.engines.servers import Broker, Engine
from tests.traces.processes import Collector, collecting, running
from tests.webhook.conftest import PASSWORD, USER, webhook_settings
from worker import tracing
from worker.elastic import connect_elasticsearch
from worker.errors import EvidenceUnavailable
from worker.settings import Settings, load_settings
from worker.store.templates import install_templates
from worker.tracing import span, start_tracing, stop_tracing, traceparent

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SECRET = "hunter2-of-a-customer"
# Who is a child of whom, from the request to the delivery.
TREE = {
    "accept alert": ("spiketrace-webhook", None),
    "investigate alert": ("spiketrace-worker", "accept alert"),
    "read telemetry": ("spiketrace-worker", "investigate alert"),
    "record incident": ("spiketrace-worker", "investigate alert"),
    "write report": ("spiketrace-worker", "investigate alert"),
    "deliver": ("spiketrace-worker", "investigate alert"),
}

pytestmark = pytest.mark.long


@pytest.mark.timeout(180)
def test_one_trace_leads_from_the_request_to_the_delivery(
    embedded_engine: Engine, broker: Broker, tmp_path: Path
) -> None:
    with collecting() as collector:
        settings = webhook_settings(
            elasticsearch_url=embedded_engine.url,
            redis_url=broker.url,
            webhook_port=int(free_address().rsplit(":", 1)[1]),
            slack_webhook_url=SecretStr(f"{collector.url}/slack"),
            otlp_endpoint=collector.url,
            otlp_headers=SecretStr("Authorization=ApiKey of-a-collector"),
            worker_concurrency=1,
        )
        with connect_elasticsearch(settings) as client:
            install_templates(client)
        telemetry.load(embedded_engine.url)
        with running(settings, tmp_path, "webhook", "worker"):
            _post(settings)
            wait_until(lambda: len(collector.named("deliver")) == 2, seconds=60, what="the spans of two attempts")
        found = {one.name: one for one in collector.spans}
        assert {one.trace for one in collector.spans} == {TRACE}
        assert {
            name: (one.service, next((other.name for other in collector.spans if other.id == one.parent), None))
            for name, one in found.items()
        } == TREE
        assert found["accept alert"].parent == PARENT
        # The glance at how many lines there are, metrics apart, and the alerted scope's details before those of others.
        assert len(collector.named("read telemetry")) in (4, 5)
        assert collector.messages == 1
        assert [one.name for one in collector.spans if one.failed] == ["deliver"]
        assert found["deliver"].said["spiketrace.destination"] == "slack"
        assert found["write report"].said["spiketrace.verdict"] == "root_cause"
        assert set(collector.headers) == {"ApiKey of-a-collector"}
        assert SECRET.encode() not in collector.raw
    assert _trace_of_the_report(tmp_path) == TRACE


def _post(settings: Settings) -> None:
    body = kibana_body("traced")
    body["context"]["message"] = f"password={SECRET}"
    address = f"http://127.0.0.1:{settings.webhook_port}"
    wait_until(lambda: _answers(address), seconds=60, what="the webhook")
    answer = httpx.post(
        f"{address}/v1/alerts/kibana",
        json=body,
        auth=(USER, PASSWORD),
        headers={"traceparent": f"00-{TRACE}-{PARENT}-01"},
    )
    assert answer.status_code == 202


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz").is_success
    except httpx.TransportError:
        return False


def _trace_of_the_report(folder: Path) -> str:
    text = (folder / "worker.log").read_text(encoding="utf-8")
    # To its end, and of both streams: Celery's goodbye is none of its lines.
    lines = [json.loads(line) for line in text.splitlines()]
    assert lines[-1]["event.action"] == "worker-stopped"
    (trace,) = {line["trace.id"] for line in lines if line.get("event.action") == "alert-reported"}
    return str(trace)


@pytest.fixture
def traced() -> Iterator[Collector]:
    with collecting() as collector:
        start_tracing(Settings(otlp_endpoint=collector.url), process="test")
        yield collector
        stop_tracing()


def test_a_failure_is_told_by_its_redacted_reason_and_a_bug_by_its_type(traced: Collector) -> None:
    with pytest.raises(EvidenceUnavailable), span("ours"):
        raise EvidenceUnavailable(f"refused: password={SECRET}", retryable=False)
    with pytest.raises(ZeroDivisionError), span("bug"):
        raise ZeroDivisionError(SECRET)
    stop_tracing()
    told = {one.name: (one.failed, one.said["error.type"]) for one in traced.spans}
    assert told == {"ours": (True, "EvidenceUnavailable"), "bug": (True, "ZeroDivisionError")}
    assert b"refused" in traced.raw
    assert SECRET.encode() not in traced.raw


@pytest.mark.parametrize("header", ["", "nonsense", "00-0-0-00", f"00-{'0' * 32}-{PARENT}-01", "00-" + "é" * 32])
def test_a_header_that_cannot_be_read_begins_a_trace(traced: Collector, header: str) -> None:
    with span("first", parent=header):
        pass
    stop_tracing()
    (one,) = traced.spans
    assert one.parent == ""
    assert one.trace != TRACE


def test_while_nobody_collects_nothing_is_made() -> None:
    start_tracing(Settings(), process="test")
    first = span("one", parent=f"00-{TRACE}-{PARENT}-01", alert_id="a")
    with first:
        assert traceparent() is None
        assert tracing.trace_ids() == {}
    assert span("another") is first


def test_opentelemetrys_own_name_of_the_setting_is_heard() -> None:
    assert (
        load_settings({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318/"}).otlp_endpoint
        == "http://127.0.0.1:4318"
    )
    both = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "SPIKETRACE_OTLP_ENDPOINT": "http://127.0.0.1:2"}
    assert load_settings(both).otlp_endpoint == "http://127.0.0.1:2"
