"""The story as documents, in the shape in which Elastic APM and Elastic's OpenTelemetry distribution write them.

Both are made up after the sources that the shipped profiles name. Elasticsearch without its licensed modules knows no
aggregate_metric_double: such a field is mapped as double here and holds the average of what it would sum up, so that a
count of transactions is one of documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.profiles.story import Deployment, LogLine, Requests, Story, Transactions
from worker.domain.window import iso

Document = dict[str, Any]
KEYWORD = {"type": "keyword", "ignore_above": 1024}
DOUBLE = {"type": "double"}
TEXT = {"type": "text"}
DATE = {"type": "date"}
LONG = {"type": "long"}
ANNOTATIONS = "observability-annotations"
ANNOTATION_FIELDS = {
    "@timestamp": DATE,
    "annotation.type": KEYWORD,
    "message": TEXT,
    "tags": KEYWORD,
    "event.created": DATE,
    "service.name": KEYWORD,
    "service.version": KEYWORD,
}


def annotated(story: Story) -> Iterator[Document]:
    """What Kibana's annotation API writes, and an annotation that is no deployment."""
    for one in story.deployments:
        yield annotation(one)
    yield {"@timestamp": "2026-03-04T09:49:00.000Z", "annotation": {"type": "note"}, "message": "coffee", "tags": []}


def annotation(one: Deployment) -> Document:
    return {
        "@timestamp": iso(one.at),
        "annotation": {"type": "deployment"},
        "event": {"created": iso(one.at)},
        "message": one.version,
        "service": {"name": one.service, "version": one.version},
        "tags": ["apm"],
    }


class Apm:
    """`indices`: name → fields. `documents`: (index, document)."""

    profile = "elastic-apm"
    transactions = "metrics-apm.service_transaction.1m-default"
    destinations = "metrics-apm.service_destination.1m-default"
    lines = "logs-shop-default"

    @classmethod
    def indices(cls, *, embedded: bool) -> dict[str, Document]:
        named = {"@timestamp": DATE, "service.name": KEYWORD}
        return {
            cls.transactions: {
                **named,
                "transaction.type": KEYWORD,
                "transaction.duration.summary": DOUBLE,
                "event.success_count": DOUBLE,
            },
            cls.destinations: {
                **named,
                "event.outcome": KEYWORD,
                "span.destination.service.resource": KEYWORD,
                "span.destination.service.response_time.count": LONG,
                "span.destination.service.response_time.sum.us": LONG,
                "service.target.name": KEYWORD,
                "service.target.type": KEYWORD,
            },
            cls.lines: {
                **named,
                "service.version": KEYWORD,
                "log.level": KEYWORD,
                "message": TEXT,
                "error.type": KEYWORD,
            },
            ANNOTATIONS: ANNOTATION_FIELDS,
        }

    @classmethod
    def documents(cls, story: Story) -> Iterator[tuple[str, Document]]:
        yield from ((cls.transactions, cls._transactions(one)) for one in story.transactions())
        yield from ((cls.destinations, cls._requests(one)) for one in story.requests())
        yield from ((cls.lines, cls._line(one)) for one in story.lines())
        yield from ((ANNOTATIONS, one) for one in annotated(story))

    @staticmethod
    def _transactions(one: Transactions) -> Document:
        return {
            "@timestamp": iso(one.at),
            "_doc_count": one.count,
            "agent": {"name": "go"},
            "event": {"success_count": one.succeeded / one.count},
            "metricset": {"interval": "1m", "name": "service_transaction"},
            "processor": {"event": "metric"},
            "service": {"language": {"name": "go"}, "name": one.service},
            "transaction": {"duration": {"summary": one.mean_us}, "type": "request"},
        }

    @staticmethod
    def _requests(one: Requests) -> Document:
        service = {"resource": one.resource, "response_time": {"count": one.count, "sum": {"us": round(one.sum_us)}}}
        return {
            "@timestamp": iso(one.at),
            "agent": {"name": "go"},
            "event": {"outcome": one.outcome},
            "metricset": {"interval": "1m", "name": "service_destination"},
            "processor": {"event": "metric"},
            "service": {"name": one.caller, "target": {"name": one.resource, "type": "http"}},
            "span": {"destination": {"service": service}, "name": f"GET {one.resource}"},
        }

    @staticmethod
    def _line(one: LogLine) -> Document:
        return {
            "@timestamp": iso(one.at),
            "log": {"level": one.level.lower()},
            "message": one.message,
            "service": {"name": one.service, "version": one.version},
        }


class OpenTelemetry:
    """Attributes in their place; the bare names by `passthrough`, or by aliases where the engine lacks it."""

    profile = "opentelemetry"
    transactions = "metrics-service_transaction.1m.otel-default"
    destinations = "metrics-service_destination.1m.otel-default"
    lines = "logs-generic.otel-default"

    @classmethod
    def indices(cls, *, embedded: bool) -> dict[str, Document]:
        metrics = {"transaction.duration.summary": DOUBLE, "event.success_count": DOUBLE}
        response_time = "span.destination.service.response_time"
        calls = {f"{response_time}.count": LONG, f"{response_time}.sum.us": DOUBLE}
        called = {
            "event.outcome": KEYWORD,
            "span.destination.service.resource": KEYWORD,
            "service.target.name": KEYWORD,
            "service.target.type": KEYWORD,
        }
        resource = {"service.name": KEYWORD, "service.version": KEYWORD}
        line = {"severity_text": KEYWORD, "body": {"properties": {"text": TEXT}}}
        attributes = {"exception.type": KEYWORD}
        return {
            cls.transactions: _otel(embedded, metrics, {"transaction.type": KEYWORD}, resource),
            cls.destinations: _otel(embedded, calls, called, resource),
            cls.lines: {**_otel(embedded, {}, attributes, resource), **line},
            ANNOTATIONS: ANNOTATION_FIELDS,
        }

    @classmethod
    def documents(cls, story: Story) -> Iterator[tuple[str, Document]]:
        yield from ((cls.transactions, cls._transactions(one)) for one in story.transactions())
        yield from ((cls.destinations, cls._requests(one)) for one in story.requests())
        yield from ((cls.lines, cls._line(one)) for one in story.lines())
        yield from ((ANNOTATIONS, one) for one in annotated(story))

    @staticmethod
    def _transactions(one: Transactions) -> Document:
        attributes = {
            "metricset.interval": "1m",
            "metricset.name": "service_transaction",
            "processor.event": "metric",
            "transaction.root": one.service == "frontend",
            "transaction.type": "request",
        }
        summed = {"transaction.duration.summary": one.mean_us, "event.success_count": one.succeeded / one.count}
        return _metric(one.service, one.at, attributes, summed)

    @staticmethod
    def _requests(one: Requests) -> Document:
        attributes = {
            "event.outcome": one.outcome,
            "metricset.interval": "1m",
            "metricset.name": "service_destination",
            "processor.event": "metric",
            "service.target.name": one.resource,
            "service.target.type": "http",
            "span.destination.service.resource": one.resource,
            "span.name": f"GET {one.resource}",
        }
        prefix = "span.destination.service.response_time"
        return _metric(one.caller, one.at, attributes, {f"{prefix}.count": one.count, f"{prefix}.sum.us": one.sum_us})

    @staticmethod
    def _line(one: LogLine) -> Document:
        return {
            "@timestamp": iso(one.at),
            "attributes": {},
            "body": {"text": one.message},
            "data_stream": {"dataset": "generic.otel", "namespace": "default", "type": "logs"},
            "resource": {"attributes": {"service.name": one.service, "service.version": one.version}},
            "severity_text": one.level,
        }


def _metric(service: str, at: Any, attributes: Document, metrics: Document) -> Document:
    resource = {"agent.name": "otlp/go", "service.name": service, "telemetry.sdk.language": "go"}
    return {
        "@timestamp": iso(at),
        "attributes": attributes,
        "metrics": metrics,
        "resource": {"attributes": resource},
        "scope": {
            "name": "github.com/open-telemetry/opentelemetry-collector-contrib/connector/signaltometricsconnector"
        },
    }


def _otel(embedded: bool, metrics: Document, attributes: Document, resource: Document) -> Document:
    places = {"metrics": (metrics, 10), "attributes": (attributes, 20), "resource.attributes": (resource, 40)}
    if not embedded:
        passed = {
            place: {"type": "passthrough", "dynamic": True, "priority": priority, "properties": fields}
            for place, (fields, priority) in places.items()
        }
        inner = {"properties": {"attributes": passed.pop("resource.attributes")}}
        return {"@timestamp": DATE, **passed, "resource": inner}
    stored = {f"{place}.{name}": kind for place, (fields, _) in places.items() for name, kind in fields.items()}
    bare = {
        name: {"type": "alias", "path": f"{place}.{name}"} for place, (fields, _) in places.items() for name in fields
    }
    return {"@timestamp": DATE, **stored, **bare}
