"""Why, and what goes wrong: by the report that is on record, or else by an investigation of what stands out."""

from __future__ import annotations

from datetime import timedelta

from worker.answering import finding, present, rises
from worker.answering.alike import list_alike
from worker.answering.answer import Topic
from worker.answering.asking import Asking, Draft
from worker.answering.investigating import by_investigation
from worker.answering.retelling import by_report, explained, incident_of
from worker.domain.incident import Incident
from worker.domain.report import Report, ReportOutline, Verdict

# Of so many reports of more demand the rise is followed.
MOST_FOLLOWED = 10
# A span of one service in which a report's rise is the one that is asked about; in a longer one the highest is.
ONE_RISE = timedelta(hours=2)


def explain(asking: Asking) -> Draft:
    """By the incident or report that was named; else by the reports of the span; else by an investigation."""
    if asking.understood.record_id:
        return _of_record(asking, asking.understood.record_id)
    asking.looking("reports and incidents on record")
    incidents = finding.incidents_about(asking)
    outlines = finding.on_record(asking, incidents)
    if asking.is_about_emissions and asking.scope.service is None:
        return _of_all(asking, outlines, incidents)
    draft = _of_span(asking, outlines, incidents)
    if asking.understood.topic is Topic.WRONG and not asking.understood.window_was_said:
        draft.lines[:0] = present.before(asking, draft, incidents)
    return draft


def _of_span(asking: Asking, outlines: list[ReportOutline], incidents: list[Incident]) -> Draft:
    by_record = by_report(asking, _telling(asking, outlines, incidents))
    return by_record or by_investigation(asking, outlines)


def _telling(asking: Asking, outlines: list[ReportOutline], incidents: list[Incident]) -> list[ReportOutline]:
    """The report that explains the span, and the others behind it; none where none does."""
    ranked, worth = _ranked(asking, outlines, incidents)
    if worth and worth.explains:
        return ranked
    is_one_rise = asking.scope.service is not None and asking.window.length <= ONE_RISE
    harmless = finding.harmless_rise(outlines, asking.scope, asking.window) if is_one_rise else None
    return [harmless] if harmless else []


def _ranked(
    asking: Asking, outlines: list[ReportOutline], incidents: list[Incident]
) -> tuple[list[ReportOutline], finding.Worth | None]:
    """What explains most first, and what that is worth."""
    is_on = set() if asking.is_about_emissions else finding.open_ones(incidents)
    wasted = finding.wasted_in_all(incidents)
    of_each = [
        (finding.worth(one, carbon=asking.is_about_emissions, is_on=is_on, wasted=wasted), one) for one in outlines
    ]
    of_each.sort(key=lambda pair: pair[0], reverse=True)
    return [one for _, one in of_each], of_each[0][0] if of_each else None


# --- emissions of a region, or of everything


def _of_all(asking: Asking, outlines: list[ReportOutline], incidents: list[Incident]) -> Draft:
    """By what explains most of their rise, be it an excess or more demand; and how they went as a whole."""
    course = rises.went(asking)
    demand = by_report(asking, _demand(asking, outlines, incidents, course))
    draft = demand or _of_span(asking, outlines, incidents)
    if draft.report and course:
        _add_course(asking, draft, draft.report, course)
    return draft


def _demand(
    asking: Asking, outlines: list[ReportOutline], incidents: list[Incident], course: rises.Went | None
) -> list[ReportOutline]:
    """With the rest behind it the report of more demand, if it explains more than any excess does."""
    found = finding.of_demand(outlines, asking.scope, asking.window)[:MOST_FOLLOWED]
    followed = [(rise.grams, one) for one in found if (rise := rises.began_by(asking, one))]
    if not followed:
        return []
    grams, most = max(followed, key=lambda pair: pair[0])
    ranked, worth = _ranked(asking, outlines, incidents)
    excess = worth.first if worth else 0.0
    whole = course.rise.grams if course and course.rise else 0.0
    if grams <= excess or (excess <= 0 and grams < whole * rises.MOST_OF_IT):
        return []
    return [most, *(one for one in ranked if one is not most)]


def _add_course(asking: Asking, draft: Draft, report: Report, course: rises.Went) -> None:
    """Before what is told, where that is not of the rise that was asked about."""
    lines = rises.in_words(asking, course)
    incident = draft.incidents[0] if draft.incidents else None
    if course.rise and rises.is_of(course.rise, asking, report, incident):
        draft.lines += lines
        return
    if course.rise:
        middle = course.rise.start + (course.rise.end - course.rise.start) / 2
        where = f" in {asking.scope}" if asking.scope.region else ""
        ask = f"Why did emissions rise{where} at {middle.astimezone(asking.zone.clock):%H:%M on %Y-%m-%d}?"
        lines.append(f"What follows is of another time. To have that rise looked into, ask: {ask}")
    draft.lines[:0] = lines


def tell_similar(asking: Asking) -> Draft:
    """Of the incident or report that was named; else of the report that explains what goes wrong in the span."""
    if record_id := asking.understood.record_id:
        report, _ = _named(asking, record_id)
        return list_alike(report, asking) if report else _not_there(record_id)
    asking.looking("reports and incidents on record")
    incidents = finding.incidents_about(asking)
    ranked, _ = _ranked(asking, finding.on_record(asking, incidents), incidents)
    chosen = ranked[0] if ranked else None
    if chosen and chosen.verdict is not Verdict.NOT_CONFIRMED and (report := asking.reports.get(chosen.report_id)):
        return list_alike(report, asking)
    return Draft(
        [f"No report{asking.whose} of this time confirms anything that a past incident could be held against."]
    )


# --- what is named


def _of_record(asking: Asking, record_id: str) -> Draft:
    report, incident = _named(asking, record_id)
    if report is None:
        return _not_there(record_id)
    return explained(asking, report, incident or incident_of(asking, report))


def _named(asking: Asking, record_id: str) -> tuple[Report | None, Incident | None]:
    asking.looking(record_id)
    incident = finding.incident_by_id(asking, record_id) if record_id.startswith("inc-") else None
    return finding.telling(asking, incident) if incident else asking.reports.get(record_id), incident


def _not_there(record_id: str) -> Draft:
    return Draft([f"There is no {'incident' if record_id.startswith('inc-') else 'report'} {record_id} on record."])
