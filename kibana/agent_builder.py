"""Agent Builder's agent and tools (`agents/`), in the form that a version of Kibana takes.

The files are in the form of 9.3 and later. 9.2 had other names for parameter types and fewer options.
https://www.elastic.co/docs/explore-analyze/ai-features/agent-builder/tools
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

SHIPPED_AGENTS = Path(__file__).resolve().parent.parent / "agents"
AGENT_ID = "spiketrace"
BUILT_IN = "platform.core."

FIRST_VERSION = (9, 2)
PRESENT_FORM_SINCE = (9, 3)
TYPES_OF_9_2 = {"string": "keyword"}
SEARCH_OPTIONS_OF_9_2 = {"pattern"}
TICKET_TOOL = "create_incident_ticket"
# Without the tool an agent that has asked its question, and been told yes, would make up a ticket.
WITHOUT_TICKETS = (
    f"\n\nThis Kibana has no {TICKET_TOOL}. When the person agrees, say that you cannot create a ticket here, and "
    "write its summary and description for them to paste."
)


def load_agent(folder: Path = SHIPPED_AGENTS) -> dict[str, Any]:
    """The body of `POST /api/agent_builder/agents`, in the form of 9.3."""
    return _read(folder / f"{AGENT_ID}.json")


def load_tools(folder: Path = SHIPPED_AGENTS) -> list[dict[str, Any]]:
    """Bodies of `POST /api/agent_builder/tools`, in the form of 9.3, by name."""
    return [_read(path) for path in sorted((folder / "tools").glob("*.json"))]


def tools_for(
    version: tuple[int, int], tools: Iterable[Mapping[str, Any]], *, workflow_id: str | None
) -> list[dict[str, Any]]:
    """The tools that a Kibana of this version (major, minor) has, as it takes them; none below 9.2.

    `workflow_id` is the id that `workflows/create_incident.yaml` has in this Kibana; without one there are no
    tools of type workflow, and before 9.3 there are none anyway.
    """
    if version < FIRST_VERSION:
        return []
    if version < PRESENT_FORM_SINCE:
        return [_form_of_9_2(tool) for tool in tools if tool["type"] != "workflow"]
    return [_with_workflow(tool, workflow_id) for tool in tools if tool["type"] != "workflow" or workflow_id]


def agent_for(agent: Mapping[str, Any], tools: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The agent with those of its tools that are there: Kibana refuses an agent that names an unknown one.

    Its instructions say so where tickets cannot be created.
    """
    known = {tool["id"] for tool in tools}
    changed = copy.deepcopy(dict(agent))
    for group in changed["configuration"]["tools"]:
        group["tool_ids"] = [name for name in group["tool_ids"] if name in known or name.startswith(BUILT_IN)]
    if TICKET_TOOL not in known:
        changed["configuration"]["instructions"] += WITHOUT_TICKETS
    return changed


def _form_of_9_2(tool: Mapping[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(dict(tool))
    configuration = changed["configuration"]
    if tool["type"] == "index_search":
        changed["configuration"] = {key: configuration[key] for key in SEARCH_OPTIONS_OF_9_2}
    for parameter in configuration.get("params", {}).values():
        parameter["type"] = TYPES_OF_9_2.get(parameter["type"], parameter["type"])
    return changed


def _with_workflow(tool: Mapping[str, Any], workflow_id: str | None) -> dict[str, Any]:
    changed = copy.deepcopy(dict(tool))
    if tool["type"] == "workflow":
        changed["configuration"]["workflow_id"] = workflow_id
    return changed


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
