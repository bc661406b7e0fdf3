"""Data views and dashboards: saved objects, imported as the files hold them.

https://www.elastic.co/docs/api/doc/kibana/group/endpoint-saved-objects
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from kibana.client import KibanaClient, path_of
from kibana.errors import CONFLICT, NOT_FOUND, KibanaError, KibanaRefused
from kibana.setup.things import DIGEST, Json, Kind, Observed, Thing, Unreadable

TYPES = {Kind.DATA_VIEW: "index-pattern", Kind.DASHBOARD: "dashboard"}
# Interfaces that may take an object away, in the order of preference: the type's own, and the one for all types,
# which is deprecated and which serverless projects do not have.
DELETE_BASES = {
    Kind.DATA_VIEW: ("/api/data_views/data_view", "/api/saved_objects/index-pattern"),
    Kind.DASHBOARD: ("/api/saved_objects/dashboard", "/api/dashboards"),
}
LONGEST_SHOWN = 80


class SavedObjectAdapter:
    def __init__(self, kibana: KibanaClient, kind: Kind) -> None:
        self._kibana, self._kind = kibana, kind

    def read(self, thing_id: str) -> Observed | None:
        try:
            answer = self._kibana.get(path_of(f"/api/saved_objects/{TYPES[self._kind]}", thing_id))
        except KibanaRefused as error:
            if error.lacks_route or error.status == 400:
                raise Unreadable(error.reason) from error
            if error.status == NOT_FOUND:
                return None
            raise
        return Observed(body=saved_object_body(answer), raw=answer)

    def create(self, thing: Thing) -> str:
        self._import(thing, overwrite=False)
        return thing.key.id

    def update(self, thing: Thing, thing_id: str, body: Json, there: Observed) -> None:  # noqa: ARG002
        self._import(thing, overwrite=True)

    def _import(self, thing: Thing, *, overwrite: bool) -> None:
        answer = self._kibana.import_objects([thing.source], overwrite=overwrite)
        if not answer.get("success"):
            raise _refusal(thing, answer)

    def delete(self, thing_id: str) -> None:
        for base in DELETE_BASES[self._kind]:
            try:
                self._kibana.delete(path_of(base, thing_id))
            except KibanaRefused as error:
                if error.lacks_route:
                    continue
                if error.status != NOT_FOUND:
                    raise
            return
        raise KibanaError(
            f"this Kibana has no call that deletes {self._kind} {thing_id}: Stack Management → Saved Objects does"
        )


def saved_object_body(item: Mapping[str, Any]) -> Json:
    """What can be compared: each attribute, long ones as a digest, and the references."""
    attributes = {name: _shown(value) for name, value in item["attributes"].items()}
    return {"attributes": attributes, "references": _digest(item.get("references", []))}


def _shown(value: Any) -> Any:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return _digest(value) if len(text) > LONGEST_SHOWN else value


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return f"{DIGEST}{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _refusal(thing: Thing, answer: Mapping[str, Any]) -> KibanaError:
    """An import is answered with 200 whatever became of its objects."""
    errors = [error.get("error", {}) for error in answer.get("errors", [])]
    said = "; ".join(map(_said, errors)) or "no reason given"
    doing = f"importing {thing.key.kind} {thing.name}"
    if any(error.get("type") in {"conflict", "ambiguous_conflict"} for error in errors):
        return KibanaRefused(doing, CONFLICT, said)
    return KibanaError(f"{doing}: Kibana did not take it: {said}")


def _said(error: Mapping[str, Any]) -> str:
    lacking = ", ".join(f"{item.get('type')} {item.get('id')}" for item in error.get("references", []))
    told = str(error.get("message") or error.get("type", "unknown"))
    return f"{told}: {lacking}" if lacking else told
