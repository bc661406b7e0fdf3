"""Deployments and reports, as they are on record."""

from __future__ import annotations

from typing import Any

from worker.answering.asking import Asking, Draft
from worker.answering.finding import reports_about
from worker.answering.saying import bullets, counted
from worker.domain.lookup import Deployed
from worker.domain.report import ReportOutline
from worker.domain.text import one_line
from worker.domain.wording import VERDICTS, confidence_in_words, scope_in_words

MOST = 20
REPORTS = "spiketrace-reports"


def list_deployments(asking: Asking) -> Draft:
    """Each once, by its first record in this time."""
    asking.looking("deployments and other changes")
    reading = asking.looks.changes(asking.scope, asking.window)
    once: dict[tuple[str, str | None, str | None], Deployed] = {}
    for row in sorted(reading.rows, key=lambda one: one.at):
        kept = once.setdefault((row.deployment_id, row.service, row.region), row)
        once[row.deployment_id, row.service, row.region] = kept.model_copy(update={"status": row.status})
    found = sorted(once.values(), key=lambda one: one.at, reverse=True)
    cite = asking.exhibits.add("Deployments", reading, {"deployments": [one.deployment_id for one in found[:100]]})
    asking.found(f"{len(found)} deployments")
    if not found:
        return Draft([f"No deployment or other change of {asking.scope} is recorded in this time {cite}."])
    draft = Draft([f"{counted(len(found), 'deployment')} of {asking.scope}, the newest first {cite}:"])
    draft.lines += bullets(found, asking.understood.most or MOST, lambda one: _deployment(one, asking))
    return draft


def _deployment(one: Deployed, asking: Asking) -> str:
    when = asking.when(one.at)
    version = f"version {one.version}" if one.version else None
    kind = None if one.kind == "deployment" else one.kind
    what = [scope_in_words(one.service, one.region), kind, one.deployment_id, version, one.status]
    return f"{when}: {one_line(', '.join(filter(None, what)))}"


def list_reports(asking: Asking) -> Draft:
    asking.looking("reports on record")
    found = [one for one in reports_about(asking) if _is_wanted(one, asking)]
    cite = asking.exhibits.add_plain(
        "Reports", REPORTS, asking.window, {"reports": [one.report_id for one in found[:100]]}
    )
    asking.found(f"{len(found)} reports")
    if not found:
        return Draft([f"No report about {asking.scope} is of this time {cite}."])
    draft = Draft([f"{counted(len(found), 'report')} about {asking.scope}, the newest first {cite}:"])
    most = asking.understood.most or MOST
    draft.lines += bullets(found, most, lambda one: _report(one, asking))
    draft.reports = [report_document(one, asking) for one in found[:most]]
    return draft


def _is_wanted(report: ReportOutline, asking: Asking) -> bool:
    least = asking.understood.severity
    return least is None or report.severity.at_least(least)


def _report(one: ReportOutline, asking: Asking) -> str:
    when = asking.when(one.timestamp)
    sure = f" ({confidence_in_words(one.confidence)})" if one.confidence is not None else ""
    verdict = f"{one.severity.value}, {VERDICTS[one.verdict].lower()}{sure}"
    return f"{when}: {verdict}: {one_line(one.headline)} {asking.exhibits.places.report(one.report_id)}"


def report_document(one: ReportOutline, asking: Asking) -> dict[str, Any]:
    plain = one.model_dump(include={"report_id", "service", "region", "verdict", "severity", "confidence", "headline"})
    link = asking.exhibits.places.report(one.report_id)
    return {**plain, "at": one.timestamp, "incident_id": one.incident_id, "link": link}
