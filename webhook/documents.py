"""Reading back, as JSON: an alert's state, a report, an incident; and a person's wish that somebody be told of one."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from webhook.audited import audited
from webhook.problems import described
from worker.announcing import AnnouncingIncidents, ask_for
from worker.bootstrap import Stores
from worker.domain.incident import Incident
from worker.domain.report import Report
from worker.errors import IncidentUnknown, RequestRefused
from worker.standing import Standing, standing_of

# Ids become part of a path in Elasticsearch, where "." and ".." would name something else.
DOCUMENT_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._:-]{0,199}")


SOMEBODY = "someone, over HTTP"
NO_SUCH = described({HTTPStatus.NOT_FOUND: "There is none of that id."})
NOT_TOLD = described(
    {
        HTTPStatus.BAD_REQUEST: "The body cannot be read.",
        HTTPStatus.NOT_FOUND: "There is no such incident.",
        HTTPStatus.CONFLICT: "Settings or policy do not provide for that destination.",
        HTTPStatus.UNPROCESSABLE_ENTITY: "The body says no destination, or something else.",
    }
)


class Wish(BaseModel):
    """Who is to be told. `by` is the person who wants it, for the incident's history."""

    model_config = ConfigDict(extra="forbid")

    destination: str = Field(min_length=1, max_length=100)
    by: str = Field(default=SOMEBODY, min_length=1, max_length=100)


class Wished(BaseModel):
    """How far it has come: `done` where the destination has been told before."""

    incident_id: str
    destination: str
    state: Literal["pending", "done", "failed"]


def documents_router(stores: Stores, incidents: AnnouncingIncidents) -> APIRouter:
    router = APIRouter(tags=["documents"])

    @router.get("/v1/alerts/kibana", include_in_schema=False)
    def posting_only() -> JSONResponse:
        raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"allow": "POST"})

    @router.get("/v1/alerts/{alert_id}", operation_id="getAlert", responses={200: {"model": Standing}, **NO_SUCH})
    def alert(alert_id: str) -> JSONResponse:
        """What became of an alert."""
        return JSONResponse(_alert_document(stores, _known_form(alert_id, "alert")))

    @router.get("/v1/reports/{report_id}", operation_id="getReport", responses={200: {"model": Report}, **NO_SUCH})
    def report(report_id: str) -> JSONResponse:
        """A report, as `spiketrace-reports` holds it."""
        return _document("report", report_id, stores.reports.get)

    @router.get(
        "/v1/incidents/{incident_id}", operation_id="getIncident", responses={200: {"model": Incident}, **NO_SUCH}
    )
    def incident(incident_id: str) -> JSONResponse:
        """An incident, as `spiketrace-incidents` holds it."""
        return _document("incident", incident_id, stores.incidents.get)

    @router.post(
        "/v1/incidents/{incident_id}/deliveries",
        operation_id="askForDelivery",
        status_code=HTTPStatus.ACCEPTED,
        responses={202: {"model": Wished}, **NOT_TOLD},
    )
    def tell(incident_id: str, wish: Wish, request: Request) -> JSONResponse:
        """Have a destination told of an incident that the policy leaves to people. Asking twice tells once."""
        about = {"destination": wish.destination, "for": wish.by}
        with audited("delivery-ask", request, on=incident_id, **about):
            return JSONResponse(_wished(_known_form(incident_id, "incident"), wish, incidents), HTTPStatus.ACCEPTED)

    return router


def _wished(incident_id: str, wish: Wish, incidents: AnnouncingIncidents) -> dict[str, str]:
    """Raises HTTPException: 404 for an unknown incident, 409 for what settings or policy do not provide for."""
    try:
        incident = ask_for(incident_id, wish.destination, incidents=incidents, by=wish.by)
    except IncidentUnknown as error:
        raise HTTPException(HTTPStatus.NOT_FOUND, error.reason) from None
    except RequestRefused as error:
        raise HTTPException(HTTPStatus.CONFLICT, error.reason) from None
    state = incident.deliveries[wish.destination].state
    return {"incident_id": incident_id, "destination": wish.destination, "state": state}


def _alert_document(stores: Stores, alert_id: str) -> dict[str, str | None]:
    found = standing_of(alert_id, stores.alerts, stores.inbox)
    if found is None:
        raise _not_found("alert", alert_id)
    return found.model_dump(mode="json")


def _document(kind: str, document_id: str, get: Callable[[str], BaseModel | None]) -> JSONResponse:
    found = get(_known_form(document_id, kind))
    if found is None:
        raise _not_found(kind, document_id)
    return JSONResponse(found.model_dump(mode="json", by_alias=True))


def _known_form(document_id: str, kind: str) -> str:
    if DOCUMENT_ID.fullmatch(document_id) is None:
        raise _not_found(kind, document_id)
    return document_id


def _not_found(kind: str, document_id: str) -> HTTPException:
    return HTTPException(HTTPStatus.NOT_FOUND, f"there is no {kind} {document_id[:200]}")
