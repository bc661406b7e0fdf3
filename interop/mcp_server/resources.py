"""Reports as MCP resources, in Markdown."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

from mcp import types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError

from interop.asking import ID, MOST_REPORTS
from interop.reports import RESOURCE, Reports
from interop.telling import ReportLine
from worker.errors import SpikeTraceError

Context = ServerRequestContext[Any, Any]
MARKDOWN = "text/markdown"


def list_resources(
    reports: Reports,
) -> Callable[[Context, types.PaginatedRequestParams | None], Awaitable[types.ListResourcesResult]]:
    async def listed(_: Context, __: types.PaginatedRequestParams | None) -> types.ListResourcesResult:
        try:
            listing = await asyncio.to_thread(reports.latest, MOST_REPORTS)
        except SpikeTraceError as error:
            raise MCPError(types.INTERNAL_ERROR, error.reason) from error
        return types.ListResourcesResult(resources=[_resource(line) for line in listing.reports])

    return listed


def _resource(line: ReportLine) -> types.Resource:
    scope = " in ".join(name for name in (line.service, line.region) if name) or "everything"
    return types.Resource(
        uri=f"{RESOURCE}{line.report_id}",
        name=line.report_id,
        title=f"{scope}, {line.at}: {line.severity}",
        description=line.headline,
        mime_type=MARKDOWN,
    )


async def list_templates(_: Context, __: types.PaginatedRequestParams | None) -> types.ListResourceTemplatesResult:
    template = types.ResourceTemplate(
        uri_template=f"{RESOURCE}{{report_id}}",
        name="report",
        title="A report",
        description="The report of an investigation, as people read it",
        mime_type=MARKDOWN,
    )
    return types.ListResourceTemplatesResult(resource_templates=[template])


def read_resource(
    reports: Reports,
) -> Callable[[Context, types.ReadResourceRequestParams], Awaitable[types.ReadResourceResult]]:
    async def read(_: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        uri = str(params.uri)
        report_id = uri.removeprefix(RESOURCE)
        if not uri.startswith(RESOURCE) or re.fullmatch(ID, report_id) is None:
            raise MCPError(types.INVALID_PARAMS, f"there are only reports here: {RESOURCE} and a report's id")
        try:
            text = await asyncio.to_thread(reports.markdown, report_id)
        except SpikeTraceError as error:
            raise MCPError(types.INTERNAL_ERROR, error.reason) from error
        if text is None:
            raise MCPError(types.INVALID_PARAMS, f"there is no report {report_id}", data={"uri": uri})
        return types.ReadResourceResult(contents=[types.TextResourceContents(uri=uri, mime_type=MARKDOWN, text=text)])

    return read
