"""Wiring of the worker's process: the stores of `bootstrap.py`, and what the webhook never loads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

from elasticsearch import Elasticsearch

from worker.agent.answer_grounds import answer_grounding
from worker.agent.answerer import Answerer
from worker.agent.budget import limits_of, prices_of
from worker.agent.grounding.ground import grounding
from worker.agent.narrator import Narrator, nothing_to_change
from worker.agent.remembering import Embedding, Remembering
from worker.announcing import AnnouncingIncidents
from worker.answering.answering import Answering, ModelAnswer
from worker.answering.exhibits import Places
from worker.answering.writing import worded
from worker.asking import QuestionDesk, Turns, busy
from worker.bootstrap import Stores, announcing
from worker.dead_letters import bury_delivery
from worker.deliveries import Post
from worker.delivery.configured import destinations
from worker.domain.window import utc_now
from worker.impact.electricity_maps import ElectricityMaps
from worker.impact.tables import load_factors
from worker.investigate import Investigator
from worker.policy import Policy, load_policy
from worker.ports import Destination, Embedder, GridIntensity
from worker.replay.again import ReplayDesk
from worker.replay.delivering import AsIfLive
from worker.run import Desk
from worker.settings import Settings
from worker.settle import Settler
from worker.store.model_ledger import RedisModelLedger
from worker.store.questions import RedisQuestions
from worker.sweep import MeasuredQueue
from worker.telemetry.lookup import ElasticLookup
from worker.telemetry.profiles import load_profile
from worker.telemetry.questions import ElasticLooks
from worker.telemetry.search import ElasticTelemetry

if TYPE_CHECKING:
    from worker.agent.gemini import Gemini

# A model on this machine costs nothing, and a history of any length may be embedded.
FREE_CALLS_A_DAY = 1_000_000_000


def open_desk(settings: Settings, queue: MeasuredQueue, stores: Stores) -> Desk:
    """To be called after a fork, not before. Raises ConfigurationError."""
    configured = destinations(settings)
    incidents = announcing(settings, stores, queue, configured)
    investigator = open_investigator(settings, stores.client, incidents.policy)
    return Desk(
        alerts=stores.alerts,
        reports=stores.reports,
        incidents=incidents,
        dead_letters=stores.dead_letters,
        inbox=stores.inbox,
        inbox_index=stores.inbox_index,
        kibana_alerts=stores.kibana_alerts,
        queue=queue,
        post=_open_post(settings, stores, incidents, configured),
        investigate=investigator,
        max_attempts=settings.max_attempts,
        measure=Settler(investigator.telemetry, investigator.means),
        tally=stores.tally,
        narrator=open_narrator(settings, stores) if settings.enriches_reports else None,
    )


def _open_post(
    settings: Settings, stores: Stores, incidents: AnnouncingIncidents, configured: Mapping[str, Destination]
) -> Post:
    return Post(
        incidents,
        stores.reports,
        configured,
        clock=utc_now,
        policy=incidents.policy,
        most_attempts=settings.delivery_max_attempts,
        bury=partial(bury_delivery, reports=stores.reports, letters=stores.dead_letters),
        tally=stores.tally,
    )


def open_replay_desk(settings: Settings, desk: Desk, stores: Stores) -> ReplayDesk:
    """Beside the desk of live alerts. To be called after a fork, not before. Raises ConfigurationError."""
    return ReplayDesk(
        replays=stores.replays,
        reports=stores.reports,
        investigate=open_investigator(settings, stores.client, desk.incidents.policy),
        delivery=AsIfLive(desk.incidents, desk.queue),
        max_attempts=settings.max_attempts,
    )


def open_investigator(settings: Settings, client: Elasticsearch, policy: Policy | None = None) -> Investigator:
    """With the settings' own policy, unless it was read already. Raises ConfigurationError."""
    telemetry = open_telemetry(settings, client)
    policy = policy or load_policy(settings.policy, destinations(settings))
    return Investigator(
        telemetry,
        factors=load_factors(settings.factors),
        hourly=open_intensity(settings),
        thresholds=policy.severity,
    )


def open_narrator(settings: Settings, stores: Stores) -> Narrator:
    one, day = limits_of(settings)
    return Narrator(
        model=cache(lambda: open_model(settings)),
        model_name=settings.gemini_model,
        ground=grounding,
        reports=stores.reports,
        lookup=open_lookup(settings, stores.client),
        ledger=RedisModelLedger(settings.broker_url),
        limit=one,
        day_limit=day,
        prices=prices_of(settings),
        wait_seconds=settings.narrative_wait_seconds,
        writes=settings.writes_narratives,
        remember=open_remembering(settings, stores) if settings.embeddings else nothing_to_change,
    )


def open_question_desk(settings: Settings, desk: Desk, stores: Stores) -> QuestionDesk:
    """Beside the desk of live alerts. To be called after a fork, not before. Raises ConfigurationError."""
    incidents, holds = desk.incidents, RedisModelLedger(settings.broker_url)
    plain = open_answering(settings, stores, policy=incidents.policy, configured=incidents.configured)
    # Half of the time in which a worker is to begin is for waiting until the model is free.
    longest_wait = timedelta(seconds=settings.question_wait_seconds / 2)
    turns = Turns(holds, settings.task_time_limit_seconds, longest_wait)
    if settings.answers_by_model:
        turns = replace(turns, otherwise=replace(plain, model_answer=busy))
        plain = replace(plain, model_answer=open_answerer(settings, stores))
    return QuestionDesk(plain, RedisQuestions(settings.broker_url), turns, utc_now)


def open_answerer(settings: Settings, stores: Stores, *, now: Callable[[], datetime] = utc_now) -> Answerer:
    """`now` is as of when is asked."""
    one, day = limits_of(settings)
    return Answerer(
        model=cache(lambda: open_model(settings)),
        ground=answer_grounding,
        looks=open_looks(settings, stores.client),
        worded=partial(worded, public_url=settings.public_url),
        ledger=RedisModelLedger(settings.broker_url),
        limit=one,
        day_limit=day,
        prices=prices_of(settings),
        now=now,
    )


def open_looks(settings: Settings, client: Elasticsearch) -> ElasticLooks:
    return ElasticLooks(open_telemetry(settings, client), client)


def open_remembering(settings: Settings, stores: Stores) -> Remembering:
    return Remembering(open_embedding(settings), open_lookup(settings, stores.client), stores.incidents)


def open_embedding(settings: Settings) -> Embedding:
    is_paid = settings.embedding_model_dir is None
    return Embedding(
        embedder=cache(lambda: open_embedder(settings)),
        ledger=RedisModelLedger(settings.broker_url, purse="embedding"),
        max_seconds=settings.embedding_max_seconds,
        day_calls=settings.embedding_day_calls if is_paid else FREE_CALLS_A_DAY,
        usd_per_million_tokens=settings.embedding_usd_per_million_tokens if is_paid else 0.0,
    )


def open_embedder(settings: Settings) -> Embedder:
    """Either loads a library: a second, so only where a text is to be embedded."""
    if settings.embedding_model_dir is None:
        return open_model(settings)
    from worker.agent.local_embedder import LocalEmbedder  # noqa: PLC0415

    return LocalEmbedder(settings.embedding_model_dir)


def open_lookup(settings: Settings, client: Elasticsearch) -> ElasticLookup:
    return ElasticLookup(open_telemetry(settings, client), client)


def open_telemetry(settings: Settings, client: Elasticsearch) -> ElasticTelemetry:
    return ElasticTelemetry(client, load_profile(settings.profile))


def open_answering(
    settings: Settings,
    stores: Stores,
    *,
    policy: Policy,
    configured: Collection[str],
    model_answer: ModelAnswer | None = None,
) -> Answering:
    """Questions, answered without a model unless there is one to write the words. Raises ConfigurationError."""
    return Answering(
        looks=open_looks(settings, stores.client),
        reports=stores.reports,
        incidents=stores.incidents,
        investigate=open_investigator(settings, stores.client, policy),
        policy=policy,
        configured=configured,
        places=Places(settings.public_url, settings.kibana_url, settings.kibana_space),
        model_answer=model_answer,
    )


def open_model(settings: Settings) -> Gemini:
    """The LanguageModel, and an Embedder.

    Loads Google's library: seconds, so only where a model is asked, and never where none is configured.
    """
    from worker.agent.gemini import Gemini  # noqa: PLC0415

    return Gemini(settings)


def open_intensity(settings: Settings) -> GridIntensity | None:
    """None unless it is configured: nothing is sent anywhere that nobody asked for."""
    token = settings.electricity_maps_token
    return ElectricityMaps(settings.electricity_maps_url, token.get_secret_value()) if token else None
