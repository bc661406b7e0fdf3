"""What the settings name: the webhook's credentials, destinations, policy, factors, the model, traces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path

import httpx

from cli.checks.check import PATIENCE_SECONDS, Check
from worker.agent.budget import limits_of
from worker.assembly import open_embedder, open_intensity, open_model
from worker.delivery.configured import destinations
from worker.domain.conversation import Conversation
from worker.domain.window import Window
from worker.errors import ConfigurationError, DeliveryError, IntensityUnavailable, ModelUnavailable, QueueUnavailable
from worker.impact.tables import load_factors
from worker.policy import load_policy
from worker.ports import Destination, Questionable
from worker.settings import PREFIX, Settings, unknown_names
from worker.store.model_ledger import RedisModelLedger
from worker.terminology import load_terms
from worker.tracing import export_headers

ANSWER_TOKENS = 16
COLLECTOR = "check SPIKETRACE_OTLP_ENDPOINT and _HEADERS (or OTEL_EXPORTER_OTLP_HEADERS): until then spans are lost"


def settings_check(settings: Settings) -> Check:
    """They can be read, or nothing would be checked; a name with a slip in it is passed over by all who read them."""
    if unknown := unknown_names():
        return Check("settings", f"there is no setting {', '.join(unknown)}", _meant(unknown))
    missing = [f"{path} ({name})" for name, path in _authorities(settings).items() if path and not path.is_file()]
    if missing:
        return Check("settings", f"there is no file {', '.join(missing)}", "put the certificates there (PEM)")
    return Check("settings", "can be read")


def _meant(unknown: Sequence[str]) -> str:
    known = [PREFIX + name.upper() for name in Settings.model_fields]
    alike = [found for name in unknown for found in get_close_matches(name, known, n=1, cutoff=0.8)]
    return f"is {' and '.join(alike)} meant?" if alike else "unset it; .env.example lists all that there are"


def _authorities(settings: Settings) -> dict[str, Path | None]:
    return {
        f"{PREFIX}ELASTICSEARCH_CA_FILE": settings.elasticsearch_ca_file,
        f"{PREFIX}KIBANA_CA_FILE": settings.kibana_ca_file,
        f"{PREFIX}DELIVERY_CA_FILE": settings.delivery_ca_file,
    }


def credentials_check(settings: Settings) -> Check:
    if settings.has_webhook_credentials:
        return Check("webhook", f"lets in {_who(settings)}")
    advice = "set SPIKETRACE_WEBHOOK_USER and SPIKETRACE_WEBHOOK_PASSWORD, or SPIKETRACE_WEBHOOK_CREDENTIALS_FILE"
    return Check("webhook", "has no credentials and would refuse to start", advice)


def _who(settings: Settings) -> str:
    roles = {one.name: " and ".join(sorted(one.roles)) for one in settings.credentials}
    return ", ".join(f"{name} ({may})" for name, may in roles.items())


def destination_checks(settings: Settings) -> Iterator[Check]:
    try:
        configured = destinations(settings)
    except ConfigurationError as error:
        yield Check("destinations", "configured in part", error.reason)
        return
    yield Check("destinations", ", ".join(sorted(configured)) or "none: reports are only stored")
    for name in sorted(configured):
        yield _destination(configured[name])


def _destination(destination: Destination) -> Check:
    name = f"destination: {destination.name}"
    if not isinstance(destination, Questionable):
        return Check(name, "answers no question: only a message would show whether it takes one")
    try:
        return Check(name, destination.check())
    except DeliveryError as error:
        return Check(name, error.reason, f"look at its settings (docs/destinations.md): {destination.name}")


def policy_check(settings: Settings) -> Check:
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


def factors_check(settings: Settings) -> Check:
    try:
        known = load_factors(settings.factors)
    except ConfigurationError as error:
        return Check("carbon factors", error.reason, f"put the table in {settings.factors} right, or take it away")
    hourly = "by the hour, else of the year" if settings.electricity_maps_token else "of the year"
    return Check("carbon factors", f"{len(known.grids)} regions, grid intensity {hourly}")


def model_checks(settings: Settings, *, deep: bool) -> Iterator[Check]:
    """`deep` asks the model for one word, which costs some tokens; else nobody is asked."""
    if not settings.has_model:
        yield Check("model", "none: reports have the template's words")
        return
    writes = "writes narratives" if settings.writes_narratives else "is not asked for narratives"
    yield Check("model", f"{settings.gemini_model} {writes}")
    yield _budget(settings)
    if deep:
        yield _model_answers(settings)


def _budget(settings: Settings) -> Check:
    _, day = limits_of(settings)
    try:
        spent = RedisModelLedger(settings.broker_url).of_day(datetime.now(UTC))
    except QueueUnavailable as error:
        return Check("model: budget", error.reason, "see to the broker first: without it no narrative begins")
    found = f"{spent.calls:,} of {day.calls:,} calls, {spent.usd:.2f} of {day.usd:.2f} USD today (UTC)"
    used_up = [name for name in day._fields if getattr(spent, name) >= getattr(day, name)]
    advice = f"raise SPIKETRACE_GEMINI_DAY_{used_up[0].upper()}, or wait until tomorrow" if used_up else None
    return Check("model: budget", found, advice)


def _model_answers(settings: Settings) -> Check:
    asked = Conversation(system="", prompt="Answer with the word ok.", most_output_tokens=ANSWER_TOKENS)
    try:
        with closing(open_model(settings)) as model:
            reply = model.reply(asked, seconds=settings.gemini_timeout_seconds)
    except (ModelUnavailable, ConfigurationError) as error:
        return Check("model: answer", error.reason, "look at the SPIKETRACE_GEMINI_ settings (docs/agent.md)")
    return Check("model: answer", f"answered, for {reply.usage.tokens} tokens")


def embedding_checks(settings: Settings, *, deep: bool) -> Iterator[Check]:
    """A model on this machine is tried; Gemini's only if `deep`, for it costs a call."""
    if not settings.embeddings:
        return
    folder = settings.embedding_model_dir
    if not (folder or deep):
        yield Check("embeddings", f"{settings.embedding_model}, by Gemini")
        return
    try:
        with closing(open_embedder(settings)) as embedder:
            embedder.embed("ok", seconds=settings.embedding_max_seconds)
    except (ModelUnavailable, ConfigurationError) as error:
        yield Check("embeddings", error.reason, "see docs/similar.md; until then incidents are found by words alone")
    else:
        where = f"on this machine, in {folder}" if folder else "by Gemini"
        yield Check("embeddings", f"{embedder.embedding_model}, {where}")


def intensity_check(settings: Settings) -> Check:
    """By one request, for an hour of a region that everybody knows."""
    hourly = open_intensity(settings)
    if hourly is None:
        return Check("grid intensity", "of the year: no token for hours is set")
    hour = datetime.now(UTC) - timedelta(days=2)
    try:
        hourly.between("gcp", "europe-west1", Window.before(hour, timedelta(hours=1)))
    except IntensityUnavailable as error:
        advice = "check SPIKETRACE_ELECTRICITY_MAPS_TOKEN and _URL; until then the year's value is used"
        return Check("grid intensity", error.reason, advice)
    return Check("grid intensity", f"by the hour: {hourly.name}")


def tracing_check(settings: Settings) -> Check:
    """Exports nothing at all, which a collector takes as it takes spans."""
    if settings.otlp_endpoint is None:
        return Check("traces", "off")
    if find_spec("opentelemetry.sdk") is None:
        advice = "pip install 'spiketrace[otel]', or unset SPIKETRACE_OTLP_ENDPOINT: webhook and worker do not start"
        return Check("traces", "the SDK is not installed", advice)
    url = f"{settings.otlp_endpoint}/v1/traces"
    headers = {**(export_headers(settings) or {}), "content-type": "application/x-protobuf"}
    try:
        answer = httpx.post(url, content=b"", headers=headers, timeout=PATIENCE_SECONDS)
    except httpx.HTTPError as error:
        return Check("traces", f"{url} does not answer: {type(error).__name__}", COLLECTOR)
    return Check("traces", f"to {url}, which answered {answer.status_code}", COLLECTOR if answer.is_error else None)


def terminology_check(settings: Settings) -> Check:
    try:
        chosen = load_terms(settings.terminology)
    except ConfigurationError as error:
        return Check("terminology", "cannot be used, so nothing starts", error.reason)
    words = f"orders are {chosen.orders.plural}, revenue is {chosen.revenue}"
    return Check("terminology", f"{settings.terminology}: {words}")
