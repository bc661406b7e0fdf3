"""The issue of an incident, and what is said of its course: as fields of Jira's calls."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from worker.delivery.jira import adf
from worker.delivery.jira.adf import LONGEST_CELL, LONGEST_ITEM, LONGEST_PARAGRAPH, Markup, Node
from worker.delivery.words import course, cut, not_known, opening, report_url, subject
from worker.domain.evidence import Evidence
from worker.domain.figures import Figure
from worker.domain.incident import Incident
from worker.domain.notice import Notice
from worker.domain.report import Candidate, Report
from worker.domain.severity import Severity
from worker.domain.terms import section_label
from worker.domain.text import first_sentence, one_line
from worker.domain.wording import ImpactGroup, cause_in_words, confidence_in_words, impact_groups

PRIORITIES = {
    Severity.LOW: "Low",
    Severity.MEDIUM: "Medium",
    Severity.HIGH: "High",
    Severity.CRITICAL: "Highest",
}
LONGEST_SUMMARY = 255
# Jira's default for a text field, jira.text.field.character.limit.
LONGEST_TEXT = 32_767
MOST_ITEMS = 4
MOST_EVIDENCE = 10
WEB_LINK = re.compile(r"https?://", re.IGNORECASE)


def label_of(incident: Incident) -> str:
    """By which an issue is found again, whatever else is changed in it."""
    return f"spiketrace-{incident.incident_id}"


def issue_fields(notice: Notice, *, project: str, issue_type: str, public_url: str, markup: Markup) -> dict[str, Any]:
    return {
        "project": {"key": project},
        "issuetype": {"name": issue_type},
        "summary": summary(notice.incident),
        "description": description(notice, public_url=public_url, markup=markup),
        "labels": ["spiketrace", label_of(notice.incident)],
        "priority": priority(notice.incident),
    }


def summary(incident: Incident) -> str:
    return cut(subject(incident), LONGEST_SUMMARY)


def priority(incident: Incident) -> dict[str, str]:
    return {"name": PRIORITIES[incident.severity]}


def mark(incident_id: str, revision: int) -> str:
    """By which it is known how much of an incident's course Jira has been told."""
    return f"SpikeTrace incident {incident_id} · update {revision}"


def revision_in(body: Any, incident_id: str) -> int:
    """The revision that a description or a comment bears at its end; 0 for what people wrote.

    Anywhere else the words may come from telemetry, which could make believe that everything has been told.
    """
    found = re.search(rf"SpikeTrace incident {re.escape(incident_id)} · update (\d+)\s*$", adf.last_text(body))
    return int(found[1]) if found else 0


def description(notice: Notice, *, public_url: str, markup: Markup) -> Any:
    """From what is broken, since when, how bad and why, to the proof; the parts at the end give way if it is long."""
    report = notice.report
    page = report_url(public_url, report)
    return _fitted(
        [
            _opening(notice, page),
            adf.heading("Impact"),
            *_impact(report),
            adf.heading("Cause and evidence"),
            *_cause(report, page),
            *_recommendations(report, page),
            *_gaps(report, page),
        ],
        adf.paragraph([adf.link("The whole report", page), adf.text(f"{_rule(report)} · {_marked(notice)}")]),
        markup,
    )


def comment(notice: Notice, *, public_url: str, markup: Markup) -> Any:
    """All that is new, in one comment; with a cause that was found, what to do about it."""
    page = report_url(public_url, notice.report)
    sentences = [adf.inline(sentence, page, LONGEST_ITEM) for sentence in course(notice)]
    told = adf.paragraph(sentences[0]) if len(sentences) == 1 else adf.items("bulletList", sentences)
    last = adf.paragraph([adf.link("The report", page), adf.text(f" · {_marked(notice)}")])
    return _fitted([told, *_first_step(notice, page)], last, markup)


def _first_step(notice: Notice, page: str) -> list[Node]:
    is_found = any(entry.event == "cause" for entry in notice.news)
    steps = notice.report.sections.recommendations
    if notice.is_over or not is_found or not steps:
        return []
    return [adf.paragraph([adf.text("Do first: ", adf.STRONG), *adf.inline(steps[0], page, LONGEST_ITEM)])]


def _fitted(blocks: list[Node], last: Node, markup: Markup) -> Any:
    """As many of the blocks as a text field holds, and the last one in any case."""
    shown = markup(adf.document([*blocks, last]))
    while blocks and _size(shown) > LONGEST_TEXT:
        blocks = _shorter(blocks)
        shown = markup(adf.document([*blocks, last]))
    return shown


def _shorter(blocks: list[Node]) -> list[Node]:
    """Without the last block, and without a heading that nothing would follow."""
    blocks = blocks[:-1]
    return _shorter(blocks) if blocks and blocks[-1]["type"] == "heading" else blocks


def _size(shown: Any) -> int:
    return len(shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False))


def _opening(notice: Notice, page: str) -> Node:
    first, rest = first_sentence(notice.report.sections.overview or opening(notice.incident))
    bold = adf.inline(first, page, LONGEST_PARAGRAPH, adf.STRONG)
    plain = adf.inline(rest, page, LONGEST_PARAGRAPH)
    return adf.paragraph([*bold, *([adf.text(" "), *plain] if plain else [])])


def _cause(report: Report, page: str) -> list[Node]:
    """The candidates with what speaks for and against each, the cause first; then what was read."""
    ranked = [adf.inline(_ranked(candidate), page, LONGEST_ITEM) for candidate in report.candidates[:MOST_ITEMS]]
    is_named = report.root_cause is not None and ranked
    return [
        *([] if is_named else [adf.paragraph(adf.inline(_unranked(report), page, LONGEST_PARAGRAPH))]),
        *([adf.items("orderedList", ranked)] if ranked else []),
        *_evidence(report.evidence[:MOST_EVIDENCE], page),
    ]


def _unranked(report: Report) -> str:
    if report.root_cause:
        return f"{cause_in_words(report.root_cause)}."
    return "The cause is not known; the nearest explanations:" if report.candidates else "The cause is not known."


def _ranked(candidate: Candidate) -> str:
    against = f" Against it: {candidate.against}" if candidate.against else ""
    confidence = confidence_in_words(candidate.confidence)
    return f"{cause_in_words(candidate)}; confidence {confidence}: {candidate.reason}{against}"


def _evidence(exhibits: list[Evidence], page: str) -> list[Node]:
    return [adf.items("bulletList", [_exhibit(exhibit, page) for exhibit in exhibits])] if exhibits else []


def _exhibit(exhibit: Evidence, page: str) -> list[Node]:
    named = [
        adf.link(exhibit.id, f"{page}#{exhibit.id}"),
        adf.text(f" {cut(one_line(exhibit.title), LONGEST_CELL)}"),
    ]
    if exhibit.link and WEB_LINK.match(exhibit.link) and len(exhibit.link) <= LONGEST_ITEM:
        return [*named, adf.text(" "), adf.link("Kibana", exhibit.link)]
    return named


def _recommendations(report: Report, page: str) -> list[Node]:
    steps = _entries(report.sections.recommendations, page)
    label = section_label("recommendations", "Recommendations")
    return [adf.heading(label), adf.tasks("recommendation", steps)] if steps else []


def _gaps(report: Report, page: str) -> list[Node]:
    unread = _entries(not_known(report), page)
    return [adf.heading("Not known"), adf.items("bulletList", unread)] if unread else []


def _entries(texts: Iterable[str], page: str) -> list[list[Node]]:
    return [adf.inline(text, page, LONGEST_ITEM) for text in list(texts)[:MOST_ITEMS] if text.strip()]


def _rule(report: Report) -> str:
    name = one_line(report.alert.rule_name)
    return f" · rule “{cut(name, LONGEST_CELL)}”" if name else ""


def _marked(notice: Notice) -> str:
    return mark(notice.incident.incident_id, notice.revision)


def _impact(report: Report) -> list[Node]:
    groups = impact_groups(report.impact)
    rows = [_impact_row(group, label, figure) for group in groups for label, figure in group.figures]
    unknown = ", ".join(f"{label[:1].lower()}{label[1:]}" for group in groups for label in group.unknown)
    return [
        *([adf.table(["Impact on", "Figure", "Likely", "90 % interval"], rows)] if rows else []),
        *([adf.paragraph([adf.text(f"Not measured: {unknown}.")])] if unknown else []),
    ]


def _impact_row(group: ImpactGroup, label: str, figure: Figure) -> list[str]:
    return [f"{group.name} ({group.basis})" if group.basis else group.name, label, figure.likely, figure.interval or ""]
