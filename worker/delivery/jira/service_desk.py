"""Request types of Jira Service Management: an incident as a request of a project's service desk.

The label is on the request from its first moment, as on every issue, so that no attempt makes a second one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from worker.delivery.jira.api import JiraApi
from worker.delivery.jira.client import Issue, JiraClient

# The type of the field that holds the request type, whatever the field is called and numbered in a site
# (https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-fields/).
REQUEST_TYPE_FIELD = "com.atlassian.servicedesk:vp-origin"
A_PAGE = 50
MOST_NAMES = 10


@dataclass(frozen=True)
class RequestType:
    id: str
    name: str
    issue_type_id: str
    desk_id: str


class ServiceDesk:
    """Raises DeliveryError."""

    def __init__(self, api: JiraApi, client: JiraClient) -> None:
        self._api = api
        self._client = client

    def create(self, fields: dict[str, Any], *, project: str, wanted: str) -> Issue:
        """`fields` as for an ordinary issue; `wanted` is a request type's name or id."""
        request_type = self._request_type(project, wanted)
        if not self._api.edition.takes_request_type:
            return self._client.create_request(_request(fields, request_type))
        issue_type = {"issuetype": {"id": request_type.issue_type_id}}
        return self._client.create({**fields, **issue_type, self._field(): request_type.id})

    def _request_type(self, project: str, wanted: str) -> RequestType:
        desk_id = self._desk_of(project)
        known = [_request_type(one, desk_id) for one in self._request_types(desk_id)]
        for one in known:
            if wanted == one.id or wanted.casefold() == one.name.casefold():
                return one
        names = ", ".join(one.name for one in known[:MOST_NAMES]) or "none"
        raise self._api.failure(
            f"looking for the request type {wanted!r}: the service desk of {project} has no such one; it has {names}"
        )

    def _desk_of(self, project: str) -> str:
        doing = "looking for the service desk"
        for desk in self._values("/rest/servicedeskapi/servicedesk", doing):
            if desk.get("projectKey") == project:
                return str(desk.get("id"))
        raise self._api.failure(
            f"{doing}: project {project} has none that this user may see, so it has no request types. "
            "Leave SPIKETRACE_JIRA_REQUEST_TYPE and the policy's request_type empty for an ordinary issue"
        )

    def _request_types(self, desk_id: str) -> Iterator[dict[str, Any]]:
        return self._values(
            f"/rest/servicedeskapi/servicedesk/{desk_id}/requesttype", "reading the service desk's request types"
        )

    def _values(self, path: str, doing: str) -> Iterator[dict[str, Any]]:
        start, is_last = 0, False
        while not is_last:
            page = self._api.ask("GET", path, start=start, limit=A_PAGE, doing=doing)
            values = page.get("values")
            if not isinstance(values, list):
                raise self._api.not_jiras(doing)
            yield from values
            start, is_last = start + len(values), bool(page.get("isLastPage", True)) or not values

    def _field(self) -> str:
        doing = "looking for the field of the request type"
        for field in self._api.ask_for_list("field", doing=doing):
            if (field.get("schema") or {}).get("custom") == REQUEST_TYPE_FIELD:
                return str(field.get("id"))
        raise self._api.failure(f"{doing}: this Jira has none; is Jira Service Management installed?")


def _request_type(body: dict[str, Any], desk_id: str) -> RequestType:
    return RequestType(
        id=str(body.get("id", "")),
        name=str(body.get("name", "")),
        issue_type_id=str(body.get("issueTypeId", "")),
        desk_id=desk_id,
    )


def _request(fields: dict[str, Any], request_type: RequestType) -> dict[str, Any]:
    """The priority is left to the request type: the form of few requests has it."""
    return {
        "serviceDeskId": request_type.desk_id,
        "requestTypeId": request_type.id,
        "requestFieldValues": {name: fields[name] for name in ("summary", "description", "labels")},
    }
