"""SpikeTrace by HTTP, as Kibana and a reader use it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from demo.processes import DemoFailed

ATTEMPTS = 5
PAUSE_SECONDS = 2.0


class _NotTaken(Exception):
    """The answer to an alert was 503: send it again after so many seconds."""

    def __init__(self, pause_seconds: float) -> None:
        super().__init__(f"not taken, again in {pause_seconds:.0f} s")
        self.pause_seconds = pause_seconds


class SpikeTrace:
    """A running SpikeTrace; `ready` is the document of its ready file. Raises DemoFailed where it does not answer."""

    def __init__(self, ready: Mapping[str, Any]) -> None:
        self.url = str(ready["url"])
        self.elasticsearch_url = str(ready["elasticsearch_url"])
        self._client = httpx.Client(base_url=self.url, auth=(str(ready["user"]), str(ready["password"])), timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def post_alert(self, body: str) -> dict[str, Any]:
        """As Kibana's webhook connector posts; like Kibana, again when it was not taken."""
        attempts = Retrying(
            stop=stop_after_attempt(ATTEMPTS), wait=_pause, retry=retry_if_exception_type(_NotTaken), reraise=True
        )
        try:
            answer: dict[str, Any] = attempts(self._post, body)
        except _NotTaken as error:
            raise DemoFailed(f"an alert was {error}, {ATTEMPTS} times") from None
        return answer

    def _post(self, body: str) -> dict[str, Any]:
        response = self._ask(
            "POST", "/v1/alerts/kibana", content=body.encode(), headers={"content-type": "application/json"}
        )
        if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            raise _NotTaken(float(response.headers.get("retry-after", PAUSE_SECONDS)))
        return _document(response)

    def alert(self, alert_id: str) -> dict[str, Any]:
        return _document(self._ask("GET", f"/v1/alerts/{alert_id}"))

    def report(self, report_id: str) -> dict[str, Any]:
        return _document(self._ask("GET", f"/v1/reports/{report_id}"))

    def incident(self, incident_id: str) -> dict[str, Any]:
        return _document(self._ask("GET", f"/v1/incidents/{incident_id}"))

    def report_page(self, report_id: str) -> str:
        return f"{self.url}/reports/{report_id}"

    def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            return self._client.request(method, path, **request)
        except httpx.HTTPError as error:
            raise DemoFailed(f"{method} {path}: {type(error).__name__} {error}") from error


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return error.pause_seconds if isinstance(error, _NotTaken) else PAUSE_SECONDS


def _document(response: httpx.Response) -> dict[str, Any]:
    if not response.is_success:
        raise DemoFailed(
            f"{response.request.method} {response.request.url.path}: {response.status_code} {response.text}"
        )
    document: dict[str, Any] = response.json()
    return document
