"""What a report says by its fields, in words: its verdict, whom it blames, whether there is an excess, and of what.

The template does not write all of it out; a text may say it all the same, or in other words (`record`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from worker.agent.grounding.report import log, roster
from worker.agent.grounding.report.known import DEVIATING, Known
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
    if root is None:
        yield "the data or evidence or report does not say or tell or show or explain why"
    if root is None or root.kind is not CauseKind.DEPLOYMENT:
        yield "no bad deployment or change is blamed"
    if not any(one.kind is CauseKind.DEPLOYMENT for one in report.candidates):
        yield "no bad or faulty deployment or change is visible or indicated here or what the evidence points to"
    yield from _business(report)
    yield from _excess(report.impact.carbon.excess_co2_grams)
    for part, size in (report.impact.carbon.split or {}).items():
        if size.likely > 0:
            yield f"{part} are part of the excess"
    yield from _compared(report, known)
    yield from _changed(known)
    yield from _types(report, known)
    yield from _expected(report, known)
    yield from _parts(known)
    yield from _missing(report)
    if report.verdict is Verdict.NOT_CONFIRMED:
        yield "no measure or action or step is needed or required or called for now"
        yield "nobody has to act on it or do anything about it"
        yield "that is why the report or the investigation speaks of no incident"
        yield "the measured value is ordinary or usual or as expected compared with the past or the hours before"


def _missing(report: Report) -> Iterator[str]:
    """What was not measured, and what follows from that."""
    missing = {one.what.split(" of ")[0] for one in report.gaps}
    if "Users affected" in missing:
        yield "nothing in the telemetry identifies or distinguishes or singles out single people"
        yield "the telemetry does not identify or distinguish or tell users apart from one another"
        yield "it cannot be said or known how many people or users were affected or noticed it"
    if "Orders and revenue" in missing:
        yield "the damage or loss or cost in money or orders is not known or measured"
    if "Carbon" in missing:
        yield "neither excess nor cost nor vCPU hours can be given or stated or calculated"
        yield "the carbon impact or footprint is not known"
    if "Split" in missing:
        yield "the excess is or was not split or divided or attributed into retries, errors and slower work"
        yield "how much of the excess comes from retries or errors or slower work cannot be told or said"
        yield "a split of the excess is or was not attempted or given because none was measured for certain"
    if "estimated from the sampled log" in report.sections.user_impact:
        yield "the estimate is uncertain or rough because only a sample of the log was read"


def _business(report: Report) -> Iterator[str]:
    if report.impact.business.source is None:
        yield "nothing is recorded about orders or revenue or sales"
    if any("too few past incidents" in one.reason for one in report.gaps):
        yield (
            "too few past incidents are recorded or record what they cost to estimate the business impact or loss or"
            " money or orders or revenue from"
        )
        yield "there is no estimate of them either"
        yield "too few past incidents record or tell their cost to estimate it or lost revenue or orders from them"
    if report.verdict is Verdict.NOT_CONFIRMED:
        yield "no loss of orders or revenue or money came of it or followed or resulted"
    if report.impact.compute.excess_cost_usd:
        yield "the costs and vCPU hours and both figures are estimated from the grid's intensity and list prices"


def _excess(excess: Quantity | None) -> Iterator[str]:
    if excess and excess.low <= 0:
        yield "no excess is certain"
        yield "no excess can be claimed"
    if excess and excess.low <= 0:
        yield "no certain excess is split"
    if excess and excess.likely <= 0:
        yield "there is no excess"
    if excess and excess.low <= 0 <= excess.high:
        yield "the difference is within the range of what was expected"
        yield "there is no excess to explain"


FEW_LINES = "too few log lines"
DEPLOYMENT = re.compile(r"\bdeployment (\S+)")


def _compared(report: Report, known: Known) -> Iterator[str]:
    """Of a deployment's lines against the others'; of some there were too few."""
    for item in known.report.evidence:
        made = roster.deployment_of(item.title, known)
        if made and (verdict := roster.text_of(item.result.get("verdict"))):
            compared = f"the comparison of {made} with the log lines of the version that ran earlier"
            yield f"{compared} ended with the verdict {verdict.replace('_', ' ')}"
    for one in report.candidates:
        same = DEPLOYMENT.search(one.reason) if one.reason.endswith(": no worse") else None
        if same:
            yield f"the deployment {same[1]} of {one.service} is no worse than the version or what ran before it"
        few = DEPLOYMENT.search(one.reason) if FEW_LINES in one.reason else None
        if few:
            yield f"the deployment {few[1]} of {one.service} cannot be compared for lack of log lines"
            yield f"{one.service}'s deployment {few[1]} cannot be compared for lack of log lines"


def _changed(known: Known) -> Iterator[str]:
    """A change that left the version as it was."""
    for one in known.changes:
        if one.at and one.version and one.version == one.previous:
            of = f"{one.deployment_id} of {one.service} in {one.region}"
            yield f"{of}: the version {one.version} stayed the same, only the configuration changed"
            yield f"{one.service} kept its version {one.version} when {one.deployment_id} came or was made"
            yield f"the version of {one.service} in {one.region} stayed {one.version} with {one.deployment_id}"


def _types(report: Report, known: Known) -> Iterator[str]:
    """Of a service's errors, where all that came are of one type."""
    for item in report.evidence:
        came = [one for one in log.types(item.result) if one.get("in_window")]
        service = roster.subject_of(item.title, known).service
        if len(came) == 1 and service:
            yield f"{service}: all the errors it shows are of one single type, {came[0].get('name')}"
            yield f"{came[0].get('name')} is the only type of error that {service} shows"


def _expected(report: Report, known: Known) -> Iterator[str]:
    """What a request takes, how chance was weighed, and how many days the usual rests on."""
    demand = [one for one in known.levels if one.subject == known.scope and one.signal == "carbon_per_demand"]
    if demand and all(one.deviations < DEVIATING for one in demand):
        yield "no request takes more CO₂ or energy than usual"
        yield "a request still takes or took its usual amount of CO₂"
    if "than chance brings about" in report.sections.user_impact:
        yield "that many errors or failures are no more than chance would bring about or explain"
    if any(item.result.get("pauses") for item in report.evidence):
        yield "the samples that came next or followed contain or hold or include the CO₂ of that whole pause"
        yield "metrics or samples were missing for a while"
        yield "so the next sample or samples then hold or contain those emissions or what the pause emitted"
    if not report.similar_incidents:
        yield "no similar past incident is known or was found"


# From such a share on a region or a service has a part in the rise.
A_PART = 0.05


def _parts(known: Known) -> Iterator[str]:
    """Of the parts of the rise: that nobody rose, or that all regions did."""
    parts = [one for one in known.facts if (one.whole, one.dimension, one.of) == ("rise", "share", None)]
    if parts and all(one.value <= 0 for one in parts):
        yield "in no service of the region did carbon rise"
    regions = sorted(parts, key=lambda one: -one.value)
    named = [one.subject.region for one in regions if one.subject.region]
    if len(named) == len(parts) == BOTH and all(one.value >= A_PART for one in parts):
        yield f"both regions contribute to the rise and have a part in it, {named[0]} and {named[1]}"


BOTH = 2
