"""What the model took is where Prometheus reads it."""

from __future__ import annotations

from prometheus_client.core import CollectorRegistry

from tests.agent.conftest import Scene
from tests.webhook.shared import shared_metrics


def read(scene: Scene, redis_url: str) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(shared_metrics(scene.client, redis_url, scene.ledger))
    return {
        sample.name + "".join(sample.labels.values()): sample.value
        for family in registry.collect()
        for sample in family.samples
    }


def test_calls_tokens_and_money_are_told(scene: Scene, redis_url: str) -> None:
    ended = [scene.narrated(), scene.narrated({"status": 400})]
    found = read(scene, redis_url)
    assert found["spiketrace_narratives_totaldone"] == found["spiketrace_narratives_totalfailed"] == 1
    assert found["spiketrace_model_calls_total"] == sum(one.narrative.calls for one in ended) == 2
    assert found["spiketrace_model_tokens_total"] == sum(one.narrative.tokens for one in ended)
    assert found["spiketrace_model_usd_total"] > 0
    assert found["spiketrace_model_today_tokens"] == found["spiketrace_model_tokens_total"]
