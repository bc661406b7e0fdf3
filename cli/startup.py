"""What each long-running process does first."""

from __future__ import annotations

from worker.logs import configure_logging
from worker.settings import Settings, load_settings


def prepare_process(name: str, *, json_lines: bool) -> Settings:
    """The settings, with logging set up as they ask. Raises ConfigurationError."""
    settings = load_settings()
    configure_logging(settings.log_level, process=name, json_lines=json_lines or None)
    return settings
