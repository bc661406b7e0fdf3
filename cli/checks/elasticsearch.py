"""Elasticsearch: its version and clock, what we may do there, our templates and indices, telemetry, the inbox index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from elasticsearch import ApiError, Elasticsearch
from packaging.version import Version

from cli.checks.check import PATIENCE_SECONDS, Check, clock_check
from worker.elastic import connect_elasticsearch, elasticsearch_errors
from worker.errors import EvidenceUnavailable
from worker.settings import Settings
from worker.store import inbox_index
from worker.store.inbox_index import InboxIndex
from worker.store.kibana_alerts import ElasticKibanaAlerts
from worker.store.retention import WRITTEN_AT
from worker.store.templates import fingerprint, index_templates
from worker.telemetry.profiles import Profile, load_profile

KIBANA_ALERTS = ".alerts-stack.alerts-default"
OLDEST = Version("8.19")
# Of what is good to know and nothing fails without: a cluster may keep it to itself.
NOT_FOR_US = (400, 403, 404, 405)
# The intake comes every few seconds; what waits longer has nobody who takes it in.
LONGEST_WAIT = timedelta(minutes=5)
WRITING = ("read", "create_index", "index", "delete")


def elasticsearch_checks(settings: Settings) -> Iterator[Check]:
    with connect_elasticsearch(settings) as connected:
        client = connected.options(request_timeout=PATIENCE_SECONDS, max_retries=0)
        try:
            with elasticsearch_errors(f"reading from {settings.elasticsearch_url}"):
                yield _version(client)
                yield from _clock(client)
                profile = load_profile(settings.profile)
                yield privileges_check(client, profile)
                yield _templates(client)
                yield _indices(client)
                yield from _telemetry(client, profile)
                if settings.index_intake:
                    yield inbox_index_check(client)
                if settings.missed_alerts:
                    yield kibana_alerts_check(client)
        except EvidenceUnavailable as error:
            yield Check("elasticsearch", error.reason, "see that it runs, and check SPIKETRACE_ELASTICSEARCH_URL")


def _version(client: Elasticsearch) -> Check:
    try:
        version = client.info()["version"]
    except ApiError as error:
        if error.status_code not in NOT_FOR_US:
            raise
        return Check("elasticsearch", "answers, and does not say its version")
    number, other = str(version["number"]), version.get("distribution")
    if other:
        return Check("elasticsearch", f"answers; it is {other} {number}, which only follows Elasticsearch's interface")
    is_old = Version(number) < OLDEST
    return Check("elasticsearch", number, f"update it to {OLDEST} or newer" if is_old else None)


def _clock(client: Elasticsearch) -> Iterator[Check]:
    """By the Date header of whoever answers, else by the cluster's own clock, where we may ask for it."""
    began = datetime.now(UTC)
    try:
        answer = client.cat.health(format="json", h="epoch")
    except ApiError as error:
        if error.status_code not in NOT_FOR_US:
            raise
        return
    ended = datetime.now(UTC)
    header = answer.meta.headers.get("date")
    theirs = parsedate_to_datetime(header) if header else _epoch(answer.body)
    # Both tell whole seconds: on average half a one has passed since.
    yield clock_check("elasticsearch: clock", theirs + timedelta(seconds=0.5) - (began + (ended - began) / 2))


def _epoch(table: Any) -> datetime:
    return datetime.fromtimestamp(int(table[0]["epoch"]), tz=UTC)


def privileges_check(client: Elasticsearch, profile: Profile) -> Check:
    """Of the account that is configured, for all that webhook and worker do; docs/kibana.md has them as roles."""
    lacking = [
        f"{privileges} on {index}"
        for index, wanted in {**dict.fromkeys(WRITTEN_AT, WRITING), **_read(profile)}.items()
        if (privileges := _lacking(client, index, *wanted))
    ]
    if lacking:
        advice = "grant them to the account of SPIKETRACE_ELASTICSEARCH_ (docs/kibana.md, Privileges)"
        return Check("privileges", f"the credentials lack {'; '.join(lacking)}", advice)
    return Check("privileges", "all that webhook and worker need")


def _read(profile: Profile) -> dict[str, tuple[str, ...]]:
    sources = [profile.metrics, profile.logs, profile.edges, *profile.changes, profile.incidents]
    patterns = [pattern for source in sources if source for pattern in source.index.split(",")]
    return {pattern: ("read",) for pattern in patterns if pattern not in WRITTEN_AT}


def _templates(client: Elasticsearch) -> Check:
    found = client.indices.get_index_template()["index_templates"]
    installed = {one["name"]: one["index_template"].get("_meta", {}).get("fingerprint") for one in found}
    ours = index_templates()
    if missing := sorted(set(ours) - installed.keys()):
        advice = "start `spiketrace worker` once with credentials that may manage index templates"
        return Check("index templates", f"missing: {', '.join(missing)}", advice)
    if old := sorted(name for name, template in ours.items() if installed[name] != fingerprint(template)):
        advice = "run `spiketrace setup apply`, or start a worker whose credentials may manage index templates"
        return Check("index templates", f"of another release: {', '.join(old)}", advice)
    return Check("index templates", f"{len(ours)} installed")


def _indices(client: Elasticsearch) -> Check:
    """An index that was made before its template has guessed types, and takes documents that no search then finds."""
    answer = client.indices.get(index=list(WRITTEN_AT), ignore_unavailable=True)
    flaws = [flaw for name, found in answer.items() if (flaw := _flaw(name, found))]
    if flaws:
        return Check("indices", "; ".join(flaws), "free disk space, or delete or reindex what has the wrong types")
    return Check("indices", f"{len(answer)} of {len(WRITTEN_AT)} made so far, as they should be")


def _flaw(name: str, found: Mapping[str, Any]) -> str | None:
    blocks = found.get("settings", {}).get("index", {}).get("blocks", {})
    if any(str(value).lower() == "true" for value in blocks.values()):
        return f"{name} takes no writes ({', '.join(blocks)})"
    wanted = index_templates()[name]["template"]["mappings"]["properties"]
    has = found.get("mappings", {}).get("properties", {})
    wrong = [
        field
        for field, mapping in wanted.items()
        if field in has and "type" in mapping and has[field].get("type", "object") != mapping["type"]
    ]
    return f"{name} has other types in {', '.join(sorted(wrong))}" if wrong else None


def _telemetry(client: Elasticsearch, profile: Profile) -> Iterator[Check]:
    for name, source in (("metrics", profile.metrics), ("logs", profile.logs)):
        if source is None:
            continue
        index = source.index
        count = client.count(index=index, ignore_unavailable=True)["count"]
        advice = f"send telemetry to {index}, or name your own index in a profile (SPIKETRACE_PROFILE)"
        yield Check(f"telemetry: {name}", f"{count:,} documents in {index}", None if count else advice)


def inbox_index_check(client: Elasticsearch) -> Check:
    if lacking := _lacking(client, inbox_index.INDEX, "read", "delete"):
        advice = "grant them, or set SPIKETRACE_INDEX_INTAKE=false if no rule writes there (docs/delivery-paths.md)"
        return Check("inbox index", f"the credentials lack {lacking} on {inbox_index.INDEX}", advice)
    backlog = InboxIndex(client).backlog()
    found = f"{backlog.documents:,} waiting in {inbox_index.INDEX}"
    if backlog.oldest and backlog.oldest < datetime.now(UTC) - LONGEST_WAIT:
        return Check("inbox index", f"{found}, since {backlog.oldest:%Y-%m-%d %H:%M} UTC", "start worker and beat")
    return Check("inbox index", found)


def kibana_alerts_check(client: Elasticsearch) -> Check:
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
