"""`spiketrace mcp`: what SpikeTrace knows, for other agents that speak the Model Context Protocol."""

from __future__ import annotations

import click

from cli.agents import require_agents
from cli.options import json_logs
from cli.startup import prepare_process


@click.command(short_help="Serve other agents by the Model Context Protocol.")
@click.option("--http", is_flag=True, help="Streamable HTTP at /mcp instead of standard input and output.")
@click.option("--host", help="Where to listen with --http, instead of SPIKETRACE_AGENTS_HOST (127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65535), help="Instead of SPIKETRACE_AGENTS_PORT (8081).")
@json_logs
def mcp(http: bool, host: str | None, port: int | None, json_lines: bool) -> None:
    """Serve ten read-only tools, reports, answers, and investigations on request, to an agent that speaks MCP.

    On standard input and output, for a client that starts it as a process of its own and needs no credentials:
    what it may read is what SPIKETRACE_ELASTICSEARCH_URL and its credentials allow. Logs go to standard error.

    With --http for agents elsewhere, who need the webhook's credentials; it refuses to start without any.
    `spiketrace agents` serves the same and A2A beside it. docs/agents.md has the clients' settings.

    \b
    Examples:
      spiketrace mcp
      spiketrace mcp --http --port 8081
    """
    require_agents()
    if not http and (host or port):
        raise click.UsageError("--host and --port go with --http")
    settings = prepare_process("mcp", json_lines=json_lines)
    if http:
        from cli.agents import serve_http  # noqa: PLC0415

        serve_http(settings, host=host, port=port, with_a2a=False)
        return
    from interop.mcp_server.stdio import serve_stdio  # noqa: PLC0415

    serve_stdio(settings)
