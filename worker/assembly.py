"""Wiring of the worker's process: the stores of `bootstrap.py`, and what the webhook never loads."""

from __future__ import annotations

from functools import partial

from elasticsearch import Elasticsearch

from worker.announcing import AnnouncingIncidents
from worker.bootstrap import Stores, announcing, connect, utc_now
from worker.dead_letters import bury_delivery
from worker.deliveries import Post
from worker.delivery.configured import destinations
from worker.impact.electricity_maps import ElectricityMaps
from worker.impact.tables import load_factors
from worker.investigate import Investigator
from worker.policy import load_policy
from worker.ports import GridIntensity
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
    incidents = announcing(settings, stores, queue)
    return Desk(
        alerts=stores.alerts,
        reports=stores.reports,
        incidents=incidents,
        dead_letters=stores.dead_letters,
        inbox=stores.inbox,
        inbox_index=stores.inbox_index,
        kibana_alerts=stores.kibana_alerts,
        queue=queue,
        post=_open_post(settings, stores, incidents),
        investigate=investigator,
        max_attempts=settings.max_attempts,
        measure=Settler(investigator.telemetry, investigator.means),
    )


def _open_post(settings: Settings, stores: Stores, incidents: AnnouncingIncidents) -> Post:
    return Post(
        incidents,
        stores.reports,
        destinations(settings),
        clock=utc_now,
        policy=incidents.policy,
        most_attempts=settings.delivery_max_attempts,
        bury=partial(bury_delivery, reports=stores.reports, letters=stores.dead_letters),
    )


def open_investigator(settings: Settings, client: Elasticsearch) -> Investigator:
    telemetry = ElasticTelemetry(client, load_profile(settings.profile))
    return Investigator(
        telemetry,
        factors=load_factors(settings.factors),
        hourly=open_intensity(settings),
        thresholds=load_policy(settings.policy, destinations(settings)).severity,
    )


def open_intensity(settings: Settings) -> GridIntensity | None:
    """None unless it is configured: nothing is sent anywhere that nobody asked for."""
    token = settings.electricity_maps_token
    return ElectricityMaps(settings.electricity_maps_url, token.get_secret_value()) if token else None
