"""Where the investigation meets the world. Adapters fulfil these; tests bring fakes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, runtime_checkable

from pydantic import AwareDatetime, BaseModel, Field

from worker.domain.alert import Alert, AlertState, Origin
from worker.domain.conversation import Conversation, Reply
from worker.domain.embedding import Vector
from worker.domain.incident import Delivery, Incident
from worker.domain.notice import Notice
from worker.domain.report import Report, ReportSummary
from worker.domain.spending import Of, Spending

if TYPE_CHECKING:  # the webhook reads this module and must not load numpy
    from worker.analysis.likeness.structure import Wanted
    from worker.domain.lookup import Called, Deployed, Logged, LogLine, Measured, PastIncident, Reading
    from worker.domain.telemetry import Asked, Detail, Scope, Survey
    from worker.domain.window import Window
    from worker.telemetry.profiles import Profile

Status = Literal["accepted", "duplicate", "recovered"]


class IntensityHour(NamedTuple):
    """Grid intensity in gCO₂e per kWh in [start, end), location-based."""

    start: datetime
    end: datetime
    g_per_kwh: float


class GridIntensity(Protocol):
    """A source of hourly grid intensity. Off unless configured; whoever asks falls back to the yearly table."""

    name: str

    def between(self, provider: str, region: str, window: Window) -> list[IntensityHour]:
        """Every hour that touches `window`, oldest first. Raises IntensityUnavailable."""


class Acceptance(NamedTuple):
    alert_id: str
    status: Status


class AlertRecord(BaseModel):
    """An accepted alert with what became of it.

    `traceparent` is the span that accepted it. `version` is the store's own, for conditional writes.
    """

    alert_id: str
    alert: Alert | None
    state: AlertState
    received_at: AwareDatetime
    queued_at: AwareDatetime
    attempts: int = 0
    claimed_by: str | None = None
    lease_until: AwareDatetime | None = None
    report_id: str | None = None
    incident_id: str | None = None
    recovered_at: AwareDatetime | None = None
    reason: str | None = None
    origin: Origin = Origin.WEBHOOK
    traceparent: str | None = None
    version: Any = None


class Notification(BaseModel):
    """An alert on its way into the store. `alert_id` is what its sender was told, if anything was told yet."""

    alert: Alert
    received_at: AwareDatetime
    alert_id: str | None = None
    origin: Origin = Origin.WEBHOOK
    traceparent: str | None = None

    @property
    def is_dated(self) -> bool:
        """False where the sender gave no date: then a repetition cannot be told from a re-notification."""
        return self.alert.date != self.received_at


class Letter(BaseModel):
    """Something that arrived and is no alert, for the dead letters. `payload` may be cut."""

    letter_id: str
    kind: str
    reason: str
    payload: str


class InboxEntry(BaseModel):
    """One thing that arrived and is not recorded yet. `entry_id` and `version` are the inbox's own."""

    entry_id: str
    content: Notification | Letter
    version: Any = None


class Inbox(Protocol):
    """Where what arrived is safe before it is recorded."""

    def take(self, limit: int) -> list[InboxEntry]:
        """Entries nobody works on, oldest first. They come again until they are acknowledged."""

    def acknowledge(self, entries: Sequence[InboxEntry]) -> None: ...


class Recorded(BaseModel):
    """What recording one notification came to.

    `is_waiting`: the alert is to be put on the queue. `refused`: why Elasticsearch will never take it.
    """

    alert_id: str
    status: Status
    is_waiting: bool
    refused: str | None = None


class AlertStore(Protocol):
    def get(self, alert_id: str) -> AlertRecord | None: ...

    def get_many(self, alert_ids: Sequence[str]) -> list[AlertRecord]:
        """Those of them that exist, in the given order."""

    def record(self, notifications: Sequence[Notification]) -> list[Recorded]:
        """Writes them all in few requests, in order; safe to repeat. One answer for each."""

    def requeue(self, alert_ids: Sequence[str], *, at: datetime) -> list[str]:
        """Those of them that nobody works on, now `queued` as of `at`: to be put on the queue again."""

    def claim(self, alert_id: str, *, owner: str, lease_seconds: float) -> AlertRecord | None:
        """The record, now `investigating` and ours until the lease ends; None if another's lease lives
        or it is finished. The same `owner` may claim again: a redelivered task takes up its own claim."""

    def renew(self, alert_id: str, *, owner: str, lease_seconds: float) -> bool: ...

    def finish(
        self, alert_id: str, *, report_id: str, incident_id: str | None, known: AlertRecord | None = None
    ) -> AlertRecord:
        """The record as it is now. `known`: as it was read last, which saves reading it if nobody wrote since."""

    def fail(self, alert_id: str, *, reason: str) -> None: ...

    def stranded(self, *, now: datetime, queued_before: datetime, limit: int) -> list[str]:
        """Ids of alerts that nobody works on: queued before then, or with a lease that has ended."""


class ReportStore(Protocol):
    def create(self, report: Report) -> bool:
        """False if a report of that id is there already: it is kept as it is."""

    def get(self, report_id: str) -> Report | None: ...

    def latest(self, limit: int) -> list[ReportSummary]:
        """The newest reports by `@timestamp`, newest first, without replays; only the fields of a summary are read."""


class NarratedReports(ReportStore, Protocol):
    """Reports as those see them who write narratives."""

    def enrich(self, report_id: str, change: Callable[[Report], Report]) -> bool:
        """The one change a stored report knows: the end of its narrative. False where none is pending (any more)."""

    def pending(self, limit: int) -> list[PendingNarrative]:
        """Reports whose narrative is pending, those that are due first at the front."""


class PendingNarrative(NamedTuple):
    report_id: str
    until: datetime


class IncidentStore(Protocol):
    def get(self, incident_id: str) -> Incident | None: ...


class IncidentLedger(IncidentStore, Protocol):
    """The incidents as those who write them see them.

    What they are about, their status and what is to be delivered is found by the next search; the id of a further
    alert within a second.
    """

    def create(self, incident: Incident) -> bool:
        """False if something of that id is there already, be it ours or not: it is kept as it is."""

    def update(self, incident_id: str, change: Callable[[Incident], Incident]) -> Incident:
        """The incident as `change` made it of what is stored now; called again when another writer was faster.

        Nothing is written where `change` returns what it was given, or raises. Raises KeyError for an unknown id.
        """

    def concerning(self, service_keys: Sequence[str]) -> list[Incident]:
        """The newest incidents that are not closed and blame one of these services, or have alerts of one."""

    def of_alert(self, alert_id: str, *, surely: bool = False) -> Incident | None:
        """`surely`: not without looking for those that were written a moment ago."""


class DeadLetter(BaseModel):
    """What was given up. `payload` is JSON where it could be read, and may be cut where it could not."""

    letter_id: str
    at: AwareDatetime
    alert_id: str
    kind: str
    reason: str
    payload: str


class DeadLetterStore(Protocol):
    def put(self, alert_id: str, *, reason: str, kind: str, payload: Mapping[str, Any] | str) -> None:
        """Writing the same letter twice keeps one."""


class Destination(Protocol):
    """Somewhere people are told of an incident, and of what becomes of it.

    `finds_what_it_made`: the vendor can be asked whether an attempt that broke off has made something, so both calls
    are safe to repeat. Where it cannot, nobody repeats an attempt that may have succeeded. `hears`: the news (events
    of an incident's history) that are told there beyond its opening; the others are passed over in silence.
    """

    name: str
    finds_what_it_made: bool
    hears: frozenset[str]

    def open(self, notice: Notice) -> DeliveryReceipt:
        """Make the one thing that stands for the incident, or find it made. Raises DeliveryError."""

    def update(self, notice: Notice, made: Delivery) -> DeliveryReceipt | None:
        """Tell what is new to those who see the thing that was made, and show its present state.

        A new receipt where there is more to find it by; None where the one there is still holds. Raises DeliveryError.
        """


@runtime_checkable
class Questionable(Protocol):
    """A destination that can be asked, without making anything, whether it would take what is sent."""

    def check(self) -> str:
        """A sentence on what answered. Raises DeliveryError."""


class DeliveryReceipt(BaseModel):
    """`vendor_id` is None where the vendor gives what it made no name.

    `unfinished`: `update` is to follow at once, even without news, for what takes a second call of the vendor.
    """

    vendor_id: str | None = None
    url: str | None = None
    details: dict[str, str] = Field(default_factory=dict)
    unfinished: bool = False


class Telemetry(Protocol):
    """What an organisation measures. Nothing at or after a window's end is read.

    All raise EvidenceUnavailable when the engine does not answer at all; what it answers only in part is named
    in `unread`.
    """

    profile: Profile

    def survey(self, scope: Scope, window: Window) -> Survey: ...

    def detail(self, scopes: Iterable[Scope], window: Window, baseline: Window, rollout: Window) -> Detail:
        """`scopes` may take their time: the first is read while the others are being found."""

    def resembling(self, wanted: Wanted, as_of: datetime) -> tuple[list[dict[str, Any]], Asked]:
        """Past incidents in similar words, or of its service or region, and how they were asked for: the best first."""


class Lookup(Protocol):
    """Read-only looks into the profile's indices, for whoever asks in the course of a conversation.

    Each raises EvidenceUnavailable when the engine does not answer, NotMeasured where the profile has no such source.
    """

    @property
    def units(self) -> dict[str, str]:
        """Signal → the unit that `measured` tells it in."""

    def measured(self, scope: Scope, before: Window, within: Window) -> Reading[Measured]: ...

    def logged(self, scope: Scope, window: Window) -> Reading[Logged]: ...

    def lines(
        self,
        scope: Scope,
        window: Window,
        *,
        words: str | None,
        errors_only: bool,
        limit: int,
        phrases: Sequence[str] = (),
    ) -> Reading[LogLine]:
        """Those that hold every one of `phrases`; that match `words` best first, without words the newest first."""

    def changes(self, scope: Scope, window: Window) -> Reading[Deployed]:
        """Newest first."""

    def incidents(self, scope: Scope, window: Window) -> Reading[PastIncident]:
        """Those of the scope, newest first."""

    def past_incidents(self, words: str, scope: Scope, window: Window) -> Reading[PastIncident]:
        """Those that speak of `words`, or are of the scope; the best match first, each with `why`."""

    def calls(self, before: Window, within: Window) -> Reading[Called]: ...


class LanguageModel(Protocol):
    """A model that answers in words, or asks for tools."""

    @property
    def name(self) -> str: ...

    def reply(self, conversation: Conversation, *, seconds: float) -> Reply:
        """Within so many seconds. Raises ModelUnavailable."""


class Embedder(Protocol):
    """A model that makes a vector of a text."""

    @property
    def embedding_model(self) -> str:
        """Its name, stored with each vector: those of different models are not compared."""

    def embed(self, text: str, *, seconds: float) -> Vector:
        """Within so many seconds. Raises ModelUnavailable."""

    def close(self) -> None: ...


class NearIncidents(Protocol):
    """Past incidents by the nearness of their embeddings."""

    def near(self, vector: Vector, model: str, before: datetime) -> list[dict[str, Any]]:
        """`{"_id", "_source"}` of those embedded by that model, the nearest first.

        Raises NotMeasured where the engine has no search by vectors, EvidenceUnavailable when it does not answer.
        """


class EmbeddedIncidents(Protocol):
    def embed(self, incident_id: str, vector: Vector, model: str) -> bool:
        """Stores the vector with the incident; False where there is no such incident."""


class ModelLedger(Protocol):
    """What asking a model took, shared by all workers; a day's sum is never above its limit, in one step."""

    def reserve(self, wanted: Spending, limit: Spending, *, now: datetime) -> str:
        """The name of the day it is booked on. Raises BudgetExceeded where the day's limit has no room for it."""

    def settle(self, day: str, reserved: Spending, spent: Spending, *, outcome: str, of: Of) -> None:
        """What was reserved and not spent is free again. `outcome` is counted, for each use apart."""

    def count(self, *, outcome: str, of: Of) -> None:
        """Of what was never asked, as there was no budget or no time for it."""

    def hold(self, name: str, *, seconds: float) -> bool:
        """True for the one who holds that name from now on, until it is released or the time is over."""

    def release(self, name: str) -> None: ...


class Queue(Protocol):
    """What may be put on the queue."""

    def investigate(self, alert_ids: Sequence[str], *, of: Sequence[Alert] = ()) -> None:
        """`of`: the alerts, where they are new, so that one of each scope is first and none takes more than its share.

        Without, it is work that has waited before, and waits where the longer ones do.
        """

    def deliver(self, incident_id: str, report_id: str, destination: str) -> None: ...
