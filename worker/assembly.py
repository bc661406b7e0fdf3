"""Wiring of the worker's process: the stores of `bootstrap.py`, and what the webhook never loads."""

from __future__ import annotations

from datetime import UTC, datetime

from elasticsearch import Elasticsearch

from worker.announcing import AnnouncingIncidents
from worker.bootstrap import connect
from worker.deliveries import Post
from worker.delivery.configured import destinations
from worker.impact.electricity_maps import ElectricityMaps
from worker.impact.tables import load_factors
from worker.investigate import Investigator
from worker.policy import Policy
from worker.ports import GridIntensity
from worker.replay.again import ReplayDesk
from worker.replay.delivering import AsIfLive
from worker.run import Desk
from worker.settings import Settings
from worker.settle import Settler
from worker.sweep import MeasuredQueue
from worker.telemetry.profiles import load_profile
from worker.telemetry.search import ElasticTelemetry


def open_desk(settings: Settings, queue: MeasuredQueue) -> Desk:
    """To be called after a fork, not before. Raises ConfigurationError."""
    stores = connect(settings)
    investigator = open_investigator(settings, stores.client)
    configured, policy = destinations(settings), Policy()
    incidents = AnnouncingIncidents(stores.incidents, queue, policy, configured, clock=_now)
    return Desk(
        alerts=stores.alerts,
        reports=stores.reports,
        incidents=incidents,
        dead_letters=stores.dead_letters,
        inbox=stores.inbox,
        inbox_index=stores.inbox_index,
        kibana_alerts=stores.kibana_alerts,
        queue=queue,
        post=Post(incidents, stores.reports, configured, clock=_now, policy=policy),
        investigate=investigator,
        max_attempts=settings.max_attempts,
        measure=Settler(investigator.telemetry, investigator.means),
    )


def open_replay_desk(settings: Settings, desk: Desk) -> ReplayDesk:
    """Beside the desk of live alerts. To be called after a fork, not before. Raises ConfigurationError."""
    stores = connect(settings)
    return ReplayDesk(
        replays=stores.replays,
        reports=stores.reports,
        investigate=open_investigator(settings, stores.client),
        delivery=AsIfLive(desk.incidents, desk.queue),
        max_attempts=settings.max_attempts,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def open_investigator(settings: Settings, client: Elasticsearch) -> Investigator:
    telemetry = ElasticTelemetry(client, load_profile(settings.profile))
    return Investigator(telemetry, factors=load_factors(settings.factors), hourly=open_intensity(settings))


def open_intensity(settings: Settings) -> GridIntensity | None:
    """None unless it is configured: nothing is sent anywhere that nobody asked for."""
    token = settings.electricity_maps_token
    return ElectricityMaps(settings.electricity_maps_url, token.get_secret_value()) if token else None
