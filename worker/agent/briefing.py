"""What a model is told of a report: the facts, short, redacted, with the ids of their evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from worker.agent.tools.result import figure
from worker.domain.evidence import Evidence
from worker.domain.redaction.redact import excerpt, redact_values
from worker.domain.report import Candidate, Report
from worker.domain.text import one_line
from worker.domain.window import Window, iso
from worker.domain.wording import cause_in_words

Json = dict[str, Any]

LONGEST_SENTENCES = 700
LONGEST_NAME = 120
LONGEST_RESULT = 420
LONGEST_BRIEFING = 9_000
MOST_CANDIDATES = 4
MOST_GAPS = 5
MOST_SIMILAR = 3
MOST_ITEMS = 4


def briefing(report: Report) -> Json:
    """At most LONGEST_BRIEFING characters as JSON: the results of the last evidence are left out first."""
    return with_results(redact_values(_facts(report)), report.evidence)


def with_results(told: Json, evidence: Sequence[Evidence]) -> Json:
    """`told["evidence"]` with what each found, as far as there is room."""
    results = {item.id: redact_values(_result(item)) for item in evidence}
    for row in told["evidence"]:
        row["result"] = results[row["id"]]
    for row in reversed(told["evidence"]):
        if len(json.dumps(told, ensure_ascii=False)) <= LONGEST_BRIEFING:
            break
        row["result"] = "left out for its length"
    return told


def _facts(report: Report) -> Json:
    sections = report.sections
    return {
        "scope": {"service": short_name(report.service), "region": short_name(report.region)},
        "window": span_of(report.window),
        "baseline": span_of(report.baseline),
        "verdict": report.verdict.value,
        "severity": report.severity.value,
        "alert": short_name(report.alert.title or report.alert.rule_name),
        "overview": short_text(sections.overview),
        "user_impact": short_text(sections.user_impact),
        "carbon_compute_impact": short_text(sections.carbon_compute_impact),
        "business_impact": short_text(sections.business_impact),
        "deployment_correlation": short_text(sections.deployment_correlation),
        "recommendations": [short_text(text) for text in sections.recommendations[:MOST_ITEMS]],
        "candidates": [_candidate(one, report) for one in report.candidates[:MOST_CANDIDATES]],
        "evidence": listed(report.evidence),
        "not_known": [short_name(f"{gap.what}: {gap.reason}") for gap in report.gaps[:MOST_GAPS]],
        "similar_incidents": [
            {"title": short_name(one.title), "at": iso(one.at), "why": short_name(one.why)}
            for one in report.similar_incidents[:MOST_SIMILAR]
        ],
    }


def listed(evidence: Sequence[Evidence]) -> list[Json]:
    return [{"id": one.id, "title": short_name(one.title), "window": span_of(one.window)} for one in evidence]


def _candidate(one: Candidate, report: Report) -> Json:
    return {
        "number": one.rank,
        "cause": short_text(cause_in_words(one, reported=(report.service, report.region))),
        "confidence": round(one.confidence, 2),
        "evidence": one.evidence,
        "for": short_text(one.reason),
        "against": short_text(one.against or ""),
        "to_settle_it": short_text(one.check),
    }


def _result(item: Evidence) -> Any:
    """The figures, without what would be too long: of a list the first items, of a text its beginning."""
    shortened = _shortened(item.result, depth=0)
    return shortened if len(json.dumps(shortened, ensure_ascii=False)) <= LONGEST_RESULT else _first_of(shortened)


def _first_of(result: Any) -> Any:
    """As many of the first figures as there is room for."""
    kept: Json = {}
    for name, value in result.items():
        kept[name] = value
        if len(json.dumps(kept, ensure_ascii=False)) > LONGEST_RESULT:
            del kept[name]
    return kept


def _shortened(value: Any, *, depth: int) -> Any:
    if isinstance(value, Mapping):
        items = list(value.items())[: MOST_ITEMS * 2]
        return {
            short_name(str(name)): _shortened(item, depth=depth + 1)
            for name, item in items
            if depth < 3 and item not in (None, [], {})
        }
    if isinstance(value, list | tuple):
        return [_shortened(item, depth=depth + 1) for item in value[:MOST_ITEMS] if depth < 3]
    if isinstance(value, str):
        return short_name(value)
    return figure(value) if isinstance(value, float) else value


def short_text(text: str) -> str:
    return excerpt(one_line(text), LONGEST_SENTENCES)


def short_name(text: str | None) -> str | None:
    return None if text is None else excerpt(one_line(text), LONGEST_NAME)


def span_of(window: Window) -> list[str]:
    return [iso(window.start), iso(window.end)]
