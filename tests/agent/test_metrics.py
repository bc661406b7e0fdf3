"""What the model took is where Prometheus reads it."""

from __future__ import annotations

import asyncio

import httpx
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from tests.agent.conftest import Scene
from webhook.metrics import metrics_router
from worker.store.inbox import RedisInbox
from worker.store.inbox_index import InboxIndex


def read(scene: Scene, redis_url: str) -> dict[tuple[str, str], float]:
    app = FastAPI()
    app.include_router(metrics_router(RedisInbox(redis_url), InboxIndex(scene.client), scene.ledger))

    async def get() -> str:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://x") as client:
            return (await client.get("/metrics")).text

    found = {}
    for family in text_string_to_metric_families(asyncio.run(get())):
        for sample in family.samples:
            found[sample.name, next(iter(sample.labels.values()), "")] = sample.value
    return found


def test_calls_tokens_and_money_are_told(scene: Scene, redis_url: str) -> None:
    ended = [scene.narrated(), scene.narrated({"status": 400})]
    found = read(scene, redis_url)
    assert found["spiketrace_narratives", "done"] == found["spiketrace_narratives", "failed"] == 1
    assert found["spiketrace_model_spent", "calls"] == sum(one.narrative.calls for one in ended) == 2
    assert found["spiketrace_model_spent", "tokens"] == sum(one.narrative.tokens for one in ended)
    assert found["spiketrace_model_spent", "usd"] > 0
    assert found["spiketrace_model_spent_today", "tokens"] == found["spiketrace_model_spent", "tokens"]
