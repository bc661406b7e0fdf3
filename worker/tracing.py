"""Spans of an alert's way, for whoever collects OpenTelemetry traces; nothing at all where nobody does.

Spans hold ids and counts, never telemetry or an alert's words: what fails is told in the redacted reason of our own
errors, and of any other error only by its type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Literal

from worker.common_schema import NAMESPACE, service_name
from worker.domain.redaction.redact import redact
from worker.errors import ConfigurationError, SpikeTraceError
from worker.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

Kind = Literal["internal", "server", "client", "consumer"]
HEADER = "traceparent"
FLUSH_MILLISECONDS = 3_000
_NOTHING: AbstractContextManager[None] = nullcontext()


class _Tracing:
    """Of this process; `tracer` is None while nobody collects."""

    tracer: Tracer | None = None
    provider: Any = None


def start_tracing(settings: Settings, *, process: str) -> None:
    """Export this process's spans from now on, if the settings say where to. To be called after a fork.

    Raises ConfigurationError where the SDK is not installed.
    """
    if settings.otlp_endpoint is None:
        return
    try:
        # An optional extra, which a deployment without a collector does without.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError as error:
        raise ConfigurationError("SPIKETRACE_OTLP_ENDPOINT needs more: pip install 'spiketrace[otel]'") from error
    exporter = OTLPSpanExporter(endpoint=f"{settings.otlp_endpoint}/v1/traces", headers=export_headers(settings))
    provider = TracerProvider(resource=Resource.create({"service.name": service_name(process)}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    _Tracing.provider, _Tracing.tracer = provider, provider.get_tracer(NAMESPACE)


def export_headers(settings: Settings) -> dict[str, str] | None:
    """None leaves it to OTEL_EXPORTER_OTLP_HEADERS, which the SDK reads by itself."""
    if settings.otlp_headers is None:
        return None
    pairs = (pair.partition("=") for pair in settings.otlp_headers.get_secret_value().split(","))
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}


def stop_tracing() -> None:
    """Export what is left, but do not wait long for a collector that is away."""
    if _Tracing.provider:
        _Tracing.provider.force_flush(FLUSH_MILLISECONDS)
        _Tracing.provider.shutdown()
    _Tracing.provider = _Tracing.tracer = None


def span(
    name: str, *, parent: str | None = None, kind: Kind = "internal", **about: str | float | bool | None
) -> AbstractContextManager[None]:
    """What runs inside is told as one span: of `parent` (a W3C traceparent), else of the span around it.

    `about` are attributes; `alert_id` is told as spiketrace.alert_id, and None not at all.
    """
    return _NOTHING if _Tracing.tracer is None else _span(_Tracing.tracer, name, parent, kind, about)


@contextmanager
def _span(tracer: Tracer, name: str, parent: str | None, kind: Kind, about: Mapping[str, Any]) -> Iterator[None]:
    from opentelemetry.trace import SpanKind  # noqa: PLC0415

    with tracer.start_as_current_span(
        name,
        context=_context(parent),
        kind=SpanKind[kind.upper()],
        attributes={f"{NAMESPACE}.{key}": value for key, value in about.items() if value is not None},
        # An exception's own text and trace may hold anything.
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        try:
            yield
        except Exception as error:
            _mark(current, error)
            raise


def _mark(current: Span, error: Exception) -> None:
    from opentelemetry.trace import StatusCode  # noqa: PLC0415

    reason = redact(error.reason) if isinstance(error, SpikeTraceError) else None
    current.set_status(StatusCode.ERROR, reason)
    current.set_attribute("error.type", type(error).__name__)


def _context(parent: str | None) -> Any:
    """None, which stands for the present context, where there is no parent or it cannot be read."""
    if parent is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    return TraceContextTextMapPropagator().extract({HEADER: parent})


def traceparent() -> str | None:
    """The present span, as https://www.w3.org/TR/trace-context/ writes it; None where there is none."""
    if _Tracing.tracer is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get(HEADER)


def trace_ids() -> dict[str, str]:
    """The present span's ids by the names that a log line gives them; empty where there is none."""
    header = traceparent()
    if header is None:
        return {}
    _, trace_id, span_id, _ = header.split("-")
    return {"trace.id": trace_id, "span.id": span_id}
