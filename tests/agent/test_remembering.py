"""Incidents alike in meaning: over HTTP to the stand-in, on engines with vectors and without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from tests.agent.conftest import END, Scene
from tests.agent.server import GeminiServer
from tests.engines.servers import Engine
from worker.agent.gemini import Gemini
from worker.agent.remembering import Embedding, Remembering, gist_of, gist_of_document
from worker.domain.embedding import DIMENSIONS, unit_vector
from worker.domain.evidence import Gap
from worker.domain.incident import Incident
from worker.domain.report import BY_MEANING, Report
from worker.domain.window import iso
from worker.elastic import connect_elasticsearch
from worker.errors import BudgetExceeded
from worker.incidents import record
from worker.ports import Embedder
from worker.replay.compare import differences
from worker.settings import Settings
from worker.store.incidents import INDEX, ElasticIncidentStore
from worker.store.model_ledger import RedisModelLedger
from worker.store.templates import install_templates
from worker.telemetry.lookup import ElasticLookup
from worker.telemetry.profiles import load_profile
from worker.telemetry.search import ElasticTelemetry

MODEL = "gemini-embedding-001"
LOCAL = "all-minilm-l6-v2-q-afdb6f1a0e45"

pytestmark = pytest.mark.long


def embedding(model: Embedder, redis_url: str, **changes: Any) -> Embedding:
    ledger = RedisModelLedger(redis_url, purse="embedding")
    made = Embedding(lambda: model, ledger, 10.0, day_calls=100, usd_per_million_tokens=0.15)
    return replace(made, **changes)


@dataclass
class Memory:
    """An engine with a report's incident and a past one, which people wrote and which has been embedded."""

    client: Elasticsearch
    store: ElasticIncidentStore
    remember: Remembering
    report: Report
    incident: Incident


PAST = {
    "@timestamp": iso(END - timedelta(days=30)),
    "title": "Deployment deploy-9 version 2.3.0: no connection in the pool",
    "summary": "checkout in us-central1 fails. Pool size raised.",
    "status": "mitigated",
    "duration_minutes": 12,
}


@pytest.fixture(params=[MODEL, LOCAL])
def memory(
    request: pytest.FixtureRequest, engine: Engine, report: Report, gemini: GeminiServer, redis_url: str
) -> Iterator[Memory]:
    gemini.script()
    model: Embedder = request.getfixturevalue("shared_model" if request.param == MODEL else "local_model")
    with connect_elasticsearch(Settings(elasticsearch_url=engine.url)) as client:
        install_templates(client)
        store, embed = ElasticIncidentStore(client), embedding(model, redis_url)
        assert embed.model == request.param
        incident = record(report, store, datetime.now(UTC))
        assert incident
        for number, document in enumerate([PAST, PAST | {"@timestamp": iso(END + timedelta(days=1))}]):
            client.index(index=INDEX, id=f"past-{number}", document=document)
            assert store.embed(f"past-{number}", embed(gist_of_document(document)), embed.model)
        other = embed("another model speaks of the very same")
        client.index(index=INDEX, id="other-model", document=PAST | {"embedding": other, "embedding_model": "else"})
        client.indices.refresh(index=INDEX)
        lookup = ElasticLookup(ElasticTelemetry(client, load_profile("spiketrace")), client)
        of_incident = report.model_copy(update={"incident_id": incident.incident_id})
        yield Memory(client, store, Remembering(embed, lookup, store), of_incident, incident)


def test_a_past_incident_alike_in_meaning_is_appended_or_the_report_says_why_none_could_be(
    memory: Memory, engine: Engine
) -> None:
    changed = memory.remember(memory.report)(memory.report)
    kept = len(memory.report.similar_incidents)
    assert changed.similar_incidents[:kept] == memory.report.similar_incidents
    found = changed.similar_incidents[kept:]
    if engine.name == "embedded":
        assert found == []
        (gap,) = [one for one in changed.gaps if one.what == BY_MEANING]
        assert gap.reason.startswith("this engine finds no vectors")
    else:
        (one,) = found
        assert (one.id, one.why, one.found_by) == ("past-0", "alike in meaning", "meaning")
        assert (one.ended, one.helped) == ("ended after 12 min", "Pool size raised.")
        assert changed.gaps == memory.report.gaps
    assert changed.timings["embedding_seconds"] >= 0
    before, after = (one.model_dump(mode="json", by_alias=True) for one in (memory.report, changed))
    assert differences(before, after) == []


def test_the_incident_keeps_its_vector_through_its_life_and_shows_it_nowhere(memory: Memory, engine: Engine) -> None:
    """Elasticsearch hides it from whoever reads the document, from 9.2 on: a change must not lose it."""
    incident_id = memory.incident.incident_id
    memory.remember(memory.report)
    memory.store.update(incident_id, lambda one: one.model_copy(update={"title": "another"}))
    memory.client.indices.refresh(index=INDEX)
    if engine.name == "embedded":
        stored = memory.client.get(index=INDEX, id=incident_id)["_source"]
        assert (len(stored["embedding"]), stored["embedding_model"]) == (DIMENSIONS, memory.remember.embed.model)
    else:
        vector = memory.remember.embed(gist_of(memory.report))
        near = memory.remember.near.near(vector, memory.remember.embed.model, END + timedelta(days=2))
        assert incident_id in {hit["_id"] for hit in near}
    read = memory.store.get(incident_id)
    assert read
    assert read.title == "another"
    assert "embedding" not in read.model_dump()
    assert not memory.store.embed("nobody", [1.0] * DIMENSIONS, MODEL)


def test_those_without_a_vector_are_told_once_they_may_have_one(memory: Memory, engine: Engine) -> None:
    if engine.name != "embedded":
        memory.store.allow_embeddings()
    memory.client.indices.refresh(index=INDEX)
    without = {name for name, _ in memory.store.without_embedding(memory.remember.embed.model, 10)}
    assert without == {memory.incident.incident_id, "other-model"}


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ({"status": 500, "times": 3}, "Gemini answered 500"),
        ({"status": 403}, "Gemini answered 403"),
        ({"body": '{"embeddings": [{"values": [1, 2, 3]}]}'}, "the embedding is not a vector of 384 dimensions"),
        ({"body": '{"embeddings": []}'}, "the embedding is not a vector of 384 dimensions"),
    ],
)
def test_on_a_failure_the_report_stands_and_its_narrative_is_written(
    scene: Scene, shared_model: Gemini, redis_url: str, step: dict[str, Any], reason: str
) -> None:
    store = ElasticIncidentStore(scene.client)
    scene.narrator = replace(
        scene.narrator,
        remember=Remembering(embedding(shared_model, redis_url), ElasticLookup(*_reader(scene.client)), store),
    )
    found = scene.narrated(step, report=scene.store(incident_id="inc-1"))
    (gap,) = [one for one in found.gaps if one.what == BY_MEANING]
    assert gap.reason.startswith(reason)
    assert BY_MEANING in found.markdown
    assert (found.narrative.state, found.narrative.author) == ("done", "gemini")


def _reader(client: Elasticsearch) -> tuple[ElasticTelemetry, Elasticsearch]:
    return ElasticTelemetry(client, load_profile("spiketrace")), client


def test_without_narratives_a_report_is_still_ended_and_a_failed_narrative_keeps_what_was_found(scene: Scene) -> None:
    gap = Gap(what=BY_MEANING, reason="nobody could be asked", effect="none")
    marked = replace(scene.narrator, remember=lambda _: lambda one: one.model_copy(update={"gaps": [gap]}))
    scene.narrator = replace(marked, writes=False)
    ended = scene.narrated()
    scene.narrator = marked
    failed = scene.narrated({"status": 403})
    assert (ended.narrative.state, failed.narrative.state) == ("none", "failed")
    for found in (ended, failed):
        assert found.gaps == [gap]
        assert gap.reason in found.markdown


def test_what_is_sent_is_redacted_short_and_of_384_dimensions(
    gemini: GeminiServer, shared_model: Gemini, redis_url: str
) -> None:
    gemini.script()
    embedding(shared_model, redis_url)("pool of ana@shop.example is empty: password=hunter2-and-more " + "x " * 2000)
    (request,) = gemini.requests
    (asked,) = request["body"]["requests"]
    assert request["method"] == "batchEmbedContents"
    assert asked["outputDimensionality"] == DIMENSIONS
    text = asked["content"]["parts"][0]["text"]
    assert len(text) <= 1_500
    assert "hunter2" not in gemini.told
    assert "ana@shop" not in gemini.told


def test_a_days_budget_holds_and_is_not_that_of_narratives(
    gemini: GeminiServer, shared_model: Gemini, redis_url: str
) -> None:
    gemini.script()
    limited = embedding(shared_model, redis_url, day_calls=2)
    limited("one")
    limited("two")
    with pytest.raises(BudgetExceeded, match="the day's budget of calls"):
        limited("three")
    assert len(gemini.requests) == 2
    assert limited.ledger.of_day(datetime.now(UTC)).calls == 2  # type: ignore[attr-defined]
    assert RedisModelLedger(redis_url).of_day(datetime.now(UTC)).calls == 0


def test_a_report_of_no_incident_asks_nobody(report: Report, redis_url: str) -> None:
    def nobody() -> Any:
        raise AssertionError

    ledger = RedisModelLedger(redis_url)
    asked = Remembering(Embedding(nobody, ledger, 1.0, 1, 0.1), nobody, nobody)  # type: ignore[arg-type]
    assert asked(report)(report) is report


def test_the_gist_is_the_cause_the_headline_and_the_errors(report: Report) -> None:
    told = gist_of(report)
    assert told.startswith("Deployment deploy-9")
    assert report.headline in told
    assert "PoolTimeoutError" in told


@pytest.mark.parametrize("values", [[], [0.0] * DIMENSIONS, [1.0] * 3, [float("nan")] * DIMENSIONS])
def test_what_is_no_vector_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="384"):
        unit_vector(values)


def test_embeddings_need_a_key_or_a_model_on_this_machine(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"SPIKETRACE_GEMINI_API_KEY, or SPIKETRACE_EMBEDDING_MODEL_DIR"):
        Settings(embeddings=True)
    assert Settings(embeddings=True, embedding_model_dir=tmp_path).enriches_reports
    assert not Settings().enriches_reports
