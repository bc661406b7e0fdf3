"""`spiketrace doctor`: what is missing, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import click
import redis
from elasticsearch import ApiError, Elasticsearch

from cli.doctor_of_profile import look_at_telemetry
from cli.options import as_json, print_json
from kibana.client import connect_kibana
from kibana.errors import KibanaError
from kibana.setup.plan import Action, Plan
from kibana.setup.session import Setup
from worker.delivery.configured import destinations
from worker.elastic import connect_elasticsearch, elasticsearch_errors
from worker.errors import ConfigurationError, EvidenceUnavailable
from worker.impact.tables import load_factors
from worker.policy import load_policy
from worker.settings import Settings, load_settings
from worker.store import inbox_index
from worker.store.inbox_index import InboxIndex
from worker.store.kibana_alerts import ElasticKibanaAlerts
from worker.store.templates import index_templates
from worker.telemetry.profiles import load_profile
from worker.terminology import load_terms

PATIENCE_SECONDS = 5.0
KIBANA_ALERTS = ".alerts-stack.alerts-default"
# The intake comes every few seconds; what waits longer has nobody who takes it in.
LONGEST_WAIT = timedelta(minutes=5)


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
    """Look at the settings, Elasticsearch, the broker, the webhook's credentials and Kibana. Changes nothing.

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
    yield _policy(settings)
    yield _terminology(settings)
    if settings.kibana_url:
        yield from _kibana(settings)
    yield _factors(settings)


def _elasticsearch(settings: Settings) -> Iterator[Check]:
    with connect_elasticsearch(settings) as connected:
        client = connected.options(request_timeout=PATIENCE_SECONDS, max_retries=0)
        try:
            with elasticsearch_errors(f"reading from {settings.elasticsearch_url}"):
                yield _templates(client)
                yield from _telemetry(client, settings)
                if settings.index_intake:
                    yield _inbox_index(client)
                if settings.missed_alerts:
                    yield _kibana_alerts(client)
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


def _inbox_index(client: Elasticsearch) -> Check:
    if lacking := _lacking(client, inbox_index.INDEX, "read", "delete"):
        advice = "grant them, or set SPIKETRACE_INDEX_INTAKE=false if no rule writes there (docs/delivery-paths.md)"
        return Check("inbox index", f"the credentials lack {lacking} on {inbox_index.INDEX}", advice)
    backlog = InboxIndex(client).backlog()
    found = f"{backlog.documents:,} waiting in {inbox_index.INDEX}"
    if backlog.oldest and backlog.oldest < datetime.now(UTC) - LONGEST_WAIT:
        return Check("inbox index", f"{found}, since {backlog.oldest:%Y-%m-%d %H:%M} UTC", "start worker and beat")
    return Check("inbox index", found)


def _kibana_alerts(client: Elasticsearch) -> Check:
    """Without them nothing fails, but what Kibana's action loses stays lost."""
    if lacking := _lacking(client, KIBANA_ALERTS, "read"):
        advice = "grant it on .alerts-*, or set SPIKETRACE_MISSED_ALERTS=false (docs/delivery-paths.md)"
        found = f"the credentials lack {lacking} on {KIBANA_ALERTS}: alerts that Kibana's action loses stay lost"
        return Check("kibana's alerts", found, advice)
    alerts = ElasticKibanaAlerts(client)
    if not alerts.readable_shards():
        return Check("kibana's alerts", "no .alerts-* is here: alerts that Kibana's action loses stay lost")
    return Check("kibana's alerts", f"can be read; {alerts.active():,} active of our rules")


def _lacking(client: Elasticsearch, index: str, *privileges: str) -> str:
    """Those that the credentials lack; empty where they have all, or where the engine checks nobody."""
    try:
        answer = client.security.has_privileges(index=[{"names": [index], "privileges": list(privileges)}])
    except ApiError as error:
        if error.status_code in (401, 403) or error.status_code >= 500:
            raise
        return ""
    return ", ".join(name for name, granted in answer["index"][index].items() if not granted)


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


def _factors(settings: Settings) -> Check:
    try:
        known = load_factors(settings.factors)
    except ConfigurationError as error:
        return Check("carbon factors", error.reason, f"put the table in {settings.factors} right, or take it away")
    hourly = "by the hour, else of the year" if settings.electricity_maps_token else "of the year"
    return Check("carbon factors", f"{len(known.grids)} regions, grid intensity {hourly}")


def _destinations(settings: Settings) -> Check:
    try:
        names = sorted(destinations(settings))
    except ConfigurationError as error:
        return Check("destinations", "configured in part", error.reason)
    return Check("destinations", ", ".join(names) or "none: reports are only stored")


def _policy(settings: Settings) -> Check:
    try:
        configured = destinations(settings)
    except ConfigurationError:
        return Check("policy", "not looked at: the destinations come first")
    try:
        policy = load_policy(settings.policy, configured)
    except ConfigurationError as error:
        return Check("policy", "cannot be used, so the worker does not start", error.reason)
    missing = ", ".join(sorted(policy.named - configured.keys()))
    unheard = f"; named and not configured: {missing}" if missing else ""
    source = settings.policy or "the default one: a message from medium, a ticket from high"
    return Check("policy", f"{source}{unheard}")


def _kibana(settings: Settings) -> Iterator[Check]:
    try:
        with connect_kibana(settings) as kibana, connect_elasticsearch(settings) as client:
            deployment = Setup(settings, kibana, client.options(request_timeout=PATIENCE_SECONDS, max_retries=0))
            yield Check("kibana", f"{deployment.platform.described}, space {deployment.space}")
            yield from _set_up(deployment, deployment.plan())
    except (KibanaError, ConfigurationError) as error:
        yield Check("kibana", error.reason, "check the SPIKETRACE_KIBANA_ settings (docs/kibana.md)")
    except EvidenceUnavailable as error:
        yield Check("kibana: set-up", f"cannot be compared: {error.reason}", "see to Elasticsearch first")


def _set_up(deployment: Setup, plan: Plan) -> Iterator[Check]:
    yield Check("kibana: alerts", f"reach SpikeTrace {plan.way}")
    if deployment.platform.may_make_rules is False or plan.count(Action.CANNOT):
        advice = "give the credentials of SPIKETRACE_KIBANA_ the privileges that docs/kibana.md lists"
        yield Check("kibana: privileges", "not enough to install or compare everything", advice)
    pending, kept = len(plan.pending), sum(len(step.kept) for step in plan.kept)
    found = f"{plan.count(Action.NOTHING)} as they should be, {plan.count(Action.CREATE)} missing, "
    found += f"{plan.count(Action.UPDATE)} outdated, {kept} fields changed in Kibana"
    advice = "look at `spiketrace setup plan`, then run `spiketrace setup apply`"
    yield Check("kibana: set-up", found, advice if pending else None)


def _terminology(settings: Settings) -> Check:
    try:
        chosen = load_terms(settings.terminology)
    except ConfigurationError as error:
        return Check("terminology", "cannot be used, so nothing starts", error.reason)
    words = f"orders are {chosen.orders.plural}, revenue is {chosen.revenue}"
    return Check("terminology", f"{settings.terminology}: {words}")
