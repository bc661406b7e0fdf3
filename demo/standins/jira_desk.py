"""The service desk of one of Jira's projects, with its request types.

https://developer.atlassian.com/cloud/jira/service-desk/rest/api-group-servicedesk/
"""

from __future__ import annotations

from typing import Any

from demo.standins.jira_fields import ISSUE_TYPES, REQUEST_TYPE_FIELD, Refused

Json = dict[str, Any]

DESK_ID = "4"
DESK_PROJECT = "DESK"
REQUEST_TYPES: list[Json] = [
    {"id": "25", "name": "Ask a question", "issueTypeId": ISSUE_TYPES["Task"], "serviceDeskId": DESK_ID},
    {
        "id": "26",
        "name": "Report an incident",
        "issueTypeId": ISSUE_TYPES["[System] Incident"],
        "serviceDeskId": DESK_ID,
    },
]
FIELDS: list[Json] = [
    {"id": "summary", "name": "Summary", "custom": False, "schema": {"type": "string", "system": "summary"}},
    {
        "id": REQUEST_TYPE_FIELD,
        "name": "Request Type",
        "custom": True,
        "schema": {
            "type": "sd-customerrequesttype",
            "custom": "com.atlassian.servicedesk:vp-origin",
            "customId": 10010,
        },
    },
]


def desks(start: int, limit: int) -> Json:
    return _page([{"id": DESK_ID, "projectId": "10100", "projectKey": DESK_PROJECT}], start, limit)


def request_types(desk_id: str, start: int, limit: int) -> Json:
    """One at a time, whatever is asked for: the pages of a desk with many."""
    if desk_id != DESK_ID:
        raise Refused("The service desk you are trying to view does not exist.", status=404)
    return _page(REQUEST_TYPES, start, min(limit, 1))


def _page(values: list[Json], start: int, limit: int) -> Json:
    shown = values[start : start + limit]
    return {
        "size": len(shown),
        "start": start,
        "limit": limit,
        "isLastPage": start + limit >= len(values),
        "values": shown,
    }


def check_request_type(fields: Json, *, version: str) -> None:
    """On Cloud the field holds a request type's id, and its issue type has to be that type's. Raises Refused."""
    known = {one["id"]: one for one in REQUEST_TYPES}
    chosen = known.get(str(fields[REQUEST_TYPE_FIELD]))
    if version != "3" or fields["project"].get("key") != DESK_PROJECT or chosen is None:
        raise Refused(errors={REQUEST_TYPE_FIELD: "The request type is not valid for this project."})
    if fields["issuetype"].get("id") != chosen["issueTypeId"]:
        raise Refused(errors={"issuetype": "The issue type is not that of the request type."})
