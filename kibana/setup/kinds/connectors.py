"""Connectors: how Kibana reaches others, with secrets that it never gives back.

https://www.elastic.co/docs/api/doc/kibana/group/endpoint-connectors
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kibana.client import KibanaClient, path_of
from kibana.errors import KibanaError
from kibana.setup.things import Json, Observed, Thing

PATH = "/api/actions/connector"


class ConnectorAdapter:
    def __init__(self, kibana: KibanaClient) -> None:
        self._kibana = kibana

    def read(self, thing_id: str) -> Observed | None:
        answer = self._kibana.find(path_of(PATH, thing_id))
        if answer is None:
            return None
        fixed = "it is written in kibana.yml" if answer.get("is_preconfigured") else None
        return Observed(
            body=connector_body(answer),
            raw=answer,
            lacks_secrets=bool(answer.get("is_missing_secrets")) and not fixed,
            fixed=fixed,
        )

    def create(self, thing: Thing) -> str:
        request = {"name": thing.name, **_request(thing, thing.body)}
        self._kibana.post(path_of(PATH, thing.key.id), request | {"connector_type_id": thing.body["connector_type_id"]})
        return thing.key.id

    def update(self, thing: Thing, thing_id: str, body: Json, there: Observed) -> None:
        if body["connector_type_id"] != there.body["connector_type_id"]:
            raise KibanaError(
                f"connector {thing_id} is there with another type, {there.body['connector_type_id']}: delete it in "
                "Stack Management → Connectors, then apply again"
            )
        # A PUT replaces configuration and secrets: without the secrets it would take them away.
        self._kibana.put(path_of(PATH, thing_id), _request(thing, body))

    def delete(self, thing_id: str) -> None:
        listed = {item["id"]: item for item in self._kibana.get("/api/actions/connectors")}
        if thing_id not in listed:
            return
        if users := listed[thing_id].get("referenced_by_count"):
            # Ours are gone by now: what still calls it was made by somebody else, and would fail without it.
            raise KibanaError(f"connector {listed[thing_id]['name']} is used by {users} other rules: it stays for them")
        self._kibana.delete(path_of(PATH, thing_id))


def connector_body(connector: Mapping[str, Any]) -> Json:
    config = {name: value for name, value in (connector.get("config") or {}).items() if value is not None}
    return {"name": connector["name"], "connector_type_id": connector["connector_type_id"], "config": config}


def _request(thing: Thing, body: Json) -> Json:
    return {"name": body["name"], "config": body.get("config", {}), "secrets": dict(thing.secrets)}
