"""Jira's REST interface, as far as an incident needs it, with its rules and its error bodies.

Cloud's version 3 takes rich text as documents, Data Center's version 2 as strings of wiki markup:
https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/, https://docs.atlassian.com/software/jira/docs/api/REST/
"""

from __future__ import annotations

import re
import time
from typing import Any

from pydantic import BaseModel, Field

from demo.standins import adf, jira_workflow
from demo.standins.jira_desk import DESK_PROJECT, REQUEST_TYPES, check_request_type
from demo.standins.jira_fields import (
    ISSUE_TYPES,
    REQUEST_TYPE_FIELD,
    REQUIRED,
    Refused,
    check,
    check_required,
    wrong_text,
)
from demo.standins.jira_workflow import WorkflowName

LABEL = re.compile(r'labels\s*=\s*"?([^"\s]+)"?', re.IGNORECASE)
PROJECT = re.compile(r'project\s*=\s*"?([^"\s]+)"?', re.IGNORECASE)
MOST_COMMENTS = 20
WINDOW_SECONDS = 10

Json = dict[str, Any]


class Issue(BaseModel):
    """`links` are those to other sites, by their global id."""

    id: str
    key: str
    fields: Json
    created_at: float = Field(default_factory=time.time)
    indexed_at: float
    comments: list[Json] = Field(default_factory=list)
    links: dict[str, Json] = Field(default_factory=dict)
    edits: int = 0
    moves: int = 0


class Jira:
    """The issues of one site. Search shows an issue only `search_lag_seconds` after it was created.

    `burst` is how many calls it takes within WINDOW_SECONDS; None for any number.
    """

    def __init__(
        self, *, url: str, project: str, search_lag_seconds: float, version: str = "3", burst: int | None = None
    ) -> None:
        self.issues: dict[str, Issue] = {}
        self.workflow: WorkflowName = "simple"
        self.version = version
        self._url = url
        self._projects = (project, DESK_PROJECT)
        self._lag_seconds = search_lag_seconds
        self._burst = burst
        self._calls: list[float] = []
        self._number = 0

    def forget(self) -> None:
        self.issues.clear()
        self.workflow = "simple"
        self._number = 0

    def admit(self) -> None:
        """Raises Refused when there were too many calls lately
        (https://developer.atlassian.com/cloud/jira/platform/rate-limiting/)."""
        now = time.monotonic()
        self._calls = [call for call in self._calls if call > now - WINDOW_SECONDS]
        if self._burst is not None and len(self._calls) >= self._burst:
            raise Refused("Rate limit exceeded.", status=429, headers={"retry-after": str(WINDOW_SECONDS)})
        self._calls.append(now)

    def create(self, body: Json) -> Json:
        fields = body.get("fields")
        if not isinstance(fields, dict):
            raise Refused("fields is required")
        check_required(fields)
        check(fields, version=self.version)
        if fields["project"].get("key") not in self._projects:
            raise Refused(errors={"project": REQUIRED["project"]})
        if REQUEST_TYPE_FIELD in fields:
            check_request_type(fields, version=self.version)
        return self._named(self._add(fields))

    def _add(self, fields: Json) -> Issue:
        self._number += 1
        issue = Issue(
            id=str(10_000 + self._number),
            key=f"{fields['project']['key']}-{self._number}",
            fields={**fields, "issuetype": _whole(fields["issuetype"]), "status": jira_workflow.status("To Do")},
            indexed_at=time.monotonic() + self._lag_seconds,
        )
        self.issues[issue.key] = issue
        return issue

    def request(self, body: Json) -> Json:
        """A customer request: of its values, those that every request type of this desk has."""
        kind = next((one for one in REQUEST_TYPES if one["id"] == body.get("requestTypeId")), None)
        values = body.get("requestFieldValues") or {}
        if kind is None or set(values) - {"summary", "description", "labels"}:
            raise Refused("The request type or one of its fields is not valid.")
        fields = {**values, "project": {"key": DESK_PROJECT}, "issuetype": {"id": kind["issueTypeId"]}}
        check_required(fields)
        check(fields, version="2")
        issue = self._add({**fields, REQUEST_TYPE_FIELD: {"requestType": kind}})
        return {"issueId": issue.id, "issueKey": issue.key}

    def _named(self, issue: Issue) -> Json:
        return {"id": issue.id, "key": issue.key, "self": f"{self._url}/rest/api/{self.version}/issue/{issue.id}"}

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
            and (not project or project[1] in self._projects)
        ]
        start, most = int(body.get("startAt", 0)), int(body.get("maxResults", 50))
        shown = [self._hit(issue, body.get("fields", [])) for issue in found[start : start + most]]
        if self.version == "2":
            return {"startAt": start, "maxResults": most, "total": len(found), "issues": shown}
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

    def shown(self, key: str, wanted: str) -> Json:
        issue = self.get(key)
        fields = {**issue.fields, "comment": self.comments(key, start=0, most=MOST_COMMENTS)}
        names = [name for name in wanted.split(",") if name]
        return {**self._named(issue), "fields": {name: fields.get(name) for name in names} if names else fields}

    def edit(self, key: str, body: Json) -> None:
        issue, fields = self.get(key), body.get("fields") or {}
        check(fields, version=self.version)
        issue.fields.update(fields)
        issue.edits += 1

    def delete(self, key: str) -> None:
        del self.issues[self.get(key).key]

    def comments(self, key: str, *, start: int, most: int) -> Json:
        """The oldest first; never more than 20 at once, whatever is asked for."""
        comments, most = self.get(key).comments, min(most, MOST_COMMENTS)
        return {"startAt": start, "maxResults": most, "total": len(comments), "comments": comments[start:][:most]}

    def comment(self, key: str, body: Json) -> Json:
        issue, text = self.get(key), body.get("body")
        if not text:
            raise Refused(errors={"comment": "Comment body can not be empty!"})
        if wrong := wrong_text(text, version=self.version):
            raise Refused(errors={"comment": wrong})
        if self.version == "3" and not adf.is_valid(text):
            raise Refused(errors={"comment": "Comment body is not valid!"})
        comment = {"id": str(20_000 + len(issue.comments)), "body": text, "properties": body.get("properties", [])}
        issue.comments.append(comment)
        return comment

    def link(self, key: str, body: Json) -> Json:
        issue, linked = self.get(key), body.get("object") or {}
        errors = {name: f"'{name}' is required." for name in ("url", "title") if not linked.get(name)}
        if errors:
            raise Refused(errors=errors)
        name = body.get("globalId") or str(len(issue.links))
        issue.links[name] = linked
        return {"id": list(issue.links).index(name), "self": f"{self._url}/rest/api/{self.version}/issue/{issue.id}"}

    def transitions(self, key: str, *, with_fields: bool) -> Json:
        name = self.get(key).fields["status"]["name"]
        return {"transitions": jira_workflow.offered(self.workflow, name, with_fields=with_fields)}

    def transition(self, key: str, body: Json) -> None:
        issue = self.get(key)
        step = jira_workflow.taken(self.workflow, issue.fields["status"]["name"], body)
        issue.fields.update({"status": jira_workflow.status(step.to), **(body.get("fields") or {})})
        issue.moves += 1


def _whole(issue_type: Json) -> Json:
    named = issue_type.get("name") or next(name for name, known in ISSUE_TYPES.items() if known == issue_type["id"])
    return {"id": ISSUE_TYPES[named], "name": named}
