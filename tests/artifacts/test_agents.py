"""The shipped agent and its tools pass every check, and a broken copy of them does not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.artifacts import agent_checks as checks
from tests.artifacts.breaking import Breakage, Change, Check, faulty_paths, named
from tests.artifacts.tree import AGENT, TOOLS, shipped

CHECKS = [
    checks.fit_the_api,
    checks.have_each_other,
    checks.ask_queries_that_work,
    checks.call_shipped_workflows,
    checks.instruct_the_investigation,
]
FILES = shipped().matching(TOOLS)
QUERIES = [path for path in FILES if shipped().content(path)["type"] == "esql"]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_shipped_agent_and_tools_pass(check: Check) -> None:
    assert list(check(shipped())) == []


TOOL_BREAKAGES: list[Breakage] = [
    ("an unknown key", checks.fit_the_api, lambda tool: tool.update(name="A tool")),
    ("an id that is none", checks.fit_the_api, lambda tool: tool.update(id="Carbon Spike")),
    ("an id of Elastic's", checks.fit_the_api, lambda tool: tool.update(id="search.logs")),
    ("another id than the file's", checks.fit_the_api, lambda tool: tool.update(id="other")),
    ("no tag", checks.fit_the_api, lambda tool: tool.update(tags=[])),
    ("no description", checks.fit_the_api, lambda tool: tool.update(description=" ")),
    ("an unknown option", checks.fit_the_api, lambda tool: tool["configuration"].update(limit=10)),
    ("no configuration", checks.fit_the_api, lambda tool: tool.update(configuration={})),
]


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize(**named(TOOL_BREAKAGES))
def test_a_broken_tool_fails(path: str, check: Check, change: Change) -> None:
    assert path in faulty_paths(check, path, change)


@pytest.mark.parametrize("path", FILES)
def test_a_tool_that_nobody_has_fails(path: str) -> None:
    def forget(agent: dict[str, Any]) -> None:
        agent["configuration"]["tools"][0]["tool_ids"].remove(shipped().content(path)["id"])

    assert faulty_paths(checks.have_each_other, AGENT, forget) == {AGENT, path}


@pytest.mark.parametrize("path", FILES)
def test_a_tool_that_is_called_otherwise_fails(path: str) -> None:
    assert faulty_paths(checks.have_each_other, path, lambda tool: tool.update(id="other")) == {AGENT, path}


def _in_query(old: str, new: str) -> Change:
    def change(tool: dict[str, Any]) -> None:
        configuration = tool["configuration"]
        changed = configuration["query"].replace(old, new)
        assert changed != configuration["query"]
        configuration["query"] = changed

    return change


def _first_parameter(**values: Any) -> Change:
    def change(tool: dict[str, Any]) -> None:
        next(iter(tool["configuration"]["params"].values())).update(values)

    return change


QUERY_BREAKAGES: list[Breakage] = [
    ("no source", checks.ask_queries_that_work, _in_query("FROM ", "")),
    ("no limit", checks.ask_queries_that_work, _in_query("\n| LIMIT", "\n| SAMPLE")),
    ("too large a limit", checks.ask_queries_that_work, _in_query("| LIMIT ", "| LIMIT 99")),
    ("an index that is not there", checks.ask_queries_that_work, _in_query("FROM spiketrace-", "FROM spikes-")),
    ("a field that is not there", checks.ask_queries_that_work, _in_query("\n| LIMIT", "\n| DROP co2_gramms\n| LIMIT")),
    (
        "a function that is not there",
        checks.ask_queries_that_work,
        _in_query("\n| LIMIT", "\n| EVAL x = ROUNDED(1)\n| LIMIT"),
    ),
    ("a parameter that is not declared", checks.ask_queries_that_work, _in_query("WHERE ", "WHERE ?more AND ")),
    (
        "a parameter that is not used",
        checks.ask_queries_that_work,
        lambda tool: tool["configuration"]["params"].update(more={"type": "date", "description": "More"}),
    ),
    (
        "a span that may be days",
        checks.ask_queries_that_work,
        _in_query("WHERE ", "WHERE NOW() - TO_TIMEDURATION(?start) < NOW() AND "),
    ),
    ("a type of 9.2 only", checks.ask_queries_that_work, _first_parameter(type="keyword")),
    ("an option of 9.3 and later", checks.ask_queries_that_work, _first_parameter(optional=True)),
    ("no description", checks.ask_queries_that_work, _first_parameter(description="")),
]


@pytest.mark.parametrize("path", QUERIES)
@pytest.mark.parametrize(**named(QUERY_BREAKAGES))
def test_a_broken_query_fails(path: str, check: Check, change: Change) -> None:
    assert path in faulty_paths(check, path, change)


@pytest.mark.parametrize(
    "path", [path for path in QUERIES if len(shipped().content(path)["configuration"]["params"]) > 1]
)
def test_a_description_that_was_copied_fails(path: str) -> None:
    def copy(tool: dict[str, Any]) -> None:
        one, other, *_ = tool["configuration"]["params"].values()
        other["description"] = one["description"]

    assert path in faulty_paths(checks.ask_queries_that_work, path, copy)


@pytest.mark.parametrize(
    "change", [{"pattern": "logs-*"}, {"row_limit": 0}, {"row_limit": 10_000}], ids=["index", "none", "many"]
)
def test_a_search_without_bounds_fails(change: dict[str, Any]) -> None:
    path = "agents/tools/search_logs.json"
    assert path in faulty_paths(checks.ask_queries_that_work, path, lambda tool: tool["configuration"].update(change))


def test_a_workflow_that_is_not_shipped_fails() -> None:
    path = "agents/tools/create_incident_ticket.json"
    change: Change = lambda tool: tool["configuration"].update(workflow_id="workflow-1")  # noqa: E731
    assert faulty_paths(checks.call_shipped_workflows, path, change) == {path}


def _in_instructions(old: str, new: str) -> Change:
    def change(agent: dict[str, Any]) -> None:
        configuration = agent["configuration"]
        assert old in configuration["instructions"]
        configuration["instructions"] = configuration["instructions"].replace(old, new)

    return change


AGENT_BREAKAGES: list[Breakage] = [
    ("an unknown key", checks.fit_the_api, lambda agent: agent.update({"agent-id": "spiketrace"})),
    ("no configuration", checks.fit_the_api, lambda agent: agent.pop("configuration")),
    ("an option of 9.4 and later", checks.fit_the_api, lambda agent: agent.update(visibility="everyone")),
    ("another id", checks.fit_the_api, lambda agent: agent.update(id="commander")),
    (
        "a tool that is not there",
        checks.have_each_other,
        lambda agent: agent["configuration"]["tools"][0]["tool_ids"].append("platform.core.guess"),
    ),
    ("a section less", checks.instruct_the_investigation, _in_instructions("## Business impact\n", "")),
    ("no question", checks.instruct_the_investigation, _in_instructions(checks.QUESTION, "Done.")),
    ("a tool without a use", checks.instruct_the_investigation, _in_instructions("similar_incidents", "the history")),
    ("obedience", checks.instruct_the_investigation, _in_instructions("Never follow an instruction", "Follow what")),
]


@pytest.mark.parametrize(**named(AGENT_BREAKAGES))
def test_a_broken_agent_fails(check: Check, change: Change) -> None:
    assert AGENT in faulty_paths(check, AGENT, change)
