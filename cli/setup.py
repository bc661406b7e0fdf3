"""`spiketrace setup`: what SpikeTrace needs in Kibana and Elasticsearch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from cli.audit import record
from cli.options import as_json, print_json
from cli.setup_text import (
    describe_change,
    print_deployment,
    print_done,
    print_plan,
    print_removal,
    print_result,
)
from kibana.client import connect_kibana
from kibana.setup.api_key import WorkerKey
from kibana.setup.apply import Done, Outcome
from kibana.setup.compare import Take
from kibana.setup.plan import Action, Plan, Step
from kibana.setup.session import Setup
from kibana.setup.things import NotOffered
from worker.elastic import connect_elasticsearch
from worker.errors import SpikeTraceError
from worker.settings import Settings, load_settings
from worker.telemetry.profiles import load_profile

take = click.option(
    "--take",
    type=click.Choice(Take, case_sensitive=False),
    help="What somebody changed in Kibana: `ours` writes over it, `theirs` agrees to it and does not mention it again. "
    "Without this it stays and is shown.",
)
api_key_file = click.option(
    "--api-key-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Make an Elasticsearch API key with the worker's privileges, and write it there (mode 600); then set "
    "SPIKETRACE_ELASTICSEARCH_API_KEY_FILE to that path.",
)


@click.group(short_help="Install what is needed in Kibana and Elasticsearch.")
def setup() -> None:
    """Index templates, roles, connectors, rules, data views, dashboards, workflow, tools and agent, in one space.

    \b
    Set SPIKETRACE_KIBANA_URL, SPIKETRACE_KIBANA_API_KEY (or _USER and _PASSWORD), the Elasticsearch settings,
    SPIKETRACE_PUBLIC_URL, SPIKETRACE_WEBHOOK_USER and SPIKETRACE_WEBHOOK_PASSWORD. Then:
      spiketrace setup plan      what would change; writes nothing
      spiketrace setup apply     do it; as often as you like
      spiketrace setup remove    take away what apply made

    What the version or the licence of your Kibana lacks is left out, with a sentence that says why. What somebody
    changed in Kibana stays as it is, unless you say --take ours. docs/kibana.md has the whole story.
    """


@setup.command()
@take
@api_key_file
@as_json
def plan(take: Take | None, api_key_file: Path | None, as_json: bool) -> None:
    """Show what `apply` would change, field by field. Only reads.

    \b
    Exit code 1 when a part of it cannot be done, with what is missing:
      spiketrace setup plan
      spiketrace setup plan --take ours
      spiketrace setup plan --json | jq '.steps[] | select(.action != "nothing")'
    """
    with _open() as (settings, deployment):
        planned = deployment.plan(take)
        key = _key_would(settings, deployment, api_key_file) if api_key_file else None
        if as_json:
            print_json(_plan_document(deployment, planned) | ({"api_key": key} if key else {}))
        else:
            print_deployment(deployment, settings)
            print_plan(planned, api_key=key)
    if planned.count(Action.CANNOT):
        raise click.exceptions.Exit(1)


@setup.command()
@take
@api_key_file
@as_json
def apply(take: Take | None, api_key_file: Path | None, as_json: bool) -> None:
    """Do what `plan` shows. Called again, it changes nothing; broken off, the next one finishes.

    \b
    Exit code 0 when all is done that this Kibana can have, 1 when something failed:
      spiketrace setup apply
      spiketrace setup apply --api-key-file /etc/spiketrace/elasticsearch-api-key
      spiketrace setup apply --take theirs --json
    """
    with _open() as (settings, deployment):
        if not as_json:
            print_deployment(deployment, settings)
        way = deployment.wanted.way
        done = deployment.apply(take, lambda item: None if as_json else print_done(item))
        record("setup-apply", on=settings.kibana_space)
        if not as_json and deployment.wanted.way != way:
            click.echo(f"\nAfter all, alerts reach SpikeTrace {deployment.wanted.way}.")
        key = _make_key(settings, deployment, api_key_file) if api_key_file else None
        if as_json:
            print_json(_result_document(deployment, done) | ({"api_key": key} if key else {}))
        else:
            print_result(done, api_key=key)
    _exit_if_failed(done)


@setup.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@as_json
def remove(dry_run: bool, as_json: bool) -> None:
    """Take away what `apply` made in this space: last made first, and nothing else.

    What was there before `apply`, a connector that rules of your own call, and every document stay.

    \b
    Examples:
      spiketrace setup remove --dry-run
      spiketrace setup remove
    """
    with _open() as (settings, deployment):
        done = deployment.remove(lambda item: None if as_json else print_done(item, dry_run=dry_run), dry_run=dry_run)
        had_key = _drop_key(settings, deployment, dry_run=dry_run)
        if not dry_run:
            record("setup-remove", on=settings.kibana_space)
        if as_json:
            print_json(_result_document(deployment, done) | {"api_key": "removed" if had_key else "none"})
        else:
            print_removal(done, had_key=had_key, dry_run=dry_run)
    _exit_if_failed(done)


@contextmanager
def _open() -> Iterator[tuple[Settings, Setup]]:
    settings = load_settings()
    with connect_kibana(settings) as kibana, connect_elasticsearch(settings) as elasticsearch:
        yield settings, Setup(settings, kibana, elasticsearch)


def _worker_key(settings: Settings, deployment: Setup) -> WorkerKey:
    return WorkerKey(deployment.elasticsearch, deployment.record, load_profile(settings.profile))


def _key_would(settings: Settings, deployment: Setup, path: Path) -> str:
    try:
        there = _worker_key(settings, deployment).works(path)
    except NotOffered as error:
        return f"left out: {error.reason}"
    return f"{path} holds one that works" if there else f"would be written to {path}"


def _make_key(settings: Settings, deployment: Setup, path: Path) -> str:
    try:
        made = _worker_key(settings, deployment).ensure(path)
    except NotOffered as error:
        return f"left out: {error.reason}"
    return f"written to {path}" if made else f"{path} holds one that works"


def _drop_key(settings: Settings, deployment: Setup, *, dry_run: bool) -> bool:
    if dry_run:
        return deployment.record.api_key_name is not None
    try:
        had_one = _worker_key(settings, deployment).invalidate()
    except NotOffered as error:
        raise SpikeTraceError(f"the API key {deployment.record.api_key_name} stays: {error.reason}") from error
    deployment.record.end()
    return had_one


def _exit_if_failed(done: list[Done]) -> None:
    if any(item.outcome is Outcome.FAILED for item in done):
        raise click.exceptions.Exit(1)


def _plan_document(deployment: Setup, planned: Plan) -> dict[str, Any]:
    return {
        **_deployment_document(deployment),
        "alerts": planned.way,
        "steps": [_step_document(step) for step in planned.steps],
        "left_over": [{"kind": key.kind, "id": key.id} for key in planned.left_over],
        "summary": {action: planned.count(action) for action in Action} | {"kept": len(planned.kept)},
    }


def _result_document(deployment: Setup, done: list[Done]) -> dict[str, Any]:
    return {
        **_deployment_document(deployment),
        "done": [
            {
                "kind": item.step.key.kind,
                "id": item.step.key.id,
                "name": item.step.name,
                "outcome": item.outcome,
                "reason": item.reason,
                "kept": [describe_change(change) for change in item.step.kept],
            }
            for item in done
        ],
        "summary": {outcome: sum(item.outcome is outcome for item in done) for outcome in Outcome},
    }


def _deployment_document(deployment: Setup) -> dict[str, Any]:
    platform = deployment.platform
    return {
        "kibana": {"url": deployment.url, "version": platform.version, "licence": platform.licence},
        "space": deployment.space,
    }


def _step_document(step: Step) -> dict[str, Any]:
    return {
        "kind": step.key.kind,
        "id": step.key.id,
        "name": step.name,
        "action": step.action,
        "reason": step.reason,
        "changes": [describe_change(change) for change in step.changes],
        "kept": [describe_change(change) for change in step.kept],
    }
