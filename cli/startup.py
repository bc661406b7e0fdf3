"""What each long-running process does first."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

import structlog

from worker.elastic import connect_elasticsearch
from worker.errors import EvidenceUnavailable
from worker.logs import configure_logging
from worker.settings import Settings, load_settings
from worker.store.templates import install_templates

PATIENCE_SECONDS = 5.0

log = structlog.get_logger(__name__)


def prepare_process(name: str, *, json_lines: bool) -> Settings:
    """The settings, with logging set up as they ask. Raises ConfigurationError."""
    settings = load_settings()
    secrets = [*settings.secret_values(), *filter(None, [urlsplit(settings.redis_url).password])]
    configure_logging(settings.log_level, process=name, json_lines=json_lines or None, secrets=secrets)
    # Python's own warnings are lines like all others.
    logging.captureWarnings(capture=True)
    return settings


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
            advice="see `spiketrace doctor`",
        )
