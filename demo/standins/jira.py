"""Jira Cloud's REST interface, version 3, as far as an incident needs it, with its rules and its error bodies.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import time
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from demo.standins import adf

LONGEST_SUMMARY = 255
LONGEST_TEXT = 32_767
ISSUE_TYPES = frozenset({"Task", "Bug", "Incident"})
PRIORITIES = frozenset({"Highest", "High", "Medium", "Low", "Lowest"})
TRANSITIONS = {"11": "To Do", "21": "In Progress", "31": "Done"}
REQUIRED = {
    "project": "Specify a valid project ID or key",
    "summary": "You must specify a summary of the issue.",
    "issuetype": "Specify an issue type",
}
LABEL = re.compile(r'labels\s*=\s*"?([^"\s]+)"?', re.IGNORECASE)
PROJECT = re.compile(r'project\s*=\s*"?([^"\s]+)"?', re.IGNORECASE)

Json = dict[str, Any]


class Issue(BaseModel):
    id: str
    key: str
    fields: Json
    created_at: float = Field(default_factory=time.time)
    indexed_at: float
    comments: list[Json] = Field(default_factory=list)


class Refused(Exception):
    """By field, or in general, what is wrong with a request."""

    def __init__(self, *messages: str, status: int = 400, errors: dict[str, str] | None = None) -> None:
        super().__init__(*messages)
        self.status = status
        self.body = {"errorMessages": list(messages), "errors": errors or {}}


class Jira:
    """The issues of one project. Search shows an issue only `search_lag_seconds` after it was created."""

    def __init__(self, *, url: str, project: str, search_lag_seconds: float) -> None:
        self.issues: dict[str, Issue] = {}
        self._url = url
        self._project = project
        self._lag_seconds = search_lag_seconds

    def create(self, body: Json) -> Json:
        fields = body.get("fields")
        if not isinstance(fields, dict):
            raise Refused("fields is required")
        self._check(fields)
        number = len(self.issues) + 1
        issue = Issue(
            id=str(10_000 + number),
            key=f"{self._project}-{number}",
            fields={**fields, "status": {"name": "To Do"}},
            indexed_at=time.monotonic() + self._lag_seconds,
        )
        self.issues[issue.key] = issue
        return self._named(issue)

    def _named(self, issue: Issue) -> Json:
        return {"id": issue.id, "key": issue.key, "self": f"{self._url}/rest/api/3/issue/{issue.id}"}

    def _check(self, fields: Json) -> None:
        errors = {name: message for name, message in REQUIRED.items() if not fields.get(name)}
        for name, check in CHECKS.items():
            if name not in errors and name in fields and (error := check(fields[name])):
                errors[name] = error
        if "project" not in errors and fields["project"].get("key") != self._project:
            errors["project"] = REQUIRED["project"]
        if errors:
            raise Refused(errors=errors)
        if "description" in fields and not adf.is_valid(fields["description"]):
            raise Refused("INVALID_INPUT")

    def search(self, body: Json) -> Json:
        jql = str(body.get("jql", ""))
        label, project = LABEL.search(jql), PROJECT.search(jql)
        if not label and not project:
            raise Refused("Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
        reconciled = {str(issue_id) for issue_id in body.get("reconcileIssues", [])}
        found = [
            issue
            for issue in self.issues.values()
            if (issue.indexed_at <= time.monotonic() or issue.id in reconciled)
            and (not label or label[1] in issue.fields.get("labels", []))
            and (not project or project[1] == self._project)
        ]
        shown = [self._hit(issue, body.get("fields", [])) for issue in found[: int(body.get("maxResults", 50))]]
        return {"issues": shown, "isLast": True}

    def _hit(self, issue: Issue, wanted: list[str]) -> Json:
        """Without `fields` a hit is its id alone."""
        if not wanted:
            return {"id": issue.id}
        return {**self._named(issue), "fields": {name: issue.fields.get(name) for name in wanted}}

    def get(self, key: str) -> Issue:
        for issue in self.issues.values():
            if key in (issue.key, issue.id):
                return issue
        raise Refused("Issue does not exist or you do not have permission to see it.", status=404)

    def comment(self, key: str, body: Json) -> Json:
        issue = self.get(key)
        if not adf.is_valid(body.get("body")):
            raise Refused(errors={"comment": "Comment body is not valid!"})
        comment = {"id": str(20_000 + len(issue.comments)), "body": body["body"]}
        issue.comments.append(comment)
        return comment

    def transition(self, key: str, body: Json) -> None:
        issue = self.get(key)
        transition = body.get("transition", {}).get("id")
        if transition not in TRANSITIONS:
            raise Refused("It seems that you have tried to perform a workflow operation that is not valid.")
        issue.fields["status"] = {"name": TRANSITIONS[transition]}


def _wrong_summary(summary: Any) -> str | None:
    if len(str(summary)) > LONGEST_SUMMARY:
        return "Summary can't exceed 255 characters."
    return "The summary is invalid because it contains newline characters." if "\n" in str(summary) else None


def _wrong_issue_type(issue_type: Any) -> str | None:
    return None if issue_type.get("name") in ISSUE_TYPES else "Specify a valid issue type"


def _wrong_priority(priority: Any) -> str | None:
    return None if priority.get("name") in PRIORITIES else "Priority name is not valid"


def _wrong_labels(labels: Any) -> str | None:
    spaced = [label for label in labels if " " in label]
    return f"The label '{spaced[0]}' contains spaces which is invalid." if spaced else None


def _wrong_description(description: Any) -> str | None:
    if not isinstance(description, dict):
        return "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
    if len(json.dumps(description, ensure_ascii=False)) > LONGEST_TEXT:
        return "The entered text is too long. It exceeds the allowed limit of 32,767 characters."
    return None


CHECKS: dict[str, Callable[[Any], str | None]] = {
    "summary": _wrong_summary,
    "issuetype": _wrong_issue_type,
    "priority": _wrong_priority,
    "labels": _wrong_labels,
    "description": _wrong_description,
}


def router(jira: Jira, *, user: str, token: str) -> APIRouter:
    routes = APIRouter(prefix="/rest/api/3", dependencies=[Depends(_authentication(user, token))])

    @routes.post("/issue", status_code=201)
    async def create(request: Request) -> Json:
        return jira.create(await _json(request))

    @routes.post("/search/jql")
    async def search(request: Request) -> Json:
        return jira.search(await _json(request))

    @routes.get("/issue/{key}")
    async def get(key: str) -> Json:
        issue = jira.get(key)
        return {"id": issue.id, "key": issue.key, "fields": {**issue.fields, "comment": {"comments": issue.comments}}}

    @routes.post("/issue/{key}/comment", status_code=201)
    async def comment(key: str, request: Request) -> Json:
        return jira.comment(key, await _json(request))

    @routes.get("/issue/{key}/transitions")
    async def transitions(key: str) -> Json:
        jira.get(key)
        return {"transitions": [{"id": number, "name": name} for number, name in TRANSITIONS.items()]}

    @routes.post("/issue/{key}/transitions", status_code=204)
    async def transition(key: str, request: Request) -> None:
        jira.transition(key, await _json(request))

    return routes


def _authentication(user: str, token: str) -> Callable[[Request], None]:
    expected = f"Basic {base64.b64encode(f'{user}:{token}'.encode()).decode()}"

    def authenticate(request: Request) -> None:
        if not secrets.compare_digest(request.headers.get("authorization", "").encode(), expected.encode()):
            raise Refused("Client must be authenticated to access this resource.", status=401)

    return authenticate


async def answer_refused(_: Request, refused: Exception) -> JSONResponse:
    assert isinstance(refused, Refused)
    return JSONResponse(refused.body, refused.status)


async def _json(request: Request) -> Json:
    try:
        body = await request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
