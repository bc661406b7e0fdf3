"""What is on record about a scope in a span of time: reports and incidents."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from worker.answering.asking import Asking
from worker.domain.incident import Incident, IncidentStatus
from worker.domain.report import CauseKind, Quantity, Report, ReportOutline, Verdict
from worker.domain.telemetry import Scope
from worker.domain.window import Window
from worker.merging import current

MOST_REPORTS = 500
# Of so many incidents a report of before or after the time is read.
MOST_INCIDENTS = 20
NEWEST = 6


def reports_about(asking: Asking) -> list[ReportOutline]:
    """The newest first: those of the scope, and those that found their cause in it. None is of later than now."""
    found = asking.reports.touching(asking.window, MOST_REPORTS)
    known = [report for report in found if report.timestamp <= asking.now]
    return [report for report in known if is_about(report, asking.scope)]


def on_record(asking: Asking, incidents: Iterable[Incident]) -> list[ReportOutline]:
    """The reports of the time, and one of each incident that was on in it: that goes on after its last report."""
    found = reports_about(asking)
    known = {one.report_id for one in found}
    silent = [one for one in incidents if known.isdisjoint(one.report_ids)]
    return [*found, *_telling_outlines(asking, silent[:MOST_INCIDENTS])]


def _telling_outlines(asking: Asking, incidents: Iterable[Incident]) -> Iterator[ReportOutline]:
    for incident in incidents:
        report = telling(asking, incident)
        if report and report.timestamp <= asking.now:
            yield ReportOutline.model_validate(report.model_dump(by_alias=True))


def telling(asking: Asking, incident: Incident) -> Report | None:
    """Of its newest reports the one that is about the service to blame, rather than about those that suffer."""
    found = [asking.reports.get(report_id) for report_id in incident.report_ids[: -NEWEST - 1 : -1]]
    reports = [report for report in found if report]
    return next((one for one in reports if one.service == incident.service), reports[0] if reports else None)


def is_about(report: ReportOutline | Report, scope: Scope) -> bool:
    """One that tells neither a region nor a cause says nothing of the region that is asked about."""
    cause = report.root_cause
    if scope.region and report.region is None and cause is None:
        return False
    own = Scope(report.service, report.region or (cause.region if cause else None))
    return _fits(own, scope) or (
        cause is not None and _fits(Scope(cause.service, cause.region or report.region), scope)
    )


def _fits(own: Scope, asked: Scope) -> bool:
    """What is of every region is of the asked one as well; what is of every service is not of one service."""
    return asked.service in (None, own.service) and (asked.region is None or own.region in (None, asked.region))


def incident_by_id(asking: Asking, incident_id: str) -> Incident | None:
    """The one in which it goes on, if it was merged."""
    found = asking.incidents.get(incident_id)
    return current(found, asking.incidents.get) if found else None


def incidents_about(asking: Asking) -> list[Incident]:
    return wanted(asking.incidents.during(asking.window), asking)


def wanted(found: Iterable[Incident], asking: Asking) -> list[Incident]:
    return [one for one in found if affects(one, asking.scope) and _is_wanted(one, asking)]


def _is_wanted(incident: Incident, asking: Asking) -> bool:
    status, severity = asking.understood.status, asking.understood.severity
    if severity and not incident.severity.at_least(severity):
        return False
    if status is None:
        return True
    # To people an incident that was resolved is over, and so is one that was closed.
    return (incident.status is IncidentStatus.OPEN) == (status is IncidentStatus.OPEN)


def affects(incident: Incident, scope: Scope) -> bool:
    """Whether the scope is to blame, raised alerts, or is known to suffer."""
    return any(_fits(one, scope) for one in scopes_of(incident))


def scopes_of(incident: Incident) -> Iterable[Scope]:
    yield Scope(incident.service, incident.region)
    yield from (Scope(service, incident.region) for service in incident.services)
    yield from (Scope(one.service, one.region) for one in incident.sufferers)


def incident_then(asking: Asking, report: Report) -> Incident | None:
    """The incident that was on in the time and scope that was investigated: the most urgent one."""
    scope = Scope(report.service, report.region)
    found = [one for one in asking.incidents.during(report.window) if affects(one, scope)]
    return max(found, key=urgency, default=None)


def urgency(incident: Incident) -> tuple[bool, int, datetime]:
    """Open ones first, then the severest, then the newest."""
    return incident.status is IncidentStatus.OPEN, incident.severity.rank, incident.timestamp


def open_ones(incidents: Iterable[Incident]) -> set[str]:
    """Those that are on now: what goes wrong rather than what went wrong."""
    return {one.incident_id for one in incidents if one.status is IncidentStatus.OPEN}


def wasted_in_all(incidents: Iterable[Incident]) -> dict[str, Quantity]:
    """Of those that are settled, what each of them wasted from its begin to its end."""
    return {one.incident_id: one.wasted_co2 for one in incidents if one.settled_until and one.wasted_co2}


class Worth(NamedTuple):
    """By what a report is chosen to explain a span of time: the largest explains it, if it `explains` at all."""

    explains: bool
    is_on: bool
    first: float
    grams: float


def worth(report: ReportOutline, *, carbon: bool, is_on: Collection[str], wasted: Mapping[str, Quantity]) -> Worth:
    """`wasted`: of whole incidents, of which a report measures a part."""
    confirmed = report.verdict is not Verdict.NOT_CONFIRMED
    own = _excess(report.impact.carbon.excess_co2_grams, carbon=carbon)
    grams = _excess(wasted.get(report.incident_id or ""), carbon=carbon) or own
    first = grams if carbon else float(report.severity.rank)
    return Worth(confirmed and (not carbon or grams > 0), report.incident_id in is_on, first, own)


def _excess(grams: Quantity | None, *, carbon: bool) -> float:
    return grams.likely if grams and (grams.low > 0 or not carbon) else 0.0


def of_demand(outlines: Iterable[ReportOutline], scope: Scope, span: Window) -> list[ReportOutline]:
    """Those that found more demand in the scope, and nothing broken."""
    return [one for one in outlines if _is_of_demand(one) and _is_of(one, scope, span)]


def harmless_rise(outlines: Iterable[ReportOutline], scope: Scope, span: Window) -> ReportOutline | None:
    """The report that more demand is behind the rise of this very scope in `span`: it explains it without an excess.

    The newest, where there are several.
    """
    return next(iter(of_demand(outlines, scope, span)), None)


def _is_of_demand(report: ReportOutline) -> bool:
    cause = report.root_cause
    return report.verdict is Verdict.ROOT_CAUSE and cause is not None and cause.kind is CauseKind.TRAFFIC


def _is_of(report: ReportOutline, scope: Scope, span: Window) -> bool:
    is_then = report.window.start < span.end and span.start < report.timestamp
    return is_then and _fits(Scope(report.service, report.region), scope)


def tell_the_same(one: Report | ReportOutline, other: Report | ReportOutline) -> bool:
    """Whether they are of one incident, or blame the same."""
    if one.incident_id is not None and one.incident_id == other.incident_id:
        return True
    blamed = [_blamed(report) for report in (one, other)]
    return blamed[0] is not None and blamed[0] == blamed[1]


def _blamed(report: Report | ReportOutline) -> tuple[str | None, ...] | None:
    cause = report.root_cause
    return (cause.service, cause.region, cause.deployment_id) if cause and cause.service else None
