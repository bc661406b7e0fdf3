"""A report without the secrets that telemetry and alerts told it. The one place that every report passes."""

from __future__ import annotations

from worker.domain.evidence import Evidence
from worker.domain.redaction.redact import count_redacted, redact_values
from worker.domain.report import Report

COUNT = "redacted"


def redact_report(report: Report) -> Report:
    """Every text of it: names, sentences, queries, results. Evidence says how much of what kind was taken from it.

    What is made of a report afterwards (Markdown, page, incident, deliveries) has nothing to hide any more.
    """
    redacted = Report.model_validate(redact_values(report.model_dump(by_alias=True)))
    return redacted.model_copy(update={"evidence": [_counted(item) for item in redacted.evidence]})


def _counted(item: Evidence) -> Evidence:
    counts = count_redacted(item.result)
    return item.model_copy(update={"result": {**item.result, COUNT: counts}}) if counts else item
