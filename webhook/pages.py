"""The pages people open in a browser: a report, and the list of the latest.

Whoever mounts the router authenticates its readers; the policy of what a page may load is set here, next to the
templates that have to live with it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Any, NamedTuple

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from webhook.charts import glyph
from webhook.replay_view import share_in_words
from webhook.report_view import heading, view_of
from worker.domain import figures, wording
from worker.domain.text import CITATION, first_sentence, paragraphs, pieces, reveal
from worker.errors import EvidenceUnavailable
from worker.ports import IncidentStore, ReportStore

LATEST = 50
RETRY_AFTER_SECONDS = 5
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    # With none at all, a browser would hide from our own forms' posts where they come from (`webhook.auth.OwnPages`).
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-cache",
}
MEDIA_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
# A full stop reads better before the signs that follow a sentence than after them.
_CITED_END = re.compile(rf"\s*({CITATION}(?:\s*{CITATION})*)([.;])(?=\s|$)")
_BEFORE_UNIT = re.compile(r"(?<=\d) (?=%|(?:UTC|s|ms|min|h|d|[mk]?gCO₂e|tCO₂e|vCPU)\b)")
_REPORT_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


class Asset(NamedTuple):
    content: bytes
    media_type: str
    version: str


def pages_router(reports: ReportStore, incidents: IncidentStore, *, kibana_url: str | None) -> APIRouter:
    """`GET /`, `GET /reports/{id}` and what they load. Links lead out to `kibana_url` only."""
    router = APIRouter(include_in_schema=False)

    @router.get("/", response_class=HTMLResponse)
    def latest_reports() -> HTMLResponse:
        return or_unavailable(lambda: page("reports.html", summaries=reports.latest(LATEST)))

    @router.get("/reports/{report_id}", response_class=HTMLResponse)
    def one_report(report_id: str) -> HTMLResponse:
        return or_unavailable(lambda: _report_page(report_id, reports, incidents, kibana_url))

    @router.get("/static/{name}")
    def static(name: str) -> Response:
        return _asset_response(name)

    return router


def _report_page(
    report_id: str, reports: ReportStore, incidents: IncidentStore, kibana_url: str | None
) -> HTMLResponse:
    report = reports.get(report_id) if _REPORT_ID.fullmatch(report_id) else None
    if report is None:
        return page("not_found.html", status=HTTPStatus.NOT_FOUND, report_id=report_id)
    incident = incidents.get(report.incident_id) if report.incident_id else None
    has_original = bool(report.replay_of and reports.get(report.replay_of))
    view = view_of(report, incident, kibana_url=kibana_url)
    return page("report.html", view=view, has_original=has_original)


def or_unavailable(answer: Callable[[], HTMLResponse]) -> HTMLResponse:
    try:
        return answer()
    except EvidenceUnavailable as error:
        unavailable = page("unavailable.html", status=HTTPStatus.SERVICE_UNAVAILABLE, reason=error.reason)
        unavailable.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return unavailable


def page(
    template: str, *, status: int = HTTPStatus.OK, headers: Mapping[str, str] = PAGE_HEADERS, **values: Any
) -> HTMLResponse:
    """A template of this web service, filled in; also for the other modules that show pages."""
    return HTMLResponse(_templates().get_template(template).render(values), status_code=status, headers=dict(headers))


def _asset_response(name: str) -> Response:
    asset = _assets().get(name)
    if asset is None:
        return page("not_found.html", status=HTTPStatus.NOT_FOUND, report_id=None)
    # Pages ask for an asset by its version, so a stored copy never goes stale.
    headers = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return Response(asset.content, media_type=asset.media_type, headers=headers)


@cache
def _assets() -> dict[str, Asset]:
    found = {}
    for path in files("webhook").joinpath("static").iterdir():
        content = path.read_bytes()
        media_type = MEDIA_TYPES[path.name.rsplit(".", 1)[-1]]
        found[path.name] = Asset(content, media_type, hashlib.sha256(content).hexdigest()[:12])
    return found


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("webhook"),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        first_sentence=first_sentence, cited=cited, linked=linked, paragraphs=paragraphs, asset=_asset_url, glyph=glyph
    )
    environment.globals.update(figures=figures, wording=wording, heading=heading, share_in_words=share_in_words)
    return environment


def _shown(value: Any) -> Any:
    """Runs over everything a template prints: no character from outside acts unseen."""
    return value if isinstance(value, Markup) else reveal(str(value))


def _asset_url(name: str) -> str:
    return f"/static/{name}?v={_assets()[name].version}"


def cited(text: str, known: frozenset[str]) -> Markup:
    """`text` escaped, its evidence ids as links to the evidence of this page; unknown ids stay words."""
    text = _BEFORE_UNIT.sub("\u00a0", _CITED_END.sub(r"\2 \1", text))
    return Markup("").join(
        _citation(piece.evidence) if piece.evidence and known.issuperset(piece.evidence) else escape(reveal(piece.text))
        for piece in pieces(text)
    )


def linked(text: str, known: frozenset[str], links: Mapping[str, str]) -> Markup:
    """As `cited`; addresses that are in `links` as links that are called so. Others stay words."""
    if not links:
        return cited(text, known)
    parts = re.split(
        "(" + "|".join(re.escape(url) for url in sorted(links, key=len, reverse=True)) + r")(?![\w/-])", text
    )
    link = Markup('<a href="{}" rel="noopener noreferrer">{}</a>')
    return Markup("").join(link.format(part, links[part]) if part in links else cited(part, known) for part in parts)


def _citation(evidence_ids: tuple[str, ...]) -> Markup:
    link = Markup('<a class="cite" href="#{0}" aria-label="evidence {0}">{0}</a>')
    return Markup('<span class="cites">{}</span>').format(
        Markup(" ").join(link.format(evidence_id) for evidence_id in evidence_ids)
    )
