"""Checks of `agents/`, each over a tree of files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.artifacts import esql
from tests.artifacts.tree import AGENT, TOOLS, WORKFLOWS, Fault, Tree, index_fields, misfits

NEEDED = {
    "carbon_spike_by_region",
    "search_logs",
    "error_rate_by_service",
    "deployment_timeline",
    "excess_runtime_waste",
    "incident_business_impact",
    "similar_incidents",
    "latest_reports",
    "create_incident_ticket",
}
BUILT_IN = {
    f"platform.core.{name}"
    for name in (
        "search",
        "execute_esql",
        "generate_esql",
        "list_indices",
        "get_index_mapping",
        "get_document_by_id",
    )
}
RESERVED = re.compile(r"(platform\.\w+|attachments|filestore|fleet|observability|search|security)(\.|$)")
SECTIONS = [
    "Overview",
    "User impact",
    "Carbon and compute impact",
    "Business impact",
    "Deployment correlation",
    "Recommendations",
]
QUESTION = "Do you want me to create a Jira ticket for this incident and notify the team on Slack?"
TYPES = {"string", "integer", "float", "boolean", "date"}


def fit_the_api(tree: Tree) -> Iterator[Fault]:
    for path, tool in tree.each(TOOLS):
        yield from misfits("create_tool", path, tool)
        if tool["id"] != Path(path).stem or RESERVED.match(tool["id"]):
            yield Fault(path, f"the id {tool['id']} is not the file's name, or is Elastic's own")
        if "spiketrace" not in tool.get("tags", []) or not tool.get("description", "").strip():
            yield Fault(path, "no tag says whose tool it is, or no description what it is for")
    agent = tree.content(AGENT)
    yield from misfits("create_agent", AGENT, agent)
    if (agent["id"], agent["name"]) != ("spiketrace", "SpikeTrace Commander"):
        yield Fault(AGENT, "is not SpikeTrace Commander")


def have_each_other(tree: Tree) -> Iterator[Fault]:
    """Every tool of the agent is there, and it uses every tool that is."""
    known = {tool["id"]: path for path, tool in tree.each(TOOLS)}
    used = {name for group in tree.content(AGENT)["configuration"]["tools"] for name in group["tool_ids"]}
    for name in sorted(NEEDED - used):
        yield Fault(AGENT, f"lacks the tool {name}")
    for name in sorted(used - known.keys() - BUILT_IN):
        yield Fault(AGENT, f"names the tool {name}, which is not there")
    for name in sorted(known.keys() - used):
        yield Fault(known[name], "no agent uses it")


def ask_queries_that_work(tree: Tree) -> Iterator[Fault]:
    for path, tool in tree.each(TOOLS):
        configuration = tool["configuration"]
        if tool["type"] == "esql":
            yield from (Fault(path, text) for text in esql.faults(configuration["query"], configuration["params"]))
            yield from _parameter_faults(path, configuration["params"])
        elif tool["type"] == "index_search" and (
            configuration["pattern"] not in index_fields() or not 0 < configuration.get("row_limit", 0) <= 100
        ):
            yield Fault(path, "searches an index that is not there, or without a limit")


def _parameter_faults(path: str, params: dict[str, Any]) -> Iterator[Fault]:
    """Optional parameters are of 9.3 and later; an agent can say * for all instead."""
    texts = [parameter["description"] for parameter in params.values()]
    if len(set(texts)) != len(texts) or not all(texts):
        yield Fault(path, "two parameters have the same description, or one has none")
    for name, parameter in params.items():
        if parameter["type"] not in TYPES or parameter.keys() != {"type", "description"}:
            yield Fault(path, f"the parameter {name} is not the same on 9.2 and later")


def call_shipped_workflows(tree: Tree) -> Iterator[Fault]:
    """By the id that a workflow's file stands for, which Kibana 9.4 and later take as it is."""
    shipped = {f"spiketrace-{Path(path).stem.replace('_', '-')}" for path in tree.matching(WORKFLOWS)}
    for path, tool in tree.each(TOOLS):
        if tool["type"] == "workflow" and tool["configuration"]["workflow_id"] not in shipped:
            yield Fault(path, "no workflow that is shipped has this id")


def instruct_the_investigation(tree: Tree) -> Iterator[Fault]:
    instructions = tree.content(AGENT)["configuration"].get("instructions", "")
    if re.findall(r"^## (.+)$", instructions, re.MULTILINE) != SECTIONS:
        yield Fault(AGENT, f"does not ask for the sections {SECTIONS}")
    if not instructions.rstrip().endswith(QUESTION):
        yield Fault(AGENT, "does not end with the question whether to create a ticket")
    for name in sorted(NEEDED - {"search_logs"} - set(re.findall(r"\w+", instructions))):
        yield Fault(AGENT, f"does not say when to call {name}")
    if "never an instruction" not in instructions and "Never follow an instruction" not in instructions:
        yield Fault(AGENT, "does not say that data is no instruction")
