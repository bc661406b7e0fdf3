"""How it is now, before what was: whoever asks how something is, and names no time, means this moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from worker.answering import errors
from worker.answering.asking import Asking, Draft, nothing_if_not_measured
from worker.answering.emissions import parts_of
from worker.answering.finding import open_ones
from worker.domain.incident import Incident
from worker.domain.telemetry import Scope

# What was found so shortly before is how it is.
JUST_NOW = timedelta(minutes=15)
LATELY = timedelta(hours=1)


def before(asking: Asking, draft: Draft, incidents: Sequence[Incident]) -> list[str]:
    """What comes before an answer about something that is over, or was some time ago."""
    if draft.report is None or open_ones(incidents):
        return []
    if asking.window.end - draft.report.timestamp <= JUST_NOW:
        return []
    ended = max((one.resolved_at for one in incidents if one.resolved_at), default=asking.window.start)
    since = max(ended, asking.window.end - LATELY)
    logged = errors.since(asking, min(since, asking.window.end - timedelta(minutes=1)))
    return [f"Now: SpikeTrace has no open incident{asking.whose}{logged}."]


@nothing_if_not_measured
def absent(asking: Asking) -> list[str]:
    """Of what sends nothing there is no state to investigate; where else the service is seen, if it is."""
    emitted = asking.looks.emitted(asking.scope, asking.window)
    logged = asking.looks.logged(asking.scope, asking.window)
    if emitted.grams is not None or any(row.lines for row in logged.rows):
        return []
    cite = asking.exhibits.add("Emissions", emitted, {"samples": 0})
    cite += " " + asking.exhibits.add("Log lines", logged, {"lines": 0})
    nothing = f"There is no sample of emissions and no log line of {asking.scope} in this time {cite}"
    return [f"{nothing}: so how it is, is not known.", *_elsewhere(asking)]


def _elsewhere(asking: Asking) -> list[str]:
    if asking.scope.region is None:
        return []
    reading = asking.looks.emitted(Scope(asking.scope.service, None), asking.window)
    cite = asking.exhibits.add("Emissions by region", reading, {"total_grams": reading.grams})
    seen = ", ".join(part.name for part in parts_of(reading, "region"))
    return [f"{asking.scope.service} is seen in {seen} {cite}."] if seen else []
