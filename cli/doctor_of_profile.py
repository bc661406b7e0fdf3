"""The part of `spiketrace doctor` that looks at the telemetry of one profile."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import click

from cli.options import print_json
from worker.elastic import connect_elasticsearch
from worker.settings import load_settings
from worker.telemetry.inspection import Sighting, inspect
from worker.telemetry.profiles import load_profile


def look_at_telemetry(name: str, *, as_json: bool) -> bool:
    """Prints what the cluster has of what the profile names; False where an investigation cannot do with it."""
    profile = load_profile(name)
    with connect_elasticsearch(load_settings()) as client:
        found = inspect(client, profile, datetime.now(UTC))
    is_well = not any(one.is_problem for one in found)
    if as_json:
        print_json({"well": is_well, "profile": profile.name, "fields": [asdict(one) for one in found]})
    else:
        for one in found:
            _print(one)
    return is_well


def _print(one: Sighting) -> None:
    status = "PROBLEM" if one.is_problem else "missing" if one.advice else "ok"
    role = f", role {one.role}" if one.role else ""
    span = "day" if one.days == 1 else f"{one.days} days"
    click.echo(f"{status:8} {one.key:34} {one.field}{role}: {one.documents:,} of {one.of:,} documents, last {span}")
    if one.advice:
        click.echo(f"{'':43} → {one.advice}")
