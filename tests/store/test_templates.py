"""The index templates: complete for what we write, tolerant of what others write, accepted by every engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

import pytest
from elasticsearch import Elasticsearch
from pydantic import BaseModel

from tests.engines.servers import Engine
from worker.domain.incident import Incident
from worker.domain.report import Report
from worker.ports import AlertRecord
from worker.replay.model import Feed, Item, Replay
from worker.store.templates import index_templates, install_template, install_templates, lacking_fields

WRITTEN: dict[str, type[BaseModel]] = {
    "spiketrace-alerts": AlertRecord,
    "spiketrace-reports": Report,
    "spiketrace-incidents": Incident,
}
# Kept by the store for itself.
NOT_STORED = {"spiketrace-alerts": {"version"}}
READ_FIELDS = {
    "spiketrace-carbon-metrics": (
        "@timestamp service region cloud.provider cpu_pct memory_pct requests_per_min estimated_co2_grams "
        "emissions_kg_co2e deployment_id"
    ),
    "spiketrace-logs": "@timestamp service region level message error_type deployment_id retry latency_ms",
    "spiketrace-deployments": "@timestamp service region deployment_id version status",
    "spiketrace-incidents": (
        "@timestamp title summary service region tags severity status duration_minutes wasted_co2_grams "
        "wasted_emissions_kg_co2e orders_affected revenue_lost_usd embedding"
    ),
}


def _mappings(name: str) -> Mapping[str, Any]:
    mappings: Mapping[str, Any] = index_templates()[name]["template"]["mappings"]
    return mappings


def _leaves(properties: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, mapping in properties.items():
        yield prefix + name
        yield from _leaves(mapping.get("properties", {}), f"{prefix}{name}.")


def _unmapped(model: type[BaseModel], properties: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        stored_name = field.serialization_alias or name
        mapping = properties.get(stored_name)
        if mapping is None:
            yield prefix + stored_name
        elif "properties" in mapping:
            for inner in _models(field.annotation):
                yield from _unmapped(inner, mapping["properties"], f"{prefix}{stored_name}.")


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


@pytest.mark.parametrize("name", WRITTEN)
def test_every_field_we_write_is_mapped(name: str) -> None:
    missing = set(_unmapped(WRITTEN[name], _mappings(name)["properties"])) - NOT_STORED.get(name, set())
    assert missing == set()


@pytest.mark.parametrize("model", [Replay, Item, Feed])
def test_every_field_of_replays_is_mapped(model: type[BaseModel]) -> None:
    assert set(_unmapped(model, _mappings("spiketrace-replays")["properties"])) == {"version"}


@pytest.mark.parametrize("name", READ_FIELDS)
def test_every_field_we_read_is_mapped(name: str) -> None:
    assert set(READ_FIELDS[name].split()) - set(_leaves(_mappings(name)["properties"])) == set()


def test_templates_say_whose_they_are_and_stand_above_elastics_own() -> None:
    templates = index_templates()
    assert set(templates) == {
        *WRITTEN,
        *READ_FIELDS,
        "spiketrace-dead-letters",
        "spiketrace-alert-inbox",
        "spiketrace-replays",
    }
    for name, template in templates.items():
        assert all(pattern.startswith(name) for pattern in template["index_patterns"])
        assert template["priority"] > 200
        assert template["template"]["settings"]["index"]["auto_expand_replicas"] == "0-1"
        assert template["_meta"]["managed_by"] == "spiketrace"


def test_a_changed_copy_changes_nothing_for_the_next_reader() -> None:
    index_templates()["spiketrace-alerts"]["priority"] = 1
    assert index_templates()["spiketrace-alerts"]["priority"] == 500


def test_installing_twice_is_installing_once(client: Elasticsearch) -> None:
    names = install_templates(client)
    assert set(names) == set(index_templates())
    assert all(client.indices.exists_index_template(name=name) for name in names)


def _installed_before_a_field_was_known(client: Elasticsearch, name: str, field: str, **others: Any) -> None:
    """As an earlier version left it: its template, and an index with a document."""
    older = index_templates()[name]
    properties = older["template"]["mappings"]["properties"]
    del properties[field]
    properties.update(others)
    client.indices.put_index_template(
        name=name, **{key: older[key] for key in ("index_patterns", "priority", "template")}
    )
    client.index(index=name, id="old", document={field: "before"}, refresh=True)


def _found(client: Elasticsearch, index: str, **term: str) -> list[str]:
    return [hit["_id"] for hit in client.search(index=index, query={"term": term})["hits"]["hits"]]


def test_after_an_upgrade_the_index_that_is_there_knows_the_new_field(client: Elasticsearch) -> None:
    index = "spiketrace-dead-letters"
    _installed_before_a_field_was_known(client, index, "kind")
    install_templates(client)
    client.index(index=index, id="new", document={"kind": "delivery"}, refresh=True)
    assert _found(client, index, kind="delivery") == ["new"]
    assert client.get(index=index, id="old")["_source"] == {"kind": "before"}


def test_a_field_that_somebody_mapped_otherwise_stays_and_the_others_are_added(client: Elasticsearch) -> None:
    index = "spiketrace-dead-letters"
    _installed_before_a_field_was_known(client, index, "kind", alert_id={"type": "long"})
    install_templates(client)
    client.index(index=index, id="new", document={"kind": "delivery", "alert_id": 7}, refresh=True)
    assert _found(client, index, kind="delivery") == ["new"]


def test_an_index_restored_from_an_older_snapshot_gets_the_new_field(client: Elasticsearch) -> None:
    """The template is of this version already; the index came back as it was."""
    index = "spiketrace-dead-letters"
    older = index_templates()[index]["template"]["mappings"]
    del older["properties"]["kind"]
    client.options(ignore_status=404).indices.delete_index_template(name=index)
    client.indices.create(index=index, mappings=older)
    install_template(client, index, is_upgrade=False)
    assert lacking_fields(client) == {index: ["kind"]}
    install_templates(client)
    assert lacking_fields(client) == {}


def test_documents_that_others_write_into_incidents_are_never_refused(client: Elasticsearch, engine: Engine) -> None:
    foreign = {
        "@timestamp": "2026-02-20T10:00:00Z",
        "title": "Checkout down",
        "status": "mitigated-by-hand",
        "severity": 2,
        "duration_minutes": "about an hour",
        "root_cause": "a bad deployment",
        "history": "see the wiki",
        "resolved_at": "yesterday",
        "postmortem": {"owner": "ada"},
    }
    client.index(index="spiketrace-incidents", id="theirs", document=foreign)
    engine.refresh()
    assert client.get(index="spiketrace-incidents", id="theirs")["_source"] == foreign
    found = client.search(index="spiketrace-incidents", query={"match": {"title": "checkout"}})
    assert [hit["_id"] for hit in found["hits"]["hits"]] == ["theirs"]


def test_incidents_take_an_embedding_and_are_found_by_it_where_the_engine_can(
    client: Elasticsearch, engine: Engine
) -> None:
    near, far = [1.0] + [0.0] * 383, [0.0] * 383 + [1.0]
    for name, embedding in (("near", near), ("far", far)):
        client.index(index="spiketrace-incidents", id=name, document={"title": name, "embedding": embedding})
    engine.refresh()
    if engine.is_embedded:
        assert client.count(index="spiketrace-incidents")["count"] == 2
        return
    knn = {"field": "embedding", "query_vector": near, "k": 1, "num_candidates": 10}
    found = client.search(index="spiketrace-incidents", knn=knn)
    assert [hit["_id"] for hit in found["hits"]["hits"]] == ["near"]


def test_a_delivery_is_found_by_its_state(client: Elasticsearch, engine: Engine) -> None:
    delivery = {"state": "pending", "vendor_id": None, "url": None, "reason": "later", "updated_at": "2026-02-20"}
    client.index(index="spiketrace-incidents", id="i", document={"deliveries": {"jira": delivery}})
    engine.refresh()
    query = {"term": {"deliveries.jira.state": "pending"}}
    assert client.count(index="spiketrace-incidents", query=query)["count"] == 1


def test_telemetry_written_without_care_still_gets_the_right_types(client: Elasticsearch, engine: Engine) -> None:
    log = {
        "@timestamp": "2026-02-26T09:30:00Z",
        "service": "checkout",
        "latency_ms": 12,
        "retry": True,
        "level": "ERROR",
    }
    client.index(index="spiketrace-logs-0001", document=log)
    client.index(index="spiketrace-logs-0001", document={**log, "latency_ms": 13.5, "error_type": None})
    engine.refresh()
    aggs = {"slow": {"max": {"field": "latency_ms"}}, "services": {"terms": {"field": "service"}}}
    found = client.search(index="spiketrace-logs-*", query={"term": {"retry": True}}, aggs=aggs)
    assert found["hits"]["total"]["value"] == 2
    assert found["aggregations"]["slow"]["value"] == 13.5
    assert found["aggregations"]["services"]["buckets"][0]["key"] == "checkout"


def test_what_somebody_changed_stays_until_the_next_version(client: Elasticsearch) -> None:
    install_templates(client)
    there = client.indices.get_index_template(name="spiketrace-alerts")["index_templates"][0]["index_template"]
    changed = {**there["template"], "settings": {"index": {"auto_expand_replicas": "0-2"}}}
    put(client, changed, there["_meta"])
    install_templates(client)
    assert replicas(client) == "0-2"

    put(client, changed, {**there["_meta"], "fingerprint": "of an older version"})
    install_templates(client)
    assert replicas(client) == "0-1"


def put(client: Elasticsearch, template: Mapping[str, Any], meta: Mapping[str, Any]) -> None:
    client.indices.put_index_template(
        name="spiketrace-alerts", index_patterns=["spiketrace-alerts"], priority=500, template=template, meta=meta
    )


def replicas(client: Elasticsearch) -> str:
    found = client.indices.get_index_template(name="spiketrace-alerts")["index_templates"][0]["index_template"]
    value: str = found["template"]["settings"]["index"]["auto_expand_replicas"]
    return value
