"""Wiring: which adapter stands behind which port."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from elasticsearch import Elasticsearch

from worker.deliveries import Post
from worker.delivery.jira.destination import jira_destination
from worker.delivery.slack.destination import slack_destination
from worker.elastic import connect_elasticsearch
from worker.ports import Destination
from worker.settings import Settings
from worker.store.alerts import ElasticAlertStore
from worker.store.dead_letters import ElasticDeadLetterStore
from worker.store.inbox import RedisInbox
from worker.store.incidents import ElasticIncidentStore
from worker.store.reports import ElasticReportStore


@dataclass(frozen=True)
class Stores:
    """The project's own indices, and the inbox in front of them."""

    client: Elasticsearch
    alerts: ElasticAlertStore
    reports: ElasticReportStore
    incidents: ElasticIncidentStore
    dead_letters: ElasticDeadLetterStore
    inbox: RedisInbox


def connect(settings: Settings) -> Stores:
    """The stores, connected when they are first used. To be called after a fork, not before."""
    client = connect_elasticsearch(settings)
    return Stores(
        client=client,
        alerts=ElasticAlertStore(client),
        reports=ElasticReportStore(client),
        incidents=ElasticIncidentStore(client),
        dead_letters=ElasticDeadLetterStore(client),
        inbox=RedisInbox(settings.redis_url),
    )


def destinations(settings: Settings) -> dict[str, Destination]:
    """Those that are configured, by name. Raises ConfigurationError where one is configured in part."""
    configured: list[Destination | None] = [slack_destination(settings), jira_destination(settings)]
    return {destination.name: destination for destination in configured if destination}


def open_post(settings: Settings, stores: Stores) -> Post:
    """What it takes to deliver. Raises ConfigurationError."""
    return Post(
        incidents=stores.incidents,
        reports=stores.reports,
        destinations=destinations(settings),
        clock=partial(datetime.now, UTC),
    )
