"""Jira Cloud's REST interface, version 3: look an issue up by its label, create one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx

from worker.delivery.http import Unanswered, Vendor, json_object
from worker.errors import DeliveryError

# Search shows what was written after seconds, rarely minutes
# (https://developer.atlassian.com/cloud/jira/platform/search-and-reconcile/).
SEARCH_LAG_SECONDS = 15.0
BAD_REQUEST = 400
# A project may not have them on its screens, or call its priorities otherwise.
OPTIONAL_FIELDS = frozenset({"priority"})


@dataclass(frozen=True)
class Issue:
    key: str
    url: str


class JiraClient:
    """Raises DeliveryError."""

    def __init__(self, url: str, *, user: str, token: str) -> None:
        self._url = url
        self._vendor = Vendor("jira", url, auth=(user, token), secrets=[token])

    def find(self, label: str) -> Issue | None:
        """The oldest issue with that label, in whatever project it is by now. Search lags behind writes."""
        doing = "looking for the issue"
        query = {"jql": f'labels = "{label}" ORDER BY created ASC', "fields": ["labels"], "maxResults": 1}
        response = self._vendor.post(f"{self._url}/rest/api/3/search/jql", query, doing=doing)
        if not response.is_success:
            raise self._vendor.refusal(response, sentence_of(response), doing=doing)
        issues = json_object(response).get("issues")
        if not isinstance(issues, list):
            raise self._vendor.failure(f"{doing}: the answer is not Jira's", retryable=False)
        return self._issue(issues[0], doing) if issues else None

    def create(self, fields: dict[str, Any]) -> Issue:
        """Where a field that may be left out is refused, the issue is created without it."""
        doing = "creating the issue"
        response = self._create(fields, doing)
        refused = _refused_fields(response)
        if refused and refused <= OPTIONAL_FIELDS:
            fields = {name: value for name, value in fields.items() if name not in refused}
            response = self._create(fields, doing)
        if not response.is_success:
            raise _after_a_lag(self._vendor.refusal(response, sentence_of(response), doing=doing), response)
        return self._issue(json_object(response), doing)

    def _create(self, fields: dict[str, Any], doing: str) -> httpx.Response:
        try:
            return self._vendor.post(f"{self._url}/rest/api/3/issue", {"fields": fields}, doing=doing)
        except Unanswered as error:
            error.retry_after_seconds = SEARCH_LAG_SECONDS
            raise

    def _issue(self, body: Any, doing: str) -> Issue:
        key = body.get("key") if isinstance(body, dict) else None
        if not isinstance(key, str) or not key:
            raise self._vendor.failure(f"{doing}: the answer is not Jira's", retryable=False)
        return Issue(key=key, url=f"{self._url}/browse/{key}")


def _after_a_lag(error: DeliveryError, response: httpx.Response) -> DeliveryError:
    """A server that failed may have created the issue before: the next attempt has to be able to find it."""
    if response.is_server_error:
        error.retry_after_seconds = max(error.retry_after_seconds or 0.0, SEARCH_LAG_SECONDS)
    return error


def _refused_fields(response: httpx.Response) -> set[str]:
    body = json_object(response)
    if response.status_code != BAD_REQUEST or body.get("errorMessages"):
        return set()
    errors = body.get("errors")
    return set(errors) if isinstance(errors, dict) else set()


def sentence_of(response: httpx.Response) -> str:
    """Jira explains itself in `errorMessages` and, by field, in `errors`
    (https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/#status-codes)."""
    body = json_object(response)
    messages = body.get("errorMessages")
    errors = body.get("errors")
    sentences = [str(message) for message in messages] if isinstance(messages, list) else []
    if isinstance(errors, dict):
        sentences += [f"{field}: {message}" for field, message in errors.items()]
    if sentences:
        return " ".join(sentences)
    if "html" in response.headers.get("content-type", ""):
        return ""
    return json.dumps(body) if body else response.text
