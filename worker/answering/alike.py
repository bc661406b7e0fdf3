"""Which past incidents resemble the one that is asked about: as its report found them, with why and what helped."""

from __future__ import annotations

from worker.answering.asking import Asking, Draft
from worker.answering.exhibits import REPORTS
from worker.answering.saying import brief, bullets
from worker.domain.report import Report, SimilarIncident
from worker.domain.text import one_line
from worker.domain.wording import scope_in_words
from worker.similar import without_own

MOST_MENTIONED = 3


def others_like(report: Report) -> list[SimilarIncident]:
    return without_own(report.similar_incidents, report.incident_id)


def list_alike(report: Report, asking: Asking) -> Draft:
    found, link = others_like(report), asking.exhibits.places.report(report.report_id)
    result = {"similar_incidents": [one.id for one in found]}
    title = f"Similar incidents of report {report.report_id}"
    cite = asking.exhibits.add_plain(title, REPORTS, report.window, result, link=link)
    what = f"what {report.incident_id or report.report_id} is about ({scope_in_words(report.service, report.region)})"
    if not found:
        return Draft([f"Its report found no past incident that resembles {what} {cite}: {link}"])
    first = "1 past incident resembles" if len(found) == 1 else f"{len(found)} past incidents resemble"
    lines = bullets(found, len(found), lambda one: line_of(one, asking))
    return Draft([f"{first} {what}, the likest first {cite}; its report: {link}", *lines])


def mentioned(report: Report, asking: Asking) -> list[str]:
    """For an answer that explains the report."""
    found = others_like(report)
    return (
        ["Similar past incidents:", *bullets(found, MOST_MENTIONED, lambda one: line_of(one, asking))] if found else []
    )


def line_of(one: SimilarIncident, asking: Asking) -> str:
    place = scope_in_words(one.service, one.region) if one.service or one.region else None
    whose = ", ".join(filter(None, [one.id, place, asking.when(one.at), one.status]))
    parts = [f"{brief(one.title)} ({brief(whose)})", one.why, one.ended, one.helped_in_words]
    return "; ".join(one_line(part) for part in parts if part)
