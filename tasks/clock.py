"""Starts the clock, which enqueues by name and so loads no task and no investigation."""

from __future__ import annotations

from tasks.app import create_app
from worker.settings import Settings


def run_beat(settings: Settings) -> None:
    create_app(settings).Beat(quiet=True).run()
