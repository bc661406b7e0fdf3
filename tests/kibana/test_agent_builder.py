"""The agent and its tools as each version of Kibana takes them."""

from __future__ import annotations

import json

import pytest

from kibana.agent_builder import agent_for, load_agent, load_tools, tools_for

# https://www.elastic.co/docs/explore-analyze/ai-features/agent-builder/tools/esql-tools
TYPES_OF_9_2 = {"text", "keyword", "long", "integer", "double", "float", "boolean", "date", "object", "nested"}
TYPES = {"string", "integer", "float", "boolean", "date", "array"}


@pytest.mark.parametrize("version", [(8, 19), (9, 0), (9, 1)])
def test_before_9_2_there_are_none(version: tuple[int, int]) -> None:
    assert tools_for(version, load_tools(), workflow_id="w") == []


def test_9_2_has_other_types_fewer_options_and_no_workflows() -> None:
    tools = {tool["id"]: tool for tool in tools_for((9, 2), load_tools(), workflow_id="w")}
    types = {
        parameter["type"] for tool in tools.values() for parameter in tool["configuration"].get("params", {}).values()
    }
    assert types == {"keyword", "date"}
    assert types <= TYPES_OF_9_2
    assert tools["search_logs"]["configuration"] == {"pattern": "spiketrace-logs-*"}
    assert {tool["type"] for tool in tools.values()} == {"esql", "index_search"}


@pytest.mark.parametrize("version", [(9, 3), (9, 4), (10, 0)])
def test_later_ones_take_the_files_as_they_are(version: tuple[int, int]) -> None:
    shipped = load_tools()
    tools = tools_for(version, shipped, workflow_id="spiketrace-create-incident")
    assert tools == shipped
    assert {p["type"] for tool in tools for p in tool["configuration"].get("params", {}).values()} <= TYPES


def test_the_ticket_tool_calls_the_workflow_as_kibana_named_it() -> None:
    tools = {tool["id"]: tool for tool in tools_for((9, 3), load_tools(), workflow_id="workflow-0a0a")}
    assert tools["create_incident_ticket"]["configuration"] == {"workflow_id": "workflow-0a0a"}


def test_without_the_workflow_there_is_no_ticket_tool() -> None:
    assert "create_incident_ticket" not in {tool["id"] for tool in tools_for((9, 4), load_tools(), workflow_id=None)}


@pytest.mark.parametrize(("version", "workflow_id"), [((9, 2), "w"), ((9, 3), None), ((9, 4), "w")])
def test_the_agent_names_only_tools_that_are_there(version: tuple[int, int], workflow_id: str | None) -> None:
    tools = tools_for(version, load_tools(), workflow_id=workflow_id)
    agent = agent_for(load_agent(), tools)
    (group,) = agent["configuration"]["tools"]
    named = {name for name in group["tool_ids"] if not name.startswith("platform.core.")}
    assert named == {tool["id"] for tool in tools}
    assert len(group["tool_ids"]) > len(named)
    assert {**agent, "configuration": None} == {**load_agent(), "configuration": None}


@pytest.mark.parametrize(("version", "is_told"), [((9, 2), True), ((9, 3), False)])
def test_an_agent_that_cannot_create_tickets_says_so(version: tuple[int, int], is_told: bool) -> None:
    agent = agent_for(load_agent(), tools_for(version, load_tools(), workflow_id="w"))
    shipped = load_agent()["configuration"]["instructions"]
    added = agent["configuration"]["instructions"].removeprefix(shipped)
    assert ("for them to paste" in added) is is_told
    assert bool(added) is is_told


def test_the_files_are_not_changed_on_the_way() -> None:
    tools, agent = load_tools(), load_agent()
    before = json.dumps([tools, agent])
    agent_for(agent, tools_for((9, 2), tools, workflow_id=None))
    tools_for((9, 4), tools, workflow_id="w")
    assert json.dumps([tools, agent]) == before
