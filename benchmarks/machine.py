"""Where and when a figure was taken: without that it says nothing."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path


def described() -> str:
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    return (
        f"{datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores, {memory_gib:.0f} GiB, Python "
        f"{platform.python_version()}; load of the last minute {load:.1f}"
    )


def cpu_seconds(pid: int) -> float:
    """Of a process and all that it started, the ended ones included; 0 where there is no /proc."""
    return sum(_cpu_seconds(one) for one in _family(pid))


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        found = [int(child) for child in children.read_text(encoding="ascii").split()]
    except OSError:
        found = []
    return [pid, *(one for child in found for one in _family(child))]


def _cpu_seconds(pid: int) -> float:
    """Its own time and that of its children that have ended (proc(5): utime, stime, cutime, cstime)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
