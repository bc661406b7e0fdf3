"""What the report's own text says, which code wrote from the evidence."""

from __future__ import annotations

from worker.agent.grounding.report.known import Known
from worker.agent.grounding.text import claims
from worker.domain.report import Report


def said(known: Known) -> frozenset[str]:
    """The template's sentences; without those that a name or a log line would have put there."""
    planted = {
        claims.plain(part)
        for name in {*known.names, *known.services, *known.regions, *known.lines}
        if " " in name.strip()
        for part in claims.sentences(name)
    } - {""}
    found = {claims.plain(one) for text in texts(known.report) for one in claims.sentences(text)}
    return frozenset(one for one in found if not any(part in one or one in part for part in planted))


def texts(report: Report) -> list[str]:
    sections = report.sections.model_dump()
    return [*(text for text in sections.values() if isinstance(text, str)), *report.sections.recommendations]
