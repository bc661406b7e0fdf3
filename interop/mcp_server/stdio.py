"""The MCP server on standard input and output, for whoever starts it as a process of their own."""

from __future__ import annotations

import asyncio

from mcp.server.stdio import stdio_server

from interop.mcp_server.server import create_server
from interop.offered import open_offered
from worker.settings import Settings


def serve_stdio(settings: Settings) -> None:
    """Until the input ends. Nothing but the protocol is written to the output. Raises ConfigurationError."""
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    what = open_offered(settings)
    server = create_server(what)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())
    await what.close()
