"""Questions by a real worker: told step by step, and failures as such."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import redis

from tests.tasks.conftest import Bench, wait_until
from worker.domain.asked import Asked
from worker.store.questions import STREAM, RedisQuestionDesk


def asked(bench: Bench, question: str, *, zone: str = "UTC") -> str:
    question_id = f"q-{question[:4]}-{zone}"

    async def ask() -> None:
        desk = RedisQuestionDesk(bench.settings.redis_url, longest_wait_seconds=1)
        await desk.ask(Asked(question_id=question_id, question=question, zone=zone, asked_at=datetime.now(UTC)))
        await desk.close()

    asyncio.run(ask())
    bench.queue.ask(question_id)
    return question_id


def told(bench: Bench, question_id: str) -> list[tuple[str, dict[str, Any]]]:
    with redis.Redis.from_url(bench.settings.redis_url, decode_responses=True) as client:
        rows: Any = client.xrange(STREAM + question_id)
    return [(fields["event"], json.loads(fields["data"])) for _, fields in rows]


def wait_for(bench: Bench, question_id: str) -> list[tuple[str, dict[str, Any]]]:
    wait_until(lambda: told(bench, question_id)[-1][0] in ("answer", "failed"), what="an end of the question")
    return told(bench, question_id)


def test_a_worker_answers_and_tells_its_steps(shared_bench: Bench) -> None:
    question_id = asked(shared_bench, "Which incidents were there this week?")
    found = wait_for(shared_bench, question_id)
    assert [name for name, _ in found[:3]] == ["asked", "taken", "understood"]
    assert found[-1][0] == "answer"
    assert "No incident on record" in found[-1][1]["text"]
    # A message that comes again changes nothing.
    shared_bench.queue.ask(question_id)
    wait_for(shared_bench, asked(shared_bench, "What was deployed today?"))
    assert told(shared_bench, question_id) == found


def test_what_is_refused_is_told_as_that(shared_bench: Bench) -> None:
    found = wait_for(shared_bench, asked(shared_bench, "Which incidents were there?", zone="Mars/Olympus"))
    assert found[-1][0] == "failed"
    assert found[-1][1]["kind"] == "refused"
    assert "Mars/Olympus" in found[-1][1]["reason"]
