"""What people say of a root cause: kept with the incident, as a label for evaluation."""

from __future__ import annotations

from collections.abc import Iterable

from worker.domain.incident import Feedback, HistoryEntry, Incident
from worker.domain.report import RootCause
from worker.errors import IncidentUnknown
from worker.ports import IncidentLedger, ReportStore

# A channel of thousands may press a button each; what is kept stays readable.
MOST = 200


def judge(incident_id: str, said: Feedback, *, incidents: IncidentLedger, reports: ReportStore) -> Incident:
    """The incident with what was said; one word a person and report, of which the latest counts.

    `said.root_cause` is replaced by the report's own. What is repeated, or older than what that person has said since,
    changes nothing. Raises IncidentUnknown and EvidenceUnavailable.
    """
    report = reports.get(said.report_id)

    def judged(incident: Incident) -> Incident:
        if report is None or said.report_id not in incident.report_ids:
            raise IncidentUnknown(f"the incident {incident_id} has no report {said.report_id}")
        found = said.model_copy(update={"root_cause": report.root_cause})
        known = _of_the_same(said, incident)
        if known and (known.at >= said.at or known.right == said.right):
            return incident
        others = [one for one in incident.feedback if one is not known]
        changes: dict[str, object] = {"feedback": [*others, found][-MOST:]}
        # Somebody who changes his mind for ever does not fill the history.
        if sum(entry.event == "judged" for entry in incident.history) < MOST:
            entry = HistoryEntry(at=said.at, event="judged", reason=_sentence(said))
            changes["history"] = [*incident.history, entry]
        return incident.model_copy(update=changes)

    try:
        return incidents.update(incident_id, judged)
    except KeyError:
        raise IncidentUnknown(f"there is no incident {incident_id}") from None


def confirmed_cause(feedback: Iterable[Feedback]) -> RootCause | None:
    """The root cause that the latest thumbs-up calls right, unless somebody has called the same one wrong since."""
    latest = sorted(feedback, key=lambda one: one.at)
    for position in range(len(latest) - 1, -1, -1):
        one = latest[position]
        denied = any(not later.right and later.root_cause == one.root_cause for later in latest[position + 1 :])
        if one.right and one.root_cause and one.root_cause.service and not denied:
            return one.root_cause
    return None


def _of_the_same(said: Feedback, incident: Incident) -> Feedback | None:
    return next((one for one in incident.feedback if (one.by, one.report_id) == (said.by, said.report_id)), None)


def _sentence(said: Feedback) -> str:
    return f"{said.by} said that the root cause is {'right' if said.right else 'wrong'}."
