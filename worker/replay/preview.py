"""What a replay would run, without running it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from worker.domain.window import iso
from worker.replay.model import Choice, Planned
from worker.replay.ports import OriginalReports, PastAlerts
from worker.replay.selection import select, unknown_ids
from worker.replay.summary import Summary, document


@dataclass(frozen=True)
class Preview:
    """`unknown`: ids that were asked for and that no recorded alert has."""

    chosen: list[Planned]
    unknown: tuple[str, ...] = ()

    @property
    def without_report(self) -> int:
        return sum(one.original is None for one in self.chosen)


def preview(choice: Choice, alerts: PastAlerts, reports: OriginalReports) -> Preview:
    """Raises EvidenceUnavailable."""
    return Preview(list(select(choice, alerts, reports)), unknown_ids(choice, alerts))


def preview_document(found: Preview) -> dict[str, Any]:
    """As the document of a replay that has run nothing, with each alert that would run."""
    return {
        **document(None, Summary(alerts=len(found.chosen), unknown=found.unknown)),
        "would_run": [_line(one) for one in found.chosen],
    }


def _line(one: Planned) -> Mapping[str, Any]:
    alert = one.alert
    return {
        "alert_id": one.alert_id,
        "date": iso(alert.date),
        "rule_id": alert.rule.id,
        "rule_name": alert.rule.name,
        "group": alert.group or alert.instance,
        "report_id": one.original,
    }
