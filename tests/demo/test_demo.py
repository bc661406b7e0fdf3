"""`spiketrace demo`, as `make demo` runs it: everything real, nothing prepared."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TIMEOUT_SECONDS = 420


@pytest.mark.long
@pytest.mark.timeout(TIMEOUT_SECONDS + 30)
def test_the_demo_finds_what_is_hidden_and_leaves_nothing_behind(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "cli.main", "demo", "--now", "2026-11-23T17:37"],
        capture_output=True,
        check=False,
        env={**os.environ, "TMPDIR": str(tmp_path), "SPIKETRACE_JIRA_URL": "https://jira.somebody.example"},
        text=True,
        timeout=TIMEOUT_SECONDS,
    )
    assert ended.returncode == 0, ended.stdout[-12_000:] + ended.stderr[-4_000:]
    assert "What was hidden, and what was found" in ended.stdout
    assert "WRONG" not in ended.stdout
    assert "Jira OPS-1" in ended.stdout
    assert "somebody" not in ended.stdout
    assert ended.stderr == ""
    assert list(tmp_path.iterdir()) == []
