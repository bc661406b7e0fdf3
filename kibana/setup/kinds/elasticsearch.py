"""What set-up puts into Elasticsearch: index templates and roles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from elasticsearch import ApiError, Elasticsearch, NotFoundError

from kibana.setup.things import DIGEST, Json, NotOffered, Observed, Thing, as_list, as_set
from worker.elastic import elasticsearch_errors
from worker.store.templates import install_template

# How distributions and projects without security, or without roles of one's own, answer: 400 and 405 for a call
# that does not exist, 410 for one that serverless has not, 501 for one that is not there yet.
NO_SUCH_CALL = frozenset({400, 405, 410, 501})
UNAUTHORIZED_OR_FORBIDDEN = frozenset({401, 403})
# What a role may say of its indices beside names and privileges.
INDEX_FIELDS = ("field_security", "query", "allow_restricted_indices")


class TemplateAdapter:
    """An index template is as it should be when it says so itself: engines give mappings back in other words."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client

    def read(self, thing_id: str) -> Observed | None:
        with elasticsearch_errors(f"reading the index template {thing_id}"):
            try:
                answer = self._client.indices.get_index_template(name=thing_id)
            except NotFoundError:
                return None
        template = answer["index_templates"][0]["index_template"]
        return Observed(body=template_body(template), raw=template, is_ours=_is_ours(template.get("_meta")))

    def create(self, thing: Thing) -> str:
        install_template(self._client, thing.key.id, is_upgrade=False)
        return thing.key.id

    def update(self, thing: Thing, thing_id: str, body: Json, there: Observed) -> None:  # noqa: ARG002
        install_template(self._client, thing_id, is_upgrade=True)

    def delete(self, thing_id: str) -> None:
        with elasticsearch_errors(f"deleting the index template {thing_id}"):
            self._client.options(ignore_status=404).indices.delete_index_template(name=thing_id)


def template_body(template: Mapping[str, Any]) -> Json:
    content = {name: value for name, value in template.items() if name != "_meta"}
    text = json.dumps(content, sort_keys=True, default=str)
    version = template.get("_meta", {}).get("fingerprint")
    return {"version": version, "content": f"{DIGEST}{sha256(text.encode()).hexdigest()[:16]}"}


class RoleAdapter:
    def __init__(self, client: Elasticsearch) -> None:
        self._client = client

    def read(self, thing_id: str) -> Observed | None:
        with elasticsearch_errors(f"reading the role {thing_id}"):
            try:
                answer = self._client.security.get_role(name=thing_id)
            except NotFoundError:
                return None
            except ApiError as error:
                raise not_offered(error, "roles") from error
        role = answer[thing_id]
        return Observed(body=role_body(role), raw=role, is_ours=_is_ours(role.get("metadata")))

    def create(self, thing: Thing) -> str:
        self._put(thing.key.id, thing.body, {})
        return thing.key.id

    def update(self, thing: Thing, thing_id: str, body: Json, there: Observed) -> None:  # noqa: ARG002
        self._put(thing_id, body, there.raw)

    def _put(self, name: str, body: Json, there: Mapping[str, Any]) -> None:
        kept = {field: there[field] for field in ("applications", "run_as") if there.get(field)}
        with elasticsearch_errors(f"writing the role {name}"):
            self._client.security.put_role(name=name, **role_request(body), **kept)

    def delete(self, thing_id: str) -> None:
        with elasticsearch_errors(f"deleting the role {thing_id}"):
            self._client.options(ignore_status=404).security.delete_role(name=thing_id)


def _is_ours(mark: Mapping[str, Any] | None) -> bool:
    return (mark or {}).get("managed_by") == "spiketrace"


def not_offered(error: ApiError, what: str) -> Exception:
    """The same error, or a sentence why this cluster has no such thing for these credentials."""
    if error.meta.status in NO_SUCH_CALL:
        return NotOffered(f"this Elasticsearch has no {what}: its security is switched off, or left out")
    if error.meta.status in UNAUTHORIZED_OR_FORBIDDEN:
        return NotOffered(f"the Elasticsearch credentials may not manage {what}: that takes `manage_security`")
    return error


def role_body(role: Mapping[str, Any]) -> Json:
    indices = {",".join(sorted(entry["names"])): _index_body(entry) for entry in role.get("indices", [])}
    return {
        "cluster": as_set(role.get("cluster")),
        "indices": indices,
        "metadata": role.get("metadata") or {},
    }


def _index_body(entry: Mapping[str, Any]) -> Json:
    more = {name: entry[name] for name in INDEX_FIELDS if entry.get(name)}
    return {"privileges": as_set(entry["privileges"]), **more}


def role_request(body: Json) -> Json:
    indices = [
        {**entry, "names": names.split(","), "privileges": as_list(entry.get("privileges", {}))}
        for names, entry in body.get("indices", {}).items()
    ]
    return {
        "cluster": as_list(body.get("cluster", {})),
        "indices": [entry for entry in indices if entry["privileges"]],
        "metadata": body.get("metadata", {}),
    }
