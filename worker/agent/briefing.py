"""What a model is told of a report: the facts, short, redacted, with the ids of their evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

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
    told: Json = redact_values(_facts(report))
    results = {item.id: redact_values(_result(item)) for item in report.evidence}
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
        "scope": {"service": _name(report.service), "region": _name(report.region)},
        "window": _span(report.window),
        "baseline": _span(report.baseline),
        "verdict": report.verdict.value,
        "severity": report.severity.value,
        "alert": _name(report.alert.title or report.alert.rule_name),
        "overview": _text(sections.overview),
        "user_impact": _text(sections.user_impact),
        "carbon_compute_impact": _text(sections.carbon_compute_impact),
        "business_impact": _text(sections.business_impact),
        "deployment_correlation": _text(sections.deployment_correlation),
        "recommendations": [_text(text) for text in sections.recommendations[:MOST_ITEMS]],
        "candidates": [_candidate(one, report) for one in report.candidates[:MOST_CANDIDATES]],
        "evidence": [{"id": one.id, "title": _name(one.title), "window": _span(one.window)} for one in report.evidence],
        "not_known": [_name(f"{gap.what}: {gap.reason}") for gap in report.gaps[:MOST_GAPS]],
        "similar_incidents": [
            {"title": _name(one.title), "at": iso(one.at), "why": _name(one.why)}
            for one in report.similar_incidents[:MOST_SIMILAR]
        ],
    }


def _candidate(one: Candidate, report: Report) -> Json:
    return {
        "number": one.rank,
        "cause": _text(cause_in_words(one, reported=(report.service, report.region))),
        "confidence": round(one.confidence, 2),
        "evidence": one.evidence,
        "for": _text(one.reason),
        "against": _text(one.against or ""),
        "to_settle_it": _text(one.check),
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
            _name(str(name)): _shortened(item, depth=depth + 1)
            for name, item in items
            if depth < 3 and item not in (None, [], {})
        }
    if isinstance(value, list | tuple):
        return [_shortened(item, depth=depth + 1) for item in value[:MOST_ITEMS] if depth < 3]
    return _name(value) if isinstance(value, str) else _rounded(value)


def _rounded(value: Any) -> Any:
    """To four figures, which is more than a sentence tells."""
    return float(f"{value:.4g}") if isinstance(value, float) and abs(value) < 10_000 else value


def _text(text: str) -> str:
    return excerpt(one_line(text), LONGEST_SENTENCES)


def _name(text: str | None) -> str | None:
    return None if text is None else excerpt(one_line(text), LONGEST_NAME)


def _span(window: Window) -> list[str]:
    return [iso(window.start), iso(window.end)]
