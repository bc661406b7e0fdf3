"""Samples that hold the emissions of a pause: why a sum over a rule's window is more than the window's own."""

from __future__ import annotations

from collections.abc import Sequence

from worker.analysis.sampling import Pause
from worker.writing.figures import clock
from worker.writing.story import Story


def sentence(story: Story) -> str:
    """Which samples did not come, and what holds them; there are some."""
    pauses = story.case.caught_up
    holding = "the next sample holds" if len(pauses) == 1 else "the next samples hold"
    held = f"{holding} the CO₂ of that whole pause{story.cite('pauses')}"
    return f"No sample of {_whose(pauses)} came {between(pauses)}; {held}."


def between(pauses: Sequence[Pause]) -> str:
    return f"between {clock(min(one.since for one in pauses))} and {clock(max(one.until for one in pauses))}"


def _whose(pauses: Sequence[Pause]) -> str:
    services = sorted({one.scope.service for one in pauses if one.scope.service})
    regions = sorted({one.scope.region for one in pauses if one.scope.region})
    who = services[0] if len(services) == 1 else f"{len(services)} services"
    return f"{who} in {' and '.join(regions)}" if regions else who
