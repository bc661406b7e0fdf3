"""Reports in `spiketrace-reports`: written once, and once more where a narrative was pending."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from elasticsearch import ConflictError, Elasticsearch, NotFoundError

from worker.domain.report import Report, ReportOutline, ReportSummary
from worker.domain.window import Window, iso, parse_time
from worker.elastic import elasticsearch_errors
from worker.ports import PendingNarrative

INDEX = "spiketrace-reports"
SUMMARY_FIELDS = [field.serialization_alias or name for name, field in ReportSummary.model_fields.items()]
OUTLINE_FIELDS = [field.serialization_alias or name for name, field in ReportOutline.model_fields.items()]

# What it takes to choose among reports, and to say what each could know.
HEAD_FIELDS = ["verdict", "severity", "service", "region", "created_at", "timings", "known_by", "replay_of"]


class ElasticReportStore:
    """The ReportStore, with narratives."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client

    def create(self, report: Report) -> bool:
        document = report.model_dump(mode="json", by_alias=True)
        try:
            with elasticsearch_errors("writing a report", conflicts=True):
                self._client.create(index=INDEX, id=report.report_id, document=document)
        except ConflictError:
            return False
        return True

    def get(self, report_id: str) -> Report | None:
        with elasticsearch_errors("reading a report"):
            try:
                found = self._client.get(index=INDEX, id=report_id)
            except NotFoundError:
                return None
        return Report.model_validate(found["_source"])

    def heads(self, report_ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """By id, of those that exist, the fields of HEAD_FIELDS."""
        if not report_ids:
            return {}
        with elasticsearch_errors("reading reports"):
            found = self._client.mget(index=INDEX, ids=list(report_ids), source_includes=HEAD_FIELDS)
        return {one["_id"]: one["_source"] for one in found["docs"] if one.get("found")}

    def latest(self, limit: int) -> list[ReportSummary]:
        with elasticsearch_errors("listing reports"):
            found = self._client.search(
                index=INDEX,
                ignore_unavailable=True,
                query={"bool": {"must_not": [{"exists": {"field": "replay_of"}}]}},
                sort=[{"@timestamp": {"order": "desc", "unmapped_type": "date"}}],
                size=limit,
                source_includes=SUMMARY_FIELDS,
            )
        return [ReportSummary.model_validate(hit["_source"]) for hit in found["hits"]["hits"]]

    def touching(self, window: Window, limit: int) -> list[ReportOutline]:
        """The newest of those whose own window overlaps this one, without replays."""
        overlapping = [
            {"range": {"@timestamp": {"gt": iso(window.start)}}},
            {"range": {"window.start": {"lt": iso(window.end)}}},
        ]
        live = [{"exists": {"field": "replay_of"}}]
        with elasticsearch_errors("looking for reports"):
            found = self._client.search(
                index=INDEX,
                ignore_unavailable=True,
                query={"bool": {"filter": overlapping, "must_not": live}},
                sort=[{"@timestamp": {"order": "desc", "unmapped_type": "date"}}],
                size=limit,
                source_includes=OUTLINE_FIELDS,
            )
        return [ReportOutline.model_validate(hit["_source"]) for hit in found["hits"]["hits"]]

    def enrich(self, report_id: str, change: Callable[[Report], Report]) -> bool:
        """False as well where somebody else was faster: of two who end a narrative, one does."""
        with elasticsearch_errors("reading a report"):
            try:
                found = self._client.get(index=INDEX, id=report_id)
            except NotFoundError:
                return False
        report = Report.model_validate(found["_source"])
        return report.narrative.state == "pending" and self._replace(found.body, change(report))

    def _replace(self, found: Any, changed: Report) -> bool:
        with elasticsearch_errors("enriching a report", conflicts=True):
            try:
                self._client.index(
                    index=INDEX,
                    id=found["_id"],
                    document=changed.model_dump(mode="json", by_alias=True),
                    if_seq_no=found["_seq_no"],
                    if_primary_term=found["_primary_term"],
                )
            except ConflictError:
                return False
        return True

    def pending(self, limit: int) -> list[PendingNarrative]:
        with elasticsearch_errors("looking for pending narratives"):
            found = self._client.search(
                index=INDEX,
                ignore_unavailable=True,
                query={"bool": {"filter": [{"term": {"narrative.state": "pending"}}]}},
                sort=[{"created_at": {"order": "asc", "unmapped_type": "date"}}],
                size=limit,
                source_includes=["report_id", "created_at", "narrative.pending_until"],
            )
        sources = [hit["_source"] for hit in found["hits"]["hits"]]
        return [PendingNarrative(one["report_id"], parse_time(_until(one))) for one in sources]


def _until(source: Any) -> str:
    return str(source["narrative"].get("pending_until") or source["created_at"])
