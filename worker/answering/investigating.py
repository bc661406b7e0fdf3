"""Why, where no report is on record: what stands out is investigated as of then.

The investigation is not stored: only a yes to the offer makes an incident of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Literal

from worker.answering import emissions, errors, finding, present
from worker.answering.asking import Asking, Draft, nothing_if_not_measured
from worker.answering.course import BEFORE, Peak, grid_of, peaks
from worker.answering.retelling import MOST_OTHERS, by_report, explained
from worker.answering.saying import counted, in_these, time_in
from worker.domain.alert import QUESTION_RULE, Alert, Rule
from worker.domain.figures import number
from worker.domain.lookup import Course
from worker.domain.report import Report, ReportOutline, Verdict
from worker.domain.telemetry import Scope
from worker.domain.window import Window
from worker.domain.wording import scope_in_words

What = Literal["emissions", "errors"]

# Of what stands out so many are investigated, until one is confirmed.
MOST_INVESTIGATED = 3
# Where no time was named and nothing is found, so far back is looked for the latest report.
FURTHER_BACK = timedelta(days=14)
INVESTIGATED_OF = {
    False: "No report is on record of it: this was investigated for this question, as of then.",
    True: "This was investigated for this question, as of then. The incident of that time and scope is on record.",
}


def by_investigation(asking: Asking, outlines: list[ReportOutline]) -> Draft:
    if asking.scope.service and (absent := present.absent(asking)):
        return Draft(absent)
    found = list(_standing_out(asking))
    looked: list[Report] = []
    for peak in found[:MOST_INVESTIGATED]:
        harmless = finding.harmless_rise(outlines, peak.scope, Window(start=peak.start, end=peak.end))
        if harmless and (draft := by_report(asking, [harmless])):
            return draft
        why = "which stands out" if peak.over > 0 else "its latest state"
        asking.looking(f"{peak.scope} at {asking.when(peak.end)}, {why}")
        alert = alert_about(peak)
        report = asking.investigate(alert, alert.alert_id)
        looked.append(report)
        if report.verdict is not Verdict.NOT_CONFIRMED:
            asking.found(report.headline)
            incident = finding.incident_then(asking, report)
            draft = explained(asking, report, incident, alert=alert)
            draft.lines.append(INVESTIGATED_OF[incident is not None])
            draft.closing = [*_also_standing_out(asking, peak, found), *draft.closing]
            return draft
    draft = _nothing(asking, outlines, looked)
    if not any(peak.over > 0 for peak in found):
        draft.lines.insert(1, "In the course of it no step stands out against the two hours before it.")
    return draft


def _also_standing_out(asking: Asking, chosen: Peak, found: list[Peak]) -> list[str]:
    others = [peak for peak in found if peak.scope != chosen.scope and peak.usual > 0]
    told = [f"- {peak.scope} at {time_in(peak.end, asking.zone)}, {_times(peak)}" for peak in others[:MOST_OTHERS]]
    return ["Also stood out, and was not investigated for this:", *told] if told else []


def _times(peak: Peak) -> str:
    return f"{number(peak.value / peak.usual)} times the two hours before"


def _standing_out(asking: Asking) -> Iterator[Peak]:
    """What is highest above its usual first; where only one service is asked about and nothing is, its latest state."""
    yield from _peaks(asking, "emissions")
    if not asking.is_about_emissions:
        yield from _peaks(asking, "errors")
        if asking.scope.service:
            end = asking.window.end
            yield Peak(asking.scope, end - timedelta(minutes=5), end, 0.0, 0.0, 0.0)


@nothing_if_not_measured
def _peaks(asking: Asking, what: What) -> list[Peak]:
    asking.looking(f"the course of {what}")
    found = _peaks_of(asking, what, asking.scope, asking.window)
    if grid_of(asking.window, lead=BEFORE).step <= timedelta(minutes=10):
        return found[: MOST_INVESTIGATED + MOST_OTHERS]
    return [_closer(asking, what, peak) for peak in found[:MOST_INVESTIGATED]]


def _peaks_of(asking: Asking, what: What, scope: Scope, window: Window) -> list[Peak]:
    look = {"emissions": asking.looks.emitted_over_time, "errors": asking.looks.errors_over_time}[what]
    courses: list[Course] = look(scope, grid_of(window, lead=BEFORE), window.end).rows
    return peaks(courses, window, counted=what == "errors")


def _closer(asking: Asking, what: What, peak: Peak) -> Peak:
    """The minutes of a long step that stand out; the whole of it where none do."""
    found = _peaks_of(asking, what, peak.scope, Window(start=peak.start, end=peak.end))
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


def _nothing(asking: Asking, outlines: list[ReportOutline], looked: list[Report]) -> Draft:
    is_carbon = asking.is_about_emissions
    what = "No spike of emissions" if is_carbon else "Nothing that goes wrong"
    where = f" with {asking.scope}" if asking.scope.service and not is_carbon else f" of {asking.scope}"
    draft = Draft([f"{what} was found{where} {in_these(asking.window.length)}."])
    draft.lines += [*_what_was_looked_at(asking, outlines, looked), *emissions.in_short(asking)]
    if is_carbon:
        draft.charts += emissions.course_chart(asking)
    else:
        draft.lines += errors.in_short(asking)
    draft.lines += _latest(asking)
    return draft


def _what_was_looked_at(asking: Asking, outlines: list[ReportOutline], looked: list[Report]) -> Iterator[str]:
    unconfirmed = [one for one in outlines if one.verdict is Verdict.NOT_CONFIRMED]
    if unconfirmed:
        were = "was" if len(unconfirmed) == 1 else "were"
        yield f"{counted(len(unconfirmed), 'alert')} of this time {were} investigated and not confirmed."
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
