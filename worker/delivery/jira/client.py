"""Jira's issues: find one by its label, create, read, comment, edit and move it, link it to a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from worker.delivery.http import json_object
from worker.delivery.jira.api import BAD_REQUEST, JiraApi, Method, refused_fields
from worker.delivery.jira.transitions import Transition, offered, request_of

# A project may not have it on its screen, or call its priorities otherwise.
NOT_NEEDED = frozenset({"priority"})
NOT_FOUND = 404
CONFLICT = 409
SHOWN = "summary,description,priority,status,comment"
COMMENTS_A_PAGE = 100
# In a service project a comment goes to the customer who is named as reporter, unless it is internal; elsewhere this
# says nothing.
INTERNAL = [{"key": "sd.public.comment", "value": {"internal": True}}]


@dataclass(frozen=True)
class Issue:
    key: str
    url: str


@dataclass(frozen=True)
class Contents:
    """What an issue says now, with the bodies of all its comments.

    `category` is its status's: new, indeterminate or done.
    """

    summary: str
    description: Any
    priority: str | None
    category: str
    comments: list[Any]


class JiraClient:
    """Raises DeliveryError."""

    def __init__(self, api: JiraApi) -> None:
        self._api = api

    def find(self, label: str) -> Issue | None:
        """The oldest issue with that label, in whatever project it is by now. Search lags behind writes."""
        doing = "looking for the issue"
        query = {"jql": f'labels = "{label}" ORDER BY created ASC', "fields": ["labels"], "maxResults": 1}
        issues = self._api.ask("POST", self._api.edition.search, body=query, doing=doing).get("issues")
        if not isinstance(issues, list):
            raise self._api.not_jiras(doing)
        return self._issue(issues[0], "key", doing) if issues else None

    def create(self, fields: dict[str, Any]) -> Issue:
        """Where a field that may be left out is refused, the issue is created without it."""
        doing = "creating the issue"
        answer = self._write("POST", "issue", fields, doing, optional=NOT_NEEDED)
        return self._issue(answer, "key", doing)

    def create_request(self, request: dict[str, Any]) -> Issue:
        """By the service desk's own call (https://docs.atlassian.com/jira-servicedesk/REST/5.12.0)."""
        doing = "creating the request"
        answer = self._api.ask("POST", "/rest/servicedeskapi/request", body=request, doing=doing)
        return self._issue(answer, "issueKey", doing)

    def read(self, key: str) -> Contents:
        doing = f"reading {key}"
        response = self._api.send("GET", _path(key), fields=SHOWN, doing=doing)
        if response.status_code == NOT_FOUND:
            raise self._api.failure(
                f"{doing}: Jira has no such issue, or no longer shows it to this user. It may have been deleted, "
                "or moved where SpikeTrace has no rights"
            )
        fields = json_object(self._api.checked(response, doing=doing)).get("fields")
        if not isinstance(fields, dict):
            raise self._api.not_jiras(doing)
        return _contents(fields, self._bodies(key, fields.get("comment")))

    def _bodies(self, key: str, shown: Any) -> list[Any]:
        """Of the comments that came with the issue, or of all where these are some of them.

        Unlike a search, both show what was written a moment ago.
        """
        match shown:
            case {"comments": list(comments), "total": int(total)} if len(comments) >= total:
                return [comment.get("body") for comment in comments]
            case _:
                return list(self._all_bodies(key))

    def _all_bodies(self, key: str) -> Iterator[Any]:
        doing, path = f"reading the comments of {key}", f"{_path(key)}/comment"
        start, total = 0, 1
        while start < total:
            page = self._api.ask("GET", path, startAt=start, maxResults=COMMENTS_A_PAGE, doing=doing)
            comments = page.get("comments")
            if not isinstance(comments, list):
                raise self._api.not_jiras(doing)
            yield from (comment.get("body") for comment in comments)
            start, total = start + len(comments), page.get("total", 0) if comments else 0

    def comment(self, key: str, body: Any) -> None:
        comment = {"body": body, "properties": INTERNAL}
        self._api.ask("POST", f"{_path(key)}/comment", body=comment, doing=f"commenting on {key}")

    def edit(self, key: str, fields: dict[str, Any]) -> None:
        """What the project does not let be edited stays as it is."""
        self._write("PUT", _path(key), fields, f"editing {key}", optional=frozenset(fields))

    def transitions(self, key: str) -> list[Transition]:
        doing = f"reading the transitions of {key}"
        answer = self._api.ask("GET", f"{_path(key)}/transitions", expand="transitions.fields", doing=doing)
        try:
            return offered(answer)
        except ValueError:
            raise self._api.not_jiras(doing) from None

    def move(self, key: str, transition: Transition) -> str | None:
        """Why the workflow did not allow it, or None."""
        doing = f"moving {key} to {transition.to.name or transition.name}"
        response = self._api.send("POST", f"{_path(key)}/transitions", body=request_of(transition), doing=doing)
        if response.status_code in (BAD_REQUEST, CONFLICT):
            return self._api.refusal(response, doing=doing).reason
        self._api.checked(response, doing=doing)
        return None

    def link(self, key: str, *, name: str, address: str, title: str) -> None:
        """Beside the issue; the same `name` again changes the link that is there
        (https://developer.atlassian.com/server/jira/platform/jira-rest-api-for-remote-issue-links/)."""
        remote = {
            "globalId": name,
            "application": {"name": "SpikeTrace"},
            "object": {"url": address, "title": title},
        }
        self._api.ask("POST", f"{_path(key)}/remotelink", body=remote, doing=f"linking {key} to its report")

    def _write(
        self, method: Method, path: str, fields: dict[str, Any], doing: str, *, optional: frozenset[str]
    ) -> dict[str, Any]:
        response = self._api.send(method, path, body={"fields": fields}, doing=doing)
        refused = refused_fields(response)
        if refused and refused <= optional:
            fields = {name: value for name, value in fields.items() if name not in refused}
            if not fields:
                return {}
            response = self._api.send(method, path, body={"fields": fields}, doing=doing)
        return json_object(self._api.checked(response, doing=doing))

    def _issue(self, body: Any, name: str, doing: str) -> Issue:
        key = body.get(name) if isinstance(body, dict) else None
        if not isinstance(key, str) or not key:
            raise self._api.not_jiras(doing)
        return Issue(key=key, url=f"{self._api.url}/browse/{key}")


def _path(key: str) -> str:
    return f"issue/{quote(key, safe='')}"


def _contents(fields: dict[str, Any], comments: list[Any]) -> Contents:
    status = fields.get("status") or {}
    return Contents(
        summary=fields.get("summary") or "",
        description=fields.get("description"),
        priority=(fields.get("priority") or {}).get("name"),
        category=(status.get("statusCategory") or {}).get("key") or "",
        comments=comments,
    )
