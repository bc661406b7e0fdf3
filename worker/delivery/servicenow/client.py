"""ServiceNow's Table API: find the record of an incident, create, read and change it.

https://docs.servicenow.com/bundle/xanadu-api-reference/page/integrate/inbound-rest/concept/c_TableAPI.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from worker.delivery.http import DIRECT, Network, Unanswered, Vendor, json_object
from worker.delivery.servicenow.payload import revision_of
from worker.errors import DeliveryError

NOT_FOUND = 404
REFUSED = (400, 403)
# A request whose answer nobody waited for may go on that long: the next attempt has to be able to find its record.
GOES_ON_SECONDS = 30.0
COLUMNS = "sys_id,number,state,correlation_id,correlation_display,short_description"
SYS_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Record:
    """`told` is the revision of the incident's course that the record tells."""

    sys_id: str
    number: str
    correlation_id: str
    state: str
    short_description: str
    told: int


class ServiceNowClient:
    """Raises DeliveryError. With a user the secret is a password, without one a token."""

    def __init__(self, url: str, *, secret: str, user: str | None = None, network: Network = DIRECT) -> None:
        self._url = url
        self._vendor = Vendor(
            "servicenow",
            url,
            auth=(user, secret) if user else None,
            headers={} if user else {"authorization": f"Bearer {secret}"},
            secrets=[secret],
            network=network,
        )

    def find(self, correlation_id: str) -> Record | None:
        """The oldest record with that correlation id."""
        doing = "looking for the record"
        query = f"correlation_id={correlation_id}^ORDERBYsys_created_on"
        for row in self._rows("incident", query, COLUMNS, doing):
            # An instance passes over the part of a query that it does not understand, and would answer with any record.
            if row.get("correlation_id") == correlation_id:
                return self._record(row, doing)
        return None

    def create(self, values: dict[str, Any]) -> Record:
        doing = "creating the record"
        response = self._send("POST", "incident", doing=doing, body=values)
        return self._record(self._result(response, doing), doing)

    def read(self, sys_id: str) -> Record:
        doing = "reading the record"
        response = self._send("GET", f"incident/{sys_id}", doing=doing, sysparm_fields=COLUMNS)
        if response.status_code == NOT_FOUND:
            raise self._vendor.failure(
                f"{doing}: ServiceNow has no such record, or no longer shows it to this user: {sentence_of(response)}",
                retryable=False,
            )
        return self._record(self._result(response, doing), doing)

    def change(self, sys_id: str, values: dict[str, Any]) -> None:
        doing = "changing the record"
        self._result(self._send("PATCH", f"incident/{sys_id}", doing=doing, body=values), doing)

    def try_to_change(self, sys_id: str, values: dict[str, Any]) -> str | None:
        """Why the instance's policies do not allow it, or None when it is done. Nothing is done in part."""
        doing = "changing the record's state"
        response = self._send("PATCH", f"incident/{sys_id}", doing=doing, body=values)
        if response.status_code in REFUSED:
            return self._vendor.refusal(response, sentence_of(response), doing=doing).reason
        self._result(response, doing)
        return None

    def group(self, wanted: str) -> str:
        """The sys_id of the group with that name; a sys_id is its own."""
        if SYS_ID.fullmatch(wanted):
            return wanted
        doing = f"looking for the group {wanted!r}"
        for row in self._rows("sys_user_group", f"name={wanted.replace('^', '^^')}", "sys_id,name", doing):
            if row.get("name") == wanted:
                return str(row.get("sys_id"))
        raise self._vendor.failure(f"{doing}: there is none of that name that this user may see", retryable=False)

    def address(self, sys_id: str) -> str:
        return f"{self._url}/nav_to.do?uri=incident.do?sys_id={sys_id}"

    def _rows(self, table: str, query: str, columns: str, doing: str) -> list[dict[str, Any]]:
        response = self._send("GET", table, doing=doing, sysparm_query=query, sysparm_limit=1, sysparm_fields=columns)
        rows = self._result(response, doing)
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []

    def _send(
        self, method: Literal["GET", "POST", "PATCH"], path: str, *, doing: str, body: Any = None, **params: str | int
    ) -> httpx.Response:
        url = f"{self._url}/api/now/table/{path}"
        try:
            return self._vendor.call(method, url, json=body, params=params or None, doing=doing)
        except Unanswered as error:
            error.retry_after_seconds = GOES_ON_SECONDS
            raise

    def _result(self, response: httpx.Response, doing: str) -> Any:
        if not response.is_success:
            raise self._refusal(response, doing)
        result = json_object(response).get("result")
        if result is None:
            raise self._vendor.failure(f"{doing}: the answer is not ServiceNow's", retryable=False)
        return result

    def _refusal(self, response: httpx.Response, doing: str) -> DeliveryError:
        error = self._vendor.refusal(response, sentence_of(response), doing=doing)
        if response.is_server_error:
            error.retry_after_seconds = max(error.retry_after_seconds or 0.0, GOES_ON_SECONDS)
        return error

    def _record(self, row: Any, doing: str) -> Record:
        if not isinstance(row, dict) or not row.get("sys_id"):
            raise self._vendor.failure(f"{doing}: the answer is not ServiceNow's", retryable=False)
        return Record(
            sys_id=str(row["sys_id"]),
            number=str(row.get("number", "")),
            correlation_id=str(row.get("correlation_id", "")),
            state=str(row.get("state", "")),
            short_description=str(row.get("short_description", "")),
            told=revision_of(str(row.get("correlation_display", ""))),
        )


def sentence_of(response: httpx.Response) -> str:
    """ServiceNow explains itself in `error.message` and `error.detail`."""
    body = json_object(response)
    error = body.get("error")
    if isinstance(error, dict):
        return ": ".join(str(error[name]) for name in ("message", "detail") if error.get(name))
    if "html" in response.headers.get("content-type", ""):
        return ""
    return str(error or response.text)
