"""The processes that the demo starts: SpikeTrace itself, and the stand-ins for the vendors."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from worker.errors import SpikeTraceError
from worker.settings import fresh_environment

READY_TIMEOUT_SECONDS = 90.0
STOP_TIMEOUT_SECONDS = 45.0
POLL_SECONDS = 0.05


class DemoFailed(SpikeTraceError):
    """The demo could not go on; this says nothing about the investigations."""


def ready_file_of(module: str, directory: Path) -> Path:
    return directory / f"{module}.json"


@contextmanager
def running(
    module: str, arguments: Sequence[str], environment: Mapping[str, str], directory: Path
) -> Iterator[dict[str, Any]]:
    """A Python module as a process that writes what it is reached by to `--ready-file`; that document.

    It is told to stop at the end. Raises DemoFailed if it ends before it is ready, or is not ready in time.
    """
    ready_file, log_file = ready_file_of(module, directory), directory / f"{module}.log"
    command = [sys.executable, "-m", module, *arguments, "--ready-file", str(ready_file)]
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            command, env=fresh_environment(environment), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        yield _wait_until_ready(process, ready_file, log_file)
    finally:
        _stop(process)


def _wait_until_ready(process: subprocess.Popen[bytes], ready_file: Path, log_file: Path) -> dict[str, Any]:
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    while not ready_file.exists():
        if process.poll() is not None:
            tail = log_file.read_text(encoding="utf-8", errors="replace")[-2_000:]
            raise DemoFailed(f"{ready_file.stem} ended before it was ready:\n{tail}")
        if time.monotonic() > deadline:
            raise DemoFailed(f"{ready_file.stem} was not ready after {READY_TIMEOUT_SECONDS:.0f} s: see {log_file}")
        time.sleep(POLL_SECONDS)
    document: dict[str, Any] = json.loads(ready_file.read_text(encoding="utf-8"))
    return document


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
