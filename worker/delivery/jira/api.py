"""How Jira is called: its two editions, and what its answers mean."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from worker.delivery.http import DIRECT, Network, Unanswered, Vendor, json_object
from worker.delivery.jira.adf import Markup, Node
from worker.delivery.jira.wiki import to_wiki
from worker.errors import DeliveryError

# Search shows what was written after seconds, rarely minutes
# (https://developer.atlassian.com/cloud/jira/platform/search-and-reconcile/).
SEARCH_LAG_SECONDS = 15.0
BAD_REQUEST = 400
Method = Literal["GET", "POST", "PUT"]


@dataclass(frozen=True)
class Edition:
    """What Cloud and Data Center do differently.

    `takes_request_type`: the request type of a service desk is a field of an ordinary issue, given by its id.
    """

    version: str
    search: str
    markup: Markup
    takes_request_type: bool


def _as_it_is(document: Node) -> Node:
    return document


# https://developer.atlassian.com/cloud/jira/platform/rest/v3/ and https://docs.atlassian.com/software/jira/docs/api/REST/
CLOUD = Edition(version="3", search="search/jql", markup=_as_it_is, takes_request_type=True)
DATA_CENTER = Edition(version="2", search="search", markup=to_wiki, takes_request_type=False)


class JiraApi:
    """Calls that succeeded, or DeliveryError. With a user the token is a password, without one a personal token."""

    def __init__(
        self,
        url: str,
        *,
        token: str,
        user: str | None = None,
        edition: Edition = CLOUD,
        network: Network = DIRECT,
    ) -> None:
        self.url = url
        self.edition = edition
        self._vendor = Vendor(
            "jira",
            url,
            auth=(user, token) if user else None,
            headers={} if user else {"authorization": f"Bearer {token}"},
            secrets=[token],
            network=network,
        )

    def ask(self, method: Method, path: str, *, doing: str, body: Any = None, **params: str | int) -> dict[str, Any]:
        """The JSON object of the answer. `path` begins after the version, or with /rest."""
        return json_object(self.checked(self.send(method, path, doing=doing, body=body, **params), doing=doing))

    def ask_for_list(self, path: str, *, doing: str) -> list[Any]:
        response = self.checked(self.send("GET", path, doing=doing), doing=doing)
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, list):
            raise self.not_jiras(doing)
        return answer

    def send(self, method: Method, path: str, *, doing: str, body: Any = None, **params: str | int) -> httpx.Response:
        """The answer, whatever its status."""
        try:
            return self._vendor.call(method, self._address(path), json=body, params=params or None, doing=doing)
        except Unanswered as error:
            error.retry_after_seconds = SEARCH_LAG_SECONDS
            raise

    def checked(self, response: httpx.Response, *, doing: str) -> httpx.Response:
        """Where somebody stands in between, such as a proxy that wants a login, a success is not Jira's."""
        if not response.is_success:
            raise self.refusal(response, doing=doing)
        if "html" in response.headers.get("content-type", ""):
            raise self.not_jiras(doing)
        return response

    def refusal(self, response: httpx.Response, *, doing: str) -> DeliveryError:
        """A server that failed may have written before: the next attempt has to be able to find it."""
        error = self._vendor.refusal(response, sentence_of(response), doing=doing)
        if response.is_server_error:
            error.retry_after_seconds = max(error.retry_after_seconds or 0.0, SEARCH_LAG_SECONDS)
        return error

    def not_jiras(self, doing: str) -> DeliveryError:
        return self.failure(f"{doing}: the answer is not Jira's")

    def failure(self, reason: str) -> DeliveryError:
        return self._vendor.failure(reason, retryable=False)

    def _address(self, path: str) -> str:
        return (
            f"{self.url}{path}" if path.startswith("/rest/") else f"{self.url}/rest/api/{self.edition.version}/{path}"
        )


def refused_fields(response: httpx.Response) -> set[str]:
    """Those that an otherwise good request was refused for."""
    body = json_object(response)
    if response.status_code != BAD_REQUEST or body.get("errorMessages"):
        return set()
    errors = body.get("errors")
    return set(errors) if isinstance(errors, dict) else set()


def sentence_of(response: httpx.Response) -> str:
    """Jira explains itself in `errorMessages` and, by field, in `errors`; its service desk in `errorMessage`
    (https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/#status-codes)."""
    body = json_object(response)
    messages, message, errors = body.get("errorMessages"), body.get("errorMessage"), body.get("errors")
    sentences = [str(one) for one in messages] if isinstance(messages, list) else []
    sentences += [message] if isinstance(message, str) and message else []
    if isinstance(errors, dict):
        sentences += [f"{field}: {complaint}" for field, complaint in errors.items()]
    if sentences:
        return " ".join(sentences)
    if "html" in response.headers.get("content-type", ""):
        return ""
    return json.dumps(body) if body else response.text
