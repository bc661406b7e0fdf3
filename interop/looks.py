"""The read-only tools, for whoever is outside of an investigation: within the last days, and never the future."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from interop.asking import what_may_be_asked
from interop.telling import Rows
from worker.agent.tools.bounds import Bounds
from worker.agent.tools.result import ToolRefused
from worker.agent.tools.toolbox import TOOLS, answer
from worker.domain.window import Window
from worker.ports import Lookup


@dataclass(frozen=True)
class Looks:
    """`days`: how far back. What is read is in the profile's indices, and of at most 48 hours at once."""

    lookup: Lookup
    days: int
    clock: Callable[[], datetime]

    def __call__(self, name: str, arguments: Mapping[str, Any]) -> Rows:
        """Raises ToolRefused with what was wrong and what may be asked, EvidenceUnavailable."""
        now = self.clock()
        bounds = Bounds(Window.before(now, timedelta(days=self.days)))
        try:
            found = answer(name, arguments, self.lookup, bounds)
        except ToolRefused as error:
            raise ToolRefused(_with_advice(name, error.reason)) from error
        told = found.told()
        return Rows.model_validate({**told, "left_out": found.left_out})


def _with_advice(name: str, reason: str) -> str:
    return f"{reason}. {what_may_be_asked(TOOLS[name].arguments)}" if name in TOOLS else reason
