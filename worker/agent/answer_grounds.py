"""What an answer's words may rest on, in the form that texts are checked against: that of a report.

Where the answer explains a report, it is that report. Otherwise there is no cause, and the lowest severity that is on
record is the highest of the incidents that are told of: so words of another, or of a cause, do not stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from worker.agent.grounding.ground import Grounded, Sentence, ground
from worker.answering.answer import SIX, Answer
from worker.domain.evidence import Evidence
from worker.domain.report import AlertSummary, Impact, Narrative, Report, SimilarIncident, Verdict
from worker.domain.severity import Severity
from worker.domain.window import Window

SUPPORTING = frozenset({"number", "time", "quotation", "cause", "direction"})


def grounds(answer: Answer, evidence: Sequence[Evidence], names: Iterable[str], window: Window) -> Report:
    """`evidence` is all that may be cited; `names` are those of other services, so that these are known for that."""
    known = [*(_in_rows(item, answer) for item in evidence), *_uncitable(answer, names, window)]
    if answer.explained:
        return answer.explained.model_copy(update={"evidence": known})
    return _without_cause(answer, known, window)


def _in_rows(item: Evidence, answer: Answer) -> Evidence:
    """Evidence of an answer's own (`worker.answering`), its figures by the names that a report's evidence has."""
    match item.result:
        case {"total_grams": float(total), **rest}:
            grams = rest.get("grams") or {}
            before = "co2_grams_before" if "before" in item.title else "co2_grams_window"
            rows = [{before: total}, *(_emitted(name, value, total, answer) for name, value in grams.items())]
        case {"lines": int(), "errors": int()}:
            rows = [{"service": answer.understood.service, "region": answer.understood.region, **item.result}]
        case {"errors": dict(types)} if all(isinstance(count, int) for count in types.values()):
            rows = [{"name": name, "in_window": count} for name, count in types.items()]
        case _:
            return item
    return item.model_copy(update={"result": {"rows": rows}})


def _emitted(name: str, grams: float, total: float, answer: Answer) -> dict[str, Any]:
    return {
        answer.understood.by: name,
        "co2_grams_window": grams,
        "share_of_co2_window": grams / total if total else 0.0,
    }


def _uncitable(answer: Answer, names: Iterable[str], window: Window) -> list[Evidence]:
    results: dict[str, dict[str, Any]] = {"services": {"names": sorted(set(names))}}
    results["records"] = {"rows": [_named(one) for one in (*answer.incidents, *answer.reports)]}
    return [
        Evidence(id=name, title=name.capitalize(), index="", query={}, window=window, result=result)
        for name, result in results.items()
    ]


def _named(document: dict[str, Any]) -> dict[str, Any]:
    record_id = document.get("incident_id") or document.get("report_id")
    kept = {name: value for name, value in document.items() if isinstance(value, str | int | float) and name != "link"}
    return {**kept, "name": record_id}


def _without_cause(answer: Answer, evidence: list[Evidence], window: Window) -> Report:
    asked = answer.understood
    return Report.model_validate(
        {
            "report_id": "question",
            "alert_id": "question",
            "@timestamp": window.end,
            "created_at": window.end,
            "profile": "",
            "alert": _no_alert(window.end),
            "service": asked.service,
            "region": asked.region,
            "signal": None,
            "window": window,
            "baseline": Window.before(window.start, window.length),
            "verdict": Verdict.INCONCLUSIVE,
            "severity": _severity(answer),
            "severity_reasons": [],
            "confidence": None,
            "root_cause": None,
            "candidates": [],
            "impact": Impact(),
            "headline": "",
            "sections": dict.fromkeys(SIX, "") | {"recommendations": []},
            "evidence": evidence,
            "gaps": [],
            "similar_incidents": [_past(one) for one in answer.incidents if isinstance(one.get("began"), datetime)],
            "narrative": Narrative(),
            "charts": [],
        }
    )


def _severity(answer: Answer) -> Severity:
    known = {one.value: one for one in Severity}
    found = [known[one["severity"]] for one in (*answer.incidents, *answer.reports) if one.get("severity") in known]
    return max(found, key=lambda severity: severity.rank, default=Severity.LOW)


def _no_alert(date: datetime) -> AlertSummary:
    return AlertSummary(rule_id="", rule_name="", instance="", title="", conditions="", value=None, date=date, link="")


def _past(document: dict[str, Any]) -> SimilarIncident:
    return SimilarIncident(
        id=str(document.get("incident_id") or ""),
        title=str(document.get("title") or ""),
        at=document["began"],
        service=document.get("service"),
        region=document.get("region"),
        status=document.get("status"),
        why="",
    )


def answer_grounding(report: Report) -> partial[Grounded]:
    """Of the one text that answers a question."""
    return partial(ground_answer, report=report)


def ground_answer(text: str, report: Report, *, is_advice: bool = False) -> Grounded:
    """As for a report, but stricter: a sentence stays for a figure, time, quotation, cause or direction that holds.

    An investigation has looked at what it speaks of; an answer may be about anything, so that nothing but evidence can
    stand for "all is well" or for a name.
    """
    found = ground(text, report, is_advice=is_advice)
    return Grounded(
        tuple(one if _rests_on_something(one) else replace(one, outcome="removed") for one in found.sentences)
    )


def _rests_on_something(sentence: Sentence) -> bool:
    return any(claim.holds and claim.kind in SUPPORTING for claim in sentence.claims)
