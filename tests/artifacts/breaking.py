"""How a test breaks a copy of a shipped file, and sees that a check says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.artifacts.tree import Fault, Tree, shipped

Check = Callable[[Tree], Iterator[Fault]]
Change = Callable[[Any], object]
Breakage = tuple[str, Check, Change]


def named(breakages: list[Breakage]) -> dict[str, Any]:
    """Arguments for `pytest.mark.parametrize`."""
    return {
        "argnames": ("check", "change"),
        "argvalues": [(check, change) for _, check, change in breakages],
        "ids": [f"{check.__name__}: {name}" for name, check, _ in breakages],
    }


def faulty_paths(check: Check, path: str, change: Change) -> set[str]:
    """The files that a check finds fault with once one of them was changed."""
    return {fault.path for fault in check(shipped().broken(path, change))}
