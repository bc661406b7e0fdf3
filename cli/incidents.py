"""`spiketrace incidents`: see them, and close what is over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

import click

from cli.audit import record
from cli.options import as_json, print_json
from worker import life
from worker.announcing import AnnouncingIncidents
from worker.bootstrap import announcing, connect
from worker.domain import terms
from worker.domain.figures import count, describe_count, duration, number, time_of
from worker.domain.incident import Incident, IncidentStatus
from worker.errors import ConfigurationError, IncidentUnknown
from worker.settings import load_settings
from worker.store.incidents import ElasticIncidentStore

LATEST = 50


@click.group(short_help="See incidents, and close what is over.")
def incidents() -> None:
    """Each is one cause, from its first alert to the recovery. docs/incidents.md says how they begin and end."""


@incidents.command("list", short_help="The newest, newest first.")
@click.option("--status", type=click.Choice([status.value for status in IncidentStatus]), help="Only those.")
@click.option("--limit", type=click.IntRange(1, 1000), default=LATEST, show_default=True)
@as_json
def list_incidents(status: str | None, limit: int, as_json: bool) -> None:
    """Print the newest incidents, one a line: id, status, severity, when it began, title."""
    stores = connect(load_settings())
    with stores.client:
        found = stores.incidents.latest(limit, IncidentStatus(status) if status else None)
    if as_json:
        print_json([incident.model_dump(mode="json", by_alias=True) for incident in found])
        return
    for one in found:
        click.echo(f"{one.incident_id}\t{one.status}\t{one.severity}\t{time_of(one.timestamp)}\t{one.title}")
    if not found:
        click.echo("There is none.")


@incidents.command("show", short_help="One incident with its course.")
@click.argument("incident_id")
@as_json
def show(incident_id: str, as_json: bool) -> None:
    """Print INCIDENT_ID: what is known of it, who was told, and its history."""
    stores = connect(load_settings())
    with stores.client:
        found = _known(incident_id, stores.incidents)
    if as_json:
        print_json(found.model_dump(mode="json", by_alias=True))
    else:
        click.echo("\n".join(_lines(found)))


@incidents.command("close", short_help="End one for good; those who were told of it hear that.")
@click.argument("incident_id")
@click.option("--reason", default="", help="Why, for its history and for those who were told.")
@click.option("--resolution", default="", help="What helped, for the report of the next one like it.")
@as_json
def close(incident_id: str, reason: str, resolution: str, as_json: bool) -> None:
    """Close INCIDENT_ID, whether its alerts have recovered or not. A closed incident is never opened again.

    Tickets and messages that stand for it are resolved by the worker. A further alert of its cause opens a new one.
    """
    # The queue is Celery's, which takes a moment to load.
    from tasks.queue import CeleryQueue  # noqa: PLC0415

    settings = load_settings()
    stores = connect(settings)
    with stores.client:
        ledger = announcing(settings, stores, CeleryQueue(settings))
        closed = _closed(incident_id, reason, resolution, ledger)
    record("incident-close", on=incident_id, reason=reason or None)
    if as_json:
        print_json({"incident_id": closed.incident_id, "status": closed.status})
    else:
        click.echo(f"{closed.incident_id} is closed.")


@incidents.command("embed", short_help="Make vectors of those that have none, to be found by meaning.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=500, show_default=True, help="At most so many.")
@as_json
def embed(limit: int, as_json: bool) -> None:
    """Embed past incidents, whoever wrote them, the newest first: once, after SPIKETRACE_EMBEDDINGS was set.

    Title and summary are redacted and given to the model in SPIKETRACE_EMBEDDING_MODEL_DIR, or else sent to
    SPIKETRACE_EMBEDDING_MODEL, within the day's budget; the vector is stored with the incident and nothing else of it
    changes. Repeat it for the rest. docs/similar.md says what it is for.
    """
    # It loads what reads arrays, which the other commands do without.
    from worker.agent.remembering import gist_of_document  # noqa: PLC0415
    from worker.assembly import open_embedding  # noqa: PLC0415

    settings = load_settings()
    if not settings.embeddings:
        raise ConfigurationError("SPIKETRACE_EMBEDDINGS is not true: there is no model to embed with")
    stores, embedding = connect(settings), open_embedding(settings)
    count = 0
    with stores.client:
        stores.incidents.allow_embeddings()
        for incident_id, document in stores.incidents.without_embedding(embedding.model, limit):
            if told := gist_of_document(document):
                count += stores.incidents.embed(incident_id, embedding(told), embedding.model)
    if as_json:
        print_json({"embedded": count})
    else:
        click.echo(f"{count} incidents were embedded.")


def _known(incident_id: str, store: ElasticIncidentStore) -> Incident:
    if found := store.get(incident_id):
        return found
    raise IncidentUnknown(f"there is no incident {incident_id}: spiketrace incidents list")


def _closed(incident_id: str, reason: str, resolution: str, ledger: AnnouncingIncidents) -> Incident:
    said = reason or resolution
    why = f"Closed by hand{f': {said}' if said else '.'}"
    now, policy = datetime.now(UTC), ledger.policy.incidents
    step = partial(life.closed, reason=why, now=now, life=policy, resolution=resolution)
    try:
        return ledger.update(incident_id, step)
    except KeyError:
        raise IncidentUnknown(f"there is no incident {incident_id}: spiketrace incidents list") from None


def _lines(one: Incident) -> Iterator[str]:
    yield f"{one.incident_id}: {one.title}"
    yield f"  {one.status}, {one.severity}, began {time_of(one.timestamp)}{_ended(one)}"
    services = ", ".join(one.services) or "all services"
    yield f"  {len(one.alert_ids)} alerts of {services}, {len(one.still_active)} active"
    yield f"  {'; '.join(_losses(one)) or 'no loss was measured'}"
    for name, delivery in one.deliveries.items():
        about = delivery.url or delivery.vendor_id or delivery.reason or ""
        yield f"  {name}: {delivery.state} {about}".rstrip()
    yield ""
    for entry in one.history:
        yield f"  {time_of(entry.at)}  {entry.event}: {entry.reason}"


def _ended(one: Incident) -> str:
    if one.merged_into:
        return f", goes on as {one.merged_into}"
    if one.resolved_at is None:
        return f", resolves {time_of(one.resolves_at)} if nothing comes" if one.resolves_at else ""
    return f", ended {time_of(one.resolved_at)} after {duration(one.resolved_at - one.timestamp)}"


def _losses(one: Incident) -> Iterator[str]:
    source = f" ({one.business_source})" if one.business_source else ""
    if one.wasted_co2_grams is not None:
        yield f"{number(one.wasted_co2_grams)} gCO₂e wasted"
    if one.requests_failed:
        yield f"{describe_count(one.requests_failed).likely} requests failed"
    if one.orders_affected is not None:
        yield f"{count(one.orders_affected)} {terms.orders()} affected{source}"
    if one.revenue_usd:
        yield f"{terms.describe_revenue(one.revenue_usd).likely} lost{source}"
