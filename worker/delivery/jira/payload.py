"""The issue of an incident, as fields of Jira's create call. The description is in Atlassian Document Format.

That format is a tree: what telemetry says stands in text nodes, and cannot become anything but text
(https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from worker.delivery.words import cut, report_url, subject
from worker.domain.evidence import Evidence
from worker.domain.incident import Incident
from worker.domain.report import Candidate, Report
from worker.domain.severity import Severity
from worker.domain.text import one_line, pieces
from worker.domain.wording import ImpactGroup, cause_in_words, impact_groups

Node = dict[str, Any]

PRIORITIES = {
    Severity.LOW: "Low",
    Severity.MEDIUM: "Medium",
    Severity.HIGH: "High",
    Severity.CRITICAL: "Highest",
}
LONGEST_SUMMARY = 255
# A description holds 32,767 characters in all; these keep the longest possible one below that, markup included.
LONGEST_PARAGRAPH = 1500
LONGEST_CELL = 120
LONGEST_ITEM = 400
MOST_CITATIONS = 8
MOST_ITEMS = 4
MOST_EVIDENCE = 10
WEB_LINK = re.compile(r"https?://", re.IGNORECASE)


def label_of(incident: Incident) -> str:
    """By which an issue is found again, whatever else is changed in it."""
    return f"spiketrace-{incident.incident_id}"


def issue_fields(
    incident: Incident, report: Report, *, project: str, issue_type: str, public_url: str
) -> dict[str, Any]:
    return {
        "project": {"key": project},
        "issuetype": {"name": issue_type},
        "summary": cut(subject(incident), LONGEST_SUMMARY),
        "description": description(incident, report, public_url=public_url),
        "labels": ["spiketrace", label_of(incident)],
        "priority": {"name": PRIORITIES[incident.severity]},
    }


def description(incident: Incident, report: Report, *, public_url: str) -> Node:
    page = report_url(public_url, report)
    content = [
        _prose(report.sections.overview, page),
        _heading("Impact"),
        _impact(report),
        _heading("Cause and evidence"),
        *_cause(report, page),
        *_list("orderedList", "Recommendations", report.sections.recommendations, page),
        *_list("bulletList", "Not known", (f"{gap.what}: {gap.reason}. {gap.effect}" for gap in report.gaps), page),
        _about(incident, report, page),
    ]
    return {"type": "doc", "version": 1, "content": content}


def _cause(report: Report, page: str) -> list[Node]:
    """The candidates with what speaks for and against each, the cause first; then what was read."""
    ranked = [_inline(_ranked(candidate), page, LONGEST_ITEM) for candidate in report.candidates[:MOST_ITEMS]]
    return [
        *([_prose(_unranked(report), page)] if report.root_cause is None or not ranked else []),
        *([_items("orderedList", ranked)] if ranked else []),
        *([_evidence(report.evidence[:MOST_EVIDENCE], page)] if report.evidence else []),
    ]


def _unranked(report: Report) -> str:
    if report.root_cause:
        return f"{cause_in_words(report.root_cause)}."
    return "The cause is not known; the nearest explanations:" if report.candidates else "The cause is not known."


def _ranked(candidate: Candidate) -> str:
    against = f" Against it: {candidate.against}" if candidate.against else ""
    return f"{cause_in_words(candidate)}; confidence {candidate.confidence:.2f}: {candidate.reason}{against}"


def _evidence(exhibits: list[Evidence], page: str) -> Node:
    return _items("bulletList", [_exhibit(exhibit, page) for exhibit in exhibits])


def _exhibit(exhibit: Evidence, page: str) -> list[Node]:
    named = [_link(exhibit.id, f"{page}#{exhibit.id}"), _text(f" {cut(one_line(exhibit.title), LONGEST_CELL)}")]
    if exhibit.link and WEB_LINK.match(exhibit.link) and len(exhibit.link) <= LONGEST_ITEM:
        return [*named, _text(" "), _link("Kibana", exhibit.link)]
    return named


def _list(kind: str, title: str, texts: Iterable[str], page: str) -> list[Node]:
    items = [_inline(text, page, LONGEST_ITEM) for text in list(texts)[:MOST_ITEMS] if text.strip()]
    return [_heading(title), _items(kind, items)] if items else []


def _about(incident: Incident, report: Report, page: str) -> Node:
    rule = f" · rule “{cut(one_line(report.alert.rule_name), LONGEST_CELL)}”" if report.alert.rule_name else ""
    return _paragraph([_link("The whole report", page), _text(f" · incident {incident.incident_id}{rule}")])


def _impact(report: Report) -> Node:
    rows = [row for group in impact_groups(report.impact) for row in _impact_rows(group)]
    return {
        "type": "table",
        "content": [
            _row("tableHeader", ["Impact on", "Figure", "Likely", "90 % interval"]),
            *(_row("tableCell", row) for row in rows),
        ],
    }


def _impact_rows(group: ImpactGroup) -> list[list[str]]:
    name = f"{group.name} ({group.basis})" if group.basis else group.name
    known = [[name, label, figure.likely, figure.interval or ""] for label, figure in group.figures]
    unknown = [[group.name, label, "not measured", ""] for label in group.unknown]
    return [*known, *unknown]


def _row(kind: str, cells: list[str]) -> Node:
    return {"type": "tableRow", "content": [{"type": kind, "content": [_cell(text)]} for text in cells]}


def _cell(text: str) -> Node:
    return _paragraph([_text(cut(one_line(text), LONGEST_CELL))] if text else [])


def _heading(text: str) -> Node:
    return {"type": "heading", "attrs": {"level": 3}, "content": [_text(text)]}


def _prose(text: str, page: str) -> Node:
    return _paragraph(_inline(text, page, LONGEST_PARAGRAPH))


def _paragraph(content: list[Node]) -> Node:
    return {"type": "paragraph", "content": content}


def _items(kind: str, items: list[list[Node]]) -> Node:
    return {"type": kind, "content": [{"type": "listItem", "content": [_paragraph(item)]} for item in items]}


def _inline(text: str, page: str, limit: int) -> list[Node]:
    """Words as text, and citations such as [e1 e2] as links to the report's evidence."""
    nodes: list[Node] = []
    words, citations = "", 0
    for piece in pieces(cut(one_line(text[: 10 * limit]), limit)):
        citations += len(piece.evidence)
        if piece.evidence and citations <= MOST_CITATIONS:
            nodes += [_text(words)] if words else []
            nodes += [_link(f"[{name}]", f"{page}#{name}") for name in piece.evidence]
            words = ""
        else:
            words += piece.text
    return [*nodes, _text(words)] if words else nodes


def _link(text: str, address: str) -> Node:
    return _text(text, {"type": "link", "attrs": {"href": address}})


def _text(text: str, *marks: Node) -> Node:
    return {"type": "text", "text": text, **({"marks": list(marks)} if marks else {})}
