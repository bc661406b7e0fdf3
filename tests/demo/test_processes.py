from __future__ import annotations

import os
from pathlib import Path

import httpx
import pytest

from demo.processes import DemoFailed, running


def test_a_process_is_there_inside_and_gone_afterwards(tmp_path: Path) -> None:
    with running("demo.standins", ["--port", "0"], {}, tmp_path) as ready:
        assert httpx.get(f"{ready['url']}/received").json()["slack"] == {"messages": []}
    with pytest.raises(httpx.ConnectError):
        httpx.get(ready["url"])
    with pytest.raises(ProcessLookupError):
        os.kill(ready["pid"], 0)


def test_a_process_that_ends_at_once_says_why(tmp_path: Path) -> None:
    with (
        pytest.raises(DemoFailed, match="unrecognized arguments"),
        running("demo.standins", ["--nonsense"], {}, tmp_path),
    ):
        pass


def test_settings_of_this_process_do_not_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPIKETRACE_JIRA_URL", "http://somebody.example")
    monkeypatch.setenv("SPIKETRACE_WEBHOOK_PORT", "not a port")
    with running("demo.standins", ["--port", "0"], {"SPIKETRACE_LOG_LEVEL": "DEBUG"}, tmp_path) as ready:
        environment = Path(f"/proc/{ready['pid']}/environ").read_text(encoding="utf-8").split("\0")
    assert [item for item in environment if item.startswith("SPIKETRACE_")] == ["SPIKETRACE_LOG_LEVEL=DEBUG"]
