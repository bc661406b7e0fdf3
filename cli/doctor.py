"""`spiketrace doctor`: what is missing, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

import click
import redis
from elasticsearch import Elasticsearch

from cli.doctor_of_profile import look_at_telemetry
from cli.options import as_json, print_json
from worker.delivery.configured import destinations
from worker.elastic import connect_elasticsearch, elasticsearch_errors
from worker.errors import ConfigurationError, EvidenceUnavailable
from worker.settings import Settings, load_settings
from worker.store.templates import index_templates
from worker.telemetry.profiles import load_profile

PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class Check:
    """What was looked at and found; `advice` is what to do where it is not well."""

    name: str
    found: str
    advice: str | None = None


@click.command(short_help="Say what is missing and what to do about it.")
@click.option("--profile", help="A shipped profile's name or a file: which of its fields the telemetry has.")
@as_json
def doctor(profile: str | None, as_json: bool) -> None:
    """Look at the settings, Elasticsearch, the broker and the webhook's credentials. Changes nothing.

    With --profile it looks only at the telemetry: for every field that the profile names, how many documents of the
    last day have it (of changes and incidents: of the last 30 days), which fields discovery finds and the role that
    each gets, and what to do about the missing ones. docs/profiles.md tells how to write a profile.

    \b
    Exit code 0 when all is well, 1 when something is not, 2 when the profile is wrong:
      spiketrace doctor
      spiketrace doctor --json | jq '.checks[] | select(.advice)'
      spiketrace doctor --profile elastic-apm
      spiketrace doctor --profile ours.yaml --json | jq '.fields[] | select(.advice)'
    """
    if profile:
        if not look_at_telemetry(profile, as_json=as_json):
            raise click.exceptions.Exit(1)
        return
    checks = list(examine(load_settings()))
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


def examine(settings: Settings) -> Iterator[Check]:
    yield Check("settings", "can be read")
    yield from _elasticsearch(settings)
    yield from _broker(settings)
    yield _credentials(settings)
    yield _destinations(settings)


def _elasticsearch(settings: Settings) -> Iterator[Check]:
    with connect_elasticsearch(settings) as connected:
        client = connected.options(request_timeout=PATIENCE_SECONDS, max_retries=0)
        try:
            with elasticsearch_errors(f"reading from {settings.elasticsearch_url}"):
                yield _templates(client)
                yield from _telemetry(client, settings)
        except EvidenceUnavailable as error:
            yield Check("elasticsearch", error.reason, "see that it runs, and check SPIKETRACE_ELASTICSEARCH_URL")


def _templates(client: Elasticsearch) -> Check:
    installed = {found["name"] for found in client.indices.get_index_template()["index_templates"]}
    missing = sorted(set(index_templates()) - installed)
    if missing:
        advice = "start `spiketrace worker` once with credentials that may manage index templates"
        return Check("index templates", f"missing: {', '.join(missing)}", advice)
    return Check("index templates", f"{len(index_templates())} installed")


def _telemetry(client: Elasticsearch, settings: Settings) -> Iterator[Check]:
    profile = load_profile(settings.profile)
    for name, source in (("metrics", profile.metrics), ("logs", profile.logs)):
        if source is None:
            continue
        index = source.index
        count = client.count(index=index, ignore_unavailable=True)["count"]
        advice = f"send telemetry to {index}, or name your own index in a profile (SPIKETRACE_PROFILE)"
        yield Check(f"telemetry: {name}", f"{count:,} documents in {index}", None if count else advice)


def _broker(settings: Settings) -> Iterator[Check]:
    try:
        with redis.Redis.from_url(settings.redis_url, socket_timeout=PATIENCE_SECONDS) as client:
            persistence, memory = client.info("persistence"), client.info("memory")
    except redis.RedisError as error:
        host = urlsplit(settings.redis_url).hostname
        advice = "start Redis or Valkey, and check SPIKETRACE_REDIS_URL"
        yield Check("broker", f"{host} does not answer: {type(error).__name__}", advice)
        return
    yield Check("broker", "answers")
    durable = bool(persistence["aof_enabled"])
    advice = "set `appendonly yes` and `appendfsync always`: an accepted alert is to outlive the broker"
    yield Check("broker: durability", "append-only file" if durable else "in memory", None if durable else advice)
    policy = memory["maxmemory_policy"]
    advice = "set `maxmemory-policy noeviction`: queued alerts are not to be evicted"
    yield Check("broker: eviction", policy, None if policy == "noeviction" else advice)


def _credentials(settings: Settings) -> Check:
    if settings.has_webhook_credentials:
        return Check("webhook", "has credentials")
    advice = "set SPIKETRACE_WEBHOOK_USER and SPIKETRACE_WEBHOOK_PASSWORD, or SPIKETRACE_WEBHOOK_TOKEN"
    return Check("webhook", "has no credentials and would refuse to start", advice)


def _destinations(settings: Settings) -> Check:
    try:
        names = sorted(destinations(settings))
    except ConfigurationError as error:
        return Check("destinations", "configured in part", error.reason)
    return Check("destinations", ", ".join(names) or "none: reports are only stored")
