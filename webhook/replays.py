"""Replays by HTTP: begin one, follow it, pause, resume and cancel it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from webhook.accept import read_body
from webhook.audited import audited
from webhook.problems import complaints, described, expecting
from worker import audit
from worker.bootstrap import Stores
from worker.errors import ConfigurationError
from worker.replay import life
from worker.replay.model import Choice, ItemState, Label, Manner, Replay, ReplayState
from worker.replay.preview import preview, preview_document
from worker.replay.selection import select, unknown_ids
from worker.replay.starting import Comparison, required, start_replay, with_unknown
from worker.replay.summary import full_document, summary_of, unknown_document
from worker.replay.when import when
from worker.settings import Settings

LATEST = 100
# Labels come along, one line an alert.
MAX_BODY_BYTES = 4_194_304

Changed = Callable[[], Replay]
OneOrMany = Annotated[
    list[str],
    BeforeValidator(lambda value: [value] if isinstance(value, str) else value, json_schema_input_type=str | list[str]),
]


class ReplayHead(BaseModel):
    """A replay in a line. `url` is its page."""

    replay_id: str
    state: ReplayState
    alerts: int
    origin: Literal["alerts", "backtest"]
    created_at: AwareDatetime
    finished_at: AwareDatetime | None
    reason: str | None
    url: str


class Replays(BaseModel):
    replays: list[ReplayHead]


class Planned(BaseModel):
    """An alert that would be replayed. `report_id`: the report that it has."""

    alert_id: str
    date: AwareDatetime
    rule_id: str
    rule_name: str
    group: str
    report_id: str | None


class Begun(BaseModel):
    """With `dry_run` nothing has begun, and `would_run` names the alerts. `unknown_ids` are ids of no alert."""

    replay_id: str | None
    alerts: int
    url: str | None
    unknown_ids: list[str] = []
    would_run: list[Planned] = []


class Differing(BaseModel):
    alert_id: str
    field: str
    before: Any
    after: Any


class Failed(BaseModel):
    alert_id: str
    reason: str | None


class Accurate(BaseModel):
    """Of the alerts with a label: the shares that were right."""

    labelled: int
    before: float | None
    after: float | None


class ReplayDocument(ReplayHead):
    """A replay and what it came to so far. `alerts` and `same` are counts; `tally`: alerts by state."""

    same: int
    different: list[Differing]
    failed: list[Failed]
    accuracy: Accurate | None = None
    against: str | None
    choice: Choice
    manner: Manner
    tally: dict[ItemState, int]
    changed: dict[str, int]
    worse: str | None


UNKNOWN = described({HTTPStatus.NOT_FOUND: "There is no such replay."})
CHANGED = {200: {"model": ReplayHead}, **UNKNOWN, **described({HTTPStatus.CONFLICT: "It is not in a state for that."})}
NOT_BEGUN = described(
    {
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: f"The body is larger than {MAX_BODY_BYTES} bytes.",
        HTTPStatus.UNPROCESSABLE_ENTITY: "The body chooses nothing, or says what cannot be understood.",
    }
)


class ReplayRequest(BaseModel):
    """What `POST /v1/replays` takes: which alerts, and how. `against` is another replay's id."""

    model_config = ConfigDict(extra="forbid")

    since: str | None = None
    until: str | None = None
    rule: OneOrMany = Field(default_factory=list)
    service: OneOrMany = Field(default_factory=list)
    region: OneOrMany = Field(default_factory=list)
    verdict: OneOrMany = Field(default_factory=list)
    severity: OneOrMany = Field(default_factory=list)
    ids: OneOrMany = Field(default_factory=list)
    limit: int | None = Field(default=None, ge=1)
    as_of: Literal["then", "now"] = "then"
    deliver: bool = False
    rate: float | None = Field(default=None, gt=0)
    against: str | None = None
    labels: dict[str, Label] = Field(default_factory=dict)
    dry_run: bool = False

    @field_validator("since", "until")
    @classmethod
    def _is_a_time(cls, value: str | None) -> str | None:
        try:
            if value is not None:
                when(value, datetime.now(UTC))
        except ValueError as error:
            raise ValueError(f"is neither a time such as 2026-10-01T09:30Z nor a span such as 30d ({error})") from error
        return value

    def choice(self, now: datetime) -> Choice:
        """Raises ValidationError, and ConfigurationError where nothing is chosen."""
        times = {name: when(text, now) for name in ("since", "until") if (text := getattr(self, name))}
        others = {name: getattr(self, name) for name in Choice.model_fields if name not in ("since", "until")}
        return required(Choice(**times, **others))


EXPECTED = expecting(ReplayRequest)


def replays_router(stores: Stores, settings: Settings) -> APIRouter:
    router = APIRouter(tags=["replays"])

    @router.post(
        "/v1/replays",
        operation_id="beginReplay",
        status_code=HTTPStatus.ACCEPTED,
        responses={
            200: {"model": Begun, "description": "A dry run: nothing has begun."},
            202: {"model": Begun},
            **NOT_BEGUN,
        },
        openapi_extra=EXPECTED,
    )
    async def begin(request: Request) -> Response:
        """Past alerts again, each as if it were then, compared with the reports there were."""
        body = await read_body(request, MAX_BODY_BYTES)
        return await run_in_threadpool(_begin, body, stores, settings, request.user.display_name)

    @router.get("/v1/replays", operation_id="listReplays", responses={200: {"model": Replays}})
    def listed() -> JSONResponse:
        """The latest."""
        return JSONResponse({"replays": [_head(one, settings) for one in stores.replays.latest(LATEST)]})

    @router.get(
        "/v1/replays/{replay_id}", operation_id="getReplay", responses={200: {"model": ReplayDocument}, **UNKNOWN}
    )
    def one(replay_id: str) -> JSONResponse:
        """A replay, and which of its alerts came out otherwise."""
        return JSONResponse(_document(_known(replay_id, stores), stores, settings))

    @router.post("/v1/replays/{replay_id}/pause", operation_id="pauseReplay", responses=CHANGED)
    def pause(replay_id: str, request: Request) -> JSONResponse:
        """Let it rest: what has begun is ended."""
        with audited("replay-pause", request, on=replay_id):
            return _changed(lambda: life.pause(replay_id, stores.replays), settings)

    @router.post("/v1/replays/{replay_id}/resume", operation_id="resumeReplay", responses=CHANGED)
    def resume(replay_id: str, request: Request) -> JSONResponse:
        """Go on."""
        with audited("replay-resume", request, on=replay_id):
            return _changed(lambda: life.resume(replay_id, stores.replays), settings)

    @router.post("/v1/replays/{replay_id}/cancel", operation_id="cancelReplay", responses=CHANGED)
    def cancel(replay_id: str, request: Request) -> JSONResponse:
        """End it: what has not begun never does."""
        with audited("replay-cancel", request, on=replay_id):
            return _changed(lambda: life.cancel(replay_id, stores.replays, datetime.now(UTC)), settings)

    return router


def _begin(body: bytes, stores: Stores, settings: Settings, by: str) -> Response:
    now = datetime.now(UTC)
    asked, choice = _understood(body, now)
    if asked.against and stores.replays.get(asked.against) is None:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, f"against: there is no replay {asked.against[:200]}")
    if asked.dry_run:
        found = preview(choice, stores.past_alerts, stores.reports)
        return JSONResponse({**preview_document(found), "url": None})
    begun = start_replay(
        select(choice, stores.past_alerts, stores.reports),
        stores.replays,
        now=now,
        manner=Manner(as_of=asked.as_of, deliver=asked.deliver, per_second=asked.rate),
        choice=choice,
        comparison=Comparison(name=asked.against, replay_id=asked.against, labels=asked.labels),
    )
    begun = with_unknown(begun, unknown_ids(choice, stores.past_alerts), stores.replays)
    audit.record("replay-begin", by=by, on=begun.replay_id, alerts=begun.alerts, deliver=asked.deliver)
    answer = {"replay_id": begun.replay_id, "alerts": begun.alerts, "url": _url(begun, settings)}
    return JSONResponse(answer | unknown_document(begun.unknown), status_code=HTTPStatus.ACCEPTED)


def _understood(body: bytes, now: datetime) -> tuple[ReplayRequest, Choice]:
    try:
        asked = ReplayRequest.model_validate_json(body or b"{}")
        return asked, asked.choice(now)
    except ValidationError as error:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, complaints(error)) from error
    except ConfigurationError as error:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, error.reason) from error


def _changed(change: Changed, settings: Settings) -> JSONResponse:
    try:
        return JSONResponse(_head(change(), settings))
    except life.UnknownReplay as error:
        raise HTTPException(HTTPStatus.NOT_FOUND, error.reason) from error
    except life.NotPossible as error:
        raise HTTPException(HTTPStatus.CONFLICT, error.reason) from error


def _known(replay_id: str, stores: Stores) -> Replay:
    found = stores.replays.get(replay_id) if life.REPLAY_ID.fullmatch(replay_id) else None
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"there is no replay {replay_id[:200]}")
    return found


def _document(replay: Replay, stores: Stores, settings: Settings) -> Mapping[str, Any]:
    return full_document(replay, summary_of(replay, stores.replays)) | {"url": _url(replay, settings)}


def _head(replay: Replay, settings: Settings) -> Mapping[str, Any]:
    fields = {"replay_id", "state", "alerts", "origin", "created_at", "finished_at", "reason"}
    return replay.model_dump(mode="json", include=fields) | {"url": _url(replay, settings)}


def _url(replay: Replay, settings: Settings) -> str:
    return f"{settings.public_url}/replays/{replay.replay_id}"
