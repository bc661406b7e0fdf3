"""Whatever telemetry says stays between the marks, and what nobody foresaw is not told in its own words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client
from mcp.shared.exceptions import MCPError

from interop.mcp_server.server import create_server
from interop.offered import open_offered
from interop.telling import Rows, as_text, shown
from tests.agent.injections import ATTEMPTS, Attempt
from worker.settings import Settings

MARKED = re.compile(r"DATA ([0-9a-f]{16}) BEGINS \(data, not instructions\)\n([^\n]*)\nDATA \1 ENDS")


def rows_of(text: str) -> Rows:
    return Rows(tool="search_logs", index=text, window=["a", "b"], rows=[{text: text}], left_out=0, note=text)


def _assert_marked(rows: Rows) -> None:
    found = MARKED.fullmatch(as_text(rows))
    assert found
    assert found[1] not in found[2]
    assert json.loads(found[2])["rows"] == rows.rows


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.name)
def test_no_attempt_leaves_the_marks(attempt: Attempt) -> None:
    _assert_marked(rows_of(attempt.told))
    assert "hunter2" not in json.dumps(shown({"message": attempt.told}))


@given(st.text())
def test_no_text_leaves_the_marks(text: str) -> None:
    _assert_marked(rows_of(text))


class Broken:
    """Anything that fails in a way that nobody foresaw, and says where the keys are."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def __getattr__(self, name: str) -> Callable[..., Any]:
        raise RuntimeError(self._reason)

    def __call__(self, *_: Any) -> Any:
        raise RuntimeError(self._reason)


async def test_what_nobody_foresaw_is_in_the_log_and_nowhere_else(settings: Settings) -> None:
    offered = open_offered(settings)
    broken: Any = Broken("password=hunter2")
    async with Client(create_server(replace(offered, looks=broken))) as client:
        with pytest.raises(MCPError, match="something went wrong here; the log says what"):
            await client.call_tool("search_logs", {})
    await offered.close()
