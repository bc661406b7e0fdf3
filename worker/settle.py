"""What an incident has wasted in all, settled once it has ended.

A report speaks of the time up to its alert, and is not changed later. When the last alert has recovered, the excess is
measured again from the beginning of the trouble to its end, and kept on the incident.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog

from worker.analysis.signals import Reader
from worker.domain.incident import HistoryEntry, Incident, IncidentStatus
from worker.domain.report import Quantity, Report
from worker.domain.telemetry import Scope
from worker.domain.window import Window
from worker.impact.assess_carbon import estimate_in
from worker.impact.carbon import carbon_impact, emissions
from worker.impact.means import Means
from worker.ports import IncidentLedger, ReportStore, Telemetry

# Samples arrive late; what an incident wasted in all is nobody's hurry.
SAMPLES_ARRIVE = timedelta(minutes=5)
# An incident that began before the hours that are read minute by minute has no baseline among them.
LEAST_BASELINE = timedelta(minutes=45)
# Of those that ended longer ago nobody waits for a figure any more.
RECENT = timedelta(days=1)
MOST_AT_ONCE = 5

log = structlog.get_logger(__name__)


class EndedIncidents(IncidentLedger, Protocol):
    def ended_since(self, moment: datetime) -> list[Incident]: ...


Measure = Callable[[Scope, Window], Quantity | None]


def sweep_ended(store: EndedIncidents, reports: ReportStore, measure: Measure, *, now: datetime) -> int:
    """How many incidents were settled. Raises EvidenceUnavailable; the next sweep goes on."""
    due = [one for one in store.ended_since(now - RECENT) if _is_due(one, now)][:MOST_AT_ONCE]
    for incident in due:
        grams = _measured(incident, reports, measure)
        settled = store.update(incident.incident_id, partial(_settled, grams=grams, now=now))
        log.info("settled", incident_id=settled.incident_id, wasted_co2_grams=settled.wasted_co2_grams)
    return len(due)


def _is_due(incident: Incident, now: datetime) -> bool:
    ended = incident.resolved_at
    return ended is not None and ended != incident.settled_until and ended + SAMPLES_ARRIVE <= now


def _measured(incident: Incident, reports: ReportStore, measure: Measure) -> Quantity | None:
    """The largest excess of the scopes that its reports speak of: as in a report, they are not added up."""
    assert incident.resolved_at is not None
    if incident.resolved_at <= incident.timestamp:
        return None
    window = Window(start=incident.timestamp, end=incident.resolved_at)
    found = [measure(scope, window) for scope in _scopes(incident, reports)]
    return max((one for one in found if one), key=lambda one: one.likely, default=None)


def _scopes(incident: Incident, reports: ReportStore) -> list[Scope]:
    known = [report for report_id in incident.report_ids if (report := reports.get(report_id))]
    return list(dict.fromkeys(_scope(report) for report in known))


def _scope(report: Report) -> Scope:
    return Scope(report.service, report.region)


def _settled(incident: Incident, *, grams: Quantity | None, now: datetime) -> Incident:
    if incident.status is not IncidentStatus.RESOLVED:
        return incident
    update: dict[str, object] = {"settled_until": incident.resolved_at}
    if grams is None:
        reason = "No emissions of the whole incident could be measured; the largest figure of its reports stands."
    else:
        reason = (
            f"From its beginning to its end it wasted {grams.likely:,.0f} g ({grams.low:,.0f} to {grams.high:,.0f})."
        )
        likely = max(0.0, grams.likely)
        update |= {"wasted_co2": grams, "wasted_co2_grams": likely, "wasted_emissions_kg_co2e": likely / 1000}
    entry = HistoryEntry(at=now, event="settled", reason=reason)
    return incident.model_copy(update={**update, "history": [*incident.history, entry]})


@dataclass(frozen=True)
class Settler:
    """Measures the excess of a scope in a window that is over, from telemetry up to its end."""

    telemetry: Telemetry
    means: Means = field(default_factory=Means)

    def __call__(self, scope: Scope, window: Window) -> Quantity | None:
        """Grams, measured or estimated as in a report; None where neither can be. Raises EvidenceUnavailable."""
        survey = self.telemetry.survey(scope, window)
        if window.start - survey.fine.start < LEAST_BASELINE:
            return None
        reader = Reader(survey)
        parts = {part: estimate_in(survey, part, window, self.means) for part in survey.scopes if scope.covers(part)}
        found = [
            one
            for part, estimate in parts.items()
            if (one := emissions(reader, part, window, window.start, estimate=estimate))
        ]
        return carbon_impact(found).excess_co2_grams if found else None
