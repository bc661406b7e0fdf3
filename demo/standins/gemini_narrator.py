"""What the stand-in for Gemini writes by itself: it asks for one look, then tells the evidence it was given, truly."""

from __future__ import annotations

import json
import re
from typing import Any

Json = dict[str, Any]

BLOCK = re.compile(r"DATA (\w+) BEGINS[^\n]*\n(.*)\nDATA \1 ENDS", re.DOTALL)


def parts(body: Json) -> list[Json]:
    """The parts of the answer to one request."""
    contents = body.get("contents", [])
    told = _told(contents)
    if told is None:
        return [{"text": "There is no evidence to tell of."}]
    if body.get("tools") and len(contents) == 1 and (start := _window(told)):
        return [{"functionCall": {"name": "error_rate_by_service", "args": {"start": start[0], "end": start[1]}}}]
    if "question" in told:
        return [{"text": json.dumps({"answer": " ".join(_found(contents))}, ensure_ascii=False)}]
    return [{"text": json.dumps(narrative(told, _found(contents)[:1]), ensure_ascii=False)}]


def _told(contents: list[Json]) -> Json | None:
    texts = [part.get("text", "") for content in contents[:1] for part in content.get("parts", [])]
    found = BLOCK.search("\n".join(texts))
    return json.loads(found[2]) if found else None


def _window(told: Json) -> list[str] | None:
    window = told.get("window") or told.get("readable")
    return window if isinstance(window, list) and len(window) == 2 else None


def _found(contents: list[Json]) -> list[str]:
    """What the look has found, in sentences."""
    answers = [part["functionResponse"]["response"] for part in contents[-1]["parts"] if "functionResponse" in part]
    block = BLOCK.search(str(answers[0].get("result", ""))) if answers else None
    rows = json.loads(block[2])["rows"] if block else []
    return [
        f"{row['service']} in {row.get('region', 'all regions')} logged {row['errors']} errors [t1]."
        for row in rows[:3]
        if row.get("errors")
    ]


def narrative(told: Json, seen: list[str]) -> Json:
    """Sentences that say again, in other words, what the evidence says, and what a look has `seen`."""
    candidates = told.get("candidates") or []
    first = candidates[:1]
    return {
        "overview": " ".join(_overview(told, first, seen)),
        "reasoning": " ".join(_reasoning(candidates)),
        "recommendations": [f"Look at what settles it: {_first(one['to_settle_it'])} {_cited(one)}" for one in first],
        "ranking": [],
    }


def _overview(told: Json, first: list[Json], seen: list[str]) -> list[str]:
    scope = told["scope"]
    where = " in ".join(name for name in (scope["service"], scope["region"]) if name) or "all services"
    cause = [
        f"The cause in {where} is {_cause(one)} {_cited(one)}." for one in first if told["verdict"] == "root_cause"
    ]
    impact = [_sentence(told[name]) for name in ("user_impact", "carbon_compute_impact")]
    return [*cause, *filter(None, impact), *seen]


def _sentence(text: str) -> str:
    """The first one that cites evidence, with it."""
    found = re.match(r"[^\[]*\[[e\d ]+\]\.?", text)
    return f"{found[0].rstrip('.')}." if found else ""


def _reasoning(candidates: list[Json]) -> list[str]:
    told = [f"For {_cause(one)} speaks: {_first(one['for'])} {_cited(one)}." for one in candidates[:2]]
    return told + [
        f"Against {_cause(one)} speaks: {_first(one['against'])}." for one in candidates[:1] if one["against"]
    ]


def _cause(one: Json) -> str:
    cause = str(one["cause"])
    return cause[:1].lower() + cause[1:]


def _first(text: str) -> str:
    """Without what would end the sentence too early."""
    return re.split(r"[;.](?=\s)", text.strip())[0].rstrip(". ")


def _cited(one: Json) -> str:
    return f"[{' '.join(one['evidence'])}]" if one["evidence"] else ""
