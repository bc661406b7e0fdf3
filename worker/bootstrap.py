"""Wiring: which adapter stands behind which port."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from elasticsearch import Elasticsearch

from worker.announcing import AnnouncingIncidents
from worker.delivery.configured import destinations
from worker.domain.terms import speak
from worker.domain.window import utc_now
from worker.elastic import connect_elasticsearch
from worker.policy import load_policy
from worker.ports import Queue
from worker.settings import Settings
from worker.store.alerts import ElasticAlertStore
from worker.store.backtests import ElasticBacktestStore
from worker.store.dead_letters import ElasticDeadLetterStore
from worker.store.inbox import RedisInbox
from worker.store.inbox_index import InboxIndex
from worker.store.incidents import ElasticIncidentStore
from worker.store.kibana_alerts import ElasticKibanaAlerts
from worker.store.past_alerts import ElasticPastAlerts
from worker.store.replays import ElasticReplayStore
from worker.store.reports import ElasticReportStore
from worker.store.tally import RedisTally
from worker.terminology import load_terms


@dataclass(frozen=True)
class Stores:
    """The project's own indices, the inboxes in front of them, and Kibana's index of alerts."""

    client: Elasticsearch
    alerts: ElasticAlertStore
    reports: ElasticReportStore
    incidents: ElasticIncidentStore
    dead_letters: ElasticDeadLetterStore
    backtests: ElasticBacktestStore
    inbox: RedisInbox
    inbox_index: InboxIndex
    kibana_alerts: ElasticKibanaAlerts
    replays: ElasticReplayStore
    past_alerts: ElasticPastAlerts
    tally: RedisTally


def connect(settings: Settings) -> Stores:
    """The stores, connected when they are first used, and from now on the words of the settings' terminology.

    To be called after a fork, not before. Raises ConfigurationError.
    """
    speak(load_terms(settings.terminology))
    client = connect_elasticsearch(settings)
    return Stores(
        client=client,
        alerts=ElasticAlertStore(client),
        reports=ElasticReportStore(client),
        incidents=ElasticIncidentStore(client),
        dead_letters=ElasticDeadLetterStore(client),
        backtests=ElasticBacktestStore(client),
        inbox=RedisInbox(settings.broker_url),
        inbox_index=InboxIndex(client),
        kibana_alerts=ElasticKibanaAlerts(client),
        replays=ElasticReplayStore(client),
        past_alerts=ElasticPastAlerts(client),
        tally=RedisTally(settings.broker_url),
    )


def announcing(
    settings: Settings, stores: Stores, queue: Queue, configured: Collection[str] | None = None
) -> AnnouncingIncidents:
    """The incidents for whoever changes them, so that the right people hear of it. Raises ConfigurationError.

    `configured` are the names of the destinations, where they are known already.
    """
    configured = destinations(settings) if configured is None else configured
    policy = load_policy(settings.policy, configured)
    return AnnouncingIncidents(stores.incidents, queue, policy, configured, clock=utc_now)
