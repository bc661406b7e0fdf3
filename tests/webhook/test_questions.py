"""Questions over HTTP: the events of an answer as a worker tells them, and what is said where there is none."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import redis
from fastapi import FastAPI

from tests.engines.servers import Broker
from tests.standins.queue import Queued
from tests.tasks.conftest import wait_until
from tests.webhook import answers
from tests.webhook.answers import QUESTION, Scripted
from tests.webhook.conftest import serving, webhook_settings
from webhook.app import create_app
from webhook.question_feed import Feed, Patience
from webhook.questions import Counter, questions_router, wanted
from worker.answering.answer import told
from worker.asking import BUSY, LOST, QuestionDesk, Turns, answer, busy
from worker.bootstrap import Stores, connect
from worker.errors import EvidenceUnavailable, RequestRefused
from worker.settings import Settings
from worker.store.model_ledger import RedisModelLedger
from worker.store.questions import STREAM, RedisQuestionDesk, RedisQuestions
from worker.store.rate_limit import RedisRateLimit


@dataclass
class Worker(Queued):
    """A queue with a worker behind it, in this process; with `is_there` False nobody takes what is asked."""

    url: str
    scripted: Scripted = field(default_factory=Scripted)
    is_there: bool = True
    threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    @property
    def desk(self) -> QuestionDesk:
        turns = Turns(RedisModelLedger(self.url), 60, timedelta(seconds=10))
        return QuestionDesk(self.scripted, RedisQuestions(self.url), turns, lambda: datetime.now(UTC))

    def ask(self, question_id: str) -> None:
        super().ask(question_id)
        if self.is_there:
            self.threads.append(threading.Thread(target=answer, args=(question_id, self.desk), kwargs={"worker": "w"}))
            self.threads[-1].start()

    def wait(self) -> None:
        for thread in self.threads:
            thread.join(10)


@dataclass
class Scene:
    client: httpx.Client
    worker: Worker

    def post(self, body: Any, **headers: str) -> httpx.Response:
        return self.client.post("/v1/questions", json=body, headers=headers)

    def events(self, question: str = QUESTION, **more: str) -> list[tuple[str, dict[str, Any]]]:
        answered = self.post({"question": question, **more})
        assert answered.status_code == 200, answered.text
        assert answered.headers["content-type"].startswith("text/event-stream")
        return parsed(answered.text)


def parsed(text: str) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for block in filter(None, text.split("\n\n")):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        found += [(lines["event"], json.loads(lines["data"]))] if lines else []
    return found


@pytest.fixture
def settings(embedded_url: str, redis_url: str) -> Settings:
    return webhook_settings(elasticsearch_url=embedded_url, redis_url=redis_url, question_wait_seconds=1)


@pytest.fixture
def stores(settings: Settings) -> Stores:
    """An engine without templates: questions need none of it."""
    return connect(settings)


@pytest.fixture
def scene(settings: Settings, stores: Stores) -> Iterator[Scene]:
    worker = Worker(settings.redis_url)
    with serving(create_app(settings, stores=stores, queue=worker)) as client:
        yield Scene(client, worker)
    worker.wait()


def test_steps_come_before_the_answer_and_nothing_is_left_in_the_broker(scene: Scene, redis_url: str) -> None:
    found = scene.events(timezone="Europe/Berlin")
    assert [name for name, _ in found] == ["understood", "step", "step", "answer"]
    assert found[0][1] == {"text": answers.understood().sentence}
    assert found[1][1] == {"kind": "looking", "text": "looking at the emissions of 24 hours"}
    assert found[-1][1] == json.loads(json.dumps(told(answers.ranking())))
    assert scene.worker.scripted.asked == [(QUESTION, "Europe/Berlin")]
    with redis.Redis.from_url(redis_url) as broker:
        assert list(broker.scan_iter(f"{STREAM}*")) == []


def test_a_step_arrives_while_the_rest_is_being_worked_on(scene: Scene) -> None:
    may_end = threading.Event()
    scene.worker.scripted.between = lambda: may_end.wait(10)
    with scene.client.stream("POST", "/v1/questions", json={"question": QUESTION}) as answered:
        chunks = answered.iter_text()
        seen = ""
        while "looking at the emissions" not in seen:
            seen += next(chunks)
        assert "event: answer" not in seen
        may_end.set()
        seen += "".join(chunks)
    assert [name for name, _ in parsed(seen)][-1] == "answer"


def test_the_answer_in_one_piece(scene: Scene) -> None:
    answered = scene.post({"question": QUESTION}, accept="application/json")
    assert answered.headers["content-type"] == "application/json"
    assert answered.json()["text"] == answers.ranking().text


@pytest.mark.parametrize(
    ("accept", "gives"),
    [
        ("*/*", "text/event-stream"),
        ("text/event-stream, application/json", "text/event-stream"),
        ("application/json;q=0.9, text/html", "application/json"),
    ],
)
def test_what_is_accepted_decides(accept: str, gives: str) -> None:
    assert wanted(accept) == gives


@pytest.mark.parametrize(
    ("fails", "status", "says"),
    [
        (EvidenceUnavailable("Elasticsearch did not answer", retryable=True), 503, "Elasticsearch did not answer"),
        (RequestRefused("there is no time zone Mars"), 422, "there is no time zone Mars"),
    ],
)
def test_why_there_is_no_answer_is_a_problem_document(scene: Scene, fails: Exception, status: int, says: str) -> None:
    scene.worker.scripted.fails = fails
    name, data = scene.events()[-1]
    assert (name, data["status"], data["detail"], data["type"]) == ("error", status, says, "about:blank")
    answered = scene.post({"question": QUESTION}, accept="application/json")
    assert (answered.status_code, answered.headers["content-type"]) == (status, "application/problem+json")
    assert answered.json() == data


def test_without_a_worker_it_is_said_within_the_wait_and_none_answers_later(scene: Scene) -> None:
    scene.worker.is_there = False
    ((name, data),) = scene.events()
    assert (name, data["status"]) == ("error", 504)
    assert "spiketrace worker" in data["detail"]
    (question_id,) = scene.worker.question_ids
    assert answer(question_id, scene.worker.desk, worker="late") is None
    assert scene.worker.scripted.asked == []


def test_a_worker_that_comes_to_no_end_is_told_of(settings: Settings, stores: Stores) -> None:
    may_end = threading.Event()
    worker = Worker(settings.redis_url, Scripted(between=lambda: may_end.wait(20)))
    quick = settings.model_copy(update={"task_time_limit_seconds": 1})
    with serving(create_app(quick, stores=stores, queue=worker)) as client:
        name, data = Scene(client, worker).events()[-1]
        may_end.set()
    assert (name, data["status"]) == ("error", 504)
    assert "within 1 s" in data["detail"]
    worker.wait()


def test_a_client_that_goes_away_ends_the_work(scene: Scene, redis_url: str) -> None:
    may_go_on = threading.Event()
    scene.worker.scripted.between = lambda: may_go_on.wait(10)
    with scene.client.stream("POST", "/v1/questions", json={"question": QUESTION}) as answered:
        next(answered.iter_text())
    (question_id,) = scene.worker.question_ids
    with redis.Redis.from_url(redis_url) as broker:
        wait_until(lambda: not broker.exists(STREAM + question_id), what="that nothing waits any more")
    may_go_on.set()
    scene.worker.wait()
    # What it found was told to nobody, and kept nowhere.
    assert scene.worker.desk.questions.find(question_id) is None
    assert 'outcome="left"' in scene.client.get("/metrics").text


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "question: Field required"),
        ({"question": "  "}, "question: ask something"),
        ({"question": "x" * 1001}, "question: String should have at most 1000 characters"),
        ({"question": "x", "region": "y"}, "region: Extra inputs are not permitted"),
        ({"question": "x", "timezone": "Mars/Olympus"}, "timezone: there is no such time zone"),
        ({"question": 7}, "question: Input should be a valid string"),
    ],
)
def test_what_is_no_question_is_refused_before_the_stream(scene: Scene, body: Any, says: str) -> None:
    answered = scene.post(body)
    assert (answered.status_code, answered.headers["content-type"]) == (422, "application/problem+json")
    assert says in answered.json()["detail"]
    assert scene.worker.question_ids == []


def test_bodies_that_are_no_json_too_large_or_not_wanted(scene: Scene) -> None:
    def post(content: bytes, **headers: str) -> int:
        return scene.client.post("/v1/questions", content=content, headers=headers).status_code

    assert post(b"{") == 422
    assert post(b"x" * 9000) == 413
    assert post(b'{"question": "x"}', accept="text/html") == 406
    assert httpx.post(f"{scene.client.base_url}/v1/questions", json={"question": "x"}).status_code == 401
    assert post(b'{"question": "x"}', **{"sec-fetch-site": "cross-site"}) == 403


def test_more_than_so_many_a_minute_are_refused(settings: Settings, stores: Stores) -> None:
    worker = Worker(settings.redis_url)
    few = settings.model_copy(update={"questions_per_minute": 2})
    with serving(create_app(few, stores=stores, queue=worker)) as client:
        # Three minutes in a row begin at most once within four questions.
        answered = [Scene(client, worker).post({"question": QUESTION}) for _ in range(6)]
    refused = [one for one in answered if one.status_code == 429]
    assert refused
    assert 1 <= int(refused[0].headers["retry-after"]) <= 60
    assert "SPIKETRACE_QUESTIONS_PER_MINUTE" in refused[0].json()["detail"]
    worker.wait()


def test_secrets_in_a_question_are_kept_nowhere(scene: Scene) -> None:
    scene.events("Why does checkout fail with password=hunter2-and-more?")
    ((question, _),) = scene.worker.scripted.asked
    assert "hunter2" not in question
    assert "checkout" in question


def test_without_the_broker_it_is_a_problem_and_not_a_stream(stores: Stores, embedded_url: str, broker: Broker) -> None:
    settings = webhook_settings(elasticsearch_url=embedded_url, redis_url=broker.url, question_wait_seconds=1)
    with serving(create_app(settings, stores=stores, queue=Worker(broker.url))) as client:
        broker.kill()
        answered = client.post("/v1/questions", json={"question": QUESTION})
    assert (answered.status_code, answered.headers["content-type"]) == (503, "application/problem+json")
    assert answered.headers["retry-after"]


def test_a_message_that_comes_twice_is_answered_once(scene: Scene) -> None:
    """As when a worker is killed: what ended it might end the next one as well."""
    scene.worker.is_there = False
    desk = scene.worker.desk
    thread = threading.Thread(target=lambda: seen.extend(scene.events()))
    seen: list[tuple[str, dict[str, Any]]] = []
    thread.start()
    wait_until(lambda: scene.worker.question_ids, what="the question")
    (question_id,) = scene.worker.question_ids
    assert desk.questions.take(question_id, at=datetime.now(UTC))
    answer(question_id, desk, worker="another")
    thread.join(10)
    assert [(name, data.get("detail")) for name, data in seen] == [("error", LOST)]
    assert scene.worker.scripted.asked == []


def test_a_worker_is_at_one_question_or_narrative_at_a_time(scene: Scene, redis_url: str) -> None:
    """A question waits for its turn on the queue; after a while it is answered without the model."""
    scene.worker.is_there = False
    thread = threading.Thread(target=lambda: seen.extend(scene.events()))
    seen: list[tuple[str, dict[str, Any]]] = []
    thread.start()
    wait_until(lambda: scene.worker.question_ids, what="the question")
    (question_id,) = scene.worker.question_ids
    ledger = RedisModelLedger(redis_url)
    assert ledger.hold("worker:w", seconds=60)
    now = datetime.now(UTC)
    turns = Turns(ledger, 30, timedelta(seconds=10))
    desk = QuestionDesk(scene.worker.scripted, scene.worker.desk.questions, turns, lambda: now)
    later = replace(desk, clock=lambda: now + timedelta(seconds=11))
    # Without a model there is nothing that would be quicker.
    assert [answer(question_id, one, worker="w") for one in (desk, later)] == [1.0, 1.0]
    turns = replace(turns, otherwise=Scripted(model_answer=busy))
    assert answer(question_id, replace(desk, turns=turns), worker="w") == 1.0
    assert answer(question_id, replace(later, turns=turns), worker="w") is None
    thread.join(10)
    assert seen[-1][1]["reason"] == BUSY
    # On another worker it would have had its turn, and given it back.
    assert not ledger.hold("worker:w", seconds=1)
    assert ledger.hold("worker:other", seconds=1)


def test_what_is_taken_and_given_is_described() -> None:
    desk = RedisQuestionDesk("redis://127.0.0.1:1/0", longest_wait_seconds=1)
    app = FastAPI()
    counts = RedisRateLimit("redis://127.0.0.1:1/0")
    app.include_router(questions_router(Counter(Feed(desk, Patience(1, 1)), lambda _: None, counts, 1)))
    asking = app.openapi()["paths"]["/v1/questions"]["post"]
    schema = asking["requestBody"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/QuestionRequest"}
    assert {"200", "406", "413", "422", "429", "503", "504"} <= set(asking["responses"])
