"""The limits of what may be read: within a span of time, and not too much of it at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from worker.agent.tools.result import ToolRefused
from worker.domain.report import Report
from worker.domain.window import Window, iso

# Before a report's baseline: a deployment that led to it, or the day before.
EARLIER = timedelta(hours=24)
LONGEST = timedelta(hours=48)


@dataclass(frozen=True)
class Bounds:
    """`within`: nothing before or after it is read. `longest`: of what is read at once."""

    within: Window
    longest: timedelta = LONGEST

    def clamp(self, asked: Window) -> Window:
        """The part of `asked` that may be read. Raises ToolRefused where there is none, or too much."""
        start, end = max(asked.start, self.within.start), min(asked.end, self.within.end)
        if end <= start:
            whole = f"{iso(self.within.start)} to {iso(self.within.end)}"
            raise ToolRefused(f"nothing outside of {whole} may be read here")
        if end - start > self.longest:
            hours = self.longest.total_seconds() / 3600
            raise ToolRefused(f"at most {hours:g} hours may be read at once")
        return Window(start=start, end=end)

    def past(self, length: timedelta) -> Window:
        """So long before the end of what may be read: for past incidents, which are short."""
        return Window.before(self.within.end, length)


def bounds_of(report: Report) -> Bounds:
    """Of an investigation: from a day before its baseline to its window's end, and nothing after it."""
    return Bounds(Window(start=report.baseline.start - EARLIER, end=report.window.end))
