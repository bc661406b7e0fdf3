"""An assistant's client starts `spiketrace mcp` as a process and has a real worker investigate."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from tests.e2e import telemetry
from tests.e2e.conftest import Up
from worker.domain.window import iso
from worker.settings import fresh_environment

pytestmark = pytest.mark.long


async def test_an_assistant_investigates_and_nobody_is_told(up: Up) -> None:
    settings = {
        "SPIKETRACE_ELASTICSEARCH_URL": up.ready["elasticsearch_url"],
        "SPIKETRACE_REDIS_URL": up.ready["redis_url"],
        # The story's February may be long ago.
        "SPIKETRACE_AGENTS_DAYS": "36500",
    }
    environment = fresh_environment(settings) | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = StdioServerParameters(command=sys.executable, args=["-m", "cli.main", "mcp"], env=environment)
    asked: dict[str, Any] = {"service": telemetry.CULPRIT, "at": iso(telemetry.END), "wait_seconds": 60}
    async with Client(process) as client:
        started = await client.call_tool("start_investigation", asked)
        again = await client.call_tool("start_investigation", asked)
    assert not started.is_error
    found, known = started.structured_content, again.structured_content
    assert (found["status"], found["state"], known["status"]) == ("accepted", "reported", "duplicate")
    assert found["report"]["root_cause"]["deployment_id"] == "deploy-202"
    stored = up.document("spiketrace-reports", found["report_id"])
    assert stored
    assert stored["incident_id"] is None
    assert up.alert(found["alert_id"])["state"] == "reported"
