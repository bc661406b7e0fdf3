"""Stores in memory, for pages."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import httpx
from fastapi import FastAPI

from tests.webhook_pages import samples
from webhook.pages import pages_router
from worker.domain.incident import Delivery, Incident, IncidentStatus
from worker.domain.report import Report, ReportSummary
from worker.errors import EvidenceUnavailable


class Reports:
    def __init__(self, *reports: Report) -> None:
        self.by_id = {report.report_id: report for report in reports}

    def create(self, report: Report) -> bool:
        raise NotImplementedError("pages only read")

    def get(self, report_id: str) -> Report | None:
        return self.by_id.get(report_id)

    def latest(self, limit: int) -> list[ReportSummary]:
        newest = sorted(self.by_id.values(), key=lambda report: report.timestamp, reverse=True)
        return [ReportSummary(**report.model_dump()) for report in newest[:limit]]


class Incidents:
    def __init__(self, *incidents: Incident) -> None:
        self.by_id = {incident.incident_id: incident for incident in incidents}

    def get(self, incident_id: str) -> Incident | None:
        return self.by_id.get(incident_id)


class Unreachable:
    def create(self, report: Report) -> bool:
        raise NotImplementedError("pages only read")

    def get(self, report_id: str) -> None:
        raise EvidenceUnavailable("Elasticsearch did not answer <within> 20 s", retryable=True)

    def latest(self, limit: int) -> list[ReportSummary]:
        raise EvidenceUnavailable("Elasticsearch did not answer <within> 20 s", retryable=True)


def incident(incident_id: str = "i-91b2", *, ticket_url: str = "https://jira.shop.example/browse/SHOP-12") -> Incident:
    report = samples.bad_deployment()
    resolved = datetime(2026, 2, 26, 11, 20, tzinfo=UTC)
    ticket = Delivery(state="done", vendor_id="SHOP-12", url=ticket_url, updated_at=report.timestamp)
    return Incident(
        incident_id=incident_id,
        timestamp=report.timestamp,
        title=report.headline,
        summary=report.sections.overview,
        service=report.service,
        region=report.region,
        tags=[],
        severity=report.severity,
        status=IncidentStatus.RESOLVED,
        cause_key="deployment:deploy-8841",
        root_cause=report.root_cause,
        alert_ids=[report.alert_id],
        report_ids=[report.report_id],
        history=[],
        deliveries={"jira": ticket},
        resolved_at=resolved,
    )


class Browser:
    """Asks an application in this process; an error in it is raised here."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def get(self, path: str) -> httpx.Response:
        return asyncio.run(self._get(path))

    async def _get(self, path: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://spiketrace.test") as client:
            return await client.get(path)


def client(*reports: Report, incidents: Incidents | None = None) -> Browser:
    app = FastAPI()
    app.include_router(pages_router(Reports(*reports), incidents or Incidents(incident()), kibana_url=samples.KIBANA))
    return Browser(app)


def unreachable_client() -> Browser:
    app = FastAPI()
    app.include_router(pages_router(Unreachable(), Incidents(), kibana_url=None))
    return Browser(app)
