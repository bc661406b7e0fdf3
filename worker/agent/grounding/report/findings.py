"""What a report says by its fields, in words: its verdict, whom it blames, whether there is an excess, and of what.

The template does not write all of it out; a text may say it all the same, or in other words (`record`).
"""

from __future__ import annotations

from collections.abc import Iterator

from worker.agent.grounding.report import log, roster
from worker.agent.grounding.report.known import Known
from worker.domain.report import CauseKind, Quantity, Report, Verdict

VERDICTS = {
    Verdict.ROOT_CAUSE: ("the verdict is that a root cause was found",),
    Verdict.INCONCLUSIVE: ("the verdict is that no root cause was found", "the verdict is inconclusive"),
    Verdict.NOT_CONFIRMED: (
        "the verdict is that no root cause was found",
        "the verdict is that no spike was confirmed",
    ),
}


def in_words(report: Report, known: Known) -> Iterator[str]:
    yield from VERDICTS[report.verdict]
    root = report.root_cause
    if root is None or root.kind is not CauseKind.DEPLOYMENT:
        yield "no bad deployment or change is blamed"
    if report.impact.business.source is None:
        yield "nothing is recorded about orders or revenue or sales"
    if any("too few past incidents" in one.reason for one in report.gaps):
        yield "too few past incidents are recorded to estimate the business impact or loss or cost or money from"
    yield from _excess(report.impact.carbon.excess_co2_grams)
    for part, size in (report.impact.carbon.split or {}).items():
        if size.likely > 0:
            yield f"{part} are part of the excess"
    yield from _compared(known)
    yield from _types(report, known)


def _excess(excess: Quantity | None) -> Iterator[str]:
    if excess and excess.low <= 0:
        yield "no excess is certain"
    if excess and excess.low <= 0:
        yield "no certain excess is split"
    if excess and excess.likely <= 0:
        yield "there is no excess"
    if excess and excess.low <= 0 <= excess.high:
        yield "the difference is within the range of what was expected"


def _compared(known: Known) -> Iterator[str]:
    """Of a deployment's lines against the others'."""
    for item in known.report.evidence:
        made = roster.deployment_of(item.title, known)
        if made and (verdict := roster.text_of(item.result.get("verdict"))):
            compared = f"the comparison of {made} with the log lines of the version that ran earlier"
            yield f"{compared} ended with the verdict {verdict.replace('_', ' ')}"


def _types(report: Report, known: Known) -> Iterator[str]:
    """Of the alerted service's errors, where all that came are of one type."""
    for item in report.evidence:
        came = [one for one in log.types(item.result) if one.get("in_window")]
        if len(came) == 1 and roster.subject_of(item.title, known).service == report.service:
            yield "all the errors are of one single type"
