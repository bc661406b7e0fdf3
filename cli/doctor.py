"""`spiketrace doctor`: what is missing, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import click

from cli.checks.broker import broker_checks, work_checks
from cli.checks.check import Check
from cli.checks.configured import (
    credentials_check,
    destination_checks,
    embedding_checks,
    factors_check,
    intensity_check,
    model_checks,
    policy_check,
    settings_check,
    terminology_check,
    tracing_check,
)
from cli.checks.elasticsearch import elasticsearch_checks
from cli.checks.kibana import kibana_checks
from cli.doctor_of_profile import look_at_telemetry
from cli.options import as_json, print_json
from worker.settings import Settings, load_settings


@click.command(short_help="Say what is missing and what to do about it.")
@click.option("--profile", help="A shipped profile's name or a file: which of its fields the telemetry has.")
@click.option("--deep", is_flag=True, help="Ask the language model for one word as well, which costs some tokens.")
@as_json
def doctor(profile: str | None, deep: bool, as_json: bool) -> None:
    """Look at everything that SpikeTrace needs, and say what to do about each thing that is not well.

    That is: settings, Elasticsearch (version, clock, privileges, templates, indices, telemetry), the broker (the way
    to it, its Sentinels and replicas, whether it keeps what it takes, its clock), beat, workers and queues, what waits
    and for how long, dead letters, the webhook's credentials, each destination by a question that makes nothing, the
    policy, the words of the trade, Kibana's rules and connectors, the carbon tables, hourly grid intensity, the model
    with its budget, and traces. Changes nothing, and tells nobody of anything.

    With --profile it looks only at the telemetry: for every field that the profile names, how many documents of the
    last day have it (of changes and incidents: of the last 30 days), which fields discovery finds and the role that
    each gets, and what to do about the missing ones. docs/profiles.md tells how to write a profile.

    \b
    Exit code 0 when all is well, 1 when something is not, 2 when the settings or the profile are wrong:
      spiketrace doctor
      spiketrace doctor --deep
      spiketrace doctor --json | jq '.checks[] | select(.advice)'
      spiketrace doctor --profile elastic-apm
      spiketrace doctor --profile ours.yaml --json | jq '.fields[] | select(.advice)'
    """
    if profile:
        if not look_at_telemetry(profile, as_json=as_json):
            raise click.exceptions.Exit(1)
        return
    checks = list(examine(load_settings(), deep=deep))
    problems = [check for check in checks if check.advice]
    if as_json:
        print_json({"well": not problems, "checks": [asdict(check) for check in checks]})
    else:
        for check in checks:
            _print(check)
    if problems:
        raise click.exceptions.Exit(1)


def _print(check: Check) -> None:
    click.echo(f"{'PROBLEM' if check.advice else 'ok':8} {check.name:22} {check.found}")
    if check.advice:
        click.echo(f"{'':31} → {check.advice}")


def examine(settings: Settings, *, deep: bool = False) -> Iterator[Check]:
    yield settings_check(settings)
    yield from elasticsearch_checks(settings)
    yield from broker_checks(settings)
    yield from work_checks(settings)
    yield credentials_check(settings)
    yield from destination_checks(settings)
    yield policy_check(settings)
    yield terminology_check(settings)
    if settings.kibana_url:
        yield from kibana_checks(settings)
    yield factors_check(settings)
    yield intensity_check(settings)
    yield from model_checks(settings, deep=deep)
    yield from embedding_checks(settings, deep=deep)
    yield tracing_check(settings)
