"""Elasticsearch: one way to connect, one way to say what went wrong."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from elastic_transport import (
    ApiError,
    ConnectionTimeout,
    HttpHeaders,
    JsonSerializer,
    SerializationError,
    TlsError,
    TransportError,
    Urllib3HttpNode,
)
from elastic_transport.client_utils import DEFAULT, DefaultType
from elasticsearch import ConflictError, Elasticsearch, UnsupportedProductError
from pydantic_core import from_json

from worker.errors import EvidenceUnavailable
from worker.settings import Settings

WHAT_TO_DO = {
    400: "the request does not suit this engine or its mappings",
    401: "set SPIKETRACE_ELASTICSEARCH_API_KEY, or _USER and _PASSWORD, to credentials it knows",
    403: "give the credentials the privileges that README.md and docs/delivery-paths.md list",
    404: "check SPIKETRACE_ELASTICSEARCH_URL and that the index exists",
    413: "raise http.max_content_length or send less at once",
}


class PlainJsonNode(Urllib3HttpNode):
    """Asks for plain JSON, which every engine speaks.

    The client's own media type pins the API version and is refused by engines that only follow the API.
    https://www.elastic.co/docs/reference/elasticsearch/rest-apis/compatibility
    """

    def perform_request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: DefaultType | float | None = DEFAULT,
    ) -> Any:
        return super().perform_request(method, target, body, _plain(headers), request_timeout)


def _plain(headers: HttpHeaders | None) -> HttpHeaders | None:
    if headers is None:
        return None
    plain = headers.copy()
    for name in ("accept", "content-type"):
        if name in plain:
            plain[name] = "application/x-ndjson" if "ndjson" in plain[name] else "application/json"
    return plain


class QuickJson(JsonSerializer):
    """Reads answers, of which an investigation gets megabytes, with the parser that pydantic brings along."""

    def json_loads(self, data: bytes) -> Any:
        try:
            return from_json(data, cache_strings="keys")
        except ValueError:
            # Half of a surrogate pair may stand in a log line: only the standard library takes it.
            return json.loads(data)


def connect_elasticsearch(settings: Settings) -> Elasticsearch:
    """A client that opens its first connection when it is first used. Safe to share between threads."""
    return Elasticsearch(
        settings.elasticsearch_url,
        node_class=PlainJsonNode,
        serializers={QuickJson.mimetype: QuickJson()},
        request_timeout=settings.elasticsearch_timeout_seconds,
        max_retries=2,
        retry_on_timeout=False,
        ca_certs=str(settings.elasticsearch_ca_file) if settings.elasticsearch_ca_file else DEFAULT,
        **_credentials(settings),
    )


def _credentials(settings: Settings) -> dict[str, Any]:
    if settings.elasticsearch_api_key:
        return {"api_key": settings.elasticsearch_api_key.get_secret_value()}
    if settings.elasticsearch_user and settings.elasticsearch_password:
        # Encoded here: the client itself takes ASCII only.
        pair = f"{settings.elasticsearch_user}:{settings.elasticsearch_password.get_secret_value()}"
        return {"basic_auth": base64.b64encode(pair.encode()).decode()}
    return {}


@contextmanager
def elasticsearch_errors(doing: str, *, conflicts: bool = False) -> Iterator[None]:
    """Raises what the client raises inside as EvidenceUnavailable; `doing` says what was being done.

    With `conflicts`, ConflictError passes: the caller expects that others may have written first.
    """
    try:
        yield
    except ConflictError as error:
        if conflicts:
            raise
        raise _refused(doing, error) from error
    except UnsupportedProductError as error:
        raise EvidenceUnavailable(
            f"{doing}: what answers there is not Elasticsearch: check SPIKETRACE_ELASTICSEARCH_URL", retryable=False
        ) from error
    except ApiError as error:
        raise _refused(doing, error) from error
    except TlsError as error:
        raise EvidenceUnavailable(
            f"{doing}: the TLS certificate was not accepted: set SPIKETRACE_ELASTICSEARCH_CA_FILE", retryable=False
        ) from error
    except SerializationError as error:
        raise EvidenceUnavailable(f"{doing}: the answer could not be read as JSON", retryable=False) from error
    except TransportError as error:
        raise EvidenceUnavailable(f"{doing}: {_not_answered(error)}", retryable=True) from error


def _not_answered(error: TransportError) -> str:
    if isinstance(error, ConnectionTimeout):
        return "Elasticsearch did not answer in time"
    return "Elasticsearch cannot be reached"


def _refused(doing: str, error: ApiError) -> EvidenceUnavailable:
    status = error.meta.status
    reason = f"{doing}: Elasticsearch answered {status} {error.message}"[:300]
    if status in (408, 429) or status >= 500:
        return EvidenceUnavailable(reason, retryable=True)
    advice = WHAT_TO_DO.get(status)
    return EvidenceUnavailable(f"{reason}: {advice}" if advice else reason, retryable=False)
