"""Elasticsearch: its version and clock, what we may do there, our templates and indices, telemetry, the inbox index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
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
from worker.store.templates import fingerprint, index_templates, lacking_fields
from worker.telemetry.profiles import Profile, load_profile

KIBANA_ALERTS = ".alerts-stack.alerts-default"
OLDEST = Version("8.19")
# Of what is good to know and nothing fails without: a cluster may keep it to itself.
NOT_FOR_US = (400, 403, 404, 405)
# Written by Kibana's index connector, and only emptied by us: it has a check of its own.
WRITTEN = tuple(index for index in WRITTEN_AT if index != inbox_index.INDEX)
# The intake comes every few seconds; what waits longer has nobody who takes it in.
LONGEST_WAIT = timedelta(minutes=5)
WRITING = ("read", "create_index", "index", "delete", "maintenance")
# To see whether the templates are there.
ON_THE_CLUSTER = ("monitor",)
FIRST = "elasticsearch"
AWAY = "see that it runs, and check SPIKETRACE_ELASTICSEARCH_URL"
REFUSED = "check the SPIKETRACE_ELASTICSEARCH_ settings, and what their account may do (docs/kibana.md, Privileges)"


def elasticsearch_checks(settings: Settings) -> Iterator[Check]:
    """Each by itself: what one privilege too few keeps from us says nothing of the others."""
    profile = load_profile(settings.profile)
    with connect_elasticsearch(settings) as connected:
        client = connected.options(request_timeout=PATIENCE_SECONDS, max_retries=0)
        for name, look in _looks(client, profile, settings).items():
            try:
                with elasticsearch_errors(f"reading from {settings.elasticsearch_url}"):
                    yield from look()
            except EvidenceUnavailable as error:
                yield Check(name, error.reason, AWAY if error.retryable else REFUSED)
                # Who does not answer, or knows nobody of our name, says the same to every further question.
                if error.retryable or name == FIRST:
                    return


def _looks(client: Elasticsearch, profile: Profile, settings: Settings) -> dict[str, Callable[[], Iterable[Check]]]:
    looks: dict[str, Callable[[], Iterable[Check]]] = {
        FIRST: lambda: [_version(client)],
        "elasticsearch: clock": lambda: _clock(client),
        "privileges": lambda: [privileges_check(client, profile)],
        "index templates": lambda: [_templates(client)],
        "indices": lambda: [_indices(client)],
        "telemetry": lambda: _telemetry(client, profile),
    }
    if settings.index_intake:
        looks["inbox index"] = lambda: [inbox_index_check(client)]
    if settings.missed_alerts:
        looks["kibana's alerts"] = lambda: [kibana_alerts_check(client)]
    return looks


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
    wanted = {**dict.fromkeys(WRITTEN, WRITING), **_read(profile)}
    lacking = [f"{few} on {index}" for index, all_ in wanted.items() if (few := _lacking(client, index, *all_))]
    if few := _lacking_on_cluster(client):
        lacking.append(f"{few} on the cluster")
    if lacking:
        advice = "grant them to the account of SPIKETRACE_ELASTICSEARCH_ (docs/kibana.md, Privileges)"
        return Check("privileges", f"the credentials lack {'; '.join(lacking)}", advice)
    return Check("privileges", "all that webhook and worker need")


def _read(profile: Profile) -> dict[str, tuple[str, ...]]:
    sources = [profile.metrics, profile.logs, profile.edges, *profile.changes, profile.incidents]
    patterns = [pattern for source in sources if source for pattern in source.index.split(",")]
    return {pattern: ("read",) for pattern in patterns if pattern not in WRITTEN}


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
    if old := lacking_fields(client):
        told = "; ".join(f"{name} lacks {', '.join(fields)}" for name, fields in old.items())
        advice = "start `spiketrace worker` once with credentials that may manage these indices"
        return Check("indices", f"{told}: of an older version, perhaps restored from a snapshot", advice)
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
    answer = _asked(client, index=[{"names": [index], "privileges": list(privileges)}])
    return _not_granted(answer["index"][index]) if answer else ""


def _lacking_on_cluster(client: Elasticsearch) -> str:
    answer = _asked(client, cluster=ON_THE_CLUSTER)
    return _not_granted(answer["cluster"]) if answer else ""


def _asked(client: Elasticsearch, **about: Any) -> Mapping[str, Any] | None:
    """None where the engine checks nobody."""
    try:
        answer: Mapping[str, Any] = client.security.has_privileges(**about).body
    except ApiError as error:
        if error.status_code in (401, 403) or error.status_code >= 500:
            raise
        return None
    return answer


def _not_granted(privileges: Mapping[str, bool]) -> str:
    return ", ".join(name for name, granted in privileges.items() if not granted)
