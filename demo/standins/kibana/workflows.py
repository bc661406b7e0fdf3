"""Workflows: a preview with calls of its own in 9.3, public ones from 9.4 on.

https://www.elastic.co/docs/explore-analyze/workflows
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import yaml
from pydantic import Field

from demo.standins.kibana.deployment import Json, Refused, Space
from demo.standins.kibana.strict import Strict, parse

LONGEST_YAML = 1_048_576


class CreatePreview(Strict):
    yaml: str = Field(max_length=LONGEST_YAML)


class Create(CreatePreview):
    id: str | None = Field(default=None, min_length=3, max_length=255, pattern=r"^[a-z0-9][a-z0-9-]*$")


class Update(Strict):
    yaml: str | None = Field(default=None, max_length=LONGEST_YAML)
    name: str | None = None
    description: str | None = None
    enabled: bool | None = None
    tags: list[str] | None = None


class Workflows:
    def __init__(self, space: Space) -> None:
        self._space = space

    def create_preview(self, body: Any) -> Json:
        return self._keep(f"workflow-{uuid4()}", parse(CreatePreview, body).yaml)

    def create(self, body: Any) -> Json:
        wanted = parse(Create, body)
        if wanted.id in self._space.workflows:
            raise Refused(409, f"Workflow with id '{wanted.id}' already exists")
        return self._keep(wanted.id or f"workflow-{uuid4()}", wanted.yaml)

    def update(self, workflow_id: str, body: Any) -> Json:
        there, wanted = self.get(workflow_id), parse(Update, body)
        return self._keep(workflow_id, wanted.yaml) if wanted.yaml is not None else there

    def _keep(self, workflow_id: str, text: str) -> Json:
        definition = _checked(text)
        twins = [other["id"] for other in self._space.workflows.values() if other["name"] == definition["name"]]
        if twins and twins != [workflow_id]:
            raise Refused(409, f"A workflow named '{definition['name']}' already exists")
        kept = {"id": workflow_id, "name": definition["name"], "yaml": text, "enabled": definition.get("enabled", True)}
        self._space.workflows[workflow_id] = kept
        return kept

    def get(self, workflow_id: str) -> Json:
        if workflow_id not in self._space.workflows:
            raise Refused(404, f'Workflow with id "{workflow_id}" not found')
        return self._space.workflows[workflow_id]

    def delete(self, workflow_id: str) -> None:
        self.get(workflow_id)
        del self._space.workflows[workflow_id]

    def all(self) -> Json:
        found = list(self._space.workflows.values())
        return {"page": 1, "size": 100, "total": len(found), "results": found}


def _checked(text: str) -> Json:
    try:
        definition = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Refused(400, f"Invalid workflow yaml: {error}") from None
    if not isinstance(definition, dict) or not all(definition.get(key) for key in ("name", "triggers", "steps")):
        raise Refused(400, "Invalid workflow yaml: name, triggers and steps are required")
    if definition.get("version", "1") != "1":
        raise Refused(400, 'Invalid workflow yaml: version: Invalid literal value, expected "1"')
    return definition
