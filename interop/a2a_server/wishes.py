"""What a message of another agent asks for: by its data, or by its words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from interop.asking import ID, Investigation, Question, ReportWanted, understood
from worker.domain.asked import LONGEST_QUESTION
from worker.errors import RequestRefused

HOW = (
    'send data such as {"skill": "investigate", "service": "checkout", "region": "us-central1", "at": '
    '"2026-02-26T09:30:00Z"} or {"skill": "report", "id": "r-…"}, or the words "investigate checkout in us-central1 at '
    '2026-02-26T09:30:00Z" or "report r-…"; anything else is taken as a question'
)
_NAME = r"""(?:"(?P<{0}_quoted>[^"]+)"|`(?P<{0}_coded>[^`]+)`|(?P<{0}>\S+?))"""
_INVESTIGATE = re.compile(
    rf"(?:please\s+)?investigate\s+{_NAME.format('service')}(?:\s+in\s+{_NAME.format('region')})?"
    r"(?:\s+(?:at|as of)\s+(?P<at>\S+?))?\s*[.!]?",
    re.IGNORECASE,
)
_REPORT = re.compile(rf"(?:(?:please\s+)?(?:get\s+|show\s+)?(?:the\s+)?report\s+)?(?P<id>{ID[1:-1]})\s*", re.IGNORECASE)
_REPORT_ID = re.compile(r"(?:r-)?[0-9a-f]{32}")


Wish = Investigation | ReportWanted | Question


def wish_of(texts: Sequence[str], data: Sequence[Any]) -> Wish:
    """Data says it alone; words are for those who have none. Raises RequestRefused with what may be asked."""
    if len(data) > 1:
        raise RequestRefused(f"one thing at a time, please: {HOW}")
    if data:
        return _told_by(data[0])
    words = "\n".join(texts).strip()
    if not words or len(words) > LONGEST_QUESTION:
        raise RequestRefused(f"a message has between 1 and {LONGEST_QUESTION} characters: {HOW}")
    return _said_in(words)


def _told_by(data: Any) -> Wish:
    arguments = dict(data) if isinstance(data, dict) else {}
    match arguments.pop("skill", None):
        case "investigate":
            return understood(Investigation, arguments)
        case "report":
            return understood(ReportWanted, arguments)
        case "ask":
            return understood(Question, arguments)
        case _:
            raise RequestRefused(f"the data names no skill that there is: {HOW}")


def _said_in(words: str) -> Wish:
    if found := _INVESTIGATE.fullmatch(words):
        asked = {name: _named(found, name) for name in ("service", "region")} | {"at": found["at"]}
        return understood(Investigation, {name: value for name, value in asked.items() if value})
    if (found := _REPORT.fullmatch(words)) and (
        words.lower() != found["id"].lower() or _REPORT_ID.fullmatch(found["id"])
    ):
        return understood(ReportWanted, {"id": found["id"]})
    return Question(question=words)


def _named(found: re.Match[str], name: str) -> str | None:
    return found[f"{name}_quoted"] or found[f"{name}_coded"] or found[name]
