"""The tools of the MCP server: the worker's read-only ones as they are defined there, and those about reports."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mcp import types
from pydantic import BaseModel

from interop.asking import Investigation, Question, ReportsWanted, ReportWanted, understood
from interop.offered import Offered
from interop.questions import Answered, TellStep
from interop.telling import Listing, Rows, Standing, Started, Told
from webhook.credentials import Caller
from worker.agent.tools.toolbox import TOOLS, Tool

READS = types.ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
# It adds an alert and a report of ours, and the same question adds nothing.
ADDS = types.ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False)


@dataclass(frozen=True)
class Call:
    """One call: what was given, whose it is, and where progress is told."""

    arguments: Mapping[str, Any]
    caller: Caller
    tell: TellStep


@dataclass(frozen=True)
class ServedTool:
    """`run` raises SpikeTraceError with a reason for the caller."""

    told: types.Tool
    run: Callable[[Call], Awaitable[Told]]


def served_tools(offered: Offered) -> dict[str, ServedTool]:
    tools = [_look(tool, offered) for tool in TOOLS.values()]
    tools += [_ask(offered), _latest_reports(offered), _get_report(offered), _start_investigation(offered)]
    return {tool.told.name: tool for tool in tools}


def _look(tool: Tool, offered: Offered) -> ServedTool:
    async def run(call: Call) -> Rows:
        return await asyncio.to_thread(offered.looks, tool.name, call.arguments)

    return ServedTool(_described(tool.name, tool.description, tool.arguments, Rows), run)


def _ask(offered: Offered) -> ServedTool:
    async def run(call: Call) -> Answered:
        return await offered.questions.ask(understood(Question, call.arguments), call.caller, call.tell)

    description = (
        "Answers a question in plain words about emissions (why, how much, who most), what is going wrong, incidents, "
        "errors, deployments or reports, with a service, a region and a time. Use it for an overview; it says what it "
        "does not understand, and what may be asked instead."
    )
    return ServedTool(_described("ask", description, Question, Answered), run)


def _latest_reports(offered: Offered) -> ServedTool:
    async def run(call: Call) -> Listing:
        wanted = understood(ReportsWanted, call.arguments)
        return await asyncio.to_thread(offered.reports.latest, wanted.limit)

    description = (
        "The newest reports of investigations, a line each: when, which service and region, verdict, severity, "
        "headline. Use it first, to see what is known already."
    )
    return ServedTool(_described("latest_reports", description, ReportsWanted, Listing), run)


def _get_report(offered: Offered) -> ServedTool:
    async def run(call: Call) -> Standing:
        wanted = understood(ReportWanted, call.arguments)
        return await asyncio.to_thread(offered.reports.get, wanted)

    description = (
        "The report of an investigation, by its report_id or by its alert_id: verdict, root cause with its "
        "confidence, impact, what to do first, evidence. Where there is none yet, the state of the investigation."
    )
    return ServedTool(_described("get_report", description, ReportWanted, Standing), run)


def _start_investigation(offered: Offered) -> ServedTool:
    async def run(call: Call) -> Started:
        asked = understood(Investigation, call.arguments)

        async def tell(standing: Standing) -> None:
            await call.tell(f"{standing.alert_id}: {standing.state}")

        return await offered.investigations.started(asked, call.caller, tell)

    description = (
        "Investigate one service as of a moment: is the spike real, since when, how bad, who feels it, what changed, "
        "what to do first. Writes a report, which get_report reads; opens no incident and tells nobody. The same "
        "service, region and moment starts nothing new."
    )
    return ServedTool(_described("start_investigation", description, Investigation, Started, ADDS), run)


def _described(
    name: str,
    description: str,
    arguments: type[BaseModel],
    answer: type[Told],
    annotations: types.ToolAnnotations = READS,
) -> types.Tool:
    return types.Tool(
        name=name,
        title=name.replace("_", " ").capitalize(),
        description=description,
        input_schema=arguments.model_json_schema(),
        output_schema=answer.model_json_schema(mode="serialization"),
        annotations=annotations,
    )
