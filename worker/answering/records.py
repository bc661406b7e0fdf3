"""Deployments and reports, as they are on record."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from worker.answering.asking import Asking, Draft
from worker.answering.exhibits import REPORTS
from worker.answering.finding import reports_about
from worker.answering.saying import bullets, counted
from worker.domain.lookup import Deployed
from worker.domain.report import ReportOutline
from worker.domain.text import one_line
from worker.domain.window import Window
from worker.domain.wording import VERDICTS, confidence_in_words, scope_in_words

MOST = 20
LONGEST_ROLLOUT = timedelta(hours=2)

Change = tuple[str, str | None, str | None]


def list_deployments(asking: Asking) -> Draft:
    """Each once, by its first record in this time."""
    asking.looking("deployments and other changes")
    reading = asking.looks.changes(asking.scope, asking.window)
    found = _once(reading.rows)
    # More may be recorded than were read.
    count = len(found) + max(0, (reading.total or 0) - len(reading.rows))
    ids = [one.deployment_id for one in found[:100]]
    cite = asking.exhibits.add("Deployments", reading, {"count": count, "deployments": ids})
    asking.found(counted(count, "deployment"))
    if not found:
        return Draft([f"No deployment or other change of {asking.scope} is recorded in this time {cite}."])
    most = asking.understood.most or MOST
    shown = _as_they_stand(found[:most], asking)
    newest = f"the newest {len(shown)}" if count > len(shown) > 1 else "the newest first"
    draft = Draft([f"{counted(count, 'deployment')} of {asking.scope}, {newest} {cite}:"])
    draft.lines += bullets(shown, most, lambda one: _deployment(one, asking), count=count)
    return draft


def _once(rows: Iterable[Deployed]) -> list[Deployed]:
    """The newest first."""
    once: dict[Change, Deployed] = {}
    for row in sorted(rows, key=lambda one: one.at):
        kept = once.setdefault(_key(row), row)
        once[_key(row)] = kept.model_copy(update={"status": row.status})
    return sorted(once.values(), key=lambda one: one.at, reverse=True)


def _key(one: Deployed) -> Change:
    return one.deployment_id, one.service, one.region


def _as_they_stand(shown: list[Deployed], asking: Asking) -> list[Deployed]:
    """What was started at the end of the time may have been finished behind it."""
    end = asking.window.end
    if not shown or end >= asking.now:
        return shown
    behind = Window(start=end, end=min(asking.now, end + LONGEST_ROLLOUT))
    later = {_key(one): one.status for one in asking.looks.changes(asking.scope, behind).rows if one.status}
    return [one.model_copy(update={"status": later.get(_key(one), one.status)}) for one in shown]


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
    asking.found(counted(len(found), "report"))
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
