"""Reading back, as JSON: an alert's state, a report, an incident; and a person's wish that somebody be told of one."""

from __future__ import annotations

import re
from http import HTTPStatus

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from webhook.audited import audited
from worker.announcing import AnnouncingIncidents, ask_for
from worker.bootstrap import Stores
from worker.errors import IncidentUnknown, RequestRefused
from worker.standing import standing_of

# Ids become part of a path in Elasticsearch, where "." and ".." would name something else.
_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._:-]{0,199}")


SOMEBODY = "someone, over HTTP"


class Wish(BaseModel):
    """Who is to be told. `by` is the person who wants it, for the incident's history."""

    model_config = ConfigDict(extra="forbid")

    destination: str = Field(min_length=1, max_length=100)
    by: str = Field(default=SOMEBODY, min_length=1, max_length=100)


def documents_router(stores: Stores, incidents: AnnouncingIncidents) -> APIRouter:
    router = APIRouter()

    @router.get("/v1/alerts/kibana")
    def posting_only() -> JSONResponse:
        raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED, headers={"allow": "POST"})

    @router.get("/v1/alerts/{alert_id}")
    def alert(alert_id: str) -> JSONResponse:
        return JSONResponse(_alert_document(stores, _known_form(alert_id, "alert")))

    @router.get("/v1/reports/{report_id}")
    def report(report_id: str) -> JSONResponse:
        found = stores.reports.get(_known_form(report_id, "report"))
        if found is None:
            raise _not_found("report", report_id)
        return JSONResponse(found.model_dump(mode="json", by_alias=True))

    @router.get("/v1/incidents/{incident_id}")
    def incident(incident_id: str) -> JSONResponse:
        found = stores.incidents.get(_known_form(incident_id, "incident"))
        if found is None:
            raise _not_found("incident", incident_id)
        return JSONResponse(found.model_dump(mode="json", by_alias=True))

    @router.post("/v1/incidents/{incident_id}/deliveries")
    def tell(incident_id: str, wish: Wish, request: Request) -> JSONResponse:
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


def _known_form(document_id: str, kind: str) -> str:
    if _ID.fullmatch(document_id) is None:
        raise _not_found(kind, document_id)
    return document_id


def _not_found(kind: str, document_id: str) -> HTTPException:
    return HTTPException(HTTPStatus.NOT_FOUND, f"there is no {kind} {document_id[:200]}")
