"""Agent Builder: tools and agents.

https://www.elastic.co/docs/api/doc/kibana/group/endpoint-agent-builder
"""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field

from demo.standins.kibana.deployment import Deployment, Json, Refused, Release, Space
from demo.standins.kibana.strict import Strict, parse

SINCE: Release = (9, 2)
PRESENT_FORM_SINCE: Release = (9, 3)
PART = r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?"
ID = re.compile(rf"{PART}(?:\.{PART})*")
LONGEST_ID = 64
RESERVED = (
    "platform.core", "platform.alerting", "platform.dashboard", "platform.streams", "platform.workflows", "attachments",
    "filestore", "fleet", "observability", "search", "security",
)  # fmt: skip
BUILT_IN = {
    f"platform.core.{name}"
    for name in ("search", "execute_esql", "generate_esql", "list_indices", "get_index_mapping", "get_document_by_id")
}
TYPES = {"string", "integer", "float", "boolean", "date", "array"}
TYPES_OF_9_2 = {"text", "keyword", "long", "integer", "double", "float", "boolean", "date", "object", "nested"}
PARAMETER = re.compile(r"\?([A-Za-z_]\w*)")


class ToolUpdate(Strict):
    description: str = ""
    tags: list[str] = Field(default_factory=list)
    configuration: Json


class ToolCreate(ToolUpdate):
    id: str
    type: Literal["esql", "index_search", "workflow", "mcp"]


class Parameter(Strict):
    type: str
    description: str
    optional: bool | None = None
    defaultValue: Any = None  # noqa: N815


class EsqlConfiguration(Strict):
    query: str = Field(min_length=1)
    params: dict[str, Parameter]


class SearchConfiguration(Strict):
    pattern: str = Field(min_length=1)
    row_limit: int | None = None
    custom_instructions: str | None = None


class SearchConfigurationOf92(Strict):
    pattern: str = Field(min_length=1)


class WorkflowConfiguration(Strict):
    workflow_id: str
    wait_for_completion: bool | None = None


class Tools(Strict):
    tool_ids: list[str]


class AgentConfiguration(Strict):
    instructions: str | None = None
    tools: list[Tools] = Field(default_factory=list)


class AgentUpdate(Strict):
    name: str | None = Field(default=None, min_length=1)
    description: str | None = None
    labels: list[str] | None = None
    avatar_color: str | None = None
    avatar_symbol: str | None = None
    configuration: AgentConfiguration | None = None


class AgentCreate(AgentUpdate):
    id: str
    name: str = Field(min_length=1)
    description: str
    configuration: AgentConfiguration


class AgentBuilder:
    def __init__(self, deployment: Deployment, space: Space) -> None:
        self._deployment, self._space = deployment, space

    @property
    def _is_present_form(self) -> bool:
        return self._deployment.release >= PRESENT_FORM_SINCE

    def create_tool(self, body: Any) -> Json:
        wanted = parse(ToolCreate, body)
        _check_id(wanted.id)
        if any(wanted.id == name or wanted.id.startswith(f"{name}.") for name in RESERVED):
            raise Refused(400, f'Invalid tool id: "{wanted.id}" is in a protected namespace')
        if wanted.id in self._space.tools:
            raise Refused(400, f"Tool with id {wanted.id} already exists")
        self._check_configuration(wanted.type, wanted.configuration)
        self._space.tools[wanted.id] = wanted.model_dump() | {"readonly": False}
        return self._space.tools[wanted.id]

    def update_tool(self, tool_id: str, body: Any) -> Json:
        there, wanted = self.tool(tool_id), parse(ToolUpdate, body)
        self._check_configuration(there["type"], wanted.configuration)
        there.update(wanted.model_dump())
        return there

    def tool(self, tool_id: str) -> Json:
        if tool_id not in self._space.tools:
            raise Refused(404, f"Tool {tool_id} not found")
        return self._space.tools[tool_id]

    def delete_tool(self, tool_id: str, *, force: bool) -> Json:
        self.tool(tool_id)
        if (users := self._users(tool_id)) and not force:
            raise Refused(409, f"Tool {tool_id} is used by agents: {', '.join(users)}")
        del self._space.tools[tool_id]
        return {"success": True}

    def _users(self, tool_id: str) -> list[str]:
        return [name for name, agent in self._space.agents.items() if tool_id in _tools_of(agent["configuration"])]

    def _check_configuration(self, kind: str, configuration: Json) -> None:
        where = "request body.configuration"
        if kind == "esql":
            self._check_esql(parse(EsqlConfiguration, configuration, where))
        elif kind == "index_search":
            parse(SearchConfiguration if self._is_present_form else SearchConfigurationOf92, configuration, where)
        elif kind == "workflow" and self._is_present_form:
            wanted = parse(WorkflowConfiguration, configuration, where)
            if wanted.workflow_id not in self._space.workflows:
                raise Refused(400, f"Workflow '{wanted.workflow_id}' not found")
        else:
            raise Refused(400, f"Unknown type for esql tool: {kind}")

    def _check_esql(self, wanted: EsqlConfiguration) -> None:
        types = TYPES if self._is_present_form else TYPES_OF_9_2
        for name, parameter in wanted.params.items():
            if parameter.type not in types:
                place = f"request body.configuration.params.{name}.type"
                raise Refused(400, f"[{place}]: types that failed validation: {', '.join(sorted(types))}")
            if parameter.defaultValue is not None and not parameter.optional:
                raise Refused(400, f"Parameter '{name}' has a default value and is not optional")
        used, declared = set(PARAMETER.findall(wanted.query)), set(wanted.params)
        if used != declared:
            raise Refused(400, f"Parameters used and declared differ: {', '.join(sorted(used ^ declared))}")

    def create_agent(self, body: Any) -> Json:
        wanted = parse(AgentCreate, body)
        _check_id(wanted.id)
        if wanted.id in self._space.agents:
            raise Refused(400, f"Agent with id {wanted.id} already exists")
        kept = wanted.model_dump(exclude_none=True)
        self._check_tools(kept["configuration"])
        self._space.agents[wanted.id] = kept | {"type": "chat", "readonly": False}
        return self._space.agents[wanted.id]

    def update_agent(self, agent_id: str, body: Any) -> Json:
        there, wanted = self.agent(agent_id), parse(AgentUpdate, body).model_dump(exclude_none=True)
        self._check_tools(wanted.get("configuration", {}))
        there.update(wanted)
        return there

    def agent(self, agent_id: str) -> Json:
        if agent_id not in self._space.agents:
            raise Refused(404, f"Agent {agent_id} not found")
        return self._space.agents[agent_id]

    def delete_agent(self, agent_id: str) -> Json:
        self.agent(agent_id)
        del self._space.agents[agent_id]
        return {"success": True}

    def _check_tools(self, configuration: Json) -> None:
        if unknown := sorted(set(_tools_of(configuration)) - BUILT_IN - set(self._space.tools)):
            raise Refused(400, f"Agent tool selection validation failed: Tool id {', '.join(unknown)} does not exist")


def _tools_of(configuration: Json) -> list[str]:
    return [tool_id for group in configuration.get("tools", []) for tool_id in group["tool_ids"]]


def _check_id(wanted: str) -> None:
    if not ID.fullmatch(wanted) or len(wanted) > LONGEST_ID or wanted == "new":
        raise Refused(400, f'Invalid id: "{wanted}"')
