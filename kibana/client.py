"""Calling Kibana: one client for one space. Everything that Kibana's HTTP interface asks of every request is here.

https://www.elastic.co/docs/api/doc/kibana/
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx
from tenacity import RetryCallState, Retrying, stop_after_attempt, wait_exponential

from kibana.errors import NOT_FOUND, KibanaRefused, KibanaUnreachable
from worker.domain.text import one_line
from worker.errors import ConfigurationError
from worker.settings import Settings, is_loopback

Json = dict[str, Any]

DEFAULT_SPACE = "default"
# The one version of the public interface (https://www.elastic.co/docs/api/doc/kibana/#doc-api-versions).
API_VERSION = "2023-10-31"
# Refused without it, and let through with it, where a call is not public yet (workflows of 9.3).
INTERNAL = {"x-elastic-internal-origin": "Kibana"}
ATTEMPTS = 4
LONGEST_MESSAGE = 400
# Carried out twice, these leave what they leave when carried out once. A POST may create a second thing.
REPEATABLE = frozenset({"GET", "PUT", "DELETE"})
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
# Not answered by Kibana's handlers: it starts, or sheds load, or a proxy gave up on it.
NOT_NOW = frozenset({429, 502, 503, 504})
# Answered before anything was carried out, whatever the method.
REFUSED_AT_THE_DOOR = frozenset({429, 503})


class KibanaClient:
    """Kibana's HTTP interface as one space sees it. To be closed, or used as a context manager.

    `secrets` are taken out of everything that is said about a call. `transport` stands in for the network.
    """

    def __init__(
        self,
        url: str,
        *,
        space: str = DEFAULT_SPACE,
        auth: httpx.Auth | None = None,
        ca_file: str | None = None,
        timeout_seconds: float = 30.0,
        secrets: Iterable[str] = (),
        transport: httpx.BaseTransport | None = None,
        first_wait_seconds: float = 0.5,
    ) -> None:
        self.url, self.space = url, space
        self._prefix = "" if space == DEFAULT_SPACE else f"/s/{quote(space, safe='')}"
        self._secrets = _forms(secrets)
        self._first_wait_seconds = first_wait_seconds
        self._client = httpx.Client(
            auth=auth,
            headers={"accept": "application/json", "elastic-api-version": API_VERSION, "kbn-xsrf": "spiketrace"},
            timeout=timeout_seconds,
            verify=_trust(ca_file),
            transport=transport,
            # A proxy of the environment is for the world outside; it could not reach this machine's own services.
            trust_env=not is_loopback(httpx.URL(url).host),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, *, headers: Mapping[str, str] | None = None, in_space: bool = True) -> Any:
        """The answer's JSON. Raises KibanaRefused and KibanaUnreachable, as all of these do."""
        return self._call("GET", path, headers=headers, in_space=in_space)

    def find(self, path: str, *, headers: Mapping[str, str] | None = None) -> Any | None:
        """As `get`; None for a 404."""
        try:
            return self.get(path, headers=headers)
        except KibanaRefused as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def post(self, path: str, body: Any, *, headers: Mapping[str, str] | None = None) -> Any:
        return self._call("POST", path, json=body, headers=headers)

    def put(self, path: str, body: Any, *, headers: Mapping[str, str] | None = None) -> Any:
        return self._call("PUT", path, json=body, headers=headers)

    def delete(self, path: str, *, headers: Mapping[str, str] | None = None) -> None:
        self._call("DELETE", path, headers=headers)

    def delete_if_there(self, path: str) -> None:
        """Also fine when it is gone already, or when this Kibana has no such call."""
        if self.find(path) is not None:
            self.delete(path)

    def import_objects(self, objects: Iterable[Json], *, overwrite: bool) -> Json:
        """Saved objects. The answer is 200 even where objects were refused: see its `success`.

        https://www.elastic.co/docs/api/doc/kibana/operation/operation-post-saved-objects-import
        """
        lines = "\n".join(json.dumps(item, ensure_ascii=False) for item in objects) + "\n"
        file = ("spiketrace.ndjson", lines.encode(), "application/x-ndjson")
        params = {"overwrite": "true"} if overwrite else {}
        answer: Json = self._call("POST", "/api/saved_objects/_import", files={"file": file}, params=params)
        return answer

    def status(self) -> Any:
        """Of the server, which is in no space."""
        return self.get("/api/status", in_space=False)

    def _call(self, method: str, path: str, *, in_space: bool = True, **request: Any) -> Any:
        url = f"{self.url}{self._prefix if in_space else ''}{path}"
        doing = f"{method} {path}"
        response = self._sent(doing, method, url, request)
        if not response.is_success:
            raise KibanaRefused(doing, response.status_code, self._message(response))
        return _json(doing, response)

    def _sent(self, doing: str, method: str, url: str, request: dict[str, Any]) -> httpx.Response:
        repeat = Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=wait_exponential(multiplier=self._first_wait_seconds, max=10),
            retry=_worth_repeating(method),
            retry_error_callback=_last_outcome,
        )
        try:
            response: httpx.Response = repeat(self._client.request, method, url, **request)
        except NOT_SENT as error:
            reason = f"{doing}: {self.url} cannot be reached ({type(error).__name__}): check SPIKETRACE_KIBANA_URL"
            raise KibanaUnreachable(_with_advice(reason, error)) from None
        except httpx.TransportError as error:
            raise KibanaUnreachable(f"{doing}: {self.url} did not answer ({type(error).__name__})") from None
        return response

    def _message(self, response: httpx.Response) -> str:
        """Kibana's own words; a proxy's page of HTML has none worth repeating."""
        try:
            body = response.json()
        except ValueError:
            return ""
        message = str(body.get("message") or body.get("error") or "") if isinstance(body, dict) else ""
        for secret in self._secrets:
            message = message.replace(secret, "[secret]")
        return one_line(message)[:LONGEST_MESSAGE]


def path_of(base: str, thing_id: str) -> str:
    """Of one thing among those at `base`; its id may hold anything."""
    return f"{base}/{quote(thing_id, safe='')}"


def connect_kibana(settings: Settings, **options: Any) -> KibanaClient:
    """The client that the settings describe. Raises ConfigurationError when they name no Kibana."""
    if not settings.kibana_url:
        raise ConfigurationError("SPIKETRACE_KIBANA_URL is not set: where is your Kibana?")
    return KibanaClient(
        settings.kibana_url,
        space=settings.kibana_space,
        auth=_credentials(settings),
        ca_file=str(settings.kibana_ca_file) if settings.kibana_ca_file else None,
        timeout_seconds=settings.kibana_timeout_seconds,
        secrets=settings.secret_values(),
        **options,
    )


def _credentials(settings: Settings) -> httpx.Auth | None:
    if settings.kibana_api_key:
        return _ApiKey(settings.kibana_api_key.get_secret_value())
    if bool(settings.kibana_user) != bool(settings.kibana_password):
        raise ConfigurationError("SPIKETRACE_KIBANA_USER and SPIKETRACE_KIBANA_PASSWORD go together: set both, or none")
    if settings.kibana_user and settings.kibana_password:
        return httpx.BasicAuth(settings.kibana_user, settings.kibana_password.get_secret_value())
    return None


def _forms(secrets: Iterable[str]) -> list[str]:
    """Each secret as it is and as JSON would write it, longest first: one may be part of another."""
    forms = {form for secret in secrets if secret for form in (secret, json.dumps(secret)[1:-1])}
    return sorted(forms, key=len, reverse=True)


class _ApiKey(httpx.Auth):
    """https://www.elastic.co/docs/deploy-manage/api-keys/elasticsearch-api-keys: the encoded form."""

    def __init__(self, key: str) -> None:
        self._header = f"ApiKey {key}"

    def auth_flow(self, request: httpx.Request) -> Any:
        request.headers["authorization"] = self._header
        yield request


def _trust(ca_file: str | None) -> ssl.SSLContext | bool:
    if not ca_file:
        return True
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"SPIKETRACE_KIBANA_CA_FILE names {ca_file}, which is no PEM file: {error}") from None


def _worth_repeating(method: str) -> Any:
    """Errors and answers after which the same request may be sent again without doing something twice."""
    errors = (httpx.TransportError,) if method in REPEATABLE else NOT_SENT
    statuses = NOT_NOW if method in REPEATABLE else REFUSED_AT_THE_DOOR

    def again(state: RetryCallState) -> bool:
        outcome = state.outcome
        if outcome is None:
            return False
        if (error := outcome.exception()) is not None:
            return isinstance(error, errors) and not _is_certificate(error)
        return outcome.result().status_code in statuses

    return again


def _last_outcome(state: RetryCallState) -> Any:
    """After the last attempt: its answer, or its error raised."""
    if state.outcome is None:
        raise AssertionError("tenacity calls this after an attempt")
    return state.outcome.result()


def _is_certificate(error: BaseException) -> bool:
    return "CERTIFICATE_VERIFY_FAILED" in str(error)


def _with_advice(reason: str, error: BaseException) -> str:
    if _is_certificate(error):
        return f"{reason}: its TLS certificate was not accepted: set SPIKETRACE_KIBANA_CA_FILE"
    return reason


def _json(doing: str, response: httpx.Response) -> Any:
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError:
        raise KibanaRefused(doing, response.status_code, "what answers there does not speak JSON") from None
