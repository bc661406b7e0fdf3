"""Answers of one shop with a bad deployment, and a model in this process that says what a test wants."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from functools import partial
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from tests.agent.conftest import END, an_alert
from worker.agent.answer_grounds import answer_grounding
from worker.agent.answerer import Answerer
from worker.agent.budget import Prices
from worker.answering.answer import Answer
from worker.answering.answering import Answering
from worker.answering.writing import worded
from worker.assembly import open_answering
from worker.bootstrap import connect
from worker.domain.conversation import Conversation, Reply, ToolCall, Usage
from worker.domain.report import Report
from worker.domain.spending import Spending
from worker.investigate import Investigator
from worker.policy import load_policy
from worker.settings import Settings
from worker.store.model_ledger import RedisModelLedger
from worker.store.reports import INDEX as REPORTS
from worker.telemetry.profiles import load_profile
from worker.telemetry.questions import ElasticLooks
from worker.telemetry.search import ElasticTelemetry

ASKED_AT = END + timedelta(minutes=20)
LIMIT, DAY = Spending(3, 20_000, 60.0, 0.05), Spending(9_000, 99_000_000, 99_000.0, 99.0)
RANKING = "Which services contributed most to CO₂ in the last 24 hours?"
WRONG = "What's going wrong with checkout in us-central1?"


@dataclass
class ScriptedModel:
    """Answers with one step after the other, as the stand-in's script has them: `calls`, or an `answer`."""

    steps: list[dict[str, Any]] = field(default_factory=list)
    asked: list[Conversation] = field(default_factory=list)

    @property
    def name(self) -> str:
        return "scripted"

    def reply(self, conversation: Conversation, *, seconds: float) -> Reply:
        assert seconds > 0
        self.asked.append(conversation)
        step = self.steps.pop(0)
        calls = [ToolCall(call["name"], call["args"]) for call in step.get("calls", [])]
        text = json.dumps(step["answer"], ensure_ascii=False) if "answer" in step else str(step.get("text", ""))
        return Reply(text, calls, step.get("usage", Usage(2_000, 200)))

    @property
    def told(self) -> str:
        """Everything that it was told."""
        return "\n".join(
            json.dumps([one.system, one.prompt, [a.content for e in one.exchanges for a in e.answers]], default=str)
            for one in self.asked
        )


@dataclass
class Scene:
    answerer: Answerer
    model: ScriptedModel
    ledger: RedisModelLedger

    def answered(self, draft: Answer, *steps: dict[str, Any], question: str | None = None) -> Answer:
        """The draft after the model answered so. What it says is `answer`'s, unless it is given as a whole."""
        self.model.steps, self.model.asked = list(steps), []
        return self.answerer(question or draft.question, draft.understood, draft)

    def said(self, draft: Answer, text: str, *calls: dict[str, Any]) -> Answer:
        looks = [{"calls": list(calls)}] if calls else []
        return self.answered(draft, *looks, {"answer": {"answer": text}})


@pytest.fixture(scope="session")
def looks(shop_client: Elasticsearch) -> ElasticLooks:
    return ElasticLooks(ElasticTelemetry(shop_client, load_profile("spiketrace")), shop_client)


@pytest.fixture(scope="session")
def answering(shop_client: Elasticsearch) -> Iterator[Answering]:
    url = str(next(iter(shop_client.transport.node_pool.all())).base_url)
    settings = Settings(elasticsearch_url=url)
    stores = connect(settings)
    with stores.client:
        # What other tests have reported on this engine is none of the shop's past.
        stores.client.indices.delete(index=REPORTS, ignore_unavailable=True)
        yield open_answering(settings, stores, policy=load_policy(None, []), configured=[])


@pytest.fixture(scope="session")
def ranked(answering: Answering) -> Answer:
    return answering(RANKING, zone="UTC", now=ASKED_AT, tell=lambda _: None)


@pytest.fixture(scope="session")
def explained(answering: Answering, looks: ElasticLooks) -> Answer:
    """Of the report that `tests/agent` has of the same shop, so that its lies and truths are about the same figures."""
    found = answering(WRONG, zone="UTC", now=ASKED_AT, tell=lambda _: None)
    report: Report = Investigator(looks._telemetry)(an_alert(), "a1")
    return replace(found, explained=report, evidence=report.evidence)


@pytest.fixture
def scene(looks: ElasticLooks, redis_url: str) -> Scene:
    model, ledger = ScriptedModel(), RedisModelLedger(redis_url)
    answerer = Answerer(
        model=lambda: model,
        ground=answer_grounding,
        looks=looks,
        worded=partial(worded, public_url="http://spiketrace.shop.example"),
        ledger=ledger,
        limit=LIMIT,
        day_limit=DAY,
        prices=Prices(0.3, 2.5),
        now=lambda: ASKED_AT.astimezone(UTC),
    )
    return Scene(answerer, model, ledger)


def words_of(found: Answer, draft: Answer) -> str:
    """What the model brought into the answer."""
    if "answer" in draft.sections:
        own, all_of_it = str(draft.sections["answer"]), str(found.sections["answer"])
        assert own in all_of_it
        return all_of_it.replace(own, "").strip()
    assert found.sections == draft.sections
    assert found.direct.startswith(draft.direct)
    return found.direct.removeprefix(draft.direct).strip()


def nothing_else_changed(found: Answer, draft: Answer) -> None:
    for name in ("question", "understood", "not_understood", "charts", "incidents", "reports", "offer", "closing"):
        assert getattr(found, name) == getattr(draft, name), name
    assert found.explained == draft.explained
    assert found.evidence[: len(draft.evidence)] == draft.evidence
