"""The record of an incident, and what is noted in it, as columns of ServiceNow's incident table. All text is plain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from worker.delivery.words import course, cut, ending, impact_in_a_line, not_known, opening, report_url, subject
from worker.domain.incident import Incident
from worker.domain.notice import Notice
from worker.domain.severity import Severity
from worker.domain.terms import section_label
from worker.domain.text import one_line
from worker.domain.wording import cause_in_words, confidence_in_words

# Impact and urgency, from 1 (high) to 3 (low): of the two ServiceNow makes the priority.
URGENCY = {Severity.LOW: (3, 3), Severity.MEDIUM: (2, 2), Severity.HIGH: (2, 1), Severity.CRITICAL: (1, 1)}
IN_PROGRESS, RESOLVED, CLOSED, CANCELED = "2", "6", "7", "8"
LONGEST_SHORT_DESCRIPTION = 160
LONGEST_TEXT = 4_000
LONGEST_LINE = 600
MOST_ITEMS = 4
# Between these, a journal shows HTML.
CODE = re.compile(r"\[(/?)code\]", re.IGNORECASE)


def record(notice: Notice, *, public_url: str) -> dict[str, Any]:
    incident = notice.incident
    return {
        "correlation_id": incident.incident_id,
        "correlation_display": told_up_to(notice.revision),
        "short_description": short_description(incident),
        "description": description(notice, public_url=public_url),
        **urgency(incident),
    }


def told_up_to(revision: int) -> str:
    """Written with every note, in the same call: a repeated update sees that it was made."""
    return f"SpikeTrace update {revision}"


def revision_of(correlation_display: str) -> int:
    found = re.fullmatch(r"SpikeTrace update (\d+)", correlation_display)
    return int(found[1]) if found else 0


def short_description(incident: Incident) -> str:
    return cut(subject(incident), LONGEST_SHORT_DESCRIPTION)


def urgency(incident: Incident) -> dict[str, str]:
    impact, urgent = URGENCY[incident.severity]
    return {"impact": str(impact), "urgency": str(urgent)}


def description(notice: Notice, *, public_url: str) -> str:
    """From what is broken, since when, how bad and why, to where the proof is."""
    report = notice.report
    page = report_url(public_url, report)
    sections = [
        [report.sections.overview.strip() or opening(notice.incident)],
        [f"Impact: {impact_in_a_line(report.impact).removeprefix('Impact: ')}"],
        list(_cause(notice)),
        _listed(section_label("recommendations", "Recommendations"), report.sections.recommendations),
        _listed("Not known", not_known(report)),
    ]
    texts = ["\n".join(_plain(line) for line in section) for section in sections if section]
    return _fitted("\n\n".join(texts), f"The whole report: {page}")


def work_note(notice: Notice, *, public_url: str) -> str:
    told = "\n".join(_plain(sentence) for sentence in course(notice))
    return _fitted(told, f"The report: {report_url(public_url, notice.report)}")


def close_notes(notice: Notice) -> str:
    said = ending(notice.incident, notice.report)
    return cut(_plain(f"{said[:1].upper()}{said[1:]}. {_named_cause(notice)}"), LONGEST_TEXT)


def _named_cause(notice: Notice) -> str:
    cause = notice.incident.root_cause
    return f"Cause: {cause_in_words(cause)}." if cause else "The cause is not known."


def _cause(notice: Notice) -> Iterator[str]:
    candidates = notice.report.candidates[:MOST_ITEMS]
    if not candidates:
        yield _named_cause(notice)
        return
    yield "Cause, the likeliest first:"
    for candidate in candidates:
        confidence = confidence_in_words(candidate.confidence)
        yield f"- {cause_in_words(candidate)}; confidence {confidence}: {candidate.reason}"


def _listed(title: str, texts: list[str]) -> list[str]:
    entries = [f"- {text}" for text in texts[:MOST_ITEMS] if text.strip()]
    return [f"{title}:", *entries] if entries else []


def _plain(text: str) -> str:
    return CODE.sub(r"(\1code)", cut(one_line(text[: 10 * LONGEST_LINE]), LONGEST_LINE))


def _fitted(text: str, last: str) -> str:
    """As much of the text as the column holds, and the last line in any case."""
    return f"{cut(text, LONGEST_TEXT - len(last) - 2)}\n\n{last}"
