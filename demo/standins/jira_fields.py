"""Which values Jira takes for an issue's fields, and what it says of the others."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from demo.standins import adf

Json = dict[str, Any]

LONGEST_SUMMARY = 255
LONGEST_TEXT = 32_767
ISSUE_TYPES = {"Task": "10001", "Bug": "10002", "Incident": "10003", "[System] Incident": "10009"}
PRIORITIES = frozenset({"Highest", "High", "Medium", "Low", "Lowest"})
TEXTS = frozenset({"description", "comment"})
REQUEST_TYPE_FIELD = "customfield_10010"
REQUIRED = {
    "project": "Specify a valid project ID or key",
    "summary": "You must specify a summary of the issue.",
    "issuetype": "Specify an issue type",
}
TOO_LONG = "The entered text is too long. It exceeds the allowed limit of 32,767 characters."


class Refused(Exception):
    """By field, or in general, what is wrong with a request."""

    def __init__(
        self,
        *messages: str,
        status: int = 400,
        errors: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(*messages)
        self.status = status
        self.headers = headers or {}
        self.body: Json = {"errorMessages": list(messages), "errors": errors or {}}


def check(fields: Json, *, version: str) -> None:
    """Raises Refused, with a sentence for each field that is wrong."""
    errors = {}
    for name, value in fields.items():
        if name not in CHECKS:
            errors[name] = f"Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."
        elif wrong := CHECKS[name](value):
            errors[name] = wrong
    if wrong := wrong_text(fields.get("description"), version=version):
        errors["description"] = wrong
    if errors:
        raise Refused(errors=errors)
    if version == "3" and "description" in fields and not adf.is_valid(fields["description"]):
        raise Refused("INVALID_INPUT")


def check_required(fields: Json) -> None:
    errors = {name: message for name, message in REQUIRED.items() if not fields.get(name)}
    if errors:
        raise Refused(errors=errors)


def wrong_text(text: Any, *, version: str) -> str | None:
    """Version 3 takes documents, version 2 strings of wiki markup."""
    if text is None:
        return None
    if version == "3" and not isinstance(text, dict):
        return "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
    if version == "2" and not isinstance(text, str):
        return "Operation value must be a string"
    size = len(text if isinstance(text, str) else json.dumps(text, ensure_ascii=False))
    return TOO_LONG if size > LONGEST_TEXT else None


def _wrong_summary(summary: Any) -> str | None:
    if len(str(summary)) > LONGEST_SUMMARY:
        return "Summary can't exceed 255 characters."
    return "The summary is invalid because it contains newline characters." if "\n" in str(summary) else None


def _wrong_issue_type(issue_type: Any) -> str | None:
    is_known = issue_type.get("name") in ISSUE_TYPES or issue_type.get("id") in ISSUE_TYPES.values()
    return None if is_known else "Specify a valid issue type"


def _wrong_priority(priority: Any) -> str | None:
    return None if priority.get("name") in PRIORITIES else "Priority name is not valid"


def _wrong_labels(labels: Any) -> str | None:
    spaced = [label for label in labels if " " in label]
    return f"The label '{spaced[0]}' contains spaces which is invalid." if spaced else None


def _anything(_: Any) -> str | None:
    """Checked elsewhere, with what the issue is like otherwise."""
    return None


CHECKS: dict[str, Callable[[Any], str | None]] = {
    "project": _anything,
    "summary": _wrong_summary,
    "issuetype": _wrong_issue_type,
    "priority": _wrong_priority,
    "labels": _wrong_labels,
    "description": _anything,
    REQUEST_TYPE_FIELD: _anything,
}
