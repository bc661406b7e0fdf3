"""What other agents ask for, counted for Prometheus."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, ProcessCollector, generate_latest
from starlette.requests import Request
from starlette.responses import Response

# Of its own, since what the webhook counts is counted there.
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
MCP_CALLS = Counter(
    "spiketrace_mcp_calls_total",
    "Calls of tools by MCP, by how they ended: answered, refused, failed.",
    ["tool", "outcome"],
    registry=REGISTRY,
)
A2A_TASKS = Counter(
    "spiketrace_a2a_tasks_total",
    "Messages by A2A that were worked on, by how it ended: answered, rejected, failed.",
    ["outcome"],
    registry=REGISTRY,
)
TOO_OFTEN = Counter(
    "spiketrace_agents_too_often_total",
    "Requests answered with 429, by credential.",
    ["credential"],
    registry=REGISTRY,
)


async def metrics(_: Request) -> Response:
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
