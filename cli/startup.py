"""What each long-running process does first."""

from __future__ import annotations

import logging

import structlog

from worker.elastic import connect_elasticsearch
from worker.errors import EvidenceUnavailable, QueueUnavailable
from worker.logs import configure_logging
from worker.settings import Settings, load_settings
from worker.store.broker import check_broker
from worker.store.templates import install_templates

PATIENCE_SECONDS = 5.0
BROKER_PATIENCE_SECONDS = 2.0
SEE_DOCTOR = "see `spiketrace doctor`"

log = structlog.get_logger(__name__)


def prepare_process(name: str, *, json_lines: bool) -> Settings:
    """The settings, with logging set up as they ask. Raises ConfigurationError."""
    settings = load_settings()
    configure_logging(settings.log_level, process=name, json_lines=json_lines or None, secrets=settings.secret_values())
    # Python's own warnings are lines like all others.
    logging.captureWarnings(capture=True)
    return settings


def prepare_broker(settings: Settings) -> None:
    """Tell at once what is wrong with the broker. Raises ConfigurationError where waiting would not help."""
    if settings.broker.tls and not settings.broker.tls.is_closed:
        log.warning("the broker's certificate is not checked in full", action="broker-unchecked", advice=SEE_DOCTOR)
    try:
        check_broker(settings.broker_url, seconds=BROKER_PATIENCE_SECONDS)
    except QueueUnavailable as error:
        log.warning("the broker cannot be used yet", action="broker-unusable", reason=error.reason, advice=SEE_DOCTOR)


def prepare_indices(settings: Settings) -> None:
    """Install the index templates before the first document is written, if Elasticsearch can be reached now."""
    try:
        with connect_elasticsearch(settings) as client:
            install_templates(client.options(request_timeout=PATIENCE_SECONDS, max_retries=0))
    except EvidenceUnavailable as error:
        log.warning(
            "the index templates were not installed",
            action="templates-not-installed",
            reason=error.reason,
            advice=SEE_DOCTOR,
        )
