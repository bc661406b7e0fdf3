"""The agent and its tools.

https://www.elastic.co/docs/api/doc/kibana/group/endpoint-agent-builder
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kibana.client import KibanaClient, path_of
from kibana.errors import KibanaError, KibanaRefused
from kibana.setup.things import Json, Observed, Thing, as_list, as_set

TOOLS = "/api/agent_builder/tools"
AGENTS = "/api/agent_builder/agents"
# Ours for `workflows/create_incident.yaml`, and Kibana's where it lets us choose.
WORKFLOW_ID = "spiketrace-create-incident"
AGENT_FIELDS = ("name", "description", "avatar_color", "avatar_symbol")
# 9.4 and later answer with more than 9.2 takes; what is there is sent back, so that theirs stays.
CONFIGURATION = ("instructions", "skill_ids", "plugin_ids", "workflow_ids", "enable_elastic_capabilities")


class ToolAdapter:
    """`workflow_id` gives Kibana's id of a workflow for ours: before 9.4 Kibana makes up its own."""

    def __init__(self, kibana: KibanaClient, workflow_id: Callable[[str], str]) -> None:
        self._kibana, self._workflow_id = kibana, workflow_id

    def read(self, thing_id: str) -> Observed | None:
        answer = self._kibana.find(path_of(TOOLS, thing_id))
        if answer is None:
            return None
        body = tool_body(answer)
        if body["configuration"].get("workflow_id") == self._workflow_id(WORKFLOW_ID):
            body["configuration"] = {**body["configuration"], "workflow_id": WORKFLOW_ID}
        return Observed(body=body, raw=answer)

    def create(self, thing: Thing) -> str:
        request = {"id": thing.key.id, "type": thing.body["type"], **self._request(thing.body)}
        self._kibana.post(TOOLS, request)
        return thing.key.id

    def update(self, thing: Thing, thing_id: str, body: Json, there: Observed) -> None:
        if body["type"] != there.body["type"]:
            raise KibanaError(
                f"tool {thing.key.id} is there as {there.body['type']}: delete it in Agent Builder, then apply again"
            )
        self._kibana.put(path_of(TOOLS, thing_id), self._request(body))

    def _request(self, body: Json) -> Json:
        configuration = dict(body["configuration"])
        if body["type"] == "esql":
            # Required even where there are none, and an empty object is lost when fields are compared.
            configuration.setdefault("params", {})
        if body["type"] == "workflow":
            configuration["workflow_id"] = self._workflow_id(configuration["workflow_id"])
        return {
            "description": body["description"],
            "tags": as_list(body.get("tags", {})),
            "configuration": configuration,
        }

    def delete(self, thing_id: str) -> None:
        try:
            self._kibana.delete_if_there(path_of(TOOLS, thing_id))
        except KibanaRefused as error:
            if not error.is_conflict:
                raise
            raise KibanaError(
                f"tool {thing_id} is used by another agent: take it out of that agent, then remove again"
            ) from None


class AgentAdapter:
    def __init__(self, kibana: KibanaClient) -> None:
        self._kibana = kibana

    def read(self, thing_id: str) -> Observed | None:
        answer = self._kibana.find(path_of(AGENTS, thing_id))
        return None if answer is None else Observed(body=agent_body(answer), raw=answer)

    def create(self, thing: Thing) -> str:
        self._kibana.post(AGENTS, {"id": thing.key.id, **_agent_request(thing.body)})
        return thing.key.id

    def update(self, thing: Thing, thing_id: str, body: Json, there: Observed) -> None:  # noqa: ARG002
        self._kibana.put(path_of(AGENTS, thing_id), _agent_request(body))

    def delete(self, thing_id: str) -> None:
        self._kibana.delete_if_there(path_of(AGENTS, thing_id))


def tool_body(tool: Mapping[str, Any]) -> Json:
    return {
        "type": tool["type"],
        "description": tool.get("description", ""),
        "tags": as_set(tool.get("tags")),
        "configuration": tool["configuration"],
    }


def agent_body(agent: Mapping[str, Any]) -> Json:
    configuration = agent.get("configuration", {})
    tools = [tool_id for group in configuration.get("tools", []) for tool_id in group.get("tool_ids", [])]
    kept = {name: configuration[name] for name in CONFIGURATION if configuration.get(name) is not None}
    return {
        **{name: agent[name] for name in AGENT_FIELDS if agent.get(name) is not None},
        "labels": as_set(agent.get("labels")),
        "configuration": {**kept, "tools": as_set(tools)},
    }


def _agent_request(body: Json) -> Json:
    configuration = body["configuration"]
    tools = [{"tool_ids": as_list(configuration.get("tools", {}))}]
    return {**body, "labels": as_list(body.get("labels", {})), "configuration": {**configuration, "tools": tools}}
