"""Saved objects: imported as a file, each one by itself, with an answer that is 200 whatever became of them.

https://www.elastic.co/docs/api/doc/kibana/operation/operation-post-saved-objects-import
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from demo.standins.kibana.connectors import TYPES as CONNECTOR_TYPES
from demo.standins.kibana.connectors import Connectors
from demo.standins.kibana.deployment import Deployment, Json, Refused, Release, Space

MOST_OBJECTS = 10_000
# The newest form that each release knows of each type: an object of a newer one is refused.
KNOWN_VERSIONS: dict[str, list[tuple[Release, str]]] = {
    "index-pattern": [((8, 19), "8.0.0")],
    "tag": [((8, 19), "8.0.0")],
    "lens": [((8, 19), "8.9.0"), ((9, 3), "10.1.0")],
    "dashboard": [((8, 19), "10.3.0"), ((9, 4), "10.4.0")],
    "action": [((8, 19), "10.1.0"), ((9, 4), "10.2.0")],
}


class SavedObjects:
    def __init__(self, deployment: Deployment, space: Space) -> None:
        self._deployment, self._space = deployment, space

    def import_file(self, name: str, content: bytes, *, overwrite: bool) -> Json:
        if not name.endswith(".ndjson"):
            raise Refused(400, f"Invalid file extension .{name.rpartition('.')[2]}")
        objects = [item for item in _lines(content) if "exportedCount" not in item]
        if len(objects) > MOST_OBJECTS:
            raise Refused(400, f"Can't import more than {MOST_OBJECTS} objects")
        errors = [error for item in objects if (error := self._error_in(item, objects, overwrite=overwrite))]
        failed = {(error["type"], error["id"]) for error in errors}
        taken = [item for item in objects if (item["type"], item["id"]) not in failed]
        for item in taken:
            self._keep(item)
        answer: Json = {
            "success": not errors,
            "successCount": len(taken),
            "successResults": [{"type": item["type"], "id": item["id"], "meta": {}} for item in taken],
            "warnings": _warnings(taken),
        }
        return answer | ({"errors": errors} if errors else {})

    def _error_in(self, item: Json, objects: list[Json], *, overwrite: bool) -> Json | None:
        kind, name = item.get("type", ""), item.get("id", "")
        if kind not in KNOWN_VERSIONS:
            return _error(item, "unsupported_type")
        known = self._known(kind)
        if _numbers(item.get("typeMigrationVersion", "0")) > _numbers(known):
            said = (
                f'Document "{name}" belongs to a more recent version of Kibana [{item["typeMigrationVersion"]}] '
                f"when the last known version is [{known}]."
            )
            return _error(item, "unknown", message=said)
        if not overwrite and self._has(kind, name):
            return _error(item, "conflict")
        others = {(other["type"], other["id"]) for other in objects}
        missing = [
            {"type": reference["type"], "id": reference["id"]}
            for reference in item.get("references", [])
            if (reference["type"], reference["id"]) not in others and not self._has(reference["type"], reference["id"])
        ]
        return _error(item, "missing_references", references=missing) if missing else None

    def _known(self, kind: str) -> str:
        return [version for since, version in KNOWN_VERSIONS[kind] if self._deployment.release >= since][-1]

    def _has(self, kind: str, name: str) -> bool:
        return name in self._space.connectors if kind == "action" else (kind, name) in self._space.objects

    def _keep(self, item: Json) -> None:
        """As it is after its migrations: in the newest form, with what that form adds."""
        kind, name = item["type"], item["id"]
        if kind == "action":
            self._keep_connector(item)
            return
        attributes = dict(item["attributes"])
        if kind == "dashboard":
            attributes.setdefault("version", 1)
        self._space.objects[kind, name] = {
            "type": kind,
            "id": name,
            "attributes": attributes,
            "references": item.get("references", []),
            "coreMigrationVersion": "8.8.0",
            "typeMigrationVersion": self._known(kind),
            "managed": False,
            "updated_at": datetime.now(UTC).isoformat(),
        }

    def _keep_connector(self, item: Json) -> None:
        Connectors(self._deployment, self._space).check_id(item["id"])
        attributes = item["attributes"]
        if attributes["actionTypeId"] not in CONNECTOR_TYPES:
            raise Refused(400, f'action type "{attributes["actionTypeId"]}" is not registered')
        self._space.connectors[item["id"]] = {
            "id": item["id"],
            "name": attributes["name"],
            "connector_type_id": attributes["actionTypeId"],
            "config": attributes["config"],
            "is_missing_secrets": attributes["isMissingSecrets"],
            "secrets": {},
        }

    def get(self, kind: str, name: str) -> Json:
        if (kind, name) not in self._space.objects:
            raise Refused(404, f"Saved object [{kind}/{name}] not found")
        return self._space.objects[kind, name]

    def delete(self, kind: str, name: str) -> None:
        self.get(kind, name)
        del self._space.objects[kind, name]


def _lines(content: bytes) -> list[Json]:
    try:
        return [json.loads(line) for line in content.decode().splitlines() if line.strip()]
    except ValueError as error:
        raise Refused(400, f"Unexpected token in the file: {error}") from None


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def _error(item: Json, kind: str, **more: Any) -> Json:
    title = item.get("attributes", {}).get("title")
    return {"type": item.get("type"), "id": item.get("id"), "meta": {"title": title}, "error": {"type": kind, **more}}


def _warnings(taken: list[Json]) -> list[Json]:
    missing = [item for item in taken if item["type"] == "action" and item["attributes"]["isMissingSecrets"]]
    if not missing:
        return []
    said = f"{len(missing)} connectors have sensitive information that require updates."
    return [
        {"type": "action_required", "message": said, "actionPath": "/app/management", "buttonLabel": "Go to connectors"}
    ]
