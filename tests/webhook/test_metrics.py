"""What is exported, and that the page that describes it describes that."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from tasks.queue import CeleryQueue
from tests.engines.servers import Broker, Engine
from tests.store.builders import an_alert, arriving
from tests.webhook.shared import shared_metrics
from webhook.metrics import ALERTS, SAVED_GROUPS
from worker.bootstrap import Stores
from worker.counts import COUNTS, DELIVERIES, INVESTIGATIONS, REPORT_SECONDS, Counted
from worker.domain.spending import Spending
from worker.elastic import connect_elasticsearch
from worker.settings import Settings
from worker.store.model_ledger import RedisModelLedger
from worker.store.tally import REST_SECONDS, RedisTally

PAGE = Path(__file__).parents[2] / "docs" / "observability.md"
ROW = re.compile(
    r"^\| `(?P<name>spiketrace_\w+)` \| (?P<type>\w+) \| (?P<labels>[^|]*) \| (?P<help>.*) \|$", re.MULTILINE
)


def _ours(families: Iterator[Metric]) -> dict[str, Metric]:
    """By the name that a query uses."""
    return {
        f"{family.name}_total" if family.type == "counter" else family.name: family
        for family in families
        if family.name.startswith("spiketrace_")
    }


def _labels(family: Metric) -> list[str]:
    names: dict[str, None] = getattr(family, "_labelnames", None) or {}
    return list(names or {name: None for sample in family.samples for name in sample.labels if name != "le"})


@pytest.fixture
def exported(embedded_engine: Engine, redis_url: str) -> dict[str, Metric]:
    """Everything that there can be, each with a sample."""
    ALERTS.labels("accepted")
    SAVED_GROUPS.labels("broker")
    ledger, tally = RedisModelLedger(redis_url), RedisTally(redis_url)
    day = ledger.reserve(Spending(1, 1, 1, 1), Spending(9, 9, 9, 9), now=datetime.now(UTC))
    ledger.settle(day, Spending(1, 1, 1, 1), Spending(1, 1, 1, 1), of="narratives", outcome="done")
    ledger.settle(day, Spending(1, 1, 1, 1), Spending(1, 1, 1, 1), of="answers", outcome="done")
    tally.add([Counted(count, tuple("x" for _ in count.labels)) for count in COUNTS])
    registry = CollectorRegistry()
    with connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url)) as client:
        registry.register(shared_metrics(client, redis_url, ledger))
        return _ours(iter([*REGISTRY.collect(), *registry.collect()]))


def test_the_page_lists_what_is_exported_and_nothing_else(exported: dict[str, Metric]) -> None:
    listed = {row["name"]: row.groupdict() for row in ROW.finditer(PAGE.read_text(encoding="utf-8"))}
    found = {
        name: {
            "name": name,
            "type": family.type,
            "labels": ", ".join(f"`{label}`" for label in _labels(family)),
            "help": family.documentation,
        }
        for name, family in exported.items()
    }
    assert listed == found


def test_every_process_adds_to_the_same_sums(
    exported: dict[str, Metric], redis_url: str, embedded_engine: Engine
) -> None:
    for tally in (RedisTally(redis_url), RedisTally(redis_url)):
        tally.add([Counted(DELIVERIES, ("jira", "done")), Counted(REPORT_SECONDS, amount=0.7)])
        tally.add([Counted(REPORT_SECONDS, amount=99)])
    with connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url)) as client:
        found = {
            (sample.name, *sample.labels.values()): sample.value
            for family in shared_metrics(client, redis_url).collect()
            for sample in family.samples
        }
    assert found["spiketrace_deliveries_total", "jira", "done"] == 2
    # The fixture has added one of a second.
    buckets = [found["spiketrace_report_seconds_bucket", bound] for bound in ("0.5", "1.0", "60.0", "120.0", "+Inf")]
    assert buckets == [0, 3, 3, 5, 5]
    assert found["spiketrace_report_seconds_sum",] == pytest.approx(2 * 99.7 + 1)


def test_every_series_is_there_before_its_first_event(embedded_engine: Engine, redis_url: str) -> None:
    """Or nobody would see the first delivery that fails: a rate sees a rise, and not that something is new."""
    with connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url)) as client:
        families = _ours(iter(shared_metrics(client, redis_url, RedisModelLedger(redis_url)).collect()))
    found = {
        (sample.name, *sample.labels.values()): sample.value for one in families.values() for sample in one.samples
    }
    for series in (
        ("spiketrace_deliveries_total", "slack", "failed"),
        ("spiketrace_investigations_total", "given_up"),
        ("spiketrace_reports_total", "root_cause", "critical"),
        ("spiketrace_alerts_recorded_total", "sweep", "accepted"),
        ("spiketrace_narratives_total", "failed"),
        ("spiketrace_report_gaps_total",),
    ):
        assert found[series] == 0


def test_what_could_not_be_counted_is_counted_later(broker: Broker) -> None:
    now = 0.0
    tally = RedisTally(broker.url, clock=lambda: now)
    tally.add([Counted(INVESTIGATIONS, ("reported",))])
    broker.kill()
    tally.add([Counted(INVESTIGATIONS, ("reported",))])
    broker.restart()
    tally.add([Counted(INVESTIGATIONS, ("retried",))])
    assert tally.totals() == {"spiketrace_investigations|reported": 1}
    now += REST_SECONDS
    tally.add([])
    assert tally.totals() == {"spiketrace_investigations|reported": 2, "spiketrace_investigations|retried": 1}


def test_a_count_with_other_labels_than_its_own_is_a_mistake(redis_url: str) -> None:
    with pytest.raises(ValueError, match="has the labels"):
        RedisTally(redis_url).add([Counted(DELIVERIES, ("jira",))])


def _samples(client: httpx.Client) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_it_tells_what_waits_and_for_how_long(client: httpx.Client, stores: Stores, redis_url: str) -> None:
    before = time.time()
    CeleryQueue(Settings(redis_url=redis_url)).deliver("i-1", "r-1", "jira")
    CeleryQueue(Settings(redis_url=redis_url)).deliver("i-2", "r-2", "jira")
    arrived = datetime.now(UTC) - timedelta(hours=1)
    stores.alerts.record([arriving(an_alert()).model_copy(update={"received_at": arrived})])
    stores.dead_letters.put("a-1", reason="it was refused", kind="delivery-jira", payload={})
    stores.client.indices.refresh(index="spiketrace-*")
    found = _samples(client)
    assert found["spiketrace_queue_messages", "deliveries"] == 2
    assert 0 < found["spiketrace_queue_oldest_seconds", "deliveries"] <= time.time() - before
    assert (found["spiketrace_queue_messages", "live"], found["spiketrace_queue_oldest_seconds", "live"]) == (0, 0)
    assert found["spiketrace_alerts", "queued"] == 1
    assert 3600 <= found["spiketrace_oldest_unfinished_alert_seconds",] < 3700
    assert found["spiketrace_dead_letters", "delivery-jira"] == 1
    assert found["spiketrace_reachable", "broker"] == found["spiketrace_reachable", "elasticsearch"] == 1


def test_what_cannot_be_read_is_said_and_not_made_up(embedded_engine: Engine) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        redis_url = f"redis://127.0.0.1:{nobody.getsockname()[1]}/0"
        with connect_elasticsearch(Settings(elasticsearch_url=embedded_engine.url)) as client:
            found = {family.name: family for family in shared_metrics(client, redis_url).collect()}
    assert {sample.labels["part"]: sample.value for sample in found["spiketrace_reachable"].samples} == {
        "broker": 0,
        "elasticsearch": 1,
    }
    assert "spiketrace_alerts" in found
    assert "spiketrace_queue_messages" not in found
