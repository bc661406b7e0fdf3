"""Why, and what goes wrong: by the report that is on record, or else by an investigation of what stands out.

The investigation is made as of then and is not stored: only a yes to the offer makes an incident of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from worker.answering import emissions, errors, finding, present, rises
from worker.answering.alike import list_alike, mentioned
from worker.answering.answer import SIX, AnswerChart, Series, Topic
from worker.answering.asking import Asking, Draft
from worker.answering.course import BEFORE, Peak, grid_of, peaks
from worker.answering.incidents import INDEX, line_of, lost_business
from worker.answering.offering import offer_for
from worker.answering.saying import in_these, time_in, until_in
from worker.domain.alert import QUESTION_RULE, Alert, Rule
from worker.domain.figures import CO2_GRAMS, describe, number
from worker.domain.incident import Incident
from worker.domain.lookup import Course, Reading
from worker.domain.report import CauseKind, Chart, Report, ReportOutline, RootCause, Verdict
from worker.domain.telemetry import Scope
from worker.domain.text import one_line
from worker.domain.window import Window
from worker.domain.wording import cause_in_words, confidence_in_words, scope_in_words
from worker.errors import NotMeasured

# Of what stands out so many are investigated, until one is confirmed.
MOST_INVESTIGATED = 3
MOST_OTHERS = 5
MOST_CHARTS = 2
# Of so many reports of more demand the rise is followed.
MOST_FOLLOWED = 10
# Where no time was named and nothing is found, so far back is looked for the latest report.
FURTHER_BACK = timedelta(days=14)
# A span of one service in which a report's rise is the one that is asked about; in a longer one the highest is.
ONE_RISE = timedelta(hours=2)
# Where the report itself tells the excess, with what that rests on.
EXCESS = re.compile(r"\bExcess: [^\[]{1,300}\[(e\d{1,4}(?: e\d{1,4}){0,20})\]")
INVESTIGATED_OF = {
    False: "No report is on record of it: this was investigated for this question, as of then.",
    True: "This was investigated for this question, as of then. The incident of that time and scope is on record.",
}
OWN = {CauseKind.RESOURCE: "a resource of its own", CauseKind.ERROR: "errors of its own"}


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
    ranked, worth = _ranked(asking, outlines, incidents)
    if worth and worth.explains:
        return _by_report(asking, ranked)
    is_one_rise = asking.scope.service is not None and asking.window.length <= ONE_RISE
    if is_one_rise and (harmless := finding.harmless_rise(outlines, asking.scope, asking.window)):
        return _by_report(asking, [harmless])
    return _by_investigation(asking, outlines, is_carbon=asking.is_about_emissions)


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
    if demand := _demand(asking, outlines, incidents, course):
        draft = _by_report(asking, demand)
    else:
        draft = _of_span(asking, outlines, incidents)
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
    where = f" of {asking.scope}" if any(asking.scope) else ""
    return Draft([f"No report{where} of this time confirms anything that a past incident could be held against."])


# --- on record


def _of_record(asking: Asking, record_id: str) -> Draft:
    report, incident = _named(asking, record_id)
    if report is None:
        return _not_there(record_id)
    return _explained(asking, report, incident or _incident_of(asking, report))


def _named(asking: Asking, record_id: str) -> tuple[Report | None, Incident | None]:
    asking.looking(record_id)
    incident = finding.incident_by_id(asking, record_id) if record_id.startswith("inc-") else None
    return finding.telling(asking, incident) if incident else asking.reports.get(record_id), incident


def _not_there(record_id: str) -> Draft:
    return Draft([f"There is no {'incident' if record_id.startswith('inc-') else 'report'} {record_id} on record."])


def _by_report(asking: Asking, outlines: list[ReportOutline]) -> Draft:
    chosen = outlines[0]
    report = asking.reports.get(chosen.report_id)
    if report is None:  # deleted in between
        return _by_investigation(asking, [], is_carbon=asking.is_about_emissions)
    asking.found(f"report {report.report_id}: {report.headline}")
    draft = _explained(asking, report, _incident_of(asking, report))
    draft.closing += _others(asking, report, outlines[1:])
    return draft


def _incident_of(asking: Asking, report: Report) -> Incident | None:
    return finding.incident_by_id(asking, report.incident_id) if report.incident_id else None


def _explained(asking: Asking, report: Report, incident: Incident | None, *, alert: Alert | None = None) -> Draft:
    """`alert`: what the report was made of for this question alone; of one on record it is None."""
    asking.exhibits.of_report(report, is_stored=alert is None)
    draft = Draft([direct(report, asking, incident)], report=report, is_stored=alert is None)
    # What was asked about first: emissions are in grams.
    charts = sorted(report.charts, key=lambda one: asking.is_about_emissions and not one.unit.startswith("g"))
    draft.charts = [chart_of(chart) for chart in charts[:MOST_CHARTS]]
    if incident:
        draft.incidents.append(incident)
        if incident.resolved_at:
            draft.lines.append(f"It is over since {asking.when(incident.resolved_at)}.")
        draft.closing.append(f"Incident: {line_of(incident, asking)}")
        draft.sections |= _business(asking, report, incident)
    draft.closing += mentioned(report, asking)
    if asking.zone.name != "UTC":
        draft.closing.append("Times in the sections are UTC.")
    draft.offer, sentence = offer_for(asking, report, incident, alert=alert)
    draft.closing += [sentence] if sentence else []
    return draft


def _business(asking: Asking, report: Report, incident: Incident) -> dict[str, str]:
    """Where its report could not tell them: what the incident has cost, as others recorded later or was settled."""
    known = report.impact.business
    cost = list(lost_business(incident))
    if not cost or known.orders_affected or known.revenue_lost_usd:
        return {}
    window = Window(start=incident.timestamp, end=max(incident.resolved_at or report.timestamp, report.timestamp))
    result = {"orders_affected": incident.orders_affected, "revenue_lost_usd": incident.revenue_lost_usd}
    link = asking.exhibits.places.incident(incident.incident_id)
    cite = asking.exhibits.add_plain("What the incident has cost", INDEX, window, result, link=link)
    return {"business_impact": f"In the whole incident: {'; '.join(cost)} {cite}."}


def direct(report: Report, asking: Asking, incident: Incident | None = None) -> str:
    """The answer in one sentence, before the six sections say it in full."""
    where = scope_in_words(report.service, report.region)
    if report.verdict is Verdict.NOT_CONFIRMED:
        return f"Nothing unusual was confirmed for {where} at {asking.when(report.timestamp)}."
    more = _excess(report, incident, asking)
    since = f" since {asking.when(_began(report))}"
    if report.verdict is Verdict.INCONCLUSIVE or report.root_cause is None:
        return f"{where} deviated{since}{more}; the telemetry does not tell why."
    grounds = _cited(report.candidates[0].evidence) if report.candidates else ""
    sure = f", confidence {confidence_in_words(report.confidence)}{grounds}" if report.confidence is not None else ""
    cause = _cause(report.root_cause, (report.service, report.region))
    return f"{where}: the cause is {cause}{sure};{since}{more}."


def _cause(cause: RootCause, scope: tuple[str | None, str | None]) -> str:
    if cause.kind is CauseKind.TRAFFIC:
        return "more demand, and nothing is broken"
    if (cause.service, cause.region) == scope and cause.kind in OWN:
        named = {CauseKind.RESOURCE: cause.metric, CauseKind.ERROR: cause.error_type}[cause.kind]
        return f"{OWN[cause.kind]}{f' ({one_line(named)})' if named else ''}"
    text = cause_in_words(cause, reported=scope)
    return text[:1].lower() + text[1:]


def _excess(report: Report, incident: Incident | None, asking: Asking) -> str:
    """Of the whole incident once that is settled; a report has measured until the end of its window only."""
    settled = incident.wasted_co2 if incident and incident.settled_until else None
    grams = settled or report.impact.carbon.excess_co2_grams
    if grams is None or grams.low <= 0:
        return ""
    more = f"with {describe(grams, CO2_GRAMS).likely} more than expected"
    if incident and settled:
        return f", {more} in the whole incident {_settled(incident, asking)}"
    cited = EXCESS.search(report.sections.carbon_compute_impact)
    cite = _cited(cited[1].split()) if cited else ""
    return f", by {until_in(report.window.end, _began(report), asking.zone)} {asking.zone.name} {more}{cite}"


def _cited(ids: Sequence[str]) -> str:
    return f" [{' '.join(ids)}]" if ids else ""


def _settled(incident: Incident, asking: Asking) -> str:
    assert incident.settled_until is not None
    window = Window(start=min(incident.timestamp, incident.settled_until), end=incident.settled_until)
    figures = {
        "incident_id": incident.incident_id,
        "wasted_co2": incident.wasted_co2 and incident.wasted_co2.model_dump(),
    }
    return asking.exhibits.add_plain("The incident as it was settled", INDEX, window, figures)


def _began(report: Report) -> datetime:
    cause = report.root_cause
    return cause.onset if cause and cause.onset else report.window.start


def _others(asking: Asking, report: Report, rest: list[ReportOutline]) -> list[str]:
    """Causes that the chosen report does not speak of, each once."""
    told: list[Report | ReportOutline] = [report]
    lines = []
    for outline in rest:
        if outline.verdict is Verdict.NOT_CONFIRMED or any(finding.tell_the_same(outline, one) for one in told):
            continue
        told.append(outline)
        link = asking.exhibits.places.report(outline.report_id)
        lines.append(f"- {asking.when(outline.timestamp)}, {outline.severity.value}: {outline.headline} {link}")
    more = [f"- and {len(lines) - MOST_OTHERS} more"] if len(lines) > MOST_OTHERS else []
    return ["Also in this time:", *lines[:MOST_OTHERS], *more] if lines else []


# --- not on record


def _by_investigation(asking: Asking, outlines: list[ReportOutline], *, is_carbon: bool) -> Draft:
    if asking.scope.service and (absent := present.absent(asking)):
        return Draft(absent)
    found = list(_standing_out(asking, is_carbon=is_carbon))
    looked: list[Report] = []
    for peak in found[:MOST_INVESTIGATED]:
        if harmless := finding.harmless_rise(outlines, peak.scope, Window(start=peak.start, end=peak.end)):
            return _by_report(asking, [harmless])
        why = "which stands out" if peak.over > 0 else "its latest state"
        asking.looking(f"{peak.scope} at {asking.when(peak.end)}, {why}")
        alert = alert_about(peak)
        report = asking.investigate(alert, alert.alert_id)
        looked.append(report)
        if report.verdict is not Verdict.NOT_CONFIRMED:
            asking.found(report.headline)
            incident = finding.incident_then(asking, report)
            draft = _explained(asking, report, incident, alert=alert)
            draft.lines.append(INVESTIGATED_OF[incident is not None])
            draft.closing = [*_also_standing_out(asking, peak, found), *draft.closing]
            return draft
    draft = _nothing(asking, outlines, looked, is_carbon=is_carbon)
    if not any(peak.over > 0 for peak in found):
        draft.lines.insert(1, "In the course of it no step stands out against the two hours before it.")
    return draft


def _also_standing_out(asking: Asking, chosen: Peak, found: list[Peak]) -> list[str]:
    others = [peak for peak in found if peak.scope != chosen.scope and peak.usual > 0]
    told = [f"- {peak.scope} at {time_in(peak.end, asking.zone)}, {_times(peak)}" for peak in others[:MOST_OTHERS]]
    return ["Also stood out, and was not investigated for this:", *told] if told else []


def _times(peak: Peak) -> str:
    return f"{number(peak.value / peak.usual)} times the two hours before"


def _standing_out(asking: Asking, *, is_carbon: bool) -> Iterator[Peak]:
    """What is highest above its usual first; where only one service is asked about and nothing is, its latest state."""
    yield from _peaks(asking, "emissions")
    if not is_carbon:
        yield from _peaks(asking, "errors")
        if asking.scope.service:
            end = asking.window.end
            yield Peak(asking.scope, end - timedelta(minutes=5), end, 0.0, 0.0, 0.0)


def _peaks(asking: Asking, what: str) -> list[Peak]:
    asking.looking(f"the course of {what}")
    grid = grid_of(asking.window, lead=BEFORE)
    counted = what == "errors"
    try:
        found = peaks(_courses(asking, what, asking.scope, asking.window), asking.window, counted=counted)
    except NotMeasured:
        return []
    if grid.step <= timedelta(minutes=10):
        return found[: MOST_INVESTIGATED + MOST_OTHERS]
    return [closer for peak in found[:MOST_INVESTIGATED] if (closer := _closer(asking, what, peak, counted))]


def _courses(asking: Asking, what: str, scope: Scope, window: Window) -> list[Course]:
    look = asking.looks.errors_over_time if what == "errors" else asking.looks.emitted_over_time
    reading: Reading[Course] = look(scope, grid_of(window, lead=BEFORE), window.end)
    return reading.rows


def _closer(asking: Asking, what: str, peak: Peak, counted: bool) -> Peak | None:
    """The minutes of a long step that stand out."""
    window = Window(start=peak.start, end=peak.end)
    found = peaks(_courses(asking, what, peak.scope, window), window, counted=counted)
    return found[0] if found else peak


def alert_about(peak: Peak) -> Alert:
    """The alert that a rule by service and region would have raised. The same step makes the same alert id."""
    terms = ["service", "region"] if peak.scope.region else ["service"]
    group = ",".join(name for name in peak.scope if name)
    return Alert(
        rule=Rule(id=QUESTION_RULE, name="Asked about in a question", params={"groupBy": "top", "termField": terms}),
        instance=group or "all documents",
        uuid=f"{group}@{peak.start.isoformat()}",
        action_group="asked about",
        date=peak.end,
        title=f"{peak.scope} at {peak.end:%Y-%m-%d %H:%M} UTC",
        group=group,
    )


def _nothing(asking: Asking, outlines: list[ReportOutline], looked: list[Report], *, is_carbon: bool) -> Draft:
    what = "No spike of emissions" if is_carbon else "Nothing that goes wrong"
    where = f" with {asking.scope}" if asking.scope.service and not is_carbon else f" of {asking.scope}"
    draft = Draft([f"{what} was found{where} {in_these(asking.window.length)}."])
    draft.lines += list(_what_was_looked_at(asking, outlines, looked))
    draft.lines += emissions.in_short(asking)
    if is_carbon:
        draft.charts += emissions.course_chart(asking)
    else:
        draft.lines += errors.in_short(asking)
    draft.lines += _latest(asking)
    return draft


def _what_was_looked_at(asking: Asking, outlines: list[ReportOutline], looked: list[Report]) -> Iterator[str]:
    unconfirmed = [one for one in outlines if one.verdict is Verdict.NOT_CONFIRMED]
    if unconfirmed:
        yield f"{len(unconfirmed)} alerts of this time were investigated and not confirmed."
    elif outlines:
        yield "What is on record of this time is about other things than a rise of emissions."
    else:
        yield "No report and no incident is on record for it."
    if looked:
        told = ", ".join(
            f"{scope_in_words(one.service, one.region)} at {time_in(one.timestamp, asking.zone)}" for one in looked
        )
        yield f"Investigated for this question, and not confirmed: {told} {asking.zone.name}."


def _latest(asking: Asking) -> list[str]:
    """Where no time was named, what was last: the asker may mean that."""
    if asking.understood.window_was_said:
        return []
    earlier = Window.before(asking.window.start, FURTHER_BACK)
    found = asking.reports.touching(earlier, finding.MOST_REPORTS)
    about = [one for one in found if finding.is_about(one, asking.scope) and one.verdict is not Verdict.NOT_CONFIRMED]
    if not about:
        return []
    link = asking.exhibits.places.report(about[0].report_id)
    when = asking.when(about[0].timestamp)
    return [f"The latest report about it is of {when}: {about[0].headline} {link}"]


# --- in the form of an answer


def six(report: Report) -> dict[str, str | list[str]]:
    return {name: getattr(report.sections, name) for name in SIX}


def chart_of(chart: Chart) -> AnswerChart:
    """The series and what was expected of it; missing samples stay missing."""
    step = timedelta(seconds=chart.step_seconds)
    lines = [("measured", chart.values), ("expected", chart.expected_likely)]
    series = [
        Series(name, [(chart.start + index * step, value) for index, value in enumerate(values)])
        for name, values in lines
        if values
    ]
    return AnswerChart(chart.title, chart.unit, "line", series)
