"""An answer by a report: what it found in a sentence, its six sections, its incident, and what else is known since."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from worker.answering import finding
from worker.answering.alike import mentioned
from worker.answering.answer import AnswerChart, Series
from worker.answering.asking import Asking, Draft
from worker.answering.exhibits import INCIDENTS
from worker.answering.incidents import line_of, lost_business
from worker.answering.offering import offer_for
from worker.answering.saying import until_in
from worker.domain.alert import Alert
from worker.domain.figures import CO2_GRAMS, describe
from worker.domain.incident import Incident
from worker.domain.report import CauseKind, Chart, Report, ReportOutline, RootCause, Verdict
from worker.domain.text import one_line
from worker.domain.window import Window
from worker.domain.wording import cause_in_words, confidence_in_words, scope_in_words

MOST_OTHERS = 5
MOST_CHARTS = 2
# Where the report itself tells the excess, with what that rests on.
EXCESS = re.compile(r"\bExcess: [^\[]{1,300}\[(e\d{1,4}(?: e\d{1,4}){0,20})\]")
OWN = {CauseKind.RESOURCE: "a resource of its own", CauseKind.ERROR: "errors of its own"}


def by_report(asking: Asking, outlines: Sequence[ReportOutline]) -> Draft | None:
    """By the first of them, with what the others tell besides; None where there is none, or it was just deleted."""
    report = asking.reports.get(outlines[0].report_id) if outlines else None
    if report is None:
        return None
    asking.found(f"report {report.report_id}: {report.headline}")
    draft = explained(asking, report, incident_of(asking, report))
    draft.closing += _others(asking, report, outlines[1:])
    return draft


def incident_of(asking: Asking, report: Report) -> Incident | None:
    return finding.incident_by_id(asking, report.incident_id) if report.incident_id else None


def explained(asking: Asking, report: Report, incident: Incident | None, *, alert: Alert | None = None) -> Draft:
    """`alert`: what the report was made of for this question alone; of one on record it is None."""
    asking.exhibits.of_report(report, is_stored=alert is None)
    draft = Draft([direct(report, asking, incident)], report=report)
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
    cite = asking.exhibits.add_plain("What the incident has cost", INCIDENTS, window, result, link=link)
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
    return asking.exhibits.add_plain("The incident as it was settled", INCIDENTS, window, figures)


def _began(report: Report) -> datetime:
    cause = report.root_cause
    return cause.onset if cause and cause.onset else report.window.start


def _others(asking: Asking, report: Report, rest: Sequence[ReportOutline]) -> list[str]:
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
