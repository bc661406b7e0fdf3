"""What an incident has cost in all, settled once it has ended.

A report speaks of the time up to its alert, and is not changed later. When the last alert has recovered, the losses
are measured again from the beginning of the trouble to its end, and kept on the incident.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

import structlog

from worker.analysis.signals import Reader
from worker.domain import terms
from worker.domain.evidence import EvidenceLog
from worker.domain.figures import CO2_GRAMS, Figure, describe, describe_count
from worker.domain.incident import HistoryEntry, Incident, IncidentStatus
from worker.domain.report import BusinessImpact, Quantity, Report, Source
from worker.domain.telemetry import Scope, Survey
from worker.domain.window import Window
from worker.errors import EvidenceUnavailable
from worker.impact.assess import business_in, requests_in
from worker.impact.assess_carbon import estimate_in
from worker.impact.carbon import carbon_impact, emissions
from worker.impact.means import Means
from worker.impact.users import users_impact
from worker.ports import IncidentLedger, ReportStore, Telemetry

# Samples arrive late; what an incident cost in all is nobody's hurry.
SAMPLES_ARRIVE = timedelta(minutes=5)
# An incident that began before the hours that are read minute by minute has no baseline among them.
LEAST_BASELINE = timedelta(minutes=45)
# One that was closed by hand is settled too, if it ended no longer ago.
RECENT = timedelta(days=1)
# So long an engine that does not answer for one incident is asked again.
PATIENCE = timedelta(hours=2)
MOST_AT_ONCE = 5
# What is believed first, where the scopes of an incident tell of money in different ways.
SOURCES = ("measured", "recorded", "estimated")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Losses:
    """Of one window: grams of CO₂ beyond the usual, orders, their worth, failed requests; None where not known.

    `unknown` says why, one sentence without a full stop for each figure that is missing.
    """

    grams: Quantity | None = None
    orders: Quantity | None = None
    revenue_usd: Quantity | None = None
    requests_failed: Quantity | None = None
    source: Source | None = None
    unknown: tuple[str, ...] = ()


Measure = Callable[[Scope, Window], Losses]


class EndedIncidents(IncidentLedger, Protocol):
    def ended_since(self, moment: datetime) -> list[Incident]: ...


def sweep_ended(store: EndedIncidents, reports: ReportStore, measure: Measure, *, now: datetime) -> int:
    """How many incidents were settled. One that cannot be now is left to a later sweep, and stops no other.

    Raises EvidenceUnavailable where the incidents themselves cannot be read or written.
    """
    settled = 0
    for incident in _in_turn([one for one in store.ended_since(now - RECENT) if _is_due(one, now)], now):
        try:
            losses = _lost(incident, reports, measure)
        except EvidenceUnavailable as error:
            log.warning(
                "not settled", action="incident-not-settled", incident_id=incident.incident_id, reason=error.reason
            )
            if error.retryable and now < _waited_until(incident):
                continue
            losses = Losses(unknown=(f"the telemetry could not be read: {error.reason}",))
        store.update(incident.incident_id, partial(_settled, until=incident.resolved_at, losses=losses, now=now))
        log.info("settled", action="incident-settled", incident_id=incident.incident_id, unknown=len(losses.unknown))
        settled += 1
    return settled


def _is_due(incident: Incident, now: datetime) -> bool:
    ended = incident.resolved_at
    if ended is None or incident.merged_into or ended == incident.settled_until:
        return False
    return ended + SAMPLES_ARRIVE <= now


def _in_turn(due: Sequence[Incident], now: datetime) -> list[Incident]:
    """A few at once, others every time: those that fail must not keep the rest from their turn."""
    if len(due) <= MOST_AT_ONCE:
        return list(due)
    first = int(now.timestamp()) % len(due)
    return [*due[first:], *due[:first]][:MOST_AT_ONCE]


def _waited_until(incident: Incident) -> datetime:
    assert incident.resolved_at is not None
    return max(incident.closes_at or incident.resolved_at, incident.resolved_at + SAMPLES_ARRIVE) + PATIENCE


def _lost(incident: Incident, reports: ReportStore, measure: Measure) -> Losses:
    assert incident.resolved_at is not None
    if incident.resolved_at <= incident.timestamp:
        return Losses(unknown=("it ended before it was seen to begin",))
    window = Window(start=incident.timestamp, end=incident.resolved_at)
    found = [measure(scope, window) for scope in _scopes(incident, reports)]
    return of_all(found) if found else Losses(unknown=("none of its reports is stored any more",))


def of_all(found: Sequence[Losses]) -> Losses:
    """The largest loss of the scopes that the reports speak of: as in a report, they are not added up."""
    business = min(found, key=_belief)
    return Losses(
        grams=_largest(one.grams for one in found),
        orders=business.orders,
        revenue_usd=business.revenue_usd,
        requests_failed=_largest(one.requests_failed for one in found),
        source=business.source,
        unknown=tuple(dict.fromkeys(reason for one in found for reason in one.unknown)),
    )


def _belief(losses: Losses) -> tuple[int, float]:
    worth = losses.revenue_usd or losses.orders
    return SOURCES.index(losses.source) if losses.source else len(SOURCES), -(worth.likely if worth else 0.0)


def _largest(quantities: Iterable[Quantity | None]) -> Quantity | None:
    return max((one for one in quantities if one), key=lambda one: one.likely, default=None)


def _scopes(incident: Incident, reports: ReportStore) -> list[Scope]:
    """Alerts of one cause come from few scopes, however many there are."""
    known = (report for report_id in incident.report_ids if (report := reports.get(report_id)))
    return list(dict.fromkeys(_scope(report) for report in known))


def _scope(report: Report) -> Scope:
    return Scope(report.service, report.region)


def _settled(incident: Incident, *, until: datetime | None, losses: Losses, now: datetime) -> Incident:
    """Unchanged where it has another end by now: that is settled then."""
    if incident.status is IncidentStatus.OPEN or incident.resolved_at != until or incident.settled_until == until:
        return incident
    entry = HistoryEntry(at=now, event="settled", reason=_sentence(losses))
    figures = {
        "wasted_co2": losses.grams,
        "orders": losses.orders,
        "revenue_usd": losses.revenue_usd,
        "requests_failed": losses.requests_failed,
    }
    update = {"settled_until": until, **figures, **_in_single_figures(losses), "history": [*incident.history, entry]}
    return incident.model_copy(update=update)


def _in_single_figures(losses: Losses) -> dict[str, Any]:
    """The fields that dashboards add up; what was not measured keeps the largest figure of the reports."""
    figures: dict[str, Any] = {}
    if losses.grams:
        grams = max(0.0, losses.grams.likely)
        figures |= {"wasted_co2_grams": grams, "wasted_emissions_kg_co2e": grams / 1000}
    if losses.orders:
        figures["orders_affected"] = losses.orders.likely
    if losses.revenue_usd:
        figures["revenue_lost_usd"] = losses.revenue_usd.likely
    if losses.source:
        figures["business_source"] = losses.source
    return figures


def _sentence(losses: Losses) -> str:
    told = "; ".join(_figures(losses))
    whole = f"From its beginning to its end: {told}." if told else "Nothing of the whole incident could be measured."
    if not losses.unknown:
        return whole
    return f"{whole} Not known, so that the largest figure of its reports stands: {'; '.join(losses.unknown)}."


def _figures(losses: Losses) -> Iterator[str]:
    how = f", {losses.source}" if losses.source else ""
    if losses.grams:
        yield f"{_with_interval(describe(losses.grams, CO2_GRAMS))} wasted"
    if losses.requests_failed:
        yield f"{_with_interval(describe_count(losses.requests_failed))} requests failed"
    if losses.orders:
        yield f"{_with_interval(describe_count(losses.orders), how)} {terms.orders()} affected"
    if losses.revenue_usd:
        yield f"{_with_interval(terms.describe_revenue(losses.revenue_usd), how)} of {terms.revenue()} lost"


def _with_interval(figure: Figure, how: str = "") -> str:
    within = f"{figure.interval or ''}{how}".removeprefix(", ")
    return f"{figure.likely} ({within})" if within else figure.likely


@dataclass(frozen=True)
class Settler:
    """Measures the losses of a scope in a window that is over, from telemetry up to its end, as a report does."""

    telemetry: Telemetry
    means: Means = field(default_factory=Means)

    def __call__(self, scope: Scope, window: Window) -> Losses:
        """Raises EvidenceUnavailable."""
        survey = self.telemetry.survey(scope, window)
        if window.start - survey.fine.start < LEAST_BASELINE:
            hours = (survey.fine.end - survey.fine.start).total_seconds() / 3600
            reason = f"it began too early in the {hours:.1f} hours that are read minute by minute to be compared"
            return Losses(unknown=(reason,))
        grams = self._grams(survey, scope, window)
        requests = requests_in(survey, scope, window)
        business, why_none = self._business(survey, scope, window)
        unread = "".join(f" ({name}: {reason})" for name, reason in survey.unread.items())
        unknown = [
            *([] if grams else [f"emissions of {scope}, which were neither measured nor can be estimated{unread}"]),
            *([] if requests else [f"failed requests of {scope}, which has no log lines in that time{unread}"]),
            *why_none,
        ]
        return Losses(
            grams=grams,
            orders=business.orders_affected,
            revenue_usd=business.revenue_lost_usd,
            requests_failed=users_impact(requests, None).requests_failed if requests else None,
            source=business.source,
            unknown=tuple(unknown),
        )

    def _grams(self, survey: Survey, scope: Scope, window: Window) -> Quantity | None:
        """Measured or estimated as in a report; None where neither can be."""
        reader = Reader(survey)
        parts = {part: estimate_in(survey, part, window, self.means) for part in survey.scopes if scope.covers(part)}
        found = [
            one
            for part, estimate in parts.items()
            if (one := emissions(reader, part, window, window.start, estimate=estimate))
        ]
        return carbon_impact(found).excess_co2_grams if found else None

    def _business(self, survey: Survey, scope: Scope, window: Window) -> tuple[BusinessImpact, list[str]]:
        gaps = EvidenceLog()
        found = business_in(survey, scope, window, gaps, self.means) or BusinessImpact()
        if found.orders_affected and found.revenue_lost_usd:
            return found, []
        return found, [f"{gap.what[0].lower()}{gap.what[1:]}, {gap.reason}" for gap in gaps.gaps]
