"""Which past alerts a replay takes: by their own record and by their report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from worker.domain.window import parse_time
from worker.ports import AlertRecord
from worker.replay.model import Choice, Planned
from worker.replay.ports import OriginalReports, PastAlerts

Head = Mapping[str, Any]


def select(choice: Choice, alerts: PastAlerts, reports: OriginalReports) -> Iterator[Planned]:
    """By the alerts' dates. Replays and backtests leave no record among the alerts, so they are never selected.

    An alert without a report (it failed, or still waits) has no verdict and no severity, and is of the service or
    region that its rule grouped by. Raises EvidenceUnavailable.
    """
    left = choice.limit
    for records in alerts.pages(choice):
        heads = reports.heads([record.report_id for record in records if record.report_id])
        for record in records:
            planned = _planned(record, heads.get(record.report_id or ""), choice)
            if planned is None:
                continue
            if left is not None and left <= 0:
                return
            left = None if left is None else left - 1
            yield planned


def unknown_ids(choice: Choice, alerts: PastAlerts) -> tuple[str, ...]:
    """Those of the ids asked for that no recorded alert has, whatever else is asked. Raises EvidenceUnavailable."""
    if not choice.ids:
        return ()
    known = {record.alert_id for records in alerts.pages(Choice(ids=choice.ids)) for record in records}
    return tuple(one for one in dict.fromkeys(choice.ids) if one not in known)


def _planned(record: AlertRecord, head: Head | None, choice: Choice) -> Planned | None:
    if record.alert is None or not (_fits(head, choice) if head else _fits_unreported(record, choice)):
        return None
    return Planned(
        alert_id=record.alert_id,
        alert=record.alert,
        original=record.report_id if head else None,
        known_by=known_by(head) if head else None,
    )


def _fits(head: Head, choice: Choice) -> bool:
    names = ("service", "region", "verdict", "severity")
    return all(_is_among(head.get(name), getattr(choice, name)) for name in names)


def _fits_unreported(record: AlertRecord, choice: Choice) -> bool:
    assert record.alert is not None
    names = {record.alert.instance, *(name.strip() for name in record.alert.group.split(","))}
    wanted = (choice.service, choice.region)
    return not (choice.verdict or choice.severity) and all(not any_of or names & set(any_of) for any_of in wanted)


def _is_among(value: Any, wanted: Sequence[str]) -> bool:
    return not wanted or value in wanted


def known_by(report: Head) -> datetime:
    """What was written later, the investigation that the report came of did not take into account.

    A report of a version that did not keep that could know what had been written when it was begun.
    """
    if kept := report.get("known_by"):
        return parse_time(str(kept))
    seconds = sum((report.get("timings") or {}).values())
    return parse_time(str(report["created_at"])) - timedelta(seconds=seconds)
